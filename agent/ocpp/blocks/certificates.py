"""Certificates (2.0.1 A02, A03, M03-M05; 1.6 whitepaper): installed, listed, deleted, asked for and renewed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from agent.core.security import SecurityEventKind
from agent.ocpp.asks import ACCEPTED, REJECTED, Handled, TriggerAsk, TriggeredMessage, Verdict
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
from agent.ocpp.calls import Calls
from agent.ocpp.dialect import Notice
from agent.ocpp.network import WITH_CERTIFICATE
from agent.ocpp.settings.secure_link import (
    ADDITIONAL_ROOT_CHECK,
    CERT_SIGNING_REPEAT_TIMES,
    CERT_SIGNING_WAIT_MINIMUM,
    CERTIFICATE_ENTRIES,
    CERTIFICATE_STORE_MAX,
    MAX_CHAIN_SIZE,
    ORGANIZATION_NAME,
)
from agent.pki.names import CertificateError, LeafUse, RootUse

if TYPE_CHECKING:
    from cryptography import x509

    from agent.pki.store import Store

_log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 3600.0  # our policy: how often it is looked whether a certificate is due for renewal
INVALID: Final = "InvalidCertificate"  # a reason code of 2.x
FULL: Final = "OutOfStorage"
TOO_LARGE: Final = "TooLargeElement"
BROKEN: Final = "InternalError"


class SignNotice(Notice, frozen=True):
    """SignCertificate: whether the CSMS will have it signed. `request`: tells its answer from others' (2.1)."""

    csr: str
    use: LeafUse
    request: int


class Certificates(Block):
    """Looks after the station's certificates. All that touches the disk happens in a thread."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._settings = around.settings
        self._uplink = around.uplink
        self._asking = False
        self._given_up = False  # until the CSMS asks for it (A02.FR.19-20)
        self._wanted = asyncio.Event()  # a new request is to be made
        self._answered = asyncio.Event()  # the one that waited has its certificate, or was refused
        self._request = 0
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
        return {TriggeredMessage.STATION_CERTIFICATE: self.renew}

    # The CSMS's requests

    def install(self, ask: InstallRootAsk) -> Handled:
        """InstallCertificate (M05)."""
        return self._later(partial(self._install, ask, self._now()), f"{ask.use} installed")

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
        renewed = False

        async def answer() -> CertificateVerdict:
            nonlocal renewed
            if len(ask.pem) > self._settings.get(MAX_CHAIN_SIZE):  # A02.FR.16
                return CertificateVerdict(Verdict.REJECTED, TOO_LARGE, "the chain is too long")
            if ask.request is not None and ask.request != self._request:  # A02.FR.26
                return CertificateVerdict(Verdict.REJECTED, INVALID, "nobody asked for it")
            try:
                await asyncio.to_thread(self._take, ask, self._now())
            except CertificateError as error:
                self._around.security.happened(SecurityEventKind.INVALID_STATION_CERTIFICATE, str(error))  # A02.FR.07
                self._give_up()  # A02.FR.20
                return CertificateVerdict(Verdict.REJECTED, INVALID, str(error))
            except OSError as error:
                return CertificateVerdict(Verdict.REJECTED, BROKEN, str(error))
            self._answered.set()
            self._around.security.happened(SecurityEventKind.SECURITY_RECONFIGURED, "a new certificate of the station")
            renewed = True
            return CertificateVerdict(Verdict.ACCEPTED)

        def switch() -> None:
            if renewed and self._uplink.attempt.profile.security == WITH_CERTIFICATE:
                self._around.csms.reconnect()  # A02.FR.08

        return Handled(answer, then=switch)

    def renew(self, ask: TriggerAsk) -> Handled:
        """TriggerMessage (SignChargingStationCertificate): a new key and its request, once the answer has gone out."""
        del ask
        if not self._settings.get(ORGANIZATION_NAME):  # A02's prerequisite: CpoName, OrganizationName
            return REJECTED

        def begin() -> None:
            self._given_up = False
            self._wanted.set()

        return Handled(ACCEPTED.answer, then=begin)

    # The station's own requests

    async def run(self) -> None:
        """Ask for a certificate when the CSMS wants it or the present one nears its end, and again while none comes."""
        if self._uplink.home.certificates is None:
            return
        while True:
            if not self._wanted.is_set():
                await self._until_due()
            self._wanted.clear()
            self._asking = True
            try:
                await self._ask()
            finally:
                self._asking = False

    async def accepted(self, calls: Calls) -> None:
        """The CSMS can be asked now: a request that was due while it could not is made."""
        del calls
        if not self._asking and await self._due():
            self._wanted.set()

    async def _until_due(self) -> None:
        while not self._wanted.is_set():
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wanted.wait()
            except TimeoutError:
                if self._around.csms.online and await self._due():
                    return

    async def _due(self) -> bool:
        """Whether the certificate in use is to be renewed (A03.FR.02). Nothing is loaded where none is used."""
        used = self._uplink.plan.security == WITH_CERTIFICATE and bool(self._settings.get(ORGANIZATION_NAME))
        if not used or self._given_up:
            return False
        return await asyncio.to_thread(self._nears_its_end, self._now())

    async def _ask(self) -> None:
        """One request, repeated with doubled waits until it is answered (A02.FR.17-19)."""
        from agent.pki.renewal import repeat_after_s

        try:
            csr = await asyncio.to_thread(self._new_request)
        except (CertificateError, OSError) as error:
            _log.error("no certificate can be asked for: %s", error)
            return
        self._request += 1
        self._answered.clear()
        sent = 0
        while not self._wanted.is_set():
            if await self._around.csms.say(SignNotice(csr, LeafUse.STATION, self._request)):
                sent += 1
            elif self._around.csms.online:
                self._give_up()  # refused (A02.FR.12): an operator must look
                return
            wait_s = repeat_after_s(
                self._settings.get(CERT_SIGNING_WAIT_MINIMUM),
                self._settings.get(CERT_SIGNING_REPEAT_TIMES),
                max(sent, 1),
            )
            if wait_s is None:
                self._give_up()  # A02.FR.19
                return
            if await self._answered_within(wait_s):
                return

    def _give_up(self) -> None:
        self._given_up = True
        self._answered.set()

    async def _answered_within(self, wait_s: float) -> bool:
        """Whether the request was answered; a new one that is wanted ends the wait, too."""
        waits = [asyncio.ensure_future(one.wait()) for one in (self._answered, self._wanted)]
        try:
            await asyncio.wait(waits, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        return self._answered.is_set()

    # In a thread

    def _later(self, act: Callable[[Store], CertificateVerdict], told: str) -> Handled:
        """Act on the store in a thread; `told`: what the security log says of it."""

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
            if isinstance(one.use, LeafUse):  # M04.FR.06; the V2G chain is the vehicle's side of the same rule
                return CertificateVerdict(Verdict.FAILED, INVALID, "it is the station's own")
            if one.use is RootUse.CSMS and self._uplink.rests_on(one.certificate):  # whitepaper M04.FR.06
                return CertificateVerdict(Verdict.FAILED, INVALID, "the connection is verified by it")
        for one in meant:
            if isinstance(one.use, RootUse):
                store.remove_root(one.use, one.certificate)
        return CertificateVerdict(Verdict.ACCEPTED)

    def _installed(self, ask: InstalledAsk) -> InstalledAnswer:
        store = self._uplink.certificates
        named = [] if store is None else store.named()
        return InstalledAnswer(
            tuple(
                Installed(one.use, one.hash, one.children)
                for one in named
                if one.use in ask.roots or (ask.v2g_chains and one.use is LeafUse.V2G)
            )
        )

    def _take(self, ask: SignedAsk, now_utc_s: float) -> None:
        """Keep a signed certificate if it is what was asked for. Raises `CertificateError` and OSError."""
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
        purpose, roots = {
            LeafUse.STATION: (Purpose.STATION, RootUse.CSMS),
            LeafUse.V2G: (Purpose.SECC, RootUse.V2G),
        }[use]
        trusted = [one.certificate for one in store.roots(roots)]
        try:
            path = validated(chain, trusted, purpose, pki.moment(now_utc_s))
        except ChainError as error:
            raise CertificateError(str(error)) from error
        store.add_leaf(use, path[:-1])  # who trusts the root has it

    def _new_request(self) -> str:
        """A new key and its request. Raises `CertificateError` and OSError."""
        from agent.pki.requests import KeyKind

        store = self._uplink.certificates
        if store is None:
            raise CertificateError("there is no place for keys")
        serial = self._around.plate.serial or self._uplink.home.identity
        organization = self._settings.get(ORGANIZATION_NAME)
        return store.new_request(LeafUse.STATION, KeyKind.P256, serial, organization).decode()

    def _nears_its_end(self, now_utc_s: float) -> bool:
        from agent.pki.renewal import renewal_at

        store = self._uplink.certificates
        leaves = [] if store is None else store.leaves(LeafUse.STATION)
        if not leaves:
            return False
        newest = leaves[0].certificate
        due_utc_s = renewal_at(newest.not_valid_before_utc.timestamp(), newest.not_valid_after_utc.timestamp())
        return now_utc_s >= due_utc_s

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
