"""A simulated board's physics behind pins: a gpio chip at gpiod's boundary, and folders like the kernel's in sysfs."""

from __future__ import annotations

import asyncio
import enum
import os
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from hal.tasks import stop
from hal.types import FaultCleared, FaultKind, FaultRaised, LockState, PpChanged
from sim.board import SimBoard
from sim.symptoms import Symptom

TICK_S: Final = 0.005  # how often pins and physics are brought in line
CONTACTOR, MIRROR, LOCK, UNLOCK, LOCKED, RCD_TEST, RCD_RESET, RCD_DC, RCD_AC, E_STOP = range(10)
PWM_FILES: Final = ("period", "duty_cycle", "enable")
OPEN_OHM: Final = 1e6
TRIPS: Final = {RCD_DC: FaultKind.RCD_DC, RCD_AC: FaultKind.RCD_AC}


class Direction(enum.Enum):
    """gpiod.line.Direction, as far as it is used."""

    INPUT = 2
    OUTPUT = 3


class Value(enum.Enum):
    """gpiod.line.Value."""

    INACTIVE = 0
    ACTIVE = 1


class SimPins:
    """Pins of `board`, with a residual-current device in the coil's circuit, and `folder` in the place of sysfs.

    `pressed`: whether the emergency stop is.
    """

    def __init__(self, board: SimBoard, folder: Path) -> None:
        self.board = board
        self.pressed = False
        self.requested: Mapping[int, Any] = {}
        self._folder = folder
        self._outputs: dict[int, bool] = {}
        self._written: dict[str, str] = {}
        self._files: dict[str, int] = {}  # held open: they are looked at two hundred times a second
        self._ohms = OPEN_OHM
        self._tripped: FaultKind | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Power up."""
        await self.board.start()
        pwm = self._folder / "pwm0"
        pwm.mkdir()
        for name in PWM_FILES:
            (pwm / name).write_text("0", encoding="ascii")
            self._files[name] = os.open(pwm / name, os.O_RDONLY)
        self._write_levels()
        self._listening = asyncio.create_task(self._listen())
        self._ticking = asyncio.create_task(self._tick())

    async def close(self) -> None:
        """Power down."""
        await stop([self._ticking, self._listening])
        for file in self._files.values():
            os.close(file)
        await self.board.close()

    def options(self) -> dict[str, Any]:
        """The configuration that fits."""
        return {
            "contactor": {"line": CONTACTOR},
            "mirror": {"line": MIRROR},
            "lock": {"line": LOCK},
            "unlock": {"line": UNLOCK},
            "locked": {"line": LOCKED},
            "rcd_test": {"line": RCD_TEST},
            "rcd_reset": {"line": RCD_RESET},
            "faults": {"rcd-dc": {"line": RCD_DC}, "rcd-ac": {"line": RCD_AC}, "e-stop": {"line": E_STOP}},
            "pwm_chip": str(self._folder),
            "cp_high": {"file": str(self._folder / "high")},
            "cp_low": {"file": str(self._folder / "low")},
            "proximity": {"file": str(self._folder / "proximity")},
        }

    def library(self) -> Any:
        """What stands for the module gpiod."""
        return SimpleNamespace(
            request_lines=self._request,
            LineSettings=SimpleNamespace,
            line=SimpleNamespace(Direction=Direction, Value=Value),
        )

    def _request(self, path: str, *, consumer: str, config: Mapping[int, Any]) -> _Request:  # noqa: ARG002 - gpiod's signature
        self.requested = config
        return _Request(self)

    # Pins

    def set(self, line: int, on: bool) -> None:
        """An output is driven."""
        rises = on and not self._outputs.get(line, False)
        self._outputs[line] = on
        hardware = self.board.evses[1]
        if line in {LOCK, UNLOCK} and rises and hardware.lock is not None:
            self._do(hardware.lock.lock() if line == LOCK else hardware.lock.unlock())
        if line == RCD_RESET and rises:
            self._do(hardware.rcd.reset())

    def get(self, line: int) -> bool:
        """An input is read."""
        now = self.board.snapshot(1)
        match line:
            case _ if line == MIRROR:
                return now.mirror_closed
            case _ if line == LOCKED:
                return now.lock is LockState.LOCKED
            case _ if line == E_STOP:
                return self.pressed
            case _ if line == RCD_DC and self._outputs.get(RCD_TEST, False):
                return Symptom.RCD_TEST_FAILS not in now.symptoms
        return self._tripped is not None and TRIPS.get(line) is self._tripped

    def _do(self, work: Any) -> None:
        self._doing = asyncio.ensure_future(work)

    # Physics

    async def _listen(self) -> None:
        async for stamped in self.board.evses[1].events():
            match stamped.event:
                case FaultRaised(fault, _):
                    self._tripped = fault
                    await self._coil()
                case FaultCleared():
                    self._tripped = None
                case PpChanged(_, ohms):
                    self._ohms = OPEN_OHM if ohms is None else ohms

    async def _tick(self) -> None:
        while True:
            await self._coil()
            await self._drive_pilot()
            self._write_levels()
            await asyncio.sleep(TICK_S)

    async def _coil(self) -> None:
        """The device's contact lies in series with the pin's driver."""
        on = self._outputs.get(CONTACTOR, False) and self._tripped is None
        await self.board.evses[1].contactor.permit(on, "pin")

    async def _drive_pilot(self) -> None:
        pilot = self.board.evses[1].pilot
        period_ns, duty_ns, enable = (int(os.pread(self._files[name], 20, 0) or 0) for name in PWM_FILES)
        if enable != 1 or duty_ns == period_ns:
            await pilot.x1()
        elif duty_ns == 0:
            await pilot.state_f()
        else:
            await pilot.pwm(round(100.0 * duty_ns / period_ns, 3))

    def _write_levels(self) -> None:
        now = self.board.snapshot(1)
        levels = {"high": now.cp_high_v * 1000, "low": now.cp_low_v * 1000, "proximity": self._ohms}
        for name, level in levels.items():
            text = "" if Symptom.CP_SILENT in now.symptoms and name != "proximity" else str(round(level))
            if self._written.get(name) != text:
                self._written[name] = text
                (self._folder / name).write_text(text, encoding="ascii")


class _Request:
    """gpiod.LineRequest, as far as it is used."""

    def __init__(self, pins: SimPins) -> None:
        self._pins = pins

    def set_value(self, line: int, value: Value) -> None:
        """Drive an output."""
        self._pins.set(line, value is Value.ACTIVE)

    def get_value(self, line: int) -> Value:
        """Read an input."""
        return Value.ACTIVE if self._pins.get(line) else Value.INACTIVE

    def release(self) -> None:
        """Hand the pins back."""
        for line in range(E_STOP):
            self._pins.set(line, False)
