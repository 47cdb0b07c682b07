"""What of a step must be on the medium before anything follows from it, and what a power cut may take.

Everything is written before it is told, so the end of the process loses nothing. A sync, which a power cut asks for,
costs a controller's flash far more than a write; so what billing does not need shares the next one. What a power cut
may cost is bounded twice: an open transaction's session is synced at least every `recovery.MAX_STORED_AGE_S`, and of
its facts at most `recovery.MAX_UNSURE` are told between two syncs. Their numbers may have been used, or not: a
recovery after a power cut fills them.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from agent.core.effects import AnyEffect, Checkpoint, Emit, Record
from agent.core.facts import AnyFact, ConnectorStatusChanged, ReadingTaken, TransactionUpdated
from agent.core.recovery import MAX_STORED_AGE_S, MAX_UNSURE, kept
from agent.core.session import Session
from agent.core.turn import Turn
from agent.core.values import ChargingState, ConnectorStatus, Trigger

COMPANY_S: Final = 1.0  # our policy: how long what the CSMS or an operator decided waits for another sync
# Our policy: a stop waits this long for the end that follows it, a little more than the 6 s that a car has for it.
LAST_WORDS_S: Final = 7.0
NO_HURRY_S: Final = 30.0  # our policy: how long a session of which nothing is told waits for company

_MINOR: Final = frozenset(
    {Trigger.METER_PERIODIC, Trigger.METER_CLOCK, Trigger.CHARGING_STATE_CHANGED, Trigger.CHARGING_RATE_CHANGED}
)
AT_ONCE: Final = Checkpoint()
TOLD: Final = Checkpoint(synced=False)
UNTOLD: Final = Checkpoint(NO_HURRY_S, synced=False)


def finished(turn: Turn, before: Session) -> tuple[Session, tuple[AnyEffect, ...]]:
    """The outcome of a step that began with that session; where it is to be stored, how firmly."""
    if turn.checkpoint:
        asked = _asked(turn, before)
        if asked.synced:
            turn.set(checkpointed_mono_s=turn.now.mono_s, firm_seq=turn.s.tx.seq if turn.s.tx is not None else 0)
        turn.do(asked)
    return turn.s, tuple(turn.effects)


def _asked(turn: Turn, before: Session) -> Checkpoint:
    s = turn.s
    facts = [one.fact for one in turn.effects if isinstance(one, Emit)]
    if not all(map(_may_be_lost, facts)):
        return AT_ONCE
    was, lasting = _lasting(before), _lasting(s)
    if lasting != was:
        hurry = facts or any(isinstance(one, Record) for one in turn.effects)
        resumes = s.rules.resume_after_power_loss  # it would charge on for a driver who has stopped it
        only_stops = not resumes and replace(lasting, stop=None) == replace(was, stop=None)
        return AT_ONCE if hurry else Checkpoint(LAST_WORDS_S if only_stops else COMPANY_S)
    if s.tx is not None:
        old = turn.now.mono_s - s.checkpointed_mono_s >= MAX_STORED_AGE_S
        if old or s.tx.seq - s.firm_seq > MAX_UNSURE:
            return AT_ONCE
    return TOLD if facts else UNTOLD


def _lasting(session: Session) -> Session:
    """What of a session may not be lost, as a value to compare: the same where only the rest differs."""
    session = kept(session)
    tx = session.tx
    if tx is not None:
        tx = replace(
            tx,
            seq=0,
            charging=ChargingState.IDLE,
            energized=False,
            last_energy_wh=0.0,
            readings=(),
            charged_s=0.0,
        )
    return replace(
        session,
        tx=tx,
        asks=0,
        records=0,
        next_tx="",
        locked=False,
        ready_utc_s=session.ready_utc_s if tx is not None else None,
        firm_seq=0,
        status=ConnectorStatus.AVAILABLE,
        reported_fault=None,
        reported_plugged=False,
    )


def _may_be_lost(fact: AnyFact) -> bool:
    """Readings and changes of state: billing needs the beginning, the end, who drives and what was signed."""
    match fact:
        case TransactionUpdated(token=None, remote_start_id=None, reservation_id=None):
            return fact.trigger in _MINOR and (fact.reading is None or fact.reading.signed is None)
        case ReadingTaken(reading=reading):
            return reading.signed is None
        case ConnectorStatusChanged():
            return True
        case _:
            return False
