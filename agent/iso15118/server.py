"""The shell around an engine: SDP over UDP and one TCP connection at a time, on the interface towards the car.

Nothing but these two ports opens towards the car. A second connection is refused while one is being served; when a
session has ended, the next car is served at once.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import secrets
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Collection
from ipaddress import IPv6Address
from typing import Final, cast

from agent.iso15118 import sdp
from agent.iso15118.secc.engine import Engine, load
from agent.iso15118.secc.events import AnyEvent, CertificateWanted, Outcome, Protocol, SessionBegan, SessionOver
from agent.iso15118.secc.snapshot import Snapshot
from agent.iso15118.secc.state import Dice, Paused
from agent.iso15118.secc.timing import LINGER_S
from agent.iso15118.tls import HANDSHAKE, Tls, TlsError

log = logging.getLogger(__name__)

GROUP: Final = "ff02::1"  # [V2G2-136]: all nodes of the link
READ_BYTES: Final = 4096
ANY_PORT: Final = 0
DYNAMIC_PORTS: Final = range(49_152, 65_536)  # RFC 6335 6
PORT_TRIES: Final = 100  # our policy


class SeccServer:
    """Serves the car at one EVSE. `host`: the address to listen on, for a car a link-local one (`fe80::1%eth1`)."""

    def __init__(
        self,
        host: str,
        snapshot: Callable[[], Snapshot],
        tell: Callable[[AnyEvent], None],
        dice: Callable[[], Dice],
        *,
        spoken: Collection[Protocol] = tuple(Protocol),
        interface: str | None = None,
        sdp_port: int | None = sdp.PORT,
        port: int = ANY_PORT,
        tls: Callable[[], ssl.SSLContext | None] = lambda: None,
        fetch: Callable[[CertificateWanted], Awaitable[bytes | None]] | None = None,
    ) -> None:
        """`tell` hears events and must not raise; `dice` gives unguessable numbers; no `sdp_port`: no discovery.

        `fetch`: who has a contract made for a car, None where nobody does; it must not raise.
        `tls`: what a car meets that begins with a handshake, asked anew for each; None: it is turned away.
        """
        self._host = host
        self._snapshot = snapshot
        self._tell = tell
        self._dice = dice
        self._spoken = spoken
        self._interface = interface
        self._sdp_port = sdp_port
        self._port = port
        self.tls = tls
        self._fetch = fetch
        self._errands: set[asyncio.Task[None]] = set()
        self._engine: Engine | None = None
        self._connection: _Connection | None = None
        self._loaded = False
        self._paused: Paused | None = None
        self.listening = asyncio.Event()
        self.port = 0  # once listening
        self.discovery_port: int | None = None  # the same

    async def run(self) -> None:
        """Serve until cancelled. Raises OSError when the ports cannot be had."""
        loop = asyncio.get_running_loop()
        server = await self._listen(loop)
        discovery: asyncio.DatagramTransport | None = None
        try:
            self.port = server.sockets[0].getsockname()[1]
            if self._sdp_port is not None:
                discovery = await self._discoverable(loop)
                self.discovery_port = discovery.get_extra_info("sockname")[1]
            self.listening.set()
            await server.serve_forever()
        finally:
            if discovery is not None:
                discovery.close()
            server.close()
            for errand in self._errands:
                errand.cancel()
            if self._connection is not None:
                self._connection.end("the charger stops")

    def changed(self) -> None:
        """The charger has changed: what the car waits for may be answered, and a car that has just come, expected."""
        if self._connection is not None:
            self._connection.changed()
        elif not self._loaded:
            self._loaded = True
            load(self._spoken)

    def gone(self) -> None:
        """No car is at the EVSE any more: whoever is connected is nobody, however long the line keeps still."""
        if self._connection is not None:
            self._connection.end("the car has left")

    async def _listen(self, loop: asyncio.AbstractEventLoop) -> asyncio.Server:
        """At the configured port, else at a dynamic one: cars refuse others ([V2G2-083])."""
        if self._port != ANY_PORT:
            return await loop.create_server(lambda: _Connection(self), self._host, self._port)
        begin = secrets.randbelow(len(DYNAMIC_PORTS))
        for at in range(PORT_TRIES):
            port = DYNAMIC_PORTS[(begin + at) % len(DYNAMIC_PORTS)]
            try:
                return await loop.create_server(lambda: _Connection(self), self._host, port)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
        raise OSError(errno.EADDRINUSE, f"{PORT_TRIES} ports from {DYNAMIC_PORTS[begin]} on are taken")

    async def _discoverable(self, loop: asyncio.AbstractEventLoop) -> asyncio.DatagramTransport:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            if self._interface is not None:
                number = socket.if_nametoindex(self._interface)
                group = socket.inet_pton(socket.AF_INET6, GROUP) + struct.pack("@I", number)
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
                sock.bind(("::", self._sdp_port))
            else:
                sock.bind((self._host, self._sdp_port))
        except OSError:
            sock.close()
            raise
        sock.setblocking(False)
        transport, _ = await loop.create_datagram_endpoint(lambda: _Discovery(self.response), sock=sock)
        return transport

    def response(self, request: sdp.Request) -> sdp.Response:
        """Where a car that looks for a charger finds this one."""
        address = IPv6Address(self._host.partition("%")[0])
        secure = request.security is sdp.Security.TLS and self.tls() is not None
        return sdp.Response(address, self.port, sdp.Security.TLS if secure else sdp.Security.NONE)

    # For its connection

    def take(self, connection: _Connection) -> Engine | None:
        """The engine for a new connection; None while another one is served."""
        if self._connection is not None:
            return None
        self._connection = connection
        now_s, seen = asyncio.get_running_loop().time(), self._snapshot()
        if not seen.resumable:
            self._paused = None
        return Engine(self._spoken, seen, self._dice(), now_s, paused=self._paused)

    def snapshot(self) -> Snapshot:
        """The charger as it is."""
        return self._snapshot()

    def happened(self, engine: Engine, event: AnyEvent) -> None:
        """Pass an event on, and remember what a paused session will need."""
        match event:
            case CertificateWanted():
                errand = asyncio.get_running_loop().create_task(self._fetched(engine, event))
                self._errands.add(errand)
                errand.add_done_callback(self._errands.discard)
            case SessionBegan():
                self._paused = None
            case SessionOver(outcome=Outcome.PAUSED):
                state = engine.state
                self._paused = Paused(state.session_id, state.mode, state.payment, state.schedule, state.emaid)
        self._tell(event)

    async def _fetched(self, engine: Engine, wanted: CertificateWanted) -> None:
        """Have a contract made. Where its car has left meanwhile, its engine is over, and heeds nothing more."""
        made = await self._fetch(wanted) if self._fetch is not None else None
        engine.fetched(made, asyncio.get_running_loop().time())
        if self._connection is not None:
            self._connection.answer()

    def release(self, connection: _Connection) -> None:
        """This connection is done with; the next one may come."""
        if self._connection is connection:
            self._connection = None


class _Connection(asyncio.Protocol):
    """One TCP connection: moves octets between the transport and its engine, and minds the engine's deadline."""

    def __init__(self, server: SeccServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._engine: Engine | None = None
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle | None = None
        self._begun = False
        self._tls: Tls | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A car has connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._engine = self._server.take(self)
        if self._engine is None:
            log.warning("a second connection was refused: a session goes on")
            self._transport.abort()
            return
        self.answer()

    def data_received(self, data: bytes) -> None:
        """Octets came."""
        engine = self._engine
        if engine is None:
            return
        if not self._begun:
            self._begun = True
            context = self._server.tls() if data[:1] == HANDSHAKE else None
            if context is not None:
                self._tls = Tls(context)
                engine.secured()
        try:
            said = data if self._tls is None else self._tls.receive(data)
        except TlsError as error:
            engine.stop(f"TLS: {error}")
        else:
            if said:
                engine.receive(said, self._loop.time())
            if self._tls is not None and self._tls.over:
                engine.lost()
        self.answer()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        del exc
        if self._engine is not None:
            self._engine.lost()
            self.answer()
            self._engine = None
        self._cancel()
        self._server.release(self)

    def changed(self) -> None:
        """The charger has changed."""
        if self._engine is not None:
            self._engine.update(self._server.snapshot(), self._loop.time())
            self.answer()

    def end(self, why: str) -> None:
        """The charger gives up."""
        if self._engine is not None:
            self._engine.stop(why)
            self.answer()

    def answer(self) -> None:
        """Do what is due: reply first, then act."""
        engine = self._engine
        if engine is None:
            return
        output = engine.take()
        octets = output.data
        if self._tls is not None:
            self._tls.send(octets)
            if output.close is not None:
                self._tls.close()
            octets = self._tls.pending()
        if octets:
            self._transport.write(octets)
        for event in output.events:
            self._server.happened(engine, event)
        self._cancel()
        if output.close is not None:
            log.info("the car's session is over: %s", output.close)
            self._server.release(self)
            self._transport.close()
            self._timer = self._loop.call_later(LINGER_S, self._transport.abort)
        elif engine.deadline_s is not None:
            self._timer = self._loop.call_at(engine.deadline_s, self._tick)

    def _tick(self) -> None:
        if self._engine is not None:
            self._engine.tick(self._loop.time())
            self.answer()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Discovery(asyncio.DatagramProtocol):
    """Answers cars that look for a charger; what is no request is ignored ([V2G2-141])."""

    def __init__(self, respond: Callable[[sdp.Request], sdp.Response]) -> None:
        self._respond = respond
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | bytes | int, ...]) -> None:
        """A datagram came."""
        try:
            request = sdp.read_request(data)
        except sdp.SdpError as error:
            log.debug("SDP: %s", error)
            return
        self._transport.sendto(sdp.write_response(self._respond(request)), addr)
