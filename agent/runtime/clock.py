"""The two clocks, injected: monotonic time is the event loop's, wall time is the system's or learnt from the CSMS."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from agent.core.values import Instant


class Clock(Protocol):
    """Where the runtime gets its time from."""

    def now(self) -> Instant:
        """This moment on both clocks."""

    def learn(self, utc_s: float) -> None:
        """Somebody trustworthy says what time it is."""


class LoopClock:
    """Monotonic time from the running loop; wall time from `wall` plus an offset learnt when the system has none.

    Under a virtual loop give `wall=lambda: epoch_s + loop.time()`, and everything follows the virtual clock.
    """

    def __init__(self, wall: Callable[[], float] = time.time, *, trusted: bool = True) -> None:
        self._wall = wall
        self._trusted = trusted
        self._offset_s = 0.0

    def now(self) -> Instant:
        """This moment on both clocks."""
        return Instant(asyncio.get_running_loop().time(), self._wall() + self._offset_s)

    def learn(self, utc_s: float) -> None:
        """Take over the CSMS's time, unless the system's own clock is synchronised."""
        if not self._trusted:
            self._offset_s = utc_s - self._wall()
