"""Certification cases of 1.6 about charging, authorisation and remote control, followed on a whole station.

Cases that live elsewhere: configuration in test_block_variables, the local list in test_local_list, the cache and
refused cards in test_authorization, trigger in test_trigger.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.core.session import Phase
from agent.ocpp.stamps import from_wire
from hal.types import LockState
from tests.agent.ocpp.life import CARD, OTHER_CARD, Life, life
from tests.agent.ocpp.scripted_csms import ScriptedCsms

STARTED = {"transactionId": 42, "idTagInfo": {"status": "Accepted"}}


def csms(**answers: Any) -> ScriptedCsms:
    return ScriptedCsms(answers={"StartTransaction": STARTED} | answers)


def statuses(one: Life, connector: int = 1) -> list[str]:
    heard = [call.payload for call in one.csms.calls("StatusNotification") if call.payload["connectorId"] == connector]
    return [payload["status"] for payload in heard]


def in_order(one: Life, *wanted: str) -> None:
    """These were heard in this order; others may stand between them. "Status X" is a connector's status."""
    said = [
        f"Status {call.payload['status']}" if call.action == "StatusNotification" else call.action
        for call in one.csms.heard
    ]
    rest = iter(said)
    assert all(any(what == each for each in rest) for what in wanted), said


async def ask(one: Life, action: str, **payload: Any) -> str:
    reply = await one.csms.call(action, payload, f"{action}{len(one.csms.frames)}")
    return str(reply[2].get("status"))


async def set_key(one: Life, key: str, value: str) -> None:
    assert await ask(one, "ChangeConfiguration", key=key, value=value) == "Accepted"


# Sessions


@pytest.mark.octt("TC_003_CS")
@pytest.mark.octt("TC_068_CS")
async def test_plug_card_charge_card_unplug(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        one.csms.heard.clear()
        await one.plug()
        await one.tap(wait_s=30)
        await one.tap(wait_s=15)
        await one.unplug()
        in_order(one, "Status Preparing", "Authorize", "StartTransaction", "Status Charging", "StopTransaction")
        in_order(one, "Status Finishing", "Status Available")
        (start,), (stop,) = one.csms.calls("StartTransaction"), one.csms.calls("StopTransaction")
        assert start.payload["idTag"] == stop.payload["idTag"] == CARD
        assert stop.payload["transactionId"] == 42
        assert stop.payload.get("reason", "Local") == "Local"
        assert stop.payload["meterStop"] - start.payload["meterStart"] == pytest.approx(one.true_wh(), abs=1.5)
        assert from_wire(stop.payload["timestamp"]) > from_wire(start.payload["timestamp"])


@pytest.mark.octt("TC_004_1_CS")
async def test_card_first_then_plug(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        one.csms.heard.clear()
        await one.tap()
        await one.plug()
        await asyncio.sleep(10)
        in_order(one, "Authorize", "Status Preparing", "StartTransaction", "Status Charging")


@pytest.mark.octt("TC_004_2_CS")
async def test_card_first_and_no_plug_before_the_time_is_up(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        await set_key(one, "ConnectionTimeOut", "30")
        await one.tap(wait_s=40)
        assert statuses(one)[-2:] == ["Preparing", "Available"]
        assert one.csms.calls("StartTransaction") == []


@pytest.mark.octt("TC_005_1_CS")
@pytest.mark.octt("TC_005_2_CS")
@pytest.mark.behaviour(22)
@pytest.mark.parametrize("unlocks", [True, False])
async def test_a_plug_pulled_at_the_car_stops_and_unlocks_as_configured(tmp_path: Path, unlocks: bool):
    async with life(tmp_path, csms()) as one:
        await set_key(one, "StopTransactionOnEVSideDisconnect", "true")
        await set_key(one, "UnlockConnectorOnEVSideDisconnect", str(unlocks).lower())
        await one.plug()
        await one.tap(wait_s=20)
        await one.unplug()
        (stop,) = one.csms.calls("StopTransaction")
        assert stop.payload["reason"] == "EVDisconnected"


@pytest.mark.octt("TC_005_3_CS")
@pytest.mark.behaviour(22)
async def test_a_plug_pulled_at_the_car_suspends_where_that_does_not_stop(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        await set_key(one, "StopTransactionOnEVSideDisconnect", "false")
        await one.plug()
        await one.tap(wait_s=20)
        await one.unplug()
        assert one.csms.calls("StopTransaction") == []
        assert statuses(one)[-1] == "SuspendedEV"
        await one.plug()
        await asyncio.sleep(20)
        assert one.session().phase is Phase.CHARGING
        await one.tap(wait_s=15)
        assert len(one.csms.calls("StopTransaction")) == 1


@pytest.mark.octt("TC_069_CS")
async def test_a_card_without_the_drivers_parent_stops_nothing(tmp_path: Path):
    other = {"idTagInfo": {"status": "Accepted", "parentIdTag": "OTHERS"}}
    mine = {"idTagInfo": {"status": "Accepted", "parentIdTag": "MINE"}}
    judge = {CARD: mine, OTHER_CARD: other}
    async with life(tmp_path, csms(Authorize=lambda one: judge[one["idTag"]])) as one:
        await one.plug()
        await one.tap()
        await one.tap(OTHER_CARD, wait_s=15)
        assert one.csms.calls("StopTransaction") == []


@pytest.mark.octt("TC_024_CS")
async def test_a_lock_that_fails_starts_nothing_and_is_told(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        one.station.board.inject(1, "lock-jam")
        await one.plug()
        await one.tap(wait_s=15)
        assert one.true_wh() == 0.0
        told = [call.payload for call in one.csms.calls("StatusNotification") if call.payload["status"] == "Faulted"]
        assert told[-1]["errorCode"] == "ConnectorLockFailure"


# Remote control


@pytest.mark.octt("TC_010_CS")
@pytest.mark.parametrize("authorize", [True, False])
async def test_a_remote_start_with_the_car_there(tmp_path: Path, authorize: bool):
    async with life(tmp_path, csms()) as one:
        await set_key(one, "AuthorizeRemoteTxRequests", str(authorize).lower())
        await one.plug()
        assert await ask(one, "RemoteStartTransaction", idTag=CARD, connectorId=1) == "Accepted"
        await asyncio.sleep(10)
        assert len(one.csms.calls("Authorize")) == int(authorize)
        assert one.csms.calls("StartTransaction")[0].payload["idTag"] == CARD
        assert one.session().phase is Phase.CHARGING


@pytest.mark.octt("TC_011_1_CS")
async def test_a_remote_start_and_then_the_car(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        assert await ask(one, "RemoteStartTransaction", idTag=CARD, connectorId=1) == "Accepted"
        await one.plug()
        await asyncio.sleep(10)
        in_order(one, "Status Preparing", "StartTransaction", "Status Charging")


@pytest.mark.octt("TC_011_2_CS")
async def test_a_remote_start_and_no_car_before_the_time_is_up(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        await set_key(one, "ConnectionTimeOut", "30")
        assert await ask(one, "RemoteStartTransaction", idTag=CARD, connectorId=1) == "Accepted"
        await asyncio.sleep(40)
        assert statuses(one)[-2:] == ["Preparing", "Available"]
        await one.plug()
        assert one.csms.calls("StartTransaction") == []


@pytest.mark.octt("TC_012_CS")
async def test_a_remote_stop(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        await one.plug()
        await one.tap(wait_s=10)
        assert await ask(one, "RemoteStopTransaction", transactionId=42) == "Accepted"
        await asyncio.sleep(15)
        (stop,) = one.csms.calls("StopTransaction")
        assert stop.payload["reason"] == "Remote"
        assert statuses(one)[-1] == "Finishing"


@pytest.mark.octt("TC_028_CS")
async def test_a_remote_stop_of_a_transaction_that_is_not_is_rejected_and_stops_nothing(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        await one.plug()
        await one.tap(wait_s=10)
        assert await ask(one, "RemoteStopTransaction", transactionId=43) == "Rejected"
        await asyncio.sleep(15)
        assert one.session().phase is Phase.CHARGING


@pytest.mark.octt("TC_026_CS")
async def test_a_remote_start_where_somebody_charges_is_rejected(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        await one.plug()
        await one.tap(wait_s=10)
        assert await ask(one, "RemoteStartTransaction", idTag=OTHER_CARD, connectorId=1) == "Rejected"


@pytest.mark.octt("TC_027_CS")
async def test_a_remote_start_of_connector_0_is_rejected(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        await one.plug()
        assert await ask(one, "RemoteStartTransaction", idTag=CARD, connectorId=0) == "Rejected"


# Unlocking


@pytest.mark.octt("TC_017_1_CS")
async def test_a_connector_without_a_session_is_unlocked(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        assert await ask(one, "UnlockConnector", connectorId=1) == "Unlocked"


@pytest.mark.octt("TC_018_1_CS")
async def test_an_unlock_ends_the_transaction_first(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        await one.plug()
        await one.tap(wait_s=10)
        assert await ask(one, "UnlockConnector", connectorId=1) == "Unlocked"
        await asyncio.sleep(10)
        (stop,) = one.csms.calls("StopTransaction")
        assert stop.payload["reason"] == "UnlockCommand"
        assert one.station.board.snapshot(1).lock is LockState.UNLOCKED


@pytest.mark.octt("TC_030_CS")
async def test_a_lock_that_does_not_open_is_told(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        await one.plug()
        await one.tap(wait_s=10)
        one.station.board.inject(1, "lock-jam")
        assert await ask(one, "UnlockConnector", connectorId=1) == "UnlockFailed"


@pytest.mark.octt("TC_031_CS")
async def test_a_connector_that_is_not_there_cannot_be_unlocked(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        assert await ask(one, "UnlockConnector", connectorId=9) == "NotSupported"


# Power and network


@pytest.mark.octt("TC_032_1_CS")
@pytest.mark.octt("TC_034_CS")
async def test_a_power_cut_ends_the_transaction_after_the_boot(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        await one.plug()
        await one.tap(wait_s=30)
        one.csms.heard.clear()
        await one.reboot()
        in_order(one, "BootNotification", "StopTransaction")
        (stop,) = one.csms.calls("StopTransaction")
        assert stop.payload["reason"] == "PowerLoss"
        assert stop.payload["transactionId"] == 42


@pytest.mark.octt("TC_036_CS")
async def test_a_network_that_goes_and_comes_in_mid_charge_changes_nothing(tmp_path: Path):
    async with life(tmp_path, csms(), settings={"MeterValueSampleInterval": 10}) as one:
        await one.plug()
        await one.tap(wait_s=20)
        await one.offline()
        await asyncio.sleep(60)
        assert one.session().phase is Phase.CHARGING
        await one.online()
        stamps = [from_wire(call.payload["meterValue"][0]["timestamp"]) for call in one.csms.calls("MeterValues")]
        assert stamps == sorted(stamps)
        assert len(stamps) >= 8  # those of the time without a network were kept
        assert len(one.csms.calls("BootNotification")) == 1


@pytest.mark.octt("TC_037_1_CS")
@pytest.mark.octt("TC_039_CS")
async def test_a_whole_transaction_without_a_network_is_told_afterwards(tmp_path: Path):
    async with life(tmp_path, csms(), settings={"LocalAuthorizeOffline": True}) as one:
        await one.tap(wait_s=70)  # the cache knows the card now
        await one.offline()
        before = asyncio.get_running_loop().time()
        await one.plug()
        await one.tap(wait_s=30)
        await one.tap(wait_s=15)
        await one.online()
        (start,), (stop,) = one.csms.calls("StartTransaction"), one.csms.calls("StopTransaction")
        assert start.payload["timestamp"] < stop.payload["timestamp"]
        assert stop.at_s > before + 45
        assert stop.payload["transactionId"] == 42


@pytest.mark.octt("TC_037_3_CS")
@pytest.mark.behaviour(22)
@pytest.mark.parametrize("stops", [True, False])
async def test_a_driver_refused_after_an_offline_start_is_stopped_or_held_as_configured(tmp_path: Path, stops: bool):
    refused = {"transactionId": 42, "idTagInfo": {"status": "Invalid"}}
    settings = {"AllowOfflineTxForUnknownId": True, "StopTransactionOnInvalidId": stops}
    async with life(tmp_path, csms(StartTransaction=refused), settings=settings) as one:
        await one.offline()
        await one.plug()
        await one.tap(wait_s=10)
        await one.online()
        flowed_wh = one.true_wh()
        await asyncio.sleep(60)
        assert one.true_wh() == flowed_wh
        if stops:
            assert one.csms.calls("StopTransaction")[0].payload["reason"] == "DeAuthorized"
        else:
            assert one.csms.calls("StopTransaction") == []
            assert statuses(one)[-1] == "SuspendedEVSE"


@pytest.mark.octt("TC_038_CS")
async def test_a_stop_without_a_network_is_told_afterwards(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        await one.plug()
        await one.tap(wait_s=20)
        await one.offline()
        await one.tap(wait_s=15)
        assert one.session().tx is None
        await one.online()
        (stop,) = one.csms.calls("StopTransaction")
        assert stop.payload.get("reason", "Local") == "Local"


# Meter values


@pytest.mark.octt("TC_070_CS")
@pytest.mark.behaviour(17)
async def test_sampled_values_come_at_their_interval_and_in_the_stop(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        await set_key(one, "MeterValueSampleInterval", "20")
        await set_key(one, "MeterValuesSampledData", "Energy.Active.Import.Register,Voltage")
        await set_key(one, "StopTxnSampledData", "Energy.Active.Import.Register")
        await one.plug()
        await one.tap(wait_s=70)
        await one.tap(wait_s=15)
        values = [call.payload["meterValue"][0]["sampledValue"] for call in one.csms.calls("MeterValues")]
        assert len(values) == 3
        for each in values:
            assert {value["measurand"] for value in each} == {"Energy.Active.Import.Register", "Voltage"}
            assert {value["context"] for value in each} == {"Sample.Periodic"}
        data = one.csms.calls("StopTransaction")[0].payload["transactionData"]
        contexts = [each["sampledValue"][0]["context"] for each in data]
        assert contexts == ["Transaction.Begin", *["Sample.Periodic"] * 3, "Transaction.End"]


@pytest.mark.octt("TC_071_CS")
@pytest.mark.behaviour(17)
async def test_clock_aligned_values_come_on_the_dot_and_in_the_stop(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        for key, value in (
            ("MeterValueSampleInterval", "0"),
            ("StopTxnSampledData", ""),
            ("ClockAlignedDataInterval", "30"),
            ("MeterValuesAlignedData", "Energy.Active.Import.Register"),
            ("StopTxnAlignedData", "Energy.Active.Import.Register"),
        ):
            await set_key(one, key, value)
        await one.plug()
        await one.tap(wait_s=100)
        await one.tap(wait_s=15)
        told = [call.payload for call in one.csms.calls("MeterValues") if call.payload.get("transactionId") == 42]
        assert len(told) in {3, 4}
        assert {each["meterValue"][0]["sampledValue"][0]["context"] for each in told} == {"Sample.Clock"}
        data = one.csms.calls("StopTransaction")[0].payload["transactionData"]
        assert {each["sampledValue"][0]["context"] for each in data} == {"Sample.Clock"}
        assert len(data) == len(told)
