"""`evse sim faults`: the fault catalogue as a table, from the results of its tests or from a run of its own."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from sim.stage.faults import Fault, Found, catalogue, run

RESULTS: Final = Path("build") / "faults"  # where the tests leave what they found, one file a run
VERSIONS: Final = ("1.6", "2.0.1")
WIDTHS: Final = (24, 26, 24, 40, 16)


def command(argv: Sequence[str]) -> int:
    """0: every row is as the catalogue says; 1: one is not; 2: there are no results."""
    parser = argparse.ArgumentParser(prog="evse sim faults", description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help="folder of the tests' results (default %(default)s)"
    )
    parser.add_argument("--run", action="store_true", help="run the catalogue now instead (about a minute)")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object for each row and version, one a line"
    )
    chosen = parser.parse_args(argv)
    logging.basicConfig(level=logging.CRITICAL, stream=sys.stderr)
    rows = catalogue()
    found = list(_run(rows) if chosen.run else _read(chosen.results))
    if not found:
        print(
            f"evse sim faults: no results in {chosen.results}: run the tests of the catalogue, or give --run",
            file=sys.stderr,
        )
        return 2
    if chosen.json:
        print("\n".join(msgspec.json.encode(one).decode() for one in found))
    else:
        print("\n".join(table(rows, found)))
    by_id = {row.id: row for row in rows}
    return 1 if any(one.id not in by_id or one.differences(by_id[one.id]) for one in found) else 0


def table(rows: Iterable[Fault], found: Iterable[Found]) -> list[str]:
    """The catalogue with what was found, as lines of text."""
    results = {(one.id, one.version): one for one in found}
    head = ("fault", "the board reports", "the session", "OCPP 1.6: status, errorCode", "2.0.1")
    lines = [_line(head), _line(tuple("-" * (width - 1) for width in WIDTHS))]
    for row in rows:
        old, new = (results.get((row.id, version)) for version in VERSIONS)
        if old is None or new is None:
            lines.append(f"{row.id}: not run")
            continue
        lines.append(_line((row.id, row.event, new.reaction, f"{old.status}, {old.error}", str(new.status))))
        lines += [f"  WRONG {one.version}: {wrong}" for one in (old, new) for wrong in one.differences(row)]
    return lines


def _line(cells: tuple[str, ...]) -> str:
    return "".join(f"{cell:{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def _read(folder: Path) -> Iterable[Found]:
    return (msgspec.json.decode(file.read_bytes(), type=Found) for file in sorted(folder.glob("*.json")))


def _run(rows: Iterable[Fault]) -> Iterable[Found]:
    for row in rows:
        for version in VERSIONS:
            with tempfile.TemporaryDirectory(prefix="evse-fault-") as directory:
                yield run(row, version, Path(directory))
