"""Charging profiles and limits in 2.x's words (K01-K13)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.core.outlook import Wanted
from agent.core.schedule import LimitOwner, Purpose, RateUnit
from agent.ocpp.asks import VerdictAnswer
from agent.ocpp.asks.smart_charging import (
    ClearedAnswer,
    ClearProfilesAsk,
    CompositeAnswer,
    CompositeAsk,
    GetProfilesAsk,
    LimitImposed,
    LimitReleased,
    ProfilesAnswer,
    ProfilesReported,
    SetProfileAsk,
)
from agent.ocpp.dialect import Notice, Saying, Service, given
from agent.ocpp.stamps import to_wire
from agent.ocpp.v201.profiles import read_profile, said_period, said_profile, said_schedule
from agent.ocpp.v201.services import status_info


def _set(request: Any) -> SetProfileAsk:
    return SetProfileAsk(read_profile(request.chargingProfile, request.evseId))


def _verdict(answer: VerdictAnswer) -> dict[str, Any]:
    return {"status": str(answer.verdict), "statusInfo": status_info(answer.reason)}


def _clear(request: Any) -> ClearProfilesAsk:
    """An id decides alone (K10.FR.03); otherwise all criteria count together (K10.FR.04)."""
    number, criteria = given(request.chargingProfileId), given(request.chargingProfileCriteria)
    if number is not None or criteria is None:
        return ClearProfilesAsk(Wanted(None if number is None else frozenset({number})))
    purpose = given(criteria.chargingProfilePurpose)
    if purpose is not None and purpose not in set(Purpose):
        return ClearProfilesAsk(Wanted(frozenset()))  # a purpose that nothing here can have
    return ClearProfilesAsk(
        Wanted(
            evse=given(criteria.evseId),
            purpose=None if purpose is None else Purpose(purpose),
            stack_level=given(criteria.stackLevel),
        )
    )


def _cleared(answer: ClearedAnswer) -> dict[str, Any]:
    return {"status": "Accepted" if answer.count else "Unknown"}


def _composite(request: Any) -> CompositeAsk:
    unit = given(request.chargingRateUnit)
    return CompositeAsk(request.evseId, request.duration, None if unit is None else RateUnit(unit))


def _composed(answer: CompositeAnswer) -> dict[str, Any]:
    outlook = answer.outlook
    if outlook is None:
        return {"status": "Rejected", "statusInfo": status_info(answer.reason)}
    return {
        "status": "Accepted",
        "schedule": {
            "evseId": outlook.evse,
            "duration": int(outlook.duration_s),
            "scheduleStart": to_wire(outlook.start_utc_s),
            "chargingRateUnit": str(outlook.unit),
            "chargingSchedulePeriod": [said_period(one) for one in outlook.periods],
        },
    }


def _get(request: Any) -> GetProfilesAsk:
    criteria = request.chargingProfile
    purpose, ids, owners = (
        given(criteria.chargingProfilePurpose),
        given(criteria.chargingProfileId),
        given(criteria.chargingLimitSource),
    )
    known = purpose is None or purpose in set(Purpose)
    return GetProfilesAsk(
        request.requestId,
        Wanted(
            ids=(None if ids is None else frozenset(ids)) if known else frozenset(),
            evse=given(request.evseId),
            purpose=Purpose(purpose) if purpose is not None and known else None,
            stack_level=given(criteria.stackLevel),
            owners=None if owners is None else frozenset(LimitOwner(one) for one in owners if one in set(LimitOwner)),
        ),
    )


def _got(answer: ProfilesAnswer) -> dict[str, Any]:
    return {"status": "Accepted" if answer.found else "NoProfiles"}


def _reported(notice: ProfilesReported) -> dict[str, Any]:
    return {
        "requestId": notice.request_id,
        "chargingLimitSource": str(notice.owner),
        "evseId": notice.evse,
        "tbc": notice.more,
        "chargingProfile": [said_profile(one) for one in notice.profiles],
    }


def _limit_imposed(notice: LimitImposed) -> dict[str, Any]:
    return {
        "evseId": notice.evse or None,
        "chargingLimit": {"chargingLimitSource": str(notice.owner)},
        "chargingSchedule": None if notice.schedule is None else [said_schedule(notice.schedule)],
    }


def _limit_released(notice: LimitReleased) -> dict[str, Any]:
    return {"chargingLimitSource": str(notice.owner), "evseId": notice.evse or None}


SERVICES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "SetChargingProfile": Service(SetProfileAsk, _set, _verdict),
        "ClearChargingProfile": Service(ClearProfilesAsk, _clear, _cleared),
        "GetCompositeSchedule": Service(CompositeAsk, _composite, _composed),
        "GetChargingProfiles": Service(GetProfilesAsk, _get, _got),
    }
)

SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType(
    {
        ProfilesReported: Saying("ReportChargingProfiles", _reported),
        LimitImposed: Saying("NotifyChargingLimit", _limit_imposed),
        LimitReleased: Saying("ClearedChargingLimit", _limit_released),
    }
)
