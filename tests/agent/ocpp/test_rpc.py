from __future__ import annotations

import json
from typing import Any

import ocpp.messages
import pytest

from agent.ocpp.codec import CallError, Codec, Version
from agent.ocpp.rpc import (
    CallInFlightError,
    CallReceived,
    CloseNeeded,
    Dropped,
    ErrorReceived,
    Event,
    Reply,
    ResultReceived,
    ResultRefused,
    Rpc,
    SendReceived,
    TimedOut,
)

CODECS = {version: Codec(version) for version in Version}
EVERY_VERSION = pytest.mark.parametrize("version", list(Version))
NEWER = pytest.mark.parametrize("version", [Version.V201, Version.V21])
FRAME_ERROR = {Version.V16: "GenericError", Version.V201: "RpcFrameworkError", Version.V21: "RpcFrameworkError"}

CODES_2X = {
    "FormatViolation", "GenericError", "InternalError", "MessageTypeNotSupported", "NotImplemented", "NotSupported",
    "OccurrenceConstraintViolation", "PropertyConstraintViolation", "ProtocolError", "RpcFrameworkError",
    "SecurityError", "TypeConstraintViolation",
}  # fmt: skip


def rpc(version: Version, **options: Any) -> Rpc:
    return Rpc(CODECS[version], **options)


def calling(version: Version, message_id: str = "own") -> Rpc:
    """An Rpc whose Heartbeat waits for its answer."""
    side = rpc(version)
    side.call(CODECS[version].request_type("Heartbeat")(), message_id=message_id, now_s=0.0)
    return side


def replied(events: list[Event]) -> tuple[str, str]:
    """Id and code of the one CALLERROR that answers a frame."""
    (event,) = events
    assert isinstance(event, Reply)
    kind, message_id, code, description, details = json.loads(event.frame)
    assert (kind, details) == (4, {})
    assert len(description) <= 255
    return message_id, code


# The table of error codes, row by row


UNREADABLE = {
    "bad JSON": '[2,"1","Heartbeat",{]',
    "nothing": "",
    "half a frame": '[2,"1","Hear',
    "not UTF-8": b'[2,"1","Heartbeat",{"a":"\xff"}]',
    "not Unicode": "\ud800",
    "a byte order mark": "\ufeff[]",
    "an object": "{}",
    "text": '"Heartbeat"',
    "an empty list": "[]",
    "no message type": '["1","Heartbeat",{}]',
    "type is text": '["2","x","Heartbeat",{}]',
    "type is a fraction": '[2.0,"x","Heartbeat",{}]',
    "type is true": '[true,"x","Heartbeat",{}]',
    "half a surrogate pair": '[2,"x","Reset",{"type":"\\ud800"}]',
    "id is a number": '[2,1,"Heartbeat",{}]',
    "id is null": '[2,null,"Heartbeat",{}]',
    "id is missing": "[2]",
    "NaN": '[2,"1","Heartbeat",{"a":NaN}]',
    "100,000 levels": "[" * 100_000,
    "100,000 levels within": '[2,"1","Heartbeat",' + "[" * 100_000,
    "5,000 levels, closed": "[" * 5000 + "]" * 5000,
    "100,000 digits": "9" * 100_000,
}


@EVERY_VERSION
@pytest.mark.parametrize("frame", UNREADABLE.values(), ids=UNREADABLE)
def test_a_frame_that_cannot_be_read_is_answered_with_id_minus_one(version: Version, frame: str | bytes):
    assert replied(rpc(version).receive(frame, 0.0)) == ("-1", FRAME_ERROR[version])


@EVERY_VERSION
@pytest.mark.parametrize(
    "frame",
    [
        '[2,"x",["Heartbeat"],{}]',
        '[2,"x",null,{}]',
        '[2,"x","Heartbeat"]',
        '[2,"x"]',
        '[2,"x","Heartbeat",{},1]',
    ],
)
def test_a_call_of_the_wrong_shape_is_answered_under_its_id(version: Version, frame: str):
    assert replied(rpc(version).receive(frame, 0.0)) == ("x", FRAME_ERROR[version])


@pytest.mark.parametrize("kind", ["0", "1", "7", "99999999999999999999", "-2"])
def test_an_unknown_message_type_is_ignored_but_answered_in_2_0_1(kind: str):
    frame = f'[{kind},"x",{{}}]'
    assert isinstance(rpc(Version.V16).receive(frame, 0.0)[0], Dropped)
    assert replied(rpc(Version.V201).receive(frame, 0.0)) == ("x", "MessageTypeNotSupported")
    assert isinstance(rpc(Version.V21).receive(frame, 0.0)[0], Dropped)


@pytest.mark.parametrize("frame", ['[5,"x","GenericError","",{}]', '[6,"x","NotifyPeriodicEventStream",{}]'])
def test_the_message_types_of_2_1_are_unknown_before_it(frame: str):
    assert isinstance(rpc(Version.V16).receive(frame, 0.0)[0], Dropped)
    assert replied(rpc(Version.V201).receive(frame, 0.0)) == ("x", "MessageTypeNotSupported")


@EVERY_VERSION
def test_an_unknown_action_is_not_implemented(version: Version):
    side = rpc(version, supported={"heartbeat"})
    for action in ("heartbeat", "Heartbeat-Signed", "", "NotifyPeriodicEventStream"):
        assert replied(side.receive(f'[2,"x","{action}",{{}}]', 0.0)) == ("x", "NotImplemented")


@EVERY_VERSION
def test_a_known_action_that_is_not_served_is_not_supported(version: Version):
    side = rpc(version, supported={"Reset"})
    assert replied(side.receive('[2,"x","ClearCache",{"whatever":1}]', 0.0)) == ("x", "NotSupported")
    assert replied(side.receive('[2,"x","Reset",{"type":5}]', 0.0)) == ("x", "TypeConstraintViolation")


@pytest.mark.parametrize(
    ("payload", "code_16", "code_2x"),
    [
        ("{}", "ProtocolError", "OccurrenceConstraintViolation"),
        ('{"type":"OnIdle","extra":1}', "FormationViolation", "FormatViolation"),
        ('{"type":5}', "TypeConstraintViolation", "TypeConstraintViolation"),
        ('{"type":"Never"}', "PropertyConstraintViolation", "PropertyConstraintViolation"),
        ('{"type":"Hard","type":"Soft"}', "FormationViolation", "FormatViolation"),
        ("[]", "TypeConstraintViolation", "TypeConstraintViolation"),
    ],
)
def test_an_illegal_payload_is_answered_with_its_code(payload: str, code_16: str, code_2x: str):
    for version in Version:
        code = code_16 if version is Version.V16 else code_2x
        assert replied(rpc(version).receive(f'[2,"x","Reset",{payload}]', 0.0)) == ("x", code)


def test_too_few_items_are_an_occurrence_violation_as_each_version_spells_it():
    frame = '[2,"x","MeterValues",{"connectorId":1,"evseId":1,"meterValue":[]}]'
    frame_16 = frame.replace('"evseId":1,', "")
    frame_2x = frame.replace('"connectorId":1,', "")
    assert replied(rpc(Version.V16).receive(frame_16, 0.0)) == ("x", "OccurenceConstraintViolation")
    assert replied(rpc(Version.V201).receive(frame_2x, 0.0)) == ("x", "OccurrenceConstraintViolation")


@EVERY_VERSION
def test_an_id_over_36_characters_is_refused_and_not_repeated(version: Version):
    side = rpc(version)
    assert replied(side.receive(f'[2,"{"i" * 37}","Heartbeat",{{}}]', 0.0)) == ("-1", FRAME_ERROR[version])
    assert isinstance(side.receive(f'[2,"{"ä" * 36}","Heartbeat",{{}}]', 0.0)[0], CallReceived)


@EVERY_VERSION
def test_an_id_that_is_being_handled_is_refused_and_may_be_used_again_later(version: Version):
    side = rpc(version)
    frame = '[2,"x","ClearCache",{}]'
    assert isinstance(side.receive(frame, 0.0)[0], CallReceived)
    assert replied(side.receive(frame, 0.0)) == ("x", FRAME_ERROR[version])
    side.answer("x", CODECS[version].response_type("ClearCache")(status="Accepted"))
    assert isinstance(side.receive(frame, 0.0)[0], CallReceived)


@EVERY_VERSION
def test_a_frame_over_the_cap_closes_the_connection_with_1009(version: Version):
    side = rpc(version, max_frame_bytes=100)
    for frame in ("x" * 101, b"x" * 101, "ä" * 51):
        (event,) = side.receive(frame, 0.0)
        assert isinstance(event, CloseNeeded)
        assert event.code == 1009
    assert isinstance(side.receive('[2,"x","Heartbeat",{}' + " " * 78 + "]", 0.0)[0], CallReceived)


# Calls of the peer


@EVERY_VERSION
def test_a_call_is_received_and_answered(version: Version):
    side = rpc(version)
    frame = ocpp.messages.Call(unique_id="abc", action="ClearCache", payload={}).to_json()
    (event,) = side.receive(frame, 0.0)
    assert event == CallReceived("abc", "ClearCache", CODECS[version].request_type("ClearCache")(), 2)
    answer = side.answer("abc", CODECS[version].response_type("ClearCache")(status="Accepted"))
    unpacked = ocpp.messages.unpack(answer)
    assert (unpacked.unique_id, unpacked.payload) == ("abc", {"status": "Accepted"})


@EVERY_VERSION
def test_a_call_is_refused_with_the_code_as_its_version_spells_it(version: Version):
    side = rpc(version)
    side.receive('[2,"x","ClearCache",{}]', 0.0)
    frame = json.loads(side.refuse("x", CallError("FormatViolation", "d" * 300, {"a": 1})))
    code = "FormationViolation" if version is Version.V16 else "FormatViolation"
    assert frame == [4, "x", code, "d" * 255, {"a": 1}]


def test_nothing_is_answered_twice():
    side = rpc(Version.V201)
    side.receive('[2,"x","ClearCache",{}]', 0.0)
    side.refuse("x", CallError("NotSupported"))
    with pytest.raises(KeyError):
        side.answer("x", CODECS[Version.V201].response_type("ClearCache")(status="Accepted"))


@EVERY_VERSION
def test_a_call_of_the_peer_is_served_while_ours_waits(version: Version):
    side = calling(version)
    assert isinstance(side.receive('[2,"own","ClearCache",{}]', 0.0)[0], CallReceived)
    assert side.in_flight is not None


def test_binary_frames_are_read_too():
    assert isinstance(rpc(Version.V16).receive(b' [2 , "1" , "Heartbeat" , null ] ', 0.0)[0], CallReceived)


# Calls of ours


@EVERY_VERSION
def test_our_call_is_answered(version: Version):
    codec = CODECS[version]
    side = rpc(version)
    request = codec.request_type("Heartbeat")()
    frame = side.call(request, message_id="own", now_s=5.0)
    assert json.loads(frame) == [2, "own", "Heartbeat", {}]
    assert ocpp.messages.unpack(frame).action == "Heartbeat"
    assert side.deadline_s() == 35.0
    answer = ocpp.messages.CallResult(unique_id="own", payload={"currentTime": "2026-01-01T00:00:00Z"}).to_json()
    (event,) = side.receive(answer, 6.0)
    assert event == ResultReceived("own", codec.response_type("Heartbeat")(currentTime="2026-01-01T00:00:00Z"), request)
    assert side.in_flight is None
    assert side.deadline_s() is None


@EVERY_VERSION
def test_only_one_call_of_ours_is_in_flight(version: Version):
    side = calling(version)
    with pytest.raises(CallInFlightError, match="own"):
        side.call(CODECS[version].request_type("Heartbeat")(), message_id="next", now_s=1.0)
    side.receive('[4,"own","InternalError","",{}]', 2.0)
    side.call(CODECS[version].request_type("Heartbeat")(), message_id="next", now_s=3.0)


def test_our_own_message_ids_are_checked_too():
    side = rpc(Version.V16)
    with pytest.raises(ValueError, match="36"):
        side.call(CODECS[Version.V16].request_type("Heartbeat")(), message_id="i" * 37, now_s=0.0)
    assert side.in_flight is None


@EVERY_VERSION
def test_a_call_times_out_once_and_its_late_answer_is_dropped(version: Version):
    side = calling(version)
    assert side.expire(29.9) == []
    (event,) = side.expire(30.0)
    assert isinstance(event, TimedOut)
    assert event.id == "own"
    assert side.expire(31.0) == []
    assert isinstance(side.receive('[3,"own",{"currentTime":"2026-01-01T00:00:00Z"}]', 31.0)[0], Dropped)


def test_an_answer_that_waited_in_the_socket_still_counts_but_another_frame_shows_the_time_out():
    answer = '[3,"own",{"currentTime":"2026-01-01T00:00:00Z"}]'
    assert [type(event) for event in calling(Version.V16).receive(answer, 99.0)] == [ResultReceived]
    events = calling(Version.V16).receive('[2,"x","ClearCache",{}]', 99.0)
    assert [type(event) for event in events] == [CallReceived, TimedOut]


@EVERY_VERSION
@pytest.mark.parametrize(
    "frame",
    [
        '[3,"other",{"currentTime":"2026-01-01T00:00:00Z"}]',
        '[4,"other","InternalError","",{}]',
        '[4,"-1","GenericError","",{}]',
        "[3]",
        "[4]",
        '[3,null,{"currentTime":"2026-01-01T00:00:00Z"}]',
        '[4,{},"InternalError","",{}]',
        '[3,"other"]',
    ],
)
def test_an_answer_that_nobody_waits_for_is_dropped_and_ours_still_waits(version: Version, frame: str):
    side = calling(version)
    (event,) = side.receive(frame, 1.0)
    assert isinstance(event, Dropped)
    assert event.frame_start == frame
    assert side.in_flight is not None


@EVERY_VERSION
@pytest.mark.parametrize("payload", ["{}", '{"currentTime":"soon"}', '{"currentTime":1}', "[]", '"a"', '{},"extra"'])
def test_an_answer_that_is_not_legal_fails_the_call_and_in_2_1_tells_the_peer(version: Version, payload: str):
    side = calling(version)
    events = side.receive(f'[3,"own",{payload}]', 1.0)
    assert isinstance(events[0], ErrorReceived)
    assert side.in_flight is None
    if version is not Version.V21:
        assert len(events) == 1
        return
    assert isinstance(events[1], Reply)
    kind, message_id, code, *_ = json.loads(events[1].frame)
    assert (kind, message_id) == (5, "own")
    assert code in CODES_2X


@EVERY_VERSION
@pytest.mark.parametrize(
    ("rest", "code", "description", "details"),
    [
        ('"InternalError","why",{"a":1}', "InternalError", "why", {"a": 1}),
        ('"OccurenceConstraintViolation","",{}', "OccurrenceConstraintViolation", "", {}),
        ('"OccurrenceConstraintViolation","",{}', "OccurrenceConstraintViolation", "", {}),
        ('"FormationViolation"', "FormatViolation", "", {}),
        ('"VendorError",null,null', "VendorError", "", {}),
        ('"InternalError","why",[1]', "InternalError", "why", {}),
        ('"InternalError","why",{},"extra"', "InternalError", "why", {}),
        ('500,"why",{}', "GenericError", "why", {}),
        ("null", "GenericError", "", {}),
    ],
)
def test_an_error_for_our_call_ends_it_however_sloppy(
    version: Version, rest: str, code: str, description: str, details: dict[str, Any]
):
    side = calling(version)
    (event,) = side.receive(f'[4,"own",{rest}]', 1.0)
    assert isinstance(event, ErrorReceived)
    assert (event.code, event.description, event.details) == (code, description, details)
    assert side.in_flight is None


# 2.1


STREAM = '{"id":1,"pending":0,"basetime":"2026-01-01T00:00:00Z","data":[{"t":0.5,"v":"230.4"}]}'


def test_an_unconfirmed_message_is_received_and_sent_without_waiting():
    side = calling(Version.V21)
    (event,) = side.receive(f'[6,"s","NotifyPeriodicEventStream",{STREAM}]', 1.0)
    assert isinstance(event, SendReceived)
    assert json.loads(side.send(event.message, message_id="t")) == [
        6,
        "t",
        "NotifyPeriodicEventStream",
        json.loads(STREAM),
    ]


@pytest.mark.parametrize(
    "frame", ['[6,"s","NotifyPeriodicEventStream",{}]', '[6,"s","Heartbeat",{}]', "[6]", '[6,1,"a",{}]', '[6,"s","a"]']
)
def test_an_unconfirmed_message_is_never_answered(frame: str):
    (event,) = rpc(Version.V21).receive(frame, 0.0)
    assert isinstance(event, Dropped)


def test_the_peer_may_refuse_our_answer():
    (event,) = rpc(Version.V21).receive('[5,"x","FormatViolation","why",{}]', 0.0)
    assert event == ResultRefused("x", "FormatViolation", "why")
    assert isinstance(rpc(Version.V21).receive("[5]", 0.0)[0], Dropped)
