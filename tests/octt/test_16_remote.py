"""Cases of 1.6 about what the CSMS has done from afar: start and stop, unlocking, triggered messages, data transfer."""

from __future__ import annotations

from typing import Any, Final

import pytest

from hal.types import LockState
from sim.board import BoardSpec
from sim.evse import EvseSpec
from tests.octt import states16 as states
from tests.octt.bench import VALID, VALID_2, Bench
from tests.octt.tool import ABSENT, BOOT_INTERVAL_S, PRESENT, require

pytestmark = pytest.mark.bench(version="1.6")

CONNECT_S: Final = 20
TETHERED = pytest.mark.bench(spec=BoardSpec(evse=EvseSpec(socket=False)))


async def unlock(bench: Bench, status: str, connector: int = 1) -> None:
    require(await bench.tool.send("UnlockConnector", connectorId=connector), status=status)


@pytest.mark.octt("TC_010_CS")
@pytest.mark.parametrize("authorize", [True, False])
async def test_a_remote_start_with_the_cable_first(bench: Bench, authorize: bool):
    """The cable, a remote start, and, where that is set, a question; then the transaction and energy."""
    await bench.configure("AuthorizeRemoteTxRequests", authorize)
    await states.plugged(bench)
    await states.remote_start(bench)
    if authorize:
        await bench.tool.expect("Authorize", idTag=VALID)
    await states.started(bench)
    assert not bench.tool.left("Authorize")
    await states.stopped_by_card(bench)


@pytest.mark.octt("TC_011_1_CS")
@pytest.mark.parametrize("authorize", [True, False])
async def test_a_remote_start_before_the_cable(bench: Bench, authorize: bool):
    """A remote start: the connector prepares; then the cable, the transaction and energy."""
    await bench.configure("AuthorizeRemoteTxRequests", authorize)
    await states.remote_start(bench)
    if authorize:
        await bench.tool.expect("Authorize", idTag=VALID)
    await states.told(bench, "Preparing")
    bench.plug()
    await states.started(bench)


@pytest.mark.octt("TC_011_2_CS")
@pytest.mark.bench(settings={"ConnectionTimeOut": CONNECT_S})
async def test_a_remote_start_that_no_cable_follows_is_forgotten_in_time(bench: Bench):
    """A remote start and no cable: the connector is free after the time for it, and a cable starts nothing."""
    await states.remote_start(bench)
    await states.told(bench, "Preparing")
    await bench.tool.silence("StatusNotification", CONNECT_S - 2)
    await states.told(bench, "Available", within_s=4)
    await states.plugged(bench)
    await states.nothing_starts(bench)


@pytest.mark.octt("TC_012_CS")
async def test_a_remote_stop(bench: Bench):
    """A driver charges, the CSMS stops him: the transaction ends for that, then the cable is taken out."""
    await states.charging(bench)
    answer = await bench.tool.send("RemoteStopTransaction", transactionId=states.TRANSACTION)
    require(answer, status="Accepted")
    await states.stopped(bench, "Remote")
    await states.told(bench, "Finishing")
    await states.gone(bench)


@pytest.mark.octt("TC_026_CS")
async def test_a_remote_start_where_somebody_charges_is_rejected(bench: Bench):
    """While a driver charges another one is started at the same connector: that is rejected, and he charges on."""
    await states.charging(bench)
    await states.remote_start(bench, "Rejected", idTag=VALID_2)
    assert bench.closed


@pytest.mark.octt("TC_027_CS")
async def test_a_remote_start_at_the_station_as_a_whole_is_rejected(bench: Bench):
    """Connector 0 is no connector to start at."""
    await states.remote_start(bench, "Rejected", connectorId=0)
    await states.nothing_starts(bench)


@pytest.mark.octt("TC_028_CS")
async def test_a_remote_stop_of_another_transaction_is_rejected_and_stops_nothing(bench: Bench):
    """A transaction with another number is to be stopped: that is rejected, and the driver charges on."""
    await states.charging(bench)
    answer = await bench.tool.send("RemoteStopTransaction", transactionId=states.TRANSACTION + 1)
    require(answer, status="Rejected")
    await bench.tool.silence("StopTransaction", 15)
    assert bench.closed


@pytest.mark.octt("TC_017_1_CS")
async def test_a_socket_without_a_session_is_unlocked(bench: Bench):
    """Nobody charges; the CSMS has the connector unlocked."""
    await unlock(bench, "Unlocked")
    assert bench.lock is LockState.UNLOCKED


@pytest.mark.octt("TC_017_2_CS")
@TETHERED
async def test_a_cable_of_the_stations_own_has_no_lock_to_open(bench: Bench):
    """The same at a station whose cable is fixed, which says of itself that it unlocks none."""
    await unlock(bench, "NotSupported")
    assert await bench.value("UnlockConnectorOnEVSideDisconnect") == "false"


@pytest.mark.octt("TC_018_1_CS")
async def test_an_unlock_ends_the_transaction_and_releases_the_cable(bench: Bench):
    """A driver charges from a socket; the CSMS has it unlocked: the transaction ends for that."""
    await states.charging(bench)
    assert bench.lock is LockState.LOCKED
    await unlock(bench, "Unlocked")
    await states.stopped(bench, "UnlockCommand")
    await states.told(bench, "Finishing")
    assert bench.lock is LockState.UNLOCKED
    await states.gone(bench)


@pytest.mark.octt("TC_018_2_CS")
@TETHERED
async def test_an_unlock_of_a_fixed_cable_leaves_the_driver_charging(bench: Bench):
    """A driver charges with the station's own cable: there is nothing to unlock, and he charges on."""
    await states.charging(bench)
    await unlock(bench, "NotSupported")
    await bench.tool.silence("StopTransaction", 15)
    assert bench.closed


@pytest.mark.octt("TC_030_CS")
async def test_a_lock_that_does_not_open_is_told(bench: Bench):
    """A driver charges, the lock jams; the CSMS has it unlocked, which fails."""
    await states.charging(bench)
    bench.inject("lock-jam")
    await unlock(bench, "UnlockFailed")
    bench.tool.forget("StopTransaction")


@pytest.mark.octt("TC_031_CS")
async def test_a_connector_that_is_not_there_cannot_be_unlocked(bench: Bench):
    """An unknown connector has no lock."""
    await unlock(bench, "NotSupported", 9)


async def trigger(bench: Bench, message: str, status: str = "Accepted", **where: Any) -> None:
    require(await bench.tool.send("TriggerMessage", requestedMessage=message, **where), status=status)


@pytest.mark.octt("TC_054_CS")
async def test_what_the_csms_wants_to_know_is_sent(bench: Bench):
    """One after another: MeterValues of a connector, Heartbeat, StatusNotification, and both statuses of files."""
    await trigger(bench, "MeterValues", connectorId=1)
    await bench.tool.expect(
        "MeterValues",
        connectorId=1,
        transactionId=ABSENT,
        meterValue__0__sampledValue__0__context="Trigger",
        meterValue__0__sampledValue__0__value=PRESENT,
    )
    await trigger(bench, "Heartbeat")
    await bench.tool.expect("Heartbeat")
    await trigger(bench, "StatusNotification", connectorId=1)
    await states.told(bench, "Available")
    await trigger(bench, "DiagnosticsStatusNotification")
    await bench.tool.expect("DiagnosticsStatusNotification", status="Idle")
    await trigger(bench, "FirmwareStatusNotification")
    await bench.tool.expect("FirmwareStatusNotification", status="Idle")


@pytest.mark.octt("TC_055_CS")
async def test_of_a_connector_that_is_not_there_nothing_is_sent(bench: Bench):
    """MeterValues of an unknown connector."""
    await trigger(bench, "MeterValues", "Rejected", connectorId=9)
    await bench.tool.silence("MeterValues", BOOT_INTERVAL_S)


@pytest.mark.octt("TC_062_CS")
async def test_data_of_a_vendor_whom_nobody_knows_is_not_taken(bench: Bench):
    """DataTransfer of an unknown vendor."""
    answer = await bench.tool.send("DataTransfer", vendorId="nobody", messageId="none", data="something")
    require(answer, status="UnknownVendorId")
