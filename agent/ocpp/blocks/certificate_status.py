"""Whether the certificates that cars meet were revoked (2.x M06): asked through the CSMS, kept until asked again."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

import msgspec

from agent.ocpp.block import Block, Surroundings
from agent.ocpp.calls import Calls
from agent.ocpp.dialect import Notice
from agent.pki.folders import files
from agent.pki.names import CertificateError, HashData, LeafUse
from hal.flag import Flag

if TYPE_CHECKING:
    from cryptography import x509

_log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 3600.0  # our policy: how often it is looked whether an answer nears its end; also after a failure


class StatusNotice(Notice, frozen=True):
    """GetCertificateStatus: the DER answer of the responder that the certificate names; None where it failed."""

    hash: HashData
    responder_url: str


class _Asked(msgspec.Struct, frozen=True):
    """A certificate that a responder is to be asked about."""

    certificate: x509.Certificate
    issuer: x509.Certificate
    notice: StatusNotice


class CertificateStatus(Block):
    """Keeps what responders say of the chain that cars meet. All that touches the disk happens in a thread."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._wanted = Flag()

    def refresh(self) -> None:
        """There is a new certificate (M06.FR.07)."""
        self._wanted.set()

    async def accepted(self, calls: Calls) -> None:
        """The CSMS can be asked now."""
        del calls
        self._wanted.set()

    async def run(self) -> None:
        """Ask when there is something new, and again before an answer is too old (M06.FR.06, M06.FR.10)."""
        folder = self._around.uplink.home.certificates
        if folder is None:
            return
        while True:
            await self._wanted.wait(LOOK_EVERY_S)
            self._wanted.clear()
            if self._around.csms.speaks(StatusNotice) and any(files(folder, use) for use in _TOWARDS_CARS):
                for one in await asyncio.to_thread(self._due, self._around.clock.now().utc_s):
                    await self._ask(one)

    async def _ask(self, one: _Asked) -> None:
        der = await self._around.csms.say(one.notice)
        if der is None:
            _log.warning("no responder has answered about %s", one.certificate.subject.rfc4514_string())
            return
        try:
            await asyncio.to_thread(self._keep, one, der, self._around.clock.now().utc_s)
        except (CertificateError, OSError) as error:
            _log.warning("the answer about %s is not kept: %s", one.certificate.subject.rfc4514_string(), error)

    # In a thread

    def _due(self, now_utc_s: float) -> list[_Asked]:
        """The newest chain's certificates of which too little is known; older chains' answers are forgotten."""
        from agent.pki.ocsp import Answers

        store = self._around.uplink.certificates
        leaves = [] if store is None else store.leaves(LeafUse.V2G)
        if store is None or not leaves:
            return []
        answers, found = Answers(store.folder), []
        for certificate, issuer in store.issued(leaves[0]):
            known = answers.get(certificate, issuer, now_utc_s)
            if known is None or known.until_utc_s <= now_utc_s + LOOK_EVERY_S:
                found += _about(certificate, issuer)
        answers.keep_only(frozenset(leaves[0].chain))
        return found

    def _keep(self, one: _Asked, der: bytes, now_utc_s: float) -> None:
        """Raises `CertificateError` and OSError."""
        from agent.pki.ocsp import Answers, judged

        store = self._around.uplink.certificates
        if store is None:
            return
        status = judged(der, one.certificate, one.issuer, now_utc_s)
        Answers(store.folder).put(one.certificate, der)
        if status.revoked:
            _log.error("%s was revoked: have it signed anew", one.certificate.subject.rfc4514_string())


_TOWARDS_CARS: Final = (LeafUse.V2G, LeafUse.COMBINED)


def _about(certificate: x509.Certificate, issuer: x509.Certificate) -> list[_Asked]:
    """The question about a certificate; none where it names no responder."""
    from agent.pki.certificates import hash_data, responder_of

    url = responder_of(certificate)
    if url is None:
        return []
    return [_Asked(certificate, issuer, StatusNotice(hash_data(certificate, issuer), url))]
