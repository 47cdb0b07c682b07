"""Display messages and costs in 2.x (O01-O06, I02)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.asks.display import (
    CostUpdatedAsk,
    FoundAnswer,
    MessagesNotice,
    ShowAnswer,
    ShowAsk,
    ShownAsk,
    Taken,
    UnshowAsk,
)
from agent.ocpp.costs import Content
from agent.ocpp.dialect import Notice, Saying, Service, given
from agent.ocpp.screen import Message, Priority, State
from agent.ocpp.stamps import from_wire, to_wire


def content_of(one: Any) -> Content:
    """MessageContentType."""
    return Content(one.content, one.format, given(one.language))


def _show(request: Any) -> ShowAsk:
    info = request.message
    state, display = given(info.state), given(info.display)
    start, end = given(info.startDateTime), given(info.endDateTime)
    evse = given(display.evse) if display is not None else None
    return ShowAsk(
        Message(
            id=info.id,
            priority=Priority(info.priority),
            content=content_of(info.message),
            state=None if state is None else State(state),
            start_utc_s=None if start is None else from_wire(start),
            end_utc_s=None if end is None else from_wire(end),
            tx=given(info.transactionId),
            evse=None if evse is None else evse.id,
            extra=tuple(content_of(one) for one in given(getattr(info, "messageExtra", None)) or ()),
        )
    )


def _shown(request: Any) -> ShownAsk:
    priority, state = given(request.priority), given(request.state)
    return ShownAsk(
        request.requestId,
        tuple(given(request.id) or ()),
        None if priority is None else Priority(priority),
        None if state is None else State(state),
    )


def _found(answer: FoundAnswer) -> dict[str, Any]:
    return {"status": "Accepted" if answer.found else "Unknown"}


def _status(answer: ShowAnswer) -> dict[str, Any]:
    return {"status": str(answer.status)}


def _messages(notice: MessagesNotice) -> dict[str, Any]:
    return {
        "requestId": notice.request_id,
        "tbc": notice.more,
        "messageInfo": [message_fields(one) for one in notice.messages],
    }


def message_fields(one: Message) -> dict[str, Any]:
    """MessageInfoType."""
    return {
        "id": one.id,
        "priority": str(one.priority),
        "state": None if one.state is None else str(one.state),
        "startDateTime": None if one.start_utc_s is None else to_wire(one.start_utc_s),
        "endDateTime": None if one.end_utc_s is None else to_wire(one.end_utc_s),
        "transactionId": one.tx,
        "display": None if one.evse is None else {"name": "Display", "evse": {"id": one.evse}},
        "message": content_fields(one.content),
    }


def content_fields(one: Content) -> dict[str, Any]:
    """MessageContentType."""
    return {"format": one.format, "language": one.language, "content": one.text}


def _nothing(_answer: Taken) -> dict[str, Any]:
    return {}


SERVICES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "ClearDisplayMessage": Service(UnshowAsk, lambda one: UnshowAsk(one.id), _found),
        "CostUpdated": Service(CostUpdatedAsk, lambda one: CostUpdatedAsk(one.transactionId, one.totalCost), _nothing),
        "GetDisplayMessages": Service(ShownAsk, _shown, _found),
        "SetDisplayMessage": Service(ShowAsk, _show, _status),
    }
)
SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType(
    {MessagesNotice: Saying("NotifyDisplayMessages", _messages)}
)
