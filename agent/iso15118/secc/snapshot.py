"""What the charger is like at one moment, in no protocol's words. An engine answers from it and waits for nothing."""

from __future__ import annotations

import enum

from msgspec import Struct


class EnergyMode(enum.StrEnum):
    """How energy is transferred (ISO 15118-2 EnergyTransferModeType)."""

    AC_1P = "AC_single_phase_core"
    AC_3P = "AC_three_phase_core"
    DC_CORE = "DC_core"
    DC_EXTENDED = "DC_extended"
    DC_COMBO = "DC_combo_core"

    @property
    def dc(self) -> bool:
        """Whether the charger, and not the car, rectifies."""
        return self in {EnergyMode.DC_CORE, EnergyMode.DC_EXTENDED, EnergyMode.DC_COMBO}


class Payment(enum.StrEnum):
    """Who says who pays (ISO 15118-2 paymentOptionType)."""

    EXTERNAL = "ExternalPayment"  # a card, an app, nobody
    CONTRACT = "Contract"  # the car


class Permission(enum.StrEnum):
    """How the question whether this driver may charge stands."""

    WAITING = "waiting"  # for a person: nobody has presented anything yet
    PENDING = "pending"  # for a verdict
    GRANTED = "granted"
    DENIED = "denied"


class Notice(enum.StrEnum):
    """What the charger wants of the car (EVSENotificationType)."""

    NONE = "None"
    STOP = "StopCharging"
    RENEGOTIATE = "ReNegotiation"


class Isolation(enum.StrEnum):
    """What the insulation monitor found (isolationLevelType)."""

    INVALID = "Invalid"  # not measured yet
    VALID = "Valid"
    WARNING = "Warning"
    FAULT = "Fault"


class Check(enum.StrEnum):
    """How far a check that takes time has come."""

    IDLE = "idle"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


class AcSide(Struct, frozen=True):
    """An AC outlet. `max_current_a`: what may be drawn from each phase now; `closed`: the contactor, as confirmed."""

    max_current_a: float
    nominal_v: float = 230.0
    phases: int = 3
    closed: bool = False
    rcd_tripped: bool = False


class DcSide(Struct, frozen=True):
    """A DC output: its ratings, what may be drawn now, and what it measures at its terminals."""

    max_voltage_v: float
    min_voltage_v: float
    max_current_a: float
    min_current_a: float
    max_power_w: float
    ripple_a: float = 1.0
    voltage_v: float = 0.0
    current_a: float = 0.0
    isolation: Isolation = Isolation.INVALID
    cable_check: Check = Check.IDLE
    welding_check: Check = Check.IDLE
    closed: bool = False


class Meter(Struct, frozen=True):
    """The energy register that the bill is made of, in Wh."""

    id: str
    energy_wh: float
    utc_s: float


class Period(Struct, frozen=True):
    """From `start_s` seconds after now on: at most this much power over all phases."""

    start_s: int
    power_w: float


class Choice(Struct, frozen=True):
    """A schedule beside the first one, by its id."""

    id: int
    schedule: tuple[Period, ...]


class Snapshot(Struct, frozen=True, kw_only=True):
    """All of it. `schedule` None: not known yet; `fault`: why energy is impossible, empty when it is possible."""

    evse_id: str
    utc_s: float
    modes: tuple[EnergyMode, ...]
    payments: tuple[Payment, ...] = (Payment.EXTERNAL,)
    free_of_charge: bool = False
    permission: Permission = Permission.WAITING
    notice: Notice = Notice.NONE
    notice_delay_s: int = 0
    fault: str = ""
    ac: AcSide | None = None
    dc: DcSide | None = None
    meter: Meter | None = None
    receipts: bool = False
    installs_contracts: bool = True  # where they are taken at all
    schedule: tuple[Period, ...] | None = None
    schedule_s: int = 86_400  # how long the schedule reaches
    resumable: bool = True  # the car that has paused a session here has not left since
    schedule_id: int = 1  # SAScheduleTupleID
    choices: tuple[Choice, ...] = ()  # other schedules that the car may go by instead
