"""The energy meter: true energy as the integral of V times I, and the view a meter's registers give of it. Pure.

Voltages and currents are constant between events, so integrating lazily, from one event to the next, is exact.
"""

from __future__ import annotations

import math

import msgspec

from hal.types import MeterSample
from sim.grid import DEAD, Phases

S_PER_H = 3600.0


class MeterSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A meter model. `class_error_pct` is a constant gain error on current; `refresh_s` 0 measures continuously.

    `resets_at_plug_in`: its register begins at 0 with every car, as in meters made for one session at a time.
    """

    class_error_pct: float = 0.0
    resolution_wh: float = 1.0
    refresh_s: float = 0.0
    resets_at_plug_in: bool = False

    def __post_init__(self) -> None:
        if self.resolution_wh <= 0:
            raise ValueError(f"resolution_wh is {self.resolution_wh:g}; give watt-hours above 0")
        if self.refresh_s < 0:
            raise ValueError(f"refresh_s is {self.refresh_s:g}; give seconds, or 0 for a continuous meter")


def meter_serial(board_serial: str, evse: int) -> str:
    """Digits only: many meter models keep their serial number as an integer."""
    digits = "".join(filter(str.isdigit, board_serial)) or "0"
    return str(int(digits) * 100 + evse)


class _View(msgspec.Struct, frozen=True):
    """What the registers hold: energy that flowed (true Wh), volts and ampere."""

    flowed_wh: float
    voltages_v: Phases
    currents_a: Phases


def power_w(voltages_v: Phases, currents_a: Phases) -> float:
    """Active power of all phases; the simulated cars have a power factor of 1."""
    return voltages_v[0] * currents_a[0] + voltages_v[1] * currents_a[1] + voltages_v[2] * currents_a[2]


class EnergyMeter:
    """Counts from `start_wh`, the register as it left the last run."""

    def __init__(self, spec: MeterSpec, serial: str, start_wh: float = 0.0) -> None:
        self._spec = spec
        self._gain = 1.0 + spec.class_error_pct / 100.0
        self._serial = serial
        self._start_wh = start_wh
        self._shown = _View(0.0, DEAD, DEAD)
        self._of = self._kept = (DEAD, DEAD)
        self.flowed_wh = 0.0

    @property
    def register_wh(self) -> float:
        """The import register before rounding: what to hand to the next run as `start_wh`."""
        return self._start_wh + self.flowed_wh * self._gain

    def resume(self, register_wh: float, flowed_wh: float) -> None:
        """Go on from the register that another run left."""
        self._start_wh = register_wh - flowed_wh * self._gain
        self.flowed_wh = flowed_wh
        self._shown = _View(flowed_wh, DEAD, DEAD)

    def plugged(self) -> None:
        """A car comes."""
        if self._spec.resets_at_plug_in:
            self.resume(0.0, self.flowed_wh)

    def integrate(self, from_s: float, to_s: float, voltages_v: Phases, currents_a: Phases) -> None:
        """Take in a stretch of time in which voltages and currents were constant."""
        power = power_w(voltages_v, currents_a)
        refresh_s = self._spec.refresh_s
        if refresh_s > 0:
            refreshed_s = math.floor(to_s / refresh_s) * refresh_s
            if refreshed_s > from_s:
                until_then_wh = power * (refreshed_s - from_s) / S_PER_H if power else 0.0
                self._shown = _View(self.flowed_wh + until_then_wh, voltages_v, currents_a)
        if power:
            self.flowed_wh += power * (to_s - from_s) / S_PER_H

    def sample(self, now_s: float, voltages_v: Phases, currents_a: Phases, frequency_hz: float) -> MeterSample:
        """The registers, read at `now_s`; integrate up to then first."""
        shown = self._shown if self._spec.refresh_s > 0 else _View(self.flowed_wh, voltages_v, currents_a)
        amps, watts = self._electrical(shown.voltages_v, shown.currents_a)
        resolution_wh = self._spec.resolution_wh
        counted_wh = self._start_wh + shown.flowed_wh * self._gain
        return MeterSample(
            taken_mono_s=now_s,
            energy_import_wh=math.floor(counted_wh / resolution_wh) * resolution_wh,
            serial=self._serial,
            energy_export_wh=0.0,
            power_w=sum(watts),
            power_phase_w=watts,
            voltage_v=shown.voltages_v,
            current_a=amps,
            frequency_hz=frequency_hz,
            power_factor=1.0,
            reactive_power_var=0.0,
            resolution_wh=resolution_wh,
        )

    def _electrical(self, voltages_v: Phases, currents_a: Phases) -> tuple[Phases, Phases]:
        """Ampere and watt per phase with the class error; kept while nothing changes, as polls are many."""
        if voltages_v is not self._of[0] or currents_a is not self._of[1]:
            one, two, three = (current * self._gain for current in currents_a)
            watts = (voltages_v[0] * one, voltages_v[1] * two, voltages_v[2] * three)
            self._of, self._kept = (voltages_v, currents_a), ((one, two, three), watts)
        return self._kept
