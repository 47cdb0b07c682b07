"""The power contactor: coil, main poles, mirror contact. Pure: time comes in, `due_s` says when it moves by itself.

It does what its coil is told. What can go wrong: poles that stick (weld), a coil that pulls nothing, a mirror contact
that stays as it is.
"""

from __future__ import annotations

import math
import random

import msgspec

POLES = 3
Poles = tuple[bool, bool, bool]
ALL_OPEN: Poles = (False, False, False)


class ContactorSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A contactor's times. Closing bounces for up to `bounce_s` before the mirror contact is steady."""

    close_delay_s: float = 0.040
    open_delay_s: float = 0.020
    bounce_s: float = 0.005


class Contactor:
    """Poles follow the coil after a delay; a pole that is welded stays once it has closed.

    `poles` conduct from first touch; `mirror` follows when the bounce is over. The mirror contact is closed while any
    main pole is (positively driven, IEC 60947-4-1 annex F).
    """

    def __init__(self, spec: ContactorSpec, rng: random.Random) -> None:
        self._spec = spec
        self._rng = rng
        self._move_due_s = math.inf
        self._steady_due_s = math.inf
        self.coil = False
        self.poles: Poles = ALL_OPEN
        self.mirror = False
        self.cycles = 0
        self.used_poles = POLES  # a phase switch uses the first alone
        self.welded: Poles = ALL_OPEN
        self.coil_dead = False  # a broken wire: the coil pulls nothing
        self.mirror_stuck = False

    @property
    def closed(self) -> bool:
        """Whether any main pole conducts."""
        return any(self.poles)

    @property
    def due_s(self) -> float:
        """When it next moves by itself; infinite when at rest."""
        return min(self._move_due_s, self._steady_due_s)

    def drive(self, on: bool, now_s: float) -> None:
        """Switch the coil. Asking for what already is changes nothing."""
        if on == self.coil:
            return
        self.coil = on
        self._move_due_s = now_s + (self._spec.close_delay_s if on else self._spec.open_delay_s)

    def release(self, now_s: float) -> None:
        """Coil, poles in use or welds may have changed: take up the position that follows."""
        self._move_due_s = min(self._move_due_s, now_s + self._spec.open_delay_s)

    def step(self, now_s: float) -> None:
        """Do what is due by now: move the poles, settle the mirror contact."""
        if self._move_due_s <= now_s:
            self._move_due_s = math.inf
            self._move(now_s)
        if self._steady_due_s <= now_s:
            self._steady_due_s = math.inf
            if not self.mirror_stuck:
                self.mirror = self.closed

    def _move(self, now_s: float) -> None:
        pulled = self.coil and not self.coil_dead
        one, two, three = (
            (pulled and pole < self.used_poles) or (self.poles[pole] and self.welded[pole]) for pole in range(POLES)
        )
        was_closed = self.closed
        self.poles = (one, two, three)
        if self.closed and not was_closed:
            self.cycles += 1
        if self.closed != self.mirror:
            self._steady_due_s = now_s + self._spec.bounce_s * self._rng.random()
