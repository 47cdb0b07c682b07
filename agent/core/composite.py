"""What charging profiles leave over a stretch of time: composite schedules of an EVSE and of the station (OCPP K08)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from msgspec.structs import replace

from agent.core.schedule import (
    DEFAULT_PHASES,
    NOMINAL_V,
    OF_THE_STATION,
    Active,
    Period,
    Profile,
    RateUnit,
    Situation,
    edges,
    limit_at,
)

ROUNDING: Final = 1e-6  # our policy: what a division may have lost of a tenth


def composite(
    profiles: Iterable[Profile],
    situation: Situation,
    start_utc_s: float,
    duration_s: float,
    unit: RateUnit = RateUnit.AMPERE,
    ceiling_a: float | None = None,
) -> tuple[Period, ...]:
    """What holds from `start_utc_s` for `duration_s`, as few periods as can say it (K08, 1.6 GetCompositeSchedule).

    Where no profile limits anything, or allows more, `ceiling_a` is given, or, where that is None, what there is.
    """
    every = tuple(profiles)

    def at(utc_s: float) -> Flow | None:
        return _flow(limit_at(every, situation, utc_s), situation, ceiling_a)

    return _periods(at, _all_edges(every, (situation,), start_utc_s, duration_s), start_utc_s, unit)


def station_composite(
    profiles: Iterable[Profile],
    situations: Iterable[tuple[Situation, float]],
    start_utc_s: float,
    duration_s: float,
    unit: RateUnit,
    fuse_a: float,
) -> tuple[Period, ...]:
    """What the station expects to take from the grid at most: the sum over its EVSEs, each with what it can give.

    Never above the fuse, nor above what limits the station as a whole (K08.FR.03, K04.FR.05).
    """
    every, everywhere = tuple(profiles), tuple(situations)
    whole = tuple(one for one in every if one.evse == 0 and one.purpose in OF_THE_STATION)
    station = Situation(0, phases=max((one.phases for one, _ in everywhere if not one.dc), default=DEFAULT_PHASES))

    def at(utc_s: float) -> Flow | None:
        each = [_flow(limit_at(every, one, utc_s), one, most_a) for one, most_a in everywhere]
        flows = [_on_mains(one, station.phases) for one in each if one is not None]
        cap = limit_at(whole, station, utc_s)
        most_a = fuse_a if cap is None else min(fuse_a, cap.current_a)
        current_a = min(sum(one.current_a for one in flows), most_a)
        power_w = min(sum(one.power_w for one in flows), most_a * station.phases * station.nominal_v)
        return Flow(current_a, station.phases, power_w)

    everyone = (station, *(one for one, _ in everywhere))
    return _periods(at, _all_edges(every, everyone, start_utc_s, duration_s), start_utc_s, unit)


def in_whole_seconds(periods: Iterable[Period]) -> tuple[Period, ...]:
    """The periods as the wire counts them: of those that begin within one second the last, which goes on."""
    latest = {math.floor(one.start_s): one for one in periods}
    return tuple(replace(one, start_s=float(start_s)) for start_s, one in latest.items())


class Flow(msgspec.Struct, frozen=True):
    """The most that may flow: per phase, and over all."""

    current_a: float
    phases: int
    power_w: float
    dc: bool = False


def _flow(active: Active | None, situation: Situation, ceiling_a: float | None) -> Flow | None:
    if active is None and ceiling_a is None:
        return None
    current_a, phases = (ceiling_a or 0.0), situation.phases
    if active is not None and (ceiling_a is None or active.current_a < ceiling_a):
        current_a, phases = active.current_a, min(active.phases, situation.phases)
    if situation.dc:
        phases = 1
    return Flow(current_a, phases, current_a * phases * situation.nominal_v, situation.dc)


def _on_mains(flow: Flow, phases: int) -> Flow:
    """What a DC output is to the station's own phases; an AC one is what it is."""
    return replace(flow, current_a=flow.power_w / (phases * NOMINAL_V)) if flow.dc else flow


def _periods(
    at: Callable[[float], Flow | None], moments: Iterable[float], start_utc_s: float, unit: RateUnit
) -> tuple[Period, ...]:
    """One period for each stretch that differs from the one before it."""
    periods: list[Period] = []
    gap = False
    for edge in sorted(moments):
        flow = at(edge)
        if flow is None:
            gap = True
            continue
        limit = _tenths(flow.current_a if unit is RateUnit.AMPERE else flow.power_w)
        if gap or not periods or (periods[-1].limit, periods[-1].phases) != (limit, flow.phases):
            periods.append(Period(edge - start_utc_s, limit, flow.phases))
        gap = False
    return tuple(periods)


def _tenths(value: float) -> float:
    """With one decimal, as OCPP takes it, and never more than it is."""
    return math.floor(value * 10.0 + ROUNDING) / 10.0


def _all_edges(
    profiles: tuple[Profile, ...], situations: Iterable[Situation], start_utc_s: float, duration_s: float
) -> set[float]:
    end_s = start_utc_s + duration_s
    found = {edge for here in situations for one in profiles for edge in edges(one, here, start_utc_s, end_s)}
    return found | {start_utc_s}
