"""Asking for a certificate of the station's own (2.0.1 A02, A03; 1.6 whitepaper): when due, when told, and again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from agent.ocpp.block import Surroundings
from agent.ocpp.dialect import Notice
from agent.ocpp.settings.secure_link import CERT_SIGNING_REPEAT_TIMES, CERT_SIGNING_WAIT_MINIMUM
from agent.pki.folders import files
from agent.pki.names import CertificateError, LeafUse, Subject
from hal.flag import Flag

_log = logging.getLogger(__name__)


class SignNotice(Notice, frozen=True):
    """SignCertificate: whether the CSMS will have it signed. `request`: tells its answer from others' (2.1)."""

    csr: str
    use: LeafUse
    request: int


class SignTowardsCarsNotice(SignNotice, frozen=True):
    """The same for the certificate that cars meet, which 1.6 says in other words."""


class Signing:
    """The requests for certificates of one use, one at a time.

    `subject`: who they are to be made out to, None while that is not known; `used`: whether there is any need for one
    now, so that none is renewed in vain; `number` numbers the requests of all uses.
    """

    def __init__(
        self,
        around: Surroundings,
        use: LeafUse,
        subject: Callable[[], Subject | None],
        used: Callable[[], bool],
        number: Callable[[], int],
    ) -> None:
        self.use = use
        self.request = 0  # the number of the last request
        self._around = around
        self._subject = subject
        self._used = used
        self._number = number
        self._asking = False
        self._given_up = False  # until the CSMS asks for it (A02.FR.19-20)
        self._wanted = Flag()  # a new request is to be made
        self._answered = Flag()  # the one that waited has its certificate, or was refused
        self._answered.set()

    @property
    def waiting(self) -> bool:
        """Whether a request waits for its certificate."""
        return not self._answered.is_set()

    @property
    def possible(self) -> bool:
        """Whether it is known who to make it out to (A02's prerequisite: CpoName, OrganizationName)."""
        return self._subject() is not None

    def want(self) -> None:
        """The CSMS wants a new key, and its certificate."""
        self._given_up = False
        self._begin()

    def done(self) -> None:
        """The request has its certificate."""
        self._answered.set()

    def give_up(self) -> None:
        """Ask no more until the CSMS wants it (A02.FR.19, A02.FR.20)."""
        self._given_up = True
        self._answered.set()

    async def online(self) -> None:
        """The CSMS can be asked now: a request that is due, because the present certificate nears its end, is made."""
        if not self._asking and await self._due():
            self._begin()

    def _begin(self) -> None:
        self._wanted.set()
        self._around.chores.wake(self._serve)

    async def _serve(self) -> None:
        """Ask for a certificate, and again while none comes."""
        while self._wanted.is_set():
            self._wanted.clear()
            self._asking = True
            try:
                await self._ask()
            finally:
                self._asking = False

    async def _due(self) -> bool:
        """Whether the certificate in use is to be renewed (A03.FR.02). Nothing is loaded where none is used."""
        if self._given_up or not self._used() or not self.possible:
            return False
        return await asyncio.to_thread(self._nears_its_end, self._around.clock.now().utc_s)

    async def _ask(self) -> None:
        """One request, repeated with doubled waits until it is answered (A02.FR.17-19)."""
        from agent.pki.renewal import repeat_after_s

        try:
            csr = await asyncio.to_thread(self._new_request)
        except (CertificateError, OSError) as error:
            _log.error("no certificate can be asked for: %s", error)
            return
        kind = SignNotice if self.use is LeafUse.STATION else SignTowardsCarsNotice
        self.request = self._number()
        self._answered.clear()
        sent = 0
        settings = self._around.settings
        while not self._wanted.is_set():
            if await self._around.csms.say(kind(csr, self.use, self.request)):
                sent += 1
            elif self._around.csms.online:
                self.give_up()  # refused (A02.FR.12): an operator must look
                return
            wait_s = repeat_after_s(
                settings.get(CERT_SIGNING_WAIT_MINIMUM), settings.get(CERT_SIGNING_REPEAT_TIMES), max(sent, 1)
            )
            if wait_s is None:
                self.give_up()  # A02.FR.19
                return
            if await self._answered_within(wait_s):
                return

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

    def _new_request(self) -> str:
        """A new key and its request. Raises `CertificateError` and OSError."""
        from agent.pki.requests import KeyKind

        store, subject = self._around.uplink.certificates, self._subject()
        if store is None or subject is None:
            raise CertificateError("there is no place for keys, or no name for the certificate")
        return store.new_request(self.use, KeyKind.P256, subject).decode()  # ISO 15118-2 annex F: P-256

    def _nears_its_end(self, now_utc_s: float) -> bool:
        """Whether the newest certificate for this use was made for it alone, and is due. Loads nothing for none."""
        from agent.pki.renewal import renewal_at

        folder = self._around.uplink.home.certificates
        store = self._around.uplink.certificates if folder is not None and files(folder, self.use) else None
        leaves = [] if store is None else store.leaves(self.use)
        if not leaves or leaves[0].use is not self.use:
            return False
        newest = leaves[0].certificate
        return now_utc_s >= renewal_at(newest.not_valid_before_utc.timestamp(), newest.not_valid_after_utc.timestamp())
