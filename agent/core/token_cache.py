"""The authorisation cache (OCPP 2.0.1 C10, C12; 1.6 3.5.1): what is kept, how long, and what makes room."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from agent.core.values import AuthInfo, IdToken

TokenList = Literal["cache", "local"]


class CachedToken(msgspec.Struct, frozen=True):
    """What is known of a token: from the CSMS's answers (`cache`) or from its local list (`local`).

    `used_utc_s`, `uses` and `since_utc_s` say when it was last used, how often, and when it came in.
    """

    kind: TokenList
    token: IdToken
    info: AuthInfo
    used_utc_s: float = 0.0
    uses: int = 1
    since_utc_s: float = 0.0


class Policy(enum.StrEnum):
    """Which entry makes room for a new one (AuthCacheCtrlr.Policy)."""

    LRU = "LRU"
    LFU = "LFU"
    FIFO = "FIFO"


_encode = msgspec.msgpack.Encoder().encode


def bytes_of(entry: CachedToken) -> int:
    """What an entry takes where it is stored."""
    return len(_encode(entry))


class TokenCache:
    """The entries. Every change is returned as what has to be kept and what forgotten, for the caller to journal."""

    def __init__(self, entries: Mapping[str, CachedToken], *, max_bytes: int) -> None:
        self._entries = {key.casefold(): one for key, one in entries.items()}
        self._max_bytes = max_bytes
        self.used_bytes = sum(map(bytes_of, self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[CachedToken]:
        return iter(self._entries.values())

    def find(self, token: IdToken, life_s: float) -> AuthInfo | None:
        """What the CSMS said of a token; it expires as the CSMS said (C10.FR.13), else its life after the last use."""
        entry = self._entries.get(token.value.casefold())
        if entry is None:
            return None
        if entry.info.expires_utc_s is None and life_s > 0:  # C10.FR.08
            return msgspec.structs.replace(entry.info, expires_utc_s=entry.used_utc_s + life_s)
        return entry.info

    def used(self, token: IdToken, now_utc_s: float) -> CachedToken | None:
        """A token was presented and found here: its life begins anew. The entry to keep, if there is one."""
        entry = self._entries.get(token.value.casefold())
        if entry is None:
            return None
        return self._put(msgspec.structs.replace(entry, used_utc_s=now_utc_s, uses=entry.uses + 1))

    def learn(
        self, token: IdToken, info: AuthInfo, policy: Policy, now_utc_s: float
    ) -> tuple[CachedToken, tuple[IdToken, ...]]:
        """Take in what the CSMS said (C10.FR.01, C10.FR.04/05): the entry to keep, and whose entries make room."""
        known = self._entries.get(token.value.casefold())
        entry = CachedToken(
            "cache",
            token,
            info,
            used_utc_s=now_utc_s,
            uses=known.uses if known else 1,
            since_utc_s=known.since_utc_s if known else now_utc_s,
        )
        self._put(entry)
        gone = []
        while self.used_bytes > self._max_bytes and len(self._entries) > 1:
            gone.append(self._evict(policy, keep=entry))
        return entry, tuple(gone)

    def forget(self, value: str) -> None:
        """Let go of a token, if it is here."""
        gone = self._entries.pop(value.casefold(), None)
        if gone is not None:
            self.used_bytes -= bytes_of(gone)

    def clear(self) -> None:
        """Forget everything (C11)."""
        self._entries.clear()
        self.used_bytes = 0

    def _put(self, entry: CachedToken) -> CachedToken:
        key = entry.token.value.casefold()
        before = self._entries.get(key)
        self.used_bytes += bytes_of(entry) - (bytes_of(before) if before is not None else 0)
        self._entries[key] = entry
        return entry

    def _evict(self, policy: Policy, keep: CachedToken) -> IdToken:
        """C10.FR.07: what does not accept goes first, then by the policy."""
        others = (one for one in self._entries.values() if one is not keep)
        victim = min(others, key=lambda one: (one.info.accepted, *_rank(one, policy)))
        del self._entries[victim.token.value.casefold()]
        self.used_bytes -= bytes_of(victim)
        return victim.token


def _rank(entry: CachedToken, policy: Policy) -> tuple[float, float]:
    match policy:
        case Policy.LRU:
            return entry.used_utc_s, entry.since_utc_s
        case Policy.LFU:
            return float(entry.uses), entry.used_utc_s
        case Policy.FIFO:
            return entry.since_utc_s, entry.used_utc_s
