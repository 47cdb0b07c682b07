"""What a processor's own pins are to a board: lines of a gpio chip, a channel of the kernel's PWM, an IIO converter."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import msgspec

from hal.types import FaultKind

RAW_BYTES: Final = 32  # more than a converter's number and its line end
PWM_PERIOD_NS: Final = 1_000_000  # IEC 61851-1 annex A: 1 kHz


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pin of the chip."""

    line: Annotated[int, msgspec.Meta(ge=0)]
    active_low: bool = False


class Converter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A channel of the converter: `value = raw * scale + offset`, in millivolt at the pilot, or ohm."""

    file: str
    scale: float = 1.0
    offset: float = 0.0

    def read(self) -> float:
        """What it measures now. Raises `OSError`, `ValueError`.

        Without a file object: three converters are read a hundred times a second.
        """
        file = os.open(self.file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return int(os.read(file, RAW_BYTES)) * self.scale + self.offset
        finally:
            os.close(file)


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Table `hal.options`: which pin does what. `faults`: inputs by the fault that they report."""

    chip: str = "/dev/gpiochip0"
    contactor: Line
    mirror: Line
    pwm_chip: str = "/sys/class/pwm/pwmchip0"
    pwm_channel: int = 0
    cp_high: Converter
    cp_low: Converter
    proximity: Converter | None = None
    lock: Line | None = None
    unlock: Line | None = None
    locked: Line | None = None
    rcd_test: Line | None = None
    rcd_reset: Line | None = None
    faults: dict[FaultKind, Line] = {}
    max_current_a: float = 32.0
    phases: int = 3
    ventilation: bool = False
    serial: str = ""

    @property
    def outputs(self) -> tuple[Line, ...]:
        """The pins that are driven."""
        return tuple(filter(None, (self.contactor, self.lock, self.unlock, self.rcd_test, self.rcd_reset)))

    @property
    def inputs(self) -> tuple[Line, ...]:
        """The pins that are read."""
        return tuple(filter(None, (self.mirror, self.locked, *self.faults.values())))

    def __post_init__(self) -> None:
        """Raise ValueError naming a line that is given twice."""
        lines = [one.line for one in (*self.outputs, *self.inputs)]
        twice = sorted({line for line in lines if lines.count(line) > 1})
        if twice:
            raise ValueError(f"line {twice[0]} is given to two pins")


class SysfsPwm:
    """One channel of the kernel's PWM: `percent` high; 100 and 0 are constant levels."""

    def __init__(self, chip: Path, channel: int) -> None:
        self._folder = chip / f"pwm{channel}"
        if not self._folder.exists():
            (chip / "export").write_text(str(channel), encoding="ascii")
        self._write("period", PWM_PERIOD_NS)

    def percent(self, value: float) -> None:
        """Run at this duty cycle. Raises `OSError`."""
        self._write("duty_cycle", round(PWM_PERIOD_NS * value / 100.0))
        self._write("enable", 1)

    def _write(self, name: str, value: int) -> None:
        (self._folder / name).write_text(str(value), encoding="ascii")
