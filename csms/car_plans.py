"""The desk that plans for cars (2.x K15-K17): what they need, what they are given, what they mean to draw of it.

A car's needs are answered with a profile for its transaction. It is planned in what the others leave; where that does
not serve it, or the charger's limit changes, or a car leaves, all cars of the charger are planned anew, and those whose
schedule becomes another one are asked to negotiate again (K16). Kept in memory: after a restart nobody is planned for
until it says again what it needs.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import defaultdict
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec

from csms import planning as p
from csms.back_office import BackOffice
from csms.car_schedules import Car, Steps, differ, fits, keeps_to, planned, power_w, serves, without
from csms.commands import UnsayableError
from csms.dialects import status_of
from csms.engines import DatabaseError
from csms.peers import CallFailedError, Peer
from csms.records import SessionRow

log = logging.getLogger(__name__)

FIRST_PROFILE: Final = 15_118_000  # our policy: the ids of the profiles made here, each with its EVSE added
PERIODS: Final = 6  # our policy: SmartChargingCtrlr.PeriodsPerSchedule is not asked for, and nobody has fewer
FORESIGHT_S: Final = 604_800.0  # our policy: nobody plans for more than a week
TENTHS: Final = 10.0  # OCPP 2.0.1 ChargingSchedulePeriodType: limits have one digit after the point
ROUNDING: Final = 1e-6  # of binary floats
TAKEN: Final = "Accepted"  # ChargingProfileStatusEnumType
REFUSALS: Final = 3  # our policy: how often a car that means to draw too much is asked to negotiate again


class CarPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A car and its schedule. `own`: what it means to draw; `agreed`: whether that is within it; None: not told yet.

    `remark`: what became of the profile at the charger.
    """

    evse: int
    tx: str
    car: Car
    direct: bool  # current
    volts: float  # what an ampere is worth to it, over all its phases
    said_wh: float  # the transaction's energy when it said what it needs
    steps: Steps = ()
    remark: str = ""
    own: Steps | None = None
    agreed: bool | None = None
    refusals: int = 0


class CarPlanning:
    """What the CSMS knows of cars that say what they need, by charger and EVSE."""

    def __init__(self, office: BackOffice, peer: Callable[[str], Peer], touch: Callable[[str], None]) -> None:
        self._office = office
        self._peer = peer
        self._touch = touch
        self._plans: defaultdict[str, dict[int, CarPlan]] = defaultdict(dict)
        self._busy: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._errands: set[asyncio.Task[None]] = set()
        office.cars = self

    def plans(self, charger: str) -> tuple[CarPlan, ...]:
        """The cars of a charger that are planned for, by EVSE."""
        return tuple(plan for _, plan in sorted(self._plans.get(charger, {}).items()))

    async def needs(self, charger: str, plan: CarPlan) -> bool:
        """A car says what it needs (`plan` has no transaction yet): whether it will be planned for (K15.FR.03-04).

        Without a transaction, or with nothing to go by (no limit, and no departure), nobody plans.
        """
        if self._office.charger(charger).car_limit_w is None and not plan.car.levels:
            return False
        try:
            session = next((one for one in await self._sessions(charger) if one.evse == plan.evse), None)
        except DatabaseError as error:
            log.warning("%s: nobody plans for its car at EVSE %d: %s", charger, plan.evse, error)
            return False
        if session is None:
            return False
        leaves_s = plan.car.departs_utc_s
        car = msgspec.structs.replace(
            plan.car, departs_utc_s=None if leaves_s is None else min(leaves_s, self._office.now() + FORESIGHT_S)
        )
        said_wh = session.energy_wh or 0.0
        self._plans[charger][plan.evse] = msgspec.structs.replace(plan, car=car, tx=session.tx, said_wh=said_wh)
        self._later(self._plan(charger, plan.evse))
        return True

    def schedule(self, charger: str, evse: int, own: Steps) -> bool:
        """What a car means to draw: whether it is within its schedule; else it negotiates again (K15.FR.11-13)."""
        plan = self._plans[charger].get(evse)
        if plan is None or not plan.steps:
            return True
        agreed = keeps_to(own, plan.steps)
        refusals = 0 if agreed else plan.refusals + 1
        self._plans[charger][evse] = msgspec.structs.replace(plan, own=own, agreed=agreed, refusals=refusals)
        self._touch(charger)
        if not agreed and refusals < REFUSALS:
            self._later(self._plan(charger, evse))
        return agreed

    def limit(self, charger: str, limit_w: float | None) -> None:
        """What the charger may give all cars that are planned for; None: whatever they take. Raises DatabaseError."""
        store = self._office.store
        store.write_now(msgspec.structs.replace(self._office.charger(charger), car_limit_w=limit_w))
        self._touch(charger)
        if self._plans.get(charger):
            self._later(self._plan(charger))

    def ended(self, charger: str, tx: str) -> None:
        """A transaction has ended: its car leaves room for others."""
        plans = self._plans.get(charger, {})
        left = [evse for evse, plan in plans.items() if plan.tx == tx]
        for evse in left:
            del plans[evse]
        if left and plans:
            self._later(self._plan(charger))

    # Inside

    async def _plan(self, charger: str, evse: int | None = None) -> None:
        """Plan for the car at an EVSE, or (None) for all anew, and tell the charger what has changed."""
        async with self._busy[charger]:
            try:
                peer = self._peer(charger)
                await peer.at_rest()  # what the car needs is answered before the profile comes
                cars, now_s = await self._cars(charger), self._office.now()
                made = self._made(charger, cars, evse, now_s)
                for at, steps in made.items():
                    plan = self._plans[charger].get(at)  # its transaction may have ended meanwhile
                    if plan is not None and (at == evse or not plan.steps or differ(plan.steps, steps, now_s)):
                        await self._tell(peer, charger, plan, steps)
            except (CallFailedError, DatabaseError) as error:
                log.warning("%s: its cars could not be planned for: %s", charger, error)

    def _made(self, charger: str, cars: dict[int, Car], evse: int | None, now_s: float) -> dict[int, Steps]:
        limit_w = self._office.charger(charger).car_limit_w
        whole: Steps = ((now_s, sum(car.most_w for car in cars.values()) if limit_w is None else limit_w),)
        if evse in cars:
            free = whole
            for at in cars.keys() - {evse}:
                free = without(free, _from_now(self._plans[charger][at].steps or ((now_s, 0.0),), now_s))
            alone = planned({evse: cars[evse]}, free)
            if serves(alone[evse], cars[evse]) or len(cars) == 1:
                return alone
            return planned(cars, whole)
        kept, free = self._kept(charger, cars, whole)
        return planned({at: car for at, car in cars.items() if at not in kept}, free)

    def _kept(self, charger: str, cars: dict[int, Car], free: Steps) -> tuple[set[int], Steps]:
        """Who need not be planned anew, since all who say when they leave are served as it is; and what that leaves."""
        kept: set[int] = set()
        now_s, whole = free[0][0], free
        for at, car in cars.items():
            steps = self._plans[charger][at].steps
            if not steps or not car.levels:
                continue
            steps = _from_now(steps, now_s)
            if not serves(steps, car) or not fits(steps, free):
                return set(), whole
            kept.add(at)
            free = without(free, steps)
        return kept, free

    async def _cars(self, charger: str) -> dict[int, Car]:
        """The cars as they are now: whose transaction has ended is gone; what has flowed is wanted no more."""
        flowed = {one.tx: one.energy_wh or 0.0 for one in await self._sessions(charger)}
        plans = self._plans[charger]
        for evse in [one for one, plan in plans.items() if plan.tx not in flowed]:
            del plans[evse]
        return {evse: _rest(plan, flowed[plan.tx]) for evse, plan in plans.items()}

    async def _sessions(self, charger: str) -> list[SessionRow]:
        """The open ones, the newest first."""
        return (await self._office.store.read(lambda database: database.sessions(charger, open_only=True)))[::-1]

    async def _tell(self, peer: Peer, charger: str, plan: CarPlan, steps: Steps) -> None:
        """Set the profile of a car's transaction (K15.FR.07). Raises CallFailedError."""
        self._note(charger, plan, steps=steps, own=None, agreed=None, remark="")
        try:
            answer = await peer.call(peer.dialect.call_for(profile(plan, steps)))
        except UnsayableError as error:
            self._note(charger, plan, steps=(), remark=str(error))
        else:
            status = status_of(answer) or ""
            self._note(charger, plan, steps=steps if status == TAKEN else (), remark=status)

    def _note(self, charger: str, plan: CarPlan, **changes: Any) -> None:
        """Keep what has become of a plan, unless its car has said meanwhile that it needs something else."""
        now = self._plans[charger].get(plan.evse)
        if now is not None and now.car is plan.car:
            self._plans[charger][plan.evse] = msgspec.structs.replace(now, **changes)
        self._touch(charger)

    def _later(self, errand: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)


def profile(plan: CarPlan, steps: Steps) -> p.SetProfile:
    """A schedule as the charger is asked for it; one of an operator's, on a higher level, goes before it.

    Of alternating current in ampere of each phase: that is right whichever of the charger's phases the car uses.
    """
    begin_s, unit_w = steps[0][0], 1.0 if plan.direct else plan.volts
    return p.SetProfile(
        number=FIRST_PROFILE + plan.evse,
        evse=plan.evse,
        purpose=p.Purpose.TRANSACTION,
        kind=p.Kind.ABSOLUTE,
        unit=p.Unit.WATT if plan.direct else p.Unit.AMPERE,
        tx=plan.tx,
        start_utc_s=begin_s,
        periods=tuple(
            p.Period(start_s=int(at_s - begin_s), limit=math.floor(power / unit_w * TENTHS + ROUNDING) / TENTHS)
            for at_s, power in steps
        ),
    )


def _rest(plan: CarPlan, flowed_wh: float) -> Car:
    car, flowed_wh = plan.car, flowed_wh - plan.said_wh
    entries = PERIODS if car.entries is None else min(car.entries, PERIODS)
    wanted_wh = None if car.energy_wh is None else max(0.0, car.energy_wh - flowed_wh)
    return msgspec.structs.replace(car, energy_wh=wanted_wh, entries=entries)


def _from_now(steps: Steps, now_s: float) -> Steps:
    """What is still to come of it."""
    return ((now_s, power_w(steps, now_s)), *(one for one in steps if one[0] > now_s))
