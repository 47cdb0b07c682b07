"""Authorization (2.0.1 C01, C11; 1.6 §4.1, §5.4): put a token before the CSMS, and forget what it said of others."""

from __future__ import annotations

import logging

from agent.core.contract import Contract
from agent.core.values import AuthInfo, IdToken
from agent.ocpp.asks import ACCEPTED, ClearCacheAsk, Handled, Reason, rejected
from agent.ocpp.block import Block, Routes
from agent.ocpp.calls import CallFailedError, Calls, LinkLostError
from agent.ocpp.costs import CostSink
from agent.ocpp.settings.authorization import AUTH_CACHE_STORAGE
from agent.ocpp.tokens import Tokens
from agent.ocpp.variables import Settings

_log = logging.getLogger(__name__)


async def authorize(
    calls: Calls, token: IdToken, contract: Contract | None, costs: CostSink, *, vain: bool = False
) -> AuthInfo | None:
    """The CSMS's verdict; None when it gave none, or when this version cannot say the token.

    `vain`: nothing can come of it. 2.x wants it asked all the same, 1.6 does not.
    """
    if vain and not calls.dialect.asks_in_vain:
        return None
    try:
        request = calls.dialect.authorize(token, contract)
        response = await calls.call(request)
    except (CallFailedError, LinkLostError, ValueError) as error:
        _log.warning("the CSMS gave no verdict on a token: %s", error)
        return None
    for news in calls.dialect.told(response, token):
        costs.told(news)
    return calls.dialect.verdict(response)


class Authorization(Block):
    """What the CSMS asks of the tokens that the station remembers."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self._tokens = tokens
        settings.follow(AUTH_CACHE_STORAGE, lambda: tokens.cache_bytes)

    def routes(self) -> Routes:
        """Who answers what."""
        return {ClearCacheAsk: self.clear_cache}

    def clear_cache(self, ask: ClearCacheAsk) -> Handled:
        """ClearCache (C11.FR.03-05; 1.6 errata 3.23): rejected where no cache is in use."""
        del ask
        return ACCEPTED if self._tokens.clear_cache() else rejected(Reason.NOT_ENABLED)
