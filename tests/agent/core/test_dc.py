"""Direct current in the session: cable check, precharge, demand within every limit, and a dead output after all."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.dc import STALE_S
from agent.core.dc_limits import EFFICIENCY, at_output_a, dc_limit, mains_a
from agent.core.dc_line import Check
from agent.core.effects import PermitPower, Pilot, PrepareDc, RestDc, SetPilot, SupplyDc
from agent.core.events import (
    CableCheckAsked,
    DcPrepared,
    DcWanted,
    DigitalBegan,
    DigitalNeeds,
    DigitalOver,
    DigitalPower,
    LimitSet,
)
from agent.core.facts import TransactionEnded
from agent.core.limits import LimitInput, LimitSource
from agent.core.session import Needs, Session, Talk
from agent.core.values import ChargingState, Measurand, StopReason
from hal.dc_figures import RAMP_A_PER_S
from hal.types import CpState, DcMeasured, DcMode, DcRatings, FaultKind, FaultRaised, InsulationMeasured
from tests.agent.core.playing import Player, cp

RATINGS = DcRatings(max_voltage_v=500.0, max_current_a=125.0, max_power_w=40_000.0)
NEEDS = Needs(mode="DC_extended", max_current_a=100.0, max_voltage_v=420.0, soc_pct=41)
GOOD_OHM = 1e6
TEST_V = 470.0  # 50 V above what the car bears


def asked() -> Player:
    """A car that has agreed to be charged, and wants its cable checked."""
    p = Player(session=Session(evse=1, can_talk=True, dc=RATINGS))
    p.play(LimitSet(LimitInput(LimitSource.BOARD, 125.0, power_w=40_000.0)))
    p.plug()
    p.play(DigitalBegan("020000000001"))
    p.tap()
    p.play(DigitalNeeds(NEEDS), cp(CpState.C), CableCheckAsked(), p.sample())
    return p


def checked() -> Player:
    p = asked()
    p.close()
    p.play(DcPrepared(ok=True), DcMeasured(TEST_V, 0.0))
    p.wait(2)
    p.play(InsulationMeasured(GOOD_OHM), DcMeasured(40.0, 0.0))
    return p


def demanding(current_a: float = 80.0, voltage_v: float = 400.0) -> Player:
    """Charging, long enough for every ramp."""
    p = checked()
    p.play(DcWanted(DcMode.PRECHARGE, 380.0, 1.0), DcMeasured(380.0, 0.0), DigitalPower(on=True))
    for _ in range(8):
        p.play(DcWanted(DcMode.CHARGE, voltage_v, current_a, 42), DcMeasured(380.0, current_a))
        p.wait(1)
    return p


def supplied(p: Player) -> SupplyDc:
    return [one for one in p.log if isinstance(one, SupplyDc)][-1]


def permitted(p: Player) -> bool:
    return [one.on for one in p.log if isinstance(one, PermitPower)][-1]


def test_a_cable_is_checked_with_the_contactor_closed_and_fifty_volts_above_what_the_car_bears():
    p = asked()
    assert permitted(p)
    assert PrepareDc(TEST_V, 550.0) in p.log
    p.play(DcPrepared(ok=True))
    assert not any(isinstance(one, SupplyDc) for one in p.log), "voltage before the contactor has closed"
    p.close()
    assert supplied(p) == SupplyDc(DcMode.CABLE_CHECK, TEST_V, 2.0)


def test_the_supply_stays_off_until_the_monitor_has_tested_itself():
    p = asked()
    p.close()
    assert not any(isinstance(one, SupplyDc) for one in p.log)


def test_a_reading_counts_only_after_the_test_voltage_was_there_for_a_while():
    p = asked()
    p.close()
    p.play(DcPrepared(ok=True), InsulationMeasured(GOOD_OHM), DcMeasured(TEST_V, 0.0), InsulationMeasured(GOOD_OHM))
    assert p.session.line.check is Check.MEASURING
    p.wait(1.5)
    p.play(InsulationMeasured(GOOD_OHM))
    assert p.session.line.check is Check.DISCHARGING
    assert supplied(p).mode is DcMode.OFF


def test_the_check_is_passed_only_once_the_output_is_safe_again():
    p = asked()
    p.close()
    p.play(DcPrepared(ok=True), DcMeasured(TEST_V, 0.0))
    p.wait(2)
    p.play(InsulationMeasured(GOOD_OHM), DcMeasured(61.0, 0.0))
    assert p.session.line.check is Check.DISCHARGING
    p.play(DcMeasured(59.0, 0.0))
    assert p.session.line.check is Check.PASSED


@pytest.mark.parametrize("ohms", [99_000.0, 0.0, math.nan])
def test_a_bad_insulation_fails_the_check_and_ends_the_transaction(ohms: float):
    p = asked()
    p.close()
    p.play(DcPrepared(ok=True), DcMeasured(TEST_V, 0.0))
    p.wait(2)
    p.play(InsulationMeasured(ohms))
    assert p.session.line.check is Check.FAILED
    assert FaultKind.INSULATION in p.session.faults
    assert supplied(p).mode is DcMode.OFF
    assert not permitted(p)
    p.open()
    p.wait(5)
    ended = p.tx_facts[-1]
    assert isinstance(ended, TransactionEnded)
    assert ended.reason is StopReason.GROUND_FAULT
    p.unplug()
    assert FaultKind.INSULATION not in p.session.faults


def test_a_monitor_that_cannot_be_prepared_fails_the_check():
    p = asked()
    p.close()
    p.play(DcPrepared(ok=False))
    assert p.session.line.check is Check.FAILED
    assert not any(isinstance(one, SupplyDc) for one in p.log)


def test_a_car_above_every_voltage_class_is_not_checked():
    p = Player(session=Session(evse=1, can_talk=True, dc=RATINGS))
    p.plug()
    p.play(DigitalBegan("02"), DigitalNeeds(Needs(mode="DC_extended", max_current_a=1.0, max_voltage_v=1200.0)))
    p.play(CableCheckAsked())
    assert p.session.line.check is Check.FAILED


def test_nothing_flows_before_the_check_is_passed_whatever_the_car_wants():
    p = asked()
    p.close()
    p.play(DcWanted(DcMode.CHARGE, 400.0, 80.0), DcWanted(DcMode.PRECHARGE, 400.0, 2.0))
    assert not any(isinstance(one, SupplyDc) for one in p.log)


def test_precharge_gives_two_ampere_at_most_and_no_voltage_that_the_car_does_not_bear():
    p = checked()
    p.play(DcWanted(DcMode.PRECHARGE, 450.0, 10.0))
    assert supplied(p) == SupplyDc(DcMode.PRECHARGE, 420.0, 2.0)


def test_a_current_rises_at_the_pace_of_the_standard_and_falls_at_once():
    p = checked()
    p.play(DcWanted(DcMode.PRECHARGE, 380.0, 1.0), DigitalPower(on=True))
    since_s, seen = p.mono_s, []
    for _ in range(6):
        p.play(DcWanted(DcMode.CHARGE, 400.0, 80.0))
        p.wait(1)
        seen.append(supplied(p).current_a)
        assert supplied(p).current_a <= RAMP_A_PER_S * (p.mono_s - since_s) + 1e-6
    assert seen[-1] == 80.0
    p.play(DcWanted(DcMode.CHARGE, 400.0, 10.0))
    assert supplied(p).current_a == 10.0


def test_a_car_that_wants_more_than_it_may_have_gets_what_it_may_have():
    p = demanding(current_a=300.0, voltage_v=600.0)
    assert supplied(p).voltage_v == 420.0
    assert supplied(p).current_a == pytest.approx(100.0)


def test_a_limit_in_watt_and_one_in_ampere_bound_the_set_point_at_once():
    p = demanding()
    p.play(LimitSet(LimitInput(LimitSource.OCPP, 125.0, power_w=20_000.0)))
    assert supplied(p).current_a == pytest.approx(20_000.0 / (380.0 * 1.01))
    p.play(LimitSet(LimitInput(LimitSource.OCPP, 30.0)))
    assert supplied(p).current_a == pytest.approx(30.0)
    assert p.session.tx.charging is ChargingState.CHARGING


def test_a_limit_of_nothing_suspends_the_charge_with_the_contactor_closed():
    p = demanding()
    p.play(LimitSet(LimitInput(LimitSource.OCPP, 0.0)))
    assert supplied(p) == SupplyDc(DcMode.CHARGE, 400.0, 0.0)
    assert permitted(p)
    assert p.session.tx.charging is ChargingState.SUSPENDED_EVSE
    p.play(LimitSet(LimitInput(LimitSource.OCPP, 125.0)), DcWanted(DcMode.CHARGE, 400.0, 80.0))
    assert p.session.tx.charging is ChargingState.CHARGING


def test_a_demand_that_is_not_renewed_runs_dry():
    p = demanding()
    p.wait(STALE_S + 0.5)
    assert supplied(p) == SupplyDc(DcMode.CHARGE, 400.0, 0.0)
    p.play(DcWanted(DcMode.CHARGE, 400.0, 80.0))
    p.wait(1)
    assert supplied(p).current_a > 0.0


def test_a_car_that_stops_has_the_supply_off_before_the_contactor_opens():
    p = demanding()
    p.play(DigitalPower(on=False))
    assert supplied(p).mode is DcMode.OFF
    assert permitted(p), "the current has not gone yet"
    p.play(DcMeasured(380.0, 0.4))
    assert not permitted(p)


@pytest.mark.parametrize(
    "end",
    [DigitalOver(failed=True), DigitalOver(), FaultRaised(FaultKind.DC_SUPPLY), FaultRaised(FaultKind.E_STOP)],
)
def test_whatever_ends_the_energy_the_supply_is_told_off_first(end):
    p = demanding()
    effects = p.play(end)
    assert [one for one in effects if isinstance(one, SupplyDc | PermitPower)][:2] == [
        SupplyDc(DcMode.OFF),
        next(one for one in effects if isinstance(one, PermitPower)),
    ]
    assert not permitted(p)
    assert supplied(p).mode is DcMode.OFF


def test_a_session_that_breaks_in_mid_charge_ends_the_transaction_and_lets_the_car_begin_anew():
    p = demanding()
    p.play(DigitalOver(failed=True))
    assert RestDc() in p.log
    p.open()
    p.wait(3.5)
    assert isinstance(p.tx_facts[-1], TransactionEnded)
    said = [one for one in p.log if isinstance(one, SetPilot)]
    assert said[-2:] == [SetPilot(Pilot.X1), SetPilot(Pilot.DIGITAL)]
    assert p.session.digital.talk is Talk.OFFERED
    assert p.session.line.check is Check.IDLE


def test_a_dc_pilot_goes_on_saying_five_percent_however_late_the_car_begins():
    p = Player(session=Session(evse=1, can_talk=True, dc=RATINGS))
    p.plug()
    p.wait(600)
    assert [one for one in p.log if isinstance(one, SetPilot)][-1] == SetPilot(Pilot.DIGITAL)


def test_a_reading_of_direct_current_has_one_voltage_no_phases_and_the_state_of_charge():
    from agent.core import metering
    from agent.core.values import ReadingContext
    from hal.types import MeterSample

    p = demanding()
    sample = MeterSample(p.mono_s, 1000.0, voltage_v=(391.0, 0.0, 0.0), current_a=(80.0, 0.0, 0.0), power_w=31_280.0)
    wanted = (Measurand.VOLTAGE, Measurand.CURRENT_IMPORT, Measurand.SOC, Measurand.POWER_IMPORT)
    reading = metering.take(sample, wanted, ReadingContext.PERIODIC, p.now, metering.beside(p.session))
    assert [(one.measurand, one.value, one.phase) for one in reading.values] == [
        (Measurand.VOLTAGE, 391.0, None),
        (Measurand.CURRENT_IMPORT, 80.0, None),
        (Measurand.SOC, 42, None),
        (Measurand.POWER_IMPORT, 31_280.0, None),
    ]


# Limits


@pytest.mark.parametrize(
    ("limit", "most_a"),
    [
        (LimitInput(LimitSource.BOARD, 125.0, power_w=40_000.0), 100.0),
        (LimitInput(LimitSource.OCPP, 60.0), 60.0),
        (LimitInput(LimitSource.OCPP, 125.0, power_w=12_000.0), 30.0),
        (LimitInput(LimitSource.SITE_FUSE, 32.0), 32.0 * 690.0 * EFFICIENCY / 400.0),
        (LimitInput(LimitSource.GRID, 0.0), 0.0),
        (LimitInput(LimitSource.TEMPERATURE, 40.0), 62.5),
        (LimitInput(LimitSource.TEMPERATURE, 80.0), 100.0),
    ],
)
def test_each_source_limits_what_it_is_about(limit: LimitInput, most_a: float):
    found = dc_limit([limit], RATINGS, 3, 400.0, now_mono_s=0.0)
    assert found.current_a == pytest.approx(most_a)
    assert found.source is limit.source


def test_a_dc_output_that_nobody_has_spoken_for_gives_nothing():
    assert not dc_limit([], RATINGS, 3, 400.0, 0.0).offers


@given(fuse_a=st.floats(0.0, 400.0), volts=st.floats(150.0, 500.0))
def test_what_flows_never_takes_more_from_the_mains_than_the_fuse_bears(fuse_a: float, volts: float):
    found = dc_limit([LimitInput(LimitSource.SITE_FUSE, fuse_a)], RATINGS, 3, volts, 0.0)
    taken_a = found.current_a * volts / EFFICIENCY / (3 * 230.0)
    assert taken_a <= fuse_a + 1e-6
    assert found.current_a <= at_output_a(fuse_a, 3, volts) + 1e-6
    assert taken_a <= mains_a(RATINGS, 3) + 1e-6
