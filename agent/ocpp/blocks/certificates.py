"""Certificates (2.0.1 A02, A03, M03-M05; 1.6 whitepaper): installed, listed, deleted, asked for and renewed."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from agent.core.security import SecurityEventKind
from agent.ocpp.asks import ACCEPTED, REJECTED, Handled, TriggerAsk, TriggeredMessage, Verdict, VerdictAnswer
from agent.ocpp.asks.security import (
    CertificateVerdict,
    DeleteCertificateAsk,
    Installed,
    InstalledAnswer,
    InstalledAsk,
    InstallRootAsk,
    SignedAsk,
)
from agent.ocpp.block import Block, Routes, Surroundings, Triggers
from agent.ocpp.blocks.signing import Signing
from agent.ocpp.calls import Calls
from agent.ocpp.network import WITH_CERTIFICATE
from agent.ocpp.settings.plug_and_charge import (
    COUNTRY_NAME,
    SECC_ID,
    V2G_CERTIFICATE_INSTALLATION,
    V2G_ORGANIZATION_NAME,
)
from agent.ocpp.settings.secure_link import (
    ADDITIONAL_ROOT_CHECK,
    CERTIFICATE_ENTRIES,
    CERTIFICATE_STORE_MAX,
    MAX_CHAIN_SIZE,
    ORGANIZATION_NAME,
)
from agent.pki.names import SECC_DOMAIN, CertificateError, LeafUse, RootUse, Subject

if TYPE_CHECKING:
    from cryptography import x509

    from agent.pki.store import Store

LOOK_EVERY_S: Final = 3600.0  # our policy: how often it is looked whether a certificate is due for renewal
KEPT_V2G: Final = 2  # our policy: the certificate that cars meet, and the one before as its fall-back (A02.FR.10)
INVALID: Final = "InvalidCertificate"  # a reason code of 2.x
FULL: Final = "OutOfStorage"
TOO_LARGE: Final = "TooLargeElement"
BROKEN: Final = "InternalError"


_PURPOSES: Final = MappingProxyType(
    {  # what a certificate must be good for, and under which roots
        LeafUse.STATION: (("STATION", RootUse.CSMS),),
        LeafUse.V2G: (("SECC", RootUse.V2G),),
        LeafUse.COMBINED: (("STATION", RootUse.V2G), ("SECC", RootUse.V2G)),  # A00.FR.602: one hierarchy
    }
)


class Certificates(Block):
    """Looks after the station's certificates. All that touches the disk happens in a thread."""

    def __init__(self, around: Surroundings, renewed: Callable[[], None]) -> None:
        """`renewed`: there is a new certificate for the link to vehicles."""
        self._around = around
        self._settings = around.settings
        self._uplink = around.uplink
        self._renewed = renewed
        numbers = itertools.count(1)
        station, v2g, combined = (
            Signing(around, use, subject, used, lambda: next(numbers))
            for use, subject, used in (
                (LeafUse.STATION, self._station_subject, self._shows_certificate),
                (LeafUse.V2G, self._secc_subject, self._talks),
                (LeafUse.COMBINED, self._combined_subject, self._talks),
            )
        )
        self._signings = {one.use: one for one in (station, v2g, combined)}
        self._settings.follow(CERTIFICATE_ENTRIES, self._count)

    def routes(self) -> Routes:
        """Who answers what; nothing where there is no place for certificates."""
        if self._uplink.home.certificates is None:
            return {}
        return {
            InstallRootAsk: self.install,
            DeleteCertificateAsk: self.delete,
            InstalledAsk: self.installed,
            SignedAsk: self.signed,
        }

    def triggers(self) -> Triggers:
        """What the CSMS can ask for."""
        if self._uplink.home.certificates is None:
            return {}
        return {
            TriggeredMessage.STATION_CERTIFICATE: partial(self.renew, LeafUse.STATION),
            TriggeredMessage.V2G_CERTIFICATE: partial(self.renew, LeafUse.V2G),
            TriggeredMessage.COMBINED_CERTIFICATE: partial(self.renew, LeafUse.COMBINED),
        }

    # The CSMS's requests

    def install(self, ask: InstallRootAsk) -> Handled:
        """InstallCertificate (M05)."""
        flaw = SecurityEventKind.INVALID_CSMS_CERTIFICATE if ask.use is RootUse.CSMS else None
        return self._later(partial(self._install, ask, self._now()), f"{ask.use} installed", flaw)

    def delete(self, ask: DeleteCertificateAsk) -> Handled:
        """DeleteCertificate (M04)."""
        return self._later(partial(self._delete, ask), "a root deleted")

    def installed(self, ask: InstalledAsk) -> Handled:
        """GetInstalledCertificateIds (M03)."""

        async def answer() -> InstalledAnswer:
            return await asyncio.to_thread(self._installed, ask)

        return Handled(answer)

    def signed(self, ask: SignedAsk) -> Handled:
        """CertificateSigned (A02, A03): checked before it is kept, used at once, on trial until it has connected."""
        renewed: LeafUse | None = None

        async def answer() -> CertificateVerdict:
            nonlocal renewed
            if len(ask.pem) > self._settings.get(MAX_CHAIN_SIZE):  # A02.FR.16
                return CertificateVerdict(Verdict.REJECTED, TOO_LARGE, "the chain is too long")
            if ask.request is not None and all(ask.request != one.request for one in self._signings.values()):
                return CertificateVerdict(Verdict.REJECTED, INVALID, "nobody asked for it")  # A02.FR.26
            try:
                renewed = await asyncio.to_thread(self._take, ask, self._now())
            except CertificateError as error:
                self._around.security.happened(SecurityEventKind.INVALID_STATION_CERTIFICATE, str(error))  # A02.FR.07
                self._meant(ask).give_up()  # A02.FR.20
                return CertificateVerdict(Verdict.REJECTED, INVALID, str(error))
            except OSError as error:
                return CertificateVerdict(Verdict.REJECTED, BROKEN, str(error))
            self._signings[renewed].done()
            self._around.security.happened(SecurityEventKind.SECURITY_RECONFIGURED, "a new certificate of the station")
            return CertificateVerdict(Verdict.ACCEPTED)

        def switch() -> None:
            if renewed in {LeafUse.V2G, LeafUse.COMBINED}:
                self._renewed()
            if renewed in {LeafUse.STATION, LeafUse.COMBINED} and self._shows_certificate():
                self._around.csms.reconnect()  # A02.FR.08

        return Handled(answer, then=switch)

    def renew(self, use: LeafUse, ask: TriggerAsk) -> Handled:
        """TriggerMessage (SignChargingStationCertificate...): a new key and its request, once the answer has gone out.

        There is one SECC for all EVSEs, whichever of them is named.
        """
        del ask
        if use is not LeafUse.STATION and not any(
            self._around.charger.session(one).can_talk for one in self._around.charger.evse_ids
        ):
            return Handled(VerdictAnswer(Verdict.NOT_IMPLEMENTED))  # F06.FR.08
        if use is not LeafUse.STATION and not self._settings.get(V2G_CERTIFICATE_INSTALLATION):
            return REJECTED
        signing = self._signings[use]
        return Handled(ACCEPTED.answer, then=signing.want) if signing.possible else REJECTED

    # The station's own requests

    async def run(self) -> None:
        """Look now and then whether a certificate nears its end."""
        while self._uplink.home.certificates is not None:
            await asyncio.sleep(LOOK_EVERY_S)
            if self._around.csms.online:
                for one in self._signings.values():
                    await one.online()

    async def accepted(self, calls: Calls) -> None:
        """The CSMS can be asked now: a request that was due while it could not is made."""
        del calls
        for one in self._signings.values():
            await one.online()

    def _meant(self, ask: SignedAsk) -> Signing:
        """Whose request an answer was for; one without a type is for both (2.x), or for the only one there is (1.6)."""
        combined = self._signings[LeafUse.COMBINED]
        if ask.use is None and combined.waiting:
            return combined
        return self._signings[ask.use or LeafUse.STATION]

    def _shows_certificate(self) -> bool:
        """Whether the station shows a certificate to the CSMS."""
        return self._uplink.plan.security == WITH_CERTIFICATE

    def _talks(self) -> bool:
        """Whether certificates towards vehicles come from the CSMS."""
        return self._settings.get(V2G_CERTIFICATE_INSTALLATION)

    def _station_subject(self) -> Subject | None:
        """Serial number and operator (A00.FR.509, A00.FR.511)."""
        organization = self._settings.get(ORGANIZATION_NAME)
        return Subject(self._serial, organization) if organization else None

    def _secc_subject(self) -> Subject | None:
        """Who the charger is to vehicles (ISO 15118-2 annex F)."""
        settings = self._settings
        organization = settings.get(V2G_ORGANIZATION_NAME) or settings.get(ORGANIZATION_NAME)
        name = settings.get(SECC_ID) or self._serial
        return Subject(name, organization, settings.get(COUNTRY_NAME), SECC_DOMAIN) if organization else None

    def _combined_subject(self) -> Subject | None:
        """The CSMS knows the station by its serial number; for the rest it is the SECC's (A00.FR.513)."""
        secc = self._secc_subject()
        return None if secc is None else Subject(self._serial, secc.organization, secc.country, secc.domain)

    @property
    def _serial(self) -> str:
        return self._around.plate.serial or self._uplink.home.identity

    # In a thread

    def _later(
        self, act: Callable[[Store], CertificateVerdict], told: str, flaw: SecurityEventKind | None = None
    ) -> Handled:
        """Act on the store in a thread; `told`: what the security log says of it; `flaw`: that it was no good."""

        def checked() -> CertificateVerdict:
            store = self._uplink.certificates
            if store is None:
                return CertificateVerdict(Verdict.FAILED, BROKEN)
            try:
                return act(store)
            except OSError as error:
                return CertificateVerdict(Verdict.FAILED, BROKEN, str(error))

        async def answer() -> CertificateVerdict:
            verdict = await asyncio.to_thread(checked)
            if verdict.verdict is Verdict.ACCEPTED:
                self._around.security.happened(SecurityEventKind.SECURITY_RECONFIGURED, told)
            elif verdict.reason == INVALID and flaw is not None:
                self._around.security.happened(flaw, verdict.detail)
            return verdict

        return Handled(answer)

    def _install(self, ask: InstallRootAsk, now_utc_s: float, store: Store) -> CertificateVerdict:
        from agent.pki import certificates as pki

        try:
            found = pki.read_pem(ask.pem)
        except CertificateError as error:
            return CertificateVerdict(Verdict.REJECTED, INVALID, str(error))
        if len(found) != 1:
            return CertificateVerdict(Verdict.REJECTED, INVALID, f"{len(found)} certificates instead of one")
        (new,) = found
        present = [one.certificate for one in store.roots(ask.use)]
        replaces = ask.use is RootUse.CSMS and self._settings.get(ADDITIONAL_ROOT_CHECK) and new not in present
        problem = _unfit(new, present if replaces else [], now_utc_s)
        if problem:
            return CertificateVerdict(Verdict.REJECTED, INVALID, problem)
        if new not in present and store.count() >= self._settings.get(CERTIFICATE_STORE_MAX):  # M05.FR.06
            return CertificateVerdict(Verdict.REJECTED, FULL, "no more certificates can be installed")
        store.add_root(ask.use, new)
        if replaces:
            for one in present:
                if not pki.issued_by(new, one):
                    store.remove_root(ask.use, one)  # one root and its fall-back, no third (M05.FR.09)
        return CertificateVerdict(Verdict.ACCEPTED)

    def _delete(self, ask: DeleteCertificateAsk, store: Store) -> CertificateVerdict:
        meant = [one for one in store.named(ask.hash.algorithm) if one.hash.names_the_same(ask.hash)]
        if not meant:
            return CertificateVerdict(Verdict.NOT_FOUND, "NotFound")  # M04.FR.04
        for one in meant:
            if one.use in {LeafUse.STATION, LeafUse.COMBINED}:  # M04.FR.06
                return CertificateVerdict(Verdict.FAILED, INVALID, "it is the station's own")
            if one.use is RootUse.CSMS and self._uplink.rests_on(one.certificate):  # whitepaper M04.FR.06
                return CertificateVerdict(Verdict.FAILED, INVALID, "the connection is verified by it")
        for one in meant:
            if isinstance(one.use, RootUse):
                store.remove_root(one.use, one.certificate)
            else:
                store.remove_certificate(one.use, one.certificate)
        return CertificateVerdict(Verdict.ACCEPTED)

    def _installed(self, ask: InstalledAsk) -> InstalledAnswer:
        store = self._uplink.certificates
        named = [] if store is None else store.named()
        return InstalledAnswer(
            tuple(
                Installed(one.use, one.hash, one.children)
                for one in named
                if one.use in ask.roots or (ask.v2g_chains and one.use in {LeafUse.V2G, LeafUse.COMBINED})
            )
        )

    def _take(self, ask: SignedAsk, now_utc_s: float) -> LeafUse:
        """Keep a signed certificate if it is what was asked for; its use. Raises `CertificateError` and OSError."""
        from agent.pki import certificates as pki
        from agent.pki.chains import ChainError, Purpose, validated
        from agent.pki.requests import read_request

        store = self._uplink.certificates
        chain = pki.read_pem(ask.pem)
        request = None if store is None else store.pending_for(chain[0])
        if store is None or request is None:
            raise CertificateError("no request of this station's waits for a certificate of this key")
        use, csr = request
        if ask.use not in {None, use}:
            raise CertificateError(f"it was asked for as {use}")
        if pki.common_name(chain[0]) != pki.common_name(read_request(csr)):
            raise CertificateError("it is made out to another name than was asked for")  # A00.FR.511
        for purpose, roots in _PURPOSES[use]:
            trusted = [one.certificate for one in store.roots(roots)]
            try:
                path = validated(chain, trusted, Purpose[purpose], pki.moment(now_utc_s))
            except ChainError as error:
                raise CertificateError(str(error)) from error
        store.add_leaf(use, path[:-1])  # who trusts the root has it
        if use is LeafUse.V2G:  # the station's own go when the new one has connected
            store.keep_newest(use, KEPT_V2G)
        return use

    def _now(self) -> float:
        return self._around.clock.now().utc_s

    def _count(self) -> int:
        store = self._uplink.certificates
        return 0 if store is None else store.count()


def _unfit(new: x509.Certificate, replaced: list[x509.Certificate], now_utc_s: float) -> str:
    """Why it is no root to trust; empty: it is. `replaced`: one of these must have signed it (M05.FR.10)."""
    from agent.pki import certificates as pki

    now = pki.moment(now_utc_s)
    if not pki.is_ca(new):
        return "it is no CA"
    if not any(pki.issued_by(new, one) for one in (replaced or [new])):
        return "it is not signed by the root that it is to replace" if replaced else "it is not signed by itself"
    if not new.not_valid_before_utc <= now <= new.not_valid_after_utc:
        return "it is not valid now"
    return pki.weakness(new) or ""
