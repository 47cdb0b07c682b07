"""A board on the processor's own pins: gpiod for inputs and outputs, sysfs PWM for the pilot, IIO for its levels.

The pilot's levels come from two peak detectors (high and low half wave) on an analogue converter. The interlock has
the rules here, so such a board arms only with the hardware layer in a process of its own; residual currents are the
business of a device that opens the contactor's coil circuit by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import msgspec

from hal.boards.pins import Line, Options, SysfsPwm
from hal.commands import AnyCommand, Permit, PilotF, PilotPwm, PilotX1, RcdReset, RcdSelfTest, SetLock
from hal.driver import DriverEvse
from hal.errors import HalError, HalGoneError
from hal.iec61851 import DIODE_LOW_MAX_MV, cable_ampacity, cp_state
from hal.ownership import RESIDUAL_AC_S, by_interlock, owned_by
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
    LockChanged,
    LockState,
    Owner,
    PpChanged,
    Rule,
    Stamped,
)

POLL_S: Final = 0.01  # our policy: pins and levels are read this often
SAME_READINGS: Final = 2  # our policy: a level counts when it was read twice
CP_REPEAT_S: Final = 0.5
LOCK_PULSE_S: Final = 0.6  # our policy: a motor lock's travel, with reserve
TEST_S: Final = 0.5  # our policy: a residual-current device trips on its test line within this
RESET_PULSE_S: Final = 0.1
CONSUMER: Final = "evse"
CLAIMS: Final = (
    *by_interlock(0.08),
    *owned_by(Owner.HARDWARE, RESIDUAL_AC_S, Rule.RESIDUAL_DC, Rule.RESIDUAL_AC),
)

GPIOD: Final[Callable[[], Any]] = partial(import_module, "gpiod")
Level = tuple[CpState | None, bool]  # the pilot's state, and whether the low half wave is where a diode leaves it


class GpioBoard:
    """`hal.board.Board` with one EVSE. `library`: what stands for gpiod (2.x); it is loaded when the board starts."""

    def __init__(self, options: Options, library: Callable[[], Any] = GPIOD) -> None:
        self._options = options
        self._library = library
        self.info = BoardInfo("evse-agent", "GPIO", options.serial or options.chip, claims=CLAIMS)
        capabilities = EvseCapabilities(
            max_current_a=options.max_current_a,
            phases=options.phases,
            has_lock=options.lock is not None,
            has_proximity=options.proximity is not None,
            has_rcd=options.rcd_test is not None,
            has_ventilation=options.ventilation,
            cp_repeat_s=CP_REPEAT_S,
        )
        self.evses: Mapping[int, DriverEvse] = {1: DriverEvse(capabilities, self._ask)}
        self._stream = Stream()
        self._gpiod: Any = None
        self._lines: Any = None
        self._pwm: SysfsPwm | None = None
        self._duty_pct: float | None = None
        self._level: Level = (None, False)
        self._seen: list[Level] = []
        self._repeat_s = 0.0
        self._cycles = 0
        self._closed = False
        self._testing = self._test_failed = False
        self._polling: asyncio.Task[None] | None = None

    def events(self) -> AsyncIterator[Stamped]:
        """The station's own stream: this board has nothing to say there."""
        return self._stream.read()

    async def start(self) -> None:
        """Request the pins with the contactor open, and +12 V on the pilot. Raises `HalGoneError`."""
        try:
            self._gpiod = self._library()
            self._lines = self._gpiod.request_lines(self._options.chip, consumer=CONSUMER, config=self._config())
            self._pwm = SysfsPwm(Path(self._options.pwm_chip), self._options.pwm_channel)
            self._pwm.percent(100.0)
        except ImportError as error:
            raise HalGoneError("gpiod is not installed; install evse-agent[gpio]") from error
        except (OSError, ValueError) as error:  # gpiod raises ValueError for a line that the chip does not have
            await self.close()
            chip = self._options.chip
            raise HalGoneError(f"{chip}: {error}; are the pins there and free, and may this user use them?") from error
        self._polling = asyncio.create_task(self._poll())

    async def close(self) -> None:
        """Open the contactor and release the pins."""
        await stop([self._polling])
        if self._lines is not None:
            self._set(self._options.contactor, False)
            self._lines.release()
            self._lines = None
        for stream in (self._stream, self.evses[1].stream):
            stream.end()

    def _config(self) -> dict[int, Any]:
        """What each pin is, in gpiod's words."""
        gpiod = self._gpiod
        directions = [(one, gpiod.line.Direction.OUTPUT) for one in self._options.outputs]
        directions += [(one, gpiod.line.Direction.INPUT) for one in self._options.inputs]
        return {
            one.line: gpiod.LineSettings(
                direction=direction, active_low=one.active_low, output_value=gpiod.line.Value.INACTIVE
            )
            for one, direction in directions
        }

    def _set(self, line: Line | None, on: bool) -> None:
        if line is not None and self._lines is not None:
            values = self._gpiod.line.Value
            self._lines.set_value(line.line, values.ACTIVE if on else values.INACTIVE)

    def _get(self, line: Line) -> bool:
        return bool(self._lines.get_value(line.line) == self._gpiod.line.Value.ACTIVE)

    # Commands

    async def _ask(self, command: AnyCommand, deadline_s: float) -> None:  # noqa: ARG002 - pins take no time
        if self._lines is None or self._pwm is None:
            raise HalGoneError(f"{self._options.chip}: the board is not started")
        try:
            match command:
                case Permit(on):
                    self._set(self._options.contactor, on)
                case PilotPwm(duty_pct):
                    self._drive(duty_pct, duty_pct)
                case PilotX1():
                    self._drive(100.0, None)
                case PilotF():
                    self._drive(0.0, None)
                case SetLock(locked):
                    await self._pulse(self._options.lock if locked else self._options.unlock, LOCK_PULSE_S)
                case RcdSelfTest():
                    await self._self_test()
                case RcdReset():
                    await self._pulse(self._options.rcd_reset, RESET_PULSE_S)
                    self._test_failed = False
                case _:
                    raise HalError(f"this board has nothing to carry out {command}")
        except OSError as error:
            raise HalGoneError(f"{self._options.chip}: {error}") from error

    def _drive(self, percent: float, duty_pct: float | None) -> None:
        if self._pwm is not None:
            self._pwm.percent(percent)
        self._duty_pct = duty_pct

    async def _pulse(self, line: Line | None, seconds: float) -> None:
        self._set(line, True)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._set(line, False)

    async def _self_test(self) -> None:
        """The device has to trip on its test line; then it is reset. One that does not is a fault until a reset.

        It is looked at while the line is driven: some devices hold their trip, others let go with the test.
        """
        trip = self._options.faults.get(FaultKind.RCD_DC)
        self._testing = True
        try:
            self._set(self._options.rcd_test, True)
            try:
                await asyncio.sleep(TEST_S)
                self._test_failed = trip is None or not self._get(trip)
            finally:
                self._set(self._options.rcd_test, False)
            await self._pulse(self._options.rcd_reset, RESET_PULSE_S)
        finally:
            self._testing = False

    # What the pins say

    async def _poll(self) -> None:
        evse = self.evses[1]
        while True:
            try:
                self._look(evse, asyncio.get_running_loop().time())
                evse.found()
            except (OSError, ValueError) as error:
                evse.lost(str(error))
                self._seen.clear()
            await asyncio.sleep(POLL_S)

    def _look(self, evse: DriverEvse, now_s: float) -> None:
        it = self._options
        active = {fault: f"line {line.line}" for fault, line in it.faults.items() if self._get(line)}
        if self._test_failed:
            active[FaultKind.RCD_SELF_TEST] = "the device did not trip on its test line"
        evse.report_faults({} if self._testing else active)
        closed = self._get(it.mirror)
        self._cycles += closed and not self._closed
        self._closed = closed
        evse.report(ContactorChanged(closed, self._cycles))
        if it.locked is not None:
            evse.report(LockChanged(LockState.LOCKED if self._get(it.locked) else LockState.UNLOCKED))
        if it.proximity is not None:
            ohms = it.proximity.read()
            rating = cable_ampacity(ohms, it.phases)
            evse.report(PpChanged(None if isinstance(rating, FaultKind) else rating, ohms))
        self._look_at_pilot(evse, now_s)

    def _look_at_pilot(self, evse: DriverEvse, now_s: float) -> None:
        """A level between two states keeps the last one; a new one counts when it was read twice."""
        high_mv, low_mv = round(self._options.cp_high.read()), round(self._options.cp_low.read())
        read = (cp_state(high_mv) or self._level[0], low_mv <= DIODE_LOW_MAX_MV)
        self._seen = [*self._seen, read][-SAME_READINGS:]
        level = read if self._seen == [read] * SAME_READINGS else self._level
        state = level[0]
        if state is None or (level == self._level and now_s < self._repeat_s):
            return
        self._level = level
        self._repeat_s = now_s + CP_REPEAT_S
        low_mv = low_mv if self._duty_pct is not None else high_mv
        evse.report(CpChanged(CpReading(state, high_mv, low_mv, self._duty_pct)))


def open_board(options: Mapping[str, Any]) -> GpioBoard:
    """The entry point `evse.boards`. Raises `HalError` naming the option at fault."""
    try:
        return GpioBoard(msgspec.convert(options, Options))
    except msgspec.ValidationError as error:
        raise HalError(f"gpio, options: {error}") from error
