"""What the CSMS can ask of the station and what the station answers, in no version's words. Dialects translate."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from agent.core.schedule import Profile
from agent.core.values import IdToken
from agent.ocpp.charger import ResetKind

if TYPE_CHECKING:
    from agent.ocpp.calls import Calls


class Ask(msgspec.Struct, frozen=True):
    """Base of all requests of the CSMS."""


class ResetAsk(Ask, frozen=True):
    """Reset the station, or one EVSE of it. `kind` None: in a way that is not known here."""

    kind: ResetKind | None
    evse: int | None = None


class UnusableProfile(msgspec.Struct, frozen=True):
    """A charging profile that says what this station does not understand, and why."""

    reason: Reason


class RemoteStartAsk(Ask, frozen=True):
    """Start charging for this token; without an EVSE the station chooses. `profile`: for the transaction that follows.

    Its EVSE and its transaction are not known yet. `knows_group`: the CSMS would have named the token's group; where it
    cannot, only its verdict on the token tells. `lenient`: its profile is read by 1.6's rules.
    """

    token: IdToken
    evse: int | None = None
    remote_start_id: int | None = None
    group: str | None = None
    knows_group: bool = True
    profile: Profile | UnusableProfile | None = None
    lenient: bool = False


class RemoteStopAsk(Ask, frozen=True):
    """Stop a transaction.

    `candidates` are the station's own ids that the CSMS can mean: none when it is unknown, several when a 1.6 CSMS gave
    the same number twice.
    """

    candidates: frozenset[str]


class TransactionStatusAsk(Ask, frozen=True):
    """Is this transaction going on, and is anything about it (None: about any) still to be delivered?"""

    tx: str | None = None


class AvailabilityAsk(Ask, frozen=True):
    """Take an EVSE (None: the station) in or out of service. `each`: every EVSE by itself, too (1.6 connector 0)."""

    operative: bool
    evse: int | None = None
    connector: int | None = None
    each: bool = False


class UnlockAsk(Ask, frozen=True):
    """Unlock a connector. `ends_transaction`: what charges ends first (1.6); otherwise it forbids to unlock (2.x)."""

    evse: int
    connector: int | None = None
    ends_transaction: bool = False


class TriggeredMessage(enum.StrEnum):
    """Messages that can be triggered."""

    BOOT = "boot"
    HEARTBEAT = "heartbeat"
    STATUS = "status"
    SAMPLED_VALUES = "sampled-values"  # meter values of the measurands that are sampled periodically
    ALIGNED_VALUES = "aligned-values"  # meter values of the measurands that are sampled on the clock
    TRANSACTION = "transaction"
    FIRMWARE_STATUS = "firmware-status"
    SIGNED_FIRMWARE_STATUS = "signed-firmware-status"  # 1.6 with the security whitepaper has a message of its own
    PUBLISH_STATUS = "publish-firmware-status"
    LOG_STATUS = "log-status"
    DIAGNOSTICS_STATUS = "diagnostics-status"
    STATION_CERTIFICATE = "sign-station-certificate"
    V2G_CERTIFICATE = "sign-v2g-certificate"
    COMBINED_CERTIFICATE = "sign-combined-certificate"


STATION_ITSELF: Final = 0  # as an EVSE's number: what 1.6 calls connector 0


class TriggerAsk(Ask, frozen=True):
    """Send a message now. `message` None: one that is not implemented here; `evse` None: all of them."""

    message: TriggeredMessage | None
    evse: int | None = None
    connector: int | None = None


class ClearCacheAsk(Ask, frozen=True):
    """Forget the authorisation cache."""


class TransferAsk(Ask, frozen=True):
    """What OCPP has no message for. `unfit`: what it is answered with, where the dialect could make nothing of it."""

    vendor: str
    message: str | None = None
    data: Any = None
    unfit: Verdict | None = None


class ReadKeysAsk(Ask, frozen=True):
    """Read configuration keys of 1.6; none named: all of them."""

    keys: tuple[str, ...] = ()


class WriteKeyAsk(Ask, frozen=True):
    """Write a configuration key of 1.6."""

    key: str
    value: str


class VariableName(msgspec.Struct, frozen=True):
    """A place in 2.x's device model. No `evse`: a component of the station as a whole."""

    component: str
    variable: str
    instance: str | None = None
    evse: int | None = None
    connector: int | None = None
    component_instance: str | None = None


ACTUAL: Final = "Actual"


class VariableAsk(msgspec.Struct, frozen=True):
    """An attribute of a variable; `value` is what to write, None where it is read."""

    name: VariableName
    attribute: str = ACTUAL
    value: str | None = None


class ReadVariablesAsk(Ask, frozen=True):
    """Read variables, answered one by one in the same order."""

    items: tuple[VariableAsk, ...]


class WriteVariablesAsk(Ask, frozen=True):
    """Write variables, each by itself, answered one by one in the same order."""

    items: tuple[VariableAsk, ...]


class ReportBase(enum.StrEnum):
    """Which variables a base report tells of (2.x ReportBaseEnumType)."""

    CONFIGURATION = "ConfigurationInventory"
    FULL = "FullInventory"
    SUMMARY = "SummaryInventory"


class BaseReportAsk(Ask, frozen=True):
    """Report the device model; every message of the report carries `request_id`."""

    request_id: int
    base: ReportBase


class Verdict(enum.StrEnum):
    """What becomes of a request."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    SCHEDULED = "Scheduled"
    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    REBOOT_REQUIRED = "RebootRequired"
    EMPTY = "EmptyResultSet"
    FAILED = "Failed"
    NOT_FOUND = "NotFound"
    UNKNOWN_MESSAGE = "UnknownMessageId"
    UNKNOWN_VENDOR = "UnknownVendorId"


class Reason(enum.StrEnum):
    """Why, in 2.x's reason codes (part 2, appendix 5)."""

    ACTIVE_NETWORK_CONF = "ActiveNetworkConf"
    DUPLICATE_PROFILE = "DuplicateProfile"
    FIXED_CABLE = "FixedCable"
    INTERNAL_ERROR = "InternalError"
    INVALID_CERTIFICATE = "InvalidCertificate"
    INVALID_CONF_SLOT = "InvalidConfSlot"
    INVALID_NETWORK_CONF = "InvalidNetworkConf"
    INVALID_PROFILE = "InvalidProfile"
    INVALID_SCHEDULE = "InvalidSchedule"
    INVALID_STACK_LEVEL = "InvalidStackLevel"
    INVALID_VALUE = "InvalidValue"
    NOT_ACCEPTED = "CSNotAccepted"
    NOT_ENABLED = "NotEnabled"
    NOT_FOUND = "NotFound"
    NO_SECURITY_DOWNGRADE = "NoSecurityDowngrade"
    READ_ONLY = "ReadOnly"
    TOO_MANY_ELEMENTS = "TooManyElements"
    TX_IN_PROGRESS = "TxInProgress"
    TX_NOT_FOUND = "TxNotFound"
    UNKNOWN_CONNECTOR = "UnknownConnectorId"
    UNKNOWN_CONNECTOR_TYPE = "UnknownConnectorType"
    UNKNOWN_EVSE = "UnknownEvse"
    UNSUPPORTED_PARAM = "UnsupportedParam"
    WRITE_ONLY = "WriteOnly"


class Answer(msgspec.Struct, frozen=True):
    """Base of all answers."""


class VerdictAnswer(Answer, frozen=True):
    """Whether the station does what it was asked. `tx`: the transaction that a remote start will continue."""

    verdict: Verdict
    tx: str | None = None
    reason: Reason | None = None


class TransactionStatusAnswer(Answer, frozen=True):
    """`ongoing` None when no transaction was named (E14.FR.06)."""

    queued: bool
    ongoing: bool | None = None


class Unlocked(enum.StrEnum):
    """What became of a request to unlock."""

    UNLOCKED = "Unlocked"
    FAILED = "UnlockFailed"
    ONGOING = "OngoingAuthorizedTransaction"
    UNKNOWN = "UnknownConnector"
    NO_LOCK = "NoLock"


class UnlockAnswer(Answer, frozen=True):
    """Whether the connector is unlocked."""

    result: Unlocked


class TransferAnswer(Answer, frozen=True):
    """What became of a data transfer; `data` is a matter between the vendor and the operator."""

    verdict: Verdict
    data: Any = None


class KeyValue(msgspec.Struct, frozen=True):
    """A configuration key of 1.6 and its value."""

    key: str
    value: str | None  # None: the CSMS may write it, and not read it
    read_only: bool


class KeysAnswer(Answer, frozen=True):
    """The keys that were asked for, and those that nobody knows."""

    found: tuple[KeyValue, ...]
    unknown: tuple[str, ...] = ()


class VariableStatus(enum.StrEnum):
    """What became of reading or writing a variable."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_COMPONENT = "UnknownComponent"
    UNKNOWN_VARIABLE = "UnknownVariable"
    NOT_SUPPORTED_ATTRIBUTE = "NotSupportedAttributeType"
    REBOOT_REQUIRED = "RebootRequired"


class VariableResult(msgspec.Struct, frozen=True):
    """What became of one item; `value` only of one that was read."""

    ask: VariableAsk
    status: VariableStatus
    value: str | None = None
    reason: Reason | None = None


class VariablesAnswer(Answer, frozen=True):
    """One result for each item of the request."""

    results: tuple[VariableResult, ...]


def _nothing() -> None:
    """Most answers change nothing."""


class Handled(msgspec.Struct, frozen=True):
    """An answer, and what happens once it has gone out: reply first, then act.

    `answer` may be a function where the answer is only known later; the connection does not stand still meanwhile.
    `then` acts at once, `follow` sends messages of the station's own.
    """

    answer: Answer | Callable[[], Awaitable[Answer]]
    then: Callable[[], None] = _nothing
    follow: Callable[[Calls], Awaitable[None]] | None = None


ACCEPTED: Final = Handled(VerdictAnswer(Verdict.ACCEPTED))
REJECTED: Final = Handled(VerdictAnswer(Verdict.REJECTED))


def rejected(reason: Reason) -> Handled:
    """Rejected, with the reason."""
    return Handled(VerdictAnswer(Verdict.REJECTED, reason=reason))
