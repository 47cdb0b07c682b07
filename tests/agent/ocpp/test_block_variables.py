"""Reading, writing and reporting settings and device model, in both versions, from one registry."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.session import Offer, Session
from agent.core.values import ConnectorStatus
from agent.ocpp.asks import ReadVariablesAsk, ReportBase, VariableAsk, VariableName
from agent.ocpp.blocks.variables import Variables
from agent.ocpp.codec import Version
from agent.ocpp.device_model import Attribute, DeviceModel, Nameplate, Variable
from agent.ocpp.hardware_model import HardwareModel
from agent.ocpp.reports import REPORT_BYTES, ReportPart, parts_of
from agent.ocpp.setting import Access, DataType, Setting
from agent.ocpp.settings import SETTINGS
from agent.ocpp.settings.link import HEARTBEAT_INTERVAL, OFFLINE_THRESHOLD
from agent.ocpp.settings.rows import text as text_row
from agent.ocpp.settings.transactions import TX_START_POINT
from agent.ocpp.v201.dialect import DialectV201
from agent.ocpp.variables import Settings
from hal.types import FaultKind, MeterSample
from tests.agent.ocpp.scripted_csms import BOOT_ACCEPTED, ScriptedCsms
from tests.agent.ocpp.stand import EPOCH_S, FakeCharger, Stand, settled, stand

V201 = {"versions": [Version.V201]}
NAMED_COMMS = "OCPPCommCtrlr"


async def ask(one: Stand, action: str, **fields: Any) -> Any:
    reply = await one.csms.call(action, fields)
    return reply[2] if reply[0] == 3 else reply[2:3]


# 1.6


@pytest.mark.behaviour(16)
async def test_get_configuration_without_keys_lists_every_key_of_1_6():
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        answer = await ask(one, "GetConfiguration")
        assert [key["key"] for key in answer["configurationKey"]] == [one.key16 for one in SETTINGS if one.key16]
        assert "unknownKey" not in answer


@pytest.mark.octt("TC_019_CS")
@pytest.mark.behaviour(16)
async def test_get_configuration_honours_its_filter_and_lists_unknown_keys_as_they_were_asked_for():
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        asked = ["heartbeatinterval", "NumberOfConnectors", "CoffeeStrength", "HEARTBEATINTERVAL", "Milk"]
        assert await ask(one, "GetConfiguration", key=asked) == {
            "configurationKey": [
                {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
                {"key": "NumberOfConnectors", "readonly": True, "value": "1"},
            ],
            "unknownKey": ["CoffeeStrength", "Milk"],
        }
        assert await ask(one, "GetConfiguration", key=["Milk"]) == {"unknownKey": ["Milk"]}
        assert await ask(one, "GetConfiguration", key=["x"] * 101) == ["OccurenceConstraintViolation"]


@pytest.mark.octt("TC_021_CS")
@pytest.mark.octt("TC_040_1_CS")
@pytest.mark.octt("TC_040_2_CS")
@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("MeterValueSampleInterval", "30", "Accepted"),
        ("MeterValueSampleInterval", "-1", "Rejected"),
        ("MeterValueSampleInterval", "soon", "Rejected"),
        ("WebSocketPingInterval", "-5", "Rejected"),
        ("NumberOfConnectors", "5", "Rejected"),
        ("CoffeeStrength", "9", "NotSupported"),
        ("FreeVend", "TRUE", "Accepted"),
        ("MeterValuesSampledData", "Energy.Active.Import.Register,Voltage", "Accepted"),
        ("MeterValuesSampledData", "Energy.Active.Import.Register,Temperature", "Rejected"),
        ("StopTxnAlignedData", "", "Accepted"),
        ("ConnectorPhaseRotation", "0.RST, 1.RTS", "Accepted"),
        ("ConnectorPhaseRotation", "0.RST, 1.ABC", "Rejected"),
        ("ConnectorPhaseRotation", "RST", "Rejected"),
        ("ConnectorPhaseRotationMaxLength", "3", "Rejected"),
    ],
)
async def test_change_configuration_takes_a_value_whole_or_not_at_all(key: str, value: str, status: str):
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        before = await ask(one, "GetConfiguration", key=[key])
        assert await ask(one, "ChangeConfiguration", key=key, value=value) == {"status": status}
        after = await ask(one, "GetConfiguration", key=[key])
        assert (after == before) == (status != "Accepted" or key == "StopTxnAlignedData")
        assert one.charger.resets == []


async def test_a_setting_that_needs_a_restart_says_so_in_both_versions():
    late: Setting[int] = Setting(
        type=DataType.INTEGER, default=1, key16="Late", component="A", variable="Late", reboot=True
    )
    settings = Settings(registry=[late])
    model = DeviceModel(settings, (), lambda: EPOCH_S)
    status, _ = model.write(VariableName("A", "Late"), "2")
    assert status == "RebootRequired"
    assert settings.set_by_key16("Late", "3").verdict == "reboot-required"
    assert settings.text16(late) == "3"
    assert Variables(settings, model, None)._key_value(late).value == "3"  # type: ignore[arg-type]


async def test_the_feature_profiles_are_those_whose_every_call_is_served():
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        answer = await ask(one, "GetConfiguration", key=["SupportedFeatureProfiles"])
        profiles = answer["configurationKey"][0]["value"].split(",")
        assert {"Core", "LocalAuthListManagement", "RemoteTrigger", "Reservation", "SmartCharging"} <= set(profiles)


# 2.x


def item(variable: str, component: str = NAMED_COMMS, **more: Any) -> dict[str, Any]:
    """`evse`, `instance` and `of` (the component's instance) go where they belong; the rest beside them."""
    place = {"name": component} | {key: more.pop(key) for key in ("evse",) if key in more}
    if "of" in more:
        place["instance"] = more.pop("of")
    name = {"name": variable} | {key: more.pop(key) for key in ("instance",) if key in more}
    return {"component": place, "variable": name, **more}


async def get(one: Stand, *items: dict[str, Any]) -> list[tuple[str, Any]]:
    answer = await ask(one, "GetVariables", getVariableData=list(items))
    results = answer["getVariableResult"]
    for given_, result in zip(items, results, strict=True):
        assert (result["component"], result["variable"]) == (given_["component"], given_["variable"])  # B06.FR.02
        assert result["attributeType"] == given_.get("attributeType", "Actual")  # B06.FR.03, B06.FR.11
    return [(result["attributeStatus"], result.get("attributeValue")) for result in results]


@pytest.mark.req("B06.FR.01")
@pytest.mark.req("B06.FR.10")
@pytest.mark.octt("TC_B_06_CS")
@pytest.mark.octt("TC_B_07_CS")
async def test_get_variables_answers_each_item_in_its_place():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, **V201) as one:
        await one.accepted()
        assert await get(
            one,
            item("offlinethreshold"),
            item("LocalAuthorizeOffline", "AuthCtrlr", attributeType="Actual"),
            item("MessageAttempts", instance="transactionevent"),
            item("AvailabilityState", "EVSE", evse={"id": 1}),
            item("AvailabilityState", "Connector", evse={"id": 1, "connectorId": 1}),
            item("Model", "ChargingStation"),
            item("OfflineThreshold", instance=""),
        ) == [
            ("Accepted", "60"),
            ("Accepted", "true"),
            ("Accepted", "3"),
            ("Accepted", "Available"),
            ("Accepted", "Available"),
            ("Accepted", "Model"),
            ("Accepted", "60"),
        ]


@pytest.mark.req("B06.FR.06")
@pytest.mark.req("B06.FR.07")
@pytest.mark.req("B06.FR.08")
@pytest.mark.req("B06.FR.15")
@pytest.mark.octt("TC_B_32_CS")
@pytest.mark.octt("TC_B_33_CS")
@pytest.mark.octt("TC_B_34_CS")
async def test_get_variables_says_what_is_unknown_about_a_name():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, **V201) as one:
        await one.accepted()
        assert await get(
            one,
            item("Strength", "CoffeeCtrlr"),
            item("Strength"),
            item("OfflineThreshold", attributeType="Target"),
            item("MessageAttempts"),
            item("MessageAttempts", instance="Coffee"),
            item("OfflineThreshold", evse={"id": 1}),
            item("OfflineThreshold", of="left"),
            item("AvailabilityState", "EVSE", evse={"id": 9}),
            item("AvailabilityState", "EVSE"),
        ) == [
            ("UnknownComponent", None),
            ("UnknownVariable", None),
            ("NotSupportedAttributeType", None),
            ("UnknownVariable", None),
            ("UnknownVariable", None),
            ("UnknownComponent", None),
            ("UnknownComponent", None),
            ("UnknownComponent", None),
            ("UnknownComponent", None),
        ]


async def put(one: Stand, *items: dict[str, Any]) -> list[str]:
    answer = await ask(one, "SetVariables", setVariableData=list(items))
    assert [result["attributeType"] for result in answer["setVariableResult"]] == [
        one.get("attributeType", "Actual") for one in items
    ]
    return [result["attributeStatus"] for result in answer["setVariableResult"]]


@pytest.mark.req("B05.FR.01")
@pytest.mark.req("B05.FR.10")
@pytest.mark.req("B05.FR.12")
@pytest.mark.octt("TC_B_09_CS")
@pytest.mark.octt("TC_B_10_CS")
async def test_set_variables_writes_each_item_by_itself():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, **V201) as one:
        await one.accepted()
        assert await put(
            one,
            item("OfflineThreshold", attributeValue="300"),
            item("TxStartPoint", "TxCtrlr", attributeValue="EVConnected,Nonsense"),
            item("HeartbeatInterval", attributeValue="20", attributeType="Actual"),
        ) == ["Accepted", "Rejected", "Accepted"]
        assert (one.settings.get(OFFLINE_THRESHOLD), one.settings.get(HEARTBEAT_INTERVAL)) == (300, 20)
        assert one.settings.get(TX_START_POINT) == TX_START_POINT.default


@pytest.mark.req("B05.FR.04")
@pytest.mark.req("B05.FR.05")
@pytest.mark.req("B05.FR.06")
@pytest.mark.req("B05.FR.07")
@pytest.mark.req("B05.FR.08")
@pytest.mark.req("B05.FR.09")
@pytest.mark.octt("TC_B_11_CS")
@pytest.mark.octt("TC_B_35_CS")
@pytest.mark.octt("TC_B_36_CS")
@pytest.mark.octt("TC_B_37_CS")
@pytest.mark.octt("TC_B_39_CS")
async def test_set_variables_says_why_it_did_not_write():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, **V201) as one:
        await one.accepted()
        answer = await ask(
            one,
            "SetVariables",
            setVariableData=[
                item("Strength", "CoffeeCtrlr", attributeValue="1"),
                item("Strength", attributeValue="1"),
                item("OfflineThreshold", attributeValue="1", attributeType="MinSet"),
                item("OfflineThreshold", attributeValue="soon"),
                item("OfflineThreshold", attributeValue="-1"),
                item("AvailabilityState", "EVSE", evse={"id": 1}, attributeValue="Faulted"),
                item("MessageTimeout", instance="Default", attributeValue="1"),
            ],
        )
        told = [
            (one["attributeStatus"], one.get("attributeStatusInfo", {}).get("reasonCode"))
            for one in answer["setVariableResult"]
        ]
        assert told == [
            ("UnknownComponent", "NotFound"),
            ("UnknownVariable", "NotFound"),
            ("NotSupportedAttributeType", None),
            ("Rejected", "InvalidValue"),
            ("Rejected", "InvalidValue"),
            ("Rejected", "ReadOnly"),
            ("Rejected", "ReadOnly"),
        ]
        assert "soon" not in json.dumps(answer)


@pytest.mark.req("B06.FR.16")
@pytest.mark.req("B06.FR.17")
async def test_too_many_items_or_bytes_are_refused_with_the_code_that_says_so():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, **V201) as one:
        await one.accepted()
        for action, field, data in (
            ("GetVariables", "getVariableData", item("OfflineThreshold")),
            ("SetVariables", "setVariableData", item("OfflineThreshold", attributeValue="5")),
        ):
            assert await ask(one, action, **{field: [data] * 101}) == ["OccurrenceConstraintViolation"]
            padded = data | {"customData": {"vendorId": "v", "pad": "x" * 70_000}}
            assert await ask(one, action, **{field: [padded]}) == ["FormatViolation"]
        assert one.settings.get(OFFLINE_THRESHOLD) == OFFLINE_THRESHOLD.default


# Reports


async def report(one: Stand, base: str, request_id: int = 7) -> list[dict[str, Any]]:
    """The report's data, once its messages have been found in order."""
    one.csms.heard.clear()
    assert await ask(one, "GetBaseReport", requestId=request_id, reportBase=base) == {"status": "Accepted"}
    await settled()
    parts = [call.payload for call in one.csms.calls("NotifyReport")]
    assert [part["seqNo"] for part in parts] == list(range(len(parts)))  # B07.FR.10
    assert [part["tbc"] for part in parts] == [True] * (len(parts) - 1) + [False]
    assert {part["requestId"] for part in parts} == {request_id}  # B07.FR.04
    return [data for part in parts for data in part["reportData"]]


def told(data: list[dict[str, Any]]) -> dict[str, str | None]:
    return {
        f"{one['component']['name']}{one['component'].get('instance', '')}"
        f"{one['component'].get('evse', {}).get('id', '')}.{one['variable']['name']}"
        f"{one['variable'].get('instance', '')}": one["variableAttribute"][0].get("value")
        for one in data
    }


@pytest.mark.req("B07.FR.08")
@pytest.mark.octt("TC_B_13_CS")
async def test_the_full_inventory_tells_of_every_setting_and_every_piece_of_hardware():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, **V201) as one:
        await one.accepted()
        data = await report(one, "FullInventory")
        assert len(csms.calls("NotifyReport")) > 1
        assert all(len(json.dumps(call.payload)) < 2 * REPORT_BYTES for call in csms.calls("NotifyReport"))
        found = told(data)
        assert len(found) == len(data)
        assert {f"{one.component}.{one.variable}{one.instance or ''}" for one in SETTINGS if one.component} < set(found)
        for component in ("ChargingStation", "EVSE1", "Connector2"):
            assert {f"{component}.{name}" for name in ("Available", "AvailabilityState", "SupplyPhases")} < set(found)
        assert (found["ClockCtrlr.DateTime"] or "").startswith("2026-01-01T00:00:")
        assert (found["Connector1.ConnectorType"], found["Connector2.ConnectorType"]) == ("sType2", "cType2")
        (power,) = [one for one in data if one["variable"]["name"] == "Power" and one["component"]["evse"]["id"] == 1]
        assert power["variableCharacteristics"]["maxLimit"] == 3 * 230 * 32
        assert "value" not in power["variableAttribute"][0]
        lists = [one["variableCharacteristics"] for one in data]
        assert all("valuesList" in one for one in lists if one["dataType"].endswith("List"))


@pytest.mark.req("B07.FR.07")
@pytest.mark.octt("TC_B_12_CS")
async def test_the_configuration_inventory_tells_of_what_can_be_written_and_nothing_else():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, **V201) as one:
        await one.accepted()
        data = await report(one, "ConfigurationInventory")
        assert {one["variableAttribute"][0]["mutability"] for one in data} == {"ReadWrite", "WriteOnly"}
        assert all(one["variableAttribute"][0]["persistent"] for one in data)
        of_station = [one["component"]["name"] for one in data if "evse" not in one["component"]]
        settings = [one for one in of_station if one != "NetworkConfiguration"]
        assert len(settings) == len([one for one in SETTINGS if one.component and one.mutable])


@pytest.mark.req("B07.FR.09")
@pytest.mark.octt("TC_B_14_CS")
async def test_the_summary_tells_of_availability_and_problems():
    faulted = Session(evse=2, status=ConnectorStatus.FAULTED, faults=frozenset({FaultKind.WELD}))
    charger = FakeCharger({1: Session(evse=1, status=ConnectorStatus.CHARGING, cable_a=20.0), 2: faulted})
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, **V201, charger=charger) as one:
        await one.accepted()
        assert told(await report(one, "SummaryInventory")) == {
            "ChargingStation.AvailabilityState": "Occupied",
            "EVSE1.AvailabilityState": "Occupied",
            "Connector1.AvailabilityState": "Occupied",
            "EVSE2.AvailabilityState": "Faulted",
            "ChargingStation.Problem": "true",
            "EVSE2.Problem": "true",
            "PowerContactor2.Problem": "true",
            "Connector2.AvailabilityState": "Faulted",
        }


async def test_a_report_can_be_asked_for_while_pending():
    pending = BOOT_ACCEPTED | {"status": "Pending"}
    csms = ScriptedCsms(versions=("ocpp2.0.1",), answers={"BootNotification": pending})
    async with stand(csms, **V201) as one:
        await csms.heard_of("BootNotification")
        await settled()
        assert await report(one, "SummaryInventory")
        assert await put(one, item("OfflineThreshold", attributeValue="300")) == ["Accepted"]


def test_the_power_of_an_evse_is_what_its_meter_says():
    session = Session(evse=1, meter=MeterSample(taken_mono_s=0.0, energy_import_wh=0.0, power_w=7360.4))
    hardware = HardwareModel(FakeCharger({1: session}), Nameplate("V", "M"))
    model = DeviceModel(Settings(), (hardware.variables,), lambda: EPOCH_S)
    found = model.find(VariableName("evse", "power", evse=1))
    assert isinstance(found, Variable)
    assert found.value == "7360"


@given(st.lists(st.integers(0, 2500), max_size=60))
def test_a_report_loses_nothing_repeats_nothing_and_keeps_its_messages_short(sizes: list[int]):
    variables = [Variable(name=VariableName("A", "B"), attributes=(Attribute("Actual", "x" * size),)) for size in sizes]
    parts: list[Any] = parts_of(
        DialectV201(), variables, lambda seq, more, part: ReportPart(1, seq, more, EPOCH_S, part)
    )
    assert [one for part in parts for one in part.variables] == variables
    assert [part.seq for part in parts] == list(range(len(parts)))
    assert [part.more for part in parts] == [True] * (len(parts) - 1) + [False]
    for part in parts:
        assert sum(len(one.value) for one in part.variables) < REPORT_BYTES


# GetReport


async def chosen(one: Stand, **criteria: Any) -> set[str]:
    """Where a custom report finds what: "Component.evse.connector.Variable[instance]"."""
    one.csms.heard.clear()
    assert await ask(one, "GetReport", requestId=9, **criteria) == {"status": "Accepted"}
    await settled()
    parts = [call.payload for call in one.csms.calls("NotifyReport")]
    assert [part["seqNo"] for part in parts] == list(range(len(parts)))  # B08.FR.14
    assert {part["requestId"] for part in parts} == {9}  # B08.FR.04
    found = set()
    for data in (data for part in parts for data in part["reportData"]):
        assert data["variableCharacteristics"]["dataType"]  # B08.FR.12
        evse = data["component"].get("evse", {})
        place = ".".join(str(evse[key]) for key in ("id", "connectorId") if key in evse)
        instance = f"[{data['variable']['instance']}]" if "instance" in data["variable"] else ""
        found.add(f"{data['component']['name']}.{place}{'.' if place else ''}{data['variable']['name']}{instance}")
    return found


def component(name: str, variable: str | None = None, **evse: int) -> dict[str, Any]:
    of: dict[str, Any] = {"component": {"name": name} | ({"evse": evse} if evse else {})}
    return of | ({"variable": {"name": variable}} if variable else {})


@pytest.mark.req("B08.FR.01")
@pytest.mark.req("B08.FR.11")
@pytest.mark.req("B08.FR.20")
@pytest.mark.req("B08.FR.21")
@pytest.mark.req("B08.FR.22")
@pytest.mark.req("B08.FR.23")
@pytest.mark.octt("TC_B_17_CS")
@pytest.mark.octt("TC_B_54_CS")
@pytest.mark.octt("TC_B_55_CS")
@pytest.mark.octt("TC_B_56_CS")
async def test_a_report_is_limited_to_the_components_and_variables_that_were_named():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, **V201) as one:
        await one.accepted()
        assert await chosen(one, componentVariable=[component("EVSE", "availabilitystate", id=1)]) == {
            "EVSE.1.AvailabilityState"
        }
        assert await chosen(one, componentVariable=[component("EVSE", "AvailabilityState")]) == {
            "EVSE.1.AvailabilityState",
            "EVSE.2.AvailabilityState",
        }
        assert await chosen(one, componentVariable=[component("EVSE", "ACCurrent", id=2)]) == {
            f"EVSE.2.ACCurrent[L{phase}]" for phase in (1, 2, 3)
        }
        assert await chosen(one, componentVariable=[component("DeviceDataCtrlr", "ItemsPerMessage")]) == {
            f"DeviceDataCtrlr.ItemsPerMessage[{of}]" for of in ("GetReport", "GetVariables", "SetVariables")
        }
        whole = await chosen(one, componentVariable=[component("Connector", id=1)])
        assert {"Connector.1.1.Available", "Connector.1.1.ConnectorType"} < whole
        assert all(name.startswith("Connector.1.1.") for name in whole)


@pytest.mark.req("B08.FR.07")
@pytest.mark.req("B08.FR.08")
@pytest.mark.req("B08.FR.09")
@pytest.mark.req("B08.FR.10")
@pytest.mark.req("B08.FR.13")
@pytest.mark.octt("TC_B_16_CS")
async def test_a_report_is_limited_to_components_that_meet_a_criterion():
    welded = Session(evse=2, status=ConnectorStatus.FAULTED, faults=frozenset({FaultKind.WELD}))
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    charger = FakeCharger({1: Session(evse=1), 2: welded})
    async with stand(csms, **V201, charger=charger, start_values={"LocalAuthListCtrlr.Enabled": "false"}) as one:
        await one.accepted()
        problems = await chosen(one, componentCriteria=["Problem"])
        assert {name.rsplit(".", 1)[0] for name in problems} == {"ChargingStation", "EVSE.2", "PowerContactor.2"}
        enabled = await chosen(one, componentCriteria=["Enabled"])
        assert "AuthCacheCtrlr.Enabled" in enabled
        assert "OCPPCommCtrlr.OfflineThreshold" in enabled, "a component that has no such variable meets it, too"
        assert "LocalAuthListCtrlr.Enabled" not in enabled
        assert "EVSE.1.Power" in await chosen(one, componentCriteria=["Available"])
        active = await chosen(one, componentCriteria=["Active"])
        assert "PowerContactor.1.Active" not in active
        assert "EVSE.1.Power" in active
        either = await chosen(one, componentCriteria=["Problem", "Active"])
        assert "PowerContactor.2.Active" in either
        assert either == problems | active


@pytest.mark.req("B08.FR.15")
@pytest.mark.req("B08.FR.17")
@pytest.mark.req("B08.FR.18")
@pytest.mark.octt("TC_B_19_CS")
async def test_a_report_that_would_be_empty_or_was_asked_for_at_too_great_length_is_refused():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, **V201) as one:
        await one.accepted()
        assert await ask(one, "GetReport", requestId=1, componentCriteria=["Problem"]) == {"status": "EmptyResultSet"}
        nothing = [component("CoffeeCtrlr")]
        assert await ask(one, "GetReport", requestId=1, componentVariable=nothing) == {"status": "EmptyResultSet"}
        many = [component("EVSE")] * 101
        assert await ask(one, "GetReport", requestId=1, componentVariable=many) == ["OccurrenceConstraintViolation"]
        padded = [component("EVSE") | {"customData": {"vendorId": "v", "pad": "x" * 70_000}}]
        assert await ask(one, "GetReport", requestId=1, componentVariable=padded) == ["FormatViolation"]
        assert csms.calls("NotifyReport") == []


# Attributes


@pytest.mark.req("B06.FR.04")
@pytest.mark.req("B07.FR.11")
async def test_every_attribute_of_a_variable_is_read_and_reported():
    offering = Session(evse=1, offer=Offer(10.0, "pwm", 0.0))
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, **V201, charger=FakeCharger({1: offering})) as one:
        await one.accepted()
        power = [item("Power", "EVSE", evse={"id": 1}, attributeType=kind) for kind in ("Actual", "Target", "MaxSet")]
        assert await get(one, *power) == [("Accepted", ""), ("Accepted", "6900"), ("Accepted", "22080")]  # B06.FR.13
        assert await put(one, power[1] | {"attributeValue": "1"}) == ["Rejected"]
        data = await report(one, "FullInventory")
        (told_power,) = [one for one in data if one["variable"]["name"] == "Power"]
        assert [(each["type"], each.get("value")) for each in told_power["variableAttribute"]] == [
            ("Actual", None),
            ("Target", "6900"),
            ("MaxSet", "22080"),
        ]


@pytest.mark.req("B06.FR.09")
async def test_what_may_only_be_written_is_never_told_in_any_version():
    secret = text_row("SecretCtrlr.Word", "SecretWord", "hush", maximum=10, access=Access.WRITE_ONLY)
    settings = Settings([*SETTINGS, secret])
    model = DeviceModel(settings, (), lambda: EPOCH_S)
    block = Variables(settings, model, None)  # type: ignore[arg-type]
    name = VariableName("SecretCtrlr", "Word")
    (read,) = block.read(ReadVariablesAsk((VariableAsk(name),))).answer.results  # type: ignore[union-attr]
    assert (read.status, read.value) == ("Rejected", None)
    (shown,) = [one for one in model.report(ReportBase.FULL) if one.name == name]
    assert "hush" not in str(shown)
    assert block._key_value(secret).value is None
    assert model.write(name, "shh")[0] == "Accepted"
    assert settings.get(secret) == "shh"
