"""When cars are charged: never above the limit, in time where that is possible, and no faster than it takes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.car_schedules import (
    RESERVE,
    S_PER_H,
    SOONER,
    Car,
    Steps,
    differ,
    energy_wh,
    fitted,
    keeps_to,
    planned,
    power_w,
    serves,
    without,
)

NOW = 1_800_000_000.0
HOUR = 3600.0

cars = st.builds(
    Car,
    most_w=st.floats(1_000, 150_000),
    least_w=st.sampled_from([0.0, 1_380.0, 4_140.0]),
    energy_wh=st.none() | st.floats(0, 100_000),
    departs_utc_s=st.none() | st.floats(NOW - HOUR, NOW + 48 * HOUR),
    entries=st.none() | st.integers(1, 12),
)
several = st.dictionaries(st.integers(1, 4), cars, min_size=1, max_size=4)
limits = st.floats(0, 100_000)
profiles = st.lists(
    st.tuples(st.integers(0, 50).map(lambda n: NOW + n * 600.0), st.floats(0, 20_000)),
    min_size=1,
    max_size=8,
    unique_by=lambda one: one[0],
).map(lambda steps: tuple(sorted(steps)))


def limited(limit_w: float) -> Steps:
    return ((NOW, limit_w),)


def moments(*schedules: Steps) -> list[float]:
    edges = {at_s for steps in schedules for at_s, _ in steps}
    return sorted(edges | {at_s + 1.0 for at_s in edges} | {at_s - 1.0 for at_s in edges if at_s > NOW})


@settings(max_examples=60)
@given(several, limits)
def test_together_they_never_have_more_than_the_limit_and_none_more_than_it_takes(wanted: dict[int, Car], limit: float):
    made = planned(wanted, limited(limit))
    assert made.keys() == wanted.keys()
    for at_s in moments(*made.values()):
        assert sum(power_w(steps, at_s) for steps in made.values()) <= limit + 1e-6
        for evse, steps in made.items():
            given_w = power_w(steps, at_s)
            assert given_w == 0.0 or wanted[evse].least_w - 1e-6 <= given_w <= wanted[evse].most_w + 1e-6


@settings(max_examples=60)
@given(several, limits)
def test_every_schedule_begins_now_goes_on_in_time_and_has_no_more_periods_than_its_car_can_take(
    wanted: dict[int, Car], limit: float
):
    for evse, steps in planned(wanted, limited(limit)).items():
        begins = [at_s for at_s, _ in steps]
        assert begins[0] == NOW
        assert begins == sorted(set(begins))
        assert len(steps) <= (wanted[evse].entries or len(steps))
        assert all(one[1] != other[1] for one, other in pairwise(steps))


@settings(max_examples=60)
@given(
    st.builds(
        Car,
        most_w=st.floats(1_000, 150_000),
        least_w=st.sampled_from([0.0, 900.0]),
        energy_wh=st.floats(1, 100_000),
        departs_utc_s=st.floats(NOW + 60, NOW + 48 * HOUR),
    ),
    st.floats(1_000, 100_000),
)
def test_a_car_alone_has_its_energy_in_time_if_that_is_possible_and_no_more_power_than_that_takes(
    car: Car, limit: float
):
    assert car.energy_wh is not None
    assert car.departs_utc_s is not None
    steps = planned({1: car}, limited(limit))[1]
    level_w, most_w = steps[0][1], min(car.most_w, limit)
    soon_s = (car.departs_utc_s - NOW) * SOONER
    enough_w = car.energy_wh * RESERVE / soon_s * S_PER_H
    assert level_w == pytest.approx(min(max(enough_w, car.least_w), most_w), rel=1e-6, abs=1e-6)
    if enough_w <= most_w:
        assert energy_wh(steps, car.departs_utc_s) >= car.energy_wh
    assert power_w(steps, car.departs_utc_s + 1) == most_w, "who stays longer has what there is"


def test_who_leaves_first_comes_first_and_the_other_has_the_rest():
    early = Car(most_w=11_000, energy_wh=8_000, departs_utc_s=NOW + HOUR)
    late = Car(most_w=11_000, energy_wh=20_000, departs_utc_s=NOW + 4 * HOUR)
    made = planned({1: late, 2: early}, limited(11_000))
    assert energy_wh(made[2], NOW + HOUR) >= 8_000
    assert energy_wh(made[1], NOW + 4 * HOUR) >= 20_000
    assert power_w(made[1], NOW) < power_w(made[1], NOW + 2 * HOUR)


def test_those_who_do_not_say_when_they_leave_share_what_is_left():
    said = Car(most_w=11_000, energy_wh=3_000, departs_utc_s=NOW + HOUR)
    silent = Car(most_w=22_000)
    made = planned({1: silent, 2: said, 3: silent}, limited(22_000))
    assert power_w(made[1], NOW) == pytest.approx(power_w(made[3], NOW))
    assert sum(power_w(steps, NOW) for steps in made.values()) == pytest.approx(22_000)
    assert planned({}, limited(22_000)) == {}


def test_a_schedule_serves_a_car_that_has_its_energy_by_its_departure_or_something_at_once():
    car = Car(most_w=11_000, energy_wh=8_000, departs_utc_s=NOW + HOUR)
    assert serves(((NOW, 8_001.0),), car)
    assert not serves(((NOW, 8_001.0), (NOW + 3_000, 0.0)), car)
    assert serves(((NOW, 1.0),), Car(most_w=11_000))
    assert not serves(((NOW, 0.0), (NOW + 60, 11_000.0)), Car(most_w=11_000))


def test_a_car_for_which_too_little_is_left_waits_until_there_is_enough():
    first = Car(most_w=7_000, energy_wh=7_000, departs_utc_s=NOW + HOUR)
    other = Car(most_w=11_000, least_w=4_140)
    made = planned({1: first, 2: other}, limited(8_000))
    assert power_w(made[2], NOW) == 0.0
    assert power_w(made[2], NOW + HOUR + 1) == 8_000


@settings(max_examples=40)
@given(profiles, st.integers(1, 8))
def test_fewer_periods_never_say_more(steps: Steps, most: int):
    fewer = fitted(steps, most)
    assert len(fewer) <= most
    assert all(power_w(fewer, at_s) <= power_w(steps, at_s) for at_s in moments(steps) if at_s >= steps[0][0])


@settings(max_examples=40)
@given(profiles, profiles)
def test_what_is_left_and_what_is_taken_are_all_there_is(free: Steps, taken: Steps):
    left = without(free, taken)
    for at_s in moments(free, taken):
        assert power_w(left, at_s) == pytest.approx(max(0.0, power_w(free, at_s) - power_w(taken, at_s)))


@settings(max_examples=40)
@given(profiles, profiles)
def test_a_profile_is_held_against_the_schedule_at_every_moment(own: Steps, steps: Steps):
    fits = all(
        power_w(own, at_s) <= power_w(steps, at_s) * 1.01 + 1.0 for at_s in moments(own, steps) if at_s >= own[0][0]
    )
    assert keeps_to(own, steps) is fits


def test_schedules_that_differ_only_in_what_is_past_are_the_same():
    assert not differ(((NOW - HOUR, 5.0e3), (NOW - 60, 1.0e4)), ((NOW, 1.0e4),), NOW)
    assert differ(((NOW, 1.0e4),), ((NOW, 1.0e4), (NOW + HOUR, 5.0e3)), NOW)
