"""What a 2.x charger tells of itself: events of its own accord, monitors and display messages when it is asked."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from csms.server import Csms
from csms.told import MAX_EVENTS
from tests.csms.charger import charger
from tests.csms.running import EPOCH_S, EVERY_2X, stamp

POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}
MONITOR = {"id": 1, "transaction": False, "value": 1, "type": "Delta", "severity": 5}
CONTENT = {"format": "UTF8", "content": "<b>Hello</b>"}


def event(number: int, **more: Any) -> dict[str, Any]:
    return {
        "eventId": number,
        "timestamp": stamp(number % 1000),
        "trigger": "Alerting",
        "actualValue": "<i>7000</i>",
        "eventNotificationType": "CustomMonitor",
        **POWER,
        **more,
    }


async def notify(cp: Any, *events: dict[str, Any]) -> Any:
    return await cp.call("NotifyEvent", {"generatedAt": stamp(0), "seqNo": 0, "eventData": list(events)})


@EVERY_2X
async def test_events_are_kept_and_shown_as_text(csms: Csms, web: httpx.AsyncClient, version: str):
    async with charger(csms, "CP1", version) as cp:
        await cp.boot()
        more = {"variableMonitoringId": 3, "techCode": "hot", "cleared": True, "cause": 0, "transactionId": "T1"}
        assert await notify(cp, event(1, **more)) == {}
        told = (await web.get("/api/chargers/CP1/events")).json()
        assert told == [
            {
                "at_utc_s": EPOCH_S + 60,
                "variable": "1/EVSE/Power",
                "value": "<i>7000</i>",
                "trigger": "Alerting",
                "code": "hot",
                "cleared": True,
                "tx": "T1",
                "monitor": 3,
                "event": 1,
                "cause": 0,
            }
        ]
        page = (await web.get("/chargers/CP1")).text
        assert "&lt;i&gt;7000&lt;/i&gt;" in page
        await notify(cp, *(event(number) for number in range(MAX_EVENTS)))
        assert len((await web.get("/api/chargers/CP1/events")).json()) == MAX_EVENTS


@EVERY_2X
@pytest.mark.parametrize(
    ("path", "asked", "told", "row"),
    [
        (
            "monitors",
            "GetMonitoringReport",
            ("NotifyMonitoringReport", "monitor"),
            {
                **POWER,
                "variableMonitoring": [{"id": 1, "transaction": False, "value": 1, "type": "Delta", "severity": 5}],
            },
        ),
        (
            "display-messages",
            "GetDisplayMessages",
            ("NotifyDisplayMessages", "messageInfo"),
            {"id": 1, "priority": "InFront", "message": CONTENT},
        ),
    ],
)
async def test_what_a_charger_lists_in_parts_is_collected(
    csms: Csms, web: httpx.AsyncClient, version: str, path: str, asked: str, told: tuple[str, str], row: dict[str, Any]
):
    if version == "ocpp2.1" and path == "monitors":
        row = {
            **row,
            "variableMonitoring": [{**row["variableMonitoring"][0], "eventNotificationType": "CustomMonitor"}],
        }
    async with charger(csms, "CP1", version) as cp:
        await cp.boot()
        cp.answers[asked] = {"status": "Accepted"}
        reading = asyncio.create_task(web.get(f"/api/chargers/CP1/{path}"))
        number = (await cp.until_asked(asked))["requestId"]
        stamps = {"generatedAt": stamp(0), "seqNo": 0} if path == "monitors" else {}
        for more in (True, False):
            await cp.call(told[0], {"requestId": number, "tbc": more, told[1]: [row], **stamps})
        listing = (await reading).json()
        assert (listing["status"], listing["complete"], len(listing["rows"])) == ("Accepted", True, 2)
        assert listing["rows"][0] == row


async def test_a_1_6_charger_is_not_asked_for_what_it_has_no_words_for(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms, "CP1", "ocpp1.6") as cp:
        await cp.boot()
        reply = await web.get("/api/chargers/CP1/monitors")
        assert reply.status_code == 422
        assert cp.asked == []
