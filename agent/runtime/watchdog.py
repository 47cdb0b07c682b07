"""Tells the service manager how the agent is (sd_notify(3)): ready, what it is doing, and that it lives.

The watchdog is fed by what charging needs, not by a timer: every EVSE's task has gone round, and the journal's thread
writes. A full disk is no reason to starve it: restarting frees no disk, and would lose what waits in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

from agent.core.session import Session
from agent.runtime.evse import EvseTask
from agent.runtime.journal import Journal

log = logging.getLogger(__name__)

ANSWER_S: Final = 5.0  # our policy: an EVSE's task that needs longer has lost its lease (2 s) long ago
REPORT_S: Final = 10.0  # our policy: how often the status line follows where no watchdog is asked for
FEEDS_PER_LIMIT: Final = 3  # of the limit; sd_watchdog_enabled(3) recommends two or more


class ServiceManager:
    """Where states are sent to. Without one nothing is sent."""

    def __init__(self, address: str | None, watchdog_s: float | None = None) -> None:
        self.watchdog_s = watchdog_s
        self._socket: socket.socket | None = None
        if address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)
            self._address = "\0" + address[1:] if address.startswith("@") else address

    @classmethod
    def of(cls, environment: Mapping[str, str], pid: int) -> ServiceManager:
        """The one that started this process, as NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID tell."""
        limit_us = environment.get("WATCHDOG_USEC", "")
        meant = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
        watchdog_s = int(limit_us) / 1e6 if meant and limit_us.isdigit() and int(limit_us) > 0 else None
        return cls(environment.get("NOTIFY_SOCKET"), watchdog_s)

    @property
    def present(self) -> bool:
        """Whether anybody listens."""
        return self._socket is not None

    def tell(self, **states: str) -> None:
        """Send states, e.g. READY="1". One that cannot be sent is logged: the manager decides what silence means."""
        if self._socket is None:
            return
        text = "\n".join(f"{name}={value}" for name, value in states.items())
        try:
            self._socket.sendto(text.encode(), self._address)
        except OSError as error:
            log.warning("the service manager cannot be told: %s", error)

    def close(self) -> None:
        """Tell nothing more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Watchdog:
    """Looks after a running agent's parts. `link` says in words how the CSMS is reached."""

    def __init__(
        self, manager: ServiceManager, tasks: Mapping[int, EvseTask], journal: Journal, link: Callable[[], str]
    ) -> None:
        self._manager = manager
        self._tasks = tasks
        self._journal = journal
        self._link = link

    async def run(self) -> None:
        """Say READY when all is well for the first time; feed the watchdog while it is. Until cancelled."""
        every_s = REPORT_S if self._manager.watchdog_s is None else self._manager.watchdog_s / FEEDS_PER_LIMIT
        ready = {"READY": "1"}
        while True:
            trouble = await self.trouble()
            if trouble is None:
                self._manager.tell(**ready, WATCHDOG="1", STATUS=self._status())
                ready = {}
            else:
                log.error("the watchdog is not fed: %s", trouble)
                self._manager.tell(STATUS=trouble)
            await asyncio.sleep(every_s)

    async def trouble(self) -> str | None:
        """What a restart would cure; None: nothing."""
        stuck = await self._stuck()
        if stuck:
            return f"EVSE {', '.join(map(str, stuck))} does not answer"
        failure = self._journal.failure
        if failure is not None:
            return str(failure) if failure.restart_helps else None
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._journal.ping()
        except TimeoutError:
            return "the journal does not answer"
        return None

    async def _stuck(self) -> list[int]:
        pings = {task.ping(): evse for evse, task in self._tasks.items()}
        _, unanswered = await asyncio.wait(pings, timeout=ANSWER_S)
        return sorted(pings[one] for one in unanswered)

    def _status(self) -> str:
        sessions: list[Session] = [task.session for task in self._tasks.values()]
        count = Counter(str(one.status) for one in sessions)
        evses = ", ".join(f"{number} {status}" for status, number in sorted(count.items()))
        storage = f"; {self._journal.failure}" if self._journal.failure is not None else ""
        return f"{evses}; {self._link()}{storage}"


@contextlib.asynccontextmanager
async def watched(manager: ServiceManager, watchdog: Watchdog) -> AsyncIterator[None]:
    """The watchdog's care while the agent runs, and STOPPING at its end."""
    if not manager.present:
        yield
        return
    caring = asyncio.create_task(watchdog.run(), name="watchdog")
    try:
        yield
    finally:
        caring.cancel()
        manager.tell(STOPPING="1")
        manager.close()
