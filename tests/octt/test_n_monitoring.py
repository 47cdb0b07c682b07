"""TC_N: monitors and what they notice, on a whole station."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.octt import states
from tests.octt.bench import Bench, named
from tests.octt.tool import ABSENT, PRESENT, Refused, require

POWER = named("EVSE.Power", 1)
STATE = named("EVSE.AvailabilityState", 1)


async def put(bench: Bench, of: dict[str, Any], kind: str, value: float, status: str = "Accepted", **more: Any) -> Any:
    """SetVariableMonitoring of one; its id."""
    wish = {"type": kind, "value": value, "severity": 8} | of | more
    answer = await bench.tool.send("SetVariableMonitoring", setMonitoringData=[wish])
    (result,) = answer["setMonitoringResult"]
    require(result, status=status, type=kind, severity=wish["severity"], **of)
    return result.get("id")


async def listed(bench: Bench, **criteria: Any) -> list[dict[str, Any]]:
    """GetMonitoringReport: (component, variable, monitor) of each."""
    require(await bench.tool.send("GetMonitoringReport", requestId=4, **criteria), status="Accepted")
    found: list[dict[str, Any]] = []
    while True:
        part = await bench.tool.expect("NotifyMonitoringReport", requestId=4)
        for one in part["monitor"]:
            found += [own | {"of": one["variable"]["name"]} for own in one["variableMonitoring"]]
        if not part.get("tbc"):
            return found


async def event(bench: Bench, within_s: float = 60.0, **where: Any) -> dict[str, Any]:
    """The next NotifyEvent with such an event in it; that event."""
    wanted = {f"eventData__0__{name}": value for name, value in where.items()}
    part = await bench.tool.expect("NotifyEvent", within_s, seqNo=0, **wanted)
    data: dict[str, Any] = part["eventData"][0]
    return data


@pytest.mark.octt("TC_N_01_CS")
@pytest.mark.octt("TC_N_02_CS")
@pytest.mark.octt("TC_N_03_CS")
@pytest.mark.octt("TC_N_04_CS")
@pytest.mark.octt("TC_N_47_CS")
async def test_monitors_are_reported_by_kind_and_by_variable(bench: Bench):
    await put(bench, POWER, "UpperThreshold", 1000)
    await put(bench, STATE, "Delta", 1)
    await put(bench, POWER, "Periodic", 3600)
    for criterion, kinds in (
        ("ThresholdMonitoring", {"UpperThreshold", "LowerThreshold"}),
        ("DeltaMonitoring", {"Delta"}),
        ("PeriodicMonitoring", {"Periodic", "PeriodicClockAligned"}),
    ):
        found = await listed(bench, monitoringCriteria=[criterion])
        assert found
        assert {one["type"] for one in found} <= kinds
    assert {one["of"] for one in await listed(bench, componentVariable=[STATE])} == {"AvailabilityState"}
    both = {"componentVariable": [POWER], "monitoringCriteria": ["PeriodicMonitoring"]}
    assert [one["value"] for one in await listed(bench, **both)] == [3600]
    nothing = {"componentVariable": [STATE], "monitoringCriteria": ["PeriodicMonitoring"]}
    require(await bench.tool.send("GetMonitoringReport", requestId=5, **nothing), status="EmptyResultSet")
    assert {one["of"] for one in await listed(bench)} == {"Power", "AvailabilityState"}


@pytest.mark.octt("TC_N_05_CS")
@pytest.mark.octt("TC_N_06_CS")
@pytest.mark.octt("TC_N_07_CS")
@pytest.mark.octt("TC_N_41_CS")
async def test_a_base_removes_what_the_csms_has_set(bench: Bench):
    factory = await listed(bench)
    own = await put(bench, STATE, "Delta", 1)
    for base in ("All", "FactoryDefault", "HardWiredOnly"):
        require(await bench.tool.send("SetMonitoringBase", monitoringBase=base), status="Accepted")
        ids = {one["id"] for one in await listed(bench)}
        assert (own in ids) is (base == "All")
    require(await bench.tool.send("SetMonitoringBase", monitoringBase="FactoryDefault"), status="Accepted")
    assert await listed(bench) == factory
    with pytest.raises(Refused, match="PropertyConstraintViolation"):
        await bench.tool.send("SetMonitoringBase", monitoringBase="Coffee")


@pytest.mark.octt("TC_N_08_CS")
@pytest.mark.octt("TC_N_09_CS")
@pytest.mark.octt("TC_N_10_CS")
@pytest.mark.octt("TC_N_43_CS")
async def test_several_monitors_are_set_each_by_itself(bench: Bench):
    wishes = [
        POWER | {"type": "UpperThreshold", "value": 1000, "severity": 8},
        POWER | {"type": "UpperThreshold", "value": 99_999, "severity": 7},
        STATE | {"type": "Delta", "value": 1, "severity": 8},
    ]
    answer = await bench.tool.send("SetVariableMonitoring", setMonitoringData=wishes)
    assert [one["status"] for one in answer["setMonitoringResult"]] == ["Accepted", "Rejected", "Accepted"]
    values = {one["value"] for one in await listed(bench)}
    assert {1000, 1} < values
    assert 99_999 not in values


@pytest.mark.octt("TC_N_11_CS")
@pytest.mark.octt("TC_N_12_CS")
@pytest.mark.octt("TC_N_13_CS")
@pytest.mark.octt("TC_N_15_CS")
@pytest.mark.octt("TC_N_37_CS")
@pytest.mark.octt("TC_N_38_CS")
@pytest.mark.octt("TC_N_39_CS")
@pytest.mark.octt("TC_N_40_CS")
async def test_a_monitor_that_cannot_be_is_refused_with_the_reason(bench: Bench):
    await put(bench, named("Coffee.Power"), "Delta", 1, "UnknownComponent")
    await put(bench, named("EVSE.Coffee", 1), "Delta", 1, "UnknownVariable")
    await put(bench, POWER, "Delta", -1, "Rejected")
    await put(bench, POWER, "UpperThreshold", 99_999, "Rejected")
    await put(bench, STATE, "UpperThreshold", 1, "UnsupportedMonitorType")
    own = await put(bench, POWER, "UpperThreshold", 1000)
    await put(bench, POWER, "UpperThreshold", 1200, "Duplicate")
    await put(bench, STATE, "Delta", 1, "Rejected", id=own)
    assert await put(bench, POWER, "UpperThreshold", 1200, id=own) == own
    assert [one["value"] for one in await listed(bench) if one["id"] == own] == [1200]


@pytest.mark.octt("TC_N_16_CS")
@pytest.mark.octt("TC_N_17_CS")
async def test_a_level_silences_what_is_less_severe(bench: Bench):
    await put(bench, STATE, "Delta", 1)
    require(await bench.tool.send("SetMonitoringLevel", severity=10), status="Rejected")
    require(await bench.tool.send("SetMonitoringLevel", severity=7), status="Accepted")
    bench.plug()
    await states.told(bench, "Occupied")
    await bench.tool.silence("NotifyEvent", 10.0)
    require(await bench.tool.send("SetMonitoringLevel", severity=8), status="Accepted")
    bench.unplug()
    require(await event(bench, actualValue="Available"), trigger="Delta")


@pytest.mark.octt("TC_N_18_CS")
@pytest.mark.octt("TC_N_19_CS")
@pytest.mark.octt("TC_N_44_CS")
@pytest.mark.octt("TC_N_52_CS")
async def test_what_is_cleared_is_gone_and_what_is_hard_wired_stays(bench: Bench):
    own = await put(bench, STATE, "Delta", 1)
    before = await listed(bench)
    answer = await bench.tool.send("ClearVariableMonitoring", id=[own, 4711, before[0]["id"]])
    assert [one["status"] for one in answer["clearMonitoringResult"]] == ["Accepted", "NotFound", "Rejected"]
    assert await listed(bench) == before[:-1]
    bench.plug()
    await states.told(bench, "Occupied")
    await bench.tool.silence("NotifyEvent", 10.0)


@pytest.mark.octt("TC_N_20_CS")
async def test_power_above_a_threshold_is_told_and_so_is_its_end(bench: Bench):
    own = await put(bench, POWER, "UpperThreshold", 100)
    await states.charging(bench)
    high = await event(bench, trigger="Alerting", cleared=ABSENT)
    require(high, variableMonitoringId=own, transactionId=bench.tx, eventNotificationType="CustomMonitor", **POWER)
    low = await put(bench, POWER, "LowerThreshold", 50)
    await states.left(bench)
    part = await bench.tool.expect("NotifyEvent", seqNo=0, eventData__1=PRESENT)  # one moment, one message
    over, below = part["eventData"]
    require(over, trigger="Alerting", variableMonitoringId=own, cleared=True)
    require(below, trigger="Alerting", variableMonitoringId=low, cleared=ABSENT)


@pytest.mark.octt("TC_N_21_CS")
async def test_what_the_station_notices_by_itself_is_told_of_its_own_component(bench: Bench):
    bench.inject("e-stop")
    told = await event(bench, eventNotificationType="HardWiredNotification", actualValue="true")
    require(told, component__name="EmergencyStopSensor", component__evse__id=1, techCode="e-stop")
    bench.mend("e-stop")
    require(await event(bench, actualValue="false"), component__name="EmergencyStopSensor", cleared=True)


@pytest.mark.octt("TC_N_22_CS")
@pytest.mark.octt("TC_N_23_CS")
@pytest.mark.parametrize(("queued", "told"), [(8, True), (7, False)])
async def test_what_happens_offline_is_told_later_if_it_is_severe_enough(bench: Bench, queued: int, told: bool):
    await bench.configure("MonitoringCtrlr.OfflineQueuingSeverity", queued)
    await put(bench, STATE, "Delta", 1)
    await asyncio.sleep(60.0)
    bench.station.agent.station.network(online=False)
    await asyncio.sleep(1.0)
    bench.plug()
    await asyncio.sleep(10.0)
    assert bench.tool.left("NotifyEvent") == []
    bench.station.agent.station.network(online=True)
    await states.told(bench, "Occupied")
    if told:
        require(await event(bench, actualValue="Occupied"), trigger="Delta", **STATE)
    else:
        await bench.tool.silence("NotifyEvent", 10.0)


@pytest.mark.octt("TC_N_24_CS")
async def test_a_periodic_event_comes_on_time(bench: Bench):
    own = await put(bench, POWER, "Periodic", 20)
    begun_s = asyncio.get_running_loop().time()
    for number in (1, 2, 3):
        require(await event(bench, trigger="Periodic"), variableMonitoringId=own, actualValue=PRESENT, **POWER)
        assert asyncio.get_running_loop().time() - begun_s == pytest.approx(20 * number, abs=1.5)


@pytest.mark.octt("TC_N_45_CS")
@pytest.mark.octt("TC_N_56_CS")
@pytest.mark.octt("TC_N_61_CS")
async def test_a_change_is_told_of_a_number_and_of_a_word(bench: Bench):
    await put(bench, STATE, "Delta", 1)
    await put(bench, named("OCPPCommCtrlr.OfflineThreshold"), "Delta", 50)
    bench.plug()
    require(await event(bench, actualValue="Occupied"), trigger="Delta")
    await bench.configure("OCPPCommCtrlr.OfflineThreshold", 100)
    await bench.tool.silence("NotifyEvent", 5.0)
    await bench.configure("OCPPCommCtrlr.OfflineThreshold", 200)
    require(await event(bench, actualValue="200"), trigger="Delta")


@pytest.mark.octt("TC_N_53_CS")
async def test_a_monitor_outlives_a_reboot(bench: Bench):
    own = await put(bench, STATE, "Delta", 1)
    await states.booted(bench)
    assert own in {one["id"] for one in await listed(bench)}
    bench.plug()
    require(await event(bench, actualValue="Occupied"), variableMonitoringId=own)


@pytest.mark.octt("TC_N_48_CS")
@pytest.mark.bench(security_profile=1, password="0123456789abcdef")
async def test_a_secret_that_changes_is_told_of_and_not_told(bench: Bench):
    own = await put(bench, named("SecurityCtrlr.BasicAuthPassword"), "Delta", 1)
    if await bench.configure("SecurityCtrlr.BasicAuthPassword", "fedcba9876543210") == "RebootRequired":
        await states.booted(bench)
    told = await event(bench, trigger="Delta", **named("SecurityCtrlr.BasicAuthPassword"))
    require(told, actualValue="", variableMonitoringId=own)


@pytest.mark.octt("TC_N_51_CS")
async def test_a_monitor_that_is_replaced_looks_at_the_present_value_at_once(bench: Bench):
    own = await put(bench, POWER, "UpperThreshold", 22_079)  # the most there is, less one
    await states.charging(bench)
    await bench.tool.silence("NotifyEvent", 30.0)
    assert await put(bench, POWER, "UpperThreshold", 0, id=own) == own
    told = await event(bench, trigger="Alerting", variableMonitoringId=own, cleared=ABSENT, **POWER)
    assert float(told["actualValue"]) > 0
