"""Loopback sockets under a kernel that shows everything late: the clock waits for what was sent."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from selectors import PollSelector
from typing import Any

import pytest

from sim.time import StallError, VirtualLoop, run_virtual


class LateSelector(PollSelector):
    """A kernel that shows what is ready only at the fourth look, or later for the files in `looks_needed`."""

    def __init__(self) -> None:
        super().__init__()
        self.looks_needed: dict[int, int] = {}
        self._looks: dict[int, int] = {}

    def select(self, timeout: float | None = None) -> list[Any]:
        events = super().select(timeout)
        self._looks = {key.fd: self._looks.get(key.fd, 0) + 1 for key, _ in events}
        return [(key, mask) for key, mask in events if self._looks[key.fd] >= self.looks_needed.get(key.fd, 4)]


@pytest.fixture(autouse=True)
def _late_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selectors.PollSelector", LateSelector)


async def tick_often() -> None:
    """Gives the clock somewhere to jump to."""
    while True:  # noqa: ASYNC110  time is what passes
        await asyncio.sleep(0.001)


def delay(thing: asyncio.Server | asyncio.StreamWriter) -> None:
    """Show what concerns it later than all else."""
    sock = thing.sockets[0] if isinstance(thing, asyncio.Server) else thing.get_extra_info("socket")
    asyncio.get_running_loop()._selector.looks_needed[sock.fileno()] = 200


def now_s() -> float:
    return asyncio.get_running_loop().time()


def run(main: Any) -> Any:
    async def with_ticks() -> Any:
        ticking = asyncio.create_task(tick_often())
        try:
            return await main
        finally:
            ticking.cancel()

    return run_virtual(with_ticks(), transport="sockets")


def test_a_connection_is_made_accepted_and_ended_in_the_instants_in_which_that_was_asked():
    async def main() -> list[float]:
        seen = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append(now_s())
            assert await reader.read() == b""
            seen.append(now_s())
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            delay(server)
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            seen.append(now_s())
            await asyncio.sleep(5)
            writer.close()
            await asyncio.sleep(5)
        return sorted(seen)

    assert run(main()) == [0.0, 0.0, 5.0]


def test_a_half_close_is_seen_in_its_instant():
    async def main() -> float:
        ended = asyncio.get_running_loop().create_future()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            ended.set_result(now_s())
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            await asyncio.sleep(2)
            writer.write_eof()
            ended_s = await ended
            writer.close()
            await asyncio.sleep(1)
            return ended_s

    assert run(main()) == 2.0


def test_every_byte_arrives_in_the_instant_in_which_it_was_sent():
    async def main() -> list[tuple[bytes, float]]:
        seen = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while line := await reader.readline():
                seen.append((line, now_s()))
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            for second in range(3):
                writer.write(b"%d\n" % second)
                await asyncio.sleep(1)
            writer.close()
            await asyncio.sleep(1)
        return seen

    assert run(main()) == [(b"0\n", 0.0), (b"1\n", 1.0), (b"2\n", 2.0)]


def test_a_large_transfer_takes_no_virtual_time():
    size = 8 * 1024 * 1024

    async def main() -> tuple[int, float]:
        async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            delay(writer)
            writer.write(bytes(size))
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            received = len(await reader.read())
            received_s = now_s()
            writer.close()
            await asyncio.sleep(1)
            return received, received_s

    assert run(main()) == (size, 0.0)


def test_a_connection_to_a_listener_that_is_not_the_loop_s_takes_no_virtual_time():
    async def main() -> float:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            _, writer = await asyncio.open_connection(*listener.getsockname())
            connected_s = now_s()
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            return connected_s

    assert run(main()) == 0.0


def test_a_connection_that_never_comes_about_is_named_after_the_stall_limit():
    class NeverSelector(PollSelector):
        def select(self, timeout: float | None = None) -> list[Any]:
            super().select(0 if timeout is None else min(timeout, 0.01))
            return []

    loop = VirtualLoop("sockets", stall_limit_s=0.05)
    loop._selector, kept = NeverSelector(), loop._selector
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with pytest.raises(StallError, match=r"waiting for: a connection to \('127\.0\.0\.1', \d+\)"):
            loop.run_until_complete(asyncio.wait_for(asyncio.open_connection(*listener.getsockname()), 5))
        loop._selector = kept
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
