"""The vocabulary of the hardware layer: frozen, serialisable values that cross between agent, interlock and board.

Every value is a msgspec struct, so the same types run in one process or over a Unix socket. Monotonic times are
seconds of one system-wide monotonic clock (the event loop's). Units stand in the names.
"""

from __future__ import annotations

import msgspec

from hal.enums import (
    CpState,
    DcMode,
    FaultKind,
    LedColour,
    LedPattern,
    LockState,
    MeterErrorKind,
    Moment,
    Owner,
    Quality,
    Rule,
    Signs,
    Sound,
)

__all__ = [
    "CpState",
    "DcMode",
    "FaultKind",
    "LedColour",
    "LedPattern",
    "LockState",
    "MeterErrorKind",
    "Moment",
    "Owner",
    "Quality",
    "Rule",
    "Signs",
    "Sound",
]


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Base of values that cross the hardware layer."""


class CpReading(Value, frozen=True):
    """One settled measurement of the control pilot.

    `high_mv`/`low_mv` are the levels of the square wave at the EVSE's side (equal when no PWM runs);
    `duty_pct` is the measured duty cycle, None without PWM.
    """

    state: CpState
    high_mv: int
    low_mv: int
    duty_pct: float | None = None


class SignedReading(Value, frozen=True):
    """What a meter signed, byte for byte as it gave it: whoever checks it needs every character.

    `method` is empty where the data itself names its algorithm. `public_key` is hexadecimal, as read from the meter.
    """

    data: str
    encoding: str = "OCMF"
    method: str = ""
    public_key: str = ""


class MeterTransaction(Value, frozen=True):
    """What a meter signs along with its readings: whose transaction it is. `token` is empty when nobody is known."""

    id: str
    token: str = ""
    evse_id: str = ""
    utc_s: float | None = None  # the time, for a meter that has no clock of its own; None: it has not been set


class MeterSample(Value, frozen=True):
    """What a meter measured at `taken_mono_s`. Phase tuples are (L1, L2, L3); None where the model has no value.

    `energy_import_wh` never falls; where a rollover or a reset was made up for, `register_wh` is what the meter shows.
    """

    taken_mono_s: float
    energy_import_wh: float
    quality: Quality = Quality.GOOD
    serial: str | None = None
    energy_export_wh: float | None = None
    power_w: float | None = None
    power_phase_w: tuple[float, ...] | None = None
    voltage_v: tuple[float, ...] | None = None
    current_a: tuple[float, ...] | None = None
    frequency_hz: float | None = None
    power_factor: float | None = None
    reactive_power_var: float | None = None
    resolution_wh: float = 1.0
    register_wh: float | None = None
    signed: SignedReading | None = None


# Events: what the hardware reports. One ordered stream per EVSE.


class HalEvent(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Base of what a board, a meter or the interlock reports."""


class CpChanged(HalEvent, frozen=True):
    """The control pilot settled on another level, or a fresh reading was asked for."""

    reading: CpReading


class PpChanged(HalEvent, frozen=True):
    """The cable's coding resistor: `ampacity_a` is None when no cable is plugged or its coding is unreadable."""

    ampacity_a: float | None
    ohms: float | None


class ContactorChanged(HalEvent, frozen=True):
    """The mirror contact moved. `under_load` when it opened with current flowing."""

    closed: bool
    cycles: int = 0
    under_load: bool = False


class LockChanged(HalEvent, frozen=True):
    """The lock's feedback contact moved."""

    state: LockState


class MeterSampled(HalEvent, frozen=True):
    """A poll succeeded, or (quality stale) failed twice and this is still the last good sample."""

    sample: MeterSample


class MeterFailed(HalEvent, frozen=True):
    """A poll failed. `consecutive` counts failures since the last good one.

    0: the poll was good; the register broke off (rollover, reset, step back...) and was made up for.
    """

    kind: MeterErrorKind
    detail: str
    consecutive: int


class FaultRaised(HalEvent, frozen=True):
    """A fault begins. Detail is for a technician."""

    fault: FaultKind
    detail: str = ""


class FaultCleared(HalEvent, frozen=True):
    """A fault ended."""

    fault: FaultKind


class PermitLost(HalEvent, frozen=True):
    """The interlock withdrew or refuses the permission to close, and why."""

    rule: Rule
    detail: str = ""


class TokenPresented(HalEvent, frozen=True):
    """A reader saw an identifier. `kind` is a `TokenKind` value of the core's vocabulary, e.g. "ISO14443".

    `serves`: the EVSEs that a shared reader stands for; empty: its stream says which, the station's means all.
    """

    token: str
    kind: str = "ISO14443"
    reader: str = ""
    serves: tuple[int, ...] = ()


class DcMeasured(HalEvent, frozen=True):
    """What is at the DC supply's output. Repeated at least every second while the supply is not off."""

    voltage_v: float
    current_a: float


class InsulationMeasured(HalEvent, frozen=True):
    """The insulation monitor's resistance to earth, the lower of both poles. Repeated every second while it runs."""

    ohms: float


class GridSignalled(HalEvent, frozen=True):
    """What the grid's operator allows (a relay or a limit input, e.g. dimming by section 14a EnWG); None: anything."""

    limit_w: float | None


class TemperatureMeasured(HalEvent, frozen=True):
    """A sensor of the board has been read; a sensor that is silent says nothing, and its last value grows old."""

    sensor: str
    celsius: float


class BusHeard(HalEvent, frozen=True):
    """A request to the meter and its answer, as Modbus PDUs; None: it kept silent. Told while somebody taps the bus.

    `profile` is the meter's, `unit` its address on the bus.
    """

    profile: str
    unit: int
    asked: bytes
    answered: bytes | None


AnyHalEvent = (
    CpChanged
    | PpChanged
    | ContactorChanged
    | LockChanged
    | MeterSampled
    | MeterFailed
    | FaultRaised
    | FaultCleared
    | PermitLost
    | TokenPresented
    | TemperatureMeasured
    | DcMeasured
    | InsulationMeasured
    | GridSignalled
    | BusHeard
)


class Stamped(msgspec.Struct, frozen=True):
    """An event with its place in its EVSE's stream: `seq` counts from 1 without gaps, `mono_s` never decreases."""

    seq: int
    mono_s: float
    event: AnyHalEvent


class DcRatings(Value, frozen=True):
    """What a DC supply can give. `plug`: on its cable, by OCPP's names (CCS1, CCS2, G105: CHAdeMO)."""

    max_voltage_v: float
    max_current_a: float
    max_power_w: float
    min_voltage_v: float = 150.0
    min_current_a: float = 0.0
    plug: str = "CCS2"


class EvseCapabilities(Value, frozen=True):
    """What one EVSE can do; published before it is ready."""

    max_current_a: float
    phases: int = 3
    has_lock: bool = False
    has_proximity: bool = False  # a socket; False is a tethered cable, whose rating is max_current_a
    has_rcd: bool = False
    has_phase_switch: bool = False
    has_ventilation: bool = False
    cp_repeat_s: float | None = None  # the board repeats its CP reading this often; None: it reports changes only
    permit_first: bool = False  # its controller offers and closes in one: it does neither before it is permitted
    dc: DcRatings | None = None  # a DC EVSE: supply, insulation monitor and over-voltage monitor are there, too


class Claim(Value, frozen=True):
    """A board's word that `owner` enforces a rule no later than `latency_s` after its cause."""

    rule: Rule
    owner: Owner
    latency_s: float


class BoardInfo(Value, frozen=True):
    """Who the board is, and who enforces each safety rule on it (`hal.ownership`).

    `api`: the version of the hardware layer's API that it was written for. `simulation`: no wire is behind it.
    `guarded`: an interlock stands between callers and the contactor; `own_process`: and runs apart from the agent.
    """

    vendor: str
    model: str
    serial: str
    firmware: str = ""
    api: tuple[int, int] = (1, 0)
    claims: tuple[Claim, ...] = ()
    simulation: bool = False
    guarded: bool = False
    own_process: bool = False
