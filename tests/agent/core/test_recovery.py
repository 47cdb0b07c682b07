from __future__ import annotations

import msgspec
import pytest

from agent.core.effects import PermitPower, Timer
from agent.core.events import TimerDue
from agent.core.facts import TransactionEnded
from agent.core.recovery import restored
from agent.core.rules import Rules
from agent.core.session import Phase, Session
from agent.core.values import StopReason
from hal.types import CpState
from tests.agent.core.playing import Player, cp


def crashed(rules: Rules | None = None, *, after=None) -> Session:
    """What the journal holds of a charge that was cut, after a trip through its encoding."""
    p = Player(rules)
    p.charge()
    p.play(p.sample(energy_wh=1200.0))
    if after:
        after(p)
    return msgspec.msgpack.decode(msgspec.msgpack.encode(p.session), type=Session)


def reborn(saved: Session, rules: Rules | None = None) -> Player:
    return Player(session=restored(saved, rules or Rules()))


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


def test_a_silent_meter_after_the_restart_bills_the_last_stored_register_and_says_it_is_estimated():
    p = reborn(crashed())
    p.mono_s += 11

    p.play(TimerDue(Timer.CLOSING))
    ended = p.tx_facts[-1]
    assert (ended.reading.energy_wh, ended.reading.estimated) == (1200.0, True)


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


def test_a_station_may_resume_where_its_maker_chose_so():
    rules = Rules(resume_after_power_loss=True)
    p = reborn(crashed(rules), rules)
    p.play(cp(CpState.B), p.sample(energy_wh=1210.0))
    assert p.session.phase is Phase.READY
    p.ask()
    assert any(isinstance(one, PermitPower) and one.on for one in p.log)
    assert not any(isinstance(one, TransactionEnded) for one in p.facts)


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
