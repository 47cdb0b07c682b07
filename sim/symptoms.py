"""What can be made to go wrong, as symptoms: a resistor, a stuck pole, a silent converter; never as an error's name."""

from __future__ import annotations

import enum
from typing import Final

from hal.types import HalError


class Symptom(enum.StrEnum):
    """The catalogue. Each takes one number, explained beside its default in `DEFAULTS`."""

    CP_SHORT = "cp-short"
    CP_OPEN = "cp-open"
    CP_DRIFT = "cp-drift"
    CP_SILENT = "cp-silent"
    DIODE_SHORT = "diode-short"
    PP_OPEN = "pp-open"
    PP_SHORT = "pp-short"
    WELD = "contactor-weld"
    NO_CLOSE = "contactor-no-close"
    MIRROR_STUCK = "mirror-stuck"
    LOCK_JAM = "lock-jam"
    RESIDUAL_DC = "residual-dc"
    RESIDUAL_AC = "residual-ac"
    RCD_TEST_FAILS = "rcd-test-fails"
    CAR_IGNORES_PILOT = "car-ignores-pilot"
    METER_SILENT = "meter-silent"
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
    Symptom.DIODE_SHORT: PRESENT,
    Symptom.PP_OPEN: PRESENT,
    Symptom.PP_SHORT: 10.0,  # ohm from PP to PE
    Symptom.WELD: 0.0,  # the pole 1, 2 or 3 that sticks once closed; 0: all
    Symptom.NO_CLOSE: PRESENT,  # the coil pulls nothing; a closed contactor drops out
    Symptom.MIRROR_STUCK: PRESENT,  # the mirror contact stays as it is
    Symptom.LOCK_JAM: PRESENT,
    Symptom.RESIDUAL_DC: 8.0,  # mA through the residual-current monitor; trips at 6
    Symptom.RESIDUAL_AC: 30.0,  # mA; trips at 20
    Symptom.RCD_TEST_FAILS: PRESENT,
    Symptom.CAR_IGNORES_PILOT: PRESENT,  # draws its own maximum and keeps S2 closed
    Symptom.METER_SILENT: PRESENT,
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
