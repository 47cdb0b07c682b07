"""The guarded board: every command and every event of a raw board goes through the interlock. SHELL of it.

A command takes four steps: port -> `GuardedEvse.ask` -> `hal.interlock.step` -> the raw board's port.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from hal import interlock, ownership
from hal.board import (
    COMMAND_DEADLINE_S,
    Board,
    Contactor,
    DcSupply,
    Display,
    EvseHardware,
    InsulationMonitor,
    Led,
    Lock,
    Meter,
    OverVoltageMonitor,
    PhaseSwitch,
    Pilot,
    Rcd,
    Wiretap,
)
from hal.commands import (
    AnyCommand,
    Command,
    Permit,
    PilotE,
    PilotF,
    PilotPwm,
    PilotX1,
    SetDc,
    SetDcMode,
    SetLock,
    SignCommand,
    TapBus,
)
from hal.continuity import Follower
from hal.deadline import Deadline
from hal.errors import HalError, HalGoneError, HalRefusedError, HalTimeoutError
from hal.flag import Flag
from hal.modbus.poller import MeterPoller
from hal.ports import CommandPorts, DcPorts, attempt
from hal.renewal import Renewal, withdrawn
from hal.rules import initial
from hal.stream import Stream
from hal.tasks import stop
from hal.turn import Asked, Done, Given, Observed, Pass, Refuse, Report, Tick
from hal.types import (
    BoardInfo,
    CpState,
    DcMode,
    EvseCapabilities,
    FaultCleared,
    FaultKind,
    FaultRaised,
    HalEvent,
    Stamped,
)
from hal.wiretap import Tapped

OFF_RETRY_S: Final = 0.5  # our policy: a board that did not answer is told "off" this often until it does
RELISTEN_S: Final = 1.0  # our policy: a stream of events that broke is opened again after this
VITAL: Final = (Permit, PilotPwm, PilotX1, PilotE, PilotF, SetDcMode)  # one that fails leaves energy or offer in doubt


class Guard:
    """A `Board` that can be trusted with a contactor. `also_close` is awaited after the board is closed.

    `own_process`: no agent runs in this process, so the interlock may own the fastest rules.
    """

    def __init__(
        self, board: Board, *, also_close: Sequence[Callable[[], Awaitable[None]]] = (), own_process: bool = False
    ) -> None:
        self._board = board
        self._own_process = own_process
        self._also_close = also_close
        self._stream = Stream()
        self._guarded = {number: GuardedEvse(raw) for number, raw in board.evses.items()}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def info(self) -> BoardInfo:
        """Identity of the raw board."""
        return replace(self._board.info, guarded=True, own_process=self._own_process)

    @property
    def evses(self) -> Mapping[int, GuardedEvse]:
        """EVSE id to its guarded ports."""
        return self._guarded

    @property
    def stream(self) -> Stream:
        """The station's own stream."""
        return self._stream

    def events(self) -> AsyncIterator[Stamped]:
        """The station's own stream."""
        return self._stream.read()

    def attach_meter(self, evse: int, meter: Meter, poll_s: float) -> None:
        """Give an EVSE this meter, polled every `poll_s` from `start` on. Raises KeyError for an unknown EVSE."""
        self._guarded[evse].attach_meter(meter, poll_s)

    async def start(self) -> None:
        """Start the raw board, then watch it. Raises `OwnershipError`, and what the raw board raises."""
        ownership.check(self.info, (evse.capabilities for evse in self._guarded.values()))
        await self._board.start()
        watches = [self._watch_station(), *(evse.watch() for evse in self._guarded.values())]
        polls = [evse.poll(evse.poller) for evse in self._guarded.values() if evse.poller is not None]
        self._tasks = [asyncio.create_task(one) for one in (*watches, *polls)]

    async def close(self) -> None:
        """Withdraw every permission, then release the raw board and end all streams."""
        for evse in self._guarded.values():
            with contextlib.suppress(HalError):
                await evse.ask(Permit(False, "closing"), COMMAND_DEADLINE_S)
        await stop(self._tasks)
        for evse in self._guarded.values():
            await evse.close()
        await self._board.close()
        for close in self._also_close:
            await close()
        self._stream.end()

    async def _watch_station(self) -> None:
        """What is wrong with the station is wrong with each of its EVSEs."""
        while True:
            detail = "the station's event stream ended"
            try:
                async for stamped in self._board.events():
                    self._stream.publish(stamped.event)
                    if isinstance(stamped.event, FaultRaised | FaultCleared):
                        for evse in self._guarded.values():
                            evse.report(stamped.event)
            except Exception as error:  # noqa: BLE001 - a driver is foreign code; whatever it raises, contactors open
                detail = f"the station's event stream broke: {error!r}"
            for evse in self._guarded.values():
                evse.lost("station", detail)
            await asyncio.sleep(RELISTEN_S)
            for evse in self._guarded.values():
                evse.heard("station")  # a station may have nothing to say


class GuardedEvse:
    """The guarded ports of one EVSE, satisfying `hal.board.EvseHardware`."""

    def __init__(self, raw: EvseHardware) -> None:
        self._raw = raw
        self._ports = CommandPorts(self.ask)
        self._dc = DcPorts(self.ask, present=raw.capabilities.dc is not None)
        self._state = initial(raw.capabilities)
        self._meter: Meter | None = raw.meter
        self._running: dict[asyncio.Task[HalError | None], Command] = {}
        self._renewal = Renewal()
        self._winning_back: asyncio.Task[None] | None = None
        self._deadline = Deadline(lambda: self._step(Tick()))
        self._is_open = Flag()
        self._lost: set[str] = set()
        self.stream = Stream()
        self.poller: MeterPoller | None = None

    @property
    def capabilities(self) -> EvseCapabilities:
        """What this EVSE can do."""
        return self._raw.capabilities

    @property
    def pilot(self) -> Pilot:
        """Control pilot."""
        return self._ports

    @property
    def contactor(self) -> Contactor:
        """Power contactor."""
        return self._ports

    @property
    def lock(self) -> Lock | None:
        """Connector lock."""
        return self._ports if self._raw.lock is not None else None

    @property
    def rcd(self) -> Rcd | None:
        """Residual-current monitor."""
        return self._ports if self._raw.rcd is not None else None

    @property
    def phase_switch(self) -> PhaseSwitch | None:
        """1p/3p switch."""
        return self._ports if self._raw.phase_switch is not None else None

    @property
    def meter(self) -> Meter | None:
        """Energy meter: the attached one, else the board's own."""
        return self._meter

    @property
    def led(self) -> Led | None:
        """Light and beeper."""
        return self._ports if getattr(self._raw, "led", None) is not None else None  # boards older than the port

    @property
    def display(self) -> Display | None:
        """Display."""
        return self._ports if getattr(self._raw, "display", None) is not None else None

    @property
    def dc_supply(self) -> DcSupply | None:
        """DC power supply."""
        return self._dc.supply

    @property
    def insulation(self) -> InsulationMonitor | None:
        """Insulation monitor."""
        return self._dc.insulation

    @property
    def over_voltage(self) -> OverVoltageMonitor | None:
        """Over-voltage monitor."""
        return self._dc.over_voltage

    def events(self) -> AsyncIterator[Stamped]:
        """This EVSE's one ordered stream; it begins with the present state."""
        return self.stream.read()

    def attach_meter(self, meter: Meter, poll_s: float) -> None:
        """Use this meter; its poller's events join the stream."""
        self._meter = meter
        self.poller = MeterPoller(meter, poll_s, self.report, Follower(meter, self.capabilities, self._car_gone))

    def _car_gone(self) -> bool:
        return self._state.cp is not None and self._state.cp.state is CpState.A

    def report(self, event: HalEvent) -> None:
        """Something that the raw board's stream does not carry: a meter's event, a fault of the whole station."""
        self._step(Observed(event, asyncio.get_running_loop().time()))

    def lost(self, stream: str, detail: str) -> None:
        """One of the streams that this EVSE is watched by is gone: no permission without it."""
        self._lost.add(stream)
        self.report(FaultRaised(FaultKind.HAL_LOST, detail))

    def heard(self, stream: str) -> None:
        """A stream is back, or was never gone."""
        if stream in self._lost:
            self._lost.remove(stream)
            if not self._lost:
                self.report(FaultCleared(FaultKind.HAL_LOST))

    @property
    def wiretap(self) -> Wiretap | None:
        """The ear at the meter's bus; None for a meter that is on none."""
        return self._ports if isinstance(self._meter, Tapped) else None

    async def ask(self, command: AnyCommand, deadline_s: float) -> None:
        """Judge a command and carry it out. Raises `HalRefusedError`, `HalTimeoutError`, `HalGoneError`, `HalError`."""
        if isinstance(command, TapBus):
            if isinstance(self._meter, Tapped):
                self._meter.heard = self.stream.publish if command.on else None
            return
        if isinstance(command, SignCommand):
            await self._show(command, deadline_s)
            return
        if command == SetLock(False):
            deadline_s = await self._wait_while_opening(deadline_s)
        answer, passed = self._step(Asked(command), deadline_s)
        if isinstance(answer, Refuse):
            raise HalRefusedError(answer.rule, answer.detail)
        if answer is not None:
            failure = await self._renewal.carry(attempt(self._raw, answer, deadline_s))
            self._judge(answer, failure)
            if failure is not None:
                raise failure
        mine = [task for task, its_command in passed.items() if type(its_command) is type(command)]
        if mine:
            await asyncio.wait(mine)
        for task in mine:
            if task.cancelled():
                raise withdrawn()
            failure = task.result()
            if failure is not None:
                raise failure

    async def _show(self, command: SignCommand, deadline_s: float) -> None:
        """Past the interlock: nothing that a light or a display does, or fails to do, concerns the energy."""
        failure = await attempt(self._raw, command, deadline_s)
        if failure is not None:
            raise failure

    async def watch(self) -> None:
        """Hear the raw board out, for ever. A stream that breaks withdraws the permission."""
        while True:
            detail = "the board's event stream ended"
            try:
                async for stamped in self._raw.events():
                    self.heard("board")
                    self._step(Observed(stamped.event, stamped.mono_s))
            except Exception as error:  # noqa: BLE001 - a driver is foreign code; whatever it raises, the contactor opens
                detail = f"the board's event stream broke: {error!r}"
            self.lost("board", detail)
            await asyncio.sleep(RELISTEN_S)

    async def poll(self, poller: MeterPoller) -> None:
        """Poll the attached meter, for ever."""
        while True:
            try:
                await poller.run()
            except Exception as error:  # noqa: BLE001 - foreign code again; the session has its grace for a dead meter
                self.report(FaultRaised(FaultKind.METER, f"the meter's driver broke: {error!r}"))
            await asyncio.sleep(RELISTEN_S)
            self.report(FaultCleared(FaultKind.METER))

    async def close(self) -> None:
        """Stop timers and tasks, end the stream. The permission is withdrawn before."""
        self._deadline.set(None)
        await stop([*self._running, self._winning_back])
        self.stream.end()

    def _step(
        self, given: Given, deadline_s: float = COMMAND_DEADLINE_S
    ) -> tuple[Refuse | Permit | None, dict[asyncio.Task[HalError | None], Command]]:
        """One step of the interlock, and what it wants done; but a permission that is left to its asker to carry."""
        loop = asyncio.get_running_loop()
        self._state, actions = interlock.step(self._state, given, loop.time())
        answer: Refuse | Permit | None = None
        passed: dict[asyncio.Task[HalError | None], Command] = {}
        for action in actions:
            match action:
                case Pass(Permit(on=True) as command) if self._renewal.may_go(given, self._running.values()):
                    answer = command
                case Pass(command):
                    passed[self._pass(command, deadline_s)] = command
                case Report(event):
                    self.stream.publish(event)
                case Refuse():
                    answer = action
        self._deadline.set(interlock.deadline_s(self._state, loop.time()))
        self._is_open.clear() if self._state.maybe_closed else self._is_open.set()
        return answer, passed

    def _pass(self, command: Command, deadline_s: float) -> asyncio.Task[HalError | None]:
        """Hand a command to the raw board now. "Off" waits for nothing, and ends an "on" that is on its way."""
        if isinstance(command, Permit) and not command.on:
            for task, other in self._running.items():
                if isinstance(other, Permit) and other.on:
                    task.cancel()
            self._renewal.withdraw()
        if command == SetDcMode(DcMode.OFF):
            for task, other in self._running.items():
                if isinstance(other, SetDc | SetDcMode):
                    task.cancel()
        task = asyncio.create_task(self._carry(command, deadline_s))
        self._running[task] = command
        task.add_done_callback(self._running.pop)
        return task

    async def _carry(self, command: Command, deadline_s: float) -> HalError | None:
        failure = await attempt(self._raw, command, deadline_s)
        if not isinstance(command, Permit):  # what became of a permission, the mirror contact tells
            self._step(Done(command, ok=failure is None))
        self._judge(command, failure)
        return failure

    def _judge(self, command: Command, failure: HalError | None) -> None:
        if failure is not None and (isinstance(command, VITAL) or isinstance(failure, HalTimeoutError | HalGoneError)):
            self.report(FaultRaised(FaultKind.BOARD, str(failure)))
            if self._winning_back is None or self._winning_back.done():
                self._winning_back = asyncio.create_task(self._win_back())

    async def _win_back(self) -> None:
        """After a failed command: off, again and again, until the board answers; then the fault is over."""
        off = Permit(False, "the board failed")
        while True:
            if await attempt(self._raw, off, COMMAND_DEADLINE_S) is None:
                break
            await asyncio.sleep(OFF_RETRY_S)
        self.report(FaultCleared(FaultKind.BOARD))

    async def _wait_while_opening(self, deadline_s: float) -> float:
        """An unlock waits for a contactor that is on its way to open; returns the time that is left."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + deadline_s
        if not self._state.permitted:
            await self._is_open.wait(until_s=until_s)
        return until_s - loop.time()
