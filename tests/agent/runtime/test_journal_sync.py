"""What the journal writes without a sync: what outlives the process, and when a power cut can no longer take it."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from pathlib import Path

import pytest

from agent.runtime import journal as module
from agent.runtime.journal import SYNC_S, AddFact, Journal, JournalError, PutMeta, PutSetting, RemoveFact, SaveSession
from agent.runtime.packing import pack
from tests.agent.runtime.cuts import after_a_power_cut
from tests.agent.runtime.facts import status

HARMLESS_S = 1.0


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were synced without SQLite."""
    synced: list[str] = []
    real = os.fdatasync

    def fdatasync(file: int) -> None:
        synced.append(Path(f"/proc/self/fd/{file}").readlink().name)
        real(file)

    monkeypatch.setattr(module.os, "fdatasync", fdatasync)
    return synced


def level(journal: Journal) -> str:
    """How the last commit was made."""
    return {1: "written", 2: "synced"}[journal._writer.execute("PRAGMA synchronous").fetchone()[0]]


async def test_a_commit_without_a_sync_outlives_the_process(journal: Journal, path: Path) -> None:
    await journal.commit(AddFact(status(1)), synced=False)
    assert level(journal) == "synced", "the first one reserves ids, which may never be given again"
    await journal.commit(AddFact(status(2)), synced=False)
    assert level(journal) == "written"
    found = Journal.open(after_a_power_cut(path))  # a copy of the files: what a killed process leaves
    assert [one.id for one in found.facts()] == [1, 2]
    assert found.next_fact_id > 2
    await found.close()


async def test_company_that_asks_for_a_sync_gets_it(journal: Journal) -> None:
    written = journal.commit(SaveSession(1, b"a"), synced=False)
    synced = journal.commit(PutSetting("a", "1"))
    await asyncio.gather(written, synced)
    assert level(journal) == "synced"


async def test_what_was_written_without_a_sync_is_synced_after_a_minute_at_the_latest(
    journal: Journal, syncs: list[str]
) -> None:
    await journal.commit(SaveSession(1, b"a"), synced=False)
    await asyncio.sleep(SYNC_S / 2)
    await journal.commit(SaveSession(1, b"b"), synced=False)
    await asyncio.sleep(SYNC_S / 2 - HARMLESS_S)
    assert syncs == []
    await asyncio.sleep(2 * HARMLESS_S)
    assert syncs == ["journal.sqlite-wal"]
    await asyncio.sleep(10 * SYNC_S)
    assert syncs == ["journal.sqlite-wal"], "nothing was written since"


async def test_what_another_commit_has_synced_meanwhile_is_not_synced_again(journal: Journal, syncs: list[str]) -> None:
    await journal.commit(SaveSession(1, b"a"), synced=False)
    await journal.commit(PutSetting("a", "1"))
    await asyncio.sleep(2 * SYNC_S)
    assert syncs == []


async def test_a_commit_that_changes_nothing_syncs_nothing_and_does_not_pass_for_a_sync(
    journal: Journal, syncs: list[str]
) -> None:
    await journal.commit(SaveSession(1, b"a"), synced=False)
    await journal.commit(RemoveFact(77), within_s=0.0)
    await asyncio.sleep(SYNC_S + HARMLESS_S)
    assert syncs == ["journal.sqlite-wal"]


async def test_what_is_synced_is_not_synced_again_for_a_commit_that_changes_nothing(
    journal: Journal, syncs: list[str]
) -> None:
    await journal.commit(SaveSession(1, b"a"), synced=False)
    await asyncio.sleep(SYNC_S + HARMLESS_S)
    await journal.commit(RemoveFact(77), within_s=0.0)
    await asyncio.sleep(2 * SYNC_S)
    assert syncs == ["journal.sqlite-wal"]


async def test_a_sync_that_fails_is_the_journals_failure_until_it_succeeds(
    journal: Journal, syncs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await journal.commit(SaveSession(1, b"a"), synced=False)
    works = module.os.fdatasync

    def broken(_file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(module.os, "fdatasync", broken)
    await asyncio.sleep(SYNC_S + HARMLESS_S)
    assert isinstance(journal.failure, JournalError)
    assert "cannot be synced: Input/output error" in str(journal.failure)
    monkeypatch.setattr(module.os, "fdatasync", works)
    await asyncio.sleep(module.RETRY_S + HARMLESS_S)
    assert syncs == ["journal.sqlite-wal"]
    assert journal.failure is None


async def test_a_journal_knows_whether_it_was_closed_in_order(path: Path) -> None:
    first = Journal.open(path)
    await first.commit(PutMeta("a", b"1"))
    cut = Journal.open(after_a_power_cut(path))
    assert cut.cut_off
    await cut.close()
    await first.close()
    second = Journal.open(path)
    assert not second.cut_off
    await second.commit(PutMeta("a", b"2"))
    third = Journal.open(after_a_power_cut(path))
    assert third.cut_off, "it was opened again since"
    await third.close()
    await second.close()


async def test_sessions_and_facts_of_an_agent_that_did_not_pack_them_are_read(journal: Journal, path: Path) -> None:
    await journal.commit(AddFact(status(1)), SaveSession(1, b"\x80"), SaveSession(2, b"\x80"))
    (packed,) = journal._writer.execute("SELECT fact FROM facts").fetchone()
    plain = module.statements.unpack(packed)
    assert packed == pack(plain)
    journal._writer.execute("UPDATE facts SET fact = ?", (plain,))
    journal._writer.execute("UPDATE sessions SET state = ? WHERE evse = 1", (b"\x80",))
    journal._writer.execute("UPDATE sessions SET state = ? WHERE evse = 2", (b"\x01damaged",))
    assert journal.facts() == [status(1)]
    assert journal.sessions() == {1: b"\x80"}, "a damaged one takes no other with it"
    other = sqlite3.connect(path)
    assert other.execute("PRAGMA user_version").fetchone() == (3,)
    other.close()
