"""Rows 3 and 4: the charger's side of ISO 15118 over loopback, in a process of its own.

How soon a CurrentDemand is answered as the car sees it, how long a session takes from its first message to its last
with a car that does not tarry, and what the process weighs, before and after 1,000 sessions.
"""

from __future__ import annotations

import asyncio
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from statistics import median, quantiles
from types import ModuleType
from unittest import mock

from agent.iso15118.exi import Message, din, iso2
from agent.iso15118.secc.events import Protocol
from agent.iso15118.secc.snapshot import EnergyMode
from sim.evcc.evcc import charge
from sim.evcc.link import StreamLink
from sim.evcc.plan import Plan
from tests.agent.iso15118.stand import Battery
from tests.benchmarks.machine import cpu_ms
from tests.benchmarks.table import Row, UnmeasurableError

DEMANDS = 2_000
SESSIONS = 1_000
WARM = 50
PAUSES = ("sim.evcc.dc.POLL_S", "sim.evcc.din.POLL_S", "sim.evcc.iso2.POLL_S")


class Timed:
    """A link that notes how long each answer took. `demands`: after so many of them the car is full."""

    def __init__(self, link: StreamLink, battery: Battery, demands: int) -> None:
        self._link = link
        self._battery = battery
        self._left = demands
        self.answered_s: list[float] = []

    async def ask(self, request: Message, schema: ModuleType) -> Message:
        """Ask, and note a CurrentDemand's time."""
        begin = time.perf_counter()
        answer = await self._link.ask(request, schema)
        body = getattr(request, "Body", None)
        if body is not None and isinstance(body.BodyElement, din.CurrentDemandReq | iso2.CurrentDemandReq):
            self.answered_s.append(time.perf_counter() - begin)
            self._left -= 1
            self._battery.full = self._left <= 0
        return answer

    async def send(self, octets: bytes) -> None:
        """Send octets as they are."""
        await self._link.send(octets)

    async def close(self) -> None:
        """Hang up."""
        await self._link.close()


async def session(port: int, protocol: Protocol, demands: int) -> tuple[float, list[float]]:
    """One session; how long it took, and each answer to a CurrentDemand."""
    reader, writer = await asyncio.open_connection("::1", port)
    battery = Battery(max_current_a=100.0)
    link = Timed(StreamLink(reader, writer), battery, demands)
    plan = Plan(offers=(protocol,), mode=EnergyMode.DC_EXTENDED, charge_s=3600.0, loop_s=0.0)
    begin = time.perf_counter()
    report = await charge(link, plan, battery)
    if report.ended != "done":
        raise UnmeasurableError(f"a session ended: {report.ended}")
    return time.perf_counter() - begin, link.answered_s


@asynccontextmanager
async def charger() -> AsyncIterator[tuple[Process, int]]:
    """The charger's process, and its port."""
    command = (sys.executable, "-m", "tests.benchmarks.peers.secc")
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        yield process, int(await said(process))
    finally:
        process.kill()
        await process.wait()


async def said(process: Process) -> bytes:
    """Its next line."""
    assert process.stdout is not None
    return await process.stdout.readline()


async def weight_mib(process: Process) -> float:
    """What it weighs now."""
    assert process.stdin is not None
    process.stdin.write(b"?\n")
    return int(await said(process)) / 1024


async def measured() -> list[Row]:
    """Everything in one run."""
    rows = []
    async with charger() as (process, port):
        for name, protocol in (("-2", Protocol.ISO_2), ("DIN 70121", Protocol.DIN)):
            begin_ms = cpu_ms(process.pid)
            _, answered = await session(port, protocol, DEMANDS)
            spent_ms = (cpu_ms(process.pid) - begin_ms) / DEMANDS
            p99 = quantiles(answered, n=100)[98] * 1e3
            what = f"{name} CurrentDemand, asked to answered, over loopback"
            rows.append(Row(row=3, what=f"{what}: p50", ours=median(answered) * 1e3, unit="ms"))
            rows.append(Row(row=3, what=f"{what}: p99", ours=p99, unit="ms", goal="ours <= 5"))
            what = f"{name} CurrentDemand, the charger's processor time"
            rows.append(Row(row=3, what=what, ours=spent_ms, unit="ms", goal="ours <= 2.5"))
        for _ in range(WARM):
            await session(port, Protocol.DIN, 1)
        before = await weight_mib(process)
        took = [(await session(port, Protocol.DIN, 1))[0] for _ in range(SESSIONS)]
        grown = await weight_mib(process) - before
        what = "a DIN session, protocol handshake to SessionStop, nobody tarries"
        rows.append(Row(row=3, what=what, ours=median(took) * 1e3, unit="ms"))
        rows.append(Row(row=4, what="the SECC alone, warm: RSS", ours=before, unit="MiB", goal="ours <= 35"))
        what = f"growth over {SESSIONS} sessions: RSS"
        rows.append(Row(row=4, what=what, ours=grown, unit="MiB", goal="ours <= 1"))
    return rows


def rows() -> Iterator[Row]:
    """Rows 3 and 4."""
    with mock.patch(PAUSES[0], 0.0), mock.patch(PAUSES[1], 0.0), mock.patch(PAUSES[2], 0.0):
        yield from asyncio.run(measured())
