"""What the CSMS says and answers in OCPP 1.6."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import cast

import msgspec
from msgspec import UNSET

from agent.ocpp.stamps import to_wire
from agent.ocpp.v16 import wire
from csms import commands as c
from csms import planning16
from csms.back_office import BackOffice, Verdict
from csms.dialects import IMPORT_REGISTER, OUTLET, Handler, always, edge, known, moment, register_wh, security_event
from csms.file_commands import call16
from csms.records import LAST_POSITION, ConnectorStatus, IdleReadings, Numbered, Reading, Step

_STATUS: Mapping[Verdict, wire.IdTagInfoStatus] = {
    Verdict.ACCEPTED: "Accepted",
    Verdict.BLOCKED: "Blocked",
    Verdict.EXPIRED: "Expired",
    Verdict.UNKNOWN: "Invalid",
}
_RESETS: Mapping[c.ResetKind, wire.ResetType] = {c.ResetKind.IMMEDIATE: "Hard", c.ResetKind.ON_IDLE: "Soft"}
_ACKNOWLEDGED = (
    wire.DiagnosticsStatusNotificationResponse,
    wire.FirmwareStatusNotificationResponse,
    wire.LogStatusNotificationResponse,
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
            "SecurityEventNotification": self._security_event,
            "SignCertificate": self._sign,
            "StartTransaction": self._start,
            "StatusNotification": self._status,
            "StopTransaction": self._stop,
        }

    has_reports = False

    def call_for(self, command: c.AnyCommand) -> msgspec.Struct:
        """The CALL that asks for something; a connector stands for the EVSE. Raises UnsayableError."""
        match command:
            case c.Start():
                return wire.RemoteStartTransactionRequest(connectorId=command.evse, idTag=command.token)
            case c.Stop():
                return wire.RemoteStopTransactionRequest(transactionId=c.transaction_number(command.tx))
            case c.Reset(evse=0):
                return wire.ResetRequest(type=_RESETS[command.kind])
            case c.Reset():
                raise c.UnsayableError("OCPP 1.6 restarts the whole charger only: leave the EVSE at 0")
            case c.Unlock():
                return wire.UnlockConnectorRequest(connectorId=command.evse)
            case c.ChangeAvailability():
                kind: wire.ChangeAvailabilityType = "Operative" if command.operative else "Inoperative"
                return wire.ChangeAvailabilityRequest(connectorId=command.evse, type=kind)
            case c.Trigger(message="SignChargePointCertificate" | "LogStatusNotification" as extended):
                return wire.ExtendedTriggerMessageRequest(requestedMessage=extended, connectorId=command.evse or UNSET)
            case c.Trigger():
                message = cast("wire.RequestedMessage", command.message)  # the codec checks it before it is sent
                return wire.TriggerMessageRequest(requestedMessage=message, connectorId=command.evse or UNSET)
            case c.ClearCache():
                return wire.ClearCacheRequest()
            case c.SendLocalList():
                lines = [
                    wire.AuthorizationData(idTag=one.value, idTagInfo=self._info(one.value))
                    for one in self._office.listed(command.tokens)
                ]
                lines += [wire.AuthorizationData(idTag=one) for one in command.remove]
                return wire.SendLocalListRequest(
                    listVersion=command.version,
                    updateType="Full" if command.full else "Differential",
                    localAuthorizationList=lines or UNSET,
                )
            case c.GetLocalListVersion():
                return wire.GetLocalListVersionRequest()
            case c.TransactionStatus():
                raise c.UnsayableError("OCPP 1.6 cannot be asked for a transaction: look at the list of sessions")
            case c.SendData(data=str() | None):
                return wire.DataTransferRequest(
                    vendorId=command.vendor,
                    messageId=UNSET if command.message is None else command.message,
                    data=UNSET if command.data is None else command.data,
                )
            case c.SendData():
                raise c.UnsayableError("OCPP 1.6 transfers text only: give the data as one string")
            case c.GetSettings():
                return wire.GetConfigurationRequest(key=list(command.names) or UNSET)
            case c.SetSetting():
                return wire.ChangeConfigurationRequest(key=command.name, value=command.value)
            case c.FileCommand():
                return call16(wire, command, self._office.next_number(), self._office.now())
            case c.SetPassword():  # security whitepaper 7.2: bytes in hexadecimal digits
                return wire.ChangeConfigurationRequest(key="AuthorizationKey", value=command.password.encode().hex())
            case c.InstallRoot():
                return wire.InstallCertificateRequest(certificateType=_use(command.use), certificate=command.pem or "")
            case c.ListRoots():
                return wire.GetInstalledCertificateIdsRequest(certificateType=_use(command.use))
            case c.DeleteCertificate():
                return wire.DeleteCertificateRequest(certificateHashData=_named(command))
            case c.Renew():
                return wire.ExtendedTriggerMessageRequest(requestedMessage="SignChargePointCertificate")
            case c.GetReport():
                raise c.UnsayableError("OCPP 1.6 has no reports: read the configuration instead")
            case c.Planning():
                return planning16.call_for(command)

    def settings_of(self, answer: msgspec.Struct) -> tuple[c.Setting, ...]:
        """The settings in a GetConfiguration answer."""
        if not isinstance(answer, wire.GetConfigurationResponse):
            return ()
        found = [
            c.Setting(name=entry.key, value=known(entry.value), readonly=entry.readonly)
            for entry in known(answer.configurationKey) or ()
        ]
        unknown = [c.Setting(name=name, note="the charger does not know it") for name in known(answer.unknownKey) or ()]
        return (*found, *unknown)

    async def _boot(self, charger: str, request: wire.BootNotificationRequest) -> msgspec.Struct:
        await self._office.boot(
            charger,
            vendor=request.chargePointVendor,
            model=request.chargePointModel,
            version=known(request.firmwareVersion) or "",
            serial=known(request.chargePointSerialNumber) or "",
        )
        return wire.BootNotificationResponse(
            currentTime=to_wire(self._office.now()),
            interval=self._office.interval_s(charger),
            status=self._office.state_of(charger).value,
        )

    async def _security_event(self, charger: str, request: wire.SecurityEventNotificationRequest) -> msgspec.Struct:
        await self._store.write(security_event(charger, request))
        return wire.SecurityEventNotificationResponse()

    async def _sign(self, charger: str, request: wire.SignCertificateRequest) -> msgspec.Struct:
        sign = self._office.sign
        willing = sign is not None and await sign(charger, request.csr, request)
        return wire.SignCertificateResponse(status="Accepted" if willing else "Rejected")

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
                at_utc_s=self._office.now() if stamp is None else moment(stamp),
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
                at_utc_s=moment(request.timestamp),
                register_wh=float(request.meterStart),
            )
        )
        return wire.StartTransactionResponse(transactionId=number, idTagInfo=self._info(request.idTag))

    async def _stop(self, charger: str, request: wire.StopTransactionRequest) -> msgspec.Struct:
        await self._store.write(
            Step(
                charger=charger,
                tx=str(request.transactionId),
                at_utc_s=moment(request.timestamp),
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
            at_utc_s=moment(meter_value.timestamp),
            register_wh=_register_wh(meter_value.sampledValue),
            sampled=msgspec.json.encode(meter_value.sampledValue),
            edge=edge(known(value.context) for value in meter_value.sampledValue),
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


def _use(use: c.RootUse) -> wire.CertificateUseEnumType:
    match use:
        case c.RootUse.CSMS:
            return "CentralSystemRootCertificate"
        case c.RootUse.MANUFACTURER:
            return "ManufacturerRootCertificate"
        case _:
            raise c.UnsayableError(f"OCPP 1.6 has no {use}")


def _named(command: c.DeleteCertificate) -> wire.CertificateHashDataType:
    return wire.CertificateHashDataType(
        hashAlgorithm=cast("wire.HashAlgorithmEnumType", command.hash_algorithm),
        issuerNameHash=command.issuer_name_hash,
        issuerKeyHash=command.issuer_key_hash,
        serialNumber=command.serial,
    )
