"""The EVSEs of one station together: what OCPP may ask of them, and what no single one can answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from agent.core.effects import AnyEffect
from agent.core.events import AnyEvent, StopRequested
from agent.core.session import Phase, Session
from agent.core.turn import is_drivers
from agent.core.values import IdToken, StopReason, Trigger
from agent.ocpp.charger import ResetKind
from agent.runtime.clock import Clock
from agent.runtime.evse import EvseTask
from agent.runtime.site import Site
from hal.board import EvseHardware
from hal.types import TokenPresented

log = logging.getLogger(__name__)

RESET_WAIT_S: Final = 20.0  # our policy: longer than a car may take to stop (6 s) and a meter to answer (3 s)

Watcher = Callable[[Session, AnyEvent | None, Session, tuple[AnyEffect, ...]], None]


class ChargePoint:
    """Meets `agent.ocpp.charger.Charger`. `on_reset` is called once every session has come to rest."""

    def __init__(self, clock: Clock, site: Site | None, on_reset: Callable[[ResetKind], None]) -> None:
        self.tasks: dict[int, EvseTask] = {}
        self._clock = clock
        self._site = site
        self._on_reset = on_reset
        self._watchers: list[Watcher] = []
        self._resetting: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()

    def add(self, session: Session, hardware: EvseHardware) -> EvseTask:
        """Take in an EVSE; its task is run by the composition root."""
        task = EvseTask(session, hardware, self._clock, self._watch)
        self.tasks[session.evse] = task
        return task

    @contextmanager
    def watching(self, watcher: Watcher) -> Iterator[None]:
        """Let `watcher` see every step: (session before, event, session after, effects)."""
        self._watchers.append(watcher)
        try:
            yield
        finally:
            self._watchers.remove(watcher)

    # agent.ocpp.charger.Charger

    @property
    def evse_ids(self) -> tuple[int, ...]:
        """EVSE ids, from 1."""
        return tuple(sorted(self.tasks))

    def session(self, evse: int) -> Session:
        """The session as it stands. Raises KeyError for an unknown EVSE."""
        return self.tasks[evse].session

    def post(self, evse: int, event: AnyEvent) -> None:
        """Put an event into the EVSE's inbox."""
        self.tasks[evse].post(event)

    def post_all(self, event: AnyEvent) -> None:
        """Put an event into every inbox."""
        for task in self.tasks.values():
            task.post(event)

    def reset(self, kind: ResetKind, evse: int | None = None) -> None:
        """End transactions (immediate) or wait for their end (on idle), then restart the station or clear the EVSE."""
        ids = self.evse_ids if evse is None else (evse,)
        if kind is ResetKind.IMMEDIATE:
            for one in ids:
                self.post(one, StopRequested(Trigger.RESET, StopReason.IMMEDIATE_RESET))
        if evse is None and self._resetting is None:
            self._resetting = asyncio.get_running_loop().create_task(self._reset(kind), name="reset")

    def time_learned(self, utc_s: float) -> None:
        """The CSMS told the time."""
        self._clock.learn(utc_s)

    # The station's own reader

    def token_presented(self, event: TokenPresented) -> None:
        """A reader that serves several EVSEs: the driver's own session, else the car that waits, else a free EVSE."""
        token = IdToken(event.token)
        sessions = [self.session(evse) for evse in self.evse_ids]
        ranks: tuple[Callable[[Session], bool], ...] = (
            lambda s: is_drivers(s, token),
            lambda s: s.phase is Phase.CONNECTED,
            lambda s: s.phase is Phase.FINISHED,
            lambda s: s.phase is Phase.IDLE and s.operative and not s.faults,
        )
        chosen = next((s for rank in ranks for s in sessions if rank(s)), None)
        if chosen is None:
            log.info("a token was presented, but every EVSE is taken")
            return
        self.post(chosen.evse, event)

    def _watch(self, before: Session, event: AnyEvent | None, session: Session, effects: tuple[AnyEffect, ...]) -> None:
        if before.tx is not None and session.tx is None:
            self._settled.set()
        if self._site is not None:
            self._site.watch(session)
        for watcher in self._watchers:
            watcher(before, event, session, effects)

    async def _reset(self, kind: ResetKind) -> None:
        """Wait until no transaction is open, then say so. An immediate reset does not wait for ever."""
        try:
            async with asyncio.timeout(RESET_WAIT_S if kind is ResetKind.IMMEDIATE else None):
                while any(task.session.tx is not None for task in self.tasks.values()):
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            log.warning("reset: a transaction did not end within %.0f s; it is closed after the restart", RESET_WAIT_S)
        self._on_reset(kind)
