"""The CSMS of a recording: it answers what it answered then, and asks what it asked then, when it did."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from agent.recording import Frame
from sim.replay.compare import UUID, learn

CALL: Final = 2  # OCPP-J 4.1.3
ANSWERS: Final = frozenset({3, 4})
INTERVAL_S: Final = 300  # of heartbeats, until the recording says otherwise


class Exchange(msgspec.Struct, frozen=True):
    """A recorded call of the charger's and the answer to it; None: there was none."""

    at_s: float
    payload: Any
    answer: tuple[Any, ...] | None
    answered_s: float


def exchanges(frames: Iterable[Frame]) -> dict[str, deque[Exchange]]:
    """The charger's calls by their action, each with its answer, in order."""
    calls: list[tuple[str, str, Any, float]] = []
    answers: dict[str, tuple[float, tuple[Any, ...]]] = {}
    for frame in frames:
        match _content(frame.text):
            case [2, str(message_id), str(action), payload] if frame.out:
                calls.append((message_id, action, payload, frame.at_s))
            case [kind, str(message_id), *rest] if not frame.out and kind in ANSWERS:
                answers.setdefault(message_id, (frame.at_s, (kind, *rest)))
    found: defaultdict[str, deque[Exchange]] = defaultdict(deque)
    for message_id, action, payload, at_s in calls:
        answered_s, answer = answers.get(message_id, (at_s, None))
        found[action].append(Exchange(at_s, payload, answer, answered_s))
    return found


class ReplayCsms:
    """Speaks one version. Before `begins_s` it is a friendly CSMS; from then on the recorded one."""

    def __init__(
        self,
        version: str,
        frames: Iterable[Frame],
        begins_s: float,
        utc_s: Callable[[], float],
        ids: dict[str, str],
    ) -> None:
        """`utc_s` tells the time; `ids` takes in the recorded ids that have another value now."""
        frames = tuple(frame for frame in frames if frame.at_s >= begins_s)
        self._version = version
        self._exchanges = exchanges(frames)
        self._calls = deque(
            (frame.at_s, frame.text) for frame in frames if not frame.out and _content(frame.text)[:1] == [CALL]
        )
        self._begins_s = begins_s
        self._utc_s = utc_s
        self._ids = ids
        self._server: Server | None = None
        self._socket: ServerConnection | None = None
        self._errands: set[asyncio.Task[None]] = set()
        self.unsaid: list[tuple[float, str]] = []  # calls for which there was no connection

    async def start(self) -> int:
        """Listen, and return the port."""
        self._server = await serve(
            self._attend, "127.0.0.1", 0, subprotocols=[Subprotocol(self._version)], ping_interval=None
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """End all connections."""
        for errand in self._errands:
            errand.cancel()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def speak(self) -> None:
        """Ask what was asked, when it was."""
        loop = asyncio.get_running_loop()
        for at_s, text in self._calls:
            await asyncio.sleep(at_s - loop.time())
            if self._socket is None:
                self.unsaid.append((at_s, text))
            else:
                await self._send(self._socket, text)

    async def _attend(self, socket: ServerConnection) -> None:
        self._socket = socket
        try:
            async for text in socket:
                match _content(str(text)):
                    case [2, str(message_id), str(action), payload]:
                        self._later(socket, *self._answer(message_id, action, payload))
        except ConnectionClosed:
            pass  # the recording says when: the charger has hung up
        finally:
            if self._socket is socket:
                self._socket = None

    def _answer(self, message_id: str, action: str, payload: Any) -> tuple[float, str | None]:
        """In how many seconds to say what."""
        waiting = self._exchanges.get(action)
        if asyncio.get_running_loop().time() < self._begins_s or not waiting:
            return 0.0, _frame([3, message_id, self._friendly(action)])
        chosen = next((one for one in waiting if one.payload == payload), waiting[0])
        waiting.remove(chosen)
        learn(self._ids, chosen.payload, payload)
        if chosen.answer is None:
            return 0.0, None
        kind, *rest = chosen.answer
        return chosen.answered_s - chosen.at_s, _frame([kind, message_id, *rest])

    def _friendly(self, action: str) -> dict[str, Any]:
        now = dt.datetime.fromtimestamp(self._utc_s(), dt.UTC).isoformat().replace("+00:00", "Z")
        match action:
            case "BootNotification":
                return {"status": "Accepted", "currentTime": now, "interval": INTERVAL_S}
            case "Heartbeat":
                return {"currentTime": now}
            case "Authorize" if self._version == "ocpp1.6":
                return {"idTagInfo": {"status": "Invalid"}}
            case "Authorize":
                return {"idTokenInfo": {"status": "Unknown"}}
            case "StartTransaction":
                return {"idTagInfo": {"status": "Invalid"}, "transactionId": 0}
            case _:
                return {}

    def _later(self, socket: ServerConnection, wait_s: float, text: str | None) -> None:
        async def answer() -> None:
            await asyncio.sleep(wait_s)
            if text is not None:
                await self._send(socket, text)

        errand = asyncio.get_running_loop().create_task(answer())
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)

    async def _send(self, socket: ServerConnection, text: str) -> None:
        try:
            await socket.send(UUID.sub(lambda found: self._ids.get(found[0], found[0]), text))
        except ConnectionClosed:
            return  # nobody is there to hear it; what should have followed is missed by the comparison


def _content(text: str) -> list[Any]:
    try:
        content = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return []
    return content if isinstance(content, list) else []


def _frame(content: list[Any]) -> str:
    return msgspec.json.encode(content).decode()
