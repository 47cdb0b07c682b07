"""Tariff and cost (2.0.1 I01-I06), and what 1.6 has instead: the messages of OCPP & California Pricing Requirements."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import msgspec

from agent.core.session import Session
from agent.core.values import IdToken
from agent.ocpp.asks import Handled, TransferAnswer, Verdict
from agent.ocpp.asks.display import CostUpdatedAsk, Taken
from agent.ocpp.block import Block, Routes, Surroundings
from agent.ocpp.blocks.display import Display
from agent.ocpp.costs import Content, CostTold, MessageTold, Told
from agent.ocpp.settings.display import (
    COST_DECIMALS,
    COST_ENABLED,
    COST_FALLBACK,
    CURRENCY,
    CUSTOM_COSTS,
    DEFAULT_PRICE,
    FORMATS,
    TARIFF_ENABLED,
    TARIFF_FALLBACK,
    VENDOR,
)

_log = logging.getLogger(__name__)

FAREWELL_S: Final = 30.0  # our policy: how long the total may be read once the cable is out, and nobody else has come
MAX_TOKENS: Final = 100  # our policy: holders of tokens whose messages are kept until they come; the oldest give way


class UserPrice(msgspec.Struct, frozen=True, rename="camel"):
    """SetUserPrice: what charging costs this driver."""

    id_token: str
    price_text: str


class RunningCost(msgspec.Struct, frozen=True, rename="camel"):
    """RunningCost: what the transaction has cost so far."""

    transaction_id: int
    cost: float


class FinalCost(msgspec.Struct, frozen=True, rename="camel"):
    """FinalCost: what it has cost in all, and a word to it."""

    transaction_id: int
    cost: float
    price_text: str = ""


class Bill(msgspec.Struct):
    """What is known of the last transaction of an EVSE.

    `over`: it has ended; `missed`: offline, without a total; `left`: the driver has gone, and may still be reading.
    """

    tx: str
    total: float | None = None
    text: str | None = None
    over: bool = False
    missed: bool = False
    left: bool = False


class Tariff(Block):
    """Lines beneath the station's own words: the driver's price, and what the transaction costs."""

    def __init__(self, around: Surroundings, display: Display) -> None:
        self._around = around
        self._settings = around.settings
        self._display = display
        self._bills: dict[int, Bill] = {}
        self._prices: dict[str, str] = {}  # by the token they were meant for
        display.beneath = self.lines
        around.costs.on_news(self._on_news)
        for message, kind, take in (
            ("SetUserPrice", UserPrice, self._user_price),
            ("RunningCost", RunningCost, self._running_cost),
            ("FinalCost", FinalCost, self._final_cost),
        ):
            around.vendors.register(VENDOR, message, _reader(around, kind, take))

    def routes(self) -> Routes:
        """Who answers what."""
        return {CostUpdatedAsk: self.cost_updated}

    async def run(self) -> None:
        """Follow the transactions."""
        self._around.charger.on_step(self._stepped)

    def cost_updated(self, ask: CostUpdatedAsk) -> Handled:
        """CostUpdated (I02.FR.02, I02.FR.03)."""
        return Handled(Taken(), lambda: self._around.costs.told(CostTold(ask.tx, ask.total)))

    def lines(self, evse: int) -> tuple[str, ...]:
        """What to show beneath the station's own words."""
        session, bill = self._around.charger.session(evse), self._bills.get(evse)
        price = self._price(session, bill) if self._settings.get(TARIFF_ENABLED) else None
        cost = self._cost(bill) if self._settings.get(COST_ENABLED) and bill is not None else None
        return tuple(line for text in (price, cost) if text for line in text.splitlines())

    def _price(self, session: Session, bill: Bill | None) -> str | None:
        """The driver's own price, else the fall-back (I01.FR.03, I04.FR.01, I06.FR.03)."""
        if bill is not None and (session.tx is not None or bill.over):
            return bill.text or (None if bill.over else self._fall_back())
        token = session.asking[1] if session.asking is not None else session.token
        if token is None:
            return None
        return self._prices.get(_key(token)) or self._fall_back()

    def _fall_back(self) -> str:
        text = self._settings.get(TARIFF_FALLBACK)
        default = self._settings.get(DEFAULT_PRICE)
        if text or not default or not self._settings.get(CUSTOM_COSTS):
            return text
        price: dict[str, Any] = msgspec.json.decode(default)
        offline = None if self._around.csms.online else price.get("priceTextOffline")
        return str(offline or price.get("priceText") or "")

    def _cost(self, bill: Bill) -> str | None:
        """What it costs (I02.FR.03, I02.FR.04, I03.FR.03), or that nobody can say (I05.FR.02)."""
        if bill.missed:
            return self._settings.get(COST_FALLBACK)
        if bill.total is None:
            return None
        return f"{bill.total:.{self._settings.get(COST_DECIMALS)}f} {self._settings.get(CURRENCY)}"

    def _stepped(self, evse: int) -> None:
        session, bill = self._around.charger.session(evse), self._bills.get(evse)
        if session.tx is not None:
            changed = self._open(evse, session.tx.id, session.token)
        else:
            changed = bill is not None and self._closed(evse, session, bill)
        if changed:
            self._display.refresh()

    def _open(self, evse: int, tx: str, token: IdToken | None) -> bool:
        """A running transaction has a bill, with the price of its driver, who may come after the cable; what is new."""
        bill, begun = self._bills.get(evse), False
        if bill is None or bill.tx != tx:
            bill, begun = Bill(tx), True
            self._bills[evse] = bill
        price = self._prices.pop(_key(token), None) if bill.text is None and token is not None else None
        if price is not None:
            bill.text = price
        return begun or price is not None

    def _closed(self, evse: int, session: Session, bill: Bill) -> bool:
        """A bill without its transaction; whether it has become another."""
        somebody = session.driver is not None or session.asking is not None
        if not bill.over:
            bill.over, bill.missed = True, not self._around.csms.online
        elif session.occupied and not bill.left:
            return False
        elif session.occupied or somebody:
            del self._bills[evse]  # the next driver is there
        elif bill.left:
            return False
        else:
            bill.left = True
            asyncio.get_running_loop().call_later(FAREWELL_S, self._forget, evse, bill)
        return True

    def _forget(self, evse: int, bill: Bill) -> None:
        if self._bills.get(evse) is bill:
            del self._bills[evse]
            self._display.refresh()

    def _on_news(self, news: Told) -> None:
        if isinstance(news, MessageTold) and news.content.format not in FORMATS:
            _log.warning("a message for a driver in %s, which no display here can show", news.content.format)
            return
        match news:
            case CostTold(tx=tx, total=total):
                bill = self._bill(tx)
                if bill is None:
                    _log.info("a cost for transaction %s, which has nobody to show it to", tx)
                    return
                bill.total, bill.missed = total, False
            case MessageTold(content=content, tx=str() as tx):
                bill = self._bill(tx)
                if bill is not None:
                    bill.text = content.text
            case MessageTold(content=content, token=IdToken() as token):
                self._remember(token, content.text)
        self._display.refresh()

    def _bill(self, tx: str) -> Bill | None:
        for evse in self._around.charger.evse_ids:
            self._stepped(evse)
        return next((one for one in self._bills.values() if one.tx == tx), None)

    def _remember(self, token: IdToken, text: str) -> None:
        for evse in self._around.charger.evse_ids:
            session, bill = self._around.charger.session(evse), self._bills.get(evse)
            known = session.token if session.tx is not None else None
            if bill is not None and known is not None and _key(known) == _key(token):
                bill.text = text
                return
        self._prices.pop(_key(token), None)
        self._prices[_key(token)] = text
        while len(self._prices) > MAX_TOKENS:
            self._prices.pop(next(iter(self._prices)))

    # 1.6

    def _user_price(self, price: UserPrice) -> bool:
        self._around.costs.told(MessageTold(Content(price.price_text), token=IdToken(price.id_token)))
        return True

    def _running_cost(self, cost: RunningCost) -> bool:
        return self._numbered(cost.transaction_id, cost.cost, "")

    def _final_cost(self, cost: FinalCost) -> bool:
        return self._numbered(cost.transaction_id, cost.cost, cost.price_text, final=True)

    def _numbered(self, number: int, total: float, text: str, *, final: bool = False) -> bool:
        known = self._around.csms.transactions(number)
        for tx in known:
            if text:
                self._around.costs.told(MessageTold(Content(text), tx=tx))
            self._around.costs.told(CostTold(tx, total, final))
        return bool(known)


def _reader(around: Surroundings, kind: type[Any], take: Any) -> Any:
    """A vendor's handler: JSON, in 1.6 as text, read and taken."""

    def handle(data: Any) -> TransferAnswer:
        if not around.settings.get(CUSTOM_COSTS):
            return TransferAnswer(Verdict.REJECTED)
        try:
            message = msgspec.json.decode(data, type=kind) if isinstance(data, str) else msgspec.convert(data, kind)
        except msgspec.MsgspecError as error:
            _log.warning("cost message refused: %s", error)
            return TransferAnswer(Verdict.REJECTED)
        return TransferAnswer(Verdict.ACCEPTED if take(message) else Verdict.REJECTED)

    return handle


def _key(token: IdToken) -> str:
    return token.value.casefold()
