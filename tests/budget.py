"""Adds up what each suite took and names those over their share of tests/budget.toml. Reports; fails nothing."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from pathlib import Path

SHARES: dict[str, float] = tomllib.loads((Path(__file__).parent / "budget.toml").read_text())["core_seconds"]

_spent: defaultdict[str, float] = defaultdict(float)


def suite_of(nodeid: str) -> str:
    """The longest suite of the budget that a test belongs to; its folder when none does."""
    path = nodeid.split("::", 1)[0].removeprefix("tests/")
    suites = [suite for suite in SHARES if path.startswith(f"{suite}/")]
    return max(suites, key=len, default=path.rpartition("/")[0] or "tests")


def pytest_runtest_logreport(report) -> None:
    _spent[suite_of(report.nodeid)] += report.duration


def pytest_terminal_summary(terminalreporter) -> None:
    if sum(_spent.values()) < 10:
        return  # somebody runs a few tests
    terminalreporter.section("time by suite (core-seconds, of its share)")
    for suite, seconds in sorted(_spent.items()):
        share = SHARES.get(suite)
        note = "no share in tests/budget.toml" if share is None else f"of {share:.0f}"
        over = "" if share is not None and seconds <= share else "   OVER BUDGET"
        terminalreporter.write_line(f"{suite:20} {seconds:7.1f} {note}{over}")
