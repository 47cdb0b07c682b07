"""Row 11: a whole charge of eight hours on the virtual clock: the agent, its CSMS, Modbus and the physics together."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sim.time import run_virtual
from tests.benchmarks.table import Row, UnmeasurableError
from tests.journeys.place import place

CHARGE_S: Final = 8 * 3600.0
BATTERY_WH: Final = 400_000.0  # not full after eight hours
TOLERANCE_WH: Final = 1.0  # the meter's resolution


def rows() -> Iterator[Row]:
    """Row 11."""
    logging.disable(logging.WARNING)
    begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
    run_virtual(charge())
    cpu_s, wall_s = time.process_time() - begin_cpu_s, time.perf_counter() - begin_s
    logging.disable(logging.NOTSET)
    what = "8-hour charge on the virtual clock, agent, CSMS, Modbus and physics"
    yield Row(row=11, what=f"{what}: CPU", ours=cpu_s, unit="s", goal="ours <= 2")
    yield Row(row=11, what=f"{what}: wall time", ours=wall_s, unit="s")
    yield Row(row=11, what="virtual seconds a second of CPU", ours=CHARGE_S / cpu_s, unit="s")


async def charge() -> None:
    """The charge, and a look at its bill: a fast one that is wrong would be no use."""
    with tempfile.TemporaryDirectory() as folder:
        async with place(Path(folder)) as here:
            here.plug_in(capacity_wh=BATTERY_WH)
            await asyncio.sleep(2.0)
            here.tap()
            await asyncio.sleep(CHARGE_S)
            here.tap()
            await asyncio.sleep(15.0)
            (bill,) = await here.bills()
            if bill.energy_wh is None or abs(bill.energy_wh - here.true_wh()) > TOLERANCE_WH:
                raise UnmeasurableError(f"the bill says {bill.energy_wh} Wh, but {here.true_wh()} Wh flowed")
