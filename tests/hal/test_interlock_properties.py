"""The interlock under every order of commands, events and time, against a second account of the rules.

The model below is written from the rules' text and shares no code with `hal.rules`.
"""

from __future__ import annotations

import math

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hal.commands import Command, Permit, PilotE, PilotF, PilotPwm, PilotX1, RcdReset, RcdSelfTest, SetLock, SetPhases
from hal.types import ContactorChanged, CpState, FaultCleared, FaultKind, FaultRaised, LockChanged, LockState, PpChanged
from tests.hal.rig import DUTY_16A, DUTY_20A, Rig, cp, drawn

TRIPS = {FaultKind.RCD_DC, FaultKind.RCD_AC, FaultKind.RCD_SELF_TEST}
FAULTS = st.sampled_from([FaultKind.E_STOP, FaultKind.RCD_DC, FaultKind.METER, FaultKind.WELD, FaultKind.HAL_LOST])
STEPS_S = st.sampled_from([0.0, 0.01, 0.3, 0.7, 1.9, 2.0, 2.1, 3.0, 5.0, 6.0, 31.0])


class InterlockMachine(RuleBasedStateMachine):
    """Keeps its own books of what was said to the interlock and what came back."""

    def __init__(self) -> None:
        super().__init__()
        self.restart()

    def restart(self) -> None:
        self.rig = Rig()
        self.cp: CpState | None = None
        self.diode = False
        self.diode_fault = False
        self.locked = False
        self.cable_a: float | None = None
        self.mirror: bool | None = None
        self.faults: set[FaultKind] = set()
        self.trips: set[FaultKind] = set()
        self.pilot: Command | None = None
        self.x1_since_s = 0.0
        self.granted_s = -math.inf
        self.busy: Command | None = None
        self.left_cd_s = -math.inf
        self.was_permitted = False

    @precondition(lambda self: FaultKind.WELD not in self.faults)
    @rule()
    def a_driver_charges(self) -> None:
        """Whatever was before: everything put right, a car is plugged in and permitted, and gets the contactor."""
        for fault in sorted(self.faults):
            self.fault_ends(fault)
        self.a_person_resets()
        if self.busy is not None:
            self.board_has_done_it(ok=True)
        self.ask_pilot(PilotX1())
        self.car_says(CpState.A, -12_000)
        self.mirror_says(False) if not self.rig.raw_permitted else self.withdraw()
        self.mirror_follows()
        self.cable_says(32.0)
        self.lock_says(LockState.LOCKED)
        self.time_passes(31.0)
        self.ask_pwm(DUTY_16A)
        self.car_says(CpState.C, -12_000)
        self.permit()
        assert self.rig.raw_permitted

    @precondition(lambda self: FaultKind.WELD in self.faults)
    @rule()
    def a_technician_changes_the_contactor_and_restarts(self) -> None:
        self.restart()
        self.a_driver_charges()

    @initialize()
    def the_first_car(self) -> None:
        self.a_driver_charges()

    # What is asked

    def _ask(self, command: Command) -> bool:
        sent = len(self.rig.sent)
        self._expire()
        refused = self.rig.ask(command)
        if refused is not None:
            assert command not in self.rig.sent[sent:]
        return refused is None

    def _expire(self) -> None:
        if self.rig.now_s >= self.granted_s + 2.0:
            self.granted_s = -math.inf

    @rule()
    def permit(self) -> None:
        if self._ask(Permit(True)):
            self.granted_s = self.rig.now_s
        else:
            self.granted_s = -math.inf

    @rule()
    def withdraw(self) -> None:
        assert self._ask(Permit(False))
        self.granted_s = -math.inf
        assert not self.rig.raw_permitted

    @rule(duty_pct=st.sampled_from([5.0, 10.0, 21.0, DUTY_16A, DUTY_20A, 53.3, 60.0, 100.0, math.nan]))
    def ask_pwm(self, duty_pct: float) -> None:
        if self._ask(PilotPwm(duty_pct)):
            assert duty_pct == 5.0 or 10.0 <= duty_pct <= 96.0
            assert duty_pct == 5.0 or 0.6 * duty_pct <= min(32.0, self.cable_a or 0.0) + 0.05
            self.pilot = PilotPwm(duty_pct)

    @rule(command=st.sampled_from([PilotX1(), PilotE(), PilotF()]))
    def ask_pilot(self, command: Command) -> None:
        if self._ask(command):
            if not isinstance(self.pilot, PilotX1):
                self.x1_since_s = self.rig.now_s
            self.pilot = command

    @rule(command=st.sampled_from([SetLock(False), RcdSelfTest(), SetPhases(1)]))
    def ask_for_an_open_contactor(self, command: Command) -> None:
        if self._ask(command):
            assert self.mirror is False
            assert not self.rig.raw_permitted
            if isinstance(command, SetLock):
                self.locked = False
            else:
                self.busy = command

    @precondition(lambda self: self.busy is not None)
    @rule(ok=st.booleans())
    def board_has_done_it(self, ok: bool) -> None:
        assert self.busy is not None
        command, self.busy = self.busy, None
        self.rig.done(command, ok=ok)

    @rule()
    def a_person_resets(self) -> None:
        self._ask(RcdReset())
        self.trips.clear()
        self.rig.done(RcdReset())

    # What is seen

    @rule(state=st.sampled_from([CpState.C, CpState.D]))
    def car_wants_energy(self, state: CpState) -> None:
        self.car_says(state, -12_000)

    @rule(state=st.sampled_from([CpState.B, CpState.C]))
    def car_is_read_without_pwm(self, state: CpState) -> None:
        if self.cp in {CpState.C, CpState.D} and state is CpState.B:
            self.left_cd_s = self.rig.now_s
        self.cp = state
        self.rig.see(cp(state, pwm=False))

    @rule(state=st.sampled_from(CpState), low_mv=st.sampled_from([-12_000, -12_000, -9_000]))
    def car_says(self, state: CpState, low_mv: int) -> None:
        if self.cp in {CpState.C, CpState.D} and state not in {CpState.C, CpState.D}:
            self.left_cd_s = self.rig.now_s
        self.cp = state
        if state is CpState.A:
            self.diode = self.diode_fault = False
        elif state in {CpState.B, CpState.C, CpState.D}:
            self.diode = low_mv <= -10_000
            self.diode_fault |= not self.diode
        self.rig.see(cp(state, low_mv=low_mv))

    @rule()
    def car_says_nonsense(self) -> None:
        self.cp = None
        self.rig.see(cp(CpState.C), at_s=math.nan)

    @rule(state=st.sampled_from(CpState))
    def an_old_reading_comes_late(self, state: CpState) -> None:
        self.rig.see(cp(state), at_s=self.rig.state.heard_s - 1.0)

    @rule(ampacity_a=st.sampled_from([None, 13.0, 32.0, 63.0, math.nan, -1.0]))
    def cable_says(self, ampacity_a: float | None) -> None:
        self.cable_a = ampacity_a if ampacity_a is not None and ampacity_a > 0 else None
        self.rig.see(PpChanged(ampacity_a, 220.0))

    def mirror_says(self, closed: bool) -> None:
        self.mirror = closed
        self.rig.see(ContactorChanged(closed))

    @precondition(lambda self: self.mirror)
    @rule()
    def the_contactor_sticks(self) -> None:
        self.withdraw()
        self.rig.wait(0.6)
        self.faults.add(FaultKind.WELD)
        assert FaultKind.WELD in self.rig.state.active

    @rule()
    def mirror_follows(self) -> None:
        self.mirror_says(self.rig.raw_permitted)

    @rule(state=st.sampled_from(LockState))
    def lock_says(self, state: LockState) -> None:
        self.locked = state is LockState.LOCKED
        self.rig.see(LockChanged(state))

    @rule(fault=FAULTS)
    def fault_begins(self, fault: FaultKind) -> None:
        self.faults.add(fault)
        self.trips |= {fault} & TRIPS
        if fault is FaultKind.HAL_LOST:
            self.cp = self.mirror = self.pilot = self.cable_a = None
            self.diode = self.locked = False
        self.rig.see(FaultRaised(fault))

    @rule(fault=FAULTS)
    def fault_ends(self, fault: FaultKind) -> None:
        if fault is not FaultKind.WELD:
            self.faults.discard(fault)
        self.rig.see(FaultCleared(fault))

    @rule(current_a=st.sampled_from([0.0, 10.0, 40.0, math.nan]))
    def meter_says(self, current_a: float) -> None:
        self.rig.see(drawn(current_a, self.rig.now_s))

    @rule(seconds=STEPS_S)
    def time_passes(self, seconds: float) -> None:
        self.mirror_follows()
        self.rig.wait(seconds, mirror_follows=True)
        self.mirror_follows()

    @rule(renewals=st.integers(1, 20))
    def somebody_renews(self, renewals: int) -> None:
        for _ in range(renewals):
            self.permit()
            self.time_passes(0.5)

    @rule(seconds=STEPS_S)
    def the_loop_is_held_up(self, seconds: float) -> None:
        self.rig.now_s += seconds
        self.meter_says(0.0)

    # What must hold after every step

    @invariant()
    def what_the_board_was_told_last_is_what_the_interlock_believes(self) -> None:
        assert self.rig.raw_permitted == self.rig.state.permitted

    @invariant()
    def permitted_only_while_every_condition_holds(self) -> None:
        now_s = self.rig.now_s
        if not self.rig.raw_permitted:
            return
        assert now_s < self.granted_s + 2.0
        assert self.cp is CpState.C
        assert self.diode
        assert not self.diode_fault
        assert self.locked
        assert not self.faults - {FaultKind.METER}
        assert not self.trips
        assert self.busy is None
        if isinstance(self.pilot, PilotPwm):
            duty_pct = self.pilot.duty_pct
            assert duty_pct == 5.0 or 0.6 * duty_pct <= min(32.0, self.cable_a or 0.0) + 0.05
        else:
            assert isinstance(self.pilot, PilotX1)
            assert now_s < self.x1_since_s + 6.0

    @invariant()
    def never_closed_within_five_seconds_after_the_car_left_c(self) -> None:
        closes = self.rig.raw_permitted and not self.was_permitted
        self.was_permitted = self.rig.raw_permitted
        if closes:
            assert self.rig.now_s >= self.left_cd_s + 5.0


TestInterlock = InterlockMachine.TestCase
TestInterlock.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
