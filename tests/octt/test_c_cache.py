"""TC_C: what the authorization cache remembers of a token."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.octt import states
from tests.octt.bench import DURATION_S, INVALID, VALID, VALID_2, Bench
from tests.octt.tool import ABSENT, BOOT_INTERVAL_S, require

GROUP = {"idToken": "GROUP", "type": "Central"}
SILENCE_S = 30.0
EASE_S = 6.0  # a car may take so long to draw nothing any more
ALLOWED_WH = 200  # the lab's 10 kWh would take an hour
SLACK_WH = 60  # what a car draws until it has been stopped
CACHE = {
    "AuthCacheCtrlr.Enabled": True,
    "AuthCtrlr.LocalPreAuthorize": True,
    "TxCtrlr.TxStartPoint": "Authorized",
    "TxCtrlr.TxStopPoint": "EVConnected",
}
ENDS_WITH_AUTHORIZATION = {"TxCtrlr__TxStopPoint": "Authorized"}

pytestmark = pytest.mark.bench(settings=CACHE)


def with_settings(**more: Any) -> pytest.MarkDecorator:
    return pytest.mark.bench(settings=CACHE | {name.replace("__", "."): value for name, value in more.items()})


async def remembered(bench: Bench, token: str = VALID, status: str = "Accepted", group: Any = None) -> None:
    """IdTokenCached for a token, with what the CSMS says of it."""
    states.verdict(bench, status, group)
    bench.token = {"idToken": token, "type": "ISO14443"}
    if status == "Accepted":
        await states.cached(bench)
    else:
        await states.refused(bench, token, for_s=BOOT_INTERVAL_S)
    states.verdict(bench)
    bench.token = {"idToken": VALID, "type": "ISO14443"}


async def unasked_start(bench: Bench) -> None:
    """The driver's token starts a transaction without a question."""
    bench.authorized = False
    started = await states.authorized(bench, remote=False, asks=False)
    require(started, eventType="Started", triggerReason="Authorized", idToken__idToken=VALID)
    await bench.tool.silence("Authorize", 0.0)


@pytest.mark.octt("TC_C_08_CS")
async def test_a_cached_token_charges_without_a_question(bench: Bench):
    await remembered(bench)
    await states.connected(bench)
    await unasked_start(bench)
    await states.charging(bench)


@pytest.mark.octt("TC_C_13_CS")
async def test_a_cached_token_starts_before_the_cable_comes_and_energy_waits_for_it(bench: Bench):
    await remembered(bench)
    await unasked_start(bench)
    assert not bench.closed
    await states.connected(bench)
    await states.charging(bench)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param("Invalid", marks=pytest.mark.octt("TC_C_09_CS")),
        pytest.param("Blocked", marks=pytest.mark.octt("TC_C_10_CS")),
        pytest.param("Expired", marks=pytest.mark.octt("TC_C_11_CS")),
    ],
)
async def test_a_token_cached_as_refused_is_asked_about(bench: Bench, status: str):
    await remembered(bench, INVALID, status)
    await states.connected(bench)
    states.verdict(bench, status)
    await states.refused(bench, INVALID)


@pytest.mark.octt("TC_C_12_CS")
async def test_the_csms_overrules_a_cache_that_refuses(bench: Bench):
    await remembered(bench, VALID, "Invalid")
    await states.connected(bench)
    await states.authorized(bench, remote=False)
    await states.charging(bench)


@pytest.mark.octt("TC_C_57_CS")
@with_settings(AuthCacheCtrlr__DisablePostAuthorize=True)
async def test_a_token_cached_as_refused_is_not_asked_about_where_that_is_switched_off(bench: Bench):
    await remembered(bench, INVALID, "Invalid")
    await states.connected(bench)
    bench.present(INVALID)
    await bench.tool.silence("Authorize", SILENCE_S)
    await bench.tool.silence("TransactionEvent", 0.0)
    assert not bench.closed


@pytest.mark.octt("TC_C_32_CS")
async def test_the_cache_outlives_a_reset(bench: Bench):
    await remembered(bench)
    await states.booted(bench)
    await unasked_start(bench)
    await states.connected(bench)
    await states.charging(bench)


@pytest.mark.octt("TC_C_33_CS")
async def test_the_answer_to_a_question_is_remembered(bench: Bench):
    await states.connected(bench)
    started = await states.authorized(bench, remote=False)
    require(started, eventType="Started", triggerReason="Authorized")
    await states.charging(bench)
    await states.left(bench)
    await states.connected(bench)
    states.verdict(bench, "Invalid")
    await unasked_start(bench)
    await states.event(bench, triggerReason="Deauthorized")


@pytest.mark.octt("TC_C_34_CS")
async def test_the_answer_to_a_transaction_is_remembered(bench: Bench):
    await remembered(bench)
    await states.connected(bench)
    states.verdict(bench, "Invalid")
    await unasked_start(bench)
    await states.event(bench, triggerReason="Deauthorized")
    await states.disconnected(bench)
    await states.connected(bench)
    await states.refused(bench, VALID)


@pytest.mark.octt("TC_C_36_CS")
@with_settings(AuthCtrlr__LocalPreAuthorize=False)
async def test_without_local_authorization_a_cached_token_is_asked_about(bench: Bench):
    await remembered(bench)
    states.verdict(bench, "Invalid")
    await states.refused(bench, VALID)


@pytest.mark.octt("TC_C_37_CS")
async def test_a_cleared_cache_knows_nobody(bench: Bench):
    await remembered(bench)
    require(await bench.tool.send("ClearCache"), status="Accepted")
    await states.connected(bench)
    started = await states.authorized(bench, remote=False)
    require(started, triggerReason="Authorized")
    await states.charging(bench)


@pytest.mark.octt("TC_C_38_CS")
async def test_a_cache_that_is_switched_off_is_not_cleared(bench: Bench):
    await remembered(bench)
    await bench.configure("AuthCacheCtrlr.Enabled", False)
    require(await bench.tool.send("ClearCache"), status="Rejected")


@pytest.mark.octt("TC_C_46_CS")
@with_settings(AuthCacheCtrlr__LifeTime=int(DURATION_S))
async def test_a_cached_token_that_nobody_has_used_in_time_is_forgotten(bench: Bench):
    await remembered(bench)
    await states.connected(bench)
    await asyncio.sleep(DURATION_S)
    await states.authorized(bench, remote=False)
    await states.charging(bench)


# Groups


@pytest.mark.octt("TC_C_41_CS")
async def test_a_cached_token_of_the_same_group_stops_without_a_question(bench: Bench):
    await remembered(bench, VALID, group=GROUP)
    await remembered(bench, VALID_2, group=GROUP)
    states.verdict(bench, group=GROUP)
    await states.connected(bench)
    await unasked_start(bench)
    await states.charging(bench)
    bench.token = {"idToken": VALID_2, "type": "ISO14443"}
    stopped = await states.stop_authorized(bench)
    require(stopped, idToken__idToken=VALID_2, idToken__type="ISO14443")
    await states.post_session(bench)
    await states.disconnected(bench)
    await bench.tool.silence("Authorize", 0.0)


@pytest.mark.octt("TC_C_44_CS")
async def test_a_token_of_the_group_that_is_cached_as_refused_stops_nothing(bench: Bench):
    await remembered(bench, VALID, group=GROUP)
    await remembered(bench, INVALID, "Invalid", GROUP)
    states.verdict(bench, group=GROUP)
    await states.connected(bench)
    await unasked_start(bench)
    await states.charging(bench)
    states.verdict(bench, "Invalid", GROUP)
    bench.present(INVALID)
    await bench.tool.expect("Authorize", idToken__idToken=INVALID, idToken__type="ISO14443")
    await bench.tool.silence("TransactionEvent", SILENCE_S)
    assert bench.closed


# A token that was good when the CSMS went away


async def started_offline_and_refused(bench: Bench, wait_s: float = 5.0) -> float:
    """The cached token starts offline, and is invalid when the CSMS is back; the energy that had flowed before."""
    await remembered(bench)
    before_wh = bench.energy_wh
    await states.connected(bench)
    await bench.tool.go_offline()
    bench.present()
    await asyncio.sleep(wait_s)
    assert bench.closed
    states.verdict(bench, "Invalid")
    await bench.tool.go_online()
    await states.event(
        bench, triggerReason="Authorized", idToken__idToken=VALID, idToken__type="ISO14443", offline=True
    )
    await states.event(
        bench, triggerReason="ChargingStateChanged", transactionInfo__chargingState="Charging", offline=True
    )
    return before_wh


@pytest.mark.octt("TC_C_15_CS")
@with_settings(TxCtrlr__StopTxOnInvalidId=False, TxCtrlr__MaxEnergyOnInvalidId=ALLOWED_WH)
async def test_a_token_that_became_invalid_gets_the_energy_that_strangers_may_have(bench: Bench):
    before_wh = await started_offline_and_refused(bench, DURATION_S)
    await bench.tool.silence("TransactionEvent", 5.0)
    assert bench.closed
    await states.event(
        bench, 600.0, triggerReason="ChargingStateChanged", transactionInfo__chargingState="SuspendedEVSE"
    )
    await asyncio.sleep(EASE_S)
    assert not bench.closed
    assert ALLOWED_WH <= bench.energy_wh - before_wh < ALLOWED_WH + SLACK_WH


@pytest.mark.octt("TC_C_16_CS")
@with_settings(TxCtrlr__StopTxOnInvalidId=True, TxCtrlr__MaxEnergyOnInvalidId=0, **ENDS_WITH_AUTHORIZATION)
async def test_a_token_that_became_invalid_ends_its_transaction(bench: Bench):
    await started_offline_and_refused(bench)
    await states.event(bench, triggerReason="Deauthorized")
    assert not bench.closed


@pytest.mark.octt("TC_C_17_CS")
@with_settings(TxCtrlr__StopTxOnInvalidId=False, TxCtrlr__MaxEnergyOnInvalidId=0)
async def test_a_token_that_became_invalid_gets_no_more_energy(bench: Bench):
    await started_offline_and_refused(bench)
    await states.event(bench, triggerReason="ChargingStateChanged", transactionInfo__chargingState="SuspendedEVSE")
    assert not bench.closed
    await bench.tool.silence("TransactionEvent", SILENCE_S)


@pytest.mark.octt("TC_C_18_CS")
@with_settings(TxCtrlr__StopTxOnInvalidId=True, TxCtrlr__MaxEnergyOnInvalidId=500, **ENDS_WITH_AUTHORIZATION)
async def test_a_token_that_became_invalid_ends_its_transaction_whatever_strangers_may_have(bench: Bench):
    await started_offline_and_refused(bench, DURATION_S)
    await states.event(bench, triggerReason="Deauthorized", offline={ABSENT, False})
    assert not bench.closed
