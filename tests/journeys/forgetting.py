"""A simulated station whose disk forgets at every kill what its journal has not synced.

The virtual clock's power cut: thousands of them take minutes. What is synced is believed here of SQLite's word; that it
does sync is what `tests.journeys.test_power_cuts` shows, on what strace has seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.runtime.journal import Journal
from sim import station
from sim.station import Agent


class ForgetfulDisk:
    """What each journal's files held when they were last synced. `cuts`: how often something was forgotten."""

    def __init__(self) -> None:
        self.cuts = 0
        self._synced: dict[Path, dict[Path, bytes]] = {}

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Take every journal's commits and syncs, and every kill, from now on."""
        transact, sync, bury = Journal._transact, Journal._sync, station._bury

        def transacted(journal: Journal, operations: Sequence[Any], *, synced: bool) -> None:
            transact(journal, operations, synced=synced)
            self._look_at(journal)

        def synced(journal: Journal) -> None:
            sync(journal)
            self._look_at(journal)

        async def buried(agent: Agent) -> None:
            found = _contents(agent.journal.path)
            await bury(agent)  # SQLite tidies up then, as it does not when the power goes
            self._cut(agent.journal.path, found)

        patch.setattr(Journal, "_transact", transacted)
        patch.setattr(Journal, "_sync", synced)
        patch.setattr(station, "_bury", buried)

    def _look_at(self, journal: Journal) -> None:
        if not journal._unsynced:
            self._synced[journal.path] = _contents(journal.path)

    def _cut(self, path: Path, found: dict[Path, bytes]) -> None:
        stable = self._synced.get(path)
        if stable is None:
            return
        self.cuts += stable != found
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        for file, content in stable.items():
            file.write_bytes(content)


def _contents(path: Path) -> dict[Path, bytes]:
    files = (path, path.with_name(path.name + "-wal"))
    return {file: file.read_bytes() for file in files if file.exists()}
