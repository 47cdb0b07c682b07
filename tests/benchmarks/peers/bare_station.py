"""A bare station on the `ocpp` package, written as its manual says: connects, boots, reports its connector, waits.

It has no hardware, no disk and no state: what a station on that package needs before it does anything.
Usage: python -m tests.benchmarks.peers.bare_station ws://host:port/IDENTITY
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

import websockets
from ocpp.v201 import ChargePoint, call


async def main(url: str) -> None:
    """Boot, then stay connected."""
    async with websockets.connect(url, subprotocols=[websockets.Subprotocol("ocpp2.0.1")]) as connection:
        station = ChargePoint("BARE", connection)
        await asyncio.gather(station.start(), booted(station))


async def booted(station: ChargePoint) -> None:
    """Boot, and report the connector once accepted."""
    response = await station.call(
        call.BootNotification(charging_station={"model": "Bare", "vendor_name": "bench"}, reason="PowerUp")
    )
    if response.status == "Accepted":
        now = datetime.now(UTC).isoformat()
        status = call.StatusNotification(timestamp=now, connector_status="Available", evse_id=1, connector_id=1)
        await station.call(status)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
