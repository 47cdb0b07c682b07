"""A DC supply, its cable's insulation and the battery at its end. Pure: time comes in, `due_s` goes out.

Between two ticks voltage and current are constant; while the supply follows another value there is a tick every
`TICK_S`, afterwards none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import msgspec

from hal.dc_figures import PRECHARGE_WINDOW_V, RAMP_A_PER_S
from hal.types import DcMeasured, DcMode, DcRatings, FaultCleared, FaultKind, FaultRaised, HalEvent, InsulationMeasured
from sim.symptoms import Symptom

TICK_S: Final = 0.05  # the supply's regulator, as far as anybody outside can see it
TELL_S: Final = 1.0  # how often supply and monitor repeat what they measure; sooner while it changes
NEAR: Final = 1e-9


class DcSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A supply and its cable. `slew_v_per_s`: how fast an output without a battery follows."""

    max_voltage_v: float = 1000.0
    max_current_a: float = 300.0
    max_power_w: float = 150_000.0
    slew_v_per_s: float = 500.0
    insulation_ohm: float = 10e6

    @property
    def ratings(self) -> DcRatings:
        """What it tells of itself."""
        return DcRatings(self.max_voltage_v, self.max_current_a, self.max_power_w)


class Battery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A car's battery as the charger sees it: open-circuit voltage from empty to full, and resistance."""

    empty_v: float = 330.0
    full_v: float = 410.0
    r_ohm: float = 0.08

    def open_v(self, soc_pct: float) -> float:
        """The open-circuit voltage."""
        return self.empty_v + (self.full_v - self.empty_v) * soc_pct / 100.0


class DcPlant:
    """One supply with its two monitors. `emitted` collects events until somebody takes them."""

    def __init__(self, spec: DcSpec) -> None:
        self.spec = spec
        self.mode = DcMode.OFF
        self.voltage_v = 0.0  # as told
        self.current_a = 0.0
        self.output_v = 0.0
        self.output_a = 0.0
        self.monitoring = False
        self.limit_v: float | None = None
        self.tripped = False
        self.insulation_ohm = spec.insulation_ohm
        self.overshoot_v = 0.0
        self.monitor_silent = False
        self.dead = False  # the supply has switched itself off
        self.silent = False
        self.fed_v = 0.0  # by something else, through a resistor: what supply or battery say counts where they are
        self.emitted: list[HalEvent] = []
        self._open_v: float | None = None  # of the battery that is connected
        self._r_ohm = 0.0
        self._ticked_s = -math.inf
        self._told_s = -math.inf
        self._insulation_s = -math.inf
        self._said: DcMeasured | None = None

    @property
    def measured(self) -> DcMeasured:
        """What is at the output, as the supply measures it."""
        return DcMeasured(round(self.output_v, 2), round(self.output_a, 2))

    @property
    def due_s(self) -> float:
        """When something happens by itself."""
        due_s = math.inf
        if self._moves:
            due_s = self._ticked_s + TICK_S
        if self.mode is not DcMode.OFF and not self.silent:
            due_s = min(due_s, self._told_s + TELL_S)
        if self.monitoring and not self.monitor_silent:
            due_s = min(due_s, self._insulation_s + TELL_S)
        return due_s

    def ail(self, symptoms: Mapping[Symptom, float], now_s: float) -> None:
        """These symptoms, and no others, are there."""
        self.insulation_ohm = symptoms.get(Symptom.INSULATION_LOW, self.spec.insulation_ohm)
        self.monitor_silent = Symptom.INSULATION_SILENT in symptoms
        self.dead = Symptom.DC_SUPPLY_TRIPS in symptoms
        self.overshoot_v = symptoms.get(Symptom.DC_OVERSHOOT, 0.0)
        self.silent = Symptom.DC_SUPPLY_SILENT in symptoms
        self.fed_v = symptoms.get(Symptom.DC_OUTPUT_FED, 0.0)
        self.drive(now_s)

    def taken(self) -> list[HalEvent]:
        """The events since the last call."""
        taken, self.emitted = self.emitted, []
        return taken

    def connect(self, battery: Battery | None, soc_pct: float, now_s: float) -> float:
        """A battery is behind both contactors, or (None) none is.

        Returns the difference of voltages that a contactor was closed onto, beyond what may be.
        """
        inrush_v = 0.0
        if battery is None:
            if self._open_v is not None:
                self._open_v, self.output_a = None, 0.0
                self._ticked_s = now_s
            return inrush_v
        open_v = battery.open_v(soc_pct)
        if self._open_v is None:
            difference_v = abs(open_v - self.output_v)
            if difference_v > PRECHARGE_WINDOW_V:
                inrush_v = difference_v
            self.output_v = open_v
            self._ticked_s = now_s
        still = not self._moves
        self._open_v, self._r_ohm = open_v, battery.r_ohm
        if still and self._moves:  # a fuller battery: its voltage is there at once, a current follows from now on
            self._ticked_s = now_s
            self.output_v = open_v + self.output_a * battery.r_ohm
        return inrush_v

    def drive(self, now_s: float, *, mode: DcMode | None = None, to: tuple[float, float] | None = None) -> None:
        """Another mode, or other values."""
        if mode is not None:
            self._told_s = max(self._told_s, now_s - TELL_S)
            self.mode = mode
        if to is not None:
            self.voltage_v, self.current_a = to
        if not self._moves or now_s - self._ticked_s > TICK_S:
            self._ticked_s = now_s
        if self.mode is DcMode.OFF or self.dead:
            self.output_a = 0.0

    def monitor(self, on: bool, now_s: float) -> None:
        """The insulation monitor measures, or no more."""
        if on and not self.monitoring:
            self._insulation_s = now_s
        self.monitoring = on

    def watch(self, limit_v: float | None) -> None:
        """Cut off above this; None: no more, and what tripped is forgotten."""
        self.limit_v = limit_v
        if limit_v is None and self.tripped:
            self.tripped = False
            self.emitted.append(FaultCleared(FaultKind.DC_OVER_VOLTAGE))

    def step(self, now_s: float) -> None:
        """Do what is due by now."""
        while self._moves and self._ticked_s + TICK_S <= now_s + NEAR:
            self._ticked_s += TICK_S
            self._tick()
        if self.limit_v is not None and self.output_v > self.limit_v and not self.tripped:
            self.tripped, self.mode, self.output_a = True, DcMode.OFF, 0.0
            self.emitted.append(FaultRaised(FaultKind.DC_OVER_VOLTAGE, f"{self.output_v:.0f} V"))
        due = self.mode is not DcMode.OFF and self._told_s + TELL_S <= now_s + NEAR
        news = self.measured != self._said and (not self._moves or self._told_s + 2 * TICK_S <= now_s + NEAR)
        if (due or news) and not self.silent:
            self._said, self._told_s = self.measured, now_s
            self.emitted.append(self._said)
        if self.monitoring and not self.monitor_silent and self._insulation_s + TELL_S <= now_s + NEAR:
            self._insulation_s = now_s
            self.emitted.append(InsulationMeasured(self.insulation_ohm))

    @property
    def _wanted(self) -> tuple[float, float]:
        """Where voltage and current are going."""
        off = self.mode is DcMode.OFF or self.dead
        if self._open_v is None:
            return (self.fed_v if off else self.voltage_v + self.overshoot_v), 0.0
        if off:
            return self._open_v, 0.0
        by_voltage_a = (self.voltage_v + self.overshoot_v - self._open_v) / self._r_ohm
        by_power_a = self.spec.max_power_w / max(self._open_v, 1.0)
        amps = max(0.0, min(self.current_a, by_voltage_a, by_power_a))
        return self._open_v + amps * self._r_ohm, amps

    @property
    def _moves(self) -> bool:
        volts, amps = self._wanted
        return abs(volts - self.output_v) > NEAR or abs(amps - self.output_a) > NEAR

    def _tick(self) -> None:
        volts, amps = self._wanted
        self.output_a = min(amps, self.output_a + RAMP_A_PER_S * TICK_S)  # down at once
        if self._open_v is not None:
            self.output_v = self._open_v + self.output_a * self._r_ohm
            return
        most_v = self.spec.slew_v_per_s * TICK_S
        self.output_v += max(-most_v, min(most_v, volts - self.output_v))
