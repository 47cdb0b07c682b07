"""One task per EVSE: inbox -> step -> effects. The task's own progress is what keeps the contactor's lease alive."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from agent.core.effects import AnyEffect
from agent.core.events import AnyEvent
from agent.core.limits import LimitError
from agent.core.session import Session
from agent.core.step import begin, step
from agent.runtime.clock import Clock
from agent.runtime.perform import Performer
from hal.board import LEASE_RENEW_S, EvseHardware
from hal.flag import Flag
from hal.types import BusHeard, FaultKind, FaultRaised, MeterFailed, PermitLost

log = logging.getLogger(__name__)


class EvseTask:
    """Runs one session. `watch` sees every step; the session is a frozen value and may be read at any time."""

    def __init__(
        self,
        session: Session,
        hardware: EvseHardware,
        clock: Clock,
        watch: Callable[[Session, AnyEvent | None, Session, tuple[AnyEffect, ...]], None],
    ) -> None:
        self.session = session
        self.hardware = hardware
        self.performer: Performer | None = None
        self._clock = clock
        self._watch = watch
        self._inbox: deque[AnyEvent] = deque()
        self._wake = Flag()
        self._pings: list[asyncio.Future[None]] = []
        self._renewal: asyncio.TimerHandle | None = None

    def post(self, event: AnyEvent) -> None:
        """Put an event into the inbox. Never waits."""
        self._inbox.append(event)
        self._wake.set()

    def ping(self) -> asyncio.Future[None]:
        """Done once the task has come round to an empty inbox: proof that it lives."""
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pings.append(answered)
        self._wake.set()
        return answered

    async def run(self, performer: Performer) -> None:
        """Live until cancelled."""
        self.performer = performer
        listening = asyncio.create_task(self._listen(), name=f"EVSE {self.session.evse} hardware")
        try:
            performer.start()
            self._take(None, *begin(self.session, self._clock.now()))
            while True:
                await self._turn(performer)
        finally:
            listening.cancel()
            performer.close()

    async def _turn(self, performer: Performer) -> None:
        while self._inbox:
            event = self._inbox.popleft()
            try:
                self._take(event, *step(self.session, event, self._clock.now()))
            except LimitError as error:
                log.warning(
                    "EVSE %d: %s", self.session.evse, error
                )  # a source spoke nonsense; what it said before stands
        self._renew(performer)
        pings, self._pings = self._pings, []
        for one in pings:
            if not one.done():
                one.set_result(None)
        self._wake.clear()
        await self._wake.wait()

    def _renew(self, performer: Performer) -> None:
        """Renew the lease when it is time: here, after the inbox was emptied, and nowhere else."""
        if not performer.permitted:
            if self._renewal is not None:
                self._renewal.cancel()
                self._renewal = None
            return
        loop = asyncio.get_running_loop()
        if self._renewal is None or loop.time() >= self._renewal.when():
            if self._renewal is not None:
                performer.renew()
            self._renewal = loop.call_later(LEASE_RENEW_S, self._wake.set)

    def _take(self, event: AnyEvent | None, session: Session, effects: tuple[AnyEffect, ...]) -> None:
        before, self.session = self.session, session
        if self.performer is not None:
            if effects:
                self.performer.perform(session, effects)
            self.performer.show(before, event, session)
        self._watch(before, event, session, effects)

    async def _listen(self) -> None:
        """Bring the hardware's events into the inbox; a stream that ends is a fault, not silence."""
        async for stamped in self.hardware.events():
            if isinstance(stamped.event, BusHeard):
                continue  # for whoever records
            if isinstance(stamped.event, MeterFailed | PermitLost):
                log.info("EVSE %d: %s", self.session.evse, stamped.event)
            self.post(stamped.event)
        self.post(FaultRaised(FaultKind.HAL_LOST, "the hardware's event stream ended"))
