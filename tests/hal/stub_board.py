"""A raw board that enforces nothing: the contactor follows `permit`, and the test says everything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from hal.commands import AnyCommand, Command, Permit, SetLock
from hal.errors import MeterError
from hal.ownership import by_interlock, owned_by
from hal.ports import CommandPorts
from hal.types import (
    BoardInfo,
    ContactorChanged,
    CpChanged,
    CpReading,
    CpState,
    EvseCapabilities,
    HalEvent,
    LockChanged,
    LockState,
    MeterErrorKind,
    MeterSample,
    Owner,
    PpChanged,
    Rule,
    Stamped,
)
from tests.hal.rig import SOCKET, cp

CLAIMS = by_interlock(0.0) + owned_by(Owner.HARDWARE, 0.0, Rule.RESIDUAL_DC, Rule.RESIDUAL_AC)


class StubStream:
    """Events as the test emits them, after the present state. `end` closes it, or makes it raise."""

    def __init__(self) -> None:
        self.state: dict[type[HalEvent], HalEvent] = {}
        self._queues: list[asyncio.Queue[Stamped | Exception | None]] = []
        self.subscriptions = 0

    def emit(self, event: HalEvent) -> None:
        self.state[type(event)] = event
        for queue in self._queues:
            queue.put_nowait(self._stamped(event))

    def end(self, error: Exception | None = None) -> None:
        for queue in self._queues:
            queue.put_nowait(error)
        self._queues.clear()

    def read(self) -> AsyncIterator[Stamped]:
        self.subscriptions += 1
        queue: asyncio.Queue[Stamped | Exception | None] = asyncio.Queue()
        for event in self.state.values():
            queue.put_nowait(self._stamped(event))
        self._queues.append(queue)
        return self._drain(queue)

    @staticmethod
    async def _drain(queue: asyncio.Queue[Stamped | Exception | None]) -> AsyncIterator[Stamped]:
        while (item := await queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item

    @staticmethod
    def _stamped(event: HalEvent) -> Stamped:
        return Stamped(1, asyncio.get_running_loop().time(), event)  # type: ignore[arg-type]


class StubMeter:
    def __init__(self) -> None:
        self.energy_wh: float | None = 1000.0  # None: it does not answer
        self.bug: Exception | None = None  # of its driver

    async def read(self, *, deadline_s: float = 1.0) -> MeterSample:
        if self.bug is not None:
            raise self.bug
        if self.energy_wh is None:
            raise MeterError(MeterErrorKind.TIMEOUT, f"nothing within {deadline_s:g} s")
        return MeterSample(taken_mono_s=asyncio.get_running_loop().time(), energy_import_wh=self.energy_wh)


class StubEvse:
    """One EVSE. `asked` is every command with its time, `trace` every movement of the contactor: the oracle."""

    def __init__(self, capabilities: EvseCapabilities) -> None:
        self.capabilities = capabilities
        self.pilot = self.contactor = self.lock = self.rcd = self.phase_switch = CommandPorts(self._do)
        self.led = self.display = self.pilot
        self.meter: StubMeter | None = StubMeter()
        self.stream = StubStream()
        self.closed = False
        self.asked: list[tuple[float, Command]] = []
        self.trace: list[tuple[float, bool]] = []
        self.stuck: set[type[Command]] = set()  # commands of these types never come back
        self.error: Exception | None = None  # what every command raises

    def events(self) -> AsyncIterator[Stamped]:
        return self.stream.read()

    def emit(self, event: HalEvent) -> None:
        self.stream.emit(event)

    def car(self, state: CpState) -> float:
        """The car's pilot changes; returns when."""
        self.emit(cp(state))
        return asyncio.get_running_loop().time()

    def begin(self) -> None:
        """As a board comes up: no car, a 32 A cable, unlocked, open."""
        idle = CpReading(CpState.A, 12_000, 12_000)
        for event in (
            CpChanged(idle),
            PpChanged(32.0, 220.0),
            LockChanged(LockState.UNLOCKED),
            ContactorChanged(False),
        ):
            self.emit(event)

    async def _do(self, command: AnyCommand, deadline_s: float) -> None:
        now_s = asyncio.get_running_loop().time()
        self.asked.append((now_s, command))
        if self.error is not None:
            raise self.error
        if type(command) in self.stuck:
            await asyncio.sleep(10 * deadline_s)
        if isinstance(command, SetLock):
            self.emit(LockChanged(LockState.LOCKED if command.locked else LockState.UNLOCKED))
        if isinstance(command, Permit) and command.on != self.closed:
            self.closed = command.on
            self.trace.append((now_s, self.closed))
            self.emit(ContactorChanged(self.closed, len(self.trace)))


class StubBoard:
    def __init__(self, evses: int = 1, capabilities: EvseCapabilities = SOCKET) -> None:
        self.info = BoardInfo("test", "stub", "0", claims=CLAIMS, simulation=True)
        self.evses = {number: StubEvse(capabilities) for number in range(1, evses + 1)}
        self.station = StubStream()
        self.is_closed = False

    def events(self) -> AsyncIterator[Stamped]:
        return self.station.read()

    async def start(self) -> None:
        for evse in self.evses.values():
            evse.begin()

    async def close(self) -> None:
        self.is_closed = True
        for stream in (self.station, *(evse.stream for evse in self.evses.values())):
            stream.end()
