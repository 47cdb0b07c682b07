"""The disk of the power-cut journeys: that it forgets what was not synced, and nothing else."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from agent.runtime.journal import JournalReader
from tests.journeys.disk import CALLS, SECTOR, Disk, recorder
from tests.journeys.test_cuts import needs_strace

ROOT = Path(__file__).parents[2]
SEEDS = range(12)
WRITER = """
import asyncio, os, sys
from pathlib import Path
from agent.runtime.journal import AddFact, Journal
from tests.agent.runtime.facts import status

async def main(path, synced):
    journal = Journal.open(path)
    if not synced:
        journal._writer.execute("PRAGMA synchronous = OFF")
    for number in (1, 2, 3):
        await journal.commit(AddFact(status(number)))
    os.kill(os.getpid(), 9)

asyncio.run(main(Path(sys.argv[1]), sys.argv[2] == "synced"))
"""


def written(folder: Path, how: str) -> str:
    """strace's word of a process that commits three facts and dies."""
    trace = folder / "trace"
    words = [
        *recorder(trace),
        "-e",
        f"trace={CALLS}",
        sys.executable,
        "-c",
        WRITER,
        str(folder / "journal.sqlite"),
        how,
    ]
    subprocess.run([word for word in words if word != "-D"], cwd=ROOT, check=False, timeout=60)
    return trace.read_text(errors="replace")


def facts_after_a_power_cut(folder: Path, trace: str, seed: int) -> list[int]:
    after = folder / f"after-{seed}"
    after.mkdir()
    for name, content in Disk(folder, {}, trace).after_a_power_cut(random.Random(seed)).items():
        (after / name).write_bytes(content)
    found = JournalReader.open(after / "journal.sqlite")
    ids = [one.id for one in found.facts()]
    found.close_reader()
    return ids


@needs_strace
@pytest.mark.realtime
def test_what_the_journal_has_synced_is_there_after_every_power_cut(tmp_path):
    trace = written(tmp_path, "synced")
    assert [facts_after_a_power_cut(tmp_path, trace, seed) for seed in SEEDS] == [[1, 2, 3]] * len(SEEDS)


@needs_strace
@pytest.mark.realtime
def test_a_journal_that_does_not_sync_is_found_out(tmp_path):
    trace = written(tmp_path, "not synced")
    lost = 0
    for seed in SEEDS:
        try:
            lost += facts_after_a_power_cut(tmp_path, trace, seed) != [1, 2, 3]
        except Exception:  # noqa: BLE001 - a damaged file is a loss, too
            lost += 1
    assert lost > len(SEEDS) // 2


def trace_of(*lines: str) -> str:
    return "".join(f"7 {line}\n" for line in lines)


def contents(folder: Path, trace: str, **before: bytes) -> set[bytes | None]:
    disks = [Disk(folder, before, trace).after_a_power_cut(random.Random(seed)) for seed in range(40)]
    return {found.get("f") for found in disks}


def test_a_write_is_lost_kept_or_torn_at_a_sector_until_its_file_is_synced(tmp_path):
    page = "\\x61" * (2 * SECTOR)
    write = f'pwrite64(3<{tmp_path}/f>, "{page}", {2 * SECTOR}, 0) = {2 * SECTOR}'
    old, new = b"." * SECTOR, b"a" * SECTOR
    before = {"f": old + old}
    assert contents(tmp_path, trace_of(write), **before) == {old + old, new + old, old + new, new + new}
    synced = trace_of(write, f"fdatasync(3<{tmp_path}/f>) = 0")
    assert contents(tmp_path, synced, **before) == {new + new}
    failed = trace_of(write, f"fdatasync(3<{tmp_path}/f>) = -1 EIO (Input/output error)")
    assert old + old in contents(tmp_path, failed, **before)


def test_a_removed_file_may_be_back_until_its_folder_is_synced(tmp_path):
    unlink = f'unlink("{tmp_path}/f") = 0'
    assert contents(tmp_path, trace_of(unlink), f=b"old") == {b"old", None}
    assert contents(tmp_path, trace_of(unlink, f"fsync(4<{tmp_path}>) = 0"), f=b"old") == {None}


def test_a_shorter_file_may_be_long_again(tmp_path):
    assert contents(tmp_path, trace_of(f"ftruncate(3<{tmp_path}/f>, 2) = 0"), f=b"long") == {b"long", b"lo"}


def test_other_folders_are_none_of_its_business(tmp_path):
    elsewhere = trace_of(f'pwrite64(3<{tmp_path}/other/f>, "\\x61", 1, 0) = 1')
    assert contents(tmp_path, elsewhere) == {None}
