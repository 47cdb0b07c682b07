"""A journal that keeps nothing: a fleet is about messages and memory, and a thousand disks are no part of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from sqlite3 import Connection

from agent.runtime.journal import AddFact, Journal, JournalReader
from agent.runtime.records import Operation
from agent.runtime.schema import open_for_reading


class ForgetfulJournal(Journal):
    """Everything is durable at once, and what is read is what an empty journal holds: a restarted station is new."""

    def __init__(self, empty: Path, db: Connection) -> None:
        """`db`: an open, empty journal, which any number of these share."""
        JournalReader.__init__(self, empty, db)
        self.recovered_from = None
        self.failure = None
        self.cut_off = False
        self.next_fact_id = 1

    def commit(
        self, *operations: Operation, within_s: float | None = None, kept: bool = False, synced: bool = True
    ) -> asyncio.Future[None]:
        """Done, and forgotten."""
        del within_s, kept, synced  # nothing waits, and nothing fails
        ids = [operation.stored.id for operation in operations if isinstance(operation, AddFact)]
        self.next_fact_id = max(self.next_fact_id, *(fact_id + 1 for fact_id in ids), 0)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def ping(self) -> None:
        """It lives."""

    async def close(self) -> None:
        """The others go on sharing it."""


def empty_journal(directory: Path) -> tuple[Path, Connection]:
    """A journal with nothing in it, open for reading. Raises `JournalError`."""
    path = directory / "empty.sqlite"

    async def make() -> None:
        await Journal.open(path).close()

    asyncio.run(make())
    return path, open_for_reading(path)
