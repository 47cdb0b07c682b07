"""The client of a HAL in its own process: the same ports over a Unix socket, connected again when the host returns."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from hal import frames
from hal.board import (
    COMMAND_DEADLINE_S,
    SIGNING_DEADLINE_S,
    STATION,
    Contactor,
    DcSupply,
    Display,
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
from hal.commands import AnyCommand
from hal.errors import HalError, HalGoneError, HalTimeoutError
from hal.flag import Flag
from hal.ports import CommandPorts, DcSupplyPorts, InsulationPorts
from hal.stream import Stream
from hal.types import (
    BoardInfo,
    EvseCapabilities,
    FaultKind,
    FaultRaised,
    MeterSample,
    MeterTransaction,
    Moment,
    Signs,
    Stamped,
)

RECONNECT_S: Final = 0.5  # our policy: a restarted host is found this soon
WELCOME_S: Final = 2.0  # our policy: a host that says nothing is not there
START_S: Final = 10.0  # our policy: how long the host may take to come up beside us
ANSWER_SLACK_S: Final = 0.5  # our policy: the host keeps the deadline itself; this is for the way


class RemoteBoard:
    """A `Board` behind the socket at `path`.

    While the host is away commands raise `HalGoneError` and every EVSE's stream has the fault HAL_LOST; on its return
    the present state takes the place of what was missed.
    """

    def __init__(self, path: Path, *, start_s: float = START_S) -> None:
        self._path = path
        self._start_s = start_s
        self._info: BoardInfo | None = None
        self._evses: dict[int, RemoteEvse] = {}
        self._stream = Stream()
        self._writer: asyncio.StreamWriter | None = None
        self._answers: dict[int, asyncio.Future[frames.Answer]] = {}
        self._ids = itertools.count(1)
        self._up = Flag()
        self._why_down = "not connected yet"
        self._keeper: asyncio.Task[None] | None = None

    @property
    def info(self) -> BoardInfo:
        """Identity, as the host told it. Raises `HalGoneError` before `start`."""
        if self._info is None:
            raise HalGoneError(f"{self._path}: {self._why_down}; start the board first")
        return self._info

    @property
    def evses(self) -> Mapping[int, RemoteEvse]:
        """EVSE id to its ports; empty before `start`."""
        return self._evses

    def events(self) -> AsyncIterator[Stamped]:
        """The station's own stream."""
        return self._stream.read()

    async def start(self) -> None:
        """Connect. Raises `HalGoneError` when the host does not take us within `start_s`."""
        self._keeper = asyncio.create_task(self._keep_connected())
        if not await self._up.wait(self._start_s):
            await self.close()
            raise HalGoneError(f"{self._path}: {self._why_down}; is `evse hal serve` running?")

    async def close(self) -> None:
        """Disconnect; the host then withdraws every permission."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        for evse in self._evses.values():
            evse.stream.end()
        self._stream.end()

    async def ask(self, evse: int, command: AnyCommand, deadline_s: float) -> None:
        """Have a command carried out. Raises `HalError` as `hal.board` says."""
        until_s = asyncio.get_running_loop().time() + deadline_s
        await self._exchange(frames.Ask(next(self._ids), evse, command, until_s), deadline_s)

    async def read(self, evse: int, deadline_s: float) -> MeterSample:
        """Have the meter read. Raises `MeterError` and `HalError`."""
        until_s = asyncio.get_running_loop().time() + deadline_s
        answer = await self._exchange(frames.AskReading(next(self._ids), evse, until_s), deadline_s)
        if not isinstance(answer, frames.Reading):
            raise HalError(f"asked for a reading, the host answered {answer}")
        return answer.sample

    async def sign(self, evse: int, moment: Moment, transaction: MeterTransaction, deadline_s: float) -> MeterSample:
        """Have the meter sign. Raises `MeterError` and `HalError`."""
        until_s = asyncio.get_running_loop().time() + deadline_s
        request = frames.AskSigned(next(self._ids), evse, moment, transaction, until_s)
        answer = await self._exchange(request, deadline_s)
        if not isinstance(answer, frames.Reading):
            raise HalError(f"asked for something signed, the host answered {answer}")
        return answer.sample

    async def public_key(self, evse: int, deadline_s: float) -> str:
        """Have the meter's key read. Raises `MeterError` and `HalError`."""
        until_s = asyncio.get_running_loop().time() + deadline_s
        answer = await self._exchange(frames.AskKey(next(self._ids), evse, until_s), deadline_s)
        if not isinstance(answer, frames.Key):
            raise HalError(f"asked for a key, the host answered {answer}")
        return answer.public_key

    async def _exchange(self, request: frames.Request, deadline_s: float) -> frames.Answer:
        if self._writer is None:
            raise HalGoneError(f"{self._path}: {self._why_down}")
        writer = self._writer
        answered: asyncio.Future[frames.Answer] = asyncio.get_running_loop().create_future()
        self._answers[request.id] = answered
        writer.write(frames.frame(request))
        try:
            async with asyncio.timeout(deadline_s + ANSWER_SLACK_S):
                answer = await answered
        except TimeoutError:
            writer.transport.abort()  # a host that misses a deadline of its own is stuck: lost, until it answers anew
            raise HalTimeoutError(f"{self._path}: no answer within {deadline_s:g} s to {request}") from None
        finally:
            self._answers.pop(request.id, None)
        if isinstance(answer, frames.Failed):
            raise frames.to_error(answer)
        return answer

    async def _keep_connected(self) -> None:
        while True:
            try:
                await self._connection()
            except (OSError, EOFError, TimeoutError, msgspec.DecodeError, HalError) as error:
                self._why_down = str(error) or type(error).__name__
            self._lost()
            await asyncio.sleep(RECONNECT_S)

    async def _connection(self) -> None:
        """One connection, until it ends; raises what ended it."""
        async with asyncio.timeout(WELCOME_S):
            reader, writer = await asyncio.open_unix_connection(self._path)
        try:
            writer.write(frames.frame(frames.Hello(frames.PROTOCOL)))
            async with asyncio.timeout(WELCOME_S):
                self._welcomed(frames.FROM_HOST.decode(await frames.payload(reader)))
            self._writer = writer
            while True:
                self._take(frames.FROM_HOST.decode(await frames.payload(reader)))
        finally:
            self._writer = None
            writer.close()

    def _welcomed(self, first: frames.FromHost) -> None:
        if isinstance(first, frames.Rejected):
            raise HalGoneError(first.reason)
        if not isinstance(first, frames.Welcome):
            raise msgspec.DecodeError(f"the host began with {type(first).__name__}")
        if self._evses and self._evses.keys() != first.evses.keys():
            raise HalError(f"the host returned with EVSEs {sorted(first.evses)}; restart to use them")
        self._info = first.info
        for number, described in first.evses.items():
            if number not in self._evses:
                self._evses[number] = RemoteEvse(self, number)
            self._evses[number].described = described

    def _take(self, message: frames.FromHost) -> None:
        match message:
            case frames.Present(evse, state):
                at_s = asyncio.get_running_loop().time()
                self._stream_of(evse).replace_state([stamped.event for stamped in state], at_s)
                if evse == max(self._evses, default=STATION):
                    self._up.set()  # the last of the streams: every state is known
            case frames.Happened(evse, stamped):
                self._stream_of(evse).publish(stamped.event, stamped.mono_s)
            case frames.Carried(id_) | frames.Reading(id_, _) | frames.Key(id_, _) | frames.Failed(id_):
                answered = self._answers.get(id_)
                if answered is not None and not answered.done():
                    answered.set_result(message)
            case _:
                raise msgspec.DecodeError(f"{type(message).__name__} comes once")

    def _stream_of(self, evse: int) -> Stream:
        if evse == STATION:
            return self._stream
        if evse not in self._evses:
            raise msgspec.DecodeError(f"the host reports of EVSE {evse}, which it did not announce")
        return self._evses[evse].stream

    def _lost(self) -> None:
        for answered in self._answers.values():
            if not answered.done():
                answered.set_exception(HalGoneError(f"{self._path}: {self._why_down}"))
        self._up.clear()
        for stream in (self._stream, *(evse.stream for evse in self._evses.values())):
            if not stream.has_fault(FaultKind.HAL_LOST):
                stream.publish(FaultRaised(FaultKind.HAL_LOST, self._why_down))


class RemoteEvse:
    """The ports of one EVSE behind the socket, satisfying `hal.board.EvseHardware`."""

    described: frames.EvseDescription

    def __init__(self, board: RemoteBoard, number: int) -> None:
        ask = partial(board.ask, number)
        self._ports = CommandPorts(ask)
        self._dc_supply = DcSupplyPorts(ask)
        self._insulation = InsulationPorts(ask)
        self._meters = {
            Signs.NOTHING: _RemoteMeter(board, number),
            Signs.ENDS: _RemoteSigner(board, number),
            Signs.ALL: _RemoteInterimSigner(board, number),
        }
        self.stream = Stream()

    @property
    def capabilities(self) -> EvseCapabilities:
        """What this EVSE can do."""
        return self.described.capabilities

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
        return self._ports if self.described.has_lock else None

    @property
    def rcd(self) -> Rcd | None:
        """Residual-current monitor."""
        return self._ports if self.described.has_rcd else None

    @property
    def phase_switch(self) -> PhaseSwitch | None:
        """1p/3p switch."""
        return self._ports if self.described.has_phase_switch else None

    @property
    def meter(self) -> Meter | None:
        """Energy meter."""
        return self._meters[self.described.meter_signs] if self.described.has_meter else None

    @property
    def led(self) -> Led | None:
        """Light and beeper."""
        return self._ports if self.described.has_led else None

    @property
    def display(self) -> Display | None:
        """Display."""
        return self._ports if self.described.has_display else None

    @property
    def dc_supply(self) -> DcSupply | None:
        """DC power supply."""
        return self._dc_supply if self.capabilities.dc is not None else None

    @property
    def insulation(self) -> InsulationMonitor | None:
        """Insulation monitor."""
        return self._insulation if self.capabilities.dc is not None else None

    @property
    def over_voltage(self) -> OverVoltageMonitor | None:
        """Over-voltage monitor."""
        return self._dc_supply if self.capabilities.dc is not None else None

    @property
    def wiretap(self) -> Wiretap | None:
        """The ear at the meter's bus."""
        return self._ports if self.described.has_wiretap else None

    def events(self) -> AsyncIterator[Stamped]:
        """This EVSE's one ordered stream; it begins with the present state."""
        return self.stream.read()


class _RemoteMeter:
    def __init__(self, board: RemoteBoard, number: int) -> None:
        self._board = board
        self._number = number

    async def read(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> MeterSample:
        """Measure now. Raises `MeterError`."""
        return await self._board.read(self._number, deadline_s)


class _RemoteSigner(_RemoteMeter):
    """Satisfies `hal.board.SigningMeter`."""

    async def public_key(self, *, deadline_s: float = SIGNING_DEADLINE_S) -> str:
        """The key that verifies what it signs. Raises `MeterError`."""
        return await self._board.public_key(self._number, deadline_s)

    async def start_transaction(
        self, transaction: MeterTransaction, *, deadline_s: float = SIGNING_DEADLINE_S
    ) -> MeterSample:
        """Sign the beginning. Raises `MeterError`."""
        return await self._board.sign(self._number, Moment.BEGIN, transaction, deadline_s)

    async def stop_transaction(
        self, transaction: MeterTransaction, *, deadline_s: float = SIGNING_DEADLINE_S
    ) -> MeterSample:
        """Sign the end. Raises `MeterError`."""
        return await self._board.sign(self._number, Moment.END, transaction, deadline_s)


class _RemoteInterimSigner(_RemoteSigner):
    """Satisfies `hal.board.InterimSigner`."""

    async def sign_reading(
        self, transaction: MeterTransaction, *, deadline_s: float = SIGNING_DEADLINE_S
    ) -> MeterSample:
        """Sign what it shows now. Raises `MeterError`."""
        return await self._board.sign(self._number, Moment.BETWEEN, transaction, deadline_s)
