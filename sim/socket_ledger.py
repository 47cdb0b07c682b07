"""Who sent what to whom over loopback TCP, and whether it has been read.

The kernel may show a byte, a connection or a FIN a little after it was sent (receive packet steering, a busy core).
The virtual clock must not jump in between, so it asks this ledger what is still on its way. Unix sockets, socket pairs
and ptys need no ledger: there the write itself makes the other end readable.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Container, Iterator
from contextlib import contextmanager
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector
from typing import Any

Route = tuple[Any, Any]  # (local address, remote address)

RECV_BYTES = 64 * 1024  # asyncio asks for 256 KiB, which costs glibc an mmap a read: a third of a run on sockets
_TCP_FAMILIES = (socket.AF_INET, socket.AF_INET6)


class CountedSocket:
    """A connected TCP socket that keeps count; all else is the socket's own."""

    def __init__(self, sock: socket.socket, route: Route, ledger: SocketLedger) -> None:
        self._sock = sock
        self._ledger = ledger
        self.route = route
        self.fd = sock.fileno()
        self.sent = 0
        self.received = 0
        self.finished = False  # our FIN or reset is on its way
        self.ended = False  # the other end's was read, or nobody reads here any more
        self.closed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def send(self, data: Any) -> int:
        """As `socket.send`."""
        return self._count_sent(self._sock.send(data))

    def sendmsg(self, buffers: Any) -> int:
        """As `socket.sendmsg`."""
        return self._count_sent(self._sock.sendmsg(buffers))

    def _count_sent(self, count: int) -> int:
        self.sent += count
        self._ledger.owing[self] = None
        return count

    def recv(self, limit: int) -> bytes:
        """As `socket.recv`."""
        with self._watch_for_reset():
            data = self._sock.recv(min(limit, RECV_BYTES))
        self._count_received(len(data))
        return data

    def recv_into(self, buffer: Any) -> int:
        """As `socket.recv_into`."""
        with self._watch_for_reset():
            count = self._sock.recv_into(buffer)
        self._count_received(count)
        return count

    def _count_received(self, count: int) -> None:
        self.received += count
        self._ledger.received += count
        self.ended = self.ended or count == 0

    @contextmanager
    def _watch_for_reset(self) -> Iterator[None]:
        try:
            yield
        except ConnectionError:
            self.ended = True
            raise

    def shutdown(self, how: int) -> None:
        """As `socket.shutdown`."""
        self._finish()
        self._sock.shutdown(how)

    def close(self) -> None:
        """As `socket.close`."""
        self._finish()
        self.ended = self.closed = True
        self._sock.close()

    def _finish(self) -> None:
        self.finished = True
        self._ledger.owing[self] = None


class SocketLedger:
    """Every TCP connection of one event loop."""

    def __init__(self) -> None:
        self.received = 0  # bytes, by all sockets
        self.owing: dict[CountedSocket, None] = {}  # sockets whose other end may not have read everything
        self._sockets: dict[Route, CountedSocket] = {}
        self._fds: dict[int, int] = {}  # by the port that is listened on
        self._unaccepted: dict[Route, int] = {}  # seen from the listener: its port

    @property
    def due(self) -> bool:
        """Whether anything may be on its way."""
        return bool(self.owing or self._unaccepted)

    def listen(self, sock: Any) -> None:
        """Connections to this listening socket are ours to accept."""
        if sock.family in _TCP_FAMILIES:
            self._fds[sock.getsockname()[1]] = sock.fileno()

    def stop_listening(self, sock: Any) -> None:
        """What was not accepted will not be."""
        if sock.family in _TCP_FAMILIES:
            port = sock.getsockname()[1]
            self._fds.pop(port, None)
            self._unaccepted = {route: other for route, other in self._unaccepted.items() if other != port}

    def connecting(self, sock: Any, address: Any, connected: asyncio.Future[None]) -> None:
        """We asked for a connection; if it leads to a listener of ours, it is due there."""
        if sock.family in _TCP_FAMILIES and address[1] in self._fds:
            route = (address, sock.getsockname())
            self._unaccepted[route] = address[1]
            connected.add_done_callback(lambda done: self._forget_failed(route, done))

    def _forget_failed(self, route: Route, connected: asyncio.Future[None]) -> None:
        if connected.cancelled() or connected.exception() is not None:
            self._unaccepted.pop(route, None)

    def accepted(self, sock: Any, peername: Any) -> None:
        """A listener of ours has taken a connection."""
        if sock.family in _TCP_FAMILIES:
            self._unaccepted.pop((sock.getsockname(), peername), None)

    def count(self, sock: Any) -> Any:
        """The socket to make a transport of."""
        if sock.family not in _TCP_FAMILIES:
            return sock
        try:
            route = (sock.getsockname(), sock.getpeername())
        except OSError:  # reset already: nothing is on its way
            return sock
        self._sockets[route] = counted = CountedSocket(sock, route, self)
        return counted

    def overdue(self, ready: Container[int], selector: BaseSelector) -> list[str]:
        """What the kernel still has to show: none of those it concerns is among the `ready` file descriptors."""
        late = [f"a connection to {to}" for (to, _), port in self._unaccepted.items() if self._fds[port] not in ready]
        for writer in list(self.owing):
            there = (writer.route[1], writer.route[0])
            reader = self._sockets.get(there)
            if reader is None or reader.ended:
                if there not in self._unaccepted:
                    self._settle(writer)
            elif writer.sent > reader.received or writer.finished:
                if reader.fd not in ready and _waits_for(EVENT_READ, reader.fd, selector):
                    late.append(f"{writer.sent - reader.received} bytes or the end from {there[1]} to {there[0]}")
            elif not _waits_for(EVENT_WRITE, writer.fd, selector):
                self._settle(writer)
            elif writer.fd not in ready and _waits_for(EVENT_READ, reader.fd, selector):
                late.append(f"room for more bytes from {there[1]} to {there[0]}")
        return late

    def _settle(self, writer: CountedSocket) -> None:
        del self.owing[writer]
        if writer.closed and self._sockets.get(writer.route) is writer:
            del self._sockets[writer.route]


def _waits_for(event: int, fd: int, selector: BaseSelector) -> bool:
    key = selector.get_map().get(fd)
    return key is not None and bool(key.events & event)
