"""The words of the hardware layer: states, faults, rules. `hal.types` gives them on; import them from there."""

from __future__ import annotations

import enum
from typing import Final


class CpState(enum.StrEnum):
    """State of the control pilot's high level (IEC 61851-1 table A.2)."""

    A = "A"  # +12 V: no vehicle
    B = "B"  # +9 V: vehicle connected, not ready
    C = "C"  # +6 V: vehicle wants energy
    D = "D"  # +3 V: vehicle wants energy and ventilation
    E = "E"  # 0 V: short or no power
    F = "F"  # -12 V: EVSE not available

    @property
    def connected(self) -> bool:
        """Whether a vehicle hangs on the cable."""
        return self in _CONNECTED

    @property
    def wants_energy(self) -> bool:
        """Whether the vehicle has closed S2."""
        return self in _WANTING


# Made once, and compared by identity: no question is asked more often, and an enumeration's hash is Python.
_CONNECTED: Final = (CpState.B, CpState.C, CpState.D)
_WANTING: Final = (CpState.C, CpState.D)


class LockState(enum.StrEnum):
    """Position of the connector lock."""

    LOCKED = "locked"
    UNLOCKED = "unlocked"
    JAMMED = "jammed"


class Quality(enum.StrEnum):
    """How far a meter's sample can be trusted."""

    GOOD = "good"
    STALE = "stale"  # two polls failed; the values are the last good ones and so is their time


class MeterErrorKind(enum.StrEnum):
    """Ways in which a meter fails, told apart because each has another remedy."""

    TIMEOUT = "timeout"
    CRC = "crc"
    EXCEPTION = "exception"
    NAN = "nan"
    WRONG_IDENTITY = "wrong-identity"
    DISCONNECTED = "disconnected"
    STALE = "stale"
    ROLLOVER = "rollover"  # these six: see hal.continuity
    RESET = "reset"
    BACKWARD = "backward"
    JUMPED = "jumped"
    SWAPPED = "swapped"
    FROZEN = "frozen"
    SIGNATURE = "signature"  # the meter could not sign
    TAMPERED = "tampered"  # it says that somebody has opened it


class FaultKind(enum.StrEnum):
    """What can be wrong with an EVSE. A fault lasts from `FaultRaised` until `FaultCleared`."""

    CP_DIODE = "cp-diode"
    CP_SHORT = "cp-short"
    CP_NOISE = "cp-noise"
    PP_OPEN = "pp-open"
    PP_SHORT = "pp-short"
    PP_UNKNOWN = "pp-unknown"
    WELD = "contactor-weld"
    NO_CLOSE = "contactor-no-close"
    LOCK_JAMMED = "lock-jammed"
    RCD_DC = "rcd-dc"
    RCD_AC = "rcd-ac"
    RCD_SELF_TEST = "rcd-self-test"
    OVER_CURRENT = "over-current"
    OVER_TEMPERATURE = "over-temperature"
    OVER_VOLTAGE = "over-voltage"
    UNDER_VOLTAGE = "under-voltage"
    PHASE_LOSS = "phase-loss"
    PE_LOSS = "pe-loss"
    VENTILATION = "ventilation-missing"
    E_STOP = "e-stop"
    DOOR = "door-open"
    TAMPER = "tamper"  # opened, tilted or struck: somebody has to look at it
    INSULATION = "insulation"  # DC: too low a resistance to earth
    INSULATION_MONITOR = "insulation-monitor"  # DC: the monitor failed its self-test, or fell silent
    DC_SUPPLY = "dc-supply"
    DC_OVER_VOLTAGE = "dc-over-voltage"
    METER = "meter"
    STORAGE = "storage"  # the journal cannot make anything durable
    HAL_LOST = "hal-lost"
    BOARD = "board"


class Moment(enum.StrEnum):
    """What a meter signs of a transaction."""

    BEGIN = "begin"
    BETWEEN = "between"
    END = "end"


class Signs(enum.StrEnum):
    """What a meter can sign."""

    NOTHING = "nothing"
    ENDS = "ends"  # the beginning and the end of a transaction
    ALL = "all"  # and what it shows between


class DcMode(enum.StrEnum):
    """What a DC supply is at. `hal.dc` says what may flow in each."""

    OFF = "off"
    CABLE_CHECK = "cable-check"  # voltage for the insulation monitor to test with
    PRECHARGE = "precharge"  # up to the battery's voltage, before the car closes its contactor
    CHARGE = "charge"


class LedColour(enum.StrEnum):
    """Colours a station's light can have. Never the only sign: every meaning has a pattern of its own, too."""

    GREEN = "green"
    YELLOW = "yellow"
    WHITE = "white"
    BLUE = "blue"
    RED = "red"


class LedPattern(enum.StrEnum):
    """How a light is lit over time. The times are our policy; a board comes as near as it can."""

    STEADY = "steady"
    SLOW = "slow"  # 1 s on, 1 s off
    FAST = "fast"  # 0.25 s on, 0.25 s off
    BREATHE = "breathe"  # up and down within 4 s
    FLASH = "flash"  # 0.1 s every 3 s
    WINK = "wink"  # 0.3 s off every 3 s
    DOUBLE = "double"  # two flashes every 2 s
    TRIPLE = "triple"  # three flashes every 2 s


class Sound(enum.StrEnum):
    """What a beeper can say."""

    ACCEPTED = "accepted"  # one short
    REFUSED = "refused"  # three short
    DONE = "done"  # two long
    ALARM = "alarm"  # one very long


class Rule(enum.StrEnum):
    """Safety rules of the interlock (`hal.interlock`); the name appears in every refusal."""

    CP_NOT_CD = "cp-not-c-or-d"
    CP_STALE = "cp-not-fresh"
    NO_PERMISSION = "no-permission"
    LEASE_ENDED = "lease-ended"
    FAULTED = "fault-active"
    DIODE = "diode-check"
    VENTILATION = "ventilation"
    NOT_LOCKED = "not-locked"
    RECLOSE_SPACING = "reclose-spacing"
    WELDED = "welded"
    UNLOCK_CLOSED = "unlock-while-closed"
    PWM_OUT_OF_RANGE = "pwm-out-of-range"
    PWM_OVER_LIMIT = "pwm-over-limit"
    PWM_SPACING = "pwm-spacing"
    SELF_TEST_CLOSED = "self-test-while-closed"
    PHASES_CLOSED = "phase-switch-while-closed"
    PILOT_OFF = "pilot-not-pwm"
    OVERCURRENT = "over-current"
    NOT_DIGITAL = "pilot-not-digital"  # from here on: DC
    INSULATION = "insulation"
    DC_UNWATCHED = "over-voltage-unwatched"
    DC_LIVE = "supply-live-at-closing"
    DC_RATING = "dc-over-rating"
    DC_OVER_VOLTAGE = "dc-over-voltage"  # like the next two, by a device of its own
    RESIDUAL_DC = "residual-dc"  # no interlock can own these two: they need a device of their own
    RESIDUAL_AC = "residual-ac"


class Owner(enum.StrEnum):
    """Who enforces a safety rule."""

    HARDWARE = "hardware"  # a device or circuit that needs no software
    MCU = "mcu"  # the firmware of a microcontroller on the board
    INTERLOCK = "interlock"  # `hal.interlock`, in the process that has the board
