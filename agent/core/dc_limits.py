"""The limits of a DC output: the same sources as of AC, each in what it is about, ampere at the cable or watt.

What limits the supply's mains side (fuse, grid, station) says ampere per phase; the output may give what is left of
that power. A temperature limits the same share of the supply's rating as of an AC outlet's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from agent.core.limits import MAX_OFFER_A, Limit, LimitInput, LimitSource
from hal.types import DcRatings

MAINS_V: Final = 230.0  # EN 50160
EFFICIENCY: Final = 0.92  # our policy: the least that a supply gives of what it takes
MAINS_SIDE: Final = frozenset({LimitSource.SITE_FUSE, LimitSource.STATION, LimitSource.GRID, LimitSource.LOCAL})


def mains_a(ratings: DcRatings, phases: int) -> float:
    """What a supply takes from each phase at its rating."""
    return ratings.max_power_w / (MAINS_V * phases * EFFICIENCY)


def at_output_a(mains_side_a: float, phases: int, volts: float) -> float:
    """The current at the output that a current on the mains side allows."""
    return mains_side_a * MAINS_V * phases * EFFICIENCY / volts if volts > 0 else 0.0


def most_a(ratings: DcRatings, volts: float) -> float:
    """What a supply gives at a voltage."""
    return min(ratings.max_current_a, ratings.max_power_w / volts) if volts > 0 else ratings.max_current_a


def dc_limit(inputs: Iterable[LimitInput], ratings: DcRatings, phases: int, volts: float, now_mono_s: float) -> Limit:
    """The lowest of all inputs at this moment, as a current at `volts`; no input at all: nothing."""
    lowest: Limit | None = None
    power_w = ratings.max_power_w
    for one in inputs:
        stale = now_mono_s >= one.until_mono_s
        amps, watts = _meant(one, one.fallback_a if stale else one.current_a, ratings, phases)
        power_w = min(power_w, watts)
        current_a = min(amps, watts / volts if volts > 0 else math.inf, ratings.max_current_a)
        if lowest is None or current_a < lowest.current_a:
            lowest = Limit(current_a, one.source, stale, least_a=0.0)
    if lowest is None:
        return Limit(0.0, LimitSource.BOARD, stale=True, least_a=0.0, power_w=0.0)
    current_a = min(lowest.current_a, ratings.max_power_w / volts if volts > 0 else math.inf)
    return Limit(current_a, lowest.source, lowest.stale, least_a=0.0, power_w=power_w)


def _meant(one: LimitInput, said_a: float, ratings: DcRatings, phases: int) -> tuple[float, float]:
    """Ampere at the output, and watt."""
    watts = math.inf if one.power_w is None else one.power_w
    if one.source in MAINS_SIDE:
        return math.inf, min(watts, said_a * MAINS_V * phases * EFFICIENCY)
    if one.source is LimitSource.TEMPERATURE:
        return said_a / MAX_OFFER_A * ratings.max_current_a, watts
    return said_a, watts
