from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from agent.ocpp.codec import CallError, Version
from agent.ocpp.rpc import CallReceived, Reply
from tests.agent.ocpp.test_rpc import CODES_2X, STREAM, calling, rpc

CODES_16 = {
    "NotImplemented", "NotSupported", "InternalError", "ProtocolError", "SecurityError", "FormationViolation",
    "PropertyConstraintViolation", "OccurenceConstraintViolation", "TypeConstraintViolation", "GenericError",
}  # fmt: skip
VALID = [
    b'[2,"1","Heartbeat",{}]',
    b'[2,"2","Reset",{"type":"Hard"}]',
    b'[2,"3","DataTransfer",{"vendorId":"v","data":{"a":[1,2.5e3,"\\u00e4",null,true]}}]',
    b'[3,"own",{"currentTime":"2026-01-01T00:00:00Z"}]',
    b'[4,"own","InternalError","why",{"a":{}}]',
    b'[5,"own","InternalError","why",{}]',
    b'[6,"4","NotifyPeriodicEventStream",' + STREAM.encode() + b"]",
]
SCRAPS = [
    b"[",
    b"]",
    b"{",
    b"}",
    b'"',
    b",",
    b":",
    b"\\",
    b"\\u0000",
    b"NaN",
    b"-",
    b"1e999",
    b"9" * 400,
    b"\xff",
    b"null",
    b"\x00",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


@st.composite
def broken_frames(draw: st.DrawFn) -> bytes:
    frame = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(frame)))
        end = draw(st.integers(start, min(len(frame), start + 8)))
        frame = frame[:start] + draw(st.sampled_from(SCRAPS) | st.binary(max_size=3)) + frame[end:]
    return frame


def assert_legal(frame: str, version: Version) -> None:
    kind, message_id, code, description, details = json.loads(frame)
    assert kind == 4 or (kind == 5 and version is Version.V21)
    assert isinstance(message_id, str)
    assert len(message_id) <= 36
    assert code in (CODES_16 if version is Version.V16 else CODES_2X)
    assert isinstance(description, str)
    assert len(description) <= 255
    assert details == {}


@given(
    st.sampled_from(Version),
    st.lists(
        st.binary() | st.text() | JSON.map(json.dumps) | st.lists(JSON).map(json.dumps) | broken_frames(), max_size=6
    ),
)
def test_no_frame_raises_and_every_reply_is_legal(version: Version, frames: list[str | bytes]):
    side = calling(version)
    for frame in frames:
        for event in side.receive(frame, 1.0):
            if isinstance(event, Reply):
                assert_legal(event.frame, version)
            elif isinstance(event, CallReceived):
                assert_legal(side.refuse(event.id, CallError("NotSupported")), version)


@given(st.sampled_from(Version), JSON)
def test_every_call_with_a_readable_id_gets_exactly_one_answer(version: Version, payload: Any):
    events = rpc(version).receive(
        msgspec.json.encode([2, "x", "Reset", None]).replace(b"null", json.dumps(payload).encode()), 0
    )
    assert [type(event) for event in events] in ([CallReceived], [Reply])
