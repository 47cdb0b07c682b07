"""What the CSMS says of money and to one driver, on its way from whoever hears it to whoever shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

import msgspec

from agent.core.values import IdToken


class Content(msgspec.Struct, frozen=True):
    """A text for a driver. `format` is a member of 2.x's MessageFormatEnumType, `language` an RFC 5646 tag."""

    text: str
    format: str = "UTF8"
    language: str | None = None


class CostTold(msgspec.Struct, frozen=True):
    """What a transaction has cost so far, in the station's currency; `final`: it has ended (I02, I03)."""

    tx: str
    total: float
    final: bool = False


class MessageTold(msgspec.Struct, frozen=True):
    """A word for the driver of a transaction, or for whoever holds a token (C01.FR.10, I01, E05)."""

    content: Content
    tx: str | None = None
    token: IdToken | None = None


Told: TypeAlias = CostTold | MessageTold


class CostSink(Protocol):
    """Where answers to Authorize and TransactionEvent, CostUpdated and data transfers put what they say of these."""

    def told(self, news: Told) -> None:
        """Take it in; never waits."""


class Costs:
    """The sink that every station has: whoever shows costs listens to it."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Told], None]] = []

    def told(self, news: Told) -> None:
        """Hand it on at once."""
        for listener in self._listeners:
            listener(news)

    def on_news(self, listener: Callable[[Told], None]) -> None:
        """Let `listener` hear everything from now on."""
        self._listeners.append(listener)
