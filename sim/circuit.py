"""The control pilot and the proximity pilot as circuits: levels come from Ohm's law, never from a wanted state.

Pure. The EVSE drives the pilot through R1; the car loads it with a diode and R2, to which S2 adds R3 (IEC 61851-1
annex A, figures A.1 and A.2). Faults are resistors and broken wires in this circuit.
"""

from __future__ import annotations

import enum
import random
from typing import Final

import msgspec

from hal.types import CpReading, CpState

SOURCE_V: Final = 12.0  # IEC 61851-1 table A.2: open-circuit amplitude, both polarities
R1_OHM: Final = 1000.0  # IEC 61851-1 table A.2: source resistance in the EVSE
R2_OHM: Final = 2740.0  # IEC 61851-1 table A.3: state B
R3_OHM: Final = 1300.0  # table A.3: parallel to R2 in state C
R3_VENTILATION_OHM: Final = 270.0  # table A.3: parallel to R2 in state D
DIODE_V: Final = 0.7  # forward drop of a silicon diode at milliampere
CP_CAPACITANCE_F: Final = 3.1e-9  # table A.2: the most that EVSE and cable may add
SETTLE_TAUS: Final = 5.0  # an exponential is within 1 % after five time constants

LEVEL_V: Final = {
    CpState.A: 12.0,
    CpState.B: 9.0,
    CpState.C: 6.0,
    CpState.D: 3.0,
    CpState.E: 0.0,
    CpState.F: -12.0,
}
ACCEPT_V: Final = 1.0  # IEC 61851-1 table A.2, note: the EVSE's window around each level

PP_SUPPLY_V: Final = 5.0
PP_PULL_UP_OHM: Final = 1000.0  # this board's divider
PP_ADC_STEPS: Final = 4095  # 12 bit
PP_OPEN_OHM: Final = 4500.0  # above: no plug, or a broken wire
PP_CODING_OHM: Final = {13.0: 1500.0, 20.0: 680.0, 32.0: 220.0, 63.0: 100.0}  # IEC 61851-1 table B.2
# IEC 61851-1 table B.2: what the EVSE takes for which coding (lowest ohm, highest ohm, ampere) [check]
PP_BANDS: Final = ((1100.0, 2460.0, 13.0), (400.0, 936.0, 20.0), (164.0, 308.0, 32.0), (80.0, 140.0, 63.0))


class SourceMode(enum.StrEnum):
    """What the EVSE's generator puts behind R1."""

    X1 = "X1"  # constant +12 V
    PWM = "PWM"  # 1 kHz between +12 V and -12 V
    E = "E"  # constant 0 V
    F = "F"  # constant -12 V


class Source(msgspec.Struct, frozen=True):
    """The generator's setting; `duty_pct` counts in mode PWM only."""

    mode: SourceMode = SourceMode.X1
    duty_pct: float = 100.0

    @property
    def pwm_pct(self) -> float | None:
        """The duty cycle while PWM runs."""
        return self.duty_pct if self.mode is SourceMode.PWM else None

    def __str__(self) -> str:
        return f"PWM {self.duty_pct:g} %" if self.mode is SourceMode.PWM else str(self.mode)


class Components(msgspec.Struct, frozen=True):
    """The parts on both sides of the pilot wire."""

    r1_ohm: float = R1_OHM
    r2_ohm: float = R2_OHM
    r3_ohm: float = R3_OHM
    r3_ventilation_ohm: float = R3_VENTILATION_OHM
    diode_v: float = DIODE_V

    @classmethod
    def drawn(cls, rng: random.Random, tolerance: float) -> Components:
        """Parts of one production lot: each resistor within ±`tolerance` (0.03: 3 %) of nominal."""
        r1, r2, r3, vent = (
            nominal * rng.uniform(1 - tolerance, 1 + tolerance)
            for nominal in (R1_OHM, R2_OHM, R3_OHM, R3_VENTILATION_OHM)
        )
        return cls(r1, r2, r3, vent)


class PilotFaults(msgspec.Struct, frozen=True):
    """What is wrong with the wire or the car's circuit: a resistor, a break, a dead diode."""

    short_ohm: float | None = None  # from CP to PE
    broken: bool = False
    diode_shorted: bool = False
    drift: float = 1.0  # factor on the car's resistance


class CarSide(msgspec.Struct, frozen=True):
    """The position of the car's switch: S2 open is state B, closed is C, or D with ventilation."""

    s2_closed: bool = False
    ventilation: bool = False

    def ohm(self, parts: Components) -> float:
        """Resistance behind the diode."""
        if not self.s2_closed:
            return parts.r2_ohm
        r3_ohm = parts.r3_ventilation_ohm if self.ventilation else parts.r3_ohm
        return parts.r2_ohm * r3_ohm / (parts.r2_ohm + r3_ohm)


class Levels(msgspec.Struct, frozen=True):
    """Voltages at the EVSE's CP terminal; both equal when no PWM runs."""

    high_v: float
    low_v: float


NOMINAL: Final = Components()
HEALTHY: Final = PilotFaults()


def settle_s(capacitance_f: float = CP_CAPACITANCE_F, r_ohm: float = R1_OHM) -> float:
    """How long the wire takes to reach a new level."""
    return SETTLE_TAUS * capacitance_f * r_ohm


def levels(source: Source, car: CarSide | None, parts: Components = NOMINAL, faults: PilotFaults = HEALTHY) -> Levels:
    """The levels that this source gives with this car (None: no car on the cable)."""
    match source.mode:
        case SourceMode.PWM:
            return Levels(_node_v(SOURCE_V, car, parts, faults), _node_v(-SOURCE_V, car, parts, faults))
        case SourceMode.X1:
            high_v = _node_v(SOURCE_V, car, parts, faults)
        case SourceMode.E:
            high_v = _node_v(0.0, car, parts, faults)
        case SourceMode.F:
            high_v = _node_v(-SOURCE_V, car, parts, faults)
    return Levels(high_v, high_v)


def _node_v(source_v: float, car: CarSide | None, parts: Components, faults: PilotFaults) -> float:
    """Thevenin's equivalent of source, R1 and a short, loaded by the car through its diode."""
    open_v, inner_ohm = source_v, parts.r1_ohm
    if faults.short_ohm is not None:
        share = faults.short_ohm / (faults.short_ohm + inner_ohm)
        open_v, inner_ohm = source_v * share, inner_ohm * share
    if car is None or faults.broken:
        return open_v
    drop_v = 0.0 if faults.diode_shorted else parts.diode_v
    if not faults.diode_shorted and open_v <= drop_v:
        return open_v  # the diode blocks
    load_ohm = car.ohm(parts) * faults.drift
    return drop_v + (open_v - drop_v) * load_ohm / (inner_ohm + load_ohm)


def classify(high_v: float, previous: CpState | None = None) -> CpState:
    """The state of a high level. Between two windows the previous state stays if it borders on the gap."""
    by_distance = sorted(LEVEL_V, key=lambda state: abs(LEVEL_V[state] - high_v))
    nearest, neighbour = by_distance[0], by_distance[1]
    if abs(LEVEL_V[nearest] - high_v) <= ACCEPT_V:
        return nearest
    return previous if previous is not None and previous in {nearest, neighbour} else nearest


def reading(source: Source, at_terminal: Levels, previous: CpState | None = None) -> CpReading:
    """What the board's converter makes of the levels (millivolt)."""
    return CpReading(
        classify(at_terminal.high_v, previous),
        round(at_terminal.high_v * 1000),
        round(at_terminal.low_v * 1000),
        source.pwm_pct,
    )


def pp_ohms(resistor_ohm: float | None) -> float | None:
    """The coding resistor as the board measures it through its divider; None when open."""
    if resistor_ohm is None:
        return None
    steps = round(resistor_ohm / (resistor_ohm + PP_PULL_UP_OHM) * PP_ADC_STEPS)
    if steps >= PP_ADC_STEPS:
        return None
    measured_ohm = PP_PULL_UP_OHM * steps / (PP_ADC_STEPS - steps)
    return measured_ohm if measured_ohm <= PP_OPEN_OHM else None


def pp_ampacity_a(measured_ohm: float | None) -> float | None:
    """The cable's rating, or None when there is no cable or its coding is unreadable."""
    if measured_ohm is None:
        return None
    return next((rating_a for low, high, rating_a in PP_BANDS if low <= measured_ohm <= high), None)
