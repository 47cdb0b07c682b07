"""What a 2.x CSMS asks, as the station understands it, and what it is answered."""

from __future__ import annotations

from typing import Any

import pytest

from agent.core.values import IdToken, TokenKind
from agent.ocpp.asks import (
    Answer,
    Ask,
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
    VariableStatus,
    Verdict,
    VerdictAnswer,
    WriteVariablesAsk,
)
from agent.ocpp.charger import ResetKind
from agent.ocpp.device_model import Attribute, Variable
from agent.ocpp.dialect import said as notice_said
from agent.ocpp.reports import ReportPart
from agent.ocpp.setting import Access
from agent.ocpp.v21.dialect import DialectV21
from agent.ocpp.v201.dialect import DialectV201
from tests.agent.ocpp.said import meant, payload, said
from tests.agent.ocpp.stand import EPOCH_S

Make = type[DialectV201]
both = pytest.mark.parametrize("make", [DialectV201, DialectV21])

TOKEN = {"idToken": "A", "type": "Central"}
EVSE_2 = {"id": 2, "connectorId": 1}
NAME = VariableName("EVSE", "AvailabilityState", "i", 2, 1, "left")
NAMED = {
    "component": {"name": "EVSE", "instance": "left", "evse": EVSE_2},
    "variable": {"name": "AvailabilityState", "instance": "i"},
}
SHORT = VariableName("TxCtrlr", "EVConnectionTimeOut")
SHORT_NAMED = {"component": {"name": "TxCtrlr"}, "variable": {"name": "EVConnectionTimeOut"}}


@both
@pytest.mark.parametrize(
    ("action", "fields", "ask"),
    [
        ("ChangeAvailability", {"operationalStatus": "Inoperative"}, AvailabilityAsk(False)),
        ("ChangeAvailability", {"operationalStatus": "Operative", "evse": EVSE_2}, AvailabilityAsk(True, 2, 1)),
        ("ClearCache", {}, ClearCacheAsk()),
        ("DataTransfer", {"vendorId": "v", "data": {"any": [1, "x"]}}, TransferAsk("v", None, {"any": [1, "x"]})),
        (
            "GetBaseReport",
            {"requestId": 7, "reportBase": "SummaryInventory"},
            BaseReportAsk(7, ReportBase.SUMMARY),
        ),
        ("GetTransactionStatus", {"transactionId": "t"}, TransactionStatusAsk("t")),
        (
            "GetVariables",
            {"getVariableData": [NAMED | {"attributeType": "Target"}, SHORT_NAMED]},
            ReadVariablesAsk((VariableAsk(NAME, "Target"), VariableAsk(SHORT, "Actual"))),
        ),
        (
            "RequestStartTransaction",
            {"remoteStartId": 1, "idToken": TOKEN, "evseId": 2, "groupIdToken": {"idToken": "G", "type": "Central"}},
            RemoteStartAsk(IdToken("A", TokenKind.CENTRAL), 2, 1, "G"),
        ),
        ("RequestStopTransaction", {"transactionId": "t"}, RemoteStopAsk(frozenset({"t"}))),
        ("Reset", {"type": "OnIdle", "evseId": 1}, ResetAsk(ResetKind.ON_IDLE, 1)),
        (
            "SetVariables",
            {"setVariableData": [SHORT_NAMED | {"attributeValue": "60"}]},
            WriteVariablesAsk((VariableAsk(SHORT, "Actual", "60"),)),
        ),
        ("TriggerMessage", {"requestedMessage": "TransactionEvent"}, TriggerAsk(TriggeredMessage.TRANSACTION)),
        (
            "TriggerMessage",
            {"requestedMessage": "MeterValues", "evse": {"id": 1}},
            TriggerAsk(TriggeredMessage.ALIGNED_VALUES, 1),
        ),
        (
            "TriggerMessage",
            {"requestedMessage": "StatusNotification", "evse": EVSE_2},
            TriggerAsk(TriggeredMessage.STATUS, 2, 1),
        ),
        (
            "TriggerMessage",
            {"requestedMessage": "SignCombinedCertificate"},
            TriggerAsk(TriggeredMessage.COMBINED_CERTIFICATE),
        ),
        ("UnlockConnector", {"evseId": 1, "connectorId": 2}, UnlockAsk(1, 2)),
    ],
)
def test_a_request_means(make: Make, action: str, fields: dict[str, Any], ask: Ask):
    assert meant(make(), action, **fields) == ask


def test_a_type_of_token_that_only_2_1_has_is_taken_as_the_csms_own():
    token = {"idToken": "A", "type": "VIN"}
    ask = meant(DialectV21(), "RequestStartTransaction", remoteStartId=1, idToken=token)
    assert isinstance(ask, RemoteStartAsk)
    assert ask.token.kind is TokenKind.CENTRAL


def result(status: VariableStatus, value: str | None = None, reason: Reason | None = None) -> VariablesAnswer:
    return VariablesAnswer((VariableResult(VariableAsk(NAME, "Target"), status, value, reason),))


@both
@pytest.mark.parametrize(
    ("action", "answer", "fields"),
    [
        (
            "ChangeAvailability",
            VerdictAnswer(Verdict.SCHEDULED, reason=Reason.TX_IN_PROGRESS),
            {"status": "Scheduled", "statusInfo": {"reasonCode": "TxInProgress"}},
        ),
        ("ClearCache", VerdictAnswer(Verdict.ACCEPTED), {"status": "Accepted"}),
        ("DataTransfer", TransferAnswer(Verdict.ACCEPTED, [1]), {"status": "Accepted", "data": [1]}),
        ("GetBaseReport", VerdictAnswer(Verdict.ACCEPTED), {"status": "Accepted"}),
        (
            "GetTransactionStatus",
            TransactionStatusAnswer(queued=True, ongoing=False),
            {"messagesInQueue": True, "ongoingIndicator": False},
        ),
        (
            "GetVariables",
            result(VariableStatus.ACCEPTED, "Occupied"),
            {
                "getVariableResult": [
                    NAMED | {"attributeType": "Target", "attributeStatus": "Accepted", "attributeValue": "Occupied"}
                ]
            },
        ),
        (
            "SetVariables",
            result(VariableStatus.REJECTED, reason=Reason.READ_ONLY),
            {
                "setVariableResult": [
                    NAMED
                    | {
                        "attributeType": "Target",
                        "attributeStatus": "Rejected",
                        "attributeStatusInfo": {"reasonCode": "ReadOnly"},
                    }
                ]
            },
        ),
        (
            "RequestStartTransaction",
            VerdictAnswer(Verdict.ACCEPTED, "tx"),
            {"status": "Accepted", "transactionId": "tx"},
        ),
        ("RequestStopTransaction", VerdictAnswer(Verdict.REJECTED), {"status": "Rejected"}),
        ("Reset", VerdictAnswer(Verdict.SCHEDULED), {"status": "Scheduled"}),
        ("TriggerMessage", VerdictAnswer(Verdict.NOT_IMPLEMENTED), {"status": "NotImplemented"}),
        ("UnlockConnector", UnlockAnswer(Unlocked.ONGOING), {"status": "OngoingAuthorizedTransaction"}),
        ("UnlockConnector", UnlockAnswer(Unlocked.UNKNOWN), {"status": "UnknownConnector"}),
        (
            "UnlockConnector",
            UnlockAnswer(Unlocked.NO_LOCK),
            {"status": "UnlockFailed", "statusInfo": {"reasonCode": "FixedCable"}},
        ),
    ],
)
def test_an_answer_is_said(make: Make, action: str, answer: Answer, fields: dict[str, Any]):
    assert said(make(), action, answer) == fields


@both
@pytest.mark.req("B07.FR.08")
def test_a_report_tells_value_mutability_and_characteristics(make: Make):
    dialect = make()
    actual = Attribute("Actual", "60", Access.READ_WRITE, persistent=True)
    flag = Variable(name=SHORT, attributes=(actual,), type="integer", unit="s", minimum=0, maximum=100, monitored=True)
    unset = (Attribute("Actual", "Occupied", constant=True), Attribute("Target", None))
    state = Variable(name=NAME, attributes=unset, type="OptionList", values=("Available", "Occupied"))
    part = ReportPart(7, 2, more=True, at_utc_s=EPOCH_S, variables=(flag, state))
    assert payload(dialect.codec, notice_said(dialect, part)) == {
        "requestId": 7,
        "generatedAt": "2026-01-01T00:00:00.000Z",
        "seqNo": 2,
        "tbc": True,
        "reportData": [
            SHORT_NAMED
            | {
                "variableAttribute": [{"type": "Actual", "value": "60", "mutability": "ReadWrite", "persistent": True}],
                "variableCharacteristics": {
                    "dataType": "integer",
                    "unit": "s",
                    "minLimit": 0,
                    "maxLimit": 100,
                    "supportsMonitoring": True,
                },
            },
            NAMED
            | {
                "variableAttribute": [
                    {"type": "Actual", "value": "Occupied", "mutability": "ReadOnly", "constant": True},
                    {"type": "Target", "mutability": "ReadOnly"},
                ],
                "variableCharacteristics": {
                    "dataType": "OptionList",
                    "valuesList": "Available,Occupied",
                    "supportsMonitoring": False,
                },
            },
        ],
    }
