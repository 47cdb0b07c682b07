"""The GPIO board on the real gpiod: over a chip that stands behind it, and one of the kernel where there is gpio-sim.

Everything else about this board is shown with something in gpiod's place (test_gpio.py).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hal import conformance
from hal.boards.gpio import GpioBoard
from hal.boards.pins import Options
from hal.checks import CHECKS
from hal.conformance import Outcome
from hal.errors import HalGoneError
from hal.types import ContactorChanged, FaultCleared, FaultKind, FaultRaised
from sim.bench import SimBench
from sim.board import SimBoard
from sim.pins import CONTACTOR as CONTACTOR_PIN
from sim.pins import E_STOP as E_STOP_PIN
from sim.pins import SimPins
from tests.hal.bench import Follower
from tests.hal.boards.fake_chip import chip_of

gpiod = pytest.importorskip("gpiod", minversion="2.2", reason="gpiod is for Linux only, and is not installed here")

CONFIGFS = Path("/sys/kernel/config/gpio-sim")
LINES = 8
STOP_OPENS = {"line": E_STOP_PIN, "active_low": True}
CONTACTOR, MIRROR, E_STOP = 0, 1, 2


def options(chip: str, folder: Path) -> Options:
    """Three pins; pilot and PWM are files, which the kernel's simulator does not have."""
    pwm = folder / "pwm0"
    pwm.mkdir(parents=True)
    for name in ("period", "duty_cycle", "enable"):
        (pwm / name).write_text("0")
    (folder / "high").write_text("12000")
    (folder / "low").write_text("12000")
    return msgspec.convert(
        {
            "chip": chip,
            "contactor": {"line": CONTACTOR},
            "mirror": {"line": MIRROR},
            "faults": {"e-stop": {"line": E_STOP, "active_low": True}},
            "pwm_chip": str(folder),
            "cp_high": {"file": str(folder / "high")},
            "cp_low": {"file": str(folder / "low")},
        },
        Options,
    )


def test_the_library_takes_what_each_pin_is_to_be(tmp_path: Path):
    board = GpioBoard(options("/dev/gpiochip0", tmp_path))
    board._gpiod = gpiod
    config = board._config()
    contactor, e_stop = config[CONTACTOR], config[E_STOP]
    assert contactor.direction is gpiod.line.Direction.OUTPUT
    assert contactor.output_value is gpiod.line.Value.INACTIVE
    assert e_stop.direction is gpiod.line.Direction.INPUT
    assert e_stop.active_low
    assert config[MIRROR].direction is gpiod.line.Direction.INPUT


async def test_a_chip_that_is_not_there_says_so(tmp_path: Path):
    with pytest.raises(HalGoneError, match="are the pins there and free"):
        await GpioBoard(options("/dev/gpiochip-none", tmp_path)).start()


CHECKS_ON_PINS = {"stream", "levels", "duty", "lock", "self-test", "close", "leave-c", "lock-slips", "leak-dc", "weld"}


async def test_over_the_real_library_the_board_passes_what_its_pins_have_a_part_in(tmp_path: Path):
    pins = SimPins(SimBoard(), tmp_path)
    await pins.start()
    checks = [one for one in CHECKS if one.name in CHECKS_ON_PINS]
    options = msgspec.convert(pins.options(), Options)
    with chip_of(gpiod, pins) as requests:
        report = await conformance.run(lambda: GpioBoard(options), SimBench(pins.board), checks)
    await pins.close()
    assert report.passed, report.text()
    assert {one.outcome for one in report.findings} == {Outcome.PASSED}
    assert requests


async def test_over_the_real_library_an_active_low_pin_is_driven_and_read_the_other_way_round(tmp_path: Path):
    pins = SimPins(SimBoard(), tmp_path)
    await pins.start()
    low = {"contactor": {"line": CONTACTOR_PIN, "active_low": True}, "faults": {"e-stop": STOP_OPENS}}
    with chip_of(gpiod, pins):
        board = GpioBoard(msgspec.convert(pins.options() | low, Options))
        await board.start()
        assert pins._outputs[CONTACTOR_PIN], "off"
        await board.evses[1].contactor.permit(True, "test")
        assert not pins._outputs[CONTACTOR_PIN]
        follower = Follower(board.evses[1].events())
        await follower.heard(FaultRaised(FaultKind.E_STOP, f"line {E_STOP_PIN}"))
        pins.pressed = True  # its contact opens, and current flows no more
        await follower.heard(FaultCleared(FaultKind.E_STOP))
        await follower.stop()
        await board.close()
    await pins.close()


async def test_a_line_that_the_chip_does_not_have_says_so(tmp_path: Path):
    pins = SimPins(SimBoard(), tmp_path)
    await pins.start()
    beyond = msgspec.convert(pins.options() | {"locked": {"line": 99}}, Options)
    with chip_of(gpiod, pins), pytest.raises(HalGoneError, match="line offset"):
        await GpioBoard(beyond).start()
    await pins.close()


class Chip:
    """A chip of gpio-sim (Documentation/admin-guide/gpio/gpio-sim.rst): what is pulled, what is driven."""

    def __init__(self, device: Path) -> None:
        bank = device / "bank0"
        self.name = (bank / "chip_name").read_text().strip()
        self._lines = Path("/sys/devices/platform") / (device / "dev_name").read_text().strip() / self.name

    def pull(self, line: int, up: bool) -> None:
        (self._lines / f"sim_gpio{line}" / "pull").write_text("pull-up" if up else "pull-down")

    def is_driven(self, line: int) -> bool:
        return (self._lines / f"sim_gpio{line}" / "value").read_text().strip() == "1"


@pytest.fixture
def chip() -> Iterator[Chip]:
    if not CONFIGFS.is_dir():
        pytest.skip(f"this kernel has no gpio-sim, or its configfs is not mounted: there is no {CONFIGFS}")
    if os.geteuid() != 0:
        pytest.skip("only root makes a chip of gpio-sim")
    device = CONFIGFS / f"evse-{os.getpid()}"
    bank = device / "bank0"
    bank.mkdir(parents=True)
    try:
        (bank / "num_lines").write_text(str(LINES))
        (device / "live").write_text("1")
        yield Chip(device)
    finally:
        with contextlib.suppress(OSError):
            (device / "live").write_text("0")
        bank.rmdir()
        device.rmdir()


async def test_on_a_chip_of_the_kernel_the_contactor_is_driven_and_its_mirror_read(chip: Chip, tmp_path: Path):
    chip.pull(E_STOP, up=True)
    board = GpioBoard(options(f"/dev/{chip.name}", tmp_path))
    await board.start()
    follower = Follower(board.evses[1].events())
    try:
        assert not chip.is_driven(CONTACTOR)
        await board.evses[1].contactor.permit(True, "test")
        assert chip.is_driven(CONTACTOR)
        chip.pull(MIRROR, up=True)
        await follower.heard(ContactorChanged(True, 1))
        await board.evses[1].contactor.permit(False, "test")
        assert not chip.is_driven(CONTACTOR)
        chip.pull(MIRROR, up=False)
        await follower.heard(ContactorChanged(False, 1))
        await board.evses[1].contactor.permit(True, "test")
    finally:
        await follower.stop()
        await board.close()
    assert not chip.is_driven(CONTACTOR)
