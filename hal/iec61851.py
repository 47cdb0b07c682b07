"""IEC 61851-1 as data: pilot levels, duty cycle and current, cable coding, timing. PURE.

The figures come from public sources; `[check]` marks those that need someone with the standard in hand. Every row
carries an id that its test is named after.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from hal.types import CpState, FaultKind

# Control pilot: the level of the positive half wave at the EVSE, +12 V source behind 1 kOhm (annex A)


class CpLevel(msgspec.Struct, frozen=True):
    """One state of the control pilot with its nominal level and what is accepted around it."""

    id: str
    state: CpState
    nominal_mv: int
    tolerance_mv: int = 1000


CP_LEVELS: Final = (
    CpLevel("CP-A", CpState.A, 12_000),
    CpLevel("CP-B", CpState.B, 9_000),
    CpLevel("CP-C", CpState.C, 6_000),
    CpLevel("CP-D", CpState.D, 3_000),
    CpLevel("CP-E", CpState.E, 0),
    CpLevel("CP-F", CpState.F, -12_000),
)
CP_SOURCE_MAX_MV: Final = 15_000  # our policy: beyond this no +-12 V pilot was measured but a broken converter
DIODE_LOW_MAX_MV: Final = -10_000  # with PWM on, the car's diode leaves the low level near -12 V


def cp_state(high_mv: int) -> CpState | None:
    """State of the pilot at this level in millivolt; None between two states (boards keep the last one there)."""
    return next((row.state for row in CP_LEVELS if abs(high_mv - row.nominal_mv) <= row.tolerance_mv), None)


# Duty cycle and current (tables A.7 and A.8)


class DutyBand(msgspec.Struct, frozen=True):
    """A band of duty cycles up to `up_to_pct`: `current = slope * (duty - shift)`, or a fixed one, or none at all."""

    id: str
    up_to_pct: float
    includes_end: bool = True
    slope_a_per_pct: float = 0.0
    shift_pct: float = 0.0
    fixed_a: float | None = None


DUTY_BANDS: Final = (
    DutyBand("DUTY-none-below-3", 3.0, includes_end=False),
    DutyBand("DUTY-digital", 7.0),
    DutyBand("DUTY-none-7-to-8", 8.0, includes_end=False),
    DutyBand("DUTY-6A", 10.0, fixed_a=6.0),
    DutyBand("DUTY-low", 85.0, slope_a_per_pct=0.6),
    DutyBand("DUTY-high", 96.0, slope_a_per_pct=2.5, shift_pct=64.0),
    DutyBand("DUTY-80A", 97.0, fixed_a=80.0),
    DutyBand("DUTY-none-above-97", 100.0),
)
DIGITAL_DUTY_PCT: Final = 5.0  # nominal duty that tells the car to use digital communication
DIGITAL_MIN_PCT: Final = 3.0
DIGITAL_MAX_PCT: Final = 7.0
ANALOG_MIN_PCT: Final = 10.0  # what an EVSE may send; cars accept from 8
ANALOG_MAX_PCT: Final = 96.0
PAUSE_DUTY_PCT: Final = 100.0  # X1: constant +12 V, no current offered
MIN_CURRENT_A: Final = 6.0
MAX_CURRENT_A: Final = 80.0
LOW_BAND_MAX_A: Final = 51.0
HIGH_BAND_MIN_A: Final = 52.5


def current_for_duty(duty_pct: float) -> float | None:
    """Current in ampere that this duty cycle offers; None where it offers none (digital communication included)."""
    if not 0.0 <= duty_pct <= PAUSE_DUTY_PCT:
        return None
    for band in DUTY_BANDS:
        if duty_pct < band.up_to_pct or (band.includes_end and duty_pct == band.up_to_pct):
            if band.slope_a_per_pct:
                return band.slope_a_per_pct * (duty_pct - band.shift_pct)
            return band.fixed_a
    return None


def duty_for_current(current_a: float) -> float:
    """Duty cycle in percent that offers at most this current; below 6 A it is `PAUSE_DUTY_PCT` (X1, no offer).

    Currents above 80 A are offered as 80 A. Raises ValueError for NaN and negative currents.
    """
    if not current_a >= 0.0:
        raise ValueError(f"no duty cycle says {current_a} A; give a current from 0 A up")
    if current_a < MIN_CURRENT_A:
        return PAUSE_DUTY_PCT
    if current_a <= HIGH_BAND_MIN_A:
        return min(current_a, LOW_BAND_MAX_A) / 0.6
    return min(current_a, MAX_CURRENT_A) / 2.5 + 64.0


def is_digital(duty_pct: float) -> bool:
    """Whether this duty cycle asks for digital communication."""
    return DIGITAL_MIN_PCT <= duty_pct <= DIGITAL_MAX_PCT


# Proximity pilot: the resistor that codes what a detached cable carries (annex B)


class CableCode(msgspec.Struct, frozen=True):
    """A cable's coding resistor and its rating."""

    id: str
    ohms: float
    ampacity_a: float
    single_phase_a: float


CABLE_CODES: Final = (
    CableCode("PP-13", 1500.0, 13.0, 13.0),
    CableCode("PP-20", 680.0, 20.0, 20.0),
    CableCode("PP-32", 220.0, 32.0, 32.0),
    CableCode("PP-63", 100.0, 63.0, 70.0),
)
PP_TOLERANCE: Final = 0.03
PP_SHORT_MAX_OHMS: Final = 50.0  # [check] below this there is no resistor but a short
PP_OPEN_MIN_OHMS: Final = 4500.0  # [check] above this no resistor is there


def cable_ampacity(ohms: float, phases: int = 3) -> float | FaultKind:
    """Rating in ampere of the cable with this coding resistor, or what is wrong with the coding."""
    if math.isnan(ohms) or ohms < 0.0:
        return FaultKind.PP_UNKNOWN
    if ohms < PP_SHORT_MAX_OHMS:
        return FaultKind.PP_SHORT
    if ohms > PP_OPEN_MIN_OHMS:
        return FaultKind.PP_OPEN
    for code in CABLE_CODES:
        if abs(ohms - code.ohms) <= code.ohms * PP_TOLERANCE:
            return code.single_phase_a if phases == 1 else code.ampacity_a
    return FaultKind.PP_UNKNOWN


# Timing (table A.6 and its sequences)

CLOSE_WITHIN_S: Final = 3.0  # [check] C2 -> contactor closed
OPEN_WITHIN_S: Final = 0.1  # [check] leaves C/D, or unplugged -> contactor open
PWM_OFF_OPEN_S: Final = 6.0  # [check] the car stops within 3 s of losing the PWM; then we open under load
PWM_SPACING_S: Final = 5.0  # [check] between changes of the duty cycle; a decrease need not wait
LIMIT_REACTION_S: Final = 5.0  # [check] a car has this long to follow a lower limit
OVERCURRENT_MARGIN_A: Final = 0.5  # soft over-current, our policy: (limit + 0.5 A) * 1.1 for 7 s
OVERCURRENT_FACTOR: Final = 1.1
OVERCURRENT_S: Final = 7.0
RECLOSE_S: Final = 5.0  # our policy: after the pilot left C or D
RECLOSE_AFTER_ERROR_S: Final = 30.0  # our policy: after a fault ended
