"""A DC car says what it needs, and is offered what the supply can give."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from sim.stage.place import Place
from tests.journeys.test_dc import SUPPLY, place, plug

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
