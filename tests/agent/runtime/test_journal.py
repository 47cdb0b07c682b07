from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from agent.core.facts import AnyFact
from agent.core.values import AuthInfo, AuthStatus, IdToken
from agent.ocpp.outbox import StoredFact
from agent.runtime.journal import (
    LAZY_S,
    AddFact,
    CachedToken,
    CountAttempt,
    DeadLetter,
    ForgetSettings,
    Journal,
    JournalError,
    JournalReader,
    LedgerRow,
    MoveToDeadLetters,
    PutMeta,
    PutSetting,
    PutToken,
    RemoveFact,
    RemoveTokens,
    ResendDeadLetter,
    SaveSession,
)
from agent.runtime.packing import unpack
from tests.agent.runtime.cuts import after_a_power_cut
from tests.agent.runtime.facts import DRIVER, ended, started, status, updated

ROOT = Path(__file__).parents[3]
LONG = random.Random(1).randbytes(9000).hex()  # nothing that packing makes short


def count_transactions(journal: Journal) -> list[str]:
    begun: list[str] = []
    journal._writer.set_trace_callback(lambda sql: begun.append(sql) if sql.startswith("BEGIN") else None)
    return begun


@contextlib.contextmanager
def busy_disk(path: Path) -> Iterator[None]:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


async def some_turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


# Durability


async def test_what_a_finished_commit_wrote_is_there_after_a_power_cut(journal: Journal, path: Path) -> None:
    token = CachedToken("local", DRIVER, AuthInfo(AuthStatus.ACCEPTED, "fleet", 9e9))
    await journal.commit(
        AddFact(started(1, "tx")),
        SaveSession(2, b"session"),
        PutSetting("TxCtrlr.EVConnectionTimeOut", "90"),
        PutMeta("version", b"7"),
        PutToken(token),
    )
    found = Journal.open(after_a_power_cut(path))
    assert found.facts() == [started(1, "tx")]
    assert found.sessions() == {2: b"session"}
    assert found.settings() == {"TxCtrlr.EVConnectionTimeOut": "90"}
    assert found.meta("version") == b"7"
    assert found.tokens("local") == {"04a1b2c3": token}
    await found.close()


async def test_a_finished_commit_was_synced_to_the_medium(journal: Journal) -> None:
    """Neither a copied file nor kill -9 can show it: SQLite syncs each commit in WAL mode only when told FULL."""
    assert journal._writer.execute("PRAGMA synchronous").fetchone() == (2,)
    assert journal._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_a_commit_waits_for_the_disk_without_holding_up_the_loop(journal: Journal, path: Path) -> None:
    with busy_disk(path):
        done = journal.commit(AddFact(status(1)))
        await some_turns()
        assert not done.done()
    await done
    assert journal.facts() == [status(1)]


@pytest.mark.timeout(90)
def test_every_fact_reported_durable_survives_kill_9_at_any_moment(path: Path) -> None:
    chance = random.Random(7)
    durable: set[int] = set()
    for _ in range(20):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.agent.runtime.commit_forever", str(path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        reported = [int(process.stdout.readline()) for _ in range(chance.randint(1, 120))]
        process.send_signal(signal.SIGKILL)
        reported += [int(line) for line in process.stdout.read().splitlines()]
        process.stdout.close()
        process.wait()
        assert durable.isdisjoint(reported), "an id was given twice"
        durable.update(reported)
    found = JournalReader.open(path)
    ids = {stored.id for stored in found.facts()}
    assert durable - ids <= {fact_id for fact_id in durable if fact_id % 3 == 0}, "lost, and not removed"
    assert all(found.meta(f"with {fact_id}") for fact_id in durable | ids), "half a commit"
    found.close_reader()


# Group commit


async def test_commits_of_one_turn_of_the_loop_share_one_sync(journal: Journal) -> None:
    begun = count_transactions(journal)
    await asyncio.gather(*(journal.commit(AddFact(status(fact_id))) for fact_id in range(1, 51)))
    assert len(begun) == 1
    assert [stored.id for stored in journal.facts()] == list(range(1, 51))


async def test_commits_made_while_one_is_being_written_share_the_next(journal: Journal, path: Path) -> None:
    begun = count_transactions(journal)
    rest = []
    with busy_disk(path):
        first = journal.commit(AddFact(status(1)))
        await some_turns()
        for fact_id in range(2, 9):
            rest.append(journal.commit(AddFact(status(fact_id))))
            await some_turns()
    await asyncio.gather(first, *rest)
    assert len(begun) == 2


async def test_removing_a_delivered_fact_costs_no_sync_of_its_own(journal: Journal) -> None:
    await journal.commit(AddFact(status(1)), AddFact(status(2)))
    begun = count_transactions(journal)
    removed = journal.commit(RemoveFact(1))
    await asyncio.sleep(LAZY_S / 2)
    assert not removed.done()
    assert begun == []
    await journal.commit(SaveSession(1, b""))
    assert removed.done()
    assert len(begun) == 1
    assert [stored.id for stored in journal.facts()] == [2]


async def test_what_is_lazy_is_written_in_the_end_when_nothing_else_is(journal: Journal) -> None:
    await journal.commit(AddFact(status(1)))
    began_s = asyncio.get_running_loop().time()
    await journal.commit(RemoveFact(1))
    assert asyncio.get_running_loop().time() - began_s == pytest.approx(LAZY_S)
    assert journal.facts() == []


async def test_a_caller_can_let_a_fact_wait_for_company(journal: Journal) -> None:
    began_s = asyncio.get_running_loop().time()
    await journal.commit(AddFact(status(1)), within_s=5.0)
    assert asyncio.get_running_loop().time() - began_s == pytest.approx(5.0)


async def test_lazy_company_of_a_durable_operation_does_not_wait(journal: Journal) -> None:
    began_s = asyncio.get_running_loop().time()
    await journal.commit(RemoveFact(1), PutMeta("memory", b"1=abc"))
    assert asyncio.get_running_loop().time() == began_s


async def test_a_commit_of_nothing_is_a_barrier(journal: Journal) -> None:
    began_s = asyncio.get_running_loop().time()
    removed = journal.commit(RemoveFact(1))
    await journal.commit()
    assert removed.done()
    assert asyncio.get_running_loop().time() == began_s


async def test_closing_writes_what_was_still_waiting(path: Path) -> None:
    journal = Journal.open(path)
    await journal.commit(AddFact(status(1)))
    removed = journal.commit(RemoveFact(1))
    await journal.close()
    assert removed.done()
    found = JournalReader.open(path)
    assert found.facts() == []
    found.close_reader()


async def test_a_waiter_that_is_cancelled_changes_nothing_about_what_is_written(journal: Journal) -> None:
    journal.commit(AddFact(status(1))).cancel()
    await journal.commit(AddFact(status(2)))
    assert [stored.id for stored in journal.facts()] == [1, 2]


# Failure


def fill_the_disk(journal: Journal) -> None:
    (pages,) = journal._writer.execute("PRAGMA page_count").fetchone()
    journal._writer.execute(f"PRAGMA max_page_count = {pages}")


def free_the_disk(journal: Journal) -> None:
    journal._writer.execute("PRAGMA max_page_count = 1000000")


async def test_a_full_disk_fails_the_commit_with_a_remedy_and_space_heals_it(journal: Journal, path: Path) -> None:
    fill_the_disk(journal)
    with pytest.raises(JournalError, match="disk is full; free space") as failed:
        await journal.commit(AddFact(status(1, detail=LONG)))
    assert failed.value.path == path
    assert journal.failure is failed.value
    assert journal.facts() == []
    free_the_disk(journal)
    await journal.commit(AddFact(status(1)))
    assert journal.failure is None
    assert journal.facts() == [status(1)]


async def test_a_removal_outlives_a_full_disk(journal: Journal) -> None:
    await journal.commit(AddFact(status(1)))
    removed = journal.commit(RemoveFact(1))
    fill_the_disk(journal)
    with pytest.raises(JournalError):
        await journal.commit(AddFact(status(2, detail=LONG)))
    assert not removed.done()
    free_the_disk(journal)
    await removed
    assert journal.facts() == []


async def test_what_is_kept_is_tried_again_on_a_full_disk_and_never_overtakes_what_came_later(journal: Journal) -> None:
    fill_the_disk(journal)
    kept = journal.commit(PutMeta("memory", b"old" + b"x" * 9000), kept=True)
    with pytest.raises(JournalError):
        await journal.commit(PutMeta("lost", b"x" * 9000))
    assert not kept.done()
    free_the_disk(journal)
    await journal.commit(PutMeta("memory", b"new"))
    assert kept.done()
    assert journal.meta("memory") == b"new"
    fill_the_disk(journal)
    kept = journal.commit(PutMeta("memory", b"newest" + b"x" * 9000), kept=True)
    await asyncio.sleep(5)
    free_the_disk(journal)
    await kept
    assert (journal.meta("memory") or b"").startswith(b"newest")


async def test_a_read_only_disk_fails_the_commit_with_a_remedy(journal: Journal) -> None:
    journal._writer.execute("PRAGMA query_only = 1")
    with pytest.raises(JournalError, match="readonly database; let the agent's user write"):
        await journal.commit(AddFact(status(1)))
    journal._writer.execute("PRAGMA query_only = 0")


async def test_one_faulty_commit_does_not_take_the_others_with_it(journal: Journal) -> None:
    await journal.commit(AddFact(status(1)))
    good, twice, unreadable, also_good = (
        journal.commit(AddFact(status(2))),
        journal.commit(AddFact(status(1))),
        journal.commit(PutMeta("key", object())),  # type: ignore[arg-type]
        journal.commit(AddFact(status(3))),
    )
    await good
    await also_good
    with pytest.raises(JournalError, match="UNIQUE"):
        await twice
    with pytest.raises(JournalError, match="not supported"):
        await unreadable
    assert [stored.id for stored in journal.facts()] == [1, 2, 3]


async def test_a_closed_journal_says_so(path: Path) -> None:
    journal = Journal.open(path)
    await journal.close()
    with pytest.raises(JournalError, match="is closed"):
        await journal.commit(AddFact(status(1)))


# What is kept


async def test_the_ledger_keeps_a_transaction_after_its_facts_are_delivered(journal: Journal) -> None:
    await journal.commit(AddFact(started(1, "first")), AddFact(started(2, "second", token=None)))
    await journal.commit(AddFact(updated(3, "second", token=IdToken("LATE"))))
    await journal.commit(AddFact(ended(4, "first")))
    await journal.commit(*(RemoveFact(fact_id) for fact_id in range(1, 5)), PutMeta("now", b""))
    assert journal.facts() == []
    assert journal.ledger() == [
        LedgerRow("first", 1, "04A1B2C3", 1000.0, 500.0, 2000.0, 7500.0, "Local"),
        LedgerRow("second", 1, "LATE", 1000.0, 500.0),
    ]


async def test_the_ledger_bills_who_started_not_who_stopped(journal: Journal) -> None:
    await journal.commit(AddFact(started(1, "t")), AddFact(updated(2, "t", token=IdToken("FRIEND"))))
    await journal.commit(AddFact(ended(3, "t", token=IdToken("FRIEND"))))
    assert [row.token for row in journal.ledger()] == ["04A1B2C3"]


async def test_the_ledger_knows_a_transaction_by_its_end_alone(journal: Journal) -> None:
    await journal.commit(AddFact(ended(9, "lost beginning")))
    assert journal.ledger() == [LedgerRow("lost beginning", 1, None, 1000.0, 500.0, 2000.0, 7500.0, "Local")]


async def test_a_fact_given_up_stands_among_the_dead_letters_and_can_be_resent(journal: Journal) -> None:
    await journal.commit(AddFact(status(1)), AddFact(status(2)))
    await journal.commit(CountAttempt(1, 3), MoveToDeadLetters(1, "ProtocolError"))
    assert [stored.id for stored in journal.facts()] == [2]
    given_up = msgspec.structs.replace(status(1), attempts=3)
    assert journal.dead_letters() == [DeadLetter(given_up, "ProtocolError")]
    await journal.commit(ResendDeadLetter(1))
    assert journal.dead_letters() == []
    assert journal.facts() == [status(1), status(2)]


async def test_tokens_are_found_without_regard_to_case_and_removed_by_value_or_all(journal: Journal) -> None:
    info = AuthInfo(AuthStatus.BLOCKED)
    entries = [CachedToken("cache", IdToken(value), info) for value in ("aa", "BB", "cc")]
    local = CachedToken("local", IdToken("aa"), info)
    await journal.commit(*map(PutToken, [*entries, local]), within_s=0)
    await journal.commit(PutToken(CachedToken("cache", IdToken("AA"), info)), RemoveTokens("cache", ("bb",)))
    assert set(journal.tokens("cache")) == {"aa", "cc"}
    await journal.commit(RemoveTokens("cache"))
    assert journal.tokens("cache") == {}
    assert journal.tokens("local") == {"aa": local}


async def test_settings_and_meta_can_be_forgotten(journal: Journal) -> None:
    await journal.commit(PutSetting("a", "1"), PutSetting("a", "2"), PutMeta("m", b"1"))
    assert journal.settings() == {"a": "2"}
    await journal.commit(ForgetSettings(), PutMeta("m", None))
    assert journal.settings() == {}
    assert journal.meta("m") is None


async def test_a_newer_agents_facts_are_read_where_possible_and_never_thrown_away(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    await journal.commit(AddFact(status(1)), AddFact(status(2)))
    for fact_id, change in ((1, {"mood": "sunny"}), (2, {"type": "TransactionDreamt"})):
        (blob,) = journal._writer.execute("SELECT fact FROM facts WHERE id = ?", (fact_id,)).fetchone()
        changed = msgspec.msgpack.encode(msgspec.msgpack.decode(unpack(blob)) | change)
        journal._writer.execute("UPDATE facts SET fact = ? WHERE id = ?", (changed, fact_id))
    assert journal.facts() == [status(1)]
    assert "fact 2 is unreadable to this version and is left alone" in caplog.text
    assert journal._writer.execute("SELECT count(*) FROM facts").fetchone() == (2,)


async def test_every_kind_of_fact_comes_back_as_it_went_in(journal: Journal) -> None:
    stored = [started(1, "t"), updated(2, "t"), ended(3, "t"), StoredFact(4, 2, status(4).fact, offline=True)]
    await journal.commit(*map(AddFact, stored))
    assert journal.facts() == stored
    assert {type(one.fact) for one in stored} <= set(AnyFact.__args__)
