"""Print every safety rule with its source, its owner on each board, the tests that show it and the latencies measured.

`make rules` runs the tests that carry the markers `enforces`, `lets_pass` or `times` and then this. Input: the JSON of
`pytest --matrix FILE`. Exit code 1 when a rule is not shown from both sides, a time of `hal.timings` is not measured,
a test has failed, a latency is over what its owner claims, or a marker names what is not there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hal.own_rules import OWN_RULES
from hal.ownership import RULES
from hal.timings import TIMINGS
from hal.types import Rule

SIDES: Final = ("enforces", "lets_pass")
FLOAT_S: Final = 1e-6  # what adding up floats may cost

Results = list[dict[str, Any]]


def table(results: Results) -> list[dict[str, Any]]:
    """One row for each rule, in the order of the code."""
    claimed = {one.rule: one for one in RULES}
    known = {one.rule: one for one in (*OWN_RULES, *RULES)}
    latencies = [one for result in results for one in result.get("latencies", ()) if "rule" in one]
    return [
        {
            "rule": rule,
            "says": known[rule].says,
            "clause": known[rule].clause,
            "within_s": claimed[rule].within_s if rule in claimed else None,
            **{side: passed(results, side, rule) for side in SIDES},
            "latencies": worst([one for one in latencies if one["rule"] == rule]),
        }
        for rule in Rule
    ]


def times(results: Results) -> list[dict[str, Any]]:
    """One row for each time."""
    measured = {
        one["row"]: one["measured_s"] for result in results for one in result.get("latencies", ()) if "row" in one
    }
    return [
        {
            "row": one.id,
            "says": one.says,
            "bound": one.bound,
            "seconds": one.seconds,
            "clause": one.clause,
            "measured_s": measured.get(one.id),
            "times": passed(results, "times", one.id),
        }
        for one in TIMINGS
    ]


def passed(results: Results, marker: str, name: str) -> list[str]:
    """The tests of this marker that passed."""
    return [one["test"] for one in results if name in one.get(marker, ()) and one["outcome"] == "passed"]


def worst(latencies: Results) -> Results:
    """The longest latency for each board and way; several checks may try one rule."""
    longest: dict[tuple[str, str], dict[str, Any]] = {}
    for one in latencies:
        key = (one["board"], one.get("where", ""))
        if key not in longest or (one["measured_s"] or 0.0) > (longest[key]["measured_s"] or 0.0):
            longest[key] = one
    return list(longest.values())


def wrong(results: Results) -> Iterator[str]:
    """What is the matter, in words."""
    for result in results:
        if result["outcome"] == "failed":
            yield f"failed: {result['test']}"
        for marker, names in (*((side, set(Rule)) for side in SIDES), ("times", {one.id for one in TIMINGS})):
            for name in set(result.get(marker, ())) - names:
                yield f"{result['test']}: there is no {name}"
    for row in table(results):
        for side in SIDES:
            if not row[side]:
                yield f"{row['rule']}: no test {side.replace('_', ' ')} it"
        for one in row["latencies"]:
            if one["measured_s"] is None and not one.get("why"):
                yield f"{row['rule']} on {one['board']}: not measured, and nothing says why"
            elif one["measured_s"] is not None and one["allowed_s"] is not None:
                late_s = one["measured_s"] - one["allowed_s"]
                if late_s > FLOAT_S:
                    yield f"{row['rule']} on {one['board']}: {late_s:g} s too late"
    for row, timing in zip(times(results), TIMINGS, strict=True):
        if not row["times"] or row["measured_s"] is None:
            yield f"{row['row']}: not measured"
        elif not timing.allows(row["measured_s"]):
            yield f"{row['row']}: {row['measured_s']:g} s"


def seconds(value: float | None) -> str:
    """For people."""
    if value is None:
        return "-"
    return f"{value * 1000:.0f} ms" if value < 1.0 else f"{value:.4g} s"


def latency(one: dict[str, Any]) -> str:
    """Who has the rule on a board, and what was measured there beside what is claimed; or why nothing was."""
    if one["measured_s"] is None:
        return f"{'-':<11}{one.get('why') or 'NOT MEASURED'}"
    owner, where = one.get("owner") or "interlock", one.get("where", "the rule alone")
    return f"{owner:<11}{where:<16}{seconds(one['measured_s'])} of {seconds(one['allowed_s'])}"


def print_table(results: Results) -> None:
    """The rules with owners, tests and latencies, then the times."""
    for row in table(results):
        most = "" if row["within_s"] is None else f", within {seconds(row['within_s'])}"
        print(f"\n{row['rule']}: {row['says']} ({row['clause']}{most})")
        for side in SIDES:
            tests = row[side]
            print(f"  {side.replace('_', ' '):<14}{len(tests):>3} tests: {tests[0] if tests else 'NONE'}")
        for one in row["latencies"]:
            print(f"  {one['board']:<14}{latency(one)}")
    print("\nTimes, measured in simulated time")
    for row in times(results):
        bound = f"{row['bound']} {seconds(row['seconds'])}"
        print(f"  {row['row']:<17}{row['says']:<56}{bound:<19}{seconds(row['measured_s']):<10}{row['clause']}")


def main() -> int:
    """Print the table; the exit code says whether it is sound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("results", type=Path, help="JSON written by pytest --matrix")
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args()
    results: Results = json.loads(chosen.results.read_text(encoding="utf-8"))
    if chosen.json:
        print(json.dumps({"rules": table(results), "times": times(results)}, indent=1))
    else:
        print_table(results)
    faults = list(wrong(results))
    print("".join(f"{one}\n" for one in faults), end="", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
