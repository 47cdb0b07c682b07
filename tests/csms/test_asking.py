from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from csms.reports import SILENCE_S
from csms.server import Csms
from tests.csms.charger import charger
from tests.csms.running import (
    EPOCH_S,
    EVERY_2X,
    EVERY_VERSION,
    stamp,
)

# Asking a charger

TOKEN_2X = {"idToken": "DEADBEEF", "type": "ISO14443"}
START_2X = {"evseId": 2, "idToken": TOKEN_2X, "remoteStartId": int(EPOCH_S)}
OUT_2X = {"operationalStatus": "Inoperative"}
IN_2X = {"operationalStatus": "Operative", "evse": {"id": 1, "connectorId": 1}}
STATUS = {"requestedMessage": "StatusNotification"}
STATUS_2X = {**STATUS, "evse": {"id": 1, "connectorId": 1}}
BEAT = {"requestedMessage": "Heartbeat"}
AT = "2026-01-01T00:00:00.000Z"
SCHEDULE = {
    "startSchedule": AT,
    "duration": 3600,
    "chargingRateUnit": "W",
    "chargingSchedulePeriod": [
        {"startPeriod": 0, "limit": 6000.0},
        {"startPeriod": 60, "limit": 9000.0, "numberPhases": 3},
    ],
}
DATA = {"vendorId": "ACME", "messageId": "m", "data": "d"}
COMMANDS = [  # what is asked over HTTP; action and payload in 1.6; in 2.x
    (
        ("start", {"token": "DEADBEEF", "evse": 2}),
        ("RemoteStartTransaction", {"connectorId": 2, "idTag": "DEADBEEF"}),
        ("RequestStartTransaction", START_2X),
    ),
    (
        ("stop", {"tx": "17"}),
        ("RemoteStopTransaction", {"transactionId": 17}),
        ("RequestStopTransaction", {"transactionId": "17"}),
    ),
    (("reset", {"kind": "Immediate"}), ("Reset", {"type": "Hard"}), ("Reset", {"type": "Immediate"})),
    (
        ("unlock", {"evse": 2}),
        ("UnlockConnector", {"connectorId": 2}),
        ("UnlockConnector", {"evseId": 2, "connectorId": 1}),
    ),
    (
        ("availability", {"operative": False}),
        ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}),
        ("ChangeAvailability", OUT_2X),
    ),
    (
        ("availability", {"operative": True, "evse": 1, "connector": 1}),
        ("ChangeAvailability", {"connectorId": 1, "type": "Operative"}),
        ("ChangeAvailability", IN_2X),
    ),
    (
        ("trigger", {"message": "StatusNotification", "evse": 1}),
        ("TriggerMessage", {**STATUS, "connectorId": 1}),
        ("TriggerMessage", STATUS_2X),
    ),
    (("trigger", {"message": "Heartbeat"}), ("TriggerMessage", BEAT), ("TriggerMessage", BEAT)),
    (("clear-cache", {}), ("ClearCache", {}), ("ClearCache", {})),
    (
        ("data-transfer", {"vendor": "ACME", "message": "m", "data": "d"}),
        ("DataTransfer", DATA),
        ("DataTransfer", DATA),
    ),
    (
        ("reserve", {"number": 7, "token": "DEADBEEF", "until_utc_s": EPOCH_S, "evse": 1, "group": "FLEET"}),
        (
            "ReserveNow",
            {"reservationId": 7, "connectorId": 1, "idTag": "DEADBEEF", "parentIdTag": "FLEET", "expiryDate": AT},
        ),
        (
            "ReserveNow",
            {
                "id": 7,
                "evseId": 1,
                "idToken": TOKEN_2X,
                "groupIdToken": {"idToken": "FLEET", "type": "Central"},
                "expiryDateTime": AT,
            },
        ),
    ),
    (
        ("cancel-reservation", {"number": 7}),
        ("CancelReservation", {"reservationId": 7}),
        ("CancelReservation", {"reservationId": 7}),
    ),
    (
        (
            "charging-profile",
            {
                "number": 3,
                "kind": "daily",
                "start_utc_s": EPOCH_S,
                "duration_s": 3600,
                "unit": "W",
                "periods": [{"limit": 6000}, {"start_s": 60, "limit": 9000, "phases": 3}],
            },
        ),
        (
            "SetChargingProfile",
            {
                "connectorId": 0,
                "csChargingProfiles": {
                    "chargingProfileId": 3,
                    "stackLevel": 0,
                    "chargingProfilePurpose": "TxDefaultProfile",
                    "chargingProfileKind": "Recurring",
                    "recurrencyKind": "Daily",
                    "chargingSchedule": SCHEDULE,
                },
            },
        ),
        (
            "SetChargingProfile",
            {
                "evseId": 0,
                "chargingProfile": {
                    "id": 3,
                    "stackLevel": 0,
                    "chargingProfilePurpose": "TxDefaultProfile",
                    "chargingProfileKind": "Recurring",
                    "recurrencyKind": "Daily",
                    "chargingSchedule": [{"id": 1, **SCHEDULE}],
                },
            },
        ),
    ),
    (
        ("clear-charging-profiles", {"purpose": "station", "stack_level": 1}),
        ("ClearChargingProfile", {"chargingProfilePurpose": "ChargePointMaxProfile", "stackLevel": 1}),
        (
            "ClearChargingProfile",
            {"chargingProfileCriteria": {"chargingProfilePurpose": "ChargingStationMaxProfile", "stackLevel": 1}},
        ),
    ),
    (
        ("charging-schedule", {"evse": 1, "duration_s": 300, "unit": "A"}),
        ("GetCompositeSchedule", {"connectorId": 1, "duration": 300, "chargingRateUnit": "A"}),
        ("GetCompositeSchedule", {"evseId": 1, "duration": 300, "chargingRateUnit": "A"}),
    ),
]


@pytest.mark.parametrize(("said", "asked_16", "asked_2x"), COMMANDS)
@EVERY_VERSION
async def test_the_chargers_answer_comes_in_the_reply(
    csms: Csms, web: httpx.AsyncClient, version: str, said: Any, asked_16: Any, asked_2x: Any
):
    (command, body), asked = said, asked_16 if version == "ocpp1.6" else asked_2x
    async with charger(csms, version=version) as cp:
        status = {"unlock": "Unlocked", "clear-charging-profiles": "Unknown"}.get(command, "Rejected")
        cp.answers[asked[0]] = {"status": status}
        reply = await web.post(f"/api/chargers/CP1/{command}", json=body)
        assert reply.json() == {"action": asked[0], "status": status, "answer": {"status": status}}
        assert cp.asked == [asked]


@EVERY_2X
async def test_charging_profiles_can_be_asked_for_and_a_type_of_connector_reserved_in_2_x(
    csms: Csms, web: httpx.AsyncClient, version: str
):
    async with charger(csms, version=version) as cp:
        cp.answers["GetChargingProfiles"] = {"status": "NoProfiles"}
        cp.answers["ReserveNow"] = {"status": "Accepted"}
        await web.post("/api/chargers/CP1/charging-profiles", json={"evse": 1, "purpose": "default"})
        body = {"number": 1, "token": "A", "until_utc_s": 0, "connector_type": "sType2"}
        await web.post("/api/chargers/CP1/reserve", json=body)
        (_, asked), (_, reserved) = cp.asked
        assert (asked["evseId"], asked["chargingProfile"]) == (1, {"chargingProfilePurpose": "TxDefaultProfile"})
        assert reserved["connectorType"] == "sType2"
        problem = await web.post("/api/chargers/CP1/reserve", json=body | {"token": "x" * 300})
        assert (problem.status_code, len(cp.asked)) == (422, 2)


@EVERY_2X
async def test_one_evse_can_be_reset_and_any_data_transferred_in_2_x(csms: Csms, web: httpx.AsyncClient, version: str):
    async with charger(csms, version=version) as cp:
        await web.post("/api/chargers/CP1/reset", json={"evse": 2})
        await web.post("/api/chargers/CP1/data-transfer", json={"vendor": "ACME", "data": {"a": [1]}})
        assert cp.asked == [
            ("Reset", {"type": "OnIdle", "evseId": 2}),
            ("DataTransfer", {"vendorId": "ACME", "data": {"a": [1]}}),
        ]


@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        ("reset", {"evse": 1}, "restarts the whole charger only"),
        ("stop", {"tx": "abc"}, "have numbers"),
        ("data-transfer", {"vendor": "V", "data": {}}, "transfers text only"),
        ("report", {}, "has no reports"),
        ("trigger", {"message": "TransactionEvent"}, "PropertyConstraintViolation"),
        ("reserve", {"number": 1, "token": "A", "until_utc_s": 0, "connector_type": "sType2"}, "no type of connector"),
        ("charging-profiles", {}, "reports no charging profiles"),
        ("charging-profile", {"number": 1, "tx": "abc", "periods": [{"limit": 6}]}, "have numbers"),
        ("start", {"token": "x" * 21}, "TypeConstraintViolation|FormationViolation|PropertyConstraintViolation"),
    ],
)
async def test_what_the_version_cannot_say_is_refused_with_the_remedy(
    csms: Csms, web: httpx.AsyncClient, path: str, body: Any, detail: str
):
    async with charger(csms) as cp:
        reply = await web.post(f"/api/chargers/CP1/{path}", json=body)
        problem = reply.json()
        assert (reply.status_code, reply.headers["content-type"]) == (422, "application/problem+json")
        assert httpx.codes(problem["status"]) == 422
        assert any(each in problem["detail"] for each in detail.split("|"))
        assert problem["remedy"]
        assert cp.asked == []


async def test_a_charger_that_gives_no_answer_is_a_problem_with_a_remedy(csms: Csms, web: httpx.AsyncClient):
    csms.accept("CP1")
    offline = await web.post("/api/chargers/CP1/clear-cache", json={})
    assert (offline.status_code, offline.json()["detail"]) == (409, "CP1 is not connected")
    assert "online" in offline.json()["remedy"]
    async with charger(csms) as cp:
        cp.answers["ClearCache"] = None
        silent = await web.post("/api/chargers/CP1/clear-cache", json={})
        assert (silent.status_code, silent.json()["detail"]) == (504, "ClearCache was not answered in time")
        cp.answers["ClearCache"] = {"status": "Perhaps"}
        wrong = await web.post("/api/chargers/CP1/clear-cache", json={})
        assert wrong.status_code == 502
        assert "PropertyConstraintViolation" in wrong.json()["detail"]


@pytest.mark.parametrize(
    ("options", "status", "detail"),
    [
        ({"json": {"tokne": "A"}}, 422, "unknown field"),
        ({"json": {}}, 422, "missing required field `token`"),
        ({"json": {"token": "A", "evse": -1}}, 422, ">= 0"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, "no JSON"),
        ({"data": {"token": "A"}}, 415, "must be JSON"),
    ],
)
async def test_a_request_that_is_wrong_is_told_what_is_wrong(
    csms: Csms, web: httpx.AsyncClient, options: Any, status: int, detail: str
):
    async with charger(csms) as cp:
        reply = await web.post("/api/chargers/CP1/start", **options)
        assert (reply.status_code, reply.json()["status"]) == (status, status)
        assert detail in reply.json()["detail"]
        assert cp.asked == []


async def test_what_is_not_there_is_not_found(csms: Csms, web: httpx.AsyncClient):
    for path in ("/api/chargers/CP9", "/api/sessions/7", f"/api/sessions/{2**70}", "/api/sessions/7/curves", "/api/x"):
        reply = await web.get(path)
        assert (reply.status_code, reply.json()["title"]) == (404, "Not Found"), path
    assert (await web.post("/api/chargers/CP9/clear-cache", json={})).status_code == 404
    assert (await web.delete("/api/tokens/NOBODY")).status_code == 404
    assert (await web.delete("/api/chargers")).status_code == 405


@EVERY_VERSION
async def test_any_call_can_be_sent_by_its_name(csms: Csms, web: httpx.AsyncClient, version: str):
    async with charger(csms, version=version) as cp:
        cp.answers["GetLocalListVersion"] = {"listVersion" if version == "ocpp1.6" else "versionNumber": 3}
        reply = await web.post("/api/chargers/CP1/call", json={"action": "GetLocalListVersion"})
        assert 3 in reply.json()["answer"].values()
        unknown = await web.post("/api/chargers/CP1/call", json={"action": "MakeCoffee"})
        assert unknown.status_code == 422
        wrong = await web.post("/api/chargers/CP1/call", json={"action": "Reset", "payload": {"type": "Gently"}})
        assert "PropertyConstraintViolation" in wrong.json()["detail"]
        assert [action for action, _ in cp.asked] == ["GetLocalListVersion"]


# Settings


async def test_settings_of_1_6_are_read_and_changed(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms) as cp:
        cp.answers["GetConfiguration"] = {
            "configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}],
            "unknownKey": ["Coffee"],
        }
        read = await web.get("/api/chargers/CP1/configuration?name=HeartbeatInterval&name=Coffee")
        assert read.json()["settings"] == [
            {"name": "HeartbeatInterval", "value": "300", "readonly": False, "unit": None, "note": None},
            {
                "name": "Coffee",
                "value": None,
                "readonly": None,
                "unit": None,
                "note": "the charger does not know it",
            },
        ]
        cp.answers["ChangeConfiguration"] = {"status": "RebootRequired"}
        body = {"name": "HeartbeatInterval", "value": "60"}
        changed = await web.put("/api/chargers/CP1/configuration", json=body)
        assert changed.json()["status"] == "RebootRequired"
        await web.get("/api/chargers/CP1/configuration")
        assert cp.asked == [
            ("GetConfiguration", {"key": ["HeartbeatInterval", "Coffee"]}),
            ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}),
            ("GetConfiguration", {}),
        ]


POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}
TIMEOUT = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "MessageTimeout", "instance": "Default"}}


@EVERY_2X
async def test_variables_of_2_x_are_read_and_changed(csms: Csms, web: httpx.AsyncClient, version: str):
    async with charger(csms, version=version) as cp:
        cp.answers["GetVariables"] = {
            "getVariableResult": [
                {"attributeStatus": "Accepted", "attributeValue": "11000", **POWER},
                {"attributeStatus": "UnknownVariable", **TIMEOUT},
            ]
        }
        query = {"name": ["1/EVSE/Power", "OCPPCommCtrlr/MessageTimeout#Default"]}
        read = await web.get("/api/chargers/CP1/configuration", params=query)
        assert [(each["name"], each["value"], each["note"]) for each in read.json()["settings"]] == [
            ("1/EVSE/Power", "11000", None),
            ("OCPPCommCtrlr/MessageTimeout#Default", None, "UnknownVariable"),
        ]
        cp.answers["SetVariables"] = {"setVariableResult": [{"attributeStatus": "Rejected", **TIMEOUT}]}
        body = {"name": "OCPPCommCtrlr/MessageTimeout#Default", "value": "30"}
        assert (await web.put("/api/chargers/CP1/configuration", json=body)).json()["status"] == "Rejected"
        assert cp.asked == [
            ("GetVariables", {"getVariableData": [POWER, TIMEOUT]}),
            ("SetVariables", {"setVariableData": [{"attributeValue": "30", **TIMEOUT}]}),
        ]


@pytest.mark.parametrize("name", ["Power", "x/EVSE/Power", "1/2/3/EVSE/Power", "EVSE/", "/Power", "0/EVSE/Power"])
async def test_a_name_that_is_no_variables_is_refused_with_how_to_write_it(
    csms: Csms, web: httpx.AsyncClient, name: str
):
    async with charger(csms, version="ocpp2.0.1") as cp:
        reply = await web.get("/api/chargers/CP1/configuration", params={"name": name})
        assert reply.status_code == 422
        assert "write component/variable" in reply.json()["detail"]
        assert cp.asked == []


def part(number: int, *, tbc: bool | None, request_id: int, **attribute: Any) -> dict[str, Any]:
    data = {**POWER, "variableAttribute": [{"type": "MaxSet", "value": "9"}, {"value": str(number), **attribute}]}
    data["variableCharacteristics"] = {"dataType": "decimal", "unit": "W", "supportsMonitoring": False}
    message = {"requestId": request_id, "generatedAt": stamp(0), "seqNo": number, "reportData": [data]}
    return message if tbc is None else {**message, "tbc": tbc}


@EVERY_2X
async def test_a_report_is_collected_from_all_its_parts(csms: Csms, web: httpx.AsyncClient, version: str):
    async with charger(csms, version=version) as cp:
        reading = asyncio.create_task(web.get("/api/chargers/CP1/configuration"))
        asked = await cp.until_asked("GetBaseReport")
        assert asked["reportBase"] == "FullInventory"
        await cp.call("NotifyReport", part(7, tbc=False, request_id=asked["requestId"] + 1))  # of another report
        await cp.call("NotifyReport", part(0, tbc=True, request_id=asked["requestId"]))
        await cp.call("NotifyReport", part(1, tbc=None, request_id=asked["requestId"], mutability="ReadOnly"))
        read = (await reading).json()
        assert read["complete"] is True
        assert [(each["name"], each["value"], each["readonly"], each["unit"]) for each in read["settings"]] == [
            ("1/EVSE/Power", "0", False, "W"),
            ("1/EVSE/Power", "1", True, "W"),
        ]


async def test_a_report_that_breaks_off_is_told_as_far_as_it_came(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms, version="ocpp2.0.1") as cp:
        reading = asyncio.create_task(web.post("/api/chargers/CP1/report", json={"kind": "SummaryInventory"}))
        asked = await cp.until_asked("GetBaseReport")
        assert asked["reportBase"] == "SummaryInventory"
        await cp.call("NotifyReport", part(0, tbc=True, request_id=asked["requestId"]))
        read = (await reading).json()
        assert (read["complete"], len(read["settings"])) == (False, 1)
        assert asyncio.get_running_loop().time() >= SILENCE_S
        cp.answers["GetBaseReport"] = {"status": "NotSupported"}
        refused = (await web.get("/api/chargers/CP1/configuration")).json()
        assert (refused["status"], refused["settings"]) == ("NotSupported", [])
