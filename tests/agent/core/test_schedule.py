from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.core.composite import composite, in_whole_seconds, station_composite
from agent.core.schedule import (
    DAY_S,
    Kind,
    LimitOwner,
    Period,
    Profile,
    ProfileError,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
    Situation,
    checked,
    limit_at,
    next_change,
    overlapping,
)

MIDNIGHT = 1_800_057_600.0  # 2027-01-16 00:00 UTC
HERE = Situation(evse=1, tx="tx-1", ready_utc_s=MIDNIGHT)


def profile(*periods, number=1, stack=0, purpose=Purpose.TX_DEFAULT, kind=Kind.ABSOLUTE, evse=0, **more) -> Profile:
    schedule = Schedule(
        tuple(Period(*one) for one in periods),
        start_utc_s=more.pop("start", None if kind is Kind.RELATIVE else MIDNIGHT),
        duration_s=more.pop("duration", None),
        unit=more.pop("unit", RateUnit.AMPERE),
    )
    return Profile(id=number, evse=evse, stack_level=stack, purpose=purpose, kind=kind, schedule=schedule, **more)


def amps(profiles, at_s, situation=HERE):
    active = limit_at(profiles, situation, MIDNIGHT + at_s)
    return None if active is None else active.current_a


def test_without_a_profile_nothing_is_limited():
    assert amps([], 0) is None


@pytest.mark.req("K01.FR.12")
def test_a_period_holds_until_the_next_begins_or_the_duration_is_over():
    plan = [profile((0, 16.0), (3600, 10.0), duration=7200)]
    assert [amps(plan, at) for at in (0, 3599, 3600, 7199, 7200)] == [16.0, 16.0, 10.0, 10.0, None]


@pytest.mark.req("K01.FR.11")
def test_a_period_beyond_the_duration_never_comes():
    assert amps([profile((0, 16.0), (7200, 32.0), duration=3600)], 7200) is None


@pytest.mark.req("K01.FR.17")
@pytest.mark.behaviour(20)
def test_the_higher_stack_level_overrules_and_the_lower_takes_over_when_it_has_ended():
    plan = [profile((0, 16.0)), profile((0, 32.0), number=2, stack=5, duration=3600)]
    assert [amps(plan, at) for at in (0, 3600)] == [32.0, 16.0]


def test_purposes_combine_to_the_lowest():
    plan = [profile((0, 16.0)), profile((0, 10.0), number=2, purpose=Purpose.STATION_MAX)]
    assert amps(plan, 0) == 10.0
    assert amps([*plan, profile((0, 8.0), number=3, purpose=Purpose.EXTERNAL)], 0) == 8.0


def test_a_transactions_own_profile_goes_before_the_default_even_when_it_is_higher():
    plan = [profile((0, 10.0)), profile((0, 20.0), number=2, purpose=Purpose.TX, evse=1, tx="tx-1")]
    assert amps(plan, 0) == 20.0


def test_a_profile_of_another_transaction_or_evse_does_not_count():
    plan = [profile((0, 20.0), purpose=Purpose.TX, evse=1, tx="other"), profile((0, 9.0), number=2, evse=2)]
    assert amps(plan, 0) is None


@pytest.mark.req("K01.FR.36")
@pytest.mark.req("K01.FR.37")
def test_validity_begins_with_its_first_moment_and_ends_before_its_last():
    plan = [profile((0, 16.0), valid_from_utc_s=MIDNIGHT + 10, valid_to_utc_s=MIDNIGHT + 20)]
    assert [amps(plan, at) for at in (9, 10, 19, 20)] == [None, 16.0, 16.0, None]


@pytest.mark.req("K01.FR.30")
def test_a_schedule_that_starts_in_the_future_limits_nothing_until_then():
    assert [amps([profile((0, 16.0), start=MIDNIGHT + 60)], at) for at in (59, 60)] == [None, 16.0]


@pytest.mark.req("K01.FR.13")
def test_a_daily_schedule_comes_back_and_leaves_the_rest_of_the_day_to_others():
    night = profile((0, 32.0), number=2, stack=1, kind=Kind.RECURRING, recurrency=Recurrency.DAILY, duration=6 * 3600)
    plan = [profile((0, 8.0)), night]
    for day in range(3):
        assert amps(plan, day * DAY_S + 3600) == 32.0
        assert amps(plan, day * DAY_S + 6 * 3600) == 8.0


def test_a_weekly_schedule_comes_back_after_a_week():
    week = profile((0, 16.0), (DAY_S, 10.0), kind=Kind.RECURRING, recurrency=Recurrency.WEEKLY)
    assert [amps([week], day * DAY_S) for day in (0, 1, 6, 7, 8)] == [16.0, 10.0, 10.0, 16.0, 10.0]


@pytest.mark.req("K01.FR.42")
@pytest.mark.behaviour(20)
def test_a_relative_schedule_counts_from_when_the_transaction_could_have_energy():
    plan = [profile((0, 16.0), (600, 6.0), kind=Kind.RELATIVE)]
    later = replace(HERE, ready_utc_s=MIDNIGHT + 1000)
    assert [amps(plan, at, later) for at in (999, 1000, 1600)] == [None, 16.0, 6.0]
    assert amps(plan, 5000, replace(HERE, ready_utc_s=None)) is None


@pytest.mark.req("K01.FR.50")
@pytest.mark.parametrize(("phases", "current_a"), [(3, 16.0), (1, 48.0)])
@pytest.mark.behaviour(20)
def test_power_becomes_current_by_nominal_voltage_and_phases(phases, current_a):
    assert amps([profile((0, 11040.0, phases), unit=RateUnit.WATT)], 0) == pytest.approx(current_a)


def test_the_next_change_is_the_next_edge_of_any_profile():
    plan = [profile((0, 16.0), (3600, 10.0)), profile((0, 6.0), number=2, stack=1, start=MIDNIGHT + 600, duration=60)]
    assert next_change(plan, HERE, MIDNIGHT) == MIDNIGHT + 600
    assert next_change(plan, HERE, MIDNIGHT + 600) == MIDNIGHT + 660
    assert next_change(plan, HERE, MIDNIGHT + 3600) is None


def test_a_composite_schedule_has_no_period_more_than_it_needs():
    plan = [profile((0, 16.0), (3600, 10.0), (7200, 10.0)), profile((0, 12.0), number=2, purpose=Purpose.STATION_MAX)]
    assert composite(plan, HERE, MIDNIGHT, 3 * 3600) == (Period(0, 12.0, 3), Period(3600, 10.0, 3))


def test_a_composite_schedule_begins_in_the_middle_of_a_period_and_can_speak_of_power():
    plan = [profile((0, 16.0), (3600, 10.0))]
    assert composite(plan, HERE, MIDNIGHT + 1800, 3600, RateUnit.WATT) == (
        Period(0, 11040.0, 3),
        Period(1800, 6900.0, 3),
    )


def test_stretches_without_a_limit_are_left_out_or_filled_with_what_the_station_can():
    plan = [profile((0, 16.0), start=MIDNIGHT + 600, duration=600)]
    assert composite(plan, HERE, MIDNIGHT, 3600) == (Period(600, 16.0, 3),)
    filled = (Period(0, 32.0, 3), Period(600, 16.0, 3), Period(1200, 32.0, 3))
    assert composite(plan, HERE, MIDNIGHT, 3600, ceiling_a=32.0) == filled


@pytest.mark.req("K08.FR.04")
def test_a_composite_schedule_never_promises_more_than_the_station_can():
    plan = [profile((0, 999_999.0), (600, 10.0), unit=RateUnit.WATT)]
    single = replace(HERE, phases=1)
    assert composite(plan, single, MIDNIGHT, 300, ceiling_a=16.0) == (Period(0, 16.0, 1),)
    assert composite(plan, single, MIDNIGHT, 300, RateUnit.WATT, ceiling_a=16.0) == (Period(0, 3680.0, 1),)


def test_limits_are_told_in_tenths_and_never_above_what_they_are():
    plan = [profile((0, 11_000.0), unit=RateUnit.WATT)]
    assert composite(plan, HERE, MIDNIGHT, 60) == (Period(0, 15.9, 3),)


@pytest.mark.req("K08.FR.02")
def test_of_periods_that_begin_within_one_second_the_last_is_told():
    plan = [profile((0, 8.0), start=MIDNIGHT + 0.084, duration=60)]
    told = in_whole_seconds(composite(plan, HERE, MIDNIGHT, 300, ceiling_a=32.0))
    assert told == (Period(0, 8.0, 3), Period(60, 32.0, 3))


@pytest.mark.req("K08.FR.03")
@pytest.mark.octt("TC_K_22_CS")
def test_the_station_expects_the_sum_of_its_evses_within_what_limits_it_as_a_whole():
    everywhere = [(Situation(1, None, MIDNIGHT), 32.0), (Situation(2, None, MIDNIGHT), 16.0)]
    plan = [profile((0, 6.0), valid_to_utc_s=MIDNIGHT + 300)]

    def whole(*more, unit=RateUnit.AMPERE, fuse_a=math.inf):
        return station_composite([*plan, *more], everywhere, MIDNIGHT, 400, unit, fuse_a)

    assert whole() == (Period(0, 12.0, 3), Period(300, 48.0, 3))
    assert whole(fuse_a=40.0) == (Period(0, 12.0, 3), Period(300, 40.0, 3))
    cap = profile((0, 20.0), number=2, purpose=Purpose.STATION_MAX)
    assert whole(cap) == (Period(0, 12.0, 3), Period(300, 20.0, 3))
    assert whole(cap, unit=RateUnit.WATT) == (Period(0, 8280.0, 3), Period(300, 13800.0, 3))


def test_on_the_same_level_the_default_of_one_evse_goes_before_that_of_all():
    plan = [profile((0, 10.0)), profile((0, 20.0), number=2, evse=1)]
    assert amps(plan, 0) == amps(plan[::-1], 0) == 20.0
    assert amps(plan, 0, replace(HERE, evse=2)) == 10.0


def test_what_different_systems_impose_holds_side_by_side():
    grid = profile((0, 16.0), number=-1, purpose=Purpose.EXTERNAL, owner=LimitOwner.GRID)
    house = profile((0, 12.0), number=-2, purpose=Purpose.EXTERNAL, owner=LimitOwner.ENERGY_MANAGER)
    assert amps([grid, house], 0) == amps([house, grid], 0) == 12.0


@pytest.mark.req("K01.FR.06")
@pytest.mark.req("K01.FR.39")
def test_two_profiles_are_in_each_others_way_on_one_level_at_one_time():
    one = profile((0, 16.0), valid_to_utc_s=MIDNIGHT)
    assert overlapping(one, profile((0, 8.0), number=2))
    assert not overlapping(one, profile((0, 8.0), number=2, valid_from_utc_s=MIDNIGHT))
    assert not overlapping(one, profile((0, 8.0), number=2, stack=1))
    assert not overlapping(one, profile((0, 8.0), number=2, evse=1))


@pytest.mark.req("K01.FR.21")
def test_the_rate_below_which_a_car_charges_badly_is_told_in_ampere():
    plan = [profile((0, 6900.0), unit=RateUnit.WATT)]
    plan = [replace(plan[0], schedule=replace(plan[0].schedule, min_rate=6900.0))]
    assert limit_at(plan, HERE, MIDNIGHT).min_a == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (profile((5, 16.0)), "K01.FR.31"),
        (profile((0, 16.0), (60, 8.0), (60, 9.0)), "K01.FR.35"),
        (profile((0, math.nan)), "at least 0"),
        (profile((0, -1.0)), "at least 0"),
        (profile((0, 16.0, 4)), "phases"),
        (profile((0, 16.0, 0)), "phases"),
        (profile((0, 16.0, 1, 4)), "a phase is"),
        (profile((0, 16.0, 3, 1)), "K01.FR.19"),
        (profile((0, 16.0), duration=0), "duration"),
        (profile((0, 16.0), stack=-1), "stack level"),
        (profile((0, 16.0), start=None), "K01.FR.40"),
        (profile((0, 16.0), kind=Kind.RELATIVE, start=MIDNIGHT), "K01.FR.40/41"),
        (profile((0, 16.0), kind=Kind.RECURRING), "recurrencyKind"),
        (profile((0, 16.0), kind=Kind.RELATIVE, purpose=Purpose.STATION_MAX), "K01.FR.38"),
        (profile((0, 16.0), purpose=Purpose.STATION_MAX, evse=1), "EVSE 0"),
        (profile((0, 16.0), purpose=Purpose.TX), "K01.FR.16"),
    ],
)
def test_a_profile_that_cannot_be_executed_is_refused_with_its_rule(broken, says):
    with pytest.raises(ProfileError, match=says):
        checked(broken)


offsets = st.integers(0, 2 * DAY_S).map(float)
plans = st.lists(
    st.builds(
        lambda starts, limits, number, stack, purpose, kind, start, duration, recurrency, valid, unit: profile(
            (0.0, limits[0]),
            *zip(sorted(starts), limits[1:], strict=False),
            number=number,
            stack=stack,
            purpose=purpose,
            kind=kind,
            evse=1 if purpose is Purpose.TX else 0,
            tx="tx-1" if purpose is Purpose.TX else None,
            start=None if kind is Kind.RELATIVE else MIDNIGHT + start,
            duration=duration,
            recurrency=recurrency if kind is Kind.RECURRING else None,
            valid_from_utc_s=MIDNIGHT + valid[0],
            valid_to_utc_s=MIDNIGHT + valid[1],
            unit=unit,
        ),
        st.sets(st.integers(1, 90_000).map(float), max_size=3),
        st.lists(st.sampled_from([0.0, 6.0, 10.0, 16.0, 32.0]), min_size=4, max_size=4),
        st.integers(1, 9),
        st.integers(0, 3),
        st.sampled_from(Purpose),
        st.sampled_from(Kind),
        st.integers(-DAY_S, DAY_S),
        st.one_of(st.none(), st.integers(1, DAY_S).map(float)),
        st.sampled_from(Recurrency),
        st.tuples(st.integers(-DAY_S, DAY_S), st.integers(-DAY_S, 2 * DAY_S)),
        st.sampled_from(RateUnit),
    ),
    max_size=5,
)


@settings(max_examples=300, deadline=None)
@given(plans, offsets, st.integers(1, DAY_S), st.lists(st.integers(0, DAY_S), min_size=5, max_size=30))
def test_the_composite_schedule_says_at_every_second_what_holds_at_that_second(plan, start, duration, probes):
    begin = MIDNIGHT + start
    periods = composite(plan, HERE, begin, duration, ceiling_a=99.0)
    assert periods[0].start_s == 0
    edges = [one.start_s for one in periods]
    near = [int(edge) + step for edge in edges for step in (-1, 0, 1)]
    for second in (one for one in (*probes, *near) if 0 <= one < duration):
        said = next(one for one in reversed(periods) if one.start_s <= second)
        active = limit_at(plan, HERE, begin + second)
        holds = 99.0 if active is None else min(active.current_a, 99.0)
        assert said.limit <= holds + 1e-6
        assert said.limit > holds - 0.1


@settings(max_examples=200, deadline=None)
@given(plans, offsets)
def test_nothing_changes_before_the_next_change(plan, start):
    begin = MIDNIGHT + start
    now, edge = limit_at(plan, HERE, begin), next_change(plan, HERE, begin)
    end = edge if edge is not None else begin + 7 * DAY_S
    for share in (0.001, 0.25, 0.5, 0.999):
        assert limit_at(plan, HERE, begin + (end - begin) * share) == now
