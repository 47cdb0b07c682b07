"""What a 2.x CSMS can ask: how each request is read, and how each answer is said."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.asks import (
    ACTUAL,
    STATION_ITSELF,
    AvailabilityAsk,
    BaseReportAsk,
    ClearCacheAsk,
    ReadVariablesAsk,
    Reason,
    RemoteStartAsk,
    RemoteStopAsk,
    ReportBase,
    ResetAsk,
    TransactionStatusAnswer,
    TransactionStatusAsk,
    TransferAnswer,
    TransferAsk,
    TriggerAsk,
    TriggeredMessage,
    UnlockAnswer,
    UnlockAsk,
    Unlocked,
    VariableAsk,
    VariableName,
    VariableResult,
    VariablesAnswer,
    VerdictAnswer,
    WriteVariablesAsk,
)
from agent.ocpp.charger import ResetKind
from agent.ocpp.dialect import Notice, Saying, Service, given
from agent.ocpp.v201.profiles import read_profile
from agent.ocpp.v201.tokens import token_of

TRIGGERED: Final[Mapping[str, TriggeredMessage]] = MappingProxyType(
    {
        "BootNotification": TriggeredMessage.BOOT,
        "FirmwareStatusNotification": TriggeredMessage.FIRMWARE_STATUS,
        "Heartbeat": TriggeredMessage.HEARTBEAT,
        "LogStatusNotification": TriggeredMessage.LOG_STATUS,
        "MeterValues": TriggeredMessage.ALIGNED_VALUES,
        "PublishFirmwareStatusNotification": TriggeredMessage.PUBLISH_STATUS,
        "SignChargingStationCertificate": TriggeredMessage.STATION_CERTIFICATE,
        "SignCombinedCertificate": TriggeredMessage.COMBINED_CERTIFICATE,
        "SignV2GCertificate": TriggeredMessage.V2G_CERTIFICATE,
        "StatusNotification": TriggeredMessage.STATUS,
        "TransactionEvent": TriggeredMessage.TRANSACTION,
    }
)


def _availability(request: Any) -> AvailabilityAsk:
    evse, connector = _place(given(request.evse))
    return AvailabilityAsk(request.operationalStatus == "Operative", evse, connector)


def _base_report(request: Any) -> BaseReportAsk:
    return BaseReportAsk(request.requestId, ReportBase(request.reportBase))


def _transfer(request: Any) -> TransferAsk:
    return TransferAsk(request.vendorId, given(request.messageId), given(request.data))


def _read(request: Any) -> ReadVariablesAsk:
    items = ((VariableAsk(place_of(one), given(one.attributeType) or ACTUAL)) for one in request.getVariableData)
    return ReadVariablesAsk(tuple(items))


def _write(request: Any) -> WriteVariablesAsk:
    return WriteVariablesAsk(
        tuple(
            VariableAsk(place_of(one), given(one.attributeType) or ACTUAL, one.attributeValue)
            for one in request.setVariableData
        )
    )


def _remote_start(request: Any) -> RemoteStartAsk:
    group, profile = given(request.groupIdToken), given(request.chargingProfile)
    return RemoteStartAsk(
        token=token_of(request.idToken),
        evse=given(request.evseId),
        remote_start_id=request.remoteStartId,
        group=group.idToken if group else None,
        profile=None if profile is None else read_profile(profile, STATION_ITSELF),
    )


def _remote_stop(request: Any) -> RemoteStopAsk:
    return RemoteStopAsk(frozenset({request.transactionId}))


def _reset(request: Any) -> ResetAsk:
    known = request.type in set(ResetKind)  # 2.1 has a third
    return ResetAsk(ResetKind(request.type) if known else None, given(request.evseId))


def _transaction_status(request: Any) -> TransactionStatusAsk:
    return TransactionStatusAsk(given(request.transactionId))


def _trigger(request: Any) -> TriggerAsk:
    evse, connector = _place(given(request.evse))
    return TriggerAsk(TRIGGERED.get(request.requestedMessage), evse, connector)


def _unlock(request: Any) -> UnlockAsk:
    return UnlockAsk(request.evseId, request.connectorId)


def _place(evse: Any) -> tuple[int | None, int | None]:
    return (None, None) if evse is None else (evse.id, given(evse.connectorId))


def place_of(item: Any) -> VariableName:
    """Which variable `component` and `variable` name."""
    evse, connector = _place(given(item.component.evse))
    return VariableName(
        item.component.name,
        item.variable.name,
        given(item.variable.instance),
        evse,
        connector,
        given(item.component.instance),
    )


def verdict(answer: VerdictAnswer) -> dict[str, Any]:
    """Status, and the reason where there is one."""
    return {"status": str(answer.verdict), "statusInfo": status_info(answer.reason)}


def _start_verdict(answer: VerdictAnswer) -> dict[str, Any]:
    return {**verdict(answer), "transactionId": answer.tx}  # F01.FR.13


def _status(answer: TransactionStatusAnswer) -> dict[str, Any]:
    return {"messagesInQueue": answer.queued, "ongoingIndicator": answer.ongoing}


def _unlocked(answer: UnlockAnswer) -> dict[str, Any]:
    if answer.result is Unlocked.NO_LOCK:
        return {"status": str(Unlocked.FAILED), "statusInfo": status_info(Reason.FIXED_CABLE)}
    return {"status": str(answer.result)}


def _transferred(answer: TransferAnswer) -> dict[str, Any]:
    return {"status": str(answer.verdict), "data": answer.data}


def _got(answer: VariablesAnswer) -> dict[str, Any]:
    return {"getVariableResult": [{**_result(one), "attributeValue": one.value} for one in answer.results]}


def _set(answer: VariablesAnswer) -> dict[str, Any]:
    return {"setVariableResult": [_result(one) for one in answer.results]}


def _result(one: VariableResult) -> dict[str, Any]:
    """The same names as in the request (B05.FR.02, B06.FR.02), and always the attribute (B05.FR.12, B06.FR.11)."""
    return {
        "attributeType": one.ask.attribute,
        "attributeStatus": str(one.status),
        "attributeStatusInfo": status_info(one.reason),
        **named(one.ask.name),
    }


def named(name: VariableName) -> dict[str, Any]:
    """A variable's name as `component` and `variable`."""
    evse = None if name.evse is None else {"id": name.evse, "connectorId": name.connector}
    return {
        "component": {"name": name.component, "instance": name.component_instance, "evse": evse},
        "variable": {"name": name.variable, "instance": name.instance},
    }


def status_info(reason: Reason | None) -> dict[str, Any] | None:
    """The reason as `statusInfo`; absent without one."""
    return None if reason is None else {"reasonCode": str(reason)}


SERVICES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "ChangeAvailability": Service(AvailabilityAsk, _availability, verdict),
        "ClearCache": Service(ClearCacheAsk, lambda _: ClearCacheAsk(), verdict),
        "DataTransfer": Service(TransferAsk, _transfer, _transferred),
        "GetBaseReport": Service(BaseReportAsk, _base_report, verdict),
        "GetTransactionStatus": Service(TransactionStatusAsk, _transaction_status, _status),
        "GetVariables": Service(ReadVariablesAsk, _read, _got),
        "RequestStartTransaction": Service(RemoteStartAsk, _remote_start, _start_verdict),
        "RequestStopTransaction": Service(RemoteStopAsk, _remote_stop, verdict),
        "Reset": Service(ResetAsk, _reset, verdict),
        "SetVariables": Service(WriteVariablesAsk, _write, _set),
        "TriggerMessage": Service(TriggerAsk, _trigger, verdict),
        "UnlockConnector": Service(UnlockAsk, _unlock, _unlocked),
    }
)

SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType({})
