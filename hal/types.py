"""The vocabulary of the hardware layer: frozen, serialisable values that cross between agent, interlock and board.

Every value is a msgspec struct, so the same types run in one process or over a Unix socket. Monotonic times are
seconds of one system-wide monotonic clock (the event loop's). Units stand in the names.
"""

from __future__ import annotations

import enum

import msgspec


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
        return self in {CpState.B, CpState.C, CpState.D}

    @property
    def wants_energy(self) -> bool:
        """Whether the vehicle has closed S2."""
        return self in {CpState.C, CpState.D}


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
    METER = "meter"
    STORAGE = "storage"  # the journal cannot make anything durable
    HAL_LOST = "hal-lost"
    BOARD = "board"


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


class MeterSample(Value, frozen=True):
    """What a meter measured at `taken_mono_s`. Phase tuples are (L1, L2, L3); None where the model has no value."""

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
    """A poll failed. `consecutive` counts failures since the last good one."""

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
    """A reader saw an identifier. `kind` is a `TokenKind` value of the core's vocabulary, e.g. "ISO14443"."""

    token: str
    kind: str = "ISO14443"
    reader: str = ""


class Stamped(msgspec.Struct, frozen=True):
    """An event with its place in its EVSE's stream: `seq` counts from 1 without gaps, `mono_s` never decreases."""

    seq: int
    mono_s: float
    event: (
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
    )


# Commands: what is asked of the hardware. The Protocols of hal.board have a method for each; the interlock judges
# them and the socket carries them in this form.


class Command(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Base of what can be asked of one EVSE's hardware."""


class PilotPwm(Command, frozen=True):
    """Run the 1 kHz PWM at this duty cycle (percent, 3 to 97)."""

    duty_pct: float


class PilotX1(Command, frozen=True):
    """Constant +12 V source: no current offered."""


class PilotE(Command, frozen=True):
    """Constant 0 V: signals an error to the vehicle."""


class PilotF(Command, frozen=True):
    """Constant -12 V: EVSE not available."""


class Permit(Command, frozen=True):
    """Grant (or renew), or withdraw, the lease under which the contactor *may* close."""

    on: bool
    reason: str = ""


class SetLock(Command, frozen=True):
    """Lock or unlock the connector."""

    locked: bool


class SetPhases(Command, frozen=True):
    """Use one or three phases (EVSEs with a phase switch)."""

    phases: int


class RcdSelfTest(Command, frozen=True):
    """Run the residual-current monitor's self-test; only with the contactor open."""


class RcdReset(Command, frozen=True):
    """A person resets a tripped residual-current monitor."""


AnyCommand = PilotPwm | PilotX1 | PilotE | PilotF | Permit | SetLock | SetPhases | RcdSelfTest | RcdReset


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


class BoardInfo(Value, frozen=True):
    """Who the board is. `guarded`: an interlock stands between callers and the contactor."""

    vendor: str
    model: str
    serial: str
    firmware: str = ""
    guarded: bool = False


# Errors


class HalError(Exception):
    """Base of everything the hardware layer raises."""


class HalTimeoutError(HalError):
    """The hardware did not answer before the command's deadline."""


class HalGoneError(HalError):
    """The process or device that owns the hardware is not there."""


class HalRefusedError(HalError):
    """The interlock refused a command; `rule` says by which rule."""

    def __init__(self, rule: Rule, detail: str) -> None:
        super().__init__(f"refused by rule {rule}: {detail}")
        self.rule = rule
        self.detail = detail


class MeterError(HalError):
    """A reading failed; `kind` says how."""

    def __init__(self, kind: MeterErrorKind, detail: str) -> None:
        super().__init__(f"meter {kind}: {detail}")
        self.kind = kind
        self.detail = detail
