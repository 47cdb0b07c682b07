"""TC_G: availability of connectors, EVSEs and the station."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.octt import states
from tests.octt.bench import DURATION_S, Bench
from tests.octt.tool import BOOT_INTERVAL_S, require

EVSE = {"evse": {"id": 1}}
CONNECTOR = {"evse": {"id": 1, "connectorId": 1}}
STATION: dict[str, Any] = {}
TWO_EVSES = pytest.mark.bench(evses=2)


async def change(bench: Bench, status: str, place: dict[str, Any], answer: str = "Accepted") -> None:
    require(await bench.tool.send("ChangeAvailability", operationalStatus=status, **place), status=answer)


@pytest.mark.octt("TC_G_01_CS")
async def test_a_connector_with_a_plug_in_it_is_occupied(bench: Bench):
    await states.connected(bench)


@pytest.mark.octt("TC_G_02_CS")
async def test_a_connector_whose_plug_was_pulled_is_available(bench: Bench):
    await states.connected(bench)
    bench.unplug()
    await states.told(bench, "Available")


@TWO_EVSES
@pytest.mark.parametrize(
    ("place", "evses"),
    [
        pytest.param(EVSE, {1}, marks=pytest.mark.octt("TC_G_03_CS"), id="evse"),
        pytest.param(STATION, {1, 2}, marks=pytest.mark.octt("TC_G_05_CS"), id="station"),
        pytest.param(CONNECTOR, {1}, marks=pytest.mark.octt("TC_G_07_CS"), id="connector"),
    ],
)
async def test_what_is_taken_out_of_service_is_told_of_and_nothing_else(bench: Bench, place: Any, evses: set[int]):
    await change(bench, "Inoperative", place)
    for evse in evses:
        await states.told(bench, "Unavailable", evse)
    await bench.tool.silence("StatusNotification", BOOT_INTERVAL_S)


@TWO_EVSES
@pytest.mark.parametrize(
    ("place", "evses"),
    [
        pytest.param(EVSE, {1}, marks=pytest.mark.octt("TC_G_04_CS"), id="evse"),
        pytest.param(STATION, {1, 2}, marks=pytest.mark.octt("TC_G_06_CS"), id="station"),
        pytest.param(CONNECTOR, {1}, marks=pytest.mark.octt("TC_G_08_CS"), id="connector"),
    ],
)
async def test_what_is_put_back_into_service_is_available(bench: Bench, place: Any, evses: set[int]):
    where = place.get("evse", {})
    await states.unavailable(bench, where.get("id"), where.get("connectorId"))
    await change(bench, "Operative", place)
    for evse in evses:
        await states.told(bench, "Available", evse)


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(EVSE, marks=pytest.mark.octt("TC_G_09_CS"), id="evse"),
        pytest.param(STATION, marks=pytest.mark.octt("TC_G_12_CS"), id="station"),
        pytest.param(CONNECTOR, marks=pytest.mark.octt("TC_G_15_CS"), id="connector"),
    ],
)
async def test_what_is_in_service_already_stays_so(bench: Bench, place: Any):
    await change(bench, "Operative", place)
    await bench.tool.silence("StatusNotification", BOOT_INTERVAL_S, connectorStatus="Unavailable")


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(EVSE, marks=pytest.mark.octt("TC_G_10_CS"), id="evse"),
        pytest.param(STATION, marks=pytest.mark.octt("TC_G_13_CS"), id="station"),
        pytest.param(CONNECTOR, marks=pytest.mark.octt("TC_G_16_CS"), id="connector"),
    ],
)
async def test_what_is_out_of_service_already_stays_so(bench: Bench, place: Any):
    where = place.get("evse", {})
    await states.unavailable(bench, where.get("id"), where.get("connectorId"))
    await change(bench, "Inoperative", place)
    await bench.tool.silence("StatusNotification", BOOT_INTERVAL_S, connectorStatus="Available")
    bench.plug()
    bench.present()
    await asyncio.sleep(DURATION_S)
    assert not bench.closed


@TWO_EVSES
@pytest.mark.parametrize(
    ("place", "idle"),
    [
        pytest.param(EVSE, set(), marks=pytest.mark.octt("TC_G_11_CS"), id="evse"),
        pytest.param(STATION, {2}, marks=pytest.mark.octt("TC_G_14_CS"), id="station"),
        pytest.param(CONNECTOR, set(), marks=pytest.mark.octt("TC_G_17_CS"), id="connector"),
    ],
)
async def test_a_transaction_goes_on_until_its_driver_stops_it(bench: Bench, place: Any, idle: set[int]):
    await states.charging(bench)
    await change(bench, "Inoperative", place, "Scheduled")
    for evse in idle:
        await states.told(bench, "Unavailable", evse)
    await asyncio.sleep(DURATION_S)
    assert bench.closed
    await states.stop_authorized(bench)
    await states.told(bench, "Unavailable")
    await states.post_session(bench)
    bench.unplug()
    await bench.tool.silence("StatusNotification", BOOT_INTERVAL_S, connectorStatus="Available")


@TWO_EVSES
@pytest.mark.parametrize(
    ("place", "evses"),
    [
        pytest.param(EVSE, {1}, marks=pytest.mark.octt("TC_G_18_CS"), id="evse"),
        pytest.param(STATION, {1, 2}, marks=pytest.mark.octt("TC_G_21_CS"), id="station"),
        pytest.param(CONNECTOR, {1}, marks=pytest.mark.octt("TC_G_19_CS"), id="connector"),
    ],
)
async def test_availability_outlives_a_reset_and_a_power_cut(bench: Bench, place: Any, evses: set[int]):
    where = place.get("evse", {})
    await states.unavailable(bench, where.get("id"), where.get("connectorId"))
    for by_hand in (False, True):
        await states.booted(bench, by_hand=by_hand, unavailable=evses)
