"""A simulated microcontroller on a pty: the firmware that docs/serial-mcu.md asks for, over simulated physics."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec.structs import replace

from hal.boards import mcu_frames as frames
from hal.boards.mcu_frames import Frame, FrameError, Kind, McuInfo, McuState, PilotMode, Result
from hal.errors import HalError
from hal.iec61851 import DIODE_LOW_MAX_MV
from hal.tasks import stop
from hal.types import (
    ContactorChanged,
    CpChanged,
    CpReading,
    CpState,
    FaultCleared,
    FaultKind,
    FaultRaised,
    HalEvent,
    LockChanged,
    PpChanged,
    Rule,
)
from sim.board import SimBoard
from sim.modbus_server import Pty
from sim.ports import CP_REPEAT_S

CODE_OF: Final = {rule: code for code, rule in frames.REFUSALS.items()}
REMEMBERED: Final = 128  # sequences back: half of them, so that none is taken for its namesake
AMBIENT_C: Final = 31.5
CONVERTER_S: Final = 2.5 * CP_REPEAT_S


class SimMcu:
    """The microcontroller of `board`. What can go wrong: it hangs (`hung`), is `reset`, or damages `corrupt` frames."""

    def __init__(self, board: SimBoard) -> None:
        self.board = board
        self.hung = False
        self.corrupt = 0  # so many of its next frames arrive damaged
        self.pty = Pty()
        self._splitter = frames.Splitter()
        self._evses = {number: _McuEvse(self, number) for number in board.evses}
        self._tasks: set[asyncio.Task[None]] = set()
        self._born_s = 0.0

    async def start(self) -> None:
        """Power up."""
        await self.board.start()
        self._born_s = asyncio.get_running_loop().time()
        self._listen()
        for evse in self._evses.values():
            self.run(evse.listen())
            self.run(evse.beat())

    async def close(self) -> None:
        """Power down."""
        asyncio.get_running_loop().remove_reader(self.pty.fd)
        await stop(self._tasks)
        await self.board.close()
        self.pty.close()

    def pull_line(self) -> None:
        """Somebody pulls the line and puts it in elsewhere: `pty` is another one."""
        asyncio.get_running_loop().remove_reader(self.pty.fd)
        self.pty.close()
        self.pty = Pty()
        self._listen()

    def _listen(self) -> None:
        os.set_blocking(self.pty.fd, False)
        asyncio.get_running_loop().add_reader(self.pty.fd, self._readable)

    async def reset(self) -> None:
        """Its watchdog bites: permissions are gone, the pilot is constant, its clock begins anew."""
        self._born_s = asyncio.get_running_loop().time()
        for evse in self._evses.values():
            await evse.reset()

    def run(self, work: Awaitable[None]) -> None:
        """Do something beside."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def uptime_ms(self) -> int:
        """Since power-up or reset."""
        return round((asyncio.get_running_loop().time() - self._born_s) * 1000)

    def send(self, kind: Kind, evse: int, seq: int, payload: bytes) -> None:
        """Put a frame on the line."""
        if self.hung:
            return
        data = frames.encode(Frame(kind, evse, seq, payload))
        if self.corrupt:
            self.corrupt -= 1
            data = data[:-1] + bytes((data[-1] ^ 0x01,))
        with contextlib.suppress(BlockingIOError):  # nobody reads: a UART loses what nobody takes
            os.write(self.pty.fd, data)

    def _readable(self) -> None:
        with contextlib.suppress(OSError):  # nobody has the other end open
            for frame in self._splitter.feed(os.read(self.pty.fd, 4096)):
                self._take(frame)

    def _take(self, frame: Frame) -> None:
        if self.hung:
            return
        if frame.kind == Kind.HELLO:
            for evse in self._evses.values():
                evse.greeted()
            told = McuInfo(frames.VERSION, len(self._evses), "SIM-MCU-1", "1.0")
            self.send(Kind.INFO, 0, frame.seq, frames.info(told))
        elif frame.evse in self._evses:
            self.run(self._evses[frame.evse].take(frame))


class _McuEvse:
    """The firmware of one EVSE: its rules, and what it states."""

    def __init__(self, mcu: SimMcu, number: int) -> None:
        self._mcu = mcu
        self._number = number
        self._hardware = mcu.board.evses[number]
        self._state = McuState(reading=CpReading(CpState.A, 12_000, 12_000), closed=False, temperature_c=AMBIENT_C)
        self._converted_s = 0.0
        self._lease_until_s = 0.0
        self._lease_end: asyncio.TimerHandle | None = None
        self._done: dict[int, int | None] = {}  # the latest sequences, and how each ended; None: not yet
        self._seq = 0

    # What it hears from its hardware

    async def listen(self) -> None:
        async for stamped in self._hardware.events():
            self._heard(stamped.event)

    def _heard(self, event: HalEvent) -> None:
        was = self._state
        match event:
            case CpChanged(reading):
                self._converted_s = asyncio.get_running_loop().time()
                self._state = replace(was, reading=reading, faults=self._judged(reading) - {FaultKind.BOARD})
            case ContactorChanged(closed, cycles, under_load):
                self._state = replace(was, closed=closed, cycles=cycles, under_load=under_load)
            case PpChanged(_, ohms):
                self._state = replace(was, pp_ohms=ohms)
            case LockChanged(position):
                self._state = replace(was, lock=position)
            case FaultRaised(fault):
                self._state = replace(was, faults=was.faults | {fault})
            case FaultCleared(fault):
                self._state = replace(was, faults=was.faults - {fault})
        self._obey()
        if self._state != was:
            self._tell()

    def _judged(self, reading: CpReading) -> frozenset[FaultKind]:
        """The diode check: a fault from when it is missed until the car leaves."""
        faults = self._state.faults
        if reading.state is CpState.A:
            return faults - {FaultKind.CP_DIODE}
        missing = reading.state.connected and reading.duty_pct is not None and reading.low_mv > DIODE_LOW_MAX_MV
        return faults | {FaultKind.CP_DIODE} if missing else faults

    def _check_converter(self) -> None:
        """While PWM runs the converter repeats its reading; one that does not is dead."""
        silent_s = asyncio.get_running_loop().time() - self._converted_s
        if self._state.reading.duty_pct is not None and silent_s > CONVERTER_S:
            self._state = replace(self._state, faults=self._state.faults | {FaultKind.BOARD})
            self._obey()

    def _obey(self) -> None:
        """Its safety rules: closed only within the lease, in C or ventilated D, without a fault."""
        cp = self._state.reading.state
        asks = cp is CpState.C or (cp is CpState.D and self._hardware.capabilities.has_ventilation)
        offers = self._state.reading.duty_pct is not None or self._state.closed  # a car that draws gets time to stop
        live = asyncio.get_running_loop().time() < self._lease_until_s
        self._mcu.run(self._hardware.contactor.permit(live and asks and offers and not self._state.faults, "firmware"))

    def _tell(self) -> None:
        self._seq = (self._seq + 1) % frames.SEQUENCES
        now = replace(self._state, uptime_ms=self._mcu.uptime_ms)
        self._mcu.send(Kind.STATE, self._number, self._seq, frames.state(now))

    async def beat(self) -> None:
        """State everything twice a second."""
        while True:
            self._check_converter()
            self._tell()
            await asyncio.sleep(frames.HEARTBEAT_S)

    def greeted(self) -> None:
        """Another host, or the same one anew: no permission, no sequence of before counts."""
        self._lease_until_s = 0.0
        self._done = {}
        self._obey()

    async def reset(self) -> None:
        self.greeted()
        await self._hardware.pilot.x1()
        self._tell()

    # What it is told

    async def take(self, frame: Frame) -> None:
        """Do what is asked, once a sequence, and answer when it is done."""
        done = self._done
        if frame.seq not in done:
            done[frame.seq] = None
            done.pop((frame.seq - REMEMBERED) % frames.SEQUENCES, None)
            done[frame.seq] = await self._carried(frame)
            if done is not self._done:
                return  # another host came meanwhile
        result = done[frame.seq]
        if result is not None:
            self._mcu.send(Kind.ANSWER, self._number, frame.seq, bytes((result,)))

    async def _carried(self, frame: Frame) -> int:
        try:
            refused = self._refusal(frame)
            if refused is not None:
                return CODE_OF[refused]
            work = self._work(frame)
        except (FrameError, IndexError):
            return Result.UNKNOWN
        try:
            await work()
        except HalError:
            return Result.FAILED
        return Result.DONE

    def _refusal(self, frame: Frame) -> Rule | None:
        closed = self._state.closed
        match frame.kind:
            case Kind.LOCK if closed and not frame.payload[0]:
                return Rule.UNLOCK_CLOSED
            case Kind.PHASES if closed:
                return Rule.PHASES_CLOSED
            case Kind.RCD_TEST if closed:
                return Rule.SELF_TEST_CLOSED
            case Kind.PERMIT if self._state.faults and frames.read_permit(frame.payload)[0]:
                return Rule.FAULTED
        return None

    def _work(self, frame: Frame) -> Callable[[], Awaitable[None]]:
        it = self._hardware
        match frame.kind:
            case Kind.PILOT:
                mode, duty_pct = frames.read_pilot(frame.payload)
                sources = {PilotMode.X1: it.pilot.x1, PilotMode.E: it.pilot.state_e, PilotMode.F: it.pilot.state_f}
                return sources[mode] if mode in sources else lambda: it.pilot.pwm(duty_pct)
            case Kind.PERMIT:
                on, lease_s = frames.read_permit(frame.payload)
                return lambda: self._permit(lease_s if on else 0.0)
            case Kind.LOCK if it.lock is not None:
                return it.lock.lock if frame.payload[0] else it.lock.unlock
            case Kind.PHASES if it.phase_switch is not None:
                count, switch = frame.payload[0], it.phase_switch
                return lambda: switch.phases(count)
            case Kind.RCD_TEST:
                return it.rcd.self_test
            case Kind.RCD_RESET:
                return it.rcd.reset
        raise FrameError(f"kind {frame.kind:#04x}")

    async def _permit(self, lease_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._lease_until_s = loop.time() + lease_s if lease_s else 0.0
        if self._lease_end is not None:
            self._lease_end.cancel()
        self._lease_end = loop.call_at(self._lease_until_s, self._obey) if lease_s else None
        self._obey()
