"""Somebody who talks to a control socket from within the loop that serves it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any


class Caller:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, line: str | bytes) -> None:
        self.writer.write((line.encode() if isinstance(line, str) else line) + b"\n")

    async def next(self) -> dict[str, Any] | None:
        line = await self.reader.readline()
        return json.loads(line) if line else None

    async def say(self, line: str | bytes) -> dict[str, Any] | None:
        self.send(line)
        return await self.next()

    async def ask(self, method: str, **params: object) -> dict[str, Any]:
        answer = await self.say(json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}))
        assert answer is not None
        assert answer["id"] == 7
        return answer


@asynccontextmanager
async def calling(path: Path) -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_unix_connection(str(path), limit=1 << 22)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()
