"""TC_B: booting, the registration states, links that come back, and resets of the station and of one EVSE."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from tests.agent.ocpp.scripted_csms import EPOCH_TEXT
from tests.agent.ocpp.test_required import REQUIRED
from tests.octt import states
from tests.octt.bench import Bench, named
from tests.octt.tool import ABSENT, BOOT_INTERVAL_S, PRESENT, Refused, require

INTERVAL_S: Final = 120
THRESHOLD_S: Final = 20
LISTS: Final = {"OptionList", "SequenceList", "MemberList"}
OFFLINE: Final = named("OCPPCommCtrlr.OfflineThreshold")
TWO_EVSES = pytest.mark.bench(evses=2)


def registration(status: str, interval_s: int = INTERVAL_S) -> dict[str, Any]:
    return {"currentTime": EPOCH_TEXT, "interval": interval_s, "status": status}


def registered_after(status: str) -> pytest.MarkDecorator:
    """A station whose first BootNotification gets this status, and whose next is accepted."""
    answers = {"BootNotification": [registration(status), registration("Accepted")]}
    return pytest.mark.bench(accepted=False, answers=answers, evses=2)


async def told_of_all(bench: Bench, **others: str) -> None:
    """Each connector's state is told; `evse_2="Occupied"` is another one than Available."""
    for evse in bench.station.board.evses:
        await states.told(bench, others.get(f"evse_{evse}", "Available"), evse)


async def full_report(bench: Bench) -> list[dict[str, Any]]:
    """What the full inventory holds, its parts found in order."""
    answer = await bench.tool.send("GetBaseReport", requestId=53, reportBase="FullInventory")
    require(answer, status="Accepted", statusInfo=ABSENT)
    found: list[dict[str, Any]] = []
    for seq in range(100):
        part = await bench.tool.expect("NotifyReport", requestId=53, seqNo=seq, generatedAt=PRESENT)
        found += part["reportData"]
        if not part.get("tbc"):
            return found
    raise AssertionError("the report does not end")


async def reset(bench: Bench, kind: str, status: str, **where: Any) -> None:
    require(await bench.tool.send("Reset", type=kind, **where), status=status)


@pytest.mark.octt("TC_B_01_CS")
@TWO_EVSES
async def test_a_station_boots_and_tells_of_every_connector(bench: Bench):
    require(await states.booted(bench, by_hand=True), reason="PowerUp")
    require(await states.booted(bench), reason="RemoteReset")


@pytest.mark.octt("TC_B_02_CS")
@registered_after("Pending")
async def test_a_pending_station_can_be_set_up_and_boots_when_triggered(bench: Bench):
    await bench.tool.expect("BootNotification")
    (one,) = (await bench.tool.send("SetVariables", setVariableData=[OFFLINE | {"attributeValue": "300"}]))[
        "setVariableResult"
    ]
    require(one, attributeStatus="Accepted")
    (one,) = (await bench.tool.send("GetVariables", getVariableData=[OFFLINE]))["getVariableResult"]
    require(one, attributeStatus="Accepted", attributeValue="300")
    assert await full_report(bench)
    answer = await bench.tool.send("RequestStartTransaction", idToken=bench.token, remoteStartId=1, evseId=1)
    require(answer, status="Rejected")
    assert set(bench.tool.actions) == {"BootNotification", "NotifyReport"}
    triggered_s = asyncio.get_running_loop().time()
    require(await bench.tool.send("TriggerMessage", requestedMessage="BootNotification"), status="Accepted")
    await bench.tool.expect("BootNotification", reason="Triggered")
    assert asyncio.get_running_loop().time() < triggered_s + BOOT_INTERVAL_S
    await told_of_all(bench)


@pytest.mark.octt("TC_B_03_CS")
@registered_after("Rejected")
async def test_a_rejected_station_is_silent_until_it_may_boot_again(bench: Bench):
    first, second = await bench.tool.heard_of("BootNotification", 2)
    assert second.at_s >= first.at_s + INTERVAL_S
    assert bench.tool.heard.index(second) == 1, "nothing is sent in between"
    await told_of_all(bench)


@pytest.mark.octt("TC_B_30_CS")
@registered_after("Rejected")
async def test_a_rejected_station_refuses_what_it_is_asked(bench: Bench):
    await bench.tool.expect("BootNotification")
    await asyncio.sleep(BOOT_INTERVAL_S)
    with pytest.raises(Refused) as refused:
        await bench.tool.send("GetBaseReport", requestId=1, reportBase="FullInventory")
    assert refused.value.code == "SecurityError"


async def plugged_while_offline(bench: Bench, wait_s: int) -> None:
    """The link is cut, a car is connected, and the station comes back after its own back-off."""
    await bench.configure("OCPPCommCtrlr.OfflineThreshold", THRESHOLD_S)
    await bench.configure("OCPPCommCtrlr.RetryBackOffWaitMinimum", wait_s)
    await bench.configure("OCPPCommCtrlr.RetryBackOffRandomRange", 0)
    await bench.tool.go_offline()
    bench.plug()
    await asyncio.sleep(BOOT_INTERVAL_S)
    await bench.tool.go_online()


@pytest.mark.octt("TC_B_51_CS")
@TWO_EVSES
async def test_after_long_offline_every_connector_is_told_of(bench: Bench):
    await plugged_while_offline(bench, THRESHOLD_S + 2)
    await told_of_all(bench, evse_1="Occupied")


@pytest.mark.octt("TC_B_52_CS")
@TWO_EVSES
async def test_after_short_offline_only_what_changed_is_told(bench: Bench):
    await plugged_while_offline(bench, THRESHOLD_S - 2)
    await states.told(bench, "Occupied", 1)
    await bench.tool.silence("StatusNotification", BOOT_INTERVAL_S, evseId=2)


@pytest.mark.octt("TC_B_53_CS")
async def test_the_full_inventory_has_what_is_required_and_lists_say_what_they_allow(bench: Bench):
    found = await full_report(bench)
    there = set()
    for one in found:
        instance = one["variable"].get("instance")
        name = f"{one['component']['name']}.{one['variable']['name']}" + (f"[{instance}]" if instance else "")
        there.add(name)
        characteristics = one["variableCharacteristics"]
        allowed = characteristics.get("valuesList", "")
        if characteristics["dataType"] in LISTS:
            assert allowed, f"{name} does not say what it may be"
        for attribute in one["variableAttribute"]:
            if attribute.get("mutability") == "WriteOnly":
                require(attribute, value=ABSENT)
            elif characteristics["dataType"] in LISTS:
                values = set(filter(None, attribute.get("value", "").split(",")))
                assert values <= set(allowed.split(",")), f"{name}: {values} of {allowed}"
    assert set(REQUIRED) <= there, set(REQUIRED) - there


@pytest.mark.octt("TC_B_20_CS")
@TWO_EVSES
async def test_an_idle_station_is_reset_at_once(bench: Bench):
    require(await states.booted(bench, kind="OnIdle"), reason="RemoteReset")


@pytest.mark.octt("TC_B_21_CS")
@TWO_EVSES
@pytest.mark.parametrize("stop", ["Authorized", "EVConnected"])
async def test_a_reset_on_idle_waits_for_the_transaction(bench: Bench, stop: str):
    await bench.configure("TxCtrlr.TxStopPoint", stop)
    await states.charging(bench)
    await reset(bench, "OnIdle", "Scheduled")
    await states.stop_authorized(bench)
    stays = stop == "Authorized"
    if not stays:
        await states.post_session(bench)
        await bench.tool.silence("BootNotification", BOOT_INTERVAL_S)
        bench.unplug()
        await states.event(bench, eventType="Ended", triggerReason={"EVCommunicationLost", "EVDeparted"})
    await bench.tool.expect("BootNotification", reason="ScheduledReset")
    await told_of_all(bench, evse_1="Occupied" if stays else "Available")
    await bench.tool.expect("SecurityEventNotification", type={"StartupOfTheDevice", "ResetOrReboot"})


@pytest.mark.octt("TC_B_22_CS")
@TWO_EVSES
async def test_an_immediate_reset_ends_the_transaction_first(bench: Bench):
    await states.charging(bench)
    await reset(bench, "Immediate", "Accepted")
    await states.event(bench, **ENDED_BY_RESET, idToken=ABSENT)
    await bench.tool.expect("BootNotification", reason="RemoteReset")
    order = [one for one in bench.tool.actions if one in {"BootNotification", "TransactionEvent"}]
    assert order[-2:] == ["TransactionEvent", "BootNotification"]
    await told_of_all(bench, evse_1="Occupied")


ENDED_BY_RESET: Final = {
    "eventType": "Ended",
    "triggerReason": "ResetCommand",
    "transactionInfo__chargingState": "EVConnected",
    "transactionInfo__stoppedReason": "ImmediateReset",
}


@pytest.mark.octt("TC_B_23_CS")
@TWO_EVSES
async def test_an_unavailable_connector_is_so_after_a_reset(bench: Bench):
    await states.unavailable(bench, 1, 1)
    require(await states.booted(bench, kind="OnIdle", unavailable={1}), reason="RemoteReset")


@pytest.mark.octt("TC_B_24_CS")
@TWO_EVSES
async def test_a_reservation_is_kept_over_a_reset(bench: Bench):
    await states.reserved(bench)
    await reset(bench, "OnIdle", "Accepted")
    await bench.tool.expect("BootNotification", reason="RemoteReset")
    await told_of_all(bench, evse_1="Reserved")


@pytest.mark.octt("TC_B_41_CS")
@TWO_EVSES
async def test_a_reset_on_idle_waits_for_the_transactions_of_all_evses(bench: Bench):
    await bench.configure("TxCtrlr.TxStopPoint", "EVConnected")
    running = {}
    for evse in (1, 2):
        bench.evse, bench.connected, bench.authorized, bench.tx = evse, False, False, None
        bench.token = {"idToken": f"AABBCCD{evse}", "type": "ISO14443"}
        await states.charging(bench)
        running[evse] = bench.tx
    await reset(bench, "OnIdle", "Scheduled")
    for evse in (1, 2):
        await bench.tool.silence("BootNotification", BOOT_INTERVAL_S)
        bench.evse, bench.connected, bench.authorized, bench.tx = evse, True, True, running[evse]
        bench.token = {"idToken": f"AABBCCD{evse}", "type": "ISO14443"}
        await states.stop_authorized(bench)
        await states.post_session(bench)
        bench.unplug()
        await states.event(bench, eventType="Ended", triggerReason={"EVCommunicationLost", "EVDeparted"})
    await bench.tool.expect("BootNotification", reason="ScheduledReset")
    await told_of_all(bench)


@pytest.mark.octt("TC_B_25_CS")
@TWO_EVSES
async def test_an_idle_evse_is_reset_by_itself(bench: Bench):
    await reset(bench, "OnIdle", "Accepted", evseId=1)
    await bench.tool.silence("BootNotification", BOOT_INTERVAL_S)


@pytest.mark.octt("TC_B_26_CS")
@TWO_EVSES
async def test_the_reset_of_one_evse_on_idle_waits_for_its_transaction(bench: Bench):
    await states.charging(bench)
    await reset(bench, "OnIdle", "Scheduled", evseId=1)
    await states.left(bench)
    await bench.tool.silence("BootNotification", BOOT_INTERVAL_S)


@pytest.mark.octt("TC_B_27_CS")
@TWO_EVSES
async def test_the_immediate_reset_of_one_evse_ends_its_transaction(bench: Bench):
    await states.charging(bench)
    await reset(bench, "Immediate", "Accepted", evseId=1)
    await states.event(bench, **ENDED_BY_RESET)
    assert not bench.closed
    await bench.tool.silence("BootNotification", BOOT_INTERVAL_S)
