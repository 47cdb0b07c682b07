"""The interlock on a bench: gives it events, commands and time, and keeps what came out."""

from __future__ import annotations

import math
from typing import Any

from hal import interlock
from hal.commands import Command, Permit, PilotPwm
from hal.rules import initial
from hal.turn import Asked, Done, Given, Observed, Pass, Refuse, Report, Tick
from hal.types import (
    ContactorChanged,
    CpChanged,
    CpReading,
    CpState,
    EvseCapabilities,
    HalEvent,
    LockChanged,
    LockState,
    MeterSample,
    MeterSampled,
    PermitLost,
    PpChanged,
    Rule,
)

LEVEL_MV = {
    CpState.A: 12_000,
    CpState.B: 9_000,
    CpState.C: 6_000,
    CpState.D: 3_000,
    CpState.E: 0,
    CpState.F: -12_000,
}
DUTY_16A = 26.6
DUTY_20A = 33.3
SOCKET = EvseCapabilities(
    max_current_a=32.0, has_lock=True, has_proximity=True, has_rcd=True, has_phase_switch=True, has_ventilation=False
)


def cp(state: CpState, *, low_mv: int = -12_000, pwm: bool = True, high_mv: int | None = None) -> CpChanged:
    high = LEVEL_MV[state] if high_mv is None else high_mv
    return CpChanged(CpReading(state, high, low_mv if pwm else high, DUTY_16A if pwm else None))


def drawn(current_a: float, taken_s: float, **more: Any) -> MeterSampled:
    return MeterSampled(
        MeterSample(taken_mono_s=taken_s, energy_import_wh=0.0, current_a=(current_a, 0.0, 0.0), **more)
    )


class Rig:
    def __init__(self, capabilities: EvseCapabilities = SOCKET, *, now_s: float = 100.0) -> None:
        self.state = initial(capabilities)
        self.now_s = now_s
        self.sent: list[Command] = []
        self.reports: list[HalEvent] = []
        self.raw_permitted = False
        self.opened_s = math.inf  # when the board was last told to open

    def step(self, given: Given) -> Refuse | None:
        self.state, actions = interlock.step(self.state, given, self.now_s)
        refused = None
        for action in actions:
            match action:
                case Pass(command):
                    self.sent.append(command)
                    if isinstance(command, Permit):
                        self.raw_permitted = command.on
                        self.opened_s = self.opened_s if command.on else self.now_s
                case Report(event):
                    self.reports.append(event)
                case Refuse():
                    refused = action
        return refused

    def ask(self, command: Command) -> Rule | None:
        refused = self.step(Asked(command))
        return None if refused is None else refused.rule

    def done(self, command: Command, *, ok: bool = True) -> None:
        self.step(Done(command, ok))

    def see(self, event: HalEvent, at_s: float | None = None) -> None:
        self.step(Observed(event, self.now_s if at_s is None else at_s))

    def wait(self, seconds: float, *, mirror_follows: bool = False) -> None:
        """Let time pass, with a tick whenever the interlock wants one."""
        until_s = self.now_s + seconds
        while (due_s := interlock.deadline_s(self.state, self.now_s)) is not None and due_s <= until_s:
            self.now_s = due_s
            self.step(Tick())
            if mirror_follows:
                self.see(ContactorChanged(self.raw_permitted))
        self.now_s = until_s

    def renew(self, seconds: float, *, every_s: float = 0.5) -> None:
        """Let time pass while the permission is renewed."""
        until_s = self.now_s + seconds
        while self.now_s < until_s - 1e-9:
            self.ask(Permit(True))
            self.wait(min(every_s, until_s - self.now_s))

    def ready(self) -> None:
        """A car in state C at a locked socket with a 32 A cable; 16 A are offered; the contactor is open."""
        self.see(ContactorChanged(False))
        self.see(PpChanged(32.0, 220.0))
        self.see(LockChanged(LockState.LOCKED))
        self.see(cp(CpState.B, pwm=False))
        assert self.ask(PilotPwm(DUTY_16A)) is None
        self.see(cp(CpState.C))

    def charging(self) -> None:
        self.ready()
        assert self.ask(Permit(True, "test")) is None
        self.see(ContactorChanged(True))
        self.sent.clear()
        self.reports.clear()

    @property
    def lost(self) -> list[Rule]:
        return [event.rule for event in self.reports if isinstance(event, PermitLost)]


def draw(rig: Rig, current_a: float, seconds: int) -> None:
    """A car draws this much while the permission is renewed, metered every second."""
    for _ in range(seconds):
        rig.see(drawn(current_a, rig.now_s))
        rig.renew(1.0)
