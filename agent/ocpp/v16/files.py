"""Logs in OCPP 1.6: GetDiagnostics (§5.8), and GetLog of the security whitepaper (N01)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.asks.files import (
    DiagnosticsStatusNotice,
    LogAnswer,
    LogAsk,
    LogKind,
    LogStatusNotice,
    LogVerdict,
    UploadStatus,
)
from agent.ocpp.dialect import Notice, Saying, Service, given
from agent.ocpp.stamps import from_wire
from agent.ocpp.transfers import Retries

DIAGNOSTICS_STATUSES: Final = frozenset({UploadStatus.IDLE, UploadStatus.UPLOADING, UploadStatus.UPLOADED})


def _get_diagnostics(request: Any) -> LogAsk:
    return LogAsk(
        LogKind.DIAGNOSTICS,
        request.location,
        retries(request),
        oldest_utc_s=moment(request.startTime),
        latest_utc_s=moment(request.stopTime),
    )


def _diagnostics_answer(answer: LogAnswer) -> dict[str, Any]:
    return {"fileName": None if answer.verdict is LogVerdict.REJECTED else answer.file_name}


def _get_log(request: Any) -> LogAsk:
    return LogAsk(
        LogKind(request.logType),
        request.log.remoteLocation,
        retries(request),
        request.requestId,
        moment(request.log.oldestTimestamp),
        moment(request.log.latestTimestamp),
    )


def _log_answer(answer: LogAnswer) -> dict[str, Any]:
    return {"status": str(answer.verdict), "filename": answer.file_name}


def retries(request: Any) -> Retries:
    """How often and how soon a transfer is to be tried again."""
    return Retries.asked(given(request.retries), given(request.retryInterval))


def moment(stamp: Any) -> float | None:
    """A stamp that may be absent."""
    return from_wire(stamp) if given(stamp) is not None else None


def _diagnostics_status(notice: DiagnosticsStatusNotice) -> dict[str, Any]:
    return {"status": str(notice.status) if notice.status in DIAGNOSTICS_STATUSES else "UploadFailed"}


def _log_status(notice: LogStatusNotice) -> dict[str, Any]:
    return {"status": str(notice.status), "requestId": notice.request_id}


SERVICES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "GetDiagnostics": Service(LogAsk, _get_diagnostics, _diagnostics_answer),
        "GetLog": Service(LogAsk, _get_log, _log_answer),
    }
)

SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType(
    {
        DiagnosticsStatusNotice: Saying("DiagnosticsStatusNotification", _diagnostics_status),
        LogStatusNotice: Saying(
            "LogStatusNotification", _log_status, fits=lambda one: one.status is not UploadStatus.CANCELED
        ),
    }
)
