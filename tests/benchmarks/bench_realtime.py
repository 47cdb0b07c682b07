"""Row 9, the HAL in a process of its own, with real-time priority and without: a car leaves C, the board has to open.

The board is a microcontroller, at the other end of a pty or of a socket (`peers/socket_board.py` says why). What is
timed is the whole of `evse hal serve`: from the instant before the frame with the car's state is written to the instant
at which the frame that withdraws the permission has been read. The microcontroller runs in this process, before
everything else where that is permitted, so that the instrument is not what waits. An agent's part, 40 leases that are
renewed twice a second, comes over the HAL's socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace

from hal.board import LEASE_RENEW_S
from hal.boards import mcu_frames as frames
from hal.boards.mcu_frames import Frame, Kind, McuInfo, McuState, PilotMode, Result
from hal.errors import HalError
from hal.iec61851 import RECLOSE_S
from hal.remote import RemoteBoard
from hal.types import CpReading, CpState
from sim.modbus_server import Pty
from tests.benchmarks.bench_latency import BUSY_PROCESSES, loaded
from tests.benchmarks.peers.socket_board import ENTRY_POINTS
from tests.benchmarks.processes import running
from tests.benchmarks.table import REPORT, Row, UnmeasurableError, median, percentile

EVSES: Final = 40
FOR_S: Final = 60.0
STEP_S: Final = 10.0
DUTY_PCT: Final = 16.0 / 0.6
INSTRUMENT: Final = 20  # its priority, above the HAL's
HAD: Final = ("runs first", "memory locked")  # what `hal.realtime` says when it was given both
GOALS: Final = {"p50": REPORT, "p99": "ours <= 1", "max": "ours <= 10"}
HIGH_MV: Final = {CpState.B: 9000, CpState.C: 6000}
CONFIG: Final = """
[hal]
board = "{board}"
socket = "{folder}/hal.sock"
[hal.options]
device = "{device}"
evses = {evses}
lock = false
proximity = false
"""


class Way(NamedTuple):
    """How the HAL runs, and what runs beside."""

    says: str
    board: str
    arguments: tuple[str, ...]
    busy: int
    for_s: float


PTY, SOCKET = "serial_mcu", "socket_mcu"
REALTIME: Final = ("--realtime",)
WAYS: Final = (
    Way("HAL apart", PTY, (), 0, FOR_S / 4),
    Way("HAL apart, --realtime", PTY, REALTIME, 0, FOR_S / 4),
    Way(f"HAL apart, {BUSY_PROCESSES} busy", PTY, (), BUSY_PROCESSES, FOR_S / 2),
    Way(f"HAL apart, --realtime, {BUSY_PROCESSES} busy", PTY, REALTIME, BUSY_PROCESSES, FOR_S),
    Way(f"HAL apart, --realtime, {BUSY_PROCESSES} busy, no line", SOCKET, REALTIME, BUSY_PROCESSES, FOR_S),
)


def rows() -> Iterator[Row]:
    """Leaving C to the command to open, in each way."""
    for way in WAYS:
        with tempfile.TemporaryDirectory() as folder:
            figures = asyncio.run(measured(Path(folder), way))
        shares = {"p50": median(figures), "p99": percentile(figures, 0.99), "max": max(figures)}
        for name, value in shares.items():
            what = f"car leaves C to opening, {way.says}: {name} of {len(figures)}"
            yield Row(row=9, what=what, ours=value, unit="ms", goal=GOALS[name] if way.arguments else REPORT)


class Microcontroller:
    """Both ends of every frame, with the time. It has no rules: they are the HAL's here."""

    def __init__(self, folder: Path, board: str) -> None:
        self._pty = Pty() if board == PTY else None
        self._fd = -1 if self._pty is None else self._pty.fd
        self.device = str(folder / "mcu.sock") if self._pty is None else self._pty.path
        self._splitter = frames.Splitter()
        self._seq = 0
        self._born_s = time.monotonic()
        self._state = {
            evse: McuState(reading=CpReading(CpState.B, 9000, 9000), closed=False) for evse in range(1, EVSES + 1)
        }
        self._waiting: dict[tuple[int, bool], asyncio.Future[float]] = {}
        self._sockets: list[socket.socket] = []

    def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        if self._pty is not None:
            os.set_blocking(self._fd, False)
            loop.add_reader(self._fd, self._readable)
            return
        self._sockets.append(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        self._sockets[0].bind(self.device)
        self._sockets[0].listen()
        loop.add_reader(self._sockets[0], self._connected)

    def close(self) -> None:
        """Hang up."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._fd)
        for one in self._sockets:
            loop.remove_reader(one)
            one.close()
        if self._pty is not None:
            self._pty.close()

    def _connected(self) -> None:
        self._sockets.append(self._sockets[0].accept()[0])
        self._fd = self._sockets[-1].fileno()
        asyncio.get_running_loop().add_reader(self._fd, self._readable)

    def car(self, evse: int, state: CpState) -> None:
        """The car's state changes."""
        duty_pct = self._state[evse].reading.duty_pct
        low_mv = HIGH_MV[state] if duty_pct is None else -12_000
        self._state[evse] = replace(self._state[evse], reading=CpReading(state, HIGH_MV[state], low_mv, duty_pct))
        self.tell(evse)

    def tell(self, evse: int) -> None:
        """State everything about an EVSE."""
        self._seq = (self._seq + 1) % frames.SEQUENCES
        now = replace(self._state[evse], uptime_ms=round((time.monotonic() - self._born_s) * 1000))
        self._send(Frame(Kind.STATE, evse, self._seq, frames.state(now)))

    def permitted(self, evse: int, on: bool) -> asyncio.Future[float]:
        """When the next command of this kind comes."""
        return self._waiting.setdefault((evse, on), asyncio.get_running_loop().create_future())

    def _send(self, frame: Frame) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has ended, and all is measured
            os.write(self._fd, frames.encode(frame))

    def _readable(self) -> None:
        data = os.read(self._fd, 4096)
        if not data:
            asyncio.get_running_loop().remove_reader(self._fd)
        at_s = time.monotonic()
        for frame in self._splitter.feed(data):
            self._take(frame, at_s)

    def _take(self, frame: Frame, at_s: float) -> None:
        if frame.kind == Kind.HELLO:
            told = McuInfo(frames.VERSION, EVSES, "BENCH", "1.0")
            self._send(Frame(Kind.INFO, 0, frame.seq, frames.info(told)))
            return
        self._send(Frame(Kind.ANSWER, frame.evse, frame.seq, bytes((Result.DONE,))))
        now = self._state[frame.evse]
        if frame.kind == Kind.PILOT:
            mode, duty_pct = frames.read_pilot(frame.payload)
            self._state[frame.evse] = replace(
                now, reading=replace(now.reading, duty_pct=duty_pct if mode is PilotMode.PWM else None)
            )
            self.car(frame.evse, now.reading.state)
        elif frame.kind == Kind.PERMIT:
            on, _ = frames.read_permit(frame.payload)
            waiting = self._waiting.pop((frame.evse, on), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(at_s)
            if now.closed is not on:
                self._state[frame.evse] = replace(now, closed=on)
                self.tell(frame.evse)


async def measured(folder: Path, way: Way) -> list[float]:
    """Milliseconds of every opening. Raises `UnmeasurableError` where the kernel does not give what is asked for."""
    mcu = Microcontroller(folder, way.board)
    mcu.start()
    config = folder / "evse.toml"
    config.write_text(CONFIG.format(folder=folder, board=way.board, device=mcu.device, evses=EVSES))
    installed = folder / "bench-1.dist-info"  # the HAL finds its boards by entry points
    installed.mkdir()
    (installed / "METADATA").write_text("Name: bench\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(ENTRY_POINTS)
    try:
        async with first(), found_in(folder), running("hal", "serve", "--config", str(config), *way.arguments) as said:
            if not all(one.startswith(HAD) for one in said["realtime"]):
                raise UnmeasurableError("; ".join(said["realtime"]))
            board = RemoteBoard(folder / "hal.sock")
            await board.start()
            try:
                async with loaded(way.busy):
                    figures = await openings(mcu, board, way.for_s)
            finally:
                await board.close()
    finally:
        mcu.close()
    return figures


@contextlib.asynccontextmanager
async def first() -> AsyncIterator[None]:
    """This process runs before others, where it may; those that it starts do not."""
    ordinary = os.sched_getscheduler(0), os.sched_getparam(0)
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(INSTRUMENT))
    try:
        yield
    finally:
        os.sched_setscheduler(0, *ordinary)


@contextlib.asynccontextmanager
async def found_in(folder: Path) -> AsyncIterator[None]:
    """Processes that are started now look for packages there, too."""
    was = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(folder), was)))
    try:
        yield
    finally:
        del os.environ["PYTHONPATH"]
        if was is not None:
            os.environ["PYTHONPATH"] = was


async def openings(mcu: Microcontroller, board: RemoteBoard, for_s: float) -> list[float]:
    """Every EVSE goes from C to B and back for so long, each in its own time."""
    rng, figures = random.Random(0), list[float]()
    until_s = time.monotonic() + for_s

    async def life(evse: int) -> None:
        await board.evses[evse].pilot.pwm(DUTY_PCT)
        await asyncio.sleep(rng.uniform(0.0, RECLOSE_S))
        while time.monotonic() < until_s:
            closing = mcu.permitted(evse, True)
            mcu.car(evse, CpState.C)
            await asyncio.wait_for(closing, STEP_S)
            await asyncio.sleep(rng.uniform(0.1, 0.3))
            opening = mcu.permitted(evse, False)
            begun_s = time.monotonic()
            mcu.car(evse, CpState.B)
            figures.append((await asyncio.wait_for(opening, STEP_S) - begun_s) * 1000)
            await asyncio.sleep(RECLOSE_S + rng.uniform(0.1, 0.3))

    async def beat(evse: int) -> None:
        await asyncio.sleep(rng.uniform(0.0, frames.HEARTBEAT_S))  # forty at one instant would be forty in a queue
        while True:
            mcu.tell(evse)
            await asyncio.sleep(frames.HEARTBEAT_S)

    async def renew(evse: int) -> None:
        await asyncio.sleep(rng.uniform(0.0, LEASE_RENEW_S))
        while True:
            with contextlib.suppress(HalError):
                await board.evses[evse].contactor.permit(True, "bench")
            await asyncio.sleep(LEASE_RENEW_S)

    beside = [asyncio.create_task(work(evse)) for evse in board.evses for work in (beat, renew)]
    try:
        await asyncio.gather(*(life(evse) for evse in board.evses))
    except TimeoutError:
        raise UnmeasurableError(f"a contactor was not told anything within {STEP_S:g} s") from None
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
    return figures
