"""The GPIO board on a simulated chip and folders like those of sysfs: pins, levels, faults, and what is not there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hal.boards.gpio import GpioBoard, open_board
from hal.boards.pins import PWM_PERIOD_NS, Converter, Options, SysfsPwm
from hal.errors import HalError, HalGoneError
from hal.types import CpChanged, CpState, FaultCleared, FaultKind, FaultRaised, PpChanged
from sim.board import SimBoard
from sim.pins import CONTACTOR, E_STOP, MIRROR, Direction, SimPins, Value
from tests.hal.bench import Follower, until

LEVEL = {"file": "/sys/in_voltage0_raw"}
TWICE = {"contactor": {"line": 4}, "mirror": {"line": 3}, "cp_high": LEVEL, "cp_low": LEVEL, "locked": {"line": 4}}


def built(pins: SimPins, **changes: Any) -> GpioBoard:
    return GpioBoard(msgspec.convert(pins.options() | changes, Options), pins.library)


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[tuple[GpioBoard, SimPins, Follower]]:
    pins = SimPins(SimBoard(), folder)
    await pins.start()
    board = built(pins)
    await board.start()
    follower = Follower(board.evses[1].events())
    try:
        yield board, pins, follower
    finally:
        await follower.stop()
        await board.close()
        await pins.close()


def state_of(follower: Follower) -> CpState | None:
    readings = [one.reading for one in follower.events if isinstance(one, CpChanged)]
    return readings[-1].state if readings else None


async def test_the_contactors_pin_is_requested_as_an_output_that_is_off_and_the_mirror_as_an_input(tmp_path: Path):
    async with started(tmp_path) as (_, pins, _):
        contactor, mirror = pins.requested[CONTACTOR], pins.requested[MIRROR]
        assert (contactor.direction, contactor.output_value) == (Direction.OUTPUT, Value.INACTIVE)
        assert mirror.direction is Direction.INPUT


async def test_the_pilot_starts_at_a_constant_twelve_volt_and_runs_at_one_kilohertz(tmp_path: Path):
    async with started(tmp_path) as (board, pins, _):
        await asyncio.sleep(0.1)
        assert pins.board.snapshot(1).duty_pct is None
        await board.evses[1].pilot.pwm(25.0)
        assert (tmp_path / "pwm0/period").read_text() == "1000000"
        assert (tmp_path / "pwm0/duty_cycle").read_text() == "250000"
        await asyncio.sleep(0.1)
        assert pins.board.snapshot(1).duty_pct == 25.0
        await board.evses[1].pilot.state_f()
        await asyncio.sleep(0.1)
        assert pins.board.snapshot(1).cp_high_v == pytest.approx(-12.0, abs=0.1)


async def test_a_state_this_pilot_driver_cannot_make_is_refused_by_name(tmp_path: Path):
    async with started(tmp_path) as (board, _, _):
        with pytest.raises(HalError, match="PilotE"):
            await board.evses[1].pilot.state_e()


async def test_the_cable_and_the_pilot_are_read_from_the_converter(tmp_path: Path):
    async with started(tmp_path) as (_, pins, follower):
        pins.board.plug_in(1, cable_a=20.0)
        await until(lambda: state_of(follower) is CpState.B)
        cables = [one for one in follower.events if isinstance(one, PpChanged)]
        assert cables[-1].ampacity_a == 20.0


async def test_a_level_between_two_states_keeps_the_last_one(tmp_path: Path):
    async with started(tmp_path) as (_, pins, follower):
        await until(lambda: state_of(follower) is CpState.A)
        pins._write_levels = lambda: (tmp_path / "high").write_text("10500")  # neither A nor B
        await asyncio.sleep(2.0)
        assert state_of(follower) is CpState.A


async def test_a_single_odd_reading_is_no_state(tmp_path: Path):
    async with started(tmp_path) as (board, pins, follower):
        await until(lambda: state_of(follower) is CpState.A)
        pins._write_levels = lambda: None
        (tmp_path / "high").write_text("6000")
        board._look(board.evses[1], asyncio.get_running_loop().time())
        (tmp_path / "high").write_text("12000")
        await asyncio.sleep(1.0)
        assert {one.reading.state for one in follower.events if isinstance(one, CpChanged)} == {CpState.A}


async def test_an_emergency_stop_is_a_fault_while_it_is_pressed(tmp_path: Path):
    async with started(tmp_path) as (_, pins, follower):
        pins.pressed = True
        await follower.heard(FaultRaised(FaultKind.E_STOP, f"line {E_STOP}"))
        pins.pressed = False
        await follower.heard(FaultCleared(FaultKind.E_STOP))


async def test_a_residual_current_device_that_fails_its_test_is_a_fault_until_a_person_resets_it(tmp_path: Path):
    async with started(tmp_path) as (board, pins, follower):
        rcd = board.evses[1].rcd
        assert rcd is not None
        pins.board.inject(1, "rcd-test-fails")
        await rcd.self_test(deadline_s=2.0)
        await until(lambda: any(isinstance(e, FaultRaised) for e in follower.events))
        assert [e.fault for e in follower.events if isinstance(e, FaultRaised)] == [FaultKind.RCD_SELF_TEST]
        await rcd.reset()
        await follower.heard(FaultCleared(FaultKind.RCD_SELF_TEST))


async def test_a_residual_current_device_that_passes_its_test_is_no_fault(tmp_path: Path):
    async with started(tmp_path) as (board, _, follower):
        rcd = board.evses[1].rcd
        assert rcd is not None
        await rcd.self_test(deadline_s=2.0)
        await asyncio.sleep(0.5)
        assert not [e for e in follower.events if isinstance(e, FaultRaised)]


async def test_a_converter_that_cannot_be_read_is_a_lost_board_until_it_can(tmp_path: Path):
    async with started(tmp_path) as (_, pins, follower):
        await until(lambda: state_of(follower) is CpState.A)
        pins.board.inject(1, "cp-silent")
        await until(lambda: any(isinstance(e, FaultRaised) for e in follower.events))
        lost = next(e for e in follower.events if isinstance(e, FaultRaised))
        assert lost.fault is FaultKind.HAL_LOST
        pins.board.clear(1, "cp-silent")
        await follower.heard(FaultCleared(FaultKind.HAL_LOST))
        after = follower.events[follower.events.index(FaultCleared(FaultKind.HAL_LOST)) :]
        await asyncio.sleep(0.1)
        assert any(isinstance(one, CpChanged) for one in after) or state_of(follower) is CpState.A


async def test_closing_drives_the_contactors_pin_low(tmp_path: Path):
    pins = SimPins(SimBoard(), tmp_path)
    await pins.start()
    board = built(pins)
    await board.start()
    await board.evses[1].contactor.permit(True, "test")
    assert pins._outputs[CONTACTOR]
    await board.close()
    assert not pins._outputs[CONTACTOR]
    await pins.close()


async def test_without_the_library_it_says_what_to_install(tmp_path: Path):
    pins = SimPins(SimBoard(), tmp_path)

    def missing() -> Any:
        raise ImportError("No module named 'gpiod'")

    board = GpioBoard(msgspec.convert(pins.options(), Options), missing)
    with pytest.raises(HalGoneError, match=r"install evse-agent\[gpio\]"):
        await board.start()


async def test_a_pwm_that_is_not_there_says_so_and_releases_the_pins(tmp_path: Path):
    pins = SimPins(SimBoard(), tmp_path)
    await pins.start()
    board = built(pins, pwm_chip=str(tmp_path / "no-such-chip"))
    with pytest.raises(HalGoneError, match="no-such-chip"):
        await board.start()
    assert not pins._outputs[CONTACTOR]
    await pins.close()


def test_a_channel_that_is_not_exported_is_exported(tmp_path: Path):
    with pytest.raises(FileNotFoundError):  # an ordinary folder makes no channel of it, as the kernel would
        SysfsPwm(tmp_path, 3)
    assert (tmp_path / "export").read_text() == "3"


def test_a_converter_scales_its_raw_value(tmp_path: Path):
    (tmp_path / "raw").write_text("2048\n")
    assert Converter(str(tmp_path / "raw"), scale=10.0, offset=-15_000.0).read() == 5480.0


def test_the_period_is_that_of_one_kilohertz():
    assert PWM_PERIOD_NS == 1e9 / 1000


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "contactor"),
        ({"contactor": {"line": -1}}, "line"),
        ({"contactor": {"pin": 4}}, "pin"),
        (TWICE, "line 4 is given to two pins"),
    ],
)
def test_an_option_that_is_wrong_is_named(options: dict[str, Any], says: str):
    with pytest.raises(HalError, match=rf"gpio, options: .*{says}"):
        open_board(options)
