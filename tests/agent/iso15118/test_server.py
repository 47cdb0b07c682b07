"""The shell over real sockets: a car finds the charger, charges, and leaves it free for the next."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from agent.iso15118 import sdp
from agent.iso15118.secc.events import AnyEvent, PowerWanted, Protocol, SessionOver
from agent.iso15118.secc.snapshot import Snapshot
from agent.iso15118.server import SeccServer
from sim.evcc.discovery import connect, find
from sim.evcc.evcc import charge
from sim.evcc.plan import Plan
from tests.agent.iso15118.stand import DICE, Battery, snapshot

pytestmark = pytest.mark.realtime

PLAN = Plan(offers=(Protocol.ISO_2,), charge_s=0.2, loop_s=0.02)


class Charger:
    """A server whose contactor obeys."""

    def __init__(self, sdp_port: int) -> None:
        self.state: Snapshot = snapshot()
        self.events: list[AnyEvent] = []
        self.server = SeccServer("::1", lambda: self.state, self.tell, lambda: DICE, sdp_port=sdp_port)

    def tell(self, event: AnyEvent) -> None:
        self.events.append(event)
        if isinstance(event, PowerWanted):
            asyncio.get_running_loop().call_soon(self.close, event.on)

    def close(self, on: bool) -> None:
        self.state = replace(self.state, ac=replace(self.state.ac, closed=on))
        self.server.changed()


def free_port() -> int:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.bind(("::1", 0))
        return int(sock.getsockname()[1])


@pytest_asyncio.fixture
async def charger() -> AsyncIterator[Any]:
    port = free_port()
    made = Charger(port)
    task = asyncio.get_running_loop().create_task(made.server.run())
    await made.server.listening.wait()
    yield made, port
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_car_finds_the_charger_and_charges_and_so_does_the_next(charger: Any):
    made, port = charger
    for _ in range(3):
        where = await find(host="::1", port=port)
        assert where.port == made.server.port
        assert 49_152 <= where.port <= 65_535
        assert where.security is sdp.Security.NONE
        report = await charge(await connect(where), PLAN, Battery())
        assert report.ended == "done"
    assert sum(isinstance(one, SessionOver) for one in made.events) == 3


async def test_datagrams_that_are_no_request_are_not_answered(charger: Any):
    made, port = charger
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        for octets in (
            b"",
            b"\x00" * 4,
            b"\x01\xfe\x90\x00\xff\xff\xff\xff",
            b"\x01\xfe\x90\x00\x00\x00\x00\x02\x55\x55",
        ):
            sock.sendto(octets, ("::1", port))
    where = await find(host="::1", port=port)
    assert where.port == made.server.port


@pytest.mark.parametrize(
    "octets", [b"GET / HTTP/1.0\r\n\r\n", b"\x01\xfe\x80\x01\xff\xff\xff\xff", b"\x16\x03\x01\x00\x05"]
)
async def test_a_hostile_connection_is_closed_and_the_next_car_charges(charger: Any, octets: bytes):
    made, port = charger
    reader, writer = await asyncio.open_connection("::1", made.server.port)
    writer.write(octets)
    if len(octets) >= 8:
        async with asyncio.timeout(5):
            assert await reader.read() == b""
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    report = await charge(await connect(await find(host="::1", port=port)), PLAN, Battery())
    assert report.ended == "done"


def test_the_protocols_are_loaded_when_a_car_is_there_and_neither_before_nor_while_it_waits_for_its_first_answer():
    script = (
        "import sys; from agent.iso15118.server import SeccServer\n"
        "from agent.iso15118.secc.events import Protocol\n"
        "names = ('agent.iso15118.secc.iso2', 'agent.iso15118.secc.din')\n"
        "server = SeccServer('::1', None, None, None, spoken=(Protocol.ISO_2,))\n"
        "print([one in sys.modules for one in names]); server.changed(); print([one in sys.modules for one in names])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[False, False]", "[True, False]"]
