"""A board that has every rule itself, as one with its own controller does, and may take its time over them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from msgspec.structs import replace

from hal.commands import AnyCommand
from hal.driver import DriverEvse
from hal.guard import Guard
from hal.ownership import METER_POLL_S
from hal.stream import Stream
from hal.tasks import stop
from hal.types import CpChanged, Owner, Stamped
from sim.board import CLAIMS, SimBoard
from sim.contactor import ContactorSpec
from sim.evse import EvseSpec

SLOW_S = 0.3  # late enough for every rule that answers or reports, early enough for a command's deadline
SLOW_CONTACTOR_S = 2.0  # and for every rule that opens


class RuledBoard:
    """`hal.board.Board`; claims for a controller what the interlock inside it does in time, unless it is `slow`."""

    def __init__(self, spec: EvseSpec, *, slow: bool = False) -> None:
        contactor = ContactorSpec(open_delay_s=SLOW_CONTACTOR_S) if slow else spec.contactor
        self.simulated = SimBoard(evse=replace(spec, contactor=contactor))
        self._late_s = SLOW_S if slow else 0.0
        self._inside = Guard(self.simulated, own_process=True)
        self._inside.attach_meter(1, self.simulated.evses[1].meter, METER_POLL_S)
        claims = tuple(replace(one, owner=Owner.MCU) for one in CLAIMS)
        self.info = replace(self.simulated.info, claims=claims, simulation=False)
        self._evse = DriverEvse(self.simulated.evses[1].capabilities, self._ask, meter=self.simulated.evses[1].meter)
        self.evses: Mapping[int, DriverEvse] = {1: self._evse}
        self._stream = Stream()
        self._listening: list[asyncio.Task[None]] = []

    def events(self) -> AsyncIterator[Stamped]:
        return self._stream.read()

    async def start(self) -> None:
        await self._inside.start()
        inner, raw = self._inside.evses[1], self.simulated.evses[1]
        self._listening = [
            asyncio.create_task(self._tell(inner.events(), pilot=False)),
            asyncio.create_task(self._tell(raw.events(), pilot=True)),  # the interlock keeps repeats to itself
        ]

    async def close(self) -> None:
        await self._inside.close()
        await stop(self._listening)
        for stream in (self._stream, self._evse.stream):
            stream.end()

    async def _ask(self, command: AnyCommand, deadline_s: float) -> None:
        await asyncio.sleep(self._late_s)
        await self._inside.evses[1].ask(command, deadline_s)

    async def _tell(self, events: AsyncIterator[Stamped], *, pilot: bool) -> None:
        async for one in events:
            if isinstance(one.event, CpChanged) == pilot:
                asyncio.get_running_loop().call_later(self._late_s, self._evse.stream.publish, one.event)
