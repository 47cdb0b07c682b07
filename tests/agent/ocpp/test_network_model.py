"""Network profiles in 2.1's device model, and those with a password of their own."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from agent.core.security import SecurityEventKind
from agent.ocpp.asks import VariableName
from agent.ocpp.codec import Version
from agent.ocpp.network import SLOTS
from agent.runtime.schema import JournalError
from tests.agent.ocpp.stand import MemoryStore, Stand, settled, stand
from tests.agent.ocpp.test_block_network import NEW, NUMBERS, OLD, QUICK, Gate, csms, network_profile, secrets

V21: Any = {"versions": (Version.V21,), "start_values": QUICK}
THIRD = "0123456789ABCDEF"


def server(gate: Gate | None = None) -> Any:
    return csms("ocpp2.1", gate)


async def wrote(one: Stand, variable: str, value: str, slot: int | str = 1) -> tuple[str, str | None]:
    """SetVariables of a slot's variable: status and reason code."""
    named = {"component": {"name": "NetworkConfiguration", "instance": str(slot)}, "variable": {"name": variable}}
    data = {"setVariableData": [named | {"attributeValue": value}]}
    frame = await one.csms.call("SetVariables", data, f"set-{next(NUMBERS)}")
    result = frame[2]["setVariableResult"][0]
    return result["attributeStatus"], result.get("attributeStatusInfo", {}).get("reasonCode")


async def read(one: Stand, variable: str, slot: int = 1) -> str:
    named = {"component": {"name": "NetworkConfiguration", "instance": str(slot)}, "variable": {"name": variable}}
    frame = await one.csms.call("GetVariables", {"getVariableData": [named]}, f"get-{next(NUMBERS)}")
    result = frame[2]["getVariableResult"][0]
    return str(result.get("attributeValue", result["attributeStatus"]))


async def sets(one: Stand, profile: dict[str, Any]) -> dict[str, Any]:
    frame = await one.csms.call("SetNetworkProfile", profile, f"profile-{next(NUMBERS)}")
    return frame[2]  # type: ignore[no-any-return]


async def ranks(one: Stand, order: str) -> str:
    """NetworkConfigurationPriority: what became of it, in one word: the reason of a refusal."""
    named = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "NetworkConfigurationPriority"}}
    data = {"setVariableData": [named | {"attributeValue": order}]}
    frame = await one.csms.call("SetVariables", data, f"order-{next(NUMBERS)}")
    result = frame[2]["setVariableResult"][0]
    return str(result.get("attributeStatusInfo", {}).get("reasonCode", result["attributeStatus"]))


@pytest.mark.req("B09.FR.06", "B09.FR.08", "B09.FR.10", "B09.FR.13")
async def test_every_slot_is_reported_and_what_the_station_cannot_do_is_not_writable(tmp_path):
    async with stand(server(), **V21, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        rows = {
            (each.name.component_instance, each.name.variable): each
            for each in one.station.model.everything()
            if each.name.component == "NetworkConfiguration"
        }
        assert {slot for slot, _ in rows} == {str(slot) for slot in SLOTS}
        for slot in SLOTS:
            access = {name: str(each.attributes[0].access) for (of, name), each in rows.items() if of == str(slot)}
            assert access.pop("BasicAuthPassword") == "WriteOnly"
            assert (access.pop("ApnEnabled"), access.pop("VpnEnabled")) == ("ReadOnly", "ReadOnly")
            assert set(access.values()) == {"ReadWrite"}
        assert await read(one, "OcppCsmsUrl", 0) == one.station._uplink.plan.slots[0].url
        assert await read(one, "BasicAuthPassword", 0) == "Rejected"
        assert await wrote(one, "ApnEnabled", "true") == ("Rejected", "ReadOnly")
        assert await wrote(one, "OcppCsmsUrl", "ws://x", slot=9) == ("UnknownComponent", "NotFound")
        assert await wrote(one, "Colour", "red") == ("UnknownVariable", "NotFound")


@pytest.mark.req("B09.FR.09", "B09.FR.11")
async def test_what_setnetworkprofile_brings_is_read_back(tmp_path):
    async with stand(server(), **V21, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        more = {"identity": "CS-9", "ocppInterface": "Wireless1", "ocppVersion": "OCPP201"}
        assert (await sets(one, network_profile(2, "ws://other.example/ocpp", **more)))["status"] == "Accepted"
        found = {name: await read(one, name, 2) for name in ("OcppCsmsUrl", "OcppInterface", "OcppVersion", "Identity")}
        assert found == {
            "OcppCsmsUrl": "ws://other.example/ocpp",
            "OcppInterface": "Wireless1",
            "OcppVersion": "OCPP201",
            "Identity": "CS-9",
        }
        assert await read(one, "MessageTimeout", 2) == "30"
        assert await read(one, "ApnEnabled", 2) == await read(one, "VpnEnabled", 2) == "false"


@pytest.mark.req("B09.FR.24", "B09.FR.33")
async def test_a_profile_written_variable_by_variable_is_durable_and_used_when_its_turn_comes(tmp_path):
    gate, store = Gate(OLD), MemoryStore()
    other = server(Gate(NEW))
    url = await other.start()
    async with stand(server(gate), store=store, **V21, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        home = one.station._uplink.home.url
        written = {"OcppCsmsUrl": url, "SecurityProfile": "1", "BasicAuthPassword": NEW, "OcppVersion": "OCPP21"}
        for name, value in written.items():
            assert await wrote(one, name, value) == ("Accepted", None), name
        assert await wrote(one, "MessageTimeout", "20") == ("Accepted", None)
        assert SecurityEventKind.SECURITY_RECONFIGURED in one.events
        assert NEW in secrets(tmp_path).values()
        assert NEW.encode() not in b"".join(store.metas.values())
        assert await ranks(one, "1,0") == "Accepted"
    async with stand(server(), url=home, store=store, **V21, password=OLD, folder=tmp_path) as again:
        await other.until(lambda: other.handshakes)
        await settled()
        assert again.station._uplink.attempt.slot == 1
        assert again.station.online
    await other.stop()


@pytest.mark.req("B09.FR.23", "B09.FR.25")
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OcppCsmsUrl", "http://x"),
        ("OcppCsmsUrl", "ws://"),
        ("OcppCsmsUrl", "ws://me:secret@x"),
        ("OcppInterface", "Telepathy"),
        ("OcppTransport", "SOAP"),
        ("OcppVersion", "OCPP12"),
        ("MessageTimeout", "-1"),
        ("MessageTimeout", "soon"),
        ("SecurityProfile", "0"),
        ("SecurityProfile", "4"),
        ("Identity", "a:b"),
        ("BasicAuthPassword", "short"),
        ("BasicAuthPassword", "with a space in it"),
        ("BasicAuthPassword", "x" * 41),
    ],
)
async def test_a_value_that_cannot_be_is_refused_and_nothing_changes(variable, value, tmp_path):
    async with stand(server(), **V21, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        plan = one.station._uplink.plan
        status, reason = await wrote(one, variable, value)
        assert status == "Rejected"
        assert reason in {"InvalidValue", "InvalidNetworkConf"}
        assert one.station._uplink.plan == plan


@pytest.mark.req("B09.FR.22")
async def test_a_profile_that_may_be_used_any_moment_is_not_written(tmp_path):
    async with stand(server(), **V21, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        assert await wrote(one, "OcppCsmsUrl", "ws://x", slot=0) == ("Rejected", "ActiveNetworkConf")
        await sets(one, network_profile(2, "ws://other.example"))
        assert await ranks(one, "0,2") == "Accepted"
        assert await wrote(one, "Identity", "CS-9", slot=2) == ("Rejected", "ActiveNetworkConf")


@pytest.mark.req("B09.FR.32", "B09.FR.35")
@pytest.mark.parametrize("allowed", ["true", "false"])
async def test_a_draft_never_lowers_the_security_profile_to_plain_text(allowed, tmp_path):
    values = QUICK | {"SecurityCtrlr.AllowSecurityProfileDowngrade": allowed}
    async with stand(server(), versions=(Version.V21,), start_values=values, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        plan = one.station._uplink.plan
        one.station._uplink.plan = replace(plan, slots={0: replace(plan.slots[0], security=2)})
        assert await wrote(one, "SecurityProfile", "1") == ("Rejected", "NoSecurityDowngrade")
        assert await wrote(one, "SecurityProfile", "2") == ("Accepted", None)


@pytest.mark.req("B09.FR.20", "B09.FR.34")
async def test_a_draft_whose_parts_do_not_fit_together_gets_no_turn(tmp_path):
    async with stand(server(), **V21, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        await wrote(one, "Identity", "CS-9")  # no URL yet
        assert await ranks(one, "0,1") == "InvalidNetworkConf"
        await wrote(one, "OcppCsmsUrl", "wss://x")
        assert await ranks(one, "0,1") == "InvalidNetworkConf"  # profile 1 is plain text
        await wrote(one, "OcppCsmsUrl", "ws://x")
        assert await ranks(one, "0,1") == "Accepted"
        assert await ranks(one, "0") == "Accepted"
        assert await ranks(one, "0,3") == "InvalidConfSlot"


async def test_what_the_disk_does_not_take_is_refused(tmp_path):
    async with stand(server(), **V21, password=OLD, folder=tmp_path) as one:
        await one.accepted()

        async def full(*_: Any) -> None:
            raise JournalError(tmp_path, "the disk is full", "make room")

        one.station._uplink.keep = full  # type: ignore[method-assign]
        assert await wrote(one, "Identity", "CS-9") == ("Rejected", "InternalError")


@pytest.mark.req("B09.FR.16", "B09.FR.28")
async def test_a_profiles_own_password_and_identity_are_used_with_it_alone(tmp_path):
    old, store = server(Gate(OLD)), MemoryStore()
    other = server(Gate(NEW))
    url, home = await other.start(), await old.start()
    async with stand(old, url=home, store=store, **V21, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        profile = network_profile(1, url, basicAuthPassword=NEW, identity="CS-9", ocppVersion="OCPP21")
        assert (await sets(one, profile))["status"] == "Accepted"
        assert NEW.encode() not in b"".join(store.metas.values())
        assert await ranks(one, "1,0") == "Accepted"
    async with stand(old, url=home, store=store, **V21, password=OLD, folder=tmp_path) as again:
        await other.until(lambda: other.handshakes)
        await settled()
        assert again.station._uplink.identity == "CS-9"
        assert again.station.model.find(VariableName("SecurityCtrlr", "Identity")).value == "CS-9"
        await other.stop()
        await old.until(lambda: len(old.handshakes) == 2)
    await old.stop()


@pytest.mark.req("B09.FR.02")
@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"basicAuthPassword": "short"}, "at least 16"),
        ({"apn": {"apn": "internet", "apnAuthentication": "NONE"}}, "leave out apn"),
        (
            {"vpn": {"server": "v", "user": "u", "password": "p" * 16, "key": "k", "type": "IPSec"}},
            "leave out vpn",
        ),
    ],
)
async def test_a_profile_that_the_station_has_no_means_for_is_refused_in_words(more, why, tmp_path):
    async with stand(server(), **V21, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        answer = await sets(one, network_profile(1, "ws://x", **more))
        assert answer["status"] == "Rejected"
        assert answer["statusInfo"]["reasonCode"] == "InvalidNetworkConf"
        assert why in answer["statusInfo"]["additionalInfo"]


@pytest.mark.req("B09.FR.27")
async def test_a_new_password_of_the_station_takes_the_place_of_the_active_profiles_own_and_of_no_others(tmp_path):
    gate = Gate(OLD)
    async with stand(server(gate), **V21, password=OLD, folder=tmp_path) as one:
        await one.accepted()
        await sets(one, network_profile(1, "ws://x", basicAuthPassword=NEW))
        named = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
        gate.passwords = {THIRD.encode()}
        await one.csms.call("SetVariables", {"setVariableData": [named | {"attributeValue": THIRD}]}, "pw")
        await one.csms.until(lambda: len(one.csms.handshakes) == 2)
        await settled()
        assert one.station._uplink.plan.slots[1].password is not None
        assert {NEW, THIRD} <= set(secrets(tmp_path).values())
