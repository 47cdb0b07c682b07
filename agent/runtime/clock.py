"""The two clocks, injected: monotonic time is the event loop's, wall time is the system's or learnt from the CSMS."""

from __future__ import annotations

import asyncio
import ctypes
import time
from collections.abc import Callable
from typing import Final, Protocol

from agent.core.values import Instant

UNSYNCHRONISED: Final = 5  # adjtimex(2): TIME_ERROR
TIMEX_BYTES: Final = 512  # more than `struct timex` has anywhere


def system_clock_is_right() -> bool:
    """Whether something (NTP, PTP, GPS) keeps the system's clock; False where nobody has set it yet.

    Where the kernel cannot be asked, the system's clock is believed.
    """
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    except (OSError, AttributeError):
        return True
    return state != UNSYNCHRONISED


class Clock(Protocol):
    """Where the runtime gets its time from."""

    def now(self) -> Instant:
        """This moment on both clocks."""

    def learn(self, utc_s: float) -> None:
        """Somebody trustworthy says what time it is."""

    def is_set(self) -> bool:
        """Whether anybody has set it yet."""


class LoopClock:
    """Monotonic time from the running loop; wall time from `wall` plus an offset learnt when the system has none.

    Under a virtual loop give `wall=lambda: epoch_s + loop.time()`, and everything follows the virtual clock.
    """

    def __init__(self, wall: Callable[[], float] = time.time, *, trusted: Callable[[], bool] = lambda: True) -> None:
        """`trusted`: whether the wall clock is right by itself."""
        self._wall = wall
        self._trusted = trusted
        self._offset_s = 0.0
        self._learnt = False

    def now(self) -> Instant:
        """This moment on both clocks."""
        return Instant(asyncio.get_running_loop().time(), self._wall() + self._offset_s)

    def learn(self, utc_s: float) -> None:
        """Take over the CSMS's time, unless the system's own clock is synchronised."""
        if not self._trusted():
            self._offset_s = utc_s - self._wall()
            self._learnt = True

    def is_set(self) -> bool:
        """Whether the system's clock is right, or the CSMS has told the time."""
        return self._learnt or self._trusted()
