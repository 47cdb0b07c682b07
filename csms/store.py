"""Where the CSMS keeps everything: the database behind one writer thread, with group commit.

Why a thread and not the loop: a commit waits for the disk (`synchronous=FULL`), and meanwhile the loop reads the next
messages; what has come in by then shares the next commit. With 50 busy chargers that is one commit for up to 50
messages, their rows inserted by statement and not by message. `run_in_executor` keeps it visible to a virtual clock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from csms.database import Database, DatabaseError, Operation
from csms.engines import Place
from csms.records import Charger, ForgottenToken, Issued, Token
from csms.tariff import Tariff

log = logging.getLogger(__name__)

MAX_WAITING = 256  # our policy: so many operations that may wait are written without waiting for an urgent one

T = TypeVar("T")
Batch: TypeAlias = list[tuple[Operation | None, asyncio.Future[Any] | None]]


class Store:
    """The database and its one writer. `chargers`, `tokens` (by `Token.key`) and `issued` are read from memory."""

    def __init__(self, place: Place = None) -> None:
        """Open or create the database; None: in memory.

        Raises:
            DatabaseError: it is no database of ours, or cannot be opened.
        """
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="csms-store")
        self._database = self._thread.submit(Database, place).result()
        chargers, tokens, issued = self._thread.submit(self._database.load).result()
        self.chargers = {charger.identity: charger for charger in chargers}
        self.issued = {each.serial: each for each in issued}
        self.tokens = {token.key: token for token in tokens}
        self._waiting: Batch = []
        self._closed = False
        self._writing = False

    def write(self, operation: Operation | None) -> asyncio.Future[Any]:
        """Write an operation; the future is done once it, and all before it, is durable.

        Its result: for `Numbered` the transaction's number (int); for a `Step` that ends a session the final cost
        (Decimal, or None where it cannot be known). Its exceptions: SQLAlchemyError (disk full...), OverflowError (a
        number that the database cannot hold); neither harms the operations that shared the commit.
        """
        self._remember(operation)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((operation, future))
        self._commit_soon()
        return future

    def write_later(self, operation: Operation) -> None:
        """Write an operation with one of the next commits: for what a power cut may take."""
        self._remember(operation)
        self._waiting.append((operation, None))
        if len(self._waiting) >= MAX_WAITING:
            self._commit_soon()

    def write_now(self, operation: Operation) -> None:
        """Write an operation, after all before it, and wait, the whole loop too: for what an operator does at times.

        Raises:
            DatabaseError: the database cannot take it.
        """
        batch, self._waiting = [*self._waiting, (operation, None)], []
        outcomes = self._thread.submit(self._apply, [operation for operation, _ in batch]).result()
        _settle(batch, outcomes)
        if isinstance(outcomes[-1], Exception):
            raise DatabaseError(f"the CSMS database cannot be written ({outcomes[-1]}): check its disk, or its server")
        self._remember(operation)

    @property
    def tariff(self) -> Tariff:
        """The prices for sessions that begin now."""
        return self._database.tariff

    def set_tariff(self, tariff: Tariff) -> None:
        """The prices for sessions that begin from now on."""
        self._database.tariff = tariff

    async def read(self, query: Callable[[Database], T]) -> T:
        """Ask the database, after everything that was written before: `await store.read(lambda db: db.sessions())`.

        Raises:
            DatabaseError: the database cannot be read.
        """
        try:
            if self._waiting or self._writing:
                await self.write(None)
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._done, query)
        except SQLAlchemyError as error:
            raise DatabaseError(f"the CSMS database cannot be read ({error}): check its disk, or its server") from error

    async def close(self) -> None:
        """Write what waits, and close. Twice does no harm."""
        if self._closed:
            return
        self._closed = True
        try:
            await self.write(None)
        except SQLAlchemyError as error:
            log.warning("what waited to be written when the CSMS stopped is lost: %s", error)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._database.close)
        self._thread.shutdown()

    def _remember(self, operation: Operation | None) -> None:
        if isinstance(operation, Charger):
            self.chargers[operation.identity] = operation
        elif isinstance(operation, Issued):
            self.issued[operation.serial] = operation
        elif isinstance(operation, Token):
            self.tokens[operation.key] = operation
        elif isinstance(operation, ForgottenToken):
            self.tokens.pop(operation.key, None)

    def _commit_soon(self) -> None:
        """Commit when this turn of the loop is over, so that all it writes shares the commit."""
        if not self._writing:
            self._writing = True
            asyncio.get_running_loop().call_soon(self._commit)

    def _commit(self) -> None:
        batch, self._waiting = self._waiting, []
        operations = [operation for operation, _ in batch]
        done = asyncio.get_running_loop().run_in_executor(self._thread, self._apply, operations)
        done.add_done_callback(lambda done: self._committed(batch, done))

    def _committed(self, batch: Batch, done: asyncio.Future[list[Any]]) -> None:
        failure = done.exception()
        _settle(batch, done.result() if failure is None else [failure] * len(batch))
        self._writing = any(waiter is not None for _, waiter in self._waiting)
        if self._writing:
            asyncio.get_running_loop().call_soon(self._commit)  # with what this turn of the loop still brings

    def _apply(self, operations: list[Operation | None]) -> list[Any]:
        """Do all at once; if that fails, one by one, so that only the guilty gets its exception as its outcome.

        While a server is away all fail together.
        """
        try:
            return self._done(lambda database: database.apply(operations))
        except (SQLAlchemyError, OverflowError) as error:
            if self._database.lost or len(operations) == 1:
                return [error] * len(operations)
        return [outcome for operation in operations for outcome in self._apply([operation])]

    def _done(self, act: Callable[[Database], T]) -> T:
        """Do something with the database; a server that was restarted meanwhile is reached anew, once."""
        try:
            return act(self._database)
        except SQLAlchemyError:
            if not self._database.lost:
                raise
        return act(self._database)


def _settle(batch: Batch, outcomes: list[Any]) -> None:
    """Tell those who wait what became of their operations."""
    for (_, waiter), outcome in zip(batch, outcomes, strict=True):
        if waiter is None or waiter.done():
            continue
        if isinstance(outcome, BaseException):
            waiter.set_exception(outcome)
        else:
            waiter.set_result(outcome)
