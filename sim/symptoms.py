"""What can be made to go wrong, as symptoms: a resistor, a stuck pole, a silent converter; never as an error's name."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from hal.errors import HalError
from sim.grid import Grid


class Symptom(enum.StrEnum):
    """The catalogue. Each takes one number, explained beside its default in `DEFAULTS`."""

    CP_SHORT = "cp-short"
    CP_OPEN = "cp-open"
    CP_DRIFT = "cp-drift"
    CP_SILENT = "cp-silent"
    CP_LOOSE = "cp-loose"
    DIODE_SHORT = "diode-short"
    PP_OPEN = "pp-open"
    PP_SHORT = "pp-short"
    PP_WRONG = "pp-wrong"
    PE_RESISTANCE = "pe-resistance"
    WELD = "contactor-weld"
    NO_CLOSE = "contactor-no-close"
    MIRROR_STUCK = "mirror-stuck"
    LOCK_JAM = "lock-jam"
    LOCK_SLIPS = "lock-slips"
    RESIDUAL_DC = "residual-dc"
    RESIDUAL_AC = "residual-ac"
    RCD_TEST_FAILS = "rcd-test-fails"
    OVER_TEMPERATURE = "over-temperature"
    E_STOP = "e-stop"
    DOOR_OPEN = "door-open"
    CAR_IGNORES_PILOT = "car-ignores-pilot"
    CAR_SILENT = "car-silent"
    INSULATION_LOW = "insulation-low"
    INSULATION_SILENT = "insulation-silent"
    INSULATION_TEST_FAILS = "insulation-test-fails"
    DC_OVERSHOOT = "dc-overshoot"
    DC_SUPPLY_TRIPS = "dc-supply-trips"
    DC_SUPPLY_SILENT = "dc-supply-silent"
    DC_OUTPUT_FED = "dc-output-fed"
    METER_SILENT = "meter-silent"
    METER_TAMPERS = "meter-tampers"
    BOARD_SLOW = "board-slow"
    PHASE_LOSS = "phase-loss"
    PHASE_SWAP = "phase-swap"
    GRID_VOLTAGE = "grid-voltage"
    GRID_FREQUENCY = "grid-frequency"


GRID_SYMPTOMS: Final = {Symptom.PHASE_LOSS, Symptom.PHASE_SWAP, Symptom.GRID_VOLTAGE, Symptom.GRID_FREQUENCY}

PRESENT: Final = 1.0  # for symptoms that are there or not; the number means nothing
DEFAULTS: Final = {
    Symptom.CP_SHORT: 50.0,  # ohm from CP to PE
    Symptom.CP_OPEN: PRESENT,
    Symptom.CP_DRIFT: 1.5,  # factor on the car's resistance
    Symptom.CP_SILENT: PRESENT,  # the board's converter reports nothing any more
    Symptom.CP_LOOSE: 0.4,  # seconds between making and breaking of a loose contact
    Symptom.DIODE_SHORT: PRESENT,
    Symptom.PP_OPEN: PRESENT,
    Symptom.PP_SHORT: 10.0,  # ohm from PP to PE
    Symptom.PP_WRONG: 3000.0,  # ohm instead of the cable's coding resistor
    Symptom.PE_RESISTANCE: 5000.0,  # ohm of the protective conductor; the board's monitor bears 1000
    Symptom.WELD: 0.0,  # the pole 1, 2 or 3 that sticks once closed; 0: all
    Symptom.NO_CLOSE: PRESENT,  # the coil pulls nothing; a closed contactor drops out
    Symptom.MIRROR_STUCK: PRESENT,  # the mirror contact stays as it is
    Symptom.LOCK_JAM: PRESENT,
    Symptom.LOCK_SLIPS: PRESENT,  # the bolt springs back; the motor may bring it forward again
    Symptom.RESIDUAL_DC: 8.0,  # mA through the residual-current monitor; trips at 6
    Symptom.RESIDUAL_AC: 30.0,  # mA; trips at 20
    Symptom.RCD_TEST_FAILS: PRESENT,
    Symptom.OVER_TEMPERATURE: 95.0,  # degrees Celsius at the terminals; the board's limit is 85
    Symptom.E_STOP: PRESENT,  # somebody pressed the button of this EVSE
    Symptom.DOOR_OPEN: PRESENT,  # the housing's contact
    Symptom.CAR_IGNORES_PILOT: PRESENT,  # draws its own maximum and keeps S2 closed
    Symptom.CAR_SILENT: PRESENT,  # a car that talks says nothing any more, and leaves everything as it is
    Symptom.INSULATION_LOW: 40_000.0,  # ohm from a DC pole to earth; charging needs 100,000
    Symptom.INSULATION_SILENT: PRESENT,  # the insulation monitor says nothing any more
    Symptom.INSULATION_TEST_FAILS: PRESENT,
    Symptom.DC_OVERSHOOT: 200.0,  # V by which the DC supply misses its value
    Symptom.DC_SUPPLY_TRIPS: PRESENT,  # the DC supply has switched itself off, and says so
    Symptom.DC_SUPPLY_SILENT: PRESENT,  # the DC supply does what it is told and says nothing any more
    Symptom.DC_OUTPUT_FED: 100.0,  # V that something else brings to the DC supply's output
    Symptom.METER_SILENT: PRESENT,
    Symptom.METER_TAMPERS: PRESENT,  # a signing meter's records are changed after they were signed
    Symptom.BOARD_SLOW: 5.0,  # seconds until a command is answered
    Symptom.PHASE_LOSS: 1.0,  # the conductor 1, 2 or 3 without voltage
    Symptom.PHASE_SWAP: PRESENT,  # conductors 2 and 3 change places
    Symptom.GRID_VOLTAGE: 180.0,  # V
    Symptom.GRID_FREQUENCY: 47.0,  # Hz
}


def symptom_named(name: str) -> Symptom:
    """The symptom of this name. Raises `HalError` that lists the known ones."""
    try:
        return Symptom(name)
    except ValueError:
        raise HalError(f"symptom {name!r} is unknown; give one of: {', '.join(Symptom)}") from None


def ailing(grid: Grid, symptoms: Mapping[Symptom, float]) -> Grid:
    """The supply with these symptoms."""
    lost = {int(symptoms[Symptom.PHASE_LOSS]) - 1} if Symptom.PHASE_LOSS in symptoms else set()
    one, two, three = grid.order
    return replace(
        grid,
        nominal_v=symptoms.get(Symptom.GRID_VOLTAGE, grid.nominal_v),
        frequency_hz=symptoms.get(Symptom.GRID_FREQUENCY, grid.frequency_hz),
        order=(one, three, two) if Symptom.PHASE_SWAP in symptoms else grid.order,
        lost=grid.lost | lost,
    )
