"""What `evse status` costs before it says anything: the CPU time of importing it in a process of its own."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator

from tests.benchmarks.table import Row

ROUNDS = 10
GOAL_MS = 60.0


def import_ms(module: str) -> float:
    """CPU milliseconds of a Python process that imports a module; the best of some rounds."""
    spent = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(spent) * 1000


def rows() -> Iterator[Row]:
    """Beside a Python that imports nothing of ours. Part of row 5: what a start costs."""
    ours, bare = import_ms("agent.cli.status"), import_ms("sys")
    what = "import of `evse status`: CPU"
    goal = f"ours <= {GOAL_MS:g}"
    yield Row(row=5, what=what, ours=ours, unit="ms", peer=bare, peer_name="bare Python", goal=goal)
