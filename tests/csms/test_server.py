from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from agent.ocpp.v201 import wire as wire201
from csms.faults import Fault
from csms.records import TokenStatus
from csms.server import Csms
from tests.csms.charger import RefusedError, charger
from tests.csms.running import (
    ENDED,
    EPOCH_S,
    EVERY_2X,
    EVERY_VERSION,
    STARTED,
    event,
    register,
    running,
    stamp,
    start_16,
    stop_16,
)

# Booting


@EVERY_VERSION
async def test_a_charger_that_nobody_knows_waits_until_the_operator_accepts_it(version: str):
    async with running() as csms, charger(csms, version=version) as cp:
        answer = await cp.boot()
        assert (answer["status"], answer["interval"]) == ("Pending", 30)
        assert answer["currentTime"].startswith("2026-01-01T00:00:00")
        with pytest.raises(RefusedError, match="SecurityError"):
            await cp.call("Heartbeat", {})
        csms.accept("CP1")
        answer = await cp.boot()
        assert (answer["status"], answer["interval"]) == ("Accepted", 300)
        assert await cp.call("Heartbeat", {})
        assert csms.store.chargers["CP1"].vendor == "ACME"
        assert csms.store.chargers["CP1"].version == "1.2"


@pytest.mark.req("B02.FR.09")
async def test_a_pending_charger_may_send_what_it_was_asked_for():
    async with running() as csms, charger(csms, version="ocpp2.0.1") as cp:
        await cp.boot()
        status = {"timestamp": stamp(0), "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
        with pytest.raises(RefusedError, match="SecurityError"):
            await cp.call("StatusNotification", status)
        await csms.call("CP1", wire201.TriggerMessageRequest(requestedMessage="StatusNotification"))
        assert await cp.call("StatusNotification", status) == {}


@pytest.mark.req("B03.FR.07")
@EVERY_VERSION
async def test_a_rejected_charger_is_told_so_and_not_served(version: str):
    async with running() as csms, charger(csms, version=version) as cp:
        csms.reject("CP1")
        assert (await cp.boot())["status"] == "Rejected"
        with pytest.raises(RefusedError, match="SecurityError"):
            await cp.call("Heartbeat", {})


async def test_the_operators_decision_survives_a_restart(tmp_path: Path):
    async with running(tmp_path / "csms.db") as csms:
        csms.accept("CP1")
    async with running(tmp_path / "csms.db") as csms, charger(csms) as cp:
        assert (await cp.boot())["status"] == "Accepted"


async def test_strangers_cannot_fill_the_database(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("csms.back_office.MAX_PENDING", 2)
    async with running() as csms:
        for number in range(4):
            async with charger(csms, f"CP{number}") as cp:
                assert (await cp.boot())["status"] == "Pending"
        assert len(csms.store.chargers) == 2


# Billing


async def test_a_session_of_1_6_is_billed(csms: Csms):
    async with charger(csms) as cp:
        await cp.boot()
        started = await cp.call("StartTransaction", start_16())
        assert started["idTagInfo"] == {"status": "Accepted", "parentIdTag": "FLEET"}
        values = {
            "timestamp": stamp(30),
            "sampledValue": [{"value": "16.1", "measurand": "Current.Import"}, {"value": "53.0", "unit": "kWh"}],
        }
        await cp.call(
            "MeterValues", {"connectorId": 1, "transactionId": started["transactionId"], "meterValue": [values]}
        )
        (running_now,) = await csms.sessions()
        assert (running_now.is_open, running_now.energy_wh, running_now.cost) == (True, 3_000, Decimal("2.25"))
        await cp.call("StopTransaction", stop_16(started["transactionId"], reason="EVDisconnected"))
    (row,) = await csms.sessions("CP1")
    assert (row.energy_wh, row.cost, row.currency, row.reason) == (7_500, Decimal("5.00"), "EUR", "EVDisconnected")
    assert (row.tx, row.connector, row.token) == (str(started["transactionId"]), 1, "DEADBEEF")
    assert (row.started_utc_s, row.ended_utc_s) == (EPOCH_S, EPOCH_S + 3_600)


async def test_readings_by_a_clock_from_before_1970_do_not_pass_for_the_beginning_of_a_session_of_1_6(csms: Csms):
    values = {"timestamp": "1966-03-13T00:00:00Z", "sampledValue": [{"value": "53000"}]}
    async with charger(csms) as cp:
        await cp.boot()
        number = (await cp.call("StartTransaction", start_16()))["transactionId"]
        await cp.call("MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": [values]})
        await cp.call("StopTransaction", stop_16(number))
    (row,) = await csms.sessions()
    assert (row.start_wh, row.energy_wh) == (50_000, 7_500)


@EVERY_2X
async def test_a_session_of_2_x_is_billed_and_the_driver_told(csms: Csms, version: str):
    async with charger(csms, version=version) as cp:
        await cp.boot()
        started = await cp.call("TransactionEvent", STARTED)
        assert started["idTokenInfo"]["status"] == "Accepted"
        assert started["idTokenInfo"]["groupIdToken"]["idToken"] == "FLEET"
        assert "totalCost" not in started
        ended = await cp.call("TransactionEvent", ENDED)
        assert ended == {"totalCost": 5.0}
    (row,) = await csms.sessions()
    assert (row.energy_wh, row.cost, row.reason) == (7_500, Decimal("5.00"), "Local")
    assert (row.tx, row.evse, row.connector, row.token) == ("T1", 1, 1, "deadbeef")


@pytest.mark.parametrize(
    ("sampled", "wh"),
    [
        ({"value": 1_234.5}, 1_234.5),
        ({"value": 1_234.5, "measurand": "Energy.Active.Import.Register", "location": "Outlet"}, 1_234.5),
        ({"value": 1.2345, "unitOfMeasure": {"unit": "kWh"}}, 1_234.5),
        ({"value": 12_345, "unitOfMeasure": {"multiplier": -1}}, 1_234.5),
        ({"value": 1.2345, "unitOfMeasure": {"unit": "Wh", "multiplier": 3}}, 1_234.5),
        ({"value": 1_234.5, "phase": "L1"}, None),
        ({"value": 1_234.5, "location": "EV"}, None),
        ({"value": 1_234.5, "measurand": "Energy.Active.Export.Register"}, None),
        ({"value": 1_234.5, "unitOfMeasure": {"unit": "furlong"}}, None),
        ({"value": 1_234.5, "unitOfMeasure": {"multiplier": 10**15}}, None),
    ],
)
async def test_the_register_of_2_x_is_read_in_its_unit(csms: Csms, sampled: dict[str, Any], wh: float | None):
    meter_value = {"timestamp": stamp(0), "sampledValue": [{"value": 7, "measurand": "Voltage"}, sampled]}
    async with charger(csms, version="ocpp2.0.1") as cp:
        await cp.boot()
        await cp.call("TransactionEvent", event("Started", 0, 0, meter_value))
    (row,) = await csms.sessions()
    assert row.start_wh == wh


@pytest.mark.parametrize(
    ("sampled", "wh"),
    [
        ({"value": "53000"}, 53_000),
        ({"value": "53.0", "unit": "kWh", "measurand": "Energy.Active.Import.Register"}, 53_000),
        ({"value": "53000", "phase": "L1"}, 50_000),
        ({"value": "OCMF|{}", "format": "SignedData"}, 50_000),
        ({"value": "n/a"}, 50_000),
        ({"value": "nan"}, 50_000),
    ],
)
async def test_the_register_of_1_6_is_read_in_its_unit(csms: Csms, sampled: dict[str, Any], wh: float):
    async with charger(csms) as cp:
        await cp.boot()
        number = (await cp.call("StartTransaction", start_16()))["transactionId"]
        meter_value = {"timestamp": stamp(5), "sampledValue": [sampled]}
        await cp.call("MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": [meter_value]})
    (row,) = await csms.sessions()
    assert row.end_wh == wh


async def test_signed_data_of_the_stop_is_kept(csms: Csms):
    signed = [{"value": "OCMF|{}|{}", "format": "SignedData", "context": "Transaction.End"}]
    async with charger(csms) as cp:
        await cp.boot()
        number = (await cp.call("StartTransaction", start_16()))["transactionId"]
        data = [{"timestamp": stamp(60), "sampledValue": signed}]
        await cp.call("StopTransaction", stop_16(number, transactionData=data))
    (row,) = await csms.sessions()
    (reading,) = await csms.store.read(lambda db: db.readings("CP1", row.tx))
    assert b'"OCMF|{}|{}"' in reading.sampled
    assert row.cost == Decimal("5.00")


@pytest.mark.parametrize(
    "fault", [Fault(action="StopTransaction", drop=True), Fault(action="StopTransaction", close=True)]
)
async def test_a_stop_whose_answer_was_lost_is_billed_once(csms: Csms, fault: Fault):
    async with charger(csms) as cp:
        await cp.boot()
        number = (await cp.call("StartTransaction", start_16()))["transactionId"]
        csms.faults.add(fault)
        with pytest.raises((TimeoutError, ConnectionClosed)):
            async with asyncio.timeout(10):
                await cp.call("StopTransaction", stop_16(number))
    async with charger(csms) as cp:
        assert await cp.call("StopTransaction", stop_16(number)) == {}
    (row,) = await csms.sessions()
    assert (row.energy_wh, row.cost) == (7_500, Decimal("5.00"))


async def test_a_start_whose_answer_was_lost_opens_one_session(csms: Csms):
    csms.faults.add(Fault(action="StartTransaction", close=True, times=2))
    for _ in range(2):
        async with charger(csms) as cp:
            with pytest.raises(ConnectionClosed):
                await cp.call("StartTransaction", start_16())
    async with charger(csms) as cp:
        number = (await cp.call("StartTransaction", start_16()))["transactionId"]
    (row,) = await csms.sessions()
    assert row.tx == str(number)


@EVERY_2X
async def test_events_whose_answers_were_lost_count_once(csms: Csms, version: str):
    csms.faults.add(Fault(close=True, times=2))
    for message in (STARTED, ENDED):
        async with charger(csms, version=version) as cp:
            with pytest.raises(ConnectionClosed):
                await cp.call("TransactionEvent", message)
    async with charger(csms, version=version) as cp:
        await cp.call("TransactionEvent", STARTED)
        assert (await cp.call("TransactionEvent", ENDED))["totalCost"] == 5.0
    (row,) = await csms.sessions()
    assert row.cost == Decimal("5.00")
    assert await csms.store.read(lambda db: db.steps("CP1", "T1")) == [0, 1]


async def test_a_stop_without_a_start_is_answered_and_recorded_as_such(csms: Csms):
    async with charger(csms) as cp:
        assert await cp.call("StopTransaction", stop_16(4711)) == {}
    (row,) = await csms.sessions()
    assert (row.tx, row.remark, row.cost) == ("unknown 4711 #1", "no start was reported", None)


async def test_the_answer_waits_until_the_message_is_stored(csms: Csms, monkeypatch: pytest.MonkeyPatch):
    disk: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    monkeypatch.setattr(csms.store, "write", lambda _: disk)
    async with charger(csms, version="ocpp2.0.1") as cp:
        answer = asyncio.create_task(cp.call("TransactionEvent", STARTED))
        await asyncio.sleep(60)
        assert not answer.done()
        disk.set_result(None)
        await answer


async def test_a_message_that_cannot_be_stored_is_refused_so_that_the_charger_keeps_it(csms: Csms):
    too_big = event("Started", 2**62, 0, register(1))
    async with charger(csms, version="ocpp2.0.1") as cp:
        with pytest.raises(RefusedError, match="InternalError"):
            await cp.call("TransactionEvent", too_big)
        await cp.call("TransactionEvent", STARTED)


# Tokens


@pytest.mark.parametrize(
    ("version", "word"), [("ocpp1.6", "Invalid"), ("ocpp2.0.1", "Unknown"), ("ocpp2.1", "Unknown")]
)
async def test_an_unknown_token_is_refused(csms: Csms, version: str, word: str):
    async with charger(csms, version=version) as cp:
        if version == "ocpp1.6":
            assert await cp.call("Authorize", {"idTag": "STRANGER"}) == {"idTagInfo": {"status": word}}
            started = await cp.call("StartTransaction", start_16(idTag="STRANGER"))
            assert started["idTagInfo"]["status"] == word
        else:
            token = {"idToken": "STRANGER", "type": "ISO14443"}
            assert await cp.call("Authorize", {"idToken": token}) == {"idTokenInfo": {"status": word}}
            started = await cp.call("TransactionEvent", STARTED | {"idToken": token})
            assert started["idTokenInfo"]["status"] == word


@pytest.mark.parametrize(
    ("fields", "status"),
    [({}, "Accepted"), ({"status": TokenStatus.BLOCKED}, "Blocked"), ({"expires_utc_s": EPOCH_S - 1}, "Expired")],
)
@EVERY_VERSION
async def test_blocked_and_expired_tokens_are_refused_by_their_name(
    csms: Csms, version: str, fields: dict[str, Any], status: str
):
    csms.add_token("CAFE", **fields)
    asked = {"idTag": "cafe"} if version == "ocpp1.6" else {"idToken": {"idToken": "cafe", "type": "ISO14443"}}
    async with charger(csms, version=version) as cp:
        (info,) = (await cp.call("Authorize", asked)).values()
    assert info["status"] == status


async def test_a_token_that_expires_says_when(csms: Csms):
    csms.add_token("CAFE", expires_utc_s=EPOCH_S + 3_600)
    async with charger(csms) as cp:
        info = (await cp.call("Authorize", {"idTag": "CAFE"}))["idTagInfo"]
    assert info == {"status": "Accepted", "expiryDate": "2026-01-01T01:00:00.000Z"}


@pytest.mark.req("C02.FR.02")
async def test_the_start_button_needs_no_token(csms: Csms):
    async with charger(csms, version="ocpp2.0.1") as cp:
        button = {"idToken": {"idToken": "", "type": "NoAuthorization"}}
        assert (await cp.call("TransactionEvent", STARTED | button))["idTokenInfo"] == {"status": "Accepted"}
