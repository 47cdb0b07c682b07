"""Reservations and charging profiles as OCPP 1.6 asks for them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, UnsetType

from agent.ocpp.stamps import to_wire
from agent.ocpp.v16 import wire
from csms import commands as c
from csms import planning as p

_PURPOSES: Mapping[p.Purpose, wire.ChargingProfilePurpose] = {
    p.Purpose.STATION: "ChargePointMaxProfile",
    p.Purpose.DEFAULT: "TxDefaultProfile",
    p.Purpose.TRANSACTION: "TxProfile",
}
_KINDS: Mapping[p.Kind, tuple[wire.ChargingProfileKind, wire.RecurrencyKind | UnsetType]] = {
    p.Kind.ABSOLUTE: ("Absolute", UNSET),
    p.Kind.DAILY: ("Recurring", "Daily"),
    p.Kind.WEEKLY: ("Recurring", "Weekly"),
    p.Kind.RELATIVE: ("Relative", UNSET),
}


def call_for(command: c.Planning) -> msgspec.Struct:
    """The CALL that asks for it; a connector stands for the EVSE. Raises UnsayableError."""
    match command:
        case p.Reserve(connector_type=None):
            return wire.ReserveNowRequest(
                connectorId=command.evse,
                expiryDate=to_wire(command.until_utc_s),
                idTag=command.token,
                parentIdTag=UNSET if command.group is None else command.group,
                reservationId=command.number,
            )
        case p.Reserve():
            raise c.UnsayableError("OCPP 1.6 reserves no type of connector: name the connector, or 0 for any")
        case p.CancelReservation():
            return wire.CancelReservationRequest(reservationId=command.number)
        case p.SetProfile():
            return wire.SetChargingProfileRequest(connectorId=command.evse, csChargingProfiles=_profile(command))
        case p.ClearProfiles():
            return wire.ClearChargingProfileRequest(
                id=_given(command.number),
                connectorId=_given(command.evse),
                chargingProfilePurpose=UNSET if command.purpose is None else _PURPOSES[command.purpose],
                stackLevel=_given(command.stack_level),
            )
        case p.GetSchedule():
            return wire.GetCompositeScheduleRequest(
                connectorId=command.evse,
                duration=command.duration_s,
                chargingRateUnit=UNSET if command.unit is None else command.unit.value,
            )
        case _:
            raise c.UnsayableError("OCPP 1.6 reports no charging profiles: ask for the schedule instead")


def _profile(command: p.SetProfile) -> wire.ChargingProfile:
    kind, recurrency = _KINDS[command.kind]
    return wire.ChargingProfile(
        chargingProfileId=command.number,
        transactionId=UNSET if command.tx is None else c.transaction_number(command.tx),
        stackLevel=command.stack_level,
        chargingProfilePurpose=_PURPOSES[command.purpose],
        chargingProfileKind=kind,
        recurrencyKind=recurrency,
        validFrom=_moment(command.valid_from_utc_s),
        validTo=_moment(command.valid_to_utc_s),
        chargingSchedule=wire.ChargingSchedule(
            duration=_given(command.duration_s),
            startSchedule=_moment(command.start_utc_s),
            chargingRateUnit=command.unit.value,
            chargingSchedulePeriod=[
                wire.ChargingSchedulePeriod(startPeriod=one.start_s, limit=one.limit, numberPhases=_given(one.phases))
                for one in command.periods
            ],
            minChargingRate=UNSET if command.least is None else command.least,
        ),
    )


def _given(value: int | None) -> int | UnsetType:
    return UNSET if value is None else value


def _moment(utc_s: float | None) -> str | UnsetType:
    return UNSET if utc_s is None else to_wire(utc_s)
