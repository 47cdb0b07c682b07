"""The agent waits for a disk that is full, failing or read-only, says so, and goes on by itself."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sqlite3
from pathlib import Path

import pytest

from agent.runtime.journal import Journal, JournalError
from agent.runtime.schema import explain
from agent.runtime.storage import RETRY_S, opened
from agent.runtime.watchdog import ServiceManager
from tests.agent.runtime.stub_hardware import StubHardware
from tests.agent.runtime.test_front import Front

ALONE = ServiceManager(None)


def full(path: Path) -> JournalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return explain(path, error)


class Disk:
    """Refuses to open the journal so often, with what `why` makes; then it is a disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refusals: int, why=full) -> None:
        self.tries = 0
        real = Journal.open

        def open_journal(path: Path) -> Journal:
            self.tries += 1
            if self.tries <= refusals:
                raise why(path)
            return real(path)

        monkeypatch.setattr(Journal, "open", open_journal)


def fronted() -> tuple[StubHardware, Front]:
    hardware, front = StubHardware(), Front()
    hardware.led = hardware.display = front
    return hardware, front


async def test_a_journal_whose_disk_is_full_is_waited_for_and_then_opened(monkeypatch, tmp_path):
    disk = Disk(monkeypatch, refusals=3)
    began_s = asyncio.get_running_loop().time()
    journal = await opened(tmp_path / "state" / "journal.sqlite", (), "en", ALONE)
    assert disk.tries == 4
    assert asyncio.get_running_loop().time() - began_s == pytest.approx(3 * RETRY_S)
    await journal.close()


async def test_drivers_read_that_it_is_out_of_service_and_the_reason_is_told_once(monkeypatch, tmp_path, caplog):
    Disk(monkeypatch, refusals=3)
    hardware, front = fronted()
    told: list[dict[str, object]] = []
    journal = await opened(tmp_path / "journal.sqlite", (hardware,), "en", ALONE, lambda **facts: told.append(facts))
    assert front.shown == ["red double", "Out of service / "]
    assert [list(one) for one in told] == [["waiting_for"]]
    assert "free space on the file system" in str(told[0]["waiting_for"])
    assert len([one for one in caplog.records if "waiting for the disk" in one.getMessage()]) == 1
    await journal.close()


async def test_a_light_that_fails_does_not_end_the_waiting(monkeypatch, tmp_path):
    Disk(monkeypatch, refusals=1)
    hardware, front = fronted()
    front.broken = True
    journal = await opened(tmp_path / "journal.sqlite", (hardware,), "en", ALONE)
    await journal.close()


async def test_the_service_manager_is_told_within_its_limit_so_that_it_does_not_start_the_agent_again(
    monkeypatch, tmp_path
):
    Disk(monkeypatch, refusals=4)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        manager = ServiceManager(str(tmp_path / "notify"), watchdog_s=9.0)
        began_s = asyncio.get_running_loop().time()
        journal = await opened(tmp_path / "journal.sqlite", (), "en", manager)
        assert asyncio.get_running_loop().time() - began_s == pytest.approx(4 * 3.0)
        for _ in range(4):
            heard = listening.recv(4096).decode()
            assert {"READY=1", "WATCHDOG=1"} < set(heard.split("\n"))
            assert "STATUS=waiting for the disk: journal" in heard
        manager.close()
    await journal.close()


async def test_a_journal_that_another_agent_has_is_not_waited_for(tmp_path):
    journal = Journal.open(tmp_path / "journal.sqlite")
    with pytest.raises(JournalError, match="in use by another agent"):
        await opened(tmp_path / "journal.sqlite", (), "en", ALONE)
    await journal.close()


@pytest.mark.parametrize(("number", "passes"), [("ENOSPC", True), ("EROFS", True), ("EIO", True), ("EACCES", False)])
async def test_what_the_system_refuses_is_waited_for_where_the_disk_is_at_fault(monkeypatch, tmp_path, number, passes):
    real, left = os.open, [2]

    def refusing(path, *more, **named):
        if str(path).endswith(".lock") and left[0]:
            left[0] -= 1
            raise OSError(getattr(errno, number), os.strerror(getattr(errno, number)))
        return real(path, *more, **named)

    monkeypatch.setattr(os, "open", refusing)
    if passes:
        await (await opened(tmp_path / "journal.sqlite", (), "en", ALONE)).close()
        assert left == [0]
    else:
        with pytest.raises(JournalError, match="let the agent's user write there"):
            await opened(tmp_path / "journal.sqlite", (), "en", ALONE)


async def test_a_directory_that_cannot_be_made_is_named_with_the_remedy(tmp_path):
    (tmp_path / "state").write_text("a file, where the directory is to be")
    with pytest.raises(JournalError, match=r"state.*create its directory"):
        await opened(tmp_path / "state" / "journal.sqlite", (), "en", ALONE)
