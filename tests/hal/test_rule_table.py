"""Every safety rule is shown from both sides, and the table that `make rules` prints says so only when it is true."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import Mark

from hal.own_rules import OWN_RULES
from hal.ownership import RULES
from hal.timings import TIMINGS
from hal.types import Rule
from tools import rules

HERE = Path(__file__).parent


def marks() -> Iterator[Mark]:
    """The markers of every test below tests/hal, those of single parameters too, without running anything."""
    for path in sorted(HERE.rglob("test_*.py")):
        try:
            module = importlib.import_module(".".join(path.relative_to(HERE.parents[1]).with_suffix("").parts))
        except pytest.skip.Exception:
            continue  # it needs what is not installed here, and shows nothing
        for name, test in vars(module).items():
            if not name.startswith("test_"):
                continue
            for mark in getattr(test, "pytestmark", ()):
                yield mark
                if mark.name == "parametrize":
                    yield from (one for value in mark.args[1] for one in getattr(value, "marks", ()))


@pytest.fixture(scope="module")
def named() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {"enforces": set(), "lets_pass": set(), "times": set()}
    for mark in marks():
        found.get(mark.name, set()).update(map(str, mark.args))
    return found


@pytest.mark.parametrize("rule", Rule)
def test_a_rule_is_broken_by_one_test_and_kept_by_another(rule: Rule, named: dict[str, set[str]]):
    assert rule in named["enforces"]
    assert rule in named["lets_pass"]


def test_every_time_is_measured(named: dict[str, set[str]]):
    assert named["times"] == {one.id for one in TIMINGS}


def test_every_rule_says_where_it_comes_from():
    assert {one.rule for one in (*RULES, *OWN_RULES)} == set(Rule)


# The table, from results as `pytest --matrix` writes them


def sound() -> list[dict[str, Any]]:
    """The least that shows everything."""
    both = {"test": "t.py::both", "outcome": "passed", "enforces": list(Rule), "lets_pass": list(Rule)}
    times = {
        "test": "t.py::times",
        "outcome": "passed",
        "times": [one.id for one in TIMINGS],
        "latencies": [{"row": one.id, "measured_s": one.seconds} for one in TIMINGS],
    }
    latency = {"board": "box", "rule": Rule.CP_NOT_CD, "where": "without", "owner": "mcu"}
    fast = {**latency, "measured_s": 0.04, "allowed_s": 0.08}
    return [{**both, "latencies": [fast]}, times]


def printed(results: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(results), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["rules", str(path)])
    return rules.main()


def test_a_sound_table_names_rule_clause_owner_test_and_latency(tmp_path, monkeypatch, capsys):
    assert printed(sound(), tmp_path, monkeypatch) == 0
    out = capsys.readouterr().out
    assert "cp-not-c-or-d: open when the car leaves C or D (IEC 61851-1 table A.6 [check], within 100 ms)" in out
    assert "enforces        1 tests: t.py::both" in out
    assert "box           mcu        without         40 ms of 80 ms" in out
    assert "T-pwm-off" in out


def test_where_a_latency_cannot_be_measured_the_table_says_why(tmp_path, monkeypatch, capsys):
    results = sound()
    row = results[0]["latencies"][0]
    results[0]["latencies"].append(
        {**row, "board": "hut", "measured_s": None, "allowed_s": None, "why": "it has no lock"}
    )
    assert printed(results, tmp_path, monkeypatch) == 0
    assert "hut           -          it has no lock" in capsys.readouterr().out


def failed(results):
    results[0]["outcome"] = "failed"


def one_sided(results):
    results[0]["lets_pass"].remove(Rule.WELDED)


def late(results):
    results[0]["latencies"][0]["measured_s"] = 0.09


def stranger(results):
    results[0]["enforces"].append("no-such-rule")


def mute(results):
    results[0]["latencies"][0]["measured_s"] = None


def unmeasured(results):
    del results[1]["latencies"][0]


def too_slow(results):
    results[1]["latencies"][0]["measured_s"] = 60.0


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (failed, "failed: t.py::both"),
        (one_sided, "welded: no test lets pass it"),
        (late, "cp-not-c-or-d on box: 0.01 s too late"),
        (mute, "cp-not-c-or-d on box: not measured, and nothing says why"),
        (stranger, "t.py::both: there is no no-such-rule"),
        (unmeasured, "T-close: not measured"),
        (too_slow, "T-close: 60 s"),
    ],
)
def test_a_table_that_does_not_hold_says_what_is_wrong_and_fails(spoil, complaint, tmp_path, monkeypatch, capsys):
    results = sound()
    spoil(results)
    assert printed(results, tmp_path, monkeypatch) == 1
    assert complaint in capsys.readouterr().err
