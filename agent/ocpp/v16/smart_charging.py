"""Charging profiles in 1.6's words (7.8-7.14)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.core.outlook import Wanted
from agent.core.schedule import Kind, Period, Profile, Purpose, RateUnit, Recurrency, Schedule
from agent.ocpp.asks import Reason, VerdictAnswer
from agent.ocpp.asks.smart_charging import (
    ClearedAnswer,
    ClearProfilesAsk,
    CompositeAnswer,
    CompositeAsk,
    SetProfileAsk,
)
from agent.ocpp.codec import CallError, ErrorCode
from agent.ocpp.dialect import Service, given
from agent.ocpp.stamps import from_wire, to_wire

PURPOSES: Final[Mapping[str, Purpose]] = MappingProxyType(
    {
        "ChargePointMaxProfile": Purpose.STATION_MAX,
        "TxDefaultProfile": Purpose.TX_DEFAULT,
        "TxProfile": Purpose.TX,
    }
)
RECURRENCIES: Final[Mapping[str, Recurrency]] = MappingProxyType(
    {"Daily": Recurrency.DAILY, "Weekly": Recurrency.WEEKLY}
)


def services(candidates: Callable[[int], frozenset[str]]) -> Mapping[str, Service]:
    """All of them. `candidates`: the transactions that the CSMS gave this number."""

    def set_profile(request: Any) -> SetProfileAsk:
        number = given(request.csChargingProfiles.transactionId)
        profile = read_profile(request.csChargingProfiles, request.connectorId)
        return SetProfileAsk(profile, None if number is None else candidates(number), lenient=True)

    return MappingProxyType(
        {
            "SetChargingProfile": Service(SetProfileAsk, set_profile, _set),
            "ClearChargingProfile": Service(ClearProfilesAsk, _clear, _cleared),
            "GetCompositeSchedule": Service(CompositeAsk, _composite, _composed),
        }
    )


def read_profile(wire: Any, connector: int) -> Profile:
    """A profile; without a start it counts from the transaction's (7.13), whatever kind it says it is."""
    purpose, schedule = PURPOSES[wire.chargingProfilePurpose], wire.chargingSchedule
    kind, start = Kind(wire.chargingProfileKind), given(schedule.startSchedule)
    if kind is Kind.ABSOLUTE and start is None and purpose is not Purpose.STATION_MAX:
        kind = Kind.RELATIVE
    valid_from, valid_to, recurrency = given(wire.validFrom), given(wire.validTo), given(wire.recurrencyKind)
    return Profile(
        id=wire.chargingProfileId,
        evse=connector,
        stack_level=wire.stackLevel,
        purpose=purpose,
        kind=kind,
        schedule=Schedule(
            tuple(
                Period(float(one.startPeriod), one.limit, given(one.numberPhases))
                for one in schedule.chargingSchedulePeriod
            ),
            RateUnit(schedule.chargingRateUnit),
            from_wire(start) if start is not None and kind is not Kind.RELATIVE else None,
            given(schedule.duration),
            given(schedule.minChargingRate),
        ),
        recurrency=RECURRENCIES[recurrency] if recurrency is not None else None,
        valid_from_utc_s=-math.inf if valid_from is None else from_wire(valid_from),
        valid_to_utc_s=math.inf if valid_to is None else from_wire(valid_to),
    )


def _set(answer: VerdictAnswer) -> dict[str, Any]:
    """Raises `CallError` for a connector that there is not (errata 3.40)."""
    if answer.reason is Reason.UNKNOWN_EVSE:
        raise CallError(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, "there is no such connector")
    return {"status": str(answer.verdict)}


def _clear(request: Any) -> ClearProfilesAsk:
    """All fields that are given count together; none given: every profile (errata 3.25)."""
    number, purpose = given(request.id), given(request.chargingProfilePurpose)
    return ClearProfilesAsk(
        Wanted(
            None if number is None else frozenset({number}),
            given(request.connectorId),
            None if purpose is None else PURPOSES[purpose],
            given(request.stackLevel),
        )
    )


def _cleared(answer: ClearedAnswer) -> dict[str, Any]:
    return {"status": "Accepted" if answer.count else "Unknown"}


def _composite(request: Any) -> CompositeAsk:
    unit = given(request.chargingRateUnit)
    return CompositeAsk(request.connectorId, request.duration, None if unit is None else RateUnit(unit))


def _composed(answer: CompositeAnswer) -> dict[str, Any]:
    """The start stands beside the schedule and not in it (errata 3.51, 3.57)."""
    outlook = answer.outlook
    if outlook is None:
        return {"status": "Rejected"}
    return {
        "status": "Accepted",
        "connectorId": outlook.evse,
        "scheduleStart": to_wire(outlook.start_utc_s),
        "chargingSchedule": {
            "duration": int(outlook.duration_s),
            "chargingRateUnit": str(outlook.unit),
            "chargingSchedulePeriod": [
                {"startPeriod": int(one.start_s), "limit": one.limit, "numberPhases": one.phases}
                for one in outlook.periods
            ],
        },
    }
