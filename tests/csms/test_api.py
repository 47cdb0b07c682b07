from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from csms.server import Csms
from csms.store import Store
from csms.web.app import make_app
from tests.csms.charger import JsonCharger, charger
from tests.csms.running import (
    ENDED,
    EPOCH_S,
    EVERY_VERSION,
    STARTED,
    event,
    http,
    running,
    stamp,
    start_16,
    stop_16,
)

# Chargers


async def test_a_charger_is_shown_with_its_link_its_connectors_and_what_charges(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms, version="ocpp2.0.1") as cp:
        await cp.boot()
        status = {"timestamp": stamp(1), "connectorStatus": "Occupied", "evseId": 1, "connectorId": 2}
        await cp.call("StatusNotification", status)
        await cp.call("TransactionEvent", STARTED)
        (shown,) = (await web.get("/api/chargers")).json()
    assert (shown["identity"], shown["state"], shown["online"], shown["ocpp"]) == ("CP1", "Accepted", True, "ocpp2.0.1")
    assert (shown["vendor"], shown["model"], shown["firmware"]) == ("ACME", "One", "1.2")
    assert [(each["evse"], each["connector"], each["status"]) for each in shown["connectors"]] == [(1, 2, "Occupied")]
    assert [each["tx"] for each in shown["sessions"]] == ["T1"]
    await asyncio.sleep(1)
    (shown,) = (await web.get("/api/chargers")).json()
    assert (shown["online"], shown["ocpp"]) == (False, None)


async def test_a_connected_charger_was_last_heard_with_its_last_message(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms) as cp:
        await cp.boot()
        await asyncio.sleep(100)
        await cp.call("Authorize", {"idTag": "X"})
        assert (await web.get("/api/chargers/CP1")).json()["seen_utc_s"] == pytest.approx(EPOCH_S + 100, abs=1)


@EVERY_VERSION
async def test_a_pending_charger_hears_at_once_that_it_is_accepted(version: str):
    async with running() as csms, http(csms) as web, charger(csms, version=version) as cp:
        assert (await cp.boot())["status"] == "Pending"
        decision = (await web.patch("/api/chargers/CP1", json={"state": "Accepted"})).json()
        assert decision["charger"]["state"] == "Accepted"
        assert decision["answer"] == {
            "action": "TriggerMessage",
            "status": "Accepted",
            "answer": {"status": "Accepted"},
        }
        assert cp.asked == [("TriggerMessage", {"requestedMessage": "BootNotification"})]
        assert (await cp.boot())["status"] == "Accepted"


async def test_a_pending_charger_that_does_not_answer_is_accepted_all_the_same():
    async with running() as csms, http(csms) as web, charger(csms) as cp:
        await cp.boot()
        cp.answers["TriggerMessage"] = None
        decision = (await web.patch("/api/chargers/CP1", json={"state": "Accepted"})).json()
        assert decision["remark"] == "no answer yet: it hears of the decision when it boots the next time"
        assert asyncio.get_running_loop().time() < 10
        assert (await cp.boot())["status"] == "Accepted"


async def test_a_charger_can_be_rejected_given_a_password_and_known_before_it_comes(csms: Csms, web: httpx.AsyncClient):
    await web.patch("/api/chargers/CP9", json={"state": "Rejected", "password": "0123456789abcdef"})
    found = (await web.get("/api/chargers/CP9")).json()
    assert (found["state"], found["has_password"], found["online"]) == ("Rejected", True, False)
    await web.patch("/api/chargers/CP9", json={"password": None, "state": "Pending"})
    assert (await web.get("/api/chargers/CP9")).json()["has_password"] is False
    assert (await web.patch("/api/chargers/a:b", json={})).status_code == 422


async def test_an_identity_may_hold_whatever_a_path_may(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms, "a%2Fb%20%231%3F") as cp:
        await cp.boot()
        answer = await web.post("/api/chargers/a%2Fb%20%231%3F/clear-cache", json={})
        assert answer.json()["status"] == "Accepted"
        assert (await web.get("/api/chargers/a%2Fb%20%231%3F")).json()["identity"] == "a/b #1?"


async def test_who_was_turned_away_is_listed_with_the_reason(csms: Csms, web: httpx.AsyncClient):
    csms.set_password("CP1", "0123456789abcdef")
    async with charger(csms, "CP2"):
        for identity, options in (
            ("CP1", {}),
            ("CP2", {}),
            ("CP3", {"subprotocols": ["ocpp1.2"]}),
            ("CP4", {"origin": "http://evil.example"}),
            ("%0A", {}),
        ):
            try:
                async with charger(csms, identity, **options) as cp:
                    await cp.socket.wait_closed()
            except Exception as error:  # noqa: BLE001 - whatever the handshake ends with
                assert "HTTP" in str(error)  # noqa: PT017
    found = (await web.get("/api/handshakes")).json()
    assert [(each["identity"], each["offered"], each["reason"]) for each in found] == [
        ("CP1", "ocpp1.6", "401 The identity and its password are needed."),
        ("CP2", "ocpp1.6", "this identity is connected already"),
        ("CP3", "ocpp1.2", "no OCPP version in common"),
        ("CP4", "ocpp1.6", "403 A web page of another site may not connect."),
        (None, "ocpp1.6", "404 The path does not end in a charger's identity."),
    ]
    assert found[0]["remote"] == "127.0.0.1"


# Sessions


async def charged(cp: JsonCharger) -> None:
    await cp.boot()
    await cp.call("TransactionEvent", STARTED)
    power = {"value": 11, "measurand": "Power.Active.Import", "unitOfMeasure": {"unit": "W", "multiplier": 3}}
    current = {"value": 16, "measurand": "Current.Import", "phase": "L1"}
    values = {"timestamp": stamp(30), "sampledValue": [{"value": 53_000}, power, current]}
    await cp.call("TransactionEvent", event("Updated", 1, 30, values))
    await cp.call("TransactionEvent", ENDED | {"seqNo": 2})


async def test_sessions_are_told_with_energy_cost_and_curves(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms, version="ocpp2.0.1") as cp:
        await charged(cp)
    (session,) = (await web.get("/api/sessions")).json()
    assert (session["energy_wh"], session["cost"], session["currency"]) == (7_500, "5.00", "EUR")
    assert (await web.get(f"/api/sessions/{session['id']}")).json() == session
    curves = (await web.get(f"/api/sessions/{session['id']}/curves")).json()
    assert curves == [
        {"name": "Energy", "unit": "kWh", "points": [[EPOCH_S, 0], [EPOCH_S + 1_800, 3], [EPOCH_S + 3_600, 7.5]]},
        {"name": "Current.Import L1", "unit": "A", "points": [[EPOCH_S + 1_800, 16]]},
        {"name": "Power.Active.Import", "unit": "kW", "points": [[EPOCH_S + 1_800, 11]]},
    ]


async def test_curves_of_1_6_are_told_too_and_what_is_no_number_is_left_out(csms: Csms, web: httpx.AsyncClient):
    sampled = [
        {"value": "7.2", "measurand": "Power.Active.Import", "unit": "kW"},
        {"value": "230", "measurand": "Voltage", "phase": "L1-N"},
        {"value": "n/a", "measurand": "Voltage"},
        {"value": "1", "measurand": "Temperature"},
        {"value": "OCMF", "measurand": "Voltage", "format": "SignedData"},
        {"value": "55", "measurand": "SoC", "location": "EV"},
    ]
    async with charger(csms) as cp:
        number = (await cp.call("StartTransaction", start_16()))["transactionId"]
        meter_value = {"timestamp": stamp(5), "sampledValue": sampled}
        await cp.call("MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": [meter_value]})
    curves = (await web.get(f"/api/sessions/{number}/curves")).json()
    assert [(each["name"], each["unit"], each["points"][0][1]) for each in curves] == [
        ("Power.Active.Import", "kW", 7.2),
        ("SoC (EV)", "%", 55),
        ("Voltage L1-N", "V", 230),
    ]


async def test_sessions_can_be_chosen_and_turned_over(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms) as cp, charger(csms, "CP2", "ocpp2.0.1") as other:
        first = (await cp.call("StartTransaction", start_16()))["transactionId"]
        await cp.call("StopTransaction", stop_16(first))
        await cp.call("StartTransaction", start_16(timestamp=stamp(70)))
        await other.call("TransactionEvent", STARTED)

    async def shown(query: str) -> list[int]:
        return [each["id"] for each in (await web.get(f"/api/sessions?{query}")).json()]

    assert await shown("") == [1, 2, 3]
    assert await shown("charger=CP1") == [1, 2]
    assert await shown("open=true") == [2, 3]
    assert await shown("limit=2") == [2, 3]
    assert await shown("limit=2&before=2") == [1]
    for wrong in ("limit=0", "limit=1001", f"before={2**63}", "opened=1"):
        assert (await web.get(f"/api/sessions?{wrong}")).status_code == 422


async def test_the_table_for_spreadsheets_runs_no_formula_of_a_driver(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms) as cp:
        number = (await cp.call("StartTransaction", start_16(idTag="=cmd|' /C calc'!A0")))["transactionId"]
        await cp.call("StopTransaction", stop_16(number, reason="EVDisconnected"))
    reply = await web.get("/api/sessions.csv")
    assert reply.headers["content-type"].startswith("text/csv")
    assert reply.headers["content-disposition"] == 'attachment; filename="sessions.csv"'
    header, row = csv.reader(io.StringIO(reply.text))
    found = dict(zip(header, row, strict=True))
    assert found["token"] == "'=cmd|' /C calc'!A0"
    assert (found["energy_wh"], found["cost"], found["currency"]) == ("7500.0", "5.00", "EUR")
    assert (found["started"], found["ended"]) == ("2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00.000Z")


async def test_a_moment_that_no_calendar_has_spoils_no_list(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms) as cp:
        await cp.call("StartTransaction", start_16(timestamp="0001-01-01T00:00:00+14:00"))
    assert (await web.get("/api/sessions.csv")).status_code == 200
    assert (await web.get("/sessions")).status_code == 200


# Tokens and prices


async def test_a_token_can_be_added_blocked_and_forgotten(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms) as cp:

        async def verdict() -> str:
            return (await cp.call("Authorize", {"idTag": "cafe/1"}))["idTagInfo"]["status"]

        assert await verdict() == "Invalid"
        added = await web.put("/api/tokens/CAFE%2F1", json={"group": "G", "expires_utc_s": EPOCH_S + 60})
        assert (added.json()["value"], added.json()["status"]) == ("CAFE/1", "Accepted")
        assert await verdict() == "Accepted"
        assert [each["value"] for each in (await web.get("/api/tokens")).json()] == ["CAFE/1", "DEADBEEF"]
        await web.put("/api/tokens/CAFE%2F1", json={"status": "Blocked"})
        assert await verdict() == "Blocked"
        assert (await web.delete("/api/tokens/cafe%2F1")).status_code == 204
        assert await verdict() == "Invalid"
    assert (await web.put("/api/tokens/X", json={"expires_utc_s": 1e15})).status_code == 422


async def test_a_forgotten_token_stays_forgotten(tmp_path: Path):
    async with running(tmp_path / "csms.db") as csms, http(csms) as web:
        await web.delete("/api/tokens/DEADBEEF")
    store = Store(tmp_path / "csms.db")
    assert store.tokens == {}
    await store.close()


async def test_prices_can_be_changed_and_nonsense_is_none(csms: Csms, web: httpx.AsyncClient):
    price = {"per_kwh": "0.30", "per_hour": "0", "session_fee": "1.00", "currency": "CHF", "decimals": 2}
    assert (await web.put("/api/tariff", json=price)).json() == price
    assert (await web.get("/api/tariff")).json() == price
    for wrong in ({"per_kwh": "-1"}, {"per_kwh": "NaN"}, {"currency": "€"}, {"perkwh": "1"}):
        assert (await web.put("/api/tariff", json=wrong)).status_code == 422


# The documentation


async def test_the_openapi_document_names_every_route_and_defines_all_it_refers_to(csms: Csms, web: httpx.AsyncClient):
    document = (await web.get("/api/openapi.json")).json()
    documented = {(method.upper(), path) for path, row in document["paths"].items() for method in row}
    served = {
        (method, route.path.replace(":path}", "}").replace(":int}", "}"))
        for route in make_app(csms).routes
        if isinstance(route, Route) and route.path.startswith("/api/")
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert documented == served
    assert len(documented) > 25
    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"]
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas
    for path, row in document["paths"].items():
        for operation in row.values():
            assert operation["summary"]
            names = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert names == {name.partition("}")[0] for name in path.split("{")[1:]}


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [each for inner in value.values() for each in references(inner)]
    return [each for inner in value for each in references(inner)] if isinstance(value, list) else []


async def test_the_csms_says_that_it_is_well(web: httpx.AsyncClient):
    assert (await web.get("/api/health")).json() == {"status": "ok"}
