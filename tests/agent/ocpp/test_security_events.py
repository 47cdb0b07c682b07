"""SecurityEventNotification in every version: guaranteed, in nobody's way, with the stamp of when it happened."""

from __future__ import annotations

from typing import Any

import pytest

from agent.core.facts import SecurityEvent
from agent.core.security import SecurityEventKind
from agent.ocpp.codec import Version
from agent.ocpp.outbox import MAX_SECURITY_EVENTS, GivenUp, Outbox, Retry, StoredFact
from agent.ocpp.rpc import MAX_FRAME_BYTES
from agent.ocpp.station import Station
from tests.agent.ocpp.scripted_csms import SILENCE, Refuse, ScriptedCsms
from tests.agent.ocpp.stand import EPOCH_S, MemoryStore, quick_retries, settled, stand, started

VERSIONS = [Version.V16, Version.V201, Version.V21]


def event(kind: SecurityEventKind = SecurityEventKind.TAMPER, info: str = "lid", at_s: float = 0.0) -> SecurityEvent:
    return SecurityEvent(at_utc_s=EPOCH_S + at_s, kind=kind, info=info)


def given(version: Version) -> dict[str, Any]:
    return {"versions": [version], "start_values": quick_retries()}


@pytest.mark.req("A04.FR.01", "A04.FR.02")
@pytest.mark.parametrize("version", VERSIONS)
async def test_an_event_of_an_offline_time_arrives_with_the_stamp_of_when_it_happened(version: Version):
    csms = ScriptedCsms(versions=(version,))
    store = MemoryStore()
    async with stand(csms, url="ws://127.0.0.1:9/none", store=store, **given(version)) as one:
        one.tell(event(at_s=-3600.5))
        await settled()
    async with stand(csms, store=store, **given(version)):
        (heard,) = await csms.heard_of("SecurityEventNotification")
        await settled()
    assert heard.payload == {
        "type": "TamperDetectionActivated",
        "timestamp": "2025-12-31T22:59:59.500Z",
        "techInfo": "lid",
    }
    assert store.kept == {}


@pytest.mark.parametrize("version", [Version.V16, Version.V201])
async def test_an_event_the_csms_fails_to_take_is_tried_until_it_has_it_and_holds_up_no_transaction(version: Version):
    refusals = [Refuse("InternalError")] * 10
    csms = ScriptedCsms(versions=(version,), answers={"SecurityEventNotification": [*refusals, {}]})
    async with stand(csms, **given(version)) as one:
        await one.accepted()
        one.tell(event(), started())
        await settled(1)
        assert csms.actions[-2:] == [
            "SecurityEventNotification",
            "StartTransaction" if version is Version.V16 else "TransactionEvent",
        ]
        calls = await csms.heard_of("SecurityEventNotification", 11)
        await settled()
        assert len({call.id for call in calls}) == 1
        assert one.store.dead == []
        assert one.store.kept == {}


async def test_a_silent_csms_gets_the_event_again_over_the_next_connection():
    csms = ScriptedCsms(answers={"SecurityEventNotification": [SILENCE, {}]})
    async with stand(csms, **given(Version.V16)) as one:
        await one.accepted()
        one.tell(event())
        await csms.heard_of("SecurityEventNotification")
        await csms.hang_up()
        await csms.heard_of("SecurityEventNotification", 2)
        await settled()
        assert one.store.kept == {}


async def test_a_csms_that_has_no_such_message_is_not_asked_again_and_leaves_no_dead_letter():
    csms = ScriptedCsms(answers={"SecurityEventNotification": Refuse("NotImplemented")})
    async with stand(csms, **given(Version.V16)) as one:
        await one.accepted()
        one.tell(event())
        await settled(5000)
        assert len(csms.calls("SecurityEventNotification")) == 1
        assert one.store.dead == []
        assert one.store.kept == {}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (SecurityEventKind.INVALID_CSMS_CERTIFICATE, "InvalidCentralSystemCertificate"),
        (SecurityEventKind.INVALID_STATION_CERTIFICATE, "InvalidChargePointCertificate"),
        (SecurityEventKind.STARTUP, "StartupOfTheDevice"),
    ],
)
async def test_1_6_hears_the_names_of_its_own_list(kind: SecurityEventKind, name: str):
    csms = ScriptedCsms()
    async with stand(csms) as one:
        await one.accepted()
        one.tell(event(kind, info=""))
        (heard,) = await csms.heard_of("SecurityEventNotification")
        assert heard.payload == {"type": name, "timestamp": "2026-01-01T00:00:00.000Z"}


async def test_a_frame_over_the_cap_closes_with_1009_and_is_a_security_event():
    seen: list[tuple[SecurityEventKind, str]] = []

    class Guard:
        def happened(self, kind: SecurityEventKind, info: str = "") -> None:
            seen.append((kind, info))

    csms = ScriptedCsms()
    async with stand(csms) as one:
        one.station._security = Guard()
        await one.accepted()
        assert csms.socket is not None
        socket = csms.socket
        await socket.send("x" * (MAX_FRAME_BYTES + 1))
        await socket.wait_closed()
        await settled()
        assert socket.close_code == 1009
        assert [kind for kind, _ in seen] == [SecurityEventKind.INVALID_MESSAGES]
        await csms.hang_up()
        await settled(1)
        assert len(seen) == 1


def test_of_too_many_events_the_oldest_becomes_a_dead_letter_and_no_other():
    outbox = Outbox()
    changes = [
        change
        for fact_id in range(1, MAX_SECURITY_EVENTS + 3)
        for change in outbox.add(StoredFact(fact_id, 0, event()))
    ]
    assert [change.stored.id for change in changes if isinstance(change, GivenUp)] == [1, 2]
    assert len(outbox) == MAX_SECURITY_EVENTS


def test_the_wait_between_two_tries_grows_to_an_hour_and_no_further():
    outbox = Outbox([StoredFact(1, 0, event())])
    now_s = 0.0
    waits = []
    for _ in range(100):
        assert outbox.next(now_s) is not None
        outbox.failed(1, now_s, Retry(3, 60.0), "no")
        due_s = outbox.due_s()
        assert due_s is not None
        waits.append(due_s - now_s)
        now_s = due_s
    assert waits[:3] == [60.0, 120.0, 180.0]
    assert waits[-1] == 3600.0


def test_a_station_needs_nobody_who_guards_it():
    assert Station.__init__.__kwdefaults__["security"].happened(SecurityEventKind.STARTUP) is None
