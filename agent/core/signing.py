"""When a signing meter is asked for what: the beginning before energy flows, the end before the bill closes. Pure.

Signed Meter Values in OCPP 1.0, 2.3.1: the meter's transaction begins when its user is known, and its last value is
read when the energy has ended. Power-off never waits for it; the bill does, for `END_WAIT_S`.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from agent.core.effects import DrawId, Purpose, SignMeter, Timer
from agent.core.events import MeterKeyRead, MeterNotSigned, MeterSigned
from agent.core.meter_tx import MeterTx, Stage, with_signature
from agent.core.session import Phase, Session
from agent.core.turn import Turn
from agent.core.values import Measurand, Reading, ReadingContext, TokenKind, Trigger, TxPoint
from hal.types import MeterSample, Moment, SignedReading, Signs

AGAIN_S: Final = 5.0  # our policy: how soon a meter that did not sign is asked again
END_WAIT_S: Final = 60.0  # our policy: twice what the slowest meters take (2.3.1); a bill without a signature follows


def attend(turn: Turn) -> None:
    """Open the meter's transaction as soon as ours runs and its driver is known, or before it starts."""
    s, mine = turn.s, of(turn.s)
    if s.tx is None:
        mine = _early(turn)
    if mine is None or mine.stage is not Stage.DUE:
        return
    if s.driver is None or s.stop is not None or s.phase is Phase.RECOVERING:
        return
    if mine.again_mono_s is not None and turn.now.mono_s < mine.again_mono_s:
        return
    nobody = s.driver.token.kind is TokenKind.NO_AUTHORIZATION
    mine = replace(mine, stage=Stage.OPENING, token="" if nobody else s.driver.token.value, again_mono_s=None)
    _put(turn, mine)
    turn.do(SignMeter(_id(s), Moment.BEGIN, mine.token))
    turn.checkpoint = True


def starts_with_it(s: Session) -> bool:
    """Whether a transaction starts when its beginning is signed (E01.FR.04); else that point is as good as the path's.

    A meter that signs begin and end in one has begun then, and that has to do.
    """
    return TxPoint.DATA_SIGNED in s.rules.start_points and s.signs is not Signs.NOTHING and s.rules.signing.sampled


def has_begun(s: Session) -> bool:
    """Whether the beginning of a transaction that is still to start has been signed."""
    return s.early is not None and s.early.stage is Stage.OPEN


def _early(turn: Turn) -> MeterTx | None:
    """The meter's transaction before ours. One that nobody wants any more is closed, and its id is not used again."""
    s, mine = turn.s, turn.s.early
    wanted = starts_with_it(s) and s.driver is not None and s.stop is None and s.plugged and bool(s.next_tx)
    if wanted and mine is None and s.phase is Phase.READY:
        mine = MeterTx()
    elif mine is not None and not wanted:
        if mine.under_way:
            turn.do(SignMeter(s.next_tx, Moment.END, mine.token))
        turn.set(early=None, next_tx="")
        turn.do(DrawId())
        return None
    return mine


def awaited(s: Session) -> bool:
    """Whether energy has to wait for a signed beginning."""
    mine = of(s)
    return mine is not None and mine.stage in {Stage.DUE, Stage.OPENING}


def goes_on(s: Session, tx: str) -> bool:
    """Whether this transaction is still open, at the meter, too."""
    mine = of(s)
    return s.tx is not None and s.tx.id == tx and mine is not None and mine.stage is Stage.OPEN


def end_is_asked_for(s: Session) -> bool:
    """Whether the meter was asked for the end, so that no other reading is waited for."""
    mine = of(s)
    return mine is not None and mine.stage in {Stage.CLOSING, Stage.CLOSED}


def end_is_there(turn: Turn) -> bool:
    """Whether the bill can close; asks the meter for its last value if that was not done yet."""
    s, mine = turn.s, of(turn.s)
    if s.tx is None or mine is None or not mine.under_way:
        return True
    if mine.stage is not Stage.CLOSING:
        _put(turn, replace(mine, stage=Stage.CLOSING, ended_utc_s=turn.now.utc_s))
        turn.do(SignMeter(s.tx.id, Moment.END, mine.token))
        turn.arm(Timer.SIGNED_END, END_WAIT_S)
    return False


def wait_no_longer(turn: Turn) -> None:
    """The meter has had its time: the bill closes with what there is."""
    mine = of(turn.s)
    if mine is not None and mine.stage is Stage.CLOSING:
        _put(turn, replace(mine, stage=Stage.CLOSED))


def ask_again(turn: Turn) -> None:
    """A meter that did not sign the end is asked once more; for a beginning `attend` does it."""
    s, mine = turn.s, of(turn.s)
    if s.tx is not None and mine is not None and mine.stage is Stage.CLOSING:
        turn.do(SignMeter(s.tx.id, Moment.END, mine.token))


def asked_between(turn: Turn, purpose: Purpose) -> bool:
    """Whether the meter signs the reading that is due now, which then waits for it."""
    s, mine = turn.s, of(turn.s)
    if s.tx is None or mine is None or mine.stage is not Stage.OPEN or s.signs is not Signs.ALL:
        return False
    if not _wanted(s, purpose):
        return False
    turn.do(SignMeter(s.tx.id, Moment.BETWEEN, mine.token, purpose))
    return True


def _wanted(s: Session, purpose: Purpose) -> bool:
    rules, signing = s.rules, s.rules.signing
    updated = (signing.sampled and signing.sampled_updated, rules.updated_measurands)
    wanted, measurands = {
        Timer.SAMPLE: updated,
        ReadingContext.TRIGGER: updated,  # one between the ends like any other (paper, 3.3.6 and 4.3.7)
        Timer.ALIGNED: (signing.aligned and signing.aligned_updated, rules.aligned_measurands),
        Timer.KEEP_SAMPLE: (signing.sampled, rules.ended_measurands),
        Timer.KEEP_ALIGNED: (signing.aligned, rules.aligned_ended_measurands),
    }[purpose]
    return wanted and Measurand.ENERGY_IMPORT in measurands


def answered(turn: Turn, event: MeterSigned | MeterNotSigned | MeterKeyRead) -> SignedReading | None:
    """The meter has answered; what it signed, if it did."""
    match event:
        case MeterSigned():
            return _signed(turn, event)
        case MeterNotSigned():
            _not_signed(turn, event)
        case MeterKeyRead(public_key):
            _learned(turn, public_key)
    return None


def _signed(turn: Turn, event: MeterSigned) -> SignedReading | None:
    """What it signed, unless it is another meter or this is another transaction."""
    s, mine = turn.s, of(turn.s)
    if s.tx is None and s.early is not None and event.tx == s.next_tx:
        _begun_early(turn, s.early, event)
        return None
    if s.tx is None or mine is None or event.tx != s.tx.id:
        return None
    same = s.tx.meter_serial is None or event.sample.serial == s.tx.meter_serial
    proof = event.sample.signed if same else None
    if proof is not None:
        _learned(turn, proof.public_key)
    if event.moment is Moment.BEGIN and mine.stage in {Stage.OPENING, Stage.CLOSING}:
        _begun(turn, mine, event.sample, proof)
    elif event.moment is Moment.END and mine.stage is Stage.CLOSING:
        turn.cancel(Timer.SIGNED_END)
        turn.cancel(Timer.SIGN)
        _put(turn, replace(mine, stage=Stage.CLOSED, end=proof))
    return proof


def _not_signed(turn: Turn, event: MeterNotSigned) -> None:
    """The meter has not done what it was asked for: it is asked again, but not for a reading between the ends."""
    s = turn.s
    mine = s.early if s.tx is None else of(s)
    if mine is None or event.tx != _id(s):
        return
    if event.moment is Moment.BEGIN and mine.stage is Stage.OPENING:
        _put(turn, replace(mine, stage=Stage.DUE, again_mono_s=turn.now.mono_s + AGAIN_S))
        turn.arm(Timer.SIGN, AGAIN_S)
    elif event.moment is Moment.END and mine.stage is Stage.CLOSING:
        turn.arm(Timer.SIGN, AGAIN_S)


def _learned(turn: Turn, public_key: str) -> None:
    """The meter's key is known."""
    if turn.s.meter_key != public_key:
        turn.set(meter_key=public_key)
        turn.checkpoint = True


def of(s: Session) -> MeterTx | None:
    """The meter's transaction, if there is one."""
    return s.tx.meter_tx if s.tx is not None else None


def _put(turn: Turn, mine: MeterTx) -> None:
    if turn.s.tx is not None:
        turn.set(tx=replace(turn.s.tx, meter_tx=mine))
    else:
        turn.set(early=mine)


def _id(s: Session) -> str:
    """Under which the meter knows the transaction."""
    return s.tx.id if s.tx is not None else s.next_tx


def _begun_early(turn: Turn, mine: MeterTx, event: MeterSigned) -> None:
    """The beginning of a transaction is signed that starts with it."""
    if event.moment is not Moment.BEGIN or mine.stage is not Stage.OPENING:
        return
    proof = event.sample.signed
    if proof is not None:
        _learned(turn, proof.public_key)
        mine = replace(mine, begin=proof)
    turn.set(early=replace(mine, stage=Stage.OPEN))
    turn.checkpoint = True


def _begun(turn: Turn, mine: MeterTx, sample: MeterSample, proof: SignedReading | None) -> None:
    """The beginning is signed: what the end message holds of it, and what is told at once."""
    rules = turn.s.rules
    if mine.stage is Stage.OPENING:
        _put(turn, replace(mine, stage=Stage.OPEN))
    turn.checkpoint = True
    first = _at(turn, sample, turn.reading(rules.ended_measurands, ReadingContext.BEGIN))
    if proof is not None and first is not None and turn.s.tx is not None:
        others = turn.s.tx.readings[1:]
        turn.set(tx=replace(turn.s.tx, readings=(with_signature(first, proof), *others)))
    if mine.stage is not Stage.OPENING:
        return  # its end has been asked for; the end message tells it all
    if rules.begin_is_signed:
        turn.tell_beginning(proof)
    elif proof is not None and rules.signing.sampled and rules.signing.started:
        told = _at(turn, sample, turn.reading(rules.started_measurands, ReadingContext.BEGIN))
        if told is not None:
            turn.update_transaction(Trigger.SIGNED_DATA, reading=with_signature(told, proof))


def _at(turn: Turn, sample: MeterSample, reading: Reading | None) -> Reading | None:
    """The reading, stamped with the moment at which the meter signed (paper, 2.3.2)."""
    if reading is None:
        return None
    return replace(reading, at_utc_s=turn.now.utc_s - max(0.0, turn.now.mono_s - sample.taken_mono_s))
