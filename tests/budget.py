"""Adds up each suite's processor time and names those over their share of tests/budget.toml. Reports; fails nothing."""

from __future__ import annotations

import resource
import tomllib
from collections import defaultdict
from itertools import islice
from pathlib import Path

import pytest

SHARES: dict[str, float] = tomllib.loads((Path(__file__).parent / "budget.toml").read_text())["core_seconds"]
WAITING = "realtime"  # tests with this mark wait for other processes, while the others can use the processor

_spent: defaultdict[str, float] = defaultdict(float)


class _Meter:
    """The processor time of this process and of those that it has waited for, since it was last read."""

    def __init__(self) -> None:
        self._last_s = 0.0

    def read_s(self) -> float:
        now_s = 0.0
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            used = resource.getrusage(who)
            now_s += used.ru_utime + used.ru_stime
        spent_s, self._last_s = now_s - self._last_s, now_s
        return spent_s


_meter = _Meter()


def suite_of(nodeid: str) -> str:
    """The longest suite of the budget that a test belongs to; its folder when none does."""
    path = nodeid.split("::", 1)[0].removeprefix("tests/")
    suites = [suite for suite in SHARES if path.startswith(f"{suite}/")]
    return max(suites, key=len, default=path.rpartition("/")[0] or "tests")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items) -> None:
    """Give those that wait to half of the workers, first thing, so that the other half can use the processor.

    pytest-xdist begins with equal shares of the list, one after the other.
    """
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    waiting = [item for item in items if item.get_closest_marker(WAITING) is not None]
    others = [item for item in items if item.get_closest_marker(WAITING) is None]
    half = max(1, workers // 2)
    ordered, rest = [], iter(others)
    for worker in range(workers):
        ordered += waiting[worker::half] if worker < half else []
        share_ends = (worker + 1) * len(items) // workers
        ordered += islice(rest, max(0, share_ends - len(ordered)))
    items[:] = ordered


def pytest_runtest_logstart() -> None:
    _meter.read_s()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    made = yield
    made.get_result().cpu_s = _meter.read_s()


def pytest_runtest_logreport(report) -> None:
    _spent[suite_of(report.nodeid)] += report.cpu_s


def pytest_terminal_summary(terminalreporter) -> None:
    total_s = sum(_spent.values())
    if total_s < 10:
        return  # somebody runs a few tests
    terminalreporter.section("processor time by suite (core-seconds, of its share)")
    for suite, seconds in sorted(_spent.items()):
        share = SHARES.get(suite)
        note = "no share in tests/budget.toml" if share is None else f"of {share:.0f}"
        over = "" if share is not None and seconds <= share else "   OVER BUDGET"
        terminalreporter.write_line(f"{suite:20} {seconds:7.1f} {note}{over}")
    terminalreporter.write_line(f"{'all':20} {total_s:7.1f} of {sum(SHARES.values()):.0f}")
