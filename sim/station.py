"""A whole charger on simulated hardware: the production agent, unchanged, on a board made of physics."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from agent.config import Config
from agent.main import Agent, build
from agent.runtime.clock import Clock
from sim.board import BoardSpec, SimBoard
from sim.hardware import MeterLink, SimHardware


class SimStation:
    """Hardware that lives on, and an agent that runs on it, is reset, or is gone.

    A reset that the agent accepts restarts it in place, as a service manager would.
    """

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
        self.config = config
        self.hardware = SimHardware(spec or BoardSpec(evses=len(config.evse)), link or MeterLink())
        self.agent: Agent | None = None
        self._clock = clock
        self._new_id = new_id
        self._rng = random.Random(seed)
        self._running: asyncio.Task[None] | None = None

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
        self.agent = self._built()
        self._running = asyncio.get_running_loop().create_task(self._live(), name="station")

    async def halt(self) -> None:
        """Stop the agent in order; the hardware lives on."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
            self._running = None

    async def stop(self) -> None:
        """Stop the agent, then power down. Raises what made the agent fail, if something did."""
        running = self._running
        await self.halt()
        await self.hardware.close()
        if running is not None and not running.cancelled():
            running.result()

    def _built(self) -> Agent:
        return build(self.config, self.hardware.guarded, self._clock, self._new_id, self._rng)

    async def _live(self) -> None:
        while self.agent is not None:
            await self.agent.run()
            self.agent = self._built()
