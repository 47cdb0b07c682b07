"""Monitoring as a CSMS sees it: setting, clearing, reports, events, and what waits while the station is offline."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from agent.core.session import Session
from agent.core.values import ConnectorStatus
from agent.ocpp.blocks.monitoring import STARTING_S
from agent.ocpp.codec import Version
from agent.ocpp.setting import Access
from agent.ocpp.settings import SETTINGS
from agent.ocpp.settings.rows import text as text_row
from agent.ocpp.variables import Settings
from hal.types import FaultKind, MeterSample
from tests.agent.ocpp.scripted_csms import BOOT_ACCEPTED, SILENCE, ScriptedCsms
from tests.agent.ocpp.stand import FakeCharger, MemoryStore, Stand, open_tx, settled, stand

V201 = {"versions": [Version.V201]}
POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}
STATE = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "AvailabilityState"}}
OFFLINE = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "OfflineThreshold"}}


def csms() -> ScriptedCsms:
    return ScriptedCsms(versions=("ocpp2.0.1",))


async def ask(one: Stand, action: str, **fields: Any) -> Any:
    reply = await one.csms.call(action, fields)
    return reply[2] if reply[0] == 3 else reply[2:3]


def data(of: dict[str, Any], kind: str, value: float, severity: int = 5, **more: Any) -> dict[str, Any]:
    return {**of, "type": kind, "value": value, "severity": severity, **more}


async def put(one: Stand, *items: dict[str, Any]) -> list[Any]:
    """Set monitors; each one's id, or the status that is not Accepted."""
    results = (await ask(one, "SetVariableMonitoring", setMonitoringData=list(items)))["setMonitoringResult"]
    for item, result in zip(items, results, strict=True):  # N04.FR.01, N04.FR.02
        told = {key: result[key] for key in ("component", "variable", "type", "severity")}
        assert told == {key: item[key] for key in told}
    return [one["id"] if one["status"] == "Accepted" else one["status"] for one in results]


def events(one: Stand) -> list[dict[str, Any]]:
    return [event for call in one.csms.calls("NotifyEvent") for event in call.payload["eventData"]]


def drawing(power_w: float, **more: Any) -> Session:
    return Session(evse=1, meter=MeterSample(taken_mono_s=0.0, energy_import_wh=0.0, power_w=power_w), **more)


@pytest.mark.req("N07.FR.06")
@pytest.mark.req("N07.FR.07")
@pytest.mark.octt("TC_N_20_CS")
async def test_an_exceeded_threshold_is_told_and_taken_back():
    async with stand(csms(), **V201) as one:
        await one.accepted()
        (own,) = await put(one, data(POWER, "UpperThreshold", 5000, 8))
        one.charger.steps(drawing(6000, tx=open_tx()))
        await settled()
        one.charger.steps(drawing(4000, tx=open_tx()))
        await settled()
        high, low = events(one)
        assert high | {"eventId": 0, "timestamp": ""} == {
            "eventId": 0,
            "timestamp": "",
            "trigger": "Alerting",
            "actualValue": "6000",
            "transactionId": "tx-1",
            "variableMonitoringId": own,
            "eventNotificationType": "CustomMonitor",
            **POWER,
        }
        assert (low["cleared"], low["actualValue"]) == (True, "4000")
        assert low["eventId"] > high["eventId"]
        assert {(call.payload["seqNo"], call.payload["tbc"]) for call in one.csms.calls("NotifyEvent")} == {(0, False)}


async def test_a_threshold_that_is_exceeded_when_it_is_set_is_told_after_the_answer():
    charger = FakeCharger({1: drawing(6000)})
    async with stand(csms(), **V201, charger=charger) as one:
        await one.accepted()
        await put(one, data(POWER, "UpperThreshold", 5000))
        await settled()
        assert [event["actualValue"] for event in events(one)] == ["6000"]


async def test_a_monitor_of_transactions_speaks_as_one_begins_though_the_power_is_what_it_was():
    async with stand(csms(), **V201) as one:
        await one.accepted()
        one.charger.steps(drawing(6000))
        await put(one, data(POWER, "UpperThreshold", 5000, transaction=True))
        one.charger.steps(drawing(6000))
        await settled()
        assert events(one) == []
        one.charger.steps(drawing(6000, tx=open_tx()))
        await settled()
        assert [event["actualValue"] for event in events(one)] == ["6000"]


async def test_a_monitor_of_anything_else_hears_of_a_step_that_changes_neither_faults_nor_power():
    async with stand(csms(), **V201) as one:
        await one.accepted()
        one.charger.steps(drawing(0))
        (own,) = await put(one, data(STATE, "Delta", 1))
        await settled()
        for status in (ConnectorStatus.UNAVAILABLE, ConnectorStatus.AVAILABLE):
            one.charger.steps(drawing(0, status=status))
            await settled()
        assert [event["actualValue"] for event in events(one)] == ["Unavailable", "Available"]
        await ask(one, "ClearVariableMonitoring", id=[own])
        one.charger.steps(drawing(0, status=ConnectorStatus.UNAVAILABLE))
        await settled()
        assert len(events(one)) == 2


@pytest.mark.req("N07.FR.19")
@pytest.mark.octt("TC_N_45_CS")
async def test_a_change_of_a_setting_is_told_by_its_delta_monitor():
    async with stand(csms(), **V201) as one:
        await one.accepted()
        await put(one, data(OFFLINE, "Delta", 10))
        for value, count in (("65", 0), ("75", 1)):
            await ask(one, "SetVariables", setVariableData=[OFFLINE | {"attributeValue": value}])
            await settled()
            assert len(events(one)) == count
        assert (events(one)[0]["trigger"], events(one)[0]["actualValue"]) == ("Delta", "75")


@pytest.mark.req("N08.FR.05")
@pytest.mark.req("N08.FR.06")
@pytest.mark.req("N08.FR.07")
@pytest.mark.octt("TC_N_24_CS")
async def test_periodic_monitors_tell_on_time():
    async with stand(csms(), **V201) as one:
        await one.accepted()
        start_s = one.csms.calls("StatusNotification")[-1].at_s
        periodic, aligned = await put(one, data(POWER, "Periodic", 40, 6), data(POWER, "PeriodicClockAligned", 60, 6))
        await one.csms.heard_of("NotifyEvent", 5)
        by_id: dict[int, list[float]] = {periodic: [], aligned: []}
        for call in one.csms.calls("NotifyEvent"):
            for event in call.payload["eventData"]:
                assert event["trigger"] == "Periodic"
                by_id[event["variableMonitoringId"]].append(call.at_s)
        assert [round(at_s % 60) % 60 for at_s in by_id[aligned]] == [0] * len(by_id[aligned])
        assert by_id[periodic][0] - start_s == pytest.approx(40, abs=2)
        assert by_id[periodic][1] - by_id[periodic][0] == pytest.approx(40, abs=0.1)


@pytest.mark.req("N07.FR.05")
@pytest.mark.octt("TC_N_21_CS")
@pytest.mark.octt("TC_N_56_CS")
async def test_each_fault_is_an_event_of_its_own_component_and_brings_about_what_follows_from_it():
    async with stand(csms(), **V201) as one:
        await one.accepted()
        await put(one, data(STATE, "Delta", 1, 7))
        faults = frozenset({FaultKind.WELD, FaultKind.RCD_AC, FaultKind.CP_SHORT})
        broken = Session(evse=1, status=ConnectorStatus.FAULTED, faults=faults)
        one.charger.steps(broken)
        await settled()
        *problems, state = events(one)
        assert {(each["component"]["name"], each["techCode"]) for each in problems} == {
            ("PowerContactor", "contactor-weld"),
            ("CPPWMController", "cp-short"),
        }, "an EVSE without a residual-current monitor has none that could be broken"
        assert {each["eventNotificationType"] for each in problems} == {"HardWiredNotification"}
        assert not any("variableMonitoringId" in each for each in problems)
        assert {each["component"]["evse"]["id"] for each in problems} == {1}
        assert state["variable"]["name"] == "AvailabilityState"
        assert state["cause"] in {each["eventId"] for each in problems}
        one.csms.heard.clear()
        one.charger.steps(replace(broken, faults=frozenset({FaultKind.WELD, FaultKind.CP_SHORT, FaultKind.CP_NOISE})))
        await settled()
        (second,) = events(one)
        assert (second["techCode"], second["actualValue"]) == ("cp-noise,cp-short", "true")
        one.charger.steps(Session(evse=1))
        await settled()
        over = events(one)[1:]
        assert [each["actualValue"] for each in over] == ["false", "false", "Available"]
        assert [each.get("cleared") for each in over] == [True, True, None]


async def test_a_fault_that_was_there_before_the_station_connected_is_told():
    broken = Session(evse=1, status=ConnectorStatus.FAULTED, faults=frozenset({FaultKind.E_STOP}))
    async with stand(csms(), **V201, charger=FakeCharger({1: broken})) as one:
        await one.accepted()
        await settled()
        assert [each["component"]["name"] for each in events(one)] == ["EmergencyStopSensor"]


@pytest.mark.req("N05.FR.03")
@pytest.mark.req("N05.FR.02")
@pytest.mark.req("N07.FR.15")
@pytest.mark.octt("TC_N_16_CS")
@pytest.mark.octt("TC_N_17_CS")
async def test_the_level_silences_what_is_less_severe():
    async with stand(csms(), **V201) as one:
        await one.accepted()
        await put(one, data(POWER, "UpperThreshold", 100, 7), data(POWER, "UpperThreshold", 200, 6))
        assert await ask(one, "SetMonitoringLevel", severity=10) == {"status": "Rejected"}
        assert await ask(one, "SetMonitoringLevel", severity=6) == {"status": "Accepted"}
        one.charger.steps(drawing(1000))
        await settled()
        assert len(events(one)) == 1
        level = {"component": {"name": "MonitoringCtrlr"}, "variable": {"name": "ActiveMonitoringLevel"}}
        answer = await ask(one, "GetVariables", getVariableData=[level])
        assert answer["getVariableResult"][0]["attributeValue"] == "6"


@pytest.mark.req("N06.FR.01")
@pytest.mark.req("N06.FR.02")
@pytest.mark.req("N06.FR.03")
@pytest.mark.req("N06.FR.05")
@pytest.mark.req("N07.FR.12")
@pytest.mark.octt("TC_N_18_CS")
@pytest.mark.octt("TC_N_19_CS")
@pytest.mark.octt("TC_N_44_CS")
@pytest.mark.octt("TC_N_52_CS")
async def test_a_cleared_monitor_says_nothing_more():
    async with stand(csms(), **V201) as one:
        await one.accepted()
        (own,) = await put(one, data(POWER, "UpperThreshold", 100))
        one.charger.steps(drawing(1000))
        await settled()
        one.csms.heard.clear()
        answer = await ask(one, "ClearVariableMonitoring", id=[own, 4711, 1])
        assert [(each["id"], each["status"]) for each in answer["clearMonitoringResult"]] == [
            (own, "Accepted"),
            (4711, "NotFound"),
            (1, "Rejected"),
        ]
        one.charger.steps(drawing(10))
        await settled()
        assert events(one) == []
        many = list(range(101))
        assert await ask(one, "ClearVariableMonitoring", id=many) == ["OccurrenceConstraintViolation"]


@pytest.mark.req("N04.FR.01")
@pytest.mark.req("N04.FR.02")
@pytest.mark.req("N04.FR.12")
@pytest.mark.octt("TC_N_08_CS")
@pytest.mark.octt("TC_N_09_CS")
@pytest.mark.octt("TC_N_10_CS")
@pytest.mark.octt("TC_N_11_CS")
@pytest.mark.octt("TC_N_12_CS")
@pytest.mark.octt("TC_N_13_CS")
@pytest.mark.octt("TC_N_15_CS")
@pytest.mark.octt("TC_N_37_CS")
@pytest.mark.octt("TC_N_38_CS")
@pytest.mark.octt("TC_N_39_CS")
@pytest.mark.octt("TC_N_40_CS")
@pytest.mark.octt("TC_N_43_CS")
async def test_each_monitor_is_set_by_itself_or_refused_with_its_own_reason():
    async with stand(csms(), **V201) as one:
        await one.accepted()
        first, unknown, second, strange = await put(
            one,
            data(POWER, "UpperThreshold", 5000),
            data({"component": {"name": "Coffee"}, "variable": {"name": "Power"}}, "Delta", 1),
            data(STATE, "Delta", 1),
            data({"component": POWER["component"], "variable": {"name": "Sugar"}}, "Delta", 1),
        )
        assert (unknown, strange) == ("UnknownComponent", "UnknownVariable")
        assert isinstance(first, int)
        assert isinstance(second, int)
        assert first != second
        assert await put(one, data(POWER, "UpperThreshold", 6000)) == ["Duplicate"]
        assert await put(one, data(POWER, "UpperThreshold", 6000, id=first)) == [first]
        assert await put(one, data(POWER, "UpperThreshold", 6000, id=second)) == ["Rejected"]
        assert await put(one, data(POWER, "UpperThreshold", 23_000, 6)) == ["Rejected"]
        assert await put(one, data(POWER, "Delta", -1, 6)) == ["Rejected"]
        assert await put(one, data(STATE, "LowerThreshold", 1, 6)) == ["UnsupportedMonitorType"]
        for power_w, told in ((5500, []), (6500, [first])):  # N04.FR.12: the threshold is 6000 now
            one.charger.steps(drawing(power_w))
            await settled()
            assert [event["variableMonitoringId"] for event in events(one)] == told


@pytest.mark.req("N07.FR.10")
@pytest.mark.octt("TC_N_48_CS")
async def test_a_change_of_what_may_not_be_read_is_told_without_it():
    settings = Settings([*SETTINGS, text_row("SecretCtrlr.Word", None, "", maximum=10, access=Access.WRITE_ONLY)])
    async with stand(csms(), **V201, settings=settings) as one:
        await one.accepted()
        secret = {"component": {"name": "SecretCtrlr"}, "variable": {"name": "Word"}}
        await put(one, data(secret, "Delta", 1))
        await ask(one, "SetVariables", setVariableData=[secret | {"attributeValue": "hush"}])
        await settled()
        (event,) = events(one)
        assert (event["actualValue"], event["variable"]["name"]) == ("", "Word")


async def report(one: Stand, **criteria: Any) -> list[tuple[str, str, str, float]]:
    one.csms.heard.clear()
    assert await ask(one, "GetMonitoringReport", requestId=3, **criteria) == {"status": "Accepted"}
    await settled()
    parts = [call.payload for call in one.csms.calls("NotifyMonitoringReport")]
    assert [part["seqNo"] for part in parts] == list(range(len(parts)))  # N02.FR.09
    assert [part["tbc"] for part in parts] == [True] * (len(parts) - 1) + [False]
    assert {part["requestId"] for part in parts} == {3}  # N02.FR.04
    return [
        (each["component"]["name"], each["variable"]["name"], own["type"], own["value"])
        for part in parts
        for each in part["monitor"]
        for own in each["variableMonitoring"]
    ]


@pytest.mark.req("N02.FR.05")
@pytest.mark.req("N02.FR.10")
@pytest.mark.req("N02.FR.11")
@pytest.mark.req("N02.FR.12")
@pytest.mark.req("N02.FR.13")
@pytest.mark.req("N02.FR.14")
@pytest.mark.octt("TC_N_01_CS")
@pytest.mark.octt("TC_N_02_CS")
@pytest.mark.octt("TC_N_03_CS")
@pytest.mark.octt("TC_N_04_CS")
@pytest.mark.octt("TC_N_47_CS")
async def test_a_report_tells_of_the_monitors_that_were_asked_for():
    async with stand(csms(), **V201, charger=FakeCharger({1: Session(evse=1)})) as one:
        await one.accepted()
        await put(one, data(POWER, "LowerThreshold", 10), data(POWER, "Periodic", 60), data(STATE, "Delta", 1))
        thresholds = await report(one, monitoringCriteria=["ThresholdMonitoring"])
        assert thresholds == [
            ("EVSE", "Power", "UpperThreshold", 24_288),
            ("EVSE", "Power", "UpperThreshold", 22_080),
            ("EVSE", "Power", "LowerThreshold", 10),
        ]
        assert await report(one, monitoringCriteria=["PeriodicMonitoring"]) == [("EVSE", "Power", "Periodic", 60)]
        deltas = await report(one, monitoringCriteria=["DeltaMonitoring"])
        assert deltas == [("EVSE", "AvailabilityState", "Delta", 1)]
        on_evse = await report(one, componentVariable=[{"component": {"name": "EVSE"}}])
        assert {each[2] for each in on_evse} == {"UpperThreshold", "LowerThreshold", "Periodic", "Delta"}
        both = {"componentVariable": [STATE], "monitoringCriteria": ["DeltaMonitoring"]}
        assert await report(one, **both) == [("EVSE", "AvailabilityState", "Delta", 1)]
        assert set(await report(one)) >= {*thresholds, *deltas}
        nothing = {"componentVariable": [STATE], "monitoringCriteria": ["PeriodicMonitoring"]}
        assert await ask(one, "GetMonitoringReport", requestId=4, **nothing) == {"status": "EmptyResultSet"}


@pytest.mark.octt("TC_N_05_CS")
@pytest.mark.octt("TC_N_06_CS")
@pytest.mark.octt("TC_N_07_CS")
@pytest.mark.octt("TC_N_41_CS")
async def test_a_base_is_set_and_shown():
    async with stand(csms(), **V201, charger=FakeCharger({1: Session(evse=1)})) as one:
        await one.accepted()
        await put(one, data(POWER, "LowerThreshold", 10))
        assert await ask(one, "SetMonitoringBase", monitoringBase="HardWiredOnly") == {"status": "Accepted"}
        assert await report(one) == [("EVSE", "Power", "UpperThreshold", 24_288)]
        assert await ask(one, "SetMonitoringBase", monitoringBase="FactoryDefault") == {"status": "Accepted"}
        assert ("EVSE", "Power", "UpperThreshold", 22_080) in await report(one)
        assert await ask(one, "SetMonitoringBase", monitoringBase="Coffee") == ["PropertyConstraintViolation"]
        shown = {"component": {"name": "MonitoringCtrlr"}, "variable": {"name": "ActiveMonitoringBase"}}
        answer = await ask(one, "GetVariables", getVariableData=[shown])
        assert answer["getVariableResult"][0]["attributeValue"] == "FactoryDefault"


@pytest.mark.req("B02.FR.02")
async def test_before_the_station_is_accepted_no_monitor_is_reported_and_no_event_told():
    pending = BOOT_ACCEPTED | {"status": "Pending"}
    own = ScriptedCsms(versions=("ocpp2.0.1",), answers={"BootNotification": pending})
    async with stand(own, **V201) as one:
        await own.heard_of("BootNotification")
        await settled()
        await put(one, data(POWER, "UpperThreshold", 100))
        one.charger.steps(drawing(1000))
        answer = await ask(one, "GetMonitoringReport", requestId=1)
        assert answer == {"status": "Rejected", "statusInfo": {"reasonCode": "CSNotAccepted"}}
        await settled()
        assert set(own.actions) == {"BootNotification"}


@pytest.mark.req("N07.FR.13")
@pytest.mark.req("N07.FR.14")
@pytest.mark.octt("TC_N_53_CS")
async def test_a_monitor_and_its_warning_outlive_a_restart():
    store = MemoryStore()
    async with stand(csms(), **V201, store=store) as one:
        await one.accepted()
        (own,) = await put(one, data(POWER, "UpperThreshold", 100))
        one.charger.steps(drawing(1000))
        await settled()
    async with stand(csms(), **V201, store=store, charger=FakeCharger({1: drawing(10)})) as one:
        await one.accepted()
        await settled()
        (told,) = events(one)
        assert (told["variableMonitoringId"], told["cleared"]) == (own, True)


@pytest.mark.req("N07.FR.04")
@pytest.mark.octt("TC_N_22_CS")
@pytest.mark.octt("TC_N_23_CS")
async def test_what_is_severe_enough_waits_for_the_csms_also_over_a_restart():
    store = MemoryStore()
    async with stand(csms(), **V201, store=store) as one:
        await one.accepted()
        await put(one, data(POWER, "UpperThreshold", 100, 4), data(POWER, "UpperThreshold", 100, 5))
        await settled(STARTING_S)
        one.station.network(online=False)
        await settled()
        one.charger.steps(drawing(1000))
        await settled()
        assert events(one) == []
    async with stand(csms(), **V201, store=store, charger=FakeCharger({1: drawing(1000)})) as one:
        await one.accepted()
        await settled()
        assert [event["actualValue"] for event in events(one)] == ["1000"]


async def test_an_event_whose_answer_was_lost_with_the_link_is_told_again():
    own = csms()
    own.answers["NotifyEvent"] = [SILENCE, {}]
    async with stand(own, **V201) as one:
        await one.accepted()
        await put(one, data(POWER, "UpperThreshold", 100, 3))
        one.charger.steps(drawing(1000))
        await own.heard_of("NotifyEvent")
        await own.hang_up()
        first, again = await own.heard_of("NotifyEvent", 2)
        assert first.payload["eventData"] == again.payload["eventData"]


async def test_nothing_is_told_while_monitoring_is_disabled():
    async with stand(csms(), **V201, start_values={"MonitoringCtrlr.Enabled": "false"}) as one:
        await one.accepted()
        await put(one, data(POWER, "UpperThreshold", 100))
        one.charger.steps(drawing(1000))
        await settled()
        assert events(one) == []


async def test_in_one_six_events_wait_for_a_version_that_has_words_for_them():
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        one.charger.steps(Session(evse=1, faults=frozenset({FaultKind.WELD})))
        await settled()
        assert "NotifyEvent" not in one.csms.actions
        assert one.station.online


async def test_in_two_one_a_report_says_who_set_a_monitor():
    own = ScriptedCsms(versions=("ocpp2.1",))
    async with stand(own, versions=[Version.V21], charger=FakeCharger({1: Session(evse=1)})) as one:
        await one.accepted()
        await ask(one, "GetMonitoringReport", requestId=1, monitoringCriteria=["ThresholdMonitoring"])
        (part,) = await own.heard_of("NotifyMonitoringReport")
        kinds = [one["eventNotificationType"] for one in part.payload["monitor"][0]["variableMonitoring"]]
        assert kinds == ["HardWiredMonitor", "PreconfiguredMonitor"]
