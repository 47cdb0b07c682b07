"""One HTTP/1.1 request and its answer, over asyncio's streams: all that a meter with a web interface needs.

No client library: the hardware layer stays small, and httpx alone would load more code than all the rest of it.
A connection serves one request; such meters are asked once a second, on a wire of their own.
"""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlsplit

import msgspec

HTTP_PORT: Final = 80
MAX_ANSWER_BYTES: Final = 1 << 16  # our policy: a signed record has some 2 kB
STATUS_FIELDS: Final = 2  # RFC 9112, 4: version, status code; the reason may be missing


class HttpError(Exception):
    """The answer is none; says why."""


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    body: bytes


class Endpoint(msgspec.Struct, frozen=True):
    """Where a server is."""

    host: str
    port: int


def parse_url(url: str) -> Endpoint:
    """Read `http://host:port`. Raises `ValueError` that says what was expected."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(f"address {url!r}: expected http://host or http://host:port")
    return Endpoint(parts.hostname, parts.port or HTTP_PORT)


async def request(endpoint: Endpoint, method: str, target: str, body: bytes = b"") -> Answer:
    """Ask once. Raises `HttpError`, and `OSError` when the server cannot be reached."""
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    try:
        head = f"{method} {target} HTTP/1.1\r\nHost: {endpoint.host}\r\nConnection: close\r\nAccept: */*\r\n"
        if body:
            head += "Content-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode("ascii") + body)
        return _answer(await _all(reader))
    finally:
        writer.close()


async def _all(reader: asyncio.StreamReader) -> bytes:
    """Everything until the server closes, or until the length it has announced."""
    data = b""
    while part := await reader.read(MAX_ANSWER_BYTES):
        data += part
        if len(data) > MAX_ANSWER_BYTES:
            raise HttpError(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
        head, found, rest = data.partition(b"\r\n\r\n")
        length = _headers(head).get("content-length", "") if found else ""
        if length.isdecimal() and len(rest) >= int(length):
            break
    return data


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _answer(data: bytes) -> Answer:
    head, found, body = data.partition(b"\r\n\r\n")
    status = head.split(b"\r\n")[0].split(b" ")
    if not found or len(status) < STATUS_FIELDS or not status[0].startswith(b"HTTP/1.") or not status[1].isdigit():
        raise HttpError(f"no HTTP answer: {data[:40]!r}")
    headers = _headers(head)
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return Answer(int(status[1]), _joined(body))
    length = headers.get("content-length", "")
    if length.isdecimal() and len(body) < int(length):
        raise HttpError(f"the answer ends after {len(body)} of {length} bytes")
    return Answer(int(status[1]), body[: int(length)] if length.isdecimal() else body)


def _joined(body: bytes) -> bytes:
    """The chunks of a body as one (RFC 9112, 7.1)."""
    whole = b""
    while True:
        size, found, rest = body.partition(b"\r\n")
        try:
            count = int(size.split(b";")[0], 16)
        except ValueError:
            count = -1
        if not found or count < 0 or len(rest) < count:
            raise HttpError("the answer ends within a chunk")
        if count == 0:
            return whole
        whole, body = whole + rest[:count], rest[count + 2 :]
