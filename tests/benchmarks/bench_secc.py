"""Rows 3 and 4: the charger's side of ISO 15118 over loopback, in a process of its own.

How soon a CurrentDemand is answered as the car sees it, how long a session takes from its first message to its last
with a car that does not tarry, and what the process weighs, before and after 1,000 sessions. Then the same over a cable
of veth in namespaces, beside EcoG's charger: it wants a network interface of its own.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from statistics import median, quantiles

import msgspec

from agent.iso15118.secc.events import Protocol
from sim.evcc.link import StreamLink
from tests.benchmarks.beside_secc import Beside
from tests.benchmarks.machine import cpu_ms
from tests.benchmarks.secc_car import Driven, drive, not_tarrying
from tests.benchmarks.table import REPORT, Row, UnmeasurableError, percentile
from tools.generate_exi import ROOT
from tools.v2g.cable import NAMESPACES, java, missing, prepare

DEMANDS = 2_000
SESSIONS = 1_000
WARM = 50
VOLTS = 400.0
PEER = "EcoG's SECC with its codec in a Java process"


async def session(port: int, protocol: Protocol, demands: int) -> tuple[float, list[float]]:
    """One session over loopback; how long it took, and each answer to a CurrentDemand."""
    reader, writer = await asyncio.open_connection("::1", port)
    driven = Driven()
    await drive(StreamLink(reader, writer), protocol, driven, volts=VOLTS, demands=demands)
    return driven.sessions_s[0], driven.answers_s


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


def beside() -> list[Row]:
    """The same car at our charger and at EcoG's, over a cable. Raises `UnmeasurableError` where it cannot be laid."""
    reason = missing() or ("" if java() else "there is no `java` here")
    if reason:
        raise UnmeasurableError(f"EcoG's SECC beside ours: {reason}")
    try:
        prepare()
        done = subprocess.run(
            [*NAMESPACES, sys.executable, "-m", "tests.benchmarks.beside_secc"],
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
        )
    except subprocess.CalledProcessError as error:
        raise UnmeasurableError(f"EcoG's SECC beside ours: {error}") from error
    found = msgspec.json.decode(done.stdout, type=Beside)
    ours, theirs = found.ours, found.theirs
    grown, theirs_grown = ours.after_mib - ours.before_mib, theirs.after_mib - theirs.before_mib
    met, theirs_met = len(ours.sessions.sessions_s), len(theirs.sessions.sessions_s)
    what = "-2 CurrentDemand, asked to answered, over a cable of veth"
    demands, theirs_demands = ours.demands.answers_s, theirs.demands.answers_s
    named = f"{PEER}: {len(theirs_demands)} demands, here {len(demands)}"
    p99, theirs_p99 = percentile(demands, 0.99), percentile(theirs_demands, 0.99)
    return [
        _row(3, f"{what}: p50", median(demands) * 1e3, "ms", median(theirs_demands) * 1e3, named),
        _row(3, f"{what}: p99", p99 * 1e3, "ms", theirs_p99 * 1e3, named, "ours <= 5"),
        _row(
            3,
            "a -2 DC session over the cable, protocol handshake to SessionStop",
            median(ours.sessions.sessions_s) * 1e3,
            "ms",
            median(theirs.sessions.sessions_s) * 1e3,
            f"{PEER}: {theirs_met} sessions in a minute, here {met}",
        ),
        _row(4, "the SECC alone, warm, all its processes: RSS", ours.before_mib, "MiB", theirs.before_mib, PEER),
        Row(
            row=4,
            what=f"growth over {met} sessions over the cable: RSS",
            ours=grown,
            unit="MiB",
            peer_name=f"{PEER}: {theirs_grown:.1f} MiB over {theirs_met} sessions",
            goal="ours <= 1",
        ),
    ]


def _row(row: int, what: str, ours: float, unit: str, peer: float, name: str, goal: str = REPORT) -> Row:
    return Row(row=row, what=what, ours=ours, unit=unit, peer=peer, peer_name=name, goal=goal)


def rows() -> Iterator[Row]:
    """Rows 3 and 4."""
    with not_tarrying():
        yield from asyncio.run(measured())
    yield from beside()
