"""The car: when it closes S2, how fast it obeys, what it draws, how it fills."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.vehicle import Talk, Vehicle, VehicleSpec, offered_a

DUTY_16_A = 16.0 / 0.6
DUTY_10_A = 10.0 / 0.6


def run(car: Vehicle, from_s: float, to_s: float) -> None:
    while car.due_s <= to_s:
        car.step(max(car.due_s, from_s))


def charging(spec: VehicleSpec | None = None, duty_pct: float = DUTY_16_A) -> Vehicle:
    """A car that has drawn for a while by t = 10 s."""
    car = Vehicle(spec or VehicleSpec())
    car.plugged(0.0)
    car.see_pilot(duty_pct, False, 0.0)
    run(car, 0.0, 2.0)
    car.energise(True, 2.0)
    run(car, 2.0, 10.0)
    return car


# IEC 61851-1 table A.8
@pytest.mark.parametrize(
    ("duty_pct", "current_a"),
    [
        (2.0, None),
        (5.0, None),  # digital communication: nothing for this car
        (7.5, None),
        (8.0, 6.0),
        (9.9, 6.0),
        (10.0, 6.0),
        (26.67, 16.0),
        (53.33, 32.0),
        (85.0, 51.0),
        (86.0, 55.0),
        (96.0, 80.0),
        (96.5, 80.0),
        (97.5, None),
        (100.0, None),
    ],
)
def test_the_duty_cycle_offers_what_the_table_says(duty_pct, current_a):
    offered = offered_a(duty_pct)
    assert offered == (None if current_a is None else pytest.approx(current_a, abs=0.01))


def test_s2_closes_some_time_after_the_offer_and_not_before():
    car = Vehicle(VehicleSpec(s2_delay_s=1.5))
    car.plugged(0.0)
    car.see_pilot(DUTY_16_A, False, 3.0)
    assert car.due_s == 4.5
    run(car, 3.0, 4.4)
    assert not car.s2_closed
    run(car, 4.4, 4.5)
    assert car.s2_closed


def test_without_voltage_it_draws_nothing_and_with_voltage_after_its_reaction():
    car = Vehicle(VehicleSpec(reaction_s=2.0))
    car.plugged(0.0)
    car.see_pilot(DUTY_16_A, False, 0.0)
    run(car, 0.0, 60.0)
    assert car.draw_a == 0.0
    car.energise(True, 60.0)
    run(car, 60.0, 61.9)
    assert car.draw_a == 0.0
    run(car, 61.9, 62.0)
    assert car.draw_a == pytest.approx(16.0)
    car.energise(False, 63.0)
    assert car.draw_a == 0.0


@given(duty_pct=st.floats(10.0, 96.0), phases=st.sampled_from([1, 2, 3]), max_a=st.floats(6.0, 80.0))
def test_it_draws_the_offer_or_its_own_maximum_on_each_of_its_phases(duty_pct, phases, max_a):
    car = charging(VehicleSpec(phases=phases, max_current_a=max_a), duty_pct)
    expected_a = min(offered_a(duty_pct) or 0.0, max_a)
    if expected_a < car.spec.min_current_a:  # 10 % is 6 A but for rounding
        expected_a = 0.0
    assert car.currents_a == pytest.approx([expected_a] * phases + [0.0] * (3 - phases))


def test_another_duty_cycle_is_obeyed_after_the_reaction_time():
    car = charging()
    car.see_pilot(DUTY_10_A, False, 20.0)
    run(car, 20.0, 21.9)
    assert car.draw_a == pytest.approx(16.0)
    run(car, 21.9, 22.0)
    assert car.draw_a == pytest.approx(10.0)


def test_a_duty_cycle_that_keeps_changing_does_not_keep_it_from_reacting():
    car = charging()
    for step in range(20):
        run(car, 20.0 + step, 20.0 + step)
        car.see_pilot(DUTY_10_A - step * 0.1, False, 20.0 + step)
    assert car.draw_a < 10.0


def test_when_the_pwm_stops_it_stops_drawing_and_opens_s2_within_three_seconds():
    car = charging()
    car.see_pilot(None, False, 20.0)
    run(car, 20.0, 23.0)
    assert car.draw_a == 0.0
    assert not car.s2_closed


def test_an_offer_below_its_minimum_draws_nothing():
    car = charging(VehicleSpec(min_current_a=8.0), 10.0)
    assert car.s2_closed
    assert car.draw_a == 0.0


def test_a_paused_car_stays_out_until_it_resumes():
    car = charging()
    car.pause()
    assert car.draw_a == 0.0
    car.see_pilot(DUTY_10_A, False, 20.0)
    run(car, 20.0, 60.0)
    assert not car.s2_closed
    car.resume(60.0)
    run(car, 60.0, 61.0)
    assert car.s2_closed


def test_a_sleeping_car_ignores_an_offer_until_state_e_or_f_wakes_it():
    car = Vehicle(VehicleSpec(sleep_after_s=600.0))
    car.plugged(0.0)
    run(car, 0.0, 600.0)
    assert car.asleep
    car.see_pilot(DUTY_16_A, False, 700.0)
    run(car, 700.0, 800.0)
    assert not car.s2_closed
    car.see_pilot(None, True, 800.0)
    car.see_pilot(DUTY_16_A, False, 804.0)
    run(car, 804.0, 805.0)
    assert car.s2_closed


def test_an_offer_in_time_keeps_it_awake():
    car = Vehicle(VehicleSpec(sleep_after_s=600.0))
    car.plugged(0.0)
    car.see_pilot(DUTY_16_A, False, 599.0)
    run(car, 599.0, 5000.0)
    assert not car.asleep


def test_a_faulty_car_ignores_the_pilot_and_keeps_drawing_its_maximum():
    car = charging(duty_pct=DUTY_10_A)
    car.ignores_pilot = True
    assert car.draw_a == 16.0
    car.see_pilot(None, False, 20.0)
    run(car, 20.0, 60.0)
    assert car.draw_a == 16.0
    assert car.s2_closed


def fill(car: Vehicle, volts: float = 690.0) -> tuple[float, float]:
    """Charge until it stops by itself: hours and watt-hours at the inlet."""
    now_s, taken_wh = 0.0, 0.0
    while car.s2_closed:
        power_w = car.draw_a * volts
        due_s = car.edge_due_s(now_s, power_w)
        taken_wh += power_w * (due_s - now_s) / 3600.0
        car.charge(power_w * (due_s - now_s) / 3600.0)
        car.pass_edge()
        now_s = due_s
        assert car.soc_pct <= 100.0
    return now_s / 3600.0, taken_wh


@given(
    soc_pct=st.floats(0.0, 99.9),
    capacity_wh=st.floats(5_000.0, 120_000.0),
    efficiency=st.floats(0.7, 1.0),
    target_pct=st.floats(1.0, 100.0),
)
def test_a_filled_car_took_what_was_missing_divided_by_its_efficiency(soc_pct, capacity_wh, efficiency, target_pct):
    spec = VehicleSpec(capacity_wh=capacity_wh, soc_pct=soc_pct, efficiency=efficiency, target_soc_pct=target_pct)
    car = charging(spec)
    missing_wh = max(0.0, target_pct - soc_pct) / 100.0 * capacity_wh
    _, taken_wh = fill(car)
    assert taken_wh == pytest.approx(missing_wh / efficiency, rel=1e-6, abs=1e-2)
    assert car.soc_pct == pytest.approx(max(target_pct, soc_pct))
    assert not car.wants_energy


def test_near_full_the_current_falls_along_the_curve_down_to_the_minimum():
    assert charging(VehicleSpec(soc_pct=85.0)).draw_a == pytest.approx(16.0)
    assert charging(VehicleSpec(soc_pct=92.5)).draw_a == pytest.approx(16.0 * 0.6)
    assert charging(VehicleSpec(soc_pct=99.5)).draw_a == 6.0


def test_a_battery_takes_nothing_beyond_full():
    car = charging(VehicleSpec(soc_pct=99.9))
    car.charge(1e6)
    assert car.soc_pct == 100.0


def test_without_power_the_battery_never_reaches_anything():
    assert charging().edge_due_s(0.0, 0.0) == math.inf


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"phases": 4}, "phases"),
        ({"soc_pct": 101.0}, "soc_pct"),
        ({"target_soc_pct": -1.0}, "target_soc_pct"),
        ({"capacity_wh": 0.0}, "capacity_wh"),
        ({"efficiency": 0.0}, "efficiency"),
    ],
)
def test_an_impossible_car_is_refused_by_name(options, name):
    with pytest.raises(ValueError, match=name):
        VehicleSpec(**options)


def test_an_ac_car_that_talks_goes_by_the_duty_cycle_where_its_charger_talks_no_more_and_talks_again_when_it_does():
    car = Vehicle(VehicleSpec(talk=Talk(), max_current_a=16.0))
    car.plugged(0.0)
    car.see_pilot(5.0, False, 0.0)
    car.agree(ready=True, limit_a=12.0, now_s=1.0)
    run(car, 1.0, 2.0)
    car.see_pilot(None, False, 3.0)
    run(car, 3.0, 9.0)
    assert car.s2_closed, "what its messages have come to is not the duty cycle's matter"
    car.agree(ready=False, limit_a=12.0, now_s=9.0)
    car.see_pilot(DUTY_10_A, False, 10.0)
    run(car, 10.0, 12.0)
    assert car.s2_closed
    car.energise(True, 12.0)
    run(car, 12.0, 15.0)
    assert car.draw_a == pytest.approx(10.0)
    car.see_pilot(5.0, False, 20.0)
    run(car, 20.0, 23.0)
    assert not car.s2_closed
    car.agree(ready=True, limit_a=8.0, now_s=25.0)
    run(car, 25.0, 26.0)
    assert car.draw_a == pytest.approx(8.0)


@pytest.mark.parametrize("spec", [VehicleSpec(talk=Talk(energy="DC")), VehicleSpec(digital=True)])
def test_a_car_that_can_only_talk_never_goes_by_the_duty_cycle(spec: VehicleSpec):
    car = Vehicle(spec)
    car.plugged(0.0)
    car.see_pilot(DUTY_16_A, False, 0.0)
    run(car, 0.0, 5.0)
    assert not car.s2_closed
