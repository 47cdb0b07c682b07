"""Answers `Authorize`: by the station's own rules where they decide, else by asking the CSMS."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from agent.core.authorize import AuthRules, decide, decide_contract, judged
from agent.core.contract import Contract
from agent.core.effects import Authorize
from agent.core.events import AnyEvent, AuthorizationDecided
from agent.core.values import AuthInfo, AuthStatus, IdToken
from agent.runtime.clock import Clock
from agent.runtime.token_store import TokenStore


class Authorizer:
    """Decides by what is stored, or knows whom to ask."""

    def __init__(
        self,
        tokens: TokenStore,
        clock: Clock,
        rules: Callable[[], AuthRules],
        ask_csms: Callable[[IdToken, Contract | None], Awaitable[AuthInfo | None]],
        online: Callable[[], bool],
    ) -> None:
        self._tokens = tokens
        self._clock = clock
        self._rules = rules
        self._ask_csms = ask_csms
        self._online = online
        self._asking: set[asyncio.Task[None]] = set()

    def ask(self, evse: int, question: Authorize, post: Callable[[AnyEvent], None]) -> None:
        """Find the verdict on a token and post it as `AuthorizationDecided`. Returns at once."""
        own = self._decide(question, online=self._online())
        if own is not None:
            post(self._decided(evse, question, own))
            return
        name = f"authorise #{question.ask} at EVSE {evse}"
        task = asyncio.get_running_loop().create_task(self._ask(evse, question, post), name=name)
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    def close(self) -> None:
        """Drop open questions."""
        for task in self._asking:
            task.cancel()

    def _decide(self, question: Authorize, *, online: bool) -> AuthInfo | None:
        known = self._tokens.known(question.token)
        rules, now_utc_s = self._rules(), self._clock.now().utc_s
        token, contract = question.token, question.contract
        if contract is not None:
            own = decide_contract(token, contract, known, rules, online=online, now_utc_s=now_utc_s)
        else:
            own = decide(token, known, rules, online=online, now_utc_s=now_utc_s, stops_group=question.group)
        if own is not None and own is known.in_cache:
            self._tokens.used(question.token)
        return own

    def _decided(self, evse: int, question: Authorize, info: AuthInfo) -> AuthorizationDecided:
        return AuthorizationDecided(question.ask, question.token, judged(info, evse, self._rules()))

    async def _ask(self, evse: int, question: Authorize, post: Callable[[AnyEvent], None]) -> None:
        info = await self._ask_csms(question.token, question.contract)
        if info is None:  # the link broke, or the CSMS did not answer in time: the offline rules decide after all
            info = self._decide(question, online=False) or AuthInfo(AuthStatus.NO_ANSWER)
        else:
            self._tokens.learn(question.token, info)
        post(self._decided(evse, question, info))
