"""The ACME box: seven registers in a device file, a socket, a residual-current device in the coil's circuit.

A worked example of docs/porting.md; there is no such box.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import msgspec

from hal.commands import AnyCommand, Permit, PilotF, PilotPwm, PilotX1
from hal.driver import DriverEvse
from hal.errors import HalError, HalGoneError
from hal.iec61851 import DIODE_LOW_MAX_MV, cp_state
from hal.ownership import by_interlock, owned_by
from hal.stream import Stream
from hal.tasks import stop
from hal.types import (
    BoardInfo,
    ContactorChanged,
    CpChanged,
    CpReading,
    CpState,
    EvseCapabilities,
    FaultKind,
    Owner,
    PpChanged,
    Rule,
    Stamped,
)

POLL_S: Final = 0.02  # how often the hardware is read
REPEAT_S: Final = 0.5  # how often an unchanged pilot is told again

# The pilot is read here, so the interlock has most rules, and the box arms only under `evse hal serve`. Its
# residual-current device (6 mA DC, 30 mA AC) opens the coil's circuit by itself.
CLAIMS: Final = (
    *by_interlock(0.1),
    *owned_by(Owner.HARDWARE, 0.3, Rule.RESIDUAL_DC, Rule.RESIDUAL_AC),
)


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table `hal.options` of the configuration."""

    device: str = "/dev/acme-box"
    serial: str = "0"
    max_current_a: float = 16.0


class Registers:
    """The board's registers: signed 16-bit big-endian words in a device file.

    0 duty cycle in tenths of a percent, 1 coil, 2 high level in mV, 3 low level in mV, 4 mirror contact, 5 rating of
    the cable in A (0: none), 6 residual-current device has tripped.
    """

    WORDS: Final = 7
    DUTY, COIL, HIGH, LOW, MIRROR, CABLE, TRIPPED = range(WORDS)

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: int | None = None

    def open(self) -> None:
        """Open the device, the coil off and the pilot at a constant +12 V."""
        self._file = os.open(self._path, os.O_RDWR)
        self.drive_contactor(False)
        self.drive_pilot(100.0)

    def close(self) -> None:
        """Release the device."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def drive_pilot(self, duty_pct: float) -> None:
        """Run PWM; 100 is a constant +12 V, 0 a constant -12 V."""
        self._write(self.DUTY, round(duty_pct * 10))

    def drive_contactor(self, on: bool) -> None:
        """Switch the contactor's coil."""
        self._write(self.COIL, int(on))

    def read(self) -> tuple[int, ...]:
        """All registers in one go."""
        data = os.pread(self._opened, 2 * self.WORDS, 0)
        if len(data) != 2 * self.WORDS:
            raise OSError(f"{self._path} has {len(data)} bytes of registers, {2 * self.WORDS} expected")
        return struct.unpack(f">{self.WORDS}h", data)

    def _write(self, register: int, word: int) -> None:
        os.pwrite(self._opened, struct.pack(">h", word), 2 * register)

    @property
    def _opened(self) -> int:
        if self._file is None:
            raise OSError(f"{self._path} is not open")
        return self._file


class Board:
    """One EVSE on these registers."""

    def __init__(self, options: Options, io: Registers) -> None:
        self.info = BoardInfo("ACME", "Box", options.serial, api=(1, 0), claims=CLAIMS)
        capabilities = EvseCapabilities(max_current_a=options.max_current_a, has_proximity=True, cp_repeat_s=REPEAT_S)
        self.evses: Mapping[int, DriverEvse] = {1: DriverEvse(capabilities, self._ask)}
        self._io = io
        self._stream = Stream()
        self._duty_pct: float | None = None
        self._last: tuple[CpState | None, bool] = (None, False)
        self._repeat_s = 0.0
        self._cycles = 0
        self._closed = False
        self._polling: asyncio.Task[None] | None = None

    def events(self) -> AsyncIterator[Stamped]:
        """The station's own stream: a shared reader, a door. Nothing here."""
        return self._stream.read()

    async def start(self) -> None:
        """Open devices. Raises `HalGoneError`."""
        try:
            self._io.open()
        except OSError as error:
            raise HalGoneError(f"acme_box: {error}") from error
        self._polling = asyncio.create_task(self._poll())

    async def close(self) -> None:
        """Contactor off, devices released, streams ended."""
        await stop([self._polling])
        with contextlib.suppress(OSError):  # a box that is gone has opened by itself
            self._io.drive_contactor(False)
        self._io.close()
        for stream in (self._stream, self.evses[1].stream):
            stream.end()

    async def _ask(self, command: AnyCommand, deadline_s: float) -> None:  # noqa: ARG002 - this hardware is at once
        """Carry out a command. Raises `HalGoneError` when the device is away."""
        try:
            self._carry_out(command)
        except OSError as error:
            raise HalGoneError(f"acme_box: {error}") from error

    def _carry_out(self, command: AnyCommand) -> None:
        match command:
            case PilotPwm(duty_pct):
                self._io.drive_pilot(duty_pct)
                self._duty_pct = duty_pct
            case PilotX1():
                self._io.drive_pilot(100.0)
                self._duty_pct = None
            case PilotF():
                self._io.drive_pilot(0.0)
                self._duty_pct = None
            case Permit(on):
                self._io.drive_contactor(on)
            case _:
                raise HalError(f"acme_box has nothing to carry out {command}")

    async def _poll(self) -> None:
        """Read the hardware, for ever, and report what is news."""
        evse = self.evses[1]
        while True:
            try:
                self._look(evse, asyncio.get_running_loop().time())
                evse.found()
            except OSError as error:
                evse.lost(str(error))
            await asyncio.sleep(POLL_S)

    def _look(self, evse: DriverEvse, now_s: float) -> None:
        _, _, high_mv, low_mv, mirror, cable_a, tripped = self._io.read()
        evse.report_faults({FaultKind.RCD_AC: "the residual-current device has tripped"} if tripped else {})
        evse.report(PpChanged(float(cable_a) or None, None))
        self._cycles += bool(mirror) and not self._closed
        self._closed = bool(mirror)
        evse.report(ContactorChanged(self._closed, self._cycles))
        state = cp_state(high_mv) or self._last[0]  # between two states the last one stands
        seen = (state, low_mv <= DIODE_LOW_MAX_MV)
        if state is not None and (seen != self._last or now_s >= self._repeat_s):
            self._last, self._repeat_s = seen, now_s + REPEAT_S
            evse.report(CpChanged(CpReading(state, high_mv, low_mv, self._duty_pct)))


def open_board(options: Mapping[str, Any]) -> Board:
    """The entry point `evse.boards`. Raises `HalError` naming the option at fault."""
    try:
        chosen = msgspec.convert(options, Options)
    except msgspec.ValidationError as error:
        raise HalError(f"acme_box, options: {error}") from error
    return Board(chosen, Registers(chosen.device))
