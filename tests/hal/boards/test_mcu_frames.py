"""Frames of docs/serial-mcu.md: its examples byte by byte, everything there and back, and lines that lie."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.boards import mcu_frames as frames
from hal.boards.mcu_frames import Frame, FrameError, Kind, McuInfo, McuState, PilotMode, Splitter
from hal.types import CpReading, CpState, LockState

DOCUMENT = (Path(__file__).parents[3] / "docs/serial-mcu.md").read_text(encoding="utf-8")
EXAMPLES = [bytes.fromhex(line) for line in re.findall(r"^    ((?:[0-9a-f]{2} ?)+)$", DOCUMENT, re.MULTILINE)]
CHARGING = McuState(
    reading=CpReading(CpState.C, 6000, -12000, 26.67),
    closed=True,
    lock=LockState.LOCKED,
    pp_ohms=220.0,
    residual_ma=0.4,
    temperature_c=31.5,
    cycles=1234,
    uptime_ms=60_000,
)


def bitwise_crc(data: bytes) -> int:
    """The definition, as another hand wrote it: shift and divide."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def test_the_check_sum_is_the_named_one():
    assert frames.crc(b"123456789") == 0x29B1  # the check value of CRC-16/CCITT-FALSE in every catalogue


@given(st.binary(max_size=80))
def test_the_check_sum_is_what_its_definition_says(data: bytes):
    assert frames.crc(data) == bitwise_crc(data)


def test_the_documents_examples_are_what_it_says_they_are():
    hello, pilot, permit, answer, state, info = EXAMPLES
    assert frames.encode(Frame(Kind.HELLO, 0, 0, b"\x01")) == hello
    assert frames.encode(Frame(Kind.PILOT, 1, 7, frames.pilot(PilotMode.PWM, 26.67))) == pilot
    assert frames.encode(Frame(Kind.PERMIT, 1, 8, frames.permit(True, 2.0))) == permit
    assert Splitter().feed(answer) == [Frame(Kind.ANSWER, 1, 8, b"\x00")]
    (stated,) = Splitter().feed(state)
    assert frames.read_state(stated.payload) == CHARGING
    (told,) = Splitter().feed(info)
    assert frames.read_info(told.payload) == McuInfo(1, 1, "SN-0042", "1.0.3")


FRAMES = st.builds(
    Frame, st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.binary(max_size=frames.PAYLOAD_MAX)
)


@given(st.lists(FRAMES, max_size=5), st.integers(1, 30))
def test_frames_come_out_however_the_line_cuts_them(sent: list[Frame], size: int):
    data = b"".join(map(frames.encode, sent))
    splitter = Splitter()
    heard = [one for at in range(0, len(data), size) for one in splitter.feed(data[at : at + size])]
    assert heard == sent
    assert splitter.damaged == 0


@given(FRAMES, FRAMES, st.data())
def test_a_damaged_frame_is_dropped_and_the_line_goes_on(first: Frame, second: Frame, data: st.DataObject):
    damaged = bytearray(frames.encode(first))
    at = data.draw(st.integers(2, len(damaged) - 1))  # start and length stay: a damaged length may swallow the next
    damaged[at] ^= data.draw(st.integers(1, 255))
    splitter = Splitter()
    heard = splitter.feed(bytes(damaged)) + splitter.feed(frames.encode(second) + bytes(frames.PAYLOAD_MAX + 10))
    assert heard[-1] == second
    assert first not in heard[:-1]


@given(st.binary(max_size=300))
def test_noise_is_survived_and_nothing_of_it_is_kept_for_ever(noise: bytes):
    splitter = Splitter()
    splitter.feed(noise)
    assert len(splitter._heard) <= frames.PAYLOAD_MAX + frames.HEADER.size + frames.CRC_BYTES


def test_a_length_above_the_most_does_not_swallow_what_follows():
    frame = frames.encode(Frame(Kind.ANSWER, 1, 8, b"\x00"))
    splitter = Splitter()
    assert splitter.feed(bytes((frames.START, 200, 0, 0, 0)) + frame) == [Frame(Kind.ANSWER, 1, 8, b"\x00")]
    assert splitter.damaged == 1


@given(st.binary(max_size=40))
def test_a_payload_that_is_none_is_refused_and_never_breaks(payload: bytes):
    for read in (frames.read_state, frames.read_info, frames.read_permit, frames.read_pilot):
        try:
            read(payload)
        except FrameError:
            continue


@pytest.mark.parametrize("fault", frames.FAULT_BITS)
def test_every_fault_has_its_bit(fault):
    said = frames.read_state(frames.state(McuState(reading=CHARGING.reading, closed=False, faults=frozenset({fault}))))
    assert said.faults == {fault}


def test_what_is_not_there_is_not_a_number():
    bare = McuState(reading=CpReading(CpState.A, 12_000, 12_000), closed=False)
    assert frames.read_state(frames.state(bare)) == bare
