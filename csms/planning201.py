"""Reservations and charging profiles as OCPP 2.x asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from agent.ocpp.stamps import to_wire
from csms import commands as c
from csms import planning as p
from csms.back_office import BackOffice

_PURPOSES: Mapping[p.Purpose, str] = {
    p.Purpose.STATION: "ChargingStationMaxProfile",
    p.Purpose.DEFAULT: "TxDefaultProfile",
    p.Purpose.TRANSACTION: "TxProfile",
}
_KINDS: Mapping[p.Kind, tuple[str, str | None]] = {
    p.Kind.ABSOLUTE: ("Absolute", None),
    p.Kind.DAILY: ("Recurring", "Daily"),
    p.Kind.WEEKLY: ("Recurring", "Weekly"),
    p.Kind.RELATIVE: ("Relative", None),
}


def call_for(command: c.Planning, office: BackOffice, wire: Any) -> msgspec.Struct:
    """The CALL that asks for it, of this wire module. Raises UnsayableError."""
    match command:
        case p.Reserve():
            token = office.token(command.token)
            return _made(
                wire.ReserveNowRequest,
                id=command.number,
                expiryDateTime=to_wire(command.until_utc_s),
                idToken={"idToken": token.value, "type": token.kind},
                groupIdToken={"idToken": command.group, "type": "Central"} if command.group else None,
                evseId=command.evse or None,
                connectorType=command.connector_type,
            )
        case p.CancelReservation():
            return _made(wire.CancelReservationRequest, reservationId=command.number)
        case p.SetProfile():
            return _made(wire.SetChargingProfileRequest, evseId=command.evse, chargingProfile=_profile(command))
        case p.ClearProfiles():
            criteria = _present(
                evseId=command.evse, chargingProfilePurpose=_purpose(command.purpose), stackLevel=command.stack_level
            )
            return _made(
                wire.ClearChargingProfileRequest,
                chargingProfileId=command.number,
                chargingProfileCriteria=criteria or None,
            )
        case p.GetSchedule():
            return _made(
                wire.GetCompositeScheduleRequest,
                evseId=command.evse,
                duration=command.duration_s,
                chargingRateUnit=command.unit,
            )
        case p.GetProfiles():
            return _made(
                wire.GetChargingProfilesRequest,
                requestId=office.next_number(),
                evseId=command.evse,
                chargingProfile=_present(
                    chargingProfilePurpose=_purpose(command.purpose), stackLevel=command.stack_level
                ),
            )
        case _:
            raise c.UnsayableError(f"OCPP 2.x has no words for {type(command).__name__}")


def _profile(command: p.SetProfile) -> dict[str, Any]:
    kind, recurrency = _KINDS[command.kind]
    periods = [_present(startPeriod=one.start_s, limit=one.limit, numberPhases=one.phases) for one in command.periods]
    schedule = _present(
        id=1,
        startSchedule=_moment(command.start_utc_s),
        duration=command.duration_s,
        chargingRateUnit=command.unit,
        minChargingRate=command.least,
        chargingSchedulePeriod=periods,
    )
    return _present(
        id=command.number,
        stackLevel=command.stack_level,
        chargingProfilePurpose=_purpose(command.purpose),
        chargingProfileKind=kind,
        recurrencyKind=recurrency,
        validFrom=_moment(command.valid_from_utc_s),
        validTo=_moment(command.valid_to_utc_s),
        transactionId=command.tx,
        chargingSchedule=[schedule],
    )


def _purpose(purpose: p.Purpose | None) -> str | None:
    return None if purpose is None else _PURPOSES[purpose]


def _moment(utc_s: float | None) -> str | None:
    return None if utc_s is None else to_wire(utc_s)


def _present(**fields: Any) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def _made(kind: type[msgspec.Struct], **fields: Any) -> msgspec.Struct:
    """A message of plain fields. Raises UnsayableError for what is not legal in it."""
    try:
        return msgspec.convert(_present(**fields), kind)
    except msgspec.ValidationError as error:
        raise c.UnsayableError(f"{kind.__name__.removesuffix('Request')} would be refused: {error}") from error
