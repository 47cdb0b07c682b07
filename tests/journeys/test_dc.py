"""Direct current on the whole station: from the car's messages to supply, insulation, contactor, meter and bill."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from msgspec.structs import replace

from agent.config import V2g
from agent.core.dc_line import Check
from agent.ocpp.device_model import Nameplate
from agent.ocpp.hardware_model import HardwareModel
from csms import planning
from sim.board import BoardSpec
from sim.dc import DcSpec
from sim.evse import EvseSpec
from sim.stage.place import IDENTITY, Place, PlaceSpec
from sim.stage.place import place as sim_place
from sim.vehicle import Talk

SUPPLY = DcSpec(max_voltage_v=500.0, max_current_a=125.0, max_power_w=50_000.0)
BOARD = BoardSpec(evse=EvseSpec(socket=False, dc=SUPPLY))
MEASURANDS = "Energy.Active.Import.Register,Voltage,Current.Import,Power.Active.Import,SoC"
SETTINGS = {"SampledDataCtrlr.TxUpdatedMeasurands": MEASURANDS, "SampledDataCtrlr.TxUpdatedInterval": 20}
SPEC = PlaceSpec(v2g=V2g(host="::1", sdp_port=None), board=BOARD, settings=SETTINGS)
TOLERANCE_WH = 1.0


@pytest_asyncio.fixture
async def place(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    async with sim_place(tmp_path, replace(SPEC, version=getattr(request, "param", "2.0.1"))) as made:
        yield made


def plug(place: Place, *, protocol: str = "", **car) -> None:
    car = {"max_current_a": 100.0, "soc_pct": 50.0, "capacity_wh": 20_000.0} | car
    place.plug_in(talk=Talk(energy="DC", protocol=protocol), **car)


async def under_way(place: Place, **car) -> None:
    plug(place, **car)
    await asyncio.sleep(5)
    place.tap()
    await asyncio.sleep(40)


def drawn_a(place: Place) -> float:
    return place.board.snapshot(1).current_a[0]


@pytest.mark.parametrize("protocol", ["din70121", "iso15118-2"])
async def test_a_dc_car_is_checked_precharged_charged_and_billed(place: Place, protocol: str):
    plug(place, protocol=protocol, target_soc_pct=55.0)
    await asyncio.sleep(10)
    assert not any(place.board.snapshot(1).poles), "closed without a driver"
    place.tap()
    await asyncio.sleep(60)
    assert place.session().line.check is Check.PASSED
    assert drawn_a(place) == pytest.approx(100.0)
    await asyncio.sleep(120)
    assert [one.ended for one in place.cars.reports[1]] == ["done"]
    assert not any(place.board.snapshot(1).poles)
    assert place.board.snapshot(1).voltage_v[0] < 60.0
    assert not [one for one in place.board.trace if one.what in {"under-load", "inrush"}]
    place.board.plug_out(1)
    await asyncio.sleep(15)
    bill = (await place.bills())[0]
    assert bill.energy_wh == pytest.approx(place.true_wh(), abs=TOLERANCE_WH)
    assert place.true_wh() > 1000
    assert bill.reason == "StoppedByEV"


async def limited(place: Place, unit: planning.Unit, limit: float) -> None:
    """The CSMS sends a profile."""
    period = planning.Period(limit=limit)
    wish = planning.SetProfile(number=1, evse=1, periods=(period,), unit=unit, start_utc_s=place.wall())
    await place.csms.ask(IDENTITY, wish)


@pytest.mark.req("K16.FR.02", "K16.FR.03", "K16.FR.11")
async def test_a_car_whose_limits_change_is_asked_to_negotiate_them_again_and_keeps_to_them_at_once(place: Place):
    await under_way(place, protocol="iso15118-2")
    await limited(place, planning.Unit.AMPERE, 30.0)
    await asyncio.sleep(1.0)
    assert drawn_a(place) <= 30.0
    await asyncio.sleep(29.0)
    assert drawn_a(place) == pytest.approx(30.0, abs=0.5)
    (report,) = place.cars.reports[1]
    assert len(report.schedules) == 2
    assert report.schedules[1][0][1] < report.schedules[0][0][1]
    assert not [one for one in place.board.trace if one.what in {"under-load", "inrush"}]


async def test_a_profile_in_watt_and_one_in_ampere_reach_a_car_without_words_for_that_within_a_second(place: Place):
    """DIN SPEC 70121 knows no renegotiation: every answer to a demand has the limits of the moment."""
    await under_way(place, protocol="din70121")
    for unit, limit in ((planning.Unit.WATT, 20_000.0), (planning.Unit.AMPERE, 30.0)):
        await limited(place, unit, limit)
        await asyncio.sleep(1.0)
        volts = place.board.snapshot(1).voltage_v[0]
        most_a = limit / volts if unit is planning.Unit.WATT else limit
        assert most_a * 0.985 <= drawn_a(place) <= most_a
        await asyncio.sleep(0.5)
        assert place.cars.reports[1][-1].limits_a[-1] == pytest.approx(drawn_a(place), abs=0.1)


@pytest.mark.parametrize("place", ["1.6", "2.0.1"], indirect=True)
async def test_what_a_dc_charge_tells_has_voltage_current_power_and_state_of_charge(place: Place):
    heard: list[str] = []
    agent = place.station.agent
    assert agent is not None
    with agent.station.watching_frames(lambda _, frame: heard.append(frame)):
        await under_way(place)
        await asyncio.sleep(20)
    samples = {one["measurand"]: one for frame in heard for one in sampled(msgspec.json.decode(frame))}
    assert float(samples["Voltage"]["value"]) == pytest.approx(382.0, abs=5.0)
    assert float(samples["Current.Import"]["value"]) == pytest.approx(100.0, abs=0.5)
    assert float(samples["Power.Active.Import"]["value"]) == pytest.approx(38_200.0, abs=500.0)
    assert float(samples["SoC"]["value"]) >= 50
    assert "phase" not in samples["Voltage"]
    assert samples["SoC"]["location"] == "EV"
    assert "location" not in samples["Voltage"]


async def test_the_device_model_shows_a_dc_output_and_its_plug(place: Place):
    await under_way(place)
    agent = place.station.agent
    assert agent is not None
    model = HardwareModel(agent.charge_point, Nameplate("V", "M", None, None))
    shown = {
        f"{one.name.component}.{one.name.variable}": [attribute.value for attribute in one.attributes]
        for one in model.of_evse(1)
    }
    assert float(shown["EVSE.DCCurrent"][0]) == pytest.approx(100.0)
    assert float(shown["EVSE.DCVoltage"][0]) == pytest.approx(380.0, abs=10.0)
    assert shown["EVSE.Power"][2] == "50000"
    assert shown["Connector.ConnectorType"] == ["cCCS2"]
    assert shown["Connector.ChargeProtocol"] == ["ISO15118"]
    assert "EVSE.ACCurrent" not in shown
    assert {"GroundIsolationProtection.Problem", "AcDcConverter.Problem"} <= set(shown)


def sampled(frame: list) -> list[dict]:
    """The sampled values of a call, in either version."""
    content = frame[3] if len(frame) > 3 and isinstance(frame[3], dict) else {}
    return [one for meter in content.get("meterValue", ()) for one in meter["sampledValue"] if "measurand" in one]


async def test_an_agent_that_dies_in_mid_charge_leaves_a_dead_output_and_the_next_start_closes_the_bill(place: Place):
    await under_way(place)
    await place.station.kill()
    await asyncio.sleep(3)
    assert drawn_a(place) == 0.0
    assert not any(place.board.snapshot(1).poles)
    assert not [one for one in place.board.trace if one.what == "under-load"]
    place.station.boot()
    await asyncio.sleep(60)
    bill = (await place.bills())[0]
    assert bill.reason == "PowerLoss"
    assert bill.energy_wh == pytest.approx(place.true_wh(), abs=TOLERANCE_WH)


async def test_a_car_whose_controller_dies_leaves_no_current_behind_and_may_begin_anew(place: Place):
    await under_way(place)
    place.board.inject(1, "car-silent")
    await asyncio.sleep(6)
    assert drawn_a(place) == 0.0
    await asyncio.sleep(60)
    assert not any(place.board.snapshot(1).poles)
    place.board.clear(1, "car-silent")
    await asyncio.sleep(5)
    place.tap()
    await asyncio.sleep(40)
    assert drawn_a(place) == pytest.approx(100.0)
