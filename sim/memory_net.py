"""TCP without sockets: transports that hand bytes to each other inside one event loop.

They keep the rules that production code relies on: bytes in order and never inside the caller's `write`, flow control,
half-close, reset, refusal. Accepting, serving and TLS stay asyncio's own code: `sim.time.VirtualLoop` gives it these
sockets instead of the kernel's.
"""

# asyncio asks its transports and servers for attributes that are private by name only.
# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
import errno
import itertools
import sys
from asyncio.base_events import Server
from collections import deque
from collections.abc import Coroutine
from socket import AF_INET, IPPROTO_TCP, SOCK_STREAM
from typing import Any, Protocol

Address = tuple[str, int]

WINDOW_BYTES = 64 * 1024  # what is held for a reader that does not read; our policy, stricter than Linux
READ_BYTES = 256 * 1024  # the most that one data_received gets, as on asyncio's socket transport
HIGH_WATER_BYTES = 64 * 1024  # asyncio's default
EPHEMERAL_PORTS = range(49152, 65536)  # RFC 6335, section 6

_ANY_HOST = "0.0.0.0"  # noqa: S104  nothing is bound: no packet leaves the process
_WILDCARDS = (None, "", _ANY_HOST, "::")
_LOOPBACK = "127.0.0.1"
_LOOPBACKS = ("localhost", "::1")


class Accept(Protocol):
    """What a listener does with a new connection's socket."""

    def __call__(self, conn: MemorySocket, peername: Address) -> Coroutine[Any, Any, None]:
        """Make a transport of it."""


class MemorySocket:
    """One end of a connection, or a listener: what the kernel would keep."""

    family, type, proto = AF_INET, SOCK_STREAM, IPPROTO_TCP

    def __init__(self, sockname: Address, peername: Address | None = None) -> None:
        self.sockname = sockname
        self.peername = peername
        self.other: MemorySocket | None = None
        self.transport: MemoryTransport | None = None
        self.inbox: deque[bytes] = deque()
        self.inbox_bytes = 0
        self.ending: Exception | None = None  # comes after the inbox: EOFError for a FIN, ConnectionResetError
        self.closed = False

    def getsockname(self) -> Address:
        """The local address."""
        return self.sockname

    def getpeername(self) -> Address:
        """The remote address. Raises OSError when this socket listens."""
        if self.peername is None:
            raise OSError(errno.ENOTCONN, "a listening socket has no peer")
        return self.peername

    def fileno(self) -> int:
        """No file stands behind it."""
        return -1

    def listen(self, backlog: int) -> None:
        """Nothing to do: the loop registers the listener."""

    def setblocking(self, _flag: bool) -> None:
        """Nothing here blocks."""

    def setsockopt(self, *_args: object) -> None:
        """Accepted, without effect: there is no kernel to tune."""

    def receive(self, data: bytes) -> None:
        """The other end wrote."""
        self.inbox.append(data)
        self.inbox_bytes += len(data)
        self._wake()

    def end(self, ending: Exception) -> None:
        """The other end has finished: EOFError, or has reset the connection: ConnectionResetError."""
        if self.ending is None:
            self.ending = ending
            self._wake()

    def _wake(self) -> None:
        if self.transport is not None:
            self.transport._schedule_read()

    def take(self, limit: int) -> bytes:
        """At most `limit` bytes of what has arrived, in one piece."""
        inbox = self.inbox
        data = inbox.popleft() if len(inbox) == 1 else b"".join(inbox)
        inbox.clear()
        if len(data) > limit:
            inbox.append(data[limit:])
            data = data[:limit]
        self.inbox_bytes -= len(data)
        return data

    def drop_unsent(self) -> None:
        """Forget what the other end wrote beyond the window."""
        if self.inbox_bytes > WINDOW_BYTES:
            self.inbox = deque([b"".join(self.inbox)[:WINDOW_BYTES]])
            self.inbox_bytes = WINDOW_BYTES

    def close(self) -> None:
        """Send the FIN, or a reset when bytes were left unread."""
        if self.closed or self.other is None:
            return
        self.closed = True
        reset = ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        transport = self.other.transport
        if transport is not None and self.inbox_bytes > WINDOW_BYTES:
            transport._force_close(reset)  # it still had something to send
        else:
            self.other.end(reset if self.inbox else EOFError())
        self.inbox.clear()
        self.inbox_bytes = 0


class MemoryTransport(asyncio.Transport):
    """asyncio's transport on a MemorySocket. What was written waits in the other end's inbox."""

    _start_tls_compatible = True  # what loop.start_tls asks for

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        socket: MemorySocket,
        protocol: asyncio.BaseProtocol,
        waiter: asyncio.Future[None] | None = None,
        server: Server | None = None,
    ) -> None:
        super().__init__({"sockname": socket.sockname, "peername": socket.peername, "socket": socket})
        assert socket.other is not None, "a listening socket carries no bytes"  # noqa: S101
        self._loop = loop
        self._socket = socket
        self._other = socket.other
        self._server = server
        self._high_water, self._low_water = HIGH_WATER_BYTES, HIGH_WATER_BYTES // 4
        self._protocol_paused = False
        self._started = False  # no reading before connection_made
        self._paused = False
        self._read_scheduled = False
        self._ended = False  # the other end's ending was handed over
        self._eof_written = False
        self._closing = False  # close() or worse was called
        self._finished = False  # connection_lost is scheduled or past
        self.set_protocol(protocol)
        socket.transport = self
        if server is not None:
            _attach(server, self)
        loop.call_soon(protocol.connection_made, self)
        loop.call_soon(self._start)
        if waiter is not None:
            loop.call_soon(_wake, waiter)

    def _start(self) -> None:
        self._started = True
        self._schedule_read()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand the connection to another protocol."""
        self._protocol: Any = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """The protocol in charge."""
        protocol: asyncio.BaseProtocol = self._protocol
        return protocol

    def is_reading(self) -> bool:
        """Whether what arrives is handed to the protocol."""
        return not self._closing and not self._paused

    def pause_reading(self) -> None:
        """Leave what arrives unread; the writer is paused once the window is full."""
        self._paused = True

    def resume_reading(self) -> None:
        """Read on."""
        self._paused = False
        self._schedule_read()

    def _schedule_read(self) -> None:
        if self._paused or self._closing or self._ended or self._read_scheduled or not self._started:
            return
        if self._socket.inbox or self._socket.ending is not None:
            self._read_scheduled = True
            self._loop.call_soon(self._read_ready)

    def _read_ready(self) -> None:
        self._read_scheduled = False
        if self._paused or self._closing:
            return
        try:
            if self._socket.inbox:
                self._hand_over_bytes()
            else:
                self._hand_over_ending(self._socket.ending)
        except Exception as exc:  # noqa: BLE001  a protocol's own error ends its connection, as on a socket
            context = {"message": "Fatal error: the protocol failed to take what arrived.", "exception": exc}
            self._loop.call_exception_handler({**context, "transport": self, "protocol": self._protocol})
            self._force_close(exc)
        self._schedule_read()

    def _hand_over_bytes(self) -> None:
        protocol = self._protocol
        if isinstance(protocol, asyncio.BufferedProtocol):
            buffer = memoryview(protocol.get_buffer(-1))
            data = self._socket.take(len(buffer))
            buffer[: len(data)] = data
            protocol.buffer_updated(len(data))
        else:
            protocol.data_received(self._socket.take(READ_BYTES))
        if self._other.transport is not None:
            self._other.transport._on_peer_has_read()

    def _hand_over_ending(self, ending: Exception | None) -> None:
        self._ended = True
        if isinstance(ending, ConnectionError):
            self._force_close(ending)
        elif not self._protocol.eof_received():
            self.close()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send; never blocks. Bytes written after the connection is lost are dropped, as on a socket."""
        if self._eof_written:
            raise RuntimeError("Cannot call write() after write_eof()")
        if not data or self._closing:
            return
        if self._other.closed:
            self._force_close(BrokenPipeError(errno.EPIPE, "Broken pipe"))
            return
        self._other.receive(bytes(data))
        if self._other.inbox_bytes > WINDOW_BYTES + self._high_water and not self._protocol_paused:
            self._protocol_paused = True
            self._protocol.pause_writing()

    def write_eof(self) -> None:
        """Half-close: the other end reads EOF after all that was written."""
        if not self._closing and not self._eof_written:
            self._eof_written = True
            self._other.end(EOFError())

    def can_write_eof(self) -> bool:
        """As TCP."""
        return True

    def get_write_buffer_size(self) -> int:
        """Bytes for which the window has no room."""
        return max(0, self._other.inbox_bytes - WINDOW_BYTES)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """(low, high) in bytes."""
        return self._low_water, self._high_water

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """When pause_writing and resume_writing are called, in bytes. Raises ValueError unless high >= low >= 0."""
        if high is None:
            high = HIGH_WATER_BYTES if low is None else 4 * low
        if low is None:
            low = high // 4
        if not high >= low >= 0:
            raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
        self._high_water, self._low_water = high, low

    def _on_peer_has_read(self) -> None:
        if self._finished:
            return
        if self._protocol_paused and self.get_write_buffer_size() <= self._low_water:
            self._protocol_paused = False
            self._protocol.resume_writing()
        if self._closing and self.get_write_buffer_size() == 0:
            self._finish(None)

    def is_closing(self) -> bool:
        """Whether the end has been asked for."""
        return self._closing

    def close(self) -> None:
        """Close once the window has room for everything written."""
        if not self._closing:
            self._closing = True
            if self.get_write_buffer_size() == 0:
                self._finish(None)

    def abort(self) -> None:
        """Close now; what the window has no room for is lost."""
        self._force_close(None)

    def _force_close(self, exc: Exception | None) -> None:
        self._closing = True
        self._other.drop_unsent()
        self._finish(exc)

    def _finish(self, exc: Exception | None) -> None:
        if not self._finished:
            self._finished = True
            self._loop.call_soon(self._lose_connection, exc)

    def _lose_connection(self, exc: Exception | None) -> None:
        try:
            self._protocol.connection_lost(exc)
        finally:
            self._socket.close()
            if self._server is not None:
                _detach(self._server, self)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _attach(server: Any, transport: MemoryTransport) -> None:
    server._attach(*(transport,) if sys.version_info >= (3, 13) else ())


def _detach(server: Any, transport: MemoryTransport) -> None:
    server._detach(*(transport,) if sys.version_info >= (3, 13) else ())


class MemoryNet:
    """The addresses of one event loop: who is bound, who listens, and the way to them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._bound: dict[Address, Accept | None] = {}
        self._ephemeral_ports = itertools.cycle(EPHEMERAL_PORTS)

    def bind(self, host: str | None, port: int | None) -> MemorySocket:
        """A socket to listen on; port 0 or None takes a free one. Raises OSError (EADDRINUSE)."""
        name = _ANY_HOST if host in _WILDCARDS else _canonical(str(host))
        port = port or self._free_port()
        for bound_name, bound_port in self._bound:
            if bound_port == port and (name == bound_name or _ANY_HOST in {name, bound_name}):
                raise OSError(errno.EADDRINUSE, f"{name}:{port} is in use: close the other server or ask for port 0")
        self._bound[name, port] = None
        return MemorySocket((name, port))

    def listen(self, socket: MemorySocket, accept: Accept) -> None:
        """From now on connections to the socket's address succeed."""
        self._bound[socket.sockname] = accept

    def release(self, socket: MemorySocket) -> None:
        """Give the address back; connections to it are refused."""
        self._bound.pop(socket.sockname, None)

    def connect(self, host: str | None, port: int, local_addr: Address | None = None) -> MemorySocket:
        """A socket connected to whoever listens there. Any name leads to a wildcard listener.

        Raises ConnectionRefusedError when nobody listens.
        """
        name = _LOOPBACK if host in _WILDCARDS else _canonical(str(host))
        accept = self._bound.get((name, port)) or self._bound.get((_ANY_HOST, port))
        if accept is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"Connect call failed {(name, port)}: nobody listens")
        local = local_addr or (_LOOPBACK, 0)
        here, there = (local[0], local[1] or self._free_port()), (name, port)
        client, server = MemorySocket(here, there), MemorySocket(there, here)
        client.other, server.other = server, client
        self._loop.create_task(_accept(accept, server, here))
        return client

    def _free_port(self) -> int:
        taken = {port for _, port in self._bound}
        return next(port for port in self._ephemeral_ports if port not in taken)


async def _accept(accept: Accept, conn: MemorySocket, peername: Address) -> None:
    await accept(conn, peername)
    if conn.transport is None:  # the server could not make a protocol for it
        conn.close()


def _canonical(host: str) -> str:
    return _LOOPBACK if host in _LOOPBACKS else host.lower()
