"""The local list and the authorisation cache, as the journal keeps them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, Protocol

from msgspec.structs import replace

from agent.core.authorize import NOT_CACHED, AuthRules, Known
from agent.core.local_list import ListUpdate, ListVerdict, LocalList, updated
from agent.core.token_cache import CachedToken, Policy, TokenCache, TokenList
from agent.core.values import AuthInfo, IdToken
from agent.ocpp.keeper import Store
from agent.ocpp.settings.authorization import MAX_CACHE_BYTES, MAX_LIST
from agent.runtime.clock import Clock
from agent.runtime.journal import LAZY_S
from agent.runtime.records import Operation, PutMeta, PutToken, RemoveTokens
from agent.runtime.schema import JournalError

_log = logging.getLogger(__name__)

LIST_VERSION: Final = "auth.list_version"  # of the journal's meta data


class TokenJournal(Store, Protocol):
    """What is needed of `agent.runtime.journal.Journal`."""

    def tokens(self, kind: TokenList) -> dict[str, CachedToken]:
        """One list as it was kept, by the tokens' values with case folded."""


class TokenStore:
    """Meets `agent.ocpp.tokens.Tokens`. `rules` and `policy` are the settings'."""

    def __init__(
        self,
        journal: TokenJournal,
        clock: Clock,
        rules: Callable[[], AuthRules],
        policy: Callable[[], Policy],
        *,
        max_cache_bytes: int = MAX_CACHE_BYTES,
        max_list: int = MAX_LIST,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._rules = rules
        self._policy = policy
        self._max_list = max_list
        self._cache = TokenCache(journal.tokens("cache"), max_bytes=max_cache_bytes)
        self._learnt: CachedToken | None = None  # what the CSMS said last, as it was stored
        version = int(journal.meta(LIST_VERSION) or b"0")
        self._list = LocalList(version, {key.casefold(): one for key, one in journal.tokens("local").items()})

    def known(self, token: IdToken) -> Known:
        """What is stored of a token."""
        listed = self._list.entries.get(token.value.casefold())
        cached = self._cache.find(token, self._rules().cache_life_s)
        return Known(listed.info if listed else None, cached)

    def used(self, token: IdToken) -> None:
        """The cache decided on a token: its life there begins anew (C10.FR.08)."""
        entry = self._cache.used(token, self._clock.now().utc_s)
        if entry is not None:
            self._journal.commit(PutToken(entry))

    # agent.ocpp.tokens.Tokens

    @property
    def list_version(self) -> int:
        """Of the local list; 0: there is none."""
        return self._list.version

    @property
    def list_size(self) -> int:
        """How many tokens stand in it."""
        return len(self._list.entries)

    @property
    def cache_bytes(self) -> int:
        """What the cache takes."""
        return self._cache.used_bytes

    async def update_list(self, update: ListUpdate) -> ListVerdict:
        """Change the local list, durably, or leave it as it is."""
        verdict, after = updated(self._list, update, self._max_list)
        if verdict is not ListVerdict.ACCEPTED:
            return verdict
        try:
            await self._journal.commit(*_changes(self._list, after), within_s=0.0)
        except JournalError as error:
            _log.error("the local list cannot be changed: %s", error)
            return ListVerdict.FAILED
        self._list = after
        return verdict

    def learn(self, token: IdToken, info: AuthInfo) -> None:
        """Remember what the CSMS said of a token (1.6 3.5.1, C10.FR.01-05); also what it says after a start."""
        if not self._rules().cache_enabled or token.kind in NOT_CACHED:
            return
        entry, gone = self._cache.learn(token, info, self._policy(), self._clock.now().utc_s)
        if not gone and self._says_nothing_new(entry):
            return
        self._learnt = entry
        removed = (RemoveTokens("cache", tuple(one.value for one in gone)),) if gone else ()
        self._journal.commit(PutToken(entry), *removed, within_s=LAZY_S, synced=False)

    def _says_nothing_new(self, entry: CachedToken) -> bool:
        """Whether it only repeats what was just stored: a transaction's start and end follow its authorisation."""
        last = self._learnt
        if last is None or entry.used_utc_s - last.used_utc_s >= LAZY_S:
            return False
        return replace(entry, used_utc_s=last.used_utc_s, uses=last.uses) == last

    def forget(self, value: str) -> None:
        """Forget what the cache holds of a token; the journal's part is the caller's."""
        self._learnt = None
        self._cache.forget(value)

    def clear_cache(self) -> bool:
        """Forget the cache; False where none is in use (2.0.1 C11.FR.04)."""
        if not self._rules().cache_enabled:
            return False
        self._learnt = None
        self._cache.clear()
        self._journal.commit(RemoveTokens("cache"))
        return True


def _changes(before: LocalList, after: LocalList) -> list[Operation]:
    """What makes one list of the other in the journal."""
    gone = tuple(key for key in before.entries if key not in after.entries)
    new = [PutToken(one) for key, one in after.entries.items() if before.entries.get(key) != one]
    version = PutMeta(LIST_VERSION, str(after.version).encode())
    return [*((RemoveTokens("local", gone),) if gone else ()), *new, version]
