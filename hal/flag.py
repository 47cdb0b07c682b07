"""A flag to wait for: `asyncio.Event` that holds no queue while nobody waits, and takes the time limit itself."""

from __future__ import annotations

import asyncio


class Flag:
    """Raised or not. Of one event loop, from whichever task."""

    __slots__ = ("_raised", "_waiters")

    def __init__(self, *, raised: bool = False) -> None:
        self._raised = raised
        self._waiters: tuple[asyncio.Future[bool], ...] = ()

    def is_set(self) -> bool:
        """Whether it is raised."""
        return self._raised

    def set(self) -> None:
        """Raise it: whoever waits goes on, even if it is lowered before he gets to run."""
        self._raised = True
        waiters, self._waiters = self._waiters, ()
        for one in waiters:
            _settle(one, True)

    def clear(self) -> None:
        """Lower it."""
        self._raised = False

    async def wait(self, within_s: float | None = None, *, until_s: float | None = None) -> bool:
        """Wait until it is raised, but no longer than `within_s`, or `until_s` of the loop's time; whether it was."""
        if self._raised:
            return True
        loop = asyncio.get_running_loop()
        if within_s is not None:
            until_s = loop.time() + within_s
        waiter: asyncio.Future[bool] = loop.create_future()
        self._waiters += (waiter,)
        timer = None if until_s is None else loop.call_at(until_s, _settle, waiter, False)
        try:
            return await waiter
        finally:
            if timer is not None:
                timer.cancel()
            if waiter in self._waiters:
                self._waiters = tuple(one for one in self._waiters if one is not waiter)


def _settle(waiter: asyncio.Future[bool], raised: bool) -> None:
    if not waiter.done():
        waiter.set_result(raised)
