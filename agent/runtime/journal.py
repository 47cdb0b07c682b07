"""The journal: everything that must outlive the process, on stable storage before anybody relies on it.

SQLite in WAL mode, written by one thread: the event loop never waits for a disk. Commits that come while one is being
written, or in the same turn of the loop, go to disk together: one sync for all of them. A commit may do without the
sync: then the operating system has it, so that the end of the process cannot take it, and the next sync takes it along,
at the latest after `SYNC_S`. What can be had again (removal of a delivered fact, an attempt, a cached token) waits for
a commit that is written anyway, at most `LAZY_S`. Reads are synchronous and meant for start-up and the CLI.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
import os
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Self

from agent.core.security import LoggedEvent
from agent.core.token_cache import CachedToken, TokenList
from agent.ocpp.outbox import StoredFact
from agent.runtime import statements
from agent.runtime.records import (
    AddFact,
    CountAttempt,
    DeadLetter,
    ForgetSettings,
    LedgerRow,
    LogSecurityEvent,
    MoveToDeadLetters,
    Operation,
    PutMeta,
    PutSetting,
    PutToken,
    RemoveFact,
    RemoveTokens,
    ResendDeadLetter,
    SaveSession,
)
from agent.runtime.schema import REMEDIES, JournalError, explain, lock, open_for_reading, open_for_writing, unlock

__all__ = [
    "FILE_NAME",
    "AddFact",
    "CachedToken",
    "CountAttempt",
    "DeadLetter",
    "ForgetSettings",
    "Journal",
    "JournalError",
    "JournalReader",
    "LedgerRow",
    "LogSecurityEvent",
    "MoveToDeadLetters",
    "PutMeta",
    "PutSetting",
    "PutToken",
    "RemoveFact",
    "RemoveTokens",
    "ResendDeadLetter",
    "SaveSession",
    "StoredFact",
]

_log = logging.getLogger(__name__)

FILE_NAME: Final = "journal.sqlite"  # within the state directory
LAZY_S: Final = 60.0  # our policy: after a kill the CSMS may see this much of the outbox a second time
SYNC_S: Final = 60.0  # our policy: how much of what asks for no sync a power cut may take
LAZY: Final = (RemoveFact, CountAttempt, PutToken, LogSecurityEvent)
RETRY_S: Final = 10.0  # our policy: when what is lazy is tried again on a full or failing disk
FACT_ID_BLOCK: Final = 1000  # ids reserved at a time, so that the mark is rarely written; a crash skips the rest
_NEXT_FACT_ID: Final = "journal.next_fact_id"
_CLOSED: Final = "journal.closed"  # there while nobody has written since it was closed in order


class JournalReader:
    """What the journal holds. All reads raise `JournalError`."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path = path
        self._reader = db

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an existing journal for reading, also while an agent is writing to it. Raises `JournalError`."""
        return cls(path, open_for_reading(path))

    def facts(self) -> list[StoredFact]:
        """The outbox, oldest first."""
        with _Explained(self.path):
            return statements.facts(self._reader)

    def dead_letters(self) -> list[DeadLetter]:
        """What was given up, oldest first."""
        with _Explained(self.path):
            return statements.dead_letters(self._reader)

    def sessions(self) -> dict[int, bytes]:
        """Saved sessions by EVSE."""
        with _Explained(self.path):
            return statements.sessions(self._reader)

    def settings(self) -> dict[str, str]:
        """Settings that the CSMS changed, by their key in the registry."""
        with _Explained(self.path):
            return dict(self._reader.execute("SELECT key, value FROM settings").fetchall())

    def tokens(self, kind: TokenList) -> dict[str, CachedToken]:
        """The local list or the cache, by the tokens' values with case folded."""
        with _Explained(self.path):
            return statements.tokens(self._reader, kind)

    def meta(self, key: str) -> bytes | None:
        """What `PutMeta` kept under this key."""
        with _Explained(self.path):
            row = self._reader.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def ledger(self) -> list[LedgerRow]:
        """Every transaction there was, oldest first."""
        with _Explained(self.path):
            return statements.ledger(self._reader)

    def security_log(self) -> list[LoggedEvent]:
        """The latest security events, oldest first."""
        with _Explained(self.path):
            return statements.security_log(self._reader)

    def close_reader(self) -> None:
        """Stop reading."""
        self._reader.close()


class _Explained:
    """Turns SQLite's errors into the journal's."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise explain(self._path, error) from error


def _nothing() -> None:
    """What a ping does."""


class _Commit:
    """Operations that stand or fall together, and who waits for them."""

    __slots__ = ("due_s", "future", "kept", "operations", "synced")

    def __init__(
        self,
        operations: tuple[Operation, ...],
        future: asyncio.Future[None],
        due_s: float,
        *,
        kept: bool,
        synced: bool,
    ) -> None:
        self.operations = operations
        self.future = future
        self.due_s = due_s
        self.kept = kept
        self.synced = synced

    def fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()  # the journal has logged it; not every caller waits


class Journal(JournalReader):
    """The one writer. `commit` from the event loop's thread only."""

    def __init__(self, path: Path, *, writer: sqlite3.Connection, held: int, recovered_from: Path | None) -> None:
        super().__init__(path, open_for_reading(path))
        self.recovered_from = recovered_from  # where a damaged file was moved to, when that happened at opening
        self.failure: JournalError | None = None  # why the last commit failed; None when it did not
        self._writer = writer
        self._held = held
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._queue: list[_Commit] = []
        self._due_s = math.inf  # when `_next_write` will happen
        self._next_write: asyncio.Handle | None = None
        self._writing: asyncio.Future[list[BaseException | None]] | None = None
        self._next_sync: asyncio.TimerHandle | None = None
        self._sync_failure: JournalError | None = None  # of the last try
        self._closing = False
        # The writing thread's:
        self._full = True  # how the connection commits: with a sync
        self._unsynced = False  # something was committed without one since the last
        self._marked_closed = self.meta(_CLOSED) is not None
        self.cut_off = not self._marked_closed  # whoever wrote last did not come to close it
        (stored,) = writer.execute("SELECT max(value) FROM meta WHERE key = ?", (_NEXT_FACT_ID,)).fetchone()
        self.next_fact_id: int = stored or 1  # above every id that was ever committed
        self._reserved_to = self.next_fact_id

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or create the journal. Blocks: for start-up, before there is anything to delay.

        Raises `JournalError`: another agent has it, its directory is missing or not writable, a newer agent wrote it.
        A damaged file is moved aside and a new one begun; `recovered_from` then says where it went.
        """
        with contextlib.ExitStack() as undo:
            held = lock(path)
            undo.callback(unlock, held)
            writer, recovered_from = open_for_writing(path)
            undo.callback(writer.close)
            journal = cls(path, writer=writer, held=held, recovered_from=recovered_from)
            undo.pop_all()
        return journal

    def commit(
        self, *operations: Operation, within_s: float | None = None, kept: bool = False, synced: bool = True
    ) -> asyncio.Future[None]:
        """Write operations as one; never blocks. The future is done when they are on stable storage.

        It fails with `JournalError` when they are not (disk full, read-only, I/O error): none of them happened, and a
        later commit may succeed. `within_s`: how long they may wait for company; by default not at all, unless all
        of them are lazy by nature. Who waits lazily, or is `kept`, is tried again when the disk fails, until `close`,
        in its place among the others. Not `synced`, or lazy by nature: they outlive the process when the future is
        done, and a power cut `SYNC_S` later.
        Cancelling the future changes nothing about what is written.
        """
        loop = asyncio.get_running_loop()
        lazy = within_s is None and bool(operations) and all(isinstance(one, LAZY) for one in operations)
        if within_s is None:
            within_s = LAZY_S if lazy else 0.0
        due_s, kept = loop.time() + within_s, kept or within_s > 0
        one = _Commit(operations, loop.create_future(), due_s, kept=kept, synced=synced and not lazy)
        if self._closing:
            one.fail(JournalError(self.path, "is closed", "commit before the agent ends"))
            return one.future
        ids = [operation.stored.id for operation in operations if isinstance(operation, AddFact)]
        self.next_fact_id = max(self.next_fact_id, *(fact_id + 1 for fact_id in ids), 0)
        self._queue.append(one)
        self._schedule(one.due_s)
        return one.future

    async def ping(self) -> None:
        """Return once the writing thread has come round, without writing: proof that it lives."""
        if not self._closing:
            await asyncio.get_running_loop().run_in_executor(self._thread, _nothing)

    async def close(self) -> None:
        """Write what waits, then release the file. What cannot be written fails its future."""
        self._closing = True
        while self._queue or self._writing:
            if self._writing is None:
                self._write_queue()
            if self._writing is not None:
                await asyncio.wait([self._writing])
        if self._next_sync is not None:
            self._next_sync.cancel()
        self.close_reader()  # first: the last to close tidies the file up, and a reader may not
        await asyncio.get_running_loop().run_in_executor(self._thread, self._release)
        self._thread.shutdown()

    def _schedule(self, due_s: float) -> None:
        if self._writing is not None or self._due_s <= due_s:
            return
        loop = asyncio.get_running_loop()
        if self._next_write is not None:
            self._next_write.cancel()
        self._due_s = due_s
        at_once = due_s <= loop.time()
        self._next_write = loop.call_soon(self._write_queue) if at_once else loop.call_at(due_s, self._write_queue)

    def _write_queue(self) -> None:
        if self._next_write is not None:
            self._next_write.cancel()
        batch, self._queue = self._queue, []
        self._next_write, self._due_s = None, math.inf
        work, synced = [one.operations for one in batch], any(one.synced for one in batch)
        self._writing = asyncio.get_running_loop().run_in_executor(self._thread, self._write, work, synced)
        self._writing.add_done_callback(functools.partial(self._written, batch))

    def _written(self, batch: list[_Commit], writing: asyncio.Future[list[BaseException | None]]) -> None:
        """Tell everybody, and go on with what has come in meanwhile."""
        self._writing = None
        broken = writing.exception()  # nothing is expected here, but nobody may wait for ever either
        errors = [broken] * len(batch) if broken else writing.result()
        now_s = asyncio.get_running_loop().time()
        self.failure = None
        keep: list[_Commit] = []
        for one, error in zip(batch, errors, strict=True):
            if isinstance(error, JournalError):
                self.failure = error
            if error is None:
                if not one.future.done():
                    one.future.set_result(None)
            elif isinstance(error, JournalError) and one.kept and not self._closing:
                one.due_s = now_s + RETRY_S
                keep.append(one)
            else:
                one.fail(error)
        if any(errors):
            _log.error("%s", next(error for error in errors if error))
        self._queue[:0] = keep
        if self._queue:
            self._schedule(min(one.due_s for one in self._queue))
        if self._next_sync is not None and not self._unsynced:
            self._next_sync.cancel()
            self._next_sync = None
        elif self._unsynced and self._next_sync is None and not self._closing:
            self._next_sync = asyncio.get_running_loop().call_later(SYNC_S, self._sync_soon)

    def _sync_soon(self) -> None:
        self._next_sync = None
        asyncio.get_running_loop().run_in_executor(self._thread, self._sync).add_done_callback(self._synced)

    def _synced(self, syncing: asyncio.Future[None]) -> None:
        error, before = syncing.exception(), self._sync_failure
        self._sync_failure = None
        if error is None:
            self.failure = None if self.failure is before else self.failure
            return
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        self.failure = JournalError(self.path, f"cannot be synced: {reason}", REMEDIES[sqlite3.SQLITE_IOERR])
        self._sync_failure = self.failure
        _log.error("%s", self.failure)
        if self._next_sync is None and not self._closing:
            self._next_sync = asyncio.get_running_loop().call_later(RETRY_S, self._sync_soon)

    def _sync(self) -> None:
        """In the thread: what was committed without a sync is in the WAL, which has no lock that closing it could drop.

        Raises `OSError`.
        """
        if not self._unsynced:
            return
        wal = os.open(f"{self.path}-wal", os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fdatasync(wal)
        finally:
            os.close(wal)
        self._unsynced = False

    def _write(self, batch: Sequence[tuple[Operation, ...]], synced: bool) -> list[BaseException | None]:
        """In the thread: all in one transaction; where one of them is at fault, each in its own."""
        try:
            self._transact([operation for operations in batch for operation in operations], synced=synced)
        except (sqlite3.Error, TypeError, ValueError, OverflowError) as error:
            if len(batch) == 1 or isinstance(error, sqlite3.OperationalError):
                reported = explain(self.path, error) if isinstance(error, sqlite3.Error) else error
                return [reported] * len(batch)
            return [self._write([operations], synced)[0] for operations in batch]
        return [None] * len(batch)

    def _transact(self, operations: Sequence[Operation], *, synced: bool) -> None:
        highest = max((one.stored.id for one in operations if isinstance(one, AddFact)), default=0)
        reserve_to = self._reserved_to if highest < self._reserved_to else highest + FACT_ID_BLOCK
        synced = synced or reserve_to != self._reserved_to  # an id that was told is never given again
        if synced is not self._full:
            self._writer.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
            self._full = synced
        with self._writer as db:
            before = db.total_changes
            db.execute("BEGIN IMMEDIATE")
            for operation in operations:
                statements.apply(db, operation)
            if reserve_to != self._reserved_to:
                statements.put_meta(db, _NEXT_FACT_ID, reserve_to)
            if operations and self._marked_closed:
                statements.put_meta(db, _CLOSED, None)
            changed = db.total_changes != before  # else nothing is written, nor synced
        self._reserved_to = reserve_to
        if changed:
            self._marked_closed, self._unsynced = False, not synced

    def _release(self) -> None:
        try:
            self._writer.execute("PRAGMA synchronous = FULL")
            if not self._marked_closed:
                with self._writer as db:
                    db.execute("BEGIN IMMEDIATE")
                    statements.put_meta(db, _NEXT_FACT_ID, self.next_fact_id)
                    statements.put_meta(db, _CLOSED, 1)
        except sqlite3.Error as error:
            # Harmless: the mark on disk is above every id in use, and a close that is not noted is taken for a cut.
            _log.warning("%s", explain(self.path, error))
        self._writer.close()
        unlock(self._held)
