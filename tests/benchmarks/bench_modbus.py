"""Row 10: reading meters, against what the wire allows and beside pymodbus' plain client."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Final

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from hal.modbus.bus import ModbusBus, parse_url
from hal.modbus.meter import ModbusMeter
from hal.modbus.profile import PROFILES, load_profile, probes, sample_requests
from hal.modbus.schema import SAMPLE_POINTS, ReadRequest
from hal.modbus.wire import frame_gap_s, read_s
from hal.realtime import new_loop
from tests.benchmarks.peers.modbus_slave import PROFILE
from tests.benchmarks.table import REPORT, Row

BAUDRATES: Final = (9600, 19200, 115200)
READ_FOR_S: Final = 1.0
READ_ROUNDS: Final = 5
CPU_READS: Final = 500
CPU_ROUNDS: Final = 5
DEADLINE_S: Final = 5.0

ABB: Final = load_profile(PROFILE)
PLAN: Final = sample_requests(ABB)


def rows() -> Iterator[Row]:
    """Row 10: readings per second, requests per reading, microseconds of CPU per request."""
    for baudrate in BAUDRATES:
        with slave("rtu", str(baudrate)) as url:
            limit = 1.0 / sum(read_s(baudrate, request.count) for request in PLAN)
            with asyncio.Runner(loop_factory=new_loop) as runner:  # as `evse hal serve` has it
                ours = runner.run(readings_per_s(url))
            yield Row(
                row=10,
                what=f"full readings of a three-phase meter (2 requests), RTU at {baudrate} baud",
                ours=ours,
                unit="1/s",
                peer=limit,
                peer_name="what the wire allows",
                goal="ratio <= 1.111",
            )
    with slave("tcp") as url:
        yield Row(row=10, what="the same over TCP", ours=asyncio.run(readings_per_s(url)), unit="1/s")
    with slave("rtu") as url:
        gap_s = frame_gap_s(parse_url(url).baudrate)
        ours, plain = asyncio.run(cpu_per_read_us(url, gap_s))
        yield cpu(
            "CPU per request over RTU", ours, plain, "pymodbus' plain client, made to keep silence between frames"
        )
        ours, plain = asyncio.run(cpu_per_read_us(url, 0.0))
        yield cpu("the same", ours, plain, "pymodbus' plain client as it is, with no silence between frames", REPORT)
    with slave("tcp") as url:
        ours, plain = asyncio.run(cpu_per_read_us(url, 0.0))
        yield cpu("CPU per request over TCP", ours, plain, "pymodbus' plain client")
    yield planned()


def cpu(what: str, ours: float, plain: float, plain_name: str, goal: str = "ratio >= 0.833") -> Row:
    """Microseconds of CPU beside pymodbus' client."""
    return Row(row=10, what=what, ours=ours, unit="us", peer=plain, peer_name=plain_name, goal=goal)


def planned() -> Row:
    """How many requests a full reading takes, over all profiles."""
    profiles = [load_profile(path) for path in sorted(PROFILES.glob("*.toml"))]
    return Row(
        row=10,
        what=f"requests per full reading, mean of {len(profiles)} meter models",
        ours=sum(len(sample_requests(profile)) for profile in profiles) / len(profiles),
        unit="requests",
        peer=sum(len(SAMPLE_POINTS & profile.points.keys()) for profile in profiles) / len(profiles),
        peer_name="one request per value",
    )


@contextlib.contextmanager
def slave(*arguments: str) -> Iterator[str]:
    """A meter in a process of its own; its URL."""
    command = [sys.executable, "-m", "tests.benchmarks.peers.modbus_slave", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[ModbusBus]:
    """A bus that is closed afterwards."""
    bus = ModbusBus(url)
    try:
        yield bus
    finally:
        await bus.close()


async def readings_per_s(url: str) -> float:
    """Full readings by our driver, as fast as it goes, in the best of some rounds."""
    async with opened(url) as bus:
        meter = ModbusMeter(ABB, bus, 1, time.monotonic)
        await meter.read(deadline_s=DEADLINE_S)
        best = 0.0
        for _ in range(READ_ROUNDS):
            count, begun_s, passed_s = 0, time.perf_counter(), 0.0
            while passed_s < READ_FOR_S:
                await meter.read(deadline_s=DEADLINE_S)
                count += 1
                passed_s = time.perf_counter() - begun_s
            best = max(best, count / passed_s)
        return best


async def cpu_per_read_us(url: str, gap_s: float) -> tuple[float, float]:
    """CPU time of one request with its answer: ours, and pymodbus' own client's after `gap_s`."""
    request = PLAN[-1]
    ours, plain = [], []
    for _ in range(CPU_ROUNDS):
        async with opened(url) as bus:
            unit = bus.unit(1, probes=probes(ABB))
            ours.append(await cpu_us(lambda unit=unit: unit.read(request, until_s=now_s() + DEADLINE_S)))  # type: ignore[misc]
        async with plain_client(url) as client:
            plain.append(await cpu_us(lambda client=client: read_plainly(client, request, gap_s)))  # type: ignore[misc]
    return min(ours), min(plain)


def now_s() -> float:
    """The loop's time."""
    return asyncio.get_running_loop().time()


async def cpu_us(read: Callable[[], Awaitable[object]]) -> float:
    """Microseconds of this process' CPU that one read takes."""
    await read()
    begun_s = time.process_time()
    for _ in range(CPU_READS):
        await read()
    return (time.process_time() - begun_s) / CPU_READS * 1e6


def plain_client(url: str) -> AsyncModbusSerialClient | AsyncModbusTcpClient:
    """pymodbus' own client for a bus."""
    address = parse_url(url)
    if address.device:
        return AsyncModbusSerialClient(address.device, baudrate=address.baudrate)
    return AsyncModbusTcpClient(address.host, port=address.port)


async def read_plainly(
    client: AsyncModbusSerialClient | AsyncModbusTcpClient, request: ReadRequest, gap_s: float
) -> object:
    """One request as pymodbus' own client makes it, `gap_s` after the last one."""
    if gap_s:
        await asyncio.sleep(gap_s)
    answer = await client.read_holding_registers(request.address, count=request.count, device_id=1)
    assert len(answer.registers) == request.count
    return answer
