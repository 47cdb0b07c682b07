"""Row 9 and the way from plug to contactor: how soon a change of the control pilot reaches the raw board's contactor.

In real time the board is a stub, so that what is timed is the software alone: from the instant at which the stub emits
the pilot's change to the instant at which it is told to close or to open. Closing takes the whole way (interlock,
agent, a durable record, agent, interlock), opening only the interlock. Neither has real-time priority here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import sys
import tempfile
import uuid
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from agent.config import load
from agent.main import build
from agent.runtime.clock import LoopClock
from hal.commands import Command, Permit, PilotPwm, PilotX1
from hal.guard import Guard
from hal.host import serve
from hal.iec61851 import CLOSE_WITHIN_S, RECLOSE_S
from hal.types import CpState, EvseCapabilities, TokenPresented
from sim.time import run_virtual
from tests.benchmarks.processes import running
from tests.benchmarks.table import Row, UnmeasurableError, median, percentile
from tests.hal.stub_board import StubBoard, StubEvse
from tests.journeys.place import place

EVSES: Final = 40  # one closes again only seconds after it opened, so many take turns
CYCLES: Final = 3  # of each
POLL_S: Final = 0.5
BOOT_S: Final = 3.0  # the CSMS has accepted the agent by then
STEP_S: Final = 20.0  # no wait below takes longer, under load too
PAUSE_S: Final = RECLOSE_S + 0.2  # before that the interlock closes no contactor again
BUSY_PROCESSES: Final = 4
CLOSED: Final = (True, True, True)
CAPABILITIES: Final = EvseCapabilities(max_current_a=32.0)  # a tethered cable: nothing to lock
CONFIG: Final = """
schema_version = 1
[station]
identity = "BENCH-1"
vendor = "evse-agent"
model = "Benchmark"
[ocpp]
url = "{url}"
versions = ["2.0.1"]
security_profile = 0
allow_plain_text = true
[hal]
socket = "{folder}/hal.sock"
[state]
dir = "{folder}/state"
"""
SPIN: Final = "while True: sum(range(10000))"


class Times(NamedTuple):
    """Milliseconds, one figure for each closing and opening."""

    close_ms: list[float]
    open_ms: list[float]


def rows() -> Iterator[Row]:
    """In virtual time against the standard's limit, then in real time, reported."""
    command_s, closed_s = run_virtual(virtual())
    limit = f"ours <= {CLOSE_WITHIN_S:g}"
    what = "car asks (CP C) to contactor {}, virtual time, simulated hardware"
    yield Row(row=9, what=what.format("command"), ours=command_s, unit="s", goal=limit)
    yield Row(row=9, what=what.format("closed"), ours=closed_s, unit="s", goal=limit)
    for where, way, busy in (
        ("one process", in_process, 0),
        ("HAL over its socket", over_socket, 0),
        (f"one process, {BUSY_PROCESSES} busy processes beside", in_process, BUSY_PROCESSES),
    ):
        with tempfile.TemporaryDirectory() as folder:
            times = asyncio.run(measured(Path(folder), way, busy))
        for what, figures in (("car asks to permission", times.close_ms), ("unplugged to opening", times.open_ms)):
            shares = {"p50": median(figures), "p99": percentile(figures, 0.99), "max": max(figures)}
            for name, value in shares.items():
                yield Row(row=9, what=f"{what}, {where}: {name} of {len(figures)}", ours=value, unit="ms")


async def virtual() -> tuple[float, float]:
    """Seconds from the pilot's C to the command, and to the closed contactor."""
    with tempfile.TemporaryDirectory() as folder:
        async with place(Path(folder)) as here:
            here.plug_in()
            await asyncio.sleep(2.0)
            here.tap()
            await asyncio.sleep(10.0)
            asked_s, permitted_s, closed_s = (
                next(one.at_s for one in here.board.trace if (one.what, one.value) == entry)
                for entry in (("cp", "C"), ("permit", True), ("contactor", CLOSED))
            )
            return permitted_s - asked_s, closed_s - asked_s


async def measured(
    folder: Path, way: Callable[[Path, Guard], contextlib.AbstractAsyncContextManager[None]], busy: int
) -> Times:
    """Cycles on every EVSE, spread in time, with so many busy processes beside."""
    logging.disable(logging.WARNING)  # cables that are torn out, and clients that go, are what is wanted here
    async with running("csms", "--port", "0", "--accept-all", "--token", "BENCH") as csms:
        config = folder / "evse.toml"
        config.write_text(
            CONFIG.format(url=csms["url"], folder=folder) + "".join(map("[[evse]]\nid = {}\n".format, evses()))
        )
        raw = StubBoard(EVSES, CAPABILITIES)
        guard = Guard(raw)
        for number, evse in raw.evses.items():
            assert evse.meter is not None
            guard.attach_meter(number, evse.meter, POLL_S)
        await guard.start()
        try:
            async with way(config, guard):
                await asyncio.sleep(BOOT_S)
                async with loaded(busy):
                    times = await cycles(raw)
        finally:
            await guard.close()
    logging.disable(logging.NOTSET)
    return times


def evses() -> range:
    """Ids."""
    return range(1, EVSES + 1)


@contextlib.asynccontextmanager
async def in_process(config: Path, guard: Guard) -> AsyncIterator[None]:
    """The agent beside the interlock, in this event loop."""
    agent = build(load(config), guard, LoopClock(), lambda: str(uuid.uuid4()))
    running = asyncio.create_task(agent.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])


@contextlib.asynccontextmanager
async def over_socket(config: Path, guard: Guard) -> AsyncIterator[None]:
    """The agent in a process of its own, as `evse run`."""
    ready = asyncio.Event()
    serving = asyncio.create_task(serve(guard, Path(f"{config.parent}/hal.sock"), on_ready=ready.set))
    await ready.wait()
    try:
        async with running("run", "--config", str(config)):
            yield
    finally:
        serving.cancel()
        await asyncio.wait([serving])


@contextlib.asynccontextmanager
async def loaded(busy: int) -> AsyncIterator[None]:
    """So many processes that want a core for themselves."""
    spinning = [await asyncio.create_subprocess_exec(sys.executable, "-c", SPIN, stdout=DEVNULL) for _ in range(busy)]
    try:
        yield
    finally:
        for one in spinning:
            one.kill()
            await one.wait()


async def cycles(raw: StubBoard) -> Times:
    """Every EVSE goes through its cycles, the first ones spread over the spacing."""
    rng, times = random.Random(0), Times([], [])

    async def life(number: int, evse: StubEvse) -> None:
        await asyncio.sleep(number / EVSES * PAUSE_S)
        for _ in range(CYCLES):
            await cycle(evse, rng, times)
            await asyncio.sleep(PAUSE_S)

    await asyncio.gather(*(life(number, evse) for number, evse in raw.evses.items()))
    return times


async def cycle(evse: StubEvse, rng: random.Random, times: Times) -> None:
    """Plug, tap, the car asks, the contactor closes, the cable is torn out, the contactor opens, all is over."""
    since = len(evse.asked)
    evse.car(CpState.B)
    evse.emit(TokenPresented("BENCH", "ISO14443", "reader"))
    await asked(evse, PilotPwm, since)
    await asyncio.sleep(rng.uniform(0.05, 0.15))
    for state, on, figures in ((CpState.C, True, times.close_ms), (CpState.A, False, times.open_ms)):
        since = len(evse.asked)
        begin_s = evse.car(state)
        at_s = await asked(evse, Permit, since, on=on)
        figures.append((at_s - begin_s) * 1000)
        await asyncio.sleep(rng.uniform(0.05, 0.15))
    await asked(evse, PilotX1, since)


async def asked(evse: StubEvse, kind: type[Command], since: int, *, on: bool | None = None) -> float:
    """When a command of this kind first came after so many others."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STEP_S):
            while True:
                for at_s, command in evse.asked[since:]:
                    if isinstance(command, kind) and (on is None or getattr(command, "on", None) is on):
                        return at_s
                await asyncio.sleep(0.01)  # the stub keeps the time; when it is looked at does not matter
    raise UnmeasurableError(f"no {kind.__name__} within {STEP_S:g} s; the board was asked {evse.asked[since:]}")
