"""TC_E: where a transaction stops, and what happens when the cable is pulled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sim.board import BoardSpec
from sim.evse import EvseSpec
from tests.octt import states
from tests.octt.bench import DURATION_S, VALID, Bench
from tests.octt.tool import BOOT_INTERVAL_S, require

TETHERED = BoardSpec(evse=EvseSpec(socket=False))
CONNECT_S = 20


def stops_at(*points: str, spec: BoardSpec | None = None, **more: Any) -> pytest.MarkDecorator:
    settings = {"TxCtrlr.TxStopPoint": ",".join(points)} | {name.replace("__", "."): v for name, v in more.items()}
    return pytest.mark.bench(settings=settings, spec=spec)


async def pulled_at_the_car(bench: Bench) -> None:
    """Disconnect at the EV's side; a locked cable stays in the socket."""
    bench.unplug()


@pytest.mark.octt("TC_E_06_CS")
@stops_at("EVConnected")
async def test_a_driver_stops_and_leaves(bench: Bench):
    await states.charging(bench)
    await states.stop_authorized(bench)
    await states.post_session(bench)
    await states.disconnected(bench)


@pytest.mark.octt("TC_E_07_CS")
@stops_at("PowerPathClosed")
async def test_the_power_path_stops_a_transaction_that_a_driver_stops(bench: Bench):
    await states.charging(bench)
    ended = await states.stop_authorized(bench)
    require(ended, eventType="Ended")


@pytest.mark.octt("TC_E_35_CS")
@stops_at("PowerPathClosed")
async def test_the_power_path_stops_a_transaction_that_the_csms_stops(bench: Bench):
    await states.charging(bench)
    ended = await states.stop_authorized(bench, remote=True)
    require(ended, eventType="Ended", transactionInfo__stoppedReason="Remote")


@pytest.mark.octt("TC_E_37_CS")
@stops_at("PowerPathClosed", spec=TETHERED, TxCtrlr__StopTxOnEVSideDisconnect=False)
async def test_the_power_path_stops_a_transaction_whose_car_leaves(bench: Bench):
    await states.charging(bench)
    await states.suspended(bench)
    await pulled_at_the_car(bench)
    await states.event(
        bench,
        eventType="Ended",
        triggerReason="EVCommunicationLost",
        transactionInfo__chargingState="Idle",
        transactionInfo__stoppedReason={"EVDisconnected", "StoppedByEV"},
    )


@pytest.mark.octt("TC_E_08_CS")
@stops_at("EnergyTransfer")
async def test_the_energy_transfer_stops_a_transaction_that_a_driver_stops(bench: Bench):
    await states.charging(bench)
    await states.stop_authorized(bench)
    await asyncio.sleep(BOOT_INTERVAL_S)
    ended = next(one.payload for one in bench.tool.calls("TransactionEvent") if one.payload["eventType"] == "Ended")
    require(ended, transactionInfo__stoppedReason="Local")
    bench.tool.forget("TransactionEvent")


@pytest.mark.octt("TC_E_22_CS")
@stops_at("EnergyTransfer")
async def test_the_energy_transfer_stops_a_transaction_that_the_car_suspends(bench: Bench):
    await states.charging(bench)
    ended = await states.suspended(bench)
    require(ended, transactionInfo__chargingState={"EVConnected", "SuspendedEV"})


@pytest.mark.octt("TC_E_14_CS")
@stops_at("EVConnected")
@pytest.mark.parametrize("remote", [False, True])
async def test_the_plug_stops_a_transaction(bench: Bench, remote: bool):
    await states.charging(bench)
    await states.stop_authorized(bench, remote=remote)
    await states.post_session(bench)
    ended = await states.disconnected(bench)
    assert ended is not None
    require(ended, eventType="Ended", transactionInfo__chargingState="Idle")
    reason = ended["transactionInfo"].get("stoppedReason", "Local")
    assert reason in ({"Remote"} if remote else {"Local", "EVDisconnected"})


@pytest.mark.octt("TC_E_20_CS")
@stops_at("EVConnected", spec=TETHERED, TxCtrlr__StopTxOnEVSideDisconnect=False)
async def test_the_plug_stops_a_transaction_whose_car_leaves(bench: Bench):
    await states.charging(bench)
    await states.suspended(bench)
    await pulled_at_the_car(bench)
    await states.event(
        bench,
        eventType="Ended",
        triggerReason="EVCommunicationLost",
        transactionInfo__chargingState="Idle",
        transactionInfo__stoppedReason="EVDisconnected",
    )


@pytest.mark.octt("TC_E_15_CS")
@stops_at("Authorized")
async def test_the_same_token_stops_a_transaction(bench: Bench):
    await states.charging(bench)
    ended = await states.stop_authorized(bench)
    require(ended, eventType="Ended", transactionInfo__stoppedReason="Local")


@pytest.mark.octt("TC_E_21_CS")
@stops_at("Authorized")
async def test_a_remote_stop_stops_a_transaction(bench: Bench):
    await states.charging(bench)
    ended = await states.stop_authorized(bench, remote=True)
    require(ended, eventType="Ended", transactionInfo__stoppedReason="Remote")


@pytest.mark.octt("TC_E_16_CS")
@stops_at("Authorized", AuthCtrlr__OfflineTxForUnknownIdEnabled=True, TxCtrlr__StopTxOnInvalidId=True)
async def test_a_token_that_turns_out_to_be_invalid_ends_its_offline_transaction(bench: Bench):
    bench.tool.answer(
        "TransactionEvent",
        lambda request: {"idTokenInfo": {"status": "Invalid"}} if "idToken" in request else {},
    )
    await bench.tool.go_offline()
    bench.present()
    bench.plug()
    await asyncio.sleep(DURATION_S)
    assert bench.closed
    await bench.tool.go_online()
    await bench.tool.expect("TransactionEvent", eventType="Started", offline=True, idToken__idToken=VALID)
    await bench.tool.expect(
        "TransactionEvent",
        eventType="Ended",
        triggerReason="Deauthorized",
        transactionInfo__stoppedReason="DeAuthorized",
    )
    assert not bench.closed
    bench.tool.forget("TransactionEvent")


@pytest.mark.octt("TC_E_17_CS")
@stops_at("Authorized", TxCtrlr__StopTxOnEVSideDisconnect=True, OCPPCommCtrlr__UnlockOnEVSideDisconnect=False)
async def test_a_car_that_leaves_ends_the_transaction_and_its_cable_waits_for_the_driver(bench: Bench):
    await states.charging(bench)
    await pulled_at_the_car(bench)
    await states.event(
        bench,
        eventType="Ended",
        triggerReason="EVCommunicationLost",
        transactionInfo__chargingState="Idle",
        transactionInfo__stoppedReason="EVDisconnected",
    )
    await bench.tool.silence("StatusNotification", DURATION_S, connectorStatus="Available")
    bench.present()
    await states.told(bench, "Available")
    bench.tool.forget("TransactionEvent")


@pytest.mark.octt("TC_E_24_CS")
@stops_at(
    "EVConnected",
    "Authorized",
    TxCtrlr__StopTxOnEVSideDisconnect=True,
    OCPPCommCtrlr__UnlockOnEVSideDisconnect=True,
)
async def test_a_car_that_leaves_ends_the_transaction_and_sets_its_cable_free(bench: Bench):
    await states.charging(bench)
    await states.suspended(bench)
    await pulled_at_the_car(bench)
    await states.event(bench, triggerReason="EVCommunicationLost", transactionInfo__chargingState="Idle")
    await states.told(bench, "Available")


@pytest.mark.octt("TC_E_25_CS")
@stops_at(
    "EVConnected",
    "Authorized",
    TxCtrlr__StopTxOnEVSideDisconnect=True,
    OCPPCommCtrlr__UnlockOnEVSideDisconnect=False,
)
async def test_a_suspended_car_that_leaves_ends_the_transaction_and_its_cable_stays_locked(bench: Bench):
    await states.charging(bench)
    await states.suspended(bench)
    await pulled_at_the_car(bench)
    await states.event(bench, triggerReason="EVCommunicationLost", transactionInfo__chargingState="Idle")
    await bench.tool.silence("StatusNotification", DURATION_S, connectorStatus="Available")
    bench.present()
    await states.told(bench, "Available")


@pytest.mark.octt("TC_E_26_CS")
@stops_at(
    "Authorized",
    TxCtrlr__StopTxOnEVSideDisconnect=False,
    OCPPCommCtrlr__UnlockOnEVSideDisconnect=False,
)
async def test_a_transaction_waits_for_its_car_and_goes_on_with_it(bench: Bench):
    await states.charging(bench)
    await states.suspended(bench)
    await pulled_at_the_car(bench)
    await states.event(
        bench, eventType="Updated", triggerReason="EVCommunicationLost", transactionInfo__chargingState="Idle"
    )
    bench.plug()
    await states.event(
        bench, eventType="Updated", triggerReason="CablePluggedIn", transactionInfo__chargingState="EVConnected"
    )
    await states.event(
        bench, eventType="Updated", triggerReason="ChargingStateChanged", transactionInfo__chargingState="Charging"
    )


@pytest.mark.octt("TC_E_27_CS")
@stops_at(
    "Authorized",
    spec=TETHERED,
    TxCtrlr__StopTxOnEVSideDisconnect=False,
    OCPPCommCtrlr__UnlockOnEVSideDisconnect=False,
    TxCtrlr__EVConnectionTimeOut=CONNECT_S,
)
async def test_a_transaction_whose_car_does_not_come_back_in_time_ends(bench: Bench):
    await states.charging(bench)
    await states.suspended(bench)
    await pulled_at_the_car(bench)
    await states.event(
        bench, eventType="Updated", triggerReason="EVCommunicationLost", transactionInfo__chargingState="Idle"
    )
    await states.told(bench, "Available")
    await states.event(
        bench,
        CONNECT_S + 5,
        eventType="Ended",
        triggerReason="EVConnectTimeout",
        transactionInfo__stoppedReason="Timeout",
    )
