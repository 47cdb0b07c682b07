"""The everyday requests of a CSMS and what a station answers, as they stand on the wire, for foreign peers to judge."""

from __future__ import annotations

from typing import Any, NamedTuple

from agent.core.rules import Rules
from agent.core.session import Driver, Phase, Session
from agent.core.values import Measurand
from agent.ocpp.asks import TransferAnswer, Verdict
from agent.ocpp.codec import Version
from hal.types import MeterSample
from tests.agent.ocpp.stand import TOKEN, FakeCharger, Stand, open_tx

RULES = Rules(updated_measurands=(Measurand.ENERGY_IMPORT,))
METER = MeterSample(taken_mono_s=0.0, energy_import_wh=1234.0)
VENDOR = "com.example"


class Asked(NamedTuple):
    """A request, what its answer must hold at least, and the messages of the station that it brings about."""

    action: str
    fields: dict[str, Any]
    answer: dict[str, Any]
    follows: tuple[str, ...] = ()


def _variable(name: str, **more: Any) -> dict[str, Any]:
    return {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": name}, **more}


_EVSE_1 = {"id": 1, "connectorId": 1}

IN_1_6 = (
    Asked("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}, {"status": "Scheduled"}),
    Asked("ChangeAvailability", {"connectorId": 1, "type": "Operative"}, {"status": "Accepted"}),
    Asked("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "9"}, {"status": "Accepted"}),
    Asked("ChangeConfiguration", {"key": "NumberOfConnectors", "value": "9"}, {"status": "Rejected"}),
    Asked("ChangeConfiguration", {"key": "Milk", "value": "9"}, {"status": "NotSupported"}),
    Asked("ClearCache", {}, {"status": "Accepted"}),
    Asked("DataTransfer", {"vendorId": VENDOR, "messageId": "m", "data": "x"}, {"status": "Accepted", "data": "x"}),
    Asked("DataTransfer", {"vendorId": "org.other"}, {"status": "UnknownVendorId"}),
    Asked("GetConfiguration", {}, {}),
    Asked("GetConfiguration", {"key": ["Milk"]}, {"unknownKey": ["Milk"]}),
    Asked("RemoteStartTransaction", {"idTag": "A", "connectorId": 1}, {"status": "Accepted"}),
    Asked("RemoteStopTransaction", {"transactionId": 12345}, {"status": "Rejected"}),
    Asked("TriggerMessage", {"requestedMessage": "BootNotification"}, {"status": "Rejected"}),
    Asked("TriggerMessage", {"requestedMessage": "FirmwareStatusNotification"}, {"status": "NotImplemented"}),
    Asked("TriggerMessage", {"requestedMessage": "Heartbeat"}, {"status": "Accepted"}, ("Heartbeat",)),
    Asked("TriggerMessage", {"requestedMessage": "MeterValues"}, {"status": "Accepted"}, ("MeterValues",) * 2),
    Asked(
        "TriggerMessage",
        {"requestedMessage": "StatusNotification"},
        {"status": "Accepted"},
        ("StatusNotification",) * 3,
    ),
    Asked("UnlockConnector", {"connectorId": 1}, {"status": "Unlocked"}),
    Asked("UnlockConnector", {"connectorId": 2}, {"status": "NotSupported"}),
    Asked("Reset", {"type": "Soft"}, {"status": "Accepted"}),
)

IN_2_X = (
    Asked("ChangeAvailability", {"operationalStatus": "Inoperative"}, {"status": "Scheduled"}),
    Asked("ChangeAvailability", {"operationalStatus": "Operative", "evse": _EVSE_1}, {"status": "Accepted"}),
    Asked("ClearCache", {}, {"status": "Accepted"}),
    Asked("DataTransfer", {"vendorId": VENDOR, "messageId": "m", "data": "x"}, {"status": "Accepted", "data": "x"}),
    Asked("DataTransfer", {"vendorId": VENDOR, "messageId": "no"}, {"status": "UnknownMessageId"}),
    Asked(
        "GetBaseReport",
        {"requestId": 1, "reportBase": "FullInventory"},
        {"status": "Accepted"},
        ("NotifyReport",),
    ),
    Asked(
        "GetBaseReport",
        {"requestId": 2, "reportBase": "SummaryInventory"},
        {"status": "Accepted"},
        ("NotifyReport",),
    ),
    Asked("GetTransactionStatus", {"transactionId": "tx-1"}, {"messagesInQueue": False, "ongoingIndicator": True}),
    Asked("GetVariables", {"getVariableData": [_variable("OfflineThreshold"), _variable("Milk")]}, {}),
    Asked("SetVariables", {"setVariableData": [_variable("OfflineThreshold", attributeValue="9")]}, {}),
    Asked(
        "RequestStartTransaction",
        {"remoteStartId": 1, "idToken": {"idToken": "A", "type": "Central"}, "evseId": 1},
        {"status": "Accepted"},
    ),
    Asked("RequestStopTransaction", {"transactionId": "none"}, {"status": "Rejected"}),
    Asked("TriggerMessage", {"requestedMessage": "BootNotification"}, {"status": "Rejected"}),
    Asked("TriggerMessage", {"requestedMessage": "SignCombinedCertificate"}, {"status": "NotImplemented"}),
    Asked("TriggerMessage", {"requestedMessage": "Heartbeat"}, {"status": "Accepted"}, ("Heartbeat",)),
    Asked("TriggerMessage", {"requestedMessage": "MeterValues"}, {"status": "Accepted"}, ("MeterValues",) * 2),
    Asked("TriggerMessage", {"requestedMessage": "TransactionEvent"}, {"status": "Accepted"}),
    Asked(
        "TriggerMessage",
        {"requestedMessage": "StatusNotification", "evse": _EVSE_1},
        {"status": "Accepted"},
        ("StatusNotification",),
    ),
    Asked("UnlockConnector", {"evseId": 1, "connectorId": 1}, {"status": "Unlocked"}),
    Asked("UnlockConnector", {"evseId": 2, "connectorId": 1}, {"status": "OngoingAuthorizedTransaction"}),
    Asked("Reset", {"type": "OnIdle"}, {"status": "Scheduled"}),
)


def asked_in(version: Version) -> tuple[Asked, ...]:
    """The requests of a version."""
    return IN_1_6 if version is Version.V16 else IN_2_X


def everyday_charger() -> FakeCharger:
    """EVSE 1 idle and with a lock, EVSE 2 charging an authorised driver's car."""
    idle = Session(evse=1, has_lock=True, meter=METER, rules=RULES)
    busy = Session(evse=2, meter=METER, rules=RULES, phase=Phase.CHARGING, driver=Driver(TOKEN), tx=open_tx())
    return FakeCharger({1: idle, 2: busy})


def serve_vendor(one: Stand) -> None:
    """A vendor of ours that gives back what it gets."""
    one.station.data_transfer.register(VENDOR, "m", lambda data: TransferAnswer(Verdict.ACCEPTED, data))
