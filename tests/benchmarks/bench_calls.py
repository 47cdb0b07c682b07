"""Row 2: a CALL and its CALLRESULT over a loopback WebSocket, request and response validated at both ends.

Client and server share one process and one event loop on either side of the comparison, and neither compresses, so
that what differs is the OCPP layer.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any

import msgspec
import websockets
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call, call_result
from websockets.asyncio.server import ServerConnection, serve

from agent.ocpp.codec import Codec, Version
from agent.ocpp.rpc import CallReceived, ResultReceived, Rpc
from agent.ocpp.v201 import wire
from tests.benchmarks.bench_codec import transaction_event
from tests.benchmarks.table import Row, median

SUBPROTOCOL = websockets.Subprotocol(Version.V201.value)
NOW = "2026-01-01T00:00:00.000Z"
OUR_CALLS, THEIR_CALLS = 400, 40
ROUNDS = 3

Call = Callable[[], Awaitable[object]]


def rows() -> Iterator[Row]:
    """Row 2, in microseconds of wall time, both ends' work included."""
    logging.getLogger("ocpp").setLevel(logging.WARNING)
    times = asyncio.run(measured())
    for action, goal in (("Heartbeat", "ratio >= 4"), ("TransactionEvent", "ratio >= 50")):
        ours_us, theirs_us = (median(times[who, action]) for who in ("ours", "theirs"))
        detail = " with 20 sampled values" if action == "TransactionEvent" else ""
        yield Row(
            row=2,
            what=f"{action}{detail}, there and back over loopback",
            ours=ours_us,
            unit="us",
            peer=theirs_us,
            peer_name="the `ocpp` package, validating as it does by default",
            goal=goal,
        )


async def measured() -> dict[tuple[str, str], list[float]]:
    """Times of every call, by who made it and its action; both take turns."""
    times: dict[tuple[str, str], list[float]] = {}
    async with our_calls() as ours, their_calls() as theirs:
        for _ in range(ROUNDS):
            for who, calls, count in (("ours", ours, OUR_CALLS), ("theirs", theirs, THEIR_CALLS)):
                for action, send in calls.items():
                    times.setdefault((who, action), []).extend([await timed(send) for _ in range(count)])
    return times


async def timed(send: Call) -> float:
    """Microseconds of one call."""
    begin = time.perf_counter()
    await send()
    return (time.perf_counter() - begin) * 1e6


@contextlib.asynccontextmanager
async def loopback(attend: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[websockets.ClientConnection]:
    """A client's connection to a server that attends to it."""
    async with serve(attend, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL], compression=None) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/CP-1"
        async with websockets.connect(url, subprotocols=[SUBPROTOCOL], compression=None) as client:
            yield client


@contextlib.asynccontextmanager
async def our_calls() -> AsyncIterator[Mapping[str, Call]]:
    """By action, a call of ours: frames by `Rpc`, messages by `Codec`, at both ends."""
    answers: dict[str, msgspec.Struct] = {
        "Heartbeat": wire.HeartbeatResponse(currentTime=NOW),
        "TransactionEvent": wire.TransactionEventResponse(),
    }
    event, ids = transaction_event(), itertools.count(1)

    async def attend(socket: ServerConnection) -> None:
        rpc = Rpc(Codec(Version.V201))
        async for frame in socket:
            for received in rpc.receive(frame, 0.0):
                assert isinstance(received, CallReceived)
                await socket.send(rpc.answer(received.id, answers[received.action]))

    async with loopback(attend) as client:
        rpc = Rpc(Codec(Version.V201))

        async def send(message: msgspec.Struct) -> None:
            await client.send(rpc.call(message, message_id=f"{next(ids)}", now_s=0.0))
            (received,) = rpc.receive(await client.recv(), 0.0)
            assert isinstance(received, ResultReceived)

        yield {"Heartbeat": lambda: send(wire.HeartbeatRequest()), "TransactionEvent": lambda: send(event)}


class Csms(ChargePoint):
    """The peer's server end, written as its manual says."""

    @on("Heartbeat")
    def on_heartbeat(self) -> call_result.Heartbeat:
        return call_result.Heartbeat(current_time=NOW)

    @on("TransactionEvent")
    def on_transaction_event(self, **_: Any) -> call_result.TransactionEvent:
        return call_result.TransactionEvent()


@contextlib.asynccontextmanager
async def their_calls() -> AsyncIterator[Mapping[str, Call]]:
    """By action, a call by the `ocpp` package at both ends, with the same content."""
    ours = msgspec.to_builtins(transaction_event())
    event = call.TransactionEvent(
        event_type=ours["eventType"],
        timestamp=ours["timestamp"],
        trigger_reason=ours["triggerReason"],
        seq_no=ours["seqNo"],
        transaction_info=ours["transactionInfo"],
        meter_value=ours["meterValue"],
        evse=ours["evse"],
    )

    async def attend(socket: ServerConnection) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            await Csms("CP-1", socket).start()

    async with loopback(attend) as client:
        station = ChargePoint("CP-1", client)
        listening = asyncio.create_task(station.start())
        yield {
            "Heartbeat": lambda: station.call(call.Heartbeat(), suppress=False),
            "TransactionEvent": lambda: station.call(event, suppress=False),
        }
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
