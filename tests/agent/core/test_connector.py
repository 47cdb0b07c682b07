"""The connector: out of service and back, unlocked from afar, and what is said of what is plugged into it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.effects import CancelTimer, LockConnector, Timer
from agent.core.events import AvailabilityChanged, RulesChanged, StopRequested, UnlockRequested
from agent.core.facts import ConnectorStatusChanged, TransactionEnded
from agent.core.rules import Rules
from agent.core.session import Phase, Session
from agent.core.values import (
    ConnectorStatus,
    IdToken,
    Scope,
    StopReason,
    Trigger,
    TxPoint,
)
from hal.types import CpState, LockChanged, LockState, PpChanged
from tests.agent.core.playing import Player, cp
from tests.agent.core.test_session_properties import hardware, people

UNLOCK = LockConnector(False)


def with_lock(**rules: object) -> Player:
    return Player(session=Session(evse=1, has_lock=True, rules=Rules(**rules)))


# Availability


@pytest.mark.req("G04.FR.08")
def test_an_evse_that_was_out_of_service_by_itself_stays_so_when_its_station_is_back():
    p = Player()
    p.play(AvailabilityChanged(False), AvailabilityChanged(False, Scope.STATION))
    p.play(AvailabilityChanged(True, Scope.STATION))
    assert p.session.status is ConnectorStatus.UNAVAILABLE
    p.play(AvailabilityChanged(True))
    assert p.session.status is ConnectorStatus.AVAILABLE


@pytest.mark.req("G04.FR.07")
def test_a_station_out_of_service_refuses_drivers_at_every_evse():
    p = Player()
    p.play(AvailabilityChanged(False, Scope.STATION))
    p.tap()
    assert p.session.status is ConnectorStatus.UNAVAILABLE
    assert p.session.driver is None


# Unlock


@pytest.mark.octt("TC_018_1_CS")
def test_an_unlock_during_a_charge_ends_it_with_unlock_command_and_opens_the_lock_after_the_contactor():
    p = with_lock()
    p.charge()
    effects = p.play(UnlockRequested(ends_transaction=True), cp(CpState.B))
    assert UNLOCK not in effects
    p.open()
    p.wait(1)
    assert UNLOCK in p.log
    end = p.tx_facts[-1]
    assert isinstance(end, TransactionEnded)
    assert (end.trigger, end.reason) == (Trigger.UNLOCK, StopReason.UNLOCK)


def test_an_unlock_ends_a_transaction_that_would_otherwise_last_until_the_cable_is_pulled():
    p = with_lock(stop_points=frozenset({TxPoint.EV_CONNECTED}))
    p.charge()
    p.play(UnlockRequested(ends_transaction=True), cp(CpState.B))
    p.open()
    p.wait(1)
    assert isinstance(p.tx_facts[-1], TransactionEnded)


@pytest.mark.req("F05.FR.02")
def test_an_unlock_that_ends_nothing_leaves_an_authorised_drivers_cable_locked():
    p = with_lock()
    p.charge()
    assert UNLOCK not in p.play(UnlockRequested(ends_transaction=False))
    assert p.session.phase is Phase.CHARGING
    assert not p.session.unlock_asked  # nor when the charge is over
    p.play(cp(CpState.B), cp(CpState.C))
    assert p.session.locked


def test_an_unlock_lets_a_transaction_without_a_driver_go_on():
    p = with_lock(stop_points=frozenset({TxPoint.EV_CONNECTED}))
    p.charge()
    p.play(StopRequested(Trigger.REMOTE_STOP, StopReason.REMOTE))
    p.wait(6)
    p.open()
    p.wait(4)
    assert UNLOCK in p.log
    p.effects = []
    assert UNLOCK in p.play(UnlockRequested(ends_transaction=False))
    assert p.session.tx is not None


@pytest.mark.req("F05.FR.06")
def test_an_unlock_is_tried_again_on_a_lock_that_seems_open_or_is_jammed():
    p = with_lock()
    assert UNLOCK in p.play(UnlockRequested(ends_transaction=True))
    p.plug()
    p.play(LockChanged(LockState.JAMMED))
    assert UNLOCK in p.play(UnlockRequested(ends_transaction=False))
    assert UNLOCK not in p.play(LockChanged(LockState.JAMMED))


def test_an_unlock_lets_go_a_cable_that_its_driver_left_behind():
    p = with_lock(unlock_on_ev_side_disconnect=False)
    p.play(PpChanged(32.0, 220.0))
    p.charge()
    p.unplug()
    p.open()
    p.wait(5)
    assert p.session.held_by == IdToken("AABB")
    assert UNLOCK in p.play(UnlockRequested(ends_transaction=True))
    assert p.session.held_by is None


def test_a_cable_that_its_driver_left_behind_keeps_others_away():
    p = left_at_the_car(unlock_on_ev_side_disconnect=False)
    p.wait(5)
    assert p.session.status is ConnectorStatus.FINISHING
    assert p.facts[-1].detail == "EV side disconnected"
    p.tap()
    assert p.session.status is ConnectorStatus.FINISHING
    p.play(PpChanged(None, None))
    assert p.session.status is ConnectorStatus.AVAILABLE


def test_an_unlock_of_a_tethered_cable_drives_nothing():
    p = Player()
    assert UNLOCK not in p.play(UnlockRequested(ends_transaction=True))
    assert not p.session.unlock_asked


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(hardware, people), max_size=40))
def test_no_order_of_events_opens_the_lock_over_a_closed_contactor(events):
    p = with_lock()
    for event in events:
        if event == "sample":
            p.play(p.sample())
        elif not isinstance(event, tuple):
            assert not (UNLOCK in p.play(event) and p.session.contactor_closed)


# The cable, unplugged at the car's side


def left_at_the_car(**rules: object) -> Player:
    """A charge with a cable of the driver's own, which he has just unplugged from his car."""
    p = with_lock(**rules)
    p.play(PpChanged(32.0, 220.0))
    p.charge()
    p.unplug()
    p.open()
    return p


def ended(p: Player) -> list[TransactionEnded]:
    return [one for one in p.facts if isinstance(one, TransactionEnded)]


@pytest.mark.req("E10.FR.01")
@pytest.mark.parametrize("unlock", [True, False])
def test_the_cable_of_a_transaction_that_goes_on_without_its_car_stays_locked_until_the_driver_is_back(unlock):
    p = left_at_the_car(stop_on_ev_side_disconnect=False, unlock_on_ev_side_disconnect=unlock)
    p.wait(3600)
    assert UNLOCK not in p.log
    assert p.session.status is ConnectorStatus.SUSPENDED_EV
    assert not ended(p)
    p.tap()
    p.wait(2)
    assert UNLOCK in p.log
    assert ended(p)[0].trigger is Trigger.STOP_AUTHORIZED


@pytest.mark.req("E10.FR.02")
def test_the_stations_own_cable_that_is_not_plugged_in_again_in_time_ends_the_transaction():
    p = Player(Rules(stop_on_ev_side_disconnect=False, ev_connection_timeout_s=60))
    p.charge()
    p.unplug()
    p.open()
    p.wait(59)
    assert not ended(p)
    p.wait(5)
    assert (ended(p)[0].trigger, ended(p)[0].reason) == (Trigger.EV_CONNECT_TIMEOUT, StopReason.TIMEOUT)
    assert p.session.phase is Phase.IDLE


def test_a_cable_that_is_pulled_out_of_the_socket_ends_the_transaction_that_went_on_without_its_car():
    p = left_at_the_car(stop_on_ev_side_disconnect=False)
    p.play(PpChanged(None, None))
    p.wait(65)
    assert ended(p)
    assert p.session.phase is Phase.IDLE


def test_a_lock_lets_go_when_the_cable_that_was_left_behind_is_gone():
    p = left_at_the_car(unlock_on_ev_side_disconnect=False)
    p.wait(5)
    assert p.session.locked
    assert UNLOCK in p.play(PpChanged(None, None))
    p.tap("NEXT")
    assert p.session.phase is Phase.AUTHORIZED


# Status


@pytest.mark.req("G01.FR.03")
def test_the_status_says_when_something_is_plugged_in_even_where_it_does_not_change_otherwise():
    p = Player()
    p.tap()
    p.plug()
    p.unplug()
    p.wait(4)
    told = [(one.status, one.plugged) for one in p.facts if isinstance(one, ConnectorStatusChanged)]
    assert told == [
        (ConnectorStatus.PREPARING, False),
        (ConnectorStatus.PREPARING, True),
        (ConnectorStatus.AVAILABLE, False),
    ]


def test_a_cable_without_a_car_occupies_the_socket():
    p = Player()
    p.play(PpChanged(32.0, 220.0))
    assert [one.plugged for one in p.facts if isinstance(one, ConnectorStatusChanged)] == [True]


# Clock-aligned readings


def test_aligned_readings_end_at_once_when_their_interval_becomes_zero():
    p = Player(Rules(aligned_interval_s=900))
    assert CancelTimer(Timer.ALIGNED) in p.play(RulesChanged(Rules(aligned_interval_s=0)))
    p.wait(1800)
    assert not [one for one in p.facts if one.__class__.__name__ == "ReadingTaken"]
