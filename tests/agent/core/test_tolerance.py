"""What a session bears without ending: a loose contact of the pilot, a full disk, a verdict that came too late."""

from __future__ import annotations

import pytest

from agent.core.driver import AWAY_S
from agent.core.effects import LockConnector, PermitPower
from agent.core.events import AvailabilityChanged, Deauthorized, LimitSet, RecordFailed, StopRequested
from agent.core.facts import ConnectorStatusChanged, TransactionEnded
from agent.core.limits import LimitInput, LimitSource
from agent.core.recovery import restored
from agent.core.rules import Rules
from agent.core.session import Phase, Session
from agent.core.values import (
    AuthInfo,
    AuthStatus,
    ConnectorStatus,
    IdToken,
    Scope,
    StopReason,
    Trigger,
    TxPoint,
)
from hal.types import CpState, FaultCleared, FaultKind, FaultRaised, PpChanged
from tests.agent.core.playing import Player, cp


def ended(p: Player) -> list[TransactionEnded]:
    return [one for one in p.facts if isinstance(one, TransactionEnded)]


def withdrawn(effects: list) -> bool:
    return any(isinstance(one, PermitPower) and not one.on for one in effects)


def permitted(effects: list) -> bool:
    return any(isinstance(one, PermitPower) and one.on for one in effects)


# A loose contact


@pytest.mark.parametrize("glitch", [CpState.A, CpState.E, CpState.F])
def test_a_pilot_that_is_gone_for_a_moment_takes_the_power_at_once_and_not_the_transaction(glitch: CpState):
    p = Player()
    p.charge()
    told = len(p.facts)
    effects = p.play(cp(glitch))
    assert effects[0] == PermitPower(False, "unplugged")
    p.open()
    p.wait(0.4)
    assert len(p.facts) == told, "nothing is told that would be taken back"
    assert permitted(p.play(cp(CpState.C), p.sample()))
    p.close()
    p.wait(60)
    assert (p.session.phase, ended(p)) == (Phase.CHARGING, [])


def test_a_car_that_comes_back_without_asking_is_suspended_and_still_the_same_drivers():
    p = Player()
    p.charge()
    p.play(cp(CpState.A))
    p.open()
    p.wait(0.4)
    p.play(cp(CpState.B))
    p.wait(10)
    assert (p.session.phase, p.session.token) == (Phase.READY, IdToken("AABB"))
    assert p.session.status is ConnectorStatus.SUSPENDED_EV


def test_a_car_that_stays_away_has_left():
    p = Player()
    p.charge()
    p.play(cp(CpState.A))
    p.open()
    p.wait(AWAY_S)
    assert [one.reason for one in ended(p)] == [StopReason.EV_DISCONNECTED]
    assert p.session.phase is Phase.IDLE


def test_moments_do_not_add_up():
    p = Player()
    p.charge()
    for _ in range(5):
        p.play(cp(CpState.A))
        p.wait(0.6)
        p.play(cp(CpState.B))
        p.wait(0.6)
    assert ended(p) == []


def test_many_readings_without_a_car_put_its_leaving_off_no_further():
    p = Player()
    p.charge()
    for state in (CpState.A, CpState.E, CpState.A):
        p.play(cp(state))
        p.open()
        p.wait(0.5)
    p.wait(1)
    assert [one.reason for one in ended(p)] == [StopReason.EV_DISCONNECTED]


def test_a_plug_that_left_the_socket_is_no_loose_contact():
    p = Player()
    p.play(PpChanged(32.0, 220.0))
    p.charge()
    p.play(cp(CpState.A), PpChanged(None, None))
    p.open()
    p.play(p.sample())
    assert [one.reason for one in ended(p)] == [StopReason.EV_DISCONNECTED]


def test_the_cable_stays_locked_during_a_loose_contact():
    p = Player(session=Session(evse=1, has_lock=True))
    p.charge()
    p.play(cp(CpState.A))
    p.open()
    assert LockConnector(False) not in p.wait(0.9)
    assert LockConnector(False) in p.wait(4)


def test_a_pilot_short_that_passes_holds_the_energy_back_and_ends_nothing():
    p = Player()
    p.charge()
    p.play(cp(CpState.E), FaultRaised(FaultKind.CP_SHORT))
    p.open()
    p.wait(0.4)
    p.play(FaultCleared(FaultKind.CP_SHORT), cp(CpState.C))
    p.wait(10)
    assert (p.session.phase, ended(p)) == (Phase.CHARGING, [])


def test_a_pilot_short_that_stays_ends_the_transaction_as_a_fault():
    p = Player()
    p.charge()
    p.play(cp(CpState.E), FaultRaised(FaultKind.CP_SHORT))
    p.open()
    p.wait(AWAY_S)
    assert [(one.trigger, one.reason) for one in ended(p)] == [(Trigger.ABNORMAL, StopReason.OTHER)]
    assert p.session.status is ConnectorStatus.FAULTED


def test_any_other_fault_that_ends_does_so_also_during_a_loose_contact():
    p = Player()
    p.charge()
    p.play(cp(CpState.A))
    p.open()
    p.play(FaultRaised(FaultKind.RCD_AC), p.sample())
    assert [one.reason for one in ended(p)] == [StopReason.GROUND_FAULT]


def test_nobody_begins_a_transaction_in_the_second_in_which_the_car_leaves():
    p = Player()
    p.plug()
    p.play(cp(CpState.A))
    p.tap()
    p.play(p.sample())
    assert p.tx_facts == []


# A full disk


def test_a_full_disk_lets_the_charge_finish():
    p = Player()
    p.charge()
    assert not withdrawn(p.play(FaultRaised(FaultKind.STORAGE)))
    p.wait(600)
    assert p.session.phase is Phase.CHARGING
    p.tap()
    p.play(cp(CpState.B))
    p.open()
    p.play(p.sample())
    assert [one.reason for one in ended(p)] == [StopReason.LOCAL]


def test_a_limit_that_falls_to_nothing_and_rises_in_time_does_not_end_a_charge_on_a_full_disk():
    p = Player()
    p.charge()
    p.play(FaultRaised(FaultKind.STORAGE))
    p.play(LimitSet(LimitInput(LimitSource.GRID, 0.0)))
    p.wait(2)
    p.play(LimitSet(LimitInput(LimitSource.GRID, 16.0)))
    assert p.session.phase is Phase.CHARGING


def test_with_a_full_disk_nobody_new_is_served_and_the_connector_says_so():
    p = Player()
    p.play(FaultRaised(FaultKind.STORAGE))
    last = [one for one in p.facts if isinstance(one, ConnectorStatusChanged)][-1]
    assert (last.status, last.fault) == (ConnectorStatus.FAULTED, FaultKind.STORAGE)
    p.charge()
    assert not permitted(p.log)
    assert p.session.driver is None
    p.play(FaultCleared(FaultKind.STORAGE))
    p.tap()
    assert permitted(p.log)


def test_a_charge_that_the_full_disk_kept_from_starting_starts_when_there_is_room():
    p = Player()
    p.plug()
    p.records = False
    p.tap()
    p.ask()
    assert p.session.recording is not None
    p.play(RecordFailed(p.session.recording, "full"))
    p.wait(30)
    assert p.session.phase is Phase.READY
    p.records = True
    p.play(FaultCleared(FaultKind.STORAGE), p.sample())
    assert p.session.phase is Phase.CHARGING


@pytest.mark.parametrize("kept_out_by", ["disk", "operator"])
def test_a_car_that_waits_where_charging_is_free_is_served_as_soon_as_anybody_is(kept_out_by: str):
    p = Player(Rules(free_vend=True))
    out = FaultRaised(FaultKind.STORAGE) if kept_out_by == "disk" else AvailabilityChanged(operative=False)
    back = FaultCleared(FaultKind.STORAGE) if kept_out_by == "disk" else AvailabilityChanged(operative=True)
    p.play(out)
    p.charge()
    assert not permitted(p.log)
    assert permitted(p.play(back, p.sample()))


# A verdict that came too late


def outlived() -> Player:
    """A transaction that lasts as long as the cable is plugged in: driver 1 has left it, driver 2 charges in it."""
    p = Player(Rules(stop_points=frozenset({TxPoint.EV_CONNECTED})))
    p.charge()
    p.tap()
    p.play(cp(CpState.B))
    p.open()
    p.play(p.sample())
    assert p.session.driver is None
    p.tap("CCDD")
    p.ask()
    p.close()
    assert (p.session.phase, p.session.tx.id) == (Phase.CHARGING, "tx-1")
    return p


BLOCKED = AuthInfo(AuthStatus.BLOCKED)


@pytest.mark.parametrize(("token", "seq"), [("AABB", 0), (None, 0), (None, 2)])
def test_a_late_verdict_on_a_driver_who_has_left_does_not_stop_the_next_one(token: str | None, seq: int):
    p = outlived()
    effects = p.play(Deauthorized("tx-1", BLOCKED, IdToken(token) if token else None, seq))
    assert not withdrawn(effects)
    assert p.session.phase is Phase.CHARGING


@pytest.mark.parametrize("named", [True, False])
def test_a_verdict_on_the_driver_who_charges_stops_him(named: bool):
    p = outlived()
    seq = p.session.tx.seq - 1
    p.play(Deauthorized("tx-1", BLOCKED, IdToken("ccdd") if named else None, seq))
    assert p.session.stop.reason is StopReason.DEAUTHORIZED


def test_a_verdict_on_a_driver_who_has_left_the_transaction_changes_nothing():
    p = Player(Rules(stop_points=frozenset({TxPoint.EV_CONNECTED})))
    p.charge()
    p.play(StopRequested(Trigger.REMOTE_STOP, StopReason.REMOTE), cp(CpState.B))
    p.open()
    p.play(p.sample())
    before = p.session
    p.play(Deauthorized("tx-1", BLOCKED, IdToken("AABB"), 0))
    assert p.session == before


# A reset that waits


def test_while_a_reset_waits_a_transaction_goes_on_and_nobody_new_begins():
    charging, idle = Player(), Player()
    charging.charge()
    for p in (charging, idle):
        p.play(AvailabilityChanged(operative=False, scope=Scope.RESET))
    assert charging.session.phase is Phase.CHARGING
    idle.charge()
    assert (idle.session.status, permitted(idle.log)) == (ConnectorStatus.UNAVAILABLE, False)


def test_after_the_restart_everybody_is_served_again_but_where_an_operator_said_no():
    p = Player()
    p.play(AvailabilityChanged(operative=False, scope=Scope.RESET), AvailabilityChanged(operative=False))
    assert restored(p.session, Rules()).inoperative == {Scope.EVSE}
