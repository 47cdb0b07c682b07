"""Who may use a bus next: one at a time, the urgent first, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import Final

URGENT: Final = 0  # the meter of an EVSE: limits and bills hang on it
NORMAL: Final = 1  # the building's meter, a relay board
YIELD_S: Final = 0.5  # our policy: so much later may an urgent request come and still go first


class Turns:
    """A lock whose holder is followed by the waiter with the lowest (arrival + priority x `YIELD_S`)."""

    def __init__(self) -> None:
        self._busy = False
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    async def take(self, priority: int, until_s: float | None) -> None:
        """Wait for the turn. Raises `TimeoutError` when it has not come by `until_s` of the loop's time."""
        if not self._busy:
            self._busy = True
            return
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        heapq.heappush(self._waiting, (loop.time() + priority * YIELD_S, next(self._numbers), turn))
        mine = False
        try:
            async with asyncio.timeout_at(until_s):
                await turn
            mine = True
        finally:
            if not mine and turn.done() and not turn.cancelled():
                self.release()  # it was given just now, and nobody wants it any more

    def release(self) -> None:
        """The turn is over."""
        while self._waiting:
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():
                turn.set_result(None)
                return
        self._busy = False
