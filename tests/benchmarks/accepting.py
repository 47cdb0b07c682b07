"""The smallest CSMS that a station boots at: it accepts, and says at once when the station has taken that in."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Callable

import msgspec
import websockets
from websockets.asyncio.server import ServerConnection, serve

from agent.ocpp.codec import CallError, Codec, Version
from agent.ocpp.rpc import CallReceived, Rpc
from agent.ocpp.v201 import wire

NOW = "2026-01-01T00:00:00.000Z"
ANSWERS: dict[str, msgspec.Struct] = {
    "BootNotification": wire.BootNotificationResponse(currentTime=NOW, interval=3600, status="Accepted"),
    "StatusNotification": wire.StatusNotificationResponse(),
    "Heartbeat": wire.HeartbeatResponse(currentTime=NOW),
    "NotifyEvent": wire.NotifyEventResponse(),
}


@contextlib.asynccontextmanager
async def accepting(on_booted: Callable[[], None], tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve on a port of localhost, which it gives.

    `on_booted` is called when a StatusNotification comes in: a station sends none before it is accepted.
    """

    async def attend(socket: ServerConnection) -> None:
        rpc = Rpc(Codec(Version.V201))
        with contextlib.suppress(websockets.ConnectionClosed):
            async for frame in socket:
                for received in rpc.receive(frame, 0.0):
                    assert isinstance(received, CallReceived), received
                    if received.action == "StatusNotification":
                        on_booted()
                    await socket.send(answer(rpc, received))

    protocol = websockets.Subprotocol(Version.V201.value)
    async with serve(attend, "localhost", 0, subprotocols=[protocol], compression=None, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]


def answer(rpc: Rpc, received: CallReceived) -> str:
    """The frame that answers a call."""
    if received.action in ANSWERS:
        return rpc.answer(received.id, ANSWERS[received.action])
    return rpc.refuse(received.id, CallError("NotImplemented", "a benchmark"))
