"""Cars that fell asleep in B2: woken once by a toggle of the pilot; and cars that toggle S2 themselves (BCB).

IEC 61851-1 annex A.5.3 [check] names the sequences; how often and when is our policy.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from agent.core.effects import Pilot
from hal.types import CpState

SLEEPS_AFTER_S: Final = 30.0  # our policy: a car that was offered a current so long and does nothing may sleep
X1_S: Final = 3.0  # charging.md 1: how long X1 stands
EF_S: Final = 4.0  # and E or F
BCB_MIN_S: Final = 0.2  # ISO 15118-3 [check]: the shortest and the longest stay in C of a toggle
BCB_MAX_S: Final = 3.0


class Step(enum.StrEnum):
    """Where a wake-up stands."""

    NONE = "none"
    X1 = "x1"
    E = "e"
    DONE = "done"  # once for each offer: a car that does not wake is not bothered again


PILOTS: Final = {Step.X1: Pilot.X1, Step.E: Pilot.E}  # what the pilot says in a step


class WakeUp(msgspec.Struct, frozen=True):
    """One car's wake-up. `since_mono_s`: of the step, or of the offer that it slept through; None: nothing offered."""

    step: Step = Step.NONE
    since_mono_s: float | None = None


def offered(state: WakeUp, now_mono_s: float) -> WakeUp:
    """A current is offered to a car in B: its time to react begins."""
    return WakeUp(state.step, now_mono_s) if state.step is Step.NONE else state


def moved(state: WakeUp, cp: CpState) -> WakeUp:
    """The pilot moved: a car that asks is awake, one that left is forgotten."""
    if not cp.connected:
        return WakeUp()
    return WakeUp(Step.DONE) if cp.wants_energy else state


def due_mono_s(state: WakeUp) -> float | None:
    """When the next step is due."""
    waits = {Step.NONE: SLEEPS_AFTER_S, Step.X1: X1_S, Step.E: EF_S}
    if state.since_mono_s is None or state.step not in waits:
        return None
    return state.since_mono_s + waits[state.step]


def advance(state: WakeUp, now_mono_s: float) -> WakeUp:
    """The next step if it is due; after the last one the offer stands again."""
    due_s = due_mono_s(state)
    if due_s is None or now_mono_s < due_s:
        return state
    match state.step:
        case Step.NONE:
            return WakeUp(Step.X1, now_mono_s)
        case Step.X1:
            return WakeUp(Step.E, now_mono_s)
    return WakeUp(Step.DONE)


def is_bcb(states: tuple[tuple[CpState, float], ...]) -> bool:
    """Whether the last three states (each with its time) are a toggle B-C-B by which a car asks to be spoken to."""
    if len(states) < 3 or [one for one, _ in states[-3:]] != [CpState.B, CpState.C, CpState.B]:  # noqa: PLR2004 - B, C, B
        return False
    stayed_s = states[-1][1] - states[-2][1]
    return BCB_MIN_S <= stayed_s <= BCB_MAX_S
