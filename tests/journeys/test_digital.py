"""A car that talks ISO 15118-2 on the whole station: pilot, contactor, meter and bill under the messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace

from agent.config import V2g
from agent.core.events import LimitSet
from agent.core.limits import LimitInput, LimitSource
from agent.core.session import Phase, Talk
from agent.iso15118.secc.events import Protocol
from sim.evcc.evcc import charge
from sim.evcc.link import StreamLink
from sim.evcc.onboard import OnBoard
from sim.evcc.plan import Plan, Report
from sim.stage.place import TAG, Place, PlaceSpec
from sim.stage.place import place as sim_place

PLAN = Plan(offers=(Protocol.ISO_2,), charge_s=1800.0, loop_s=1.0)
TOLERANCE_WH = 1.0


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with sim_place(tmp_path, PlaceSpec(v2g=V2g(host="::1", sdp_port=None))) as made:
        yield made


async def talk(place: Place, plan: Plan = PLAN) -> Report:
    """Plug a car in that talks at once; what came of its session."""
    vehicle = place.plug_in(digital=True, phases=3, max_current_a=16.0)
    await asyncio.sleep(1)
    return await converse(place, OnBoard(place.board, 1, vehicle), plan)


async def converse(place: Place, battery: OnBoard, plan: Plan = PLAN) -> Report:
    agent = place.station.agent
    assert agent is not None
    reader, writer = await asyncio.open_connection("::1", agent.v2g[1].port)
    return await charge(StreamLink(reader, writer, timeout_s=100.0), plan, battery)


async def test_a_car_that_talks_is_charged_and_billed(place: Place):
    session = asyncio.get_running_loop().create_task(talk(place))
    await asyncio.sleep(10)
    assert place.session().digital.talk is Talk.TALKING
    assert not any(place.board.snapshot(1).poles), "closed without a driver"
    place.tap()
    await asyncio.sleep(600)
    assert place.board.snapshot(1).duty_pct == pytest.approx(5.0)
    assert place.board.snapshot(1).current_a[0] == pytest.approx(16.0, abs=0.1)
    report = await session
    assert report.ended == "done"
    assert not any(place.board.snapshot(1).poles)
    place.board.plug_out(1)
    await asyncio.sleep(30)
    bill = (await place.bills())[0]
    assert bill.energy_wh == pytest.approx(place.true_wh(), abs=TOLERANCE_WH)
    assert place.true_wh() > 5000


async def test_a_limit_reaches_the_car_without_a_change_of_the_duty_cycle(place: Place):
    session = asyncio.get_running_loop().create_task(talk(place))
    await asyncio.sleep(5)
    place.tap()
    await asyncio.sleep(60)
    agent = place.station.agent
    assert agent is not None
    agent.charge_point.post(1, LimitSet(LimitInput(LimitSource.GRID, 10.0)))
    await asyncio.sleep(5)
    assert place.board.snapshot(1).current_a[0] == pytest.approx(10.0, abs=0.1)
    assert place.board.snapshot(1).duty_pct == pytest.approx(5.0)
    session.cancel()


async def test_a_driver_who_stops_has_the_car_stop_before_the_contactor_opens(place: Place):
    session = asyncio.get_running_loop().create_task(talk(place))
    await asyncio.sleep(5)
    place.tap()
    await asyncio.sleep(120)
    place.tap()
    report = await session
    assert report.ended == "done"
    await asyncio.sleep(10)
    assert place.session().phase is Phase.FINISHED
    assert not [one for one in place.board.trace if one.what == "under-load"]
    assert (await place.bills())[0].energy_wh == pytest.approx(place.true_wh(), abs=TOLERANCE_WH)


async def test_a_car_that_does_not_talk_is_charged_by_basic_signalling(place: Place):
    place.plug_in()
    await asyncio.sleep(2)
    assert place.board.snapshot(1).duty_pct == pytest.approx(5.0)
    place.tap()
    await asyncio.sleep(60)
    assert place.board.snapshot(1).current_a[0] == pytest.approx(16.0, abs=0.1)
    pilots = [one.value for one in place.board.trace if one.what == "pilot"]
    assert len(pilots) >= 3, pilots  # 5 %, then X1 for a while, then a current


async def test_a_session_that_breaks_leaves_the_pilot_safe_and_the_next_car_charges(place: Place):
    vehicle = place.plug_in(digital=True)
    await asyncio.sleep(1)
    battery = OnBoard(place.board, 1, vehicle)
    session = asyncio.get_running_loop().create_task(converse(place, battery))
    await asyncio.sleep(5)
    place.tap()
    await asyncio.sleep(60)
    session.cancel()  # the car's controller dies; S2 stays as it is
    await asyncio.sleep(10)
    assert place.session().digital.talk is Talk.NONE
    place.board.plug_out(1, graceful=False)
    await asyncio.sleep(30)
    assert not any(place.board.snapshot(1).poles)
    session = asyncio.get_running_loop().create_task(talk(place, replace(PLAN, charge_s=60.0)))
    await asyncio.sleep(5)
    place.tap(TAG)
    assert (await session).ended == "done"


async def test_a_second_connection_is_refused_while_a_session_goes_on(place: Place):
    session = asyncio.get_running_loop().create_task(talk(place, replace(PLAN, charge_s=120.0)))
    await asyncio.sleep(5)
    vehicle = place.board.snapshot(1)
    assert vehicle.soc_pct is not None
    agent = place.station.agent
    assert agent is not None
    reader, writer = await asyncio.open_connection("::1", agent.v2g[1].port)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()
    place.tap()
    assert (await session).ended == "done"
