"""What a DC EVSE knows of its output and of what the car wants of it: a value, kept in the session."""

from __future__ import annotations

import enum
import math

import msgspec

from hal.types import DcMode


class Check(enum.StrEnum):
    """How far the cable check has come."""

    IDLE = "idle"
    WAITING = "waiting"  # for the contactor, and for the insulation monitor's self-test
    MEASURING = "measuring"  # the supply holds the test voltage
    DISCHARGING = "discharging"  # the insulation is good; the output has to become safe again
    PASSED = "passed"
    FAILED = "failed"


class SetPoint(msgspec.Struct, frozen=True):
    """What the supply is, or should be, told."""

    mode: DcMode = DcMode.OFF
    voltage_v: float = 0.0
    current_a: float = 0.0


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One car's DC output. `wanted`: as the car says, `told`: as the supply was last told, at `told_mono_s`."""

    check: Check = Check.IDLE
    tested: bool = False  # the insulation monitor has passed its self-test for this car
    at_voltage_s: float = math.inf  # since when the test voltage is at the output; monotonic
    insulation_ohm: float | None = None
    voltage_v: float = 0.0
    current_a: float = 0.0
    wanted: SetPoint = SetPoint()
    wanted_mono_s: float = -math.inf
    told: SetPoint = SetPoint()
    told_mono_s: float = -math.inf
    soc_pct: int | None = None

    @property
    def delivers(self) -> bool:
        """Whether the car's battery is charged."""
        return self.told.mode is DcMode.CHARGE
