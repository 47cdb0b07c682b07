"""Logs and customer information in OCPP 2.x (N01, N09, N10)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.asks.files import (
    CustomerAnswer,
    CustomerAsk,
    CustomerNotice,
    LogAnswer,
    LogAsk,
    LogKind,
    LogStatusNotice,
)
from agent.ocpp.dialect import Notice, Saying, Service, given
from agent.ocpp.stamps import from_wire, to_wire
from agent.ocpp.transfers import Retries
from agent.ocpp.v201.services import status_info


def _get_log(request: Any) -> LogAsk:
    return LogAsk(
        LogKind(request.logType) if request.logType in set(LogKind) else None,
        request.log.remoteLocation,
        Retries.asked(given(request.retries), given(request.retryInterval)),
        request.requestId,
        moment(request.log.oldestTimestamp),
        moment(request.log.latestTimestamp),
    )


def moment(stamp: Any) -> float | None:
    """A stamp that may be absent."""
    return from_wire(stamp) if given(stamp) is not None else None


def _log_answer(answer: LogAnswer) -> dict[str, Any]:
    return {"status": str(answer.verdict), "filename": answer.file_name, "statusInfo": status_info(answer.reason)}


def _log_status(notice: LogStatusNotice) -> dict[str, Any]:
    return {"status": str(notice.status), "requestId": notice.request_id}


def _customer(request: Any) -> CustomerAsk:
    references = (given(request.idToken), given(request.customerIdentifier), given(request.customerCertificate))
    token, identifier, _ = references
    return CustomerAsk(
        request.requestId,
        request.report,
        request.clear,
        sum(one is not None for one in references),
        None if token is None else token.idToken,
        identifier,
    )


def _customer_answer(answer: CustomerAnswer) -> dict[str, Any]:
    return {"status": str(answer.verdict), "statusInfo": status_info(answer.reason)}


def _customer_information(notice: CustomerNotice) -> dict[str, Any]:
    return {
        "requestId": notice.request_id,
        "seqNo": notice.seq,
        "tbc": notice.more,
        "generatedAt": to_wire(notice.at_utc_s),
        "data": notice.data,
    }


SERVICES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "CustomerInformation": Service(CustomerAsk, _customer, _customer_answer),
        "GetLog": Service(LogAsk, _get_log, _log_answer),
    }
)

SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType(
    {
        CustomerNotice: Saying("NotifyCustomerInformation", _customer_information),
        LogStatusNotice: Saying("LogStatusNotification", _log_status),
    }
)
