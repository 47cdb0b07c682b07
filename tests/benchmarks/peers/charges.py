"""Some charges of the whole agent on the virtual clock, its journal on a real disk: what strace is let loose on.

Says on standard output when each transaction begins and ends. Usage: ... FOLDER VERSION TRANSACTIONS
The last one lasts an hour, with a reading a minute.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from agent.ocpp.settings.metering import SAMPLED_INTERVAL
from sim.time import run_virtual
from tests.journeys.place import place

READINGS = 4
INTERVAL_S = 10
HOUR_S = 3600
SETTLE_S = 70.0  # what waits for company is written by then


async def main(folder: Path, version: str, transactions: int) -> None:
    """Plug in, tap, some readings, tap, unplug; again and again."""
    async with place(folder, version, settings={"MeterValueSampleInterval": INTERVAL_S}) as here:
        for number in range(1, transactions + 1):
            last = number == transactions
            if last:
                here.station.agent.settings.set(SAMPLED_INTERVAL, 60)
            here.plug_in()
            await asyncio.sleep(SETTLE_S)
            mark("tap")
            here.tap()
            await asyncio.sleep(HOUR_S if last else (READINGS + 0.5) * INTERVAL_S)
            here.tap()
            await asyncio.sleep(10.0)
            mark("told")
            await asyncio.sleep(SETTLE_S)
            here.board.plug_out(1)
            await asyncio.sleep(SETTLE_S)
            mark("gone")


def mark(what: str) -> None:
    """Something that strace sees."""
    os.write(1, f"{what}\n".encode())


if __name__ == "__main__":
    run_virtual(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
