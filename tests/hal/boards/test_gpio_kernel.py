"""The GPIO board on the real gpiod, and on a chip of the kernel's own simulator where there is one.

Everything else about this board is shown on a fake at gpiod's boundary (test_gpio.py). Skipped where gpiod is not
installed (`evse-agent[gpio]`), and the second part where the kernel has no gpio-sim or this is not root.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hal.boards.gpio import GpioBoard
from hal.boards.pins import Options
from hal.errors import HalGoneError
from hal.types import ContactorChanged
from tests.hal.bench import Follower

gpiod = pytest.importorskip("gpiod", reason="gpiod is not installed: evse-agent[gpio]")

CONFIGFS = Path("/sys/kernel/config/gpio-sim")
LINES = 8
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
    with pytest.raises(HalGoneError, match="are the pins free"):
        await GpioBoard(options("/dev/gpiochip-none", tmp_path)).start()


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
    if not CONFIGFS.is_dir() or os.geteuid() != 0:
        pytest.skip("no gpio-sim in this kernel's configfs, or not root")
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
