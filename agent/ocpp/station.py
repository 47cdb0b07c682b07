"""The station's OCPP side: connects, boots, delivers, answers; whatever version the CSMS picks."""

from __future__ import annotations

import asyncio
import logging
import random
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from agent.core.contract import Contract
from agent.core.restamp import Correction
from agent.core.security import UNGUARDED, SecurityEventKind, SecurityEvents
from agent.core.values import AuthInfo, IdToken
from agent.ocpp.asking import say
from agent.ocpp.asks import Answer, TransferAnswer
from agent.ocpp.assembly import blocks
from agent.ocpp.block import Block, ByteLimits, Routes, Surroundings
from agent.ocpp.blocks.authorization import authorize
from agent.ocpp.blocks.availability import Availability
from agent.ocpp.blocks.data_transfer import DataTransfer, transfer
from agent.ocpp.blocks.provisioning import ACCEPTED_KEY, REASON_KEY, Provisioning, why_started
from agent.ocpp.blocks.transactions import Transactions
from agent.ocpp.calls import Calls, LinkLostError, NotRegisteredError, Served
from agent.ocpp.charger import Charger
from agent.ocpp.codec import CallError, ErrorCode, Version
from agent.ocpp.connection import DialError, Frames, FrameWatcher, LinkState, LinkWatcher, WebSocketLink
from agent.ocpp.costs import Costs
from agent.ocpp.device_model import DeviceModel, Nameplate
from agent.ocpp.dialect import (
    BootReason,
    Dialect,
    Notice,
    Registration,
    Supported,
    answered,
    asked,
    memory_key,
    merged,
)
from agent.ocpp.hardware_model import HardwareModel
from agent.ocpp.keeper import Keeper, Store
from agent.ocpp.outbox import Outbox, StoredFact
from agent.ocpp.rpc import CallReceived, Rpc
from agent.ocpp.setting import Setting
from agent.ocpp.settings.link import MESSAGE_TIMEOUT, OFFLINE_THRESHOLD, WEBSOCKET_PING_INTERVAL
from agent.ocpp.settings.station import MINIMUM_STATUS_DURATION, SUPPORTED_FEATURE_PROFILES
from agent.ocpp.tokens import Tokens
from agent.ocpp.uplink import Home, Uplink
from agent.ocpp.variables import Settings
from agent.ocpp.versions import dialect_for
from agent.ocpp.workshop import Workshop
from agent.runtime.clock import Clock
from agent.runtime.tasks import Chores, together
from hal.flag import Flag

_log = logging.getLogger(__name__)

IDS_KEY: Final = "ocpp.message_ids"  # of the journal's meta data: what makes message ids of two journals differ
NORMAL_CLOSURE: Final = 1000  # RFC 6455 7.4.1


class Station:
    """Runs for as long as the agent does. `run` is the only task it needs."""

    def __init__(
        self,
        settings: Settings,
        charger: Charger,
        journal: Store,
        clock: Clock,
        new_id: Callable[[], str],
        rng: random.Random,
        home: Home,
        plate: Nameplate,
        *,
        tokens: Tokens,
        language: str = "en",
        started: BootReason = BootReason.POWER_UP,
        security: SecurityEvents = UNGUARDED,
        workshop: Workshop | None = None,
    ) -> None:
        """`new_id` gives UUIDs; `tokens` hears verdicts; `language`: the displays'; `started`: how the start looks."""
        self._settings = settings
        self._journal = journal
        self._new_id = new_id
        self._security = security
        self._uplink = Uplink(home, journal, settings, security, new_id, lambda: clock.now().utc_s, rng)
        self._frames = Frames()
        self._chores = Chores()
        self._link: WebSocketLink | None = None
        self._wanted = Flag(raised=True)  # there is a network to dial over
        self._unwanted = Flag()
        self._hurry = Flag()  # do not wait for the back-off to end
        self._anew = Flag()  # leave this connection, and dial by the plan as it is now
        self._keeper = Keeper(journal)
        self._outbox = Outbox(journal.facts())
        self._ids = (journal.meta(IDS_KEY) or b"").decode()
        self._dialects: dict[Version, Dialect] = {}
        self._version: Version | None = None
        self._reached: str | None = None  # where the last connection led
        self._calls: Calls | None = None
        self._offline_since_s: float | None = None
        reason = why_started(journal.meta(REASON_KEY), started)
        accepted_by = journal.meta(ACCEPTED_KEY)
        self._provisioning = Provisioning(plate, charger, settings, self._keeper, reason, home.origin, accepted_by)
        self._availability = Availability(charger, lambda: clock.now().utc_s)
        self.costs = Costs()
        self._transactions = Transactions(
            self._outbox,
            self._keeper,
            charger,
            self._availability,
            settings,
            message_id=self._message_id,
            learn=tokens.learn,
            costs=self.costs,
        )
        self.data_transfer = DataTransfer()
        self._ping_changed = Flag()
        settings.on_change(self._on_setting)
        hardware = HardwareModel(charger, plate)
        self.model = DeviceModel(settings, (hardware.variables,), lambda: clock.now().utc_s)
        world = (settings, charger, self._keeper, journal, clock, new_id, plate, hardware, self.model, self, self.costs)
        around = Surroundings(
            *world, self.data_transfer, language, security, tokens, self._uplink, self._chores, workshop
        )
        self._blocks: tuple[Block, ...] = (
            self._provisioning,
            self._availability,
            self._transactions,
            self.data_transfer,
            *blocks(around, self._provisioning, self._availability),
        )
        self._routes: Routes = merged(one.routes() for one in self._blocks)
        self._byte_limits: ByteLimits = merged(one.byte_limits() for one in self._blocks)

    @property
    def online(self) -> bool:
        """Whether the CSMS can be asked: connected, and accepted by it."""
        return self._connected is not None and self._provisioning.registered

    def network(self, online: bool) -> None:
        """The network went away (False: drop the connection without a word and dial no more) or is back: dial now."""
        if online:
            if self._link is None or self._unwanted.is_set():
                self._uplink.back_off.reset()
                self._hurry.set()
            self._unwanted.clear()
            self._wanted.set()
            return
        self._wanted.clear()
        self._unwanted.set()
        if self._link is not None:
            self._link.drop()

    def reconnect(self) -> None:
        """Leave the CSMS, and dial anew by the plan as it is now. Returns at once."""
        self._anew.set()
        self._hurry.set()

    def watching_frames(
        self, callback: FrameWatcher, link: LinkWatcher = lambda _up: None
    ) -> AbstractContextManager[None]:
        """Let `callback` see every frame, as text, and `link` every connection and its end, until the block ends.

        Neither may raise.
        """
        return self._frames.watching(callback, link)

    def link(self) -> LinkState:
        """How the station stands with its CSMS."""
        return LinkState(
            url=self._uplink.attempt.profile.url,
            identity=self._uplink.identity,
            version=self._version,
            connected=self._connected is not None,
            accepted=self._provisioning.registered,
            online_wanted=self._wanted.is_set(),
        )

    def clock_corrected(self, correction: Correction) -> None:
        """The time is known now: what waits to be told is put right first."""
        self._keeper.changed(self._outbox.corrected(correction))

    def queued(self) -> list[StoredFact]:
        """What is still to be told, oldest first."""
        return self._outbox.waiting()

    def resend(self, fact_id: int) -> bool:
        """Put a dead letter back into the queue, in its old place; False when there is none of this id."""
        if fact_id in self._outbox:
            return True
        stored = self._keeper.revived(fact_id)
        if stored is None:
            return False
        self._keeper.changed(self._outbox.add(stored))
        self._transactions.wake()
        return True

    def offer(self, stored: StoredFact) -> None:
        """Deliver a fact that the journal holds, when its turn comes."""
        if self._connected is None:
            stored = replace(stored, offline=True)
        lasts_s = self._settings.get(MINIMUM_STATUS_DURATION)
        not_before_s = asyncio.get_running_loop().time() + lasts_s if lasts_s else None
        self._keeper.changed(self._outbox.add(stored, not_before_s))
        self._transactions.wake()

    async def transactions_told(self) -> None:
        """Wait until nothing about a transaction is left to tell, or there is nobody to tell it to."""
        await self._transactions.told(lambda: self.online)

    async def authorize(
        self, token: IdToken, contract: Contract | None = None, *, vain: bool = False
    ) -> AuthInfo | None:
        """The CSMS's verdict on a token; None when it cannot be asked or does not answer."""
        calls = self._connected if self.online else None
        return None if calls is None else await authorize(calls, token, contract, self.costs, vain=vain)

    async def transfer(self, vendor: str, message: str | None, data: Any) -> TransferAnswer | None:
        """Send the CSMS what OCPP has no message for; None when it cannot be asked or does not answer."""
        calls = self._connected
        return await transfer(calls, vendor, message, data) if calls is not None and self.online else None

    def transactions(self, number: int) -> frozenset[str]:
        """The station's own ids of the transactions to which a 1.6 CSMS gave this number, lately."""
        calls = self._connected
        return frozenset() if calls is None else calls.dialect.numbered(number)

    def speaks(self, notice: type[Notice]) -> bool:
        """Whether there is a connection whose version has words for it."""
        calls = self._connected
        return calls is not None and notice in calls.dialect.sayings

    async def say(self, notice: Notice) -> Any:
        """What the CSMS answered; None when it cannot be asked, did not answer, or its version has no words for it."""
        calls = self._connected
        return await say(calls, notice) if calls is not None and self.online else None

    async def run(self) -> None:
        """Talk to the CSMS and let the blocks live, until cancelled."""
        lives = (one.run() for one in self._blocks if type(one).run is not Block.run)
        await together(self._connect(), self._chores.run(), may_end=lives)

    async def _connect(self) -> None:
        """Connect and talk, again and again."""
        if not self._ids:
            self._ids = self._new_id()
            self._keeper.remember(IDS_KEY, self._ids.encode())
        while True:
            await self._wanted.wait()
            self._hurry.clear()
            if self._anew.is_set():
                self._anew.clear()
                self._uplink.begin_anew()
            try:
                await together(self._dial(), self._network_gone())
            except DialError as error:
                _log.warning("no connection to the CSMS: %s", error)
                if self._uplink.failed(error):
                    continue
            if self._link is not None:
                await self._uplink.proved()
                await self._talk(self._link)
                self._uplink.lost()
            if not self._anew.is_set():
                await self._pause()

    async def _dial(self) -> None:
        self._link = await self._uplink.dial(self._frames)
        if not self._wanted.is_set():
            self._link.drop()

    async def _network_gone(self) -> None:
        await self._unwanted.wait()

    async def _pause(self) -> None:
        """Wait before the next dial, unless the network has just come back."""
        wait_s = self._uplink.wait_s()
        _log.info("next connection to the CSMS in %.1f s", wait_s)
        await self._hurry.wait(wait_s)

    async def _talk(self, link: WebSocketLink) -> None:
        """One connection's life."""
        dialect = self._take_up(link)
        timeout_s = self._settings.get(MESSAGE_TIMEOUT)
        supported = Supported(dialect, self._routes)
        profiles = (
            name for name, needed in dialect.feature_profiles.items() if all(map(supported.__contains__, needed))
        )
        self._settings.derive(SUPPORTED_FEATURE_PROFILES, tuple(profiles))
        rpc = Rpc(dialect.codec, call_timeout_s=timeout_s, supported=supported)
        calls = Calls(link, rpc, dialect, self._new_id, partial(self._serve, dialect))
        self._calls = calls
        _log.info("connected to %s, %s", self._uplink.attempt.profile.url, dialect.codec.version)
        self._frames.linked(True)
        try:
            await together(
                calls.receive(),
                self._speak(calls),
                link.keep_alive(lambda: self._settings.get(WEBSOCKET_PING_INTERVAL), self._ping_changed),
                self._until_anew(),
            )
        except LinkLostError as lost:
            _log.warning("connection to the CSMS lost: %s", lost)
            if lost.invalid is not None:
                self._security.happened(SecurityEventKind.INVALID_MESSAGES, lost.invalid)
        finally:
            self._calls = self._link = None
            self._frames.linked(False)
            self._offline_since_s = asyncio.get_running_loop().time()
            self._transactions.link_lost()
            await link.close(NORMAL_CLOSURE, "")
            await calls.close()

    async def _until_anew(self) -> None:
        """Raise `LinkLostError` when the connection is to be left."""
        await self._anew.wait()
        raise LinkLostError("left, to connect anew")

    async def _speak(self, calls: Calls) -> None:
        """Boot if need be, report statuses if need be, then deliver and send heartbeats."""
        booted_before = self._provisioning.registered
        while True:
            await self._provisioning.register(calls)
            if not booted_before or self._was_away_for_long():
                self._keeper.changed(self._outbox.drop_statuses())
                await self._availability.report(calls)
            for one in self._blocks:
                if type(one).accepted is not Block.accepted:
                    calls.start(one.accepted(calls))
            try:
                await together(self._provisioning.heartbeats(calls), self._transactions.deliver(calls))
            except NotRegisteredError as error:
                _log.warning("the CSMS no longer knows this station, which boots anew: %s", error)
                self._provisioning.forget()
                booted_before = False

    @property
    def _connected(self) -> Calls | None:
        return self._calls if self._calls is not None and not self._calls.lost else None

    def _take_up(self, link: WebSocketLink) -> Dialect:
        """The dialect of this connection; when the CSMS has picked another version than last time, it knows nothing."""
        version = link.version
        if version not in self._dialects:
            self._dialects[version] = dialect_for(version, self._journal.meta(memory_key(version)))
        url = self._uplink.attempt.profile.url
        if version is not self._version or url != self._reached:  # another CSMS, too, must be told all (B10.FR.10)
            self._version, self._reached = version, url
            self._provisioning.forget()
            self._availability.forget()
        return self._dialects[version]

    def _serve(self, dialect: Dialect, call: CallReceived) -> Served:
        """Answer a call of the CSMS. Raises `CallError`."""
        if self._provisioning.registration is Registration.REJECTED:
            return Served(dialect.refusal_while_rejected)
        ask = asked(dialect, call.action, call.message)
        limit = self._byte_limits.get(type(ask))
        if limit is not None and call.payload_bytes > self._settings.get(limit):  # B06.FR.17
            raise CallError(ErrorCode.FORMAT_VIOLATION, f"more than {self._settings.get(limit)} bytes")
        route = self._routes.get(type(ask))
        if route is None:  # a vendor's message may ask for what this station has not
            raise CallError(ErrorCode.NOT_SUPPORTED, type(ask).__name__)
        handled = route(ask)
        answer = handled.answer
        if isinstance(answer, Answer):
            return Served(answered(dialect, call.action, answer), handled.then, handled.follow)

        async def later() -> Struct:
            return answered(dialect, call.action, await answer())

        return Served(later, handled.then, handled.follow)

    def _on_setting(self, setting: Setting[Any]) -> None:
        if setting is WEBSOCKET_PING_INTERVAL:
            self._ping_changed.set()
        elif setting is MESSAGE_TIMEOUT and self._calls is not None:
            self._calls.wait(self._settings.get(MESSAGE_TIMEOUT))

    def _was_away_for_long(self) -> bool:
        """Whether the last offline time was longer than OfflineThreshold (B04.FR.01)."""
        if self._offline_since_s is None:
            return False
        away_s = asyncio.get_running_loop().time() - self._offline_since_s
        return away_s > self._settings.get(OFFLINE_THRESHOLD)

    def _message_id(self, dialect: Dialect, stored: StoredFact) -> str:
        """The same on every try, also after a restart, so that a CSMS can tell a repetition (OCPP-J 4.1.4)."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._ids}/{dialect.codec.version}/{stored.id}"))
