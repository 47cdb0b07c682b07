"""A setting that one EVSE has for itself: read, written, reported, and kept apart from the station's."""

from __future__ import annotations

from typing import Any

import pytest

from agent.ocpp.codec import Version
from agent.ocpp.settings.metering import ALIGNED_IDLE_ONLY_AT
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import settled, stand


def named(evse: int | None, variable: str = "SendDuringIdle", **more: Any) -> dict[str, Any]:
    scope = {} if evse is None else {"evse": {"id": evse}}
    return {"component": {"name": "AlignedDataCtrlr"} | scope, "variable": {"name": variable}} | more


async def read(csms: ScriptedCsms, *items: dict[str, Any]) -> list[tuple[str, str | None]]:
    answer = await csms.call("GetVariables", {"getVariableData": list(items)}, f"r{len(csms.frames)}")
    return [(one["attributeStatus"], one.get("attributeValue")) for one in answer[2]["getVariableResult"]]


async def write(csms: ScriptedCsms, *items: dict[str, Any]) -> list[str]:
    answer = await csms.call("SetVariables", {"setVariableData": list(items)}, f"w{len(csms.frames)}")
    return [one["attributeStatus"] for one in answer[2]["setVariableResult"]]


@pytest.mark.req("B05.FR.04", "B05.FR.05", "B06.FR.06", "B06.FR.07")
async def test_each_evse_has_its_own_value_beside_the_stations():
    csms = ScriptedCsms(versions=(Version.V201,))
    async with stand(csms, versions=(Version.V201,)) as one:
        await one.accepted()
        assert await write(csms, named(2, attributeValue="true")) == ["Accepted"]
        told = await read(csms, named(None), named(1), named(2), named(3), named(1, "Interval"))
        assert told == [
            ("Accepted", "false"),
            ("Accepted", "false"),
            ("Accepted", "true"),
            ("UnknownComponent", None),
            ("UnknownVariable", None),
        ]
        assert one.settings.rules().aligned_idle_only_at == {2}
        assert not one.settings.rules().aligned_during_idle_only
        assert await write(csms, named(None, attributeValue="true"), named(1, attributeValue="maybe")) == [
            "Accepted",
            "Rejected",
        ]
        assert await write(csms, named(3, attributeValue="true")) == ["UnknownComponent"]
        assert await write(csms, named(2, attributeValue="false")) == ["Accepted"]
        assert one.settings.get(ALIGNED_IDLE_ONLY_AT) == ()
        assert one.settings.rules().aligned_during_idle_only


async def test_a_report_tells_of_each_evses_own():
    csms = ScriptedCsms(versions=(Version.V201,))
    async with stand(csms, versions=(Version.V201,)) as one:
        await one.accepted()
        wanted = [named(None)]
        answer = await csms.call("GetReport", {"requestId": 1, "componentVariable": wanted}, "report")
        assert answer[2] == {"status": "Accepted"}
        await settled()
        data = [item for part in csms.calls("NotifyReport") for item in part.payload["reportData"]]
        told = {
            item["component"].get("evse", {}).get("id"): item["variableAttribute"][0]["mutability"] for item in data
        }
        assert told == {None: "ReadWrite", 1: "ReadWrite", 2: "ReadWrite"}
