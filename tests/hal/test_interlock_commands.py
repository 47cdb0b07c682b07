"""What the interlock lets pass and refuses, and what it finds out by itself: pilot, cable, over-current."""

from __future__ import annotations

import math

import pytest
from _pytest.mark import ParameterSet
from msgspec.structs import replace

from hal.commands import Command, Permit, PilotE, PilotPwm, PilotX1, RcdSelfTest, SetLock, SetPhases
from hal.types import ContactorChanged, CpState, FaultKind, FaultRaised, PpChanged, Quality, Rule
from tests.hal.rig import DUTY_16A, DUTY_20A, SOCKET, Rig, cp, draw, drawn

OFF = Permit(False)


# What readings give away


def test_zero_volt_that_nobody_asked_for_is_a_short_while_it_lasts():
    rig = Rig()
    rig.ready()
    rig.see(cp(CpState.E, pwm=False))
    assert FaultKind.CP_SHORT in rig.state.active
    rig.see(cp(CpState.B, pwm=False))
    assert FaultKind.CP_SHORT not in rig.state.active


def test_our_own_state_e_is_no_short():
    rig = Rig()
    rig.ask(PilotE())
    rig.see(cp(CpState.E, pwm=False))
    assert rig.state.active == frozenset()


@pytest.mark.parametrize(
    ("ohms", "fault"), [(None, FaultKind.PP_OPEN), (9.0, FaultKind.PP_SHORT), (400.0, FaultKind.PP_UNKNOWN)]
)
def test_a_car_on_a_cable_without_readable_coding_is_a_fault_after_a_second(ohms: float | None, fault: FaultKind):
    rig = Rig()
    rig.see(cp(CpState.B, pwm=False))
    rig.see(PpChanged(None, ohms))
    rig.wait(0.9)
    assert rig.state.active == frozenset()
    rig.wait(0.2)
    assert rig.state.active == {fault}
    rig.see(PpChanged(32.0, 220.0))
    assert rig.state.active == frozenset()


def test_a_plug_on_its_way_out_is_no_cable_fault():
    rig = Rig()
    rig.ready()
    rig.see(PpChanged(None, None))
    rig.wait(0.3)
    rig.see(cp(CpState.A))
    rig.wait(10)
    assert [event for event in rig.reports if isinstance(event, FaultRaised)] == []


# The pilot


@pytest.mark.parametrize("duty_pct", [-1.0, 0.0, 2.9, 7.5, 9.9, 96.1, 100.0, math.nan, math.inf])
@pytest.mark.enforces(Rule.PWM_OUT_OF_RANGE)
def test_a_duty_cycle_outside_the_bands_is_refused(duty_pct: float):
    assert Rig().ask(PilotPwm(duty_pct)) is Rule.PWM_OUT_OF_RANGE


@pytest.mark.parametrize("duty_pct", [5.0, 10.0, 53.3])
@pytest.mark.lets_pass(Rule.PWM_OUT_OF_RANGE)
def test_a_duty_cycle_within_the_bands_passes(duty_pct: float):
    rig = Rig(replace(SOCKET, has_proximity=False))
    assert rig.ask(PilotPwm(duty_pct)) is None
    assert rig.sent == [PilotPwm(duty_pct)]


@pytest.mark.enforces(Rule.PWM_OVER_LIMIT)
@pytest.mark.lets_pass(Rule.PWM_OVER_LIMIT)
def test_no_more_is_offered_than_the_board_carries():
    rig = Rig(replace(SOCKET, has_proximity=False, max_current_a=16.0))
    assert rig.ask(PilotPwm(DUTY_20A)) is Rule.PWM_OVER_LIMIT
    assert rig.ask(PilotPwm(DUTY_16A)) is None


@pytest.mark.enforces(Rule.PWM_OVER_LIMIT)
@pytest.mark.lets_pass(Rule.PWM_OVER_LIMIT)
def test_no_more_is_offered_than_the_cable_carries_and_nothing_without_one():
    rig = Rig()
    assert rig.ask(PilotPwm(10.0)) is Rule.PWM_OVER_LIMIT
    rig.see(PpChanged(13.0, 1500.0))
    assert rig.ask(PilotPwm(DUTY_16A)) is Rule.PWM_OVER_LIMIT
    assert rig.ask(PilotPwm(21.6)) is None


@pytest.mark.enforces(Rule.PWM_SPACING)
@pytest.mark.lets_pass(Rule.PWM_SPACING)
def test_the_offer_rises_only_every_five_seconds_and_falls_at_once():
    rig = Rig()
    rig.ready()
    rig.wait(4.9)
    assert rig.ask(PilotPwm(DUTY_20A)) is Rule.PWM_SPACING
    rig.wait(0.1)
    assert rig.ask(PilotPwm(DUTY_20A)) is None
    assert rig.ask(PilotPwm(DUTY_16A)) is None
    assert rig.ask(PilotPwm(DUTY_20A)) is Rule.PWM_SPACING


@pytest.mark.lets_pass(Rule.PWM_SPACING)
def test_a_new_car_need_not_wait_for_the_last_ones_spacing():
    rig = Rig()
    rig.ready()
    rig.see(cp(CpState.A))
    assert rig.ask(PilotPwm(DUTY_20A)) is None


@pytest.mark.enforces(Rule.PILOT_OFF)
@pytest.mark.lets_pass(Rule.PILOT_OFF)
def test_a_car_that_loses_the_pwm_has_six_seconds_to_stop_before_it_is_cut_off_under_load():
    rig = Rig()
    rig.charging()
    rig.ask(PilotX1())
    rig.see(cp(CpState.C, pwm=False))
    rig.renew(5.9)
    rig.ask(PilotX1())  # saying it again does not give more time
    assert rig.raw_permitted
    rig.renew(0.2)
    assert not rig.raw_permitted
    assert rig.lost == [Rule.PILOT_OFF]


@pytest.mark.enforces(Rule.PILOT_OFF)
def test_nothing_closes_without_an_offer():
    rig = Rig()
    rig.ready()
    rig.ask(PilotX1())
    rig.ask(Permit(True))
    assert not rig.raw_permitted
    rig.ask(PilotPwm(DUTY_16A))
    assert rig.raw_permitted


def test_a_pilot_command_that_failed_leaves_no_offer_to_close_on():
    rig = Rig()
    rig.charging()
    rig.ask(PilotPwm(20.0))
    rig.done(PilotPwm(20.0), ok=False)
    assert not rig.raw_permitted
    assert rig.lost == [Rule.PILOT_OFF]


# What waits for an open contactor


WANT_OPEN: list[tuple[Command, Rule]] = [
    (SetLock(False), Rule.UNLOCK_CLOSED),
    (RcdSelfTest(), Rule.SELF_TEST_CLOSED),
    (SetPhases(1), Rule.PHASES_CLOSED),
]


def marked(mark: pytest.MarkDecorator) -> list[ParameterSet]:
    return [pytest.param(command, rule, id=rule, marks=mark(rule)) for command, rule in WANT_OPEN]


@pytest.mark.parametrize(("command", "rule"), marked(pytest.mark.enforces))
def test_it_is_refused_while_the_contactor_is_or_may_be_closed(command: Command, rule: Rule):
    rig = Rig()
    assert rig.ask(command) is rule  # the mirror has not said anything yet
    rig.ready()
    rig.ask(Permit(True))
    assert rig.ask(command) is rule  # permitted, and about to close
    rig.see(ContactorChanged(True))
    rig.ask(OFF)
    assert rig.ask(command) is rule  # on its way to open
    assert command not in rig.sent


@pytest.mark.parametrize(("command", "rule"), marked(pytest.mark.lets_pass))
def test_it_passes_with_the_contactor_open(command: Command, rule: Rule):
    rig = Rig()
    rig.charging()
    rig.ask(OFF)
    rig.see(ContactorChanged(False))
    assert rig.ask(command) is None, rule
    assert rig.sent[-1] == command


@pytest.mark.parametrize("command", [RcdSelfTest(), SetPhases(1)])
def test_nothing_closes_while_the_board_tests_or_switches(command: Command):
    rig = Rig()
    rig.ready()
    rig.ask(command)
    rig.ask(Permit(True))
    assert not rig.raw_permitted
    rig.done(command)
    assert rig.raw_permitted


@pytest.mark.enforces(Rule.NOT_LOCKED)
def test_nothing_closes_on_a_lock_that_was_told_to_open():
    rig = Rig()
    rig.ready()
    rig.ask(SetLock(False))
    rig.ask(Permit(True))
    assert not rig.raw_permitted


# Soft over-current: (limit + 0.5 A) * 1.1 for 7 s


LIMIT_16A = (0.6 * DUTY_16A + 0.5) * 1.1


@pytest.mark.lets_pass(Rule.OVERCURRENT)
def test_a_car_within_the_margin_may_draw_for_ever():
    rig = Rig()
    rig.charging()
    draw(rig, LIMIT_16A - 0.01, 60)
    assert rig.raw_permitted


@pytest.mark.enforces(Rule.OVERCURRENT)
def test_a_car_above_the_margin_is_cut_off_after_seven_seconds():
    rig = Rig()
    rig.charging()
    draw(rig, LIMIT_16A + 0.01, 7)
    assert rig.raw_permitted
    rig.see(drawn(LIMIT_16A + 0.01, rig.now_s))
    assert not rig.raw_permitted
    assert rig.ask(Permit(True)) is Rule.OVERCURRENT


def test_a_car_that_comes_back_below_the_margin_starts_anew():
    rig = Rig()
    rig.charging()
    for _ in range(5):
        draw(rig, LIMIT_16A + 1, 6)
        draw(rig, 10.0, 1)
    assert rig.raw_permitted


def test_a_lower_offer_only_counts_after_five_seconds():
    rig = Rig()
    rig.charging()
    rig.ask(PilotPwm(10.0))
    draw(rig, 15.0, 5 + 7)
    assert rig.raw_permitted
    draw(rig, 15.0, 1)
    assert not rig.raw_permitted


def test_samples_that_are_not_to_be_used_cut_nobody_off():
    rig = Rig()
    rig.charging()
    draw(rig, LIMIT_16A + 5, 1)
    for _ in range(20):
        rig.see(drawn(math.nan, rig.now_s))
        rig.see(drawn(25.0, rig.now_s, quality=Quality.STALE))
        rig.see(drawn(25.0, rig.now_s - 11.0))
        rig.see(drawn(25.0, rig.now_s + 5.0))
        rig.renew(1.0)
    assert rig.raw_permitted
