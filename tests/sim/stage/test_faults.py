"""The fault catalogue: what the board reports, what becomes of the session, what the CSMS is told, in both versions."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import msgspec
import pytest

from agent.config_text import ConfigError
from sim.stage.fault_cli import VERSIONS, command, table
from sim.stage.faults import Found, catalogue, run
from sim.stage.place import PlaceSpec, place

ROWS = catalogue()
RESULTS = Path(__file__).resolve().parents[3] / "build" / "faults"


@pytest.fixture(scope="session")
def results() -> Path:
    """Where `evse sim faults` reads what these tests found."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    return RESULTS


def test_the_catalogue_is_large_and_no_row_stands_twice():
    assert len(ROWS) >= 45
    assert len({row.id for row in ROWS}) == len(ROWS)


@pytest.mark.own_clock
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_fault_has_the_consequences_that_the_catalogue_says(row, version, tmp_path, results, caplog):
    caplog.set_level(logging.CRITICAL)
    found = run(row, version, tmp_path)
    (results / f"{row.id}-{version}.json").write_bytes(msgspec.json.encode(found))
    assert found.differences(row) == []


ROW = next(row for row in ROWS if row.id == "rcd-dc")
AS_IT_IS = Found(
    id="rcd-dc",
    version="1.6",
    events=("fault rcd-dc", "contactor open"),
    reaction="ends: Other",
    status="Faulted",
    error="GroundFailure",
)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, None),
        ({"events": ("contactor open",)}, "expected 'fault rcd-dc'"),
        ({"reaction": "goes on"}, "expected 'ends: GroundFault'"),
        ({"reaction": "ends: Local"}, "expected 'ends: GroundFault'"),
        ({"status": "Charging"}, "status is Charging"),
        ({"error": "NoError"}, "errorCode is NoError"),
        ({"version": "2.0.1"}, "expected 'ends: GroundFault'"),
        ({"version": "2.0.1", "reaction": "ends: GroundFault", "error": "NoError"}, None),
    ],
)
def test_a_consequence_that_is_missing_or_another_is_named(changes, told):
    differences = msgspec.structs.replace(AS_IT_IS, **changes).differences(ROW)
    assert (told is None and not differences) or any(told in one for one in differences), differences


def test_a_fault_that_nobody_expected_is_named():
    calm = next(row for row in ROWS if row.id == "phase-swap")
    loud = Found(
        id=calm.id, version="2.0.1", events=("fault board",), reaction="goes on", status="Occupied", error="NoError"
    )
    assert any("expected no fault" in one for one in loud.differences(calm))


def test_a_row_that_names_an_unknown_action_is_refused_with_its_line(tmp_path):
    file = tmp_path / "faults.toml"
    file.write_text(
        '[[fault]]\nid = "x"\ntitle = "x"\nsteps = [{ do = "injct" }]\nevent = ""\nreaction = ""\n'
        'status_16 = ""\nerror_16 = ""\nstatus_201 = ""\n'
    )
    with pytest.raises(ConfigError, match=r"faults.toml:4: .*did you mean 'inject'"):
        catalogue(file)


def test_the_command_prints_the_table_of_the_results_and_fails_when_one_is_wrong(tmp_path, capsys):
    (tmp_path / "one.json").write_bytes(msgspec.json.encode(AS_IT_IS))
    other = msgspec.structs.replace(AS_IT_IS, version="2.0.1", reaction="ends: GroundFault", error="NoError")
    (tmp_path / "two.json").write_bytes(msgspec.json.encode(other))
    assert command(["--results", str(tmp_path)]) == 0
    assert "Faulted, GroundFailure" in capsys.readouterr().out
    (tmp_path / "two.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(other, status="Available")))
    assert command(["--results", str(tmp_path)]) == 1
    assert "WRONG 2.0.1: status is Available" in capsys.readouterr().out


def test_the_command_says_what_to_do_when_there_are_no_results(tmp_path, capsys):
    assert command(["--results", str(tmp_path)]) == 2
    assert "--run" in capsys.readouterr().err


def test_a_row_without_results_is_shown_as_not_run():
    assert f"{ROW.id}: not run" in table([ROW], [])


async def test_a_shorted_pilot_is_told_once_and_not_again_and_again(tmp_path):
    async with place(tmp_path, PlaceSpec(version="1.6")) as stage:
        stage.plug_in()
        stage.tap()
        await asyncio.sleep(30)
        stage.board.inject(1, "cp-short")
        await asyncio.sleep(30)
        frames = await stage.csms.store.read(lambda database: database.frames())
        told = [one.frame for one in frames if "StatusNotification" in one.frame and "Faulted" in one.frame]
        assert ['"connectorId":1' in one for one in told] == [True, False]  # the station's own, connector 0, follows


async def test_energy_that_the_interlock_takes_away_is_told_as_suspended(tmp_path):
    async with place(tmp_path, PlaceSpec(version="1.6")) as stage:
        stage.plug_in()
        stage.tap()
        await asyncio.sleep(30)
        stage.board.inject(1, "cp-silent")
        await asyncio.sleep(10)
        assert not any(stage.board.snapshot(1).poles)
        (connector,) = [one for one in await stage.statuses() if one.connector == 1]
        assert connector.status == "SuspendedEVSE"
