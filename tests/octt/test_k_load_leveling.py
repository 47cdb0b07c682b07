"""TC_K_53-58: a car that talks ISO 15118 says what it needs, is planned for, and talks about it again (K15-K17)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agent.core.session import Talk
from agent.iso15118.secc.events import Protocol
from sim.evcc.plan import Plan
from tests.octt import states
from tests.octt.bench import DURATION_S, Bench
from tests.octt.test_k_smart_charging import profile
from tests.octt.test_v2g import TALKS, car
from tests.octt.tool import PRESENT, require

pytestmark = pytest.mark.bench(v2g=TALKS)

PLAN = Plan(offers=(Protocol.ISO_2,), charge_s=3600.0, departure_s=7200, entries=10)
TELLS = Plan(offers=(Protocol.ISO_2,), charge_s=3600.0, departure_s=7200, entries=10, tells=True)
ANSWER_S = 2.0
DRAWS = {"eventType": "Updated", "triggerReason": "ChargingStateChanged", "transactionInfo__chargingState": "Charging"}


async def ready(bench: Bench) -> None:
    """Authorized, then EVConnectedPreSession, by a car that talks."""
    await states.authorized(bench)
    await states.connected(bench, digital=True)


def of_transaction(bench: Bench, limit: float, **more: Any) -> dict[str, Any]:
    """A TxProfile of one limit, for the transaction that goes on."""
    return profile((0, limit), number=7, purpose="TxProfile", kind="Relative", **more) | {"transactionId": bench.tx}


async def needs_told(bench: Bench) -> dict[str, Any]:
    told = await bench.tool.expect("NotifyEVChargingNeeds", evseId=bench.evse)
    mode = told["chargingNeeds"]["requestedEnergyTransfer"]
    side = "dcChargingParameters" if mode == "DC" else "acChargingParameters"
    return dict(require(told, **{f"chargingNeeds__{side}": PRESENT}))


async def renegotiated(bench: Bench, limit: float = 10.0, duration: int | None = 300) -> None:
    """RenegotiateChargingLimits: needs are told, a profile comes, what the car means to draw is told."""
    await needs_told(bench)
    await states.profile_set(bench, of_transaction(bench, limit, duration=duration))
    await bench.tool.expect("NotifyEVChargingSchedule", evseId=bench.evse)


async def drawing(bench: Bench, limit_a: float) -> None:
    """The car draws by its limit, in truth."""
    await asyncio.sleep(ANSWER_S)
    assert bench.closed
    assert bench.offered_a == limit_a


@pytest.mark.octt("TC_K_53_CS")
@pytest.mark.req("K15.FR.01", "K15.FR.06", "K15.FR.09", "K15.FR.10")
@pytest.mark.parametrize("plan", [PLAN, TELLS], ids=["takes over", "has its own"])
async def test_a_car_is_planned_for(bench: Bench, plan: Plan):
    await ready(bench)
    async with car(bench, plan):
        await renegotiated(bench)
        await states.event(bench, **DRAWS)
        await drawing(bench, 10.0)


@pytest.mark.octt("TC_K_54_CS")
@pytest.mark.req("K15.FR.04")
async def test_a_car_for_which_nobody_plans_charges_by_what_the_station_can(bench: Bench):
    bench.tool.answer("NotifyEVChargingNeeds", {"status": "Rejected"})
    await ready(bench)
    async with car(bench, TELLS):
        await needs_told(bench)
        await bench.tool.expect("NotifyEVChargingSchedule", evseId=bench.evse)
        await states.event(bench, **DRAWS)
        await drawing(bench, 32.0)


@pytest.mark.octt("TC_K_56_CS")
@pytest.mark.req("K15.FR.15")
async def test_offline_a_car_charges_by_the_default_profile(bench: Bench):
    valid = {"validFrom": "2025-12-31T23:59:50Z", "validTo": "2026-01-01T00:07:00Z"}
    await states.profile_set(bench, profile((0, 6.0), start_s=-10, duration=400, **valid))
    await ready(bench)
    await bench.tool.go_offline()
    async with car(bench, TELLS):
        await asyncio.sleep(90.0)
        await bench.tool.go_online()
        await states.event(bench, **DRAWS, offline=True)
        await drawing(bench, 6.0)


@pytest.mark.octt("TC_K_57_CS")
@pytest.mark.req("K17.FR.01", "K17.FR.06", "K17.FR.09", "K17.FR.10")
async def test_a_car_that_wants_to_talk_again_is_planned_for_again(bench: Bench):
    await ready(bench)
    again = Plan(offers=(Protocol.ISO_2,), charge_s=3600.0, tells=True, renegotiate_s=DURATION_S)
    async with car(bench, again):
        await renegotiated(bench)
        await states.event(bench, **DRAWS)
        await renegotiated(bench, 15.0, None)
        await drawing(bench, 15.0)


@pytest.mark.octt("TC_K_58_CS")
@pytest.mark.req("K16.FR.01", "K16.FR.02", "K16.FR.03", "K16.FR.05", "K16.FR.09")
async def test_a_new_profile_is_talked_about_with_the_car(bench: Bench):
    await ready(bench)
    async with car(bench, TELLS):
        await renegotiated(bench)
        await states.event(bench, **DRAWS)
        await asyncio.sleep(DURATION_S)
        await states.profile_set(bench, of_transaction(bench, 8.0))
        await bench.tool.expect("NotifyEVChargingSchedule", 5.0, evseId=bench.evse)
        await drawing(bench, 8.0)
        assert not bench.tool.left("NotifyEVChargingNeeds")


# What no case asks for


@pytest.mark.req("K15.FR.07", "K15.FR.19", "K15.FR.21")
async def test_a_car_draws_by_the_schedule_that_it_chose_of_several(bench: Bench):
    await ready(bench)
    async with car(bench, Plan(offers=(Protocol.ISO_2,), charge_s=3600.0, choice=1)):
        await needs_told(bench)
        several = of_transaction(bench, 16.0)
        (first,) = several["chargingSchedule"]
        second = first | {"id": 8, "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 9.0}]}
        await states.profile_set(bench, several | {"chargingSchedule": [first, second]})
        await states.event(bench, **DRAWS)
        await bench.tool.expect("NotifyEVChargingSchedule", chargingSchedule__id=8)
        await drawing(bench, 9.0)


@pytest.mark.req("K16.FR.02", "K16.FR.03")
async def test_a_car_that_has_paused_is_woken_for_a_new_profile_and_goes_on_with_it(bench: Bench):
    await ready(bench)
    pausing = Plan(offers=(Protocol.ISO_2,), charge_s=DURATION_S, pause=True)
    async with car(bench, pausing):
        await renegotiated(bench)
        await states.event(bench, **DRAWS)
        await states.event(bench, transactionInfo__chargingState="SuspendedEV")
        await asyncio.sleep(DURATION_S)
    session = bench.station.session
    assert session(bench.evse).digital.paused
    await states.profile_set(bench, of_transaction(bench, 8.0))
    await asyncio.sleep(ANSWER_S)
    assert session(bench.evse).digital.talk is Talk.WAKING
    async with car(bench):
        await needs_told(bench)
        await states.event(bench, **DRAWS)
        await bench.tool.expect("NotifyEVChargingSchedule", evseId=bench.evse)
        await drawing(bench, 8.0)
