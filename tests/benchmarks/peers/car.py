"""The car of rows 3 and 4 at its end of a cable, at whatever charger is at the other.

python -m tests.benchmarks.peers.car INTERFACE SESSIONS DEMANDS AT_MOST_S

So many sessions one after the other, of so many demands each; none begins, and none goes on, after so many seconds.
Prints a `Driven` as JSON.
"""

# ruff: noqa: T201 - printing is how it answers

from __future__ import annotations

import asyncio
import sys
import time

import msgspec

from agent.iso15118.secc.events import Protocol
from sim.evcc.discovery import connect, find
from tests.benchmarks.secc_car import Driven, drive, not_tarrying

ANSWER_S = 60.0
VOLTS = 20.0  # EcoG's simulated supply always measures 1 V; a car goes on within 20 V


async def main(interface: str, sessions: int, demands: int, at_most_s: float) -> None:
    """Drive."""
    driven = Driven()
    end = time.monotonic() + at_most_s
    while len(driven.sessions_s) < sessions and time.monotonic() < end:
        link = await connect(await find(interface=interface), interface=interface, timeout_s=ANSWER_S)
        left_s = end - time.monotonic()
        await drive(link, Protocol.ISO_2, driven, volts=VOLTS, demands=demands, at_most_s=left_s)
    print(msgspec.json.encode(driven).decode())


if __name__ == "__main__":
    with not_tarrying():
        asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
