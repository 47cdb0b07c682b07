"""A charge point written on the `ocpp` package drives our CSMS over real loopback WebSockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from ocpp import v16, v21, v201
from ocpp.exceptions import OCPPError
from ocpp.routing import on
from websockets.asyncio.client import connect

from csms.commands import ResetKind
from csms.server import Csms
from csms.tariff import Tariff

pytestmark = pytest.mark.realtime

RESPONSE_TIMEOUT_S = 5
START, HALF_TIME, END = "2026-01-01T00:00:00Z", "2026-01-01T00:30:00+00:00", "2026-01-01T01:00:00.000Z"


class ChargePoint16(v16.ChargePoint):
    """A 1.6 charge point that starts when it is asked to."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args, response_timeout=RESPONSE_TIMEOUT_S)
        self.asked: list[tuple[Any, ...]] = []

    @on("RemoteStartTransaction")
    def on_remote_start(self, id_tag: str, connector_id: int) -> Any:
        self.asked.append(("start", id_tag, connector_id))
        return v16.call_result.RemoteStartTransaction(status="Accepted")

    @on("RemoteStopTransaction")
    def on_remote_stop(self, transaction_id: int) -> Any:
        self.asked.append(("stop", transaction_id))
        return v16.call_result.RemoteStopTransaction(status="Rejected")

    @on("Reset")
    def on_reset(self, type: str) -> Any:  # noqa: A002 - the package names arguments as the wire does
        self.asked.append(("reset", type))
        return v16.call_result.Reset(status="Accepted")


class _Station:
    """What 2.0.1 and 2.1 have in common; `messages` is the package's module of the version."""

    messages: Any

    def __init__(self, *args: Any) -> None:
        super().__init__(*args, response_timeout=RESPONSE_TIMEOUT_S)  # type: ignore[call-arg]
        self.asked: list[tuple[Any, ...]] = []

    @on("RequestStartTransaction")
    def on_request_start(self, id_token: dict[str, str], remote_start_id: int, evse_id: int) -> Any:
        self.asked.append(("start", id_token["id_token"], evse_id, remote_start_id > 0))
        return self.messages.call_result.RequestStartTransaction(status="Accepted")

    @on("RequestStopTransaction")
    def on_request_stop(self, transaction_id: str) -> Any:
        self.asked.append(("stop", transaction_id))
        return self.messages.call_result.RequestStopTransaction(status="Rejected")

    @on("Reset")
    def on_reset(self, type: str) -> Any:  # noqa: A002
        self.asked.append(("reset", type))
        return self.messages.call_result.Reset(status="Scheduled")


class ChargingStation201(_Station, v201.ChargePoint):
    messages = v201


class ChargingStation21(_Station, v21.ChargePoint):
    messages = v21


@pytest.fixture
async def csms() -> AsyncIterator[Csms]:
    started = Csms(accept_all=True)
    started.set_tariff(Tariff(per_kwh=Decimal("0.50"), per_hour=Decimal(1), session_fee=Decimal("0.25")))
    started.add_token("DEADBEEF", group="FLEET")
    await started.start()
    yield started
    await started.stop()


@asynccontextmanager
async def charge_point(csms: Csms, kind: type[Any], version: str) -> AsyncIterator[Any]:
    url = f"ws://127.0.0.1:{csms.port}/ocpp/CP%201"
    async with connect(url, subprotocols=[version], proxy=None) as socket:  # type: ignore[list-item]
        point = kind("CP 1", socket)
        listening = asyncio.create_task(point.start())
        yield point
        listening.cancel()
        await asyncio.wait([listening])


async def test_a_1_6_charge_point_charges_and_is_billed(csms: Csms):
    async with charge_point(csms, ChargePoint16, "ocpp1.6") as point:
        call = v16.call
        booted = await point.call(call.BootNotification(charge_point_model="One", charge_point_vendor="ACME"))
        assert (booted.status, booted.interval) == ("Accepted", 300)
        await point.call(call.StatusNotification(connector_id=1, error_code="NoError", status="Preparing"))
        assert (await point.call(call.Authorize(id_tag="DEADBEEF"))).id_tag_info["parent_id_tag"] == "FLEET"
        assert (await point.call(call.Authorize(id_tag="STRANGER"))).id_tag_info["status"] == "Invalid"
        start = call.StartTransaction(connector_id=1, id_tag="DEADBEEF", meter_start=50_000, timestamp=START)
        started = await point.call(start)
        assert (await point.call(start)).transaction_id == started.transaction_id
        values = [
            {"value": "53.0", "unit": "kWh", "context": "Sample.Periodic"},
            {"value": "230", "measurand": "Voltage"},
        ]
        meter_value = [{"timestamp": HALF_TIME, "sampledValue": values}]
        await point.call(
            call.MeterValues(connector_id=1, meter_value=meter_value, transaction_id=started.transaction_id)
        )
        (running,) = await csms.sessions()
        assert (running.energy_wh, running.cost) == (3_000, Decimal("2.25"))
        stop = call.StopTransaction(
            meter_stop=57_500, timestamp=END, transaction_id=started.transaction_id, reason="EVDisconnected"
        )
        for _ in range(2):
            await point.call(stop)
        assert (await point.call(call.DataTransfer(vendor_id="ACME"))).status == "UnknownVendorId"
        assert (await point.call(call.Heartbeat())).current_time.endswith("Z")
    (row,) = await csms.sessions("CP 1")
    assert (row.energy_wh, row.cost, row.reason) == (7_500, Decimal("5.00"), "EVDisconnected")


async def test_a_1_6_charge_point_is_started_stopped_and_reset(csms: Csms):
    async with charge_point(csms, ChargePoint16, "ocpp1.6") as point:
        await point.call(v16.call.Heartbeat())
        answers: list[Any] = [
            await csms.remote_start("CP 1", 2, "DEADBEEF"),
            await csms.remote_stop("CP 1", "17"),
            await csms.reset("CP 1", ResetKind.IMMEDIATE),
        ]
    assert [answer.status for answer in answers] == ["Accepted", "Rejected", "Accepted"]
    assert point.asked == [("start", "DEADBEEF", 2), ("stop", 17), ("reset", "Hard")]


STATIONS = pytest.mark.parametrize(
    ("kind", "version"), [(ChargingStation201, "ocpp2.0.1"), (ChargingStation21, "ocpp2.1")]
)


@STATIONS
async def test_a_2_x_charging_station_charges_and_is_billed(csms: Csms, kind: type[_Station], version: str):
    call = kind.messages.call
    token = {"idToken": "DEADBEEF", "type": "ISO14443"}

    def event(kind: str, seq_no: int, timestamp: str, kwh: float, **fields: Any) -> Any:
        sampled = {"value": kwh, "unitOfMeasure": {"unit": "Wh", "multiplier": 3}}
        return call.TransactionEvent(
            event_type=kind,
            timestamp=timestamp,
            trigger_reason="Authorized",
            seq_no=seq_no,
            transaction_info={"transactionId": "T1", **fields.pop("info", {})},
            meter_value=[{"timestamp": timestamp, "sampledValue": [sampled]}],
            **fields,
        )

    async with charge_point(csms, kind, version) as station:
        booted = await station.call(
            call.BootNotification(charging_station={"model": "One", "vendorName": "ACME"}, reason="PowerUp")
        )
        assert (booted.status, booted.interval) == ("Accepted", 300)
        await station.call(
            call.StatusNotification(timestamp=START, connector_status="Occupied", evse_id=1, connector_id=1)
        )
        assert (await station.call(call.Authorize(id_token=token))).id_token_info["status"] == "Accepted"
        stranger = await station.call(call.Authorize(id_token=token | {"idToken": "STRANGER"}))
        assert stranger.id_token_info["status"] == "Unknown"
        started = event("Started", 0, START, 50.0, id_token=token, evse={"id": 1, "connectorId": 1})
        for _ in range(2):
            assert (await station.call(started)).id_token_info["group_id_token"]["id_token"] == "FLEET"
        await station.call(event("Updated", 1, HALF_TIME, 53.0))
        (running,) = await csms.sessions()
        assert (running.energy_wh, running.cost) == (3_000, Decimal("2.25"))
        for _ in range(2):
            ended = await station.call(event("Ended", 2, END, 57.5, info={"stoppedReason": "EVDisconnected"}))
            assert ended.total_cost == 5.0
        part = {
            "eventId": 1,
            "timestamp": START,
            "trigger": "Alerting",
            "actualValue": "x",
            "eventNotificationType": "HardWiredNotification",
            "component": {"name": "Connector"},
            "variable": {"name": "Available"},
        }
        await station.call(call.NotifyEvent(generated_at=START, seq_no=0, event_data=[part]))
        with pytest.raises(OCPPError, match="not supported"):
            await station.call(call.ClearCache(), suppress=False)
        assert (await station.call(call.Heartbeat())).current_time.endswith("Z")
    (row,) = await csms.sessions("CP 1")
    assert (row.energy_wh, row.cost, row.reason, row.evse) == (7_500, Decimal("5.00"), "EVDisconnected", 1)


@STATIONS
async def test_a_2_x_charging_station_is_started_stopped_and_reset(csms: Csms, kind: type[_Station], version: str):
    async with charge_point(csms, kind, version) as station:
        await station.call(kind.messages.call.Heartbeat())
        answers: list[Any] = [
            await csms.remote_start("CP 1", 2, "DEADBEEF"),
            await csms.remote_stop("CP 1", "T1"),
            await csms.reset("CP 1", ResetKind.ON_IDLE),
        ]
    assert [answer.status for answer in answers] == ["Accepted", "Rejected", "Scheduled"]
    assert station.asked == [("start", "DEADBEEF", 2, True), ("stop", "T1"), ("reset", "OnIdle")]
