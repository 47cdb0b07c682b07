"""An asyncio loop whose TCP stays in this process: in memory, or on loopback sockets with every byte accounted for."""

# asyncio's own connecting, accepting, serving and TLS run on these sockets; the inner steps are private by name.
# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
from asyncio.sslproto import SSLProtocol
from collections.abc import Coroutine
from selectors import BaseSelector
from typing import Any

from sim.memory_net import MemoryNet, MemorySocket, MemoryTransport
from sim.socket_ledger import SocketLedger

# What only a resolver or a kernel would heed.
_RESOLVER_OPTIONS = {"family", "proto", "flags", "happy_eyeballs_delay", "interleave", "all_errors"}
_BIND_OPTIONS = {"family", "flags", "reuse_address", "reuse_port", "keep_alive"}

AsyncioLoop: Any = asyncio.SelectorEventLoop  # its type stubs leave out the inner steps that are overridden here


class LoopbackLoop(AsyncioLoop):  # type: ignore[misc]
    """Unix and UDP sockets are the kernel's in either case."""

    def __init__(self, selector: BaseSelector, *, in_memory: bool) -> None:
        super().__init__(selector)
        self._net = MemoryNet(self) if in_memory else None
        self._ledger = SocketLedger()

    async def create_connection(
        self, protocol_factory: Any, host: Any = None, port: Any = None, *, ssl: Any = None, **options: Any
    ) -> Any:
        """Connect; in memory unless a socket is given or the loop is on sockets."""
        if self._net is not None and options.get("sock") is None:
            options["sock"] = self._net.connect(host, port, options.pop("local_addr", None))
            if ssl and options.get("server_hostname") is None:
                options["server_hostname"] = host
            host = port = None
            options = {name: value for name, value in options.items() if name not in _RESOLVER_OPTIONS}
        return await super().create_connection(protocol_factory, host, port, ssl=ssl, **options)

    async def create_server(self, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        """Serve; in memory unless a socket is given or the loop is on sockets."""
        if self._net is not None and options.get("sock") is None:
            options["sock"] = self._net.bind(host, port)
            host = port = None
            options = {name: value for name, value in options.items() if name not in _BIND_OPTIONS}
        return await super().create_server(protocol_factory, host, port, **options)

    def _sock_connect(self, connected: asyncio.Future[None], sock: Any, address: Any) -> None:
        super()._sock_connect(connected, sock, address)
        self._ledger.connecting(sock, address, connected)

    def _start_serving(
        self, protocol_factory: Any, sock: Any, sslcontext: Any, server: Any, backlog: int, *timeouts: Any
    ) -> None:
        if self._net is None or not isinstance(sock, MemorySocket):
            super()._start_serving(protocol_factory, sock, sslcontext, server, backlog, *timeouts)
            self._ledger.listen(sock)
            return

        async def accept(conn: MemorySocket, peername: Any) -> None:
            extra = {"peername": peername}
            await self._accept_connection2(protocol_factory, conn, extra, sslcontext, server, *timeouts)

        self._net.listen(sock, accept)

    def _stop_serving(self, sock: Any) -> None:
        if self._net is not None and isinstance(sock, MemorySocket):
            self._net.release(sock)
        else:
            self._ledger.stop_listening(sock)
            super()._stop_serving(sock)

    def _accept_connection2(
        self, protocol_factory: Any, conn: Any, extra: Any, *options: Any
    ) -> Coroutine[Any, Any, None]:
        self._ledger.accepted(conn, extra["peername"])
        accepting: Coroutine[Any, Any, None] = super()._accept_connection2(protocol_factory, conn, extra, *options)
        return accepting

    def _make_socket_transport(
        self, sock: Any, protocol: Any, waiter: Any = None, *, extra: Any = None, server: Any = None
    ) -> Any:
        if isinstance(sock, MemorySocket):
            return MemoryTransport(self, sock, protocol, waiter, server)
        return super()._make_socket_transport(self._ledger.count(sock), protocol, waiter, extra=extra, server=server)

    def _make_ssl_transport(
        self, rawsock: Any, protocol: Any, sslcontext: Any, waiter: Any = None, *, server: Any = None, **options: Any
    ) -> Any:
        if not isinstance(rawsock, MemorySocket):
            counted = self._ledger.count(rawsock)
            return super()._make_ssl_transport(counted, protocol, sslcontext, waiter, server=server, **options)
        options.pop("extra", None)
        ssl_protocol: Any = SSLProtocol(self, protocol, sslcontext, waiter, **options)
        MemoryTransport(self, rawsock, ssl_protocol, server=server)
        return ssl_protocol._app_transport
