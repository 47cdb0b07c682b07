"""A guarded stub board for tests, in this process or behind a socket, with a client that can be told to fall silent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from hal.board import Board, EvseHardware
from hal.guard import Guard
from hal.host import serve
from hal.remote import RemoteBoard
from hal.types import CpState, HalEvent, Stamped
from tests.hal.rig import DUTY_16A
from tests.hal.stub_board import StubBoard, StubEvse

SOON_S = 1.0  # nothing that is waited for below takes longer, on a busy machine too


async def until(condition: Callable[[], bool], within_s: float = SOON_S) -> None:
    """Wait for something that others bring about. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - the condition is the oracle's, which tells nobody
            await asyncio.sleep(0.005)


class Follower:
    """Collects a stream."""

    def __init__(self, events: AsyncIterator[Stamped]) -> None:
        self.stamped: list[Stamped] = []
        self.ended = False
        self._task = asyncio.create_task(self._follow(events))

    @property
    def events(self) -> list[HalEvent]:
        return [one.event for one in self.stamped]

    async def heard(self, event: HalEvent) -> None:
        await until(lambda: event in self.events)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self, events: AsyncIterator[Stamped]) -> None:
        async for stamped in events:
            self.stamped.append(stamped)
        self.ended = True


class Bench:
    """`raw` is what the contactor really does, `board` what the agent sees of it."""

    def __init__(self, raw: StubBoard, guard: Guard, board: Board) -> None:
        self.raw = raw
        self.guard = guard
        self.board = board
        self._renewals: list[asyncio.Task[None]] = []

    @property
    def stub(self) -> StubEvse:
        return self.raw.evses[1]

    @property
    def evse(self) -> EvseHardware:
        return self.board.evses[1]

    async def offer(self) -> None:
        """A car in B at a locked plug, with 16 A offered."""
        lock = self.evse.lock
        assert lock is not None
        self.stub.car(CpState.B)
        await lock.lock()
        follower = Follower(self.evse.events())
        await until(lambda: any(getattr(event, "state", None) == "locked" for event in follower.events))
        await follower.stop()
        await self.evse.pilot.pwm(DUTY_16A)

    async def charge(self) -> None:
        """A car charges, and the permission is renewed until `fall_silent`."""
        await self.offer()
        self.stub.car(CpState.C)
        await self.evse.contactor.permit(True, "test")
        await until(lambda: self.stub.closed)
        self._renewals.append(asyncio.create_task(self._renew()))

    def fall_silent(self) -> None:
        for task in self._renewals:
            task.cancel()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            with contextlib.suppress(Exception):
                await self.evse.contactor.permit(True, "test")


@contextlib.asynccontextmanager
async def served(guard: Guard, path: Path) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """The guarded board behind a socket; gives what stops the host before its time."""
    ready = asyncio.Event()
    host = asyncio.create_task(serve(guard, path, on_ready=ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait([host, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()

    async def stop() -> None:
        host.cancel()
        await asyncio.gather(host, return_exceptions=True)

    try:
        if host.done():
            host.result()
        yield stop
    finally:
        await stop()


@contextlib.asynccontextmanager
async def bench_of(raw: StubBoard, socket_path: Path | None) -> AsyncIterator[Bench]:
    """A started bench: in this process, or through a socket."""
    guard = Guard(raw)
    for number, evse in raw.evses.items():
        if evse.meter is not None:
            guard.attach_meter(number, evse.meter, poll_s=1.0)
    await guard.start()
    try:
        if socket_path is None:
            bench = Bench(raw, guard, guard)
            yield bench
            bench.fall_silent()
            return
        async with served(guard, socket_path):
            remote = RemoteBoard(socket_path)
            await remote.start()
            bench = Bench(raw, guard, remote)
            try:
                yield bench
            finally:
                bench.fall_silent()
                await remote.close()
    finally:
        await guard.close()
