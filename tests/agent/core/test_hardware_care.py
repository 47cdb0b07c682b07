"""Derating, wake-up, phase switching and self-tests as pure functions, and what the session makes of the hardware."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import derating, phases, selftest, wakeup
from agent.core.derating import Derating
from agent.core.effects import PermitPower, Pilot
from agent.core.limits import LimitSource, checked
from agent.core.phases import Do, PhasesError, Switch
from agent.core.selftest import SelfTest
from agent.core.session import Session
from agent.core.wakeup import WakeUp
from hal.types import CpState, FaultKind, FaultRaised, TemperatureMeasured
from tests.agent.core.playing import Player

# Derating


@pytest.mark.parametrize(
    ("celsius", "current_a"), [(25.0, 80.0), (60.0, 80.0), (70.0, 43.0), (80.0, 6.0), (84.9, 6.0), (85.0, 0.0)]
)
def test_a_warm_charger_offers_less_along_the_curve(celsius: float, current_a: float):
    assert derating.CURVE.current_a(celsius) == pytest.approx(current_a)


def test_what_is_no_temperature_offers_nothing():
    assert derating.CURVE.current_a(math.nan) == 0.0


@given(st.floats(-50, 200), st.floats(-50, 200))
def test_a_warmer_charger_never_offers_more(one: float, other: float):
    assert derating.CURVE.current_a(max(one, other)) <= derating.CURVE.current_a(min(one, other))


def test_it_falls_at_once_and_rises_after_a_minute_of_being_cooler():
    state = derating.measured(Derating(), "plug", 80.0, 0.0)
    assert state.allowed_a == 6.0
    state = derating.measured(state, "plug", 50.0, 10.0)
    assert state.allowed_a == 6.0
    assert derating.measured(state, "plug", 50.0, 69.9).allowed_a == 6.0
    assert derating.measured(state, "plug", 50.0, 70.0).allowed_a == 80.0


def test_a_warm_moment_starts_the_wait_anew():
    state = derating.measured(Derating(), "plug", 80.0, 0.0)
    state = derating.measured(state, "plug", 50.0, 10.0)
    state = derating.measured(state, "plug", 80.0, 40.0)
    assert derating.measured(state, "plug", 50.0, 71.0).allowed_a == 6.0


def test_the_warmest_sensor_decides():
    state = derating.measured(Derating(), "plug", 80.0, 0.0)
    assert derating.measured(state, "board", 20.0, 100.0).allowed_a == 6.0


def test_a_silent_sensor_leaves_the_fail_safe_value_which_is_never_more_than_was_allowed():
    one = checked(derating.limit(derating.measured(Derating(), "plug", 20.0, 100.0), 100.0))
    assert (one.source, one.until_mono_s, one.fallback_a) == (LimitSource.TEMPERATURE, 130.0, 6.0)
    assert derating.limit(derating.measured(Derating(), "plug", 90.0, 0.0), 0.0).fallback_a == 0.0


def test_a_sensor_that_dies_is_silent_also_while_another_one_speaks():
    state = derating.measured(Derating(), "plug", 40.0, 0.0)
    for second in range(10, 600, 10):
        state = derating.measured(state, "board", 40.0, float(second))
        assert state.allowed_a == (80.0 if second < derating.SILENT_S else derating.FALLBACK_A)
    assert derating.limit(derating.measured(Derating(), "plug", 40.0, 0.0), 20.0).until_mono_s == derating.SILENT_S


# Wake-up


def woken(state: WakeUp, times: list[float]) -> list[Pilot | None]:
    said = []
    for now_s in times:
        state, pilot = wakeup.advance(state, now_s)
        said.append(pilot)
    return said


def test_a_sleeping_car_is_woken_once_by_x1_then_e_then_the_offer_again():
    state = wakeup.offered(WakeUp(), 0.0)
    assert woken(state, [29.9, 30.0, 32.9, 33.0, 37.0, 100.0]) == [None, Pilot.X1, None, Pilot.E, None, None]


def test_a_car_that_asks_is_not_woken():
    state = wakeup.moved(wakeup.offered(WakeUp(), 0.0), CpState.C)
    assert woken(state, [30.0, 100.0]) == [None, None]


def test_a_car_that_was_woken_is_not_bothered_again_until_it_is_plugged_in_anew():
    state = WakeUp(wakeup.Step.DONE)
    assert wakeup.due_mono_s(wakeup.offered(state, 50.0)) is None
    again = wakeup.offered(wakeup.moved(state, CpState.A), 50.0)
    assert wakeup.due_mono_s(again) == 80.0


def test_nobody_is_woken_who_was_offered_nothing():
    assert wakeup.due_mono_s(WakeUp()) is None


@pytest.mark.parametrize(("stayed_s", "toggle"), [(0.1, False), (0.2, True), (3.0, True), (3.1, False)])
def test_a_short_visit_to_c_is_a_toggle(stayed_s: float, toggle: bool):
    states = ((CpState.A, 0.0), (CpState.B, 1.0), (CpState.C, 5.0), (CpState.B, 5.0 + stayed_s))
    assert wakeup.is_bcb(states) is toggle
    assert not wakeup.is_bcb(states[:3])


# Phase switching


def test_a_switch_waits_for_the_open_contactor_before_and_after():
    state, do = phases.want(Switch(), 1, 0.0, basic_charging=True)
    assert do is Do.EASE
    assert phases.advance(state, 1000.0) == (state, None)  # not while the contactor is closed
    state = phases.opened(state, 3.0)
    assert phases.advance(state, 12.9) == (state, None)
    state, do = phases.advance(state, 13.0)
    assert do is Do.SWITCH
    state = phases.switched(state, 14.0, ok=True)
    assert phases.advance(state, 23.9) == (state, None)
    state, do = phases.advance(state, 24.0)
    assert (do, state) == (Do.OFFER, Switch(1, 1))


def test_a_contactor_that_closes_in_between_ends_the_switch():
    state, _ = phases.want(Switch(), 1, 0.0, basic_charging=True)
    state = phases.closed(phases.opened(state, 3.0))
    assert (state.phases, phases.holds_energy(state)) == (3, False)


def test_a_switch_that_fails_leaves_the_phases_as_they_were():
    state, _ = phases.want(Switch(), 1, 0.0, basic_charging=True)
    state, _ = phases.advance(phases.opened(state, 0.0), 10.0)
    assert phases.switched(state, 11.0, ok=False).phases == 3


def test_a_wish_that_is_taken_back_offers_again_without_switching():
    state, _ = phases.want(Switch(), 1, 0.0, basic_charging=True)
    state, _ = phases.want(phases.opened(state, 0.0), 3, 5.0, basic_charging=True)
    assert phases.advance(state, 10.0)[1] is Do.OFFER


def test_in_digital_communication_the_car_decides():
    assert phases.want(Switch(), 1, 0.0, basic_charging=False) == (Switch(), None)


def test_two_phases_are_none_of_the_switchs():
    with pytest.raises(PhasesError, match="2 phases"):
        phases.want(Switch(), 2, 0.0, basic_charging=True)


@given(
    st.lists(st.tuples(st.sampled_from(["want1", "want3", "open", "close", "switched", "tick"]), st.floats(0.1, 20.0)))
)
def test_it_never_switches_with_the_contactor_closed(story: list[tuple[str, float]]):
    state, now_s, is_open = Switch(), 0.0, False
    for what, later_s in story:
        now_s += later_s
        do = None
        match what:
            case "want1" | "want3":
                state, do = phases.want(state, int(what[-1]), now_s, basic_charging=True)
            case "open":
                is_open, state = True, phases.opened(state, now_s)
            case "close":
                is_open, state = False, phases.closed(state)
            case "switched":
                state = phases.switched(state, now_s, ok=True)
            case "tick":
                state, do = phases.advance(state, now_s)
        assert do is not Do.SWITCH or is_open


# Self-test


def test_a_test_is_due_after_a_session_and_every_day():
    state = selftest.tested(0.0)
    assert not selftest.is_due(state, 100.0, contactor_open=True, session=False)
    assert selftest.is_due(selftest.session_ended(state), 100.0, contactor_open=True, session=False)
    assert selftest.is_due(state, 86_400.0, contactor_open=True, session=False)
    assert selftest.due_mono_s(state) == 86_400.0
    assert selftest.is_due(SelfTest(), 0.0, contactor_open=True, session=False)


@pytest.mark.parametrize(("contactor_open", "session"), [(False, False), (True, True), (False, True)])
def test_no_test_in_a_session_or_with_the_contactor_closed(contactor_open: bool, session: bool):
    owed = selftest.session_ended(SelfTest())
    assert not selftest.is_due(owed, 1e9, contactor_open=contactor_open, session=session)


def test_a_test_pays_what_was_owed():
    assert not selftest.tested(5.0).owed


# In the session


def test_a_controller_that_offers_and_closes_in_one_is_permitted_before_the_car_asks():
    player = Player(session=Session(evse=1, permit_first=True))
    player.plug()
    assert PermitPower(True, "recorded") in player.tap()


def test_any_other_board_is_permitted_only_when_the_car_asks():
    player = Player()
    player.plug()
    assert PermitPower(True, "recorded") not in player.tap()
    assert PermitPower(True, "recorded") in player.ask()


def test_such_a_controller_is_not_permitted_without_a_driver():
    player = Player(session=Session(evse=1, permit_first=True))
    player.plug()
    assert not any(isinstance(one, PermitPower) and one.on for one in player.log)


def test_a_warm_charger_offers_less_and_says_why():
    player = Player()
    player.charge()
    player.play(TemperatureMeasured("board", 79.5))
    limit = player.session.limit(player.mono_s)
    assert (limit.source, limit.current_a) == (LimitSource.TEMPERATURE, pytest.approx(7.85))
    assert player.session.offer.current_a == pytest.approx(7.85)


def test_a_temperature_that_is_no_number_changes_nothing():
    player = Player()
    player.charge()
    before = player.session.limits
    player.play(TemperatureMeasured("board", math.nan))
    assert player.session.limits == before


@pytest.mark.parametrize("fault", [FaultKind.E_STOP, FaultKind.DOOR, FaultKind.TAMPER])
def test_an_emergency_stop_an_open_door_and_tampering_take_the_energy_at_once(fault: FaultKind):
    player = Player()
    player.charge()
    effects = player.play(FaultRaised(fault))
    assert isinstance(effects[0], PermitPower)
    assert not effects[0].on
