"""A station on a test stand: scripted CSMS, EVSEs that only remember what they were told, a store in memory."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from agent.core.events import AnyEvent
from agent.core.facts import (
    AnyFact,
    ConnectorStatusChanged,
    ReadingTaken,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from agent.core.security import SecurityEventKind, SecurityEvents
from agent.core.session import Session, Transaction
from agent.core.sharing import SharingRule
from agent.core.token_cache import CachedToken, Policy, TokenList
from agent.core.values import (
    AuthInfo,
    ChargingState,
    ConnectorStatus,
    IdToken,
    Measurand,
    Reading,
    ReadingContext,
    SampledValue,
    StopReason,
    Trigger,
)
from agent.ocpp.charger import ResetKind
from agent.ocpp.codec import Version
from agent.ocpp.device_model import Nameplate
from agent.ocpp.dialect import BootReason
from agent.ocpp.hardware_model import connector_type
from agent.ocpp.outbox import StoredFact
from agent.ocpp.screen import Page
from agent.ocpp.settings.authorization import AUTH_CACHE_POLICY
from agent.ocpp.settings.link import MESSAGE_ATTEMPT_INTERVAL, MESSAGE_ATTEMPTS
from agent.ocpp.settings.smart_charging import SMART_CHARGING_ENABLED
from agent.ocpp.station import Station
from agent.ocpp.uplink import Home
from agent.ocpp.variables import Settings
from agent.ocpp.workshop import Workshop
from agent.runtime.car_plans import CarPlans
from agent.runtime.clock import LoopClock
from agent.runtime.profiles import Profiles
from agent.runtime.records import (
    AddFact,
    CountAttempt,
    DeadLetter,
    MoveToDeadLetters,
    Operation,
    PutMeta,
    PutToken,
    RemoveFact,
    RemoveTokens,
    ResendDeadLetter,
)
from agent.runtime.reservations import Reservations
from agent.runtime.site import Site
from agent.runtime.token_store import TokenStore
from hal.types import EvseCapabilities
from tests.agent.ocpp.scripted_csms import ScriptedCsms

EPOCH_S = 1_767_225_600.0  # 2026-01-01T00:00:00Z
TOKEN = IdToken("04AABBCC")
WITH_CAR = frozenset(ConnectorStatus) - {
    ConnectorStatus.AVAILABLE,
    ConnectorStatus.RESERVED,
    ConnectorStatus.UNAVAILABLE,
    ConnectorStatus.FAULTED,
}


class MemoryStore:
    """What the OCPP side needs of a journal. Survives the station that writes into it."""

    def __init__(self) -> None:
        self.kept: dict[int, StoredFact] = {}
        self.dead: list[DeadLetter] = []
        self.metas: dict[str, bytes] = {}
        self.lists: dict[str, dict[str, CachedToken]] = {"cache": {}, "local": {}}
        self.next_fact_id = 1
        self.commits: list[tuple[tuple[Operation, ...], float | None]] = []

    def facts(self) -> list[StoredFact]:
        return list(self.kept.values())

    def dead_letters(self) -> list[DeadLetter]:
        return list(self.dead)

    def meta(self, key: str) -> bytes | None:
        return self.metas.get(key)

    def tokens(self, kind: TokenList) -> dict[str, CachedToken]:
        return dict(self.lists[kind])

    def commit(
        self, *operations: Operation, within_s: float | None = None, kept: bool = False, synced: bool = True
    ) -> asyncio.Future[None]:
        self.commits.append((operations, within_s))
        for one in operations:
            self._apply(one)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def _apply(self, operation: Operation) -> None:
        match operation:
            case AddFact(stored=stored):
                self.kept[stored.id] = stored
                self.next_fact_id = stored.id + 1
            case RemoveFact(id=fact_id):
                del self.kept[fact_id]
            case CountAttempt(id=fact_id, attempts=attempts):
                self.kept[fact_id] = replace(self.kept[fact_id], attempts=attempts)
            case MoveToDeadLetters(id=fact_id, why=why):
                self.dead.append(DeadLetter(self.kept.pop(fact_id), why))
            case ResendDeadLetter(id=fact_id):
                letter = next(one for one in self.dead if one.stored.id == fact_id)
                self.dead.remove(letter)
                self.kept[fact_id] = replace(letter.stored, attempts=0)
            case PutToken(entry=entry):
                self.lists[entry.kind][entry.token.value.casefold()] = entry
            case RemoveTokens(kind=kind, values=None):
                self.lists[kind].clear()
            case RemoveTokens(kind=kind, values=tuple() as values):
                for value in values:
                    self.lists[kind].pop(value.casefold(), None)
            case PutMeta(key=key, value=None):
                self.metas.pop(key, None)
            case PutMeta(key=key, value=bytes() as value):
                self.metas[key] = value


@dataclass
class FakeCharger:
    """Sessions to set, and a list of what was asked."""

    sessions: dict[int, Session] = field(default_factory=lambda: {1: Session(evse=1), 2: Session(evse=2)})
    posted: list[tuple[int, AnyEvent]] = field(default_factory=list)
    resets: list[tuple[ResetKind, int | None]] = field(default_factory=list)
    times_utc_s: list[float] = field(default_factory=list)
    unlocks: list[tuple[int, bool]] = field(default_factory=list)
    unlocked: bool = True
    unlock_s: float = 1.0
    cached: bool = True
    pages: list[tuple[int, Page]] = field(default_factory=list)
    with_display: frozenset[int] | None = None  # None: every EVSE
    listeners: list[Callable[[int], None]] = field(default_factory=list)
    phases: int = 3
    switches: bool = False
    profiles: Profiles = field(init=False)  # these three by `stand`
    plans: CarPlans = field(init=False)
    reservations: Reservations = field(init=False)

    @property
    def evse_ids(self) -> tuple[int, ...]:
        return tuple(self.sessions)

    def session(self, evse: int) -> Session:
        return self.sessions[evse]

    def post(self, evse: int, event: AnyEvent) -> None:
        self.posted.append((evse, event))

    def on_step(self, listener: Callable[[int], None]) -> None:
        self.listeners.append(listener)

    def steps(self, session: Session) -> None:
        """The session of an EVSE becomes this."""
        self.sessions[session.evse] = session
        for listener in self.listeners:
            listener(session.evse)

    def displays(self) -> frozenset[int]:
        return self.with_display if self.with_display is not None else frozenset(self.sessions)

    def show(self, evse: int, page: Page) -> None:
        self.pages.append((evse, page))

    def page(self, evse: int = 1) -> Page:
        """What the EVSE's display shows now."""
        return next((page for one, page in reversed(self.pages) if one == evse), Page())

    def capabilities(self, evse: int) -> EvseCapabilities:
        return EvseCapabilities(
            phases=self.phases,
            max_current_a=32.0,
            has_lock=self.session(evse).has_lock,
            has_proximity=evse == 1,
            has_phase_switch=self.switches,
        )

    async def release_cable(self, evse: int, *, ends_transaction: bool) -> bool:
        self.unlocks.append((evse, ends_transaction))
        await asyncio.sleep(self.unlock_s)
        return self.unlocked

    def reset(self, kind: ResetKind, evse: int | None = None) -> None:
        self.resets.append((kind, evse))

    def time_learned(self, utc_s: float) -> None:
        self.times_utc_s.append(utc_s)


class Raised:
    """Security events, remembered and told nobody."""

    def __init__(self) -> None:
        self.kinds: list[SecurityEventKind] = []
        self.infos: list[str] = []

    def happened(self, kind: SecurityEventKind, info: str = "") -> None:
        self.kinds.append(kind)
        self.infos.append(info)


@dataclass
class Stand:
    """One life of a station; `rebooted` begins the next on the same store."""

    csms: ScriptedCsms
    station: Station
    charger: FakeCharger
    store: Any  # a MemoryStore, or a real journal
    settings: Settings
    learnt: list[tuple[IdToken, AuthInfo]]
    tokens: TokenStore
    task: asyncio.Task[None]
    events: list[SecurityEventKind]

    def tell(self, *facts: AnyFact) -> None:
        """Record facts as the runtime does, and offer them."""
        for fact in facts:
            stored = StoredFact(self.store.next_fact_id, fact.evse, fact, offline=not self.station.online)
            self.store.commit(AddFact(stored))
            self.station.offer(stored)

    async def accepted(self) -> None:
        """Wait until the CSMS has accepted the station and knows its connectors."""
        await self.csms.until(lambda: self.station.online and self.csms.calls("StatusNotification"))
        await settled()

    async def stop(self) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


class Memory(TokenStore):
    """The real memory of tokens, which also says what it was taught."""

    learnt: list[tuple[IdToken, AuthInfo]]

    def learn(self, token: IdToken, info: AuthInfo) -> None:
        self.learnt.append((token, info))
        super().learn(token, info)


async def settled(seconds: float = 0.5) -> None:
    """Let everything that is under way come to rest, in virtual time."""
    await asyncio.sleep(seconds)


def furnish(charger: FakeCharger, store: Any, clock: LoopClock, settings: Settings) -> Site:
    """Give the charger what it keeps in its store: charging profiles and reservations."""
    site = Site(SharingRule.EQUAL, dict.fromkeys(charger.evse_ids, 32.0), {})
    charger.profiles = Profiles(store, clock, charger, site, lambda: settings.get(SMART_CHARGING_ENABLED))
    charger.plans = CarPlans(charger.profiles, charger, clock)
    charger.reservations = Reservations(store, clock, charger, lambda evse: connector_type(charger.capabilities(evse)))
    site.start(charger.post)
    charger.profiles.start()
    charger.reservations.start()
    return site


@contextlib.asynccontextmanager
async def stand(
    csms: ScriptedCsms,
    *,
    url: str | None = None,
    store: Any = None,
    versions: Iterable[Version] = (Version.V16,),
    start_values: dict[str, str] | None = None,
    charger: FakeCharger | None = None,
    password: str | None = None,
    settings: Settings | None = None,
    started: BootReason = BootReason.POWER_UP,
    workshop: Workshop | None = None,
    security: SecurityEvents | None = None,
    profile: int = 0,
    folder: Path | None = None,
    secure_url: str | None = None,
    epoch_s: float = EPOCH_S,
) -> AsyncIterator[Stand]:
    """A running station; `url` when the CSMS listens already or is not to listen at all.

    `folder`: where its certificates and secrets are; without one it has no place for them.
    """
    own = url is None
    endpoint = await csms.start() if url is None else url
    store = MemoryStore() if store is None else store
    charger = charger or FakeCharger()
    settings = settings or Settings(start_values=start_values or {})
    loop = asyncio.get_running_loop()
    home = Home(
        url=endpoint,
        identity="CP 1",
        versions=tuple(versions),
        security=profile or (1 if password is not None else 0),
        password=password,
        secure_url=secure_url,
        certificates=None if folder is None else folder / "certs",
        secrets=None if folder is None else folder / "secrets",
    )
    clock = LoopClock(wall=lambda: epoch_s + loop.time())
    site = furnish(charger, store, clock, settings)
    numbers = itertools.count(1)
    learnt: list[tuple[IdToken, AuthInfo]] = []
    policy = lambda: Policy(settings.get(AUTH_CACHE_POLICY))  # noqa: E731 - as `agent.main` says it
    tokens = Memory(store, clock, settings.auth_rules, policy)
    tokens.learnt = learnt
    raised = Raised()
    station = Station(
        settings,
        charger,
        store,
        clock,
        lambda: f"id-{next(numbers)}",
        random.Random(1),
        home,
        Nameplate("Vendor", "Model", "S-1", "1.0"),
        tokens=tokens,
        started=started,
        workshop=workshop,
        security=security or raised,
    )
    task = loop.create_task(station.run())
    one = Stand(csms, station, charger, store, settings, learnt, tokens, task, raised.kinds)
    try:
        yield one
    finally:
        await one.stop()
        for watcher in (site, charger.profiles, charger.plans, charger.reservations):
            watcher.close()
        if own:
            await csms.stop()


def quick_retries(attempts: int = 3, interval_s: int = 60) -> dict[str, str]:
    """Start values for the retry of transaction messages."""
    return {MESSAGE_ATTEMPTS.key: str(attempts), MESSAGE_ATTEMPT_INTERVAL.key: str(interval_s)}


def open_tx(tx: str = "tx-1") -> Transaction:
    return Transaction(
        id=tx,
        seq=1,
        started_utc_s=EPOCH_S,
        started_mono_s=0.0,
        start_energy_wh=0.0,
        charging=ChargingState.CHARGING,
        last_energy_wh=0.0,
    )


def reading(energy_wh: float = 100.0, context: ReadingContext = ReadingContext.PERIODIC, at_s: float = 0.0) -> Reading:
    values = (
        SampledValue(Measurand.ENERGY_IMPORT, energy_wh, "Wh"),
        SampledValue(Measurand.VOLTAGE, 230.5, "V", "L1"),
        SampledValue(Measurand.FREQUENCY, 50.0, "Hz"),
    )
    return Reading(EPOCH_S + at_s, context, energy_wh, values)


def started(tx: str = "tx-1", evse: int = 1, **more: Any) -> TransactionStarted:
    fields: dict[str, Any] = {
        "tx": tx,
        "evse": evse,
        "connector": 1,
        "seq": 0,
        "at_utc_s": EPOCH_S,
        "trigger": Trigger.AUTHORIZED,
        "charging": ChargingState.EV_CONNECTED,
        "reading": reading(1000.4, ReadingContext.BEGIN),
        "token": TOKEN,
    }
    return TransactionStarted(**fields | more)


def updated(seq: int = 1, tx: str = "tx-1", evse: int = 1, **more: Any) -> TransactionUpdated:
    fields: dict[str, Any] = {
        "tx": tx,
        "evse": evse,
        "connector": 1,
        "seq": seq,
        "at_utc_s": EPOCH_S + 60 * seq,
        "trigger": Trigger.METER_PERIODIC,
        "charging": ChargingState.CHARGING,
        "reading": reading(1000.0 + seq),
    }
    return TransactionUpdated(**fields | more)


def ended(seq: int = 2, tx: str = "tx-1", evse: int = 1, **more: Any) -> TransactionEnded:
    fields: dict[str, Any] = {
        "tx": tx,
        "evse": evse,
        "connector": 1,
        "seq": seq,
        "at_utc_s": EPOCH_S + 3600,
        "trigger": Trigger.EV_DEPARTED,
        "reason": StopReason.EV_DISCONNECTED,
        "reading": reading(8000.6, ReadingContext.END),
        "started_utc_s": EPOCH_S,
        "start_energy_wh": 1000.4,
        "charged_s": 3500.9,
    }
    return TransactionEnded(**fields | more)


def status(new: ConnectorStatus, evse: int = 1, **more: Any) -> ConnectorStatusChanged:
    fields: dict[str, Any] = {"evse": evse, "connector": 1, "at_utc_s": EPOCH_S, "plugged": new in WITH_CAR}
    return ConnectorStatusChanged(**fields | more, status=new)


def idle_reading(evse: int = 1) -> ReadingTaken:
    return ReadingTaken(evse=evse, connector=1, at_utc_s=EPOCH_S, reading=reading(5.0, ReadingContext.CLOCK))
