"""What the service manager hears, and when it hears nothing."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.runtime.journal import Journal, JournalError
from agent.runtime.schema import explain
from agent.runtime.watchdog import ServiceManager, Watchdog, watched
from tests.agent.runtime.test_evse import Bench, bench


class Manager:
    """Systemd's end of the socket."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)

    def heard(self) -> list[dict[str, str]]:
        found = []
        try:
            while True:
                text = self._socket.recv(4096).decode()
                found.append(dict(line.split("=", 1) for line in text.split("\n")))
        except BlockingIOError:
            return found

    def close(self) -> None:
        self._socket.close()


@asynccontextmanager
async def cared_for(tmp_path: Path, environment: dict[str, str] | None = None):
    """A running EVSE and a journal under the watchdog's care: (manager, EVSE's bench, journal)."""
    manager = Manager(str(tmp_path / "notify"))
    told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "30000000"} | (environment or {})
    journal = Journal.open(tmp_path / "journal.sqlite")
    try:
        async with bench() as b:
            service = ServiceManager.of(told, pid=1)
            async with watched(service, Watchdog(service, {1: b.task}, journal, lambda: "CSMS connected")):
                await asyncio.sleep(1)
                yield manager, b, journal
    finally:
        await journal.close()
        manager.close()


async def stick(b: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_performer) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(b.task, "_turn", hang)
    b.task._wake.set()
    await asyncio.sleep(0.01)


async def test_ready_is_said_once_every_evse_has_answered(tmp_path):
    async with cared_for(tmp_path) as (manager, _, _):
        (first,) = manager.heard()
        assert first == {"READY": "1", "WATCHDOG": "1", "STATUS": "1 Available; CSMS connected"}
        await asyncio.sleep(100)
        assert all("READY" not in one for one in manager.heard())


async def test_the_watchdog_is_fed_three_times_within_its_limit(tmp_path):
    async with cared_for(tmp_path) as (manager, _, _):
        manager.heard()
        await asyncio.sleep(60)
        assert len([one for one in manager.heard() if one.get("WATCHDOG") == "1"]) == 6


async def test_an_evse_that_does_not_answer_starves_the_watchdog(tmp_path, monkeypatch):
    async with cared_for(tmp_path) as (manager, b, _):
        await stick(b, monkeypatch)
        await asyncio.sleep(20)
        manager.heard()
        await asyncio.sleep(120)
        heard = manager.heard()
        assert heard
        assert all("WATCHDOG" not in one for one in heard)
        assert heard[-1]["STATUS"] == "EVSE 1 does not answer"


async def test_a_journal_that_a_restart_heals_starves_the_watchdog(tmp_path):
    async with cared_for(tmp_path) as (manager, _, journal):
        journal.failure = JournalError(journal.path, "malformed", "restart the agent", restart_helps=True)
        manager.heard()
        await asyncio.sleep(60)
        assert all("WATCHDOG" not in one for one in manager.heard())


@pytest.mark.parametrize(("code", "helps"), [(sqlite3.SQLITE_CORRUPT, True), (sqlite3.SQLITE_FULL, False)])
def test_a_restart_heals_a_damaged_journal_and_no_full_disk(tmp_path, code, helps):
    error = sqlite3.DatabaseError("as SQLite says it")
    error.sqlite_errorcode = code
    assert explain(tmp_path / "journal.sqlite", error).restart_helps is helps


async def test_a_full_disk_is_told_but_is_no_reason_to_restart(tmp_path):
    async with cared_for(tmp_path) as (manager, _, journal):
        journal.failure = JournalError(journal.path, "disk full", "free some space")
        manager.heard()
        await asyncio.sleep(30)
        heard = manager.heard()
        assert all(one.get("WATCHDOG") == "1" and "disk full" in one["STATUS"] for one in heard)
        assert heard


async def test_a_journal_whose_thread_hangs_starves_the_watchdog(tmp_path, monkeypatch):
    async with cared_for(tmp_path) as (manager, _, journal):
        monkeypatch.setattr(journal, "ping", asyncio.Event().wait)
        await asyncio.sleep(20)
        manager.heard()
        await asyncio.sleep(60)
        heard = manager.heard()
        assert heard[-1] == {"STATUS": "the journal does not answer"}
        assert all("WATCHDOG" not in one for one in heard)


async def test_the_manager_hears_when_the_agent_stops(tmp_path):
    async with cared_for(tmp_path) as (manager, _, _):
        pass
    manager = Manager(str(tmp_path / "again"))
    service = ServiceManager(str(tmp_path / "again"))
    async with watched(service, Watchdog(service, {}, None, lambda: "")):
        pass
    assert manager.heard() == [{"STOPPING": "1"}]
    manager.close()


async def test_without_a_limit_only_the_status_is_kept_up(tmp_path):
    async with cared_for(tmp_path, {"WATCHDOG_USEC": ""}) as (manager, _, _):
        await asyncio.sleep(30)
        assert 3 <= len(manager.heard()) <= 5


@pytest.mark.parametrize(
    ("environment", "limit_s"),
    [
        ({"WATCHDOG_USEC": "20000000"}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "7"}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "8"}, None),  # meant for another process
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_limit_is_the_one_meant_for_this_process(environment, limit_s):
    assert ServiceManager.of(environment, pid=7).watchdog_s == limit_s


def test_an_abstract_address_is_understood():
    manager, service = Manager("@evse-agent-test"), ServiceManager("@evse-agent-test")
    service.tell(READY="1")
    assert manager.heard() == [{"READY": "1"}]
    service.close()
    manager.close()


def test_a_manager_that_has_gone_is_no_reason_to_stop(tmp_path):
    service = ServiceManager(str(tmp_path / "nobody"))
    service.tell(READY="1")
    service.close()
    service.tell(READY="1")


async def test_without_a_manager_nothing_is_watched():
    service = ServiceManager.of({}, pid=1)
    async with watched(service, Watchdog(service, {}, None, lambda: "")):
        assert not [one for one in asyncio.all_tasks() if one.get_name() == "watchdog"]
