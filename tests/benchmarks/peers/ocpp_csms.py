"""A CSMS on the `ocpp` package, written as its manual says: it validates and answers, and stores nothing.

Prints its port as JSON. Usage: python -m tests.benchmarks.peers.ocpp_csms
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from datetime import UTC, datetime
from typing import Any

import websockets
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call_result
from websockets.asyncio.server import ServerConnection, serve


class Station(ChargePoint):
    """One connection's station."""

    @on("BootNotification")
    def on_boot_notification(self, **_: Any) -> call_result.BootNotification:
        now = datetime.now(UTC).isoformat()
        return call_result.BootNotification(current_time=now, interval=300, status="Accepted")

    @on("TransactionEvent")
    def on_transaction_event(self, **_: Any) -> call_result.TransactionEvent:
        return call_result.TransactionEvent()


async def attend(socket: ServerConnection) -> None:
    with contextlib.suppress(websockets.ConnectionClosed):
        await Station("CP", socket).start()


async def main() -> None:
    """Serve until killed."""
    logging.getLogger("ocpp").setLevel(logging.WARNING)
    subprotocols = [websockets.Subprotocol("ocpp2.0.1")]
    async with serve(attend, "127.0.0.1", 0, subprotocols=subprotocols, compression=None) as server:
        print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)  # noqa: T201 - the bench reads it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
