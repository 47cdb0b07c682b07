"""When cars that say what they need are charged: as evenly as they can be, and done when they leave. PURE.

Cars of one charger share what it may give them: who leaves first is planned first, each as low as is enough to have its
energy by its departure, the next in what that leaves. Who does not say when it leaves, or what it needs, is planned
last, in equal shares. Power is in watt over all phases, times are Unix seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

import msgspec

RESERVE: Final = 1.05  # our policy: planned energy by energy wanted; chargers and cars round down
SOONER: Final = 0.95  # our policy: the part of its stay in which a car is to be charged
S_PER_H: Final = 3600.0
SAME_W: Final = 1.0  # our policy: less is rounding
SLACK: Final = 1.01  # our policy: a car's profile in ampere, at another voltage than the nominal one

Steps: TypeAlias = tuple[tuple[float, float], ...]  # (from this moment on, watt); the first is the beginning


class Car(msgspec.Struct, frozen=True, kw_only=True):
    """What a car can take and wants. `least_w`: below this it takes nothing; `entries`: the periods it can take."""

    most_w: float
    least_w: float = 0.0
    energy_wh: float | None = None
    departs_utc_s: float | None = None
    entries: int | None = None

    @property
    def levels(self) -> bool:
        """Whether it says enough to be charged more slowly than it could be."""
        return bool(self.energy_wh) and self.departs_utc_s is not None


def planned(cars: Mapping[int, Car], free: Steps) -> dict[int, Steps]:
    """The schedule of every car of a charger, by its EVSE; together they stay within what is free at every moment."""
    now_utc_s = free[0][0]
    made: dict[int, Steps] = {}
    hurried = sorted((one for one in cars if cars[one].levels), key=lambda one: (cars[one].departs_utc_s, one))
    others = [one for one in cars if not cars[one].levels]
    for evse in hurried:
        made[evse] = _levelled(cars[evse], free)
        free = without(free, made[evse])
    for number, evse in enumerate(others):
        share = tuple((at_s, power / (len(others) - number)) for at_s, power in free)
        made[evse] = _bounded(cars[evse], share, math.inf)
        free = without(free, made[evse])
    for evse in hurried:  # who stays longer than it said has what nobody else was given
        departs_s = max(cars[evse].departs_utc_s or now_utc_s, now_utc_s)
        later = ((now_utc_s, 0.0), *_since(_bounded(cars[evse], free, math.inf), departs_s))
        made[evse] = _merged((*_until(made[evse], departs_s), *_since(later, departs_s)))
        free = without(free, later)
    return {evse: fitted(steps, cars[evse].entries) for evse, steps in made.items()}


def _levelled(car: Car, free: Steps) -> Steps:
    """As low as is enough, within what is free, until it leaves."""
    begin_s, departs_s = free[0][0], max(car.departs_utc_s or 0.0, free[0][0])
    done_s = begin_s + (departs_s - begin_s) * SOONER
    level_w = _level(car, free, done_s, (car.energy_wh or 0.0) * RESERVE)
    return _merged((*_until(_bounded(car, free, level_w), departs_s), (departs_s, 0.0)))


def _level(car: Car, free: Steps, until_s: float, wanted_wh: float) -> float:
    """The lowest level that gives the energy in time; what the car takes at most where none does."""
    levels = sorted({car.least_w, car.most_w, *(power for _, power in free if power <= car.most_w)})
    low_w = 0.0
    for high_w in levels:
        if energy_wh(_bounded(car, free, high_w), until_s) >= wanted_wh:
            return _between(car, free, until_s, wanted_wh, low_w, high_w)
        low_w = high_w
    return car.most_w


def _between(car: Car, free: Steps, until_s: float, wanted_wh: float, low_w: float, high_w: float) -> float:
    """Between two levels with no edge in between, energy grows evenly; a car below its least takes nothing."""
    if high_w <= car.least_w:
        return high_w
    low_w = max(low_w, car.least_w)
    low_wh, high_wh = (energy_wh(_bounded(car, free, one), until_s) for one in (low_w, high_w))
    if high_wh <= low_wh or low_wh >= wanted_wh:
        return low_w if low_wh >= wanted_wh else high_w
    return low_w + (high_w - low_w) * (wanted_wh - low_wh) / (high_wh - low_wh)


def _bounded(car: Car, free: Steps, level_w: float) -> Steps:
    """What is free, at most so much, and nothing where that is less than the car takes."""
    most_w = min(level_w, car.most_w)
    bounded = ((at_s, min(power, most_w)) for at_s, power in free)
    return _merged(tuple((at_s, power if power >= car.least_w else 0.0) for at_s, power in bounded))


def energy_wh(steps: Steps, until_s: float) -> float:
    """What flows by then, if everything is taken."""
    ends = (*(at_s for at_s, _ in steps[1:]), math.inf)
    return sum(
        power * max(0.0, min(end_s, until_s) - at_s) / S_PER_H for (at_s, power), end_s in zip(steps, ends, strict=True)
    )


def fitted(steps: Steps, most: int | None) -> Steps:
    """The same in at most so many periods: those that differ least become one, of the lower power."""
    fewer = list(steps)
    while most is not None and len(fewer) > max(most, 1):
        costs = [abs(one[1] - other[1]) for one, other in pairwise(fewer)]
        at = costs.index(min(costs))
        fewer[at : at + 2] = [(fewer[at][0], min(fewer[at][1], fewer[at + 1][1]))]
    return _merged(tuple(fewer))


def without(free: Steps, taken: Steps) -> Steps:
    """What is left, at every moment."""
    edges = sorted({at_s for at_s, _ in (*free, *taken)})
    return _merged(tuple((at_s, max(0.0, power_w(free, at_s) - power_w(taken, at_s))) for at_s in edges))


def power_w(steps: Steps, at_s: float) -> float:
    """What a schedule says at a moment; before its beginning, what it begins with."""
    return next((power for since_s, power in reversed(steps) if since_s <= at_s), steps[0][1])


def serves(steps: Steps, car: Car) -> bool:
    """Whether a car has with this schedule what it wants; one that does not say so, anything at once."""
    if car.levels:
        return energy_wh(steps, car.departs_utc_s or 0.0) >= (car.energy_wh or 0.0)
    return steps[0][1] > 0


def fits(steps: Steps, free: Steps) -> bool:
    """Whether it takes no more than is free, at any moment."""
    return all(power_w(steps, at_s) <= power_w(free, at_s) + SAME_W for at_s, _ in (*steps, *free))


def differ(old: Steps, new: Steps, now_utc_s: float) -> bool:
    """Whether two schedules say another power at any moment from now on."""
    edges = {now_utc_s, *(at_s for at_s, _ in (*old, *new) if at_s > now_utc_s)}
    return any(abs(power_w(old, at_s) - power_w(new, at_s)) > SAME_W for at_s in edges)


def keeps_to(profile: Sequence[tuple[float, float]], steps: Steps) -> bool:
    """Whether a car's profile is within its schedule at every moment (OCPP 2.0.1 K15.FR.11, K15.FR.12)."""
    own = tuple(sorted(profile))
    edges = {at_s for at_s, _ in (*own, *steps) if own and at_s >= own[0][0]}
    return all(power_w(own, at_s) <= power_w(steps, at_s) * SLACK + SAME_W for at_s in edges)


def _until(steps: Steps, end_s: float) -> Steps:
    return tuple(one for one in steps if one[0] < end_s)


def _since(steps: Steps, begin_s: float) -> Steps:
    return ((begin_s, power_w(steps, begin_s)), *(one for one in steps if one[0] > begin_s))


def _merged(steps: Steps) -> Steps:
    return tuple(one for number, one in enumerate(steps) if number == 0 or steps[number - 1][1] != one[1])
