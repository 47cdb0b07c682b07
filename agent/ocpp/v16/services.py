"""What a 1.6 CSMS can ask: how each request is read, and how each answer is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from agent.ocpp.asks import (
    Answer,
    Ask,
    AvailabilityAsk,
    ClearCacheAsk,
    KeysAnswer,
    ReadKeysAsk,
    RemoteStartAsk,
    RemoteStopAsk,
    ResetAsk,
    TransferAnswer,
    TransferAsk,
    TriggerAsk,
    TriggeredMessage,
    UnlockAnswer,
    UnlockAsk,
    Unlocked,
    Verdict,
    VerdictAnswer,
    WriteKeyAsk,
)
from agent.ocpp.dialect import Notice, Saying, Service, given
from agent.ocpp.v16 import plug_and_charge
from agent.ocpp.v16.smart_charging import read_profile
from agent.ocpp.v16.tokens import card

STATION: Final = 0  # as a connector's number

FEATURE_PROFILES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {  # 1.6 3.3: the calls of the CSMS that each asks for
        "Core": frozenset(
            {
                "ChangeAvailability",
                "ChangeConfiguration",
                "ClearCache",
                "DataTransfer",
                "GetConfiguration",
                "RemoteStartTransaction",
                "RemoteStopTransaction",
                "Reset",
                "UnlockConnector",
            }
        ),
        "FirmwareManagement": frozenset({"GetDiagnostics", "UpdateFirmware"}),
        "LocalAuthListManagement": frozenset({"GetLocalListVersion", "SendLocalList"}),
        "Reservation": frozenset({"CancelReservation", "ReserveNow"}),
        "SmartCharging": frozenset({"ClearChargingProfile", "GetCompositeSchedule", "SetChargingProfile"}),
        "RemoteTrigger": frozenset({"TriggerMessage"}),
    }
)

TRIGGERED: Final[Mapping[str, TriggeredMessage]] = MappingProxyType(
    {
        "BootNotification": TriggeredMessage.BOOT,
        "DiagnosticsStatusNotification": TriggeredMessage.DIAGNOSTICS_STATUS,
        "FirmwareStatusNotification": TriggeredMessage.FIRMWARE_STATUS,
        "Heartbeat": TriggeredMessage.HEARTBEAT,
        "LogStatusNotification": TriggeredMessage.LOG_STATUS,
        "MeterValues": TriggeredMessage.SAMPLED_VALUES,
        "SignChargePointCertificate": TriggeredMessage.STATION_CERTIFICATE,
        "StatusNotification": TriggeredMessage.STATUS,
    }
)

UNLOCKED: Final[Mapping[Unlocked, str]] = MappingProxyType(
    {
        Unlocked.UNLOCKED: "Unlocked",
        Unlocked.FAILED: "UnlockFailed",
        Unlocked.UNKNOWN: "NotSupported",  # errata 3.87
        Unlocked.NO_LOCK: "NotSupported",
    }
)


SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType({})


def services(reset: Callable[[Any], ResetAsk], candidates: Callable[[int], frozenset[str]]) -> Mapping[str, Service]:
    """All of them. `candidates`: the transactions that the CSMS gave this number."""

    def remote_stop(request: Any) -> RemoteStopAsk:
        return RemoteStopAsk(candidates(request.transactionId))

    return MappingProxyType(
        {
            "ChangeAvailability": Service(AvailabilityAsk, _availability, _verdict),
            "ChangeConfiguration": Service(WriteKeyAsk, lambda one: WriteKeyAsk(one.key, one.value), _verdict),
            "ClearCache": Service(ClearCacheAsk, lambda _: ClearCacheAsk(), _verdict),
            "DataTransfer": Service(TransferAsk, _transfer, _transferred),
            "ExtendedTriggerMessage": Service(TriggerAsk, _extended_trigger, _verdict),
            "GetConfiguration": Service(ReadKeysAsk, lambda one: ReadKeysAsk(tuple(given(one.key) or ())), _keys),
            "RemoteStartTransaction": Service(RemoteStartAsk, _remote_start, _verdict),
            "RemoteStopTransaction": Service(RemoteStopAsk, remote_stop, _verdict),
            "Reset": Service(ResetAsk, reset, _verdict),
            "TriggerMessage": Service(TriggerAsk, _trigger, _verdict),
            "UnlockConnector": Service(UnlockAsk, _unlock, _unlocked),
        }
    )


def _availability(request: Any) -> AvailabilityAsk:
    operative = request.type == "Operative"
    if request.connectorId == STATION:
        return AvailabilityAsk(operative, each=True)
    return AvailabilityAsk(operative, request.connectorId)


def _transfer(request: Any) -> Ask:
    return plug_and_charge.read(TransferAsk(request.vendorId, given(request.messageId), given(request.data)))


def _remote_start(request: Any) -> RemoteStartAsk:
    profile = given(request.chargingProfile)
    return RemoteStartAsk(
        card(request.idTag),
        given(request.connectorId),
        knows_group=False,
        profile=None if profile is None else read_profile(profile, STATION),
        lenient=True,
    )


def _trigger(request: Any) -> TriggerAsk:
    return TriggerAsk(TRIGGERED.get(request.requestedMessage), given(request.connectorId))


def _extended_trigger(request: Any) -> TriggerAsk:
    """Security whitepaper 3, 5.5: the signed update's status, not the plain one's."""
    message = TRIGGERED.get(request.requestedMessage)
    if message is TriggeredMessage.FIRMWARE_STATUS:
        message = TriggeredMessage.SIGNED_FIRMWARE_STATUS
    return TriggerAsk(message, given(request.connectorId))


def _unlock(request: Any) -> UnlockAsk:
    return UnlockAsk(request.connectorId, ends_transaction=True)


def _verdict(answer: VerdictAnswer) -> dict[str, Any]:
    return {"status": str(answer.verdict)}


def _unlocked(answer: UnlockAnswer) -> dict[str, Any]:
    return {"status": UNLOCKED[answer.result]}


def _transferred(answer: Answer) -> dict[str, Any]:
    if not isinstance(answer, TransferAnswer):
        return {"status": str(Verdict.ACCEPTED), "data": as_text(plug_and_charge.said(answer))}
    return {"status": str(answer.verdict), "data": as_text(answer.data)}


def _keys(answer: KeysAnswer) -> dict[str, Any]:
    keys = [{"key": one.key, "readonly": one.read_only, "value": one.value} for one in answer.found]
    return {"configurationKey": keys or None, "unknownKey": list(answer.unknown) or None}


def as_text(data: Any) -> str | None:
    """Data of a vendor's as 1.6 carries it: a text, or JSON in one."""
    return data if data is None or isinstance(data, str) else msgspec.json.encode(data).decode()
