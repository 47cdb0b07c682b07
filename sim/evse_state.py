"""What is said of a simulated EVSE: how it stands at a moment, and what of it outlives the charger's electronics."""

from __future__ import annotations

import msgspec

from hal.types import CpReading, FaultKind, LockState, Sound
from sim.front import Light
from sim.grid import Phases
from sim.symptoms import Symptom
from sim.vehicle import VehicleSpec


class CarState(msgspec.Struct, frozen=True):
    """A car on the cable, as it outlives the charger's electronics."""

    spec: VehicleSpec
    paused: bool


class EvseState(msgspec.Struct, frozen=True):
    """What outlives the charger's electronics: registers, the bolt, the cable, the car, what is broken."""

    register_wh: float
    flowed_wh: float
    cycles: int
    lock_holds: bool
    cable_ohm: float | None
    tripped: FaultKind | None
    car: CarState | None
    symptoms: dict[Symptom, float]


class Snapshot(msgspec.Struct, frozen=True):
    """One EVSE at one moment. `cp` is what the board last reported; the volts are true at this instant."""

    at_s: float
    cp: CpReading
    cp_high_v: float
    cp_low_v: float
    duty_pct: float | None
    permitted: bool
    poles: tuple[bool, bool, bool]
    mirror_closed: bool
    lock: LockState
    current_a: Phases
    voltage_v: Phases
    energy_wh: float
    soc_pct: float | None  # None: no car
    symptoms: tuple[str, ...]
    led: Light | None  # None: it was never lit
    display: tuple[str, ...]
    last_sound: Sound | None
