"""Row 9, why the interlock's deadlines are ordinary timers: how late the loop's timers are, beside a timerfd.

The only thing that the interlock does by time alone and must not miss is to open when the lease ends; everything that
opens within 100 ms is answered in the step that hears of it. A timerfd is exact to microseconds in the kernel; what is
measured is when the process gets to run. By ctypes, because `os.timerfd_create` is there from Python 3.13 on.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from tests.benchmarks.bench_latency import loaded
from tests.benchmarks.table import Row, UnmeasurableError, median, percentile

ROUNDS: Final = 300
TURN: Final = 30  # as many of one, then of the other: the load of a shared machine drifts
WAIT_S: Final = (0.005, 0.02)
BUSY: Final = (0, 4)
CLOCK_MONOTONIC: Final = 1
TFD_TIMER_ABSTIME: Final = 1


class Timerspec(ctypes.Structure):
    """`struct itimerspec` of timerfd_settime(2): the interval, then the first expiry."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


async def by_loop(due_s: float) -> None:
    """As the guard does it."""
    loop = asyncio.get_running_loop()
    due = loop.create_future()
    loop.call_at(due_s, due.set_result, None)
    await due


class TimerFd:
    """A timer of the kernel in the event loop."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.timerfd_create(CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise UnmeasurableError("the kernel has no timerfd")
        self._due: asyncio.Future[None]
        asyncio.get_running_loop().add_reader(self._fd, self._rang)

    async def until(self, due_s: float) -> None:
        """Wait for it."""
        self._due = asyncio.get_running_loop().create_future()
        whole_s = int(due_s)
        spec = Timerspec(0, 0, whole_s, int((due_s - whole_s) * 1e9))
        self._libc.timerfd_settime(self._fd, TFD_TIMER_ABSTIME, ctypes.byref(spec), None)
        await self._due

    def _rang(self) -> None:
        os.read(self._fd, 8)
        self._due.set_result(None)

    def close(self) -> None:
        """Release it."""
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)


def rows() -> Iterator[Row]:
    """Milliseconds late, the peer being the timerfd."""
    for busy in BUSY:
        ours, peers = asyncio.run(measured(busy))
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
            yield Row(
                row=9,
                what=f"a timer of the loop is late, {busy} busy processes beside: {name} of {ROUNDS}",
                ours=median(ours) if share == 0.5 else percentile(ours, share),
                unit="ms",
                peer=median(peers) if share == 0.5 else percentile(peers, share),
                peer_name="a timerfd",
            )


async def measured(busy: int) -> tuple[list[float], list[float]]:
    """How late each was, in turns."""
    rng, ours, peers = random.Random(0), list[float](), list[float]()
    timer = TimerFd()
    try:
        async with loaded(busy):
            for _ in range(ROUNDS // TURN):
                ours += await late_ms(by_loop, rng)
                peers += await late_ms(timer.until, rng)
    finally:
        timer.close()
    return ours, peers


async def late_ms(wait: Callable[[float], Awaitable[None]], rng: random.Random) -> list[float]:
    """A turn of one of them."""
    loop, late = asyncio.get_running_loop(), list[float]()
    for _ in range(TURN):
        due_s = loop.time() + rng.uniform(*WAIT_S)
        await wait(due_s)
        late.append((loop.time() - due_s) * 1000)
    return late
