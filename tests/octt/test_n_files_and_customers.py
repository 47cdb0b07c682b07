"""TC_N, and of TC_F what triggers their messages: logs over real HTTP, and what is kept of customers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.agent.runtime.transfer.servers import HttpServer, http_server
from tests.octt import states
from tests.octt.bench import Bench
from tests.octt.tool import require

FOLDER: Final = "/logs/"
RETRY_S: Final = 100
LOCAL = pytest.mark.bench(
    settings={
        "LocalAuthListCtrlr.Enabled": True,
        "AuthCtrlr.LocalPreAuthorize": True,
        "AuthCacheCtrlr.Enabled": True,
    },
    quiet=True,
)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with http_server() as one:
        yield one


async def get_log(
    bench: Bench, server: HttpServer, number: int, kind: str = "DiagnosticsLog", status: str = "Accepted", **more: int
) -> str:
    """GetLog, answered so; the name of the file."""
    where = {"remoteLocation": server.url(FOLDER)}
    answer = await bench.tool.send("GetLog", requestId=number, logType=kind, log=where, **more)
    require(answer, status=status, filename=bool)
    return str(answer["filename"])


async def hears(bench: Bench, number: int, *words: str) -> None:
    """These statuses are told next, in this order, and of this request."""
    for word in words:
        told = await bench.tool.expect("LogStatusNotification", 1000.0)
        require(told, status=word, requestId=number)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("DiagnosticsLog", marks=pytest.mark.octt("TC_N_25_CS")),
        pytest.param("SecurityLog", marks=pytest.mark.octt("TC_N_35_CS")),
    ],
)
async def test_a_log_is_uploaded(bench: Bench, server: HttpServer, kind: str):
    name = await get_log(bench, server, 25, kind)
    await hears(bench, 25, "Uploading", "Uploaded")
    assert server.files[FOLDER + name]


@pytest.mark.octt("TC_N_26_CS")
async def test_an_upload_that_fails_is_tried_as_often_and_as_late_as_was_asked(bench: Bench, server: HttpServer):
    server.status = {"PUT": 503, "POST": 503}
    await get_log(bench, server, 26, retries=3, retryInterval=RETRY_S)
    await hears(bench, 26, "Uploading")
    began_s = asyncio.get_running_loop().time()
    await hears(bench, 26, "UploadFailure")
    assert asyncio.get_running_loop().time() - began_s == pytest.approx(3 * RETRY_S, abs=5)


@pytest.mark.octt("TC_N_36_CS")
async def test_a_second_request_cancels_the_upload_of_the_first(bench: Bench, server: HttpServer):
    server.stall = True
    await get_log(bench, server, 1)
    await hears(bench, 1, "Uploading")
    server.stall = False
    name = await get_log(bench, server, 2, status="AcceptedCanceled")
    await hears(bench, 1, "AcceptedCanceled")
    await hears(bench, 2, "Uploading", "Uploaded")
    assert server.files[FOLDER + name]


async def trigger(bench: Bench) -> None:
    answer = await bench.tool.send("TriggerMessage", requestedMessage="LogStatusNotification")
    require(answer, status="Accepted")


@pytest.mark.octt("TC_F_15_CS")
async def test_the_status_without_an_upload_is_idle(bench: Bench):
    await trigger(bench)
    await bench.tool.expect("LogStatusNotification", status="Idle")


@pytest.mark.octt("TC_F_16_CS")
async def test_the_status_of_an_upload_under_way_is_told_again(bench: Bench, server: HttpServer):
    server.stall = True
    await get_log(bench, server, 16)
    await hears(bench, 16, "Uploading")
    await trigger(bench)
    await hears(bench, 16, "Uploading")


async def told_of_customer(bench: Bench, number: int, *, report: bool, clear: bool, **who: Any) -> str:
    """CustomerInformation, which is accepted; what all parts of the report say."""
    asked = who or {"idToken": bench.token}
    answer = await bench.tool.send("CustomerInformation", requestId=number, report=report, clear=clear, **asked)
    require(answer, status="Accepted")
    data = ""
    for seq in range(100):
        part = await bench.tool.expect("NotifyCustomerInformation", requestId=number, seqNo=seq)
        data += part["data"]
        if not part.get("tbc", False):
            await bench.tool.silence("NotifyCustomerInformation", 5.0)
            return data
    raise AssertionError("the report does not end")


async def known(bench: Bench) -> None:
    """The driver is cached, in the local list, and has charged."""
    await states.cached(bench)
    await states.listed(bench)
    await states.charging(bench, asks=False)
    await states.left(bench)


@pytest.mark.octt("TC_N_27_CS")
@LOCAL
async def test_what_is_kept_of_a_customer_is_reported(bench: Bench):
    await known(bench)
    assert await told_of_customer(bench, 27, report=True, clear=False)


@pytest.mark.octt("TC_N_28_CS")
async def test_of_a_customer_who_was_cleared_nothing_is_reported(bench: Bench):
    await states.whole_session(bench)
    assert await told_of_customer(bench, 1, report=True, clear=True)
    assert len(await told_of_customer(bench, 28, report=True, clear=False)) == 0


@pytest.mark.octt("TC_N_30_CS")
@LOCAL
async def test_what_is_kept_of_a_customer_is_reported_for_the_last_time_when_it_is_cleared(bench: Bench):
    await known(bench)
    before = await told_of_customer(bench, 1, report=True, clear=True)
    after = await told_of_customer(bench, 2, report=True, clear=False)
    assert before
    assert len(after) < len(before)


@pytest.mark.octt("TC_N_31_CS")
async def test_of_an_unknown_customer_it_is_said_that_there_is_nothing_to_report_and_clear(bench: Bench):
    assert not await told_of_customer(bench, 31, report=True, clear=True)


@pytest.mark.octt("TC_N_32_CS")
async def test_it_is_said_that_a_customer_was_cleared_also_without_a_report(bench: Bench):
    await told_of_customer(bench, 32, report=False, clear=True)


@pytest.mark.octt("TC_N_62_CS")
@LOCAL
async def test_a_customer_is_found_and_cleared_by_an_identifier_of_his_contract(bench: Bench):
    group = {"idToken": "CONTRACT-62", "type": "Central"}
    bench.tool.answer("Authorize", {"idTokenInfo": {"status": "Accepted", "groupIdToken": group}})
    bench.tool.answer("TransactionEvent", {"idTokenInfo": {"status": "Accepted", "groupIdToken": group}})
    await states.cached(bench)
    assert await told_of_customer(bench, 1, report=True, clear=True, customerIdentifier="CONTRACT-62")
    assert not await told_of_customer(bench, 2, report=True, clear=False, customerIdentifier="CONTRACT-62")
