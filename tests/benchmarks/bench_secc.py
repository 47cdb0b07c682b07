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
CODECLESS = "EcoG's SECC with our codec in its codec's place"


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


def beside() -> Beside:
    """The same car at our charger and at EcoG's, over a cable. Raises `UnmeasurableError` where it cannot be laid."""
    reason = missing() or ("" if java() else "there is no `java` here")
    if reason:
        raise UnmeasurableError(f"EcoG's SECC beside ours: {reason}")
    command = [*NAMESPACES, sys.executable, "-m", "tests.benchmarks.beside_secc"]
    try:
        prepare()
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    except subprocess.CalledProcessError as error:
        raise UnmeasurableError(f"EcoG's SECC beside ours: {error}") from error
    return msgspec.json.decode(done.stdout, type=Beside)


def compared(found: Beside) -> Iterator[Row]:
    """The rows of both."""
    ours, theirs = found.ours, found.theirs
    what, demands = "-2 CurrentDemand, asked to answered, over a cable of veth", ours.demands.answers_s
    for peer, answers in ((PEER, theirs.demands.answers_s), (CODECLESS, found.with_our_codec.answers_s)):
        named = f"{peer}: {len(answers)} demands, here {len(demands)}"
        p99_ms, peer_p99_ms = percentile(demands, 0.99) * 1e3, percentile(answers, 0.99) * 1e3
        yield _row(3, f"{what}: p50", median(demands) * 1e3, "ms", median(answers) * 1e3, named)
        yield _row(3, f"{what}: p99", p99_ms, "ms", peer_p99_ms, named, "ours <= 5")
    sessions, peer_sessions = ours.sessions.sessions_s, theirs.sessions.sessions_s
    what = "a -2 DC session over the cable, protocol handshake to SessionStop"
    named = f"{PEER}: {len(peer_sessions)} sessions in a minute, here {len(sessions)}"
    yield _row(3, what, median(sessions) * 1e3, "ms", median(peer_sessions) * 1e3, named)
    yield _row(4, "the SECC alone, warm, all its processes: RSS", ours.before_mib, "MiB", theirs.before_mib, PEER)
    yield Row(
        row=4,
        what=f"growth over {len(sessions)} sessions over the cable: RSS",
        ours=ours.after_mib - ours.before_mib,
        unit="MiB",
        peer_name=f"{PEER}: {theirs.after_mib - theirs.before_mib:.1f} MiB over {len(peer_sessions)} sessions",
        goal="ours <= 1",
    )


def _row(row: int, what: str, ours: float, unit: str, peer: float, name: str, goal: str = REPORT) -> Row:
    return Row(row=row, what=what, ours=ours, unit=unit, peer=peer, peer_name=name, goal=goal)


def rows() -> Iterator[Row]:
    """Rows 3 and 4."""
    with not_tarrying():
        yield from asyncio.run(measured())
    yield from compared(beside())
