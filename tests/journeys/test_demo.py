"""`evse demo` says what happened, is right about the bill, and fails when the bill is wrong."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from sim import demo

SHORT = tuple(replace(one, car=replace(one.car, soc_pct=one.car.target_soc_pct - 2.0)) for one in demo.CHARGES)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """The demonstration's own charges, with batteries that are nearly full."""
    monkeypatch.setattr(demo, "CHARGES", SHORT)


def test_the_demo_tells_both_charges_and_their_bills_and_succeeds(capsys):
    assert demo.command([]) == 0
    told = capsys.readouterr().out
    for word in ("OCPP 1.6", "OCPP 2.0.1", "presents token", "on disk", "closed", "kW", "kWh", "billed", "right"):
        assert word in told
    assert "WRONG" not in told


@pytest.mark.parametrize("factor", ["1.02", "0.97"])
def test_the_demo_fails_when_the_meter_counts_wrongly(capsys, factor):
    assert demo.command(["--meter-scale-error", factor]) == 1
    assert "WRONG" in capsys.readouterr().out


def test_two_runs_of_the_demo_tell_the_same_story_to_the_letter(capsys):
    stories = []
    for _ in range(2):
        demo.command(["--json"])
        stories.append(capsys.readouterr().out)
    assert stories[0] == stories[1]
    assert [one["right"] for one in json.loads(stories[0])["charges"]] == [True, True]
