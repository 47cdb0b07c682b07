"""What the CSMS does about certificates: signs what chargers ask for, hands it over, revokes, says who may come in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec
from cryptography import x509
from msgspec import UNSET

from agent.pki import certificates as x
from agent.pki.names import CertificateError
from csms.back_office import BackOffice
from csms.peers import CallFailedError, Peer
from csms.pki import Pki
from csms.records import Issued

log = logging.getLogger(__name__)


class Certificates:
    """The certificate desk of a CSMS that has a PKI. `organization`: the O that certificates must name, if any."""

    def __init__(
        self, office: BackOffice, pki: Pki, peer: Callable[[str], Peer], *, organization: str | None = None
    ) -> None:
        self.pki = pki
        self._office = office
        self._peer = peer
        self._organization = organization
        self._errands: set[asyncio.Task[None]] = set()
        office.sign = self.sign

    @property
    def root_pem(self) -> str:
        """The root that chargers must trust to come in here."""
        return x.to_pem([self.pki.root]).decode()

    async def sign(self, charger: str, csr: str, request: Any) -> bool:
        """SignCertificate: whether it will be signed (A02.FR.11-12); it is handed over once that was answered."""
        try:
            issued = self.pki.sign(csr, charger, self._names(charger), self._office.now())
        except CertificateError as error:
            log.warning("%s: no certificate for it: %s", charger, error)
            return False
        await self._office.store.write(issued)
        fields: dict[str, Any] = {"certificateChain": issued.pem}
        for name in ("certificateType", "requestId"):  # A02.FR.14, A02.FR.25
            value = getattr(request, name, UNSET)
            if value is not UNSET:
                fields[name] = value
        errand = asyncio.get_running_loop().create_task(self._hand_over(charger, fields))
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)
        return True

    def revoke(self, serial: str) -> Issued | None:
        """Let nobody in with this certificate any more; None when there is no such one. Raises DatabaseError."""
        found = self._office.store.issued.get(serial.casefold().lstrip("0"))
        if found is not None and found.revoked_utc_s is None:
            found = msgspec.structs.replace(found, revoked_utc_s=self._office.now())
            self._office.store.write_now(found)
        return found

    def status(self, request: bytes) -> bytes:
        """The answer to an OCSP request."""
        return self.pki.answer(request, self._office.store.issued.get, self._office.now())

    def objection(self, identity: str, shown: x509.Certificate) -> str:
        """Why a charger may not come in with this certificate, which TLS has found good; empty when it may."""
        name = x.common_name(shown)
        if name not in self._names(identity):  # A00.FR.405
            return f"the certificate is {name!r}'s"
        if self._organization is not None and x.organization(shown) != self._organization:  # A00.FR.404
            return f"the certificate is owned by {x.organization(shown)!r}"
        issued = self._office.store.issued.get(f"{shown.serial_number:x}")
        if issued is not None and issued.revoked_utc_s is not None:  # A00.FR.705
            return "the certificate is revoked"
        return ""

    def _names(self, identity: str) -> frozenset[str]:
        serial = self._office.charger(identity).serial
        return frozenset({identity, serial} - {""})

    async def _hand_over(self, charger: str, fields: dict[str, Any]) -> None:
        try:
            peer = self._peer(charger)
            await peer.at_rest()  # the request is answered before what it was for comes
            answer = await peer.call(peer.request_type("CertificateSigned")(**fields))
        except CallFailedError as error:
            log.warning("%s: its certificate was not handed over: %s", charger, error)
        else:
            log.info("%s: its certificate was handed over: %s", charger, getattr(answer, "status", None))
