"""The engine: what a wrong file is told, what an expectation that fails looks like, what every story must end in."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from agent.config_text import ConfigError
from sim.stage.cli import command
from sim.stage.observed import OBSERVED
from sim.stage.scenario import run
from sim.stage.scenario_text import holds, load

pytestmark = pytest.mark.own_clock

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "testing.md"

CHARGE = """
title = "A charge"

[[step]]
at = 0
do = "plug-in"

[[step]]
at = "+2"
do = "tap"

[[step]]
when = { contactor = "closed", current_a = 16 }

[[step]]
at = "0:01:00"
do = "tap"

[[step]]
when = { contactor = "open" }

[[bill]]
reason = "Local"
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "story.toml"
    file.write_text(text)
    return file


def played(tmp_path: Path, text: str, version: str = "2.0.1"):
    (tmp_path / "state").mkdir()
    return run(load(written(tmp_path, text)), version, tmp_path / "state")


@pytest.mark.parametrize(
    ("line", "wrong", "told"),
    [
        (2, 'titel = "x"', "did you mean 'title'"),
        (6, 'do = "plug-inn"', "did you mean 'plug-in'"),
        (6, "expect = { contactr = 1 }", "did you mean 'contactor'"),
        (6, "when = { curent_a = 1 }", "did you mean 'current_a'"),
        (6, 'do = "tap"\nwith = { tokn = "x" }', "did you mean 'token'"),
        (6, 'do = "inject"\nwith = { symptom = "cp-shrt" }', "cp-shrt"),
        (6, "evse = 7", "expected 1 to 1"),
        (6, 'until = "1:99:00"\nexpect = { cp = "A" }', "h:mm:ss"),
        (6, "until = 5", "give the step an `expect`"),
        (6, 'with = { token = "x" }', "say what to do"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line_and_a_remedy(tmp_path, line, wrong, told):
    lines = CHARGE.splitlines()
    lines[line - 1] = wrong
    with pytest.raises(ConfigError) as refused:
        load(written(tmp_path, "\n".join(lines)))
    assert told in str(refused.value)
    assert refused.value.file.name == "story.toml"
    assert refused.value.line is not None
    assert abs(refused.value.line - line) <= 3


def test_a_story_that_holds_passes_with_its_bill_and_its_time_line(tmp_path):
    outcome = played(tmp_path, CHARGE)
    assert outcome.passed, outcome.failures
    (bill,) = outcome.bills
    assert bill.energy_wh == pytest.approx(outcome.true_wh[1], abs=1)
    assert any("closed" in line.what for line in outcome.timeline)


@pytest.mark.parametrize(
    ("was", "instead", "told"),
    [
        ("current_a = 16", "current_a = 17", "waited 60 s in vain: EVSE 1: current_a is 16.0"),
        ('when = { contactor = "open" }', 'expect = { contactor = "open" }', "contactor is 'closed'"),
        ('reason = "Local"', 'reason = "Remote"', "ended with Local, expected Remote"),
        ("[[bill]]\n", '[[bill]]\nwh = "> 5000"\n', "Wh, expected > 5000"),
        ('[[bill]]\nreason = "Local"', "", "there are 1 bills, expected 0"),
        ('at = "0:01:00"', "at = 1", "late"),
        ('do = "tap"\n\n[[step]]\nwhen', 'do = "resume"\n\n[[step]]\nwhen', "in vain"),
    ],
)
def test_an_expectation_that_does_not_hold_fails_the_story_in_words(tmp_path, was, instead, told):
    assert was in CHARGE
    outcome = played(tmp_path, CHARGE.replace(was, instead))
    assert not outcome.passed
    assert any(told in failure for failure in outcome.failures), outcome.failures


def test_the_story_in_the_documentation_is_played_as_it_stands_there(tmp_path):
    examples = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    (story,) = (one for one in examples if "[[step]]" in one)
    outcome = played(tmp_path, story)
    assert outcome.passed, outcome.failures


def test_the_documentation_names_everything_that_can_be_observed():
    for name in set(OBSERVED) - {"station_clock"}:
        assert f"`{name}`" in DOCUMENT.read_text()


def test_a_meter_that_counts_wrongly_fails_every_story(tmp_path):
    outcome = played(tmp_path, CHARGE + "\n[place.meter]\nscale_error = 1.05\n")
    assert any("have flowed" in failure for failure in outcome.failures)


def test_a_charge_that_is_still_open_fails_the_story(tmp_path):
    outcome = played(
        tmp_path, CHARGE.replace('at = "0:01:00"\ndo = "tap"', 'at = "0:01:00"').replace('"open"', '"closed"')
    )
    assert any("still open" in failure for failure in outcome.failures)


def test_the_command_prints_the_time_line_and_its_exit_status_is_the_verdict(tmp_path, capsys):
    assert command([str(written(tmp_path, CHARGE)), "--version", "1.6"]) == 0
    shown = capsys.readouterr().out
    assert "passed  A charge (OCPP 1.6" in shown
    assert "contactor closed" in shown
    assert command([str(written(tmp_path, CHARGE.replace("Local", "Remote"))), "--quiet"]) == 1
    assert capsys.readouterr().out.count("FAILED") == 2


def test_the_command_tells_machines_in_json(tmp_path, capsys):
    assert command([str(written(tmp_path, CHARGE)), "--version", "2.0.1", "--json"]) == 0
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["failures"] == []
    assert outcome["bills"][0]["reason"] == "Local"


def test_the_command_says_what_is_wrong_with_a_file(tmp_path, capsys):
    assert command([str(written(tmp_path, 'title = "x"\nstep = 1'))]) == 2
    assert "story.toml:2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("expected", "found", "is_so"),
    [
        (16, 16.04, True),
        (16, 16.2, False),
        ("<= 16", 16.04, True),
        ("<= 16", 16.2, False),
        ("> 5", 5.0, False),
        ("!= open", "closed", True),
        (["a", "b"], "b", True),
        (["a", "b"], "c", False),
        (True, True, True),
        ("<= 5", None, False),
    ],
)
def test_an_expectation_is_a_value_one_of_several_or_a_comparison(expected, found, is_so):
    assert holds(expected, found) is is_so
