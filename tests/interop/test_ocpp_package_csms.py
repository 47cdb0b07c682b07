"""Our station against a CSMS that others wrote: the `ocpp` package's ChargePoint, over real loopback WebSockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import ocpp.v16
import ocpp.v201
import pytest
from ocpp.charge_point import camel_to_snake_case
from ocpp.routing import on
from websockets.asyncio.server import ServerConnection, serve

from agent.core.events import Deauthorized, RemoteStart, StopRequested
from agent.core.session import Phase, Session, Transaction
from agent.core.values import AuthInfo, AuthStatus, ChargingState, ConnectorStatus
from agent.ocpp.asks import TransferAnswer, Verdict
from agent.ocpp.charger import ResetKind
from agent.ocpp.codec import Version
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import (
    TOKEN,
    FakeCharger,
    Stand,
    ended,
    idle_reading,
    stand,
    started,
    status,
    updated,
)
from tests.interop.everyday import asked_in, everyday_charger, serve_vendor

NOW = "2026-01-01T00:00:00.000Z"
pytestmark = pytest.mark.realtime


class Csms16(ocpp.v16.ChargePoint):
    """Keeps what it hears; its schemas judge every message of ours."""

    heard: list[tuple[str, dict[str, Any]]]

    def note(self, action: str, fields: dict[str, Any]) -> None:
        self.heard.append((action, fields))

    @on("BootNotification")
    def boot(self, **fields: Any) -> Any:
        self.note("BootNotification", fields)
        return ocpp.v16.call_result.BootNotification(current_time=NOW, interval=1, status="Accepted")

    @on("Heartbeat")
    def beat(self) -> Any:
        self.note("Heartbeat", {})
        return ocpp.v16.call_result.Heartbeat(current_time=NOW)

    @on("StatusNotification")
    def status(self, **fields: Any) -> Any:
        self.note("StatusNotification", fields)
        return ocpp.v16.call_result.StatusNotification()

    @on("Authorize")
    def authorize(self, **fields: Any) -> Any:
        self.note("Authorize", fields)
        return ocpp.v16.call_result.Authorize(id_tag_info={"status": "Blocked"})

    @on("StartTransaction")
    def start_transaction(self, **fields: Any) -> Any:
        self.note("StartTransaction", fields)
        return ocpp.v16.call_result.StartTransaction(transaction_id=99, id_tag_info={"status": "Invalid"})

    @on("MeterValues")
    def meter_values(self, **fields: Any) -> Any:
        self.note("MeterValues", fields)
        return ocpp.v16.call_result.MeterValues()

    @on("StopTransaction")
    def stop_transaction(self, **fields: Any) -> Any:
        self.note("StopTransaction", fields)
        return ocpp.v16.call_result.StopTransaction()

    @on("DataTransfer")
    def data_transfer(self, **fields: Any) -> Any:
        self.note("DataTransfer", fields)
        return ocpp.v16.call_result.DataTransfer(status="Accepted", data="yes")


class Csms201(ocpp.v201.ChargePoint):
    """The same in 2.0.1."""

    heard: list[tuple[str, dict[str, Any]]]

    def note(self, action: str, fields: dict[str, Any]) -> None:
        self.heard.append((action, fields))

    @on("BootNotification")
    def boot(self, **fields: Any) -> Any:
        self.note("BootNotification", fields)
        return ocpp.v201.call_result.BootNotification(current_time=NOW, interval=1, status="Accepted")

    @on("Heartbeat")
    def beat(self, **_: Any) -> Any:
        self.note("Heartbeat", {})
        return ocpp.v201.call_result.Heartbeat(current_time=NOW)

    @on("StatusNotification")
    def status(self, **fields: Any) -> Any:
        self.note("StatusNotification", fields)
        return ocpp.v201.call_result.StatusNotification()

    @on("Authorize")
    def authorize(self, **fields: Any) -> Any:
        self.note("Authorize", fields)
        return ocpp.v201.call_result.Authorize(id_token_info={"status": "Blocked"})

    @on("TransactionEvent")
    def transaction_event(self, **fields: Any) -> Any:
        self.note("TransactionEvent", fields)
        info = {"status": "Invalid"} if "id_token" in fields else None
        return ocpp.v201.call_result.TransactionEvent(id_token_info=info)

    @on("MeterValues")
    def meter_values(self, **fields: Any) -> Any:
        self.note("MeterValues", fields)
        return ocpp.v201.call_result.MeterValues()

    @on("DataTransfer")
    def data_transfer(self, **fields: Any) -> Any:
        self.note("DataTransfer", fields)
        return ocpp.v201.call_result.DataTransfer(status="Accepted", data={"any": [1]})

    @on("NotifyReport")
    def notify_report(self, **fields: Any) -> Any:
        self.note("NotifyReport", fields)
        return ocpp.v201.call_result.NotifyReport()


@asynccontextmanager
async def connected(kind: type[Any], version: Version, charger: FakeCharger) -> AsyncIterator[tuple[Stand, Any]]:
    """A station of ours on a CSMS of theirs."""
    arrived: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def talk(socket: ServerConnection) -> None:
        peer = kind("CP 1", socket)
        peer.heard = []
        arrived.set_result(peer)
        await peer.start()

    async with serve(talk, "127.0.0.1", 0, subprotocols=[version]) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with stand(ScriptedCsms(), url=url, versions=[version], charger=charger) as one:
            yield one, await arrived


async def until(what: Callable[[], object], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not what():  # noqa: ASYNC110 - a foreign peer tells nobody what it heard
            await asyncio.sleep(0.01)


def actions(peer: Any) -> list[str]:
    """What was heard; of a report in several parts only the last."""
    return [action for action, fields in peer.heard if not (action == "NotifyReport" and fields.get("tbc"))]


def running() -> FakeCharger:
    tx = Transaction(
        id="tx-1",
        seq=1,
        started_utc_s=0.0,
        started_mono_s=0.0,
        start_energy_wh=0.0,
        charging=ChargingState.CHARGING,
        last_energy_wh=0.0,
    )
    return FakeCharger({1: Session(evse=1), 2: Session(evse=2, phase=Phase.CHARGING, tx=tx)})


async def whole_life(one: Stand, peer: Any, last: str) -> None:
    """Boot, statuses, heartbeat, a verdict, a transaction from start to end."""
    await until(lambda: "Heartbeat" in actions(peer))
    assert await one.station.authorize(TOKEN) == AuthInfo(AuthStatus.BLOCKED)
    one.tell(status(ConnectorStatus.CHARGING, 2), started(evse=2), updated(evse=2), idle_reading(1), ended(evse=2))
    await until(lambda: last in actions(peer))
    await until(lambda: not one.store.kept)
    assert one.store.dead == []
    assert one.charger.posted == [(2, Deauthorized("tx-1", AuthInfo(AuthStatus.INVALID), TOKEN, 0))]
    one.charger.posted.clear()


async def test_a_whole_life_in_1_6():
    async with connected(Csms16, Version.V16, running()) as (one, peer):
        await whole_life(one, peer, "StopTransaction")
        assert [f["connector_id"] for action, f in peer.heard if action == "StatusNotification"] == [0, 1, 2, 2]
        (stop,) = [f for action, f in peer.heard if action == "StopTransaction"]
        assert (stop["transaction_id"], stop["meter_stop"]) == (99, 8001)


async def test_the_csms_asks_in_1_6():
    async with connected(Csms16, Version.V16, running()) as (one, peer):
        await until(lambda: "StatusNotification" in actions(peer))
        one.tell(started(evse=2))
        await until(lambda: not one.store.kept)
        one.charger.posted.clear()
        ask: Callable[[Any], Awaitable[Any]] = peer.call
        assert (await ask(ocpp.v16.call.RemoteStartTransaction(id_tag="A"))).status == "Accepted"
        assert (await ask(ocpp.v16.call.RemoteStopTransaction(transaction_id=99))).status == "Accepted"
        assert (await ask(ocpp.v16.call.RemoteStopTransaction(transaction_id=1))).status == "Rejected"
        assert (await ask(ocpp.v16.call.Reset(type="Hard"))).status == "Accepted"
        await until(lambda: one.charger.resets)
        assert [(evse, type(event)) for evse, event in one.charger.posted] == [(1, RemoteStart), (2, StopRequested)]
        assert one.charger.resets == [(ResetKind.IMMEDIATE, None)]


async def test_a_whole_life_in_2_0_1():
    async with connected(Csms201, Version.V201, running()) as (one, peer):
        await whole_life(one, peer, "MeterValues")
        events = [f for action, f in peer.heard if action == "TransactionEvent"]
        assert [one["event_type"] for one in events] == ["Started", "Updated", "Ended"]
        assert [one["seq_no"] for one in events] == [0, 1, 2]
        assert "evse" in events[0]
        assert "evse" not in events[1]


async def test_the_csms_asks_in_2_0_1():
    async with connected(Csms201, Version.V201, running()) as (one, peer):
        await until(lambda: "StatusNotification" in actions(peer))
        call = ocpp.v201.call
        token = {"id_token": "A", "type": "Central"}
        start = await peer.call(call.RequestStartTransaction(id_token=token, remote_start_id=8))
        stop = await peer.call(call.RequestStopTransaction(transaction_id="tx-1"))
        reset = await peer.call(call.Reset(type="OnIdle"))
        state = await peer.call(call.GetTransactionStatus(transaction_id="tx-1"))
        assert [start.status, stop.status, reset.status] == ["Accepted", "Accepted", "Scheduled"]
        assert (state.ongoing_indicator, state.messages_in_queue) == (True, False)
        await until(lambda: one.charger.resets)
        assert [(evse, type(event)) for evse, event in one.charger.posted] == [(1, RemoteStart), (2, StopRequested)]


@pytest.mark.parametrize(("kind", "version"), [(Csms16, Version.V16), (Csms201, Version.V201)], ids=["1.6", "2.0.1"])
async def test_every_everyday_request_is_answered_as_their_schemas_want_it(kind: type[Any], version: Version):
    calls = ocpp.v16.call if version is Version.V16 else ocpp.v201.call
    async with connected(kind, version, everyday_charger()) as (one, peer):
        serve_vendor(one)
        statuses = 3 if version is Version.V16 else 2
        await until(lambda: actions(peer).count("StatusNotification") == statuses)
        for asked in asked_in(version):
            peer.heard.clear()
            response = await peer.call(getattr(calls, asked.action)(**camel_to_snake_case(asked.fields)))
            assert response is not None, asked  # what it answers with when it did not like the answer
            expected = camel_to_snake_case(asked.answer)
            assert {name: getattr(response, name) for name in expected} == expected, asked
            await until(lambda expected=asked.follows: [one for one in actions(peer) if one in expected] == [*expected])


@pytest.mark.parametrize(
    ("kind", "version", "data"),
    [(Csms16, Version.V16, "yes"), (Csms201, Version.V201, {"any": [1]})],
    ids=["1.6", "2.0.1"],
)
async def test_the_station_transfers_data(kind: type[Any], version: Version, data: object):
    async with connected(kind, version, running()) as (one, peer):
        await until(lambda: one.station.online)
        assert await one.station.transfer("com.example", "m", "x") == TransferAnswer(Verdict.ACCEPTED, data)
        assert ("DataTransfer", {"vendor_id": "com.example", "message_id": "m", "data": "x"}) in peer.heard
