"""Cars that say what they need are planned for by the CSMS, and charged in time and within its limit (K15-K17)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace

from agent.config import V2g
from agent.iso15118.secc.snapshot import EnergyMode
from csms.car_plans import CarPlan
from csms.car_schedules import power_w
from sim.board import BoardSpec
from sim.dc import DcSpec
from sim.evcc.onboard import OnBoard
from sim.evse import EvseSpec
from sim.stage.place import IDENTITY, OTHER_TAG, TAG, Place, PlaceSpec
from sim.stage.place import place as sim_place
from sim.vehicle import Talk
from tests.journeys.test_digital import PLAN, converse

HOUR = 3600
ONE_PHASE = replace(PLAN, mode=EnergyMode.AC_1P)
V2G = V2g(host="::1", sdp_port=None)
SUPPLY = DcSpec(max_voltage_v=500.0, max_current_a=125.0, max_power_w=50_000.0)
DC_BOARD = BoardSpec(evse=EvseSpec(socket=False, dc=SUPPLY))


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with sim_place(tmp_path, PlaceSpec(evses=2, v2g=V2G)) as made:
        yield made


def plug(place: Place, evse: int = 1, *, departure_s: int | None = None, token: str = TAG, **car: float) -> None:
    """An AC car that lacks 4 kWh (5 with its charger's losses), and its driver."""
    kind = {"capacity_wh": 20_000.0, "soc_pct": 50.0, "target_soc_pct": 73.0, "efficiency": 0.92} | car
    place.plug_in(evse, talk=Talk(departure_s=departure_s, loop_s=10.0), **kind)
    place.tap(token, evse)


def plan(place: Place, evse: int = 1) -> CarPlan:
    return next(one for one in place.csms.cars.plans(IDENTITY) if one.evse == evse)


def drawn_w(place: Place, evse: int = 1) -> float:
    seen = place.board.snapshot(evse)
    return sum(volts * amps for volts, amps in zip(seen.voltage_v, seen.current_a, strict=True))


@pytest.mark.req("K15.FR.02", "K15.FR.03", "K15.FR.05", "K15.FR.07", "K15.FR.11")
async def test_a_car_that_leaves_in_five_minutes_is_charged_slowly_and_in_time(place: Place):
    plug(place, departure_s=300, target_soc_pct=51.75)
    await asyncio.sleep(60)
    assert plan(place).remark == "Accepted"
    assert plan(place).agreed
    level_w = power_w(plan(place).steps, place.wall())
    assert level_w == pytest.approx(380 * 1.05 / (300 * 0.95) * HOUR, rel=0.03)
    assert drawn_w(place) == pytest.approx(level_w, rel=0.05)
    await asyncio.sleep(240)
    assert place.board.snapshot(1).soc_pct == pytest.approx(51.75, abs=0.1)


@pytest.mark.req("K15.FR.04")
async def test_for_a_car_that_says_nothing_of_its_departure_nobody_plans_where_there_is_no_limit(place: Place):
    plug(place)
    await asyncio.sleep(60)
    assert place.csms.cars.plans(IDENTITY) == ()
    assert drawn_w(place) == pytest.approx(11_040, rel=0.02)


async def test_a_car_that_uses_one_phase_of_three_has_what_was_planned(place: Place):
    place.csms.cars.limit(IDENTITY, 3_000.0)
    vehicle = place.plug_in(digital=True, phases=1, max_current_a=16.0)
    place.tap()
    await asyncio.sleep(5)
    session = asyncio.create_task(converse(place, OnBoard(place.board, 1, vehicle), ONE_PHASE))
    await asyncio.sleep(60)
    assert drawn_w(place) == pytest.approx(3_000, rel=0.02)
    session.cancel()


async def test_two_cars_share_the_operators_limit_and_who_is_left_has_it_alone(place: Place):
    place.csms.cars.limit(IDENTITY, 12_000.0)
    plug(place, 1)
    await asyncio.sleep(60)
    assert drawn_w(place, 1) == pytest.approx(11_040, rel=0.02)
    plug(place, 2, token=OTHER_TAG)
    await asyncio.sleep(60)
    for evse in (1, 2):
        assert drawn_w(place, evse) == pytest.approx(6_000, rel=0.02)
    place.tap(TAG, 1)
    await asyncio.sleep(60)
    assert [one.evse for one in place.csms.cars.plans(IDENTITY)] == [2]
    assert drawn_w(place, 2) == pytest.approx(11_040, rel=0.02)


@pytest.mark.req("K16.FR.02", "K16.FR.06")
async def test_a_limit_that_the_operator_changes_is_negotiated_with_the_car(place: Place):
    place.csms.cars.limit(IDENTITY, 11_000.0)
    plug(place)
    await asyncio.sleep(60)
    first = plan(place)
    place.csms.cars.limit(IDENTITY, 5_000.0)
    await asyncio.sleep(60)
    assert plan(place).steps != first.steps
    assert plan(place).agreed
    assert drawn_w(place) == pytest.approx(5_000, rel=0.05)
    assert len(place.cars.reports[1][-1].schedules) == 2


async def test_a_dc_car_is_planned_for_too(tmp_path: Path):
    async with sim_place(tmp_path, PlaceSpec(v2g=V2G, board=DC_BOARD)) as place:
        talk = Talk(energy="DC", protocol="iso15118-2", departure_s=HOUR)
        place.plug_in(talk=talk, max_current_a=100.0, soc_pct=50.0, target_soc_pct=70.0, capacity_wh=40_000.0)
        await asyncio.sleep(5)
        place.tap()
        await asyncio.sleep(50)
        wanted_wh = plan(place).car.energy_wh
        assert wanted_wh == pytest.approx(8_700, rel=0.02)
        level_w = power_w(plan(place).steps, place.wall())
        assert level_w == pytest.approx(8_700 * 1.05 / 0.95, rel=0.02)
        assert drawn_w(place) == pytest.approx(level_w, rel=0.05)
        place.csms.cars.limit(IDENTITY, 5_000.0)
        await asyncio.sleep(30)
        assert drawn_w(place) == pytest.approx(5_000, rel=0.05)
        assert len(place.cars.reports[1][-1].schedules) == 2
