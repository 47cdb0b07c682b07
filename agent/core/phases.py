"""Switching between one and three phases: never under load, and the car is asked to stop before."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

SETTLE_S: Final = 10.0  # charging.md 1: with the contactor open, before and after the switch


class Step(enum.StrEnum):
    """Where a switch stands, in this order."""

    IDLE = "idle"
    EASING = "easing"  # X1: the car is stopping, then the contactor opens
    OPEN = "open"  # the contactor is open; the car's charger runs down
    SWITCHING = "switching"  # the board is at it
    SETTLING = "settling"  # switched; the car may be offered a current when this is over


class Switch(msgspec.Struct, frozen=True):
    """Phases in use, phases wanted, and the way between them."""

    phases: int = 3
    wanted: int = 3
    step: Step = Step.IDLE
    since_mono_s: float = 0.0


class PhasesError(ValueError):
    """A number of phases that no phase switch has."""


def checked(phases: int) -> int:
    """The number itself, if a switch can be brought to it. Raises `PhasesError`."""
    if phases not in {1, 3}:
        raise PhasesError(f"{phases} phases: a phase switch knows 1 and 3")
    return phases


def unknown(now_mono_s: float) -> Switch:
    """Nobody knows how the switch stands after a restart: it is brought to three phases first."""
    return Switch(step=Step.SWITCHING, since_mono_s=now_mono_s)


def want(state: Switch, phases: int, now_mono_s: float) -> Switch:
    """Ask for one or three phases. On its way already, the last wish counts when the switch is thrown."""
    if state.step is not Step.IDLE or phases == state.phases:
        return Switch(state.phases, phases, state.step, state.since_mono_s)
    return Switch(state.phases, phases, Step.EASING, now_mono_s)


def opened(state: Switch, now_mono_s: float) -> Switch:
    """The contactor is open."""
    return Switch(state.phases, state.wanted, Step.OPEN, now_mono_s) if state.step is Step.EASING else state


def closed(state: Switch) -> Switch:
    """The contactor is closed: whatever was under way before the switch is off."""
    return Switch(state.phases, state.phases) if state.step is Step.OPEN else state


def switched(state: Switch, phases: int, now_mono_s: float) -> Switch:
    """The board has switched."""
    return Switch(phases, state.wanted, Step.SETTLING, now_mono_s) if state.step is Step.SWITCHING else state


def due_mono_s(state: Switch) -> float | None:
    """When the next step is due."""
    return state.since_mono_s + SETTLE_S if state.step in {Step.OPEN, Step.SETTLING} else None


def advance(state: Switch, now_mono_s: float) -> tuple[Switch, bool]:
    """The next step if it is due, and whether it is to throw the switch."""
    due_s = due_mono_s(state)
    if due_s is None or now_mono_s < due_s:
        return state, False
    if state.wanted != state.phases:  # also a wish that came while the last one settled: the contactor is still open
        return Switch(state.phases, state.wanted, Step.SWITCHING, now_mono_s), True
    return Switch(state.phases, state.wanted), False


def holds_energy(state: Switch) -> bool:
    """Whether no current may be offered meanwhile."""
    return state.step is not Step.IDLE
