"""One eventful story on the virtual clock, and everything that anybody could see of it as a text. Prints its hash.

Usage: ... VERSION
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sys
import tempfile
from pathlib import Path

from csms.faults import Fault
from sim.hardware import MeterLink
from sim.stage import traces
from sim.stage.place import IDENTITY, OTHER_TAG, TAG, Place, PlaceSpec, place
from sim.symptoms import Symptom
from sim.time import run_virtual
from sim.timeline import Timeline


async def story(here: Place) -> None:
    """Two drivers, a fuse, a fault, a network that goes, a CSMS that errs, and a power cut."""
    here.plug_in(1)
    here.plug_in(2, phases=1, max_current_a=20.0)
    await asyncio.sleep(2)
    here.tap(TAG, 1)
    here.tap(OTHER_TAG, 2)
    await asyncio.sleep(20)
    here.station.network(False)
    await asyncio.sleep(10)
    here.board.inject(1, Symptom.RESIDUAL_DC)
    await asyncio.sleep(5)
    here.station.network(True)
    here.csms.faults.add(Fault(drop=True))
    await asyncio.sleep(40)
    await here.station.kill()
    await asyncio.sleep(2)
    here.station.boot()
    await asyncio.sleep(20)
    await here.csms.remote_start(IDENTITY, 2, OTHER_TAG)
    await asyncio.sleep(10)
    for evse in (1, 2):
        here.board.plug_out(evse)
    await asyncio.sleep(20)


async def _told(version: str, line: str, late_s: float) -> str:
    with tempfile.TemporaryDirectory() as folder:
        spec = PlaceSpec(
            version=version,
            evses=2,
            fuse_a=24.0,
            meter=MeterLink(line=line),
            settings={"MeterValueSampleInterval": 10},
        )
        async with place(Path(folder), spec) as here:
            timeline = Timeline(here.board)
            await asyncio.sleep(late_s)
            await story(here)
            bills = [str(bill) for bill in await here.bills()]
            seen = [f"{title}\n{text}" for title, text in here.traces.sections(here.board.trace)]
            return "\n".join([*seen, *map(str, here.board.trace), *map(str, timeline.take()), *bills])


def told(version: str, line: str = "tcp", *, late_s: float = 0.0) -> str:
    """The story, told from every side; `late_s`: how much later it begins."""
    kept = traces.KEPT_FRAMES, traces.KEPT_TELEGRAMS, traces.KEPT_ENTRIES
    traces.KEPT_FRAMES = traces.KEPT_TELEGRAMS = traces.KEPT_ENTRIES = 100_000
    logging.disable(logging.CRITICAL)
    try:
        return run_virtual(_told(version, line, late_s))
    finally:
        logging.disable(logging.NOTSET)
        traces.KEPT_FRAMES, traces.KEPT_TELEGRAMS, traces.KEPT_ENTRIES = kept


if __name__ == "__main__":
    sys.stdout.write(hashlib.sha256(told(sys.argv[1]).encode()).hexdigest())
