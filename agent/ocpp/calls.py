"""Calls over one connection: ours one at a time, theirs answered meanwhile, reply first and act afterwards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
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


class NotServedError(CallFailedError):
    """The CSMS has no ear for this kind of message, now or ever (NotImplemented, NotSupported)."""


class NotRegisteredError(CallFailedError):
    """The CSMS refuses a call because it has not accepted the station, or no longer knows that it has (B01.FR.10)."""


class LinkLostError(Exception):
    """The connection is gone, and with it the answer to what was under way.

    `invalid`: because of what the CSMS sent, and what that was.
    """

    def __init__(self, message: str, *, invalid: str | None = None) -> None:
        super().__init__(message)
        self.invalid = invalid


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
    """How a call of the CSMS is met. `response` None: silence; a function: the response is only known later.

    Once the response has gone out, `then` runs, and after it `follow`, which sends calls of the station's own.
    """

    response: Struct | CallError | Callable[[], Awaitable[Struct]] | None
    then: Callable[[], None] | None = None
    follow: Callable[[Calls], Awaitable[None]] | None = None


class Calls:
    """One connection's worth of calls. `lost`: nothing goes out any more."""

    def __init__(
        self,
        link: Link,
        rpc: Rpc,
        dialect: Dialect,
        new_id: Callable[[], str],
        serve: Callable[[CallReceived], Served],
    ) -> None:
        self.dialect = dialect
        self._link = link
        self._rpc = rpc
        self._new_id = new_id
        self._serve = serve
        self._turn = asyncio.Lock()
        self._answer: asyncio.Future[Struct] | None = None
        self._exchanges: set[asyncio.Task[Struct]] = set()
        self._errands: set[asyncio.Task[None]] = set()
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

    def wait(self, call_timeout_s: float) -> None:
        """From the next call on, wait so long for an answer."""
        self._rpc.call_timeout_s = call_timeout_s

    async def close(self) -> None:
        """Nothing more is sent or expected."""
        self.lost = True
        self._fail(LinkLostError("closed"))
        for errand in self._errands:
            errand.cancel()
        under_way = {*self._exchanges, *self._errands}
        if under_way:
            await asyncio.wait(under_way)

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
                answer.cancel()  # nobody asks any more how it failed, if it did while the call was being sent

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
            case ErrorReceived(code=ErrorCode.SECURITY_ERROR, description=description):
                self._fail(NotRegisteredError(f"{ErrorCode.SECURITY_ERROR}: {description}"))
            case ErrorReceived(
                code=ErrorCode.NOT_IMPLEMENTED | ErrorCode.NOT_SUPPORTED as code, description=description
            ):
                self._fail(NotServedError(f"{code}: {description}"))
            case ErrorReceived(code=code, description=description):
                self._fail(CallFailedError(f"{code}: {description}"))
            case TimedOut():
                pass  # the exchange has a timer of its own for the same moment
            case CallReceived():
                await self._answer_call(event)
            case Reply(frame=frame):
                await self._link.send(frame)
            case CloseNeeded(code=code, reason=reason):
                _log.warning("closing the connection to the CSMS: %s", reason)
                await self._link.close(code, reason)
                raise LinkLostError(reason, invalid=reason)
            case Dropped(reason=reason, frame_start=start):
                _log.warning("dropped a frame of the CSMS: %s: %r", reason, start)
            case ResultRefused(code=code, description=description):
                _log.warning("the CSMS could not process an answer: %s: %r", code, description)
            case SendReceived(action=action):
                _log.info("nobody here listens to %s", action)

    async def _answer_call(self, call: CallReceived) -> None:
        try:
            served = self._serve(call)
        except CallError as refusal:
            served = Served(refusal)
        except Exception:  # noqa: BLE001 - a fault of ours costs this answer, not the connection
            served = Served(_fault(call))
        if callable(served.response):
            self.start(self._answer_later(call, served.response, served))
        else:
            await self._reply(call, served.response, served)

    async def _answer_later(
        self, call: CallReceived, response: Callable[[], Awaitable[Struct]], served: Served
    ) -> None:
        try:
            answer: Struct | CallError = await response()
        except Exception:  # noqa: BLE001 - as above
            answer = _fault(call)
        await self._reply(call, answer, served)

    async def _reply(self, call: CallReceived, response: Struct | CallError | None, served: Served) -> None:
        match response:
            case None:
                return
            case CallError() as refusal:
                await self._link.send(self._rpc.refuse(call.id, refusal))
            case Struct() as answer:
                await self._link.send(self._rpc.answer(call.id, answer))
        if served.then is not None:
            served.then()
        if served.follow is not None:
            self.start(served.follow(self))

    def start(self, errand: Awaitable[None]) -> None:
        """Run something beside the reading of frames, for as long as the connection lasts; its failures are logged."""
        task = asyncio.get_running_loop().create_task(_run(errand))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

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


async def _run(errand: Awaitable[None]) -> None:
    try:
        await errand
    except CallFailedError as error:
        _log.warning("asked for by the CSMS, and refused by it: %s", error)
    except LinkLostError:
        pass  # whoever reads from the link says so
    except Exception:  # noqa: BLE001 - a fault of ours costs these messages, not the connection
        _log.exception("what follows an answer failed")


def _fault(call: CallReceived) -> CallError:
    _log.exception("%s could not be served", call.action)
    return CallError(ErrorCode.INTERNAL_ERROR, f"{call.action} could not be served")
