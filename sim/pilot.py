"""The EVSE's side of the pilot wire: generator, levels at the terminal, and the converter that reads them. Pure."""

from __future__ import annotations

import math
from typing import Final

from hal.types import CpReading, CpState
from sim.circuit import HEALTHY, CarSide, Components, Source, SourceMode, classify, levels, reading, settle_s

DEBOUNCE_S: Final = 0.020  # 20 periods of the PWM: this board's filter


class PilotLine:
    """`levels` are true at every instant; `reading` is what the converter last reported, filtered."""

    def __init__(self, parts: Components) -> None:
        self._parts = parts
        self.source = Source()
        self.faults = HEALTHY
        self.silent = False  # the converter is dead
        self.measure_due_s = math.inf
        self._loose_s: float | None = None  # a loose contact makes and breaks this often
        self._broken = False  # by the loose contact, at this instant
        self._move_due_s = math.inf  # of the loose contact
        self.levels = levels(self.source, None, parts)
        self.state = CpState.A  # what the levels mean at this instant
        self.reading: CpReading = reading(self.source, self.levels)

    @property
    def due_s(self) -> float:
        """When something happens by itself; infinite when nothing will."""
        return min(self.measure_due_s, self._move_due_s)

    def loosen(self, period_s: float | None, now_s: float) -> None:
        """A contact comes loose (seconds between making and breaking), or is tight again (None)."""
        if period_s != self._loose_s:
            self._loose_s, self._broken = period_s, period_s is not None
            self._move_due_s = math.inf if period_s is None else now_s + period_s

    def step(self, now_s: float) -> None:
        """Let the loose contact move when it is due; `load` afterwards."""
        if self._loose_s is not None and self._move_due_s <= now_s:
            self._broken = not self._broken
            self._move_due_s = now_s + self._loose_s

    @property
    def duty_at_car_pct(self) -> float | None:
        """The PWM that arrives at the car; None when there is none or the wire does not carry it."""
        carried = not (self.faults.broken or self._broken) and self.faults.short_ohm is None
        return self.source.pwm_pct if carried else None

    @property
    def wakes_car(self) -> bool:
        """State E or F: a car that fell asleep takes notice."""
        return self.source.mode in {SourceMode.E, SourceMode.F}

    def load(self, car: CarSide | None, now_s: float) -> None:
        """Work out the levels anew; a reading follows when wire and filter have settled."""
        self.levels = levels(self.source, None if self._broken else car, self._parts, self.faults)
        self.state = classify(self.levels.high_v, self.state)
        if not self.silent and self.measure_due_s == math.inf and self._measured() != self.reading:
            self.measure_due_s = now_s + settle_s() + DEBOUNCE_S

    def measure(self) -> CpReading | None:
        """The settled reading, if it says something new."""
        self.measure_due_s = math.inf
        measured = self._measured()
        if self.silent or measured == self.reading:
            return None
        self.reading = measured
        return measured

    def _measured(self) -> CpReading:
        return reading(self.source, self.levels, self.reading.state)
