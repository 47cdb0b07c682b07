"""What the CSMS says and answers in OCPP 2.0.1, and in 2.1, whose messages have the same fields where it reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from agent.ocpp.stamps import from_wire, to_wire
from csms.back_office import BackOffice
from csms.dialects import IMPORT_REGISTER, OUTLET, Handler, ResetKind, always, known, register_wh
from csms.records import POSITIONS_PER_STEP, ConnectorStatus, IdleReadings, Reading, Step, Token

if TYPE_CHECKING:
    from agent.ocpp.v201 import wire

NO_AUTHORIZATION = "NoAuthorization"
_ANSWERS: Mapping[
    str, Mapping[str, str]
] = {  # what needs no thought: reports are noted, what we do not offer is refused
    "BatterySwap": {},
    "ClearedChargingLimit": {},
    "DataTransfer": {"status": "UnknownVendorId"},
    "FirmwareStatusNotification": {},
    "GetCertificateStatus": {"status": "Failed"},
    "LogStatusNotification": {},
    "NotifyChargingLimit": {},
    "NotifyCustomerInformation": {},
    "NotifyDERAlarm": {},
    "NotifyDERStartStop": {},
    "NotifyDisplayMessages": {},
    "NotifyEVChargingNeeds": {"status": "Rejected"},
    "NotifyEVChargingSchedule": {"status": "Accepted"},
    "NotifyEvent": {},
    "NotifyMonitoringReport": {},
    "NotifyPriorityCharging": {},
    "NotifyReport": {},
    "NotifySettlement": {},
    "NotifyWebPaymentStarted": {},
    "OpenPeriodicEventStream": {"status": "Rejected"},
    "PublishFirmwareStatusNotification": {},
    "PullDynamicScheduleUpdate": {"status": "Rejected"},
    "ReportChargingProfiles": {},
    "ReportDERControl": {},
    "ReservationStatusUpdate": {},
    "SecurityEventNotification": {},
    "SignCertificate": {"status": "Rejected"},
}


class Dialect201:
    """OCPP 2.0.1 or 2.1, as the wire module given."""

    def __init__(self, office: BackOffice, wire: Any) -> None:
        self._office = office
        self._store = office.store
        self._wire = wire
        self.handlers: dict[str, Handler] = {
            action: always(wire.ACTIONS[action][1](**fields))
            for action, fields in _ANSWERS.items()
            if action in wire.ACTIONS
        }
        self.handlers |= {
            "Authorize": self._authorize,
            "BootNotification": self._boot,
            "Heartbeat": self._heartbeat,
            "MeterValues": self._meter_values,
            "StatusNotification": self._status,
            "TransactionEvent": self._transaction_event,
        }

    def remote_start(self, evse: int, token: Token, start_id: int) -> msgspec.Struct:
        """RequestStartTransaction."""
        id_token = self._wire.IdTokenType(idToken=token.value, type=token.kind)
        return self._message("RequestStartTransactionRequest", idToken=id_token, evseId=evse, remoteStartId=start_id)

    def remote_stop(self, tx: str) -> msgspec.Struct:
        """RequestStopTransaction."""
        return self._message("RequestStopTransactionRequest", transactionId=tx)

    def reset(self, kind: ResetKind) -> msgspec.Struct:
        """Reset of the whole station."""
        return self._message("ResetRequest", type=kind.value)

    async def _boot(self, charger: str, request: wire.BootNotificationRequest) -> msgspec.Struct:
        station = request.chargingStation
        await self._office.boot(
            charger, vendor=station.vendorName, model=station.model, version=known(station.firmwareVersion) or ""
        )
        return self._message(
            "BootNotificationResponse",
            currentTime=to_wire(self._office.now()),
            interval=self._office.interval_s(charger),
            status=self._office.charger(charger).state.value,
        )

    async def _heartbeat(self, charger: str, request: wire.HeartbeatRequest) -> msgspec.Struct:  # noqa: ARG002
        return self._message("HeartbeatResponse", currentTime=to_wire(self._office.now()))

    async def _status(self, charger: str, request: wire.StatusNotificationRequest) -> msgspec.Struct:
        await self._store.write(
            ConnectorStatus(
                charger=charger,
                evse=request.evseId,
                connector=request.connectorId,
                status=request.connectorStatus,
                error=None,
                at_utc_s=from_wire(request.timestamp),
            )
        )
        return self._message("StatusNotificationResponse")

    async def _authorize(self, charger: str, request: wire.AuthorizeRequest) -> msgspec.Struct:  # noqa: ARG002
        return self._message("AuthorizeResponse", idTokenInfo=self._info(request.idToken))

    async def _transaction_event(self, charger: str, request: wire.TransactionEventRequest) -> msgspec.Struct:
        transaction = request.transactionInfo
        ends = request.eventType == "Ended"
        evse, id_token = known(request.evse), known(request.idToken)
        cost = await self._store.write(
            Step(
                charger=charger,
                tx=transaction.transactionId,
                at_utc_s=from_wire(request.timestamp),
                position=request.seqNo * POSITIONS_PER_STEP,
                seq=request.seqNo,
                evse=evse.id if evse else None,
                connector=known(evse.connectorId) if evse else None,
                token=id_token.idToken if id_token else None,
                starts=request.eventType == "Started",
                ends=ends,
                reason=(known(transaction.stoppedReason) or "Local") if ends else None,  # F03.FR.03
                readings=_readings(known(request.meterValue) or ()),
            )
        )
        return self._message(
            "TransactionEventResponse",
            totalCost=UNSET if cost is None else float(cost),  # I03.FR.02
            idTokenInfo=UNSET if id_token is None else self._info(id_token),  # E05.FR.01
        )

    async def _meter_values(self, charger: str, request: wire.MeterValuesRequest) -> msgspec.Struct:
        readings = _readings(request.meterValue)
        await self._store.write(IdleReadings(charger=charger, evse=request.evseId, readings=readings))
        return self._message("MeterValuesResponse")

    def _info(self, id_token: wire.IdTokenType) -> msgspec.Struct:
        if id_token.type == NO_AUTHORIZATION:
            return self._message("IdTokenInfoType", status="Accepted")  # C02.FR.02
        judged = self._office.judge(id_token.idToken)
        token = judged.token
        group = self._wire.IdTokenType(idToken=token.group, type="Central") if token and token.group else UNSET
        expires = to_wire(token.expires_utc_s) if token and token.expires_utc_s is not None else UNSET
        return self._message(
            "IdTokenInfoType", status=judged.verdict.value, groupIdToken=group, cacheExpiryDateTime=expires
        )

    def _message(self, name: str, **fields: Any) -> msgspec.Struct:
        message: msgspec.Struct = getattr(self._wire, name)(**fields)
        return message


def _readings(meter_values: Iterable[wire.MeterValueType]) -> tuple[Reading, ...]:
    return tuple(
        Reading(
            at_utc_s=from_wire(meter_value.timestamp),
            register_wh=_register_wh(meter_value.sampledValue),
            sampled=msgspec.json.encode(meter_value.sampledValue),
        )
        for meter_value in meter_values
    )


def _register_wh(values: Iterable[wire.SampledValueType]) -> float | None:
    """The outlet's import register over all phases, if it is among the values."""
    for value in values:
        if (
            (known(value.measurand) or IMPORT_REGISTER) == IMPORT_REGISTER
            and (known(value.location) or OUTLET) == OUTLET
            and value.phase is UNSET
        ):
            unit = known(value.unitOfMeasure)
            if unit is None:
                return register_wh(value.value, "Wh")
            return register_wh(value.value, known(unit.unit) or "Wh", known(unit.multiplier) or 0)
    return None
