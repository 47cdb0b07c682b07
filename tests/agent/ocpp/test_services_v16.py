"""What a 1.6 CSMS asks, as the station understands it, and what it is answered."""

from __future__ import annotations

import pytest

from agent.core.values import IdToken
from agent.ocpp.asks import (
    Answer,
    Ask,
    AvailabilityAsk,
    ClearCacheAsk,
    KeysAnswer,
    KeyValue,
    ReadKeysAsk,
    RemoteStartAsk,
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
from agent.ocpp.charger import ResetKind
from agent.ocpp.v16.dialect import DialectV16
from agent.ocpp.v16.services import FEATURE_PROFILES
from tests.agent.ocpp.said import meant, payload, said

TAG_A = IdToken("A")


@pytest.mark.parametrize(
    ("action", "fields", "ask"),
    [
        ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}, AvailabilityAsk(False, each=True)),
        ("ChangeAvailability", {"connectorId": 2, "type": "Operative"}, AvailabilityAsk(True, 2)),
        ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "7"}, WriteKeyAsk("HeartbeatInterval", "7")),
        ("ClearCache", {}, ClearCacheAsk()),
        ("DataTransfer", {"vendorId": "v", "messageId": "m", "data": "d"}, TransferAsk("v", "m", "d")),
        ("DataTransfer", {"vendorId": "v"}, TransferAsk("v")),
        ("GetConfiguration", {"key": ["A", "B"]}, ReadKeysAsk(("A", "B"))),
        ("GetConfiguration", {"key": []}, ReadKeysAsk()),
        ("GetConfiguration", {}, ReadKeysAsk()),
        (
            "RemoteStartTransaction",
            {"idTag": "A", "connectorId": 2},
            RemoteStartAsk(IdToken("A"), 2, knows_group=False, lenient=True),
        ),
        ("Reset", {"type": "Hard"}, ResetAsk(ResetKind.IMMEDIATE)),
        ("TriggerMessage", {"requestedMessage": "BootNotification"}, TriggerAsk(TriggeredMessage.BOOT)),
        ("TriggerMessage", {"requestedMessage": "Heartbeat"}, TriggerAsk(TriggeredMessage.HEARTBEAT)),
        (
            "TriggerMessage",
            {"requestedMessage": "MeterValues", "connectorId": 1},
            TriggerAsk(TriggeredMessage.SAMPLED_VALUES, 1),
        ),
        (
            "TriggerMessage",
            {"requestedMessage": "StatusNotification", "connectorId": 0},
            TriggerAsk(TriggeredMessage.STATUS, 0),
        ),
        (
            "TriggerMessage",
            {"requestedMessage": "DiagnosticsStatusNotification"},
            TriggerAsk(TriggeredMessage.DIAGNOSTICS_STATUS),
        ),
        ("UnlockConnector", {"connectorId": 1}, UnlockAsk(1, ends_transaction=True)),
    ],
)
def test_a_request_means(action: str, fields: dict[str, object], ask: Ask):
    assert meant(DialectV16(), action, **fields) == ask


def verdict(one: Verdict) -> VerdictAnswer:
    return VerdictAnswer(one)


@pytest.mark.parametrize(
    ("action", "answer", "fields"),
    [
        ("ChangeAvailability", verdict(Verdict.SCHEDULED), {"status": "Scheduled"}),
        ("ChangeConfiguration", verdict(Verdict.REBOOT_REQUIRED), {"status": "RebootRequired"}),
        ("ChangeConfiguration", verdict(Verdict.NOT_SUPPORTED), {"status": "NotSupported"}),
        ("ClearCache", verdict(Verdict.REJECTED), {"status": "Rejected"}),
        ("DataTransfer", TransferAnswer(Verdict.ACCEPTED, "ok"), {"status": "Accepted", "data": "ok"}),
        ("DataTransfer", TransferAnswer(Verdict.ACCEPTED, {"a": [1]}), {"status": "Accepted", "data": '{"a":[1]}'}),
        ("DataTransfer", TransferAnswer(Verdict.UNKNOWN_VENDOR), {"status": "UnknownVendorId"}),
        ("DataTransfer", TransferAnswer(Verdict.UNKNOWN_MESSAGE), {"status": "UnknownMessageId"}),
        (
            "GetConfiguration",
            KeysAnswer((KeyValue("K", "v", read_only=True),), ("U",)),
            {"configurationKey": [{"key": "K", "readonly": True, "value": "v"}], "unknownKey": ["U"]},
        ),
        ("RemoteStartTransaction", VerdictAnswer(Verdict.ACCEPTED, "tx"), {"status": "Accepted"}),
        ("RemoteStopTransaction", verdict(Verdict.REJECTED), {"status": "Rejected"}),
        ("Reset", verdict(Verdict.ACCEPTED), {"status": "Accepted"}),
        ("TriggerMessage", verdict(Verdict.NOT_IMPLEMENTED), {"status": "NotImplemented"}),
        ("UnlockConnector", UnlockAnswer(Unlocked.UNLOCKED), {"status": "Unlocked"}),
        ("UnlockConnector", UnlockAnswer(Unlocked.FAILED), {"status": "UnlockFailed"}),
        ("UnlockConnector", UnlockAnswer(Unlocked.UNKNOWN), {"status": "NotSupported"}),
        ("UnlockConnector", UnlockAnswer(Unlocked.NO_LOCK), {"status": "NotSupported"}),
    ],
)
def test_an_answer_is_said(action: str, answer: Answer, fields: dict[str, object]):
    assert said(DialectV16(), action, answer) == fields


def test_what_ocpp_has_no_message_for_goes_as_text():
    dialect = DialectV16()
    assert payload(dialect.codec, dialect.transfer("v", None, {"a": 1})) == {"vendorId": "v", "data": '{"a":1}'}
    assert payload(dialect.codec, dialect.transfer("v", "m", "as it is")) == {
        "vendorId": "v",
        "messageId": "m",
        "data": "as it is",
    }


def test_every_action_of_a_feature_profile_is_one_of_1_6():
    actions = frozenset().union(*FEATURE_PROFILES.values())
    assert all(DialectV16().codec.request_type(one) for one in actions)
