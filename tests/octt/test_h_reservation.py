"""TC_H: an EVSE that is kept for one driver, and how that ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agent.ocpp.stamps import to_wire
from tests.octt import states
from tests.octt.bench import EPOCH_S, VALID, VALID_2, Bench
from tests.octt.tool import BOOT_INTERVAL_S, require

OWNER = {"idToken": VALID, "type": "ISO14443"}
OTHER = {"idToken": VALID_2, "type": "ISO14443"}
GROUP = {"idToken": "GROUP-1", "type": "Central"}
CONNECTOR = "sType2"
EXPIRY_S = 60
TWO_EVSES = pytest.mark.bench(evses=2)


async def reserve(
    bench: Bench,
    number: int = 1,
    evse: int | None = 1,
    token: dict[str, str] = OWNER,
    *,
    status: str = "Accepted",
    for_s: float = 3600,
    **more: Any,
) -> None:
    where = {} if evse is None else {"evseId": evse}
    expiry = to_wire(EPOCH_S + asyncio.get_running_loop().time() + for_s)
    answer = await bench.tool.send("ReserveNow", id=number, expiryDateTime=expiry, idToken=token, **where, **more)
    require(answer, status=status)


async def reserved(bench: Bench, number: int = 1, evse: int | None = 1, **more: Any) -> None:
    """ReserveNow that is accepted, and the status of the EVSE that it keeps."""
    await reserve(bench, number, evse, **more)
    await states.told(bench, "Reserved", evse or bench.evse)


async def ended(bench: Bench, status: str, number: int = 1) -> None:
    await bench.tool.expect("ReservationStatusUpdate", reservationId=number, reservationUpdateStatus=status)


async def charges(bench: Bench, token: dict[str, str]) -> dict[str, Any]:
    """Authorized and EnergyTransferStarted with a token, on an EVSE that is kept for it or free."""
    bench.token = token
    await states.authorized(bench)
    return await states.charging(bench)


async def turned_away(bench: Bench, token: dict[str, str]) -> None:
    """A driver whom the station asks the CSMS about, and who gets no energy all the same."""
    bench.present(token["idToken"], token["type"])
    await asyncio.sleep(30)
    bench.tool.forget("Authorize")
    charging = [
        one.payload
        for one in bench.tool.left("TransactionEvent")
        if one.payload["transactionInfo"].get("chargingState") == "Charging"
    ]
    assert not charging
    assert not bench.closed


@pytest.mark.octt("TC_H_01_CS")
async def test_a_reserved_evse_is_free_for_its_driver(bench: Bench):
    await reserved(bench)
    bench.token = OWNER
    await states.authorized(bench)
    await states.told(bench, "Available")
    await states.charging(bench)
    assert bench.offered_a
    await states.left(bench)


@pytest.mark.octt("TC_H_02_CS")
@pytest.mark.bench(settings={"TxCtrlr.TxStartPoint": "EVConnected,Authorized"})
async def test_a_reserved_evse_turns_everybody_else_away_though_the_cable_starts_a_transaction(bench: Bench):
    await reserved(bench)
    bench.plug()
    await states.event(
        bench, eventType="Started", triggerReason="CablePluggedIn", transactionInfo__chargingState="EVConnected"
    )
    await bench.tool.silence("StatusNotification", 1.0)  # G01.FR.09
    await turned_away(bench, OTHER)
    answer = await bench.tool.send("RequestStartTransaction", idToken=OTHER, remoteStartId=5, evseId=1)
    require(answer, status="Rejected")
    await asyncio.sleep(30)
    assert not bench.closed


@pytest.mark.octt("TC_H_03_CS")
async def test_a_reserved_evse_is_occupied_for_another_reservation(bench: Bench):
    await reserved(bench)
    await reserve(bench, 2, token=OTHER, status="Occupied")


@pytest.mark.octt("TC_H_04_CS")
async def test_an_evse_in_use_is_occupied(bench: Bench):
    await states.charging(bench)
    await reserve(bench, token=OTHER, status="Occupied")


@pytest.mark.octt("TC_H_06_CS")
async def test_an_evse_out_of_service_is_unavailable(bench: Bench):
    await states.unavailable(bench, 1)
    await reserve(bench, token=OTHER, status="Unavailable")


@pytest.mark.octt("TC_H_07_CS")
async def test_a_reservation_is_over_when_its_time_is(bench: Bench):
    await reserved(bench, for_s=EXPIRY_S)
    await bench.tool.silence("StatusNotification", EXPIRY_S - 5)
    await states.told(bench, "Available", within_s=10.0)
    await ended(bench, "Expired")
    await charges(bench, OTHER)


@pytest.mark.octt("TC_H_08_CS")
async def test_the_only_evse_is_kept_for_a_driver_who_may_use_any(bench: Bench):
    await reserved(bench, evse=None)
    await charges(bench, OWNER)


@pytest.mark.octt("TC_H_09_CS")
@TWO_EVSES
async def test_where_every_evse_is_reserved_there_is_none_to_reserve(bench: Bench):
    await reserved(bench, 1, 1)
    await reserved(bench, 2, 2, token=OTHER)
    await reserve(bench, 3, None, {"idToken": "THIRD", "type": "Central"}, status="Occupied")


@pytest.mark.octt("TC_H_10_CS")
@TWO_EVSES
async def test_where_every_evse_is_in_use_there_is_none_to_reserve(bench: Bench):
    for evse, token in ((1, OWNER), (2, OTHER)):
        bench.evse, bench.connected, bench.authorized, bench.tx = evse, False, False, None
        bench.token = token
        await states.charging(bench)
    await reserve(bench, 1, None, {"idToken": "THIRD", "type": "Central"}, status="Occupied")


@pytest.mark.octt("TC_H_12_CS")
@TWO_EVSES
async def test_where_every_evse_is_out_of_service_there_is_none_to_reserve(bench: Bench):
    await states.unavailable(bench)
    await reserve(bench, 1, None, status="Unavailable")


@pytest.mark.octt("TC_H_13_CS")
@pytest.mark.bench(settings={"ReservationCtrlr.NonEvseSpecific": False})
async def test_a_station_that_reserves_only_evses_by_number_rejects_any_other_wish(bench: Bench):
    await reserve(bench, 1, None, status="Rejected")


@pytest.mark.octt("TC_H_14_CS")
@TWO_EVSES
async def test_every_evse_is_reserved_when_there_are_as_many_reservations(bench: Bench):
    await reserve(bench, 1, None, OWNER)
    await bench.tool.silence("StatusNotification", BOOT_INTERVAL_S)
    await reserve(bench, 2, None, OTHER)
    for evse in (1, 2):
        await states.told(bench, "Reserved", evse)


@pytest.mark.octt("TC_H_15_CS")
async def test_a_type_of_connector_can_be_reserved(bench: Bench):
    await reserved(bench, evse=None, connectorType=CONNECTOR)
    await charges(bench, OWNER)


@pytest.mark.octt("TC_H_16_CS")
@TWO_EVSES
async def test_a_type_of_connector_is_occupied_when_all_of_it_are_reserved(bench: Bench):
    await reserved(bench, 1, 1)
    await reserved(bench, 2, 2, token=OTHER)
    third = {"idToken": "THIRD", "type": "Central"}
    await reserve(bench, 3, None, third, status="Occupied", connectorType=CONNECTOR)


@pytest.mark.octt("TC_H_17_CS")
async def test_a_reservation_that_is_cancelled_frees_the_evse(bench: Bench):
    await reserved(bench)
    require(await bench.tool.send("CancelReservation", reservationId=1), status="Accepted")
    await states.told(bench, "Available")
    await charges(bench, OTHER)


@pytest.mark.octt("TC_H_18_CS")
async def test_what_is_not_reserved_cannot_be_cancelled(bench: Bench):
    require(await bench.tool.send("CancelReservation", reservationId=1), status="Rejected")


def of_group(request: dict[str, Any]) -> dict[str, Any]:
    """What the tool answers about a token of the group."""
    del request
    return {"idTokenInfo": {"status": "Accepted", "groupIdToken": GROUP}}


@pytest.mark.parametrize(
    "evse",
    [
        pytest.param(1, marks=pytest.mark.octt("TC_H_19_CS"), id="of-an-evse"),
        pytest.param(None, marks=pytest.mark.octt("TC_H_24_CS"), id="of-any"),
    ],
)
async def test_a_reservation_for_a_group_is_for_each_of_it(bench: Bench, evse: int | None):
    await reserved(bench, evse=evse, groupIdToken=GROUP)
    bench.tool.answer("Authorize", of_group)
    await charges(bench, OTHER)


@pytest.mark.octt("TC_H_21_CS")
async def test_an_evse_that_goes_out_of_service_takes_its_reservation_with_it(bench: Bench):
    await reserved(bench)
    await states.unavailable(bench, 1)
    await ended(bench, "Removed")
    back = await bench.tool.send("ChangeAvailability", operationalStatus="Operative", evse={"id": 1})
    require(back, status="Accepted")
    await states.told(bench, "Available")
    await charges(bench, OTHER)


@pytest.mark.octt("TC_H_22_CS")
@pytest.mark.bench(settings={"ReservationCtrlr.Enabled": False})
async def test_a_station_that_shall_reserve_nothing_rejects(bench: Bench):
    await reserve(bench, status="Rejected")
    await bench.tool.silence("StatusNotification", BOOT_INTERVAL_S)


@pytest.mark.octt("TC_H_23_CS")
async def test_a_reservation_is_replaced_by_one_of_the_same_id(bench: Bench):
    await reserved(bench, token=OWNER)
    await reserve(bench, token=OTHER)
    await turned_away(bench, OWNER)
    await charges(bench, OTHER)
