"""Trigger message (2.0.1 F06; 1.6 §5.17): send what the CSMS wants to know at once. Reply first, then send."""

from __future__ import annotations

from collections.abc import Callable

from agent.core import metering
from agent.core.events import ReadingAsked
from agent.core.session import Session
from agent.core.values import Instant, Measurand, Reading, ReadingContext
from agent.ocpp.asks import (
    ACCEPTED,
    REJECTED,
    STATION_ITSELF,
    Handled,
    Reason,
    TriggerAsk,
    TriggeredMessage,
    Verdict,
    VerdictAnswer,
    rejected,
)
from agent.ocpp.block import Block, Routes, Triggers
from agent.ocpp.blocks.availability import Availability
from agent.ocpp.blocks.provisioning import Provisioning
from agent.ocpp.calls import Calls
from agent.ocpp.charger import Charger

NOT_IMPLEMENTED = Handled(VerdictAnswer(Verdict.NOT_IMPLEMENTED))


class Trigger(Block):
    """Sends present values only: nothing of it waits in a queue, and no message is held back for being frequent."""

    def __init__(
        self,
        charger: Charger,
        provisioning: Provisioning,
        availability: Availability,
        now: Callable[[], Instant],
        others: Triggers,
    ) -> None:
        """`others`: what can be triggered of other blocks."""
        self._charger = charger
        self._provisioning = provisioning
        self._availability = availability
        self._now = now
        self._others = others

    def routes(self) -> Routes:
        """Who answers what."""
        return {TriggerAsk: self.handle}

    def handle(self, ask: TriggerAsk) -> Handled:
        """TriggerMessage (F06.FR.03-12)."""
        match ask.message:
            case None:
                return NOT_IMPLEMENTED  # F06.FR.08
            case TriggeredMessage.BOOT:
                if self._provisioning.registered:
                    return REJECTED  # F06.FR.17; 1.6 errata 3.35
                return Handled(ACCEPTED.answer, then=self._provisioning.boot_now)
            case TriggeredMessage.HEARTBEAT:
                return Handled(ACCEPTED.answer, follow=self._provisioning.heartbeat)
            case other if other in self._others:
                return self._others[other](ask)
        evses = self._evses(ask)
        if evses is None:
            return rejected(Reason.UNKNOWN_EVSE)
        match ask.message:
            case TriggeredMessage.STATUS:
                return self._status(ask, evses)
            case TriggeredMessage.SAMPLED_VALUES | TriggeredMessage.ALIGNED_VALUES:
                return self._readings(evses, aligned=ask.message is TriggeredMessage.ALIGNED_VALUES)
            case TriggeredMessage.TRANSACTION:
                return self._transactions(evses)
            case _:
                return NOT_IMPLEMENTED  # F06.FR.08: no block of this station has it

    def _evses(self, ask: TriggerAsk) -> tuple[int, ...] | None:
        """The EVSEs that are meant, all where none is named (F06.FR.11); None: there is no such one."""
        if ask.evse is None or ask.evse == STATION_ITSELF:
            return self._charger.evse_ids
        if ask.evse not in self._charger.evse_ids:
            return None
        connector = self._charger.session(ask.evse).connector
        return (ask.evse,) if ask.connector in {None, connector} else None

    def _status(self, ask: TriggerAsk, evses: tuple[int, ...]) -> Handled:
        connectors = () if ask.evse == STATION_ITSELF else evses
        station = ask.evse is None or ask.evse == STATION_ITSELF

        async def send(calls: Calls) -> None:
            await self._availability.tell(calls, connectors, station=station)

        return Handled(ACCEPTED.answer, follow=send)

    def _readings(self, evses: tuple[int, ...], *, aligned: bool) -> Handled:
        """The measurands that 1.6 samples (5.17), those that 2.x aligns (F06.FR.06)."""

        def readings() -> list[tuple[Session, Reading]]:
            taken = ((one, self._reading(one, aligned=aligned)) for one in map(self._charger.session, evses))
            return [(session, reading) for session, reading in taken if reading is not None]

        async def send(calls: Calls) -> None:
            for session, reading in readings():
                message = calls.dialect.meter_values(session.evse, reading, session.tx.id if session.tx else None)
                if message is not None:
                    await calls.call(message)

        return Handled(ACCEPTED.answer, follow=send) if readings() else rejected(Reason.NOT_FOUND)

    def _reading(self, session: Session, *, aligned: bool) -> Reading | None:
        if session.meter is None:
            return None
        rules = session.rules
        measurands: tuple[Measurand, ...] = rules.aligned_measurands if aligned else rules.updated_measurands
        reading = metering.take(
            session.meter, measurands, ReadingContext.TRIGGER, self._now(), metering.beside(session)
        )
        return reading if reading.values else None

    def _transactions(self, evses: tuple[int, ...]) -> Handled:
        """A TransactionEvent takes its turn behind those that are queued, and none is sent before acceptance."""
        running = [evse for evse in evses if self._charger.session(evse).tx is not None]
        if not self._provisioning.registered:
            return rejected(Reason.NOT_ACCEPTED)
        if not running:
            return rejected(Reason.NOT_FOUND)

        def then() -> None:
            for evse in running:
                self._charger.post(evse, ReadingAsked())

        return Handled(ACCEPTED.answer, then=then)
