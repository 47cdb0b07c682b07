"""Smart charging as the CSMS sees it: certification cases of 1.6 and 2.0.1, the 2.1 wire beside them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from agent.core.events import LimitSet, PhasesWanted, PriorityGiven, RemoteStart
from agent.core.limits import LimitSource
from agent.core.schedule import LimitOwner, Period, Schedule
from agent.core.session import Driver, Phase, Session
from agent.core.values import IdToken
from agent.ocpp.codec import Version
from agent.ocpp.settings.smart_charging import NOTIFY_WITH_SCHEDULES, SMART_CHARGING_ENABLED
from agent.ocpp.stamps import to_wire
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import EPOCH_S, FakeCharger, Stand, open_tx, settled, stand, started

V2 = (Version.V201, Version.V21)
ALL = (Version.V16, *V2)
both = pytest.mark.parametrize("version", V2)


@contextlib.asynccontextmanager
async def accepted(version: Version, charger: FakeCharger | None = None, store: Any = None) -> AsyncIterator[Stand]:
    async with stand(ScriptedCsms(versions=(version,)), versions=[version], charger=charger, store=store) as one:
        await one.accepted()
        yield one


async def ask(one: Stand, action: str, **payload: Any) -> Any:
    """The answer, or the error code of a refusal; whatever follows it has happened."""
    one.csms.heard.clear()
    reply = await one.csms.call(action, payload)
    await settled()
    return reply[2]


def charging(tx: str = "tx-1") -> FakeCharger:
    """A transaction goes on at EVSE 1."""
    session = Session(evse=1, tx=open_tx(tx), driver=Driver(IdToken("AABB")), phase=Phase.CHARGING, ready_utc_s=EPOCH_S)
    return FakeCharger({1: session, 2: Session(evse=2)})


def ocpp_limits(one: Stand) -> list[tuple[int, float]]:
    """What the profiles of transactions allowed, in order."""
    limits = [(evse, event.limit) for evse, event in one.charger.posted if isinstance(event, LimitSet)]
    return [(evse, limit.current_a) for evse, limit in limits if limit.source is LimitSource.OCPP]


def wishes(one: Stand) -> list[PhasesWanted]:
    """How many phases EVSE 1 was to use, in order."""
    return [event for evse, event in one.charger.posted if evse == 1 and isinstance(event, PhasesWanted)]


async def value(one: Stand, variable: str) -> str:
    """What a variable of SmartChargingCtrlr is now."""
    asked = {"component": {"name": "SmartChargingCtrlr"}, "variable": {"name": variable}}
    answer = await ask(one, "GetVariables", getVariableData=[asked])
    return str(answer["getVariableResult"][0]["attributeValue"])


def at(seconds: float) -> str:
    return to_wire(EPOCH_S + seconds)


# 2.0.1


def profile(*periods: tuple[int, float], number: int = 1, purpose: str = "TxDefaultProfile", **more: Any) -> Any:
    """A ChargingProfileType; `unit`, `duration`, `start`, `phases` and `min_rate` are the schedule's."""
    kind = more.pop("chargingProfileKind", "Absolute")
    phases = more.pop("phases", None)
    schedule: dict[str, Any] = {
        "id": 7,
        "chargingRateUnit": more.pop("unit", "A"),
        "chargingSchedulePeriod": [
            {"startPeriod": start, "limit": limit} | ({"numberPhases": phases} if phases else {})
            for start, limit in periods or ((0, 6.0),)
        ],
    }
    rest = {
        "startSchedule": more.pop("start", None if kind == "Relative" else at(0)),
        "duration": more.pop("duration", None),
        "minChargingRate": more.pop("min_rate", None),
    }
    schedule |= {name: value for name, value in rest.items() if value is not None}
    head = {"id": number, "stackLevel": more.pop("stack", 0), "chargingProfilePurpose": purpose}
    return {**head, "chargingProfileKind": kind, "chargingSchedule": [schedule], **more}


async def install(one: Stand, evse: int, what: Any) -> str:
    answer = await ask(one, "SetChargingProfile", evseId=evse, chargingProfile=what)
    status: str = answer["status"] if isinstance(answer, dict) else answer
    return status


async def reported(one: Stand, evse: int | None = None, **criteria: Any) -> list[Any]:
    """What GetChargingProfiles brings, as (source, EVSE, profile); every message is complete."""
    where = {} if evse is None else {"evseId": evse}
    answer = await ask(one, "GetChargingProfiles", requestId=42, chargingProfile=criteria, **where)
    calls = one.csms.calls("ReportChargingProfiles")
    assert answer["status"] == ("Accepted" if calls else "NoProfiles")
    assert [call.payload["tbc"] for call in calls] == [True] * (len(calls) - 1) + [False] * bool(calls)
    assert all(call.payload["requestId"] == 42 for call in calls)
    return [
        (call.payload["chargingLimitSource"], call.payload["evseId"], one)
        for call in calls
        for one in call.payload["chargingProfile"]
    ]


async def composite(one: Stand, evse: int, duration: int, unit: str | None = None) -> list[tuple[float, float]]:
    """The periods of the composite schedule."""
    wanted = {} if unit is None else {"chargingRateUnit": unit}
    answer = await ask(one, "GetCompositeSchedule", evseId=evse, duration=duration, **wanted)
    assert answer["status"] == "Accepted"
    schedule = answer["schedule"]
    assert (schedule["evseId"], schedule["duration"], schedule["chargingRateUnit"]) == (evse, duration, unit or "A")
    return [(one["startPeriod"], one["limit"]) for one in schedule["chargingSchedulePeriod"]]


@both
@pytest.mark.req("K01.FR.07")
@pytest.mark.req("K01.FR.15")
@pytest.mark.octt("TC_K_01_CS")
@pytest.mark.octt("TC_K_10_CS")
@pytest.mark.parametrize("evse", [1, 0])
async def test_a_default_profile_is_reported_as_it_was_sent_and_reaches_the_evses(version: Version, evse: int):
    sent = profile(
        (0, 6.5),
        (100, 8.0),
        duration=300,
        min_rate=6.0,
        phases=3,
        stack=2,
        validFrom=at(-10),
        validTo=at(600),
        recurrencyKind="Daily",
        chargingProfileKind="Recurring",
    )
    async with accepted(version) as one:
        assert await install(one, evse, sent) == "Accepted"
        assert await reported(one, chargingProfileId=[1]) == [("CSO", evse, sent)]
        await asyncio.sleep(101)
        evses = [1, 2] if evse == 0 else [1]
        assert ocpp_limits(one) == [*((e, 6.5) for e in evses), *((e, 8.0) for e in evses)]


@both
@pytest.mark.req("K01.FR.09")
@pytest.mark.octt("TC_K_02_CS")
async def test_a_transactions_profile_without_a_transaction_is_rejected(version: Version):
    async with accepted(version) as one:
        assert await install(one, 1, profile(purpose="TxProfile", transactionId="UNKNOWN")) == "Rejected"
        assert await reported(one) == []


@both
@pytest.mark.octt("TC_K_03_CS")
async def test_the_stations_profile_is_taken_and_reported_of_the_station(version: Version):
    sent = profile((0, 20.0), purpose="ChargingStationMaxProfile", duration=300)
    async with accepted(version) as one:
        assert await install(one, 0, sent) == "Accepted"
        assert await reported(one, chargingProfileId=[1]) == [("CSO", 0, sent)]


@both
@pytest.mark.req("K04.FR.03")
@pytest.mark.req("K01.FR.38")
async def test_the_stations_profile_belongs_to_the_station_and_to_no_transaction(version: Version):
    async with accepted(version) as one:
        assert await install(one, 1, profile(purpose="ChargingStationMaxProfile")) == "Rejected"
        relative = profile(purpose="ChargingStationMaxProfile", chargingProfileKind="Relative")
        assert await install(one, 0, relative) == "Rejected"


@both
@pytest.mark.req("K01.FR.05")
@pytest.mark.octt("TC_K_04_CS")
async def test_a_profile_with_a_known_id_replaces_the_one_that_had_it(version: Version):
    async with accepted(version) as one:
        await install(one, 1, profile((0, 6.0)))
        sent = profile((0, 10.0))
        assert await install(one, 1, sent) == "Accepted"
        assert await reported(one, chargingProfileId=[1]) == [("CSO", 1, sent)]
        assert ocpp_limits(one) == [(1, 6.0), (1, 10.0)]


@both
@pytest.mark.req("K10.FR.03")
@pytest.mark.req("K10.FR.01")
@pytest.mark.octt("TC_K_05_CS")
@pytest.mark.octt("TC_K_08_CS")
async def test_a_profile_is_cleared_by_its_id_and_then_unknown(version: Version):
    async with accepted(version) as one:
        await install(one, 1, profile())
        # an id decides alone, whatever stands beside it
        answer = await ask(one, "ClearChargingProfile", chargingProfileId=1, chargingProfileCriteria={"stackLevel": 5})
        assert answer["status"] == "Accepted"
        assert await reported(one, chargingProfileId=[1]) == []
        assert (await ask(one, "ClearChargingProfile", chargingProfileId=1))["status"] == "Unknown"


@both
@pytest.mark.req("K10.FR.04")
@pytest.mark.octt("TC_K_06_CS")
@pytest.mark.octt("TC_K_07_CS")
@pytest.mark.octt("TC_K_24_CS")
async def test_profiles_are_cleared_by_purpose_and_level_on_every_evse(version: Version):
    async with accepted(version) as one:
        await install(one, 1, profile(number=1, stack=1))
        await install(one, 2, profile(number=2, stack=1))
        wrong = {"chargingProfilePurpose": "ChargingStationMaxProfile", "stackLevel": 0}
        assert (await ask(one, "ClearChargingProfile", chargingProfileCriteria=wrong))["status"] == "Unknown"
        right = {"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 1}
        assert (await ask(one, "ClearChargingProfile", chargingProfileCriteria=right))["status"] == "Accepted"
        assert await reported(one, **right) == []


@both
@pytest.mark.req("K10.FR.05")
@pytest.mark.req("K10.FR.07")
@pytest.mark.octt("TC_K_09_CS")
async def test_a_running_transaction_goes_on_without_the_default_that_was_cleared(version: Version):
    async with accepted(version, charging()) as one:
        await install(one, 1, profile((0, 6.0), validFrom=at(-5), validTo=at(900)))
        assert await composite(one, 1, 300) == [(0, 6.0)]
        await ask(one, "ClearChargingProfile", chargingProfileCriteria={"chargingProfilePurpose": "TxDefaultProfile"})
        assert await composite(one, 1, 300) == [(0, 32.0)]
        assert ocpp_limits(one) == [(1, 6.0), (1, 80.0)]


@both
@pytest.mark.req("K01.FR.16")
@pytest.mark.octt("TC_K_11_CS")
async def test_a_transactions_profile_for_all_evses_is_rejected(version: Version):
    async with accepted(version, charging()) as one:
        assert await install(one, 0, profile(purpose="TxProfile", transactionId="tx-1")) == "Rejected"


@both
@pytest.mark.req("K01.FR.27")
@pytest.mark.octt("TC_K_13_CS")
@pytest.mark.behaviour(20)
async def test_a_profile_outlives_a_restart_with_all_it_says(version: Version):
    sent = profile((0, 6.0), duration=300)
    async with accepted(version) as one:
        await install(one, 1, sent)
        store = one.store
    async with accepted(version, store=store) as one:
        assert await reported(one, chargingProfileId=[1]) == [("CSO", 1, sent)]


@both
@pytest.mark.req("K01.FR.28")
@pytest.mark.req("K01.FR.33")
@pytest.mark.octt("TC_K_14_CS")
@pytest.mark.octt("TC_K_16_CS")
async def test_an_evse_or_a_transaction_that_there_is_not_is_rejected(version: Version):
    async with accepted(version, charging()) as one:
        answer = await ask(one, "SetChargingProfile", evseId=3, chargingProfile=profile())
        assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "UnknownEvse")
        wrong = profile(purpose="TxProfile", transactionId="UNKNOWN")
        answer = await ask(one, "SetChargingProfile", evseId=1, chargingProfile=wrong)
        assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "TxNotFound")


@both
@pytest.mark.req("K01.FR.29")
@pytest.mark.req("K05.FR.04")
@pytest.mark.octt("TC_K_15_CS")
@pytest.mark.octt("TC_K_38_CS")
async def test_switched_off_profiles_are_not_supported_and_that_of_a_remote_start_is_ignored(version: Version):
    async with accepted(version) as one:
        await install(one, 1, profile((0, 9.0)))
        one.settings.set(SMART_CHARGING_ENABLED, False)
        assert ocpp_limits(one)[-1] == (1, 80.0)
        for action, payload in (
            ("SetChargingProfile", {"evseId": 1, "chargingProfile": profile()}),
            ("ClearChargingProfile", {"chargingProfileId": 1}),
            ("GetChargingProfiles", {"requestId": 1, "chargingProfile": {}}),
            ("GetCompositeSchedule", {"evseId": 1, "duration": 60}),
        ):
            assert await ask(one, action, **payload) == "NotSupported"
        answer = await ask(
            one,
            "RequestStartTransaction",
            evseId=1,
            remoteStartId=1,
            idToken={"idToken": "AABB", "type": "Central"},
            chargingProfile=profile(purpose="TxDefaultProfile"),
        )
        assert answer["status"] == "Accepted"
        assert one.charger.posted[-1][1].profile is None


@both
@pytest.mark.req("K01.FR.40")
@pytest.mark.octt("TC_K_19_CS")
@pytest.mark.parametrize("every", ["Daily", "Weekly"])
@pytest.mark.behaviour(20)
async def test_a_recurring_profile_is_taken_and_without_a_start_or_a_period_rejected(version: Version, every: str):
    recurring = {"chargingProfileKind": "Recurring", "recurrencyKind": every}
    async with accepted(version) as one:
        assert await install(one, 1, profile(**recurring)) == "Accepted"
        assert await install(one, 1, profile(**recurring, start="")) in {"Rejected", "PropertyConstraintViolation"}
        assert await install(one, 1, profile(chargingProfileKind="Recurring")) == "Rejected"


@both
@pytest.mark.req("K01.FR.36")
@pytest.mark.octt("TC_K_21_CS")
async def test_a_profile_counts_from_its_first_valid_moment(version: Version):
    async with accepted(version) as one:
        await install(one, 1, profile((0, 6.0), chargingProfileKind="Relative", validFrom=at(300)))
        assert await composite(one, 1, 400) == [(0, 32.0), (299, 6.0)]


@both
@pytest.mark.req("K01.FR.37")
@pytest.mark.octt("TC_K_22_CS")
async def test_a_profile_counts_to_its_last_valid_moment_and_the_station_sums_its_evses(version: Version):
    async with accepted(version) as one:
        await install(one, 0, profile((0, 6.0), validFrom=at(-10), validTo=at(300)))
        for evse, limit in ((0, 12.0), (1, 6.0), (2, 6.0)):
            first, second = await composite(one, evse, 400)
            assert first == (0, limit)
            assert 290 < second[0] < 300
        assert (await composite(one, 1, 100, "W")) == [(0, 4140.0)]


@both
@pytest.mark.req("K01.FR.30")
@pytest.mark.octt("TC_K_23_CS")
async def test_a_schedule_that_starts_in_the_future_limits_nothing_until_then(version: Version):
    async with accepted(version) as one:
        await install(one, 1, profile((0, 6.0), start=at(60), validFrom=at(-10)))
        assert await composite(one, 1, 300) == [(0, 32.0), (59, 6.0)]


@both
@pytest.mark.req("K01.FR.32")
@pytest.mark.octt("TC_K_28_CS")
async def test_a_default_takes_effect_on_a_running_transaction(version: Version):
    async with accepted(version, charging()) as one:
        assert await install(one, 1, profile((0, 6.0), duration=300)) == "Accepted"
        assert await composite(one, 1, 250) == [(0, 6.0)]
        assert ocpp_limits(one) == [(1, 6.0)]


@both
@pytest.mark.req("K09.FR.04")
@pytest.mark.req("K09.FR.05")
@pytest.mark.req("K09.FR.06")
@pytest.mark.octt("TC_K_29_CS")
@pytest.mark.octt("TC_K_30_CS")
@pytest.mark.octt("TC_K_31_CS")
@pytest.mark.octt("TC_K_32_CS")
@pytest.mark.octt("TC_K_33_CS")
@pytest.mark.octt("TC_K_34_CS")
@pytest.mark.octt("TC_K_35_CS")
@pytest.mark.octt("TC_K_36_CS")
@pytest.mark.parametrize(
    ("where", "criteria", "found"),
    [
        ({"evse": 0}, {}, [1]),
        ({"evse": 1}, {}, [2, 3]),
        ({}, {}, [1, 2, 3]),
        ({}, {"chargingProfileId": [1, 9]}, [1]),
        ({"evse": 1}, {"stackLevel": 2}, [3]),
        ({"evse": 1}, {"chargingLimitSource": ["CSO"]}, [2, 3]),
        ({"evse": 1}, {"chargingLimitSource": ["EMS"]}, []),
        ({"evse": 1}, {"chargingProfilePurpose": "TxDefaultProfile"}, [2, 3]),
        ({"evse": 1}, {"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 1}, [2]),
        ({"evse": 2}, {}, []),
    ],
)
async def test_the_profiles_that_match_all_criteria_are_reported(version, where, criteria, found):
    async with accepted(version) as one:
        await install(one, 0, profile(number=1, purpose="ChargingStationMaxProfile"))
        await install(one, 1, profile(number=2, stack=1))
        await install(one, 1, profile(number=3, stack=2))
        assert [each["id"] for _, _, each in await reported(one, **where, **criteria)] == found


async def test_a_long_report_comes_in_several_messages():
    async with accepted(Version.V201) as one:
        periods = [(n * 60, float(6 + n % 20)) for n in range(200)]
        for number in range(3):
            assert await install(one, 1, profile(*periods, number=number, stack=number)) == "Accepted"
        assert [each["id"] for _, _, each in await reported(one)] == [0, 1, 2]
        assert len(one.csms.calls("ReportChargingProfiles")) == 3


@both
@pytest.mark.req("K01.FR.04")
@pytest.mark.req("K02.FR.04")
@pytest.mark.octt("TC_K_60_CS")
async def test_a_transactions_profile_goes_before_the_default_and_is_reported_as_it_was_sent(version: Version):
    sent = profile(
        (0, 10.0), number=2, purpose="TxProfile", transactionId="tx-1", chargingProfileKind="Relative", phases=3
    )
    async with accepted(version, charging()) as one:
        await install(one, 1, profile((0, 8.0)))
        assert await install(one, 1, sent) == "Accepted"
        assert await reported(one, chargingProfileId=[2]) == [("CSO", 1, sent)]
        assert ocpp_limits(one) == [(1, 8.0), (1, 10.0)]


def request_start(**more: Any) -> dict[str, Any]:
    return {"remoteStartId": 5, "idToken": {"idToken": "AABB", "type": "Central"}, **more}


@both
@pytest.mark.req("K05.FR.03")
@pytest.mark.req("F01.FR.26", "K01.FR.43")
@pytest.mark.octt("TC_K_37_CS")
async def test_a_remote_start_brings_the_profile_of_the_transaction_to_come(version: Version):
    relative = {"chargingProfileKind": "Relative", "number": 9}
    async with accepted(version) as one:
        payload = request_start(evseId=1, chargingProfile=profile((0, 6.0), purpose="TxProfile", **relative))
        assert (await ask(one, "RequestStartTransaction", **payload))["status"] == "Accepted"
        ((evse, event),) = one.charger.posted
        assert isinstance(event, RemoteStart)
        assert (evse, event.profile.id, event.profile.evse) == (1, 9, 1)
        for wrong, reason in (
            (profile(purpose="TxDefaultProfile", **relative), "InvalidProfile"),
            (profile((5, 6.0), purpose="TxProfile", **relative), "InvalidSchedule"),
            (profile((0, 6.0), purpose="TxProfile", phases=1, **relative), "UnsupportedParam"),
        ):
            answer = await ask(one, "RequestStartTransaction", **request_start(evseId=2, chargingProfile=wrong))
            assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", reason)


@both
@pytest.mark.req("K08.FR.02")
@pytest.mark.octt("TC_K_39_CS")
async def test_without_profiles_the_composite_schedule_is_what_the_station_can(version: Version):
    async with accepted(version) as one:
        assert await composite(one, 0, 300, "A") == [(0, 64.0)]
        assert await composite(one, 0, 300, "W") == [(0, 44160.0)]


@both
@pytest.mark.req("K08.FR.06")
@pytest.mark.octt("TC_K_40_CS")
@pytest.mark.behaviour(20)
async def test_stacked_profiles_combine_to_the_highest_level_that_says_something(version: Version):
    valid = {"validFrom": at(-60), "validTo": at(1000)}
    async with accepted(version) as one:
        await install(one, 1, profile((0, 6.0), (100, 8.0), (200, 10.0), number=1, duration=460, **valid))
        await install(one, 1, profile((0, 7.0), (100, 9.0), number=2, stack=1, duration=150, **valid))
        x = 1  # what asking has taken, in whole seconds
        assert await composite(one, 1, 350) == [(0, 7.0), (100 - x, 9.0), (150 - x, 8.0), (200 - x, 10.0)]


@both
@pytest.mark.req("K08.FR.04")
@pytest.mark.octt("TC_K_41_CS")
async def test_purposes_combine_to_the_lowest_and_the_transactions_own_overrules_the_default(version: Version):
    valid = {"validFrom": at(-60), "validTo": at(1000)}
    async with accepted(version, charging()) as one:
        top = profile((0, 10.0), number=1, purpose="ChargingStationMaxProfile", duration=86400)
        await install(one, 0, top)
        default = profile((0, 6.0), (60, 10.0), (120, 8.0), (180, 15.0), (260, 8.0), number=2, duration=300, **valid)
        await install(one, 1, default)
        own = profile(
            (0, 8.0),
            (50, 11.0),
            (140, 16.0),
            (200, 6.0),
            (240, 12.0),
            number=3,
            purpose="TxProfile",
            transactionId="tx-1",
            duration=260,
            **valid,
        )
        await install(one, 1, own)
        x = 2
        assert await composite(one, 1, 255) == [(0, 8.0), (50 - x, 10.0), (200 - x, 6.0), (240 - x, 10.0)]
        # K02.FR.08: when it has ended, the default has its turn again
        assert (await composite(one, 1, 290))[-1] == (260 - x, 8.0)


@both
@pytest.mark.req("K08.FR.05")
@pytest.mark.octt("TC_K_47_CS")
async def test_there_is_no_composite_schedule_of_an_evse_that_there_is_not(version: Version):
    async with accepted(version) as one:
        answer = await ask(one, "GetCompositeSchedule", evseId=3, duration=300)
        assert answer["status"] == "Rejected"
        assert "schedule" not in answer


@both
@pytest.mark.req("K01.FR.43")
@pytest.mark.req("K01.FR.45")
@pytest.mark.req("K01.FR.48")
async def test_phases_that_the_station_cannot_keep_to_are_refused(version: Version):
    async with accepted(version) as one:
        for wrong in (profile(phases=1), profile(phases=2)):
            answer = await ask(one, "SetChargingProfile", evseId=1, chargingProfile=wrong)
            assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "UnsupportedParam")
        chosen = profile(phases=1)
        chosen["chargingSchedule"][0]["chargingSchedulePeriod"][0]["phaseToUse"] = 2
        one.charger.phases = 1
        assert await install(one, 1, chosen) == "Rejected"
        assert await install(one, 1, profile(phases=1)) == "Accepted"
        assert await install(one, 1, profile((0, 11040.0), phases=3, unit="W")) == "Accepted"
        assert ocpp_limits(one) == [(1, 6.0), (1, 16.0)]  # K01.FR.50: by the phases that the schedule names


@both
@pytest.mark.req("K01.FR.43", "K01.FR.47", "K01.FR.49")
async def test_where_there_is_a_phase_switch_a_profile_may_want_one_phase(version: Version):
    async with accepted(version, FakeCharger(switches=True)) as one:
        assert await install(one, 1, profile((0, 16.0), (60, 10.0), phases=1, start=at(0))) == "Accepted"
        assert [event.phases for event in wishes(one)] == [3, 1]
        assert await install(one, 1, profile((0, 16.0), number=1)) == "Accepted"
        assert [event.phases for event in wishes(one)] == [3, 1, 3]
        assert await value(one, "Phases3to1") == "true"
        for wrong in (profile(phases=2), profile(phases=1, purpose="ChargingStationMaxProfile")):
            evse = 0 if wrong["chargingProfilePurpose"] == "ChargingStationMaxProfile" else 1
            assert await install(one, evse, wrong) == "Rejected"


async def test_of_a_car_that_talks_no_switch_can_ensure_the_phases():
    charger = FakeCharger({1: Session(evse=1, can_talk=True)})
    async with accepted(Version.V201, charger) as one:
        one.charger.switches = True
        assert await install(one, 1, profile(phases=1)) == "Rejected"
        assert await value(one, "Phases3to1") == "false"


@pytest.mark.req("K01.FR.44")
async def test_on_dc_phases_say_nothing():
    async with accepted(Version.V201, FakeCharger({1: Session(evse=1, dc=True)})) as one:
        assert await install(one, 1, profile(phases=1)) == "Accepted"


@pytest.mark.req("K01.FR.34")
async def test_several_schedules_belong_to_iso_15118():
    several = profile()
    several["chargingSchedule"] *= 2
    async with accepted(Version.V201) as one:
        assert await install(one, 1, several) == "Rejected"


async def test_what_only_2_1_can_say_and_this_station_cannot_do_is_refused():
    async with accepted(Version.V21) as one:
        setpoint = profile()
        setpoint["chargingSchedule"][0]["chargingSchedulePeriod"] = [{"startPeriod": 0, "setpoint": 5.0}]
        for wrong in (setpoint, profile(chargingProfileKind="Dynamic"), profile(purpose="PriorityCharging")):
            answer = await ask(one, "SetChargingProfile", evseId=1, chargingProfile=wrong)
            assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "UnsupportedParam")
        criteria = {"chargingProfilePurpose": "PriorityCharging"}
        assert (await ask(one, "ClearChargingProfile", chargingProfileCriteria=criteria))["status"] == "Unknown"
        assert await reported(one, **criteria) == []


@both
@pytest.mark.req("K03.FR.05")
async def test_how_much_a_transaction_matters_is_heard_in_the_answers_about_it(version: Version):
    csms = ScriptedCsms(versions=(version,), answers={"TransactionEvent": {"chargingPriority": 2}})
    async with stand(csms, versions=[version], charger=charging()) as one:
        await one.accepted()
        one.tell(started("tx-1"))
        await settled()
        assert (1, PriorityGiven("tx-1", 2)) in one.charger.posted


@pytest.mark.req("K06.FR.01")
@pytest.mark.req("K07.FR.01")
async def test_offline_the_profiles_go_on_in_time():
    async with accepted(Version.V201, charging()) as one:
        await install(one, 1, profile((0, 10.0), (60, 8.0), purpose="TxProfile", transactionId="tx-1"))
        one.station.network(online=False)
        await asyncio.sleep(100)
        assert not one.station.online
        assert ocpp_limits(one) == [(1, 10.0), (1, 8.0)]


# Limits that others impose


@both
@pytest.mark.req("K12.FR.05")
@pytest.mark.octt("TC_K_52_CS")
async def test_an_external_limit_is_reported_as_an_external_constraint(version: Version):
    async with accepted(version) as one:
        one.charger.profiles.impose(LimitOwner.GRID, Schedule((Period(0, 10.0),)))
        ((source, evse, what),) = await reported(one, chargingProfilePurpose="ChargingStationExternalConstraints")
        assert (source, evse, what["id"]) == ("SO", 0, -1)
        assert (await ask(one, "ClearChargingProfile", chargingProfileId=-1))["status"] == "Unknown"
        assert await install(one, 0, profile(purpose="ChargingStationExternalConstraints")) == "Rejected"


@both
@pytest.mark.req("K11.FR.02")
@pytest.mark.req("K11.FR.03")
@pytest.mark.req("K11.FR.05")
@pytest.mark.req("K12.FR.02")
@pytest.mark.req("K13.FR.02")
async def test_the_csms_hears_of_an_external_limit_when_it_changes_enough_and_when_it_goes(version: Version):
    async with accepted(version) as one:
        profiles = one.charger.profiles
        profiles.impose(LimitOwner.GRID, Schedule((Period(0, 10.0),)))
        await settled()
        (told,) = one.csms.calls("NotifyChargingLimit")
        assert told.payload == {"chargingLimit": {"chargingLimitSource": "SO"}}
        profiles.impose(LimitOwner.GRID, Schedule((Period(0, 10.2),)))
        await settled()
        assert len(one.csms.calls("NotifyChargingLimit")) == 1
        one.settings.set(NOTIFY_WITH_SCHEDULES, True)
        profiles.impose(LimitOwner.ENERGY_MANAGER, Schedule((Period(0, 8.0), Period(60, 6.0))), evse=2)
        await settled()
        told = one.csms.calls("NotifyChargingLimit")[-1].payload
        assert (told["evseId"], told["chargingLimit"]) == (2, {"chargingLimitSource": "EMS"})
        assert [p["limit"] for p in told["chargingSchedule"][0]["chargingSchedulePeriod"]] == [8.0, 6.0]
        profiles.release(LimitOwner.GRID)
        profiles.release(LimitOwner.ENERGY_MANAGER, 2)
        await settled()
        assert [call.payload for call in one.csms.calls("ClearedChargingLimit")] == [
            {"chargingLimitSource": "SO"},
            {"chargingLimitSource": "EMS", "evseId": 2},
        ]


async def test_what_happened_offline_is_told_when_the_csms_is_back():
    async with accepted(Version.V201) as one:
        one.station.network(online=False)
        await settled()
        one.charger.profiles.impose(LimitOwner.GRID, Schedule((Period(0, 10.0),)))
        one.charger.profiles.impose(LimitOwner.GRID, Schedule((Period(0, 8.0),)))
        await settled()
        one.station.network(online=True)
        await one.csms.heard_of("NotifyChargingLimit")
        await settled()
        assert len(one.csms.calls("NotifyChargingLimit")) == 1


@pytest.mark.req("K12.FR.02")
@pytest.mark.req("K13.FR.02")
async def test_after_a_restart_the_csms_is_told_what_still_holds_and_when_it_goes():
    async with accepted(Version.V201) as one:
        one.charger.profiles.impose(LimitOwner.GRID, Schedule((Period(0, 10.0),)))
        await settled()
        store = one.store
    csms = ScriptedCsms(versions=(Version.V201,))
    async with stand(csms, store=store, versions=(Version.V201,)) as again:
        (told,) = await csms.heard_of("NotifyChargingLimit")
        assert told.payload == {"chargingLimit": {"chargingLimitSource": "SO"}}
        again.charger.profiles.release(LimitOwner.GRID)
        (cleared,) = await csms.heard_of("ClearedChargingLimit")
        assert cleared.payload == {"chargingLimitSource": "SO"}


async def test_1_6_has_no_words_for_external_limits_and_obeys_them_all_the_same():
    async with accepted(Version.V16) as one:
        one.charger.profiles.impose(LimitOwner.GRID, Schedule((Period(0, 10.0),)), evse=1)
        await settled()
        assert "NotifyChargingLimit" not in one.csms.actions
        assert (1, LimitSource.GRID) in {(e, ev.limit.source) for e, ev in one.charger.posted}


# 1.6


def profile16(*periods: tuple[int, float], number: int = 1, purpose: str = "TxDefaultProfile", **more: Any) -> Any:
    """A ChargingProfile of 1.6."""
    sent = profile(*periods, number=number, purpose=purpose, **more)
    schedule = sent.pop("chargingSchedule")[0]
    del schedule["id"]
    return {"chargingProfileId": sent.pop("id"), **sent, "chargingSchedule": schedule}


async def install16(one: Stand, connector: int, what: Any) -> str:
    answer = await ask(one, "SetChargingProfile", connectorId=connector, csChargingProfiles=what)
    status: str = answer["status"] if isinstance(answer, dict) else answer
    return status


async def composite16(one: Stand, connector: int, duration: int, **more: Any) -> list[tuple[float, float]]:
    answer = await ask(one, "GetCompositeSchedule", connectorId=connector, duration=duration, **more)
    assert (answer["status"], answer["connectorId"]) == ("Accepted", connector)
    schedule = answer["chargingSchedule"]
    assert "startSchedule" not in schedule
    assert schedule["duration"] == duration
    return [(one["startPeriod"], one["limit"]) for one in schedule["chargingSchedulePeriod"]]


@contextlib.asynccontextmanager
async def charging16() -> AsyncIterator[Stand]:
    """A transaction goes on at connector 1; the CSMS has numbered it 7."""
    async with accepted(Version.V16, charging()) as one:
        one.tell(started("tx-1"))
        await one.csms.heard_of("StartTransaction")
        await settled()
        yield one


@pytest.mark.octt("TC_056_CS")
async def test_1_6_a_default_profile_limits_the_connector_and_is_in_the_composite_schedule():
    async with accepted(Version.V16) as one:
        assert await install16(one, 1, profile16((0, 6.0), (60, 10.0), duration=86400)) == "Accepted"
        assert await composite16(one, 1, 300) == [(0, 6.0), (59, 10.0)]
        assert ocpp_limits(one) == [(1, 6.0)]


@pytest.mark.octt("TC_057_CS")
@pytest.mark.parametrize("named", [{"transactionId": 7}, {}])
async def test_1_6_a_transactions_profile_is_for_the_one_that_goes_on(named: dict[str, int]):
    async with charging16() as one:
        assert await install16(one, 1, profile16((0, 8.0), purpose="TxProfile", **named)) == "Accepted"
        assert await composite16(one, 1, 300) == [(0, 8.0)]
        one.charger.sessions[1] = replace(one.charger.sessions[1], tx=None, driver=None, ready_utc_s=None)
        one.charger.profiles.watch(one.charger.sessions[1])
        assert await composite16(one, 1, 300) == [(0, 32.0)]


@pytest.mark.octt("TC_058_1_CS")
async def test_1_6_a_transactions_profile_without_one_is_rejected():
    async with accepted(Version.V16) as one:
        assert await install16(one, 1, profile16(purpose="TxProfile")) == "Rejected"


@pytest.mark.octt("TC_058_2_CS")
async def test_1_6_a_transactions_profile_of_another_is_rejected():
    async with charging16() as one:
        assert await install16(one, 1, profile16(purpose="TxProfile", transactionId=8)) == "Rejected"


@pytest.mark.octt("TC_059_CS")
@pytest.mark.octt("TC_060_CS")
async def test_1_6_a_remote_start_brings_a_transactions_profile_and_no_other():
    async with accepted(Version.V16) as one:
        brought = profile16((0, 6.0), purpose="TxProfile", chargingProfileKind="Relative", number=3)
        start = {"idTag": "AABB", "connectorId": 1}
        answer = await ask(one, "RemoteStartTransaction", **start, chargingProfile=brought)
        assert answer == {"status": "Accepted"}
        event = one.charger.posted[-1][1]
        assert (event.profile.id, event.profile.evse) == (3, 1)
        one_phase = profile16((0, 6.0), purpose="TxProfile", chargingProfileKind="Relative", phases=1)
        assert await ask(one, "RemoteStartTransaction", **start, chargingProfile=one_phase) == {"status": "Accepted"}
        wrong = profile16(purpose="TxDefaultProfile")
        assert await ask(one, "RemoteStartTransaction", **start, chargingProfile=wrong) == {"status": "Rejected"}


@pytest.mark.octt("TC_066_CS")
async def test_1_6_the_composite_schedule_is_the_lowest_of_the_purposes_in_either_unit():
    async with charging16() as one:
        await install16(one, 0, profile16((0, 10.0), number=1, purpose="ChargePointMaxProfile"))
        await install16(one, 1, profile16((0, 6.0), (60, 12.0), number=2))
        await install16(one, 1, profile16((0, 8.0), (100, 16.0), number=3, purpose="TxProfile"))
        x = 2  # what asking has taken, in whole seconds
        assert await composite16(one, 1, 300) == [(0, 8.0), (100 - x, 10.0)]
        watts = await composite16(one, 1, 300, chargingRateUnit="W")
        assert [limit for _, limit in watts] == [5520.0, 6900.0]
        answer = await ask(one, "GetCompositeSchedule", connectorId=3, duration=300)
        assert answer == {"status": "Rejected"}


@pytest.mark.octt("TC_067_CS")
async def test_1_6_profiles_are_cleared_by_all_fields_together_and_all_without_any():
    async with accepted(Version.V16) as one:
        await install16(one, 1, profile16((0, 6.0), number=1))
        await install16(one, 2, profile16((0, 7.0), number=2))
        await install16(one, 0, profile16((0, 8.0), number=3, purpose="ChargePointMaxProfile"))

        async def clear(**what: Any) -> str:
            status: str = (await ask(one, "ClearChargingProfile", **what))["status"]
            return status

        assert await clear(id=1, stackLevel=4) == "Unknown"
        assert await clear(id=1) == "Accepted"
        assert await clear(connectorId=2, chargingProfilePurpose="TxDefaultProfile", stackLevel=0) == "Accepted"
        assert one.charger.profiles.count == 1
        assert await clear() == "Accepted"
        assert await clear() == "Unknown"


@pytest.mark.octt("TC_072_CS")
async def test_1_6_stacked_profiles_take_turns_and_the_same_place_replaces():
    async with accepted(Version.V16) as one:
        await install16(one, 1, profile16((0, 6.0), number=1, duration=400))
        await install16(one, 1, profile16((0, 10.0), number=2, stack=1, duration=100))
        x = 1
        assert await composite16(one, 1, 300) == [(0, 10.0), (100 - x, 6.0)]
        await install16(one, 1, profile16((0, 7.0), number=9, duration=400))
        assert one.charger.profiles.count == 2
        assert (await composite16(one, 1, 300))[-1] == (98, 7.0)


@pytest.mark.octt("TC_082_CS")
async def test_1_6_a_default_takes_effect_on_a_running_transaction():
    async with charging16() as one:
        assert await install16(one, 1, profile16((0, 6.0))) == "Accepted"
        assert ocpp_limits(one) == [(1, 6.0)]


async def test_1_6_the_default_of_one_connector_stands_beside_that_of_all():
    async with accepted(Version.V16) as one:
        await install16(one, 0, profile16((0, 10.0), number=1))
        assert await install16(one, 1, profile16((0, 16.0), number=2)) == "Accepted"
        assert ocpp_limits(one) == [(1, 10.0), (2, 10.0), (1, 16.0)]


async def test_1_6_a_schedule_without_a_start_counts_from_the_transaction_or_for_the_station_from_now():
    async with charging16() as one:
        await asyncio.sleep(100)
        absolute = profile16((0, 8.0), (150, 9.0), start="")
        del absolute["chargingSchedule"]["startSchedule"]
        assert await install16(one, 1, absolute) == "Accepted"
        ready_s = EPOCH_S - one.charger.profiles.outlook(1, 300, "A").start_utc_s
        assert await composite16(one, 1, 300) == [(0, 8.0), (150 + ready_s, 9.0)]
        top = profile16((0, 7.0), (60, 9.5), number=2, purpose="ChargePointMaxProfile")
        del top["chargingSchedule"]["startSchedule"]
        assert await install16(one, 0, top) == "Accepted"
        assert (await composite16(one, 2, 300))[0] == (0, 7.0)


async def test_1_6_a_connector_that_there_is_not_is_a_property_out_of_its_constraints():
    async with accepted(Version.V16) as one:
        assert await install16(one, 3, profile16()) == "PropertyConstraintViolation"


async def test_1_6_tells_what_it_can():
    async with accepted(Version.V16) as one:
        keys = {
            "ChargeProfileMaxStackLevel": "99",
            "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
            "ChargingScheduleMaxPeriods": "1024",
            "ConnectorSwitch3to1PhaseSupported": "false",
            "MaxChargingProfilesInstalled": "100",
        }
        answer = await ask(one, "GetConfiguration", key=list(keys))
        assert {one["key"]: one["value"] for one in answer["configurationKey"]} == keys
        assert all(one["readonly"] for one in answer["configurationKey"])


async def test_2_x_counts_the_profiles_that_are_installed():
    async with accepted(Version.V201) as one:
        await install(one, 1, profile())
        variable = {"name": "Entries", "instance": "ChargingProfiles"}
        name = {"component": {"name": "SmartChargingCtrlr"}, "variable": variable}
        answer = await ask(one, "GetVariables", getVariableData=[name])
        assert answer["getVariableResult"][0]["attributeValue"] == "1"
