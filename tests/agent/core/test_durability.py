"""What a step asks of the disk: how firmly, how soon."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.durability import COMPANY_S, LAST_WORDS_S
from agent.core.effects import Checkpoint, Emit, Timer
from agent.core.events import AvailabilityChanged, Deauthorized, ReadingAsked, StopRequested
from agent.core.facts import TransactionEnded, TransactionStarted, TransactionUpdated
from agent.core.recovery import MAX_STORED_AGE_S, MAX_UNSURE, kept, restored
from agent.core.rules import Rules
from agent.core.session import Session
from agent.core.values import AuthInfo, AuthStatus, Scope, StopReason, Trigger
from hal.types import ContactorChanged, CpState, Moment
from tests.agent.core.playing import Player, cp
from tests.agent.core.test_signing import BETWEEN, answer, begun

TEN_SECONDS = Rules(sample_interval_s=10.0)


def checkpoints(effects: list) -> list[Checkpoint]:
    return [one for one in effects if isinstance(one, Checkpoint)]


def steps(p: Player) -> list[tuple[list, Checkpoint]]:
    """The facts of each step that is to be stored, with how."""
    found, facts = [], []
    for one in p.log:
        if isinstance(one, Emit):
            facts.append(one.fact)
        elif isinstance(one, Checkpoint):
            found.append((facts, one))
            facts = []
    return found


def test_a_start_and_an_end_are_synced_at_once():
    p = Player(TEN_SECONDS)
    p.charge()
    p.wait(15)
    p.tap()
    p.play(cp(CpState.B), ContactorChanged(closed=False), p.sample())
    for kind in (TransactionStarted, TransactionEnded):
        (how,) = [how for facts, how in steps(p) if any(isinstance(one, kind) for one in facts)]
        assert how == Checkpoint(0.0, synced=True)


def test_a_reading_is_written_at_once_and_synced_with_something_else():
    p = Player(TEN_SECONDS)
    p.charge()
    effects = p.wait(10)
    assert any(isinstance(one, Emit) and isinstance(one.fact, TransactionUpdated) for one in effects)
    assert checkpoints(effects)[-1] == Checkpoint(0.0, synced=False)


def test_what_a_meter_has_signed_is_synced_before_it_is_told():
    p = begun(Rules(signing=BETWEEN))
    p.play(ReadingAsked())
    effects = answer(p, Moment.BETWEEN, "between")
    assert [one.fact.reading.signed.data for one in effects if isinstance(one, Emit)] == ["between"]
    assert checkpoints(effects) == [Checkpoint(0.0, synced=True)]


def test_who_drives_is_synced_before_it_is_told():
    p = Player(Rules(start_points=frozenset({"EVConnected"})))
    p.plug()
    p.tap()
    (how,) = [how for facts, how in steps(p) if any(isinstance(f, TransactionUpdated) and f.token for f in facts)]
    assert how == Checkpoint(0.0, synced=True)


def test_a_stop_waits_for_the_end_that_follows_it():
    p = Player()
    p.charge()
    p.wait(5)
    assert checkpoints(p.play(StopRequested(Trigger.REMOTE_STOP, StopReason.REMOTE))) == [Checkpoint(LAST_WORDS_S)]


def test_a_stop_of_what_would_be_resumed_after_a_power_cut_hardly_waits():
    p = Player(Rules(resume_after_power_loss=True))
    p.charge()
    p.wait(5)
    assert checkpoints(p.play(Deauthorized("tx-1", AuthInfo(AuthStatus.BLOCKED)))) == [Checkpoint(COMPANY_S)]


def test_what_an_operator_switched_off_stays_off_after_a_power_cut():
    p = Player()
    (how,) = checkpoints(p.play(AvailabilityChanged(operative=False, scope=Scope.EVSE)))
    assert how.synced
    assert how.within_s <= COMPANY_S


@pytest.mark.behaviour(18)
@pytest.mark.parametrize("interval_s", [0.0, 10.0, 45.0, 60.0, 900.0])
def test_the_register_of_an_open_transaction_is_never_older_on_the_medium_than_a_minute(interval_s):
    p = Player(Rules(sample_interval_s=interval_s))
    p.charge()
    ages, since_s = [], 0
    for _ in range(600):
        p.log.clear()
        p.wait(1.0)
        since_s = 0 if any(how.synced for how in checkpoints(p.log)) else since_s + 1
        ages.append(since_s)
    assert max(ages) <= MAX_STORED_AGE_S


def test_no_more_is_told_between_two_syncs_than_a_recovery_can_fill():
    p = Player(Rules(sample_interval_s=1.0))
    p.charge()
    p.wait(59)
    unsynced, most = 0, 0
    for facts, how in steps(p):
        unsynced = 0 if how.synced else unsynced + len([one for one in facts if isinstance(one, TransactionUpdated)])
        most = max(most, unsynced)
    assert most == MAX_UNSURE


@settings(max_examples=30)
@given(cut_s=st.integers(min_value=1, max_value=200), interval_s=st.sampled_from([1.0, 7.0, 10.0, 60.0]))
def test_after_a_power_cut_no_number_is_given_twice_and_none_is_left_out(cut_s, interval_s):
    """What outlives it is the last session that was synced; the CSMS has heard all."""
    p = Player(Rules(sample_interval_s=interval_s))
    p.charge()
    on_disk = msgspec.msgpack.encode(kept(p.session))
    for _ in range(cut_s):
        p.effects = []
        p.wait(1.0)
        if any(how.synced for how in checkpoints(p.effects)):
            on_disk = msgspec.msgpack.encode(kept(p.session))
    told = [one.seq for one in p.tx_facts]
    saved = restored(msgspec.msgpack.decode(on_disk, type=Session), p.session.rules, power_cut=True)
    again = Player(session=saved)
    again.play(cp(CpState.A), again.sample(energy_wh=2000.0))
    *filled, end = again.tx_facts
    assert isinstance(end, TransactionEnded)
    assert end.seq > max(told)
    assert {*told, *(one.seq for one in filled), end.seq} == set(range(end.seq + 1))
    assert len(filled) == MAX_UNSURE


def test_numbers_are_filled_once_also_when_the_power_goes_again_before_the_meter_has_spoken():
    p = Player()
    p.charge()
    first = restored(kept(p.session), Rules(), power_cut=True)
    second = restored(msgspec.msgpack.decode(msgspec.msgpack.encode(kept(first)), type=Session), Rules())
    p = Player(session=second)
    p.play(p.sample(energy_wh=2000.0))
    assert len(p.tx_facts) == MAX_UNSURE + 1
    assert p.session.unsure == 0


def test_the_end_of_the_process_alone_leaves_no_number_in_doubt():
    p = Player()
    p.charge()
    p = Player(session=restored(kept(p.session), Rules()))
    p.play(p.sample(energy_wh=2000.0))
    assert [type(one) for one in p.tx_facts] == [TransactionEnded]
    assert Timer.SAMPLE not in p.timers
