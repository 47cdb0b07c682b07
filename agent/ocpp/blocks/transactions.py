"""Transactions (2.0.1 E01-E14, 1.6 §3.7, §4.8, §4.10): deliver what the outbox holds, heed the CSMS's verdicts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from agent.core.events import Deauthorized, GroupTold, PriorityGiven
from agent.core.facts import (
    ConnectorStatusChanged,
    SecurityEvent,
    TransactionEnded,
    TransactionFact,
    TransactionStarted,
    TransactionUpdated,
)
from agent.core.values import AuthInfo, IdToken
from agent.ocpp.asks import Handled, TransactionStatusAnswer, TransactionStatusAsk
from agent.ocpp.block import Block, Routes
from agent.ocpp.blocks.availability import Availability
from agent.ocpp.calls import CallFailedError, Calls, NotRegisteredError, NotServedError
from agent.ocpp.charger import Charger
from agent.ocpp.costs import CostSink
from agent.ocpp.dialect import Dialect, Outcome, memory_key
from agent.ocpp.keeper import Keeper
from agent.ocpp.outbox import Change, Outbox, Retry, StoredFact, Tried
from agent.ocpp.public_keys import KeyTold, PublicKeys
from agent.ocpp.settings.link import MESSAGE_ATTEMPT_INTERVAL, MESSAGE_ATTEMPTS
from agent.ocpp.settings.signing import PUBLIC_KEY_TOLD
from agent.ocpp.variables import Settings
from hal.flag import Flag


class Transactions(Block):
    """Works the outbox off, one fact at a time."""

    def __init__(
        self,
        outbox: Outbox,
        keeper: Keeper,
        charger: Charger,
        availability: Availability,
        settings: Settings,
        *,
        message_id: Callable[[Dialect, StoredFact], str],
        learn: Callable[[IdToken, AuthInfo], None],
        costs: CostSink,
    ) -> None:
        """`message_id` names a fact's message, the same on every try; `learn` hears every verdict on a token."""
        self._costs = costs
        self._outbox = outbox
        self._charger = charger
        self._availability = availability
        self._settings = settings
        self._keeper = keeper
        self._message_id = message_id
        self._learn = learn
        self._keys = PublicKeys()
        self._news = Flag()
        self._settled = Flag()
        self._booted_for: int | None = None

    def routes(self) -> Routes:
        """Who answers what."""
        return {TransactionStatusAsk: self.status}

    def wake(self) -> None:
        """Something was added to the outbox."""
        self._news.set()

    def status(self, ask: TransactionStatusAsk) -> Handled:
        """Whether a transaction goes on and whether anything about it waits (E14)."""
        queued = self._outbox.holds(ask.tx)
        if ask.tx is None:
            return Handled(TransactionStatusAnswer(queued))
        open_txs = (self._charger.session(evse).tx for evse in self._charger.evse_ids)
        ongoing = any(one is not None and one.id == ask.tx for one in open_txs)
        return Handled(TransactionStatusAnswer(queued, ongoing))

    def link_lost(self) -> None:
        """The connection is gone."""
        self._keeper.changed(self._outbox.link_lost(asyncio.get_running_loop().time(), self._retry()))
        self._settled.set()

    async def told(self, online: Callable[[], bool]) -> None:
        """Wait until nothing about a transaction is left in the outbox, or the station is no longer online."""
        while online() and self._outbox.holds():
            self._settled.clear()
            await self._settled.wait()

    async def deliver(self, calls: Calls) -> None:
        """Deliver for as long as the connection lasts. Raises `LinkLostError`, `NotRegisteredError`."""
        loop = asyncio.get_running_loop()
        while True:
            stored = self._outbox.next(loop.time())
            if stored is not None:
                await self._deliver_one(calls, stored)
                continue
            self._news.clear()
            await self._news.wait(until_s=self._outbox.due_s())

    async def _deliver_one(self, calls: Calls, stored: StoredFact) -> None:
        dialect = calls.dialect
        try:
            message = self._message(dialect, stored)
        except (ValueError, OverflowError) as error:  # this version cannot say it, and never will
            why = f"cannot be said in {dialect.codec.version}: {error}"
            self._settle(dialect, stored, self._outbox.give_up(stored.id, why))
            return
        if message is None:
            self._settle(dialect, stored, self._outbox.delivered(stored.id))
            return
        try:
            response = await calls.call(message, self._message_id(dialect, stored))
        except CallFailedError as error:
            if isinstance(error, NotRegisteredError) and self._booted_for != stored.id:
                # The CSMS has forgotten us: a boot helps, another attempt does not. Once for each message.
                self._booted_for = stored.id
                self._outbox.released(stored.id)
                raise
            if isinstance(error, NotServedError) and isinstance(stored.fact, SecurityEvent):
                self._settle(dialect, stored, self._outbox.delivered(stored.id))  # the security log has it for ever
                return
            now_s = asyncio.get_running_loop().time()
            self._settle(dialect, stored, self._outbox.failed(stored.id, now_s, self._retry(), str(error)))
            return
        self._keys.acknowledged(stored.fact, message)
        self._settle(dialect, stored, self._outbox.delivered(stored.id), response)
        if isinstance(stored.fact, ConnectorStatusChanged):
            await self._availability.report_station(calls)

    def _retry(self) -> Retry:
        return Retry(self._settings.get(MESSAGE_ATTEMPTS), self._settings.get(MESSAGE_ATTEMPT_INTERVAL))

    def _message(self, dialect: Dialect, stored: StoredFact) -> Struct | None:
        fact = stored.fact
        if isinstance(fact, ConnectorStatusChanged) and not self._availability.is_news(dialect, fact):
            return None
        rule = KeyTold(self._settings.get(PUBLIC_KEY_TOLD))
        return dialect.message(replace(stored, fact=self._keys.chosen(fact, rule)))

    def _settle(self, dialect: Dialect, stored: StoredFact, change: Change, response: Struct | None = None) -> None:
        """Journal what became of a fact, and act on the verdict that its answer brought."""
        outcome = Outcome() if isinstance(change, Tried) else dialect.settled(stored, response)
        memory = (memory_key(dialect.codec.version), outcome.memory) if outcome.memory is not None else None
        self._keeper.changed([change], memory)
        self._settled.set()
        fact = stored.fact
        if isinstance(fact, ConnectorStatusChanged) and response is not None:
            self._availability.told(dialect, fact)
        if isinstance(fact, TransactionFact) and response is not None:
            final = isinstance(fact, TransactionEnded)
            for news in dialect.told(response, fact.token, fact.tx, final=final):
                self._costs.told(news)
        if outcome.priority is not None and isinstance(fact, TransactionStarted | TransactionUpdated):
            self._charger.post(fact.evse, PriorityGiven(fact.tx, outcome.priority))
        if outcome.info is None:
            return
        if outcome.token is not None:
            self._learn(outcome.token, outcome.info)
        if not isinstance(fact, TransactionStarted | TransactionUpdated):
            return
        if not outcome.info.accepted:
            self._charger.post(fact.evse, Deauthorized(fact.tx, outcome.info, outcome.token, fact.seq))
        elif outcome.info.group is not None and outcome.token is not None:
            self._charger.post(fact.evse, GroupTold(fact.tx, outcome.token, outcome.info.group))
