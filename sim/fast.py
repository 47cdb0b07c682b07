"""Time that runs N times as fast, for runs in which foreign peers take part: an event loop and its wall clock.

Unlike the virtual clock (`sim.time`) it never stands still and never jumps: whoever is in another process goes on
living at the ordinary pace, and has an Nth of every time-out to answer in.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable
from typing import Any, Final, Self

MAX_SPEED: Final = 100.0  # our policy: a meter then has 4 ms to answer in


class _HastySelector(selectors.DefaultSelector):
    """Waits an Nth of what it is asked to."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> Any:
        return super().select(timeout if timeout is None else timeout / self._speed)


class FastLoop(asyncio.SelectorEventLoop):
    """An event loop whose `time()` begins now and runs `speed` times as fast as the system's monotonic clock."""

    def __new__(cls, speed: float) -> Self:
        """Raises ValueError for a speed that is not above 0 and at most `MAX_SPEED`: there is no loop to close then."""
        if not 0 < speed <= MAX_SPEED:
            raise ValueError(f"speed {speed:g}: give one above 0 and at most {MAX_SPEED:g}")
        return super().__new__(cls)

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._began_s = time.monotonic()
        super().__init__(_HastySelector(speed))

    def time(self) -> float:
        """Seconds of this loop's own time; it begins at the system's."""
        return self._began_s + (time.monotonic() - self._began_s) * self._speed


def fast_wall(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """A wall clock that shows the true time now and goes on at the loop's pace; nobody may put it right.

    What a CSMS tells is the time of those who live slowly: heeding it, a station would go back with every heartbeat.
    """
    began_s, now_utc_s = loop.time(), time.time()
    return lambda: now_utc_s + loop.time() - began_s
