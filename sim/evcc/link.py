"""How a car's requests reach a charger: over a TCP or TLS stream, or straight into an engine."""

from __future__ import annotations

import asyncio
import contextlib
from types import ModuleType
from typing import Protocol

from agent.iso15118 import exi
from agent.iso15118.exi import Message
from agent.iso15118.v2gtp import Broken, Frame, Framer, PayloadType, framed

READ_BYTES = 4096


class ChargerGoneError(Exception):
    """The charger closed the connection, or broke its frames."""


class Link(Protocol):
    """An open connection to a charger."""

    async def ask(self, request: Message, schema: ModuleType) -> Message:
        """Send a request; the response, read with `schema`. Raises `ChargerGoneError`, `TimeoutError`."""

    async def send(self, octets: bytes) -> None:
        """Send octets as they are, well-formed or not."""

    async def hear(self, schema: ModuleType) -> Message:
        """The next response, read with `schema`. Raises `ChargerGoneError`, `TimeoutError`."""

    async def close(self) -> None:
        """Hang up."""


class StreamLink:
    """Over a stream. `piece_octets`: send so many at a time, with the network between them."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        timeout_s: float = 10.0,
        piece_octets: int | None = None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._timeout_s = timeout_s
        self._piece_octets = piece_octets
        self._framer = Framer()
        self._frames: list[Frame | Broken] = []

    async def ask(self, request: Message, schema: ModuleType) -> Message:
        """Send a request; the response. Raises `ChargerGoneError`, `TimeoutError`."""
        await self.send(framed(PayloadType.EXI, exi.encode(request)))
        return await self.hear(schema)

    async def hear(self, schema: ModuleType) -> Message:
        """The next response. Raises `ChargerGoneError`, `TimeoutError`."""
        async with asyncio.timeout(self._timeout_s):
            return exi.decode(schema, await self._payload())

    async def send(self, octets: bytes) -> None:
        """Send octets as they are. Raises `ChargerGoneError`."""
        step = self._piece_octets or len(octets)
        for at in range(0, len(octets), step):
            self._writer.write(octets[at : at + step])
            try:
                await self._writer.drain()
            except ConnectionError as error:
                raise ChargerGoneError(f"the connection broke: {error}") from error

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with contextlib.suppress(ConnectionError, OSError):  # the charger was first
            await self._writer.wait_closed()

    async def _payload(self) -> bytes:
        while not self._frames:
            try:
                octets = await self._reader.read(READ_BYTES)
            except ConnectionError as error:
                raise ChargerGoneError(f"the connection broke: {error}") from error
            if not octets:
                raise ChargerGoneError("the charger hung up")
            self._frames += self._framer.feed(octets)
        frame = self._frames.pop(0)
        if isinstance(frame, Broken):
            raise ChargerGoneError(f"the charger's frames are broken: {frame.reason}")
        return frame.payload
