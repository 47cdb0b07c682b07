"""Monitors by themselves: when each speaks, what may be set, what a new base leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.values import Instant
from agent.ocpp.asks import VariableName, VariableStatus
from agent.ocpp.device_model import Attribute, Variable
from agent.ocpp.monitoring import (
    Base,
    Cause,
    ClearStatus,
    Kept,
    Monitor,
    Monitors,
    MonitorType,
    Origin,
    Sample,
    SetStatus,
    Wish,
    begun,
    due_in_s,
    elapsed,
    seen,
)

EPOCH_S = 1_767_225_600.0  # midnight
NOW = Instant(100.0, EPOCH_S + 100)
POWER = VariableName("EVSE", "Power", evse=1)
VARIABLE = Variable(
    name=POWER, attributes=(Attribute("Actual", "0"),), type="decimal", minimum=0, maximum=22_000, monitored=True
)
STATE = Variable(
    name=VariableName("EVSE", "AvailabilityState", evse=1),
    attributes=(Attribute("Actual", "Available"),),
    type="OptionList",
    monitored=True,
)
NUMBERS = st.integers(-1000, 1000).map(float)


def monitor(kind: MonitorType, value: float, **more: object) -> Monitor:
    return Monitor(1, POWER, kind, value, 5, **more)  # type: ignore[arg-type]


def number(value: float, tx: str | None = None) -> Sample:
    return Sample(str(value), tx=tx, numeric=True)


def spoken(one: Monitor, values: list[float], start: float = 0.0) -> list[tuple[int, bool]]:
    """At which value the monitor spoke, and whether it took its warning back."""
    watch = begun(one, number(start), NOW)
    said = []
    for at, value in enumerate(values):
        watch, alarm = seen(watch, number(value))
        if alarm is not None:
            said.append((at, alarm.cleared))
    return said


@pytest.mark.req("N07.FR.16")
@pytest.mark.req("N07.FR.02")
def test_an_upper_threshold_speaks_when_it_is_exceeded_not_when_it_is_reached_and_once_when_that_is_over():
    assert spoken(monitor(MonitorType.UPPER, 10), [10, 10.1, 12, 10, 9, 11]) == [(1, False), (3, True), (5, False)]


@pytest.mark.req("N07.FR.17")
def test_a_lower_threshold_speaks_below_it():
    assert spoken(monitor(MonitorType.LOWER, 10), [10, 9.9, 2, 10], start=20) == [(1, False), (3, True)]


@given(st.lists(NUMBERS), NUMBERS, st.sampled_from([MonitorType.UPPER, MonitorType.LOWER]))
def test_warnings_and_their_end_take_turns_and_the_last_says_how_things_are(
    values: list[float], limit: float, kind: MonitorType
):
    said = spoken(monitor(kind, limit), values)
    assert [cleared for _, cleared in said] == [bool(index % 2) for index in range(len(said))]
    if values:
        beyond = values[-1] > limit if kind is MonitorType.UPPER else values[-1] < limit
        assert beyond == (bool(said) and not said[-1][1])


@pytest.mark.req("N07.FR.18")
@given(st.lists(NUMBERS), st.integers(0, 50).map(float))
def test_a_delta_speaks_once_the_value_is_further_from_what_it_told_last_than_allowed(values: list[float], step: float):
    said = [at for at, _ in spoken(monitor(MonitorType.DELTA, step), values)]
    told = 0.0
    for at, value in enumerate(values):
        assert (abs(value - told) > step) == (at in said)
        told = value if at in said else told


@pytest.mark.req("N07.FR.19")
def test_a_delta_on_a_word_speaks_of_every_change_and_of_a_new_detail():
    watch = begun(monitor(MonitorType.DELTA, 100), Sample("false"), NOW)
    said = []
    for sample in (Sample("false"), Sample("true", "weld"), Sample("true", "weld"), Sample("true", "door,weld")):
        watch, alarm = seen(watch, sample)
        said.append(alarm is not None)
    assert said == [False, True, False, True]


@pytest.mark.req("N08.FR.06")
@pytest.mark.req("N08.FR.05")
def test_a_periodic_monitor_speaks_every_so_many_seconds_from_the_moment_it_was_set():
    watch = begun(monitor(MonitorType.PERIODIC, 30), number(0), NOW)
    assert due_in_s(watch, NOW) == 30
    assert elapsed(watch, number(0), Instant(129.0, EPOCH_S))[1] is None
    watch, alarm = elapsed(watch, number(7), Instant(130.0, EPOCH_S))
    assert alarm is not None
    assert (alarm.trigger, alarm.sample.value) == (Cause.PERIODIC, "7")
    assert due_in_s(watch, Instant(130.0, EPOCH_S)) == 30


@pytest.mark.req("N08.FR.07")
@given(st.floats(0, 200_000), st.sampled_from([1, 7, 60, 900, 3600, 25_200, 86_400]))
def test_a_clock_aligned_monitor_speaks_at_multiples_since_midnight(after_s: float, interval: float):
    now = Instant(0.0, EPOCH_S + after_s)
    watch = begun(monitor(MonitorType.CLOCK_ALIGNED, interval), number(0), now)
    wait_s = due_in_s(watch, now)
    assert 0 < wait_s <= interval
    since_midnight_s = (after_s + wait_s) % 86_400
    assert min(since_midnight_s % interval, interval - since_midnight_s % interval) == pytest.approx(0, abs=1e-3) or (
        min(since_midnight_s, 86_400 - since_midnight_s) == pytest.approx(0, abs=1e-3)
    )


def test_a_monitor_that_is_bound_to_transactions_is_blind_between_them():
    watch = begun(monitor(MonitorType.UPPER, 10, transaction=True), number(0), NOW)
    assert seen(watch, number(20))[1] is None
    assert seen(watch, number(20, tx="tx-1"))[1] is not None


# What may be set

BUILT_IN = (
    Monitor(1, VariableName("RCD", "Problem", evse=1), MonitorType.DELTA, 1, 0, origin=Origin.HARDWIRED),
    Monitor(2, POWER, MonitorType.UPPER, 22_000, 5, origin=Origin.PRECONFIGURED),
)


def monitors(kept: Kept | None = None) -> Monitors:
    return Monitors(BUILT_IN, kept or Kept())


def wish(kind: MonitorType = MonitorType.UPPER, value: float = 11_000, severity: int = 4, **more: object) -> Wish:
    return Wish(POWER, kind, value, severity, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "found", "status"),
    [
        (wish(), VARIABLE, SetStatus.ACCEPTED),
        (wish(), VariableStatus.UNKNOWN_COMPONENT, SetStatus.UNKNOWN_COMPONENT),  # N04.FR.03
        (wish(), VariableStatus.UNKNOWN_VARIABLE, SetStatus.UNKNOWN_VARIABLE),  # N04.FR.04
        (wish(), STATE, SetStatus.UNSUPPORTED),  # N04.FR.05
        (wish(MonitorType.DELTA), STATE, SetStatus.ACCEPTED),
        (wish(value=22_001), VARIABLE, SetStatus.REJECTED),  # N04.FR.06
        (wish(MonitorType.LOWER, -1), VARIABLE, SetStatus.REJECTED),
        (wish(severity=5), VARIABLE, SetStatus.DUPLICATE),  # N04.FR.10
        (wish(MonitorType.LOWER, severity=5), VARIABLE, SetStatus.ACCEPTED),
        (wish(MonitorType.DELTA, -1), VARIABLE, SetStatus.REJECTED),  # N04.FR.14
        (wish(MonitorType.PERIODIC, 0), VARIABLE, SetStatus.REJECTED),
        (wish(MonitorType.CLOCK_ALIGNED, 86_401), VARIABLE, SetStatus.REJECTED),
        (wish(severity=10), VARIABLE, SetStatus.REJECTED),
        (wish(id=77), VARIABLE, SetStatus.REJECTED),  # N04.FR.13
        (wish(id=1), VARIABLE, SetStatus.REJECTED),  # N04.FR.16, N04.FR.18
        (wish(id=2), VARIABLE, SetStatus.ACCEPTED),
    ],
)
def test_a_monitor_is_set_or_refused_for_the_right_reason(
    asked: Wish, found: Variable | VariableStatus, status: SetStatus
):
    assert monitors().wish(asked, found)[0] is status


@pytest.mark.req("N04.FR.18")
def test_a_hard_wired_monitor_is_neither_replaced_nor_cleared():
    problem = Variable(name=BUILT_IN[0].name, attributes=(), type="boolean", monitored=True)
    own = monitors()
    asked = Wish(BUILT_IN[0].name, MonitorType.DELTA, 1, 9, id=1)
    assert own.wish(asked, problem) == (SetStatus.REJECTED, None)
    assert own.clear(1) is ClearStatus.REJECTED
    assert own.clear(99) is ClearStatus.NOT_FOUND
    assert list(own) == list(BUILT_IN)


@pytest.mark.req("N03.FR.03")
@pytest.mark.req("N03.FR.04")
@pytest.mark.req("N03.FR.05")
@pytest.mark.req("N04.FR.15")
@pytest.mark.parametrize(
    ("base", "left"),
    [(Base.ALL, [1, 2, 10_000]), (Base.FACTORY_DEFAULT, [1, 2]), (Base.HARDWIRED_ONLY, [1])],
)
def test_a_new_base_leaves_the_monitors_that_it_names(base: Base, left: list[int]):
    own = monitors()
    assert own.wish(wish(), VARIABLE)[1] is not None
    status, changed = own.wish(wish(value=5000, id=2), VARIABLE)
    assert (status, changed.origin if changed else None) == (SetStatus.DUPLICATE, None)
    changed = own.wish(wish(value=5000, severity=3, id=2), VARIABLE)[1]
    assert changed is not None
    assert changed.origin is Origin.CUSTOM
    own.rebase(base)
    assert sorted(one.id for one in own) == left
    overruled = next((one for one in own if one.id == 2), None)
    assert (overruled == changed) is (base is Base.ALL)
    assert sorted(one.id for one in monitors(own.kept())) == left, "and so does a restart"


@pytest.mark.req("N06.FR.01")
def test_a_cleared_monitor_stays_away_until_the_base_brings_it_back():
    own = monitors()
    assert own.clear(2) is ClearStatus.ACCEPTED
    assert [one.id for one in monitors(own.kept())] == [1]
    own.rebase(Base.ALL)
    assert [one.id for one in own] == [1, 2]


@pytest.mark.req("N07.FR.11")
@pytest.mark.req("N07.FR.14")
@pytest.mark.parametrize(("limit", "said"), [(50.0, None), (150.0, True), (90.0, None)])
def test_a_changed_threshold_takes_its_warning_back_only_if_it_is_no_longer_exceeded(limit: float, said: bool | None):
    own = monitors()
    _, first = own.wish(wish(value=80), VARIABLE)
    assert first is not None
    own.begin(first, number(0), NOW)
    own.watches[first.id], alarm = seen(own.watches[first.id], number(100))
    assert alarm is not None
    later = monitors(own.kept())  # and over a restart
    _, second = later.wish(wish(value=limit, id=first.id), VARIABLE)
    assert second is not None
    later.begin(second, number(100), NOW)
    _, alarm = seen(later.watches[second.id], number(100))
    assert (alarm.cleared if alarm is not None else None) is said


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(MonitorType)),
            st.integers(-5, 90_000).map(float),
            st.integers(-1, 10),
            st.sampled_from([None, 1, 2, 10_000, 10_001]),
        ),
        max_size=12,
    )
)
def test_whatever_is_asked_no_two_monitors_are_alike_and_a_restart_changes_none(
    asked: list[tuple[MonitorType, float, int, int | None]],
):
    own = monitors()
    for kind, value, severity, monitor_id in asked:
        own.wish(Wish(POWER, kind, value, severity, id=monitor_id), VARIABLE)
    keys = [(one.name, one.type, one.severity) for one in own]
    assert len(keys) == len(set(keys))
    assert sorted(own, key=lambda one: one.id) == sorted(monitors(own.kept()), key=lambda one: one.id)
