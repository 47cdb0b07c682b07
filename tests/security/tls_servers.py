"""CSMSs of every kind for the station to dial: good, old or badly certified ones, and things that are no CSMS."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import threading
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from tests.security import minting

_quiet = logging.getLogger("tests.tls_servers")
_quiet.setLevel(logging.CRITICAL)  # failed handshakes are what is wanted

V10, V11, V12, V13 = (
    ssl.TLSVersion.TLSv1,
    ssl.TLSVersion.TLSv1_1,
    ssl.TLSVersion.TLSv1_2,
    ssl.TLSVersion.TLSv1_3,
)


@dataclass(frozen=True)
class Server:
    """How a CSMS presents itself. `clients`: CA of the certificates it asks chargers for; `crl`: of what it revoked."""

    certificate: str = "csms"
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion] = (V12, V13)
    ciphers: str = "DEFAULT"
    clients: str | None = None
    crl: str | None = None
    status: HTTPStatus | None = None  # refuses the WebSocket handshake
    subprotocols: bool = True
    leaf_only: bool = False  # forgets its intermediates
    pem: Path | None = None  # with the key in the same file, instead of `certificate`

    def context(self) -> ssl.SSLContext:
        """Its TLS, also where that is older than it should be."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.set_ciphers(f"{self.ciphers}:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what is tested
            made.minimum_version, made.maximum_version = self.versions
        made.options &= ~ssl.OP_NO_TLSv1 & ~ssl.OP_NO_TLSv1_1
        if self.pem is not None:
            made.load_cert_chain(self.pem)
        else:
            made.load_cert_chain(minting.path(self.certificate), minting.key(self.certificate))
        if self.clients is not None:
            made.verify_mode = ssl.CERT_REQUIRED
            made.load_verify_locations(minting.path(self.clients))
        if self.crl is not None:
            made.load_verify_locations(minting.pki() / "bad" / f"{self.crl}.crl")
            made.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        return made


@contextlib.asynccontextmanager
async def listening(server: Server, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Such a CSMS; its port. In threads, because asyncio's servers hang up without the alert that says why."""

    def refuse(connection: ServerConnection, _request: Request) -> Response | None:
        return None if server.status is None else connection.respond(server.status, "no\n")

    def attend(socket: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            socket.recv()

    with serve(
        attend,
        host,
        0,
        ssl=server.context(),
        subprotocols=["ocpp2.1", "ocpp2.0.1", "ocpp1.6"] if server.subprotocols else None,
        select_subprotocol=None if server.subprotocols else (lambda *_: None),
        process_request=refuse,
        compression=None,
        logger=_quiet,
        close_timeout=0.1,
    ) as listener:
        thread = threading.Thread(target=listener.serve_forever, daemon=True)
        thread.start()
        try:
            yield listener.socket.getsockname()[1]
        finally:
            listener.shutdown()
            await asyncio.to_thread(thread.join)


@contextlib.asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    """A server that reads a little, says these bytes, and hangs up; its port."""

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(answer)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    listener = await asyncio.start_server(attend, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        await listener.wait_closed()


def alert(description: int, version: bytes = b"\x03\x03") -> bytes:
    """A fatal TLS alert (RFC 5246 7.2)."""
    return b"\x15" + version + b"\x00\x02\x02" + bytes([description])


def server_hello(version: bytes, suite: bytes = b"\xc0\x2b", compression: bytes = b"\x00") -> bytes:
    """A ServerHello (RFC 5246 7.4.1.3) that chooses a version, a cipher suite and a compression method."""
    body = version + bytes(32) + b"\x00" + suite + compression
    handshake = b"\x02" + len(body).to_bytes(3, "big") + body
    return b"\x16" + version + len(handshake).to_bytes(2, "big") + handshake
