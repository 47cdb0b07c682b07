"""The EVSEs of one station together: what OCPP may ask of them, and what no single one can answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from msgspec.structs import replace

from agent.core.authorize import Known
from agent.core.effects import AnyEffect, LockConnector
from agent.core.events import (
    AnyEvent,
    AuthorizationDecided,
    AvailabilityChanged,
    EvseReset,
    RulesChanged,
    StopRequested,
    UnlockRequested,
)
from agent.core.rules import Rules
from agent.core.session import Phase, Session
from agent.core.turn import is_drivers
from agent.core.values import IdToken, Scope, StopReason, Trigger
from agent.ocpp.charger import ResetKind
from agent.ocpp.screen import Page
from agent.runtime.car_plans import CarPlans
from agent.runtime.clock import Clock
from agent.runtime.evse import EvseTask
from agent.runtime.profiles import Profiles
from agent.runtime.reservations import Reservations
from agent.runtime.site import Site
from hal.board import EvseHardware
from hal.flag import Flag
from hal.types import EvseCapabilities, FaultKind, LockChanged, TokenPresented

log = logging.getLogger(__name__)

RESET_WAIT_S: Final = 20.0  # our policy: longer than a car may take to stop (6 s) and a meter to answer (3 s)

UNLOCK_WAIT_S: Final = 15.0  # our policy: as above, with a margin: until the contactor is open and the lock driven
LOCK_TRAVEL_S: Final = 2.0  # our policy: several times what a motor lock takes

Watcher = Callable[[Session, AnyEvent | None, Session, tuple[AnyEffect, ...]], None]


class ChargePoint:
    """Meets `agent.ocpp.charger.Charger`. `on_reset` is called once every session has come to rest.

    `known` is what is stored of a token. `rules` are the settings'; `reset_retries`: how often a transaction that does
    not end is asked again before a reset. `time_set` hears by how many seconds the CSMS has corrected the clock.
    """

    def __init__(
        self,
        clock: Clock,
        on_reset: Callable[[ResetKind], None],
        *,
        rules: Callable[[], Rules],
        reset_retries: Callable[[], int],
        known: Callable[[IdToken], Known],
        time_set: Callable[[float], None],
    ) -> None:
        self.tasks: dict[int, EvseTask] = {}
        self._clock = clock
        self._on_reset = on_reset
        self._rules = rules
        self._reset_retries = reset_retries
        self._time_set = time_set
        self._known = known
        self._shared: set[str] = set()  # tokens at a shared reader that are asked for all of its EVSEs
        self._charging = False  # whether any EVSE has a transaction
        self._watchers: list[Watcher] = []
        self._onlookers: tuple[Callable[[Session], None], ...] = ()
        self._site: Site  # these four by `equip`
        self.profiles: Profiles
        self.plans: CarPlans
        self.reservations: Reservations
        self._resetting: asyncio.Task[None] | None = None
        self._resetting_evses: dict[int, asyncio.Task[None]] = {}
        self._waiting: list[asyncio.Future[None]] = []  # for a transaction to end

    def add(self, session: Session, hardware: EvseHardware) -> EvseTask:
        """Take in an EVSE; its task is run by the composition root."""
        task = EvseTask(session, hardware, self._clock, self._watch)
        self.tasks[session.evse] = task
        return task

    def equip(self, site: Site, profiles: Profiles, reservations: Reservations) -> None:
        """Give the EVSEs what limits them, and what keeps them for somebody; all of it sees every step."""
        self._site, self.profiles, self.reservations = site, profiles, reservations
        self.plans = CarPlans(profiles, self, self._clock)
        self._onlookers = (site.watch, profiles.watch, reservations.watch, self.plans.watch)

    def start(self) -> None:
        """Tell every EVSE its limits, and for whom it is kept."""
        self._site.start(self.post)
        self.profiles.start()
        self.reservations.start()

    def close(self) -> None:
        """Stop watching the time on behalf of the EVSEs."""
        self._site.close()
        self.profiles.close()
        self.plans.close()
        self.reservations.close()

    @contextmanager
    def watching(self, watcher: Watcher) -> Iterator[None]:
        """Let `watcher` see every step: (session before, event, session after, effects)."""
        self._watchers.append(watcher)
        try:
            yield
        finally:
            self._watchers.remove(watcher)

    # agent.ocpp.charger.Charger

    @property
    def evse_ids(self) -> tuple[int, ...]:
        """EVSE ids, from 1."""
        return tuple(sorted(self.tasks))

    def session(self, evse: int) -> Session:
        """The session as it stands. Raises KeyError for an unknown EVSE."""
        return self.tasks[evse].session

    def post(self, evse: int, event: AnyEvent) -> None:
        """Put an event into the EVSE's inbox."""
        self.tasks[evse].post(event)

    def post_all(self, event: AnyEvent) -> None:
        """Put an event into every inbox."""
        for task in self.tasks.values():
            task.post(event)

    def rules_changed(self) -> None:
        """Let every session know the settings' rules."""
        rules = self._rules()
        quiet = RulesChanged(replace(rules, aligned_interval_s=0.0))
        for evse, task in self.tasks.items():
            own = evse in rules.aligned_idle_only_at and task.session.tx is not None
            everywhere = rules.aligned_during_idle_only and self._charging  # 2.0.1 J01.FR.20
            task.post(quiet if own or everywhere else RulesChanged(rules))

    def capabilities(self, evse: int) -> EvseCapabilities:
        """What the EVSE's hardware can do. Raises KeyError for an unknown EVSE."""
        return self.tasks[evse].hardware.capabilities

    def on_step(self, listener: Callable[[int], None]) -> None:
        """Call `listener(evse)` after every step."""
        self._watchers.append(lambda _before, _event, session, _effects: listener(session.evse))

    def displays(self) -> frozenset[int]:
        """The EVSEs that have a display."""
        return frozenset(evse for evse, task in self.tasks.items() if task.hardware.display is not None)

    def show(self, evse: int, page: Page) -> None:
        """Show this on the EVSE's display, beside the station's own words."""
        performer = self.tasks[evse].performer
        if performer is not None:
            performer.show_page(page)

    async def release_cable(self, evse: int, *, ends_transaction: bool) -> bool:
        """Try to unlock the connector, once the contactor is open; whether it is unlocked now."""
        driven, moved = Flag(), Flag()

        def watch(_before: Session, event: AnyEvent | None, session: Session, effects: tuple[AnyEffect, ...]) -> None:
            if session.evse != evse:
                return
            if driven.is_set() and isinstance(event, LockChanged):
                moved.set()
            if LockConnector(False) in effects:
                driven.set()

        with self.watching(watch):
            self.post(evse, UnlockRequested(ends_transaction))
            if await driven.wait(UNLOCK_WAIT_S):
                await moved.wait(LOCK_TRAVEL_S)  # a lock that was open already has nothing to report
        session = self.session(evse)
        return driven.is_set() and not session.locked and FaultKind.LOCK_JAMMED not in session.faults

    def reset(self, kind: ResetKind, evse: int | None = None) -> None:
        """End transactions (immediate) or wait for their end (on idle), then restart the station or clear the EVSE."""
        if kind is ResetKind.IMMEDIATE:
            self._stop_for_reset(self.evse_ids if evse is None else (evse,))
        else:
            for one in self.evse_ids if evse is None else (evse,):  # or it would wait for ever
                self.post(one, AvailabilityChanged(operative=False, scope=Scope.RESET))
        loop = asyncio.get_running_loop()
        if evse is None and self._resetting is None:
            self._resetting = loop.create_task(self._reset(kind), name="reset")
        elif evse is not None and evse not in self._resetting_evses:
            self._resetting_evses[evse] = loop.create_task(self._reset_evse(evse), name=f"reset of EVSE {evse}")

    def time_learned(self, utc_s: float) -> None:
        """The CSMS told the time."""
        before = self._clock.now()
        self._clock.learn(utc_s)
        after = self._clock.now()
        self._time_set((after.utc_s - before.utc_s) - (after.mono_s - before.mono_s))
        self.profiles.apply()
        self.reservations.apply()

    # The station's own reader

    def token_presented(self, event: TokenPresented) -> None:
        """A reader that serves several EVSEs: the driver's own session, what is kept for him, the car that waits...

        ...a free EVSE. Where all are taken, one of them asks for all: it may be a card of a driver's group, or of the
        group that one is kept for, or a master pass.
        """
        token = IdToken(event.token)
        known = self._known(token)
        group = next((one.group for one in (known.in_list, known.in_cache) if one is not None and one.accepted), None)
        sessions = [self.session(evse) for evse in self.evse_ids if not event.serves or evse in event.serves]
        ranks: tuple[Callable[[Session], bool], ...] = (
            lambda s: is_drivers(s, token),
            lambda s: is_drivers(s, token, group),
            lambda s: s.kept.held and s.driver is None and not s.kept.turns_away(token, group),
            lambda s: s.phase is Phase.CONNECTED and not s.kept.held,
            lambda s: s.phase is Phase.FINISHED,
            lambda s: s.phase is Phase.IDLE and s.operative and not s.faults and not s.kept.held,
            lambda s: s.group is not None or s.kept.held,
            lambda s: s.driver is not None,
        )
        chosen = next((s for rank in ranks for s in sessions if rank(s)), None)
        if chosen is None:
            log.info("a token was presented, but every EVSE of reader %s is taken", event.reader or "without a name")
            return
        if chosen.driver is not None and not is_drivers(chosen, token, group):
            self._shared.add(token.value.casefold())
        self.post(chosen.evse, event)

    def _others_concerned(self, decided: AuthorizationDecided) -> None:
        """A master pass stops all transactions (C16.FR.02); a card at a shared reader that of its group (C09.FR.03)."""
        shared = decided.token.value.casefold() in self._shared
        self._shared.discard(decided.token.value.casefold())
        if not decided.info.accepted:
            return
        for evse, task in self.tasks.items():
            if decided.info.master and task.session.tx is not None:
                self.post(evse, StopRequested(Trigger.STOP_AUTHORIZED, StopReason.MASTER_PASS, decided.token))
            elif shared and is_drivers(task.session, decided.token, decided.info.group):
                self.post(evse, StopRequested(Trigger.STOP_AUTHORIZED, StopReason.LOCAL, decided.token))

    def _watch(self, before: Session, event: AnyEvent | None, session: Session, effects: tuple[AnyEffect, ...]) -> None:
        if before.tx is not None and session.tx is None:
            waiting, self._waiting = self._waiting, []
            for one in waiting:
                if not one.done():
                    one.set_result(None)
        if isinstance(event, AuthorizationDecided):
            self._others_concerned(event)
        charging = any(task.session.tx is not None for task in self.tasks.values())
        if (before.tx is None) is not (session.tx is None):
            rules, began_or_ended = self._rules(), charging is not self._charging
            self._charging = charging
            if (rules.aligned_during_idle_only and began_or_ended) or session.evse in rules.aligned_idle_only_at:
                self.rules_changed()
        for onlooker in self._onlookers:
            onlooker(session)
        for watcher in self._watchers:
            watcher(before, event, session, effects)

    async def _reset(self, kind: ResetKind) -> None:
        """Wait until no transaction is open, then say so. An immediate reset does not wait for ever."""
        for retries_left in reversed(range(self._reset_retries() + 1)):
            try:
                async with asyncio.timeout(RESET_WAIT_S if kind is ResetKind.IMMEDIATE else None):
                    await self._at_rest()
                break
            except TimeoutError:
                log.warning("reset: a transaction did not end within %.0f s", RESET_WAIT_S)
                if retries_left:
                    self._stop_for_reset(self.evse_ids)
        self._on_reset(kind)  # a transaction that is still open is closed after the restart

    async def _reset_evse(self, evse: int) -> None:
        """Wait until its transaction has ended, then let it start anew (B12.FR.07, B12.FR.08)."""
        await self._at_rest(evse)
        self.post(evse, EvseReset())
        del self._resetting_evses[evse]

    async def _at_rest(self, evse: int | None = None) -> None:
        """Wait until no transaction is open, at one EVSE or at any."""
        tasks = tuple(self.tasks.values()) if evse is None else (self.tasks[evse],)
        while any(task.session.tx is not None for task in tasks):
            settled = asyncio.get_running_loop().create_future()
            self._waiting.append(settled)
            await settled

    def _stop_for_reset(self, evses: tuple[int, ...]) -> None:
        for evse in evses:
            self.post(evse, StopRequested(Trigger.RESET, StopReason.IMMEDIATE_RESET))
