"""Serves published firmware to the stations of a local network over HTTP. Opens its port with the first publication."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections import Counter
from pathlib import Path
from typing import Final

from agent.ocpp.asks.firmware import Unpublished

log = logging.getLogger(__name__)

HEAD_S: Final = 10.0  # our policy: how long a request may take to come
STALL_S: Final = 60.0  # our policy: how long a reader may take none of what is sent
MAX_HEAD: Final = 8 * 1024  # our policy: bytes of a request's head
MAX_READERS: Final = 64  # our policy: downloads at the same time
CHUNK: Final = 64 * 1024
REQUEST: Final = re.compile(rb"(GET|HEAD) /firmware/([0-9a-f]{32}) HTTP/1\.[01]\r\n")
RANGE: Final = re.compile(rb"\r\nrange: *bytes=(\d{1,18})-\r\n", re.IGNORECASE)


class HttpPublisher:
    """Meets `agent.ocpp.workshop.Publisher`. Names nothing but checksums, and reads nothing but what was published."""

    def __init__(self, host: str, port: int, address: str) -> None:
        """`address`: the host name or IP by which other stations reach this one."""
        self._host = host
        self._port = port
        self._address = address
        self._files: dict[str, Path] = {}
        self._reading: Counter[str] = Counter()
        self._server: asyncio.Server | None = None

    async def publish(self, checksum: str, file: Path) -> tuple[str, ...]:
        """Serve it; where it is found (L03.FR.03, L03.FR.04). Raises OSError."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, self._host, self._port, limit=MAX_HEAD)
        self._files[checksum] = file
        port = self._server.sockets[0].getsockname()[1]
        return (f"http://{self._address}:{port}/firmware/{checksum}",)

    def withdraw(self, checksum: str) -> Unpublished:
        """Serve it no longer, unless somebody is downloading it right now (L04.FR.01-04)."""
        if checksum not in self._files:
            return Unpublished.NO_FIRMWARE
        if self._reading[checksum]:
            return Unpublished.DOWNLOADING
        with contextlib.suppress(OSError):
            self._files.pop(checksum).unlink(missing_ok=True)
        if not self._files and self._server is not None:
            self._server.close()
            self._server = None
        return Unpublished.UNPUBLISHED

    def close(self) -> None:
        """Serve nothing any more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_S):
                head = await reader.readuntil(b"\r\n\r\n")
            await self._answer(head, writer)
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            log.info("a download of published firmware was broken off: %s", type(error).__name__)
        finally:
            writer.close()

    async def _answer(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        request = REQUEST.match(head)
        checksum = request[2].decode() if request else ""
        file = self._files.get(checksum)
        if request is None or file is None:
            writer.write(_head("404 Not Found", 0))
            return
        if self._reading.total() >= MAX_READERS:
            writer.write(_head("503 Service Unavailable", 0))
            return
        self._reading[checksum] += 1
        try:
            await _send(file, checksum, head, writer, body=request[1] == b"GET")
        finally:
            self._reading[checksum] -= 1


async def _send(file: Path, checksum: str, head: bytes, writer: asyncio.StreamWriter, *, body: bool) -> None:
    loop = asyncio.get_running_loop()
    size = (await loop.run_in_executor(None, file.stat)).st_size
    wanted = RANGE.search(head)
    start = int(wanted[1]) if wanted else 0
    if wanted and start >= size:
        writer.write(_head("416 Range Not Satisfiable", 0, f"Content-Range: bytes */{size}\r\n"))
        return
    more = f'ETag: "{checksum}"\r\nAccept-Ranges: bytes\r\n'
    if wanted:
        more += f"Content-Range: bytes {start}-{size - 1}/{size}\r\n"
    writer.write(_head("206 Partial Content" if wanted else "200 OK", size - start, more))
    if not body:
        return
    with await loop.run_in_executor(None, lambda: file.open("rb")) as opened:
        opened.seek(start)
        while chunk := await loop.run_in_executor(None, opened.read, CHUNK):
            writer.write(chunk)
            async with asyncio.timeout(STALL_S):
                await writer.drain()


def _head(status: str, length: int, more: str = "") -> bytes:
    kind = "Content-Type: application/octet-stream\r\n"
    return f"HTTP/1.1 {status}\r\n{kind}Content-Length: {length}\r\nConnection: close\r\n{more}\r\n".encode()
