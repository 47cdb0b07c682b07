"""Local authorisation list in 2.x (block D)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.core.local_list import ListEntry, ListUpdate, ListVerdict
from agent.ocpp.asks import Reason
from agent.ocpp.asks.local_list import (
    LocalListVersionAnswer,
    LocalListVersionAsk,
    SendLocalListAnswer,
    SendLocalListAsk,
)
from agent.ocpp.dialect import Notice, Saying, Service, given
from agent.ocpp.v201.tokens import token_of, verdict_of


def _send(request: Any) -> SendLocalListAsk:
    lines = given(request.localAuthorizationList) or ()
    entries = tuple(ListEntry(token_of(one.idToken), _info(given(one.idTokenInfo))) for one in lines)
    return SendLocalListAsk(ListUpdate(request.versionNumber, request.updateType == "Full", entries))


def _info(info: Any) -> Any:
    return None if info is None else verdict_of(info)


def _sent(answer: SendLocalListAnswer) -> dict[str, Any]:
    if answer.verdict is ListVerdict.NOT_SUPPORTED:
        return {"status": str(ListVerdict.FAILED), "statusInfo": {"reasonCode": str(Reason.NOT_ENABLED)}}
    return {"status": str(answer.verdict)}


def _version(answer: LocalListVersionAnswer) -> dict[str, Any]:
    return {"versionNumber": answer.version if answer.enabled else 0}  # D02.FR.01-03


SERVICES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "GetLocalListVersion": Service(LocalListVersionAsk, lambda _: LocalListVersionAsk(), _version),
        "SendLocalList": Service(SendLocalListAsk, _send, _sent),
    }
)

SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType({})
