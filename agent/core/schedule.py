"""Charging profiles: which limit holds at a moment, and the composite schedule over a span of time.

Times are Unix seconds UTC, limits ampere per phase inside this module; power is turned into current by the nominal
voltage of the grid, not the measured one (OCPP 2.0.1 K01.FR.50).
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

import msgspec

DAY_S: Final = 86_400
WEEK_S: Final = 7 * DAY_S
DEFAULT_PHASES: Final = 3  # OCPP 2.0.1 K01.FR.49; 1.6 7.14
NOMINAL_V: Final = 230.0


class Purpose(enum.StrEnum):
    """Whom a profile limits (OCPP 2.0.1 ChargingProfilePurposeEnumType; 1.6 calls the first ChargePointMaxProfile)."""

    STATION_MAX = "ChargingStationMaxProfile"
    EXTERNAL = "ChargingStationExternalConstraints"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"


class Kind(enum.StrEnum):
    """What a schedule's periods are counted from."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


class Recurrency(enum.IntEnum):
    """How long a recurring schedule runs before it begins again, in seconds."""

    DAILY = DAY_S
    WEEKLY = WEEK_S


class RateUnit(enum.StrEnum):
    """What a schedule's limits are: ampere per phase, or watt over all phases."""

    AMPERE = "A"
    WATT = "W"


class Period(msgspec.Struct, frozen=True):
    """From `start_s` after the schedule's start: `limit` in the schedule's unit, over `phases` phases."""

    start_s: float
    limit: float
    phases: int = DEFAULT_PHASES


class Schedule(msgspec.Struct, frozen=True):
    """Periods in order, the first at 0 (K01.FR.31, K01.FR.35). `duration_s` None: until something replaces it."""

    periods: tuple[Period, ...]
    unit: RateUnit = RateUnit.AMPERE
    start_utc_s: float | None = None
    duration_s: float | None = None
    min_rate: float | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A charging profile as installed: on `evse` 0 for all of them, for transaction `tx` if its purpose is TX."""

    id: int
    evse: int
    stack_level: int
    purpose: Purpose
    kind: Kind
    schedule: Schedule
    recurrency: Recurrency | None = None
    valid_from_utc_s: float = -math.inf
    valid_to_utc_s: float = math.inf
    tx: str | None = None


class Situation(msgspec.Struct, frozen=True):
    """The EVSE that is asked about. `ready_utc_s`: when its transaction could first have energy (K01.FR.42)."""

    evse: int
    tx: str | None = None
    ready_utc_s: float | None = None
    nominal_v: float = NOMINAL_V


class Active(msgspec.Struct, frozen=True):
    """The limit at a moment, the phases it is meant for, and the profile that decides it."""

    current_a: float
    phases: int
    profile: int


class ProfileError(ValueError):
    """A profile that cannot be installed; `reason` is OCPP 2.0.1's reasonCode."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def checked(profile: Profile) -> Profile:
    """The profile itself, if it can be executed. Raises `ProfileError`."""
    periods = profile.schedule.periods
    if not periods or periods[0].start_s != 0:
        raise ProfileError("InvalidSchedule", "the first period starts at 0 (K01.FR.31)")
    if any(a.start_s >= b.start_s for a, b in pairwise(periods)):
        raise ProfileError("InvalidSchedule", "periods stand in the order of their starts (K01.FR.35)")
    if any(not math.isfinite(one.limit) or one.limit < 0 for one in periods):
        raise ProfileError("InvalidSchedule", "a limit is a number of at least 0")
    if any(one.phases not in {1, 2, 3} for one in periods):
        raise ProfileError("InvalidSchedule", "a period uses 1, 2 or 3 phases")
    if (profile.schedule.start_utc_s is None) != (profile.kind is Kind.RELATIVE):
        raise ProfileError(
            "InvalidSchedule", "startSchedule belongs to absolute and recurring schedules (K01.FR.40/41)"
        )
    if (profile.recurrency is None) == (profile.kind is Kind.RECURRING):
        raise ProfileError("InvalidProfile", "recurrencyKind belongs to recurring profiles, and they need it")
    if profile.purpose is Purpose.STATION_MAX and profile.kind is Kind.RELATIVE:
        raise ProfileError("InvalidProfile", "the station's limit is not relative to a transaction (K01.FR.38)")
    if profile.purpose is Purpose.STATION_MAX and profile.evse != 0:
        raise ProfileError("InvalidProfile", "the station's limit belongs to the station, EVSE 0")
    if profile.purpose is Purpose.TX and profile.evse == 0:
        raise ProfileError("InvalidProfile", "a transaction's profile belongs to its EVSE (K01.FR.16)")
    return profile


def limit_at(profiles: Iterable[Profile], situation: Situation, utc_s: float) -> Active | None:
    """The lowest of what the prevailing profile of each purpose says now; None: no profile limits anything."""
    found = list(_prevailing(tuple(profiles), situation, utc_s))
    return min(found, key=lambda one: (one.current_a, one.profile), default=None)


def next_change(
    profiles: Iterable[Profile], situation: Situation, utc_s: float, horizon_s: float = WEEK_S
) -> float | None:
    """The next moment after `utc_s`, within the horizon, at which the limit may be another."""
    every = tuple(profiles)
    edges = {edge for one in every for edge in _edges(one, situation, utc_s, utc_s + horizon_s)}
    return min((edge for edge in edges if edge > utc_s), default=None)


def composite(
    profiles: Iterable[Profile],
    situation: Situation,
    start_utc_s: float,
    duration_s: float,
    unit: RateUnit = RateUnit.AMPERE,
    unlimited_a: float | None = None,
) -> tuple[Period, ...]:
    """What holds from `start_utc_s` for `duration_s`, as few periods as can say it (K08, 1.6 GetCompositeSchedule).

    Where no profile limits anything `unlimited_a` is given, or, where that is None, the stretch is left out.
    """
    every, end_s = tuple(profiles), start_utc_s + duration_s
    edges = {start_utc_s} | {edge for one in every for edge in _edges(one, situation, start_utc_s, end_s)}
    periods: list[Period] = []
    gap = False
    for edge in sorted(edges):
        active = limit_at(every, situation, edge)
        if active is None and unlimited_a is None:
            gap = True
            continue
        current_a, phases = (active.current_a, active.phases) if active else (unlimited_a or 0.0, DEFAULT_PHASES)
        limit = current_a if unit is RateUnit.AMPERE else current_a * phases * situation.nominal_v
        if gap or not periods or (periods[-1].limit, periods[-1].phases) != (limit, phases):
            periods.append(Period(edge - start_utc_s, limit, phases))
        gap = False
    return tuple(periods)


def _prevailing(profiles: tuple[Profile, ...], situation: Situation, utc_s: float) -> Iterator[Active]:
    """Of each purpose the highest stack level that says something; a transaction's own goes before the default."""
    by_purpose: dict[Purpose, tuple[int, Active]] = {}
    for profile in profiles:
        active = _active(profile, situation, utc_s)
        if active is not None:
            known = by_purpose.get(profile.purpose)
            if known is None or profile.stack_level > known[0]:
                by_purpose[profile.purpose] = (profile.stack_level, active)
    if Purpose.TX in by_purpose:
        by_purpose.pop(Purpose.TX_DEFAULT, None)
    for _, active in by_purpose.values():
        yield active


def _concerns(profile: Profile, situation: Situation) -> bool:
    if profile.evse not in {0, situation.evse}:
        return False
    return profile.purpose is not Purpose.TX or (situation.tx is not None and profile.tx in {None, situation.tx})


def _active(profile: Profile, situation: Situation, utc_s: float) -> Active | None:
    if not _concerns(profile, situation) or not profile.valid_from_utc_s <= utc_s < profile.valid_to_utc_s:
        return None
    began_s = _began(profile, situation, utc_s)
    if began_s is None:
        return None
    schedule, passed_s = profile.schedule, utc_s - began_s
    if schedule.duration_s is not None and passed_s >= schedule.duration_s:
        return None  # a lower stack level has its turn (K01.FR.12/13)
    period = next(one for one in reversed(schedule.periods) if one.start_s <= passed_s)
    limit_a = period.limit
    if schedule.unit is RateUnit.WATT:
        limit_a /= situation.nominal_v * period.phases
    return Active(limit_a, period.phases, profile.id)


def _began(profile: Profile, situation: Situation, utc_s: float) -> float | None:
    """When the run of the schedule that counts at `utc_s` began; None: not yet."""
    start_s = situation.ready_utc_s if profile.kind is Kind.RELATIVE else profile.schedule.start_utc_s
    if start_s is None or utc_s < start_s:
        return None
    if profile.kind is Kind.RECURRING and profile.recurrency is not None:
        return start_s + (utc_s - start_s) // profile.recurrency * profile.recurrency
    return start_s


def _edges(profile: Profile, situation: Situation, from_s: float, to_s: float) -> Iterator[float]:
    """Every moment in [from_s, to_s) at which this profile may begin, end or change."""
    if not _concerns(profile, situation):
        return
    for run_s in _runs(profile, situation, from_s, to_s):
        schedule = profile.schedule
        for offset_s in (*(one.start_s for one in schedule.periods), schedule.duration_s):
            if offset_s is not None and from_s <= run_s + offset_s < to_s:
                yield run_s + offset_s
    for edge in (profile.valid_from_utc_s, profile.valid_to_utc_s):
        if from_s <= edge < to_s:
            yield edge


def _runs(profile: Profile, situation: Situation, from_s: float, to_s: float) -> Iterator[float]:
    """The starts of every run of the schedule that reaches into the span."""
    start_s = situation.ready_utc_s if profile.kind is Kind.RELATIVE else profile.schedule.start_utc_s
    if start_s is None:
        return
    if profile.kind is not Kind.RECURRING or profile.recurrency is None:
        yield start_s
        return
    run_s = start_s + max(0.0, (from_s - start_s) // profile.recurrency) * profile.recurrency
    while run_s < to_s:
        yield run_s
        run_s += profile.recurrency
