"""A CSMS that does what a test tells it: real WebSocket frames, canned answers, everything it heard kept in order."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

EPOCH_TEXT = "2026-01-01T00:00:00.000Z"
SILENCE = object()
HANG_UP = object()

BOOT_ACCEPTED = {"currentTime": EPOCH_TEXT, "interval": 300, "status": "Accepted"}


class Refuse(Exception):  # noqa: N818 - reads as what the script does
    """Answer with a CALLERROR of this code."""


@dataclass
class Heard:
    """A call of the station."""

    action: str
    payload: dict[str, Any]
    id: str
    at_s: float


Answer = Callable[[dict[str, Any]], Any] | dict[str, Any] | object


@dataclass
class ScriptedCsms:
    """`answers`: action to a payload, a function of the request, SILENCE or HANG_UP; a list is used up one by one."""

    versions: tuple[str, ...] = ("ocpp1.6",)
    answers: dict[str, Any] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    frames: list[list[Any]] = field(default_factory=list)
    handshakes: list[Any] = field(default_factory=list)
    handshake_times_s: list[float] = field(default_factory=list)
    gate: Callable[[ServerConnection, Any], Any] | None = None  # may refuse a handshake, as process_request
    tls: ssl.SSLContext | None = None
    socket: ServerConnection | None = None
    _server: Server | None = None
    _replies: dict[str, asyncio.Future[list[Any]]] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        if "BootNotification" not in self.answers:
            self.answers["BootNotification"] = BOOT_ACCEPTED

    async def start(self, port: int = 0) -> str:
        """Listen; the endpoint's URL."""
        self._server = await serve(
            self._talk,
            "127.0.0.1",
            port,
            subprotocols=self.versions or None,
            select_subprotocol=None if self.versions else (lambda *_: None),
            process_request=self.gate,
            ssl=self.tls,
            compression=None,
            ping_interval=None,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return f"ws://127.0.0.1:{self.port}/ocpp" if self.tls is None else f"wss://localhost:{self.port}/ocpp"

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def hang_up(self) -> None:
        """Cut the connection without a word."""
        assert self.socket is not None
        self.socket.transport.abort()
        await self.socket.wait_closed()

    async def until(self, what: Callable[[], Any], within_s: float = 10_000.0) -> Any:
        """Wait until something holds; its value. A virtual clock makes long waits free."""
        async with asyncio.timeout(within_s):
            while not (found := what()):
                self._news.clear()
                await self._news.wait()
            return found

    async def heard_of(self, action: str, count: int = 1) -> list[Heard]:
        """The first `count` calls of an action, once they have come."""
        await self.until(lambda: len(self.calls(action)) >= count)
        return self.calls(action)

    def calls(self, action: str) -> list[Heard]:
        """What was heard of an action."""
        return [one for one in self.heard if one.action == action]

    @property
    def actions(self) -> list[str]:
        """What was heard, in order."""
        return [one.action for one in self.heard]

    async def call(self, action: str, payload: dict[str, Any], call_id: str = "c1") -> list[Any]:
        """Ask the station; its CALLRESULT or CALLERROR frame."""
        assert self.socket is not None
        reply = self._replies[call_id] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps([2, call_id, action, payload]))
        async with asyncio.timeout(50):
            return await reply

    async def _talk(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.handshakes.append(socket.request)
        self.handshake_times_s.append(asyncio.get_running_loop().time())
        self._news.set()
        try:
            async for text in socket:
                await self._take(socket, json.loads(text))
        except ConnectionClosed:
            pass

    async def _take(self, socket: ServerConnection, frame: list[Any]) -> None:
        self.frames.append(frame)
        if frame[0] != 2:
            if frame[1] in self._replies:
                self._replies.pop(frame[1]).set_result(frame)
            self._news.set()
            return
        _, call_id, action, payload = frame
        self.heard.append(Heard(action, payload, call_id, asyncio.get_running_loop().time()))
        self._news.set()
        try:
            answer = self._answer(action, payload)
        except Refuse as refusal:
            await socket.send(json.dumps([4, call_id, str(refusal), "", {}]))
            return
        if answer is HANG_UP:
            socket.transport.abort()
        elif answer is not SILENCE:
            await socket.send(json.dumps([3, call_id, answer]))

    def _answer(self, action: str, payload: dict[str, Any]) -> Any:
        answer = self.answers.get(action, _default(action))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Refuse):
            raise answer
        return answer(payload) if callable(answer) else answer


def _default(action: str) -> dict[str, Any]:
    match action:
        case "Heartbeat":
            return {"currentTime": EPOCH_TEXT}
        case "StartTransaction":
            return {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        case "Authorize":
            return {"idTagInfo": {"status": "Accepted"}}
        case _:
            return {}
