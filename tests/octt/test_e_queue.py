"""TC_E: what is known of transactions, and messages about them that have to wait."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from tests.agent.ocpp.scripted_csms import SILENCE, Refuse
from tests.octt import states
from tests.octt.bench import DURATION_S, VALID_2, Bench
from tests.octt.tool import ABSENT, PRESENT, require

BACK_OFF_S = 30
SAMPLE_S = 10
ATTEMPTS = 3
INTERVAL_S = 10
TIMEOUT_S = 30  # OCPPCommCtrlr.MessageTimeout[Default]
SLACK_S = 4.0  # what the labs allow of a time
OFFLINE = pytest.mark.bench(
    settings={
        "SampledDataCtrlr.TxUpdatedInterval": SAMPLE_S,
        "OCPPCommCtrlr.OfflineThreshold": BACK_OFF_S + 60,
        "OCPPCommCtrlr.RetryBackOffWaitMinimum": BACK_OFF_S,
        "OCPPCommCtrlr.RetryBackOffRandomRange": 0,
        "OCPPCommCtrlr.RetryBackOffRepeatTimes": 0,
    }
)
RETRIES = pytest.mark.bench(
    settings={
        "OCPPCommCtrlr.MessageAttempts[TransactionEvent]": ATTEMPTS,
        "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]": INTERVAL_S,
        "TxCtrlr.TxStartPoint": "Authorized",
    }
)


async def offline_for_a_while(bench: Bench) -> None:
    await bench.tool.go_offline()
    await asyncio.sleep(BACK_OFF_S)


async def status_of(bench: Bench, tx: str | None) -> dict[str, Any]:
    asked = {"transactionId": tx} if tx is not None else {}
    return await bench.tool.send("GetTransactionStatus", **asked)


async def queue_told(bench: Bench) -> None:
    """What happened meanwhile: readings, each marked as from then."""
    told = await bench.tool.expect("TransactionEvent", eventType="Updated", meterValue=PRESENT, offline=True)
    while told:
        await asyncio.sleep(1)
        offline = [one for one in bench.tool.left("TransactionEvent") if one.payload.get("offline")]
        for one in offline:
            require(bench.tool.take(one), eventType="Updated", meterValue=PRESENT)
        if not offline:
            break
    bench.tool.forget("TransactionEvent")


@pytest.mark.octt("TC_E_28_CS")
async def test_an_unknown_transaction_is_neither_ongoing_nor_queued(bench: Bench):
    require(await status_of(bench, "unknown-1"), ongoingIndicator=False, messagesInQueue=False)


@pytest.mark.octt("TC_E_34_CS")
async def test_with_nothing_queued_no_transaction_is_asked_about(bench: Bench):
    require(await status_of(bench, None), ongoingIndicator=ABSENT, messagesInQueue=False)


@pytest.mark.octt("TC_E_30_CS")
async def test_an_ongoing_transaction_without_queued_messages(bench: Bench):
    await states.charging(bench)
    await asyncio.sleep(DURATION_S)
    require(await status_of(bench, bench.tx), ongoingIndicator=True, messagesInQueue=False)


@pytest.mark.octt("TC_E_32_CS")
async def test_an_ended_transaction_without_queued_messages(bench: Bench):
    await states.charging(bench)
    tx = bench.tx
    await states.left(bench)
    require(await status_of(bench, tx), ongoingIndicator=False, messagesInQueue=False)


@pytest.mark.octt("TC_E_29_CS")
@OFFLINE
async def test_an_ongoing_transaction_with_queued_messages(bench: Bench):
    await states.charging(bench)
    await offline_for_a_while(bench)
    bench.tool.answer("TransactionEvent", SILENCE)
    await bench.tool.go_online()
    require(await status_of(bench, bench.tx), ongoingIndicator=True, messagesInQueue=True)
    bench.tool.answer("TransactionEvent", {})
    await asyncio.sleep(TIMEOUT_S)
    await queue_told(bench)


@pytest.mark.octt("TC_E_33_CS")
@OFFLINE
async def test_queued_messages_of_any_transaction(bench: Bench):
    await states.charging(bench)
    await offline_for_a_while(bench)
    bench.tool.answer("TransactionEvent", SILENCE)
    await bench.tool.go_online()
    require(await status_of(bench, None), ongoingIndicator=ABSENT, messagesInQueue=True)
    bench.tool.answer("TransactionEvent", {})
    await asyncio.sleep(TIMEOUT_S)
    await queue_told(bench)


@pytest.mark.octt("TC_E_31_CS")
@OFFLINE
async def test_an_ended_transaction_with_queued_messages(bench: Bench):
    await states.charging(bench)
    bench.tool.forget("TransactionEvent")
    await bench.tool.go_offline()
    bench.present()
    await asyncio.sleep(DURATION_S)
    bench.unplug()
    await asyncio.sleep(DURATION_S)
    bench.tool.answer("TransactionEvent", SILENCE)
    await bench.tool.go_online()
    require(await status_of(bench, bench.tx), ongoingIndicator=False, messagesInQueue=True)
    bench.tool.answer("TransactionEvent", {})
    await bench.tool.expect("TransactionEvent", 300, eventType="Ended", offline=True)
    bench.tool.forget("TransactionEvent")


@pytest.mark.octt("TC_E_40_CS")
@OFFLINE
async def test_readings_wait_while_the_station_is_offline(bench: Bench):
    await states.charging(bench)
    await offline_for_a_while(bench)
    await bench.tool.go_online()
    await queue_told(bench)


@pytest.mark.octt("TC_E_43_CS")
@pytest.mark.bench(settings={"AuthCtrlr.OfflineTxForUnknownIdEnabled": True})
async def test_a_whole_transaction_waits_while_the_station_is_offline(bench: Bench):
    await bench.tool.go_offline()
    bench.plug()
    await asyncio.sleep(1)
    bench.present()
    await asyncio.sleep(DURATION_S)
    assert bench.closed
    bench.present()
    await asyncio.sleep(DURATION_S)
    bench.unplug()
    await asyncio.sleep(DURATION_S)
    await bench.tool.go_online()
    await bench.tool.expect("TransactionEvent", eventType="Started", offline=True)
    await bench.tool.expect("TransactionEvent", eventType="Ended", offline=True)
    for one in bench.tool.left("TransactionEvent"):
        require(bench.tool.take(one), offline=True)


@pytest.mark.octt("TC_E_44_CS")
@OFFLINE
async def test_an_end_waits_while_the_station_is_offline(bench: Bench):
    await states.charging(bench)
    bench.tool.forget("TransactionEvent")
    await bench.tool.go_offline()
    bench.present()
    await asyncio.sleep(DURATION_S)
    bench.unplug()
    await asyncio.sleep(DURATION_S)
    await bench.tool.go_online()
    await bench.tool.expect("TransactionEvent", eventType="Ended", offline=True)
    for one in bench.tool.left("TransactionEvent"):
        require(bench.tool.take(one), offline=True)


def tries(bench: Bench) -> list[float]:
    """When the last message was sent: the same one, with the same id, again and again."""
    sent = bench.tool.calls("TransactionEvent")
    return [one.at_s for one in sent if one.id == sent[-1].id]


async def charging_unheard(bench: Bench, answer: Any) -> None:
    await states.authorized(bench)
    await states.connected(bench)
    bench.tool.forget("TransactionEvent")
    bench.tool.answer("TransactionEvent", answer)
    await bench.tool.until(lambda: bench.tool.left("TransactionEvent"))


@pytest.mark.parametrize(
    ("answer", "wait_s"),
    [
        pytest.param(SILENCE, TIMEOUT_S, marks=pytest.mark.octt("TC_E_41_CS"), id="silence"),
        pytest.param(Refuse("InternalError"), 0, marks=pytest.mark.octt("TC_E_50_CS"), id="error"),
    ],
)
@RETRIES
async def test_a_message_is_tried_again_after_longer_and_longer_waits_then_no_more(
    bench: Bench, answer: Any, wait_s: float
):
    await charging_unheard(bench, answer)
    first = bench.tool.left("TransactionEvent")[0].id
    await asyncio.sleep(sum(wait_s + INTERVAL_S * n for n in range(1, ATTEMPTS + 2)) + SLACK_S)
    sent = [one.at_s for one in bench.tool.calls("TransactionEvent") if one.id == first]
    assert len(sent) == ATTEMPTS
    waits = [later - earlier for earlier, later in itertools.pairwise(sent)]
    assert waits == pytest.approx([wait_s + INTERVAL_S * n for n in range(1, ATTEMPTS)], abs=SLACK_S)
    bench.tool.forget("TransactionEvent")


@pytest.mark.parametrize(
    ("failure", "wait_s"),
    [
        pytest.param(SILENCE, TIMEOUT_S, marks=pytest.mark.octt("TC_E_42_CS"), id="silence"),
        pytest.param(Refuse("InternalError"), 0, marks=pytest.mark.octt("TC_E_51_CS"), id="error"),
    ],
)
@RETRIES
async def test_a_message_that_is_answered_at_last_is_not_tried_again(bench: Bench, failure: Any, wait_s: float):
    await charging_unheard(bench, [failure, {}])
    first = bench.tool.left("TransactionEvent")[0].id
    await asyncio.sleep(sum(wait_s + INTERVAL_S * n for n in range(1, ATTEMPTS + 2)) + SLACK_S)
    sent = [one.at_s for one in bench.tool.calls("TransactionEvent") if one.id == first]
    assert len(sent) == 2
    assert sent[1] - sent[0] == pytest.approx(wait_s + INTERVAL_S, abs=SLACK_S)
    bench.tool.forget("TransactionEvent")


@pytest.mark.octt("TC_E_45_CS")
@OFFLINE
async def test_a_token_of_the_same_group_ends_a_transaction_offline(bench: Bench):
    group = {"status": "Accepted", "groupIdToken": {"idToken": "GROUP", "type": "Central"}}
    await states.listed(bench, {"idToken": {"idToken": VALID_2, "type": "ISO14443"}, "idTokenInfo": group})
    bench.tool.answer("Authorize", {"idTokenInfo": group})
    bench.tool.answer("TransactionEvent", lambda request: {"idTokenInfo": group} if "idToken" in request else {})
    await states.charging(bench)
    bench.tool.forget("TransactionEvent")
    await bench.tool.go_offline()
    bench.present(VALID_2)
    await asyncio.sleep(DURATION_S)
    assert not bench.closed
    bench.unplug()
    await asyncio.sleep(DURATION_S)
    await bench.tool.go_online()
    await bench.tool.expect("TransactionEvent", eventType="Ended", offline=True)
    for one in bench.tool.left("TransactionEvent"):
        require(bench.tool.take(one), offline=True)
