"""The readings that fall due: signed by the meter where that is wanted, then told or kept for the end message. Pure."""

from __future__ import annotations

from agent.core import signing
from agent.core.effects import Emit, Purpose, Timer
from agent.core.facts import ReadingTaken
from agent.core.meter_tx import with_signature
from agent.core.turn import Turn
from agent.core.values import ReadingContext, Trigger
from hal.types import SignedReading


def due(turn: Turn, purpose: Purpose) -> None:
    """Take the reading, or have the meter sign it first: then it is taken with the meter's answer."""
    if not signing.asked_between(turn, purpose):
        take(turn, purpose)


def take(turn: Turn, purpose: Purpose, signed: SignedReading | None = None) -> None:
    """The reading that this timer, or the CSMS, is for."""
    rules = turn.s.rules
    match purpose:
        case Timer.SAMPLE:
            _report(turn, ReadingContext.PERIODIC, Trigger.METER_PERIODIC, signed)
        case Timer.ALIGNED:
            _report(turn, ReadingContext.CLOCK, Trigger.METER_CLOCK, signed)
        case ReadingContext.TRIGGER:
            _report(turn, ReadingContext.TRIGGER, Trigger.TRIGGER, signed)
        case Timer.KEEP_SAMPLE:
            turn.keep_reading(rules.ended_measurands, ReadingContext.PERIODIC, signed)
        case Timer.KEEP_ALIGNED:
            turn.keep_reading(rules.aligned_ended_measurands, ReadingContext.CLOCK, signed)


def _report(turn: Turn, context: ReadingContext, trigger: Trigger, signed: SignedReading | None) -> None:
    s = turn.s
    measurands = s.rules.aligned_measurands if context is ReadingContext.CLOCK else s.rules.updated_measurands
    reading = turn.reading(measurands, context)
    if reading is None:
        return
    if s.tx is not None:
        turn.update_transaction(trigger, reading=with_signature(reading, signed))
    else:
        at_utc_s = turn.now.utc_s
        turn.do(Emit(ReadingTaken(evse=s.evse, connector=s.connector, at_utc_s=at_utc_s, reading=reading)))
