"""TC_C: drivers whom the CSMS does not accept, groups, master passes, and strangers while it is away."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.octt import states
from tests.octt.bench import DURATION_S, INVALID, VALID, VALID_2, Bench
from tests.octt.tool import ABSENT, require

GROUP = {"idToken": "GROUP", "type": "Central"}
MASTER = {"idToken": "MASTERS", "type": "Central"}
MASTER_CARD = "FEDCBA98"
SILENCE_S = 30.0
TWO_EVSES = 2


def starts_at(point: str, **more: Any) -> pytest.MarkDecorator:
    settings = {"TxCtrlr.TxStartPoint": point} | {name.replace("__", "."): value for name, value in more.items()}
    return pytest.mark.bench(settings=settings)


async def asked(bench: Bench, token: str) -> None:
    await bench.tool.expect("Authorize", idToken__idToken=token, idToken__type="ISO14443")


@pytest.mark.parametrize(
    "status",
    [
        pytest.param("Invalid", marks=pytest.mark.octt("TC_C_02_CS")),
        pytest.param("Blocked", marks=pytest.mark.octt("TC_C_06_CS")),
        pytest.param("Expired", marks=pytest.mark.octt("TC_C_07_CS")),
        pytest.param("Unknown", marks=pytest.mark.octt("TC_C_56_CS")),
    ],
)
async def test_a_token_that_the_csms_does_not_accept_starts_nothing(bench: Bench, status: str):
    states.verdict(bench, status)
    await states.connected(bench)
    await states.refused(bench, INVALID, for_s=SILENCE_S)


@pytest.mark.octt("TC_C_04_CS")
async def test_another_token_does_not_stop_a_transaction(bench: Bench):
    await states.charging(bench)
    bench.present(VALID_2)
    await asked(bench, VALID_2)
    await bench.tool.silence("TransactionEvent", SILENCE_S)
    assert bench.closed


@pytest.mark.octt("TC_C_26_CS")
@starts_at(
    "Authorized",
    AuthCtrlr__LocalPreAuthorize=True,
    AuthCtrlr__OfflineTxForUnknownIdEnabled=True,
    TxCtrlr__MaxEnergyOnInvalidId=0,
    TxCtrlr__StopTxOnInvalidId=False,
)
async def test_offline_a_stranger_charges_until_the_csms_refuses_him(bench: Bench):
    states.verdict(bench, "Invalid")
    await states.offline_transaction(bench, back=False)
    assert bench.closed
    await bench.tool.go_online()
    await states.event(bench, eventType="Started", triggerReason="Authorized", offline=True, idToken__idToken=VALID)
    await states.event(bench, transactionInfo__chargingState="Charging", offline=True)
    await states.event(
        bench, eventType="Updated", triggerReason="ChargingStateChanged", transactionInfo__chargingState="SuspendedEVSE"
    )
    assert not bench.closed
    for one in bench.tool.left("TransactionEvent"):
        require(bench.tool.take(one), offline=True)
    bench.present()
    bench.unplug()
    await states.event(bench, triggerReason="StopAuthorized")


# Groups


@pytest.mark.octt("TC_C_39_CS")
@starts_at("Authorized", TxCtrlr__TxStopPoint="EVConnected")
async def test_a_token_of_the_same_group_stops_a_transaction(bench: Bench):
    states.verdict(bench, group=GROUP)
    await states.connected(bench)
    started = await states.authorized(bench, remote=False)
    require(started, eventType="Started", triggerReason="Authorized")
    await states.charging(bench)
    bench.present(VALID_2)
    await asked(bench, VALID_2)
    await states.event(bench, triggerReason="StopAuthorized", idToken__idToken=VALID_2, idToken__type="ISO14443")
    bench.authorized = False
    await states.post_session(bench)
    await states.disconnected(bench)


@pytest.mark.octt("TC_C_42_CS")
@starts_at("Authorized")
async def test_a_refused_token_of_the_same_group_stops_nothing(bench: Bench):
    states.verdict(bench, group=GROUP)
    await states.connected(bench)
    started = await states.authorized(bench, remote=False)
    require(started, eventType="Started", triggerReason="Authorized")
    await states.charging(bench)
    states.verdict(bench, "Invalid", GROUP)
    bench.present(INVALID)
    await asked(bench, INVALID)
    await bench.tool.silence("TransactionEvent", SILENCE_S)
    assert bench.closed


# Master passes


@pytest.mark.octt("TC_C_45_CS")
@starts_at("Authorized", AuthCtrlr__MasterPassGroupId=MASTER["idToken"])
async def test_a_master_pass_starts_nothing(bench: Bench):
    states.verdict(bench, group=MASTER)
    bench.present(MASTER_CARD)
    await asked(bench, MASTER_CARD)
    await states.connected(bench)
    await bench.tool.silence("TransactionEvent", SILENCE_S)
    assert not bench.closed


@pytest.mark.octt("TC_C_49_CS")
@pytest.mark.bench(evses=TWO_EVSES, settings={"AuthCtrlr.MasterPassGroupId": MASTER["idToken"]})
async def test_a_master_pass_stops_every_transaction(bench: Bench):
    for evse, token in enumerate((VALID, VALID_2), 1):
        bench.evse, bench.connected, bench.authorized, bench.tx = evse, False, False, None
        bench.token = {"idToken": token, "type": "ISO14443"}
        await states.charging(bench)
    states.verdict(bench, group=MASTER)
    bench.present(MASTER_CARD)
    await asked(bench, MASTER_CARD)
    for _ in range(TWO_EVSES):
        await states.event(
            bench,
            eventType="Ended",
            transactionInfo__stoppedReason="MasterPass",
            idToken__idToken={ABSENT, MASTER_CARD},
            idToken__type={ABSENT, "ISO14443"},
        )
    for evse in range(1, TWO_EVSES + 1):
        bench.evse = evse
        await states.post_session(bench)
        await states.disconnected(bench)


@pytest.mark.octt("TC_C_14_CS")
@pytest.mark.bench(
    settings={
        "AuthCtrlr.LocalPreAuthorize": True,
        "AuthCtrlr.MasterPassGroupId": MASTER["idToken"],
        "TxCtrlr.TxStopPoint": "EVConnected",
    }
)
async def test_a_cached_master_pass_stops_without_a_question(bench: Bench):
    states.verdict(bench, group=MASTER)
    bench.present(MASTER_CARD)
    await asked(bench, MASTER_CARD)
    states.verdict(bench)
    await asyncio.sleep(DURATION_S)
    await states.charging(bench)
    bench.present(MASTER_CARD)
    stopped = await states.event(
        bench, triggerReason="StopAuthorized", idToken__idToken=MASTER_CARD, idToken__type="ISO14443"
    )
    require(stopped, eventType="Updated")
    await states.post_session(bench)
    await states.disconnected(bench)
    await bench.tool.silence("Authorize", 0.0)
