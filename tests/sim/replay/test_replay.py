"""A recording, played to the agent of today: the same is the same, and what differs is found where it differs."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from agent.core import step
from agent.recording import Bus, Did, Frame, Linked
from sim.replay.cli import command
from sim.replay.recording import RecordingError, read
from sim.replay.run import replay
from sim.stage.place import IDENTITY, TAG, Place
from sim.symptoms import Symptom
from tests.sim.replay.recorded import a_charge, recorded, recording

VERSIONS = pytest.mark.parametrize("version", ["1.6", "2.0.1"])


def said(outcome) -> list[str]:
    return [f"{one.at_s} {one.kind} {one.what}" for one in outcome.differences]


@VERSIONS
def test_a_charge_is_reproduced_to_the_last_reading(tmp_path, version):
    made = recording(tmp_path, a_charge, version=version)
    assert {type(one) for one in made.entries} >= {Bus, Did, Frame}
    outcome = replay(made, tmp_path, tolerance_s=0.0)
    assert said(outcome) == []
    assert outcome.compared >= 15
    assert outcome.samples > 100


@VERSIONS
def test_what_the_csms_and_bad_luck_do_is_reproduced(tmp_path, version):
    async def story(here: Place) -> None:
        here.plug_in()
        await asyncio.sleep(3.0)
        await here.csms.remote_start(IDENTITY, 1, TAG)
        await asyncio.sleep(40.0)
        here.station.network(False)
        await asyncio.sleep(40.0)
        here.board.inject(1, Symptom.E_STOP)
        await asyncio.sleep(5.0)
        here.board.clear(1, Symptom.E_STOP)
        await asyncio.sleep(40.0)
        here.station.network(True)
        await asyncio.sleep(20.0)
        here.board.plug_out(1)
        await asyncio.sleep(20.0)

    made = recording(tmp_path, story, version=version)
    assert [one.up for one in made.of(Linked)] == [False, True]
    assert said(replay(made, tmp_path)) == []


def test_ids_that_are_drawn_anew_are_no_difference(tmp_path):
    async def two(here: Place) -> None:
        await a_charge(here)
        here.plug_in()
        await asyncio.sleep(2.0)
        here.tap()
        await asyncio.sleep(20.0)
        [*_, bill] = await here.bills()
        await here.csms.remote_stop(IDENTITY, bill.tx)
        await asyncio.sleep(10.0)

    assert said(replay(recording(tmp_path, two), tmp_path)) == []


def test_an_agent_that_decides_otherwise_is_found_out(tmp_path, monkeypatch):
    made = recording(tmp_path, a_charge)
    right = step.driver.presented

    def only_starts(turn, event):
        if turn.s.driver is None:
            right(turn, event)

    monkeypatch.setattr(step.driver, "presented", only_starts)
    told = said(replay(made, tmp_path))
    assert any("EVSE 1 PermitPower is missing" in one for one in told)
    assert any("StopAuthorized" in one for one in told)


def test_a_meter_that_is_read_otherwise_is_found_out(tmp_path, monkeypatch):
    made = recording(tmp_path, a_charge)
    from sim.replay import bus

    right = bus.load_profile

    def wrong(path):
        profile = right(path)
        points = {
            name: msgspec.structs.replace(one, scale=one.scale * 10) if name == "energy_import_wh" else one
            for name, one in profile.points.items()
        }
        return msgspec.structs.replace(profile, points=points)

    monkeypatch.setattr(bus, "load_profile", wrong)
    told = said(replay(made, tmp_path))
    assert told
    assert all("EVSE 1 meter" in one and "is read as" in one for one in told)


def test_a_verdict_that_was_recorded_is_what_the_agent_hears(tmp_path):
    file = recorded(tmp_path, a_charge)
    file.write_text(file.read_text().replace('\\"status\\":\\"Accepted\\"', '\\"status\\":\\"Blocked\\"'))
    told = said(replay(read(file), tmp_path))
    assert any("PermitPower is missing" in one for one in told)


def test_what_began_before_the_recording_is_not_compared_until_it_is_over(tmp_path):
    async def begin(here: Place) -> None:
        here.plug_in()
        await asyncio.sleep(2.0)
        here.tap()
        await asyncio.sleep(20.0)

    async def story(here: Place) -> None:
        await asyncio.sleep(20.0)
        here.tap()
        await asyncio.sleep(10.0)
        here.board.plug_out(1)
        await asyncio.sleep(10.0)
        await a_charge(here)

    outcome = replay(recording(tmp_path, story, begin), tmp_path)
    assert said(outcome) == []
    assert outcome.compared > 10


def test_a_recording_that_is_all_of_one_charge_says_that_it_began_too_late(tmp_path):
    async def begin(here: Place) -> None:
        here.plug_in()
        await asyncio.sleep(2.0)
        here.tap()
        await asyncio.sleep(20.0)

    async def story(here: Place) -> None:
        await asyncio.sleep(20.0)

    with pytest.raises(RecordingError, match="record from before it begins"):
        replay(recording(tmp_path, story, begin), tmp_path)


def test_the_tap_is_taken_from_the_bus_when_nobody_records(tmp_path):
    async def story(here: Place) -> None:
        await asyncio.sleep(5.0)
        assert here.station.hardware.guarded.evses[1]._meter.heard is not None

    async def after(here: Place) -> None:
        recorder = here.station.agent.recorder
        with recorder.watching(lambda _: None):
            await asyncio.sleep(2.0)
        await asyncio.sleep(2.0)
        assert here.station.hardware.guarded.evses[1]._meter.heard is None

    recorded(tmp_path, story, after)


def test_the_command_says_what_it_found(tmp_path, capsys):
    file = recorded(tmp_path, a_charge)
    assert command([str(file)]) == 0
    assert capsys.readouterr().out.startswith("the same: 128.5 s recorded")
    file.write_text(file.read_text().replace("04A2", "0000").replace('"current_a":32.0', '"current_a":20.0'))
    assert command([str(file), "--json"]) == 1
    assert msgspec.json.decode(capsys.readouterr().out)["differences"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        (b"", "line 1"),
        (b"{}\n", "line 1: Object missing required field"),
        (b'{"evse_recording":99}\n', "line 1"),
    ],
)
def test_a_file_of_no_use_is_refused_with_the_reason(tmp_path, capsys, content, words):
    file = tmp_path / "record.jsonl"
    if content is not None:
        file.write_bytes(content)
    assert command([str(file)]) == 2
    assert words in capsys.readouterr().err


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path):
    file = recorded(tmp_path, a_charge)
    whole = len(read(file).entries)
    file.write_bytes(file.read_bytes()[:-20])
    assert len(read(file).entries) == whole - 1
