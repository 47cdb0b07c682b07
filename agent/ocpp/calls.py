"""Calls over one connection: ours one at a time, theirs answered meanwhile, reply first and act afterwards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Final, Protocol

from msgspec import Struct

from agent.ocpp.codec import CallError, ErrorCode
from agent.ocpp.dialect import Dialect
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
    SendReceived,
    TimedOut,
)

_log = logging.getLogger(__name__)

PROBE_S: Final = 10.0  # our policy: how long a pong may take when a call was not answered in time


class CallFailedError(Exception):
    """The CSMS refused a call of ours, answered it with nonsense, or did not answer in time though it is there."""


class LinkLostError(Exception):
    """The connection is gone, and with it the answer to what was under way."""


class Link(Protocol):
    """An open connection."""

    async def send(self, frame: str) -> None:
        """Send a frame. Raises `LinkLostError`."""

    def frames(self) -> AsyncIterator[str | bytes]:
        """What comes in; raises `LinkLostError` when nothing more can."""

    async def alive(self, within_s: float) -> bool:
        """Whether the peer answers a ping in time."""

    async def close(self, code: int, reason: str) -> None:
        """Close it."""


class Served(Struct, frozen=True):
    """How a call of the CSMS is met. `response` None: silence. `then` runs once the response has gone out."""

    response: Struct | CallError | None
    then: Callable[[], None] | None = None


class Calls:
    """One connection's worth of calls. `lost`: nothing goes out any more."""

    def __init__(
        self,
        link: Link,
        rpc: Rpc,
        dialect: Dialect,
        new_id: Callable[[], str],
        serve: Callable[[str, Struct], Served],
    ) -> None:
        self.dialect = dialect
        self._link = link
        self._rpc = rpc
        self._new_id = new_id
        self._serve = serve
        self._turn = asyncio.Lock()
        self._answer: asyncio.Future[Struct] | None = None
        self._exchanges: set[asyncio.Task[Struct]] = set()
        self.lost = False

    async def call(self, message: Struct, message_id: str | None = None) -> Struct:
        """Send a request when it is its turn; the response. Raises `CallFailedError`, `LinkLostError`.

        A caller that is cancelled leaves the exchange to itself: the next call still waits until it is over.
        """
        exchange = asyncio.get_running_loop().create_task(self._exchange(message, message_id or self._new_id()))
        self._exchanges.add(exchange)
        exchange.add_done_callback(self._ended)
        return await asyncio.shield(exchange)

    async def receive(self) -> None:
        """Take in frames until the link is lost, which it raises as `LinkLostError`."""
        try:
            async for frame in self._link.frames():
                for event in self._rpc.receive(frame, asyncio.get_running_loop().time()):
                    await self._on(event)
        except LinkLostError as error:
            self.lost = True
            self._fail(error)
            raise

    async def close(self) -> None:
        """Nothing more is sent or expected."""
        self.lost = True
        self._fail(LinkLostError("closed"))
        if self._exchanges:
            await asyncio.wait(self._exchanges)

    async def _exchange(self, message: Struct, message_id: str) -> Struct:
        loop = asyncio.get_running_loop()
        async with self._turn:
            if self.lost:
                raise LinkLostError("the connection was lost before the call's turn")
            frame = self._rpc.call(message, message_id=message_id, now_s=loop.time())
            answer: asyncio.Future[Struct] = loop.create_future()
            self._answer = answer
            try:
                await self._link.send(frame)
                async with asyncio.timeout_at(self._rpc.deadline_s()):
                    return await answer
            except TimeoutError:
                self._rpc.expire(loop.time())
                raise await self._silence(message) from None
            finally:
                self._answer = None

    async def _silence(self, message: Struct) -> CallFailedError | LinkLostError:
        """Tell a CSMS that does not answer this call from a connection that is dead: only the first is its failure."""
        action = self.dialect.codec.action_of(message)
        if await self._link.alive(PROBE_S):
            return CallFailedError(f"{action} was not answered in time")
        await self._link.close(1001, "no answer to a call, nor to a ping")
        return LinkLostError(f"neither {action} nor a ping was answered")

    async def _on(self, event: Event) -> None:
        match event:
            case ResultReceived(message=message):
                self._settle(message)
            case ErrorReceived(code=code, description=description):
                self._fail(CallFailedError(f"{code}: {description}"))
            case TimedOut():
                pass  # the exchange has a timer of its own for the same moment
            case CallReceived(id=call_id, action=action, message=message):
                await self._answer_call(call_id, action, message)
            case Reply(frame=frame):
                await self._link.send(frame)
            case CloseNeeded(code=code, reason=reason):
                _log.warning("closing the connection to the CSMS: %s", reason)
                await self._link.close(code, reason)
            case Dropped(reason=reason, frame_start=start):
                _log.warning("dropped a frame of the CSMS: %s: %r", reason, start)
            case ResultRefused(code=code, description=description):
                _log.warning("the CSMS could not process an answer: %s: %r", code, description)
            case SendReceived(action=action):
                _log.info("nobody here listens to %s", action)

    async def _answer_call(self, call_id: str, action: str, message: Struct) -> None:
        try:
            served = self._serve(action, message)
        except Exception:  # noqa: BLE001 - a fault of ours costs this answer, not the connection
            _log.exception("%s could not be served", action)
            served = Served(CallError(ErrorCode.INTERNAL_ERROR, f"{action} could not be served"))
        match served.response:
            case None:
                return
            case CallError() as refusal:
                await self._link.send(self._rpc.refuse(call_id, refusal))
            case Struct() as response:
                await self._link.send(self._rpc.answer(call_id, response))
        if served.then is not None:
            served.then()

    def _settle(self, message: Struct) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(message)

    def _fail(self, error: CallFailedError | LinkLostError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _ended(self, exchange: asyncio.Task[Struct]) -> None:
        self._exchanges.discard(exchange)
        if not exchange.cancelled():
            exchange.exception()  # seen, even when the caller has gone
