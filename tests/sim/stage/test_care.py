"""What a whole station does for its hardware: the monitor's self-tests, phases by grid signal, a car that toggles."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sim.board import BoardSpec
from sim.evse import EvseSpec
from sim.stage.place import TAG, Place, PlaceSpec, place


def self_tests(p: Place) -> list[float]:
    return [one.at_s for one in p.board.trace if (one.what, one.value) == ("rcd", "tested")]


def closed(p: Place, at_s: float) -> bool:
    moved = [one for one in p.board.trace if one.what == "contactor" and one.at_s <= at_s]
    return bool(moved) and any(moved[-1].value)


async def a_charge(p: Place, seconds: float = 60.0) -> None:
    p.plug_in()
    await asyncio.sleep(2)
    p.board.present_token(TAG)
    await asyncio.sleep(20 + seconds)
    assert any(p.board.snapshot(1).poles)
    p.board.present_token(TAG)
    await asyncio.sleep(20)


async def test_the_residual_current_monitor_is_tested_after_the_start_and_after_each_session(tmp_path: Path):
    async with place(tmp_path, PlaceSpec()) as p:
        await asyncio.sleep(5)
        assert len(self_tests(p)) == 1
        await a_charge(p)
        assert len(self_tests(p)) == 2
        p.board.plug_out(1)
        await asyncio.sleep(60)
        assert len(self_tests(p)) == 2
        assert not any(closed(p, at_s) for at_s in self_tests(p))


async def test_a_monitor_that_fails_its_test_takes_the_connector_out_of_service(tmp_path: Path):
    async with place(tmp_path, PlaceSpec(version="1.6")) as p:
        await a_charge(p, 20)
        p.board.inject(1, "rcd-test-fails")
        p.board.plug_out(1)
        await asyncio.sleep(5)
        await a_charge(p, 20)
        assert [one.status for one in await p.statuses() if one.connector == 1] == ["Faulted"]


async def test_a_signal_to_the_station_is_shared_by_its_evses(tmp_path: Path):
    async with place(tmp_path, PlaceSpec(evses=2, board=BoardSpec(evses=2, evse=EvseSpec()))) as p:
        p.board.grid_signal(0, 2 * 3 * 230.0 * 8.0)
        await asyncio.sleep(1)
        for evse in (1, 2):
            assert p.session(evse).limit(p.wall.mono_s).explain() == "8 A: grid signal"
        p.board.grid_signal(0, None)
        await asyncio.sleep(1)
        assert p.session(1).limit(p.wall.mono_s).explain() == "32 A: board rating"


async def test_a_car_that_toggles_s2_is_noticed_and_nothing_is_billed_for_it(tmp_path: Path):
    async with place(tmp_path, PlaceSpec()) as p:
        p.plug_in()
        await asyncio.sleep(2)
        p.board.present_token(TAG)
        await asyncio.sleep(30)
        p.board.ev_pause(1)
        await asyncio.sleep(10)
        p.board.ev_resume(1)
        await asyncio.sleep(2.0)  # it closes S2 a second after it was told to
        p.board.ev_pause(1)
        await asyncio.sleep(1)
        assert p.session().toggled_mono_s is not None
        assert p.session().tx is not None
