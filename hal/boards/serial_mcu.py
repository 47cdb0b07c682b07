"""A board whose microcontroller has the safety rules, on a serial line: docs/serial-mcu.md.

The microcontroller closes and opens by itself within the lease that this driver renews for whoever permits.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from hal.board import COMMAND_DEADLINE_S, LEASE_S
from hal.boards import mcu_frames as frames
from hal.boards.mcu_frames import Frame, FrameError, Kind, McuInfo, McuState, PilotMode, Result
from hal.commands import (
    AnyCommand,
    Permit,
    PilotE,
    PilotF,
    PilotPwm,
    PilotX1,
    RcdReset,
    RcdSelfTest,
    SetLock,
    SetPhases,
)
from hal.driver import DriverEvse
from hal.errors import HalError, HalGoneError, HalRefusedError, HalTimeoutError
from hal.iec61851 import cable_ampacity
from hal.ownership import by_interlock, owned_by
from hal.serial_line import SerialLine
from hal.stream import Stream
from hal.tasks import stop
from hal.types import (
    BoardInfo,
    ContactorChanged,
    CpChanged,
    EvseCapabilities,
    FaultKind,
    LockChanged,
    Owner,
    PpChanged,
    Rule,
    Stamped,
    TemperatureMeasured,
)

RESEND_S: Final = 0.1  # our policy: a command that was not answered is sent again; the same sequence is done once
SILENT_S: Final = 3 * frames.HEARTBEAT_S  # a microcontroller that missed three heartbeats is lost
REOPEN_S: Final = 1.0  # our policy: a device that went away is looked for this often
MCU_S: Final = 0.08  # what docs/serial-mcu.md asks of the firmware, the contactor's own time included
RESIDUAL_S: Final = 0.1
CONVERTER_S: Final = 3.2  # the same document: a pilot that is not converted any more
CONSTANT: Final = {PilotX1: PilotMode.X1, PilotE: PilotMode.E, PilotF: PilotMode.F}
MCU_OWNS: Final = (Rule.CP_NOT_CD, Rule.DIODE, Rule.VENTILATION)
CLAIMS: Final = (
    *owned_by(Owner.MCU, MCU_S, *MCU_OWNS),
    *owned_by(Owner.MCU, LEASE_S + MCU_S, Rule.LEASE_ENDED),
    *owned_by(Owner.MCU, RESIDUAL_S, Rule.RESIDUAL_DC, Rule.RESIDUAL_AC),
    *owned_by(Owner.MCU, CONVERTER_S, Rule.CP_STALE),
    *by_interlock(0.15, but=(*MCU_OWNS, Rule.LEASE_ENDED, Rule.CP_STALE)),
)

log = logging.getLogger(__name__)


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table `hal.options`: the line, and what the board is built of."""

    device: str = "/dev/ttyAMA0"
    baudrate: int = 115200
    evses: int = 1
    max_current_a: float = 32.0
    phases: int = 3
    lock: bool = True
    proximity: bool = True
    phase_switch: bool = False
    ventilation: bool = False


class SerialMcuBoard:
    """`hal.board.Board` over a serial line."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.info = BoardInfo("evse-agent", "Serial MCU", options.device, claims=CLAIMS)
        capabilities = EvseCapabilities(
            max_current_a=options.max_current_a,
            phases=options.phases,
            has_lock=options.lock,
            has_proximity=options.proximity,
            has_rcd=True,
            has_phase_switch=options.phase_switch,
            has_ventilation=options.ventilation,
            cp_repeat_s=frames.HEARTBEAT_S,
        )
        numbers = range(1, options.evses + 1)
        self.evses: Mapping[int, DriverEvse] = {n: DriverEvse(capabilities, partial(self._ask, n)) for n in numbers}
        self._uptimes_ms: dict[int, int] = {}
        self._heard: dict[int, asyncio.TimerHandle] = {}
        self._stream = Stream()
        self._line: SerialLine | None = None
        self._splitter = frames.Splitter()
        self._seqs = itertools.cycle(range(frames.SEQUENCES))
        self._answers: dict[int, asyncio.Future[Frame]] = {}
        self._reopening: asyncio.Task[None] | None = None

    def events(self) -> AsyncIterator[Stamped]:
        """The station's own stream: this board has nothing to say there."""
        return self._stream.read()

    async def start(self) -> None:
        """Open the line and greet. Raises `HalError`: no device, no answer, or another board than configured."""
        self._open()
        try:
            answer = await self._exchange(0, Kind.HELLO, bytes((frames.VERSION,)), COMMAND_DEADLINE_S)
            self._greeted(frames.read_info(answer.payload))
        except (HalError, FrameError) as error:
            await self.close()
            raise HalGoneError(f"{self._options.device}: {error}; is this a board of docs/serial-mcu.md?") from error

    async def close(self) -> None:
        """Withdraw every permission, release the line, end the streams."""
        await stop([self._reopening])
        if self._line is not None:
            for number in self.evses:
                self._send(number, next(self._seqs), Kind.PERMIT, frames.permit(False, 0.0))
            self._line.close()
            self._line = None
        for timer in self._heard.values():
            timer.cancel()
        for stream in (self._stream, *(evse.stream for evse in self.evses.values())):
            stream.end()

    def _greeted(self, found: McuInfo) -> None:
        if (found.version, found.evses) != (frames.VERSION, self._options.evses):
            raise HalError(
                f"protocol {found.version} with {found.evses} EVSEs there; "
                f"{frames.VERSION} with {self._options.evses} configured"
            )
        self.info = replace(self.info, serial=found.serial, firmware=found.firmware)

    # Commands

    async def _ask(self, evse: int, command: AnyCommand, deadline_s: float) -> None:
        match command:
            case PilotPwm(duty_pct):
                kind, payload = Kind.PILOT, frames.pilot(PilotMode.PWM, duty_pct)
            case PilotX1() | PilotE() | PilotF():
                kind, payload = Kind.PILOT, frames.pilot(CONSTANT[type(command)])
            case Permit(on):
                kind, payload = Kind.PERMIT, frames.permit(on, LEASE_S)
            case SetLock(locked):
                kind, payload = Kind.LOCK, bytes((locked,))
            case SetPhases(phases):
                kind, payload = Kind.PHASES, bytes((phases,))
            case RcdSelfTest():
                kind, payload = Kind.RCD_TEST, b""
            case RcdReset():
                kind, payload = Kind.RCD_RESET, b""
            case _:
                raise HalError(f"this board has nothing to {command}")
        answer = await self._exchange(evse, kind, payload, deadline_s)
        result = answer.payload[0] if answer.payload else Result.UNKNOWN
        if result in frames.REFUSALS:
            raise HalRefusedError(frames.REFUSALS[result], "by the microcontroller")
        if result != Result.DONE:
            raise HalError(f"{self._options.device}: the microcontroller answers {result:#04x} to {kind.name}")

    async def _exchange(self, evse: int, kind: Kind, payload: bytes, deadline_s: float) -> Frame:
        """Send until it is answered. Raises `HalTimeoutError`, `HalGoneError`."""
        seq = next(self._seqs)
        answered: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._answers[seq] = answered
        try:
            async with asyncio.timeout(deadline_s):
                while not answered.done():
                    self._send(evse, seq, kind, payload)
                    await asyncio.wait([answered], timeout=RESEND_S)
            return answered.result()
        except TimeoutError:
            raise HalTimeoutError(f"{self._options.device}: no answer to {kind.name}") from None
        finally:
            del self._answers[seq]

    def _send(self, evse: int, seq: int, kind: Kind, payload: bytes) -> None:
        if self._line is None:
            raise HalGoneError(f"{self._options.device}: the line is lost")
        self._line.write(frames.encode(Frame(kind, evse, seq, payload)))

    # The line

    def _open(self) -> None:
        self._splitter = frames.Splitter()
        self._line = SerialLine(self._options.device, self._options.baudrate, self._received, self._line_lost)

    def _line_lost(self, why: str) -> None:
        self._line = None
        for evse in self.evses.values():
            evse.lost(why)
        self._reopening = asyncio.get_running_loop().create_task(self._reopen())

    async def _reopen(self) -> None:
        while self._line is None:
            await asyncio.sleep(REOPEN_S)
            try:
                self._open()
            except HalGoneError as error:
                log.info("%s", error)

    def _received(self, data: bytes) -> None:
        for frame in self._splitter.feed(data):
            if frame.kind in {Kind.ANSWER, Kind.INFO}:
                answered = self._answers.get(frame.seq)
                if answered is not None and not answered.done():
                    answered.set_result(frame)
            elif frame.kind == Kind.STATE and frame.evse in self.evses:
                try:
                    self._stated(frame.evse, frames.read_state(frame.payload))
                except FrameError as error:
                    log.warning("%s: %s", self._options.device, error)

    def _stated(self, number: int, said: McuState) -> None:
        """Everything about one EVSE, from the microcontroller."""
        evse = self.evses[number]
        if said.uptime_ms < self._uptimes_ms.get(number, 0):
            evse.lost("the microcontroller was reset")
        self._uptimes_ms[number] = said.uptime_ms
        if number in self._heard:
            self._heard[number].cancel()
        silent = partial(evse.lost, f"no heartbeat within {SILENT_S:g} s")
        self._heard[number] = asyncio.get_running_loop().call_later(SILENT_S, silent)
        evse.found()
        evse.report_faults(dict.fromkeys(said.faults, "reported by the microcontroller"))
        if said.lock is not None:
            evse.report(LockChanged(said.lock))
        if self._options.proximity:
            rating = cable_ampacity(said.pp_ohms, self._options.phases) if said.pp_ohms is not None else None
            evse.report(PpChanged(None if isinstance(rating, FaultKind) else rating, said.pp_ohms))
        evse.report(ContactorChanged(said.closed, said.cycles, said.under_load))
        evse.report(CpChanged(said.reading))
        if said.temperature_c is not None:
            evse.report(TemperatureMeasured("board", said.temperature_c))


def open_board(options: Mapping[str, Any]) -> SerialMcuBoard:
    """The entry point `evse.boards`. Raises `HalError` naming the option at fault."""
    try:
        return SerialMcuBoard(msgspec.convert(options, Options))
    except msgspec.ValidationError as error:
        raise HalError(f"serial_mcu, options: {error}") from error
