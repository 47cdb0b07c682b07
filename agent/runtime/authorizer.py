"""Answers `Authorize`: by the station's own rules where they decide, else by asking the CSMS."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final, Protocol

from agent.core.authorize import AuthRules, decide, decide_contract, judged
from agent.core.contract import Contract
from agent.core.effects import Authorize
from agent.core.events import AnyEvent, AuthorizationDecided
from agent.core.values import AuthInfo, AuthStatus, IdToken, TokenKind
from agent.runtime.clock import Clock
from agent.runtime.token_store import TokenStore

CODE_WAIT_S: Final = 2.0  # our policy: after the first wrong key code
MAX_CODE_WAIT_S: Final = 300.0  # our policy


class Asks(Protocol):
    """Puts a token before the CSMS."""

    async def __call__(
        self, token: IdToken, contract: Contract | None = None, *, vain: bool = False
    ) -> AuthInfo | None:
        """Its verdict; None when it cannot be asked, does not answer, or need not be asked in `vain`."""


class Authorizer:
    """Decides by what is stored, or knows whom to ask."""

    def __init__(
        self,
        tokens: TokenStore,
        clock: Clock,
        rules: Callable[[], AuthRules],
        ask_csms: Asks,
        online: Callable[[], bool],
    ) -> None:
        self._tokens = tokens
        self._clock = clock
        self._rules = rules
        self._ask_csms = ask_csms
        self._online = online
        self._asking: set[asyncio.Task[None]] = set()
        self._wrong_codes: dict[int, tuple[int, float]] = {}  # EVSE -> how many in a row, and until when none is tried

    def ask(self, evse: int, question: Authorize, post: Callable[[AnyEvent], None]) -> None:
        """Find the verdict on a token and post it as `AuthorizationDecided`. Returns at once."""
        own = self._decide(question, online=self._online())
        if question.token.kind is TokenKind.KEY_CODE and self._clock.now().mono_s < self._code_wait(evse)[1]:
            own = AuthInfo(AuthStatus.INVALID)
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

    def _code_wait(self, evse: int) -> tuple[int, float]:
        return self._wrong_codes.get(evse, (0, -math.inf))

    def _code_tried(self, evse: int, *, good: bool) -> None:
        """The wait after a wrong key code doubles with each in a row, lest somebody tries them all (C04.FR.06)."""
        if good:
            self._wrong_codes.pop(evse, None)
            return
        tries = self._code_wait(evse)[0] + 1
        wait_s = min(CODE_WAIT_S * 2 ** (tries - 1), MAX_CODE_WAIT_S)
        self._wrong_codes[evse] = tries, self._clock.now().mono_s + wait_s

    def _decided(self, evse: int, question: Authorize, info: AuthInfo) -> AuthorizationDecided:
        return AuthorizationDecided(question.ask, question.token, judged(info, evse, self._rules()))

    async def _ask(self, evse: int, question: Authorize, post: Callable[[AnyEvent], None]) -> None:
        info = await self._ask_csms(question.token, question.contract, vain=question.vain)
        if info is None:  # the link broke, or the CSMS did not answer in time: the offline rules decide after all
            info = self._decide(question, online=False) or AuthInfo(AuthStatus.NO_ANSWER)
        else:
            self._tokens.learn(question.token, info)
        if question.token.kind is TokenKind.KEY_CODE:
            self._code_tried(evse, good=info.accepted)
        post(self._decided(evse, question, info))
