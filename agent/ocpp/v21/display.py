"""Display messages in 2.1: a message brings its translations."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.asks.display import MessagesNotice
from agent.ocpp.dialect import Notice, Saying
from agent.ocpp.v201 import display as older


def _messages(notice: MessagesNotice) -> dict[str, Any]:
    said = older.SAYINGS[MessagesNotice].say(notice)
    for fields, message in zip(said["messageInfo"], notice.messages, strict=True):
        fields["messageExtra"] = [older.content_fields(one) for one in message.extra] or None
    return said


SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType(
    {MessagesNotice: Saying("NotifyDisplayMessages", _messages)}
)
