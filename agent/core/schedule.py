"""Charging profiles: which limit holds at a moment, and when it changes. `agent.core.composite` looks further ahead.

Times are Unix seconds UTC, limits ampere per phase inside this module; power is turned into current by the nominal
voltage of the grid, not the measured one (OCPP 2.0.1 K01.FR.50).
"""

from __future__ import annotations

import enum
import math
from bisect import bisect_right
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


OF_THE_STATION: Final = frozenset({Purpose.STATION_MAX, Purpose.EXTERNAL})
OF_TRANSACTIONS: Final = frozenset({Purpose.TX_DEFAULT, Purpose.TX})


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


class LimitOwner(enum.StrEnum):
    """Who set a profile (OCPP 2.0.1 ChargingLimitSourceEnumType)."""

    CSMS = "CSO"
    ENERGY_MANAGER = "EMS"
    GRID = "SO"
    OTHER = "Other"


class Period(msgspec.Struct, frozen=True):
    """From `start_s` after the schedule's start: `limit` in the schedule's unit, over `phases` phases (None: three)."""

    start_s: float
    limit: float
    phases: int | None = None
    phase_to_use: int | None = None

    @property
    def over(self) -> int:
        """The phases that the limit is meant for (K01.FR.49)."""
        return self.phases or DEFAULT_PHASES


class Schedule(msgspec.Struct, frozen=True):
    """Periods in order, the first at 0 (K01.FR.31, K01.FR.35). `duration_s` None: until something replaces it.

    Below `min_rate`, in its unit, the car charges inefficiently.
    """

    periods: tuple[Period, ...]
    unit: RateUnit = RateUnit.AMPERE
    start_utc_s: float | None = None
    duration_s: float | None = None
    min_rate: float | None = None
    id: int = 1


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
    owner: LimitOwner = LimitOwner.CSMS
    others: tuple[Schedule, ...] = ()  # among which a car that talks may choose, too


class Situation(msgspec.Struct, frozen=True):
    """The EVSE that is asked about, and its phases. `ready_utc_s`: when energy could first flow (K01.FR.42).

    `dc`: its output has one "phase", at `nominal_v`; a limit in ampere is one of that output.
    """

    evse: int
    tx: str | None = None
    ready_utc_s: float | None = None
    nominal_v: float = NOMINAL_V
    phases: int = DEFAULT_PHASES
    dc: bool = False


class Active(msgspec.Struct, frozen=True):
    """The limit at a moment, the phases it is meant for, and the profile that decides it. `power_w`: if said so."""

    current_a: float
    phases: int
    profile: int
    min_a: float = 0.0
    power_w: float | None = None


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
    if any(one.over not in {1, 2, 3} or one.phases == 0 for one in periods):
        raise ProfileError("InvalidSchedule", "a period uses 1, 2 or 3 phases")
    if any(one.phase_to_use not in {None, 1, 2, 3} for one in periods):
        raise ProfileError("InvalidSchedule", "a phase is 1, 2 or 3")
    if any(one.phase_to_use is not None and one.phases != 1 for one in periods):
        raise ProfileError("InvalidSchedule", "a phase can be chosen where one is used (K01.FR.19)")
    if profile.schedule.duration_s is not None and profile.schedule.duration_s <= 0:
        raise ProfileError("InvalidSchedule", "a duration is longer than nothing")
    if profile.stack_level < 0:
        raise ProfileError("InvalidStackLevel", "the lowest stack level is 0")
    if (profile.schedule.start_utc_s is None) != (profile.kind is Kind.RELATIVE):
        raise ProfileError(
            "InvalidSchedule", "startSchedule belongs to absolute and recurring schedules (K01.FR.40/41)"
        )
    if profile.kind is Kind.RECURRING and profile.recurrency is None:
        raise ProfileError("InvalidProfile", "a recurring profile needs a recurrencyKind")
    if profile.purpose is Purpose.STATION_MAX and profile.kind is Kind.RELATIVE:
        raise ProfileError("InvalidProfile", "the station's limit is not relative to a transaction (K01.FR.38)")
    if profile.purpose is Purpose.STATION_MAX and profile.evse != 0:
        raise ProfileError("InvalidProfile", "the station's limit belongs to the station, EVSE 0")
    if profile.purpose is Purpose.TX and profile.evse == 0:
        raise ProfileError("InvalidProfile", "a transaction's profile belongs to its EVSE (K01.FR.16)")
    return profile


def overlapping(one: Profile, other: Profile) -> bool:
    """Whether both claim the same place in the stack at the same time (K01.FR.06, K01.FR.39)."""
    same = (one.purpose, one.stack_level, one.evse, one.tx) == (
        other.purpose,
        other.stack_level,
        other.evse,
        other.tx,
    )
    return same and one.valid_from_utc_s < other.valid_to_utc_s and other.valid_from_utc_s < one.valid_to_utc_s


def limit_at(profiles: Iterable[Profile], situation: Situation, utc_s: float) -> Active | None:
    """The lowest of what the prevailing profile of each purpose says now; None: no profile limits anything."""
    found = list(_prevailing(tuple(profiles), situation, utc_s))
    return min(found, key=lambda one: (one.current_a, one.profile), default=None)


def dc_limit_at(profiles: Iterable[Profile], situation: Situation, utc_s: float) -> tuple[float | None, float | None]:
    """The lowest current and the lowest power that prevailing profiles say of a DC output; None: none says one."""
    found = list(_prevailing(tuple(profiles), situation, utc_s))
    amps = (one.current_a for one in found if one.power_w is None)
    watts = (one.power_w for one in found if one.power_w is not None)
    return min(amps, default=None), min(watts, default=None)


def next_change(profiles: Iterable[Profile], situation: Situation, utc_s: float) -> float | None:
    """The next moment after `utc_s` at which the limit may be another."""
    edges = (edge for one in profiles if _concerns(one, situation) for edge in _next_edges(one, situation, utc_s))
    return min((edge for edge in edges if utc_s < edge < math.inf), default=None)


def _prevailing(profiles: tuple[Profile, ...], situation: Situation, utc_s: float) -> Iterator[Active]:
    """Of each purpose the highest stack level that says something; a transaction's own goes before the default.

    On the same level a default of this EVSE goes before one of all EVSEs (1.6 3.13.1). External constraints of
    different systems hold side by side.
    """
    found: dict[tuple[Purpose, LimitOwner], tuple[tuple[int, bool], Active]] = {}
    for profile in profiles:
        active = _active(profile, situation, utc_s)
        if active is not None:
            slot, rank = (profile.purpose, profile.owner), (profile.stack_level, profile.evse != 0)
            if slot not in found or rank > found[slot][0]:
                found[slot] = rank, active
    overruled = any(purpose is Purpose.TX for purpose, _ in found)
    for (purpose, _), (_, active) in found.items():
        if not (overruled and purpose is Purpose.TX_DEFAULT):
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
    period = schedule.periods[_at(schedule.periods, passed_s)]
    power_w = None if schedule.unit is RateUnit.AMPERE else period.limit
    over = 1 if situation.dc else period.over
    per_ampere = 1.0 if power_w is None else situation.nominal_v * over
    return Active(period.limit / per_ampere, over, profile.id, (schedule.min_rate or 0.0) / per_ampere, power_w)


def _began(profile: Profile, situation: Situation, utc_s: float) -> float | None:
    """When the run of the schedule that counts at `utc_s` began; None: not yet."""
    start_s = situation.ready_utc_s if profile.kind is Kind.RELATIVE else profile.schedule.start_utc_s
    if start_s is None or utc_s < start_s:
        return None
    if profile.kind is Kind.RECURRING and profile.recurrency is not None:
        return start_s + (utc_s - start_s) // profile.recurrency * profile.recurrency
    return start_s


def _next_edges(profile: Profile, situation: Situation, utc_s: float) -> Iterator[float]:
    """The moments, among them the next, at which this profile may begin, end or change."""
    yield profile.valid_from_utc_s
    yield profile.valid_to_utc_s
    began_s = _began(profile, situation, utc_s)
    if began_s is None:
        start_s = situation.ready_utc_s if profile.kind is Kind.RELATIVE else profile.schedule.start_utc_s
        yield math.inf if start_s is None else start_s
        return
    schedule = profile.schedule
    following = _at(schedule.periods, utc_s - began_s) + 1
    if following < len(schedule.periods):
        yield began_s + schedule.periods[following].start_s
    if schedule.duration_s is not None:
        yield began_s + schedule.duration_s
    if profile.kind is Kind.RECURRING and profile.recurrency is not None:
        yield began_s + profile.recurrency


def _at(periods: tuple[Period, ...], passed_s: float) -> int:
    """The period that holds so long after the start."""
    return bisect_right(periods, passed_s, key=lambda one: one.start_s) - 1


def edges(profile: Profile, situation: Situation, from_s: float, to_s: float) -> Iterator[float]:
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
