"""One output of the hardware, brought to the value that is wanted last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from agent.core.events import AnyEvent
from hal.errors import HalError, HalGoneError, HalRefusedError
from hal.types import FaultCleared, FaultKind, FaultRaised

log = logging.getLogger(__name__)

RETRY_S: Final = 1.0  # our policy: how soon a command that failed is tried again

Command = Callable[[], Awaitable[None]]


class Lane:
    """A newer value replaces one that is still wanted. What fails is tried again until it is replaced.

    A board that does not obey is the fault BOARD until it does. A refusal of the interlock is none (it reports by
    itself what it withholds), nor is a HAL that is away (its stream reports HAL_LOST).
    """

    def __init__(self, name: str, post: Callable[[AnyEvent], None]) -> None:
        self._name = name
        self._post = post
        self._wanted: Command | None = None
        self._task: asyncio.Task[None] | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._trouble = ""
        self._faulted = False

    def want(self, command: Command) -> None:
        """Ask for this instead of whatever was still wanted."""
        self._wanted = command
        if self._task is None or self._task.done():
            self._begin()

    def overtake(self, command: Command) -> None:
        """Ask for this now; what is under way is dropped, not waited for."""
        if self._task is not None:
            self._task.cancel()
        self._wanted = command
        self._begin()

    def stop(self) -> None:
        """Forget everything."""
        self._wanted = None
        if self._retry is not None:
            self._retry.cancel()
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._task = asyncio.get_running_loop().create_task(self._drive(), name=f"lane {self._name}")

    async def _drive(self) -> None:
        while (command := self._wanted) is not None:
            try:
                await command()
            except HalError as error:
                self._failed(error)
                if self._wanted is command:
                    self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._begin)
                    break
            else:
                self._obeyed()
                if self._wanted is command:
                    self._wanted = None
        if self._task is asyncio.current_task():  # and not overtaken: nothing is kept of what is done
            self._task = None

    def _failed(self, error: HalError) -> None:
        if str(error) != self._trouble:
            self._trouble = str(error)
            log.warning("%s: %s", self._name, error)
        if not self._faulted and not isinstance(error, HalRefusedError | HalGoneError):
            self._faulted = True
            self._post(FaultRaised(FaultKind.BOARD, f"{self._name}: {error}"))

    def _obeyed(self) -> None:
        self._trouble = ""
        if self._faulted:
            self._faulted = False
            self._post(FaultCleared(FaultKind.BOARD))
