"""The OpenEVSE board against a simulated controller: RAPI's frames, permission as wakefulness, resets, lost answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.boards import rapi
from hal.boards.rapi import RapiBoard
from hal.boards.rapi_frames import frame, unframe
from hal.errors import HalError, HalGoneError
from hal.ownership import OwnershipError, check
from hal.types import ContactorChanged, CpChanged, CpState, FaultCleared, FaultKind, FaultRaised
from sim.bench import CarSimulator
from sim.board import SimBoard
from sim.evse import EvseSpec
from sim.openevse import SimOpenEvse
from tests.hal.bench import Follower, until


@asynccontextmanager
async def started() -> AsyncIterator[tuple[RapiBoard, SimOpenEvse, Follower]]:
    openevse = SimOpenEvse(SimBoard(evse=EvseSpec(phases=1, socket=False)))
    await openevse.start()
    board = rapi.open_board({"device": openevse.pty.path})
    await board.start()
    follower = Follower(board.evses[1].events())
    try:
        yield board, openevse, follower
    finally:
        await follower.stop()
        await board.close()
        await openevse.close()


async def charging(board: RapiBoard, openevse: SimOpenEvse) -> CarSimulator:
    car = CarSimulator()
    openevse.board.plug_in(1, car)
    await board.evses[1].pilot.pwm(26.67)
    await board.evses[1].contactor.permit(True, "test")
    await asyncio.sleep(1.0)
    openevse.board.ev_resume(1)
    await until(lambda: openevse.board.snapshot(1).mirror_closed, 3.0)
    return car


# Examples from the protocol's own description (open_evse, rapi_proc.h): command and check sum


@pytest.mark.parametrize("line", [b"$GC^20", b"$GE^26", b"$GS^30", b"$GU^36", b"$GV^35", b"$F0 1^43", b"$G0^53"])
def test_frames_are_those_of_the_protocols_description(line: bytes):
    text = line.partition(b"^")[0].decode()
    assert frame(text) == line + b"\r"
    assert unframe(line) == text[1:].split()


@given(st.binary(max_size=40))
def test_noise_is_no_frame_and_breaks_nothing(noise: bytes):
    words = unframe(noise)
    assert words is None or b"^" in noise


@given(st.text(st.characters(min_codepoint=33, max_codepoint=93), min_size=1, max_size=20), st.integers(0, 19))
def test_one_wrong_character_is_found(word: str, at: int):
    good = frame(f"$OK {word}").rstrip(b"\r")
    at %= len(good) - 3
    bad = good[:at] + bytes((good[at] ^ 0x01,)) + good[at + 1 :]
    assert unframe(bad) is None


async def test_nothing_is_offered_and_nothing_closes_before_the_permission():
    async with started() as (board, openevse, follower):
        openevse.board.plug_in(1, CarSimulator())
        openevse.board.ev_resume(1)
        await board.evses[1].pilot.pwm(26.67)
        await asyncio.sleep(3.0)
        assert openevse.board.snapshot(1).duty_pct is None
        assert not openevse.board.snapshot(1).permitted
        assert {e.reading.state for e in follower.events if isinstance(e, CpChanged)} == {CpState.A, CpState.B}


async def test_with_the_permission_it_offers_what_was_asked_and_closes_for_a_car_that_asks():
    async with started() as (board, openevse, follower):
        await charging(board, openevse)
        assert openevse.board.snapshot(1).duty_pct == pytest.approx(26.67, abs=0.01)
        assert "SC 16 V" in openevse.said
        await follower.heard(ContactorChanged(True, 1))


async def test_off_is_the_panic_stop_and_then_sleep():
    async with started() as (board, openevse, _):
        await charging(board, openevse)
        openevse.said.clear()
        await board.evses[1].contactor.permit(False, "test")
        assert openevse.said[:2] == ["FD", "FS"]
        await asyncio.sleep(0.03)
        assert not any(openevse.board.snapshot(1).poles)


async def test_a_current_is_cut_to_whole_ampere_and_never_rounded_up():
    async with started() as (board, openevse, _):
        await board.evses[1].pilot.pwm(10.9 / 0.6)
        assert "SC 10 V" in openevse.said


async def test_a_controller_that_offers_more_than_asked_is_an_error():
    async with started() as (board, openevse, _):
        openevse._answer = lambda words: "NK 16" if words[0] == "SC" else "OK"
        with pytest.raises(HalError, match="asked for 10 A, it offers 16 A"):
            await board.evses[1].pilot.pwm(10.0 / 0.6)


async def test_a_lost_answer_is_asked_for_again():
    async with started() as (board, openevse, _):
        send, lost = openevse._send, []
        openevse._send = lambda text: send(text) if lost else lost.append(text)
        await board.evses[1].pilot.pwm(26.67)
        assert openevse.said.count("SC 16 V") == 2


async def test_a_controller_that_woke_up_by_itself_is_put_to_sleep():
    async with started() as (_, openevse, _):
        openevse._state = 1
        openevse.said.clear()
        await asyncio.sleep(0.5)
        assert "FD" in openevse.said
        assert openevse._state == 0xFE


async def test_a_controller_that_hangs_is_lost_and_found_again():
    async with started() as (_, openevse, follower):
        openevse.board.inject(1, "cp-silent")
        await until(lambda: any(isinstance(e, FaultRaised) for e in follower.events), 4.0)
        assert next(e for e in follower.events if isinstance(e, FaultRaised)).fault is FaultKind.HAL_LOST
        openevse.board.clear(1, "cp-silent")
        await until(lambda: FaultCleared(FaultKind.HAL_LOST) in follower.events, 3.0)


@pytest.mark.parametrize(
    ("state", "fault"),
    [(0x05, FaultKind.CP_DIODE), (0x07, FaultKind.PE_LOSS), (0x08, FaultKind.WELD), (0x0A, FaultKind.OVER_TEMPERATURE)],
)
async def test_its_fault_states_are_faults(state: int, fault: FaultKind):
    async with started() as (board, openevse, follower):
        openevse._update = lambda _now_s: asyncio.sleep(0)
        openevse._state = state
        await until(lambda: any(isinstance(e, FaultRaised) and e.fault is fault for e in follower.events))
        await board.evses[1].contactor.permit(False, "test")


async def test_a_line_without_an_openevse_says_so():
    openevse = SimOpenEvse(SimBoard())
    board = rapi.open_board({"device": openevse.pty.path})
    with pytest.raises(HalGoneError, match="no answer to GV; is there an OpenEVSE on this line"):
        await board.start()
    openevse.pty.close()


def test_stock_firmware_is_too_slow_to_be_armed_and_the_error_says_which_rule():
    board = rapi.open_board({})
    with pytest.raises(OwnershipError, match=r"cp-not-c-or-d .*mcu takes 0\.3 s, and 0\.1 s is the most"):
        check(board.info, [board.evses[1].capabilities])


def test_an_option_that_does_not_exist_is_named():
    with pytest.raises(HalError, match=r"rapi, options: .*devise"):
        rapi.open_board({"devise": "/dev/ttyS0"})
