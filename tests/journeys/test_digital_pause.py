"""A car that talks and pauses: its transaction goes on, it is woken, and it comes back to the same session."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from agent.config import V2g
from agent.core.events import LimitSet
from agent.core.limits import LimitInput, LimitSource
from agent.core.session import Talk
from agent.core.values import ChargingState
from sim.evcc.onboard import OnBoard
from sim.evcc.plan import Plan
from sim.stage.place import Place, PlaceSpec
from sim.stage.place import place as sim_place
from tests.journeys.test_digital import PLAN, converse

PAUSES = replace(PLAN, pause=True)


def limit(place: Place, current_a: float) -> None:
    assert place.station.agent is not None
    place.station.agent.charge_point.post(1, LimitSet(LimitInput(LimitSource.GRID, current_a)))


def charging(place: Place) -> ChargingState | None:
    tx = place.session().tx
    return tx.charging if tx is not None else None


@pytest.mark.parametrize("at_once", [False, True], ids=["while charging", "before anything flows"])
async def test_a_car_without_current_pauses_and_is_woken_to_the_same_session(tmp_path: Path, *, at_once: bool):
    async with sim_place(tmp_path, PlaceSpec(v2g=V2g(host="::1", sdp_port=None))) as place:
        vehicle = place.plug_in(digital=True, phases=3, max_current_a=16.0)
        battery = OnBoard(place.board, 1, vehicle)
        await asyncio.sleep(1)
        if at_once:
            limit(place, 0.0)
        session = asyncio.get_running_loop().create_task(converse(place, battery, PAUSES))
        place.tap()
        await asyncio.sleep(20)
        if not at_once:
            assert charging(place) is ChargingState.CHARGING
            limit(place, 0.0)
        report = await session
        assert report.ended == "paused"
        await asyncio.sleep(10)
        tx = place.session().tx
        assert tx is not None
        assert tx.charging is (ChargingState.EV_CONNECTED if at_once else ChargingState.SUSPENDED_EVSE)
        limit(place, 16.0)
        await asyncio.sleep(1)
        assert place.session().digital.talk is Talk.WAKING
        await asyncio.sleep(3)
        assert place.session().digital.talk is Talk.OFFERED
        back = Plan(offers=PLAN.offers, charge_s=30.0, session_id=report.session_id)
        session = asyncio.get_running_loop().create_task(converse(place, battery, back))
        await asyncio.sleep(15)
        assert charging(place) is ChargingState.CHARGING
        again = await session
        assert again.session_id == report.session_id
        place.board.plug_out(1)
        await asyncio.sleep(30)
        (bill,) = await place.bills()
        assert bill.energy_wh == pytest.approx(place.true_wh(), abs=1.0)


async def test_a_car_that_has_left_finds_its_session_gone(tmp_path: Path):
    async with sim_place(tmp_path, PlaceSpec(v2g=V2g(host="::1", sdp_port=None))) as place:
        vehicle = place.plug_in(digital=True, phases=3, max_current_a=16.0)
        await asyncio.sleep(1)
        place.tap()
        await asyncio.sleep(5)
        first = await converse(place, OnBoard(place.board, 1, vehicle), replace(PAUSES, charge_s=15.0))
        assert first.ended == "paused"
        place.board.plug_out(1)
        await asyncio.sleep(30)
        vehicle = place.plug_in(digital=True, phases=3, max_current_a=16.0)
        await asyncio.sleep(1)
        place.tap()
        await asyncio.sleep(5)
        back = replace(PLAN, charge_s=15.0, session_id=first.session_id)
        second = await converse(place, OnBoard(place.board, 1, vehicle), back)
        assert second.ended == "done"
        assert second.session_id != first.session_id
