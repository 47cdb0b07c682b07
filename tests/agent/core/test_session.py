from __future__ import annotations

import pytest

from agent.core.effects import (
    Authorize,
    Checkpoint,
    Emit,
    LockConnector,
    OfferCurrent,
    PermitPower,
    Pilot,
    Record,
    SetPilot,
    Timer,
)
from agent.core.events import (
    AuthorizationDecided,
    AvailabilityChanged,
    Deauthorized,
    GroupTold,
    LimitSet,
    Recorded,
    RecordFailed,
    RemoteStart,
    StopRequested,
    TimerDue,
)
from agent.core.facts import ConnectorStatusChanged, TransactionEnded, TransactionStarted, TransactionUpdated
from agent.core.limits import LimitInput, LimitSource
from agent.core.rules import Rules
from agent.core.session import Phase, Session
from agent.core.values import (
    AuthInfo,
    AuthStatus,
    ChargingState,
    ConnectorStatus,
    IdToken,
    StopReason,
    Trigger,
    TxPoint,
)
from hal.types import CpState, FaultCleared, FaultKind, FaultRaised, LockChanged, LockState, PpChanged, TokenPresented
from tests.agent.core.playing import Player, cp

ON = PermitPower(True, "recorded")


def permitted(effects) -> bool:
    return any(isinstance(one, PermitPower) and one.on for one in effects)


def withdrawn(effects) -> bool:
    return any(isinstance(one, PermitPower) and not one.on for one in effects)


def statuses(player) -> list[ConnectorStatus]:
    return [one.status for one in player.facts if isinstance(one, ConnectorStatusChanged)]


# The law: off first, record after; record first, on after


def test_a_car_that_asks_for_power_without_a_token_never_closes_the_contactor():
    p = Player()
    p.plug()
    assert not permitted(p.ask())
    assert not permitted(p.wait(600))


def test_power_is_permitted_only_after_the_journal_has_answered():
    p = Player()
    p.records = False
    p.plug()
    p.tap()
    effects = p.ask()
    assert any(isinstance(one, Record) for one in effects)
    assert not permitted(effects)
    assert not permitted(p.wait(60))
    assert permitted(p.play(Recorded(p.session.recording)))


def test_an_answer_to_an_older_record_permits_nothing():
    p = Player()
    p.records = False
    p.plug()
    p.tap()
    p.ask()
    assert not permitted(p.play(Recorded(p.session.recording - 1)))


def test_a_recorded_that_comes_after_the_car_has_changed_its_mind_permits_nothing():
    p = Player()
    p.records = False
    p.plug()
    p.tap()
    p.ask()
    record = p.session.recording
    p.play(cp(CpState.B))
    assert not permitted(p.play(Recorded(record)))


def test_a_deauthorisation_between_record_and_answer_permits_nothing():
    p = Player()
    p.records = False
    p.plug()
    p.tap()
    p.ask()
    record = p.session.recording
    p.play(Deauthorized("tx-1", AuthInfo(AuthStatus.BLOCKED)))
    assert not permitted(p.play(Recorded(record)))
    assert p.tx_facts[-1].reason is StopReason.DEAUTHORIZED


def test_a_fault_between_record_and_answer_permits_nothing():
    p = Player()
    p.records = False
    p.plug()
    p.tap()
    p.ask()
    record = p.session.recording
    p.play(FaultRaised(FaultKind.OVER_TEMPERATURE))
    assert not permitted(p.play(Recorded(record)))


def test_a_limit_that_falls_silent_while_the_disk_is_busy_permits_nothing():
    p = Player()
    p.records = False
    p.play(LimitSet(LimitInput(LimitSource.GRID, 16.0, until_mono_s=p.mono_s + 5.0, fallback_a=0.0)))
    p.plug()
    p.tap()
    p.ask()
    p.mono_s += 6.0  # the journal answers before the timer of the limit does
    assert not permitted(p.play(Recorded(p.session.recording)))


def test_a_full_disk_refuses_energy_and_says_so():
    p = Player()
    p.records = False
    p.plug()
    p.tap()
    p.ask()
    assert not permitted(p.play(RecordFailed(p.session.recording, "disk full")))
    assert not permitted(p.wait(60))
    assert FaultKind.STORAGE in p.session.faults
    p.records = True
    assert permitted(p.play(FaultCleared(FaultKind.STORAGE), p.sample()))


@pytest.mark.parametrize("reason", ["no meter", "stale meter"])
def test_without_an_opening_reading_no_energy_flows(reason):
    p = Player()
    p.play(cp(CpState.B))
    if reason == "stale meter":
        p.play(p.sample())
        p.mono_s += 60
    p.tap()
    assert not permitted(p.play(cp(CpState.C)))
    assert permitted(p.play(p.sample()))


def test_power_off_comes_before_everything_else_of_its_step():
    p = Player()
    p.charge()
    for event in (FaultRaised(FaultKind.RCD_DC), cp(CpState.A)):
        q = Player()
        q.charge()
        effects = q.play(event)
        assert effects[0] == PermitPower(False, effects[0].reason)
    assert p.session.phase is Phase.CHARGING


# The ordinary charge


def test_plug_tap_charge_tap_unplug_bills_what_the_meter_counted():
    p = Player()
    p.charge()
    p.wait(600)
    p.play(p.sample(energy_wh=6500.0))
    p.tap()
    assert p.session.phase is Phase.EASING
    p.play(cp(CpState.B))
    p.open()
    p.wait(1)
    started, ended = p.tx_facts[0], p.tx_facts[-1]
    assert (started.trigger, started.token) == (Trigger.AUTHORIZED, IdToken("AABB"))
    assert ended.reading.energy_wh - started.reading.energy_wh == 5500.0
    assert (ended.trigger, ended.reason) == (Trigger.STOP_AUTHORIZED, StopReason.LOCAL)
    assert ended.token == IdToken("AABB")
    assert p.session.phase is Phase.FINISHED
    p.unplug()
    assert p.session.phase is Phase.IDLE
    assert statuses(p) == [
        ConnectorStatus.PREPARING,
        ConnectorStatus.CHARGING,
        ConnectorStatus.FINISHING,
        ConnectorStatus.AVAILABLE,
    ]


def test_a_tap_before_the_plug_starts_when_the_car_comes():
    p = Player()
    p.play(p.sample())
    p.tap()
    assert p.session.phase is Phase.AUTHORIZED
    assert not p.tx_facts
    p.plug()
    assert permitted(p.ask())
    assert p.tx_facts[0].trigger is Trigger.CABLE_PLUGGED_IN
    assert p.tx_facts[0].token is not None


def test_a_driver_who_never_plugs_in_is_forgotten_after_the_connection_time_out():
    p = Player(Rules(ev_connection_timeout_s=30))
    p.tap()
    p.wait(29)
    assert p.session.phase is Phase.AUTHORIZED
    p.wait(2)
    assert p.session.phase is Phase.IDLE
    assert p.session.driver is None


def test_free_vend_charges_whoever_plugs_in():
    p = Player(Rules(free_vend=True))
    p.plug()
    assert permitted(p.ask())
    assert not any(isinstance(one, Authorize) for one in p.log)


def test_a_refused_token_starts_nothing():
    p = Player(accept=False)
    p.plug()
    p.tap()
    p.ask()
    assert not permitted(p.log)
    assert not p.tx_facts


def test_an_answer_about_another_card_is_not_taken_for_this_one():
    p = Player()
    p.plug()
    before = p.session.asks
    p.play(AuthorizationDecided(before + 7, IdToken("EVIL"), AuthInfo(AuthStatus.ACCEPTED)))
    assert p.session.driver is None


def test_another_card_of_the_same_group_stops_and_a_strangers_card_does_not():
    p = Player(group="family")
    p.charge()
    p.group = "strangers"
    p.tap("CCDD")
    assert p.session.phase is Phase.CHARGING
    p.group = "family"
    p.tap("EEFF")
    assert p.session.phase is Phase.EASING
    p.play(cp(CpState.B))
    p.open()
    p.wait(1)
    assert p.tx_facts[-1].token == IdToken("EEFF")


def test_token_case_does_not_matter():
    p = Player()
    p.charge()
    p.tap("aabb")
    assert p.session.phase is Phase.EASING


def test_a_remote_start_is_reported_with_its_number():
    p = Player()
    p.plug()
    p.play(RemoteStart(IdToken("APP"), remote_start_id=77))
    started = p.tx_facts[0]
    assert isinstance(started, TransactionStarted)
    assert (started.trigger, started.remote_start_id) == (Trigger.REMOTE_START, 77)


def test_a_remote_start_that_must_be_authorised_asks_first():
    p = Player(accept=False)
    p.plug()
    p.play(RemoteStart(IdToken("APP"), remote_start_id=77, authorize=True))
    assert p.session.driver is None
    p.accept = True
    p.play(RemoteStart(IdToken("APP"), remote_start_id=78, authorize=True))
    assert p.session.driver.remote_start_id == 78


@pytest.mark.parametrize(
    ("trigger", "reason"),
    [(Trigger.REMOTE_STOP, StopReason.REMOTE), (Trigger.RESET, StopReason.IMMEDIATE_RESET)],
)
def test_a_requested_stop_ends_with_its_reason(trigger, reason):
    p = Player()
    p.charge()
    p.play(StopRequested(trigger, reason))
    p.play(cp(CpState.B))
    p.open()
    p.wait(1)
    assert (p.tx_facts[-1].trigger, p.tx_facts[-1].reason) == (trigger, reason)


def test_unplugging_while_charging_cuts_power_in_the_same_step_and_ends_with_ev_disconnected():
    p = Player()
    p.charge()
    assert withdrawn(p.play(cp(CpState.A)))
    p.open()
    p.wait(1)
    assert p.tx_facts[-1].reason is StopReason.EV_DISCONNECTED
    assert p.session.phase is Phase.IDLE


def test_an_unplugged_cable_may_keep_the_transaction_open():
    p = Player(Rules(stop_on_ev_side_disconnect=False))
    p.charge()
    assert withdrawn(p.play(cp(CpState.A)))
    p.open()
    p.wait(30)
    assert p.session.phase is Phase.AUTHORIZED
    assert not any(isinstance(one, TransactionEnded) for one in p.facts)
    p.plug()
    assert permitted(p.ask())


def test_a_car_that_does_not_stop_drawing_is_opened_under_load_after_six_seconds():
    p = Player()
    p.charge()
    p.tap()
    assert not withdrawn(p.wait(5.9))
    assert withdrawn(p.wait(0.2))


def test_the_bill_closes_without_the_meter_when_it_stays_silent():
    p = Player()
    p.charge()
    p.play(p.sample(energy_wh=1500.0))
    p.mono_s += 1.0
    p.unplug()
    p.open()
    p.mono_s += 3.0
    p.play(TimerDue(Timer.CLOSING))
    assert p.tx_facts[-1].reading.energy_wh == 1500.0
    assert p.tx_facts[-1].reading.estimated


# Suspension


def test_a_pause_of_the_car_is_suspended_ev_and_needs_no_new_permission():
    p = Player()
    p.charge()
    p.play(cp(CpState.B))
    p.open()
    assert p.session.status is ConnectorStatus.SUSPENDED_EV
    assert p.tx_facts[-1].charging is ChargingState.SUSPENDED_EV
    p.ask()
    p.close()
    assert p.session.status is ConnectorStatus.CHARGING


def test_a_limit_below_six_ampere_suspends_and_a_higher_one_resumes_through_the_journal():
    p = Player()
    p.charge()
    p.wait(10)
    effects = p.play(LimitSet(LimitInput(LimitSource.OCPP, 0.0)))
    assert SetPilot(Pilot.X1) in effects
    p.play(cp(CpState.B))
    p.open()
    assert p.session.status is ConnectorStatus.SUSPENDED_EVSE
    p.wait(10)
    p.play(LimitSet(LimitInput(LimitSource.OCPP, 10.0)))
    assert OfferCurrent(10.0) in p.effects
    effects = p.ask()
    assert [type(one).__name__ for one in effects if isinstance(one, (Record, PermitPower))] == [
        "Record",
        "PermitPower",
    ]


def test_a_lower_limit_is_offered_at_once_and_a_higher_one_after_five_seconds():
    p = Player()
    p.charge()
    p.wait(10)
    assert OfferCurrent(8.0) in p.play(LimitSet(LimitInput(LimitSource.SITE_FUSE, 8.0)))
    assert OfferCurrent(12.0) not in p.play(LimitSet(LimitInput(LimitSource.SITE_FUSE, 12.0)))
    assert OfferCurrent(12.0) not in p.wait(4.5)
    assert OfferCurrent(12.0) in p.wait(1.0)


def test_the_cable_limits_the_offer():
    p = Player()
    p.play(PpChanged(13.0, 1500.0))
    p.plug()
    p.tap()
    assert p.session.offer.current_a == 13.0
    assert p.session.limit(p.mono_s).explain() == "13 A: cable"


def test_a_limit_whose_source_falls_silent_falls_back():
    p = Player()
    p.charge()
    p.wait(10)
    p.play(LimitSet(LimitInput(LimitSource.GRID, 16.0, until_mono_s=p.mono_s + 60, fallback_a=6.0)))
    assert OfferCurrent(6.0) in p.wait(61)


# Faults


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (FaultKind.RCD_DC, StopReason.GROUND_FAULT),
        (FaultKind.OVER_CURRENT, StopReason.OVERCURRENT_FAULT),
        (FaultKind.E_STOP, StopReason.EMERGENCY_STOP),
        (FaultKind.WELD, StopReason.OTHER),
    ],
)
def test_a_grave_fault_cuts_power_and_ends_the_transaction_with_its_reason(fault, reason):
    p = Player()
    p.charge()
    assert withdrawn(p.play(FaultRaised(fault)))
    p.open()
    p.wait(1)
    assert p.tx_facts[-1].reason is reason
    assert p.session.status is ConnectorStatus.FAULTED
    p.play(FaultCleared(fault))
    assert p.session.status is ConnectorStatus.FINISHING


@pytest.mark.parametrize(("fault", "taken"), [(FaultKind.OVER_TEMPERATURE, False), (FaultKind.METER, True)])
def test_a_connector_that_is_out_of_order_takes_no_driver(fault, taken):
    p = Player()
    p.play(FaultRaised(fault))
    p.tap()
    assert (p.session.driver is not None) is taken
    p.plug()
    assert (p.session.tx is not None) is taken


def test_a_strangers_card_is_asked_for_in_vain_unless_somebody_may_stop_the_driver():
    def vain(p: Player) -> bool:
        (asked,) = [one for one in p.play(TokenPresented("OTHER")) if isinstance(one, Authorize)]
        return asked.vain

    p = Player()
    p.charge()
    assert vain(p)
    assert not vain(charging_with(Rules(master_pass=True)))
    tx = p.session.tx
    assert tx is not None
    p.play(GroupTold(tx.id, IdToken("ANOTHER"), "FLEET"))
    assert p.session.group is None
    p.play(GroupTold(tx.id, IdToken("AABB"), "FLEET"))
    assert p.session.group == "FLEET"
    assert not vain(p)


def charging_with(rules: Rules) -> Player:
    p = Player(rules)
    p.charge()
    return p


def test_a_passing_fault_suspends_and_charging_resumes_through_the_journal():
    p = Player()
    p.charge()
    assert withdrawn(p.play(FaultRaised(FaultKind.OVER_TEMPERATURE)))
    p.open()
    assert p.session.tx is not None
    p.wait(10)
    effects = p.play(FaultCleared(FaultKind.OVER_TEMPERATURE), p.sample())
    assert permitted(effects)


def test_a_silent_meter_suspends_after_its_grace_and_ends_with_what_was_last_read():
    p = Player(Rules(meter_grace_s=60, sample_interval_s=0))
    p.charge()
    p.play(p.sample(energy_wh=1800.0))
    p.play(FaultRaised(FaultKind.METER))
    assert Timer.METER_GRACE in p.timers
    p.mono_s += 60
    assert withdrawn(p.play(TimerDue(Timer.METER_GRACE)))
    p.open()
    assert p.session.tx is not None
    p.mono_s += 600
    p.play(TimerDue(Timer.METER_GRACE))
    p.mono_s += 3
    p.play(TimerDue(Timer.CLOSING))
    assert p.tx_facts[-1].reading.energy_wh == 1800.0


def test_a_jammed_lock_holds_the_energy_back_and_is_not_driven_again_and_again():
    p = Player(session=Session(evse=1, has_lock=True))
    p.plug()
    p.tap()
    assert LockConnector(True) in p.log
    effects = p.play(LockChanged(LockState.JAMMED))
    assert LockConnector(True) not in effects
    assert not permitted(p.ask())


def test_the_connector_is_unlocked_only_after_the_contactor_has_opened():
    p = Player(session=Session(evse=1, has_lock=True))
    p.charge()
    p.tap()
    effects = p.play(cp(CpState.B))
    assert LockConnector(False) not in effects
    p.open()
    p.wait(1)
    assert LockConnector(False) in p.log


def test_a_cable_left_behind_stays_locked_until_its_driver_returns():
    rules = Rules(unlock_on_ev_side_disconnect=False)
    p = Player(session=Session(evse=1, has_lock=True, rules=rules))
    p.play(PpChanged(32.0, 220.0))
    p.charge()
    p.unplug()
    p.open()
    p.wait(5)
    assert p.session.locked
    p.tap("STRANGER")
    assert p.session.locked
    p.tap("AABB")
    assert not p.session.locked


# Availability


def test_taking_an_idle_evse_out_of_service_shows_unavailable_and_refuses_tokens():
    p = Player()
    effects = p.play(AvailabilityChanged(False))
    assert SetPilot(Pilot.F) in effects
    assert p.session.status is ConnectorStatus.UNAVAILABLE
    p.tap()
    assert p.session.driver is None


@pytest.mark.behaviour(19)
def test_a_change_of_availability_during_a_charge_waits_for_its_end_without_a_flicker_of_available():
    p = Player()
    p.charge()
    p.play(AvailabilityChanged(False))
    assert p.session.phase is Phase.CHARGING
    p.unplug()
    p.open()
    p.wait(2)
    assert p.session.status is ConnectorStatus.UNAVAILABLE
    assert ConnectorStatus.AVAILABLE not in statuses(p)


# Start and stop points


def test_a_transaction_may_start_with_the_plug_and_learn_its_driver_later():
    p = Player(Rules(start_points=frozenset({TxPoint.EV_CONNECTED})))
    p.play(p.sample())
    p.plug()
    assert p.tx_facts[0].trigger is Trigger.CABLE_PLUGGED_IN
    assert p.tx_facts[0].token is None
    p.tap()
    assert isinstance(p.tx_facts[1], TransactionUpdated)
    assert (p.tx_facts[1].trigger, p.tx_facts[1].token) == (Trigger.AUTHORIZED, IdToken("AABB"))


def test_a_transaction_may_start_with_the_driver_and_ends_when_no_car_comes():
    p = Player(Rules(start_points=frozenset({TxPoint.AUTHORIZED})))
    p.play(p.sample())
    p.tap()
    assert p.tx_facts[0].charging is ChargingState.IDLE
    p.wait(61)
    assert (p.tx_facts[-1].trigger, p.tx_facts[-1].reason) == (Trigger.EV_CONNECT_TIMEOUT, StopReason.TIMEOUT)


def test_a_transaction_may_outlive_its_authorisation_until_the_cable_is_pulled():
    p = Player(Rules(stop_points=frozenset({TxPoint.EV_CONNECTED})))
    p.charge()
    p.play(StopRequested(Trigger.REMOTE_STOP, StopReason.REMOTE))
    p.play(cp(CpState.B))
    p.open()
    p.wait(1)
    assert isinstance(p.tx_facts[-1], TransactionUpdated)
    assert p.tx_facts[-1].trigger is Trigger.REMOTE_STOP
    p.unplug()
    assert isinstance(p.tx_facts[-1], TransactionEnded)


def test_deauthorisation_ends_the_energy_also_when_the_transaction_stays_open():
    p = Player(Rules(stop_on_invalid_id=False))
    p.charge()
    assert withdrawn(p.play(Deauthorized("tx-1", AuthInfo(AuthStatus.INVALID))))
    p.open()
    p.wait(60)
    assert p.session.tx is not None
    assert not permitted(p.ask())


# Readings


def test_periodic_readings_fall_on_the_grid_of_the_transactions_start():
    p = Player(Rules(sample_interval_s=60))
    p.charge()
    start = p.tx_facts[0].at_utc_s
    p.wait(185)
    readings = [
        one for one in p.tx_facts if one.__class__ is TransactionUpdated and one.trigger is Trigger.METER_PERIODIC
    ]
    assert [round(one.at_utc_s - start, 6) for one in readings] == [60.0, 120.0, 180.0]


def test_aligned_readings_fall_on_the_clock_on_an_idle_evse_too():
    p = Player(Rules(aligned_interval_s=900))
    p.wait(1800)
    readings = [one.fact for one in p.log if isinstance(one, Emit) and one.fact.__class__.__name__ == "ReadingTaken"]
    assert [one.at_utc_s % 900 for one in readings] == [0.0, 0.0]


def test_the_stored_register_of_an_open_transaction_is_never_older_than_a_minute():
    p = Player(Rules(sample_interval_s=0))
    p.charge()
    effects = p.wait(600)
    assert sum(isinstance(one, Checkpoint) for one in effects) >= 9


def test_a_limit_that_falls_by_a_hair_is_followed_and_one_that_rises_by_a_hair_is_not_worth_it():
    p = Player()
    p.charge()
    p.wait(10)
    assert OfferCurrent(15.95) in p.play(LimitSet(LimitInput(LimitSource.SITE_FUSE, 15.95)))
    p.wait(10)
    assert not [
        one for one in p.play(LimitSet(LimitInput(LimitSource.SITE_FUSE, 16.0))) if isinstance(one, OfferCurrent)
    ]
