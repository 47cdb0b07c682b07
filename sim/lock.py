"""The connector lock: a motor with travel time and a feedback contact. Pure. Jammed, it reports so and stays put."""

from __future__ import annotations

import math
from typing import Final

from hal.types import LockState

TRAVEL_S: Final = 0.3  # a typical motor lock


class Lock:
    """`holds` is where the bolt is; `state` what its contact says."""

    def __init__(self) -> None:
        self.holds = False
        self.state = LockState.UNLOCKED
        self.jammed = False
        self.due_s = math.inf
        self._wanted = False

    def drive(self, locked: bool, now_s: float) -> None:
        """Start the motor; nothing happens where the bolt already is."""
        self._wanted = locked
        here = self.state is (LockState.LOCKED if locked else LockState.UNLOCKED)
        self.due_s = math.inf if here else now_s + TRAVEL_S

    def step(self) -> None:
        """The travel time is over."""
        self.due_s = math.inf
        if self.jammed:
            self.state = LockState.JAMMED
            return
        self.holds = self._wanted
        self.state = LockState.LOCKED if self.holds else LockState.UNLOCKED

    def put(self, holds: bool) -> None:
        """Where the bolt stood when the last run ended."""
        self.holds = self._wanted = holds
        self.state = LockState.LOCKED if holds else LockState.UNLOCKED
