"""A CSMS that writes its WebSocket frames by hand, so that it can write them wrong. Knows RFC 6455, no library."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import re
import struct
from collections.abc import Callable
from typing import Any, Final

from tests.agent.ocpp.scripted_csms import BOOT_ACCEPTED, EPOCH_TEXT

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA  # RFC 6455 5.2
FIN, RSV1, MASK = 0x80, 0x40, 0x80
GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # 1.3


def ws(opcode: int, payload: bytes = b"", *, fin: bool = True, first: int = 0, masked: bool = False) -> bytes:
    """A frame as a server sends it. `first`: further bits of its first byte; `masked`: as only a client may."""
    size = len(payload)
    head = bytes((opcode | (FIN if fin else 0) | first,))
    mask = MASK if masked else 0
    if size < 126:
        head += bytes((size | mask,))
    elif size < 65536:
        head += bytes((126 | mask,)) + struct.pack(">H", size)
    else:
        head += bytes((127 | mask,)) + struct.pack(">Q", size)
    return head + (b"\0\0\0\0" if masked else b"") + payload


def close_frame(code: int, reason: bytes = b"") -> bytes:
    """Goodbye."""
    return ws(CLOSE, struct.pack(">H", code) + reason)


class RawCsms:
    """Accepts stations one after the other. `answer`: makes the answer to a handshake out of its accept key."""

    def __init__(self, answer: Callable[[str], bytes] | None = None) -> None:
        self.answer = answer or accepting
        self.connections = 0
        self.texts: list[list[Any]] = []  # of this connection, as JSON
        self.pongs: list[bytes] = []
        self.closed: int | None = None  # with which code the station hung up
        self.gone = False
        self._writer: asyncio.StreamWriter | None = None
        self._news = asyncio.Event()

    async def start(self) -> str:
        """Listen; where."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/ocpp"

    async def stop(self) -> None:
        """Hang up and listen no more."""
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Reset the connection."""
        if self._writer is not None:
            self._writer.transport.abort()

    def send(self, data: bytes) -> None:
        """Bytes, as they are."""
        assert self._writer is not None
        with contextlib.suppress(ConnectionError):
            self._writer.write(data)

    async def until(self, what: Callable[[], Any], within_s: float = 600.0) -> Any:
        """Wait until something holds."""
        async with asyncio.timeout(within_s):
            while not (found := what()):
                self._news.clear()
                await self._news.wait()
            return found

    def reply(self, call_id: str) -> list[Any] | None:
        """The station's answer to a call."""
        return next((one for one in self.texts if one[0] in {3, 4} and one[1] == call_id), None)

    def booted(self) -> bool:
        """Whether the station of this connection has reported its connectors."""
        return any(one[0] == 2 and one[2] == "StatusNotification" for one in self.texts)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writer, self.texts, self.pongs, self.closed, self.gone = writer, [], [], None, False
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            request = await reader.readuntil(b"\r\n\r\n")
            key = re.search(rb"Sec-WebSocket-Key: (\S+)", request)
            assert key is not None
            accept = base64.b64encode(hashlib.sha1(key[1] + GUID).digest()).decode()  # noqa: S324 - RFC 6455 4.2.2
            writer.write(self.answer(accept))
            self._news.set()
            while True:
                await self._frame(reader)
        if writer is self._writer:
            self.gone = True
        writer.close()
        self._news.set()

    async def _frame(self, reader: asyncio.StreamReader) -> None:
        """One frame of the station, which never fragments."""
        first, second = await reader.readexactly(2)
        assert first & FIN
        assert second & MASK, "a client masks (RFC 6455 5.3)"
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", await reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", await reader.readexactly(8))
        mask = await reader.readexactly(4)
        payload = bytes(one ^ mask[place % 4] for place, one in enumerate(await reader.readexactly(size)))
        match first & 0x0F:
            case 0x1:
                self._text(json.loads(payload))
            case 0x9:
                self.send(ws(PONG, payload))
            case 0xA:
                self.pongs.append(payload)
            case 0x8:
                self.closed = struct.unpack(">H", payload[:2])[0] if payload else 1005
                if self._writer is not None:
                    self._writer.close()
        self._news.set()

    def _text(self, message: list[Any]) -> None:
        self.texts.append(message)
        if message[0] == 2:
            answers = {"BootNotification": BOOT_ACCEPTED, "Heartbeat": {"currentTime": EPOCH_TEXT}}
            self.send(ws(TEXT, json.dumps([3, message[1], answers.get(message[2], {})]).encode()))


def accepting(
    accept: str, *headers: str, status: str = "101 Switching Protocols", version: str | None = "ocpp1.6"
) -> bytes:
    """The answer to a handshake; of another kind where something else is given."""
    chosen = () if version is None else (f"Sec-WebSocket-Protocol: {version}",)
    lines = (
        f"HTTP/1.1 {status}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept}",
        *chosen,
        *headers,
    )
    return "\r\n".join((*lines, "", "")).encode()
