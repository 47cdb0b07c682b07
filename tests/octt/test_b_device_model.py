"""TC_B: variables read, written and reported, on a whole station."""

from __future__ import annotations

from typing import Any

import pytest

from tests.octt.bench import Bench, named
from tests.octt.tool import ABSENT, PRESENT, Refused, require

THRESHOLD = named("OCPPCommCtrlr.OfflineThreshold")
OFFLINE = named("AuthCtrlr.LocalAuthorizeOffline")
COFFEE = named("Coffee.Strength")
SUGAR = named("OCPPCommCtrlr.Sugar")
STATE = named("EVSE.AvailabilityState", 1)


async def read(bench: Bench, *items: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await bench.tool.send("GetVariables", getVariableData=list(items))
    results: list[dict[str, Any]] = answer["getVariableResult"]
    return [require(one, **of) for one, of in zip(results, map(place, items), strict=True)]


async def write(bench: Bench, *items: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await bench.tool.send("SetVariables", setVariableData=list(items))
    results: list[dict[str, Any]] = answer["setVariableResult"]
    return [require(one, **of) for one, of in zip(results, map(place, items), strict=True)]


def place(item: dict[str, Any]) -> dict[str, Any]:
    return {"component": item["component"], "variable": item["variable"]}


async def told(bench: Bench, action: str, **fields: Any) -> list[dict[str, Any]]:
    """A report, once its messages have been found in order."""
    require(await bench.tool.send(action, requestId=6, **fields), status="Accepted")
    found: list[dict[str, Any]] = []
    for seq in range(100):
        part = await bench.tool.expect("NotifyReport", requestId=6, seqNo=seq, generatedAt=PRESENT)
        found += part["reportData"]
        if not part.get("tbc"):
            break
    assert all("variableCharacteristics" in one for one in found)
    return found


def names(found: list[dict[str, Any]]) -> set[str]:
    return {f"{one['component']['name']}.{one['variable']['name']}" for one in found}


@pytest.mark.octt("TC_B_06_CS")
@pytest.mark.octt("TC_B_07_CS")
async def test_one_variable_is_read_and_several(bench: Bench):
    (one,) = await read(bench, THRESHOLD)
    require(one, attributeStatus="Accepted", attributeType="Actual", attributeValue="60")
    both = await read(bench, THRESHOLD | {"attributeType": "Actual"}, OFFLINE)
    assert [each["attributeValue"] for each in both] == ["60", "true"]


@pytest.mark.octt("TC_B_32_CS")
@pytest.mark.octt("TC_B_33_CS")
@pytest.mark.octt("TC_B_34_CS")
async def test_what_cannot_be_read_is_answered_with_the_reason(bench: Bench):
    results = await read(bench, COFFEE, SUGAR, THRESHOLD | {"attributeType": "Target"})
    for one, status in zip(results, ("UnknownComponent", "UnknownVariable", "NotSupportedAttributeType"), strict=True):
        require(one, attributeStatus=status, attributeValue=ABSENT)


@pytest.mark.octt("TC_B_09_CS")
@pytest.mark.octt("TC_B_10_CS")
async def test_one_variable_is_written_and_several(bench: Bench):
    (one,) = await write(bench, THRESHOLD | {"attributeValue": "123"})
    require(one, attributeStatus="Accepted", attributeType="Actual")
    both = await write(bench, THRESHOLD | {"attributeValue": "321"}, OFFLINE | {"attributeValue": "false"})
    assert [each["attributeStatus"] for each in both] == ["Accepted", "Accepted"]
    assert [each["attributeValue"] for each in await read(bench, THRESHOLD, OFFLINE)] == ["321", "false"]


@pytest.mark.octt("TC_B_11_CS")
@pytest.mark.octt("TC_B_35_CS")
@pytest.mark.octt("TC_B_36_CS")
@pytest.mark.octt("TC_B_37_CS")
@pytest.mark.octt("TC_B_39_CS")
async def test_what_cannot_be_written_is_answered_with_the_reason_and_changes_nothing(bench: Bench):
    for item, value, status in (
        (COFFEE, "1", "UnknownComponent"),
        (SUGAR, "1", "UnknownVariable"),
        (THRESHOLD | {"attributeType": "Target"}, "1", "NotSupportedAttributeType"),
        (THRESHOLD, "-1", "Rejected"),
        (THRESHOLD, "soon", "Rejected"),
        (OFFLINE, "perhaps", "Rejected"),
        (STATE, "Faulted", "Rejected"),
    ):
        (one,) = await write(bench, item | {"attributeValue": value})
        require(one, attributeStatus=status)
    assert [each["attributeValue"] for each in await read(bench, THRESHOLD, OFFLINE, STATE)] == [
        "60",
        "true",
        "Available",
    ]


@pytest.mark.octt("TC_B_12_CS")
@pytest.mark.octt("TC_B_13_CS")
@pytest.mark.octt("TC_B_14_CS")
@pytest.mark.octt("TC_B_15_CS")
async def test_base_reports_tell_what_can_be_written_everything_and_how_things_are(bench: Bench):
    full = await told(bench, "GetBaseReport", reportBase="FullInventory")
    configuration = await told(bench, "GetBaseReport", reportBase="ConfigurationInventory")
    summary = await told(bench, "GetBaseReport", reportBase="SummaryInventory")
    writable = [one for one in full if any(each["mutability"] != "ReadOnly" for each in one["variableAttribute"])]
    assert names(configuration) == names(writable)
    assert names(summary) == {f"{of}.AvailabilityState" for of in ("ChargingStation", "EVSE", "Connector")}
    with pytest.raises(Refused, match="PropertyConstraintViolation"):
        await bench.tool.send("GetBaseReport", requestId=7, reportBase="Coffee")
    await bench.tool.silence("NotifyReport", 5.0)


@pytest.mark.octt("TC_B_16_CS")
@pytest.mark.octt("TC_B_18_CS")
@pytest.mark.octt("TC_B_19_CS")
async def test_a_report_is_limited_by_criteria_and_by_variables(bench: Bench):
    full = await told(bench, "GetBaseReport", reportBase="FullInventory")
    enabled = await told(bench, "GetReport", componentCriteria=["Enabled"])
    on = [
        one for one in full if one["variable"]["name"] == "Enabled" and one["variableAttribute"][0]["value"] == "true"
    ]
    assert on
    assert all(one in enabled for one in on)
    (state,) = await told(bench, "GetReport", componentCriteria=["Available"], componentVariable=[STATE])
    require(
        state,
        component__name="EVSE",
        component__evse__id=1,
        variableAttribute__0__mutability="ReadOnly",
        variableCharacteristics__dataType="OptionList",
        variableCharacteristics__valuesList="Available,Occupied,Reserved,Unavailable,Faulted",
    )
    nothing = {"componentCriteria": ["Problem"], "componentVariable": [STATE]}
    require(await bench.tool.send("GetReport", requestId=8, **nothing), status="EmptyResultSet")
    with pytest.raises(Refused, match="PropertyConstraintViolation"):
        await bench.tool.send("GetReport", requestId=8, componentCriteria=["Coffee"])


@pytest.mark.bench(evses=2)
@pytest.mark.octt("TC_B_17_CS")
@pytest.mark.octt("TC_B_54_CS")
@pytest.mark.octt("TC_B_55_CS")
@pytest.mark.octt("TC_B_56_CS")
async def test_what_a_request_leaves_open_is_reported_in_every_form(bench: Bench):
    (one,) = await told(bench, "GetReport", componentVariable=[STATE])
    require(one, **STATE)
    everywhere = await told(bench, "GetReport", componentVariable=[named("EVSE.AvailabilityState")])
    assert [each["component"]["evse"]["id"] for each in everywhere] == [1, 2]
    items = named("DeviceDataCtrlr.ItemsPerMessage")
    instances = await told(bench, "GetReport", componentVariable=[items])
    assert {each["variable"]["instance"] for each in instances} == {"GetReport", "GetVariables", "SetVariables"}
    (single,) = await told(bench, "GetReport", componentVariable=[named("DeviceDataCtrlr.ItemsPerMessage[GetReport]")])
    require(single, variable__instance="GetReport")
