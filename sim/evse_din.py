"""Simulated Modbus slaves: an EVSE-DIN kind of controller, and a relay board with its relay in series."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Final

from hal.iec61851 import DIODE_LOW_MAX_MV, duty_for_current
from hal.modbus.schema import ReadRequest
from hal.tasks import stop
from hal.types import CpChanged, CpReading, CpState, FaultCleared, FaultRaised, PpChanged
from sim.board import SimBoard
from sim.modbus_server import BIT_FUNCTIONS, READ_COILS, READ_DISCRETE, ModbusTcpServer, Slave
from sim.symptoms import Symptom

OFFER, OFF, LAST = 1000, 1004, 1007
MIN_A: Final = 6
COIL, MIRROR, WATCHDOG = 1, 2, 3
VEHICLE: Final = {CpState.A: 1, CpState.B: 2, CpState.C: 3, CpState.D: 4, CpState.E: 5, CpState.F: 5}
FAILURE: Final = 5


class EvseDin:
    """Controller (unit 1) and relay board (unit 2) of `board`, on one TCP port.

    A residual-current device before them takes the coils' supply away when it trips.
    """

    def __init__(self, board: SimBoard, *, coils: bool = False) -> None:
        """`coils`: the relay is a coil and the mirror contact an input, instead of registers."""
        self.board = board
        self.controller = _Controller(self)
        self.relay = _Relay(self, coils=coils)
        self.offer_a = 0
        self.off = False
        self.reading = CpReading(CpState.A, 12_000, 12_000)
        self.cable_a = 0
        self.failed = False
        self._tripped = False
        self._server = ModbusTcpServer([self.controller, self.relay])
        self._tasks: list[asyncio.Task[None]] = []
        self.url = ""

    async def start(self) -> None:
        """Power up."""
        await self.board.start()
        self.url = f"tcp://127.0.0.1:{await self._server.start()}"
        self._tasks = [asyncio.create_task(self._listen())]

    async def close(self) -> None:
        """Power down."""
        await stop(self._tasks)
        await self._server.stop()
        await self.board.close()

    @property
    def blind(self) -> bool:
        """Whether the controller's converter is dead, and the controller with it."""
        return Symptom.CP_SILENT in self.board.snapshot(1).symptoms

    @property
    def runs_pwm(self) -> bool:
        """Whether it offers a current."""
        return self.offer_a >= MIN_A and not self.off and not self.failed

    def obey(self) -> None:
        """Bring pilot and coils in line with everything."""
        pilot, contactor = self.board.evses[1].pilot, self.board.evses[1].contactor
        source = pilot.pwm(duty_for_current(self.offer_a)) if self.runs_pwm else pilot.x1()
        closes = self.reading.state is CpState.C and self.reading.duty_pct is not None and not self.failed
        on = closes and self.relay.on and not self._tripped
        self._tasks = [task for task in self._tasks if not task.done()]
        self._tasks += [asyncio.create_task(source), asyncio.create_task(contactor.permit(on, "coil"))]

    async def _listen(self) -> None:
        async for stamped in self.board.evses[1].events():
            match stamped.event:
                case CpChanged(reading):
                    self.reading = reading
                    missing = reading.duty_pct is not None and reading.low_mv > DIODE_LOW_MAX_MV
                    self.failed = reading.state is not CpState.A and (self.failed or missing)
                case PpChanged(ampacity_a, _):
                    self.cable_a = int(ampacity_a or 0)
                case FaultRaised():
                    self._tripped = True
                case FaultCleared():
                    self._tripped = False
            self.obey()


class _Controller(Slave):
    def __init__(self, plant: EvseDin) -> None:
        super().__init__(unit_id=1)
        self._plant = plant

    def answer(self, pdu: bytes) -> bytes | None:
        return None if self._plant.blind else super().answer(pdu)

    def registers(self, request: ReadRequest) -> Sequence[int] | None:
        it = self._plant
        if request.address < OFFER or request.end > LAST:
            return None
        vehicle = FAILURE if it.failed else VEHICLE[it.reading.state]
        pilot = 3 if it.off else 2 if it.runs_pwm else 1
        words = (it.offer_a, it.offer_a if it.runs_pwm else 0, vehicle, it.cable_a, int(it.off), 18, pilot)
        return words[request.address - OFFER : request.end - OFFER]

    def write(self, address: int, words: Sequence[int]) -> bool:
        if address not in {OFFER, OFF} or len(words) != 1:
            return False
        if address == OFFER:
            self._plant.offer_a = words[0]
        else:
            self._plant.off = bool(words[0] & 1)
        self._plant.obey()
        return True


class _Relay(Slave):
    """Register or coil 1 the relay, register or input 2 the mirror contact, register 3 a watchdog in tenths of 1 s."""

    bit_functions = BIT_FUNCTIONS

    def __init__(self, plant: EvseDin, *, coils: bool) -> None:
        super().__init__(unit_id=2)
        self.on = False
        self._plant = plant
        self._coils = coils
        self._watchdog_s = math.inf
        self._bites: asyncio.TimerHandle | None = None

    def registers(self, request: ReadRequest) -> Sequence[int] | None:
        words = {} if self._coils else {COIL: int(self.on), MIRROR: int(self._mirror)}
        found = [words.get(address) for address in range(request.address, request.end)]
        return None if None in found else [word or 0 for word in found]

    def bits(self, request: ReadRequest) -> Sequence[bool] | None:
        there = {READ_COILS: (COIL, self.on), READ_DISCRETE: (MIRROR, self._mirror)}[request.function]
        return [there[1]] if self._coils and (request.address, request.count) == (there[0], 1) else None

    @property
    def _mirror(self) -> bool:
        return self._plant.board.snapshot(1).mirror_closed

    def write(self, address: int, words: Sequence[int]) -> bool:
        if address == WATCHDOG:
            self._watchdog_s = words[0] / 10.0
            return True
        return not self._coils and address == COIL and self._drive(bool(words[0]))

    def switch(self, address: int, states: Sequence[bool]) -> bool:
        return self._coils and (address, len(states)) == (COIL, 1) and self._drive(states[0])

    def _drive(self, on: bool) -> bool:
        self.on = on
        if self._bites is not None:
            self._bites.cancel()
        if self.on and self._watchdog_s < math.inf:
            self._bites = asyncio.get_running_loop().call_later(self._watchdog_s, self._bite)
        self._plant.obey()
        return True

    def _bite(self) -> None:
        self.on = False
        self._plant.obey()
