"""The station against a scripted CSMS, over WebSockets, in virtual time."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from agent.core.events import Deauthorized, RemoteStart, StopRequested
from agent.core.session import Phase, Session
from agent.core.values import (
    AuthInfo,
    AuthStatus,
    ConnectorStatus,
    IdToken,
    Scope,
    StopReason,
    Trigger,
)
from agent.ocpp.charger import ResetKind
from agent.ocpp.codec import Version
from agent.ocpp.dialect import BootReason
from agent.ocpp.outbox import StoredFact
from agent.ocpp.settings.link import HEARTBEAT_INTERVAL, OFFLINE_THRESHOLD, WEBSOCKET_PING_INTERVAL
from agent.runtime.journal import FILE_NAME, Journal
from agent.runtime.records import AddFact
from tests.agent.ocpp.scripted_csms import BOOT_ACCEPTED, HANG_UP, SILENCE, Refuse, ScriptedCsms
from tests.agent.ocpp.stand import (
    EPOCH_S,
    TOKEN,
    FakeCharger,
    MemoryStore,
    Stand,
    ended,
    open_tx,
    quick_retries,
    settled,
    stand,
    started,
    status,
    updated,
)

PENDING = BOOT_ACCEPTED | {"status": "Pending", "interval": 20}
REJECTED = BOOT_ACCEPTED | {"status": "Rejected", "interval": 100}


def session(evse: int = 1, **more: object) -> Session:
    return replace(Session(evse=evse), **more)


# Boot


@pytest.mark.req("B01.FR.05")
async def test_after_the_boot_every_connector_is_reported_and_then_heartbeats_come_at_the_interval_of_the_answer():
    csms = ScriptedCsms()
    async with stand(csms) as one:
        await csms.heard_of("Heartbeat", 3)
        assert csms.actions[:4] == ["BootNotification", *["StatusNotification"] * 3]
        assert [call.payload["connectorId"] for call in csms.calls("StatusNotification")] == [0, 1, 2]
        beats = csms.calls("Heartbeat")
        assert beats[1].at_s - beats[0].at_s == pytest.approx(300.0, abs=0.1)
        assert one.charger.times_utc_s[:2] == [EPOCH_S, EPOCH_S]
        assert one.settings.get(HEARTBEAT_INTERVAL) == 300


async def test_a_heartbeat_interval_that_the_csms_writes_holds_at_once():
    csms = ScriptedCsms()
    async with stand(csms) as one:
        await one.accepted()
        one.settings.set(HEARTBEAT_INTERVAL, 10)
        changed_at_s = asyncio.get_running_loop().time()
        (beat,) = await csms.heard_of("Heartbeat")
        assert beat.at_s - changed_at_s == pytest.approx(10.0, abs=0.1)


@pytest.mark.behaviour(8)
@pytest.mark.req("B02.FR.02")
@pytest.mark.req("B02.FR.08")
async def test_while_pending_nothing_is_sent_but_the_next_boot_after_the_interval():
    csms = ScriptedCsms(answers={"BootNotification": [PENDING, PENDING, BOOT_ACCEPTED]})
    async with stand(csms) as one:
        await csms.heard_of("BootNotification")
        one.tell(started(), status(ConnectorStatus.CHARGING))
        assert not one.station.online
        assert await one.station.authorize(TOKEN) is None
        boots = await csms.heard_of("BootNotification", 3)
        assert boots[1].at_s - boots[0].at_s == pytest.approx(20.0, abs=0.1)
        assert csms.actions == ["BootNotification"] * 3
        await csms.heard_of("StartTransaction")


@pytest.mark.behaviour(8)
@pytest.mark.req("B02.FR.05")
async def test_while_pending_a_remote_start_is_answered_with_rejected_and_starts_nothing():
    csms = ScriptedCsms(versions=("ocpp2.0.1",), answers={"BootNotification": PENDING})
    async with stand(csms, versions=[Version.V201]) as one:
        await csms.heard_of("BootNotification")
        await settled()
        asked = {"remoteStartId": 1, "idToken": {"idToken": "A", "type": "Central"}, "evseId": 1}
        reply = await csms.call("RequestStartTransaction", asked)
        assert reply == [3, "c1", {"status": "Rejected"}]
        assert one.charger.posted == []


@pytest.mark.behaviour(8)
@pytest.mark.req("B03.FR.08")
async def test_while_rejected_2_0_1_answers_calls_with_a_security_error():
    csms = ScriptedCsms(versions=("ocpp2.0.1",), answers={"BootNotification": REJECTED})
    async with stand(csms, versions=[Version.V201]):
        await csms.heard_of("BootNotification")
        await settled()
        reply = await csms.call("Reset", {"type": "Immediate"})
        assert reply[:3] == [4, "c1", "SecurityError"]


@pytest.mark.behaviour(8)
async def test_while_rejected_1_6_answers_nothing_and_boots_again_after_the_interval():
    csms = ScriptedCsms(answers={"BootNotification": REJECTED})
    async with stand(csms) as one:
        await csms.heard_of("BootNotification")
        await settled()
        with pytest.raises(TimeoutError):
            await csms.call("Reset", {"type": "Soft"})
        boots = await csms.heard_of("BootNotification", 2)
        assert boots[1].at_s - boots[0].at_s == pytest.approx(100.0, abs=0.1)
        assert one.charger.resets == []


@pytest.mark.behaviour(9)
@pytest.mark.parametrize("first", [Refuse("InternalError"), SILENCE], ids=["CALLERROR", "no answer"])
async def test_a_boot_that_fails_is_tried_again(first: object):
    csms = ScriptedCsms(answers={"BootNotification": [first, BOOT_ACCEPTED]})
    async with stand(csms) as one:
        await one.accepted()
        assert csms.actions[:3] == ["BootNotification", "BootNotification", "StatusNotification"]


@pytest.mark.req("B02.FR.04")
async def test_the_interval_of_a_boot_answer_holds_across_a_reconnect():
    csms = ScriptedCsms(answers={"BootNotification": [BOOT_ACCEPTED | {"status": "Pending", "interval": 500}]})
    async with stand(csms):
        (first,) = await csms.heard_of("BootNotification")
        await settled()
        await csms.hang_up()
        boots = await csms.heard_of("BootNotification", 2)
        assert len(csms.handshakes) == 2
        assert boots[1].at_s - first.at_s == pytest.approx(500.0, abs=0.1)


# Reconnect


@pytest.mark.behaviour(11)
@pytest.mark.req("B04.FR.02")
async def test_a_short_offline_time_brings_no_second_boot_and_only_the_statuses_that_changed():
    csms = ScriptedCsms()
    async with stand(csms) as one:
        await one.accepted()
        csms.heard.clear()
        await csms.hang_up()
        one.tell(status(ConnectorStatus.PREPARING, 2), status(ConnectorStatus.CHARGING, 2))
        one.tell(status(ConnectorStatus.PREPARING, 1), status(ConnectorStatus.AVAILABLE, 1))
        await csms.heard_of("StatusNotification")
        await settled(5)
        assert [(call.action, call.payload["connectorId"], call.payload["status"]) for call in csms.heard] == [
            ("StatusNotification", 2, "Charging")
        ]
        assert one.store.kept == {}


@pytest.mark.behaviour(11)
@pytest.mark.req("B04.FR.01")
async def test_after_a_long_offline_time_every_connector_is_reported():
    csms = ScriptedCsms()
    async with stand(csms, start_values={OFFLINE_THRESHOLD.key: "5"}) as one:
        await one.accepted()
        csms.heard.clear()
        await csms.hang_up()
        await csms.heard_of("StatusNotification", 3)
        assert csms.actions == ["StatusNotification"] * 3


async def test_the_csms_that_comes_back_in_another_version_is_booted_anew_and_gets_the_queue():
    csms = ScriptedCsms(versions=("ocpp1.6",))
    both = [Version.V201, Version.V16]
    async with stand(csms, versions=both) as one:
        await one.accepted()
        await csms.stop()
        one.tell(started(), ended())
        csms.heard.clear()
        csms.versions = ("ocpp2.0.1",)
        await csms.start(csms.port)
        await csms.heard_of("TransactionEvent", 2)
        assert csms.actions[0] == "BootNotification"
        assert "chargingStation" in csms.heard[0].payload
        assert [one.payload["eventType"] for one in csms.calls("TransactionEvent")] == ["Started", "Ended"]


# Delivery


@pytest.mark.behaviour(1)
@pytest.mark.req("E04.FR.02")
@pytest.mark.octt("TC_037_1_CS")
async def test_an_offline_start_precedes_its_stop_after_the_reconnect():
    csms = ScriptedCsms()
    async with stand(csms, url="ws://127.0.0.1:9/none") as one:
        one.tell(started(), updated(), ended())
        await settled(30)
        store = one.store
    async with stand(csms, store=store):  # rebooted meanwhile
        await csms.heard_of("StopTransaction")
        told = [one for one in csms.heard if one.action in {"StartTransaction", "MeterValues", "StopTransaction"}]
        assert [one.action for one in told] == ["StartTransaction", "MeterValues", "StopTransaction"]
        assert [one.payload.get("transactionId") for one in told] == [None, 7, 7]
        await settled()
        assert store.kept == {}


@pytest.mark.behaviour(2)
async def test_the_number_of_a_transaction_survives_a_reboot_between_start_and_stop():
    csms = ScriptedCsms(answers={"StartTransaction": {"transactionId": 4711, "idTagInfo": {"status": "Accepted"}}})
    store = MemoryStore()
    async with stand(csms, store=store) as one:
        one.tell(started())
        await csms.heard_of("StartTransaction")
        await settled()
    async with stand(csms, store=store) as one:
        await one.accepted()
        one.tell(ended())
        (stop,) = await csms.heard_of("StopTransaction")
        assert stop.payload["transactionId"] == 4711


@pytest.mark.behaviour(1)
async def test_a_real_journal_carries_queue_and_number_over_a_restart(tmp_path: Path):
    csms = ScriptedCsms(answers={"StartTransaction": {"transactionId": 12, "idTagInfo": {"status": "Accepted"}}})
    url = await csms.start()
    journal = Journal.open(tmp_path / FILE_NAME)
    async with stand(csms, url=url, store=journal) as one:
        one.tell(started())
        (first,) = await csms.heard_of("StartTransaction")
        await settled()
        await csms.stop()
        one.tell(updated(), ended())
        await settled()
    await journal.close()
    await csms.start(csms.port)
    journal = Journal.open(tmp_path / FILE_NAME)
    async with stand(csms, url=url, store=journal):
        (stop,) = await csms.heard_of("StopTransaction")
        assert [call.payload["transactionId"] for call in [*csms.calls("MeterValues"), stop]] == [12, 12]
        await settled()
        assert len(csms.calls("StartTransaction")) == 1
        assert first.id not in {call.id for call in csms.heard if call is not first}
    await journal.close()
    journal = Journal.open(tmp_path / FILE_NAME)
    assert journal.facts() == []
    await journal.close()
    await csms.stop()


@pytest.mark.behaviour(3)
async def test_no_second_stop_after_a_reboot():
    csms = ScriptedCsms()
    store = MemoryStore()
    async with stand(csms, store=store) as one:
        one.tell(started(), ended())
        await csms.heard_of("StopTransaction")
        await settled()
    async with stand(csms, store=store) as one:
        await one.accepted()
        await settled(100)
        assert len(csms.calls("StopTransaction")) == 1
    urgent = [within_s for operations, within_s in store.commits if "RemoveFact" in str(operations)]
    assert urgent == [0.0, 0.0]  # on stable storage before anything else may happen


async def test_an_acknowledgement_that_was_lost_is_asked_for_again_under_the_same_message_id():
    csms = ScriptedCsms(
        answers={"StartTransaction": [HANG_UP, {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}]}
    )
    async with stand(csms, start_values=quick_retries(attempts=1)) as one:
        one.tell(started(), ended())
        first, second = await csms.heard_of("StartTransaction", 2)
        assert first.id == second.id
        assert first.payload == second.payload
        await csms.heard_of("StopTransaction")
        await settled()
        assert one.store.dead == []


@pytest.mark.behaviour(4)
@pytest.mark.req("E13.FR.03")
async def test_a_call_error_counts_as_an_attempt_and_the_wait_grows_with_the_attempts():
    csms = ScriptedCsms(answers={"StartTransaction": Refuse("InternalError")})
    async with stand(csms, start_values=quick_retries(3, 60)) as one:
        one.tell(started(), ended())
        (stop,) = await csms.heard_of("StopTransaction")
        tries = csms.calls("StartTransaction")
        assert [round(b.at_s - a.at_s) for a, b in itertools.pairwise(tries)] == [60, 120]
        assert len({call.id for call in tries}) == 1
        assert stop.payload["transactionId"] == -1  # errata 3.18
        await settled()
        assert [letter.stored.fact for letter in one.store.dead] == [started()]
        assert "InternalError" in one.store.dead[0].why


@pytest.mark.behaviour(4)
async def test_a_call_that_is_not_answered_on_a_living_connection_counts_as_an_attempt():
    csms = ScriptedCsms(answers={"StopTransaction": SILENCE})
    async with stand(csms, start_values=quick_retries(2, 10)) as one:
        one.tell(started(), ended(), started("tx-2"))
        await csms.heard_of("StartTransaction", 2)
        assert len(csms.calls("StopTransaction")) == 2
        assert len(csms.handshakes) == 1
        assert [letter.stored.fact for letter in one.store.dead] == [ended()]


async def test_a_call_that_dies_with_a_half_open_link_counts_no_attempt():
    csms = ScriptedCsms()
    no_pings = {WEBSOCKET_PING_INTERVAL.key: "0"}
    async with stand(csms, start_values=quick_retries(attempts=1) | no_pings) as one:
        await one.accepted()
        assert csms.socket is not None
        csms.socket.transport.pause_reading()
        one.tell(started())
        await csms.heard_of("StartTransaction")
        assert len(csms.handshakes) == 2
        assert one.store.dead == []


@pytest.mark.behaviour(6)
@pytest.mark.req("E04.FR.03")
async def test_what_was_recorded_just_before_the_link_was_lost_but_offered_after_it_is_offline():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, versions=[Version.V201]) as one:
        await one.accepted()
        await csms.hang_up()
        await settled()
        assert not one.station.online
        stored = StoredFact(9000, 1, started(), offline=False)
        one.store.commit(AddFact(stored))
        one.station.offer(stored)
        (event,) = await csms.heard_of("TransactionEvent")
        assert event.payload["offline"] is True


async def test_statuses_go_out_while_a_transaction_message_waits_for_its_retry():
    csms = ScriptedCsms(answers={"StartTransaction": Refuse("InternalError")})
    async with stand(csms) as one:
        await one.accepted()
        one.tell(started(), status(ConnectorStatus.CHARGING))
        await csms.until(
            lambda: csms.actions[-1] == "StatusNotification" and csms.heard[-1].payload["connectorId"] == 1
        )
        assert csms.heard[-1].at_s < 10
        assert len(csms.calls("StartTransaction")) == 1


async def test_a_fact_that_this_version_cannot_say_becomes_a_dead_letter_and_the_next_goes_out():
    csms = ScriptedCsms()
    async with stand(csms) as one:
        await one.accepted()
        one.tell(started(token=IdToken("x" * 30)), started("tx-2"))
        (only,) = await csms.heard_of("StartTransaction")
        assert only.payload["idTag"] == TOKEN.value
        assert "ocpp1.6" in one.store.dead[0].why


async def test_the_same_status_is_not_told_twice():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, versions=[Version.V201]) as one:
        await one.accepted()
        csms.heard.clear()
        one.tell(status(ConnectorStatus.PREPARING), status(ConnectorStatus.CHARGING), status(ConnectorStatus.FINISHING))
        one.tell(status(ConnectorStatus.AVAILABLE))
        await settled(5)
        assert [call.payload["connectorStatus"] for call in csms.heard] == ["Occupied", "Available"]


# Verdicts


@pytest.mark.behaviour(21)
@pytest.mark.req("E05.FR.02")
@pytest.mark.parametrize("version", [Version.V16, Version.V201])
async def test_a_verdict_that_is_not_accepted_is_posted_to_the_evse(version: Version):
    answers = {
        "StartTransaction": {"transactionId": 1, "idTagInfo": {"status": "Blocked", "parentIdTag": "fleet"}},
        "TransactionEvent": {
            "idTokenInfo": {"status": "Blocked", "groupIdToken": {"idToken": "fleet", "type": "Central"}}
        },
    }
    csms = ScriptedCsms(versions=(version,), answers=answers)
    async with stand(csms, versions=[version]) as one:
        one.tell(started(evse=2))
        await settled(5)
        blocked = AuthInfo(AuthStatus.BLOCKED, "fleet")
        assert one.charger.posted == [(2, Deauthorized("tx-1", blocked, IdToken("04AABBCC"), 0))]
        assert one.learnt == [(TOKEN, blocked)]


async def test_an_accepted_verdict_is_learnt_and_stops_nothing():
    csms = ScriptedCsms()
    async with stand(csms) as one:
        one.tell(started())
        await settled(5)
        assert one.charger.posted == []
        assert one.learnt == [(TOKEN, AuthInfo(AuthStatus.ACCEPTED))]


async def test_authorize_brings_the_csms_verdict():
    answer = {"idTagInfo": {"status": "Expired", "expiryDate": "2026-01-01T01:00:00+01:00"}}
    csms = ScriptedCsms(answers={"Authorize": [answer, Refuse("InternalError"), HANG_UP]})
    async with stand(csms) as one:
        assert await one.station.authorize(TOKEN) is None  # not connected yet
        await one.accepted()
        assert await one.station.authorize(TOKEN) == AuthInfo(AuthStatus.EXPIRED, expires_utc_s=EPOCH_S)
        assert await one.station.authorize(TOKEN) is None
        assert await one.station.authorize(TOKEN) is None
        assert not one.station.online


async def test_a_caller_that_gives_up_waiting_does_not_break_the_next_call():
    csms = ScriptedCsms(answers={"Authorize": SILENCE})
    async with stand(csms) as one:
        await one.accepted()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await one.station.authorize(TOKEN)
        one.tell(started())
        (start,) = await csms.heard_of("StartTransaction")
        assert start.at_s > 30  # one CALL in flight: only after the first one's time-out


# The CSMS asks


async def remote_start(one: Stand, evse: int | None, tag: str = "A") -> str:
    asked = {"idTag": tag} | ({} if evse is None else {"connectorId": evse})
    reply = await one.csms.call("RemoteStartTransaction", asked)
    status: str = reply[2]["status"]
    return status


@pytest.mark.req("F01.FR.23")
@pytest.mark.parametrize(
    "occupied",
    [
        session(inoperative=frozenset({Scope.EVSE})),
        session(status=ConnectorStatus.FAULTED),
        session(status=ConnectorStatus.UNAVAILABLE),
        session(phase=Phase.CHARGING, tx=open_tx()),
        session(phase=Phase.STOPPING),
    ],
    ids=["inoperative", "faulted", "unavailable", "charging", "stopping"],
)
async def test_a_remote_start_where_nobody_can_charge_is_rejected(occupied: Session):
    async with stand(ScriptedCsms(), charger=FakeCharger({1: occupied})) as one:
        await one.accepted()
        assert await remote_start(one, 1) == "Rejected"
        assert await remote_start(one, None) == "Rejected"
        assert await remote_start(one, 9) == "Rejected"
        assert one.charger.posted == []


async def test_a_remote_start_without_an_evse_goes_where_a_car_waits():
    charger = FakeCharger({1: session(1), 2: session(2, phase=Phase.CONNECTED)})
    async with stand(ScriptedCsms(), charger=charger) as one:
        await one.accepted()
        assert await remote_start(one, None) == "Accepted"
        await settled()
        ((evse, event),) = one.charger.posted
        assert evse == 2
        assert isinstance(event, RemoteStart)
        assert (event.token.value, event.remote_start_id, event.authorize) == ("A", None, False)


@pytest.mark.req("F01.FR.13")
async def test_a_remote_start_names_the_unauthorised_transaction_that_it_continues():
    charger = FakeCharger({1: session(phase=Phase.CONNECTED, tx=open_tx("tx-9"))})
    csms = ScriptedCsms(versions=("ocpp2.1",))
    async with stand(csms, versions=[Version.V21], charger=charger) as one:
        await one.accepted()
        asked = {"remoteStartId": 5, "idToken": {"idToken": "A", "type": "Central"}, "evseId": 1}
        assert await csms.call("RequestStartTransaction", asked) == [
            3,
            "c1",
            {"status": "Accepted", "transactionId": "tx-9"},
        ]


@pytest.mark.behaviour(2)
async def test_a_remote_stop_finds_the_transaction_by_the_csms_number_even_when_it_gave_the_number_twice():
    csms = ScriptedCsms()
    charger = FakeCharger({1: session(1), 2: session(2, phase=Phase.CHARGING, tx=open_tx("tx-2"))})
    async with stand(csms, charger=charger) as one:
        one.tell(started("tx-1"), started("tx-2", evse=2))
        await csms.heard_of("StartTransaction", 2)
        await settled()
        assert (await csms.call("RemoteStopTransaction", {"transactionId": 8}))[2]["status"] == "Rejected"
        assert (await csms.call("RemoteStopTransaction", {"transactionId": 7}))[2]["status"] == "Accepted"
        await settled()
        assert one.charger.posted == [(2, StopRequested(Trigger.REMOTE_STOP, StopReason.REMOTE))]


@pytest.mark.behaviour(13)
async def test_a_reset_is_answered_before_it_happens():
    csms = ScriptedCsms()
    async with stand(csms) as one:
        await one.accepted()
        order: list[str] = []
        real = one.charger.reset
        one.charger.reset = lambda kind, evse=None: (order.append("reset"), real(kind, evse))[1]  # type: ignore[method-assign]
        link = one.station._calls._link  # type: ignore[union-attr]
        send = link.send

        async def seen(frame: str) -> None:
            await send(frame)
            order.append(json.loads(frame)[2]["status"])

        link.send = seen  # type: ignore[method-assign]
        await csms.call("Reset", {"type": "Hard"})
        await settled()
        assert order == ["Accepted", "reset"]
        assert one.charger.resets == [(ResetKind.IMMEDIATE, None)]


@pytest.mark.req("B12.FR.01")
async def test_an_on_idle_reset_during_a_transaction_is_scheduled_and_the_next_boot_says_so():
    store = MemoryStore()
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    charger = FakeCharger({1: session(phase=Phase.CHARGING, tx=open_tx())})
    async with stand(csms, versions=[Version.V201], store=store, charger=charger) as one:
        await one.accepted()
        assert (await csms.call("Reset", {"type": "OnIdle"}))[2] == {"status": "Scheduled"}
        assert (await csms.call("Reset", {"type": "OnIdle", "evseId": 3}))[2] == {"status": "Rejected"}
        await settled()
        assert one.charger.resets == [(ResetKind.ON_IDLE, None)]
    csms.heard.clear()
    async with stand(csms, versions=[Version.V201], store=store) as one:
        await one.accepted()
        assert csms.calls("BootNotification")[0].payload["reason"] == "ScheduledReset"
        assert "ocpp.boot_reason" not in store.metas


@pytest.mark.req("E14.FR.02")
async def test_the_status_of_a_transaction_says_what_is_still_to_be_delivered():
    csms = ScriptedCsms(versions=("ocpp2.0.1",), answers={"TransactionEvent": Refuse("InternalError")})
    charger = FakeCharger({1: session(phase=Phase.CHARGING, tx=open_tx("tx-1"))})
    async with stand(csms, versions=[Version.V201], charger=charger) as one:
        await one.accepted()
        one.tell(started())
        await settled()
        ask = "GetTransactionStatus"
        assert (await csms.call(ask, {}))[2] == {"messagesInQueue": True}
        assert (await csms.call(ask, {"transactionId": "tx-1"}))[2] == {
            "messagesInQueue": True,
            "ongoingIndicator": True,
        }
        assert (await csms.call(ask, {"transactionId": "old"}))[2] == {
            "messagesInQueue": False,
            "ongoingIndicator": False,
        }


async def test_the_station_answers_while_a_call_of_its_own_waits():
    csms = ScriptedCsms(answers={"Authorize": SILENCE})
    async with stand(csms) as one:
        await one.accepted()
        asking = asyncio.ensure_future(one.station.authorize(TOKEN))
        await csms.heard_of("Authorize")
        assert await remote_start(one, 1) == "Accepted"
        assert not asking.done()
        assert await asking is None


async def test_a_fault_of_ours_costs_the_answer_and_not_the_connection():
    csms = ScriptedCsms()
    async with stand(csms) as one:
        await one.accepted()
        one.charger.session = lambda evse: one.charger.sessions[evse + 100]  # type: ignore[method-assign]
        reply = await csms.call("RemoteStartTransaction", {"idTag": "A"})
        assert reply[:3] == [4, "c1", "InternalError"]
        assert one.station.online


async def test_a_csms_that_names_an_absurd_heartbeat_interval_stops_nothing():
    csms = ScriptedCsms(answers={"BootNotification": BOOT_ACCEPTED | {"interval": 2**62}})
    async with stand(csms) as one:
        one.tell(started())
        await csms.heard_of("StartTransaction")
        assert not one.task.done()


@pytest.mark.parametrize(("action", "code"), [("Authorize", "NotSupported"), ("MakeCoffee", "NotImplemented")], ids=str)
async def test_what_is_not_served_is_refused_by_name(action: str, code: str):
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        reply = await one.csms.call(action, {})
        assert reply[:3] == [4, "c1", code]


async def test_a_status_shorter_than_the_minimum_duration_is_not_reported():
    csms = ScriptedCsms()
    async with stand(csms, start_values={"MinimumStatusDuration": "10"}) as one:
        await one.accepted()
        await settled(1)
        begun = len(csms.calls("StatusNotification"))
        one.tell(status(ConnectorStatus.PREPARING))
        await settled(5)
        one.tell(status(ConnectorStatus.CHARGING))
        await settled(9)
        assert len(csms.calls("StatusNotification")) == begun
        await settled(2)
        assert [call.payload["status"] for call in csms.calls("StatusNotification")[begun:]] == ["Charging"]


@pytest.mark.req("B01.FR.06")
@pytest.mark.parametrize(("sources", "believed"), [("NTP,Heartbeat", True), ("NTP", False)])
async def test_the_csms_s_time_is_only_believed_where_it_is_a_source(sources: str, believed: bool):
    async with stand(ScriptedCsms(), start_values={"ClockCtrlr.TimeSource": sources}) as one:
        await one.accepted()
        assert bool(one.charger.times_utc_s) is believed


@pytest.mark.req("B01.FR.09")
async def test_a_boot_says_why_and_one_without_a_start_that_it_does_not_know():
    csms = ScriptedCsms(versions=("ocpp2.0.1",), answers={"Heartbeat": Refuse("SecurityError")})
    one_life = {"versions": [Version.V201], "started": BootReason.APPLICATION_RESET}
    async with stand(csms, **one_life, start_values={"HeartbeatInterval": "100"}):
        first, again = await csms.heard_of("BootNotification", 2)
        assert (first.payload["reason"], again.payload["reason"]) == ("ApplicationReset", "Unknown")
