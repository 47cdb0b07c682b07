"""A process of a fleet: lives its stations, and reports once a second on standard output, as JSON lines."""

from __future__ import annotations

import asyncio
import gc
import logging
import resource
import signal
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from agent.runtime.clock import LoopClock
from sim.fleet.journal import ForgetfulJournal, empty_journal
from sim.fleet.profile import Orders
from sim.fleet.station import FleetStation, Street
from sim.fleet.tally import Report, Tally

REPORT_S: Final = 1.0  # our policy
PAGES: Final = Path("/proc/self/statm")  # proc(5)


def work(orders: Orders) -> None:
    """Live until SIGTERM or SIGINT."""
    logging.getLogger().setLevel(logging.CRITICAL)  # what goes wrong is counted
    with tempfile.TemporaryDirectory(prefix="evse-fleet-") as folder:
        directory = Path(folder)
        path, db = empty_journal(directory)
        asyncio.run(_work(orders, directory, partial(ForgetfulJournal, path, db)))
        db.close()


async def _work(orders: Orders, directory: Path, journal: partial[ForgetfulJournal]) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)
    tally, began_s, empty_bytes = Tally(), loop.time(), memory_bytes()
    street = Street(orders, LoopClock(), tally, directory, journal)
    stations = [FleetStation(street, number) for number in range(orders.first, orders.first + orders.count)]
    lives = [loop.create_task(_live(station, tally)) for station in stations]
    frozen = False
    try:
        while not ended.is_set():
            failed = sum(life.done() for life in lives)
            report = Report(
                at_s=loop.time() - began_s,
                stations=orders.count,
                up=tally.up - failed,
                online=sum(station.online for station in stations),
                charging=sum(station.charging for station in stations),
                sent=tally.sent,
                answered=tally.answered,
                refused=tally.refused,
                failed=failed,
                waited_s=tally.waited_s,
                longest_wait_s=tally.longest_wait_s,
                energy_wh=tally.energy_wh,
                memory_bytes=max(0, memory_bytes() - empty_bytes),
                cpu_s=cpu_s(),
                problems=tally.problems,
            )
            print(msgspec.json.encode(report).decode(), flush=True)  # noqa: T201 - what the parent reads
            if not frozen and tally.up == orders.count:
                frozen = True
                gc.collect()
                gc.freeze()  # as a controller does: what lives as long as the process need not be looked at again
            try:
                async with asyncio.timeout(REPORT_S):
                    await ended.wait()
            except TimeoutError:
                pass  # the next report is due
    finally:
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)


async def _live(station: FleetStation, tally: Tally) -> None:
    try:
        await station.live()
    except Exception as error:  # noqa: BLE001 - one station's end is no end of the others; it is counted by its reason
        tally.problem(f"a station has failed: {error!r}")


def memory_bytes() -> int:
    """What this process has in memory."""
    return int(PAGES.read_text().split()[1]) * resource.getpagesize()


def cpu_s() -> float:
    """CPU time that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
