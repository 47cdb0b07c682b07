"""Our charger's side of ISO 15118 and EcoG's, one after the other at the same end of a cable, with the same car.

    python -m tests.benchmarks.beside_secc

Started by bench_secc.py, in a network namespace of its own. Prints a `Beside` as JSON. EcoG's side is its package as it
is installed: SECCHandler, its simulated supply, its codec in a Java process; it logs warnings only and records nothing.
"""

# ruff: noqa: T201 - printing is how it answers

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tests.benchmarks.machine import memory_mib
from tests.benchmarks.secc_car import Driven
from tools.generate_exi import ROOT
from tools.v2g.cable import CAR, CHARGER, Cable, end, peer, until_discoverable

DEMANDS = 2_000
DEMANDS_S = 20.0
SESSIONS = 1_000
SESSIONS_S = 60.0
WARM = 3
READY_S = 60.0


class Side(msgspec.Struct):
    """What was measured of one charger: resident memory of all its processes before and after the sessions."""

    demands: Driven
    sessions: Driven
    before_mib: float
    after_mib: float


class Beside(msgspec.Struct):
    """Both."""

    ours: Side
    theirs: Side
    with_our_codec: Driven  # demands at EcoG's charger with our codec in the place of its own


def main() -> None:
    """Measure both."""
    with Cable() as cable, tempfile.TemporaryDirectory() as folder:
        with running(our_command()) as process:
            ours = measured(cable, process)
        with running(their_command(Path(folder))) as process:
            theirs = measured(cable, process)
        with running(their_command(Path(folder), PEER_CODEC="ours")):
            with_our_codec = demanded(cable)
    print(msgspec.json.encode(Beside(ours, theirs, with_our_codec)).decode())


def our_command() -> list[str]:
    """The production server and engine."""
    return [sys.executable, "-m", "tests.benchmarks.peers.secc", CHARGER]


def their_command(folder: Path, **more: str) -> list[str]:
    """EcoG's."""
    settings = {"LOG_LEVEL": "WARNING", "MESSAGE_LOG_JSON": "False", "PEER_RECORDS": "no"}
    return peer("secc", folder, settings=settings | more)


@contextlib.contextmanager
def running(command: Sequence[str]) -> Iterator[int]:
    """A charger, once it can be discovered; its process id."""
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        until_discoverable(READY_S)
        yield process.pid
    finally:
        end(process)


def measured(cable: Cable, process: int) -> Side:
    """One charger."""
    demands = demanded(cable)
    before = weight_mib(process)
    sessions = came(cable, SESSIONS, 1, SESSIONS_S)
    return Side(demands, sessions, before, weight_mib(process))


def demanded(cable: Cable) -> Driven:
    """A charger that has seen cars before, asked again and again."""
    came(cable, WARM, 1, SESSIONS_S)
    return came(cable, 1, DEMANDS, DEMANDS_S)


def came(cable: Cable, sessions: int, demands: int, at_most_s: float) -> Driven:
    """Let the car come."""
    command = [sys.executable, "-m", "tests.benchmarks.peers.car", CAR, str(sessions), str(demands), str(at_most_s)]
    done = subprocess.run(cable.at_car(*command), cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return msgspec.json.decode(done.stdout, type=Driven)


def weight_mib(process: int) -> float:
    """Resident memory of a process and all that it has started."""
    children = (task / "children" for task in Path(f"/proc/{process}/task").iterdir())
    pids = [int(pid) for one in children for pid in one.read_text().split()]
    return memory_mib(process)[0] + sum(map(weight_mib, pids))


if __name__ == "__main__":
    main()
