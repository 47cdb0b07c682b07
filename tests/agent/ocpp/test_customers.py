"""CustomerInformation: reported in parts, cleared on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.ocpp.codec import Version
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import settled, stand
from tests.agent.ocpp.workbench import Bench

TOKEN = {"idToken": "AB", "type": "ISO14443"}
CERTIFICATE = {"hashAlgorithm": "SHA256", "issuerNameHash": "a", "issuerKeyHash": "b", "serialNumber": "1"}


async def ask(bench: Bench, *, report: bool, clear: bool, **who: Any) -> tuple[str, list[dict[str, Any]]]:
    """The answer's status, and the payloads of the notifications after it."""
    csms = ScriptedCsms(versions=(Version.V201,))
    async with stand(csms, versions=[Version.V201], workshop=bench.workshop) as one:
        await one.accepted()
        answer = await csms.call("CustomerInformation", {"requestId": 9, "report": report, "clear": clear, **who})
        await settled()
        told = [call.payload for call in csms.calls("NotifyCustomerInformation")]
        return answer[2]["status"], told


@pytest.mark.req("N09.FR.02", "N09.FR.05")
@pytest.mark.octt("TC_N_27_CS")
async def test_what_is_stored_is_told_in_as_many_parts_as_it_takes(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.customers.files["AB"] = ("x" * 600, "y" * 600)
    status, told = await ask(bench, report=True, clear=False, idToken=TOKEN)
    assert status == "Accepted"
    assert [(one["seqNo"], one["tbc"], one["requestId"]) for one in told] == [(0, True, 9), (1, True, 9), (2, False, 9)]
    assert "".join(one["data"] for one in told) == "x" * 600 + "\n" + "y" * 600
    assert max(len(one["data"]) for one in told) == 512
    assert bench.customers.files


@pytest.mark.req("N09.FR.06", "N10.FR.04")
@pytest.mark.octt("TC_N_28_CS", "TC_N_31_CS")
@pytest.mark.parametrize("clear", [True, False])
async def test_where_nothing_is_stored_one_empty_message_says_so(clear: bool, tmp_path: Path):
    status, told = await ask(Bench(tmp_path), report=True, clear=clear, idToken=TOKEN)
    assert status == "Accepted"
    assert [(one["data"], one["tbc"]) for one in told] == [("", False)]


@pytest.mark.req("N10.FR.01", "N10.FR.03")
@pytest.mark.octt("TC_N_30_CS", "TC_N_62_CS")
async def test_what_is_cleared_is_told_a_last_time_and_gone(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.customers.files["C-1"] = ("about C-1",)
    assert (await ask(bench, report=True, clear=True, customerIdentifier="C-1"))[1][0]["data"] == "about C-1"
    assert bench.customers.files == {}
    assert (await ask(bench, report=True, clear=False, customerIdentifier="C-1"))[1][0]["data"] == ""


@pytest.mark.req("N10.FR.06")
@pytest.mark.octt("TC_N_32_CS")
async def test_clearing_without_a_report_is_confirmed_with_one_message_that_tells_nothing(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.customers.files["AB"] = ("secret",)
    status, told = await ask(bench, report=False, clear=True, idToken=TOKEN)
    assert (status, [one["data"] for one in told], bench.customers.files) == ("Accepted", ["cleared"], {})


@pytest.mark.req("N09.FR.09")
@pytest.mark.octt("TC_N_29_CS")
@pytest.mark.parametrize("who", [{}, {"idToken": TOKEN, "customerIdentifier": "C-1"}])
async def test_a_request_that_names_nobody_or_several_is_invalid(who: dict[str, Any], tmp_path: Path):
    assert await ask(Bench(tmp_path), report=True, clear=True, **who) == ("Invalid", [])


@pytest.mark.req("N09.FR.07", "N10.FR.07")
async def test_a_request_for_nothing_is_rejected(tmp_path: Path):
    assert await ask(Bench(tmp_path), report=False, clear=False, idToken=TOKEN) == ("Rejected", [])


async def test_no_customer_is_known_by_a_certificate(tmp_path: Path):
    status, told = await ask(Bench(tmp_path), report=True, clear=True, customerCertificate=CERTIFICATE)
    assert (status, told[0]["data"]) == ("Accepted", "")
