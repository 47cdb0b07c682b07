"""The serial board against a microcontroller on a pty: broken lines, damaged frames, resets, wrong boards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hal.boards import serial_mcu
from hal.boards.serial_mcu import SerialMcuBoard
from hal.errors import HalError, HalGoneError, HalRefusedError, HalTimeoutError
from hal.types import (
    ContactorChanged,
    CpChanged,
    CpState,
    FaultCleared,
    FaultKind,
    FaultRaised,
    LockChanged,
    LockState,
    PpChanged,
    Rule,
    TemperatureMeasured,
)
from sim.board import SimBoard
from sim.evse import EvseSpec
from sim.mcu import SimMcu
from tests.hal.bench import Follower, until


@asynccontextmanager
async def started(evses: int = 1, spec: EvseSpec | None = None) -> AsyncIterator[tuple[SerialMcuBoard, SimMcu]]:
    mcu = SimMcu(SimBoard(evses, evse=spec or EvseSpec()))
    await mcu.start()
    board = serial_mcu.open_board({"device": mcu.pty.path, "evses": evses})
    try:
        await board.start()
        yield board, mcu
    finally:
        await board.close()
        await mcu.close()


def permitted(mcu: SimMcu, evse: int = 1) -> bool:
    return mcu.board.snapshot(evse).permitted


async def test_it_says_who_the_microcontroller_is():
    async with started() as (board, _):
        assert (board.info.serial, board.info.firmware) == ("SIM-MCU-1", "1.0")


async def test_its_stream_says_everything_the_microcontroller_states():
    async with started() as (board, mcu):
        follower = Follower(board.evses[1].events())
        mcu.board.plug_in(1, cable_a=20.0)
        await until(lambda: any(isinstance(e, CpChanged) and e.reading.state is CpState.B for e in follower.events))
        assert PpChanged(20.0, pytest.approx(680.0, abs=10)) in follower.events
        assert LockChanged(LockState.UNLOCKED) in follower.events
        assert ContactorChanged(False) in follower.events
        assert TemperatureMeasured("board", 31.5) in follower.events
        await follower.stop()


async def test_two_evses_on_one_line_are_told_apart():
    async with started(evses=2) as (board, mcu):
        await board.evses[2].pilot.pwm(50.0)
        assert mcu.board.snapshot(1).duty_pct is None
        assert mcu.board.snapshot(2).duty_pct == 50.0


async def test_a_damaged_answer_is_asked_for_again_and_the_command_is_done_once():
    async with started() as (board, mcu):
        rcd = board.evses[1].rcd
        assert rcd is not None
        mcu.corrupt = 1
        await board.evses[1].pilot.pwm(30.0)
        assert mcu.board.snapshot(1).duty_pct == 30.0
        pilots = [one for one in mcu.board.trace if one.what == "pilot"]
        assert len(pilots) == 1


async def test_a_self_test_longer_than_a_resend_runs_once_and_is_answered_at_its_end():
    async with started() as (board, mcu):
        mcu.board.inject(1, "rcd-test-fails")
        rcd = board.evses[1].rcd
        assert rcd is not None
        follower = Follower(board.evses[1].events())
        await rcd.self_test()
        await until(lambda: any(isinstance(e, FaultRaised) for e in follower.events))
        assert [e.fault for e in follower.events if isinstance(e, FaultRaised)] == [FaultKind.RCD_SELF_TEST]
        await follower.stop()


async def test_a_microcontroller_that_hangs_is_lost_within_a_second_and_a_half_and_commands_time_out():
    async with started() as (board, mcu):
        follower = Follower(board.evses[1].events())
        await asyncio.sleep(1)
        mcu.hung = True
        hung_s = asyncio.get_running_loop().time()
        await until(lambda: any(isinstance(e, FaultRaised) for e in follower.events), 2.0)
        assert asyncio.get_running_loop().time() - hung_s <= 1.51
        with pytest.raises(HalTimeoutError, match="no answer to PILOT"):
            await board.evses[1].pilot.x1(deadline_s=0.5)
        mcu.hung = False
        await follower.heard(FaultCleared(FaultKind.HAL_LOST))
        await follower.stop()


async def test_after_a_reset_the_permission_is_gone_and_the_state_is_told_anew():
    async with started() as (board, mcu):
        follower = Follower(board.evses[1].events())
        mcu.board.plug_in(1)
        await board.evses[1].pilot.pwm(30.0)
        await asyncio.sleep(2.0)
        await board.evses[1].contactor.permit(True, "test")
        assert permitted(mcu)
        await mcu.reset()
        await until(lambda: any(isinstance(e, FaultCleared) for e in follower.events))
        lost = FaultRaised(FaultKind.HAL_LOST, "the microcontroller was reset")
        after = follower.events[follower.events.index(lost) :]
        assert after[1] == FaultCleared(FaultKind.HAL_LOST)
        await until(lambda: isinstance(follower.events[-2], CpChanged) and follower.events[-2].reading.duty_pct is None)
        assert not permitted(mcu)
        await follower.stop()


async def test_a_permission_that_is_not_renewed_ends_in_the_microcontroller():
    async with started() as (board, mcu):
        mcu.board.plug_in(1)
        await board.evses[1].pilot.pwm(30.0)
        await asyncio.sleep(2.0)
        await board.evses[1].contactor.permit(True, "test")
        assert permitted(mcu)
        await asyncio.sleep(1.9)
        assert permitted(mcu)
        await asyncio.sleep(0.2)
        assert not permitted(mcu)


async def test_a_refusal_of_the_microcontroller_names_its_rule():
    async with started() as (board, mcu):
        mcu.board.inject(1, "residual-dc")
        await asyncio.sleep(0.1)
        with pytest.raises(HalRefusedError) as refused:
            await board.evses[1].contactor.permit(True, "test")
        assert refused.value.rule is Rule.FAULTED


async def test_what_it_lacks_is_an_error_that_names_the_command():
    async with started() as (board, _):
        with pytest.raises(HalError, match="answers 0x01 to PHASES"):
            await board._ask(1, serial_mcu.SetPhases(1), 1.0)


async def test_closing_the_board_withdraws_every_permission():
    mcu = SimMcu(SimBoard())
    await mcu.start()
    board = serial_mcu.open_board({"device": mcu.pty.path})
    await board.start()
    mcu.board.plug_in(1)
    await board.evses[1].pilot.pwm(30.0)
    await asyncio.sleep(2.0)
    await board.evses[1].contactor.permit(True, "test")
    await board.close()
    await asyncio.sleep(0.01)
    assert not permitted(mcu)
    await mcu.close()


async def test_a_device_that_is_not_there_says_so():
    board = serial_mcu.open_board({"device": "/dev/no-such-line"})
    with pytest.raises(HalGoneError, match=r"/dev/no-such-line.*is the device there"):
        await board.start()


async def test_a_line_on_which_nobody_answers_is_no_board():
    mcu = SimMcu(SimBoard())
    await mcu.start()
    mcu.hung = True
    board = serial_mcu.open_board({"device": mcu.pty.path})
    with pytest.raises(HalGoneError, match="no answer to HELLO"):
        await board.start()
    await mcu.close()


async def test_a_board_with_other_evses_than_configured_is_refused():
    mcu = SimMcu(SimBoard(2))
    await mcu.start()
    board = serial_mcu.open_board({"device": mcu.pty.path, "evses": 1})
    with pytest.raises(HalGoneError, match="protocol 1 with 2 EVSEs there; 1 with 1 configured"):
        await board.start()
    await mcu.close()


async def test_a_line_that_is_pulled_is_lost_and_found_again_when_it_is_back(tmp_path):
    mcu = SimMcu(SimBoard())
    await mcu.start()
    link = tmp_path / "line"
    link.symlink_to(mcu.pty.path)
    board = serial_mcu.open_board({"device": str(link)})
    await board.start()
    follower = Follower(board.evses[1].events())
    mcu.pull_line()
    await until(lambda: any(isinstance(e, FaultRaised) for e in follower.events))
    with pytest.raises(HalGoneError):
        await board.evses[1].pilot.x1()
    link.unlink()
    link.symlink_to(mcu.pty.path)
    await until(lambda: FaultCleared(FaultKind.HAL_LOST) in follower.events, 5.0)
    await board.evses[1].pilot.pwm(30.0)
    assert mcu.board.snapshot(1).duty_pct == 30.0
    await follower.stop()
    await board.close()
    await mcu.close()


def test_an_option_that_does_not_exist_is_named():
    with pytest.raises(HalError, match=r"serial_mcu, options: .*devise"):
        serial_mcu.open_board({"devise": "/dev/ttyS0"})
