from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from agent.ocpp.codec import Version
from agent.ocpp.v16 import wire as wire16
from csms.commands import ResetKind
from csms.database import Database
from csms.door import identity_of
from csms.faults import Fault
from csms.peers import MAX_UNANSWERED, PONG_TIMEOUT_S, CallFailedError
from csms.records import ChargerState, ConnectorStatus
from csms.server import Csms
from tests.csms.charger import RefusedError, charger
from tests.csms.running import (
    EPOCH_S,
    EVERY_VERSION,
    STARTED,
    register,
    running,
    stamp,
)

# Other messages


async def test_the_last_status_of_each_connector_is_kept(csms: Csms):
    async with charger(csms) as cp:
        for status, error in (("Preparing", "NoError"), ("Faulted", "GroundFailure")):
            await cp.call("StatusNotification", {"connectorId": 1, "status": status, "errorCode": error})
    async with charger(csms, version="ocpp2.0.1") as cp:
        status = {"timestamp": stamp(1), "connectorStatus": "Occupied", "evseId": 2, "connectorId": 1}
        await cp.call("StatusNotification", status)
    found = await csms.store.read(lambda db: db.connectors("CP1"))
    assert [(each.evse, each.connector, each.status, each.error) for each in found] == [
        (0, 1, "Faulted", "GroundFailure"),
        (2, 1, "Occupied", None),
    ]
    assert isinstance(found[0], ConnectorStatus)


async def test_readings_outside_a_transaction_are_kept(csms: Csms):
    async with charger(csms) as cp:
        meter_value = {"timestamp": stamp(15), "sampledValue": [{"value": "1"}]}
        await cp.call("MeterValues", {"connectorId": 1, "meterValue": [meter_value]})
    async with charger(csms, version="ocpp2.0.1") as cp:
        await cp.call("MeterValues", {"evseId": 1, "meterValue": [register(2, 30)]})
    readings = await csms.store.read(lambda db: db.readings("CP1"))
    assert [(each.at_utc_s - EPOCH_S, each.register_wh) for each in readings] == [(900, 1), (1_800, 2)]


@EVERY_VERSION
async def test_vendor_data_is_answered_with_unknown_vendor(csms: Csms, version: str):
    async with charger(csms, version=version) as cp:
        assert await cp.call("DataTransfer", {"vendorId": "ACME"}) == {"status": "UnknownVendorId"}


@EVERY_VERSION
async def test_what_a_csms_does_not_serve_is_refused_with_the_right_code(csms: Csms, version: str):
    async with charger(csms, version=version) as cp:
        with pytest.raises(RefusedError, match="NotSupported"):
            await cp.call("ClearCache", {})
        with pytest.raises(RefusedError, match="NotImplemented"):
            await cp.call("MakeCoffee", {})


@pytest.mark.parametrize(
    ("version", "frame", "answer"),
    [
        ("ocpp1.6", b"{", [4, "-1", "GenericError"]),
        ("ocpp2.0.1", b"{", [4, "-1", "RpcFrameworkError"]),
        ("ocpp2.0.1", b"\xff\xfe", [4, "-1", "RpcFrameworkError"]),
        ("ocpp2.1", b"[" * 100_000, [4, "-1", "RpcFrameworkError"]),
        ("ocpp2.0.1", b'[2,"9","Heartbeat",{"x":1}]', [4, "9", "FormatViolation"]),
        ("ocpp1.6", b'[2,"9","Authorize",{}]', [4, "9", "ProtocolError"]),
    ],
)
async def test_a_malformed_frame_is_answered_and_the_link_lives(
    csms: Csms, version: str, frame: bytes, answer: list[Any]
):
    async with charger(csms, version=version) as cp:
        assert (await cp.next_frame(frame))[:3] == answer
        assert await cp.call("Heartbeat", {})


async def test_answers_keep_the_order_of_the_calls(csms: Csms):
    csms.faults.add(Fault(action="Authorize", delay_s=5))
    async with charger(csms) as cp:
        first = asyncio.create_task(cp.call("Authorize", {"idTag": "DEADBEEF"}, "first"))
        await asyncio.sleep(1)
        second = asyncio.create_task(cp.call("Heartbeat", {}, "second"))
        await asyncio.gather(first, second)
        assert [frame[1] for frame in cp.frames] == ["first", "second"]


async def test_a_charger_that_floods_the_csms_with_calls_is_cut_off(csms: Csms):
    csms.faults.add(Fault(delay_s=60))
    async with charger(csms) as cp:
        calls = [asyncio.create_task(cp.call("Heartbeat", {})) for _ in range(MAX_UNANSWERED + 2)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert any(isinstance(result, ConnectionClosed) for result in results)
        assert cp.socket.close_reason == "too many calls at once"


# Calls to the charger


@EVERY_VERSION
async def test_the_operator_can_start_stop_and_reset(csms: Csms, version: str):
    async with charger(csms, version=version) as cp:
        for asked in (
            csms.remote_start("CP1", 2, "DEADBEEF"),
            csms.remote_stop("CP1", "17"),
            csms.reset("CP1", ResetKind.ON_IDLE),
        ):
            assert (await asked).status == "Accepted"  # type: ignore[attr-defined]
    start, stop, reset = cp.asked
    if version == "ocpp1.6":
        assert start == ("RemoteStartTransaction", {"connectorId": 2, "idTag": "DEADBEEF"})
        assert stop == ("RemoteStopTransaction", {"transactionId": 17})
        assert reset == ("Reset", {"type": "Soft"})
    else:
        token = {"idToken": "DEADBEEF", "type": "ISO14443"}
        expected = {"idToken": token, "evseId": 2, "remoteStartId": int(EPOCH_S)}
        assert start == ("RequestStartTransaction", expected)
        assert stop == ("RequestStopTransaction", {"transactionId": "17"})
        assert reset == ("Reset", {"type": "OnIdle"})


async def test_one_call_is_in_flight_and_the_charger_is_served_meanwhile(csms: Csms):
    async with charger(csms) as cp:
        cp.answers["RemoteStartTransaction"] = None
        first = asyncio.create_task(csms.remote_start("CP1", 1, "A"))
        second = asyncio.create_task(csms.remote_start("CP1", 2, "B"))
        await asyncio.sleep(10)
        assert len(cp.asked) == 1
        assert await cp.call("Heartbeat", {})
        await asyncio.sleep(25)
        assert len(cp.asked) == 2  # the first one's 30 s are over
        with pytest.raises(CallFailedError, match="not answered in time"):
            await first
        cp.answers.clear()
        with pytest.raises(CallFailedError, match="not answered in time"):
            await second
        assert (await csms.reset("CP1", ResetKind.IMMEDIATE)).status == "Accepted"  # type: ignore[attr-defined]


async def test_a_caller_who_gives_up_does_not_disturb_the_next(csms: Csms):
    async with charger(csms) as cp:
        cp.answers["Reset"] = None
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await csms.reset("CP1", ResetKind.IMMEDIATE)
        assert (await csms.remote_start("CP1", 1, "A")).status == "Accepted"  # type: ignore[attr-defined]
        assert asyncio.get_running_loop().time() >= 30


async def test_the_operator_learns_why_there_is_no_answer(csms: Csms):
    with pytest.raises(CallFailedError, match="CP1 is not connected"):
        await csms.remote_stop("CP1", "1")
    async with charger(csms) as cp:
        cp.answers["Reset"] = {"status": "Perhaps"}
        with pytest.raises(CallFailedError, match="PropertyConstraintViolation"):
            await csms.reset("CP1", ResetKind.IMMEDIATE)
        cp.answers["Reset"] = None
        asked = asyncio.create_task(csms.reset("CP1", ResetKind.IMMEDIATE))
        await asyncio.sleep(1)
    with pytest.raises(CallFailedError, match="the charger has gone"):
        await asked


async def test_a_defect_of_ours_ends_the_link_and_leaves_nobody_waiting(
    csms: Csms, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async with charger(csms) as cp:
        cp.answers["Reset"] = None
        asked = asyncio.create_task(csms.reset("CP1", ResetKind.IMMEDIATE))
        await asyncio.sleep(1)
        monkeypatch.setattr(csms._office, "judge", None)
        with pytest.raises(ConnectionClosed):
            await cp.call("Authorize", {"idTag": "DEADBEEF"})
        assert cp.socket.close_code == 1011
        with pytest.raises(CallFailedError, match="the charger has gone"):
            await asked
    assert "connection handler failed" in caplog.text
    async with charger(csms) as cp:
        assert await cp.boot()


async def test_passwords_sent_to_a_charger_do_not_stand_in_the_log(csms: Csms):
    async with charger(csms):
        await csms.call("CP1", wire16.ChangeConfigurationRequest(key="AuthorizationKey", value="s3cret-s3cret-s3cret"))
    log = await csms.store.read(lambda db: db.frames("CP1"))
    assert any("ChangeConfiguration" in each.frame for each in log)
    assert not any("s3cret" in each.frame for each in log)


# Connecting


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(["ocpp2.0.1", "ocpp1.6"], "ocpp2.0.1"), (["ocpp1.6", "ocpp2.1"], "ocpp1.6"), (["ocpp1.2", "ocpp2.1"], "ocpp2.1")],
)
async def test_the_chargers_first_choice_of_version_that_we_have_is_taken(csms: Csms, offered: list[str], chosen: str):
    async with charger(csms, subprotocols=offered) as cp:
        assert cp.socket.subprotocol == chosen


@pytest.mark.parametrize("offered", [["ocpp1.2"], None])
async def test_without_a_common_version_the_handshake_is_completed_and_the_link_closed(csms: Csms, offered: Any):
    async with charger(csms, subprotocols=offered) as cp:
        await cp.socket.wait_closed()
        assert cp.socket.subprotocol is None
        assert cp.socket.close_reason == "no OCPP version in common"


async def test_a_csms_may_be_limited_to_one_version():
    async with running(versions=[Version.V16]) as csms, charger(csms, subprotocols=["ocpp2.0.1", "ocpp1.6"]) as cp:
        assert cp.socket.subprotocol == "ocpp1.6"


@pytest.mark.parametrize(
    ("path", "identity"),
    [
        ("/CP1", "CP1"),
        ("/a/b/CP1?x=y", "CP1"),
        ("/ocpp/Gar%C3%A4ge%20%231", "Garäge #1"),
        ("/ocpp/a%2Fb", "a/b"),
        ("/", None),
        ("/ocpp/", None),
        ("/a%3Ab", None),
        ("/a%0Ab", None),
        ("/%FF", None),
        ("/" + "x" * 49, None),
    ],
)
def test_the_identity_is_the_last_part_of_the_path_percent_decoded(path: str, identity: str | None):
    assert identity_of(path) == identity


async def test_a_path_without_an_identity_is_not_found(csms: Csms):
    with pytest.raises(InvalidStatus, match="404"):
        await connect(f"ws://127.0.0.1:{csms.port}/", subprotocols=["ocpp1.6"], proxy=None)


def basic(user: str, password: bytes) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(user.encode() + b":" + password).decode()}


@pytest.mark.req("A00.FR.207")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("CP1", b"wrong"),
        basic("CP2", b"a:pass\xff"),
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer a:pass"},
        [*basic("CP1", b"a:pass\xff").items()] * 2,
    ],
)
async def test_a_charger_with_a_password_connects_with_nothing_else(csms: Csms, headers: Any):
    csms.set_password("CP1", b"a:pass\xff")
    with pytest.raises(InvalidStatus, match="401"):
        async with charger(csms, additional_headers=headers):
            pass
    async with charger(csms, additional_headers=basic("CP1", b"a:pass\xff")) as cp:
        assert await cp.boot()


async def test_a_second_connection_never_displaces_a_live_one(csms: Csms):
    async with charger(csms) as cp:
        await cp.boot()
        async with charger(csms) as intruder:
            await intruder.socket.wait_closed()
            assert intruder.socket.close_code == 1008
            assert intruder.socket.close_reason == "this identity is connected already"
        assert await cp.call("Heartbeat", {})
        await csms.remote_start("CP1", 1, "DEADBEEF")
        assert cp.asked
    await asyncio.sleep(1)
    assert csms.online == frozenset()


async def test_nor_does_one_with_the_right_password(csms: Csms):
    csms.set_password("CP1", "correct horse")
    headers = basic("CP1", b"correct horse")
    async with charger(csms, additional_headers=headers) as cp, charger(csms, additional_headers=headers) as intruder:
        await intruder.socket.wait_closed()
        assert await cp.call("Heartbeat", {})


async def test_a_dead_connection_gives_way_within_seconds(csms: Csms):
    loop = asyncio.get_running_loop()
    async with charger(csms) as dead:
        dead.socket.transport.pause_reading()  # as if its power had been cut
        began_s = loop.time()
        async with charger(csms) as cp:
            await cp.boot()
            assert PONG_TIMEOUT_S <= loop.time() - began_s < PONG_TIMEOUT_S + 1
            assert csms.online == {"CP1"}
            await csms.remote_start("CP1", 1, "DEADBEEF")
            assert cp.asked
        dead.socket.transport.resume_reading()


async def test_of_two_that_want_to_follow_a_dead_connection_one_gets_through(csms: Csms):
    async with charger(csms) as dead:
        dead.socket.transport.pause_reading()
        async with charger(csms) as one, charger(csms) as other:
            results = await asyncio.gather(one.boot(), other.boot(), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["ConnectionClosedError", "dict"]
        dead.socket.transport.resume_reading()


async def test_what_came_before_the_connection_broke_is_stored(csms: Csms):
    async with charger(csms, version="ocpp2.0.1") as cp:
        call = asyncio.create_task(cp.call("TransactionEvent", STARTED))
        await asyncio.sleep(0)
        await cp.close()
        with pytest.raises(ConnectionClosed):
            await call
    assert len(await csms.sessions()) == 1


async def test_a_stop_of_the_csms_loses_nothing(tmp_path: Path):
    async with running(tmp_path / "csms.db", accept_all=True) as csms, charger(csms, version="ocpp2.0.1") as cp:
        await cp.boot()
        await cp.call("TransactionEvent", STARTED)
    database = Database(tmp_path / "csms.db")
    assert [row.tx for row in database.sessions()] == ["T1"]
    ((found,), _, _) = database.load()
    assert found.state is ChargerState.ACCEPTED
    database.close()
