"""A renewal of the permission on its way to the board, in its asker's own task, until somebody calls it off.

A task of its own for each would cost a controller more than the renewal itself, twice a second and EVSE.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

from hal.commands import Command, Permit
from hal.errors import HalRefusedError
from hal.turn import Asked, Given
from hal.types import Rule

T = TypeVar("T")


def withdrawn() -> HalRefusedError:
    """What an asker hears whose "on" was overtaken by an "off"."""
    return HalRefusedError(Rule.NO_PERMISSION, "withdrawn while it was on its way")


class Renewal:
    """At most one at a time."""

    def __init__(self) -> None:
        self._asker: asyncio.Task[object] | None = None
        self._off = False
        self._struck = False  # it was cancelled for that

    def may_go(self, given: Given, on_their_way: Iterable[Command]) -> bool:
        """Whether an "on" was asked for, and may go at once: no other permission is on its way, which it could pass."""
        asked = isinstance(given, Asked) and isinstance(given.command, Permit)
        return asked and self._asker is None and not any(isinstance(one, Permit) for one in on_their_way)

    def withdraw(self) -> None:
        """End the one that is on its way, if any; its asker hears of it and lives on."""
        if self._asker is not None and not self._off:
            self._off = True
            if self._asker is not asyncio.current_task():  # else it is not waiting, and sees it when the board is done
                self._struck = self._asker.cancel()

    async def carry(self, work: Awaitable[T]) -> T:
        """Wait for `work` in the present task. Raises `HalRefusedError` when it was withdrawn meanwhile."""
        asker = asyncio.current_task()
        assert asker is not None, "a renewal is asked for in a task"  # noqa: S101 -- narrows asyncio's declaration
        self._asker, self._off, self._struck = asker, False, False
        try:
            outcome = await work
        except asyncio.CancelledError:
            if not self._struck or asker.uncancel() > 0:  # somebody has cancelled the asker itself
                raise
        else:
            if not self._off:
                return outcome
            if self._struck:
                asker.uncancel()  # the board's driver has not let it through
        finally:
            self._asker = None
        raise withdrawn()
