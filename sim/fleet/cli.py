"""`evse sim fleet N`: N whole stations against a CSMS, with drivers from a profile, and how it goes, live."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import Final

import msgspec

from sim.fleet.profile import Orders, ProfileError, load
from sim.fleet.tally import Report, line, together

LINE_EVERY_S: Final = 10.0  # our policy, where nobody watches a terminal
REPORT_MAX_BYTES: Final = 1 << 20
STOP_S: Final = 30.0  # our policy: a thousand stations have said good-bye by then
VERSIONS: Final = ("1.6", "2.0.1", "2.1")


def command(argv: Sequence[str]) -> int:
    """0: ended as asked, every station lived; 1: one has failed; 2: options or profile are wrong."""
    if argv[:1] == ["--worker"]:
        from sim.fleet.worker import work

        work(msgspec.json.decode(argv[1], type=Orders))
        return 0
    chosen = _parser().parse_args(argv)
    try:
        profile = load(chosen.profile)
    except ProfileError as error:
        print(f"evse sim fleet: {error}", file=sys.stderr)
        return 2
    orders = Orders(
        stations=chosen.stations,
        first=0,
        count=chosen.stations,
        url=chosen.csms,
        prefix=chosen.prefix,
        versions=(chosen.version,),
        token=chosen.token,
        profile=profile,
        sample_s=chosen.sample,
        poll_s=chosen.poll,
        modbus=chosen.modbus,
    )
    last = asyncio.run(_run(shared(orders, chosen.processes), chosen.duration, as_json=chosen.json))
    if last is None:
        print("evse sim fleet: its processes said nothing", file=sys.stderr)
        return 1
    return 1 if last.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evse sim fleet",
        description="Many whole stations (agent, OCPP, simulated hardware) against a CSMS.",
        epilog="They keep nothing on disk. Let the CSMS accept them: evse csms --accept-all --token FLEET",
    )
    parser.add_argument("stations", type=_count, metavar="N", help="how many")
    parser.add_argument("--csms", metavar="URL", default="ws://127.0.0.1:9000/ocpp", help="default: %(default)s")
    parser.add_argument("--version", choices=VERSIONS, default="2.0.1", help="OCPP; default: %(default)s")
    parser.add_argument(
        "--profile", default="evening", metavar="NAME|FILE", help="who comes when; default: %(default)s"
    )
    parser.add_argument("--processes", type=_count, default=2, metavar="P", help="share them out; default: %(default)s")
    parser.add_argument("--token", default="FLEET", help="what every driver presents; default: %(default)s")
    parser.add_argument("--prefix", default="FLEET-", help="of the identities; default: %(default)s")
    parser.add_argument("--sample", type=_count, default=60, metavar="S", help="seconds between meter values")
    parser.add_argument("--poll", type=float, default=1.0, metavar="S", help="seconds between readings of the meter")
    parser.add_argument("--modbus", action="store_true", help="each meter is a Modbus slave, not part of its board")
    parser.add_argument("--duration", type=float, metavar="S", help="end after so long; default: at Ctrl-C")
    parser.add_argument("--json", action="store_true", help="print a JSON object a second, for programs")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: give a number from 1 on")
    return int(text)


def shared(orders: Orders, processes: int) -> list[Orders]:
    """The orders of each process."""
    processes = min(processes, orders.stations)
    firsts = [orders.stations * number // processes for number in range(processes + 1)]
    return [
        msgspec.structs.replace(orders, first=first, count=after - first) for first, after in itertools.pairwise(firsts)
    ]


async def _run(shares: Sequence[Orders], duration_s: float | None, *, as_json: bool) -> Report | None:
    """Let all processes live until it is enough; the last report, None when a process has died before."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)
    workers = [await _started(orders) for orders in shares]
    latest: list[Report | None] = [None] * len(workers)
    readers = [loop.create_task(_read(worker, number, latest)) for number, worker in enumerate(workers)]
    for reader in readers:
        reader.add_done_callback(lambda _: ended.set())  # with a process less it is another fleet
    shown = loop.create_task(_show(latest, as_json=as_json))
    try:
        async with asyncio.timeout(duration_s):
            await ended.wait()
    except TimeoutError:
        pass  # it is enough
    complete = not any(reader.done() for reader in readers)
    shown.cancel()
    await _stop(workers, readers)
    last = _summed(latest)
    if last is not None and not as_json:
        print(line(last, None))
        print("\n".join(f"{times} times: {what}" for what, times in sorted(last.problems.items())) or "no problems")
    return last if complete else None


async def _started(orders: Orders) -> Process:
    told = msgspec.json.encode(orders).decode()
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent.cli", "sim", "fleet", "--worker", told), stdout=PIPE, limit=REPORT_MAX_BYTES
    )


async def _read(worker: Process, number: int, latest: list[Report | None]) -> None:
    """Take in a process's reports until it ends."""
    if worker.stdout is not None:
        async for text in worker.stdout:
            latest[number] = msgspec.json.decode(text, type=Report)


async def _stop(workers: Sequence[Process], readers: Sequence[asyncio.Task[None]]) -> None:
    """Let every station say good-bye; who does not in time is ended."""
    for worker in workers:
        with contextlib.suppress(ProcessLookupError):
            worker.send_signal(signal.SIGTERM)
    leaving = [asyncio.ensure_future(worker.wait()) for worker in workers]
    await asyncio.wait([*readers, *leaving], timeout=STOP_S)
    for worker, left in zip(workers, leaving, strict=True):
        if not left.done():  # to kill one that is just leaving takes its exit status away from who waits for it
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
        await left


async def _show(latest: Sequence[Report | None], *, as_json: bool) -> None:
    """Say how it goes: on a terminal in one line that changes every second."""
    live = sys.stdout.isatty() and not as_json
    every_s = 1.0 if live or as_json else LINE_EVERY_S
    before: Report | None = None
    while True:
        await asyncio.sleep(every_s)
        now = _summed(latest)
        if now is None:
            continue
        if as_json:
            print(msgspec.json.encode(now).decode(), flush=True)
        else:
            print(f"\r\x1b[K{line(now, before)}" if live else line(now, before), end="" if live else "\n", flush=True)
        before = now


def _summed(latest: Sequence[Report | None]) -> Report | None:
    """What all processes have reported last; None until each has."""
    reports = [one for one in latest if one is not None]
    return together(reports) if len(reports) == len(latest) else None
