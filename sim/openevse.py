"""A simulated OpenEVSE on a pty: what its firmware does with pilot, relay and RAPI, over simulated physics."""

from __future__ import annotations

import asyncio
import os
from functools import reduce
from operator import xor
from typing import Final

from hal.tasks import stop
from hal.types import CpChanged, CpReading, CpState, FaultCleared, FaultKind, FaultRaised
from sim.board import SimBoard
from sim.modbus_server import Pty
from sim.symptoms import Symptom

STATES: Final = {CpState.A: 0x01, CpState.B: 0x02, CpState.C: 0x03, CpState.D: 0x04}
DIODE_FAILED, GFCI, SLEEPING, DISABLED = 0x05, 0x06, 0xFE, 0xFF
RELAY_CLOSED, EV_CONNECTED = 0x0040, 0x0100
DEBOUNCE_A_S: Final = 0.025
DIODE_LOW_MV: Final = -10_000
TICK_S: Final = 0.005
WATCHDOG_S: Final = 2.0
MIN_A, MAX_A = 6, 48


class SimOpenEvse:
    """Firmware 5 and later; `debounce_s`: how long a state other than A has to stand (0.25 in stock firmware).

    `hung`: it neither speaks nor acts.
    """

    def __init__(self, board: SimBoard, *, debounce_s: float = 0.25) -> None:
        self.board = board
        self.pty = Pty()
        self.hung = False
        self.said: list[str] = []
        self._debounce_s = debounce_s
        self._state = SLEEPING
        self._pilot = CpState.A
        self._pending: tuple[int, float] | None = None
        self._amps = MIN_A
        self._reading = CpReading(CpState.A, 12_000, 12_000)
        self._tripped = False
        self._heard = b""
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Power up; it begins asleep, as it was left."""
        await self.board.start()
        os.set_blocking(self.pty.fd, False)
        asyncio.get_running_loop().add_reader(self.pty.fd, self._readable)
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._run())]

    async def close(self) -> None:
        """Power down."""
        asyncio.get_running_loop().remove_reader(self.pty.fd)
        await stop(self._tasks)
        await self.board.close()
        self.pty.close()

    # The controller

    async def _listen(self) -> None:
        async for stamped in self.board.evses[1].events():
            match stamped.event:
                case CpChanged(reading):
                    self._reading = reading
                case FaultRaised(FaultKind.RCD_AC | FaultKind.RCD_DC, _):
                    self._tripped = True
                case FaultCleared():
                    self._tripped = False

    async def _run(self) -> None:
        hung_s = 0.0
        while True:
            now_s = asyncio.get_running_loop().time()
            if Symptom.CP_SILENT not in self.board.snapshot(1).symptoms:
                self.hung, hung_s = False, now_s
                await self._update(now_s)
            elif not self.hung:
                self.hung = True
            elif now_s - hung_s >= WATCHDOG_S:
                self._state = STATES[CpState.A]
                await self.board.evses[1].contactor.permit(False, "reset")
            await asyncio.sleep(TICK_S)

    async def _update(self, now_s: float) -> None:
        was = self._state
        if self._state not in {SLEEPING, DISABLED}:
            self._state = self._debounced(self._wanted(), now_s)
        await self._drive()
        if self._state != was:
            self._tell()

    def _wanted(self) -> int:
        """The state that the pilot asks for; a fault stays until the car leaves."""
        cp = self._reading.state
        runs = self._reading.duty_pct is not None
        if self._tripped:
            return GFCI
        if cp is CpState.A:
            return STATES[cp]
        if self._state == DIODE_FAILED or (runs and self._reading.low_mv > DIODE_LOW_MV):
            return DIODE_FAILED
        if cp is CpState.C and not runs:
            return STATES[CpState.B]
        return STATES.get(cp, STATES[CpState.B])

    def _debounced(self, wanted: int, now_s: float) -> int:
        if wanted == self._state:
            self._pending = None
        elif self._pending is None or self._pending[0] != wanted:
            self._pending = (wanted, now_s)
        elif now_s - self._pending[1] >= (DEBOUNCE_A_S if wanted == STATES[CpState.A] else self._debounce_s):
            return wanted
        return self._state

    async def _drive(self) -> None:
        """Pilot and relay as the state has them."""
        it = self.board.evses[1]
        if self._state in {STATES[CpState.B], STATES[CpState.C]}:
            await it.pilot.pwm(self._amps / 0.6)
        elif self._state == DISABLED:
            await it.pilot.state_f()
        else:
            await it.pilot.x1()
        await it.contactor.permit(self._state == STATES[CpState.C] and not self._tripped, "relay")

    # RAPI

    @property
    def _flags(self) -> int:
        """Connected is known whenever the pilot is not at -12 V."""
        now = self.board.snapshot(1)
        connected = self._reading.state in {CpState.B, CpState.C, CpState.D}
        return RELAY_CLOSED * now.mirror_closed | EV_CONNECTED * connected

    def _tell(self) -> None:
        pilot = STATES.get(self._reading.state, 0)
        self._send(f"$AT {self._state:02x} {pilot:02x} {self._amps} {self._flags:04x}")

    def _send(self, text: str) -> None:
        if not self.hung:
            os.write(self.pty.fd, f"{text}^{reduce(xor, text.encode(), 0):02X}\r".encode())

    def _readable(self) -> None:
        try:
            *lines, self._heard = (self._heard + os.read(self.pty.fd, 4096)).split(b"\r")
        except OSError:  # nobody has the other end open
            return
        for line in lines:
            text, _, check = line.decode("ascii", "replace").rpartition("^")
            if check != f"{reduce(xor, text.encode(), 0):02X}":
                continue
            words = text.removeprefix("$").split()
            seq = f" {words.pop()}" if words and words[-1].startswith(":") else ""
            self.said.append(" ".join(words))
            if not self.hung:
                self._send(f"${self._answer(words)}{seq}")

    def _answer(self, words: list[str]) -> str:
        match words:
            case ["GV"]:
                return "OK 8.2.1 5.2.1"
            case ["FE"]:
                self._state = STATES[CpState.A] if self._state in {SLEEPING, DISABLED} else self._state
            case ["FD"]:
                self._state = DISABLED
            case ["FS"]:
                self._state = SLEEPING
            case ["SC", amps, *_]:
                self._amps = min(max(int(amps), MIN_A), MAX_A)
                return f"{'OK' if self._amps == int(amps) else 'NK'} {self._amps}"
            case ["GS"]:
                pilot = STATES.get(self._reading.state, 0)
                return f"OK {self._state:02x} 0 {pilot:02x} {self._flags:04x}"
            case _:
                return "NK"
        self._tasks = [task for task in self._tasks if not task.done()]
        self._tasks.append(asyncio.create_task(self._drive()))  # FD is a panic stop
        return "OK"
