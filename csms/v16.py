"""What the CSMS says and answers in OCPP 1.6."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import msgspec
from msgspec import UNSET

from agent.ocpp.stamps import from_wire, to_wire
from agent.ocpp.v16 import wire
from csms.back_office import BackOffice, Verdict
from csms.dialects import IMPORT_REGISTER, OUTLET, Handler, ResetKind, always, known, register_wh
from csms.records import LAST_POSITION, ConnectorStatus, IdleReadings, Numbered, Reading, Step, Token

_STATUS: Mapping[Verdict, wire.IdTagInfoStatus] = {
    Verdict.ACCEPTED: "Accepted",
    Verdict.BLOCKED: "Blocked",
    Verdict.EXPIRED: "Expired",
    Verdict.UNKNOWN: "Invalid",
}
_RESETS: Mapping[ResetKind, wire.ResetType] = {ResetKind.IMMEDIATE: "Hard", ResetKind.ON_IDLE: "Soft"}
_ACKNOWLEDGED = (
    wire.DiagnosticsStatusNotificationResponse,
    wire.FirmwareStatusNotificationResponse,
    wire.LogStatusNotificationResponse,
    wire.SecurityEventNotificationResponse,
    wire.SignedFirmwareStatusNotificationResponse,
)


class Dialect16:
    """OCPP 1.6."""

    def __init__(self, office: BackOffice) -> None:
        self._office = office
        self._store = office.store
        self.handlers: dict[str, Handler] = {
            kind.__name__.removesuffix("Response"): always(kind()) for kind in _ACKNOWLEDGED
        }
        self.handlers |= {
            "Authorize": self._authorize,
            "BootNotification": self._boot,
            "DataTransfer": always(wire.DataTransferResponse(status="UnknownVendorId")),
            "Heartbeat": self._heartbeat,
            "MeterValues": self._meter_values,
            "SignCertificate": always(wire.SignCertificateResponse(status="Rejected")),
            "StartTransaction": self._start,
            "StatusNotification": self._status,
            "StopTransaction": self._stop,
        }

    def remote_start(self, evse: int, token: Token, start_id: int) -> msgspec.Struct:  # noqa: ARG002 - 1.6 has no such id
        """RemoteStartTransaction; the connector stands for the EVSE."""
        return wire.RemoteStartTransactionRequest(connectorId=evse, idTag=token.value)

    def remote_stop(self, tx: str) -> msgspec.Struct:
        """RemoteStopTransaction. Raises ValueError when `tx` is no number."""
        return wire.RemoteStopTransactionRequest(transactionId=int(tx))

    def reset(self, kind: ResetKind) -> msgspec.Struct:
        """Reset, hard or soft."""
        return wire.ResetRequest(type=_RESETS[kind])

    async def _boot(self, charger: str, request: wire.BootNotificationRequest) -> msgspec.Struct:
        await self._office.boot(
            charger,
            vendor=request.chargePointVendor,
            model=request.chargePointModel,
            version=known(request.firmwareVersion) or "",
        )
        return wire.BootNotificationResponse(
            currentTime=to_wire(self._office.now()),
            interval=self._office.interval_s(charger),
            status=self._office.charger(charger).state.value,
        )

    async def _heartbeat(self, charger: str, request: wire.HeartbeatRequest) -> msgspec.Struct:  # noqa: ARG002
        return wire.HeartbeatResponse(currentTime=to_wire(self._office.now()))

    async def _status(self, charger: str, request: wire.StatusNotificationRequest) -> msgspec.Struct:
        stamp = known(request.timestamp)
        await self._store.write(
            ConnectorStatus(
                charger=charger,
                evse=0,
                connector=request.connectorId,
                status=request.status,
                error=None if request.errorCode == "NoError" else request.errorCode,
                at_utc_s=self._office.now() if stamp is None else from_wire(stamp),
            )
        )
        return wire.StatusNotificationResponse()

    async def _authorize(self, charger: str, request: wire.AuthorizeRequest) -> msgspec.Struct:  # noqa: ARG002
        return wire.AuthorizeResponse(idTagInfo=self._info(request.idTag))

    async def _start(self, charger: str, request: wire.StartTransactionRequest) -> msgspec.Struct:
        number = await self._store.write(
            Numbered(
                charger=charger,
                connector=request.connectorId,
                token=request.idTag,
                at_utc_s=from_wire(request.timestamp),
                register_wh=float(request.meterStart),
            )
        )
        return wire.StartTransactionResponse(transactionId=number, idTagInfo=self._info(request.idTag))

    async def _stop(self, charger: str, request: wire.StopTransactionRequest) -> msgspec.Struct:
        await self._store.write(
            Step(
                charger=charger,
                tx=str(request.transactionId),
                at_utc_s=from_wire(request.timestamp),
                position=LAST_POSITION,
                token=known(request.idTag),
                ends=True,
                reason=known(request.reason) or "Local",
                readings=_readings(known(request.transactionData) or ()),
                register_wh=float(request.meterStop),
            )
        )
        info = UNSET if request.idTag is UNSET else self._info(request.idTag)
        return wire.StopTransactionResponse(idTagInfo=info)

    async def _meter_values(self, charger: str, request: wire.MeterValuesRequest) -> msgspec.Struct:
        readings = _readings(request.meterValue)
        if request.transactionId is UNSET:
            await self._store.write(IdleReadings(charger=charger, evse=request.connectorId, readings=readings))
        else:
            stamps = [reading.at_utc_s for reading in readings]
            await self._store.write(
                Step(
                    charger=charger,
                    tx=str(request.transactionId),
                    at_utc_s=max(stamps),
                    position=int(min(stamps) * 1000),
                    connector=request.connectorId,
                    readings=readings,
                )
            )
        return wire.MeterValuesResponse()

    def _info(self, id_tag: str) -> wire.IdTagInfo:
        judged = self._office.judge(id_tag)
        token = judged.token
        return wire.IdTagInfo(
            status=_STATUS[judged.verdict],
            parentIdTag=token.group if token and token.group else UNSET,
            expiryDate=to_wire(token.expires_utc_s) if token and token.expires_utc_s is not None else UNSET,
        )


def _readings(meter_values: Iterable[wire.MeterValue | wire.TransactionData]) -> tuple[Reading, ...]:
    return tuple(
        Reading(
            at_utc_s=from_wire(meter_value.timestamp),
            register_wh=_register_wh(meter_value.sampledValue),
            sampled=msgspec.json.encode(meter_value.sampledValue),
        )
        for meter_value in meter_values
    )


def _register_wh(values: Iterable[wire.SampledValue]) -> float | None:
    """The outlet's import register over all phases, if it is among the values."""
    for value in values:
        if (
            (known(value.measurand) or IMPORT_REGISTER) == IMPORT_REGISTER
            and (known(value.location) or OUTLET) == OUTLET
            and value.phase is UNSET
            and value.format != "SignedData"
        ):
            return register_wh(_number(value.value), known(value.unit) or "Wh")
    return None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # 1.6 sends numbers as text, and any text is legal
        return math.nan
