"""What is so only where the CSMS's database is on a PostgreSQL server: `make test-postgres`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from websockets.asyncio.client import connect

from csms.database import Database
from csms.engines import DatabaseError
from csms.records import Charger, Token
from csms.server import Csms
from csms.store import Store
from csms.tariff import Tariff
from sim.stage.place import PlaceSpec, place
from tests.csms.databases import SERVER, fresh
from tests.csms.test_cli import PROGRAM
from tests.csms.test_store import ENDED, STARTED

pytestmark = pytest.mark.skipif(SERVER not in os.environ, reason="no PostgreSQL was started: `make test-postgres` does")


@pytest.fixture
def where() -> str:
    url = fresh()
    assert url is not None
    return url


@pytest.fixture
async def store(where: str) -> AsyncIterator[Store]:
    opened = Store(where)
    opened.set_tariff(Tariff(per_kwh=Decimal("0.50")))
    yield opened
    await opened.close()


@pytest.fixture
def server() -> Iterator[Callable[[str], Any]]:
    """What the server's administrator does."""
    with psycopg.connect(os.environ[SERVER], autocommit=True) as connection:
        yield connection.execute


def cut(server: Callable[[str], Any]) -> None:
    """The connection of the CSMS ends, as when the server is restarted."""
    server("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'evse csms'")


async def test_a_restart_of_the_server_costs_no_message(store: Store, server: Callable[[str], Any]):
    await store.write(STARTED)
    cut(server)
    assert await store.write(ENDED) == Decimal("3.75")
    cut(server)
    assert [row.energy_wh for row in await store.read(Database.sessions)] == [7_500]


async def test_while_the_server_is_away_messages_are_refused_together_and_afterwards_stored(
    where: str, server: Callable[[str], Any]
):
    server("CREATE ROLE visitor LOGIN SUPERUSER")
    store = Store(where.replace("//evse@", "//visitor@"))
    server("ALTER ROLE visitor NOLOGIN")
    cut(server)
    tried = 0
    apply = store._database.apply

    def counted(operations: Any) -> Any:
        nonlocal tried
        tried += 1
        return apply(operations)

    store._database.apply = counted  # type: ignore[method-assign]
    outcomes = await asyncio.gather(*(store.write(STARTED) for _ in range(100)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {OperationalError}
    assert tried == 2  # not once more for each of them: a server that does not answer at all takes its time
    with pytest.raises(DatabaseError, match="or its server"):
        await store.read(Database.sessions)
    with pytest.raises(DatabaseError, match="or its server"):
        store.write_now(Token(value="TAG"))
    assert "tag" not in store.tokens
    server("ALTER ROLE visitor LOGIN")
    await store.write(STARTED)
    assert len(await store.read(Database.sessions)) == 1
    await store.close()


async def test_a_csms_whose_server_is_away_can_be_stopped(where: str, server: Callable[[str], Any]):
    store = Store(where)
    cut(server)
    server(f"DROP SCHEMA {where.rpartition('%3D')[2]} CASCADE")
    store.write_later(STARTED)
    await store.close()


async def test_two_csms_never_share_a_schema(where: str):
    first = Store(where)
    with pytest.raises(DatabaseError, match="used by another CSMS"):
        Store(where)
    other = Store(fresh())
    await other.close()
    await first.close()
    await Store(where).close()


async def test_a_nul_in_a_text_is_made_visible_and_found_again(store: Store):
    store.write_now(Token(value="A\0B"))
    (kept,) = await store.read(lambda db: db.load()[1])
    assert kept.value == "A\N{SYMBOL FOR NULL}B"


async def test_what_is_answered_is_on_disk_whatever_the_servers_default(where: str, server: Callable[[str], Any]):
    server("ALTER ROLE evse SET synchronous_commit TO off")
    try:
        store = Store(where)

        def shown(database: Database) -> object:
            with database._connection.begin():
                return database._connection.exec_driver_sql("SHOW synchronous_commit").scalar()

        assert await store.read(shown) == "on"
        await store.close()
    finally:
        server("ALTER ROLE evse RESET synchronous_commit")


async def test_a_schema_of_a_newer_csms_is_left_alone(where: str, server: Callable[[str], Any]):
    await Store(where).close()
    schema = where.rpartition("%3D")[2]
    server(f"UPDATE {schema}.schema_version SET version = 99")  # noqa: S608 - a name of ours
    with pytest.raises(DatabaseError, match="newer CSMS"):
        Store(where)


async def test_a_schema_of_an_older_csms_is_taken_over(where: str, server: Callable[[str], Any]):
    await Store(where).close()
    schema = where.rpartition("%3D")[2]
    server(f"ALTER TABLE {schema}.chargers DROP COLUMN car_limit_w")
    server(f"UPDATE {schema}.schema_version SET version = 3")  # noqa: S608 - a name of ours
    for limit_w in (7_000.0, 8_000.0):
        store = Store(where)
        store.write_now(Charger(identity="CP1", car_limit_w=limit_w))
        await store.close()
    store = Store(where)
    assert store.chargers["CP1"].car_limit_w == 8_000.0
    await store.close()


async def test_a_session_that_outlives_the_csms_is_billed_what_truly_flowed(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sim.stage.place.Csms", lambda _, **options: Csms(where, **options))
    async with place(tmp_path, PlaceSpec(version="1.6", tokens={"TAG": None})) as p:
        p.plug_in()
        await asyncio.sleep(2)
        p.tap("TAG")
        await asyncio.sleep(600)
        await p.csms_down()
        await asyncio.sleep(600)
        await p.csms_up()
        await asyncio.sleep(600)
        p.tap("TAG")
        await asyncio.sleep(60)
        (bill,) = await p.bills()
        assert not bill.is_open
        assert bill.energy_wh == pytest.approx(p.true_wh(), abs=20)
        assert bill.energy_wh > 1_000


@pytest.mark.realtime
async def test_the_command_killed_in_mid_session_goes_on_where_it_was(where: str):
    options = ["--port", "0", "--http-port", "0", "--database", where, "--accept-all", "--token", "TAG", "--json"]
    start = {"connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": "2026-01-01T00:00:00Z"}

    async def told(said: dict[str, Any]) -> Any:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, *options, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout
        ready = json.loads(await process.stdout.readline())
        async with connect(ready["url"] + "CP1", subprotocols=["ocpp1.6"], proxy=None) as socket:  # type: ignore[list-item]
            await socket.send(json.dumps([2, "1", "StartTransaction", said]))
            answer = json.loads(await socket.recv())
        process.kill()
        await process.wait()
        return answer

    assert await told(start) == await told(start) == [3, "1", {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}]
