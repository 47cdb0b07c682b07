"""What a board's own sensors find wrong: voltage, temperature, protective earth, emergency stop, door. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hal.types import FaultCleared, FaultKind, FaultRaised, PpChanged
from sim.circuit import pp_ampacity_a, pp_ohms
from sim.grid import DEAD, Phases
from sim.symptoms import Symptom

OVER_VOLTAGE_V: Final = 264.5  # our policy: 15 % above 230 V
UNDER_VOLTAGE_V: Final = 184.0  # our policy: 20 % below
PE_LIMIT_OHM: Final = 1000.0  # our policy: what the protective conductor's monitor bears
TEMPERATURE_LIMIT_C: Final = 85.0  # our policy: what terminals of this size bear


def found(symptoms: Mapping[Symptom, float], voltages_v: Phases) -> dict[FaultKind, str]:
    """Each fault that the sensors see at this moment, with what a technician wants to know."""
    faults = {}
    live_v = [volts for volts in voltages_v if volts > 0.0]  # a phase that is lost is no low voltage
    if live_v and max(live_v) > OVER_VOLTAGE_V:
        faults[FaultKind.OVER_VOLTAGE] = f"{max(live_v):.0f} V"
    if live_v and min(live_v) < UNDER_VOLTAGE_V:
        faults[FaultKind.UNDER_VOLTAGE] = f"{min(live_v):.0f} V"
    temperature_c = symptoms.get(Symptom.OVER_TEMPERATURE, 0.0)
    if temperature_c > TEMPERATURE_LIMIT_C:
        faults[FaultKind.OVER_TEMPERATURE] = f"{temperature_c:g} degrees Celsius at the terminals"
    if Symptom.E_STOP in symptoms:
        faults[FaultKind.E_STOP] = "the button is pressed"
    if Symptom.DC_SUPPLY_TRIPS in symptoms:
        faults[FaultKind.DC_SUPPLY] = "the supply has switched itself off"
    if Symptom.DOOR_OPEN in symptoms:
        faults[FaultKind.DOOR] = "the housing is open"
    if (ohm := symptoms.get(Symptom.PE_RESISTANCE, 0.0)) > PE_LIMIT_OHM:
        faults[FaultKind.PE_LOSS] = f"{ohm:g} ohm to protective earth"
    return faults


class Sensors:
    """Tells of each fault once when it begins and once when it ends. `found`: what is there now, with its detail."""

    def __init__(self) -> None:
        self.found: dict[FaultKind, str] = {}
        self._seen: tuple[Mapping[Symptom, float], Phases] = ({}, DEAD)

    def look(self, symptoms: Mapping[Symptom, float], voltages_v: Phases) -> list[FaultCleared | FaultRaised]:
        """What has begun or ended; `symptoms` is another object whenever they are others."""
        if symptoms is self._seen[0] and voltages_v == self._seen[1]:
            return []
        self._seen = symptoms, voltages_v
        was, self.found = self.found, found(symptoms, voltages_v)
        ended = [FaultCleared(fault) for fault in sorted(was.keys() - self.found.keys())]
        return ended + [FaultRaised(fault, self.found[fault]) for fault in sorted(self.found.keys() - was.keys())]


def proximity(cable_ohm: float | None, symptoms: Mapping[Symptom, float]) -> PpChanged:
    """The coding resistor as the board measures it, through whatever is wrong with it."""
    coding_ohm = cable_ohm and symptoms.get(Symptom.PP_WRONG, cable_ohm)
    ohm = None if Symptom.PP_OPEN in symptoms else coding_ohm
    short_ohm = symptoms.get(Symptom.PP_SHORT)
    if short_ohm is not None:
        ohm = short_ohm if ohm is None else ohm * short_ohm / (ohm + short_ohm)
    measured_ohm = pp_ohms(ohm)
    return PpChanged(pp_ampacity_a(measured_ohm), measured_ohm)
