"""The DC rules of the interlock, each twice: it lets pass what is safe, and refuses or opens when it is not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal import dc, dc_figures
from hal.commands import (
    InsulationSelfTest,
    Permit,
    PilotPwm,
    SetDc,
    SetDcMode,
    WatchInsulation,
    WatchVoltage,
)
from hal.iec61851 import DIGITAL_DUTY_PCT
from hal.types import (
    ContactorChanged,
    CpState,
    DcMeasured,
    DcMode,
    DcRatings,
    EvseCapabilities,
    FaultCleared,
    FaultKind,
    FaultRaised,
    InsulationMeasured,
    LockChanged,
    LockState,
    MeterSample,
    MeterSampled,
    Rule,
)
from tests.hal.rig import Rig, cp

TEST = InsulationSelfTest
DC = EvseCapabilities(max_current_a=32.0, has_lock=True, dc=DcRatings(1000.0, 300.0, 150_000.0))
GOOD = InsulationMeasured(5e6)


class DcRig(Rig):
    """A DC EVSE with a car in C, 5 % on its pilot, nothing at its output."""

    def __init__(self) -> None:
        super().__init__(DC)
        self.see(ContactorChanged(closed=False))
        self.see(LockChanged(LockState.LOCKED))
        self.see(DcMeasured(0.0, 0.0))
        self.see(cp(CpState.B, pwm=False))
        assert self.ask(PilotPwm(DIGITAL_DUTY_PCT)) is None
        self.see(cp(CpState.C))

    def close(self) -> None:
        assert self.ask(Permit(True, "test")) is None
        assert self.raw_permitted
        self.see(ContactorChanged(closed=True))

    def check_cable(self) -> None:
        """Contactor closed, cable checked, output down again."""
        self.close()
        assert self.ask(SetDcMode(DcMode.CABLE_CHECK)) is None
        assert self.ask(SetDc(500.0, 1.0)) is None
        assert self.ask(WatchInsulation(True)) is None
        assert self.ask(TEST(500.0)) is None
        self.done(TEST(500.0))
        self.see(GOOD)
        assert self.ask(SetDcMode(DcMode.OFF)) is None

    def charge(self) -> None:
        self.check_cable()
        assert self.ask(WatchVoltage(550.0)) is None
        assert self.ask(SetDcMode(DcMode.PRECHARGE)) is None
        assert self.ask(SetDc(400.0, 2.0)) is None
        assert self.ask(SetDcMode(DcMode.CHARGE)) is None
        assert self.ask(SetDc(410.0, 200.0)) is None
        self.see(DcMeasured(400.0, 120.0))
        self.sent.clear()

    def live(self, seconds: float, ohms: float | None = 5e6, *, output: bool = True) -> None:
        """Time passes; lease, monitor and supply say what they say every half a second."""
        for _ in range(round(seconds / 0.5)):
            self.renew(0.5)
            if ohms is not None:
                self.see(InsulationMeasured(ohms))
            if output:
                self.see(DcMeasured(400.0, 120.0))


OFF = [SetDcMode(DcMode.OFF), Permit(False)]


def opened(rig: Rig) -> bool:
    """Whether the supply went off and the contactor opened, in this order, and neither came back."""
    switched = [one for one in rig.sent if isinstance(one, SetDcMode | Permit)]
    return [Permit(one.on) if isinstance(one, Permit) else one for one in switched][-2:] == OFF


@pytest.mark.lets_pass(Rule.NOT_DIGITAL, Rule.INSULATION, Rule.DC_UNWATCHED, Rule.DC_RATING)
def test_a_dc_charge_passes_through_all_its_modes():
    rig = DcRig()
    rig.charge()
    rig.live(60)
    assert rig.raw_permitted
    assert not any(isinstance(one, FaultRaised) for one in rig.reports)


def test_the_supply_goes_off_before_the_contactor_opens_whoever_says_so():
    rig = DcRig()
    rig.charge()
    rig.ask(Permit(False))
    assert opened(rig)


@pytest.mark.parametrize(
    "breaks",
    [
        lambda rig: rig.see(cp(CpState.B)),
        lambda rig: rig.see(cp(CpState.A)),
        lambda rig: rig.wait(2.1),
        lambda rig: rig.see(FaultRaised(FaultKind.DC_OVER_VOLTAGE)),
        lambda rig: rig.see(FaultRaised(FaultKind.DC_SUPPLY)),
        lambda rig: rig.see(FaultRaised(FaultKind.HAL_LOST)),
        lambda rig: rig.see(LockChanged(LockState.UNLOCKED)),
        pytest.param(lambda rig: rig.see(InsulationMeasured(99_999.0)), marks=pytest.mark.enforces(Rule.INSULATION)),
        lambda rig: rig.see(InsulationMeasured(math.nan)),
        lambda rig: rig.see(DcMeasured(math.nan, 0.0)),
        lambda rig: rig.live(6, ohms=None),
        lambda rig: rig.live(4, output=False),
        pytest.param(lambda rig: rig.live(6) or rig.ask(PilotPwm(26.6)), marks=pytest.mark.enforces(Rule.NOT_DIGITAL)),
    ],
    ids=[
        "the car stops",
        "the plug is pulled",
        "nobody renews the lease",
        "over-voltage",
        "the supply fails",
        "the board is lost",
        "the plug is unlocked",
        "the insulation is bad",
        "the insulation is no number",
        "the output is no number",
        "the insulation monitor is silent",
        "the supply is silent",
        "the pilot offers alternating current",
    ],
)
def test_supply_and_contactor_are_off_in_the_step_that_breaks_a_rule(breaks):
    rig = DcRig()
    rig.charge()
    breaks(rig)
    assert not rig.raw_permitted
    assert opened(rig)
    assert rig.state.dc.mode is DcMode.OFF


def test_low_insulation_lasts_until_the_car_is_unplugged():
    rig = DcRig()
    rig.charge()
    rig.see(InsulationMeasured(50_000.0))
    assert FaultRaised(FaultKind.INSULATION, "50000 ohm; 100000 are needed") in rig.reports
    rig.see(ContactorChanged(closed=False))
    rig.live(60, output=False)
    assert not rig.raw_permitted
    rig.see(cp(CpState.A))
    assert FaultCleared(FaultKind.INSULATION) in rig.reports


def test_a_monitor_that_speaks_again_is_well_again():
    rig = DcRig()
    rig.charge()
    rig.live(5, ohms=None)
    rig.see(ContactorChanged(closed=False))
    assert rig.state.active == {FaultKind.INSULATION_MONITOR}
    rig.see(GOOD)
    assert rig.state.active == frozenset()


@pytest.mark.enforces(Rule.DC_LIVE)
@pytest.mark.lets_pass(Rule.DC_LIVE)
def test_a_contactor_does_not_close_onto_a_live_supply_and_may_stay_closed_onto_one():
    rig = DcRig()
    rig.see(DcMeasured(60.0, 0.0))
    rig.ask(Permit(True))
    assert not rig.raw_permitted
    rig.see(DcMeasured(59.9, 0.0))
    assert rig.raw_permitted
    rig.see(DcMeasured(400.0, 0.0))
    assert rig.raw_permitted


def test_an_output_that_is_not_known_is_live():
    rig = Rig(DC)
    assert dc.broken(rig.state.dc, 0.0, closed=False) == (Rule.DC_LIVE, "the supply carries voltage, or does not say")


@pytest.mark.enforces(Rule.NO_PERMISSION)
def test_a_meter_behind_a_dc_supply_says_nothing_of_the_mains():
    rig = DcRig()
    rig.charge()
    for volts in ((230.0, 230.0, 230.0), (400.0, 0.0, 0.0), (400.0, 0.0, 0.0)):
        rig.see(MeterSampled(MeterSample(rig.now_s, 0.0, voltage_v=volts)))
    assert not opened(rig)


def test_dc_is_given_to_nobody_without_a_closed_contactor():
    rig = DcRig()
    for mode in (DcMode.CABLE_CHECK, DcMode.PRECHARGE, DcMode.CHARGE):
        assert rig.ask(SetDcMode(mode)) is Rule.NO_PERMISSION
    assert rig.ask(SetDcMode(DcMode.OFF)) is None


@pytest.mark.enforces(Rule.INSULATION)
@pytest.mark.lets_pass(Rule.INSULATION)
def test_no_battery_is_connected_before_its_cable_was_checked():
    rig = DcRig()
    rig.close()
    rig.ask(WatchVoltage(550.0))
    assert rig.ask(SetDcMode(DcMode.PRECHARGE)) is Rule.INSULATION
    rig.ask(WatchInsulation(True))
    rig.see(GOOD)
    assert rig.ask(SetDcMode(DcMode.PRECHARGE)) is Rule.INSULATION, "a monitor that has not tested itself"
    rig.ask(TEST(500.0))
    rig.done(TEST(500.0), ok=False)
    assert rig.ask(SetDcMode(DcMode.PRECHARGE)) is Rule.INSULATION, "its self-test failed"
    rig.ask(TEST(500.0))
    rig.done(TEST(500.0))
    assert rig.ask(SetDcMode(DcMode.PRECHARGE)) is None


def test_a_self_test_that_found_the_monitor_at_fault_proves_nothing():
    rig = DcRig()
    rig.close()
    rig.ask(WatchInsulation(True))
    rig.ask(TEST(500.0))
    rig.see(FaultRaised(FaultKind.INSULATION_MONITOR))
    rig.done(TEST(500.0))
    assert not rig.state.dc.tested


@pytest.mark.enforces(Rule.INSULATION)
def test_the_next_car_needs_a_cable_check_of_its_own():
    rig = DcRig()
    rig.charge()
    rig.see(cp(CpState.A))
    rig.see(ContactorChanged(closed=False))
    rig.see(DcMeasured(0.0, 0.0))
    assert rig.ask(WatchInsulation(False)) is None
    rig.see(cp(CpState.C))
    rig.wait(6)
    rig.close()
    rig.ask(WatchInsulation(True))
    rig.see(GOOD)
    rig.ask(SetDc(400.0, 2.0))
    assert rig.ask(SetDcMode(DcMode.PRECHARGE)) is Rule.INSULATION


@pytest.mark.enforces(Rule.DC_UNWATCHED)
@pytest.mark.lets_pass(Rule.DC_UNWATCHED)
def test_nobody_charges_without_a_watch_for_over_voltage():
    rig = DcRig()
    rig.check_cable()
    assert rig.ask(SetDcMode(DcMode.PRECHARGE)) is Rule.DC_UNWATCHED
    rig.ask(WatchVoltage(550.0))
    assert rig.ask(SetDcMode(DcMode.PRECHARGE)) is None
    assert rig.ask(WatchVoltage(None)) is Rule.DC_UNWATCHED
    assert rig.ask(WatchInsulation(False)) is Rule.INSULATION


@pytest.mark.parametrize(
    ("command", "refused"),
    [
        (SetDc(1000.0, 300.0), None),
        (SetDc(1000.1, 300.0), Rule.DC_RATING),
        (SetDc(400.0, 300.1), Rule.DC_RATING),
        (SetDc(-1.0, 10.0), Rule.DC_RATING),
        (SetDc(math.nan, 10.0), Rule.DC_RATING),
        (SetDc(400.0, math.inf), Rule.DC_RATING),
        (TEST(1000.0), None),
        (TEST(1001.0), Rule.DC_RATING),
        (WatchVoltage(1100.0), None),
        (WatchVoltage(2000.0), Rule.DC_RATING),
    ],
)
@pytest.mark.enforces(Rule.DC_RATING)
@pytest.mark.lets_pass(Rule.DC_RATING)
def test_values_beyond_the_ratings_are_refused(command, refused):
    rig = DcRig()
    rig.charge()
    assert rig.ask(command) is refused


@pytest.mark.enforces(Rule.DC_RATING)
def test_while_the_cable_is_checked_or_the_battery_awaited_hardly_any_current_flows():
    rig = DcRig()
    rig.check_cable()
    rig.ask(WatchVoltage(550.0))
    assert rig.ask(SetDc(400.0, 10.0)) is None
    assert rig.ask(SetDcMode(DcMode.PRECHARGE)) is Rule.DC_RATING
    assert rig.ask(SetDc(400.0, 2.0)) is None
    assert rig.ask(SetDcMode(DcMode.PRECHARGE)) is None
    assert rig.ask(SetDc(400.0, 2.1)) is Rule.DC_RATING


@pytest.mark.parametrize(
    ("ev_max_v", "evse_max_v", "test_v", "limit_v"),
    [
        (400.0, 1000.0, 450.0, 550.0),
        (480.0, 1000.0, 500.0, 550.0),
        (400.0, 430.0, 430.0, 550.0),
        (750.0, 1000.0, 825.0, 825.0),
        (800.0, 860.0, 860.0, 935.0),
        (900.0, 1000.0, 990.0, 1100.0),
    ],
)
def test_a_cars_voltage_class_says_how_it_is_tested_and_where_it_is_cut_off(ev_max_v, evse_max_v, test_v, limit_v):
    assert dc_figures.test_voltage_v(ev_max_v, evse_max_v) == pytest.approx(test_v)
    assert dc_figures.over_voltage_limit_v(ev_max_v) == limit_v


def test_a_car_beyond_all_classes_has_no_threshold():
    with pytest.raises(ValueError, match="1001 V is in no voltage class"):
        dc_figures.over_voltage_limit_v(1001.0)


steps = st.one_of(
    st.sampled_from(CpState).map(lambda state: ("see", cp(state))),
    st.floats(0.0, 1200.0).map(lambda volts: ("see", DcMeasured(volts, 1.0))),
    st.floats(0.0, 1e7).map(lambda ohms: ("see", InsulationMeasured(ohms))),
    st.booleans().map(lambda closed: ("see", ContactorChanged(closed=closed))),
    st.sampled_from(FaultKind).map(lambda fault: ("see", FaultRaised(fault))),
    st.sampled_from(FaultKind).map(lambda fault: ("see", FaultCleared(fault))),
    st.sampled_from(DcMode).map(lambda mode: ("ask", SetDcMode(mode))),
    st.builds(SetDc, st.floats(0, 1200), st.floats(0, 400)).map(lambda one: ("ask", one)),
    st.booleans().map(lambda on: ("ask", WatchInsulation(on))),
    st.sampled_from([None, 550.0]).map(lambda limit: ("ask", WatchVoltage(limit))),
    st.booleans().map(lambda on: ("ask", Permit(on))),
    st.just(("test", None)),
    st.floats(0.1, 3.0).map(lambda seconds: ("wait", seconds)),
)


@given(st.lists(steps, max_size=40))
def test_in_no_order_of_events_does_a_supply_deliver_behind_an_open_contactor_or_unproved(story):
    rig = DcRig()
    mode = DcMode.OFF
    for what, it in story:
        rig.sent.clear()
        match what:
            case "see":
                rig.see(it)
            case "ask":
                rig.ask(it)
            case "wait":
                rig.wait(it)
            case "test":
                rig.ask(TEST(400.0))
                rig.done(TEST(400.0))
        mode = next((one.mode for one in reversed(rig.sent) if isinstance(one, SetDcMode)), mode)
        assert mode is rig.state.dc.mode
        if mode is not DcMode.OFF:
            assert rig.raw_permitted
        if mode in {DcMode.PRECHARGE, DcMode.CHARGE}:
            assert rig.state.dc.insulated(rig.now_s)
            assert rig.state.dc.watched_v is not None
