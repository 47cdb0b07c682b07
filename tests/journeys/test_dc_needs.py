"""A DC car says what it needs, is offered what the supply can give, and may talk about it again."""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from agent.iso15118.secc.snapshot import EnergyMode
from sim.evcc.onboard import OnBoard
from sim.stage.place import Place
from tests.journeys.test_dc import SUPPLY, place, plug
from tests.journeys.test_digital import PLAN, converse

__all__ = ["place"]  # the fixture


@pytest.mark.req("K15.FR.01", "K15.FR.06")
async def test_what_a_dc_car_needs_is_told_and_it_is_offered_what_the_supply_gives(place: Place):
    asked: list[dict[str, Any]] = []

    def watch(_: object, frame: str) -> None:
        content = msgspec.json.decode(frame)
        if content[0] == 2 and content[2] == "NotifyEVChargingNeeds":
            asked.append(content[3])

    agent = place.station.agent
    assert agent is not None
    with agent.station.watching_frames(watch):
        plug(place, protocol="iso15118-2")
        await asyncio.sleep(5)
        place.tap()
        await asyncio.sleep(30)
    (needs,) = [one["chargingNeeds"] for one in asked]
    assert needs["requestedEnergyTransfer"] == "DC"
    assert needs["dcChargingParameters"]["evMaxCurrent"] == 100
    assert needs["dcChargingParameters"]["stateOfCharge"] == 50
    (offered,) = agent.charge_point.plans.offered(1)
    assert 0 < offered.periods[0].limit <= SUPPLY.max_power_w


@pytest.mark.req("K17.FR.01")
async def test_a_dc_car_may_talk_again_by_its_own_wish_and_is_checked_again(place: Place):
    vehicle = place.plug_in(digital=True, max_current_a=100.0, soc_pct=50.0, capacity_wh=20_000.0)
    await asyncio.sleep(1)
    place.tap()
    await asyncio.sleep(2)
    plan = replace(PLAN, mode=EnergyMode.DC_EXTENDED, charge_s=20.0, renegotiate_s=10.0)
    report = await converse(place, OnBoard(place.board, 1, vehicle, dc=True), plan)
    assert report.ended == "done"
    assert len(report.schedules) == 2
    answers = [name for name, _ in groupby(report.responses)]
    assert answers.count("CableCheckRes") == answers.count("CurrentDemandRes") == 2
    assert not [one for one in place.board.trace if one.what in {"under-load", "inrush"}]
