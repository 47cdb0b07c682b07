"""Changing password, security profile and CSMS through OCPP: answered when durable, kept when proved."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from agent.core.security import SecurityEventKind
from agent.ocpp.codec import Version
from agent.ocpp.settings.secure_link import BASIC_AUTH_PASSWORD, SECURITY_PROFILE
from agent.ocpp.uplink import PLAN_KEY
from agent.runtime.schema import JournalError
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import MemoryStore, Stand, settled, stand

NUMBERS = itertools.count()
OLD, NEW = "0123456789abcdef", "fedcba9876543210"
QUICK = {"RetryBackOffWaitMinimum": "1", "RetryBackOffRandomRange": "0", "RetryBackOffRepeatTimes": "0"}
V201 = {"versions": (Version.V201,), "start_values": QUICK}
V16 = {"versions": (Version.V16,), "start_values": QUICK}


class Gate:
    """Lets in whoever has one of these passwords, and notes who came."""

    def __init__(self, *passwords: str | bytes) -> None:
        self.passwords = {one.encode() if isinstance(one, str) else one for one in passwords}
        self.seen: list[bytes] = []

    def __call__(self, connection: ServerConnection, request: Request) -> Response | None:
        said = base64.b64decode(request.headers.get("Authorization", "Basic ").removeprefix("Basic "))
        password = said.partition(b":")[2]
        self.seen.append(password)
        return None if password in self.passwords else connection.respond(401, "no\n")


def csms(version: str = "ocpp2.0.1", gate: Gate | None = None) -> ScriptedCsms:
    return ScriptedCsms(versions=(version,), gate=gate)


async def written(one: Stand, component: str, variable: str, value: str) -> dict[str, Any]:
    data = {"component": {"name": component}, "variable": {"name": variable}, "attributeValue": value}
    frame = await one.csms.call("SetVariables", {"setVariableData": [data]}, f"set-{next(NUMBERS)}")
    return frame[2]["setVariableResult"][0]  # type: ignore[no-any-return]


async def changed(one: Stand, key: str, value: str) -> str:
    frame = await one.csms.call("ChangeConfiguration", {"key": key, "value": value}, f"change-{next(NUMBERS)}")
    return frame[2]["status"]  # type: ignore[no-any-return]


def network_profile(slot: int, url: str, security: int = 1, **more: Any) -> dict[str, Any]:
    data = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": url,
        "messageTimeout": 30,
        "securityProfile": security,
        "ocppInterface": "Wired0",
    }
    return {"configurationSlot": slot, "connectionData": data | more}


def secrets(folder: Path) -> dict[str, str]:
    place = folder / "secrets"
    return {one.name: one.read_text() for one in place.iterdir()} if place.exists() else {}


# Password


@pytest.mark.req("A01.FR.01", "A01.FR.02", "A01.FR.11")
@pytest.mark.octt("TC_A_01_CS")
async def test_a_new_password_is_used_at_once_and_kept_when_it_has_connected(tmp_path):
    gate = Gate(OLD)
    async with stand(csms(gate=gate), **V201, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        gate.passwords = {NEW.encode()}
        assert (await written(one, "SecurityCtrlr", "BasicAuthPassword", NEW))["attributeStatus"] == "Accepted"
        await one.csms.until(lambda: len(one.csms.handshakes) == 2)
        await settled()
        assert gate.seen == [OLD.encode(), NEW.encode()]
        assert NEW in secrets(tmp_path).values()
        assert NEW.encode() not in b"".join(one.store.metas.values())
        assert SecurityEventKind.SECURITY_RECONFIGURED in one.events


async def test_a_new_password_that_the_csms_refuses_leaves_the_old_one_in_force(tmp_path):
    gate = Gate(OLD)  # answers Accepted and goes on with the old one
    async with stand(csms(gate=gate), **V201, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        await written(one, "SecurityCtrlr", "BasicAuthPassword", NEW)
        await one.csms.until(lambda: len(one.csms.handshakes) == 2)
        await settled()
        assert gate.seen == [OLD.encode(), NEW.encode(), OLD.encode()]
        assert NEW not in secrets(tmp_path).values()
        assert one.events.count(SecurityEventKind.FAILED_TO_AUTHENTICATE_AT_CSMS) == 1


@pytest.mark.parametrize("kept", ["old", "new"])
async def test_a_password_on_trial_survives_a_restart_whichever_the_csms_has_kept(kept, tmp_path):
    gate, store = Gate(OLD), MemoryStore()
    server = csms(gate=gate)
    url = await server.start()
    async with stand(server, url=url, store=store, **V201, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        gate.passwords = set()  # nobody comes in: the trial cannot end
        await written(one, "SecurityCtrlr", "BasicAuthPassword", NEW)
        await settled(5)
    gate.passwords = {(OLD if kept == "old" else NEW).encode()}
    async with stand(server, url=url, store=store, **V201, password=OLD, folder=tmp_path):
        await server.until(lambda: len(server.handshakes) == 2)
        await settled()
        assert (NEW in secrets(tmp_path).values()) == (kept == "new")
    async with stand(server, url=url, store=store, **V201, password=OLD, folder=tmp_path):
        await server.until(lambda: len(server.handshakes) == 3)
        assert gate.seen[-1] == (OLD if kept == "old" else NEW).encode()
    await server.stop()


async def test_a_person_who_changes_the_configured_password_is_believed_more_than_the_csms(tmp_path):
    gate, store = Gate(OLD, NEW), MemoryStore()
    server = csms(gate=gate)
    url = await server.start()
    async with stand(server, url=url, store=store, **V201, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        await written(one, "SecurityCtrlr", "BasicAuthPassword", NEW)
        await server.until(lambda: len(server.handshakes) == 2)
        await settled()
    third = "a-third-password"
    gate.passwords = {third.encode()}
    async with stand(server, url=url, store=store, **V201, password=third, folder=tmp_path):
        await server.until(lambda: len(server.handshakes) == 3)
        assert gate.seen[-1] == third.encode()
    await server.stop()


@pytest.mark.req("A00.FR.205")
@pytest.mark.parametrize("text", ["short", "x" * 41, "has a space in it!", "häää" * 5])
async def test_what_is_no_password_is_refused_and_nothing_changes(text, tmp_path):
    async with stand(csms(gate=Gate(OLD)), **V201, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        assert (await written(one, "SecurityCtrlr", "BasicAuthPassword", text))["attributeStatus"] == "Rejected"
        await settled(5)
        assert len(one.csms.handshakes) == 1
        assert secrets(tmp_path) == {}


@pytest.mark.req("A01.FR.12")
async def test_the_password_can_be_written_and_never_read(tmp_path):
    async with stand(csms(gate=Gate(OLD)), **V201, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        name = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
        frame = await one.csms.call("GetVariables", {"getVariableData": [name]})
        assert frame[2]["getVariableResult"][0]["attributeStatus"] == "Rejected"
        assert OLD not in str(one.csms.frames)
        assert one.settings.get(BASIC_AUTH_PASSWORD) == ""


@pytest.mark.req("A01.FR.02")
async def test_a_1_6_key_is_bytes_in_hexadecimal_digits(tmp_path):
    key = "00ff" * 10
    gate = Gate(OLD, bytes.fromhex(key))
    async with stand(csms("ocpp1.6", gate), **V16, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        for wrong in ("00ff", "zz" * 16, "0" * 33):
            assert await changed(one, "AuthorizationKey", wrong) == "Rejected"
        assert await changed(one, "AuthorizationKey", key) == "Accepted"
        await one.csms.until(lambda: len(one.csms.handshakes) == 2)
        assert gate.seen[-1] == bytes.fromhex(key)
        frame = await one.csms.call("GetConfiguration", {"key": ["AuthorizationKey"]})
        assert frame[2]["configurationKey"] == [{"key": "AuthorizationKey", "readonly": False}]


async def test_a_password_that_the_disk_does_not_take_is_refused(tmp_path):
    (tmp_path / "secrets").write_text("in the way of the folder")
    async with stand(csms(gate=Gate(OLD)), **V201, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        assert (await written(one, "SecurityCtrlr", "BasicAuthPassword", NEW))["attributeStatus"] == "Rejected"
        await settled(5)
        assert len(one.csms.handshakes) == 1


# 1.6: SecurityProfile


@pytest.mark.req("A05.FR.05", "A05.FR.07")
@pytest.mark.octt("TC_086_CS")
async def test_1_6_a_raised_profile_is_used_at_once_and_kept(tmp_path):
    gate, store = Gate("", OLD), MemoryStore()
    server = csms("ocpp1.6", gate)
    url = await server.start()
    async with stand(server, url=url, store=store, **V16, password=OLD, profile=1, folder=tmp_path) as one:
        await one.accepted()
        assert await changed(one, "SecurityProfile", "1") == "Rejected"  # A05.FR.01
        assert await changed(one, "SecurityProfile", "2") == "Rejected"  # A05.FR.03: no root
        assert await changed(one, "SecurityProfile", "9") == "Rejected"
        frame = await server.call("GetConfiguration", {"key": ["SecurityProfile"]})
        assert frame[2]["configurationKey"] == [{"key": "SecurityProfile", "readonly": False, "value": "1"}]
    await server.stop()


async def test_2_x_cannot_write_the_security_profile(tmp_path):
    async with stand(csms(), **V201, folder=tmp_path) as one:
        await one.accepted()
        result = await written(one, "SecurityCtrlr", "SecurityProfile", "1")
        assert (result["attributeStatus"], result["attributeStatusInfo"]["reasonCode"]) == ("Rejected", "ReadOnly")


# 2.x: network profiles


@pytest.mark.req("B09.FR.01", "B10.FR.01", "B10.FR.04", "B10.FR.06", "A05.FR.04", "A05.FR.06")
@pytest.mark.octt("TC_B_45_CS")
async def test_a_network_profile_is_used_from_the_next_start_on_and_the_new_csms_is_told_everything(tmp_path):
    old, new, store = csms(gate=Gate(OLD)), csms(gate=Gate(OLD)), MemoryStore()
    url, elsewhere = await old.start(), await new.start()
    async with stand(old, url=url, store=store, **V201, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        answer = await old.call("SetNetworkProfile", network_profile(1, elsewhere))
        assert answer[2] == {"status": "Accepted"}
        result = await written(one, "OCPPCommCtrlr", "NetworkConfigurationPriority", "1,0")
        assert result["attributeStatus"] == "Accepted"
        await settled(5)
        assert new.handshakes == []
    async with stand(old, url=url, store=store, **V201, password=OLD, folder=tmp_path) as one:
        await new.heard_of("BootNotification")
        assert len(old.handshakes) == 1
        assert one.station.link().url == elsewhere
        name = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "ActiveNetworkProfile"}}
        frame = await new.call("GetVariables", {"getVariableData": [name]})
        assert frame[2]["getVariableResult"][0]["attributeValue"] == "1"
    await old.stop()
    await new.stop()


@pytest.mark.req("B10.FR.03", "B10.FR.07")
@pytest.mark.octt("TC_B_46_CS")
async def test_a_new_csms_that_cannot_be_reached_is_tried_so_often_and_then_the_old_one_is_called_again(tmp_path):
    old, store = csms(gate=Gate(OLD)), MemoryStore()
    url = await old.start()
    tries = QUICK | {"OCPPCommCtrlr.NetworkProfileConnectionAttempts": "4"}
    options: dict[str, Any] = {"versions": (Version.V201,), "start_values": tries, "password": OLD}
    async with stand(old, url=url, store=store, **options, folder=tmp_path) as one:
        await one.accepted()
        await old.call("SetNetworkProfile", network_profile(1, "ws://127.0.0.1:9/nobody"))
        await written(one, "OCPPCommCtrlr", "NetworkConfigurationPriority", "1,0")
    began_s = old.handshake_times_s[0]
    async with stand(old, url=url, store=store, **options, folder=tmp_path) as one:
        await old.until(lambda: len(old.handshakes) == 2)
        assert 3.5 < old.handshake_times_s[1] - began_s < 8  # four attempts, a second between two of them
        await old.heard_of("StatusNotification")
        assert one.station.link().url == url
    await old.stop()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"slot": 9}, "InvalidConfSlot"),
        ({"url": "http://csms/"}, "InvalidNetworkConf"),
        ({"url": "wss://csms/"}, "InvalidNetworkConf"),
        ({"ocppTransport": "SOAP"}, "InvalidNetworkConf"),
        ({"ocppVersion": "OCPP15"}, "InvalidNetworkConf"),
        ({"security": 7}, "InvalidNetworkConf"),
        ({"apn": {"apn": "internet", "apnAuthentication": "NONE"}}, "InvalidNetworkConf"),
    ],
)
@pytest.mark.req("B09.FR.02", "B09.FR.05")
async def test_a_network_profile_that_cannot_work_is_refused_with_a_reason(more, reason, tmp_path):
    fields = {"slot": 1, "url": "ws://csms/", "security": 1} | more
    async with stand(csms(gate=Gate(OLD)), **V201, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        slot, url, security = (fields.pop(name) for name in ("slot", "url", "security"))
        answer = await one.csms.call("SetNetworkProfile", network_profile(slot, url, security, **fields))
        assert (answer[2]["status"], answer[2]["statusInfo"]["reasonCode"]) == ("Rejected", reason)
        assert PLAN_KEY not in one.store.metas or b'"1"' not in one.store.metas[PLAN_KEY]


@pytest.mark.req("B09.FR.03")
async def test_a_network_profile_that_the_disk_does_not_take_has_failed(tmp_path):
    async with stand(csms(gate=Gate(OLD)), **V201, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        one.store.commit = failing(one.store.commit)
        answer = await one.csms.call("SetNetworkProfile", network_profile(1, "ws://csms/"))
        assert answer[2]["status"] == "Failed"


@pytest.mark.req("B10.FR.02")
@pytest.mark.parametrize("value", ["1,0", "0,0", "", "x", "9"])
async def test_an_order_of_network_profiles_that_are_not_there_is_refused(value, tmp_path):
    async with stand(csms(gate=Gate(OLD)), **V201, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        result = await written(one, "OCPPCommCtrlr", "NetworkConfigurationPriority", value)
        assert result["attributeStatus"] == "Rejected" or value == "0,0"  # named twice is named once


async def test_a_configuration_that_names_another_csms_counts_more_than_what_was_kept(tmp_path):
    old, other, store = csms(), csms(), MemoryStore()
    url, elsewhere = await old.start(), await other.start()
    async with stand(old, url=url, store=store, **V201, folder=tmp_path) as one:
        await one.accepted()
    async with stand(other, url=elsewhere, store=store, **V201, folder=tmp_path) as one:
        await other.heard_of("BootNotification")
        assert one.settings.get(SECURITY_PROFILE) == 0
    await old.stop()
    await other.stop()


@pytest.mark.parametrize("noise", [b"", b"{}", b"\xff", b'{"origin":1}'])
async def test_a_plan_that_cannot_be_read_is_begun_anew(noise, tmp_path):
    store = MemoryStore()
    store.metas[PLAN_KEY] = noise
    async with stand(csms(), store=store, **V201, folder=tmp_path) as one:
        await one.accepted()


def failing(real: Callable[..., Any]) -> Callable[..., Any]:
    """Commits of the plan fail as on a full disk."""

    def commit(*operations: Any, within_s: float | None = None) -> Any:
        if any(getattr(one, "key", "") == PLAN_KEY for one in operations):
            raise JournalError(Path("journal"), "is full", "make room")
        return real(*operations, within_s=within_s)

    return commit
