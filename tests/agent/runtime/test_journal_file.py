from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from agent.runtime.journal import (
    FACT_ID_BLOCK,
    AddFact,
    Journal,
    JournalError,
    JournalReader,
    PutMeta,
    RemoveFact,
)
from agent.runtime.schema import MIGRATIONS
from tests.agent.runtime.cuts import after_a_power_cut
from tests.agent.runtime.facts import status

# Opening


def test_a_missing_directory_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="No such file or directory"):
        Journal.open(tmp_path / "absent" / "journal.sqlite")


async def test_a_second_agent_is_kept_out(journal: Journal, path: Path) -> None:
    with pytest.raises(JournalError, match="in use by another agent"):
        Journal.open(path)
    await journal.commit(AddFact(status(1)))


async def test_the_cli_reads_while_the_agent_writes(journal: Journal, path: Path) -> None:
    await journal.commit(AddFact(status(1)))
    reader = JournalReader.open(path)
    await journal.commit(AddFact(status(2)))
    assert [stored.id for stored in reader.facts()] == [1, 2]
    reader.close_reader()


async def test_only_the_agents_user_can_read_the_journal(journal: Journal, path: Path) -> None:
    await journal.commit(AddFact(status(1)))
    assert [one.stat().st_mode & 0o077 for one in path.parent.iterdir()] == [0] * 4


def content_of(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def spoil(path: Path, *, at: float) -> bytes:
    """Overwrite a few pages, from this part of the file on."""
    content = bytearray(content_of(path))
    begin = int(len(content) * at)
    content[begin : begin + 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    return bytes(content)


@pytest.mark.parametrize("damage", ["header", "middle"])
async def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(path: Path, damage: str) -> None:
    journal = Journal.open(path)
    await journal.commit(*(AddFact(status(fact_id)) for fact_id in range(1, 200)))
    await journal.close()
    damaged = spoil(path, at=0.0 if damage == "header" else 0.5)

    recovered = Journal.open(path)
    assert recovered.recovered_from == path.with_name("journal.sqlite.corrupt-1")
    assert content_of(recovered.recovered_from) == damaged
    assert recovered.facts() == []
    await recovered.commit(AddFact(status(1)))
    await recovered.close()


async def test_a_second_damage_does_not_overwrite_the_first(path: Path) -> None:
    for number in (1, 2):
        spoil(path, at=0.0)
        journal = Journal.open(path)
        assert journal.recovered_from == path.with_name(f"journal.sqlite.corrupt-{number}")
        await journal.close()


def test_another_programs_database_is_left_alone(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE recipes (name TEXT)")
    other.commit()
    other.close()
    with pytest.raises(JournalError, match="is a database, but no journal"):
        Journal.open(path)


async def from_the_future(path: Path, *, min_reader: int) -> None:
    journal = Journal.open(path)
    await journal.commit(AddFact(status(1)))
    await journal.close()
    newer = sqlite3.connect(path)
    newer.execute("ALTER TABLE facts ADD COLUMN priority INT NOT NULL DEFAULT 0")
    newer.execute("CREATE TABLE reservations (id INTEGER PRIMARY KEY)")
    newer.execute("UPDATE meta SET value = ? WHERE key = 'journal.min_reader'", (min_reader,))
    newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    newer.commit()
    newer.close()


async def test_a_newer_agents_journal_survives_a_roll_back(path: Path) -> None:
    await from_the_future(path, min_reader=len(MIGRATIONS))
    older = Journal.open(path)
    await older.commit(AddFact(status(2)))
    assert [stored.id for stored in older.facts()] == [1, 2]
    await older.close()
    newer = sqlite3.connect(path)
    assert newer.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
    newer.close()


async def test_a_newer_agents_journal_that_cannot_be_used_is_refused_untouched(path: Path) -> None:
    await from_the_future(path, min_reader=len(MIGRATIONS) + 1)
    content = content_of(path)
    with pytest.raises(JournalError, match=r"written by a newer agent .* install that agent again"):
        Journal.open(path)
    assert content_of(path) == content


# Ids


async def test_fact_ids_are_never_reused_after_a_crash_or_a_clean_end(path: Path) -> None:
    journal = Journal.open(path)
    assert journal.next_fact_id == 1
    await journal.commit(AddFact(status(1)), AddFact(status(2)))
    await journal.commit(RemoveFact(1), RemoveFact(2), PutMeta("now", b""))
    crashed = Journal.open(after_a_power_cut(path))
    assert crashed.next_fact_id > 2
    await crashed.close()
    await journal.close()
    journal = Journal.open(path)
    assert journal.next_fact_id == 3
    await journal.close()


async def test_ids_beyond_a_reserved_block_are_safe_too(journal: Journal, path: Path) -> None:
    await journal.commit(AddFact(status(1)))
    await journal.commit(AddFact(status(5 * FACT_ID_BLOCK)))
    crashed = Journal.open(after_a_power_cut(path))
    assert crashed.next_fact_id > 5 * FACT_ID_BLOCK
    await crashed.close()


async def test_the_next_id_moves_on_with_the_commit_itself(journal: Journal) -> None:
    first = journal.next_fact_id
    journal.commit(AddFact(status(first)))
    assert journal.next_fact_id == first + 1
