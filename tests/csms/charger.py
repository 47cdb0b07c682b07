"""A charger for tests that speaks plain JSON: nothing of ours reads or writes its frames."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from csms.server import Csms

FOR_EVER_S = 86_400  # of virtual time, which passes quickly while two ends ping each other

BOOT_16 = {"chargePointVendor": "ACME", "chargePointModel": "One", "firmwareVersion": "1.2"}
BOOT_2X = {"reason": "PowerUp", "chargingStation": {"vendorName": "ACME", "model": "One", "firmwareVersion": "1.2"}}
BOOT = {"ocpp1.6": BOOT_16, "ocpp2.0.1": BOOT_2X, "ocpp2.1": BOOT_2X}


class RefusedError(Exception):
    """A CALLERROR; its code and description."""


class JsonCharger:
    """`asked` lists the CSMS's calls as (action, payload); `answers` says what to answer (None: nothing)."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.asked: list[tuple[str, Any]] = []
        self.answers: dict[str, Any] = {}
        self.frames: list[Any] = []
        self._arrived = asyncio.Event()
        self._ids = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._reader = asyncio.create_task(self._read())

    async def call(self, action: str, payload: Any, message_id: str | None = None) -> Any:
        """The CSMS's answer; RefusedError for a CALLERROR, ConnectionClosed when the connection ends first."""
        message_id = message_id or str(next(self._ids))
        answer = self._waiting[message_id] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps([2, message_id, action, payload]))
        await asyncio.wait([answer, self._reader], return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            await self.socket.recv()  # raises what ended the connection
        kind, _, *rest = answer.result()
        if kind == 4:
            raise RefusedError(*rest[:2])
        return rest[0]

    async def boot(self) -> Any:
        assert self.socket.subprotocol
        return await self.call("BootNotification", BOOT[self.socket.subprotocol])

    async def next_frame(self, frame: str | bytes, *, text: bool = True) -> Any:
        """Send raw bytes and return the frame that comes next."""
        count = len(self.frames)
        await self.socket.send(frame, text=text)
        self._arrived.clear()
        await self._arrived.wait()
        return self.frames[count]

    async def until_asked(self, action: str) -> Any:
        """Wait until the CSMS has asked for an action; its payload."""
        while not (payloads := [payload for asked, payload in self.asked if asked == action]):
            self._arrived.clear()
            await self._arrived.wait()
        return payloads[-1]

    async def close(self) -> None:
        await self.socket.close()
        await self._reader

    async def _read(self) -> None:
        try:
            async for text in self.socket:
                frame = json.loads(text)
                self.frames.append(frame)
                if frame[0] == 2:
                    await self._on_call(*frame[1:])
                elif frame[1] in self._waiting:
                    self._waiting.pop(frame[1]).set_result(frame)
                self._arrived.set()
        except ConnectionClosed:
            return

    async def _on_call(self, message_id: str, action: str, payload: Any) -> None:
        self.asked.append((action, payload))
        answer = self.answers.get(action, {"status": "Accepted"})
        if answer is not None:
            await self.socket.send(json.dumps([3, message_id, answer]))


@asynccontextmanager
async def charger(
    csms: Csms, identity: str = "CP1", version: str = "ocpp1.6", **options: Any
) -> AsyncIterator[JsonCharger]:
    """A charger that is connected and has not said anything yet."""
    url = f"ws://127.0.0.1:{csms.port}/ocpp/{identity}"
    options = {"proxy": None, "compression": None, "subprotocols": [version], **options}
    connected = JsonCharger(await connect(url, **options))
    try:
        async with asyncio.timeout(FOR_EVER_S):
            yield connected
    finally:
        await connected.close()
