"""When the residual-current monitor tests itself: after each session and every 24 hours, with the contactor open."""

from __future__ import annotations

import math
from typing import Final

import msgspec

EVERY_S: Final = 24 * 3600.0  # charging.md 1


class SelfTest(msgspec.Struct, frozen=True):
    """The monitor's last test, whether a session has asked for one since, and whether one is under way."""

    tested_mono_s: float = -math.inf
    owed: bool = False
    running: bool = False


def session_ended(state: SelfTest) -> SelfTest:
    """A session has, or had, energy: when it is over a test is owed."""
    return SelfTest(state.tested_mono_s, owed=True, running=state.running)


def is_due(state: SelfTest, now_mono_s: float, *, contactor_open: bool, session: bool) -> bool:
    """Whether to test now: never in a session, never with the contactor closed."""
    waits = state.running or session or not contactor_open
    return not waits and (state.owed or now_mono_s - state.tested_mono_s >= EVERY_S)


def running(state: SelfTest) -> SelfTest:
    """A test is under way."""
    return SelfTest(state.tested_mono_s, state.owed, running=True)


def due_mono_s(state: SelfTest) -> float:
    """When the next test is due by time alone."""
    return state.tested_mono_s + EVERY_S


def tested(now_mono_s: float) -> SelfTest:
    """A test ran; what it found comes as a fault."""
    return SelfTest(now_mono_s)
