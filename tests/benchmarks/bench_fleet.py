"""Row 7: a fleet of whole stations: until all are accepted, memory of each, and CPU time of a call.

Ours are stations: agent core, OCPP, and hardware with interlock and physics. The peer is as many clients of `ocpp-rpc`
(npm) in one process, which send the same TransactionEvent once a second and have nothing behind it; it checks no
schema, and neither does the sink that answers both. Where npm's package is missing, only ours is measured.
EVSE_BENCH_FLEET and EVSE_BENCH_METERING say how many stations boot, and how many meter once a second.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from sim.fleet.tally import Report
from tests.benchmarks.table import Row

STATIONS = int(os.environ.get("EVSE_BENCH_FLEET", "1000"))
METERING = int(os.environ.get("EVSE_BENCH_METERING", "100"))
BOOT_WITHIN_S = 60.0
BOOT_LATEST_S = 240.0
MEASURED_S = 15.0
SINK = ("-m", "tests.benchmarks.peers.sink")
PEER = Path(__file__).parent / "peers" / "npm_stations.js"
PACKAGE = Path(__file__).parents[1] / "interop" / "ocpp_rpc" / "node_modules" / "ocpp-rpc"
IDLE = f'title = "boot"\nboot_within_s = {BOOT_WITHIN_S}\n'
BUSY = 'title = "meter"\nboot_within_s = 5\n[[wave]]\nat_s = 6\nwithin_s = 3\nshare = 1\nstay_s = 86400\n'


class Cost(msgspec.Struct, frozen=True):
    """What metering stations cost: memory of each, CPU time of each call, and the calls a second that came about."""

    memory_kb: float
    cpu_us: float
    calls_hz: float


def rows() -> Iterator[Row]:
    """Row 7."""
    boot_s, memory_kb = asyncio.run(booted(STATIONS))
    what = f"fleet of {STATIONS} whole stations in 2 processes"
    yield Row(row=7, what=f"{what}: switched on within 60 s, all accepted after", ours=boot_s, unit="s")
    yield Row(row=7, what=f"{what}: memory of each", ours=memory_kb, unit="kB", goal="ours <= 150")
    ours = asyncio.run(metering(METERING))
    peer = asyncio.run(peer_metering(METERING)) if PACKAGE.is_dir() and shutil.which("node") else None
    name = "" if peer is None else "clients of npm's ocpp-rpc, without any station"
    what = f"{METERING} stations metering once a second, one process"
    yield Row(
        row=7,
        what=f"{what}: CPU of a call",
        ours=ours.cpu_us,
        unit="us",
        peer=None if peer is None else peer.cpu_us,
        peer_name=name,
    )
    yield Row(
        row=7,
        what=f"{what}: memory of each",
        ours=ours.memory_kb,
        unit="kB",
        peer=None if peer is None else peer.memory_kb,
        peer_name=name,
    )
    yield Row(row=7, what=f"{what}: calls a second", ours=ours.calls_hz, unit="1/s")


async def booted(stations: int) -> tuple[float, float]:
    """Seconds until every station is accepted, and kilobytes of each then."""
    async with sink() as port, fleet(stations, port, IDLE, processes=2) as reports:
        async with asyncio.timeout(BOOT_LATEST_S):
            async for report in reports:
                if report.online == stations:
                    return report.at_s, report.memory_bytes / 1000 / stations
    raise RuntimeError("the fleet has ended by itself")


async def metering(stations: int) -> Cost:
    """What stations cost that charge, from the moment at which all do."""
    async with sink() as port, fleet(stations, port, BUSY, processes=1) as reports:
        first: Report | None = None
        async with asyncio.timeout(BOOT_LATEST_S):
            async for report in reports:
                if first is None and report.charging == stations:
                    first = report
                elif first is not None and report.at_s - first.at_s >= MEASURED_S:
                    calls = report.answered - first.answered
                    return Cost(
                        memory_kb=report.memory_bytes / 1000 / stations,
                        cpu_us=(report.cpu_s - first.cpu_s) / calls * 1e6,
                        calls_hz=calls / (report.at_s - first.at_s),
                    )
    raise RuntimeError("the fleet has ended by itself")


async def peer_metering(stations: int) -> Cost:
    """The same calls from npm's clients."""
    async with sink() as port:
        process = await asyncio.create_subprocess_exec(
            "node", str(PEER), str(PACKAGE), f"ws://127.0.0.1:{port}/ocpp", str(stations), str(MEASURED_S), stdout=PIPE
        )
        out, _ = await process.communicate()
    return msgspec.json.decode(out, type=Cost)


@asynccontextmanager
async def sink() -> AsyncIterator[int]:
    """A CSMS that only answers: its port."""
    process = await asyncio.create_subprocess_exec(sys.executable, *SINK, stdout=PIPE, stderr=DEVNULL)
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())["port"]
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def fleet(stations: int, port: int, profile: str, *, processes: int) -> AsyncIterator[AsyncIterator[Report]]:
    """`evse sim fleet`: its reports."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "profile.toml"
        file.write_text(profile)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agent.cli", "sim", "fleet", str(stations), "--json", "--sample", "1"),
            *("--csms", f"ws://127.0.0.1:{port}/ocpp", "--profile", str(file), "--processes", str(processes)),
            stdout=PIPE,
            stderr=DEVNULL,
        )
        try:
            assert process.stdout is not None
            yield (msgspec.json.decode(text, type=Report) async for text in process.stdout)
        finally:
            process.terminate()
            await process.wait()
