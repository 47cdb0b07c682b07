"""One EVSE's physics under arbitrary sequences of what controller, driver and defects may do."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.errors import HalError
from hal.types import ContactorChanged, CpChanged, CpState
from sim.circuit import Source, SourceMode
from sim.grid import Grid
from sim.symptoms import DEFAULTS, GRID_SYMPTOMS, Symptom
from sim.vehicle import VehicleSpec
from tests.sim.bench import Bench

Action = Callable[[Bench], None]

SMALL = VehicleSpec(capacity_wh=3000.0, soc_pct=70.0, phases=3, max_current_a=32.0)


def symptom(one: Symptom, there: bool) -> Action:
    def act(bench: Bench) -> None:
        others = {key: value for key, value in bench.evse.symptoms.items() if key is not one}
        bench.evse.set_symptoms(others | ({one: DEFAULTS[one]} if there else {}), bench.now_s)

    return act


actions: st.SearchStrategy[Action] = st.one_of(
    st.builds(lambda spec: lambda b: b.plug_in(spec), st.sampled_from([SMALL, VehicleSpec(soc_pct=99.0, phases=1)])),
    st.builds(lambda graceful: lambda b: b.evse.plug_out(graceful, b.now_s), st.booleans()),
    st.builds(lambda duty: lambda b: b.pwm(duty), st.floats(10.0, 96.0)),
    st.builds(lambda mode: lambda b: b.pilot(Source(mode)), st.sampled_from([SourceMode.X1, SourceMode.F])),
    st.builds(lambda on: lambda b: b.permit(on), st.booleans()),
    st.builds(lambda on: lambda b: b.evse.lock.drive(on, b.now_s), st.booleans()),
    st.just(lambda b: b.evse.present_car.pause()),
    st.just(lambda b: b.evse.present_car.resume(b.now_s)),
    st.builds(symptom, st.sampled_from(sorted(set(Symptom) - GRID_SYMPTOMS)), st.booleans()),
)
waits = st.floats(0.0, 900.0) | st.floats(0.0, 5.0)
happy_start: list[tuple[Action, float]] = [
    (lambda b: b.plug_in(SMALL), 1.0),
    (lambda b: b.pwm(50.0), 3.0),
    (lambda b: b.permit(True), 60.0),
]
lives = st.lists(st.tuples(actions, waits), max_size=15).flatmap(
    lambda rest: st.sampled_from([rest, [*happy_start, *rest]])
)


def live(life: list[tuple[Action, float]], look_every_s: float | None = None) -> Bench:
    bench = Bench(seed=3)
    for act, wait_s in life:
        with contextlib.suppress(HalError):  # e.g. a second car on the same cable
            act(bench)
            bench.settle()
        until_s = bench.now_s + wait_s
        while look_every_s is not None and bench.now_s + look_every_s < until_s:
            bench.run(look_every_s)
        bench.run_to(until_s)
    return bench


@settings(max_examples=60, deadline=None)
@given(lives)
def test_no_energy_flows_through_an_open_contactor(life):
    bench = live(life)
    for segment in bench.segments:
        assert segment.closed or segment.flowed_wh == 0.0
        assert segment.closed or segment.currents_a == (0.0, 0.0, 0.0)


@settings(max_examples=60, deadline=None)
@given(lives)
def test_energy_is_the_sum_of_voltage_times_current_and_never_falls(life):
    bench = live(life)
    expected_wh = 0.0
    for segment in bench.segments:
        power_w = sum(v * a for v, a in zip(segment.voltages_v, segment.currents_a, strict=True))
        expected_wh += power_w * (segment.to_s - segment.from_s) / 3600.0
        assert segment.flowed_wh >= 0.0
    assert bench.flowed_wh == pytest.approx(expected_wh, rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(lives)
def test_no_battery_is_ever_more_than_full(life):
    assert all(segment.soc_pct is None or 0.0 <= segment.soc_pct <= 100.0 for segment in live(life).segments)


@settings(max_examples=30, deadline=None)
@given(lives, st.floats(0.3, 7.0))
def test_looking_often_changes_nothing(life, look_every_s):
    lazy, watched = live(life), live(life, look_every_s)
    assert watched.flowed_wh == pytest.approx(lazy.flowed_wh, rel=1e-9, abs=1e-6)
    assert [(what, value) for _, what, value in watched.trace] == [(what, value) for _, what, value in lazy.trace]
    assert [at_s for at_s, _, _ in watched.trace] == pytest.approx([at_s for at_s, _, _ in lazy.trace], abs=1e-4)


def test_a_fine_numerical_integration_of_a_whole_charge_gives_the_same_energy():
    bench = Bench()
    bench.charge(SMALL)
    start_wh, summed_ws, step_s = bench.flowed_wh, 0.0, 0.05
    while bench.evse.present_car.s2_closed:
        bench.run(step_s)
        summed_ws += step_s * sum(v * a for v, a in zip(bench.evse.voltages_v, bench.evse.currents_a, strict=True))
    one_step_wh = 3 * 32.0 * 230.0 * step_s / 3600.0  # the sum looks at the end of each step
    assert bench.flowed_wh - start_wh == pytest.approx(summed_ws / 3600.0, abs=one_step_wh)
    assert bench.evse.present_car.soc_pct == 100.0


def test_the_battery_gets_what_the_meter_counts_less_the_losses():
    bench = Bench(grid=Grid(source_impedance_ohm=1.0))
    car = bench.charge(VehicleSpec(capacity_wh=50_000.0, soc_pct=40.1, efficiency=0.9))
    bench.run(10_000.0)
    stored_wh = (car.soc_pct - 40.1) / 100.0 * 50_000.0
    assert stored_wh == pytest.approx(bench.flowed_wh * 0.9, rel=1e-6)


def test_a_converter_that_dies_before_its_filter_settled_reports_nothing():
    bench = Bench()
    bench.plug_in()
    bench.run(0.01)
    bench.evse.set_symptoms({Symptom.CP_SILENT: 1.0}, bench.now_s)
    bench.run(60.0)
    assert bench.events(CpChanged) == []


def test_the_reading_follows_the_level_after_the_filter():
    bench = Bench()
    bench.run(1.0)
    bench.plug_in()
    assert bench.evse.pilot.state is CpState.B
    assert bench.events(CpChanged) == []
    bench.run(0.05)
    assert [event.reading.state for event in bench.events(CpChanged)] == [CpState.B]


def test_the_contactor_follows_permission_in_every_state_because_it_enforces_nothing():
    bench = Bench()
    bench.permit(True)
    bench.run(3600.0)
    assert bench.evse.contactor.closed
    assert bench.flowed_wh == 0.0


def test_a_cable_pulled_under_load_stops_the_current_at_once():
    bench = Bench()
    bench.charge()
    bench.evse.plug_out(False, bench.now_s)
    bench.settle()
    assert bench.evse.currents_a == (0.0, 0.0, 0.0)
    assert bench.times("under-load") == [bench.now_s]
    assert bench.evse.pilot.state is CpState.A


def test_a_contactor_that_opens_with_current_flowing_says_so():
    bench = Bench()
    bench.charge()
    bench.permit(False)
    bench.run(1.0)
    assert bench.events(ContactorChanged)[-1] == ContactorChanged(closed=False, cycles=1, under_load=True)


def test_a_contactor_that_opens_after_the_car_stopped_is_not_under_load():
    bench = Bench()
    bench.charge()
    bench.pilot(Source(SourceMode.X1))
    bench.run(3.0)
    bench.permit(False)
    bench.run(1.0)
    assert bench.events(ContactorChanged)[-1] == ContactorChanged(closed=False, cycles=1, under_load=False)


def test_one_welded_pole_feeds_one_phase():
    bench = Bench()
    bench.charge()
    bench.evse.set_symptoms({Symptom.WELD: 2.0}, bench.now_s)
    bench.permit(False)
    bench.run(1.0)
    assert bench.evse.currents_a == pytest.approx((0.0, 16.0, 0.0))
    assert bench.evse.contactor.mirror


def test_a_locked_cable_stays_in_the_socket_until_it_is_unlocked():
    bench = Bench()
    bench.plug_in()
    bench.evse.lock.drive(True, bench.now_s)
    bench.run(1.0)
    bench.evse.plug_out(True, bench.now_s)
    bench.run(60.0)
    assert bench.evse.pilot.state is CpState.A
    assert bench.evse.cable_ohm is not None
    bench.evse.lock.drive(False, bench.now_s)
    bench.run(5.0)
    assert bench.evse.cable_ohm is None
