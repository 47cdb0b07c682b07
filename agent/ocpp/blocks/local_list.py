"""Local authorisation list (2.0.1 D01, D02; 1.6 3.5.2, 5.10, 5.15): durable before it is confirmed."""

from __future__ import annotations

from agent.core.local_list import ListVerdict
from agent.ocpp.asks import Handled
from agent.ocpp.asks.local_list import (
    LocalListVersionAnswer,
    LocalListVersionAsk,
    SendLocalListAnswer,
    SendLocalListAsk,
)
from agent.ocpp.block import Block, ByteLimits, Routes
from agent.ocpp.codec import CallError, ErrorCode
from agent.ocpp.settings.authorization import (
    BYTES_PER_SEND_LOCAL_LIST,
    ITEMS_PER_SEND_LOCAL_LIST,
    LOCAL_AUTH_LIST_ENABLED,
    LOCAL_AUTH_LIST_ENTRIES,
)
from agent.ocpp.tokens import Tokens
from agent.ocpp.variables import Settings


class LocalListBlock(Block):
    """Takes updates, and tells the version."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self._settings = settings
        self._tokens = tokens
        settings.follow(LOCAL_AUTH_LIST_ENTRIES, lambda: tokens.list_size)

    def routes(self) -> Routes:
        """Who answers what."""
        return {SendLocalListAsk: self.send, LocalListVersionAsk: self.version}

    def byte_limits(self) -> ByteLimits:
        """How long an update may be (D01.FR.11)."""
        return {SendLocalListAsk: BYTES_PER_SEND_LOCAL_LIST}

    def send(self, ask: SendLocalListAsk) -> Handled:
        """SendLocalList. Raises `CallError` for more tokens than one message may hold (D01.FR.11)."""
        allowed = self._settings.get(ITEMS_PER_SEND_LOCAL_LIST)
        if len(ask.update.entries) > allowed:
            raise CallError(ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, f"at most {allowed} tokens in one message")
        if not self._settings.get(LOCAL_AUTH_LIST_ENABLED):
            return Handled(SendLocalListAnswer(ListVerdict.NOT_SUPPORTED))

        async def answer() -> SendLocalListAnswer:
            return SendLocalListAnswer(await self._tokens.update_list(ask.update))

        return Handled(answer)

    def version(self, ask: LocalListVersionAsk) -> Handled:
        """GetLocalListVersion."""
        del ask
        enabled = self._settings.get(LOCAL_AUTH_LIST_ENABLED)
        return Handled(LocalListVersionAnswer(self._tokens.list_version, self._tokens.list_size, enabled))
