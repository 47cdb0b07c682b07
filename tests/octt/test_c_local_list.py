"""TC_C: what the local authorization list says of a token, online and offline."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.octt import states
from tests.octt.bench import DURATION_S, INVALID, VALID, VALID_2, Bench
from tests.octt.tool import ABSENT, BOOT_INTERVAL_S, require

GROUP = {"idToken": "GROUP", "type": "Central"}
SILENCE_S = 30.0
LIST = {
    "AuthCtrlr.LocalPreAuthorize": True,
    "AuthCtrlr.LocalAuthorizeOffline": True,
    "AuthCtrlr.OfflineTxForUnknownIdEnabled": False,
    "TxCtrlr.TxStartPoint": "Authorized",
    "TxCtrlr.TxStopPoint": "EVConnected",
}

pytestmark = pytest.mark.bench(settings=LIST)


def known(token: str, status: str = "Accepted", group: dict[str, str] | None = None) -> dict[str, Any]:
    groups = {} if group is None else {"groupIdToken": group}
    return {"idToken": {"idToken": token, "type": "ISO14443"}, "idTokenInfo": {"status": status} | groups}


def with_settings(**more: Any) -> pytest.MarkDecorator:
    return pytest.mark.bench(settings=LIST | {name.replace("__", "."): value for name, value in more.items()})


@pytest.mark.octt("TC_C_27_CS")
async def test_a_listed_token_charges_without_a_question(bench: Bench):
    await states.listed(bench)
    await states.charging(bench, asks=False)
    await bench.tool.silence("Authorize", 1.0)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param("Invalid", marks=pytest.mark.octt("TC_C_28_CS")),
        pytest.param("Blocked", marks=pytest.mark.octt("TC_C_29_CS")),
        pytest.param("Expired", marks=pytest.mark.octt("TC_C_30_CS")),
    ],
)
async def test_a_token_listed_as_refused_is_asked_about(bench: Bench, status: str):
    await states.listed(bench, known(INVALID, status))
    states.verdict(bench, status)
    await states.connected(bench)
    await states.refused(bench, INVALID)


@pytest.mark.octt("TC_C_31_CS")
async def test_the_csms_overrules_a_list_that_refuses(bench: Bench):
    bench.token = {"idToken": INVALID, "type": "ISO14443"}
    await states.listed(bench, known(INVALID, "Invalid"))
    await states.authorized(bench)
    await states.connected(bench)
    await states.charging(bench)


@pytest.mark.octt("TC_C_58_CS")
@with_settings(LocalAuthListCtrlr__DisablePostAuthorize=True)
async def test_a_token_listed_as_refused_is_not_asked_about_where_that_is_switched_off(bench: Bench):
    await states.listed(bench, known(INVALID, "Invalid"))
    await states.connected(bench)
    bench.present(INVALID)
    await bench.tool.silence("Authorize", SILENCE_S)
    await bench.tool.silence("TransactionEvent", 0.0)
    assert not bench.closed


@pytest.mark.octt("TC_C_21_CS")
async def test_a_listed_token_starts_offline(bench: Bench):
    await states.listed(bench)
    await states.offline_transaction(bench)
    assert bench.closed
    await states.event(bench, eventType="Started", triggerReason="Authorized", offline=True, idToken__idToken=VALID)
    await asyncio.sleep(BOOT_INTERVAL_S)
    for one in bench.tool.left("TransactionEvent"):
        require(bench.tool.take(one), eventType="Updated", offline=True)
    bench.authorized = bench.connected = True
    await states.stop_authorized(bench)
    await states.post_session(bench)
    bench.unplug()
    await states.event(bench, eventType="Ended", offline={ABSENT, False})


@pytest.mark.parametrize(
    "status",
    [
        pytest.param("Invalid", marks=pytest.mark.octt("TC_C_22_CS")),
        pytest.param("Blocked", marks=pytest.mark.octt("TC_C_23_CS")),
        pytest.param("Expired", marks=pytest.mark.octt("TC_C_24_CS")),
    ],
)
async def test_a_token_listed_as_refused_starts_nothing_offline(bench: Bench, status: str):
    await states.listed(bench, known(INVALID, status))
    bench.token = {"idToken": INVALID, "type": "ISO14443"}
    await states.offline_transaction(bench)
    await bench.tool.silence("TransactionEvent", SILENCE_S)
    assert not bench.closed


@pytest.mark.octt("TC_C_25_CS")
@with_settings(AuthCtrlr__OfflineTxForUnknownIdEnabled=True, TxCtrlr__StopTxOnInvalidId=False)
async def test_offline_the_list_goes_before_the_cache(bench: Bench):
    await states.cached(bench)
    await states.listed(bench, known(VALID, "Invalid"))
    await states.connected(bench)
    await bench.tool.go_offline()
    bench.present()
    await asyncio.sleep(DURATION_S)
    await bench.tool.go_online()
    await bench.tool.silence("TransactionEvent", SILENCE_S)
    assert not bench.closed


@pytest.mark.octt("TC_C_40_CS")
async def test_a_listed_token_of_the_same_group_stops_without_a_question(bench: Bench):
    await states.listed(bench, known(VALID, group=GROUP), known(VALID_2, group=GROUP))
    states.verdict(bench, group=GROUP)
    await states.connected(bench)
    await states.charging(bench, asks=False)
    bench.token = {"idToken": VALID_2, "type": "ISO14443"}
    stopped = await states.stop_authorized(bench)
    require(stopped, eventType="Updated", idToken__idToken=VALID_2, idToken__type="ISO14443")
    await states.post_session(bench)
    await states.disconnected(bench)
    await bench.tool.silence("Authorize", 0.0)


@pytest.mark.octt("TC_C_43_CS")
async def test_a_token_of_the_group_that_is_listed_as_refused_stops_nothing(bench: Bench):
    await states.listed(bench, known(VALID, group=GROUP), known(INVALID, "Invalid", GROUP))
    await states.connected(bench)
    await states.charging(bench, asks=False)
    states.verdict(bench, "Invalid", GROUP)
    bench.present(INVALID)
    await bench.tool.expect("Authorize", idToken__idToken=INVALID, idToken__type="ISO14443")
    await bench.tool.silence("TransactionEvent", SILENCE_S)
    assert bench.closed
