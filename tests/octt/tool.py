"""The test tool's side of the wire: expects messages step by step, and holds every frame against the OCPP schemas."""

from __future__ import annotations

import asyncio
import decimal
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ocpp.messages import MessageType, get_validator

from tests.agent.ocpp.scripted_csms import EPOCH_TEXT, Heard, ScriptedCsms

SUBPROTOCOLS: Final = {"1.6": "ocpp1.6", "2.0.1": "ocpp2.0.1", "2.1": "ocpp2.1"}
STEP_S: Final = 60.0  # how long the tool waits for a message, in virtual time
ABSENT: Final = object()
PRESENT: Final = object()

ACCEPTED_TOKEN: Final = {"status": "Accepted"}
ANSWERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "1.6": {
        "Authorize": {"idTagInfo": ACCEPTED_TOKEN},
        "StopTransaction": {"idTagInfo": ACCEPTED_TOKEN},
    },
    "2.0.1": {
        "Authorize": {"idTokenInfo": ACCEPTED_TOKEN},
        "TransactionEvent": lambda request: {"idTokenInfo": ACCEPTED_TOKEN} if "idToken" in request else {},
        "SignCertificate": {"status": "Accepted"},
        "NotifyEVChargingNeeds": {"status": "Accepted"},
    },
}


class Refused(Exception):  # noqa: N818 - reads as what the station did
    """The station answered with a CALLERROR."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code


def at(payload: Any, path: str) -> Any:
    """What stands at "a.b.0.c"; ABSENT where nothing does."""
    for part in path.split("."):
        if isinstance(payload, list) and part.isdigit() and int(part) < len(payload):
            payload = payload[int(part)]
        elif isinstance(payload, dict) and part in payload:
            payload = payload[part]
        else:
            return ABSENT
    return payload


def holds(payload: Any, where: Mapping[str, Any]) -> bool:
    """Whether each path has its value: a plain one, one of a set, ABSENT, PRESENT, or what a function approves."""

    def right(found: Any, wanted: Any) -> bool:
        if wanted is PRESENT:
            return found is not ABSENT
        if callable(wanted):
            return found is not ABSENT and bool(wanted(found))
        if isinstance(wanted, set | frozenset):
            return found in wanted if not isinstance(found, dict | list) else False
        return bool(found == wanted) if wanted is not ABSENT else found is ABSENT

    return all(right(at(payload, path), wanted) for path, wanted in where.items())


def require(payload: Any, **where: Any) -> Any:
    """The payload, when each field (`__` for a dot) is right; else an assertion that shows it."""
    paths = {name.replace("__", "."): wanted for name, wanted in where.items()}
    assert holds(payload, paths), f"expected {paths}, got {payload}"
    return payload


def judge(kind: MessageType, action: str, payload: Any, version: str) -> None:
    """Raise unless the schema that the OCPP publishes accepts the payload."""
    exact = decimal.Decimal if version == "1.6" else float  # 1.6 allows limits one decimal, which no float has
    text = json.dumps(payload)
    get_validator(kind, action, version, parse_float=exact).validate(json.loads(text, parse_float=exact))


@dataclass
class Tool(ScriptedCsms):
    """A scripted CSMS that takes messages off one by one. `version` is that of the configuration: "1.6", "2.0.1"."""

    version: str = "2.0.1"
    _seen: set[int] = field(default_factory=set)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.versions = (SUBPROTOCOLS[self.version],)
        self.answers = dict(ANSWERS[self.version]) | self.answers
        super().__post_init__()

    # What the tool sends

    async def send(self, action: str, **payload: Any) -> dict[str, Any]:
        """A request of the tool's; the station's response, which the schema accepts. Raises `Refused`."""
        call_id = f"octt-{next(self._numbers)}"
        await self.until(lambda: self.socket is not None)
        frame = await self.call(action, payload, call_id)
        if frame[0] != 3:
            raise Refused(frame[2], frame[3])
        judge(MessageType.CallResult, action, frame[2], self.version)
        answer: dict[str, Any] = frame[2]
        return answer

    # What the tool waits for

    async def expect(self, action: str, /, within_s: float = STEP_S, **where: Any) -> dict[str, Any]:
        """The first message of this action that was not taken off yet and whose fields (`__` for a dot) are right."""
        paths = {name.replace("__", "."): wanted for name, wanted in where.items()}

        def found() -> Heard | None:
            return next((one for one in self.left(action) if holds(one.payload, paths)), None)

        try:
            heard: Heard = await self.until(found, within_s)
        except TimeoutError:
            left = [(one.action, one.payload) for one in self.left()]
            raise AssertionError(f"no {action} with {paths} within {within_s:g} s; not taken off: {left}") from None
        return self.take(heard)

    async def silence(self, action: str, for_s: float, **where: Any) -> None:
        """Nothing more of this action (with these fields) is left, nor comes while time passes."""
        paths = {name.replace("__", "."): wanted for name, wanted in where.items()}
        await asyncio.sleep(for_s)
        wrong = [one.payload for one in self.left(action) if holds(one.payload, paths)]
        assert not wrong, f"{action} was not to be sent: {wrong}"

    def left(self, action: str | None = None) -> list[Heard]:
        """Messages that nobody has taken off yet."""
        return [
            one for n, one in enumerate(self.heard) if n not in self._seen and (action is None or one.action == action)
        ]

    def take(self, heard: Heard) -> dict[str, Any]:
        """Take a message off, and hold it against the schema."""
        self._seen.add(next(n for n, one in enumerate(self.heard) if one is heard))
        judge(MessageType.Call, heard.action, heard.payload, self.version)
        return heard.payload

    def forget(self, *actions: str) -> None:
        """Take off all that was heard of these actions (none named: of all) without looking."""
        for one in self.left():
            if not actions or one.action in actions:
                self.take(one)

    # The link

    async def go_offline(self) -> None:
        """Close the connection and accept no other."""
        if self.socket is not None:
            self.socket.transport.abort()
        self.socket = None
        await self.stop()

    async def go_online(self) -> None:
        """Accept connections again, and wait for the station."""
        before = len(self.handshakes)
        await self.start(self.port)
        await self.until(lambda: len(self.handshakes) > before)

    def answer(self, action: str, answer: Any | Callable[[dict[str, Any]], Any]) -> None:
        """From now on this is what the tool answers."""
        self.answers[action] = answer


NOW: Final = EPOCH_TEXT
BOOT_INTERVAL_S: Final = 2.0  # until a station that was accepted has said all it has to say
