"""The control socket: who may ask, how it answers, what it tells."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import stat
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent import control
from agent.control import Ask, Client, ControlError, ControlServer, Method, may_control, peer_of
from tests.agent.caller import calling


class Echo(Ask, frozen=True):
    text: str
    times: int = 1


async def echo(ask: Echo, _client: Client) -> str:
    return ask.text * ask.times


async def refuse(_ask: Ask, _client: Client) -> None:
    raise ControlError("the cable is locked")


class Ticks:
    """A method that goes on telling, and knows whether somebody listens."""

    listeners = 0

    async def __call__(self, _ask: Ask, client: Client) -> str:
        client.run(self._tell(client))
        return "listen"

    async def _tell(self, client: Client) -> None:
        self.listeners += 1
        try:
            while True:
                client.tell("tick", {"long": "x" * 100_000})
                await asyncio.sleep(1)
        finally:
            self.listeners -= 1


@asynccontextmanager
async def serving(path: Path, ticks: Ticks | None = None):
    methods = {
        "echo": Method(Echo, echo),
        "refuse": Method(Ask, refuse),
        "ticks": Method(Ask, ticks or Ticks()),
    }
    server = ControlServer(path, methods)
    running = asyncio.create_task(server.run())
    await asyncio.sleep(0.01)
    try:
        yield server
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "agent.sock"


async def test_a_request_is_answered_with_its_id(path):
    async with serving(path), calling(path) as caller:
        answer = await caller.ask("echo", text="ab", times=2)
        assert answer == {"jsonrpc": "2.0", "id": 7, "result": "abab"}


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ('{"jsonrpc":"2.0","id":1,"method":', -32700, "truncated"),
        ('{"jsonrpc":"2.0","id":1}', -32600, "method"),
        ('{"jsonrpc":"1.0","id":1,"method":"echo"}', -32600, "jsonrpc"),
        ('{"id":1,"method":"echo"}', -32600, "jsonrpc"),
        ('[{"jsonrpc":"2.0","id":1,"method":"echo"}]', -32600, "object"),
        ('{"jsonrpc":"2.0","id":1,"method":"echoo"}', -32601, "there are echo, refuse, ticks"),
        ('{"jsonrpc":"2.0","id":1,"method":"echo"}', -32602, "text"),
        ('{"jsonrpc":"2.0","id":1,"method":"echo","params":{"text":1}}', -32602, "$.text"),
        ('{"jsonrpc":"2.0","id":1,"method":"echo","params":{"text":"a","loud":true}}', -32602, "loud"),
        ('{"jsonrpc":"2.0","id":1,"method":"refuse"}', -32000, "the cable is locked"),
        ("[" * 20_000, -32600, "object"),
        (b'{"jsonrpc":"2.0","id":1,"method":"\xff"}', -32700, ""),
    ],
)
async def test_what_is_wrong_with_a_request_is_said_and_the_next_one_is_answered(path, line, code, says):
    async with serving(path), calling(path) as caller:
        answer = await caller.say(line)
        assert answer["error"]["code"] == code
        assert says in answer["error"]["message"]
        assert (await caller.ask("echo", text="still here"))["result"] == "still here"


async def test_a_notification_is_not_answered(path):
    async with serving(path), calling(path) as caller:
        caller.send('{"jsonrpc":"2.0","method":"echo","params":{"text":"a"}}')
        caller.send('{"jsonrpc":"2.0","method":"nonsense"}')
        assert (await caller.ask("echo", text="b"))["result"] == "b"


async def test_a_request_without_an_end_is_refused_and_the_caller_let_go(path):
    async with serving(path), calling(path) as caller:
        answer = await caller.say("x" * (control.REQUEST_MAX_BYTES * 2))
        assert answer["error"]["code"] == -32600
        assert await caller.next() is None


async def test_what_a_caller_asked_to_be_told_ends_when_it_goes(path):
    ticks = Ticks()
    async with serving(path, ticks):
        async with calling(path) as caller:
            await caller.ask("ticks")
            assert (await caller.next())["method"] == "tick"
            assert ticks.listeners == 1
        await asyncio.sleep(0.1)
        assert ticks.listeners == 0


async def test_a_caller_that_reads_no_more_is_let_go(path):
    ticks = Ticks()
    async with serving(path, ticks), calling(path) as caller:
        await caller.ask("ticks")
        caller.reader._transport.pause_reading()
        await asyncio.sleep(60)
        assert ticks.listeners == 0


async def test_only_so_many_callers_at_a_time(path):
    async with serving(path):
        callers = [await asyncio.open_unix_connection(str(path)) for _ in range(control.CLIENTS_MAX)]
        await asyncio.sleep(0.01)
        async with calling(path) as caller:
            assert "connected already" in (await caller.next())["error"]["message"]
            assert await caller.next() is None
        for _, writer in callers:
            writer.close()


# Who may


def test_the_kernel_tells_who_is_at_the_other_end():
    here, there = socket.socketpair(socket.AF_UNIX)
    with here, there:
        user, groups = peer_of(here)
        assert user == os.getuid()
        assert groups >= {os.getgid(), *os.getgroups()}


@pytest.mark.parametrize(
    ("user", "groups", "may"),
    [
        (os.getuid(), frozenset({1}), True),
        (0, frozenset({1}), True),
        (os.getuid() + 1, frozenset({1, 4711}), True),
        (os.getuid() + 1, frozenset({1}), False),
    ],
)
def test_its_own_user_root_and_the_sockets_group_may(user, groups, may):
    assert may_control(user, groups, 4711) is may


async def test_a_stranger_is_refused_in_words(path, monkeypatch):
    monkeypatch.setattr(control, "peer_of", lambda _peer: (os.getuid() + 1, frozenset({os.getgid() + 1})))
    async with serving(path), calling(path) as caller:
        answer = await caller.next()
        assert answer["error"]["code"] == control.FORBIDDEN
        assert "may not control this station" in answer["error"]["message"]
        assert await caller.next() is None


async def test_only_user_and_group_may_connect(path):
    async with serving(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660


# Coming and going


async def test_the_socket_of_an_agent_that_was_killed_is_taken_over(path):
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    async with serving(path), calling(path) as caller:
        assert (await caller.ask("echo", text="alive"))["result"] == "alive"


async def test_a_socket_that_somebody_serves_is_left_alone(path, caplog):
    async with serving(path):
        async with serving(path):
            assert "another process serves it" in caplog.text
        async with calling(path) as caller:
            assert (await caller.ask("echo", text="first"))["result"] == "first"


async def test_a_place_where_nobody_can_listen_is_no_reason_to_end(tmp_path, caplog):
    server = ControlServer(tmp_path / "nowhere" / "agent.sock", {})
    running = asyncio.create_task(server.run())
    await asyncio.sleep(60)
    assert not running.done()
    assert "no control socket" in caplog.text
    running.cancel()


async def test_the_end_of_the_agent_ends_every_call_and_removes_the_socket(path):
    async with serving(path):
        caller = await asyncio.open_unix_connection(str(path))
        await asyncio.sleep(0.01)
    assert await caller[0].readline() == b""
    caller[1].close()
    assert not path.exists()


@pytest.mark.parametrize("seed", range(20))
async def test_no_bytes_whatever_end_the_server(path, seed):
    noise = random.Random(seed).randbytes(500)
    async with serving(path), calling(path) as caller:
        caller.send(noise)
        for _ in range(noise.count(b"\n") + 1):
            assert (await caller.next())["error"]["code"] in {-32700, -32600}
        assert (await caller.ask("echo", text="alive"))["result"] == "alive"
