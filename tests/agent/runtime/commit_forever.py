"""A process that commits until it is killed, and says which facts it was told are durable."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from agent.runtime.journal import AddFact, Journal, PutMeta, RemoveFact
from tests.agent.runtime.facts import status

FACTS_IN_FLIGHT = 5


async def writer(journal: Journal) -> None:
    while True:
        stored = status(journal.next_fact_id)
        await journal.commit(AddFact(stored), PutMeta(f"with {stored.id}", b"half of the same commit"))
        os.write(sys.stdout.fileno(), b"%d\n" % stored.id)
        if stored.id % 3 == 0:
            journal.commit(RemoveFact(stored.id))


async def main(path: Path) -> None:
    journal = Journal.open(path)
    await asyncio.gather(*(writer(journal) for _ in range(FACTS_IN_FLIGHT)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
