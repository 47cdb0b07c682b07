"""Behaviours that the field complains about, shown on a whole station with a CSMS that has every bad habit."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agent.core.session import Phase
from agent.ocpp.stamps import from_wire, to_wire
from tests.agent.ocpp.life import OTHER_CARD, Life, life
from tests.agent.ocpp.scripted_csms import BOOT_ACCEPTED, HANG_UP, SILENCE, Refuse, ScriptedCsms
from tests.agent.ocpp.stand import EPOCH_S

V16, V201 = "ocpp1.6", "ocpp2.0.1"
GOOD2 = {"idTokenInfo": {"status": "Accepted"}}
BOTH = pytest.mark.parametrize("version", [V16, V201])
STRANGERS = {"AllowOfflineTxForUnknownId": True}


def csms_of(version: str, **answers: Any) -> ScriptedCsms:
    good = {"Authorize": GOOD2, "TransactionEvent": GOOD2} if version != V16 else {}
    return ScriptedCsms(versions=(version,), answers=good | answers)


def told(one: Life, version: str) -> list[tuple[str, Any]]:
    """What was said of transactions, in order: what kind of message, and its payload."""
    if version == V16:
        names = {"StartTransaction": "Started", "MeterValues": "Updated", "StopTransaction": "Ended"}
        heard = ((names.get(call.action), call.payload) for call in one.csms.heard)
        return [
            (kind, payload) for kind, payload in heard if kind and ("transactionId" in payload or kind != "Updated")
        ]
    return [(event["eventType"], event) for event in one.events()]


async def charge(one: Life, seconds: float = 130, card: str = "AABBCCDD") -> None:
    await one.plug()
    await one.tap(card)
    await asyncio.sleep(seconds)
    await one.tap(card, wait_s=15)
    await one.unplug()


@pytest.mark.behaviour(1)
@BOTH
async def test_a_start_without_a_network_survives_a_reset_and_precedes_its_stop(tmp_path: Path, version: str):
    async with life(tmp_path, csms_of(version), settings=STRANGERS) as one:
        await one.offline()
        await one.plug()
        await one.tap(wait_s=70)
        await one.station.kill()
        one.station.boot()
        await asyncio.sleep(60)
        kinds = [kind for kind, _ in told(one, version)]
        assert kinds[0] == "Started"
        assert kinds[-1] == "Ended"
        assert kinds.count("Started") == kinds.count("Ended") == 1


@pytest.mark.behaviour(2)
@pytest.mark.parametrize(
    "first", [Refuse("InternalError"), HANG_UP, SILENCE], ids=["CALLERROR", "acknowledgement lost", "silent"]
)
async def test_what_was_queued_behind_a_start_carries_the_number_that_came_at_last(tmp_path: Path, first: object):
    csms = csms_of(V16, StartTransaction=[first, {"transactionId": 4711, "idTagInfo": {"status": "Accepted"}}])
    settings = STRANGERS | {"TransactionMessageRetryInterval": 5}
    async with life(tmp_path, csms, settings=settings) as one:
        await one.offline()
        await charge(one)
        await one.online()
        await csms.heard_of("StopTransaction")
        starts = csms.calls("StartTransaction")
        assert len(starts) == 2
        assert starts[0].id == starts[1].id
        said = told(one, V16)
        assert [payload["transactionId"] for kind, payload in said if kind != "Started"] == [4711] * (len(said) - 2)
        assert [kind for kind, _ in said].count("Updated") >= 2


@pytest.mark.behaviour(2)
async def test_two_transactions_with_the_same_number_are_still_two(tmp_path: Path):
    csms = csms_of(V16, StartTransaction={"transactionId": 1, "idTagInfo": {"status": "Accepted"}})
    async with life(tmp_path, csms, evses=2) as one:
        for evse, card in ((1, "AABBCCDD"), (2, OTHER_CARD)):
            await one.plug(evse)
            await one.tap(card, evse=evse)
        await one.tap("AABBCCDD", evse=1, wait_s=15)
        assert one.session(2).phase is Phase.CHARGING
        await one.tap(OTHER_CARD, evse=2, wait_s=15)
        assert [call.payload["idTag"] for call in csms.calls("StopTransaction")] == ["AABBCCDD", OTHER_CARD]


@pytest.mark.behaviour(3)
@BOTH
async def test_a_stop_that_the_csms_has_is_not_told_again_after_a_power_cut(tmp_path: Path, version: str):
    async with life(tmp_path, csms_of(version)) as one:
        await charge(one)
        await one.reboot()
        await one.reboot()
        assert [kind for kind, _ in told(one, version)].count("Ended") == 1


@pytest.mark.behaviour(5)
@pytest.mark.parametrize("jump_s", [-10 * 365 * 86400.0, -3600.0, 3600.0, 10 * 365 * 86400.0])
@BOTH
async def test_a_clock_that_jumps_in_mid_charge_blocks_nothing_and_costs_no_energy(
    tmp_path: Path, version: str, jump_s: float
):
    async with life(tmp_path, csms_of(version)) as one:
        await one.plug()
        await one.tap(wait_s=70)
        one.wall.error_s = jump_s
        await asyncio.sleep(130)
        assert one.session().phase is Phase.CHARGING
        await one.tap(wait_s=15)
        said = told(one, version)
        assert [kind for kind, _ in said].count("Updated") >= 3  # periodic readings went on
        assert said[-1][0] == "Ended"
        assert one.station.agent is not None
        (row,) = one.station.agent.journal.ledger()
        assert row.end_energy_wh is not None
        assert row.end_energy_wh - row.start_energy_wh == pytest.approx(one.true_wh(), abs=2)
        assert not one.station.agent.station.queued()


@pytest.mark.behaviour(5)
@BOTH
async def test_what_was_stamped_before_the_time_was_known_is_put_right_once_it_is(tmp_path: Path, version: str):
    now = asyncio.get_running_loop().time

    def accept(_: dict[str, Any]) -> dict[str, Any]:
        return BOOT_ACCEPTED | {"currentTime": to_wire(EPOCH_S + now())}

    csms = csms_of(version, BootNotification=SILENCE)
    wrong_s = -EPOCH_S + 1000.0  # the controller has no battery: it believes to be in 1970
    async with life(tmp_path, csms, settings=STRANGERS, accepted=False, unset_clock_by_s=wrong_s) as one:
        began_s = now()
        await charge(one)
        await one.plug()
        await one.tap()
        again_s = now()
        csms.answers["BootNotification"] = accept
        await csms.until(lambda: told(one, version), 400)
        await asyncio.sleep(30)
        said = told(one, version)
        assert [kind for kind, _ in said].count("Started") == 2
        stamps = [from_wire(payload.get("timestamp") or payload["meterValue"][0]["timestamp"]) for _, payload in said]
        assert stamps == sorted(stamps)
        assert EPOCH_S + began_s <= stamps[0] <= EPOCH_S + began_s + 10
        assert one.station.agent is not None
        first, second = one.station.agent.journal.ledger()
        assert first.started_utc_s == pytest.approx(stamps[0], abs=0.01)
        assert first.ended_utc_s is not None
        assert first.ended_utc_s - first.started_utc_s == pytest.approx(130, abs=10)
        assert second.started_utc_s == pytest.approx(EPOCH_S + again_s, abs=5)
        tx = one.session().tx
        assert tx is not None
        assert tx.started_utc_s == second.started_utc_s  # what is still open has been put right, too


@pytest.mark.behaviour(6)
@pytest.mark.req("E01.FR.07")
@pytest.mark.req("E01.FR.16")
async def test_numbers_have_no_gaps_offline_is_told_and_the_evse_once(tmp_path: Path):
    async with life(tmp_path, csms_of(V201), settings=STRANGERS) as one:
        await one.plug()
        await one.tap(wait_s=70)
        await one.offline()
        await asyncio.sleep(130)
        await one.online()
        await asyncio.sleep(60)
        await one.tap(wait_s=15)
        events = one.events()
        assert [event["seqNo"] for event in events] == list(range(len(events)))
        assert ["evse" in event for event in events] == [True] + [False] * (len(events) - 1)
        flags = [event.get("offline", False) for event in events]
        assert set(flags) == {False, True}
        first, last = flags.index(True), len(flags) - flags[::-1].index(True)
        assert all(flags[first:last])  # in one piece, and nothing before or after it
        assert not any(flags[:first])
        assert not any(flags[last:])


@pytest.mark.behaviour(9)
@pytest.mark.parametrize("habit", [SILENCE, Refuse("InternalError")], ids=["silent", "CALLERROR"])
@BOTH
async def test_a_station_whose_boot_fails_charges_and_delivers_once_it_is_accepted(
    tmp_path: Path, version: str, habit: object
):
    csms = csms_of(version, BootNotification=[BOOT_ACCEPTED, habit, BOOT_ACCEPTED])
    async with life(tmp_path, csms, settings=STRANGERS) as one:
        await one.station.kill()
        one.station.boot()
        await asyncio.sleep(3)
        await charge(one, seconds=20)
        assert told(one, version) == []
        await csms.heard_of("BootNotification", 3)
        await asyncio.sleep(10)
        assert [kind for kind, _ in told(one, version)][-1] == "Ended"


@pytest.mark.behaviour(14)
@pytest.mark.req("J01.FR.14")
@BOTH
async def test_readings_on_the_clock_come_on_the_dot_from_idle_evses_too(tmp_path: Path, version: str):
    settings = {"ClockAlignedDataInterval": 60, "MeterValueSampleInterval": 0}
    async with life(tmp_path, csms_of(version), evses=2, settings=settings) as one:
        await one.plug(1)
        await one.tap(evse=1)
        one.csms.heard.clear()
        await asyncio.sleep(200)
        of_evse: dict[int, list[float]] = {1: [], 2: []}
        for call in one.csms.heard:
            value = (call.payload.get("meterValue") or [{}])[0]
            if call.action in {"MeterValues", "TransactionEvent"} and value:
                evse = call.payload.get("connectorId", call.payload.get("evseId", 1))
                assert value["sampledValue"][0]["context"] == "Sample.Clock"
                of_evse[evse].append(from_wire(value["timestamp"]))
        for times in of_evse.values():
            assert len(times) == 3
            assert all(-1.0 <= (at + 30) % 60 - 30 <= 0.01 for at in times)  # as sampled, at most a second before
            assert all(50 < later - earlier < 70 for earlier, later in pairwise(times))


@pytest.mark.behaviour(14)
@pytest.mark.req("J01.FR.20")
async def test_readings_on_the_clock_stop_where_they_are_for_idle_times_only(tmp_path: Path):
    settings = {"AlignedDataCtrlr.Interval": 60, "AlignedDataCtrlr.SendDuringIdle": True, "MeterValueSampleInterval": 0}
    async with life(tmp_path, csms_of(V201), evses=2, settings=settings) as one:
        await asyncio.sleep(130)
        assert {call.payload["evseId"] for call in one.csms.calls("MeterValues")} == {1, 2}
        await one.plug(1)
        await one.tap(evse=1)
        one.csms.heard.clear()
        await asyncio.sleep(200)
        assert one.csms.calls("MeterValues") == []
        assert one.events(triggerReason="MeterValueClock") == []


@pytest.mark.behaviour(14)
async def test_a_reading_on_the_clock_and_one_of_the_transaction_that_coincide_both_come(tmp_path: Path):
    settings = {"AlignedDataCtrlr.Interval": 10, "MeterValueSampleInterval": 10}
    async with life(tmp_path, csms_of(V201), settings=settings) as one:
        await one.plug()
        await asyncio.sleep((-(EPOCH_S + asyncio.get_running_loop().time())) % 10 + 9.9)
        await one.tap(wait_s=60)
        periodic = len(one.events(triggerReason="MeterValuePeriodic"))
        aligned = len(one.events(triggerReason="MeterValueClock"))
        assert periodic >= 5
        assert aligned >= 5


@pytest.mark.behaviour(18)
@BOTH
async def test_a_power_cut_in_mid_charge_ends_the_bill_with_what_the_meter_says_afterwards(
    tmp_path: Path, version: str
):
    async with life(tmp_path, csms_of(version)) as one:
        await one.plug()
        await one.tap(wait_s=70)
        await one.reboot()
        await asyncio.sleep(10)
        kind, payload = told(one, version)[-1]
        assert kind == "Ended"
        assert payload.get("reason", payload.get("transactionInfo", {}).get("stoppedReason")) == "PowerLoss"
        assert one.station.agent is not None
        (row,) = one.station.agent.journal.ledger()
        assert row.end_energy_wh is not None
        assert row.end_energy_wh - row.start_energy_wh == pytest.approx(one.true_wh(), abs=2)


@pytest.mark.behaviour(19)
async def test_a_change_of_availability_that_waited_never_shows_available_in_between(tmp_path: Path):
    async with life(tmp_path, csms_of(V16)) as one:
        await one.plug()
        await one.tap()
        reply = await one.csms.call("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
        assert reply[2]["status"] == "Scheduled"
        one.csms.heard.clear()
        await one.unplug()
        said = [call.payload["status"] for call in one.csms.calls("StatusNotification")]
        assert said[-1] == "Unavailable"
        assert "Available" not in said
        await one.reboot()
        last = [call.payload for call in one.csms.calls("StatusNotification") if call.payload["connectorId"] == 1][-1]
        assert last["status"] == "Unavailable"
