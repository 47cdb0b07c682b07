"""How a visit ends: whatever comes in between, once, with the last watt-hour, and with an EVSE for the next driver."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.effects import PermitPower, Timer
from agent.core.events import (
    AuthorizationDecided,
    AvailabilityChanged,
    Deauthorized,
    LimitSet,
    RemoteStart,
    RulesChanged,
    TimerDue,
)
from agent.core.facts import TransactionEnded
from agent.core.limits import LimitInput, LimitSource
from agent.core.recovery import restored
from agent.core.rules import Rules
from agent.core.session import Phase, Session
from agent.core.step import step
from agent.core.values import AuthInfo, AuthStatus, IdToken, Scope, StopReason, Trigger, TxPoint
from hal.types import CpState, FaultCleared, FaultKind, FaultRaised, LockChanged, LockState, PpChanged, TokenPresented
from tests.agent.core.playing import Player, cp
from tests.agent.core.test_points import POINTS
from tests.agent.core.test_session_properties import Watched, hardware, people, rules

INVALID = AuthInfo(AuthStatus.INVALID)


def ended(p: Player) -> list[TransactionEnded]:
    return [one for one in p.facts if isinstance(one, TransactionEnded)]


def permitted(effects: list) -> bool:
    return any(isinstance(one, PermitPower) and one.on for one in effects)


def withdrawn(effects: list) -> bool:
    return any(isinstance(one, PermitPower) and not one.on for one in effects)


# A meter that is gone


def test_a_car_that_does_not_stop_and_a_silent_meter_do_not_keep_the_bill_open():
    p = Player(Rules(sample_interval_s=0))
    p.charge()
    p.tap()
    p.mono_s += 6.0
    assert withdrawn(p.play(TimerDue(Timer.EASE)))
    p.open()
    p.mono_s = p.timers[Timer.CLOSING]
    p.play(TimerDue(Timer.CLOSING))
    assert ended(p)[0].reason is StopReason.LOCAL
    assert p.session.phase is Phase.FINISHED


def test_a_meter_whose_grace_ends_while_the_car_is_easing_off_does_not_keep_the_bill_open():
    p = Player(Rules(meter_grace_s=60, sample_interval_s=0))
    p.charge()
    p.play(FaultRaised(FaultKind.METER))
    p.mono_s += 58.0
    p.tap()
    assert p.session.phase is Phase.EASING
    p.mono_s += 2.0
    assert withdrawn(p.play(TimerDue(Timer.METER_GRACE)))
    p.open()
    p.mono_s = p.timers[Timer.CLOSING]
    p.play(TimerDue(Timer.CLOSING))
    assert ended(p)[0].reason is StopReason.LOCAL


def test_a_meter_that_falls_silent_while_nothing_flows_has_as_long_to_return_as_one_that_stopped_a_charge():
    p = Player(Rules(meter_grace_s=60, sample_interval_s=0))
    p.charge()
    p.play(LimitSet(LimitInput(LimitSource.OCPP, 0.0)), cp(CpState.B))
    p.open()
    p.play(FaultRaised(FaultKind.METER))
    assert p.timers[Timer.METER_GRACE] == p.mono_s + 600.0


def test_what_flowed_unseen_by_a_silent_meter_is_not_billed_to_the_next_driver():
    p = Player(Rules(sample_interval_s=0))
    p.play(p.sample(energy_wh=1500.0))
    p.mono_s += 600.0
    p.play(cp(CpState.B))
    p.tap()
    p.play(cp(CpState.C), p.sample(energy_wh=1700.0))
    assert p.tx_facts[0].reading.energy_wh == 1700.0


# The end of the easing


def test_a_tap_does_not_give_a_car_that_has_lost_its_offer_another_six_seconds():
    p = Player()
    p.charge()
    p.wait(10)
    p.play(LimitSet(LimitInput(LimitSource.OCPP, 0.0)))
    p.wait(5)
    p.tap()
    assert withdrawn(p.wait(1.5))


# The car is swapped


@pytest.mark.parametrize("point", POINTS)
def test_a_car_that_is_plugged_in_before_the_bill_is_closed_never_inherits_the_transaction(point):
    p = Player(Rules(stop_points=frozenset({point})))
    p.charge()
    p.unplug()
    p.play(cp(CpState.B))
    p.open()
    p.wait(4)
    assert len(ended(p)) == 1
    assert p.session.tx is None
    assert not permitted(p.ask())


@pytest.mark.parametrize("first", ["unplugs", "is stopped"])
def test_where_charging_is_free_the_next_car_starts_even_if_it_comes_before_the_bill_is_closed(first):
    p = Player(Rules(free_vend=True))
    p.plug()
    p.ask()
    p.close()
    if first == "is stopped":
        p.play(FaultRaised(FaultKind.RCD_DC), FaultCleared(FaultKind.RCD_DC))
        assert p.session.phase is Phase.STOPPING
    p.unplug()
    p.play(cp(CpState.B))
    p.open()
    p.wait(4)
    assert len(ended(p)) == 1
    assert permitted(p.ask())


# Authorisation


def test_a_verdict_that_comes_after_a_remote_start_of_the_same_card_does_not_stop_it():
    p = Player()
    p.plug()
    p.session, _ = step(p.session, TokenPresented("AABB"), p.now)
    (ask, _) = p.session.asking
    p.play(RemoteStart(IdToken("AABB"), 7))
    p.play(AuthorizationDecided(ask, IdToken("AABB"), AuthInfo(AuthStatus.ACCEPTED)))
    assert p.session.stop is None
    assert permitted(p.ask())


def test_a_driver_who_is_refused_before_he_plugs_in_leaves_no_transaction_behind():
    p = Player(Rules(start_points=frozenset({TxPoint.AUTHORIZED}), stop_on_invalid_id=False))
    p.play(p.sample())
    p.tap()
    p.play(Deauthorized("tx-1", INVALID))
    assert ended(p)[0].reason is StopReason.DEAUTHORIZED
    assert p.session.phase is Phase.IDLE


# Start and stop points


def test_a_transaction_that_starts_with_the_energy_ends_on_a_reading_taken_after_the_contactor_opened():
    p = Player(Rules(start_points=frozenset({TxPoint.ENERGY_TRANSFER})))
    p.charge()
    p.play(p.sample(energy_wh=2000.0))
    p.mono_s += 0.5
    p.unplug()
    assert not ended(p)
    p.open()
    p.mono_s += 0.5
    p.play(p.sample(energy_wh=2003.0))
    assert ended(p)[0].reading.energy_wh == 2003.0


def test_a_contactor_that_stays_closed_without_a_car_starts_no_transaction():
    p = Player(Rules(start_points=frozenset({TxPoint.ENERGY_TRANSFER})))
    p.charge()
    p.unplug()
    p.wait(10)
    assert len(ended(p)) == 1
    assert p.session.tx is None


@pytest.mark.req("E06.FR.07")
def test_where_the_energy_is_the_stop_point_a_car_that_pauses_ends_the_transaction():
    p = Player(Rules(stop_points=frozenset({TxPoint.ENERGY_TRANSFER})))
    p.charge()
    p.wait(30)
    p.play(cp(CpState.B))
    p.open()
    p.wait(4)
    assert (ended(p)[0].trigger, ended(p)[0].reason) == (Trigger.CHARGING_STATE_CHANGED, StopReason.STOPPED_BY_EV)


# Settings that change in mid-session


def test_another_sample_interval_counts_for_the_transaction_that_is_open():
    p = Player(Rules(sample_interval_s=0))
    p.charge()
    p.play(RulesChanged(Rules(sample_interval_s=60)))
    p.wait(130)
    assert sum(one.trigger is Trigger.METER_PERIODIC for one in p.tx_facts) == 2
    p.play(RulesChanged(Rules(sample_interval_s=0)))
    assert Timer.SAMPLE not in p.timers


# Nothing leaves an EVSE behind that serves nobody


def put_right(p: Player) -> None:
    """The car leaves, the contactor opens, all faults are gone, everything is in service, and time passes."""
    p.records = True
    p.unplug()
    p.open()
    p.play(*map(FaultCleared, FaultKind), LockChanged(LockState.UNLOCKED), PpChanged(None, None))
    p.play(*(AvailabilityChanged(True, scope) for scope in Scope))
    p.play(*(LimitSet(LimitInput(source, 16.0)) for source in LimitSource))
    p.wait(90)


@settings(max_examples=250, deadline=None)
@given(rules, st.lists(st.one_of(hardware, people), max_size=30), st.booleans(), st.booleans(), st.booleans())
def test_whatever_happened_the_next_driver_is_served(session_rules, events, has_lock, journal_answers, power_cut):
    p = Watched(session=Session(evse=1, rules=session_rules, has_lock=has_lock))
    p.records = journal_answers
    for event in events:
        if event == "sample":
            p.play(p.sample(p.energy_wh + 10))
        elif isinstance(event, tuple):
            p.wait(event[1])
        else:
            p.play(event)
    if power_cut:
        saved = msgspec.msgpack.decode(msgspec.msgpack.encode(p.session), type=Session)
        p = Watched(session=restored(saved, session_rules))
    put_right(p)
    s = p.session
    assert (s.phase, s.tx, s.stop, s.driver) == (Phase.IDLE, None, None, None)
    assert not (has_lock and s.locked)
    p.log.clear()
    p.plug()
    if not session_rules.free_vend:
        p.tap("NEXT")
    p.ask()
    assert permitted(p.log)
    p.close()
    p.wait(30)
    put_right(p)
    assert p.session.tx is None
    assert len(ended(p)) == 1
