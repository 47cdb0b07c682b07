"""What goes into a step of the interlock, what comes out, and the step in the making. PURE."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from hal.commands import Command
from hal.iec61851 import RECLOSE_AFTER_ERROR_S
from hal.rules import HARMLESS, LATCHING, State
from hal.types import FaultCleared, FaultKind, FaultRaised, HalEvent, PermitLost, Rule

# In


class Asked(msgspec.Struct, frozen=True):
    """Somebody asks for this."""

    command: Command


class Observed(msgspec.Struct, frozen=True):
    """The hardware reports this, seen at `at_s` (monotonic)."""

    event: HalEvent
    at_s: float


class Done(msgspec.Struct, frozen=True):
    """The raw board has carried out, or failed to carry out, a command that was passed to it."""

    command: Command
    ok: bool


class Tick(msgspec.Struct, frozen=True):
    """Time has passed."""


Given = Asked | Observed | Done | Tick


# Out


class Pass(msgspec.Struct, frozen=True):
    """Hand this command to the raw board."""

    command: Command


class Refuse(msgspec.Struct, frozen=True):
    """Tell whoever asked that this is refused."""

    rule: Rule
    detail: str


class Report(msgspec.Struct, frozen=True):
    """Put this event into the EVSE's stream."""

    event: HalEvent


Action = Pass | Refuse | Report


class Turn:
    """One step in the making: the state as it becomes, and the actions so far."""

    def __init__(self, state: State, now_s: float) -> None:
        self.state = state
        self.now_s = now_s
        self.actions: list[Action] = []

    def set(self, **changes: Any) -> None:
        """Change fields of the state."""
        self.state = replace(self.state, **changes)

    def do(self, action: Action) -> None:
        """Add an action."""
        self.actions.append(action)

    def wait_at_least(self, spacing_s: float) -> None:
        """No closing before `spacing_s` from now."""
        self.set(reclose_s=max(self.state.reclose_s, self.now_s + spacing_s))

    def raise_fault(self, fault: FaultKind, detail: str) -> None:
        """A fault begins; one that is active already is not reported again."""
        if fault not in self.state.active:
            self.do(Report(FaultRaised(fault, detail)))
        latching = (
            LATCHING if self.state.capabilities.has_rcd else frozenset()
        )  # else the device itself is reset by hand
        self.set(faults=self.state.faults | {fault}, latched=self.state.latched | ({fault} & latching))

    def find_fault(self, fault: FaultKind, detail: str) -> None:
        """The interlock found a fault by itself, and will see it end by itself."""
        if fault not in self.state.active:
            self.set(found=self.state.found | {fault})
            self.raise_fault(fault, detail)

    def clear_fault(self, fault: FaultKind) -> None:
        """The cause of a fault is gone; a latched one stays active."""
        was_active = self.state.active
        self.set(faults=self.state.faults - {fault}, found=self.state.found - {fault})
        self._report_ended(was_active)

    def release_latched(self) -> None:
        """A person has reset what had tripped."""
        was_active = self.state.active
        self.set(latched=frozenset())
        self._report_ended(was_active)

    def _report_ended(self, was_active: frozenset[FaultKind]) -> None:
        for fault in sorted(was_active - self.state.active):
            self.do(Report(FaultCleared(fault)))
            if fault not in HARMLESS:
                self.wait_at_least(RECLOSE_AFTER_ERROR_S)

    def tell(self, rule: Rule, detail: str) -> None:
        """Report once why there is no permission."""
        if rule is not self.state.told:
            self.set(told=rule)
            self.do(Report(PermitLost(rule, detail)))
