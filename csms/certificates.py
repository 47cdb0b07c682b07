"""What the CSMS does about certificates: signs what chargers ask for, hands it over, revokes, says who may come in."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Final

import msgspec
from cryptography import x509
from cryptography.x509 import ocsp
from msgspec import UNSET
from sqlalchemy.exc import SQLAlchemyError

from agent.pki import certificates as x
from agent.pki.chains import ChainError, Flaw, Purpose, validated
from agent.pki.names import CertificateError
from csms.back_office import BackOffice
from csms.commands import Renew
from csms.engines import DatabaseError
from csms.peers import CallFailedError, Peer
from csms.pki import Pki, ocsp_request, use_of
from csms.records import Issued, SigningRequest, Stage

log = logging.getLogger(__name__)

REQUESTS_KEPT: Final = 100  # our policy


class _Ticket(msgspec.Struct):
    """A request with what its answer must repeat (A02.FR.14, A02.FR.25)."""

    shown: SigningRequest
    csr: str
    repeated: dict[str, Any]


class Certificates:
    """The certificate desk of a CSMS that has a PKI. `organization`: the O that certificates must name, if any.

    `by_hand`: an operator decides about each request; else what names its charger is signed at once.
    """

    def __init__(
        self, office: BackOffice, pki: Pki, peer: Callable[[str], Peer], *, organization: str | None = None
    ) -> None:
        self.pki = pki
        self.by_hand = False
        self._office = office
        self._peer = peer
        self._organization = organization
        self._errands: set[asyncio.Task[None]] = set()
        self._tickets: dict[int, _Ticket] = {}
        self._numbers = itertools.count(1)
        office.sign = self.sign
        office.renew = self._renew
        office.vouch = self.vouch
        office.standing = self.standing

    @property
    def root_pem(self) -> str:
        """The root that chargers must trust to come in here."""
        return x.to_pem([self.pki.root]).decode()

    def provision(self, contracts: Mapping[str, str]) -> None:
        """Get cars their contracts (M01, M02): the eMAID by the id of the car. Raises OSError and `PkiError`."""
        from csms.provisioning import Provisioning

        Provisioning(self._office, self.pki, contracts)

    @property
    def requests(self) -> tuple[SigningRequest, ...]:
        """The last requests, oldest first."""
        return tuple(ticket.shown for ticket in self._tickets.values())

    async def sign(self, charger: str, csr: str, request: Any) -> bool:
        """SignCertificate: whether it will be signed (A02.FR.11-12); it is handed over once that was answered."""
        ticket = self._ticket(charger, csr, request)
        try:
            asked = self.pki.read(csr, self._names(charger))
            self._note(ticket, Stage.WAITING, subject=asked.subject.rfc4514_string())
            if not self.by_hand:
                await self._sign(ticket)
        except CertificateError as error:
            log.warning("%s: no certificate for it: %s", charger, error)
            self._note(ticket, Stage.REFUSED, str(error))
            return False
        return True

    async def decide(self, number: int, *, sign: bool) -> SigningRequest | None:
        """Sign a request that waits, or let it be; None when none with this number waits. Raises DatabaseError."""
        ticket = self._tickets.get(number)
        if ticket is None or ticket.shown.stage is not Stage.WAITING:
            return None
        if not sign:
            self._note(ticket, Stage.REFUSED, "by the operator")
            return ticket.shown
        try:
            await self._sign(ticket)
        except CertificateError as error:
            self._note(ticket, Stage.REFUSED, str(error))
        except SQLAlchemyError as error:
            raise DatabaseError(f"the certificate could not be kept ({error}), so it was not handed over") from error
        return ticket.shown

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

    async def vouch(self, asked: Any) -> bytes | None:
        """GetCertificateStatus (M06.FR.02-04): the OCSP answer about a certificate; None where there is none."""
        return self._answer(asked)

    def _answer(self, asked: Any) -> bytes | None:
        try:
            request = ocsp_request(asked.hashAlgorithm, asked.issuerNameHash, asked.issuerKeyHash, asked.serialNumber)
        except ValueError:
            return None
        answer = self.status(request)
        good = ocsp.load_der_ocsp_response(answer).response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
        return answer if good else None

    def standing(self, named: Iterable[Any] | None, pem: str | None) -> str:
        """How a contract's certificates stand, by their hashes or by themselves (C07.FR.05, C07.FR.14-17)."""
        if pem is not None:
            return self._standing_of(pem)
        answers = [self._answer(one) for one in named or ()]
        if not answers or None in answers:
            return "CertChainError"
        read = [ocsp.load_der_ocsp_response(one) for one in answers if one is not None]
        good = all(one.certificate_status is ocsp.OCSPCertStatus.GOOD for one in read)
        return "Accepted" if good else "CertificateRevoked"

    def _standing_of(self, pem: str) -> str:
        authorities, store = self.pki.authorities, self._office.store
        try:
            chain = x.read_pem(pem)
            roots = [*authorities.roots("mo-root"), *authorities.roots("v2g-root")]
            validated(chain, roots, Purpose.CONTRACT, x.moment(self._office.now()))
        except CertificateError:
            return "CertChainError"
        except ChainError as error:
            return "CertificateExpired" if error.flaw is Flaw.EXPIRED else "CertChainError"
        known = [store.issued.get(f"{one.serial_number:x}") for one in chain]
        revoked = any(one is not None and one.revoked_utc_s is not None for one in known)
        return "CertificateRevoked" if revoked else "Accepted"

    def objection(self, identity: str, shown: x509.Certificate) -> str:
        """Why a charger may not come in with this certificate, whose path TLS has found good; empty when it may.

        TLS looks at its time, too, unless there are chargers that may come in with one that has run out: those wait in
        state Pending and get a new one at once (A00.FR.429, A00.FR.807).
        """
        now = x.moment(self._office.now())
        expired = now > shown.not_valid_after_utc
        if now < shown.not_valid_before_utc or (expired and identity not in self.pki.expired):
            return "the certificate has expired" if expired else "the certificate is not valid yet"
        name = x.common_name(shown)
        if name not in self._names(identity):  # A00.FR.405
            return f"the certificate is {name!r}'s"
        if self._organization is not None and x.organization(shown) != self._organization:  # A00.FR.404
            return f"the certificate is owned by {x.organization(shown)!r}"
        issued = self._office.store.issued.get(f"{shown.serial_number:x}")
        if issued is not None and issued.revoked_utc_s is not None:  # A00.FR.705
            return "the certificate is revoked"
        (self._office.renewing.add if expired else self._office.renewing.discard)(identity)
        return ""

    def _renew(self, charger: str) -> None:
        """Have a charger ask for a new certificate, once it has the answer to its boot."""

        async def ask() -> None:
            try:
                peer = self._peer(charger)
                await peer.at_rest()
                await peer.call(peer.dialect.call_for(Renew()))
            except CallFailedError as error:
                log.warning("%s: it was not asked to renew its certificate: %s", charger, error)

        self._later(ask())

    def _later(self, errand: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    def _names(self, identity: str) -> frozenset[str]:
        serial = self._office.charger(identity).serial
        return frozenset({identity, serial} - {""})

    def _ticket(self, charger: str, csr: str, request: Any) -> _Ticket:
        """Take a request in. It stands for an older one that waits: the charger has done with that one's key."""
        now = self._office.now()
        fields = {name: getattr(request, name, UNSET) for name in ("certificateType", "requestId")}
        kind = fields["certificateType"]
        use = "ChargingStationCertificate" if kind is UNSET else str(kind)
        for old in self._tickets.values():
            if (old.shown.charger, old.shown.use, old.shown.stage) == (charger, use, Stage.WAITING):
                self._note(old, Stage.REFUSED, "the charger has asked anew")
        while len(self._tickets) >= REQUESTS_KEPT:
            del self._tickets[next(iter(self._tickets))]
        number = next(self._numbers)
        shown = SigningRequest(
            number=number,
            charger=charger,
            at_utc_s=now,
            use=use,
            subject="",
            stage=Stage.WAITING,
        )
        repeated = {name: value for name, value in fields.items() if value is not UNSET}
        ticket = self._tickets[number] = _Ticket(shown, csr, repeated)
        return ticket

    def _note(self, ticket: _Ticket, stage: Stage, remark: str = "", **changes: str) -> None:
        ticket.shown = msgspec.structs.replace(ticket.shown, stage=stage, remark=remark, **changes)

    async def _sign(self, ticket: _Ticket) -> None:
        """Sign, remember, and send it on its way. Raises CertificateError."""
        charger = ticket.shown.charger
        use = use_of(ticket.csr, ticket.repeated.get("certificateType"))
        issued = self.pki.sign(ticket.csr, charger, self._names(charger), self._office.now(), use)
        await self._office.store.write(issued)
        self._note(ticket, Stage.SIGNED)
        self._later(self._hand_over(ticket, issued))

    async def _hand_over(self, ticket: _Ticket, issued: Issued) -> None:
        charger = ticket.shown.charger
        try:
            peer = self._peer(charger)
            await peer.at_rest()  # the request is answered before what it was for comes
            message = peer.request_type("CertificateSigned")(certificateChain=issued.pem, **ticket.repeated)
            answer = await peer.call(message)
        except CallFailedError as error:
            log.warning("%s: its certificate was not handed over: %s", charger, error)
            self._note(ticket, Stage.NOT_TAKEN, str(error))
        else:
            status = str(getattr(answer, "status", ""))
            log.info("%s: its certificate was handed over: %s", charger, status)
            self._note(ticket, Stage.TAKEN if status == "Accepted" else Stage.NOT_TAKEN, status)
