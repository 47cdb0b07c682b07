"""Which schedule a car that talks is offered, whether it still holds, and what the car means to make of it.

A car says what it needs; whoever plans may answer with a charging profile; then the composite schedule is what the
car is offered (OCPP 2.0.1 K15, K17). When that changes while it charges, the car is to talk about it again (K16).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from msgspec import Struct

from agent.core.car_plan import CarPlan, Offered, differ
from agent.core.events import DigitalWanted
from agent.core.limits import LimitSource
from agent.core.outlook import Outlook
from agent.core.schedule import DAY_S, NOMINAL_V, WEEK_S, Period, Profile, Purpose, RateUnit, Schedule
from agent.core.session import Needs, Session
from agent.runtime.clock import Clock
from hal.types import EvseCapabilities

# Our policy: well within the 60 s after which a car gives up (K15.FR.08), and the 55 s of ISO 15118-2 table 109.
PLANNING_S: Final = 50.0
# Our policy: each talk about another schedule costs a DC car a cable check, some 9 s without energy, and the limits of
# the moment are in every answer to its demand.
DC_REST_S: Final = 900.0
MAX_SCHEDULE_ID: Final = 255  # ISO 15118-2 SAIDType
ONE_PHASE: Final = "AC_single_phase_core"  # ISO 15118-2 EnergyTransferModeType


class Talk(Struct):
    """How it stands with one car. `offered` empty: schedules are being made. `stale`: there are better ones by now.

    `paused`: the car has ended its session and means to come back to it. `rests_until_s`: it is not asked to talk again
    before that, in the loop's time.
    """

    needs: Needs
    offered: tuple[Offered, ...] = ()
    stale: bool = False
    paused: bool = False
    rests_until_s: float = 0.0
    timer: asyncio.TimerHandle | None = None


OnNeeds: TypeAlias = Callable[[int, Needs], None]
OnPlan: TypeAlias = Callable[[CarPlan], None]


class Evses(Protocol):
    """What plans need of the EVSEs."""

    def session(self, evse: int) -> Session:
        """The session as it stands."""

    def capabilities(self, evse: int) -> EvseCapabilities:
        """What the EVSE's hardware can do."""

    def post(self, evse: int, event: DigitalWanted) -> None:
        """Put an event into the EVSE's inbox."""


class Schedules(Protocol):
    """What plans need of the charging profiles."""

    def outlook(
        self, evse: int, duration_s: float, unit: RateUnit, *, planned: bool = True, choice: int | None = None
    ) -> Outlook:
        """The composite schedule; `planned` False: without what cars mean to draw; `choice`: of this schedule."""

    @property
    def revision(self) -> object:
        """Another than before as soon as composite schedules may be others than time alone makes them."""

    def choose(self, evse: int, number: int) -> None:
        """The car at this EVSE goes by the schedule of this number, from 0, where a profile has several."""

    def installed(self) -> list[Profile]:
        """All profiles."""

    def plan(self, evse: int, profile: Profile | None) -> None:
        """What the car at this EVSE means to draw, or (None) nothing that is known."""

    def on_change(self, listener: Callable[[Profile | None], None]) -> None:
        """Call `listener` whenever profiles come (with the new one) or go (None)."""


class CarPlans:
    """The talks about schedules of all EVSEs. Nobody waits here: whoever asks takes what is known."""

    def __init__(self, schedules: Schedules, evses: Evses, clock: Clock) -> None:
        self._schedules = schedules
        self._evses = evses
        self._clock = clock
        self._talks: dict[int, Talk] = {}
        self._planners: list[tuple[OnNeeds, OnPlan]] = []
        self._cars: dict[int, Callable[[], None]] = {}
        self._seen = schedules.revision
        schedules.on_change(self._profiles_changed)

    def on_car(self, needs: OnNeeds, plan: OnPlan) -> None:
        """Let a planner hear of every car's needs (it calls `settle` when it has no more to say), and of its plans."""
        self._planners.append((needs, plan))

    def on_change(self, evse: int, listener: Callable[[], None]) -> None:
        """Call `listener` when what the car at this EVSE is to be told has changed."""
        self._cars[evse] = listener

    def close(self) -> None:
        """Wait for nobody any more."""
        for evse in self._talks:
            self._stop_waiting(evse)

    # The car

    def wanted(self, evse: int, needs: Needs, *, asked: bool) -> None:
        """A car says what it needs; `asked`: because it was asked to, and the planner knows (K16.FR.09).

        One that comes back from a pause goes on with its schedule at once; what the planner thinks of that comes later.
        """
        before, talk = self._talks.get(evse), Talk(needs)
        if asked and needs.dc:
            talk.rests_until_s = asyncio.get_running_loop().time() + DC_REST_S
        elif before is not None:
            talk.rests_until_s = before.rests_until_s
        self._stop_waiting(evse)
        self._talks[evse] = talk
        if asked or not self._planners or (before is not None and before.paused):
            self.settle(evse)
        if asked:
            return
        if not talk.offered:
            talk.timer = asyncio.get_running_loop().call_later(PLANNING_S, self.settle, evse)
        for on_needs, _ in self._planners:
            on_needs(evse, needs)

    def chosen(self, evse: int, schedule: int, profile: tuple[tuple[int, float], ...]) -> None:
        """A car takes energy by one of the schedules that it was offered.

        `profile`: how it will (seconds from now, watt); without a word it is by all of it.
        """
        number, offered = next(((n, one) for n, one in enumerate(self.offered(evse)) if one.id == schedule), (0, None))
        if offered is None:
            return
        now_utc_s = self._clock.now().utc_s
        self._schedules.choose(evse, number)
        of = offered.phases
        own = tuple(Period(float(start_s), power_w, of) for start_s, power_w in profile)
        periods = own or tuple(Period(one.start_s, one.limit, of) for one in offered.periods)
        at_utc_s = now_utc_s if own else offered.at_utc_s
        planned = Schedule(periods, RateUnit.WATT, at_utc_s, offered.reach_s, id=offered.id)
        for _, on_plan in self._planners:
            on_plan(CarPlan(evse, at_utc_s, planned, bool(own)))

    def over(self, evse: int, *, paused: bool = False) -> None:
        """The car's session is over; `paused`: it means to come back, and its schedule is kept."""
        self._stop_waiting(evse)
        talk = self._talks.get(evse)
        if paused and talk is not None and talk.offered:
            talk.paused = True
            return
        self._talks.pop(evse, None)
        self._schedules.plan(evse, None)
        self._schedules.choose(evse, 0)

    def offered(self, evse: int) -> tuple[Offered, ...]:
        """What the car at this EVSE may choose from, the best first; none: that is not known yet."""
        talk = self._talks.get(evse)
        return talk.offered if talk is not None else ()

    def stale(self, evse: int) -> bool:
        """Whether the car has been offered what holds no longer."""
        talk = self._talks.get(evse)
        return talk is not None and talk.stale

    def watch(self, session: Session) -> None:
        """See a session step: a car that has left comes back to nothing."""
        talk = self._talks.get(session.evse)
        if talk is not None and talk.paused and not session.plugged:
            self.over(session.evse)

    # The planner

    def settle(self, evse: int, needs: Needs | None = None) -> None:
        """Whoever plans has said what there is to say: what is known now is what the car is offered.

        `needs`: to which this is the answer; one to what the car has said before is none any more.
        """
        talk = self._talks.get(evse)
        if talk is None or talk.offered or needs not in {None, talk.needs}:
            return
        self._stop_waiting(evse)
        talk.offered = self._made(evse, talk.needs)
        self._tell(evse)

    def agreed(self, plan: CarPlan) -> None:
        """The planner accepts what the car means to draw: it counts from now on (K15.FR.14, K16.FR.10)."""
        if plan.evse in self._talks:
            self._schedules.plan(plan.evse, plan.profile)

    # Below

    def _profiles_changed(self, new: Profile | None) -> None:
        seen, self._seen = self._seen, self._schedules.revision
        if new is None and seen == self._seen:
            return  # a limit has changed as its schedule said
        for evse, talk in tuple(self._talks.items()):
            if not talk.offered:
                if new is not None and new.purpose is Purpose.TX and new.evse == evse:
                    self.settle(evse)  # this is what was waited for
            else:
                self._judge(evse)

    def _judge(self, evse: int) -> None:
        """Have the car talk again if what it was offered holds no longer, as soon as it may be asked."""
        talk, loop = self._talks[evse], asyncio.get_running_loop()
        if talk.stale or talk.timer is not None or not _changed(talk.offered, self._made(evse, talk.needs)):
            return
        if loop.time() < talk.rests_until_s:
            talk.timer = loop.call_at(talk.rests_until_s, self._rested, evse)
            return
        talk.stale = True
        self._tell(evse)
        if talk.paused:
            self._evses.post(evse, DigitalWanted())

    def _rested(self, evse: int) -> None:
        self._talks[evse].timer = None
        self._judge(evse)

    def _made(self, evse: int, needs: Needs) -> tuple[Offered, ...]:
        """The composite schedules that this car may choose from (K15.FR.22)."""
        ids = self._schedule_ids(evse)
        return tuple(self._composed(evse, needs, number, one) for number, one in enumerate(ids))

    def _composed(self, evse: int, needs: Needs, number: int, schedule: int) -> Offered:
        """A composite schedule as this car can use it, until it leaves, or for a day."""
        session, now_utc_s = self._evses.session(evse), self._clock.now().utc_s
        stays_s = needs.departure_utc_s - now_utc_s if needs.departure_utc_s is not None else 0.0
        reach_s = float(round(min(stays_s, WEEK_S))) if stays_s >= 1.0 else float(DAY_S)
        phases = 1 if needs.mode == ONE_PHASE else self._evses.capabilities(evse).phases
        cable_a = min((one.current_a for one in session.limits if one.source is LimitSource.CABLE), default=None)
        fewer = phases < self._evses.capabilities(evse).phases
        unit = RateUnit.AMPERE if fewer else RateUnit.WATT
        outlook = self._schedules.outlook(evse, reach_s, unit, planned=False, choice=number)
        most_w = math.inf if cable_a is None else cable_a * phases * NOMINAL_V
        periods: list[Period] = []
        for one in outlook.periods:
            power_w = min(one.limit * (phases * NOMINAL_V if fewer else 1.0), most_w)
            if not periods or periods[-1].limit != power_w:
                periods.append(Period(one.start_s, power_w))
        return Offered(schedule, outlook.start_utc_s, reach_s, None if needs.dc else phases, tuple(periods))

    def _schedule_ids(self, evse: int) -> list[int]:
        """The ids of the schedules that the CSMS made for this car, where a car can be told them (K15.FR.19)."""
        own = [one for one in self._schedules.installed() if one.purpose is Purpose.TX and one.evse == evse]
        best = max(own, key=lambda one: (len(one.others), one.stack_level), default=None)
        ids = [1] if best is None else [one.id for one in (best.schedule, *best.others)]
        fit = len(set(ids)) == len(ids) and all(1 <= one <= MAX_SCHEDULE_ID for one in ids)
        return ids if fit else list(range(1, len(ids) + 1))

    def _stop_waiting(self, evse: int) -> None:
        talk = self._talks.get(evse)
        if talk is not None and talk.timer is not None:
            talk.timer.cancel()
            talk.timer = None

    def _tell(self, evse: int) -> None:
        listener = self._cars.get(evse)
        if listener is not None:
            listener()


def _changed(old: tuple[Offered, ...], new: tuple[Offered, ...]) -> bool:
    """Whether any of the schedules is another than it was."""
    return len(old) != len(new) or any(differ(*both) for both in zip(old, new, strict=True))
