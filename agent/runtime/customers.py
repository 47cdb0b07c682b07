"""Where a customer's traces are: the ledger of transactions, the cache, the local list (2.0.1 N09, N10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from agent.core.token_cache import CachedToken, TokenList
from agent.ocpp.stamps import to_wire
from agent.ocpp.workshop import CustomerFile
from agent.runtime.journal import Journal
from agent.runtime.records import EraseToken, RemoveTokens

PLACES: Final[tuple[TokenList, ...]] = ("cache", "local")


class CustomerTraces:
    """Meets `agent.ocpp.workshop.Customers`. `forget_cached` empties memory of a token that the cache held."""

    def __init__(self, journal: Journal, forget_cached: Callable[[str], None]) -> None:
        self._journal = journal
        self._forget_cached = forget_cached

    def find(self, *, token: str | None, identifier: str | None) -> CustomerFile:
        """A line for each piece, as JSON: transactions, the cache's entry, the local list's. Raises `JournalError`."""
        wanted = (token or identifier or "").casefold()
        if not wanted:
            return CustomerFile()
        lines = [
            _line(
                transaction=row.tx,
                evse=row.evse,
                idToken=row.token,
                started=to_wire(row.started_utc_s),
                ended=None if row.ended_utc_s is None else to_wire(row.ended_utc_s),
                energyWh=None if row.end_energy_wh is None else round(row.end_energy_wh - row.start_energy_wh),
            )
            for row in self._journal.ledger()
            if row.token is not None and row.token.casefold() == wanted
        ]
        lines += [
            _line(
                place="authorization cache" if place == "cache" else "local list",
                idToken=entry.token.value,
                type=str(entry.token.kind),
                group=entry.info.group,
                status=str(entry.info.status),
            )
            for place in PLACES
            for entry in self._entries(place, wanted, by_group=identifier is not None)
        ]
        return CustomerFile(tuple(lines))

    def clear(self, *, token: str | None, identifier: str | None) -> None:
        """Erase identifiers from ledger and cache; the local list is the CSMS's to change (N10.FR.03)."""
        wanted = (token or identifier or "").casefold()
        cached = self._entries("cache", wanted, by_group=identifier is not None)
        values = tuple({wanted, *(entry.token.value.casefold() for entry in cached)})
        self._journal.commit(RemoveTokens("cache", values), *map(EraseToken, values))
        for value in values:
            self._forget_cached(value)

    def _entries(self, place: TokenList, wanted: str, *, by_group: bool) -> list[CachedToken]:
        tokens = self._journal.tokens(place)
        return [
            entry
            for value, entry in tokens.items()
            if value == wanted or (by_group and (entry.info.group or "").casefold() == wanted)
        ]


def _line(**pieces: object) -> str:
    return msgspec.json.encode({key: value for key, value in pieces.items() if value is not None}).decode()
