"""Values that events, effects and facts share. No OCPP version is named here; dialects translate."""

from __future__ import annotations

import enum

import msgspec

from agent.core.contract import CertificateVerdict
from hal.types import SignedReading


class Instant(msgspec.Struct, frozen=True, order=True, gc=False):
    """A moment on both clocks: `mono_s` for durations and deadlines, `utc_s` (Unix seconds) for stamps."""

    mono_s: float
    utc_s: float


class TokenKind(enum.StrEnum):
    """Where an identifier comes from (OCPP 2.0.1 IdTokenEnumType; 1.6 knows only the text)."""

    CENTRAL = "Central"
    E_MAID = "eMAID"
    ISO14443 = "ISO14443"
    ISO15693 = "ISO15693"
    KEY_CODE = "KeyCode"
    LOCAL = "Local"
    MAC_ADDRESS = "MacAddress"
    NO_AUTHORIZATION = "NoAuthorization"


class IdToken(msgspec.Struct, frozen=True):
    """An identifier of a driver. Compared without regard to case, as OCPP compares them."""

    value: str
    kind: TokenKind = TokenKind.ISO14443

    def same_as(self, other: IdToken | None) -> bool:
        """Whether both name the same driver."""
        return other is not None and self.value.casefold() == other.value.casefold()


class AuthStatus(enum.StrEnum):
    """What became of an authorisation."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    UNKNOWN = "Unknown"
    CONCURRENT_TX = "ConcurrentTx"
    NO_CREDIT = "NoCredit"
    NOT_ALLOWED_HERE = "NotAtThisLocation"
    NO_ANSWER = "NoAnswer"  # nobody could be asked and no local rule decides


class AuthInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """The verdict on a token.

    `expires_utc_s` None: does not expire. `evses`: the only ones it holds for; none named: all. `languages`: what the
    driver reads, best first. `master`: a master pass, which stops every transaction and starts none. `priority`: from
    -9 to 9, whose energy goes before others' (OCPP 2.0.1 chargingPriority).
    """

    status: AuthStatus
    group: str | None = None
    expires_utc_s: float | None = None
    evses: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    master: bool = False
    priority: int = 0
    certificate: CertificateVerdict | None = None  # on the contract that was presented with the token

    @property
    def accepted(self) -> bool:
        """Whether the token may charge; a contract has to be good as well (C07.FR.13-17)."""
        certificate_is_good = self.certificate in {None, CertificateVerdict.ACCEPTED}
        return self.status is AuthStatus.ACCEPTED and certificate_is_good


class Measurand(enum.StrEnum):
    """Measured quantities, by the names both OCPP versions use."""

    ENERGY_IMPORT = "Energy.Active.Import.Register"
    ENERGY_EXPORT = "Energy.Active.Export.Register"
    ENERGY_IMPORT_INTERVAL = "Energy.Active.Import.Interval"
    POWER_IMPORT = "Power.Active.Import"
    POWER_OFFERED = "Power.Offered"
    POWER_FACTOR = "Power.Factor"
    REACTIVE_IMPORT = "Power.Reactive.Import"
    CURRENT_IMPORT = "Current.Import"
    CURRENT_OFFERED = "Current.Offered"
    VOLTAGE = "Voltage"
    FREQUENCY = "Frequency"
    SOC = "SoC"
    TEMPERATURE = "Temperature"


class ReadingContext(enum.StrEnum):
    """Why a reading was taken."""

    BEGIN = "Transaction.Begin"
    END = "Transaction.End"
    PERIODIC = "Sample.Periodic"
    CLOCK = "Sample.Clock"
    TRIGGER = "Trigger"
    INTERRUPTION_BEGIN = "Interruption.Begin"
    INTERRUPTION_END = "Interruption.End"


class SampledValue(msgspec.Struct, frozen=True):
    """One measured number; `unit` is Wh, W, A, V, Hz or Percent; `phase` is L1, L2, L3, or None for all together."""

    measurand: Measurand
    value: float
    unit: str
    phase: str | None = None


class Reading(msgspec.Struct, frozen=True):
    """Values taken together. `energy_wh` is always the import register; `estimated` when it is not a fresh one.

    `signed`: what the meter signed at that moment.
    """

    at_utc_s: float
    context: ReadingContext
    energy_wh: float
    values: tuple[SampledValue, ...] = ()
    estimated: bool = False
    signed: SignedReading | None = None


class Trigger(enum.StrEnum):
    """What led to a transaction fact (OCPP 2.0.1 TriggerReasonEnumType)."""

    AUTHORIZED = "Authorized"
    CABLE_PLUGGED_IN = "CablePluggedIn"
    CHARGING_RATE_CHANGED = "ChargingRateChanged"
    CHARGING_STATE_CHANGED = "ChargingStateChanged"
    DEAUTHORIZED = "Deauthorized"
    ENERGY_LIMIT = "EnergyLimitReached"
    EV_COMMUNICATION_LOST = "EVCommunicationLost"
    EV_CONNECT_TIMEOUT = "EVConnectTimeout"
    METER_CLOCK = "MeterValueClock"
    METER_PERIODIC = "MeterValuePeriodic"
    TIME_LIMIT = "TimeLimitReached"
    TRIGGER = "Trigger"
    UNLOCK = "UnlockCommand"
    STOP_AUTHORIZED = "StopAuthorized"
    EV_DEPARTED = "EVDeparted"
    EV_DETECTED = "EVDetected"
    REMOTE_STOP = "RemoteStop"
    REMOTE_START = "RemoteStart"
    ABNORMAL = "AbnormalCondition"
    SIGNED_DATA = "SignedDataReceived"
    RESET = "ResetCommand"


class StopReason(enum.StrEnum):
    """Why a transaction ended (OCPP 2.0.1 ReasonEnumType; 1.6 maps what it lacks to Other)."""

    DEAUTHORIZED = "DeAuthorized"
    EMERGENCY_STOP = "EmergencyStop"
    ENERGY_LIMIT = "EnergyLimitReached"
    EV_DISCONNECTED = "EVDisconnected"
    GROUND_FAULT = "GroundFault"
    IMMEDIATE_RESET = "ImmediateReset"
    LOCAL = "Local"
    LOCAL_OUT_OF_CREDIT = "LocalOutOfCredit"
    MASTER_PASS = "MasterPass"  # noqa: S105 - the name of a stop reason
    OTHER = "Other"
    OVERCURRENT_FAULT = "OvercurrentFault"
    POWER_LOSS = "PowerLoss"
    REBOOT = "Reboot"
    REMOTE = "Remote"
    SOC_LIMIT = "SOCLimitReached"
    STOPPED_BY_EV = "StoppedByEV"
    TIME_LIMIT = "TimeLimitReached"
    TIMEOUT = "Timeout"
    UNLOCK = "UnlockCommand"


class ChargingState(enum.StrEnum):
    """Where energy stands within a transaction (OCPP 2.0.1 ChargingStateEnumType)."""

    IDLE = "Idle"
    EV_CONNECTED = "EVConnected"
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"


class ConnectorStatus(enum.StrEnum):
    """What a driver finds at the connector. Finer than any version needs; dialects map it down."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"  # a car or an authorisation is there, not yet both, or nothing flows yet
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class ReservationEnd(enum.StrEnum):
    """How a reservation that nobody used comes to its end (OCPP 2.0.1 ReservationUpdateStatusEnumType)."""

    EXPIRED = "Expired"
    REMOVED = "Removed"


class Scope(enum.StrEnum):
    """What a change of availability concerns. An EVSE serves when it, its connector and its station are in service.

    Each keeps what was set for it: a connector that was taken out of service stays so when its EVSE is back.
    """

    STATION = "station"
    EVSE = "evse"
    UPDATE = "update"  # while new firmware waits to be installed
    RESET = "reset"  # the station waits for its transactions to end, then restarts; until then nobody new
    CONNECTOR = "connector"


class TxPoint(enum.StrEnum):
    """Moments at which a transaction may start or stop (OCPP 2.0.1 TxStartPoint, TxStopPoint)."""

    EV_CONNECTED = "EVConnected"
    AUTHORIZED = "Authorized"
    DATA_SIGNED = "DataSigned"  # a start only
    POWER_PATH_CLOSED = "PowerPathClosed"
    ENERGY_TRANSFER = "EnergyTransfer"
