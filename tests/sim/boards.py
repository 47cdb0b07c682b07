"""A running simulated board for tests, somebody who listens to it, and the way to a charging car."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hal.types import (
    HalEvent,
    Stamped,
)
from sim.board import SimBoard
from sim.vehicle import VehicleSpec

DUTY_16_A = 16.0 / 0.6
NO_CURRENT = (0.0, 0.0, 0.0)


class Listener:
    """Keeps what one stream said."""

    def __init__(self, stream: AsyncIterator[Stamped]) -> None:
        self.heard: list[Stamped] = []
        self.ended = False
        self._task = asyncio.get_running_loop().create_task(self._listen(stream))

    async def _listen(self, stream: AsyncIterator[Stamped]) -> None:
        async for stamped in stream:
            self.heard.append(stamped)
        self.ended = True

    def of(self, kind: type[HalEvent]) -> list[Any]:
        return [stamped.event for stamped in self.heard if isinstance(stamped.event, kind)]

    def last(self, kind: type[HalEvent]) -> Any:
        return self.of(kind)[-1]


@asynccontextmanager
async def running(evses: int = 1, **options: Any) -> AsyncIterator[tuple[SimBoard, Listener]]:
    board = SimBoard(evses, **options)
    await board.start()
    listener = Listener(board.evses[1].events())
    await asyncio.sleep(0)
    try:
        yield board, listener
    finally:
        await board.close()


async def charge(board: SimBoard, evse: int = 1, car: VehicleSpec | None = None, duty_pct: float = DUTY_16_A) -> None:
    """Plug in, lock, offer, permit; returns when current flows."""
    board.plug_in(evse, car or VehicleSpec())
    hardware = board.evses[evse]
    if hardware.lock is not None:
        await hardware.lock.lock()
    await hardware.pilot.pwm(duty_pct)
    await asyncio.sleep(2.0)
    await hardware.contactor.permit(True, "test")
    await asyncio.sleep(3.0)
