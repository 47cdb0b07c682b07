"""The files that a CSMS can ask for: what is in them, and above all what is not."""

from __future__ import annotations

import asyncio
import json
import logging
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.core.security import LoggedEvent, SecurityEventKind
from agent.core.token_cache import CachedToken
from agent.core.values import AuthInfo, AuthStatus, IdToken
from agent.ocpp.asks.files import LogKind
from agent.ocpp.outbox import StoredFact
from agent.runtime.clock import LoopClock
from agent.runtime.customers import CustomerTraces
from agent.runtime.journal import AddFact, Journal, LogSecurityEvent, PutToken
from agent.runtime.logbook import LOG_LINES, Book
from tests.agent.ocpp.stand import EPOCH_S, ended, started

SECRET = "geheimes-Passwort-0815"
TOKEN = "04A2B3C4D5E680"


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    one = Journal.open(tmp_path / "journal.sqlite")
    yield one
    await one.close()


def book(journal: Journal) -> Book:
    loop = asyncio.get_running_loop()
    return Book(
        journal,
        LoopClock(wall=lambda: EPOCH_S + loop.time()),
        "CP/1 é",
        status=lambda: {"link": "good"},
        settings=lambda: [("OCPPCommCtrlr.HeartbeatInterval", "300"), ("Evil", f"a\nb {SECRET}")],
        secrets=lambda: [SECRET],
    )


def unpacked(file: Path) -> dict[str, str]:
    with tarfile.open(file) as archive:
        return {one.name: archive.extractfile(one).read().decode() for one in archive.getmembers()}  # type: ignore[union-attr]


async def transaction(journal: Journal, tx: str, token: str, at_s: float = 0.0) -> None:
    number = journal.next_fact_id
    begun = started(tx, token=IdToken(token), at_utc_s=EPOCH_S + at_s)
    await journal.commit(
        AddFact(StoredFact(number, 1, begun)), AddFact(StoredFact(number + 1, 1, ended(tx=tx, token=IdToken(token))))
    )


async def test_the_bundle_tells_how_the_station_is_and_what_it_did_and_said(journal: Journal, tmp_path: Path):
    one = book(journal)
    await transaction(journal, "tx-1", TOKEN)
    await journal.commit(LogSecurityEvent(LoggedEvent(EPOCH_S, SecurityEventKind.STARTUP)))
    one.frame("out", '[2,"1","Heartbeat",{}]')
    one.tail.handle(logging.makeLogRecord({"name": "agent.x", "msg": "hello", "levelname": "INFO"}))
    await one.write(LogKind.DIAGNOSTICS, tmp_path / "d.tar.gz", None, None)
    parts = unpacked(tmp_path / "d.tar.gz")
    assert json.loads(parts["status.json"]) == {"link": "good"}
    assert "OCPPCommCtrlr.HeartbeatInterval = 300\n" in parts["settings.txt"]
    assert json.loads(parts["sessions.jsonl"])["tx"] == "tx-1"
    assert "2026-01-01T00:00:00.000Z StartupOfTheDevice\n" in parts["security.log"]
    assert parts["agent.log"].endswith(" INFO agent.x hello\n")
    assert parts["ocpp.log"].endswith('-> [2,"1","Heartbeat",{}]\n')


async def test_no_secret_and_no_whole_token_is_in_any_file_of_it_wherever_it_was_planted(
    journal: Journal, tmp_path: Path
):
    one = book(journal)
    await transaction(journal, "tx-1", TOKEN)
    await journal.commit(LogSecurityEvent(LoggedEvent(EPOCH_S, SecurityEventKind.INVALID_MESSAGES, f"said {SECRET}")))
    variable = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    for payload in (
        {"setVariableData": [{**variable, "attributeValue": "another-secret-99"}]},
        {"key": "AuthorizationKey", "value": "another-secret-99"},
        {"log": {"remoteLocation": "ftp://me:another-secret-99@host/"}},
        {"data": SECRET},
    ):
        one.frame("in", json.dumps([2, "1", "X", payload]))
    one.tail.handle(logging.makeLogRecord({"name": "agent", "msg": "password %s", "args": (SECRET,)}))
    for kind in LogKind:
        await one.write(kind, tmp_path / kind, None, None)
    texts = [*unpacked(tmp_path / LogKind.DIAGNOSTICS).values(), read(tmp_path / LogKind.SECURITY)]
    for text in texts:
        assert SECRET not in text
        assert "another-secret-99" not in text
    assert not any(TOKEN in text for text in texts)


def read(file: Path) -> str:
    return file.read_text("utf-8")


async def test_only_what_happened_in_the_time_that_was_asked_for_is_told(journal: Journal, tmp_path: Path):
    one = book(journal)
    for at_s in (0.0, 100.0, 200.0):
        await transaction(journal, f"tx-{at_s:.0f}", TOKEN, at_s)
        await journal.commit(LogSecurityEvent(LoggedEvent(EPOCH_S + at_s, SecurityEventKind.REPLAY, f"{at_s:.0f}")))
    await one.write(LogKind.SECURITY, tmp_path / "s", EPOCH_S + 100.0, EPOCH_S + 199.0)
    assert read(tmp_path / "s") == "2026-01-01T00:01:40.000Z AttemptedReplayAttacks 100\n"
    await one.write(LogKind.DIAGNOSTICS, tmp_path / "d", EPOCH_S + 100.0, None)
    assert [json.loads(line)["tx"] for line in unpacked(tmp_path / "d")["sessions.jsonl"].splitlines()] == [
        "tx-100",
        "tx-200",
    ]


async def test_what_somebody_else_wrote_makes_no_second_line_and_steers_no_terminal(journal: Journal, tmp_path: Path):
    one = book(journal)
    one.tail.handle(logging.makeLogRecord({"name": "agent", "msg": "tag %s", "args": ("A\r\nCRITICAL fake\x1b[2J",)}))
    one.frame("in", "[2,\n\x1b]0;x")
    await one.write(LogKind.DIAGNOSTICS, tmp_path / "d", None, None)
    parts = unpacked(tmp_path / "d")
    for name in ("agent.log", "ocpp.log", "settings.txt"):
        assert "\x1b" not in parts[name]
        assert "\r" not in parts[name]
    assert [len(parts[name].splitlines()) for name in ("agent.log", "ocpp.log", "settings.txt")] == [1, 1, 2]


async def test_the_tail_of_the_log_is_bounded(journal: Journal):
    tail = book(journal).tail
    for number in range(LOG_LINES + 10):
        tail.handle(logging.makeLogRecord({"msg": str(number) * 5000}))
    assert len(tail.lines) == LOG_LINES
    assert max(len(line) for _, line in tail.lines) <= 2_000


async def test_of_the_talk_with_the_csms_only_the_latest_frames_are_kept(journal: Journal, tmp_path: Path):
    one = book(journal)
    for number in range(4):
        one.frame("out", f'[2,"{number}","Heartbeat",{{}}]')
    one.keep_frames(3)
    one.frame("in", '[3,"3",{}]')
    await one.write(LogKind.DIAGNOSTICS, tmp_path / "d.tar.gz", None, None)
    lines = unpacked(tmp_path / "d.tar.gz")["ocpp.log"].splitlines()
    assert [line.split('"')[1] for line in lines] == ["2", "3", "3"]


async def test_a_name_holds_no_character_that_a_server_could_stumble_over(journal: Journal):
    one = book(journal)
    assert one.name(LogKind.SECURITY, EPOCH_S) == "CP_1__-security-20260101T000000000Z.log"
    assert one.name(LogKind.DIAGNOSTICS, EPOCH_S) == "CP_1__-diagnostics-20260101T000000000Z.tar.gz"


async def test_a_log_that_cannot_be_read_or_written_is_an_os_error(journal: Journal, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):  # noqa: PT011 - whichever
        await book(journal).write(LogKind.SECURITY, tmp_path / "file" / "x", None, None)


# Customers


def traces(journal: Journal, forgotten: list[str]) -> CustomerTraces:
    return CustomerTraces(journal, forgotten.append)


@pytest.mark.req("N10.FR.03")
async def test_clearing_a_customer_takes_the_token_and_leaves_energy_times_and_the_local_list(journal: Journal):
    forgotten: list[str] = []
    await transaction(journal, "tx-1", TOKEN)
    await transaction(journal, "tx-2", "OTHER")
    token = IdToken(TOKEN)
    for place in ("cache", "local"):
        await journal.commit(PutToken(CachedToken(place, token, AuthInfo(AuthStatus.ACCEPTED, "G1"))))  # type: ignore[arg-type]
    customers = traces(journal, forgotten)
    assert len(customers.find(token=TOKEN.lower(), identifier=None).lines) == 3
    customers.clear(token=TOKEN.lower(), identifier=None)
    await journal.commit()
    first, second = journal.ledger()
    assert (first.token, first.start_energy_wh, first.end_energy_wh) == (None, 1000.4, 8000.6)
    assert second.token == "OTHER"
    assert journal.tokens("cache") == {}
    assert list(journal.tokens("local")) == [TOKEN.casefold()]
    assert forgotten == [TOKEN.casefold()]
    assert len(customers.find(token=TOKEN, identifier=None).lines) == 1


async def test_a_customers_identifier_is_looked_for_among_tokens_and_groups(journal: Journal):
    await transaction(journal, "tx-1", "C-1")
    await journal.commit(PutToken(CachedToken("cache", IdToken("X1"), AuthInfo(AuthStatus.ACCEPTED, "c-1"))))
    forgotten: list[str] = []
    customers = traces(journal, forgotten)
    assert len(customers.find(token=None, identifier="C-1").lines) == 2
    assert len(customers.find(token="C-1", identifier=None).lines) == 1
    customers.clear(token=None, identifier="C-1")
    await journal.commit()
    assert customers.find(token=None, identifier="C-1").lines == ()
    assert sorted(forgotten) == ["c-1", "x1"]


async def test_a_transaction_under_way_keeps_its_token_until_it_is_over(journal: Journal):
    await journal.commit(AddFact(StoredFact(journal.next_fact_id, 1, started("tx-1", token=IdToken(TOKEN)))))
    traces(journal, []).clear(token=TOKEN, identifier=None)
    await journal.commit()
    assert [row.token for row in journal.ledger()] == [TOKEN]


@pytest.mark.parametrize("hostile", ["%", "_", "' OR 1=1 --", "", "\x00"])
async def test_a_hostile_name_erases_nobody_else(hostile: str, journal: Journal):
    await transaction(journal, "tx-1", TOKEN)
    customers = traces(journal, [])
    assert customers.find(token=hostile, identifier=None).lines == ()
    customers.clear(token=hostile, identifier=None)
    await journal.commit()
    assert [row.token for row in journal.ledger()] == [TOKEN]
