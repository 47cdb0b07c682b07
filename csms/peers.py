"""One connected charger: its messages in order, one CALL of ours in flight, answers while either side waits."""

from __future__ import annotations

import asyncio
import contextlib
import enum
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from agent.ocpp.codec import Codec, Version
from agent.ocpp.errors import CallError
from agent.ocpp.rpc import (
    CallReceived,
    CloseNeeded,
    Dropped,
    ErrorReceived,
    Event,
    Reply,
    ResultReceived,
    ResultRefused,
    Rpc,
    TimedOut,
)
from csms.dialects import Dialect
from csms.faults import Fault, Faults
from csms.records import Direction

MAX_UNANSWERED = 16  # our policy; OCPP-J 4.1.1 allows a charger one CALL at a time
PONG_TIMEOUT_S = 5.0  # our policy: how long a connection may take to prove that it lives
POLICY_VIOLATION = 1008  # RFC 6455 7.4.1
ILLEGAL_ANSWER = "the answer is not legal"  # how the frame layer begins what it says of such a one
SECRETIVE = frozenset({"ChangeConfiguration", "SetNetworkProfile", "SetVariables"})  # may carry passwords: never logged


class Failure(enum.StrEnum):
    """Why a CALL brought no answer."""

    OFFLINE = "offline"
    REFUSED = "refused"
    SILENT = "silent"


class CallFailedError(Exception):
    """A CALL brought no answer: the charger is not connected, refused it, or was silent."""

    def __init__(self, message: str, failure: Failure) -> None:
        super().__init__(message)
        self.failure = failure


class Log(Protocol):
    """Takes every frame, and what is wrong with it."""

    def __call__(self, direction: Direction, frame: str, violation: str | None = None) -> None:
        """Keep a frame."""


class Peer:
    """A charger on one connection.

    `serve` answers its CALLs, or raises CallError; `log` takes every frame; `ids` makes the ids of ours.
    """

    def __init__(
        self,
        identity: str,
        socket: ServerConnection,
        codec: Codec,
        dialect: Dialect,
        *,
        call_timeout_s: float,
        serve: Callable[[Peer, CallReceived], Awaitable[msgspec.Struct]],
        log: Log,
        ids: Callable[[], str],
        faults: Faults,
    ) -> None:
        self.identity = identity
        self.dialect = dialect
        self.solicited: set[str] = set()  # actions that we asked this charger for
        self._socket = socket
        self._codec = codec
        self._rpc = Rpc(codec, call_timeout_s=call_timeout_s, supported=dialect.handlers)
        self._call_timeout_s = call_timeout_s
        self._serve = serve
        self._log = log
        self._ids = ids
        self._faults = faults
        self._calls: asyncio.Queue[CallReceived | None] = asyncio.Queue()  # None: no more will come
        self._at_rest = asyncio.Event()  # no call of the charger's waits for its answer
        self._at_rest.set()
        self._turn = asyncio.Lock()
        self._outcome: asyncio.Future[Event | None] | None = None  # of our CALL in flight; None: the connection ended
        self._ended = asyncio.Event()  # the connection has
        self._gone = asyncio.Event()  # and everything that came over it is dealt with

    @property
    def version(self) -> Version:
        """The OCPP version spoken."""
        return self._codec.version

    def request_type(self, action: str) -> type[msgspec.Struct]:
        """The CALL of an action in the charger's version."""
        return self._codec.request_type(action)

    async def run(self) -> None:
        """Read and answer until the connection has ended and all that came over it is stored."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._answer_calls())
                await self._read()
                self._end()
        finally:
            self._end()
            self._gone.set()

    async def call(self, message: msgspec.Struct) -> msgspec.Struct:
        """Send a CALL when its turn has come, and return the charger's answer.

        Raises:
            CallFailedError: there is none, and why.
        """
        action = self._codec.action_of(message)
        self.solicited |= _solicited(action, message)
        async with self._turn:
            if self._outcome is not None:
                await asyncio.wait([self._outcome])  # whoever sent the last one may have given up waiting
            if self._ended.is_set():
                raise CallFailedError(f"{action} was not sent: the charger has gone", Failure.OFFLINE)
            self._outcome = await self._start(action, message)
            event = await asyncio.shield(self._outcome)
        match event:
            case ResultReceived():
                return event.message
            case ErrorReceived():
                raise CallFailedError(f"{action} was refused with {event.code}: {event.description}", Failure.REFUSED)
            case TimedOut():
                raise CallFailedError(f"{action} was not answered in time", Failure.SILENT)
            case _:
                raise CallFailedError(f"{action} was not answered: the charger has gone", Failure.OFFLINE)

    async def at_rest(self) -> None:
        """Wait until the charger's calls so far are answered."""
        await self._at_rest.wait()

    async def is_alive(self) -> bool:
        """Whether the other end still answers pings; asks it, for at most PONG_TIMEOUT_S."""
        try:
            async with asyncio.timeout(PONG_TIMEOUT_S):
                await (await self._socket.ping())
        except (TimeoutError, ConnectionClosed):
            return False
        return True

    async def abandon(self) -> None:
        """Cut a dead connection, and wait until nothing more comes of it."""
        self._socket.transport.abort()
        await self._gone.wait()

    async def _start(self, action: str, message: msgspec.Struct) -> asyncio.Future[Event | None]:
        loop = asyncio.get_running_loop()
        message_id, now_s = self._ids(), loop.time()
        frame = self._rpc.call(message, message_id=message_id, now_s=now_s)
        outcome: asyncio.Future[Event | None] = loop.create_future()
        deadline_s = now_s + self._call_timeout_s
        timer = loop.call_at(deadline_s, self._expire, deadline_s)
        outcome.add_done_callback(lambda _: timer.cancel())
        self._outcome = outcome
        await self._send(frame, f'[2,"{message_id}","{action}",...]' if action in SECRETIVE else frame)
        return outcome

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                frame = await self._socket.recv(decode=False)  # bad UTF-8 is for the frame layer to answer
                events = self._rpc.receive(frame, loop.time())
                self._log(Direction.IN, frame.decode(errors="replace"), _violation(events))
                for event in events:
                    await self._on(event)
        except ConnectionClosed:
            return

    async def _on(self, event: Event) -> None:
        match event:
            case CallReceived() if self._calls.qsize() >= MAX_UNANSWERED:
                await self._socket.close(POLICY_VIOLATION, "too many calls at once")
            case CallReceived():
                self._calls.put_nowait(event)
            case ResultReceived() | ErrorReceived() | TimedOut():
                self._settle(event)
            case Reply():
                await self._send(event.frame, event.frame)
            case CloseNeeded():
                await self._socket.close(event.code, event.reason)
            case _:
                pass  # dropped, unconfirmed, or a complaint of the charger's: it stands in the message log

    async def _answer_calls(self) -> None:
        while (call := await self._calls.get()) is not None:
            self._at_rest.clear()
            answer: msgspec.Struct | CallError
            try:
                answer = await self._serve(self, call)
            except CallError as error:
                answer = error
            fault = self._faults.take(self.identity, call.action)
            if fault is None:
                frame = self._frame(call.id, answer)
            else:
                frame = fault.mangle(self._frame(call.id, fault.distort(answer)))
            if fault is None or await self._survives(fault):
                await self._send(frame, frame)
            if self._calls.empty():
                self._at_rest.set()
        self._at_rest.set()

    def _frame(self, call_id: str, answer: msgspec.Struct | CallError) -> str:
        if isinstance(answer, CallError):
            return self._rpc.refuse(call_id, answer)
        return self._rpc.answer(call_id, answer)

    async def _survives(self, fault: Fault) -> bool:
        """Let a fault befall an answer; whether there is still something to send."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(fault.delay_s):
                await self._ended.wait()
        if fault.close:
            self._socket.transport.abort()
        return not (fault.close or fault.drop)

    async def _send(self, frame: str, logged: str) -> None:
        self._log(Direction.OUT, logged)
        try:
            await self._socket.send(frame)
        except ConnectionClosed:
            return  # the reader hears of it too, and ends the peer

    def _end(self) -> None:
        """Nothing more will come: let the calls that came be dealt with, and whoever waits for an answer go."""
        self._ended.set()
        self._calls.put_nowait(None)
        self._settle(None)

    def _expire(self, deadline_s: float) -> None:
        for event in self._rpc.expire(deadline_s):
            self._settle(event)

    def _settle(self, event: Event | None) -> None:
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(event)


def _solicited(action: str, message: Any) -> set[str]:
    """The actions that a CALL asks the charger for."""
    if action in {"TriggerMessage", "ExtendedTriggerMessage"}:
        wanted = message.requestedMessage  # of certificates it says which is to be signed
        return {"SignCertificate" if wanted.startswith("Sign") else wanted}
    return {"NotifyReport"} if action in {"GetBaseReport", "GetReport"} else set()


def _violation(events: Iterable[Event]) -> str | None:
    """What is wrong with the frame that brought these events, in the words of the codec that refused it."""
    for event in events:
        match event:
            case Reply():
                _, _, code, description, *_ = msgspec.json.decode(event.frame, type=list[Any])
                return f"{code}: {description}"
            case ErrorReceived() if event.description.startswith(ILLEGAL_ANSWER):
                return f"{event.code}: {event.description}"
            case ResultRefused():
                return f"the charger could not use our answer: {event.code}: {event.description}"
            case Dropped() | CloseNeeded():
                return event.reason
    return None
