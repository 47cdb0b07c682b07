"""Firmware and logs: what the CSMS can ask for, and what the station tells of how it goes. In no version's words."""

from __future__ import annotations

import enum

from agent.ocpp.asks import Answer, Ask, Reason
from agent.ocpp.dialect import Notice
from agent.ocpp.transfers import Retries


class LogKind(enum.StrEnum):
    """Which log (LogEnumType)."""

    DIAGNOSTICS = "DiagnosticsLog"
    SECURITY = "SecurityLog"


class LogAsk(Ask, frozen=True):
    """Upload a log. `request_id` None: 1.6's GetDiagnostics, whose statuses have a message of their own.

    `kind` None: one that this station does not keep.
    """

    kind: LogKind | None
    location: str
    retries: Retries
    request_id: int | None = None
    oldest_utc_s: float | None = None
    latest_utc_s: float | None = None


class LogVerdict(enum.StrEnum):
    """What becomes of a request for a log (LogStatusEnumType)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    ACCEPTED_CANCELED = "AcceptedCanceled"


class LogAnswer(Answer, frozen=True):
    """Whether a log is uploaded, and under which name."""

    verdict: LogVerdict
    file_name: str | None = None
    reason: Reason | None = None


class UploadStatus(enum.StrEnum):
    """How an upload goes (UploadLogStatusEnumType)."""

    IDLE = "Idle"
    UPLOADING = "Uploading"
    UPLOADED = "Uploaded"
    FAILED = "UploadFailure"
    BAD_MESSAGE = "BadMessage"
    DENIED = "PermissionDenied"
    UNSUPPORTED = "NotSupportedOperation"
    CANCELED = "AcceptedCanceled"


class LogStatusNotice(Notice, frozen=True):
    """How the upload of a log goes."""

    status: UploadStatus
    request_id: int | None = None


class DiagnosticsStatusNotice(Notice, frozen=True):
    """How the upload that 1.6's GetDiagnostics asked for goes."""

    status: UploadStatus


class CustomerAsk(Ask, frozen=True):
    """Report what is stored about a customer, clear it, or both.

    The customer is named by a token's value, an identifier of his own, or a certificate's hash; `references` counts how
    many of them were given.
    """

    request_id: int
    report: bool
    clear: bool
    references: int
    token: str | None = None
    identifier: str | None = None


class CustomerVerdict(enum.StrEnum):
    """What becomes of it (CustomerInformationStatusEnumType)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    INVALID = "Invalid"


class CustomerAnswer(Answer, frozen=True):
    """Whether the station reports and clears."""

    verdict: CustomerVerdict
    reason: Reason | None = None


class CustomerNotice(Notice, frozen=True):
    """One message of what is stored about a customer: `seq` counts from 0, `more`: others follow."""

    request_id: int
    seq: int
    more: bool
    at_utc_s: float
    data: str
