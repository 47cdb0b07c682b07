"""Invariants under fire: drivers, operators, faults, power cuts and clocks in any order; nothing ever goes wrong.

And each invariant can fail: a planted bug that it catches.
"""

from __future__ import annotations

import os
import secrets

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from sim.symptoms import Symptom
from tests.campaigns.results import campaign
from tests.journeys.fire import STRANGER, TOKENS, Fire

pytestmark = pytest.mark.own_clock  # the machine brings clocks of its own

STORY_STEPS = 100  # at the most; hypothesis ends a third of the stories earlier
PARTS, STORIES = 5, 20  # some 8,000 steps in 100 core-seconds
EVSES = st.sampled_from([1, 2])
PAUSES_S = st.sampled_from([0.0, 0.05, 0.3, 1.0, 2.5, 6.0, 15.0, 40.0])
SYMPTOMS = st.sampled_from(
    [
        Symptom.CP_SHORT,
        Symptom.CP_OPEN,
        Symptom.CP_SILENT,
        Symptom.CP_DRIFT,
        Symptom.CP_LOOSE,
        Symptom.DIODE_SHORT,
        Symptom.PP_OPEN,
        Symptom.PP_SHORT,
        Symptom.NO_CLOSE,
        Symptom.WELD,
        Symptom.LOCK_JAM,
        Symptom.LOCK_SLIPS,
        Symptom.RESIDUAL_DC,
        Symptom.E_STOP,
        Symptom.OVER_TEMPERATURE,
        Symptom.DOOR_OPEN,
        Symptom.PHASE_LOSS,
        Symptom.GRID_VOLTAGE,
    ]
)
METERS = st.sampled_from(
    [
        {"silent": True},
        {"exception": 4},
        {"fill": 0xFFFF},
        {"frozen": True},
        {"delay_s": 0.6},
        {"offset_wh": -40.0},
        {"offset_wh": 5e9},
    ]
)
CSMS_FAULTS = st.sampled_from([{"drop": True}, {"close": True}, {"malformed": True}, {"delay_s": 20.0}])
CARS = st.sampled_from(
    [
        {},
        {"phases": 1, "max_current_a": 32.0},
        {"cable_a": 13.0},
        {"capacity_wh": 500.0, "soc_pct": 90.0},
        {"needs_ventilation": True},
        {"s2_delay_s": 10.0},
        {"sleep_after_s": 5.0},
    ]
)


class Machine(RuleBasedStateMachine):
    """Any of it, at any time."""

    steps = 0

    fire: Fire

    @initialize(version=st.sampled_from(["2.0.1", "1.6"]))
    def power_up(self, version):
        self.fire = Fire(version)

    @rule(evse=EVSES, car=CARS, pause_s=PAUSES_S)
    def plug_in(self, evse, car, pause_s):
        self.fire.plug_in(evse, **car)
        self.fire.wait(pause_s)

    @rule(evse=EVSES, graceful=st.booleans(), pause_s=PAUSES_S)
    def plug_out(self, evse, graceful, pause_s):
        self.fire.plug_out(evse, graceful=graceful)
        self.fire.wait(pause_s)

    @rule(evse=EVSES, token=st.sampled_from([*TOKENS, *TOKENS, STRANGER]), pause_s=PAUSES_S)
    def tap(self, evse, token, pause_s):
        self.fire.tap(evse, token)
        self.fire.wait(pause_s)

    @rule(evse=EVSES, pause_s=PAUSES_S)
    def arrive_and_tap(self, evse, pause_s):
        self.fire.plug_in(evse)
        self.fire.wait(1.0)
        self.fire.tap(evse)
        self.fire.wait(pause_s)

    @rule(evse=EVSES, pauses=st.booleans(), pause_s=PAUSES_S)
    def the_car_pauses_or_goes_on(self, evse, pauses, pause_s):
        if pauses:
            self.fire.pause(evse)
        else:
            self.fire.resume(evse)
        self.fire.wait(pause_s)

    @rule(evse=EVSES, start=st.booleans(), pause_s=PAUSES_S)
    def a_remote_command(self, evse, start, pause_s):
        if start:
            self.fire.remote_start(evse)
        else:
            self.fire.remote_stop(evse)
        self.fire.wait(pause_s)

    @rule(at_once=st.booleans(), pause_s=PAUSES_S)
    def a_reset(self, at_once, pause_s):
        self.fire.reset(at_once=at_once)
        self.fire.wait(pause_s)

    @rule(evse=EVSES, current_a=st.sampled_from([0.0, 6.0, 10.0, 32.0]), pause_s=PAUSES_S)
    def a_limit(self, evse, current_a, pause_s):
        self.fire.limit(evse, current_a)
        self.fire.wait(pause_s)

    @rule(evse=EVSES, symptom=SYMPTOMS, appears=st.booleans(), pause_s=PAUSES_S)
    def a_symptom(self, evse, symptom, appears, pause_s):
        if appears:
            self.fire.inject(evse, symptom)
        else:
            self.fire.clear(evse, symptom)
        self.fire.wait(pause_s)

    @rule(evse=EVSES, wrong=st.one_of(st.just({}), METERS), pause_s=PAUSES_S)
    def the_meter(self, evse, wrong, pause_s):
        self.fire.meter(evse, **wrong)
        self.fire.wait(pause_s)

    @rule(lost=st.booleans(), pause_s=PAUSES_S)
    def the_bus(self, lost, pause_s):
        self.fire.bus(lost=lost)
        self.fire.wait(pause_s)

    @precondition(lambda self: self.fire.station.alive)
    @rule(down_s=st.sampled_from([0.5, 5.0, 30.0]), pause_s=PAUSES_S)
    def a_power_cut(self, down_s, pause_s):
        self.fire.kill()
        self.fire.wait(down_s)
        self.fire.boot()
        self.fire.wait(pause_s)

    @rule(full=st.booleans(), pause_s=PAUSES_S)
    def the_disk(self, full, pause_s):
        self.fire.disk(full=full)
        self.fire.wait(pause_s)

    @rule(seconds=st.sampled_from([-3.2e8, -3600.0, 3600.0, 3.2e8]), pause_s=PAUSES_S)
    def the_clock_jumps(self, seconds, pause_s):
        self.fire.clock_jump(seconds)
        self.fire.wait(pause_s)

    @rule(online=st.booleans(), pause_s=PAUSES_S)
    def the_network(self, online, pause_s):
        self.fire.network(online=online)
        self.fire.wait(pause_s)

    @rule(up=st.booleans(), pause_s=PAUSES_S)
    def the_csms(self, up, pause_s):
        self.fire.csms(up=up)
        self.fire.wait(pause_s)

    @rule(fault=CSMS_FAULTS, pause_s=PAUSES_S)
    def an_answer_goes_wrong(self, fault, pause_s):
        self.fire.csms_fault(**fault)
        self.fire.wait(pause_s)

    @rule()
    def glance(self):
        self.fire.glance_at_bills()

    def teardown(self):
        if not hasattr(self, "fire"):
            return
        try:
            self.fire.settle()
        finally:
            Machine.steps += self.fire.steps
            self.fire.close()


def run(examples: int, machine: type[Machine] = Machine) -> None:
    """Shrinking a story takes minutes: EVSE_FIRE_SHRINK=1 asks for it."""
    profile = settings(
        max_examples=examples,
        stateful_step_count=STORY_STEPS,
        deadline=None,
        database=None,
        print_blob=True,
        phases=[Phase.generate, Phase.shrink] if "EVSE_FIRE_SHRINK" in os.environ else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=profile)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_befalls_a_station_no_invariant_is_broken(part):
    told = Machine.steps
    machine = seed(part)(type(f"Machine{part}", (Machine,), {}))
    run(int(os.environ.get("EVSE_FIRE_EXAMPLES", STORIES)), machine)
    print(f"{Machine.steps - told:,} steps")  # noqa: T201 - shown by pytest -s


@pytest.mark.campaign
@pytest.mark.timeout(0)
def test_a_million_steps_break_no_invariant():
    wanted = int(os.environ.get("EVSE_FIRE_STEPS", "1000000"))
    with campaign("fire", "invariants under fire, random stories of 100 steps", lambda: f"{Machine.steps:,} steps"):
        while Machine.steps < wanted:
            run(10, seed(secrets.randbits(64))(type("Stranger", (Machine,), {})))  # else the same ten again and again
            print(f"{Machine.steps:,} of {wanted:,} steps", flush=True)  # noqa: T201 - hours pass
