"""Local authorisation list in 1.6 (5.10, 5.15)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.core.local_list import ListEntry, ListUpdate
from agent.ocpp.asks.local_list import (
    LocalListVersionAnswer,
    LocalListVersionAsk,
    SendLocalListAnswer,
    SendLocalListAsk,
)
from agent.ocpp.dialect import Notice, Saying, Service, given
from agent.ocpp.v16.tokens import card, verdict_of

NOT_SUPPORTED: Final = -1  # 5.10: instead of a version, where the list is not in use


def _send(request: Any) -> SendLocalListAsk:
    lines = given(request.localAuthorizationList) or ()
    entries = tuple(ListEntry(card(one.idTag), _info(given(one.idTagInfo))) for one in lines)
    return SendLocalListAsk(ListUpdate(request.listVersion, request.updateType == "Full", entries))


def _info(info: Any) -> Any:
    return None if info is None else verdict_of(info)


def _sent(answer: SendLocalListAnswer) -> dict[str, Any]:
    return {"status": str(answer.verdict)}


def _version(answer: LocalListVersionAnswer) -> dict[str, Any]:
    """5.10: 0 for an empty list, whatever version it has."""
    if not answer.enabled:
        return {"listVersion": NOT_SUPPORTED}
    return {"listVersion": answer.version if answer.size else 0}


SERVICES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "GetLocalListVersion": Service(LocalListVersionAsk, lambda _: LocalListVersionAsk(), _version),
        "SendLocalList": Service(SendLocalListAsk, _send, _sent),
    }
)

SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType({})
