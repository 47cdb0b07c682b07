from __future__ import annotations

import msgspec
import pytest

from agent.core.effects import Checkpoint, PermitPower, Timer
from agent.core.events import Deauthorized, StopRequested, TimerDue
from agent.core.facts import TransactionEnded
from agent.core.recovery import kept, restored
from agent.core.rules import Rules
from agent.core.session import Phase, Session
from agent.core.values import AuthInfo, AuthStatus, StopReason, Trigger, TxPoint
from hal.types import ContactorChanged, CpState
from tests.agent.core.playing import Player, cp


def crashed(rules: Rules | None = None, *, after=None) -> Session:
    """What the journal holds of a charge that was cut, after a trip through its encoding."""
    p = Player(rules)
    p.charge()
    p.play(p.sample(energy_wh=1200.0))
    if after:
        after(p)
    return stored(p)


def stored(p: Player) -> Session:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(p.session), type=Session)


def ends(p: Player) -> list[TransactionEnded]:
    return [one for one in p.facts if isinstance(one, TransactionEnded)]


def permitted(p: Player) -> bool:
    return any(isinstance(one, PermitPower) and one.on for one in p.log)


def reborn(saved: Session, rules: Rules | None = None) -> Player:
    return Player(session=restored(saved, rules or Rules()))


@pytest.mark.behaviour(18)
def test_a_cut_charge_ends_with_power_loss_on_the_register_read_after_the_restart():
    p = reborn(crashed())
    assert not any(isinstance(one, PermitPower) and one.on for one in p.log)
    p.play(cp(CpState.C), p.sample(energy_wh=1210.0))
    (ended,) = [one for one in p.facts if isinstance(one, TransactionEnded)]
    assert (ended.reason, ended.reading.energy_wh, ended.reading.estimated) == (StopReason.POWER_LOSS, 1210.0, False)
    assert ended.start_energy_wh == 1000.0


def test_after_a_restart_the_car_needs_a_fresh_authorisation():
    p = reborn(crashed())
    p.play(cp(CpState.C), p.sample(energy_wh=1210.0))
    p.wait(60)
    assert not any(isinstance(one, PermitPower) and one.on for one in p.log)
    p.tap()
    assert any(isinstance(one, PermitPower) and one.on for one in p.log)


@pytest.mark.behaviour(18)
def test_a_silent_meter_after_the_restart_bills_the_last_stored_register_and_says_it_is_estimated():
    p = reborn(crashed())
    p.mono_s += 11

    p.play(TimerDue(Timer.CLOSING))
    ended = p.tx_facts[-1]
    assert (ended.reading.energy_wh, ended.reading.estimated) == (1200.0, True)


@pytest.mark.behaviour(18)
@pytest.mark.parametrize(("energy_wh", "serial"), [(5.0, "M1"), (99_000.0, "M2")])
def test_a_register_that_went_backwards_or_another_meter_is_not_billed(energy_wh, serial):
    p = reborn(crashed())
    p.play(p.sample(energy_wh=energy_wh, serial=serial))
    ended = p.tx_facts[-1]
    assert (ended.reading.energy_wh, ended.reading.estimated) == (1200.0, True)


def test_a_stop_that_was_under_way_keeps_its_reason():
    p = reborn(crashed(after=lambda q: q.tap()))
    p.play(p.sample(energy_wh=1300.0))
    assert p.tx_facts[-1].reason is StopReason.LOCAL


@pytest.mark.behaviour(18)
def test_a_station_may_resume_where_its_maker_chose_so():
    rules = Rules(resume_after_power_loss=True)
    p = reborn(crashed(rules), rules)
    p.play(cp(CpState.B), p.sample(energy_wh=1210.0))
    assert p.session.phase is Phase.READY
    p.ask()
    assert any(isinstance(one, PermitPower) and one.on for one in p.log)
    assert not any(isinstance(one, TransactionEnded) for one in p.facts)


@pytest.mark.behaviour(6)
def test_sequence_numbers_go_on_where_they_stopped():
    saved = crashed()
    p = reborn(saved)
    p.play(p.sample(energy_wh=1300.0))
    assert p.tx_facts[0].seq == saved.tx.seq


def test_nothing_is_recovered_when_nothing_was_open():
    saved = Player().session
    p = reborn(saved)
    assert p.session.phase is Phase.IDLE
    assert not p.tx_facts


RESUMING = Rules(resume_after_power_loss=True)


def test_a_card_shown_before_the_meter_has_spoken_does_not_take_over_the_cut_transaction():
    p = reborn(crashed())
    p.play(cp(CpState.B))
    p.tap("STRANGER")
    p.play(p.sample(energy_wh=1210.0))
    (ended,) = ends(p)
    assert ended.reason is StopReason.POWER_LOSS
    p.ask()
    assert not permitted(p)
    p.tap("STRANGER")
    assert permitted(p)
    assert p.session.tx.id != ended.tx


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (Deauthorized("tx-1", AuthInfo(AuthStatus.BLOCKED)), StopReason.DEAUTHORIZED),
        (StopRequested(Trigger.REMOTE_STOP, StopReason.REMOTE), StopReason.REMOTE),
    ],
)
def test_a_transaction_stopped_before_the_meter_has_spoken_is_not_resumed(event, reason):
    p = reborn(crashed(RESUMING), RESUMING)
    p.play(cp(CpState.C), event, p.sample(energy_wh=1210.0))
    p.wait(10)
    (ended,) = ends(p)
    assert (ended.reason, ended.reading.energy_wh) == (reason, 1210.0)
    assert not permitted(p)


def test_a_stop_before_the_meter_has_spoken_survives_another_power_loss():
    p = reborn(crashed(RESUMING), RESUMING)
    p.play(cp(CpState.C))
    effects = p.play(Deauthorized("tx-1", AuthInfo(AuthStatus.BLOCKED)))
    assert any(isinstance(one, Checkpoint) and one.synced for one in effects)
    p = reborn(stored(p), RESUMING)
    p.play(cp(CpState.C), p.sample(energy_wh=1210.0))
    assert ends(p)[0].reason is StopReason.DEAUTHORIZED


def test_a_register_that_went_backwards_while_the_power_was_away_is_not_resumed():
    p = reborn(crashed(RESUMING), RESUMING)
    p.play(cp(CpState.B), p.sample(energy_wh=5.0))
    assert ends(p)[0].reading.energy_wh == 1200.0


def test_the_bill_of_a_cut_charge_waits_for_a_contactor_that_has_not_opened_yet():
    p = reborn(crashed())
    p.play(cp(CpState.C), ContactorChanged(closed=True), p.sample(energy_wh=1210.0))
    assert not ends(p)
    p.mono_s += 0.5
    p.open()
    p.mono_s += 0.5
    p.play(p.sample(energy_wh=1212.0))
    assert ends(p)[0].reading.energy_wh == 1212.0


def test_a_register_that_has_not_moved_since_the_cut_is_no_estimate():
    p = Player()
    p.charge()
    p.play(p.sample(energy_wh=1200.00049))  # a float of 32 bits, finer than a reading states it
    p = reborn(stored(p))
    p.play(p.sample(energy_wh=1200.00049))
    (ended,) = ends(p)
    assert (ended.reading.energy_wh, ended.reading.estimated) == (1200.0, False)


def test_a_cut_between_a_stop_and_the_first_energy_leaves_an_evse_that_serves_the_next_driver():
    rules = Rules(start_points=frozenset({TxPoint.ENERGY_TRANSFER}))
    p = Player(rules)
    p.plug()
    p.tap()
    p.ask()
    p.tap()
    assert p.session.stop is not None
    assert p.session.tx is None
    p = reborn(stored(p), rules)
    p.plug()
    p.tap("NEXT")
    p.ask()
    assert permitted(p)


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize("after", [None, lambda q: q.tap(), lambda q: q.unplug(), lambda q: q.wait(600)])
def test_what_the_journal_keeps_of_a_session_is_enough_and_small(resume, after):
    rules = Rules(resume_after_power_loss=resume)
    p = Player(rules)
    p.charge()
    if after is not None:
        after(p)
    stored = msgspec.msgpack.encode(kept(p.session))
    assert restored(msgspec.msgpack.decode(stored, type=Session), rules) == restored(p.session, rules)
    assert len(stored) < len(msgspec.msgpack.encode(p.session))
