"""A HAL in its own process: who may connect, and what happens when either side dies, stops or returns."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hal import frames
from hal.commands import Permit, PilotX1
from hal.errors import HalError, HalGoneError, HalTimeoutError
from hal.guard import Guard
from hal.remote import RemoteBoard
from hal.types import CpState, FaultCleared, FaultKind, FaultRaised
from tests.hal.bench import Bench, Follower, bench_of, served, until
from tests.hal.stub_board import StubBoard

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hal.sock"


@pytest.fixture
async def bench(path: Path) -> AsyncIterator[Bench]:
    async with bench_of(StubBoard(), path) as started:
        yield started


async def connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_unix_connection(path)


async def answer(reader: asyncio.StreamReader) -> frames.FromHost:
    return frames.FROM_HOST.decode(await frames.payload(reader))


# Who may connect


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_only_the_owner_may_open_the_socket(bench: Bench, path: Path):
    assert bench.board.info.guarded
    assert mode(path) == 0o600


async def test_a_second_client_is_refused_and_does_not_disturb_the_first(bench: Bench, path: Path):
    await bench.charge()
    second = RemoteBoard(path, start_s=1.0)
    with pytest.raises(HalGoneError, match="another client is connected"):
        await second.start()
    await asyncio.sleep(3.0)
    assert bench.stub.closed


async def test_a_client_of_another_protocol_version_is_refused(path: Path):
    guard = Guard(StubBoard())
    await guard.start()
    async with served(guard, path):
        reader, writer = await connect(path)
        writer.write(frames.frame(frames.Hello(frames.PROTOCOL + 1)))
        assert isinstance(await answer(reader), frames.Rejected)
        writer.close()
    await guard.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x01\xc1",
        frames.frame(frames.Hello(frames.PROTOCOL)) * 2,
        frames.frame(frames.Hello(frames.PROTOCOL)) + b"\x00\x00\x00\x05hello",
    ],
    ids=["length", "msgpack", "hello twice", "no frame"],
)
async def test_a_client_that_breaks_the_protocol_is_dropped_and_the_next_one_served(path: Path, sent: bytes):
    guard = Guard(StubBoard())
    await guard.start()
    async with served(guard, path):
        reader, writer = await connect(path)
        writer.write(sent)
        async with asyncio.timeout(3.0):
            await reader.read()
        writer.close()
        board = RemoteBoard(path)
        await board.start()
        await board.close()
    await guard.close()


async def test_a_client_that_never_says_hello_does_not_keep_the_place(path: Path):
    guard = Guard(StubBoard())
    await guard.start()
    async with served(guard, path):
        _, writer = await connect(path)
        board = RemoteBoard(path, start_s=5.0)
        await board.start()
        await board.close()
        writer.close()
    await guard.close()


async def test_a_path_that_is_served_already_is_left_alone(bench: Bench, path: Path):
    with pytest.raises(HalError, match="another process serves"):
        async with served(bench.guard, path):
            pass
    await bench.evse.pilot.x1()


async def test_the_socket_of_a_dead_host_is_replaced(path: Path):
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    guard = Guard(StubBoard())
    await guard.start()
    async with served(guard, path):
        board = RemoteBoard(path)
        await board.start()
        await board.close()
    await guard.close()


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A path that every user may walk to."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "hal.sock"


CONNECT_AND_READ = """
import socket, sys
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
sys.stdout.buffer.write(client.recv(999))
"""


@pytest.mark.realtime
@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
async def test_another_user_is_refused_even_where_the_file_lets_him(open_path: Path):
    guard = Guard(StubBoard())
    await guard.start()
    async with served(guard, open_path):
        os.chmod(open_path, 0o666)  # noqa: PTH101, S103 - that is the point
        nobody = await asyncio.create_subprocess_exec(
            "/usr/bin/env", "python3", "-c", CONNECT_AND_READ, open_path, stdout=asyncio.subprocess.PIPE, user=65534
        )
        said, _ = await nobody.communicate()
    await guard.close()
    assert frames.FROM_HOST.decode(said[frames.LENGTH_BYTES :]) == frames.Rejected(
        "user 65534 may not control this hardware"
    )


# When the client goes


async def test_when_the_client_goes_the_contactor_opens_at_once(bench: Bench):
    await bench.charge()
    bench.fall_silent()
    gone_s = asyncio.get_running_loop().time()
    assert isinstance(bench.board, RemoteBoard)
    await bench.board.close()
    await until(lambda: not bench.stub.closed)
    assert bench.stub.trace[-1][0] - gone_s < 0.1


async def test_a_permission_that_lay_too_long_on_its_way_is_void(path: Path):
    raw = StubBoard()
    guard = Guard(raw)
    await guard.start()
    async with served(guard, path):
        reader, writer = await connect(path)
        writer.write(frames.frame(frames.Hello(frames.PROTOCOL)))
        now_s = asyncio.get_running_loop().time()
        writer.write(frames.frame(frames.Ask(1, 1, PilotX1(), until_s=now_s - 0.1)))
        writer.write(frames.frame(frames.Ask(2, 1, Permit(False, "late"), until_s=now_s - 0.1)))
        answers = {}
        while len(answers) < 2:
            message = await answer(reader)
            if isinstance(message, frames.Failed | frames.Carried):
                answers[message.id] = message
        writer.close()
    assert isinstance(answers[1], frames.Failed)
    assert answers[1].error == "timeout"
    assert answers[2] == frames.Carried(2)
    assert PilotX1() not in [command for _, command in raw.evses[1].asked]
    await guard.close()


async def test_a_client_that_reads_nothing_is_dropped_before_it_fills_the_memory(path: Path):
    raw = StubBoard()
    guard = Guard(raw)
    await guard.start()
    async with served(guard, path):
        _, writer = await connect(path)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(frames.frame(frames.Hello(frames.PROTOCOL)))
        await asyncio.sleep(0.1)
        for turn in range(300):
            raw.evses[1].emit(FaultRaised(FaultKind.DOOR, "x" * 10_000))
            raw.evses[1].emit(FaultCleared(FaultKind.DOOR))
            if turn % 10 == 0:
                await asyncio.sleep(0.01)
        board = RemoteBoard(path)
        await board.start()
        await board.close()
        writer.transport.abort()
    await guard.close()


async def client_process(path: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.hal.remote_client", str(path), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )


async def charging_by(client: asyncio.subprocess.Process, raw: StubBoard, guard: Guard) -> None:
    """A car that charges under the permission of another process."""
    assert client.stdout is not None
    await client.stdout.readline()
    bench = Bench(raw, guard, guard)
    await bench.offer()
    bench.stub.car(CpState.C)
    await until(lambda: bench.stub.closed, within_s=3.0)


@pytest.mark.realtime
@pytest.mark.parametrize(
    ("how", "earliest_s", "latest_s"),
    [(signal.SIGSTOP, 1.4, 2.3), (signal.SIGKILL, 0.0, 0.3)],
    ids=["stopped", "killed"],
)
async def test_a_client_process_that_is_stopped_or_killed_loses_the_contactor(
    path: Path, how: signal.Signals, earliest_s: float, latest_s: float
):
    raw = StubBoard()
    guard = Guard(raw)
    await guard.start()
    async with served(guard, path):
        client = await client_process(path)
        try:
            await charging_by(client, raw, guard)
            await asyncio.sleep(1.0)
            struck_s = asyncio.get_running_loop().time()
            client.send_signal(how)
            await until(lambda: not raw.evses[1].closed, within_s=4.0)
        finally:
            with contextlib.suppress(ProcessLookupError):
                client.kill()
            await client.wait()
    assert earliest_s <= raw.evses[1].trace[-1][0] - struck_s <= latest_s
    await guard.close()


# When the host goes


async def test_while_the_host_is_away_commands_fail_and_the_streams_say_so(path: Path):
    raw = StubBoard()
    guard = Guard(raw)
    await guard.start()
    board = RemoteBoard(path)
    async with served(guard, path) as stop:
        await board.start()
        follower = Follower(board.evses[1].events())
        raw.evses[1].emit(FaultRaised(FaultKind.DOOR, "open"))
        await follower.heard(FaultRaised(FaultKind.DOOR, "open"))
        await stop()
        await until(lambda: any(isinstance(e, FaultRaised) and e.fault is FaultKind.HAL_LOST for e in follower.events))
        with pytest.raises(HalGoneError):
            await board.evses[1].pilot.x1()
    raw.evses[1].emit(FaultCleared(FaultKind.DOOR))
    raw.evses[1].car(CpState.B)
    await asyncio.sleep(2.0)
    before = len(follower.events)
    async with served(guard, path):
        await follower.heard(FaultCleared(FaultKind.HAL_LOST))
        assert FaultCleared(FaultKind.DOOR) in follower.events[before:]  # it ended while nobody listened
        assert "CpChanged" in [type(event).__name__ for event in follower.events[before:]]
        await board.evses[1].pilot.x1()
        assert [one.seq for one in follower.stamped] == list(range(1, len(follower.stamped) + 1))
        await board.close()
    await follower.stop()
    await guard.close()


async def test_a_command_that_waits_while_the_host_dies_fails_at_once(path: Path):
    raw = StubBoard()
    raw.evses[1].stuck = {PilotX1}
    guard = Guard(raw)
    await guard.start()
    board = RemoteBoard(path)
    async with served(guard, path) as stop:
        await board.start()
        asking = asyncio.create_task(board.evses[1].pilot.x1(deadline_s=5.0))
        await until(lambda: PilotX1() in [command for _, command in raw.evses[1].asked])
        await stop()
        with pytest.raises(HalGoneError):
            await asking
    await board.close()
    await guard.close()


async def test_a_board_that_never_had_a_host_says_what_to_do(path: Path):
    board = RemoteBoard(path, start_s=0.5)
    with pytest.raises(HalGoneError, match="evse hal serve"):
        await board.start()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    written = tmp_path / "evse.toml"
    written.write_text('[hal]\nboard = "sim"\n[hal.options]\nevses = 2\n', encoding="utf-8")
    return written


@contextlib.asynccontextmanager
async def host_process(path: Path, config: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    start = "import sys; from hal.cli import command; sys.exit(command(sys.argv[1:]))"
    arguments = ("serve", "--config", str(config), "--socket", str(path), "--json")
    host = await asyncio.create_subprocess_exec(
        sys.executable, "-c", start, *arguments, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    try:
        yield host
    finally:
        with contextlib.suppress(ProcessLookupError):
            host.kill()
        await host.wait()


@pytest.mark.realtime
async def test_a_host_process_serves_stops_for_a_while_and_ends_with_a_signal(path: Path, config: Path):
    async with host_process(path, config) as host:
        assert host.stdout is not None
        ready = json.loads(await host.stdout.readline())
        assert ready["evses"] == [1, 2]
        assert ready["board"]["guarded"] is True
        board = RemoteBoard(path)
        await board.start()
        follower = Follower(board.evses[1].events())
        host.send_signal(signal.SIGSTOP)
        with pytest.raises(HalTimeoutError):
            await board.evses[1].pilot.x1(deadline_s=0.2)
        await until(lambda: any(isinstance(e, FaultRaised) and e.fault is FaultKind.HAL_LOST for e in follower.events))
        host.send_signal(signal.SIGCONT)
        await until(lambda: FaultCleared(FaultKind.HAL_LOST) in follower.events, within_s=5.0)
        await board.evses[1].pilot.x1()
        host.send_signal(signal.SIGTERM)
        assert await host.wait() == 0
        await follower.stop()
        await board.close()
