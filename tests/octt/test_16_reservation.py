"""Cases of 1.6 about connectors, and the station as a whole, that are kept for one driver."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.octt import states16 as states
from tests.octt.bench import VALID, VALID_2, Bench
from tests.octt.tool import BOOT_INTERVAL_S, PRESENT, require

pytestmark = pytest.mark.bench(version="1.6")

EXPIRY_S: Final = 60
PARENT: Final = "PARENT"
TWO = pytest.mark.bench(evses=2)
ASKS_REMOTE = pytest.mark.bench(settings={"AuthorizeRemoteTxRequests": True})


async def reserve(
    bench: Bench,
    status: str = "Accepted",
    *,
    connector: int = 1,
    number: int = 1,
    token: str = VALID,
    for_s: float = 3600,
    **more: Any,
) -> None:
    """ReserveNow, answered so."""
    asked = {"connectorId": connector, "reservationId": number, "idTag": token, "expiryDate": states.stamp(for_s)}
    require(await bench.tool.send("ReserveNow", **asked, **more), status=status)


async def reserved(bench: Bench, **more: Any) -> None:
    """The connector is reserved, and says so."""
    await reserve(bench, **more)
    await states.told(bench, "Reserved", more.get("connector"))


async def turned_away(bench: Bench, token: str) -> None:
    """Somebody else's card starts nothing."""
    bench.present(token)
    await states.nothing_starts(bench)
    bench.tool.forget("Authorize")


@pytest.mark.octt("TC_046_1_CS")
async def test_a_reserved_connector_is_for_its_driver_who_comes_with_his_card(bench: Bench):
    """A connector is reserved; another driver is turned away, his own charges, and the start names the reservation."""
    await reserved(bench)
    await turned_away(bench, VALID_2)
    await states.authorized(bench)
    await states.told(bench, "Preparing")
    bench.plug()
    await states.started(bench, reservationId=1)


@pytest.mark.octt("TC_046_2_CS")
async def test_a_reserved_connector_is_for_its_driver_whom_the_csms_starts(bench: Bench):
    """The same, where the CSMS starts both once the car is there: the other one is rejected."""
    await reserved(bench)
    bench.plug()
    await bench.tool.silence("StatusNotification", BOOT_INTERVAL_S)
    await states.remote_start(bench, "Rejected", idTag=VALID_2)
    await states.remote_start(bench)
    await states.told(bench, "Preparing")
    await states.started(bench, reservationId=1)


@pytest.mark.octt("TC_047_CS")
async def test_a_reservation_is_over_when_its_time_is(bench: Bench):
    """A connector is reserved for a while; then it is free, and for everybody."""
    await reserved(bench, for_s=EXPIRY_S)
    await bench.tool.silence("StatusNotification", EXPIRY_S - 5)
    await states.told(bench, "Available", within_s=10)
    bench.token = {"idToken": VALID_2, "type": "ISO14443"}
    await states.charging(bench)


async def faulted(bench: Bench) -> None:
    for evse in bench.station.board.evses:
        bench.inject("e-stop", evse=evse)
        await states.told(bench, "Faulted", evse, errorCode="OtherError")
    await states.told(bench, "Faulted", 0, errorCode="OtherError")


async def occupied(bench: Bench) -> None:
    for evse in bench.station.board.evses:
        bench.evse = evse
        await states.plugged(bench)


async def unavailable(bench: Bench) -> None:
    await states.unavailable(bench, 0)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        pytest.param(faulted, "Faulted", marks=pytest.mark.octt("TC_048_1_CS")),
        pytest.param(occupied, "Occupied", marks=pytest.mark.octt("TC_048_2_CS")),
        pytest.param(unavailable, "Unavailable", marks=pytest.mark.octt("TC_048_3_CS")),
    ],
)
async def test_a_connector_that_is_not_free_cannot_be_reserved(bench: Bench, state: Any, status: str):
    """Something is broken, a car is there, or it is out of service: the answer says which."""
    await state(bench)
    await reserve(bench, status, token=VALID_2)


@pytest.mark.octt("TC_048_4_CS")
@pytest.mark.bench(settings={"ReservationCtrlr.Enabled": False})
async def test_a_station_that_shall_reserve_nothing_rejects(bench: Bench):
    """Reservations are switched off."""
    await reserve(bench, "Rejected")
    await bench.tool.silence("StatusNotification", BOOT_INTERVAL_S)


@pytest.mark.octt("TC_049_CS")
async def test_the_station_is_kept_for_a_driver_who_may_use_any_connector(bench: Bench):
    """The station as a whole is reserved; its driver charges at a connector, and the start names the reservation."""
    await reserve(bench, connector=0)
    await states.told(bench, "Reserved", 1)
    await turned_away(bench, VALID_2)
    await states.authorized(bench)
    bench.plug()
    await states.started(bench, reservationId=1)


@TWO
@pytest.mark.parametrize(
    ("state", "status"),
    [
        pytest.param(faulted, "Faulted", marks=pytest.mark.octt("TC_050_1_CS")),
        pytest.param(occupied, "Occupied", marks=pytest.mark.octt("TC_050_2_CS")),
        pytest.param(unavailable, "Unavailable", marks=pytest.mark.octt("TC_050_3_CS")),
    ],
)
async def test_where_no_connector_is_free_the_station_cannot_be_reserved(bench: Bench, state: Any, status: str):
    """Every connector is broken, in use, or out of service: the answer says which."""
    await state(bench)
    await reserve(bench, status, connector=0, token=VALID_2)


@pytest.mark.octt("TC_050_4_CS")
@pytest.mark.bench(settings={"ReserveConnectorZeroSupported": False})
async def test_a_station_that_reserves_only_connectors_by_number_rejects_any_other_wish(bench: Bench):
    """The key says that connector 0 cannot be reserved."""
    assert await bench.value("ReserveConnectorZeroSupported") == "false"
    await reserve(bench, "Rejected", connector=0)


@pytest.mark.octt("TC_051_CS")
async def test_a_reservation_that_is_cancelled_frees_the_connector(bench: Bench):
    """A connector is reserved, the reservation is cancelled: it is free, and for everybody."""
    await reserved(bench)
    require(await bench.tool.send("CancelReservation", reservationId=1), status="Accepted")
    await states.told(bench, "Available")
    bench.token = {"idToken": VALID_2, "type": "ISO14443"}
    assert "reservationId" not in await states.charging(bench)


@pytest.mark.octt("TC_052_CS")
async def test_what_is_not_reserved_cannot_be_cancelled(bench: Bench):
    """A connector is reserved; another reservation is to be cancelled, which there is not."""
    await reserved(bench)
    require(await bench.tool.send("CancelReservation", reservationId=2), status="Rejected")
    await bench.tool.silence("StatusNotification", BOOT_INTERVAL_S)


@pytest.mark.octt("TC_053_1_CS")
async def test_a_reservation_for_a_parent_is_for_a_card_of_his(bench: Bench):
    """A connector is reserved with a parent; another card with that parent is asked for, and charges."""
    await reserved(bench, parentIdTag=PARENT)
    states.verdict(bench, parent=PARENT)
    bench.token = {"idToken": VALID_2, "type": "ISO14443"}
    await states.authorized(bench)
    bench.plug()
    await states.started(bench, reservationId=1)


@pytest.mark.octt("TC_053_2_CS")
@ASKS_REMOTE
async def test_a_reservation_for_a_parent_is_for_a_card_of_his_that_the_csms_starts(bench: Bench):
    """The same, where the CSMS starts the driver and its requests are authorised, which tells the parent."""
    await reserved(bench, parentIdTag=PARENT)
    states.verdict(bench, parent=PARENT)
    bench.token = {"idToken": VALID_2, "type": "ISO14443"}
    await states.remote_start(bench)
    await bench.tool.expect("Authorize", idTag=VALID_2)
    bench.plug()
    await states.started(bench, reservationId=PRESENT)
