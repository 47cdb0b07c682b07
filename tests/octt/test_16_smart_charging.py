"""Cases of 1.6 about charging profiles: what is reported of them, and the pilot that obeys."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from agent.ocpp.stamps import from_wire
from tests.octt import states16 as states
from tests.octt.bench import Bench
from tests.octt.tool import require

pytestmark = pytest.mark.bench(version="1.6")

HARDWARE_A: Final = 32.0  # what the station allows by itself
DUTY_S: Final = 6.0  # IEC 61851-1: the duty cycle changes at most every 5 s
HOUR_S: Final = 3600


def profile(
    *periods: tuple[int, float],
    number: int = 1,
    purpose: str = "TxDefaultProfile",
    kind: str = "Absolute",
    stack: int = 0,
    duration: int | None = 86_400,
    **more: Any,
) -> dict[str, Any]:
    """A ChargingProfile in ampere; its schedule starts now, unless it is relative."""
    schedule: dict[str, Any] = {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [
            {"startPeriod": start, "limit": limit, "numberPhases": 3} for start, limit in periods
        ],
    }
    schedule |= {} if kind == "Relative" else {"startSchedule": states.stamp()}
    schedule |= {} if duration is None else {"duration": duration}
    return {
        "chargingProfileId": number,
        "stackLevel": stack,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": schedule,
    } | more


def valid(for_s: float = 401) -> dict[str, str]:
    """From now on, for so long."""
    return {"validFrom": states.stamp(), "validTo": states.stamp(for_s)}


async def install(bench: Bench, one: dict[str, Any], status: str = "Accepted", connector: int = 1) -> None:
    answer = await bench.tool.send("SetChargingProfile", connectorId=connector, csChargingProfiles=one)
    require(answer, status=status)


async def composite(bench: Bench, for_s: int = HOUR_S, connector: int = 1) -> list[tuple[float, float]]:
    """The composite schedule from now on: (from so many seconds, at most so much ampere)."""
    answer = await bench.tool.send("GetCompositeSchedule", connectorId=connector, duration=for_s, chargingRateUnit="A")
    schedule = require(answer, status="Accepted", connectorId=connector)["chargingSchedule"]
    assert abs(from_wire(answer["scheduleStart"]) - states.now_s()) < 2
    require(schedule, chargingRateUnit="A", duration=for_s)
    return [(one["startPeriod"], one["limit"]) for one in schedule["chargingSchedulePeriod"]]


def near(*periods: tuple[float, float]) -> Any:
    """The same limits at nearly the same moments."""
    return [pytest.approx(one, abs=3) for one in periods]


async def obeys(bench: Bench, limit_a: float) -> None:
    """The pilot offers so much, as soon as it may change."""
    await asyncio.sleep(DUTY_S)
    assert bench.offered_a == limit_a


@pytest.mark.octt("TC_056_CS")
async def test_a_default_limits_the_next_transaction(bench: Bench):
    """A default is set for the station; it is in the composite schedule, and the next driver is held to it."""
    await install(bench, profile((0, 6.0), (300, 10.0)), connector=0)
    assert await composite(bench) == near((0, 6.0), (300, 10.0))
    await states.charging(bench)
    await obeys(bench, 6.0)


@pytest.mark.octt("TC_057_CS")
async def test_a_profile_of_the_transaction_limits_it_and_goes_with_it(bench: Bench):
    """A driver charges; a profile for him is set, reported, and obeyed; after him it is gone."""
    await states.charging(bench)
    await install(bench, profile((0, 8.0), purpose="TxProfile", transactionId=states.TRANSACTION))
    assert await composite(bench) == near((0, 8.0))
    await obeys(bench, 8.0)
    await states.stopped_by_card(bench)
    assert await composite(bench) == near((0, HARDWARE_A))


@pytest.mark.octt("TC_058_1_CS")
async def test_a_profile_of_a_transaction_without_one_is_rejected(bench: Bench):
    """Nobody charges; a profile for a transaction is set."""
    await install(bench, profile((0, 8.0), purpose="TxProfile", transactionId=states.TRANSACTION), "Rejected")


@pytest.mark.octt("TC_058_2_CS")
async def test_a_profile_of_another_transaction_is_rejected(bench: Bench):
    """A driver charges; a profile for another transaction is set: it changes nothing."""
    await states.charging(bench)
    wrong = profile((0, 8.0), purpose="TxProfile", transactionId=states.TRANSACTION + 1)
    await install(bench, wrong, "Rejected")
    await obeys(bench, HARDWARE_A)


@pytest.mark.octt("TC_059_CS")
async def test_a_remote_start_brings_a_profile_that_the_transaction_obeys(bench: Bench):
    """A remote start with a profile: when the driver charges it is reported and obeyed."""
    await states.plugged(bench)
    await states.remote_start(bench, chargingProfile=profile((0, 7.0), purpose="TxProfile", kind="Relative"))
    await states.started(bench)
    assert await composite(bench) == near((0, 7.0))
    await obeys(bench, 7.0)


@pytest.mark.octt("TC_060_CS")
async def test_a_remote_start_with_a_profile_that_is_for_no_transaction_is_rejected(bench: Bench):
    """A remote start with a default: rejected, and nothing starts."""
    await states.plugged(bench)
    await states.remote_start(bench, "Rejected", chargingProfile=profile((0, 7.0)))
    await states.nothing_starts(bench)


@pytest.mark.octt("TC_066_CS")
async def test_the_composite_schedule_is_the_lowest_of_all_purposes(bench: Bench):
    """Three profiles, one of each purpose; what is reported is their lowest at every moment, and what is obeyed."""
    await states.charging(bench)
    await install(bench, profile((0, 10.0), number=1, purpose="ChargePointMaxProfile"), connector=0)
    default = ((0, 6.0), (60, 10.0), (120, 8.0), (180, 15.0), (260, 8.0))
    await install(bench, profile(*default, number=2, duration=300, **valid()))
    mine = ((0, 8.0), (50, 11.0), (140, 16.0), (200, 6.0), (240, 12.0))
    running = {"purpose": "TxProfile", "transactionId": states.TRANSACTION}
    await install(bench, profile(*mine, number=3, duration=260, **running, **valid()))
    wanted = near((0, 8.0), (50, 10.0), (200, 6.0), (240, 10.0), (260, 8.0), (300, 10.0))
    found = await composite(bench, 400)
    assert found == wanted[: len(found)]
    assert len(found) >= 4
    await obeys(bench, 8.0)
    await asyncio.sleep(60)
    await obeys(bench, 10.0)


@pytest.mark.octt("TC_067_CS")
async def test_profiles_are_cleared_by_their_number_by_what_they_are_and_all(bench: Bench):
    """Two stacked defaults and one for the station: one is cleared by its number, one by purpose and level, then all.

    What is reported after each is what is left.
    """
    await install(bench, profile((0, 6.0), (60, 8.0), (200, 10.0), number=1, stack=1, duration=400))
    await install(bench, profile((0, 7.0), (100, 9.0), number=2, duration=400, **valid()))
    top = profile((0, 11.0), (200, 12.0), number=3, purpose="ChargePointMaxProfile", **valid())
    await install(bench, top, connector=0)
    level = {"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}
    for what, left in (
        ({"id": 1}, ((0, 7.0), (100, 9.0))),
        (level, ((0, 11.0), (200, 12.0))),
        ({}, ((0, HARDWARE_A),)),
    ):
        require(await bench.tool.send("ClearChargingProfile", **what), status="Accepted")
        assert await composite(bench, 350) == near(*left)
    require(await bench.tool.send("ClearChargingProfile", id=1), status="Unknown")


@pytest.mark.octt("TC_072_CS")
async def test_the_higher_of_two_stacked_profiles_goes_first_and_leaves_the_rest_to_the_lower(bench: Bench):
    """Two defaults, the higher of which ends earlier: first the one holds, then the other, for who charges as well."""
    await install(bench, profile((0, 6.0), (100, 8.0), (200, 10.0), number=1, duration=400, **valid()))
    await install(bench, profile((0, 7.0), (100, 9.0), number=2, stack=1, duration=150, **valid()))
    assert await composite(bench, 350) == near((0, 7.0), (100, 9.0), (150, 8.0), (200, 10.0))
    await states.charging(bench)
    await obeys(bench, 7.0)
    await asyncio.sleep(100)
    await obeys(bench, 9.0)


@pytest.mark.octt("TC_082_CS")
async def test_a_default_limits_also_the_transaction_that_runs(bench: Bench):
    """A driver charges; a default is set: it is reported, and he is held to it."""
    await states.charging(bench)
    await install(bench, profile((0, 6.0)))
    assert await composite(bench) == near((0, 6.0))
    await obeys(bench, 6.0)
