"""TC_F: remote start and stop, unlocking, triggered messages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.octt import states
from tests.octt.bench import Bench
from tests.octt.tool import ABSENT, require

CONNECT_S = 20
TWO_EVSES = pytest.mark.bench(evses=2)


async def trigger(bench: Bench, message: str, status: str = "Accepted", **place: Any) -> None:
    require(await bench.tool.send("TriggerMessage", requestedMessage=message, **place), status=status)


async def unlock(bench: Bench, connector: int = 1) -> str:
    answer = await bench.tool.send("UnlockConnector", evseId=bench.evse, connectorId=connector)
    return str(answer["status"])


@pytest.mark.octt("TC_F_01_CS")
async def test_a_remote_start_with_the_cable_first(bench: Bench):
    await states.connected(bench)
    await states.authorized(bench, remote=True)
    await states.charging(bench)


@pytest.mark.parametrize(
    "authorize",
    [
        pytest.param(True, marks=pytest.mark.octt("TC_F_02_CS"), id="asks"),
        pytest.param(False, marks=pytest.mark.octt("TC_F_03_CS"), id="trusts"),
    ],
)
async def test_a_remote_start_before_the_cable(bench: Bench, authorize: bool):
    await bench.configure("AuthCtrlr.AuthorizeRemoteStart", authorize)
    await states.authorized(bench, remote=True)
    if not authorize:
        await bench.tool.silence("Authorize", 1.0)
    await states.charging(bench)


@pytest.mark.octt("TC_F_04_CS")
@pytest.mark.bench(settings={"TxCtrlr.TxStartPoint": "Authorized", "TxCtrlr.EVConnectionTimeOut": CONNECT_S})
async def test_a_remote_start_that_nobody_follows_is_over_in_time(bench: Bench):
    await states.authorized(bench, remote=True)
    await states.event(bench, CONNECT_S + 5, eventType="Ended", triggerReason="EVConnectTimeout")
    bench.tx = None
    await states.authorized(bench, remote=True)


@pytest.mark.octt("TC_F_08_CS")
async def test_a_remote_stop_stops(bench: Bench):
    await states.charging(bench)
    await states.stop_authorized(bench, remote=True)
    await states.post_session(bench)


@pytest.mark.octt("TC_F_09_CS")
async def test_a_remote_stop_of_another_transaction_is_rejected(bench: Bench):
    await states.charging(bench)
    require(await bench.tool.send("RequestStopTransaction", transactionId="another"), status="Rejected")
    assert bench.closed


@pytest.mark.octt("TC_F_05_CS")
async def test_the_connector_of_an_authorized_transaction_stays_locked(bench: Bench):
    await states.charging(bench)
    assert await unlock(bench) == "OngoingAuthorizedTransaction"
    assert bench.closed


@pytest.mark.octt("TC_F_06_CS")
async def test_a_connector_with_a_cable_and_without_a_transaction_is_unlocked(bench: Bench):
    await states.connected(bench)
    assert await unlock(bench) == "Unlocked"


@pytest.mark.octt("TC_F_07_CS")
async def test_a_connector_without_a_cable_is_unlocked(bench: Bench):
    assert await unlock(bench) == "Unlocked"


@pytest.mark.octt("TC_F_10_CS")
async def test_an_unknown_connector_is_not_unlocked(bench: Bench):
    assert await unlock(bench, 999) == "UnknownConnector"


@pytest.mark.octt("TC_F_11_CS")
@TWO_EVSES
async def test_readings_of_one_evse_are_triggered(bench: Bench):
    await trigger(bench, "MeterValues", evse={"id": 1})
    await bench.tool.expect("MeterValues", evseId=1, meterValue__0__sampledValue__0__context="Trigger")
    await bench.tool.silence("MeterValues", 1.0)


@pytest.mark.octt("TC_F_12_CS")
@TWO_EVSES
async def test_readings_of_all_evses_are_triggered(bench: Bench):
    await trigger(bench, "MeterValues")
    for evse in (1, 2):
        await bench.tool.expect("MeterValues", evseId=evse, meterValue__0__sampledValue__0__context="Trigger")


@pytest.mark.octt("TC_F_13_CS")
async def test_an_event_of_one_transaction_is_triggered(bench: Bench):
    await states.charging(bench)
    await trigger(bench, "TransactionEvent", evse={"id": 1})
    await states.event(
        bench,
        evse__id={ABSENT, 1},
        triggerReason="Trigger",
        transactionInfo__chargingState="Charging",
        meterValue__0__sampledValue__0__context="Trigger",
    )


@pytest.mark.octt("TC_F_14_CS")
@TWO_EVSES
async def test_an_event_of_every_transaction_is_triggered(bench: Bench):
    transactions = set()
    for evse in (1, 2):
        bench.evse, bench.connected, bench.authorized, bench.tx = evse, False, False, None
        bench.token = {"idToken": f"AABBCCD{evse}", "type": "ISO14443"}
        await states.charging(bench)
        transactions.add(bench.tx)
    await trigger(bench, "TransactionEvent")
    told = set()
    for _ in transactions:
        payload = await states.event(
            bench,
            triggerReason="Trigger",
            transactionInfo__chargingState="Charging",
            meterValue__0__sampledValue__0__context="Trigger",
        )
        told.add(payload["transactionInfo"]["transactionId"])
    assert told == transactions


@pytest.mark.octt("TC_F_20_CS")
async def test_a_heartbeat_is_triggered(bench: Bench):
    await trigger(bench, "Heartbeat")
    await bench.tool.expect("Heartbeat", 5.0)


@pytest.mark.octt("TC_F_23_CS")
async def test_the_status_of_a_free_connector_is_triggered(bench: Bench):
    await trigger(bench, "StatusNotification", evse={"id": 1, "connectorId": 1})
    await states.told(bench, "Available")


@pytest.mark.octt("TC_F_24_CS")
async def test_the_status_of_an_occupied_connector_is_triggered(bench: Bench):
    await states.connected(bench)
    await trigger(bench, "StatusNotification", evse={"id": 1, "connectorId": 1})
    await states.told(bench, "Occupied")


@pytest.mark.octt("TC_F_26_CS")
async def test_a_boot_that_was_accepted_is_not_triggered_again(bench: Bench):
    await trigger(bench, "BootNotification", "Rejected")
    await bench.tool.silence("BootNotification", 5.0)


@pytest.mark.octt("TC_F_27_CS")
async def test_what_is_not_implemented_is_not_triggered(bench: Bench):
    await trigger(bench, "SignCombinedCertificate", "NotImplemented")
    await bench.tool.silence("SignCertificate", 1.0)
