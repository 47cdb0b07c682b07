"""A HAL in its own process: the guarded board behind a Unix socket, and how a configuration becomes a board."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from hal import frames, signing
from hal.board import COMMAND_DEADLINE_S, STATION, Board, Meter
from hal.commands import Permit, TapBus
from hal.errors import HalError, HalTimeoutError, MeterError
from hal.guard import Guard
from hal.metered import MeteredBoard
from hal.registry import build_board
from hal.remote import RemoteBoard
from hal.stream import Stream
from hal.types import HalEvent, MeterErrorKind, Stamped

HELLO_S: Final = 2.0  # our policy: a client that connects says who it is
UNREAD_MAX_BYTES: Final = 1 << 20  # our policy: a client that reads nothing is dropped; it finds the state on return
SOCKET_MODE_MASK: Final = 0o177  # 0600
CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED

log = logging.getLogger(__name__)

Closer = Callable[[], Awaitable[None]]


class BusConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A Modbus bus: `tcp://host:port` or `serial:///dev/ttyUSB0?baudrate=9600`; or `http://host:port` of one meter."""

    name: str
    url: str


class MeterConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A meter: which EVSE it measures, its model's profile (or a driver of `hal.meters`), and where it is."""

    evse: int
    profile: str
    bus: str
    unit_id: int
    poll_s: float = 1.0
    serial: str | None = None


class HalConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"buses": "bus", "meters": "meter"}):
    """Table `hal` of the configuration: a board in this process, or the socket of one in its own."""

    board: str = "sim"
    options: dict[str, Any] = {}
    socket: str | None = None
    meter_poll_s: float = 1.0  # for meters that are part of the board
    buses: tuple[BusConfig, ...] = ()
    meters: tuple[MeterConfig, ...] = ()


async def open_board(config: HalConfig) -> Board:
    """A guarded board, not started yet: in this process, or behind `config.socket`. Raises `HalError`."""
    if config.socket is not None:
        return RemoteBoard(Path(config.socket))
    return open_guard(config)


def open_guard(config: HalConfig, *, own_process: bool = False) -> Guard:
    """The board of this configuration with its meters, guarded, in this process. Raises `HalError`.

    `own_process`: no agent runs in it.
    """
    raw = build_board(config.board, config.options)
    meters: dict[int, tuple[Meter, float]] = {
        number: (evse.meter, config.meter_poll_s) for number, evse in raw.evses.items() if evse.meter is not None
    }
    closers, external = external_meters(config, raw)
    meters |= external
    guard = Guard(raw, also_close=closers, own_process=own_process)
    for number, (meter, poll_s) in meters.items():
        guard.attach_meter(number, meter, poll_s)
    return guard


def open_metered(config: HalConfig) -> Board:
    """The raw board of this configuration with its meters, for whoever tries it. Raises `HalError`."""
    raw = build_board(config.board, config.options)
    closers, meters = external_meters(config, raw)
    return MeteredBoard(raw, {number: meter for number, (meter, _) in meters.items()}, closers)


def external_meters(config: HalConfig, board: Board) -> tuple[list[Closer], dict[int, tuple[Meter, float]]]:
    """What closes the buses, and each EVSE's meter with its poll. Raises `HalError`."""
    if not config.buses and not config.meters:
        return [], {}
    from hal.meters import open_bus, open_meter  # pymodbus is loaded only where there is a bus
    from hal.modbus.bus import ModbusBus

    meters: dict[int, tuple[Meter, float]] = {}
    try:
        shared = getattr(board, "bus", None)  # a line that the board itself is on has one owner, too
        of_board = {shared.url: shared} if isinstance(shared, ModbusBus) else {}
        buses = {bus.name: of_board.get(bus.url) or open_bus(bus.url) for bus in config.buses}
        for one in config.meters:
            if one.evse not in board.evses:
                raise HalError(f"hal.meter: EVSE {one.evse} is unknown; the board has {sorted(board.evses)}")
            if one.evse in meters:
                raise HalError(f"hal.meter: EVSE {one.evse} has two meters; give one")
            if one.bus not in buses:
                raise HalError(f"hal.meter: bus {one.bus!r} is unknown; hal.bus names {sorted(buses)}")
            meter = open_meter(one.profile, buses[one.bus], one.unit_id, _mono_s, serial=one.serial)
            meters[one.evse] = (meter, one.poll_s)
    except ValueError as error:
        raise HalError(str(error)) from error
    return [bus.close for bus in buses.values() if bus.url not in of_board], meters


def _mono_s() -> float:
    return asyncio.get_running_loop().time()


async def serve(board: Guard, socket_path: Path, *, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve a started board to one client at a time, until cancelled. Raises `HalError` when the path is in use.

    Only this user and root may connect. `on_ready` is called when clients may come.
    """
    host = _Host(board)
    server = await asyncio.start_unix_server(host.connected, sock=_listen(socket_path))
    try:
        on_ready()
        await asyncio.Event().wait()
    finally:
        server.close()
        await host.drop_client()
        _remove(socket_path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)  # Python 3.13 and later have done it already


def _listen(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX)
    mask = os.umask(SOCKET_MODE_MASK)
    try:
        _remove_dead_socket(path)
        listening.bind(str(path))
    except OSError as error:
        listening.close()
        raise HalError(f"cannot listen on {path}: {error}; is the directory there, and writable?") from error
    except HalError:
        listening.close()
        raise
    finally:
        os.umask(mask)
    return listening


def _remove_dead_socket(path: Path) -> None:
    """Remove the socket of a host that died; raises `HalError` when one lives."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        else:
            raise HalError(f"another process serves {path}; stop it, or give another path")


class _Host:
    """Accepts clients, one at a time."""

    def __init__(self, board: Guard) -> None:
        self._board = board
        self._serving: asyncio.Task[None] | None = None

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client has connected."""
        refusal = self._refusal(writer)
        if refusal is not None:
            log.warning("client refused: %s", refusal)
            writer.write(frames.frame(frames.Rejected(refusal)))
            writer.close()
            return
        client = _Client(self._board, writer)
        self._serving = asyncio.create_task(client.serve(reader))
        try:
            await asyncio.wait([self._serving])
            failure = None if self._serving.cancelled() else self._serving.exception()
            log.warning("client gone: %r", failure)
        finally:
            self._serving = None

    async def drop_client(self) -> None:
        """End the connection that is being served."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait([self._serving])

    def _refusal(self, writer: asyncio.StreamWriter) -> str | None:
        peer: socket.socket = writer.get_extra_info("socket")
        credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        _pid, uid, _gid = CREDENTIALS.unpack(credentials)
        if uid not in {os.getuid(), 0}:
            return f"user {uid} may not control this hardware"
        if self._serving is not None:
            return "another client is connected; one at a time"
        return None


class _Client:
    """One connection. When it ends, every permission is withdrawn at once.

    At once, and not when the lease ends: nobody is left who could renew it or account for the energy, and a client
    that restarts has to prove its authorisation again anyway.
    """

    def __init__(self, board: Guard, writer: asyncio.StreamWriter) -> None:
        self._board = board
        self._writer = writer
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop_listening: list[Callable[[], None]] = []

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Serve until the client goes or breaks the protocol; raises what ended it."""
        try:
            async with asyncio.timeout(HELLO_S):
                hello = frames.FROM_CLIENT.decode(await frames.payload(reader))
            if hello != frames.Hello(frames.PROTOCOL):
                self._send(frames.Rejected(f"this host speaks protocol {frames.PROTOCOL}; install matching versions"))
                return
            self._welcome()
            while True:
                self._take(frames.FROM_CLIENT.decode(await frames.payload(reader)))
        finally:
            await self._leave()

    def _welcome(self) -> None:
        described = {
            number: frames.EvseDescription(
                capabilities=evse.capabilities,
                has_lock=evse.lock is not None,
                has_rcd=evse.rcd is not None,
                has_phase_switch=evse.phase_switch is not None,
                has_meter=evse.meter is not None,
                has_led=evse.led is not None,
                has_display=evse.display is not None,
                has_wiretap=evse.wiretap is not None,
                meter_signs=signing.ability(evse.meter),
            )
            for number, evse in self._board.evses.items()
        }
        self._send(frames.Welcome(self._board.info, described))
        self._follow(STATION, self._board.stream)
        for number, evse in sorted(self._board.evses.items()):
            self._follow(number, evse.stream)

    def _follow(self, number: int, stream: Stream) -> None:
        now_s = _mono_s()
        state = tuple(_stamped(now_s, event) for event in stream.present())
        self._send(frames.Present(number, state))
        self._stop_listening.append(
            stream.listen(lambda mono_s, event: self._send(frames.Happened(number, _stamped(mono_s, event))))
        )

    def _take(self, message: frames.FromClient) -> None:
        """Each request is a task of its own, so that "off" waits for nobody."""
        if isinstance(message, frames.Hello):
            raise msgspec.DecodeError("Hello comes once")
        task = asyncio.create_task(self._answer(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, message: frames.Request) -> None:
        try:
            self._send(await self._carried(message))
        except HalError as error:
            self._send(frames.failed(message.id, error))

    async def _carried(self, message: frames.Request) -> frames.Answer:
        evse = self._board.evses.get(message.evse)
        if evse is None:
            raise HalError(f"EVSE {message.evse} is unknown; the board has {sorted(self._board.evses)}")
        left_s = message.until_s - _mono_s()
        if isinstance(message, frames.AskReading):
            if evse.meter is None:
                raise MeterError(MeterErrorKind.DISCONNECTED, f"EVSE {message.evse} has no meter")
            return frames.Reading(message.id, await evse.meter.read(deadline_s=left_s))
        if isinstance(message, frames.AskSigned):
            sample = await signing.sign(evse.meter, message.moment, message.transaction, deadline_s=left_s)
            return frames.Reading(message.id, sample)
        if isinstance(message, frames.AskKey):
            return frames.Key(message.id, await signing.public_key(evse.meter, deadline_s=left_s))
        if isinstance(message.command, Permit) and not message.command.on:
            left_s = max(left_s, COMMAND_DEADLINE_S)
        elif left_s <= 0:
            raise HalTimeoutError("the command lay too long on its way to the HAL's process")
        await evse.ask(message.command, left_s)
        return frames.Carried(message.id)

    def _send(self, message: frames.FromHost) -> None:
        if self._writer.transport.get_write_buffer_size() > UNREAD_MAX_BYTES:
            self._writer.transport.abort()  # the reading side ends with it
        elif not self._writer.is_closing():
            self._writer.write(frames.frame(message))

    async def _leave(self) -> None:
        for stop in self._stop_listening:
            stop()
        for task in self._tasks:
            task.cancel()
        self._writer.close()
        for evse in self._board.evses.values():
            await evse.ask(TapBus(False), COMMAND_DEADLINE_S)
            with contextlib.suppress(HalError):  # the interlock has withdrawn it; a dead board is a fault by now
                await evse.ask(Permit(False, "the client is gone"), COMMAND_DEADLINE_S)


def _stamped(mono_s: float, event: HalEvent) -> Stamped:
    untyped: Any = event  # a stream only carries what Stamped names
    return Stamped(0, mono_s, untyped)  # numbered by the stream at the other end
