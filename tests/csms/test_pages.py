from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from csms.server import Csms
from tests.csms.charger import charger
from tests.csms.running import ENDED, EVERY_VERSION, STARTED, event, http, register, running, stamp, start_16

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"
EVIL = "<script>alert(1)</script>"  # fits where 25 characters do
SHORT = "<script>a()</script>"  # 20 characters, as many as a token of 1.6 may have
SCRIPTS = {"/static/vendor/htmx.min.js", "/static/csms.js", "/static/vendor/uPlot.iife.min.js", "/static/plot.js"}


class Document(HTMLParser):
    """The elements of a page, and where its forms and links go."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


async def every_page(web: httpx.AsyncClient) -> dict[str, str]:
    """All pages that can be reached from the first by links, that stay here."""
    found: dict[str, str] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        reply = await web.get(path)
        assert reply.status_code == 200, path
        found[path] = reply.text
        for tag, attributes in Document(reply.text).tags:
            target = attributes.get("href") or ""
            if tag == "a" and target.startswith("/") and not target.startswith(("/api/", "/static/")):
                waiting += [target] if target not in found and target not in waiting else []
    return found


async def plant(csms: Csms, text: str, short: str) -> None:
    """Let hostile chargers say it wherever they may, in both versions."""
    async with charger(csms, "%3Cscript%3Ealert(1)%3C%2Fscript%3E") as cp:
        boot = {"chargePointVendor": short, "chargePointModel": short, "firmwareVersion": text[:50]}
        await cp.call("BootNotification", boot)
        status = {"connectorId": 1, "status": "Faulted", "errorCode": "OtherError", "info": text[:50], "vendorId": text}
        await cp.call("StatusNotification", status)
        await cp.call("StartTransaction", start_16(idTag=short))
        await cp.next_frame('[2,"<script>alert(3)</script>","<script>",{}]')
        await cp.next_frame("<script>alert(4)</script>")
    async with charger(csms, "CP2", "ocpp2.0.1") as cp:
        station = {"vendorName": text[:50], "model": short, "firmwareVersion": text[:50]}
        await cp.call("BootNotification", {"reason": "PowerUp", "chargingStation": station})
        token = {"idToken": text[:36], "type": "Central"}
        await cp.call("TransactionEvent", STARTED | {"idToken": token, "transactionInfo": {"transactionId": text[:36]}})
    headers = {"Sec-WebSocket-Protocol": text}
    for path in ("%3Cscript%3E%0A", "%3Cscript%3Ealert(5)"):
        with pytest.raises(InvalidStatus):
            async with charger(csms, path, subprotocols=None, additional_headers=headers):
                pass


async def test_whatever_a_charger_says_is_text_on_every_page(csms: Csms, web: httpx.AsyncClient):
    csms.add_token(HOSTILE[:36], group=EVIL)
    await plant(csms, HOSTILE, SHORT)
    pages = await every_page(web)
    assert len(pages) > 8
    assert sum("&lt;script&gt;" in html for html in pages.values()) > 6
    for path, html in pages.items():
        for tag, attributes in Document(html).tags:
            assert tag != "img", path
            assert tag != "script" or attributes.get("src") in SCRIPTS, path
            assert not any(name.startswith("on") for name in attributes), path
            assert not (attributes.get("href") or "").startswith("javascript:"), path
        assert "49" not in re.findall(r"onerror=alert\(2\)&gt;(\d*)", html), path


@EVERY_VERSION
async def test_what_a_charger_answers_is_text_too(csms: Csms, web: httpx.AsyncClient, version: str):
    async with charger(csms, version=version) as cp:
        cp.answers["DataTransfer"] = {"status": "Accepted", "data": HOSTILE}
        cp.answers["ClearCache"] = None
        if version == "ocpp1.6":
            entry = {"key": EVIL, "readonly": False, "value": HOSTILE}
            cp.answers["GetConfiguration"] = {"configurationKey": [entry], "unknownKey": [EVIL]}
        else:
            result = {"attributeStatus": "Accepted", "attributeValue": HOSTILE, "component": {"name": EVIL}}
            cp.answers["GetVariables"] = {"getVariableResult": [result | {"variable": {"name": EVIL}}]}
        shown = [
            await web.post("/chargers/CP1/ask/data-transfer", data={"vendor": "V"}),
            await web.get("/chargers/CP1/configuration?names=A/B"),
        ]
        asking = asyncio.create_task(web.post("/chargers/CP1/ask/clear-cache"))
        await cp.until_asked("ClearCache")
        await cp.socket.send(f'[4,"{cp.frames[-1][1]}","NotSupported","{EVIL}",{{}}]')
        shown.append(await asking)
    for reply in shown:
        assert "<script>alert" not in reply.text
        assert "&lt;script&gt;alert" in reply.text


async def test_a_stranger_waits_on_the_first_page_until_a_press_of_a_button():
    async with running() as csms, http(csms) as web, charger(csms) as cp:
        await cp.boot()
        page = (await web.get("/")).text
        assert "Waiting to be accepted" in page
        assert 'action="/chargers/CP1/state"' in page
        pressed = await web.post("/chargers/CP1/state", data={"state": "Accepted", "back": "chargers"})
        assert (pressed.status_code, pressed.headers["location"]) == (303, "/")
        assert (await cp.boot())["status"] == "Accepted"
        assert "Waiting to be accepted" not in (await web.get("/")).text
        pressed = await web.post("/chargers/CP1/state", data={"state": "Rejected", "back": "charger"})
        assert pressed.headers["location"] == "/chargers/CP1"
        assert (await cp.boot())["status"] == "Rejected"
        assert (await web.post("/chargers/CP1/state", data={"state": "Perhaps"})).status_code == 422


FORMS = [
    ("start", {"token": "DEADBEEF", "evse": "1"}, "RemoteStartTransaction"),
    ("stop", {"tx": "1"}, "RemoteStopTransaction"),
    ("reset", {"kind": "OnIdle", "evse": "0"}, "Reset"),
    ("unlock", {"evse": "1", "connector": "1"}, "UnlockConnector"),
    ("availability", {"operative": "false", "evse": "0"}, "ChangeAvailability"),
    ("trigger", {"message": "Heartbeat", "evse": "0"}, "TriggerMessage"),
    ("clear-cache", {}, "ClearCache"),
    ("data-transfer", {"vendor": "V", "message": "", "data": ""}, "DataTransfer"),
]


@pytest.mark.parametrize(("name", "form", "action"), FORMS)
async def test_every_form_of_a_charger_shows_its_answer(
    csms: Csms, web: httpx.AsyncClient, name: str, form: Any, action: str
):
    async with charger(csms) as cp:
        cp.answers[action] = {"status": "UnlockFailed" if name == "unlock" else "Rejected"}
        assert name == "stop" or f'action="/chargers/CP1/ask/{name}"' in (await web.get("/chargers/CP1")).text
        shown = await web.post(f"/chargers/CP1/ask/{name}", data=form)
        assert shown.status_code == 200
        assert re.search(rf"{action}: <bdi>\w*(Rejected|UnlockFailed)", shown.text)
        assert [asked for asked, _ in cp.asked] == [action]


async def test_a_form_that_asks_in_vain_says_why_and_what_to_do(csms: Csms, web: httpx.AsyncClient):
    csms.accept("CP1")
    shown = await web.post("/chargers/CP1/ask/clear-cache")
    assert "CP1 is not connected" in shown.text
    assert "Ask again when" in shown.text
    shown = await web.post("/chargers/CP1/ask/start", data={})
    assert "missing required field `token`" in shown.text
    assert (await web.post("/chargers/CP1/ask/coffee")).status_code == 404
    assert (await web.post("/chargers/CP9/ask/clear-cache")).status_code == 404


async def test_settings_are_read_and_changed_on_their_page(csms: Csms, web: httpx.AsyncClient):
    csms.accept("CP1")
    async with charger(csms) as cp:
        keys = [{"key": "A", "readonly": False, "value": "1"}, {"key": "B", "readonly": True, "value": "2"}]
        cp.answers["GetConfiguration"] = {"configurationKey": keys}
        page = (await web.get("/chargers/CP1/configuration")).text
        assert page.count(">Change</button>") == 1
        assert "read only" in page
        cp.answers["ChangeConfiguration"] = {"status": "NotSupported"}
        shown = await web.post("/chargers/CP1/configuration", data={"name": "A", "value": ""})
        assert "ChangeConfiguration: <bdi>NotSupported</bdi>" in shown.text
        await web.post("/chargers/CP1/configuration", data={"name": "A", "value": "2"}, headers={"HX-Request": "true"})
        assert cp.asked == [
            ("GetConfiguration", {}),
            ("ChangeConfiguration", {"key": "A", "value": ""}),
            ("GetConfiguration", {"key": ["A"]}),
            ("ChangeConfiguration", {"key": "A", "value": "2"}),
        ]
    await asyncio.sleep(1)
    shown = await web.get("/chargers/CP1/configuration")
    assert "CP1 is not connected" in shown.text


async def test_a_session_shows_its_bill_and_says_where_its_curves_are(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms, version="ocpp2.0.1") as cp:
        await cp.boot()
        await cp.call("TransactionEvent", STARTED)
        await cp.call("TransactionEvent", event("Updated", 1, 30, register(53_000, 30)))
        page = (await web.get("/sessions/1")).text
        assert re.search(r'class="energy">3\.000 kWh', page)
        assert re.search(r'id="bill">\s*2\.25 EUR\s*so far', page)
        await cp.call("TransactionEvent", ENDED | {"seqNo": 2})
    page = (await web.get("/sessions/1")).text
    assert re.search(r'id="bill">\s*5\.00 EUR\s*</dd>', page)
    assert 'data-session="1"' in page
    assert re.search(r"7\.500", (await web.get("/sessions?charger=CP1")).text)
    assert "None yet" in (await web.get("/sessions?charger=CP2")).text
    assert (await web.get("/sessions/2")).status_code == 404


async def test_tokens_are_added_blocked_and_deleted_on_their_page(csms: Csms, web: httpx.AsyncClient):
    for form, shown in (
        ({"token": "CAFE", "kind": "Central", "group": ""}, {"cafe": "Accepted", "deadbeef": "Accepted"}),
        ({"token": "CAFE", "status": "Blocked"}, {"cafe": "Blocked", "deadbeef": "Accepted"}),
        ({"token": "CAFE", "forget": "yes"}, {"deadbeef": "Accepted"}),
    ):
        reply = await web.post("/tokens", data=form)
        assert (reply.status_code, reply.headers["location"]) == (303, "/tokens")
        assert {key: token.status for key, token in csms.store.tokens.items()} == shown
    assert (await web.post("/tokens", data={"token": ""})).status_code == 422


async def test_blocking_a_token_leaves_its_kind_group_and_expiry_alone(csms: Csms, web: httpx.AsyncClient):
    csms.add_token("CAFE", kind="Central", group="FLEET", expires_utc_s=1e10)
    await web.post("/tokens", data={"token": "CAFE", "status": "Blocked"})
    token = csms.store.tokens["cafe"]
    assert (token.status, token.kind, token.group, token.expires_utc_s) == ("Blocked", "Central", "FLEET", 1e10)


async def test_broken_rules_stand_out_in_the_message_log(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms) as cp:
        await cp.boot()
        await cp.next_frame('[2,"1","Authorize",{}]')
    everything = (await web.get("/messages?charger=CP1")).text
    assert everything.count('class="violation"') == 1
    assert "ProtocolError" in everything
    assert "BootNotification" not in (await web.get("/messages?violations=true")).text


async def test_faults_on_order_are_announced_on_every_page_until_they_are_cleared(csms: Csms, web: httpx.AsyncClient):
    await web.post("/api/faults", json={"drop": True, "times": None})
    assert "Faults were asked for" in (await web.get("/tokens")).text
    assert (await web.post("/faults/clear")).status_code == 303
    assert "Faults were asked for" not in (await web.get("/tokens")).text


async def test_an_error_is_a_page_for_people_and_a_document_for_programs(web: httpx.AsyncClient):
    for path, kind in (("/nowhere", "text/html"), ("/api/nowhere", "application/problem+json")):
        reply = await web.get(path)
        assert (reply.status_code, reply.headers["content-type"].partition(";")[0]) == (404, kind)
    assert (await web.get("/sessions?limit=x")).status_code == 422


async def test_the_parts_that_follow_what_happens_fetch_a_page_that_has_them(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms, "a%2Fb", "ocpp2.0.1") as cp:
        await cp.boot()
        await cp.call("TransactionEvent", STARTED)
        seen = 0
        for html in (await every_page(web)).values():
            for _, attributes in Document(html).tags:
                if "hx-get" in attributes:
                    part = (await web.get(attributes["hx-get"] or "")).text
                    assert f'id="{(attributes["hx-select"] or "").removeprefix("#")}"' in part
                    seen += 1
        assert seen > 6


async def test_everything_has_a_label_and_every_page_a_title_and_one_heading(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms, version="ocpp2.0.1") as cp:
        await cp.boot()
        await cp.call("TransactionEvent", STARTED)
        status = {"timestamp": stamp(1), "connectorStatus": "Occupied", "evseId": 1, "connectorId": 1}
        await cp.call("StatusNotification", status)
        for path, html in (await every_page(web)).items():
            document = Document(html)
            names = [tag for tag, _ in document.tags]
            assert 'lang="en"' in html
            assert re.search(r"<title>\S.* CSMS</title>", html), path
            assert names.count("h1") >= 1, path
            for field in re.findall(r"<(?:input|select)[^>]*>", html):
                labelled = 'type="hidden"' in field or "aria-label=" in field
                assert labelled or re.search(r"<label>[^<]*" + re.escape(field), html) or "checkbox" in field, field
