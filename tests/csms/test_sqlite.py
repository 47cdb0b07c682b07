"""What is so only where the CSMS's database is a SQLite file."""

from __future__ import annotations

import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest

from csms.database import Database
from csms.engines import DatabaseError
from csms.records import Charger, Direction, LoggedFrame
from csms.store import Store
from tests.csms.test_store import ENDED, STARTED, step


async def test_nothing_is_answered_before_it_is_on_disk(tmp_path: Path):
    path = tmp_path / "csms.db"
    store = Store(path)
    for seq, each in pairwise(range(20)):
        await store.write(step(seq, each, starts=seq == 0))
        with sqlite3.connect(path) as other:
            assert other.execute("SELECT max(seq) FROM steps").fetchone() == (seq,)
        other.close()
    await store.close()


async def test_every_commit_is_synced(tmp_path: Path):
    store = Store(tmp_path / "csms.db")

    def pragmas(database: Database) -> list[object]:
        with database._connection.begin():
            ask = database._connection.exec_driver_sql
            return [ask(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]

    assert await store.read(pragmas) == ["wal", 2]  # 2 is FULL; no test of ours can cut the power
    await store.close()


def test_a_file_that_is_no_database_is_named_with_its_remedy(tmp_path: Path):
    path = tmp_path / "holiday.jpg"
    path.write_bytes(b"\xff\xd8" * 1000)
    with pytest.raises(DatabaseError, match=r"holiday\.jpg cannot be opened .* give another file"):
        Store(path)


def test_a_database_of_a_newer_csms_is_left_alone(tmp_path: Path):
    path = tmp_path / "csms.db"
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version=99")
    newer.close()
    with pytest.raises(DatabaseError, match="newer CSMS"):
        Store(path)


async def test_a_database_of_the_first_csms_is_taken_over_without_its_message_log(tmp_path: Path):
    path = tmp_path / "csms.db"
    store = Store(path)
    await store.write(STARTED)
    await store.close()
    with sqlite3.connect(path) as old:
        old.execute("ALTER TABLE frames DROP COLUMN violation")
        old.execute("ALTER TABLE chargers DROP COLUMN car_limit_w")
        old.execute("PRAGMA user_version=1")
    old.close()

    store = Store(path)
    assert await store.write(ENDED) is not None
    store.write_later(LoggedFrame(charger="CP1", at_utc_s=0, direction=Direction.IN, frame="x", violation="wrong"))
    (frame,) = await store.read(lambda db: db.frames("CP1"))
    assert frame.violation == "wrong"
    store.write_now(Charger(identity="CP1", car_limit_w=7_000.0))
    await store.close()
    store = Store(path)
    assert store.chargers["CP1"].car_limit_w == 7_000.0
    await store.close()
