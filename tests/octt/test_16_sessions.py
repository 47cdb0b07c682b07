"""Cases of 1.6 about sessions at the station: their start and end, cards that are known or refused, the lock."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from agent.ocpp.stamps import from_wire
from hal.types import LockState
from tests.octt import states16 as states
from tests.octt.bench import INVALID, VALID, VALID_2, Bench
from tests.octt.tool import require

pytestmark = pytest.mark.bench(version="1.6")

CONNECT_S: Final = 20
SIDE: Final = "EV side disconnected"
PRE_AUTHORIZE = pytest.mark.bench(settings={"LocalPreAuthorize": True, "AuthorizeRemoteTxRequests": True})
ASKS_REMOTE = pytest.mark.bench(settings={"AuthorizeRemoteTxRequests": True})


@pytest.mark.octt("TC_003_CS")
async def test_plug_card_charge(bench: Bench):
    """The cable, the card, the question, the transaction, and energy; what is told at the end is what has flowed."""
    start = await states.charging(bench)
    stop = await states.stopped_by_card(bench)
    assert stop["meterStop"] - start["meterStart"] == pytest.approx(bench.energy_wh, abs=1.5)
    assert from_wire(stop["timestamp"]) > from_wire(start["timestamp"])
    await states.gone(bench)


@pytest.mark.octt("TC_004_1_CS")
async def test_card_plug_charge(bench: Bench):
    """The card and the question first; the connector prepares for the driver, who plugs in and charges."""
    await states.authorized(bench)
    await states.told(bench, "Preparing")
    bench.plug()
    await states.started(bench)
    await states.stopped_by_card(bench)


@pytest.mark.octt("TC_004_2_CS")
@pytest.mark.bench(settings={"ConnectionTimeOut": CONNECT_S})
async def test_a_card_that_no_cable_follows_is_forgotten_in_time(bench: Bench):
    """The card is accepted, nobody plugs in: after a time the connector is free, and a cable starts nothing."""
    await states.authorized(bench)
    await states.told(bench, "Preparing")
    await bench.tool.silence("StatusNotification", CONNECT_S - 2)
    await states.told(bench, "Available", within_s=4)
    await states.plugged(bench)
    await states.nothing_starts(bench)


@pytest.mark.behaviour(22)
@pytest.mark.parametrize(
    "unlocks",
    [
        pytest.param(True, marks=pytest.mark.octt("TC_005_1_CS")),
        pytest.param(False, marks=pytest.mark.octt("TC_005_2_CS")),
    ],
)
async def test_a_cable_pulled_at_the_car_stops_and_is_released_as_configured(bench: Bench, unlocks: bool):
    """The plug is pulled out of the car: the transaction ends for that, and the socket releases the cable, or keeps it.

    What it keeps it releases when the CSMS has it unlocked.
    """
    await bench.configure("StopTransactionOnEVSideDisconnect", True)
    await bench.configure("UnlockConnectorOnEVSideDisconnect", unlocks)
    await states.charging(bench)
    bench.unplug_at_car()
    await states.stopped(bench, "EVDisconnected")
    await states.told(bench, "Finishing", info=SIDE)
    await asyncio.sleep(5)
    assert bench.lock is (LockState.UNLOCKED if unlocks else LockState.LOCKED)
    if not unlocks:
        require(await bench.tool.send("UnlockConnector", connectorId=1), status="Unlocked")
    await states.told(bench, "Available")


@pytest.mark.octt("TC_005_3_CS")
@pytest.mark.behaviour(22)
async def test_a_cable_pulled_at_the_car_suspends_where_that_stops_nothing(bench: Bench):
    """Set not to stop: the connector is suspended by the car, charges again when it is back; so it is again and again.

    Then the CSMS stops the driver while his car is away.
    """
    await bench.configure("StopTransactionOnEVSideDisconnect", False)
    await bench.configure("UnlockConnectorOnEVSideDisconnect", False)
    await states.charging(bench)
    bench.unplug_at_car()
    await states.told(bench, "SuspendedEV", info=SIDE)
    await asyncio.sleep(10)
    assert not bench.closed
    assert bench.lock is LockState.LOCKED
    bench.plug()
    await states.told(bench, "Charging")
    bench.unplug_at_car()
    await states.told(bench, "SuspendedEV", info=SIDE)
    answer = await bench.tool.send("RemoteStopTransaction", transactionId=states.TRANSACTION)
    require(answer, status="Accepted")
    await states.stopped(bench, "Remote")
    await states.told(bench, "Finishing")


@pytest.mark.octt("TC_068_CS")
async def test_the_card_that_started_stops_and_another_does_not(bench: Bench):
    """Another driver's card, about whom nobody is asked, stops nothing; that which started does, and is named."""
    await states.charging(bench)
    bench.present(VALID_2)
    await bench.tool.silence("StopTransaction", 15)
    assert not bench.tool.left("Authorize")
    assert bench.closed
    await states.stopped_by_card(bench)


@pytest.mark.octt("TC_069_CS")
async def test_another_card_of_the_same_parent_stops(bench: Bench):
    """Two cards have one parent: the second one is asked for, stops what the first has started, and is named.

    The parent of the first is told with the transaction only: the CSMS has started it, and was not asked.
    """
    states.verdict(bench, parent="PARENT")
    await states.plugged(bench)
    await states.remote_start(bench)
    await states.started(bench)
    await states.stopped_by_card(bench, VALID_2, asks=True)


@pytest.mark.octt("TC_007_1_CS")
@PRE_AUTHORIZE
async def test_a_cached_card_starts_without_a_question(bench: Bench):
    """A driver has charged before, and is in the cache: the second time nobody is asked."""
    await states.whole_session(bench)
    await states.charging(bench, asks=False)
    assert not bench.tool.left("Authorize")


@pytest.mark.octt("TC_007_2_CS")
@PRE_AUTHORIZE
async def test_a_cached_card_is_started_remotely_without_a_question(bench: Bench):
    """A driver in the cache is started by the CSMS, whose requests are to be authorised: nobody is asked."""
    await states.whole_session(bench)
    await states.plugged(bench)
    await states.remote_start(bench)
    await states.started(bench)
    assert not bench.tool.left("Authorize")


async def cleared(bench: Bench) -> None:
    require(await bench.tool.send("ClearCache"), status="Accepted")


@pytest.mark.octt("TC_061_1_CS")
@PRE_AUTHORIZE
async def test_of_a_card_in_a_cache_that_was_cleared_the_csms_is_asked_again(bench: Bench):
    """A driver is in the cache, which is cleared: his card is asked for."""
    await states.whole_session(bench)
    await cleared(bench)
    await states.charging(bench, asks=True)


@pytest.mark.octt("TC_061_2_CS")
@PRE_AUTHORIZE
async def test_of_a_card_in_a_cache_that_was_cleared_the_csms_is_asked_also_when_it_starts_it(bench: Bench):
    """The same, where the CSMS starts the driver."""
    await states.whole_session(bench)
    await cleared(bench)
    await states.plugged(bench)
    await states.remote_start(bench)
    await bench.tool.expect("Authorize", idTag=VALID)
    await states.started(bench)


@pytest.mark.octt("TC_023_4_CS")
@pytest.mark.parametrize("status", ["Invalid", "Blocked", "Expired"])
async def test_a_card_that_is_refused_starts_nothing(bench: Bench, status: str):
    """The cable, a card that the CSMS refuses: the display says so, and nothing starts."""
    states.verdict(bench, status)
    await states.plugged(bench)
    await states.authorized(bench, INVALID)
    await states.nothing_starts(bench)


@pytest.mark.octt("TC_023_5_CS")
@ASKS_REMOTE
async def test_a_remote_start_with_a_card_that_is_refused_starts_nothing(bench: Bench):
    """The CSMS starts a driver whom it refuses when it is asked: nothing starts, and the connector is free again."""
    states.verdict(bench, "Invalid")
    await states.remote_start(bench, idTag=INVALID)
    await bench.tool.expect("Authorize", idTag=INVALID)
    await states.nothing_starts(bench)
    assert all(one.payload["status"] == "Available" for one in bench.tool.left("StatusNotification")[-1:])


@pytest.mark.octt("TC_024_CS")
async def test_a_lock_that_fails_starts_nothing_and_is_told(bench: Bench):
    """The cable, an accepted card, a lock that jams: the connector is Faulted for it, and no energy flows."""
    bench.inject("lock-jam")
    await states.plugged(bench)
    await states.authorized(bench)
    await states.told(bench, "Faulted", errorCode="ConnectorLockFailure")
    assert bench.energy_wh == 0
    assert not bench.closed
    bench.tool.forget("StartTransaction", "StopTransaction")
