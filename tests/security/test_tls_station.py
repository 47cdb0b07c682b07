"""The station's side of TLS over real sockets: what it connects to, what it refuses, and the event that tells of it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.ocpp.connection import DialError, Frames
from agent.ocpp.uplink import Home, Uplink
from agent.ocpp.variables import Settings
from tests.agent.ocpp.stand import MemoryStore, Raised
from tests.security import minting
from tests.security.cases import STATION_CASES, Case
from tests.security.matrix import Matrix
from tests.security.tls_servers import answering, listening

pytestmark = pytest.mark.realtime


def outfit(folder: Path, roots: tuple[str, ...], client: str | None) -> Path:
    """A station's certificates on disk."""
    certs = folder / "certs"
    (certs / "roots" / "csms").mkdir(parents=True)
    for name in roots:
        (certs / "roots" / "csms" / f"{name}.pem").write_text(minting.pem(name))
    (certs / "own" / "station").mkdir(parents=True)
    if client:
        (certs / "own" / "station" / "own.pem").write_text(minting.pem(client))
        (certs / "own" / "station" / "own.key").write_bytes(minting.key(client).read_bytes())
    return certs


def uplink(folder: Path, url: str, case: Case, events: Raised) -> Uplink:
    home = Home(
        url=url,
        identity=minting.STATION,
        security=2 if case.client is None else 3,
        password="0123456789abcdef",
        minimum=case.minimum,
        certificates=outfit(folder, case.roots, case.client),
        secrets=folder / "secrets",
    )
    loop = asyncio.get_running_loop()
    now_utc_s = minting.tool().dt.datetime.now().timestamp() - loop.time()
    return Uplink(
        home,
        MemoryStore(),
        Settings(start_values=case.settings),
        events,
        lambda: "id",
        lambda: now_utc_s + loop.time(),
        random.Random(1),
    )


@contextlib.asynccontextmanager
async def serving(case: Case) -> AsyncIterator[int]:
    host = case.host if case.host != "localhost" else "127.0.0.1"
    async with answering(case.server) if isinstance(case.server, bytes) else listening(case.server, host) as port:
        yield port


@pytest.mark.req("A00.FR.308", "A00.FR.310", "A00.FR.316", "A00.FR.319", "A00.FR.323", "A00.FR.402", "A00.FR.413")
@pytest.mark.req("A00.FR.311", "A00.FR.312", "A00.FR.313", "A00.FR.314", "A00.FR.320", "A00.FR.321", "A00.FR.401")
@pytest.mark.req("A00.FR.411", "A00.FR.412", "A00.FR.414", "A00.FR.415", "A00.FR.416", "A00.FR.417")  # the same, of 3
@pytest.mark.req("A00.FR.419", "A00.FR.422", "A00.FR.423", "A00.FR.424", "A00.FR.426")
@pytest.mark.parametrize("case", STATION_CASES, ids=lambda case: case.name)
async def test_the_station_connects_or_refuses_and_raises_each_event_once(case, tmp_path, tls_cases: Matrix):
    events = Raised()
    async with serving(case) as port:
        one = uplink(tmp_path, f"wss://{case.host}:{port}/ocpp", case, events)
        trouble = None
        for _ in range(2):  # the second attempt of an outage raises nothing new (A00.FR.316)
            try:
                link = await one.dial(Frames())
            except DialError as error:
                trouble = error.trouble
                one.failed(error)
            else:
                await one.proved()
                await link.close(1000, "")
    assert (trouble, tuple(events.kinds)) == (case.trouble, case.events)
    assert "0123456789abcdef" not in "".join(events.infos)
    tls_cases.add("station", case.name, "connected" if trouble is None else str(trouble), events.kinds)
