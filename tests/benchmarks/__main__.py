"""`python -m tests.benchmarks`: runs every bench_*.py of this folder and prints one table, row by row as they come.

Times drift on a shared machine: goals are ratios measured side by side in one run, counts, or generous limits.
A goal that is missed is printed, not punished; the exit status tells only whether everything could be measured.
"""

# ruff: noqa: T201 - printing is what a command does

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import time
from pathlib import Path

from tests.benchmarks.table import HEADINGS, Row, UnmeasurableError, line

FOLDER = Path(__file__).parent
DEFAULT_JSON = FOLDER.parent.parent / "build" / "bench.json"


def main() -> int:
    """Run the benchmarks that were asked for."""
    names = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=f"one of {', '.join(names)}")
    parser.add_argument("--json", type=Path, default=DEFAULT_JSON, help="where the figures go (default %(default)s)")
    chosen = parser.parse_args()
    begin, rows, missing = time.monotonic(), [], []
    print(HEADINGS)
    for name in chosen.only or names:
        module = importlib.import_module(f"tests.benchmarks.bench_{name}")
        try:
            for row in module.rows():
                print(line(row), flush=True)
                rows.append(row)
        except UnmeasurableError as error:
            print(f"     {name}: not measured: {error}", flush=True)
            missing.append(f"{name}: {error}")
    write(chosen.json, rows, missing)
    short = sum(row.met == "no" for row in rows)
    took_s = time.monotonic() - begin
    print(f"\n{len(rows)} rows, {short} short of their goal, {took_s:.0f} s, {chosen.json}")
    return 1 if missing else 0


def write(path: Path, rows: list[Row], missing: list[str]) -> None:
    """The figures and what they were measured on."""
    machine = {"python": platform.python_version(), "cpu": platform.machine(), "cores": os.cpu_count()}
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    result = {"at": stamp, "machine": machine, "rows": [row.as_json() for row in rows], "missing": missing}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
