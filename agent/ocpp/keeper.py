"""Writes what becomes of the outbox, and what dialects and blocks must remember, into the journal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Final, Protocol

from msgspec.structs import replace

from agent.core.facts import AnyFact, TransactionEnded, TransactionStarted
from agent.ocpp.outbox import Change, GivenUp, Removed, Restamped, StoredFact, Tried
from agent.runtime.records import (
    CountAttempt,
    DeadLetter,
    MoveToDeadLetters,
    Operation,
    PutMeta,
    RemoveFact,
    ResendDeadLetter,
    RestampFact,
)

_log = logging.getLogger(__name__)

AT_ONCE: Final = 0.0


class Store(Protocol):
    """What the OCPP side needs of `agent.runtime.journal.Journal`. It logs its own failures."""

    def facts(self) -> list[StoredFact]:
        """The outbox as it was kept."""

    def dead_letters(self) -> list[DeadLetter]:
        """What was given up."""

    def meta(self, key: str) -> bytes | None:
        """A small value."""

    def commit(
        self, *operations: Operation, within_s: float | None = None, kept: bool = False, synced: bool = True
    ) -> asyncio.Future[None]:
        """Write operations as one; `kept`: when the disk refuses them, they are tried again.

        Not `synced`: only a power cut can take them.
        """


class Keeper:
    """The outbox's way to the journal. Nothing here waits for the disk."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def remember(self, key: str, value: bytes | None) -> None:
        """Keep a small value, or forget it."""
        self._store.commit(PutMeta(key, value))

    def revived(self, fact_id: int) -> StoredFact | None:
        """Take a dead letter back among the facts, its attempts forgotten; None when there is none of this id."""
        found = next((one.stored for one in self._store.dead_letters() if one.stored.id == fact_id), None)
        if found is None:
            return None
        self._store.commit(ResendDeadLetter(fact_id))
        return replace(found, attempts=0, offline=True)

    def changed(self, changes: Iterable[Change], memory: tuple[str, bytes] | None = None) -> None:
        """Keep changes of the queue, together with what a dialect learnt from them."""
        kept = list(changes)
        operations = [_operation(one) for one in kept]
        if memory is not None:
            operations.append(PutMeta(*memory))
        if not operations:
            return
        # What a dialect learns from a start is found nowhere else: told again, a 1.6 CSMS opens a second transaction.
        # An end that is told twice ends nothing twice, nor does a start that has its own id and number: of those only
        # the end of the process must not make a second, and a power cut, which is rarer, may. What else was removed
        # may wait for company. On a disk that is full for a while none of it is forgotten, or a later memory would
        # stand beside a start or an end that is still to be told.
        ends = any(_is(TransactionEnded, one) for one in kept)
        learnt = memory is not None and not ends
        firmly = learnt or any(isinstance(one, GivenUp | Restamped) for one in kept)
        soon = firmly or ends or any(_is(TransactionStarted, one) for one in kept)
        self._store.commit(*operations, within_s=AT_ONCE if soon else None, kept=True, synced=firmly)


def _operation(change: Change) -> Operation:
    match change:
        case Removed(stored=stored):
            return RemoveFact(stored.id)
        case Tried(id=fact_id, attempts=attempts):
            return CountAttempt(fact_id, attempts)
        case Restamped(stored=stored):
            return RestampFact(stored)
        case GivenUp(stored=stored, why=why):
            _log.error("given up, kept as dead letter %d: %s: %s", stored.id, type(stored.fact).__name__, why)
            return MoveToDeadLetters(stored.id, why)


def _is(kind: type[AnyFact], change: Change) -> bool:
    return isinstance(change, Removed) and isinstance(change.stored.fact, kind)
