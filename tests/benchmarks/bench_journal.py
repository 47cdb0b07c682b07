"""Row 6: what a transaction costs the disk, counted by strace at the journal's files.

The whole agent charges on the virtual clock, which stands still while SQLite writes: so every commit is one of its own
that a slow disk would join with the next, and the counts are the same in every run. The disk and its syncs are real.
The readings are 10 s apart: an open transaction is synced once a minute, whether it has readings or not, and an hour
with a reading a minute says what that comes to.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.benchmarks.table import Row, UnmeasurableError, median

VERSIONS: Final = ("2.0.1", "1.6")
TRANSACTIONS: Final = 4  # the last of an hour
JOURNAL: Final = "state/journal.sqlite"
CALL: Final = re.compile(r"^\d+ +(?P<name>\w+)\(\d+<(?P<file>[^>]*)>(?:, \"(?P<text>\w+))?.*= (?P<result>\d+)$")
SYNCS: Final = frozenset({"fsync", "fdatasync"})
TIMEOUT_S: Final = 60.0


class Cost(NamedTuple):
    """Writing to the journal's files."""

    syncs: int = 0
    written_bytes: int = 0

    def plus(self, call: str, result: int) -> Cost:
        """With one more system call."""
        return (
            Cost(self.syncs + 1, self.written_bytes) if call in SYNCS else Cost(self.syncs, self.written_bytes + result)
        )


def rows() -> Iterator[Row]:
    """Row 6: the transaction alone, and with everything around it; then a long one."""
    for version in VERSIONS:
        *transactions, hour = traced(version)
        tapped = [one["told"] for one in transactions]
        what = f"OCPP {version}: authorise, start, 4 readings, stop, all acknowledged: "
        yield Row(row=6, what=what + "syncs", ours=syncs(tapped), unit="syncs", goal="ours <= 3")
        yield Row(row=6, what=what + "written", ours=kilobytes(tapped), unit="kB", goal="ours <= 15")
        whole = [Cost(*(sum(figures) for figures in zip(*one.values(), strict=True))) for one in transactions]
        what = "the same with plug-in, unplugging, status reports and clearing up: "
        yield Row(row=6, what=what + "syncs", ours=syncs(whole), unit="syncs")
        yield Row(row=6, what=what + "written", ours=kilobytes(whole), unit="kB")
        what = f"OCPP {version}: a transaction of an hour, a reading a minute: "
        yield Row(row=6, what=what + "syncs", ours=hour["told"].syncs, unit="syncs")
        yield Row(row=6, what=what + "written", ours=hour["told"].written_bytes / 1000, unit="kB")


def syncs(costs: Sequence[Cost]) -> float:
    """The middle one's."""
    return median([one.syncs for one in costs])


def kilobytes(costs: Sequence[Cost]) -> float:
    """The middle one's."""
    return median([one.written_bytes / 1000 for one in costs])


def traced(version: str) -> list[dict[str, Cost]]:
    """For each transaction, its cost until each mark since the one before."""
    strace = shutil.which("strace")
    if strace is None:
        raise UnmeasurableError("strace is not installed")
    with tempfile.TemporaryDirectory() as folder:
        trace, place = Path(folder, "trace"), Path(folder, "place")
        place.mkdir()
        charges = [sys.executable, "-m", "tests.benchmarks.peers.charges", str(place), version, f"{TRANSACTIONS}"]
        watch = [strace, "-f", "-y", "-e", "trace=fsync,fdatasync,pwrite64,write", "-o", str(trace)]
        ended = subprocess.run([*watch, *charges], capture_output=True, timeout=TIMEOUT_S, check=False)
        if ended.returncode:
            raise UnmeasurableError(f"strace: {ended.stderr.decode().strip()[-200:]}")
        return costs(trace.read_text(errors="replace"))


def costs(trace: str) -> list[dict[str, Cost]]:
    """Reads strace's output: calls on the journal's files between the marks on standard output."""
    transactions: list[dict[str, Cost]] = []
    so_far = Cost()
    for line in whole_lines(trace):
        call = CALL.search(line)
        if call is None:
            continue
        if JOURNAL in call["file"]:
            so_far = so_far.plus(call["name"], int(call["result"]))
        elif call["name"] == "write" and (mark := call["text"]) in {"tap", "told", "gone"}:
            if mark == "tap":
                transactions.append({})
            transactions[-1][mark] = so_far
            so_far = Cost()
    return transactions


def whole_lines(trace: str) -> Iterator[str]:
    """Puts together what strace splits when another thread's call comes between."""
    begun: dict[str, str] = {}
    for line in trace.splitlines():
        thread = line.split(" ", 1)[0]
        start, unfinished, _ = line.partition(" <unfinished ...>")
        _, resumed, end = line.partition(" resumed>")
        if unfinished:
            begun[thread] = start
        else:
            yield begun.pop(thread, "") + end if resumed else line
