"""Derating, wake-up, phase switching and self-tests as pure functions, and what the session makes of the hardware."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.core import derating, phases, selftest, wakeup
from agent.core.derating import Derating
from agent.core.effects import (
    OfferCurrent,
    PermitPower,
    Pilot,
    SelfTestRcd,
    SetPilot,
    SwitchPhases,
    Timer,
)
from agent.core.events import LimitSet, MonitorTested, PhasesSwitched, PhasesWanted
from agent.core.facts import ConnectorStatusChanged
from agent.core.limits import LimitInput, LimitSource, checked
from agent.core.phases import PhasesError, Switch
from agent.core.selftest import SelfTest
from agent.core.session import Digital, Phase, Session, Talk
from agent.core.values import ConnectorStatus
from agent.core.wakeup import WakeUp
from hal.types import CpState, DcRatings, FaultKind, FaultRaised, GridSignalled, TemperatureMeasured
from tests.agent.core.playing import Player, cp

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


def woken(state: WakeUp, times: list[float]) -> list[wakeup.Step]:
    steps = []
    for now_s in times:
        state = wakeup.advance(state, now_s)
        steps.append(state.step)
    return steps


NONE, X1, E, DONE = wakeup.Step


def test_a_sleeping_car_is_woken_once_by_x1_then_e_then_the_offer_again():
    state = wakeup.offered(WakeUp(), 0.0)
    assert woken(state, [29.9, 30.0, 32.9, 33.0, 36.9, 37.0, 100.0]) == [NONE, X1, X1, E, E, DONE, DONE]


def test_a_car_that_asks_is_not_woken():
    state = wakeup.moved(wakeup.offered(WakeUp(), 0.0), CpState.C)
    assert woken(state, [30.0, 100.0]) == [DONE, DONE]


def test_a_car_that_was_woken_is_not_bothered_again_until_it_is_plugged_in_anew():
    state = WakeUp(DONE)
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
    state = phases.want(Switch(), 1, 0.0)
    assert phases.holds_energy(state)
    assert phases.advance(state, 1000.0) == (state, False)  # not while the contactor is closed
    state = phases.opened(state, 3.0)
    assert phases.advance(state, 12.9) == (state, False)
    state, throw = phases.advance(state, 13.0)
    assert throw
    state = phases.switched(state, 1, 14.0)
    assert phases.advance(state, 23.9) == (state, False)
    assert phases.advance(state, 24.0) == (Switch(1, 1), False)


def test_a_contactor_that_closes_in_between_ends_the_switch():
    state = phases.closed(phases.opened(phases.want(Switch(), 1, 0.0), 3.0))
    assert (state.phases, phases.holds_energy(state)) == (3, False)


def test_a_wish_that_is_taken_back_offers_again_without_switching():
    state = phases.opened(phases.want(Switch(), 1, 0.0), 0.0)
    assert phases.advance(phases.want(state, 3, 5.0), 10.0) == (Switch(), False)


def test_a_wish_that_comes_while_the_last_one_settles_is_granted_without_offering_in_between():
    state, _ = phases.advance(phases.opened(phases.want(Switch(), 1, 0.0), 0.0), 10.0)
    state = phases.want(phases.switched(state, 1, 11.0), 3, 15.0)
    state, throw = phases.advance(state, 21.0)
    assert (throw, state.step) == (True, phases.Step.SWITCHING)


def test_two_phases_are_none_of_the_switchs():
    with pytest.raises(PhasesError, match="2 phases"):
        phases.checked(2)


@given(
    st.lists(st.tuples(st.sampled_from(["want1", "want3", "open", "close", "switched", "tick"]), st.floats(0.1, 20.0)))
)
def test_it_never_switches_with_the_contactor_closed(story: list[tuple[str, float]]):
    state, now_s, is_open = Switch(), 0.0, False
    for what, later_s in story:
        now_s += later_s
        throw = False
        match what:
            case "want1" | "want3":
                state = phases.want(state, int(what[-1]), now_s)
            case "open":
                is_open, state = True, phases.opened(state, now_s)
            case "close" if not phases.holds_energy(state):  # nobody permits it meanwhile
                is_open, state = False, phases.closed(state)
            case "switched":
                state = phases.switched(state, state.wanted, now_s)
            case "tick":
                state, throw = phases.advance(state, now_s)
        assert is_open or not throw


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


# A car that sleeps, in the session


def said(player: Player) -> list[Pilot | float]:
    return [
        one.pilot if isinstance(one, SetPilot) else one.current_a
        for one in player.log
        if isinstance(one, SetPilot | OfferCurrent)
    ]


def test_a_car_that_sleeps_through_its_offer_is_woken_once_and_charged_when_it_asks():
    player = Player()
    player.plug()
    player.tap()
    player.wait(29)
    assert said(player) == [Pilot.X1, 16.0]
    player.wait(8.5)
    assert said(player) == [Pilot.X1, 16.0, Pilot.X1, Pilot.E, 16.0]
    player.ask()
    assert player.session.phase is Phase.CHARGING
    player.wait(600)
    assert len(said(player)) == 5


def test_the_pilots_own_e_takes_the_car_for_nothing_else():
    player = Player()
    player.plug()
    player.tap()
    player.wait(34)
    assert said(player)[-1] is Pilot.E
    player.play(cp(CpState.E))
    player.wait(3)
    player.play(cp(CpState.B))
    assert (player.session.plugged, player.session.phase) == (True, Phase.READY)


def test_a_car_that_never_wakes_is_left_alone():
    player = Player()
    player.plug()
    player.tap()
    player.wait(3600)
    assert said(player) == [Pilot.X1, 16.0, Pilot.X1, Pilot.E, 16.0]


def test_a_car_that_fell_asleep_while_nothing_was_offered_is_woken_when_something_is():
    player = Player()
    player.charge()
    player.play(LimitSet(LimitInput(LimitSource.LOCAL, 0.0)))
    player.play(cp(CpState.B))
    player.open()
    player.wait(600)
    player.play(LimitSet(LimitInput(LimitSource.LOCAL, 16.0)))
    player.wait(45)
    assert said(player)[-4:] == [16.0, Pilot.X1, Pilot.E, 16.0]


def test_a_car_that_is_full_is_not_woken():
    player = Player()
    player.charge()
    player.play(cp(CpState.B))
    player.open()
    player.wait(3600)
    assert said(player) == [Pilot.X1, 16.0]
    assert player.session.status is ConnectorStatus.SUSPENDED_EV


def test_a_car_that_is_woken_counts_as_suspended_by_itself():
    player = Player()
    player.charge()
    player.play(LimitSet(LimitInput(LimitSource.LOCAL, 0.0)))
    player.play(cp(CpState.B))
    player.open()
    player.play(LimitSet(LimitInput(LimitSource.LOCAL, 16.0)))
    player.wait(20)
    told = len(player.facts)
    player.wait(25)
    assert Pilot.E in said(player)
    assert [one for one in player.facts[told:] if isinstance(one, ConnectorStatusChanged)] == []


def test_a_toggle_of_s2_is_noticed_as_a_wish_to_be_spoken_to_and_costs_nothing():
    player = Player()
    player.plug()
    player.play(cp(CpState.C))
    player.wait(1.0)
    player.play(cp(CpState.B))
    assert player.session.toggled_mono_s == player.mono_s
    assert player.session.phase is Phase.CONNECTED
    player.unplug()
    assert player.session.toggled_mono_s is None


# One phase or three, in the session


def switchable() -> Player:
    player = Player(session=Session(evse=1, switch=Switch()))
    assert SwitchPhases(3) in player.log, "after a start nobody knows how it stands"
    player.play(PhasesSwitched(3))
    player.wait(11)
    return player


def thrown(player: Player) -> list[int]:
    return [one.phases for one in player.log if isinstance(one, SwitchPhases)][1:]


def test_the_car_is_eased_the_contactor_opened_and_ten_seconds_waited_before_and_after_a_switch():
    player = switchable()
    player.charge()
    player.play(PhasesWanted(1))
    assert (player.session.phase, said(player)[-1]) == (Phase.EASING, Pilot.X1)
    player.wait(2)
    assert thrown(player) == []
    player.play(cp(CpState.B))
    player.open()
    player.wait(9.9)
    assert thrown(player) == []
    player.wait(0.2)
    assert thrown(player) == [1]
    player.play(PhasesSwitched(1))
    player.wait(9.9)
    assert said(player)[-1] is Pilot.X1
    player.wait(0.2)
    assert said(player)[-1] == 16.0
    player.ask()
    assert (player.session.phase, player.session.switch) == (Phase.CHARGING, Switch(1, 1))


def test_a_car_that_does_not_stop_is_cut_off_before_the_phases_are_switched():
    player = switchable()
    player.charge()
    player.play(PhasesWanted(1))
    player.wait(5.9)
    assert PermitPower(False, "the car did not stop drawing") not in player.log
    player.wait(10.2)
    assert PermitPower(False, "the car did not stop drawing") in player.log
    assert thrown(player) == []
    player.open()
    player.wait(10.1)
    assert thrown(player) == [1]


def test_nothing_is_offered_before_the_switch_is_known_after_a_start():
    player = Player(session=Session(evse=1, switch=Switch()))
    player.plug()
    player.tap()
    player.wait(60)
    assert said(player) == [Pilot.X1]
    player.play(PhasesSwitched(3))
    player.wait(11)
    assert said(player)[-1] == 16.0


def test_without_a_switch_or_in_digital_communication_a_wish_changes_nothing():
    plain, spoken = Player(), switchable()
    spoken.session = replace(spoken.session, digital=Digital(Talk.TALKING))
    for player in (plain, spoken):
        player.play(PhasesWanted(1))
        player.wait(60)
        assert not any(one == SwitchPhases(1) for one in player.log)


def test_the_grids_want_of_power_and_a_profiles_wish_for_one_phase_do_not_undo_each_other():
    player = switchable()
    player.play(GridSignalled(2300.0), PhasesWanted(1))
    assert player.session.switch.wanted == 1
    player.play(PhasesWanted(3))
    assert player.session.switch.wanted == 1, "the grid leaves too little for three"
    player.play(PhasesWanted(1), GridSignalled(None))
    assert player.session.switch.wanted == 1, "the profile wants one"
    player.play(PhasesWanted(3))
    assert player.session.switch.wanted == 3


def test_a_grid_signal_too_low_for_three_phases_charges_on_one_and_goes_back():
    player = switchable()
    player.charge()
    player.play(GridSignalled(4140.0))
    assert player.session.limit(player.mono_s).current_a == 6.0
    player.play(GridSignalled(2300.0))
    player.play(cp(CpState.B))
    player.open()
    player.wait(11)
    assert thrown(player) == [1]
    player.play(PhasesSwitched(1))
    player.wait(11)
    limit = player.session.limit(player.mono_s)
    assert (limit.source, limit.current_a) == (LimitSource.GRID, 10.0)
    player.play(GridSignalled(None))
    player.wait(11)
    assert thrown(player) == [1, 3]


def test_without_a_switch_a_low_grid_signal_pauses_and_the_end_of_it_goes_on():
    player = Player()
    player.charge()
    player.play(GridSignalled(2300.0))
    assert player.session.phase is Phase.EASING
    player.play(GridSignalled(None))
    assert player.session.phase is Phase.CHARGING


# The residual-current monitor, in the session


def self_tests(player: Player) -> int:
    return sum(isinstance(one, SelfTestRcd) for one in player.log)


def monitored() -> Player:
    player = Player(session=Session(evse=1, has_rcd=True))
    assert self_tests(player) == 1, "after a start nobody knows when it was tested"
    player.play(MonitorTested())
    return player


def test_the_monitor_is_tested_after_each_session_that_had_energy():
    player = monitored()
    player.charge()
    player.tap()
    player.play(cp(CpState.B))
    assert self_tests(player) == 1
    player.open()
    player.play(player.sample())
    assert (player.session.phase, self_tests(player)) == (Phase.FINISHED, 2)
    player.play(MonitorTested())
    player.unplug()
    assert self_tests(player) == 2


def test_a_session_without_energy_owes_no_test():
    player = monitored()
    player.plug()
    player.tap()
    player.unplug()
    player.wait(60)
    assert self_tests(player) == 1


def test_the_monitor_is_tested_every_day_and_never_in_a_session():
    player = monitored()
    player.charge()
    player.wait(25 * 3600)
    assert self_tests(player) == 1
    player.unplug()
    player.open()
    player.wait(5)
    assert self_tests(player) == 2
    player.play(MonitorTested())
    player.timers[Timer.SELF_TEST] = player.mono_s  # the day is over
    player.mono_s += 24 * 3600
    player.wait(1)
    assert self_tests(player) == 3


def test_no_energy_while_the_test_runs():
    player = Player(session=Session(evse=1, has_rcd=True))
    player.plug()
    player.tap()
    player.ask()
    assert not any(isinstance(one, PermitPower) and one.on for one in player.log)
    player.play(MonitorTested(), player.sample())
    assert any(isinstance(one, PermitPower) and one.on for one in player.log)


# Direct current


def test_a_dc_evse_never_offers_a_current_by_its_pilot():
    player = Player(session=Session(evse=1, dc=DcRatings(500.0, 125.0, 50_000.0)))
    player.charge()
    player.wait(60)
    assert not any(isinstance(one, OfferCurrent) for one in player.log)
