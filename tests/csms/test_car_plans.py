"""The CSMS plans for cars: what a charger hears, in both versions of 2.x, and what the operator sees and sets."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from csms.car_plans import REFUSALS
from csms.engines import DatabaseError
from csms.server import Csms
from tests.csms.charger import JsonCharger, charger
from tests.csms.running import ENDED, EVERY_2X, STARTED, event, register, stamp

AC = {"energyAmount": 10_000, "evMinCurrent": 6, "evMaxCurrent": 16, "evMaxVoltage": 230}
LEVEL_W = 10_000 * 1.05 / 1.9
LEVEL_A = LEVEL_W / 690
pytestmark = EVERY_2X


def needs(evse: int = 1, departs: str | None = stamp(120), tuples: int = 10, **more: Any) -> dict[str, Any]:
    wanted = {"requestedEnergyTransfer": "AC_three_phase", "acChargingParameters": AC} | more
    leaves = {} if departs is None else {"departureTime": departs}
    return {"evseId": evse, "maxScheduleTuples": tuples, "chargingNeeds": wanted | leaves}


def own(*periods: tuple[int, float], unit: str = "W", evse: int = 1) -> dict[str, Any]:
    told = [{"startPeriod": start_s, "limit": limit} for start_s, limit in periods]
    schedule = {"id": 1, "chargingRateUnit": unit, "chargingSchedulePeriod": told}
    return {"timeBase": stamp(0), "evseId": evse, "chargingSchedule": schedule}


def profiles(cp: JsonCharger) -> list[dict[str, Any]]:
    return [payload for action, payload in cp.asked if action == "SetChargingProfile"]


async def say(cp: JsonCharger, request: dict[str, Any]) -> str:
    """What the needs are answered; a profile that follows has come."""
    status: str = (await cp.call("NotifyEVChargingNeeds", request))["status"]
    await asyncio.sleep(0.1)
    return status


@pytest.mark.req("K15.FR.02", "K15.FR.03", "K15.FR.07", "K15.FR.18", "K17.FR.02", "K17.FR.03", "K17.FR.07")
async def test_needs_are_answered_and_then_a_profile_for_the_transaction_comes(csms: Csms, version: str):
    async with charger(csms, version=version) as cp:
        await cp.boot()
        await cp.call("TransactionEvent", STARTED)
        assert (await cp.call("NotifyEVChargingNeeds", needs()))["status"] == "Accepted"
        await cp.until_asked("SetChargingProfile")
        answered = next(at for at, frame in enumerate(cp.frames) if frame[2] == {"status": "Accepted"})
        asked = next(at for at, frame in enumerate(cp.frames) if frame[2] == "SetChargingProfile")
        assert answered < asked
        (set_,) = profiles(cp)
        profile = set_["chargingProfile"]
        assert set_["evseId"] == 1
        assert profile["chargingProfilePurpose"] == "TxProfile"
        assert profile["transactionId"] == "T1"
        (schedule,) = profile["chargingSchedule"]
        assert schedule["chargingRateUnit"] == "A"
        first, late = schedule["chargingSchedulePeriod"]
        assert first["startPeriod"] == 0
        assert first["limit"] == pytest.approx(LEVEL_A, abs=0.1)
        assert late["startPeriod"] == pytest.approx(7200, abs=2)
        assert late["limit"] == 16.0


@pytest.mark.req("K15.FR.04", "K17.FR.04")
async def test_without_a_transaction_or_with_nothing_to_go_by_nobody_plans(csms: Csms, version: str):
    async with charger(csms, version=version) as cp:
        await cp.boot()
        assert await say(cp, needs()) == "Rejected"
        await cp.call("TransactionEvent", STARTED)
        assert await say(cp, needs(evse=2)) == "Rejected"
        assert await say(cp, needs(departs=None)) == "Rejected"
        nothing = AC | {"evMaxCurrent": 0}
        assert await say(cp, needs(acChargingParameters=nothing)) == "Rejected"
        assert profiles(cp) == []
        csms.cars.limit("CP1", 5_000.0)
        assert await say(cp, needs(departs=None)) == "Accepted"
        (set_,) = profiles(cp)
        assert set_["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"] == [
            {"startPeriod": 0, "limit": 7.2}
        ]


@pytest.mark.req("K15.FR.07")
async def test_a_car_gets_no_more_periods_than_it_can_take(csms: Csms, version: str):
    async with charger(csms, version=version) as cp:
        await cp.boot()
        await cp.call("TransactionEvent", STARTED)
        await say(cp, needs(tuples=1))
        assert len(profiles(cp)[0]["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]) == 1


@pytest.mark.req("K15.FR.11", "K15.FR.12", "K15.FR.13", "K16.FR.06", "K16.FR.07", "K16.FR.08", "K17.FR.12")
async def test_what_a_car_means_to_draw_is_accepted_within_its_schedule_and_else_negotiated_again(
    csms: Csms, version: str
):
    async with charger(csms, version=version) as cp:
        await cp.boot()
        assert (await cp.call("NotifyEVChargingSchedule", own((0, 1e6))))["status"] == "Accepted"  # nobody has planned
        await cp.call("TransactionEvent", STARTED)
        await say(cp, needs())
        for unit, fits in (("W", LEVEL_W), ("A", LEVEL_A)):
            assert (await cp.call("NotifyEVChargingSchedule", own((0, fits), unit=unit)))["status"] == "Accepted"
            assert csms.cars.plans("CP1")[0].agreed
        for _ in range(REFUSALS + 2):
            refused = await cp.call("NotifyEVChargingSchedule", own((0, LEVEL_W), (600, LEVEL_W + 200)))
            assert refused["status"] == "Rejected"
            await asyncio.sleep(0.1)
        assert len(profiles(cp)) == REFUSALS, "a car that never gives way is not asked for ever"


async def test_what_has_flowed_meanwhile_is_wanted_no_more_and_who_has_left_is_planned_for_no_more(
    csms: Csms, version: str
):
    csms.cars.limit("CP1", 20_000.0)
    async with charger(csms, version=version) as cp:
        await cp.boot()
        await cp.call("TransactionEvent", STARTED)
        await say(cp, needs())
        await cp.call("TransactionEvent", event("Updated", 1, 30, register(52_000, 30)))
        csms.cars.limit("CP1", 5_000.0)
        await asyncio.sleep(0.1)
        schedules = [one["chargingProfile"]["chargingSchedule"][0] for one in profiles(cp)]
        limits = [one["chargingSchedulePeriod"][0]["limit"] for one in schedules]
        assert limits == [pytest.approx(LEVEL_A, abs=0.1), pytest.approx(LEVEL_A * 0.8, abs=0.1)]
        await cp.call("TransactionEvent", ENDED | {"seqNo": 2})
        assert csms.cars.plans("CP1") == ()


async def test_nobody_plans_for_more_than_a_week(csms: Csms, version: str):
    async with charger(csms, version=version) as cp:
        await cp.boot()
        await cp.call("TransactionEvent", STARTED)
        assert await say(cp, needs(departs="9999-12-31T23:59:59Z")) == "Accepted"
        periods = profiles(cp)[0]["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]
        assert periods[-1]["startPeriod"] == pytest.approx(7 * 86_400, abs=2)
        assert periods[0]["limit"] == 6.0, "no slower than the car can"


async def test_a_charger_whose_sessions_cannot_be_read_is_told_that_nobody_plans(
    csms: Csms, version: str, monkeypatch: pytest.MonkeyPatch
):
    async with charger(csms, version=version) as cp:
        await cp.boot()

        async def read(_: Any) -> Any:
            raise DatabaseError("the disk is gone")

        monkeypatch.setattr(csms.store, "read", read)
        assert await say(cp, needs()) == "Rejected"


async def test_who_is_served_as_it_is_is_not_disturbed_when_another_car_leaves(csms: Csms, version: str):
    csms.cars.limit("CP1", 22_000.0)
    second = {"evse": {"id": 2, "connectorId": 1}, "transactionInfo": {"transactionId": "T2"}}
    async with charger(csms, version=version) as cp:
        await cp.boot()
        await cp.call("TransactionEvent", STARTED)
        await cp.call("TransactionEvent", STARTED | second)
        await say(cp, needs(1))
        await say(cp, needs(2, departs=None))
        await asyncio.sleep(1200)
        await cp.call("TransactionEvent", event("Updated", 1, 20, register(51_900, 20)))
        csms.cars.limit("CP1", 12_000.0)
        await asyncio.sleep(0.1)
        assert [one["evseId"] for one in profiles(cp)] == [1, 2, 2], "who does not say when it leaves has the rest"
        await cp.call("TransactionEvent", ENDED | {"transactionInfo": {"transactionId": "T2"}})
        await asyncio.sleep(0.1)
        assert [one["evseId"] for one in profiles(cp)] == [1, 2, 2]
        csms.cars.limit("CP1", 5_000.0)
        await asyncio.sleep(0.1)
        assert [one["evseId"] for one in profiles(cp)] == [1, 2, 2, 1], "it cannot be as it was"


async def test_a_profile_that_the_charger_does_not_take_is_no_plan(csms: Csms, version: str):
    async with charger(csms, version=version) as cp:
        cp.answers["SetChargingProfile"] = {"status": "Rejected"}
        await cp.boot()
        await cp.call("TransactionEvent", STARTED)
        await say(cp, needs())
        (plan,) = csms.cars.plans("CP1")
        assert (plan.remark, plan.steps) == ("Rejected", ())


async def test_the_operator_sees_the_cars_and_sets_their_limit(csms: Csms, web: httpx.AsyncClient, version: str):
    async with charger(csms, version=version) as cp:
        await cp.boot()
        await cp.call("TransactionEvent", STARTED)
        await say(cp, needs())
        page = (await web.get("/chargers/CP1")).text
        assert "Cars that are planned for" in page
        assert "10.000 kWh, at most 11.0 kW" in page
        assert (await web.post("/chargers/CP1/car-limit", data={"limit_kw": "4.2"})).status_code == 303
        assert 'value="4.2"' in (await web.get("/chargers/CP1")).text
        found = (await web.get("/api/chargers/CP1")).json()
        assert found["car_limit_w"] == 4_200
        assert [one["evse"] for one in found["cars"]] == [1]
        await cp.until_asked("SetChargingProfile")
        assert (await web.post("/chargers/CP1/car-limit", data={"limit_kw": "-1"})).status_code == 422
        assert (await web.post("/chargers/CP1/car-limit", data={"limit_kw": ""})).status_code == 303
        assert (await web.get("/api/chargers/CP1")).json()["car_limit_w"] is None
        await web.patch("/api/chargers/CP1", json={"car_limit_w": 7_000})
        assert (await web.get("/api/chargers/CP1")).json()["car_limit_w"] == 7_000
