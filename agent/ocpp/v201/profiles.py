"""Charging profiles as 2.x writes them (2.10-2.12)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.core.schedule import Kind, Period, Profile, Purpose, RateUnit, Recurrency, Schedule
from agent.ocpp.asks import Reason, UnusableProfile
from agent.ocpp.dialect import given
from agent.ocpp.stamps import from_wire, to_wire

RECURRENCIES: Final[Mapping[str, Recurrency]] = MappingProxyType(
    {"Daily": Recurrency.DAILY, "Weekly": Recurrency.WEEKLY}
)


def read_profile(wire: Any, evse: int) -> Profile | UnusableProfile:
    """A profile, unless it says what only 2.1 knows."""
    purpose, kind, recurrency = wire.chargingProfilePurpose, wire.chargingProfileKind, given(wire.recurrencyKind)
    known = purpose in set(Purpose) and kind in set(Kind) and recurrency in {None, *RECURRENCIES}
    periods = (period for one in wire.chargingSchedule for period in one.chargingSchedulePeriod)
    if not known or any(given(one.limit) is None for one in periods):
        return UnusableProfile(Reason.UNSUPPORTED_PARAM)
    schedule, *others = map(_read_schedule, wire.chargingSchedule)
    valid_from, valid_to = given(wire.validFrom), given(wire.validTo)
    return Profile(
        id=wire.id,
        evse=evse,
        stack_level=wire.stackLevel,
        purpose=Purpose(purpose),
        kind=Kind(kind),
        schedule=schedule,
        others=tuple(others),
        recurrency=None if recurrency is None else RECURRENCIES[recurrency],
        valid_from_utc_s=-math.inf if valid_from is None else from_wire(valid_from),
        valid_to_utc_s=math.inf if valid_to is None else from_wire(valid_to),
        tx=given(wire.transactionId) if purpose == Purpose.TX else None,
    )


def _read_schedule(wire: Any) -> Schedule:
    start = given(wire.startSchedule)
    return Schedule(
        tuple(
            Period(float(one.startPeriod), one.limit, given(one.numberPhases), given(one.phaseToUse))
            for one in wire.chargingSchedulePeriod
        ),
        RateUnit(wire.chargingRateUnit),
        None if start is None else from_wire(start),
        given(wire.duration),
        given(wire.minChargingRate),
        wire.id,
    )


def said_profile(one: Profile) -> dict[str, Any]:
    """A profile as ChargingProfileType."""
    return {
        "id": one.id,
        "stackLevel": one.stack_level,
        "chargingProfilePurpose": str(one.purpose),
        "chargingProfileKind": str(one.kind),
        "recurrencyKind": None if one.recurrency is None else one.recurrency.name.title(),
        "validFrom": to_wire(one.valid_from_utc_s) if math.isfinite(one.valid_from_utc_s) else None,
        "validTo": to_wire(one.valid_to_utc_s) if math.isfinite(one.valid_to_utc_s) else None,
        "transactionId": one.tx,
        "chargingSchedule": [said_schedule(schedule) for schedule in (one.schedule, *one.others)],
    }


def said_schedule(one: Schedule) -> dict[str, Any]:
    """A schedule as ChargingScheduleType."""
    return {
        "id": one.id,
        "startSchedule": None if one.start_utc_s is None else to_wire(one.start_utc_s),
        "duration": None if one.duration_s is None else int(one.duration_s),
        "chargingRateUnit": str(one.unit),
        "minChargingRate": one.min_rate,
        "chargingSchedulePeriod": [said_period(period) for period in one.periods],
    }


def said_period(one: Period) -> dict[str, Any]:
    """A period as ChargingSchedulePeriodType."""
    return {
        "startPeriod": int(one.start_s),
        "limit": one.limit,
        "numberPhases": one.phases,
        "phaseToUse": one.phase_to_use,
    }
