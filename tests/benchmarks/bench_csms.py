"""Row 8: TransactionEvents that the bundled CSMS takes from 50 chargers, beside a CSMS on the `ocpp` package.

Ours validates, stores in SQLite and answers when the disk has it; the peer validates and stores nothing. Both are
processes of their own and get the same frames from the same chargers, which send the next when the last is answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import websockets

from agent.ocpp.codec import Version
from agent.ocpp.stamps import to_wire
from tests.benchmarks.bench_codec import transaction_event
from tests.benchmarks.machine import cpu_ms
from tests.benchmarks.table import Row

CONNECTIONS = 50
BEGAN_S = 1_767_225_600.0  # the stamps of each charger count from here
WARM_UP_S = 1.0
OUR_S, THEIR_S = 5.0, 8.0
SEQ_NO = '"seqNo":3'
STAMP = "2026-01-01T00:00:00.000Z"
BOOT = '[2,"boot","BootNotification",{"reason":"PowerUp","chargingStation":{"vendorName":"bench","model":"load"}}]'
OURS = ("-c", "import sys; from csms.cli import command; sys.exit(command(sys.argv[1:]))", "--accept-all", "--json")
OURS += ("--port", "0", "--http-port", "0", "--db")
PEER = ("-m", "tests.benchmarks.peers.ocpp_csms")


class Load(msgspec.Struct, frozen=True):
    """What an event cost a CSMS, in microseconds: wall time with all chargers at once, and CPU time of its process."""

    wall_us: float
    cpu_us: float


def rows() -> Iterator[Row]:
    """Row 8, in microseconds an event."""
    with tempfile.TemporaryDirectory() as folder:
        ours = asyncio.run(loaded(*OURS, str(Path(folder) / "csms.sqlite"), seconds=OUR_S))
    theirs = asyncio.run(loaded(*PEER, seconds=THEIR_S))
    what = f"TransactionEvent with 20 sampled values at a CSMS, {CONNECTIONS} connections"
    peer_name = "a CSMS on the `ocpp` package that stores nothing"
    for kind, our_us, their_us, goal in (
        ("", ours.wall_us, theirs.wall_us, "ratio >= 20"),
        (", CPU", ours.cpu_us, theirs.cpu_us, "-"),
    ):
        yield Row(row=8, what=what + kind, ours=our_us, unit="us", peer=their_us, peer_name=peer_name, goal=goal)


async def loaded(*command: str, seconds: float) -> Load:
    """Start a CSMS, let all chargers send as fast as they get answers, and measure after a while."""
    async with running(*command) as (pid, port):
        sent = itertools.count()
        chargers = [asyncio.create_task(charger(f"CP{number}", port, sent)) for number in range(CONNECTIONS)]
        await asyncio.sleep(WARM_UP_S)
        first, began_s, began_ms = next(sent), time.perf_counter(), cpu_ms(pid)
        done, _ = await asyncio.wait(chargers, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        took_s, took_ms, events = time.perf_counter() - began_s, cpu_ms(pid) - began_ms, next(sent) - first - 1
        for each in done:
            each.result()  # raises what ended it
        for each in chargers:
            each.cancel()
        await asyncio.gather(*chargers, return_exceptions=True)
    return Load(wall_us=took_s / events * 1e6, cpu_us=took_ms / events * 1e3)


async def charger(identity: str, port: int, sent: Iterator[int]) -> None:
    """Boot, then send events for ever; `sent` counts those answered."""
    event = msgspec.json.encode(transaction_event()).decode()
    options = {"subprotocols": [websockets.Subprotocol(Version.V201.value)], "compression": None, "proxy": None}
    async with websockets.connect(f"ws://127.0.0.1:{port}/{identity}", **options) as socket:  # type: ignore[arg-type]
        await socket.send(BOOT)
        await socket.recv()
        for number in itertools.count(1):
            message = event.replace(SEQ_NO, f'"seqNo":{number}').replace(STAMP, to_wire(BEGAN_S + number))
            await socket.send(f'[2,"{number}","TransactionEvent",{message}]')
            answer = await socket.recv()
            assert str(answer).startswith("[3"), answer
            next(sent)


@contextlib.asynccontextmanager
async def running(*command: str) -> AsyncIterator[tuple[int, int]]:
    """A CSMS as a process: its id and its port."""
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE, stderr=DEVNULL)
    try:
        assert process.stdout is not None
        ready = json.loads(await process.stdout.readline())
        yield process.pid, ready["port"]
    finally:
        process.terminate()
        await process.wait()
