"""One moment by which something has to be done, which is put off again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls `act` once it is due. Putting it off costs nothing: the timer wakes, sees, and is armed anew."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self._due_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def set(self, due_s: float | None) -> None:
        """Be due then, in the loop's time; None: not at all."""
        if self._timer is not None:
            if due_s is not None and self._timer.when() <= due_s:
                self._due_s = due_s
                return
            self._timer.cancel()
            self._timer = None
        if due_s is not None:
            self._due_s = due_s
            self._timer = asyncio.get_running_loop().call_at(due_s, self._wake)

    def _wake(self) -> None:
        self._timer = None
        if asyncio.get_running_loop().time() < self._due_s:
            self.set(self._due_s)
        else:
            self._act()
