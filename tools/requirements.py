"""Print which certification case and which requirement is shown by which test, from the results of a test run.

`make matrix` runs the tests that carry such markers and then this. Input: the JSON of `pytest --matrix FILE`, and
tests/octt/cases.toml, which lists the cases there are. Exit code 1 when a case that a test claims has failed, or with
`--complete` when a mandatory case is neither shown nor explained.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
CASES: Final = ROOT / "tests" / "octt" / "cases.toml"
BY_STEPS: Final = "tests/octt/"
BAD: Final = ("failed", "skipped")
BLOCK: Final = re.compile(r"^([A-Z])\d\d\.FR\.\d+$")

Shown = Mapping[str, list[tuple[str, str]]]  # id -> (test, outcome)


def shown_by(tests: list[dict[str, Any]], marker: str) -> Shown:
    """Which tests carry an id, and how they ended."""
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for test in tests:
        for one in test.get(marker, ()):
            found[one].append((test["test"], test["outcome"]))
    return found


def result(tests: list[tuple[str, str]]) -> str:
    """One word for a case: failed before skipped before passed; "-" without a test.

    A test that is not among those that follow the steps of the cases shows a case in part only.
    """
    outcomes = {outcome for _, outcome in tests}
    in_steps = any(test.startswith(BY_STEPS) for test, _ in tests)
    return next((one for one in (*BAD, "passed" if in_steps else "") if one in outcomes), "partly" if tests else "-")


def rows(cases: Mapping[str, Any], shown: Shown) -> Iterator[dict[str, Any]]:
    """One row for each case of each certification profile."""
    reasons = cases["not_shown"]
    for version, profiles in cases.items():
        if version == "not_shown":
            continue
        for profile, lists in profiles.items():
            for need in ("mandatory", "conditional"):
                for case in lists[need]:
                    tests = shown.get(case, [])
                    yield {
                        "version": version,
                        "profile": profile,
                        "need": need,
                        "case": case,
                        "result": result(tests),
                        "tests": [test for test, _ in tests],
                        "reason": reasons.get(case),
                    }


def print_cases(table: list[dict[str, Any]], *, missing_only: bool) -> None:
    """The cases as text, with a count for each profile."""
    counts: defaultdict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in table:
        counts[row["version"], row["profile"], row["need"]].append(row)
    for (version, profile, need), group in counts.items():
        passed = sum(row["result"] == "passed" for row in group)
        print(f"\nOCPP {version}, {profile}, {need}: {passed} of {len(group)} shown")
        for row in group:
            if missing_only and row["result"] == "passed":
                continue
            where = row["tests"][0] if row["tests"] else (row["reason"] or "no test")
            more = f" (+{len(row['tests']) - 1})" if len(row["tests"]) > 1 else ""
            print(f"  {row['case']:14} {row['result']:8} {where}{more}")


def print_requirements(shown: Shown) -> None:
    """How many requirements of each functional block of 2.x tests claim."""
    blocks: defaultdict[str, set[str]] = defaultdict(set)
    for one in shown:
        match = BLOCK.match(one)
        if match:
            blocks[match[1]].add(one)
    print("\nRequirements that tests name, by functional block: ", end="")
    print(", ".join(f"{block} {len(ids)}" for block, ids in sorted(blocks.items())))


def main() -> int:
    """Print the matrix; the exit code says whether it is sound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("results", type=Path, help="JSON written by pytest --matrix")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--missing", action="store_true", help="leave out what is shown")
    parser.add_argument(
        "--complete", action="store_true", help="fail when a mandatory case is neither shown nor explained"
    )
    chosen = parser.parse_args()
    tests = json.loads(chosen.results.read_text())
    cases = tomllib.loads(CASES.read_text())
    shown = shown_by(tests, "octt")
    table = list(rows(cases, shown))
    known = {row["case"] for row in table}
    strangers = sorted(set(shown) - known)
    if chosen.json:
        print(json.dumps({"cases": table, "unknown": strangers}, indent=1))
    else:
        print_cases(table, missing_only=chosen.missing)
        print_requirements(shown_by(tests, "req"))
        if strangers:
            print(f"\nMarkers that name no case of cases.toml: {', '.join(strangers)}")
    failed = [row["case"] for row in table if row["result"] == "failed"]
    open_ = [
        row["case"]
        for row in table
        if row["need"] == "mandatory" and row["result"] in {"-", "partly"} and not row["reason"]
    ]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    if chosen.complete and open_:
        print(f"neither shown nor explained: {', '.join(open_)}", file=sys.stderr)
    return 1 if failed or (chosen.complete and open_) else 0


if __name__ == "__main__":
    raise SystemExit(main())
