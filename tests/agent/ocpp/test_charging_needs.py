"""What the CSMS hears of cars that talk ISO 15118, and what it can make of it (2.x K15-K17)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from agent.core.session import Digital, Needs, Talk
from agent.ocpp.codec import Version
from agent.ocpp.settings.smart_charging import SMART_CHARGING_ENABLED
from agent.ocpp.stamps import to_wire
from tests.agent.ocpp.scripted_csms import SILENCE, ScriptedCsms
from tests.agent.ocpp.stand import EPOCH_S, FakeCharger, Stand, settled, stand
from tests.agent.ocpp.test_smart_charging import ask, both, charging, profile

AC = Needs(
    mode="AC_three_phase_core",
    max_current_a=31.5,
    min_current_a=6.2,
    max_voltage_v=230.0,
    energy_wh=20_500.4,
    departure_utc_s=EPOCH_S + 7200.0,
    entries=12,
)
DC = Needs(
    mode="DC_extended",
    max_current_a=125.0,
    max_voltage_v=450.0,
    max_power_w=50_000.0,
    energy_wh=30_000.0,
    capacity_wh=60_000.0,
    soc_pct=40,
    full_soc_pct=100,
    bulk_soc_pct=80,
)
AC_FIELDS = {"energyAmount": 20_500, "evMinCurrent": 7, "evMaxCurrent": 31, "evMaxVoltage": 230}
DC_FIELDS = {
    "evMaxCurrent": 125,
    "evMaxVoltage": 450,
    "evMaxPower": 50_000,
    "energyAmount": 30_000,
    "evEnergyCapacity": 60_000,
    "stateOfCharge": 40,
    "fullSoC": 100,
    "bulkSoC": 80,
}
TX_PROFILE: dict[str, Any] = {"purpose": "TxProfile", "transactionId": "tx-1"}


def csms(version: Version, planning: str = "Accepted", taken: str = "Accepted") -> ScriptedCsms:
    answers = {"NotifyEVChargingNeeds": {"status": planning}, "NotifyEVChargingSchedule": {"status": taken}}
    return ScriptedCsms(versions=(version,), answers=answers)


async def wanted(one: Stand, needs: Needs = AC, *, asked: bool = False) -> None:
    one.charger.plans.wanted(1, needs, asked=asked)
    await settled()


def said(one: Stand, action: str) -> list[dict[str, Any]]:
    return [call.payload for call in one.csms.calls(action)]


def waiting(one: Stand) -> bool:
    return not one.charger.plans.offered(1)


@both
@pytest.mark.req("K15.FR.01", "K15.FR.06", "K17.FR.01", "K17.FR.06")
@pytest.mark.parametrize(
    ("needs", "told"),
    [
        (
            AC,
            {
                "evseId": 1,
                "maxScheduleTuples": 12,
                "chargingNeeds": {
                    "requestedEnergyTransfer": "AC_three_phase",
                    "departureTime": to_wire(EPOCH_S + 7200.0),
                    "acChargingParameters": AC_FIELDS,
                },
            },
        ),
        (DC, {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "DC", "dcChargingParameters": DC_FIELDS}}),
    ],
    ids=["AC", "DC"],
)
async def test_what_a_car_needs_is_told(version: Version, needs: Needs, told: dict[str, Any]):
    async with stand(csms(version), versions=[version], charger=charging()) as one:
        await one.accepted()
        await wanted(one, needs)
        assert said(one, "NotifyEVChargingNeeds") == [told]
        assert waiting(one)


@both
@pytest.mark.req("K15.FR.03")
async def test_the_profile_that_the_csms_promised_is_what_the_car_is_offered(version: Version):
    async with stand(csms(version), versions=[version], charger=charging()) as one:
        await one.accepted()
        await wanted(one)
        await asyncio.sleep(30)
        assert waiting(one)
        await ask(one, "SetChargingProfile", evseId=1, chargingProfile=profile((0, 10.0), **TX_PROFILE))
        assert [period.limit for period in one.charger.plans.offered(1)[0].periods] == [6_900.0]


@both
@pytest.mark.req("K15.FR.04", "K15.FR.05", "K17.FR.04", "K17.FR.05")
@pytest.mark.parametrize("planning", ["Rejected", "Processing"])
async def test_a_csms_that_plans_nothing_now_keeps_no_car_waiting(version: Version, planning: str):
    async with stand(csms(version, planning), versions=[version], charger=charging()) as one:
        await one.accepted()
        await wanted(one)
        assert not waiting(one)
        await ask(one, "SetChargingProfile", evseId=1, chargingProfile=profile((0, 10.0), **TX_PROFILE))
        assert one.charger.plans.stale(1), "what comes later is talked about (K16)"


async def test_a_2_1_csms_that_needs_no_profile_keeps_no_car_waiting():
    async with stand(csms(Version.V21, "NoChargingProfile"), versions=[Version.V21], charger=charging()) as one:
        await one.accepted()
        await wanted(one)
        assert not waiting(one)


async def test_without_a_transaction_no_profile_is_waited_for():
    async with stand(csms(Version.V201), versions=[Version.V201], charger=FakeCharger()) as one:
        await one.accepted()
        await wanted(one)
        assert said(one, "NotifyEVChargingNeeds")
        assert not waiting(one)


@pytest.mark.parametrize("why", ["1.6", "switched off", "offline"])
@pytest.mark.req("K15.FR.15", "K17.FR.15")
async def test_nobody_is_asked_who_cannot_answer(why: str):
    version = Version.V16 if why == "1.6" else Version.V201
    async with stand(csms(version), versions=[version], charger=charging()) as one:
        await one.accepted()
        if why == "switched off":
            one.settings.set(SMART_CHARGING_ENABLED, False)
        if why == "offline":
            one.station.network(online=False)
            await settled()
        one.charger.plans.wanted(1, AC, asked=False)
        assert not waiting(one)
        one.charger.plans.chosen(1, 1, ((0, 1000.0),))
        await settled()
        assert not one.csms.calls("NotifyEVChargingNeeds")
        assert not one.csms.calls("NotifyEVChargingSchedule")


@both
@pytest.mark.req("K15.FR.10", "K15.FR.21", "K16.FR.05", "K16.FR.14", "K17.FR.10")
async def test_what_a_car_will_draw_is_told(version: Version):
    async with stand(csms(version, "Rejected"), versions=[version], charger=charging()) as one:
        await one.accepted()
        await wanted(one)
        one.charger.plans.chosen(1, 1, ((0, 6_900.56), (600, 0.0)))
        await settled()
        (told,) = said(one, "NotifyEVChargingSchedule")
        start = told["timeBase"]
        reach_s = int(one.charger.plans.offered(1)[0].reach_s)
        assert told["chargingSchedule"] == {
            "id": 1,
            "startSchedule": start,
            "duration": reach_s,
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [
                {"startPeriod": 0, "limit": 6_900.5, "numberPhases": 3},
                {"startPeriod": 600, "limit": 0.0, "numberPhases": 3},
            ],
        }
        assert told.get("selectedChargingScheduleId") == (1 if version is Version.V21 else None)


@pytest.mark.req("K15.FR.19", "K16.FR.13", "K17.FR.16")
@pytest.mark.parametrize("by_csms", [True, False])
async def test_what_a_car_takes_over_without_a_word_is_told_where_the_csms_made_it(by_csms: bool):
    async with stand(csms(Version.V201), versions=[Version.V201], charger=charging()) as one:
        await one.accepted()
        if by_csms:
            await ask(one, "SetChargingProfile", evseId=1, chargingProfile=profile((0, 10.0), **TX_PROFILE))
        await wanted(one, asked=True)
        one.charger.plans.chosen(1, 7 if by_csms else 1, ())
        await settled()
        told = said(one, "NotifyEVChargingSchedule")
        assert [one["chargingSchedule"]["id"] for one in told] == ([7] if by_csms else [])


@pytest.mark.req("K15.FR.11", "K15.FR.12", "K15.FR.14", "K16.FR.10")
@pytest.mark.parametrize(("taken", "limit"), [("Accepted", 10.0), ("Rejected", 32.0)])
async def test_what_a_car_will_draw_counts_where_the_csms_takes_it(taken: str, limit: float):
    async with stand(csms(Version.V201, "Rejected", taken), versions=[Version.V201], charger=charging()) as one:
        await one.accepted()
        await wanted(one)
        one.charger.plans.chosen(1, 1, ((0, 6_900.0),))
        await settled()
        answer = await ask(one, "GetCompositeSchedule", evseId=1, duration=600)
        assert [period["limit"] for period in answer["schedule"]["chargingSchedulePeriod"]] == [limit]


@both
@pytest.mark.req("K15.FR.07", "K01.FR.34")
async def test_a_profile_of_several_schedules_is_for_a_car_that_can_choose(version: Version):
    several = profile((0, 20.0), **TX_PROFILE)
    several["chargingSchedule"].append(several["chargingSchedule"][0] | {"id": 8})
    silent, wordy = charging(), charging()
    wordy.sessions[1] = replace(wordy.sessions[1], digital=Digital(Talk.TALKING, needs=AC))
    for charger, status in ((silent, "Rejected"), (wordy, "Accepted")):
        async with stand(csms(version), versions=[version], charger=charger) as one:
            await one.accepted()
            answer = await ask(one, "SetChargingProfile", evseId=1, chargingProfile=several)
            assert answer["status"] == status
    assert [one.schedule.id for one in wordy.profiles.installed()] == [7]
    assert [schedule.id for schedule in wordy.profiles.installed()[0].others] == [8]


@both
async def test_each_of_several_schedules_is_judged_and_all_are_reported(version: Version):
    wordy = charging()
    wordy.sessions[1] = replace(wordy.sessions[1], digital=Digital(Talk.TALKING, needs=AC))
    several = profile((0, 20.0), **TX_PROFILE)
    (first,) = several["chargingSchedule"]
    wrong = first | {"id": 8, "chargingSchedulePeriod": [{"startPeriod": 5, "limit": 6.0}]}
    async with stand(csms(version), versions=[version], charger=wordy) as one:
        await one.accepted()
        several["chargingSchedule"] = [first, wrong]
        answer = await ask(one, "SetChargingProfile", evseId=1, chargingProfile=several)
        assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "InvalidSchedule")
        several["chargingSchedule"] = [first, first | {"id": 8}]
        await ask(one, "SetChargingProfile", evseId=1, chargingProfile=several)
        await ask(one, "GetChargingProfiles", requestId=1, chargingProfile={})
        (report,) = said(one, "ReportChargingProfiles")
        assert [schedule["id"] for schedule in report["chargingProfile"][0]["chargingSchedule"]] == [7, 8]


async def test_a_car_that_asks_again_and_again_is_told_of_as_it_is_now_and_old_answers_count_for_nothing():
    verdicts = iter(["Rejected", "Accepted"])
    hasty = ScriptedCsms(
        versions=(Version.V201,), answers={"NotifyEVChargingNeeds": lambda _: {"status": next(verdicts)}}
    )
    async with stand(hasty, versions=[Version.V201], charger=charging()) as one:
        await one.accepted()
        one.charger.plans.wanted(1, DC, asked=False)
        await hasty.heard_of("NotifyEVChargingNeeds")
        for soc in range(50, 70):
            one.charger.plans.wanted(1, replace(DC, soc_pct=soc), asked=False)
        await settled()
        told = [call["chargingNeeds"]["dcChargingParameters"] for call in said(one, "NotifyEVChargingNeeds")]
        assert [one["stateOfCharge"] for one in told] == [40, 69]
        assert waiting(one), "for what was promised last, whatever was refused before"


@pytest.mark.req("K15.FR.08", "K15.FR.15")
@pytest.mark.parametrize("how", ["says nothing", "goes away", "says yes and sends nothing"])
async def test_a_csms_that_leaves_a_car_in_the_lurch_costs_it_less_than_a_minute(how: str):
    answer: Any = SILENCE if how == "says nothing" else {"status": "Accepted"}
    silent = ScriptedCsms(versions=(Version.V201,), answers={"NotifyEVChargingNeeds": answer})
    async with stand(silent, versions=[Version.V201], charger=charging()) as one:
        await one.accepted()
        await wanted(one)
        if how == "goes away":
            one.station.network(online=False)
        await asyncio.sleep(20)
        assert waiting(one)
        await asyncio.sleep(35)
        assert not waiting(one)
