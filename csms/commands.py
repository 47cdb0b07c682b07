"""What an operator can ask of a charger, in no OCPP version's words. A dialect turns it into a CALL of its version."""

from __future__ import annotations

import enum
from typing import Annotated, Any, TypeAlias

import msgspec

Number = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=2_500)]


class UnsayableError(ValueError):
    """The charger's OCPP version has no words for what it is asked; the message says what to do instead."""


class ResetKind(enum.StrEnum):
    """How a charger is to reset: at once, or in good order. 1.6 calls them Hard and Soft."""

    IMMEDIATE = "Immediate"
    ON_IDLE = "OnIdle"


class ReportKind(enum.StrEnum):
    """What a report of 2.x is to tell (ReportBaseEnumType)."""

    FULL = "FullInventory"
    CONFIGURATION = "ConfigurationInventory"
    SUMMARY = "SummaryInventory"


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all commands. An EVSE is what 1.6 calls a connector; 0 is the whole charger."""


class Start(Command, frozen=True, kw_only=True):
    """Start a transaction for a token (RemoteStartTransaction, RequestStartTransaction)."""

    token: Word
    evse: Number = 1


class Stop(Command, frozen=True, kw_only=True):
    """Stop the transaction with this id (RemoteStopTransaction, RequestStopTransaction)."""

    tx: Word


class Reset(Command, frozen=True, kw_only=True):
    """Restart the charger, or from 2.x on one EVSE of it (Reset)."""

    kind: ResetKind = ResetKind.ON_IDLE
    evse: Number = 0


class Unlock(Command, frozen=True, kw_only=True):
    """Release a connector's cable (UnlockConnector). 1.6 looks at `evse` only."""

    evse: Number = 1
    connector: Number = 1


class ChangeAvailability(Command, frozen=True, kw_only=True):
    """Take a charger or an EVSE of it out of service, or back (ChangeAvailability). `connector` 0: all of the EVSE."""

    operative: bool
    evse: Number = 0
    connector: Number = 0


class Trigger(Command, frozen=True, kw_only=True):
    """Ask for a message, by its OCPP name (TriggerMessage)."""

    message: Word
    evse: Number = 0


class ClearCache(Command, frozen=True, kw_only=True):
    """Forget the drivers that were authorised before (ClearCache)."""


class SendLocalList(Command, frozen=True, kw_only=True):
    """Send the charger a list of drivers whom it may authorise by itself (SendLocalList).

    `tokens`: whom, as this CSMS knows them; none given: all of them. `full`: it replaces what the charger has, else
    it is added to it, and the tokens in `remove` are taken out.
    """

    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    full: bool = True
    tokens: tuple[Word, ...] | None = None
    remove: tuple[Word, ...] = ()


class GetLocalListVersion(Command, frozen=True, kw_only=True):
    """Ask which version of that list the charger has (GetLocalListVersion)."""


class TransactionStatus(Command, frozen=True, kw_only=True):
    """Ask a 2.x charger whether a transaction goes on, and whether anything is still to be told (of any: no `tx`)."""

    tx: Word | None = None


class SendData(Command, frozen=True, kw_only=True):
    """Say something in a vendor's own words (DataTransfer). In 1.6 `data` is text."""

    vendor: Word
    message: Word | None = None
    data: Any = None


class GetSettings(Command, frozen=True, kw_only=True):
    """Read settings (GetConfiguration, GetVariables). For their names see `Setting`; none given: 1.6 tells all."""

    names: tuple[Word, ...] = ()


class SetSetting(Command, frozen=True, kw_only=True):
    """Change a setting (ChangeConfiguration, SetVariables)."""

    name: Word
    value: Annotated[str, msgspec.Meta(max_length=2_500)]


class SetPassword(Command, frozen=True, kw_only=True):
    """Give a charger a new password (AuthorizationKey, BasicAuthPassword); 1.6 takes 20 characters at most."""

    password: Annotated[str, msgspec.Meta(min_length=16, max_length=40)]


class RootUse(enum.StrEnum):
    """What a root is to be trusted with; 1.6 knows the first two."""

    CSMS = "CSMSRootCertificate"
    MANUFACTURER = "ManufacturerRootCertificate"
    MO = "MORootCertificate"
    V2G = "V2GRootCertificate"
    OEM = "OEMRootCertificate"


class InstallRoot(Command, frozen=True, kw_only=True):
    """Have a charger trust a root (InstallCertificate). `pem` null: the root of this CSMS's own PKI."""

    use: RootUse = RootUse.CSMS
    pem: Annotated[str, msgspec.Meta(min_length=1, max_length=5_500)] | None = None


class ListRoots(Command, frozen=True, kw_only=True):
    """Which certificates a charger has of a use (GetInstalledCertificateIds)."""

    use: RootUse = RootUse.CSMS


class DeleteCertificate(Command, frozen=True, kw_only=True):
    """Have a charger delete a certificate, named as it names it itself (DeleteCertificate)."""

    hash_algorithm: Word = "SHA256"
    issuer_name_hash: Word
    issuer_key_hash: Word
    serial: Word


class Renew(Command, frozen=True, kw_only=True):
    """Have a charger ask for a new certificate of its own, which is then signed and handed over (TriggerMessage)."""


class GetReport(Command, frozen=True, kw_only=True):
    """Ask a 2.x charger for all it can tell of itself (GetBaseReport)."""

    kind: ReportKind = ReportKind.FULL


class Planning(Command, frozen=True, kw_only=True):
    """Base of what concerns a charger's time to come (`csms.planning`)."""


class FileCommand(Command, frozen=True, kw_only=True):
    """Base of commands that files come or go for (`csms.file_commands`)."""


AnyCommand: TypeAlias = (
    Start
    | Stop
    | Reset
    | Unlock
    | ChangeAvailability
    | Trigger
    | ClearCache
    | SendLocalList
    | GetLocalListVersion
    | TransactionStatus
    | SendData
    | GetSettings
    | SetSetting
    | SetPassword
    | InstallRoot
    | ListRoots
    | DeleteCertificate
    | Renew
    | GetReport
    | Planning
    | FileCommand
)


def transaction_number(tx: str) -> int:
    """A transaction of OCPP 1.6. Raises UnsayableError."""
    try:
        return int(tx)
    except ValueError:
        raise UnsayableError("transactions of OCPP 1.6 have numbers: take the one in the list of sessions") from None


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A setting as a charger told of it. `note`: why there is no value, or how it took a new one.

    `name` is a 1.6 key, or `component/variable` of 2.x: `#instance` may follow either, `evse/` or `evse/connector/` may
    come before: `OCPPCommCtrlr/HeartbeatInterval`, `1/EVSE/Power`, `OCPPCommCtrlr/MessageTimeout#Default`.
    """

    name: str
    value: str | None = None
    readonly: bool | None = None
    unit: str | None = None
    note: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a charger answered to an action: its verdict, where the answer has one, and all of it as it came."""

    action: str
    status: str | None
    answer: Any


class Listed(enum.StrEnum):
    """What a 2.x charger can list beside its settings, by the action that asks for it."""

    MONITORS = "GetMonitoringReport"
    MESSAGES = "GetDisplayMessages"


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Monitors or display messages, as OCPP tells them. `complete`: the charger has told all that it promised."""

    status: str | None
    rows: tuple[dict[str, Any], ...]
    complete: bool = True


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """Settings, and the answer that brought or promised them. `complete`: the charger has told all that it promised."""

    action: str
    status: str | None
    answer: Any
    settings: tuple[Setting, ...]
    complete: bool = True
