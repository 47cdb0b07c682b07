"""TC_A and TC_B over plain links: passwords, network profiles, and how the station comes back to its CSMS."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.octt import states
from tests.octt.bench import IDENTITY, Bench
from tests.octt.minted import pem, root
from tests.octt.tool import BOOT_INTERVAL_S, Tool, require

OLD, NEW = "0123456789abcdef", "fedcba9876543210"
WAIT_S: Final = 4
WITH_PASSWORD = pytest.mark.bench(security_profile=1, password=OLD)
PATIENT: Final = {
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": WAIT_S,
    "OCPPCommCtrlr.RetryBackOffRandomRange": 0,
}


def credentials(tool: Tool) -> tuple[str, str, str]:
    """Who came last: the end of the URL, the user and the password."""
    request = tool.handshakes[-1]
    kind, _, encoded = request.headers["Authorization"].partition(" ")
    assert kind == "Basic"
    user, _, password = base64.b64decode(encoded).decode().partition(":")
    return request.path.rpartition("/")[2], user, password


async def set_password(bench: Bench, password: str) -> str:
    data = {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": "BasicAuthPassword"},
        "attributeValue": password,
    }
    answer = await bench.tool.send("SetVariables", setVariableData=[data])
    return str(answer["setVariableResult"][0]["attributeStatus"])


@pytest.mark.octt("TC_A_01_CS")
@WITH_PASSWORD
async def test_the_station_says_who_it_is_by_its_password(bench: Bench):
    await states.booted(bench)
    assert credentials(bench.tool) == (IDENTITY, IDENTITY, OLD)
    assert 16 <= len(OLD) <= 40


@pytest.mark.octt("TC_A_09_CS")
@WITH_PASSWORD
async def test_a_new_password_is_used_from_the_next_connection_on(bench: Bench):
    assert await set_password(bench, NEW) == "Accepted"
    await bench.tool.until(lambda: len(bench.tool.handshakes) == 2)
    assert credentials(bench.tool) == (IDENTITY, IDENTITY, NEW)


@pytest.mark.octt("TC_A_10_CS")
@WITH_PASSWORD
async def test_a_password_that_is_too_short_changes_nothing(bench: Bench):
    assert await set_password(bench, "too-short") == "Rejected"
    await states.booted(bench)
    assert credentials(bench.tool) == (IDENTITY, IDENTITY, OLD)


async def set_profile(bench: Bench, url: str, status: str, *, slot: int = 1, security: int = 1) -> None:
    """SetNetworkProfile, answered so."""
    data = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": url,
        "messageTimeout": 30,
        "securityProfile": security,
        "ocppInterface": "Wired0",
    }
    answer = await bench.tool.send("SetNetworkProfile", configurationSlot=slot, connectionData=data)
    require(answer, status=status)


async def set_priority(bench: Bench, slots: str) -> str:
    data: dict[str, Any] = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "NetworkConfigurationPriority"},
        "attributeValue": slots,
    }
    answer = await bench.tool.send("SetVariables", setVariableData=[data])
    return str(answer["setVariableResult"][0]["attributeStatus"])


@pytest_asyncio.fixture
async def other() -> AsyncIterator[Tool]:
    """The tool's second endpoint, which does not listen yet."""
    one = Tool()
    await one.start()
    yield one
    await one.stop()


async def migrated(bench: Bench, other: Tool) -> None:
    """The other endpoint's profile is to be used first, from the reset on."""
    await set_profile(bench, f"ws://127.0.0.1:{other.port}/ocpp", "Accepted")
    assert await set_priority(bench, "1,0") in {"Accepted", "RebootRequired"}
    require(await bench.tool.send("Reset", type="OnIdle"), status="Accepted")


async def boots_at(bench: Bench, tool: Tool) -> None:
    """The reusable state, at an endpoint of the tool's."""
    await tool.expect("BootNotification", 120.0)
    for evse in bench.station.board.evses:
        await tool.expect("StatusNotification", connectorStatus="Available", evseId=evse)
    await tool.expect("SecurityEventNotification", type={"StartupOfTheDevice", "ResetOrReboot"})


@pytest.mark.octt("TC_B_43_CS")
@WITH_PASSWORD
async def test_a_network_profile_for_a_slot_that_is_not_there_is_rejected(bench: Bench):
    await set_profile(bench, "ws://127.0.0.1:1/ocpp", "Rejected", slot=999)


@pytest.mark.octt("TC_B_45_CS")
@WITH_PASSWORD
async def test_the_station_moves_to_the_csms_of_another_network_profile(bench: Bench, other: Tool):
    await migrated(bench, other)
    await boots_at(bench, other)
    assert len(bench.tool.handshakes) == 1


@pytest.mark.octt("TC_B_46_CS")
@WITH_PASSWORD
@pytest.mark.bench(settings=PATIENT | {"OCPPCommCtrlr.NetworkProfileConnectionAttempts": 2})
async def test_a_new_csms_that_does_not_answer_is_tried_twice_and_then_the_old_one_is_called(bench: Bench, other: Tool):
    tried = 0

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tried
        tried += 1
        writer.close()

    await other.stop()
    async with await asyncio.start_server(hang_up, "127.0.0.1", other.port):
        await migrated(bench, other)
        await boots_at(bench, bench.tool)
    assert tried == 2


@pytest.mark.octt("TC_B_49_CS")
@WITH_PASSWORD
@pytest.mark.bench(
    settings=PATIENT | {"OCPPCommCtrlr.NetworkProfileConnectionAttempts": 1, "OCPPCommCtrlr.RetryBackOffRepeatTimes": 0}
)
async def test_when_neither_csms_answers_the_station_waits_and_goes_on_trying(bench: Bench, other: Tool):
    await other.stop()
    await migrated(bench, other)
    await bench.tool.go_offline()
    began_s = asyncio.get_running_loop().time()
    await asyncio.sleep(WAIT_S - 1)
    await bench.tool.go_online()
    assert asyncio.get_running_loop().time() - began_s >= WAIT_S
    await boots_at(bench, bench.tool)


@pytest.mark.octt("TC_B_57_CS")
@pytest.mark.bench(settings=PATIENT | {"OCPPCommCtrlr.RetryBackOffRepeatTimes": 2})
async def test_the_station_comes_back_after_a_wait_that_doubles(bench: Bench):
    tool = bench.tool
    lost_s = asyncio.get_running_loop().time()
    await tool.hang_up()
    await tool.until(lambda: len(tool.handshakes) == 2)
    assert tool.handshake_times_s[1] - lost_s == pytest.approx(WAIT_S, abs=0.5)
    await asyncio.sleep(BOOT_INTERVAL_S)
    lost_s = asyncio.get_running_loop().time()
    await tool.go_offline()
    await asyncio.sleep(WAIT_S + 1)  # one attempt was not accepted
    await tool.go_online()
    assert tool.handshake_times_s[2] - (lost_s + WAIT_S) == pytest.approx(2 * WAIT_S, abs=0.5)


@pytest.mark.octt("TC_A_20_CS")
@WITH_PASSWORD
async def test_more_security_is_rejected_without_a_root_of_the_csms(bench: Bench):
    await set_profile(bench, "wss://localhost:1/ocpp", "Accepted", security=2)
    assert await set_priority(bench, "1,0") == "Rejected"


@pytest.mark.octt("TC_A_21_CS")
@WITH_PASSWORD
async def test_the_highest_security_is_rejected_without_a_certificate_of_the_station(bench: Bench):
    await states.certificate_installed(bench, "CSMSRootCertificate", pem(root()))
    await set_profile(bench, "wss://localhost:1/ocpp", "Accepted", security=3)
    assert await set_priority(bench, "1,0") == "Rejected"
