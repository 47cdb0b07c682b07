"""The pilot and proximity circuits against Ohm's and Kirchhoff's laws."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.types import CpState
from sim.circuit import (
    ACCEPT_V,
    DIODE_V,
    LEVEL_V,
    PP_CODING_OHM,
    SOURCE_V,
    CarSide,
    Components,
    PilotFaults,
    Source,
    SourceMode,
    classify,
    levels,
    pp_ampacity_a,
    pp_ohms,
    reading,
    settle_s,
)

UNPLUGGED = None
READY = CarSide()
CHARGING = CarSide(s2_closed=True)
VENTILATED = CarSide(s2_closed=True, ventilation=True)
PWM = Source(SourceMode.PWM, 26.7)
X1 = Source(SourceMode.X1)

CARS = [(CpState.A, UNPLUGGED), (CpState.B, READY), (CpState.C, CHARGING), (CpState.D, VENTILATED)]
TOLERANCE = 0.03
faults = st.builds(
    PilotFaults,
    short_ohm=st.none() | st.floats(1.0, 1e5),
    broken=st.booleans(),
    diode_shorted=st.booleans(),
    drift=st.floats(0.3, 3.0),
)
cars = st.sampled_from([car for _, car in CARS])
lots = st.integers(0, 2**32).map(lambda seed: Components.drawn(random.Random(seed), TOLERANCE))


# Worked by hand: 11.3 V over 1000 ohm and the car's 2740, 881.7 or 245.8 ohm, plus the diode's 0.7 V.
@pytest.mark.parametrize(("car", "high_v"), [(UNPLUGGED, 12.0), (READY, 8.979), (CHARGING, 5.995), (VENTILATED, 2.929)])
def test_nominal_parts_give_the_levels_worked_by_hand(car, high_v):
    assert levels(X1, car).high_v == pytest.approx(high_v, abs=0.002)


@pytest.mark.parametrize(("state", "car"), CARS)
@given(parts=lots)
def test_parts_within_three_percent_stay_in_the_window_of_their_state(state, car, parts):
    at_terminal = levels(PWM, car, parts)
    assert abs(at_terminal.high_v - LEVEL_V[state]) <= ACCEPT_V
    assert classify(at_terminal.high_v) is state


@given(car=cars, parts=lots, faults=faults, mode=st.sampled_from(SourceMode))
def test_currents_into_the_pilot_node_sum_to_zero(car, parts, faults, mode):
    at_terminal = levels(Source(mode, 50.0), car, parts, faults)
    driven = {SourceMode.X1: (SOURCE_V,), SourceMode.E: (0.0,), SourceMode.F: (-SOURCE_V,)}
    sources = driven.get(mode, (SOURCE_V, -SOURCE_V))
    for source_v, node_v in zip(sources, (at_terminal.high_v, at_terminal.low_v), strict=False):
        from_source_a = (source_v - node_v) / parts.r1_ohm
        into_short_a = 0.0 if faults.short_ohm is None else node_v / faults.short_ohm
        into_car_a = 0.0
        if car is not None and not faults.broken:
            drop_v = 0.0 if faults.diode_shorted else DIODE_V
            if faults.diode_shorted or node_v > drop_v:
                into_car_a = (node_v - drop_v) / (car.ohm(parts) * faults.drift)
        assert from_source_a == pytest.approx(into_short_a + into_car_a, abs=1e-9)


@pytest.mark.parametrize("car", [READY, CHARGING, VENTILATED])
def test_a_good_diode_leaves_the_low_level_at_minus_twelve_volts(car):
    assert levels(PWM, car).low_v == -12.0


@pytest.mark.parametrize("car", [READY, CHARGING, VENTILATED])
def test_a_shorted_diode_pulls_the_low_level_above_minus_ten_volts(car):
    assert levels(PWM, car, faults=PilotFaults(diode_shorted=True)).low_v > -10.0


@pytest.mark.parametrize("car", [READY, CHARGING])
def test_a_short_to_earth_reads_as_state_e(car):
    assert reading(PWM, levels(PWM, car, faults=PilotFaults(short_ohm=50.0))).state is CpState.E


def test_a_broken_wire_reads_as_no_car():
    assert classify(levels(PWM, CHARGING, faults=PilotFaults(broken=True)).high_v) is CpState.A


@pytest.mark.parametrize(("mode", "state"), [(SourceMode.E, CpState.E), (SourceMode.F, CpState.F)])
def test_the_station_can_show_states_e_and_f_whatever_hangs_on_the_cable(mode, state):
    for _, car in CARS:
        assert classify(levels(Source(mode), car).high_v) is state


def test_without_pwm_both_levels_are_one():
    at_terminal = levels(X1, READY)
    assert at_terminal.high_v == at_terminal.low_v
    assert reading(X1, at_terminal).duty_pct is None
    assert reading(PWM, levels(PWM, READY)).duty_pct == 26.7


@pytest.mark.parametrize(
    ("high_v", "previous", "state"),
    [
        (7.6, CpState.C, CpState.C),  # between B and C: stays
        (7.4, CpState.B, CpState.B),
        (7.6, CpState.A, CpState.B),  # A does not border on this gap: the nearest
        (7.6, None, CpState.B),
        (6.9, CpState.B, CpState.C),  # within the window of C
    ],
)
def test_between_two_windows_the_previous_state_stays(high_v, previous, state):
    assert classify(high_v, previous) is state


@given(high_v=st.floats(-15, 15), previous=st.none() | st.sampled_from(CpState))
def test_every_level_has_a_state_no_further_than_its_neighbours(high_v, previous):
    state = classify(high_v, previous)
    distances = sorted(abs(level_v - high_v) for level_v in LEVEL_V.values())
    assert abs(LEVEL_V[state] - high_v) <= distances[1]


def test_the_wire_settles_long_before_the_filter_looks():
    assert 10e-6 < settle_s() < 100e-6


@pytest.mark.parametrize(("rating_a", "ohm"), PP_CODING_OHM.items())
@pytest.mark.parametrize("error", [0.97, 1.0, 1.03])
def test_a_cable_within_three_percent_is_recognised(rating_a, ohm, error):
    measured_ohm = pp_ohms(ohm * error)
    assert measured_ohm == pytest.approx(ohm * error, rel=0.005)
    assert pp_ampacity_a(measured_ohm) == rating_a


@pytest.mark.parametrize("resistor_ohm", [None, 1e6, 5000.0, 3000.0, 350.0, 10.0, 0.0])
def test_no_plug_a_short_and_an_unknown_coding_carry_nothing(resistor_ohm):
    assert pp_ampacity_a(pp_ohms(resistor_ohm)) is None
