from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.iso15118.v2gtp import PAYLOAD_LIMIT, Broken, Frame, Framer, PayloadType, framed

FRAMES = st.lists(st.builds(Frame, st.sampled_from(list(PayloadType)), st.binary(max_size=40)), max_size=6)


def test_a_frame_has_the_header_that_the_standard_draws():
    assert framed(PayloadType.EXI, b"\x80\x01") == bytes.fromhex("01fe8001000000028001")


@given(FRAMES, st.lists(st.integers(0, 300), max_size=12))
def test_however_tcp_splits_a_stream_the_frames_are_the_same(frames: list[Frame], cuts: list[int]):
    stream = b"".join(framed(frame.type, frame.payload) for frame in frames)
    framer, found, start = Framer(), [], 0
    for cut in [*sorted(cuts), len(stream)]:
        found += framer.feed(stream[start:cut])
        start = max(start, min(cut, len(stream)))
    assert found == frames
    assert not framer.waiting


def test_a_frame_that_has_begun_is_waited_for():
    framer = Framer()
    assert framer.feed(framed(PayloadType.EXI, b"abc")[:-1]) == []
    assert framer.waiting
    assert framer.feed(b"c") == [Frame(PayloadType.EXI, b"abc")]


def test_an_empty_payload_is_a_frame():
    assert Framer().feed(framed(PayloadType.EXI, b"")) == [Frame(PayloadType.EXI, b"")]


def test_a_length_that_nobody_sends_breaks_the_stream_before_it_is_waited_for():
    for length in (PAYLOAD_LIMIT + 1, 2**32 - 1):
        framer = Framer()
        [broken] = framer.feed(bytes.fromhex("01fe8001") + length.to_bytes(4, "big"))
        assert isinstance(broken, Broken)
        assert str(length) in broken.reason
        assert not framer.waiting


def test_a_wrong_version_breaks_the_stream_and_what_came_before_is_still_delivered():
    framer = Framer()
    good = framed(PayloadType.EXI, b"\x80")
    events = framer.feed(good + bytes.fromhex("02fd800100000000"))
    assert events[0] == Frame(PayloadType.EXI, b"\x80")
    assert isinstance(events[1], Broken)
    assert framer.feed(good) == []


def test_a_payload_type_that_is_not_known_is_delivered_for_the_engine_to_judge():
    assert Framer().feed(framed(0xA000, b"x")) == [Frame(0xA000, b"x")]


@given(st.binary(max_size=200))
def test_garbage_never_raises_and_never_holds_more_than_it_was_given(data: bytes):
    framer = Framer()
    events = framer.feed(data)
    assert sum(len(event.payload) for event in events if isinstance(event, Frame)) <= len(data)
