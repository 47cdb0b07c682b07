"""A whole charger on simulated hardware: the production agent, unchanged, on a board made of physics."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from agent.config import Config
from agent.core.session import Session
from agent.main import Agent, build
from agent.runtime.clock import Clock
from agent.runtime.journal import Journal
from agent.runtime.schema import unlock
from hal.board import Board
from sim.board import BoardSpec, SimBoard
from sim.hardware import MeterLink, SimHardware

__all__ = ["Agent", "AgentHost", "SimStation"]


class AgentHost:
    """What an agent runs on: any guarded board. It is booted, reset, killed, or gone.

    With `restarts`, a reset that the agent accepts restarts it in place, as a service manager would; without, it ends
    the task. `on_boot` is called with every agent before it runs. `journal` and `control` are as of `agent.main.build`.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        new_id: Callable[[], str],
        rng: random.Random,
        *,
        restarts: bool = True,
        journal: Callable[[], Journal] | None = None,
        control: bool = True,
    ) -> None:
        self.config = config
        self.agent: Agent | None = None
        self.on_boot: list[Callable[[Agent], None]] = []
        self.clock = clock
        self._new_id = new_id
        self._rng = rng
        self._restarts = restarts
        self._journal = journal
        self._control = control
        self._running: asyncio.Task[None] | None = None
        self._disk_full = False

    @property
    def alive(self) -> bool:
        """Whether an agent runs."""
        return self._running is not None and not self._running.done()

    @property
    def failure(self) -> BaseException | None:
        """What the last agent died of; None while it lives, or when it was stopped."""
        ended = self._running is not None and self._running.done() and not self._running.cancelled()
        return self._running.exception() if ended and self._running is not None else None

    def session(self, evse: int = 1) -> Session:
        """What the agent makes of an EVSE. Raises RuntimeError while there is no agent."""
        if self.agent is None:
            raise RuntimeError("no agent runs on this hardware: boot one first")
        return self.agent.charge_point.session(evse)

    def run_on(self, board: Board) -> asyncio.Task[None]:
        """Start the agent on a board that is already up; the task ends when no agent runs on it any more."""
        self.agent = self._built(board)
        self._running = asyncio.get_running_loop().create_task(self._live(board), name="station")
        return self._running

    async def halt(self) -> None:
        """Stop the agent in order; the hardware lives on."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
            self._running = None

    async def kill(self) -> None:
        """The agent dies as by SIGKILL or a power cut: nothing is withdrawn, said or written any more.

        Its files stay as they are. A write that is in the hands of the disk at this moment still happens.
        """
        agent = self.agent
        if agent is not None and self.alive:
            _sever(agent)
            await self.halt()
            await _bury(agent)
        self.agent = None

    def network(self, online: bool) -> None:
        """The agent's network goes away, or comes back."""
        if self.agent is not None:
            self.agent.station.network(online)

    def disk_full(self, full: bool) -> None:
        """From now on no commit of the journal finds room, or they do again."""
        self._disk_full = full
        if self.agent is not None:
            _fill(self.agent, full)

    def _built(self, board: Board) -> Agent:
        journal = None if self._journal is None else self._journal()
        agent = build(self.config, board, self.clock, self._new_id, self._rng, journal=journal, control=self._control)
        _fill(agent, self._disk_full)
        for tell in self.on_boot:
            tell(agent)
        return agent

    async def _live(self, board: Board) -> None:
        while self.agent is not None:
            await self.agent.run()
            self.agent = self._built(board) if self._restarts else None


class SimStation(AgentHost):
    """An agent and the simulated hardware that it runs on, and which outlives it."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        new_id: Callable[[], str],
        *,
        spec: BoardSpec | None = None,
        link: MeterLink | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(config, clock, new_id, random.Random(seed))
        self.hardware = SimHardware(spec or BoardSpec(evses=len(config.evse)), link or MeterLink())

    @property
    def board(self) -> SimBoard:
        """The raw simulated board: plug, tap, inject."""
        return self.hardware.board

    async def start(self) -> None:
        """Power up hardware and agent."""
        await self.hardware.start()
        self.boot()

    def boot(self) -> None:
        """Start the agent on hardware that is already up."""
        self.run_on(self.hardware.guarded)

    async def stop(self) -> None:
        """Stop the agent, then power down. Raises what made the agent fail, if something did."""
        running = self._running
        await self.halt()
        await self.hardware.close()
        if running is not None and not running.cancelled():
            running.result()


# What befalls an agent from below. It knows nothing of this, so it cannot be asked for it: its insides are taken away.
# ruff: noqa: SLF001


def _sever(agent: Agent) -> None:
    """From now on nothing that this agent does on its way out has an effect."""
    journal = agent.journal
    journal._closing = True  # a dead process commits nothing
    journal._queue.clear()
    if journal._next_write is not None:
        journal._next_write.cancel()
    agent.station.network(False)  # the kernel drops its connections; nobody says good-bye

    async def die() -> None:
        agent.authorizer.close()
        agent.charge_point.close()

    agent._close = die  # type: ignore[method-assign]


async def _bury(agent: Agent) -> None:
    """Release a dead agent's files, as the kernel does; one that died on its way out may have done so itself."""
    journal = agent.journal

    def release() -> None:
        try:
            journal._writer.execute("SELECT 1")
        except sqlite3.ProgrammingError:  # closed: all is released
            return
        journal._writer.close()
        unlock(journal._held)

    if journal._writing is not None:
        await asyncio.wait([journal._writing])
    journal.close_reader()
    if not journal._thread._shutdown:
        await asyncio.get_running_loop().run_in_executor(journal._thread, release)
        journal._thread.shutdown()


def _fill(agent: Agent, full: bool) -> None:
    if full:
        agent.journal._transact = _no_room  # type: ignore[method-assign]
    else:
        vars(agent.journal).pop("_transact", None)


def _no_room(operations: Sequence[Any], *, synced: bool) -> NoReturn:
    del synced
    error = sqlite3.OperationalError(f"database or disk is full ({len(operations)} operations)")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise error
