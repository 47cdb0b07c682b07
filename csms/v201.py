"""What the CSMS says and answers in OCPP 2.0.1, and in 2.1, whose messages have the same fields where it reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from agent.ocpp.stamps import to_wire
from csms import car_messages, planning201, v2g
from csms import commands as c
from csms.back_office import BackOffice
from csms.dialects import IMPORT_REGISTER, OUTLET, Handler, always, edge, known, moment, register_wh, security_event
from csms.file_commands import call2
from csms.names import setting_name, split_name
from csms.records import POSITIONS_PER_STEP, ConnectorStatus, IdleReadings, Reading, Step, Token
from csms.told import EventTold

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
    "LogStatusNotification": {},
    "NotifyChargingLimit": {},
    "NotifyCustomerInformation": {},
    "NotifyDERAlarm": {},
    "NotifyDERStartStop": {},
    "NotifyPriorityCharging": {},
    "NotifySettlement": {},
    "NotifyWebPaymentStarted": {},
    "OpenPeriodicEventStream": {"status": "Rejected"},
    "PublishFirmwareStatusNotification": {},
    "PullDynamicScheduleUpdate": {"status": "Rejected"},
    "ReportChargingProfiles": {},
    "ReportDERControl": {},
    "ReservationStatusUpdate": {},
}


_REGISTERS = (IMPORT_REGISTER, UNSET)
_OUTLETS = (OUTLET, UNSET)


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
            "NotifyDisplayMessages": self._notify_display_messages,
            "NotifyEvent": self._notify_event,
            "NotifyMonitoringReport": self._notify_monitoring_report,
            "NotifyReport": self._notify_report,
            "SecurityEventNotification": self._security_event,
            "SignCertificate": self._sign,
            "StatusNotification": self._status,
            "TransactionEvent": self._transaction_event,
        }
        self.handlers |= v2g.handlers(office, wire) | car_messages.handlers(office, wire)

    has_reports = True

    def call_for(self, command: c.AnyCommand) -> msgspec.Struct:
        """The CALL that asks for something. Raises UnsayableError."""
        match command:
            case c.Start():
                return self._message(
                    "RequestStartTransactionRequest",
                    idToken=self._id_token(self._office.token(command.token)),
                    evseId=command.evse or UNSET,
                    remoteStartId=self._office.next_number(),
                )
            case c.Stop():
                return self._message("RequestStopTransactionRequest", transactionId=command.tx)
            case c.Reset():
                return self._message("ResetRequest", type=command.kind.value, evseId=command.evse or UNSET)
            case c.Unlock():
                return self._message("UnlockConnectorRequest", evseId=command.evse, connectorId=command.connector)
            case c.ChangeAvailability():
                status = "Operative" if command.operative else "Inoperative"
                evse = self._evse(command.evse, command.connector)
                return self._message("ChangeAvailabilityRequest", operationalStatus=status, evse=evse)
            case c.Trigger():
                # F06.FR.12: a status is asked of a connector
                connector = 1 if command.evse and command.message == "StatusNotification" else 0
                evse = self._evse(command.evse, connector)
                return self._message("TriggerMessageRequest", requestedMessage=command.message, evse=evse)
            case c.ClearCache():
                return self._message("ClearCacheRequest")
            case c.SendLocalList():
                lines = [
                    self._wire.AuthorizationData(idToken=token, idTokenInfo=self._info(token))
                    for token in map(self._id_token, self._office.listed(command.tokens))
                ]
                lines += [
                    self._wire.AuthorizationData(idToken=self._id_token(self._office.token(one)))
                    for one in command.remove
                ]
                return self._message(
                    "SendLocalListRequest",
                    versionNumber=command.version,
                    updateType="Full" if command.full else "Differential",
                    localAuthorizationList=lines or UNSET,
                )
            case c.GetLocalListVersion():
                return self._message("GetLocalListVersionRequest")
            case c.TransactionStatus():
                return self._message("GetTransactionStatusRequest", transactionId=command.tx or UNSET)
            case c.SendData():
                return self._message(
                    "DataTransferRequest",
                    vendorId=command.vendor,
                    messageId=UNSET if command.message is None else command.message,
                    data=UNSET if command.data is None else command.data,
                )
            case c.GetSettings():
                wanted = [self._wire.GetVariableDataType(**self._variable(name)) for name in command.names]
                return self._message("GetVariablesRequest", getVariableData=wanted)
            case c.SetSetting():
                change = self._wire.SetVariableDataType(attributeValue=command.value, **self._variable(command.name))
                return self._message("SetVariablesRequest", setVariableData=[change])
            case c.FileCommand():
                return call2(self._wire, command, self._office.next_number(), self._office.now())
            case c.SetPassword():
                return self.call_for(c.SetSetting(name="SecurityCtrlr/BasicAuthPassword", value=command.password))
            case c.InstallRoot() | c.ListRoots() | c.DeleteCertificate() | c.Renew():
                return self._about_certificates(command)
            case c.GetReport():
                number = self._office.next_number()
                return self._message("GetBaseReportRequest", requestId=number, reportBase=command.kind.value)
            case c.Planning():
                return planning201.call_for(command, self._office, self._wire)

    async def _security_event(self, charger: str, request: wire.SecurityEventNotificationRequest) -> msgspec.Struct:
        await self._store.write(security_event(charger, request))
        answer: msgspec.Struct = self._wire.SecurityEventNotificationResponse()
        return answer

    def settings_of(self, answer: msgspec.Struct) -> tuple[c.Setting, ...]:
        """The settings in a GetVariables answer."""
        if not isinstance(answer, self._wire.GetVariablesResponse):
            return ()
        results: Iterable[wire.GetVariableResultType] = answer.getVariableResult
        return tuple(
            c.Setting(
                name=setting_name(result.component, result.variable),
                value=known(result.attributeValue),
                note=None if result.attributeStatus == "Accepted" else result.attributeStatus,
            )
            for result in results
        )

    def _about_certificates(
        self, command: c.InstallRoot | c.ListRoots | c.DeleteCertificate | c.Renew
    ) -> msgspec.Struct:
        match command:
            case c.InstallRoot():
                return self._message(
                    "InstallCertificateRequest", certificateType=command.use.value, certificate=command.pem or ""
                )
            case c.ListRoots():
                return self._message("GetInstalledCertificateIdsRequest", certificateType=[command.use.value])
            case c.DeleteCertificate():
                return self._message("DeleteCertificateRequest", certificateHashData=self._named(command))
            case c.Renew():
                return self._message("TriggerMessageRequest", requestedMessage="SignChargingStationCertificate")

    def _named(self, command: c.DeleteCertificate) -> msgspec.Struct:
        return self._message(
            "CertificateHashDataType",
            hashAlgorithm=command.hash_algorithm,
            issuerNameHash=command.issuer_name_hash,
            issuerKeyHash=command.issuer_key_hash,
            serialNumber=command.serial,
        )

    def _evse(self, evse: int, connector: int = 0) -> Any:
        """An EVSE, or its connector; UNSET for the whole station."""
        return self._wire.EVSEType(id=evse, connectorId=connector or UNSET) if evse else UNSET

    def _variable(self, name: str) -> dict[str, Any]:
        """Component and variable of a setting. Raises UnsayableError when it is no name of one."""
        parts = split_name(name)
        component = self._wire.ComponentType(
            name=parts.component,
            instance=parts.component_instance or UNSET,
            evse=self._evse(parts.evse, parts.connector),
        )
        return {
            "component": component,
            "variable": self._wire.VariableType(name=parts.variable, instance=parts.instance or UNSET),
        }

    async def _boot(self, charger: str, request: wire.BootNotificationRequest) -> msgspec.Struct:
        station = request.chargingStation
        await self._office.boot(
            charger,
            vendor=station.vendorName,
            model=station.model,
            version=known(station.firmwareVersion) or "",
            serial=known(station.serialNumber) or "",
        )
        return self._message(
            "BootNotificationResponse",
            currentTime=to_wire(self._office.now()),
            interval=self._office.interval_s(charger),
            status=self._office.state_of(charger).value,
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
                at_utc_s=moment(request.timestamp),
            )
        )
        return self._message("StatusNotificationResponse")

    async def _authorize(self, charger: str, request: wire.AuthorizeRequest) -> msgspec.Struct:  # noqa: ARG002
        return v2g.authorized(self._office, self._wire, request, self._info(request.idToken))

    async def _transaction_event(self, charger: str, request: wire.TransactionEventRequest) -> msgspec.Struct:
        transaction = request.transactionInfo
        ends = request.eventType == "Ended"
        evse, id_token = known(request.evse), known(request.idToken)
        cost = await self._store.write(
            Step(
                charger=charger,
                tx=transaction.transactionId,
                at_utc_s=moment(request.timestamp),
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
        if ends and self._office.cars is not None:
            self._office.cars.ended(charger, transaction.transactionId)
        return self._message(
            "TransactionEventResponse",
            totalCost=UNSET if cost is None else float(cost),  # I03.FR.02
            idTokenInfo=UNSET if id_token is None else self._info(id_token),  # E05.FR.01
        )

    async def _meter_values(self, charger: str, request: wire.MeterValuesRequest) -> msgspec.Struct:
        readings = _readings(request.meterValue)
        await self._store.write(IdleReadings(charger=charger, evse=request.evseId, readings=readings))
        return self._message("MeterValuesResponse")

    async def _notify_report(self, charger: str, request: wire.NotifyReportRequest) -> msgspec.Struct:
        settings = [_setting(data) for data in known(request.reportData) or ()]
        self._office.reports.add(charger, request.requestId, settings, last=not known(request.tbc))
        return self._message("NotifyReportResponse")

    def _id_token(self, token: Token) -> Any:
        return self._wire.IdTokenType(idToken=token.value, type=token.kind)

    async def _notify_display_messages(
        self, charger: str, request: wire.NotifyDisplayMessagesRequest
    ) -> msgspec.Struct:
        rows = [msgspec.to_builtins(one) for one in known(request.messageInfo) or ()]
        self._office.reports.add(charger, request.requestId, rows, last=not known(request.tbc))
        return self._message("NotifyDisplayMessagesResponse")

    async def _notify_monitoring_report(
        self, charger: str, request: wire.NotifyMonitoringReportRequest
    ) -> msgspec.Struct:
        rows = [msgspec.to_builtins(one) for one in known(request.monitor) or ()]
        self._office.reports.add(charger, request.requestId, rows, last=not known(request.tbc))
        return self._message("NotifyMonitoringReportResponse")

    async def _notify_event(self, charger: str, request: wire.NotifyEventRequest) -> msgspec.Struct:
        self._office.told.add(charger, map(_event_told, request.eventData))
        return self._message("NotifyEventResponse")

    async def _sign(self, charger: str, request: Any) -> msgspec.Struct:
        sign = self._office.sign
        willing = sign is not None and await sign(charger, request.csr, request)
        return self._message("SignCertificateResponse", status="Accepted" if willing else "Rejected")

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


def _setting(data: wire.ReportDataType) -> c.Setting:
    """A variable as a report tells of it: by its actual value, where it has one."""
    attribute = next(
        (each for each in data.variableAttribute if (known(each.type) or "Actual") == "Actual"),
        data.variableAttribute[0],
    )
    traits = known(data.variableCharacteristics)
    mutability = known(attribute.mutability) or "ReadWrite"
    return c.Setting(
        name=setting_name(data.component, data.variable),
        value=known(attribute.value),
        readonly=mutability == "ReadOnly",
        unit=known(traits.unit) if traits else None,
        note="can be written, not read" if mutability == "WriteOnly" else None,
    )


def _event_told(data: wire.EventDataType) -> EventTold:
    return EventTold(
        at_utc_s=moment(data.timestamp),
        variable=setting_name(data.component, data.variable),
        value=data.actualValue,
        trigger=data.trigger,
        code=known(data.techCode),
        cleared=known(data.cleared) or False,
        tx=known(data.transactionId),
        monitor=known(data.variableMonitoringId),
        event=data.eventId,
        cause=known(data.cause),
    )


def _readings(meter_values: Iterable[wire.MeterValueType]) -> tuple[Reading, ...]:
    return tuple(
        Reading(
            at_utc_s=moment(meter_value.timestamp),
            register_wh=_register_wh(meter_value.sampledValue),
            sampled=msgspec.json.encode(meter_value.sampledValue),
            edge=edge(known(value.context) for value in meter_value.sampledValue),
        )
        for meter_value in meter_values
    )


def _register_wh(values: Iterable[wire.SampledValueType]) -> float | None:
    """The outlet's import register over all phases, if it is among the values."""
    for value in values:
        if value.phase is UNSET and value.measurand in _REGISTERS and value.location in _OUTLETS:
            unit = known(value.unitOfMeasure)
            if unit is None:
                return register_wh(value.value, "Wh")
            return register_wh(value.value, known(unit.unit) or "Wh", known(unit.multiplier) or 0)
    return None
