"""Answers `Authorize`: by the station's own rules where they decide, else by asking the CSMS."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from agent.core.authorize import AuthRules, Known, decide
from agent.core.events import AnyEvent, AuthorizationDecided
from agent.core.values import AuthInfo, AuthStatus, IdToken
from agent.runtime.clock import Clock
from agent.runtime.journal import CachedToken, Journal, PutToken, RemoveTokens


class Authorizer:
    """Keeps the local list and the cache, and knows whom to ask."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        rules: Callable[[], AuthRules],
        ask_csms: Callable[[IdToken], Awaitable[AuthInfo | None]],
        online: Callable[[], bool],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._rules = rules
        self._ask_csms = ask_csms
        self._online = online
        self._cache = {key.casefold(): entry for key, entry in journal.tokens("cache").items()}
        self._list = {key.casefold(): entry for key, entry in journal.tokens("local").items()}
        self._asking: set[asyncio.Task[None]] = set()

    def ask(self, number: int, token: IdToken, post: Callable[[AnyEvent], None]) -> None:
        """Find the verdict on a token and post it as `AuthorizationDecided(number, ...)`. Returns at once."""
        own = self._decide(token, online=self._online())
        if own is not None:
            post(AuthorizationDecided(number, token, own))
            return
        task = asyncio.get_running_loop().create_task(self._ask(number, token, post), name=f"authorise #{number}")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    def learn(self, token: IdToken, info: AuthInfo) -> None:
        """Remember what the CSMS said of a token (1.6 3.5.1, C10.FR.01-04); also what it says after a start."""
        if self._rules().cache_enabled:
            entry = CachedToken("cache", token, info, self._clock.now().utc_s)
            self._cache[token.value.casefold()] = entry
            self._journal.commit(PutToken(entry))

    def forget_cache(self) -> bool:
        """Clear the cache; False where none is in use (2.0.1 C11.FR.04)."""
        if not self._rules().cache_enabled:
            return False
        self._cache.clear()
        self._journal.commit(RemoveTokens("cache"))
        return True

    def close(self) -> None:
        """Drop open questions."""
        for task in self._asking:
            task.cancel()

    def _decide(self, token: IdToken, *, online: bool) -> AuthInfo | None:
        key = token.value.casefold()
        listed, cached = self._list.get(key), self._cache.get(key)
        known = Known(listed.info if listed else None, cached.info if cached else None)
        return decide(token, known, self._rules(), online=online, now_utc_s=self._clock.now().utc_s)

    async def _ask(self, number: int, token: IdToken, post: Callable[[AnyEvent], None]) -> None:
        info = await self._ask_csms(token)
        if info is None:  # the link broke, or the CSMS did not answer in time: the offline rules decide after all
            info = self._decide(token, online=False) or AuthInfo(AuthStatus.NO_ANSWER)
        else:
            self.learn(token, info)
        post(AuthorizationDecided(number, token, info))
