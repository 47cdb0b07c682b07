"""What an operator can ask of a charger that files come or go for, and about its customers. In no version's words.

`retries` and `interval_s` None: as the charger likes. Times are Unix seconds.
"""

from __future__ import annotations

import enum
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET

from agent.ocpp.stamps import to_wire
from csms.commands import FileCommand, Number, UnsayableError, Word

LAST_UTC_S: Final = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that OCPP can tell
Moment = Annotated[float, msgspec.Meta(ge=0, le=LAST_UTC_S)]


class LogKind(enum.StrEnum):
    """Which log (LogEnumType)."""

    DIAGNOSTICS = "DiagnosticsLog"
    SECURITY = "SecurityLog"


class GetLog(FileCommand, frozen=True, kw_only=True):
    """Upload a log (GetLog). `plain`: by 1.6's GetDiagnostics. `url`: a place such as this server's /files/."""

    url: Word
    kind: LogKind = LogKind.DIAGNOSTICS
    oldest_utc_s: Moment | None = None
    latest_utc_s: Moment | None = None
    retries: Number | None = None
    interval_s: Number | None = None
    plain: bool = False


class UpdateFirmware(FileCommand, frozen=True, kw_only=True):
    """Install firmware (UpdateFirmware, SignedUpdateFirmware). `certificate` (PEM) and `signature` (base64) together.

    Without `retrieve_utc_s` it is fetched at once.
    """

    url: Word
    retrieve_utc_s: Moment | None = None
    install_utc_s: Moment | None = None
    certificate: Annotated[str, msgspec.Meta(max_length=5_500)] | None = None
    signature: Annotated[str, msgspec.Meta(max_length=800)] | None = None
    retries: Number | None = None
    interval_s: Number | None = None


class PublishFirmware(FileCommand, frozen=True, kw_only=True):
    """Let a local controller publish firmware (PublishFirmware). `checksum`: MD5 of the file, hexadecimal."""

    url: Word
    checksum: Word
    retries: Number | None = None
    interval_s: Number | None = None


class UnpublishFirmware(FileCommand, frozen=True, kw_only=True):
    """Let it publish that firmware no longer (UnpublishFirmware)."""

    checksum: Word


class AskCustomer(FileCommand, frozen=True, kw_only=True):
    """Ask what is stored of a customer, clear it, or both (CustomerInformation). Give a token or an identifier."""

    token: Word | None = None
    kind: Word = "ISO14443"
    identifier: Word | None = None
    report: bool = True
    clear: bool = False


def call16(wire: Any, command: FileCommand, number: int, now_utc_s: float) -> msgspec.Struct:
    """The CALL of OCPP 1.6. Raises UnsayableError."""
    message: msgspec.Struct
    match command:
        case GetLog(plain=True):
            message = wire.GetDiagnosticsRequest(
                location=command.url,
                startTime=_stamp(command.oldest_utc_s),
                stopTime=_stamp(command.latest_utc_s),
                **_retries(command),
            )
        case GetLog():
            message = wire.GetLogRequest(**_log(wire, command, number))
        case UpdateFirmware(certificate=str(), signature=str()):
            message = wire.SignedUpdateFirmwareRequest(**_update(wire, command, number, now_utc_s))
        case UpdateFirmware():
            retrieve = now_utc_s if command.retrieve_utc_s is None else command.retrieve_utc_s
            message = wire.UpdateFirmwareRequest(
                location=command.url, retrieveDate=to_wire(retrieve), **_retries(command)
            )
        case _:
            raise UnsayableError("OCPP 1.6 knows no published firmware and no customer information: use 2.0.1")
    return message


def call2(wire: Any, command: FileCommand, number: int, now_utc_s: float) -> msgspec.Struct:
    """The CALL of OCPP 2.x. Raises UnsayableError."""
    message: msgspec.Struct
    match command:
        case GetLog(plain=True):
            raise UnsayableError("OCPP 2.x has GetLog for every log: leave `plain` out")
        case GetLog():
            message = wire.GetLogRequest(**_log(wire, command, number))
        case UpdateFirmware():
            message = wire.UpdateFirmwareRequest(**_update(wire, command, number, now_utc_s))
        case PublishFirmware():
            message = wire.PublishFirmwareRequest(
                location=command.url, checksum=command.checksum, requestId=number, **_retries(command)
            )
        case UnpublishFirmware():
            message = wire.UnpublishFirmwareRequest(checksum=command.checksum)
        case AskCustomer():
            token = UNSET if command.token is None else wire.IdTokenType(idToken=command.token, type=command.kind)
            message = wire.CustomerInformationRequest(
                requestId=number,
                report=command.report,
                clear=command.clear,
                idToken=token,
                customerIdentifier=_or_unset(command.identifier),
            )
        case _:
            raise UnsayableError("OCPP 2.x has no words for this")
    return message


def _log(wire: Any, command: GetLog, number: int) -> dict[str, Any]:
    log = wire.LogParametersType(
        remoteLocation=command.url,
        oldestTimestamp=_stamp(command.oldest_utc_s),
        latestTimestamp=_stamp(command.latest_utc_s),
    )
    return {"log": log, "logType": command.kind.value, "requestId": number, **_retries(command)}


def _update(wire: Any, command: UpdateFirmware, number: int, now_utc_s: float) -> dict[str, Any]:
    firmware = wire.FirmwareType(
        location=command.url,
        retrieveDateTime=to_wire(now_utc_s if command.retrieve_utc_s is None else command.retrieve_utc_s),
        installDateTime=_stamp(command.install_utc_s),
        signingCertificate=_or_unset(command.certificate),
        signature=_or_unset(command.signature),
    )
    return {"requestId": number, "firmware": firmware, **_retries(command)}


def _retries(command: Any) -> dict[str, Any]:
    return {"retries": _or_unset(command.retries), "retryInterval": _or_unset(command.interval_s)}


def _stamp(utc_s: float | None) -> Any:
    return UNSET if utc_s is None else to_wire(utc_s)


def _or_unset(value: Any) -> Any:
    return UNSET if value is None else value


COMMANDS: Final[dict[str, type[FileCommand]]] = {
    "get-log": GetLog,
    "update-firmware": UpdateFirmware,
    "publish-firmware": PublishFirmware,
    "unpublish-firmware": UnpublishFirmware,
    "customer-information": AskCustomer,
}
