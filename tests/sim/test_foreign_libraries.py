"""Production libraries, unchanged, on the virtual clock."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.client.base import ModbusBaseClient
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from websockets.asyncio.client import connect, unix_connect
from websockets.asyncio.server import ServerConnection, serve, unix_serve
from websockets.exceptions import ConnectionClosed, ConnectionClosedError

from sim.time import run_virtual

EIGHT_HOURS_S = 8 * 3600.0
REGISTERS = list(range(40))

METER = SimDevice(id=1, simdata=[SimData(0, values=REGISTERS, datatype=DataType.REGISTERS)])


@pytest.fixture(params=["memory", "sockets"])
def transport(request: pytest.FixtureRequest) -> str:
    return request.param


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def echo(websocket: ServerConnection) -> None:
    async for message in websocket:
        await websocket.send(message)


async def talk_across(idle_s: float) -> list[tuple[Any, float]]:
    seen = []
    async with serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}", proxy=None) as websocket:
            for text in ("before", "after"):
                await websocket.send(text)
                seen.append((await websocket.recv(), now_s()))
                await asyncio.sleep(idle_s)
    return [*seen, ("closed", now_s())]


def test_a_websocket_lives_through_eight_idle_hours_of_keepalive(transport):
    seen = run_virtual(talk_across(EIGHT_HOURS_S), transport=transport)
    assert seen == [("before", 0.0), ("after", EIGHT_HOURS_S), ("closed", 2 * EIGHT_HOURS_S)]


def test_a_dead_csms_is_noticed_when_its_pong_is_overdue(transport):
    async def main() -> float:
        async with serve(deaf, "127.0.0.1", 0, close_timeout=0.1) as server:
            port = server.sockets[0].getsockname()[1]
            async with connect(
                f"ws://127.0.0.1:{port}", proxy=None, ping_interval=20, ping_timeout=7, close_timeout=3
            ) as websocket:
                with pytest.raises(ConnectionClosedError):
                    await websocket.recv()
                return now_s()

    async def deaf(websocket: ServerConnection) -> None:
        websocket.transport.pause_reading()
        await asyncio.sleep(100)

    assert run_virtual(main(), transport=transport) == pytest.approx(30, abs=0.01)


def test_a_websocket_on_a_unix_socket(transport, tmp_path):
    async def main() -> tuple[Any, float]:
        path = str(tmp_path / "s")
        async with unix_serve(echo, path), unix_connect(path) as websocket:
            await asyncio.sleep(3600)
            await websocket.send("x")
            return await websocket.recv(), now_s()

    assert run_virtual(main(), transport=transport) == ("x", 3600.0)


async def poll(client: ModbusBaseClient, times: int) -> list[float]:
    """Read 40 registers once a second; when each answer came."""
    answered_s = []
    for _ in range(times):
        answer = await client.read_holding_registers(0, count=40, device_id=1)
        assert answer.registers == REGISTERS
        answered_s.append(now_s())
        await asyncio.sleep(1)
    return answered_s


def test_a_modbus_tcp_meter_answers_each_poll_in_its_instant(transport):
    async def main() -> list[float]:
        server = ModbusTcpServer(METER, address=("127.0.0.1", 0))
        await server.serve_forever(background=True)
        port = server.transport.sockets[0].getsockname()[1]
        client = AsyncModbusTcpClient("127.0.0.1", port=port)
        assert await client.connect()
        answered_s = await poll(client, 300)
        client.close()
        await server.shutdown()
        return answered_s

    assert run_virtual(main(), transport=transport) == [float(second) for second in range(300)]


def test_a_silent_modbus_meter_times_out_in_virtual_time(transport):
    async def main() -> float:
        async with await asyncio.start_server(ignore, "127.0.0.1", 0) as server:
            client = AsyncModbusTcpClient(
                "127.0.0.1", port=server.sockets[0].getsockname()[1], timeout=3, retries=0, reconnect_delay=0
            )
            assert await client.connect()
            with pytest.raises(Exception, match="No response"):
                await client.read_holding_registers(0, count=1, device_id=1)
            gave_up_s = now_s()
            client.close()
            await asyncio.sleep(1)
            return gave_up_s

    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    assert run_virtual(main(), transport=transport) == 3.0


@contextmanager
def serial_cable() -> Iterator[tuple[str, str]]:
    """Two serial ports joined by the running loop; their device paths."""
    loop = asyncio.get_running_loop()
    ends = [os.openpty() for _ in range(2)]
    for end in ends:
        tty.setraw(end[1])
    (left, _), (right, _) = ends
    loop.add_reader(left, lambda: os.write(right, os.read(left, 1024)))
    loop.add_reader(right, lambda: os.write(left, os.read(right, 1024)))
    try:
        yield os.ttyname(ends[0][1]), os.ttyname(ends[1][1])
    finally:
        loop.remove_reader(left)
        loop.remove_reader(right)
        for fd in (fd for end in ends for fd in end):
            os.close(fd)


def test_a_modbus_rtu_meter_on_a_pty_answers_each_poll_in_its_instant():
    async def main() -> list[float]:
        with serial_cable() as (client_port, server_port):
            server = ModbusSerialServer(METER, port=server_port, baudrate=9600)
            await server.serve_forever(background=True)
            client = AsyncModbusSerialClient(client_port, baudrate=9600)
            assert await client.connect()
            answered_s = await poll(client, 300)
            client.close()
            await server.shutdown()
            return answered_s

    assert run_virtual(main()) == [float(second) for second in range(300)]


async def charger_and_csms(log: list[str]) -> None:
    """A station that reconnects with random back-off, a CSMS that hangs up at random, a polled meter, a database."""

    def note(what: object) -> None:
        log.append(f"{now_s():.9f} {what}")

    async def hang_up_at_random(websocket: ServerConnection) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(random.uniform(1, 30)):
                await echo(websocket)
        note("csms hangs up")

    async def station(url: str) -> None:
        async for websocket in connect(url, proxy=None):
            note("station is online")
            try:
                for number in itertools.count():
                    await websocket.send(f"call {number}")
                    note(await websocket.recv())
                    await asyncio.to_thread(time.sleep, random.SystemRandom().random() / 1000)
                    note("durable")
                    await asyncio.sleep(random.uniform(0, 3))
            except ConnectionClosed as closed:
                note(closed)
                await asyncio.sleep(random.uniform(0, 3))

    meter = ModbusTcpServer(METER, address=("127.0.0.1", 0))
    await meter.serve_forever(background=True)
    client = AsyncModbusTcpClient("127.0.0.1", port=meter.transport.sockets[0].getsockname()[1])
    await client.connect()
    async with serve(hang_up_at_random, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        online = asyncio.create_task(station(f"ws://127.0.0.1:{port}"))
        log.extend(f"{answered_s} meter" for answered_s in await poll(client, 120))
        online.cancel()
        with suppress(asyncio.CancelledError):
            await online
    client.close()
    await meter.shutdown()
    note("over")


def test_twenty_runs_of_a_charger_and_its_csms_give_one_log(transport):
    logs = []
    for _ in range(20):
        logs.append([])
        run_virtual(charger_and_csms(logs[-1]), seed=3, transport=transport)
    assert sum("csms hangs up" in line for line in logs[0]) > 3
    assert all(log == logs[0] for log in logs)


def test_another_seed_gives_another_log():
    logs: list[list[str]] = [[], []]
    for seed, log in enumerate(logs):
        run_virtual(charger_and_csms(log), seed=seed)
    assert logs[0] != logs[1]
