"""TC_K: charging profiles, what is reported of them, and the pilot that obeys them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agent.ocpp.stamps import from_wire, to_wire
from sim.board import BoardSpec
from sim.evse import EvseSpec
from tests.octt import states
from tests.octt.bench import EPOCH_S, Bench
from tests.octt.tool import ABSENT, Refused, require

PHASES = 3
LIMIT_A = 6.0
HARDWARE_A = 32.0  # what the station allows by itself
DEVIATION_S = 10  # the lab's "configured max time deviation"
DUTY_S = 6.0  # IEC 61851-1: the duty cycle changes at most every 5 s
SIGNIFICANT = {"SmartChargingCtrlr.LimitChangeSignificance": 1.0}
TWO_EVSES = pytest.mark.bench(evses=2)


def now_s() -> float:
    return EPOCH_S + asyncio.get_running_loop().time()


def stamp(after_s: float = 0) -> str:
    """The tool's clock, so many seconds from now."""
    return to_wire(now_s() + after_s)


def profile(
    *periods: tuple[int, float],
    number: int = 1,
    purpose: str = "TxDefaultProfile",
    kind: str = "Absolute",
    stack: int = 0,
    start_s: float = 0,
    duration: int | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A ChargingProfile; its schedule starts so many seconds from now, unless it is relative."""
    schedule: dict[str, Any] = {
        "id": number,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [
            {"startPeriod": start, "limit": limit, "numberPhases": PHASES} for start, limit in periods or [(0, LIMIT_A)]
        ],
    }
    schedule |= {} if kind == "Relative" else {"startSchedule": stamp(start_s)}
    schedule |= {} if duration is None else {"duration": duration}
    return {
        "id": number,
        "stackLevel": stack,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": [schedule],
    } | more


def of_station(number: int = 1, **more: Any) -> dict[str, Any]:
    return profile(number=number, purpose="ChargingStationMaxProfile", duration=300, **more)


async def refused(bench: Bench, what: dict[str, Any], evse: int | None = None) -> None:
    answer = await bench.tool.send(
        "SetChargingProfile", evseId=bench.evse if evse is None else evse, chargingProfile=what
    )
    require(answer, status="Rejected")


async def reported(bench: Bench, evse: int | None = None, **criteria: Any) -> list[tuple[int, dict[str, Any]]]:
    """GetChargingProfiles, and all messages of the report: (EVSE, profile) of each."""
    where = {} if evse is None else {"evseId": evse}
    request = {"requestId": 4711, "chargingProfile": criteria} | where
    require(await bench.tool.send("GetChargingProfiles", **request), status="Accepted")
    found: list[tuple[int, dict[str, Any]]] = []
    while True:
        part = await bench.tool.expect("ReportChargingProfiles", requestId=4711, chargingLimitSource="CSO")
        found += [(part["evseId"], one) for one in part["chargingProfile"]]
        if not part.get("tbc"):
            await bench.tool.silence("ReportChargingProfiles", 1.0)
            return found


async def none_reported(bench: Bench, evse: int | None = None, **criteria: Any) -> None:
    where = {} if evse is None else {"evseId": evse}
    request = {"requestId": 4712, "chargingProfile": criteria} | where
    require(await bench.tool.send("GetChargingProfiles", **request), status="NoProfiles")
    await bench.tool.silence("ReportChargingProfiles", 1.0)


async def composite(bench: Bench, duration: int, evse: int | None = None, origin_s: float | None = None) -> Any:
    """The periods of GetCompositeSchedule, the first at 0; the others as seconds after `origin_s`."""
    evse = bench.evse if evse is None else evse
    answer = await bench.tool.send("GetCompositeSchedule", evseId=evse, duration=duration, chargingRateUnit="A")
    schedule = require(answer, status="Accepted")["schedule"]
    require(schedule, evseId=evse, duration=duration, chargingRateUnit="A")
    start_s = from_wire(schedule["scheduleStart"])
    assert start_s == pytest.approx(now_s(), abs=1.0)
    first, *others = schedule["chargingSchedulePeriod"]
    assert first["startPeriod"] == 0
    since_s = start_s - (now_s() if origin_s is None else origin_s)
    later = [(pytest.approx(one["startPeriod"] + since_s, abs=1), one["limit"]) for one in others]
    return [(0, first["limit"]), *later]


async def cleared(bench: Bench, status: str, **where: Any) -> None:
    require(await bench.tool.send("ClearChargingProfile", **where), status=status)


async def obeyed(bench: Bench, amps: float) -> None:
    """The pilot offers this much."""
    await asyncio.sleep(DUTY_S)
    assert bench.offered_a == amps


# Setting profiles


@pytest.mark.parametrize(
    ("evse", "purpose"),
    [
        pytest.param(1, "TxDefaultProfile", marks=pytest.mark.octt("TC_K_01_CS"), id="of-an-evse"),
        pytest.param(0, "TxDefaultProfile", marks=pytest.mark.octt("TC_K_10_CS"), id="of-all-evses"),
        pytest.param(0, "ChargingStationMaxProfile", marks=pytest.mark.octt("TC_K_03_CS"), id="of-the-station"),
    ],
)
async def test_a_profile_is_taken_reported_as_it_was_sent_and_obeyed(bench: Bench, evse: int, purpose: str):
    sent = profile(purpose=purpose, duration=300)
    await states.profile_set(bench, sent, evse)
    assert await reported(bench, chargingProfileId=[1]) == [(evse, sent)]
    await states.charging(bench)
    await obeyed(bench, LIMIT_A)
    await states.left(bench)


@pytest.mark.octt("TC_K_02_CS")
async def test_without_a_transaction_there_is_no_profile_of_one(bench: Bench):
    await refused(bench, profile(purpose="TxProfile", transactionId="UNKNOWN-TRANSACTION-ID"))
    await none_reported(bench)


@pytest.mark.octt("TC_K_16_CS")
async def test_a_profile_of_another_transaction_is_rejected(bench: Bench):
    await states.charging(bench)
    await refused(bench, profile(purpose="TxProfile", transactionId="UNKNOWN-TRANSACTION-ID"))
    await obeyed(bench, HARDWARE_A)
    await none_reported(bench)


@pytest.mark.octt("TC_K_11_CS")
async def test_a_transactions_profile_for_all_evses_is_rejected(bench: Bench):
    await states.charging(bench)
    await refused(bench, profile(purpose="TxProfile", transactionId=bench.tx), evse=0)
    await obeyed(bench, HARDWARE_A)


@pytest.mark.octt("TC_K_14_CS")
@TWO_EVSES
async def test_a_profile_of_an_evse_that_there_is_not_is_rejected(bench: Bench):
    await refused(bench, profile(), evse=3)
    await none_reported(bench)


@pytest.mark.octt("TC_K_19_CS")
@pytest.mark.parametrize("every", ["Daily", "Weekly"])
async def test_a_profile_may_recur(bench: Bench, every: str):
    sent = profile(kind="Recurring", recurrencyKind=every, duration=300)
    await states.profile_set(bench, sent)
    assert await reported(bench, chargingProfileId=[1]) == [(1, sent)]


@pytest.mark.octt("TC_K_04_CS")
async def test_a_profile_replaces_the_one_that_had_its_id(bench: Bench):
    await states.profile_set(bench, profile())
    sent = profile((0, 10.0))
    await states.profile_set(bench, sent)
    assert await reported(bench, chargingProfileId=[1]) == [(1, sent)]
    await states.charging(bench)
    await obeyed(bench, 10.0)


@pytest.mark.octt("TC_K_13_CS")
async def test_a_profile_outlives_a_reboot(bench: Bench):
    sent = profile(duration=300)
    await states.profile_set(bench, sent)
    await states.booted(bench)
    assert await reported(bench, chargingProfileId=[1]) == [(1, sent)]
    await states.charging(bench)
    await obeyed(bench, LIMIT_A)


@pytest.mark.octt("TC_K_60_CS")
async def test_a_transactions_profile_takes_effect_at_once_and_goes_with_it(bench: Bench):
    await states.charging(bench)
    await obeyed(bench, HARDWARE_A)
    sent = profile(purpose="TxProfile", kind="Relative", transactionId=bench.tx)
    await states.profile_set(bench, sent)
    assert await reported(bench, chargingProfileId=[1]) == [(1, sent)]
    await obeyed(bench, LIMIT_A)
    await states.left(bench)
    await none_reported(bench)


@pytest.mark.octt("TC_K_37_CS")
async def test_a_remote_start_brings_the_profile_of_its_transaction(bench: Bench):
    await states.connected(bench)
    sent = profile(purpose="TxProfile", kind="Relative")
    await states.authorized(bench, remote=True, chargingProfile=sent)
    await states.charging(bench)
    ((evse, told),) = await reported(bench, chargingProfileId=[1])
    assert (evse, told) == (1, sent | {"transactionId": bench.tx})
    await obeyed(bench, LIMIT_A)


@pytest.mark.octt("TC_K_15_CS")
@pytest.mark.bench(settings={"SmartChargingCtrlr.Enabled": False})
async def test_without_smart_charging_profiles_are_not_supported(bench: Bench):
    with pytest.raises(Refused, match="NotSupported"):
        await bench.tool.send("SetChargingProfile", evseId=1, chargingProfile=profile())


@pytest.mark.octt("TC_K_38_CS")
@pytest.mark.bench(settings={"SmartChargingCtrlr.Enabled": False})
async def test_without_smart_charging_the_profile_of_a_remote_start_is_ignored(bench: Bench):
    await states.connected(bench)
    await states.authorized(bench, remote=True, chargingProfile=profile(purpose="TxProfile", kind="Relative"))
    await states.charging(bench)
    await obeyed(bench, HARDWARE_A)


# Their times, and the composite schedule


@pytest.mark.octt("TC_K_21_CS")
async def test_a_profile_counts_from_its_first_valid_moment(bench: Bench):
    sent_s = now_s()
    await states.profile_set(bench, profile(kind="Relative", validFrom=stamp(300)))
    assert await composite(bench, 400, origin_s=sent_s) == [(0, HARDWARE_A), (300, LIMIT_A)]
    await asyncio.sleep(290)
    await states.charging(bench)
    assert bench.offered_a == HARDWARE_A
    await asyncio.sleep(10)
    assert bench.offered_a == LIMIT_A


@pytest.mark.octt("TC_K_22_CS")
@TWO_EVSES
async def test_a_profile_counts_to_its_last_valid_moment(bench: Bench):
    sent_s = now_s()
    await states.profile_set(bench, profile(validFrom=stamp(-DEVIATION_S), validTo=stamp(300)), evse=0)
    for evse, limit in ((0, 2 * LIMIT_A), (1, LIMIT_A), (2, LIMIT_A)):
        first, second = await composite(bench, 400, evse, origin_s=sent_s)
        assert first == (0, limit)
        assert second[0] == 300
    await asyncio.sleep(290)
    await states.charging(bench)
    assert bench.offered_a == LIMIT_A
    await asyncio.sleep(10)
    assert bench.offered_a == HARDWARE_A


@pytest.mark.octt("TC_K_23_CS")
async def test_a_profile_counts_from_the_start_of_its_schedule(bench: Bench):
    sent_s = now_s()
    valid = {"validFrom": stamp(50 - DEVIATION_S), "validTo": stamp(DEVIATION_S + 400)}
    await states.profile_set(bench, profile(start_s=60, **valid))
    assert await composite(bench, 300, origin_s=sent_s) == [(0, HARDWARE_A), (60, LIMIT_A)]
    await asyncio.sleep(50)
    await states.charging(bench)
    assert bench.offered_a == HARDWARE_A
    await asyncio.sleep(10)
    assert bench.offered_a == LIMIT_A


@pytest.mark.octt("TC_K_28_CS")
@pytest.mark.bench(settings=SIGNIFICANT)
async def test_a_default_takes_effect_on_a_running_transaction(bench: Bench):
    await states.charging(bench)
    valid = {"validFrom": stamp(-DEVIATION_S), "validTo": stamp(DEVIATION_S + 300)}
    await states.profile_set(bench, profile(start_s=-DEVIATION_S, duration=300, **valid))
    periods = await composite(bench, 300)
    assert periods[0] == (0, LIMIT_A)
    await obeyed(bench, LIMIT_A)


@pytest.mark.octt("TC_K_39_CS")
@TWO_EVSES
async def test_without_profiles_the_schedule_of_the_station_is_what_it_can(bench: Bench):
    assert await composite(bench, 300, evse=0) == [(0, 2 * HARDWARE_A)]


@pytest.mark.octt("TC_K_40_CS")
async def test_stacked_profiles_combine_to_the_highest_that_says_something(bench: Bench):
    sent_s = now_s()
    valid = {"validFrom": stamp(-DEVIATION_S), "validTo": stamp(DEVIATION_S + 401)}
    low = profile((0, 6.0), (100, 8.0), (200, 10.0), duration=400 + DEVIATION_S, **valid)
    high = profile((0, 7.0), (100, 9.0), number=2, stack=1, duration=150, **valid)
    await states.profile_set(bench, low)
    await states.profile_set(bench, high)
    periods = await composite(bench, 350, origin_s=sent_s)
    assert periods == [(0, 7.0), (100, 9.0), (150, 8.0), (200, 10.0)]


@pytest.mark.octt("TC_K_41_CS")
async def test_purposes_combine_to_the_lowest_and_a_transactions_own_overrules_the_default(bench: Bench):
    await states.charging(bench)
    sent_s = now_s()
    valid = {"validFrom": stamp(-DEVIATION_S), "validTo": stamp(DEVIATION_S + 401)}
    station = profile((0, 10.0), purpose="ChargingStationMaxProfile", duration=86_400)
    default = profile(
        *zip((0, 60, 120, 180, 260), (6.0, 10.0, 8.0, 15.0, 8.0), strict=True), number=2, duration=300, **valid
    )
    own = profile(
        *zip((0, 50, 140, 200, 240), (8.0, 11.0, 16.0, 6.0, 12.0), strict=True),
        number=3,
        purpose="TxProfile",
        duration=260,
        transactionId=bench.tx,
        **valid,
    )
    await states.profile_set(bench, station, evse=0)
    await states.profile_set(bench, default)
    await states.profile_set(bench, own)
    periods = await composite(bench, 400, origin_s=sent_s)
    assert periods[:4] == [(0, 8.0), (50, 10.0), (200, 6.0), (240, 10.0)]
    await obeyed(bench, 8.0)
    await asyncio.sleep(50)
    assert bench.offered_a == 10.0


@pytest.mark.octt("TC_K_47_CS")
async def test_there_is_no_schedule_of_an_evse_that_there_is_not(bench: Bench):
    answer = await bench.tool.send("GetCompositeSchedule", evseId=2, duration=300, chargingRateUnit="A")
    require(answer, status="Rejected", schedule=ABSENT)


# Reporting them


@pytest.mark.parametrize(
    ("evse", "criteria", "found"),
    [
        pytest.param(0, {}, [1], marks=pytest.mark.octt("TC_K_29_CS"), id="station"),
        pytest.param(1, {}, [2], marks=pytest.mark.octt("TC_K_30_CS"), id="evse"),
        pytest.param(None, {}, [1, 2], marks=pytest.mark.octt("TC_K_31_CS"), id="all"),
        pytest.param(None, {"chargingProfileId": [1]}, [1], marks=pytest.mark.octt("TC_K_32_CS"), id="id"),
        pytest.param(1, {"stackLevel": 1}, [2], marks=pytest.mark.octt("TC_K_33_CS"), id="level"),
        pytest.param(
            1,
            {"chargingProfilePurpose": "TxDefaultProfile"},
            [2],
            marks=pytest.mark.octt("TC_K_35_CS"),
            id="purpose",
        ),
        pytest.param(
            1,
            {"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 1},
            [2],
            marks=pytest.mark.octt("TC_K_36_CS"),
            id="purpose-and-level",
        ),
    ],
)
async def test_the_profiles_that_match_are_reported(
    bench: Bench, evse: int | None, criteria: dict[str, Any], found: list[int]
):
    sent = {1: (0, of_station(1, stack=1)), 2: (1, profile(number=2, stack=1))}
    for of_evse, one in sent.values():
        await states.profile_set(bench, one, of_evse)
    assert await reported(bench, evse, **criteria) == [sent[number] for number in found]


@pytest.mark.octt("TC_K_34_CS")
async def test_profiles_are_reported_by_the_source_of_the_limit(bench: Bench):
    sent = profile(stack=1)
    await states.profile_set(bench, sent)
    assert await reported(bench, 1, chargingLimitSource=["CSO"]) == [(1, sent)]
    await none_reported(bench, 1, chargingLimitSource=["EMS"])


# Clearing them


@pytest.mark.octt("TC_K_05_CS")
async def test_a_profile_is_cleared_by_its_id(bench: Bench):
    await states.profile_set(bench, profile())
    await cleared(bench, "Accepted", chargingProfileId=1)
    await none_reported(bench, chargingProfileId=[1])


@pytest.mark.octt("TC_K_06_CS")
async def test_a_profile_is_cleared_by_purpose_and_level_and_obeyed_no_longer(bench: Bench):
    place = {"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 1}
    await states.profile_set(bench, profile(stack=1))
    await states.charging(bench)
    await obeyed(bench, LIMIT_A)
    await cleared(bench, "Accepted", chargingProfileCriteria=place)
    await none_reported(bench, **place)
    await obeyed(bench, HARDWARE_A)


@pytest.mark.octt("TC_K_07_CS")
async def test_what_matches_no_profile_clears_none(bench: Bench):
    await states.profile_set(bench, profile(stack=1))
    wrong = {"chargingProfilePurpose": "ChargingStationMaxProfile", "stackLevel": 0}
    await cleared(bench, "Unknown", chargingProfileCriteria=wrong)
    assert len(await reported(bench)) == 1


@pytest.mark.octt("TC_K_08_CS")
async def test_where_no_profiles_are_none_is_cleared(bench: Bench):
    await cleared(bench, "Unknown", chargingProfileId=1)


@pytest.mark.octt("TC_K_09_CS")
@pytest.mark.bench(settings=SIGNIFICANT)
async def test_a_running_transaction_goes_on_without_the_default_that_was_cleared(bench: Bench):
    valid = {"validFrom": stamp(-DEVIATION_S), "validTo": stamp(DEVIATION_S + 401)}
    await states.profile_set(bench, profile(duration=400 + DEVIATION_S, **valid))
    await states.charging(bench)
    assert await composite(bench, 300) == [(0, LIMIT_A)]
    await cleared(bench, "Accepted", chargingProfileCriteria={"chargingProfilePurpose": "TxDefaultProfile"})
    assert await composite(bench, 300) == [(0, HARDWARE_A)]
    await obeyed(bench, HARDWARE_A)


@pytest.mark.octt("TC_K_24_CS")
@TWO_EVSES
async def test_profiles_of_one_purpose_and_level_are_cleared_on_every_evse(bench: Bench):
    place = {"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 1}
    for evse in (1, 2):
        await states.profile_set(bench, profile(number=evse, stack=1), evse)
    await cleared(bench, "Accepted", chargingProfileCriteria=place)
    await none_reported(bench, **place)


# What no case asks for


@pytest.mark.req("K01.FR.43")
@pytest.mark.bench(spec=BoardSpec(evse=EvseSpec(phase_switch=True)))
async def test_a_profile_that_wants_one_phase_has_the_car_charge_on_one(bench: Bench):
    one_phase = profile((0, 10.0))
    one_phase["chargingSchedule"][0]["chargingSchedulePeriod"][0]["numberPhases"] = 1
    await states.profile_set(bench, one_phase)
    await states.charging(bench, phases=3)
    await asyncio.sleep(DUTY_S)
    assert bench.station.board.snapshot(bench.evse).current_a == pytest.approx((10.0, 0.0, 0.0), abs=0.1)
    await cleared(bench, "Accepted", chargingProfileId=1)
    await states.event(bench, transactionInfo__chargingState="SuspendedEVSE")
    await states.event(bench, transactionInfo__chargingState="Charging")
    await asyncio.sleep(DUTY_S)
    assert min(bench.station.board.snapshot(bench.evse).current_a) > 10.0
    for left in bench.tool.left("TransactionEvent"):
        require(bench.tool.take(left), eventType="Updated", transactionInfo__chargingState="SuspendedEV")
