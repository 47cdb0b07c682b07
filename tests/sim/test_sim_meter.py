"""The energy meter: exact integration, and the view that registers give of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.grid import DEAD, Phases
from sim.meter import EnergyMeter, MeterSpec

VOLTS = (230.0, 229.0, 231.0)
AMPS = (16.0, 16.0, 16.0)
WATTS = 690.0 * 16.0
HOUR = 3600.0

volts = st.tuples(*[st.floats(0.0, 260.0)] * 3)
amps = st.tuples(*[st.floats(0.0, 80.0)] * 3)
stretches = st.lists(st.tuples(st.floats(0.001, 3600.0), volts, amps), min_size=1, max_size=12)


def meter(start_wh: float = 0.0, **spec: float) -> EnergyMeter:
    return EnergyMeter(MeterSpec(**spec), "SIM-1", start_wh)


def hours(one: EnergyMeter, duration_h: float, from_h: float = 0.0, amps: Phases = AMPS) -> float:
    to_s = (from_h + duration_h) * HOUR
    one.integrate(from_h * HOUR, to_s, VOLTS, amps)
    return to_s


def test_an_hour_at_constant_current_is_its_power_in_watt_hours():
    one = meter()
    hours(one, 1.0)
    assert one.flowed_wh == pytest.approx(WATTS)


@given(stretches)
def test_energy_is_the_integral_of_voltage_times_current(stretches):
    one, now_s, expected_ws = meter(), 0.0, 0.0
    for duration_s, voltages_v, currents_a in stretches:
        one.integrate(now_s, now_s + duration_s, voltages_v, currents_a)
        now_s += duration_s
        fine = 50  # a plain numerical integration, phase by phase
        for _ in range(fine):
            expected_ws += sum(v * a for v, a in zip(voltages_v, currents_a, strict=True)) * duration_s / fine
    assert one.flowed_wh * 3600.0 == pytest.approx(expected_ws, rel=1e-9, abs=1e-6)


@given(stretches, st.floats(0.1, 10.0))
def test_the_register_never_goes_back_and_never_ahead_of_the_truth(stretches, resolution_wh):
    one, now_s, last_wh = meter(resolution_wh=resolution_wh), 0.0, 0.0
    for duration_s, voltages_v, currents_a in stretches:
        one.integrate(now_s, now_s + duration_s, voltages_v, currents_a)
        now_s += duration_s
        shown_wh = one.sample(now_s, voltages_v, currents_a, 50.0).energy_import_wh
        assert last_wh <= shown_wh <= one.register_wh + 1e-6
        assert one.register_wh - shown_wh < resolution_wh + 1e-6
        last_wh = shown_wh


def test_the_register_starts_where_the_last_run_left_it():
    one = meter(12_345.6)
    now_s = hours(one, 1.0)
    assert one.register_wh == pytest.approx(12_345.6 + WATTS)
    assert one.flowed_wh == pytest.approx(WATTS)
    assert one.sample(now_s, VOLTS, AMPS, 50.0).energy_import_wh == 23_385.0


def test_a_resumed_meter_continues_its_own_register_with_its_own_error():
    first = meter(100.0, class_error_pct=2.0)
    hours(first, 1.0)
    second = meter(class_error_pct=2.0)
    second.resume(first.register_wh, first.flowed_wh)
    assert second.register_wh == pytest.approx(first.register_wh)
    hours(first, 1.0, from_h=1.0)
    hours(second, 1.0)
    assert second.register_wh == pytest.approx(first.register_wh)


def test_a_class_error_shows_in_current_power_and_energy_but_not_in_the_truth():
    one = meter(class_error_pct=1.0, resolution_wh=0.001)
    shown = one.sample(hours(one, 1.0), VOLTS, AMPS, 50.0)
    assert shown.current_a == pytest.approx((16.16, 16.16, 16.16))
    assert shown.power_w == pytest.approx(WATTS * 1.01)
    assert shown.energy_import_wh == pytest.approx(WATTS * 1.01, abs=0.001)
    assert one.flowed_wh == pytest.approx(WATTS)


def test_a_sample_carries_every_phase_and_who_measured():
    one = meter()
    shown = one.sample(hours(one, 1.0), VOLTS, (10.0, 0.0, 20.0), 49.9)
    assert shown.taken_mono_s == HOUR
    assert shown.serial == "SIM-1"
    assert shown.voltage_v == VOLTS
    assert shown.current_a == (10.0, 0.0, 20.0)
    assert shown.power_phase_w == (2300.0, 0.0, 4620.0)
    assert shown.power_w == 6920.0
    assert shown.frequency_hz == 49.9


def test_between_refreshes_the_registers_stand_still():
    one = meter(refresh_s=10.0, resolution_wh=0.001)
    one.integrate(0.0, 14.0, VOLTS, AMPS)
    at_refresh_wh = WATTS * 10.0 / HOUR
    assert one.sample(14.0, VOLTS, AMPS, 50.0).energy_import_wh == pytest.approx(at_refresh_wh, abs=0.001)
    one.integrate(14.0, 19.9, VOLTS, DEAD)
    later = one.sample(19.9, VOLTS, DEAD, 50.0)
    assert later.energy_import_wh == pytest.approx(at_refresh_wh, abs=0.001)
    assert later.current_a == AMPS


@given(cuts=st.lists(st.floats(0.0, 60.0), max_size=8))
def test_what_a_refreshing_meter_shows_does_not_depend_on_when_it_was_asked(cuts):
    one, now_s = meter(refresh_s=7.0, resolution_wh=0.001), 0.0
    for cut_s in [*sorted(cuts), 60.0]:
        one.integrate(now_s, cut_s, VOLTS, AMPS)
        now_s = cut_s
    shown_wh = one.sample(60.0, VOLTS, AMPS, 50.0).energy_import_wh
    assert shown_wh == pytest.approx(WATTS * 56.0 / HOUR, abs=0.0011)
