"""Every rule of the interlock twice: it lets pass what is safe, and refuses or opens when it is not."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from _pytest.mark import ParameterSet
from msgspec.structs import replace

from hal.board import LEASE_S
from hal.commands import Command, Permit, PilotE, PilotF, PilotPwm, RcdReset, SetPhases
from hal.iec61851 import OVERCURRENT_S
from hal.types import (
    ContactorChanged,
    CpState,
    FaultCleared,
    FaultKind,
    FaultRaised,
    HalEvent,
    LockChanged,
    LockState,
    PpChanged,
    Rule,
)
from tests.hal.rig import DUTY_16A, SOCKET, Rig, cp, draw, drawn

OFF = Permit(False)
Record = Callable[[str, object], None]


def is_off(command: Command) -> bool:
    return isinstance(command, Permit) and not command.on


# The permission, and the conditions under which it reaches the board


@pytest.mark.lets_pass(Rule.NO_PERMISSION)
def test_a_permitted_car_in_state_c_gets_the_contactor():
    rig = Rig()
    rig.ready()
    assert not rig.raw_permitted
    assert rig.ask(Permit(True, "authorised")) is None
    assert rig.raw_permitted
    assert rig.lost == []


@pytest.mark.enforces(Rule.NO_PERMISSION)
def test_a_car_that_asks_without_permission_never_gets_the_contactor():
    rig = Rig()
    rig.ready()
    rig.wait(60)
    assert rig.sent == [PilotPwm(DUTY_16A)]


def a_car_in(state: CpState) -> Callable[[Rig], None]:
    return lambda rig: rig.see(cp(state))


def raised(fault: FaultKind) -> Callable[[Rig], None]:
    return lambda rig: rig.see(FaultRaised(fault, "test"))


def asked(command: Command) -> Callable[[Rig], None]:
    def ask(rig: Rig) -> None:
        rig.ask(command)

    return ask


def seen(event: HalEvent) -> Callable[[Rig], None]:
    return lambda rig: rig.see(event)


def silence(seconds: float) -> Callable[[Rig], None]:
    return lambda rig: rig.wait(seconds)


def board_mistimed(rig: Rig) -> None:
    rig.see(cp(CpState.C), at_s=math.nan)


def too_much_for_too_long(rig: Rig) -> None:
    draw(rig, 25.0, 7)
    rig.see(drawn(25.0, rig.now_s))


def weld_elsewhere(rig: Rig) -> None:
    rig.see(FaultRaised(FaultKind.WELD, "the board found it"))


def breaks(rule: Rule, what: str, do: Callable[[Rig], None], after_s: float = 0.0) -> ParameterSet:
    """What breaks a rule, and how long after its beginning the contactor is told to open."""
    return pytest.param(rule, what, do, after_s, id=f"{rule}: {what}", marks=pytest.mark.enforces(rule))


BREAKS = [
    breaks(Rule.LEASE_ENDED, "nobody renews for 2 s", silence(2.0), LEASE_S),
    breaks(Rule.CP_NOT_CD, "the car opens S2", a_car_in(CpState.B)),
    breaks(Rule.CP_NOT_CD, "the car is unplugged", a_car_in(CpState.A)),
    breaks(Rule.CP_STALE, "a reading without a sane time", board_mistimed),
    breaks(Rule.CP_STALE, "a reading that its own level contradicts", seen(cp(CpState.C, high_mv=9_000))),
    breaks(Rule.CP_STALE, "a level no pilot has", seen(cp(CpState.C, high_mv=30_000))),
    breaks(Rule.VENTILATION, "the car wants ventilation", a_car_in(CpState.D)),
    breaks(Rule.PILOT_OFF, "state E is asked for", asked(PilotE())),
    breaks(Rule.PILOT_OFF, "state F is asked for", asked(PilotF())),
    breaks(Rule.DIODE, "the diode is shorted", seen(cp(CpState.C, low_mv=-9_999))),
    breaks(Rule.NOT_LOCKED, "the lock opens", seen(LockChanged(LockState.UNLOCKED))),
    breaks(Rule.NOT_LOCKED, "the lock jams", seen(LockChanged(LockState.JAMMED))),
    breaks(Rule.PWM_OVER_LIMIT, "the cable turns out smaller than the offer", seen(PpChanged(13.0, 1500.0))),
    breaks(Rule.PWM_OVER_LIMIT, "the cable's coding is no number", seen(PpChanged(math.nan, 220.0))),
    breaks(Rule.WELDED, "the board reports a weld", weld_elsewhere),
    breaks(Rule.OVERCURRENT, "the car draws too much for 7 s", too_much_for_too_long, OVERCURRENT_S),
    *(
        breaks(Rule.FAULTED, f"fault {kind}", raised(kind))
        for kind in FaultKind
        if kind not in {FaultKind.METER, FaultKind.WELD, FaultKind.CP_DIODE, FaultKind.OVER_CURRENT}
    ),
]


@pytest.mark.parametrize(("rule", "what", "break_it", "after_s"), BREAKS)
def test_the_contactor_opens_in_the_step_that_breaks_a_rule(
    rule: Rule,
    what: str,
    break_it: Callable[[Rig], None],
    after_s: float,
    record_property: Callable[[str, object], None],
):
    rig = Rig()
    rig.charging()
    began_s = rig.now_s
    break_it(rig)
    assert not rig.raw_permitted, what
    assert rig.lost == [rule]
    measured_s = rig.opened_s - began_s
    record_property(
        "latencies", [{"board": "interlock", "rule": str(rule), "measured_s": measured_s, "allowed_s": after_s}]
    )
    assert measured_s == pytest.approx(after_s)


@pytest.mark.parametrize(("rule", "what", "break_it", "after_s"), BREAKS)
def test_nothing_closes_while_a_rule_is_broken(rule: Rule, what: str, break_it: Callable[[Rig], None], after_s: float):
    rig = Rig()
    rig.ready()
    break_it(rig)
    if rule in {Rule.LEASE_ENDED, Rule.OVERCURRENT}:
        return  # without a permission there is no lease; and nothing flows that could be too much
    rig.sent.clear()
    rig.ask(Permit(True))
    assert not rig.raw_permitted, what
    assert rig.sent == []


def keeps(rule: Rule, what: str, do: Callable[[Rig], None]) -> ParameterSet:
    """What looks as if it broke a rule, and does not."""
    return pytest.param(rule, what, do, id=f"{rule}: {what}", marks=pytest.mark.lets_pass(rule))


KEEPS = [
    keeps(Rule.LEASE_ENDED, "renewed every half second", lambda rig: rig.renew(30.0)),
    keeps(Rule.CP_NOT_CD, "the car stays in C", a_car_in(CpState.C)),
    keeps(Rule.CP_STALE, "an older reading comes late", lambda rig: rig.see(cp(CpState.B), at_s=rig.now_s - 50)),
    keeps(Rule.DIODE, "the low level is just good enough", seen(cp(CpState.C, low_mv=-10_000))),
    keeps(Rule.NOT_LOCKED, "the lock says locked again", seen(LockChanged(LockState.LOCKED))),
    keeps(Rule.PWM_OVER_LIMIT, "another cable that carries the offer", seen(PpChanged(20.0, 680.0))),
    keeps(Rule.FAULTED, "the meter is silent: the session's own grace", raised(FaultKind.METER)),
    keeps(Rule.PILOT_OFF, "the offer becomes digital", asked(PilotPwm(5.0))),
    keeps(Rule.NO_PERMISSION, "the renewal is repeated", asked(Permit(True))),
]


@pytest.mark.parametrize(("rule", "what", "keep"), KEEPS)
def test_the_contactor_stays_closed_while_the_rule_holds(rule: Rule, what: str, keep: Callable[[Rig], None]):
    rig = Rig()
    rig.charging()
    keep(rig)
    assert rig.raw_permitted, (rule, what)
    assert rig.lost == []


def test_every_withdrawal_reaches_the_board_before_anything_else_of_its_step():
    rig = Rig()
    rig.charging()
    rig.ask(PilotF())
    assert is_off(rig.sent[0])
    assert rig.sent[1] == PilotF()


def test_withdrawing_is_never_refused_and_always_passed_on():
    rig = Rig()
    assert rig.ask(OFF) is None
    rig.charging()
    assert rig.ask(OFF) is None
    assert not rig.raw_permitted
    rig.see(FaultRaised(FaultKind.WELD))
    assert rig.ask(OFF) is None
    assert [is_off(command) for command in rig.sent] == [True, True]
    assert rig.lost == []


def test_the_board_hears_of_every_renewal_while_it_is_permitted():
    rig = Rig()
    rig.charging()
    rig.renew(2.0)
    assert rig.sent == [Permit(True, "every condition holds")] * 4


@pytest.mark.enforces(Rule.LEASE_ENDED)
def test_a_renewal_that_comes_after_the_lease_has_ended_does_not_save_it():
    rig = Rig()
    rig.charging()
    rig.now_s += 2.5  # nobody ticked: the loop was held up
    rig.ask(Permit(True))
    assert not rig.raw_permitted
    assert rig.lost == [Rule.LEASE_ENDED]


def test_after_a_restart_nothing_closes_before_a_fresh_pilot_reading():
    rig = Rig(replace(SOCKET, has_lock=False, has_proximity=False))
    rig.see(ContactorChanged(False))
    rig.ask(PilotPwm(DUTY_16A))
    rig.ask(Permit(True))
    assert not rig.raw_permitted
    assert rig.lost == [Rule.CP_STALE]
    rig.see(cp(CpState.C))
    assert rig.raw_permitted


@pytest.mark.enforces(Rule.CP_STALE)
def test_a_board_that_repeats_its_readings_and_stops_doing_so_loses_the_permission():
    rig = Rig(replace(SOCKET, cp_repeat_s=1.0))
    rig.charging()
    for _ in range(10):
        rig.renew(1.0)
        rig.see(cp(CpState.C))
    assert rig.raw_permitted
    rig.renew(3.0)
    assert not rig.raw_permitted
    assert rig.lost == [Rule.CP_STALE]


def test_a_repeated_reading_is_not_reported_again():
    rig = Rig()
    rig.charging()
    rig.see(cp(CpState.C))
    assert rig.reports == []


def test_after_the_board_was_lost_everything_has_to_be_seen_again():
    rig = Rig()
    rig.charging()
    rig.see(FaultRaised(FaultKind.HAL_LOST, "stream ended"))
    rig.see(FaultCleared(FaultKind.HAL_LOST))
    rig.renew(40.0)
    assert not rig.raw_permitted
    assert rig.lost == [Rule.FAULTED, Rule.CP_STALE]


@pytest.mark.lets_pass(Rule.VENTILATION)
def test_ventilation_where_it_is_present_lets_a_state_d_car_charge():
    rig = Rig(replace(SOCKET, has_ventilation=True))
    rig.charging()
    rig.see(cp(CpState.D))
    assert rig.raw_permitted


@pytest.mark.enforces(Rule.DIODE)
@pytest.mark.lets_pass(Rule.DIODE)
def test_the_contactor_waits_for_the_diode_to_be_seen():
    rig = Rig()
    rig.ready()
    rig.see(cp(CpState.A))
    rig.see(cp(CpState.C, pwm=False))
    rig.wait(5.0)
    rig.ask(Permit(True))
    assert not rig.raw_permitted
    rig.see(cp(CpState.C))
    assert rig.raw_permitted


def test_a_diode_fault_lasts_until_the_car_is_unplugged():
    rig = Rig()
    rig.charging()
    rig.see(cp(CpState.C, low_mv=-6_000))
    rig.see(cp(CpState.C))
    assert rig.ask(Permit(True)) is Rule.DIODE
    rig.see(cp(CpState.A))
    assert [event for event in rig.reports if isinstance(event, FaultRaised | FaultCleared)] == [
        FaultRaised(FaultKind.CP_DIODE, "low level -6000 mV with PWM on; -12000 mV expected"),
        FaultCleared(FaultKind.CP_DIODE),
    ]


# Closing again


@pytest.mark.enforces(Rule.RECLOSE_SPACING)
@pytest.mark.lets_pass(Rule.RECLOSE_SPACING)
def test_a_car_that_pauses_gets_the_contactor_back_by_itself_but_not_before_five_seconds():
    rig = Rig()
    rig.charging()
    rig.see(cp(CpState.B))
    rig.see(ContactorChanged(False))
    rig.see(cp(CpState.C))
    rig.renew(4.9)
    assert not rig.raw_permitted
    rig.renew(0.2)
    assert rig.raw_permitted
    assert rig.lost == [Rule.CP_NOT_CD]


def test_a_car_that_comes_back_without_a_live_permission_gets_nothing():
    rig = Rig()
    rig.charging()
    rig.see(cp(CpState.B))
    rig.wait(10)
    rig.see(cp(CpState.C))
    rig.wait(10)
    assert not rig.raw_permitted


@pytest.mark.enforces(Rule.RECLOSE_SPACING)
@pytest.mark.lets_pass(Rule.RECLOSE_SPACING)
def test_after_a_fault_the_contactor_stays_open_for_thirty_seconds():
    rig = Rig()
    rig.charging()
    rig.see(FaultRaised(FaultKind.E_STOP))
    rig.see(ContactorChanged(False))
    rig.wait(100)
    assert rig.ask(Permit(True)) is Rule.FAULTED
    rig.see(FaultCleared(FaultKind.E_STOP))
    rig.renew(29.9)
    assert not rig.raw_permitted
    rig.renew(0.2)
    assert rig.raw_permitted


def test_a_refused_permission_is_reported_once_and_refused_every_time():
    rig = Rig()
    rig.ready()
    rig.see(FaultRaised(FaultKind.DOOR))
    assert [rig.ask(Permit(True)) for _ in range(3)] == [Rule.FAULTED] * 3
    assert rig.lost == [Rule.FAULTED]


# Faults that latch


@pytest.mark.parametrize("fault", [FaultKind.RCD_DC, FaultKind.RCD_AC, FaultKind.RCD_SELF_TEST])
def test_a_residual_current_trip_holds_until_a_person_resets_it(fault: FaultKind):
    rig = Rig()
    rig.charging()
    rig.see(FaultRaised(fault))
    rig.see(FaultCleared(fault))  # the board forgets; the interlock does not
    assert FaultCleared(fault) not in rig.reports
    assert rig.ask(Permit(True)) is Rule.FAULTED
    assert rig.ask(RcdReset()) is None
    rig.done(RcdReset(), ok=False)
    assert rig.ask(Permit(True)) is Rule.FAULTED
    rig.ask(RcdReset())
    rig.done(RcdReset())
    assert rig.reports[-1] == FaultCleared(fault)
    assert rig.ask(Permit(True)) is None


def test_a_reset_does_not_end_a_trip_whose_cause_lasts():
    rig = Rig()
    rig.see(FaultRaised(FaultKind.RCD_DC))
    rig.ask(RcdReset())
    rig.done(RcdReset())
    assert rig.ask(Permit(True)) is Rule.FAULTED
    rig.see(FaultCleared(FaultKind.RCD_DC))
    assert rig.ask(Permit(True)) is None


@pytest.mark.enforces(Rule.WELDED)
def test_a_contactor_that_stays_closed_is_welded_and_never_closes_again():
    rig = Rig()
    rig.charging()
    rig.ask(OFF)
    rig.wait(0.4)
    assert rig.reports == []
    rig.wait(0.2)
    assert isinstance(rig.reports[-1], FaultRaised)
    assert rig.reports[-1].fault is FaultKind.WELD
    rig.see(ContactorChanged(False))
    rig.see(cp(CpState.A))
    rig.see(FaultCleared(FaultKind.WELD))
    rig.wait(3600)
    rig.ready()
    assert rig.ask(Permit(True)) is Rule.WELDED
    assert not rig.raw_permitted


@pytest.mark.enforces(Rule.WELDED)
def test_a_contactor_that_closes_by_itself_is_welded():
    rig = Rig()
    rig.see(ContactorChanged(True))
    rig.wait(0.5)
    assert rig.ask(Permit(True)) is Rule.WELDED


@pytest.mark.lets_pass(Rule.WELDED)
def test_a_contactor_that_opens_in_time_is_not_welded():
    rig = Rig()
    rig.charging()
    rig.ask(OFF)
    rig.wait(0.4)
    rig.see(ContactorChanged(False))
    rig.wait(10)
    assert rig.ask(Permit(True)) is None


@pytest.mark.lets_pass(Rule.WELDED)
def test_a_held_up_loop_hears_the_mirror_before_it_calls_a_weld():
    rig = Rig()
    rig.charging()
    rig.ask(OFF)
    rig.now_s += 5.0  # the loop stood still; the mirror's report waits in a queue behind the tick
    rig.wait(0.0)
    rig.see(drawn(0.0, rig.now_s))
    rig.see(ContactorChanged(False), at_s=rig.now_s - 4.9)
    rig.wait(10)
    assert FaultKind.WELD not in rig.state.active


def test_a_contactor_that_does_not_close_is_told_to_open_after_three_seconds():
    rig = Rig()
    rig.ready()
    rig.renew(2.9)
    assert rig.raw_permitted
    rig.renew(0.2)
    assert not rig.raw_permitted
    assert FaultKind.NO_CLOSE in rig.state.active
    assert rig.ask(Permit(True)) is Rule.FAULTED
    rig.see(cp(CpState.A))
    assert FaultKind.NO_CLOSE not in rig.state.active


# Controllers that offer and close in one


CONTROLLER = replace(SOCKET, has_lock=False, has_proximity=False, permit_first=True)


def offered(rig: Rig) -> Rig:
    rig.see(ContactorChanged(False))
    rig.see(cp(CpState.B, pwm=False))
    assert rig.ask(PilotPwm(DUTY_16A)) is None
    return rig


def test_a_controller_that_offers_and_closes_in_one_is_permitted_as_soon_as_a_car_is_there():
    rig = offered(Rig(CONTROLLER))
    rig.ask(Permit(True))
    assert rig.raw_permitted


def test_without_a_car_such_a_controller_is_not_permitted():
    rig = Rig(CONTROLLER)
    rig.see(ContactorChanged(False))
    rig.see(cp(CpState.A, pwm=False))
    rig.ask(PilotPwm(DUTY_16A))
    rig.ask(Permit(True))
    assert not rig.raw_permitted


def test_any_other_board_waits_for_the_car_to_ask():
    rig = offered(Rig(replace(CONTROLLER, permit_first=False)))
    rig.ask(Permit(True))
    assert not rig.raw_permitted


def test_such_a_controller_may_stay_open_while_the_car_does_not_ask_and_fails_to_close_when_it_does():
    rig = offered(Rig(CONTROLLER))
    rig.ask(Permit(True))
    rig.renew(60.0)
    assert rig.reports == [one for one in rig.reports if not isinstance(one, FaultRaised)]
    rig.see(cp(CpState.C))
    rig.renew(4.0)
    assert FaultKind.NO_CLOSE in rig.state.active


def test_such_a_controller_loses_its_permission_with_the_car():
    rig = offered(Rig(CONTROLLER))
    rig.ask(Permit(True))
    rig.see(cp(CpState.A))
    assert not rig.raw_permitted
    assert rig.lost == [Rule.CP_NOT_CD]


@pytest.mark.lets_pass(Rule.RESIDUAL_AC)
def test_a_trip_of_a_device_that_is_reset_by_hand_ends_with_the_devices_own_report():
    rig = Rig(replace(SOCKET, has_rcd=False))
    rig.ready()
    rig.see(FaultRaised(FaultKind.RCD_AC))
    assert rig.ask(Permit(True)) is Rule.FAULTED
    rig.see(FaultCleared(FaultKind.RCD_AC))
    rig.wait(30.0)
    assert rig.ask(Permit(True)) is None


def measured(rig: Rig, *volts: float) -> None:
    rig.renew(1.0)
    rig.see(drawn(0.0, rig.now_s, voltage_v=volts))


def test_a_lost_phase_opens_the_contactor_until_it_is_back_and_a_little_longer():
    rig = Rig()
    rig.charging()
    measured(rig, 230.0, 230.0, 230.0)
    measured(rig, 230.0, 0.0, 230.0)
    assert rig.raw_permitted
    measured(rig, 230.0, 0.0, 230.0)
    assert not rig.raw_permitted
    assert FaultRaised(FaultKind.PHASE_LOSS, "no voltage on L2") in rig.reports
    rig.see(ContactorChanged(closed=False))
    measured(rig, 230.0, 230.0, 230.0)
    assert FaultCleared(FaultKind.PHASE_LOSS) in rig.reports
    rig.renew(29.0)
    assert not rig.raw_permitted
    rig.renew(2.0)
    assert rig.raw_permitted


def test_after_the_phase_switch_was_thrown_two_phases_are_not_missed():
    rig = Rig()
    rig.see(ContactorChanged(closed=False))
    measured(rig, 230.0, 230.0, 230.0)
    assert rig.ask(SetPhases(1)) is None
    rig.done(SetPhases(1))
    for _ in range(3):
        measured(rig, 230.0, 0.0, 0.0)
    assert not any(isinstance(one, FaultRaised) for one in rig.reports)
