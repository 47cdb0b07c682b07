from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from csms.server import Csms
from tests.csms.charger import charger
from tests.csms.running import (
    EVERY_VERSION,
)

# The message log


async def test_frames_that_break_a_rule_are_marked_with_the_codecs_words(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms, version="ocpp2.0.1") as cp:
        await cp.next_frame('[2,"1","Authorize",{"idToken":{"idToken":"A","type":"Martian"}}]')
        await cp.next_frame("{")
        await cp.next_frame('[2,"3","MakeCoffee",{}]')
        await cp.socket.send('[3,"nobody asked",{}]')
        cp.answers["ClearCache"] = {"status": "Perhaps"}
        await web.post("/api/chargers/CP1/clear-cache", json={})
        cp.answers["Reset"] = {}
        await web.post("/api/chargers/CP1/reset", json={})
        await cp.boot()
        found = (await web.get("/api/messages?violations=true")).json()
        everything = (await web.get("/api/messages?charger=CP1")).json()
    marks = [each["violation"] for each in found]
    assert [mark.partition(":")[0] for mark in marks] == [
        "PropertyConstraintViolation",
        "RpcFrameworkError",
        "NotImplemented",
        "no call of ours waits for this answer",
        "PropertyConstraintViolation",
        "OccurrenceConstraintViolation",
    ]
    assert all(each["direction"] == "in" for each in found)
    assert len(everything) == 13
    assert (await web.get("/api/messages?charger=CP2")).json() == []


async def test_a_refusal_by_the_charger_is_no_broken_rule(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms) as cp:
        cp.answers["ClearCache"] = None
        asking = asyncio.create_task(web.post("/api/chargers/CP1/clear-cache", json={}))
        await cp.until_asked("ClearCache")
        await cp.socket.send(f'[4,"{cp.frames[-1][1]}","NotSupported","no cache",{{}}]')
        assert (await asking).json()["detail"] == "ClearCache was refused with NotSupported: no cache"
    assert (await web.get("/api/messages?violations=true")).json() == []


# Faults on order


async def test_every_fault_can_be_ordered_and_befalls_what_it_is_for(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms) as cp, charger(csms, "CP2") as spared:
        ordered = await web.post(
            "/api/faults", json={"charger": "CP1", "action": "Heartbeat", "error": "InternalError"}
        )
        assert ordered.json()[0]["error"] == "InternalError"
        assert (await spared.call("Heartbeat", {}))["currentTime"]
        assert (await cp.next_frame('[2,"1","Authorize",{"idTag":"A"}]'))[0] == 3
        assert (await cp.next_frame('[2,"2","Heartbeat",{}]'))[:3] == [4, "2", "InternalError"]
        assert (await cp.next_frame('[2,"3","Heartbeat",{}]'))[0] == 3
        assert (await web.get("/api/faults")).json() == []


@EVERY_VERSION
async def test_the_clock_can_be_wrong_and_a_boot_refused_for_as_long_as_asked(
    csms: Csms, web: httpx.AsyncClient, version: str
):
    await web.post("/api/faults", json={"clock_error_s": -86_400, "boot": "Rejected", "times": None})
    async with charger(csms, version=version) as cp:
        for _ in range(2):
            booted = await cp.boot()
            assert booted["status"] == "Rejected"
            assert booted["currentTime"].startswith("2025-12-31")
        assert (await cp.call("Heartbeat", {}))["currentTime"].startswith("2025-12-31")
        assert (await web.delete("/api/faults")).status_code == 204
        booted = await cp.boot()
        assert (booted["status"], booted["currentTime"][:4]) == ("Accepted", "2026")


async def test_a_malformed_answer_is_half_a_frame(csms: Csms, web: httpx.AsyncClient):
    await web.post("/api/faults", json={"malformed": True})
    async with charger(csms) as cp:
        cp._reader.cancel()
        await asyncio.wait([cp._reader])
        await cp.socket.send('[2,"1","Heartbeat",{}]')
        frame = await cp.socket.recv()
        assert frame.startswith('[3,"1",{')
        assert not frame.endswith("]")
        cp._reader = asyncio.create_task(asyncio.sleep(0))


@pytest.mark.parametrize("wrong", [{"times": 0}, {"delay_s": -1}, {"error": "Oops"}, {"boot": "Never"}, {"dorp": True}])
async def test_a_fault_that_makes_no_sense_is_refused(web: httpx.AsyncClient, wrong: Any):
    assert (await web.post("/api/faults", json=wrong)).status_code == 422
