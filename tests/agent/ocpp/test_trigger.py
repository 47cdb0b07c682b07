"""TriggerMessage in both versions: reply first, then send what is so now."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from agent.core.events import ReadingAsked
from agent.core.rules import Rules
from agent.core.session import Session
from agent.core.values import ConnectorStatus, Measurand
from agent.ocpp.codec import Version
from hal.types import MeterSample
from tests.agent.ocpp.scripted_csms import BOOT_ACCEPTED, ScriptedCsms
from tests.agent.ocpp.stand import FakeCharger, Stand, open_tx, settled, stand, started

METER = MeterSample(taken_mono_s=0.0, energy_import_wh=1234.0, voltage_v=(231.0, 0.0, 0.0))
RULES = Rules(updated_measurands=(Measurand.ENERGY_IMPORT, Measurand.VOLTAGE))
PENDING = BOOT_ACCEPTED | {"status": "Pending", "interval": 1000}
V201 = {"versions": [Version.V201]}


def metered(**more: Any) -> FakeCharger:
    first = Session(evse=1, meter=METER, rules=RULES)
    return FakeCharger({1: first, 2: replace(first, evse=2, **more)})


async def trigger(one: Stand, message: str, **where: Any) -> str:
    one.csms.heard.clear()
    one.csms.frames.clear()
    reply = await one.csms.call("TriggerMessage", {"requestedMessage": message, **where})
    await settled()
    verdict: str = reply[2]["status"]
    return verdict


@pytest.mark.behaviour(13)
@pytest.mark.req("F06.FR.04")
@pytest.mark.octt("TC_F_20_CS")
@pytest.mark.parametrize("version", [Version.V16, Version.V201])
async def test_the_reply_goes_before_the_message(version: Version):
    csms = ScriptedCsms(versions=(version,))
    async with stand(csms, versions=[version]) as one:
        await one.accepted()
        assert await trigger(one, "Heartbeat") == "Accepted"
        assert [frame[0] for frame in csms.frames] == [3, 2]
        assert csms.actions == ["Heartbeat"]


@pytest.mark.req("F06.FR.17")
@pytest.mark.octt("TC_F_26_CS")
@pytest.mark.parametrize("version", [Version.V16, Version.V201])
async def test_a_boot_that_was_accepted_is_not_repeated(version: Version):
    csms = ScriptedCsms(versions=(version,))
    async with stand(csms, versions=[version]) as one:
        await one.accepted()
        assert await trigger(one, "BootNotification") == "Rejected"
        assert csms.actions == []


@pytest.mark.octt("TC_B_02_CS")
async def test_a_boot_that_is_pending_is_repeated_at_once_with_the_reason():
    csms = ScriptedCsms(versions=("ocpp2.0.1",), answers={"BootNotification": [PENDING, BOOT_ACCEPTED]})
    async with stand(csms, **V201) as one:
        await csms.heard_of("BootNotification")
        await settled()
        assert await trigger(one, "BootNotification") == "Accepted"
        assert csms.calls("BootNotification")[0].payload["reason"] == "Triggered"
        assert csms.heard[0].at_s < 10
        assert one.station.online


async def test_messages_can_be_triggered_while_pending_but_no_transaction_is_told_of():
    csms = ScriptedCsms(versions=("ocpp2.0.1",), answers={"BootNotification": PENDING})
    async with stand(csms, **V201, charger=metered(tx=open_tx())) as one:
        await csms.heard_of("BootNotification")
        await settled()
        assert await trigger(one, "Heartbeat") == "Accepted"
        assert csms.actions == ["Heartbeat"]
        assert await trigger(one, "TransactionEvent") == "Rejected"


@pytest.mark.req("F06.FR.08")
@pytest.mark.octt("TC_F_27_CS")
async def test_what_is_not_implemented_is_said_to_be_so():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, **V201) as one:
        await one.accepted()
        assert await trigger(one, "SignCombinedCertificate") == "NotImplemented"


# StatusNotification


async def statuses(one: Stand, **where: Any) -> list[int]:
    assert await trigger(one, "StatusNotification", **where) == "Accepted"
    return [call.payload["connectorId"] for call in one.csms.heard]


@pytest.mark.behaviour(12)
async def test_without_a_connector_1_6_reports_station_and_all_with_one_that_one_and_0_is_the_station():
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        assert await statuses(one) == [0, 1, 2]
        assert await statuses(one, connectorId=2) == [2]
        assert await statuses(one, connectorId=0) == [0]
        assert await trigger(one, "StatusNotification", connectorId=3) == "Rejected"


@pytest.mark.behaviour(12)
@pytest.mark.octt("TC_F_23_CS")
@pytest.mark.octt("TC_F_24_CS")
async def test_2_x_reports_the_connectors_present_status_though_the_csms_knows_it():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    charger = FakeCharger({1: Session(evse=1), 2: Session(evse=2, status=ConnectorStatus.FINISHING, cable_a=32.0)})
    async with stand(csms, **V201, charger=charger) as one:
        await one.accepted()
        for evse, said in ((1, "Available"), (2, "Occupied")):
            assert await trigger(one, "StatusNotification", evse={"id": evse, "connectorId": 1}) == "Accepted"
            assert [call.payload["connectorStatus"] for call in csms.heard] == [said]
        assert await trigger(one, "StatusNotification", evse={"id": 1, "connectorId": 2}) == "Rejected"


# MeterValues


async def values(one: Stand, **where: Any) -> list[dict[str, Any]]:
    assert await trigger(one, "MeterValues", **where) == "Accepted"
    return [call.payload for call in one.csms.heard]


async def test_1_6_sends_the_sampled_measurands_of_every_connector_and_names_a_running_transaction():
    csms = ScriptedCsms()
    async with stand(csms, charger=metered(tx=open_tx("tx-2"))) as one:
        await one.accepted()
        one.tell(started("tx-2", evse=2))
        await settled()
        first, second = await values(one)
        assert (first["connectorId"], second["connectorId"], second["transactionId"]) == (1, 2, 7)
        assert "transactionId" not in first
        sampled = first["meterValue"][0]["sampledValue"]
        assert [(v["measurand"], v["value"], v["context"]) for v in sampled] == [
            ("Energy.Active.Import.Register", "1234", "Trigger"),
            ("Voltage", "231", "Trigger"),
            ("Voltage", "0", "Trigger"),
            ("Voltage", "0", "Trigger"),
        ]
        assert [one["connectorId"] for one in await values(one, connectorId=2)] == [2]
        assert [one["connectorId"] for one in await values(one, connectorId=0)] == [1, 2]


@pytest.mark.req("F06.FR.06")
@pytest.mark.octt("TC_F_11_CS")
@pytest.mark.octt("TC_F_12_CS")
async def test_2_x_sends_the_aligned_measurands_in_meter_values_also_during_a_transaction():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, **V201, charger=metered(tx=open_tx())) as one:
        await one.accepted()
        first, second = await values(one)
        assert [one["evseId"] for one in (first, second)] == [1, 2]
        (sampled,) = second["meterValue"][0]["sampledValue"]
        assert (sampled["measurand"], sampled["context"]) == ("Energy.Active.Import.Register", "Trigger")
        assert csms.actions == ["MeterValues", "MeterValues"]
        assert [one["evseId"] for one in await values(one, evse={"id": 2})] == [2]


async def test_an_evse_whose_meter_has_not_spoken_yet_has_nothing_to_send():
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        assert await trigger(one, "MeterValues") == "Rejected"
        assert one.csms.actions == []


# TransactionEvent


@pytest.mark.req("F06.FR.07")
@pytest.mark.octt("TC_F_13_CS")
@pytest.mark.octt("TC_F_14_CS")
async def test_a_transaction_event_is_asked_of_the_evses_that_have_one():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, **V201, charger=metered(tx=open_tx())) as one:
        await one.accepted()
        assert await trigger(one, "TransactionEvent") == "Accepted"
        assert await trigger(one, "TransactionEvent", evse={"id": 2}) == "Accepted"
        assert await trigger(one, "TransactionEvent", evse={"id": 1}) == "Rejected"
        assert one.charger.posted == [(2, ReadingAsked()), (2, ReadingAsked())]
