"""Writes down what each test shows: its markers, what it measured, and how it ended.

`pytest --matrix FILE` writes the JSON that `tools/requirements.py` and `tools/rules.py` print as tables. Works under
xdist: the markers travel with the reports. What a test measures it tells by `record_property("latencies", [...])`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import pytest

MARKERS: Final = ("octt", "req", "behaviour", "enforces", "lets_pass", "times")
SHOWN: Final = (*MARKERS, "latencies")
WORST_FIRST: Final = ("failed", "skipped", "passed")

_shown: dict[str, dict[str, list[Any]]] = {}
_outcomes: defaultdict[str, set[str]] = defaultdict(set)


def add_option(parser: pytest.Parser) -> None:
    parser.addoption("--matrix", metavar="FILE", help="write what each test shows, and how it ended, as JSON")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in MARKERS:
            ids = [str(one) for mark in item.iter_markers(name) for one in mark.args]
            if ids:
                item.user_properties.append((name, ids))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    shown = {name: told for name, told in report.user_properties if name in SHOWN}
    if shown:
        _shown[report.nodeid] = shown
        _outcomes[report.nodeid].add(report.outcome)


def pytest_sessionfinish(session: pytest.Session) -> None:
    target = session.config.getoption("--matrix", None)
    if target is None or hasattr(session.config, "workerinput"):
        return
    tests: list[dict[str, Any]] = []
    for nodeid, shown in sorted(_shown.items()):
        outcome = next(one for one in WORST_FIRST if one in _outcomes[nodeid])
        tests.append({"test": nodeid, "outcome": outcome, **shown})
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(tests, indent=1))
