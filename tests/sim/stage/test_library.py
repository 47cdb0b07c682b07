"""The scenario library: every story, in OCPP 1.6 and in 2.0.1, passes and ends in the same bills."""

from __future__ import annotations

import logging

import pytest

from sim.stage.observed import reason_told
from sim.stage.scenario import LIBRARY, Outcome, found_in, run
from sim.stage.scenario_text import load

FILES = found_in([LIBRARY])
SLACK_WH = 15.0  # a message more or less moves a stop by a second or two, and a car draws 3 Wh in each

pytestmark = pytest.mark.own_clock  # each run brings a clock of its own


def told(outcome: Outcome) -> list[tuple]:
    """A bill as both versions tell it."""
    return [(bill.evse, bill.token) for bill in outcome.bills]


def test_the_library_is_large():
    assert len(FILES) >= 40


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_story_ends_in_the_same_bills_in_both_versions(file, tmp_path, caplog):
    caplog.set_level(logging.CRITICAL)
    scenario = load(file)
    outcomes = []
    for version in scenario.versions:
        (tmp_path / version).mkdir()
        outcome = run(scenario, version, tmp_path / version)
        assert outcome.failures == ()
        outcomes.append(outcome)
    first = outcomes[0]
    for other in outcomes[1:]:
        assert told(other) == told(first)
        for one, two in zip(first.bills, other.bills, strict=True):
            assert one.reason in reason_told(two.reason, "1.6")
            assert one.energy_wh == pytest.approx(two.energy_wh, abs=SLACK_WH)
