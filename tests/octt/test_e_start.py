"""TC_E: where a transaction starts, and local starts."""

from __future__ import annotations

import asyncio

import pytest

from tests.octt import states
from tests.octt.bench import DURATION_S, INVALID, Bench
from tests.octt.tool import PRESENT, require

CONNECT_S = 20


def starts_at(*points: str) -> pytest.MarkDecorator:
    return pytest.mark.bench(settings={"TxCtrlr.TxStartPoint": ",".join(points)})


@pytest.mark.octt("TC_E_01_CS")
@starts_at("PowerPathClosed")
@pytest.mark.parametrize("remote", [False, True])
async def test_the_power_path_starts_a_transaction_when_car_and_driver_are_there(bench: Bench, remote: bool):
    assert await states.authorized(bench, remote=remote) is None
    started = await states.connected(bench)
    require(started, eventType="Started", idToken__idToken=bench.token["idToken"])
    await states.charging(bench)


@pytest.mark.octt("TC_E_02_CS")
@starts_at("EnergyTransfer")
@pytest.mark.parametrize("remote", [False, True])
async def test_the_energy_transfer_starts_a_transaction(bench: Bench, remote: bool):
    await states.authorized(bench, remote=remote)
    bench.plug()
    await states.told(bench, "Occupied")
    await states.event(
        bench,
        eventType="Started",
        triggerReason="RemoteStart" if remote else {"ChargingStateChanged", "Authorized"},
        idToken__idToken=bench.token["idToken"],
        idToken__type=bench.token["type"],
        evse__id=1,
        evse__connectorId=1,
        transactionInfo__chargingState="Charging",
    )


@pytest.mark.octt("TC_E_09_CS")
@starts_at("EVConnected")
async def test_the_plug_starts_a_transaction(bench: Bench):
    bench.plug()
    await states.told(bench, "Occupied")
    await states.event(
        bench,
        eventType="Started",
        triggerReason={"CablePluggedIn", "ChargingStateChanged"},
        evse__id=1,
        evse__connectorId=1,
        transactionInfo__chargingState="EVConnected",
    )


@pytest.mark.octt("TC_E_10_CS")
@starts_at("Authorized")
async def test_a_token_starts_a_transaction(bench: Bench):
    require(await states.authorized(bench), eventType="Started", triggerReason="Authorized")
    await states.charging(bench)


@pytest.mark.octt("TC_E_13_CS")
@starts_at("Authorized")
async def test_a_remote_start_starts_a_transaction(bench: Bench):
    started = await states.authorized(bench, remote=True)
    require(started, eventType="Started", triggerReason="RemoteStart", transactionInfo__remoteStartId=PRESENT)


@pytest.mark.octt("TC_E_03_CS")
async def test_local_start_with_the_cable_first(bench: Bench):
    await states.connected(bench)
    await states.authorized(bench)
    await states.charging(bench)


@pytest.mark.octt("TC_E_04_CS")
async def test_local_start_with_the_token_first(bench: Bench):
    await states.authorized(bench)
    await states.charging(bench)


@pytest.mark.octt("TC_E_05_CS")
@starts_at("Authorized")
async def test_a_driver_who_does_not_plug_in_in_time_is_forgotten(bench: Bench):
    await bench.configure("AuthCacheCtrlr.Enabled", False)
    await bench.configure("TxCtrlr.EVConnectionTimeOut", CONNECT_S)
    await bench.configure("TxCtrlr.TxStopPoint", "Authorized")
    await states.authorized(bench)
    await states.event(
        bench,
        CONNECT_S + 5,
        triggerReason="EVConnectTimeout",
        eventType="Ended",
        transactionInfo__stoppedReason="Timeout",
    )
    bench.tx = None
    await states.authorized(bench)
    await states.charging(bench)


@pytest.mark.octt("TC_E_39_CS")
@pytest.mark.parametrize("start", ["Authorized", "PowerPathClosed"])
async def test_a_car_that_comes_after_the_time_out_is_not_charged(bench: Bench, start: str):
    await bench.configure("TxCtrlr.TxStartPoint", start)
    await bench.configure("TxCtrlr.TxStopPoint", "Authorized")
    await bench.configure("TxCtrlr.EVConnectionTimeOut", CONNECT_S)
    await states.authorized(bench)
    if start == "Authorized":
        await states.event(
            bench,
            CONNECT_S + 5,
            eventType="Ended",
            triggerReason="EVConnectTimeout",
            transactionInfo__stoppedReason="Timeout",
        )
    await asyncio.sleep(CONNECT_S + 5)
    bench.plug()
    await bench.tool.silence("TransactionEvent", DURATION_S)
    assert not bench.closed


@pytest.mark.octt("TC_E_38_CS")
async def test_a_car_that_is_not_ready_yet_suspends(bench: Bench):
    await states.authorized(bench)
    bench.plug(s2_delay_s=10_000.0)
    await states.told(bench, "Occupied")
    await states.event(bench, eventType="Started")
    await states.event(bench, triggerReason="ChargingStateChanged", transactionInfo__chargingState="SuspendedEV")


@pytest.mark.octt("TC_E_52_CS")
async def test_without_remote_authorization_a_stranger_is_refused_unasked(bench: Bench):
    await bench.configure("AuthCtrlr.DisableRemoteAuthorization", True)
    bench.plug()
    await states.told(bench, "Occupied")
    bench.present(INVALID)
    await bench.tool.silence("Authorize", DURATION_S)
    assert not bench.closed
