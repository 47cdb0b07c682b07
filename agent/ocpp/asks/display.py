"""Display messages, tariff and cost (2.x O01-O06, I02)."""

from __future__ import annotations

import enum

from agent.ocpp.asks import Answer, Ask
from agent.ocpp.dialect import Notice
from agent.ocpp.screen import Message, Priority, State


class DisplayStatus(enum.StrEnum):
    """What became of a message (2.x DisplayMessageStatusEnumType)."""

    ACCEPTED = "Accepted"
    FORMAT = "NotSupportedMessageFormat"
    REJECTED = "Rejected"
    PRIORITY = "NotSupportedPriority"
    STATE = "NotSupportedState"
    UNKNOWN_TRANSACTION = "UnknownTransaction"


class ShowAsk(Ask, frozen=True):
    """Show a message."""

    message: Message


class ShowAnswer(Answer, frozen=True):
    """What became of it."""

    status: DisplayStatus


class ShownAsk(Ask, frozen=True):
    """Tell the messages that meet all of what is given."""

    request_id: int
    ids: tuple[int, ...] = ()
    priority: Priority | None = None
    state: State | None = None


class UnshowAsk(Ask, frozen=True):
    """Take a message away."""

    id: int


class FoundAnswer(Answer, frozen=True):
    """Whether there is any such message."""

    found: bool


class MessagesNotice(Notice, frozen=True):
    """NotifyDisplayMessages: one message of a report."""

    request_id: int
    more: bool
    messages: tuple[Message, ...]


class CostUpdatedAsk(Ask, frozen=True):
    """What a transaction has cost so far."""

    tx: str
    total: float


class Taken(Answer, frozen=True):
    """Heard; there is nothing to say to it."""
