"""TC_P: messages and fields that only some vendor knows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.octt import states
from tests.octt.bench import Bench, named
from tests.octt.tool import ABSENT, require

CUSTOM: dict[str, Any] = {"vendorId": "org.openchargealliance.octt", "anything": {"deep": [1, "two", None]}}
THRESHOLD = "OCPPCommCtrlr.OfflineThreshold"


@pytest.mark.octt("TC_P_01_CS")
async def test_data_of_an_unknown_vendor_is_turned_away(bench: Bench):
    answer = await bench.tool.send("DataTransfer", vendorId="org.openchargealliance.octt", messageId="octt-1")
    require(answer, status={"UnknownVendorId", "UnknownMessageId", "Rejected"})


@pytest.mark.octt("TC_P_03_CS")
async def test_custom_data_in_a_request_disturbs_nothing(bench: Bench):
    place = named(THRESHOLD)
    variable = place | {"attributeType": "Actual", "customData": CUSTOM}
    answer = await bench.tool.send(
        "SetVariables", setVariableData=[variable | {"attributeValue": "200"}], customData=CUSTOM
    )
    require(answer, setVariableResult__0__attributeStatus="Accepted")
    answer = await bench.tool.send("GetVariables", getVariableData=[variable], customData=CUSTOM)
    require(
        answer["getVariableResult"][0],
        attributeStatus="Accepted",
        attributeType={"Actual", ABSENT},
        attributeValue="200",
    )


@pytest.mark.octt("TC_P_04_CS")
async def test_custom_data_in_a_charging_profile_disturbs_nothing(bench: Bench):
    period = {"startPeriod": 0, "limit": 6.0, "numberPhases": 3, "customData": CUSTOM}
    schedule = {"id": 1, "duration": 300, "chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
    await states.profile_set(
        bench,
        {
            "id": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": [schedule],
            "customData": CUSTOM,
        },
    )
