"""A CSMS that no longer knows the station, and one that chokes on a message."""

from __future__ import annotations

import pytest

from agent.core.values import ConnectorStatus, IdToken
from agent.ocpp.codec import Version
from agent.ocpp.outbox import MAX_DROPS
from agent.ocpp.settings.link import HEARTBEAT_INTERVAL
from tests.agent.ocpp.scripted_csms import BOOT_ACCEPTED, HANG_UP, Refuse, ScriptedCsms
from tests.agent.ocpp.stand import ended, quick_retries, settled, stand, started, status, updated

FORGOTTEN = Refuse("SecurityError")
STARTED = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}


@pytest.mark.req("B01.FR.10")
@pytest.mark.parametrize("version", [Version.V16, Version.V201])
async def test_a_csms_that_has_forgotten_the_station_is_booted_anew_and_no_attempt_is_lost(version: Version):
    answers = {"StartTransaction": [FORGOTTEN, STARTED], "TransactionEvent": [FORGOTTEN, {}]}
    csms = ScriptedCsms(versions=(version,), answers=answers)
    async with stand(csms, versions=[version], start_values=quick_retries(1)) as one:
        await one.accepted()
        csms.heard.clear()
        one.tell(started())
        await settled(5)
        start = "StartTransaction" if version is Version.V16 else "TransactionEvent"
        first, *between, last = csms.heard
        assert (first.action, last.action, first.id) == (start, start, last.id)
        assert [call.action for call in between[:2]] == ["BootNotification", "StatusNotification"]
        assert one.store.dead == []
        assert one.store.kept == {}


async def test_a_csms_that_keeps_refusing_one_message_is_not_booted_for_ever():
    csms = ScriptedCsms(answers={"StartTransaction": FORGOTTEN})
    async with stand(csms, start_values=quick_retries(2, 10)) as one:
        await one.accepted()
        one.tell(started(), ended())
        await csms.heard_of("StopTransaction")
        assert len(csms.calls("BootNotification")) == 2
        assert len(csms.calls("StartTransaction")) == 3
        await settled()
        assert "SecurityError" in one.store.dead[0].why


async def test_while_the_new_boot_is_pending_nothing_is_sent():
    pending = BOOT_ACCEPTED | {"status": "Pending", "interval": 100}
    csms = ScriptedCsms(
        answers={
            "BootNotification": [BOOT_ACCEPTED, pending, BOOT_ACCEPTED],
            "StartTransaction": [FORGOTTEN, STARTED],
        }
    )
    async with stand(csms) as one:
        await one.accepted()
        csms.heard.clear()
        one.tell(started(), updated())
        await settled()
        one.tell(status(ConnectorStatus.CHARGING))
        await csms.heard_of("BootNotification", 2)
        assert csms.actions == ["StartTransaction", "BootNotification", "BootNotification"]
        assert csms.heard[-1].at_s - csms.heard[-2].at_s == pytest.approx(100.0, abs=0.1)


async def test_a_heartbeat_that_is_refused_shows_that_the_station_is_forgotten():
    beat = {"currentTime": "2026-01-01T00:00:00Z"}
    csms = ScriptedCsms(answers={"Heartbeat": [FORGOTTEN, beat]})
    async with stand(csms, start_values={HEARTBEAT_INTERVAL.key: "10"}) as one:
        await one.accepted()
        await csms.heard_of("Heartbeat", 2)
        assert csms.actions[:5] == ["BootNotification", *["StatusNotification"] * 3, "Heartbeat"]
        assert csms.actions[5] == "BootNotification"


async def test_a_message_on_which_the_csms_chokes_does_not_hold_up_the_others_for_ever():
    csms = ScriptedCsms(answers={"StartTransaction": lambda call: HANG_UP if call["idTag"] == "poison" else STARTED})
    async with stand(csms, start_values=quick_retries(2, 10)) as one:
        await one.accepted()
        one.tell(started(token=IdToken("poison")), started("tx-2"))
        await csms.heard_of("StartTransaction", MAX_DROPS + 2 + 1)
        await settled(100)
        assert len(csms.calls("StartTransaction")) == MAX_DROPS + 2 + 1
        (letter,) = one.store.dead
        assert "link broke" in letter.why
        assert one.store.kept == {}
