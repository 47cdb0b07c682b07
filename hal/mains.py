"""Whether a phase of the supply that was there is gone, from what the meter measures. PURE.

A charger that is wired to fewer phases than its board has never sees the others, and misses none. A meter behind the
contactor sees nothing at all while it is open: then nothing is known.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from hal.types import MeterSample, Quality

LIVE_V: Final = 180.0  # our policy: what a phase of 230 V has at the least, in a bad grid
DEAD_V: Final = 100.0  # our policy: below it a phase is gone; what is coupled into a dead wire stays under it
CONFIRMED_BY: Final = 2  # our policy: samples in a row; one may fall into a switching contactor


class Mains(msgspec.Struct, frozen=True):
    """Phases (0 to 2) that were seen live, those that are gone since, and what the last sample said."""

    live: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()
    missed: int = 0  # samples in a row in which one of `live` was dead and another one was not
    dark: bool = False  # the last sample saw no voltage at all


def sampled(mains: Mains, sample: MeterSample) -> Mains:
    """A meter's sample came; one that is stale or not a number is not used."""
    volts = sample.voltage_v
    if sample.quality is not Quality.GOOD or not volts or not all(math.isfinite(one) for one in volts):
        return mains
    now_live = frozenset(phase for phase, one in enumerate(volts) if one >= LIVE_V)
    now_dead = frozenset(phase for phase, one in enumerate(volts) if one < DEAD_V)
    if not now_live:
        return Mains(mains.live, mains.lost, 0, dark=True)
    live = mains.live | now_live
    missing = live & now_dead
    missed = mains.missed + 1 if missing else 0
    lost = (mains.lost | missing if missed >= CONFIRMED_BY else mains.lost) - now_live
    return Mains(live, lost, missed)


def unplugged(mains: Mains) -> Mains:
    """The car is gone. A meter that sees nothing now cannot see a phase come back: the next car tries anew."""
    return Mains() if mains.dark else mains
