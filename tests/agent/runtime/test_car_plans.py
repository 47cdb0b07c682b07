"""Which schedule a car is offered, how long it waits for it, and when it is to talk about it again."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.core.car_plan import CarPlan, Offered, differ
from agent.core.events import DigitalWanted
from agent.core.limits import LimitInput, LimitSource
from agent.core.outlook import Wanted
from agent.core.schedule import DAY_S, Kind, LimitOwner, Period, Profile, Purpose, RateUnit, Schedule
from agent.core.session import Needs
from agent.runtime.car_plans import DC_REST_S, PLANNING_S, CarPlans
from hal.types import CpState
from tests.agent.runtime.test_profiles import EPOCH_S, Stand

NEEDS = Needs(mode="AC_three_phase_core", max_current_a=32.0, max_voltage_v=230.0)
DC_NEEDS = Needs(mode="DC_extended", max_current_a=100.0, max_voltage_v=450.0)
FULL_W = 32.0 * 3 * 230.0


class Desk(Stand):
    """The profiles' stand, with plans and what their listeners heard; a transaction goes on at EVSE 1."""

    def __init__(self) -> None:
        super().__init__()
        self.plans = CarPlans(self.profiles, self, self.clock)
        self.needs: list[tuple[int, Needs]] = []
        self.chosen: list[CarPlan] = []
        self.told = 0
        self.woken: list[int] = []
        self.plans.on_car(lambda evse, needs: self.needs.append((evse, needs)), self.chosen.append)
        self.plans.on_change(1, self._count)
        self.transact(1, "tx-1")

    def post(self, evse: int, event) -> None:
        if isinstance(event, DigitalWanted):
            self.woken.append(evse)
        else:
            super().post(evse, event)

    def _count(self) -> None:
        self.told += 1

    def limit_a(self) -> float:
        """What profiles of the transaction allow at EVSE 1 now."""
        return [limit for _, evse, limit in self.limits if evse == 1][-1]

    def install(self, *periods: tuple[float, float], evse: int = 1, number: int = 1, **more) -> None:
        purpose = more.pop("purpose", Purpose.TX)
        self.profiles.install(
            Profile(
                id=number,
                evse=evse,
                stack_level=0,
                purpose=purpose,
                kind=Kind.ABSOLUTE,
                schedule=Schedule(
                    tuple(Period(*one) for one in periods),
                    start_utc_s=EPOCH_S,
                    id=more.pop("schedule", 1),
                    duration_s=more.pop("duration_s", None),
                ),
                others=more.pop("others", ()),
                tx=f"tx-{evse}" if purpose is Purpose.TX else None,
            )
        )

    def offered(self) -> tuple[tuple[float, float], ...]:
        (offered,) = self.plans.offered(1)
        return tuple((one.start_s, one.limit) for one in offered.periods)


@pytest.mark.req("K15.FR.01")
async def test_a_car_waits_for_the_profile_of_its_transaction():
    desk = Desk()
    desk.plans.wanted(1, NEEDS, asked=False)
    assert desk.needs == [(1, NEEDS)]
    await asyncio.sleep(20)
    assert not desk.plans.offered(1)
    desk.transact(2, "tx-2")
    desk.install((0, 6.0), evse=2, number=2)  # another car's
    desk.install((0, 20.0), evse=0, number=3, purpose=Purpose.TX_DEFAULT)  # and one that answers nobody
    assert not desk.plans.offered(1)
    desk.install((0, 10.0), (3600, 16.0), schedule=4)
    assert desk.offered() == ((0.0, 6_900.0), (3580.0, 11_040.0))
    assert desk.plans.offered(1)[0].id == 4
    assert desk.told == 1


async def test_a_car_for_which_no_profile_comes_is_offered_what_is_known_in_time():
    desk = Desk()
    desk.plans.wanted(1, NEEDS, asked=False)
    await asyncio.sleep(PLANNING_S - 1)
    assert not desk.plans.offered(1)
    await asyncio.sleep(2)
    assert desk.offered() == ((0.0, FULL_W),)


@pytest.mark.req("K16.FR.09")
async def test_a_car_that_was_asked_to_talk_again_waits_for_nobody():
    desk = Desk()
    desk.plans.wanted(1, NEEDS, asked=True)
    assert desk.needs == []
    assert desk.offered() == ((0.0, FULL_W),)


async def test_a_schedule_reaches_to_the_departure_and_knows_phases_and_cable():
    desk = Desk()
    desk.become(1, limits=(LimitInput(LimitSource.CABLE, 20.0),))
    leaves = Needs(
        mode="AC_single_phase_core", max_current_a=16.0, max_voltage_v=230.0, departure_utc_s=EPOCH_S + 3600.0
    )
    desk.install((0, 10.0), (1800, 32.0))
    desk.plans.wanted(1, leaves, asked=True)
    assert desk.plans.offered(1)[0].reach_s == 3600.0
    assert desk.offered() == ((0.0, 2_300.0), (1800.0, 4_600.0))


@pytest.mark.req("K16.FR.02")
async def test_a_car_is_to_talk_again_when_its_schedule_has_changed_and_only_then():
    desk = Desk()
    desk.install((0, 10.0), (100, 16.0))
    desk.plans.wanted(1, NEEDS, asked=True)
    await asyncio.sleep(150)  # the schedule's second period has begun, as agreed
    desk.profiles.apply()
    assert not desk.plans.stale(1)
    desk.install((0, 10.0), (100, 16.0), (900, 8.0))
    assert desk.plans.stale(1)
    assert desk.told == 2
    desk.plans.wanted(1, NEEDS, asked=True)
    assert not desk.plans.stale(1)
    assert desk.offered() == ((0.0, 11_040.0), (750.0, 5_520.0))


@pytest.mark.req("K16.FR.02")
async def test_a_dc_car_that_has_just_talked_again_is_left_alone_for_a_while_and_then_asked_once():
    desk = Desk()
    desk.install((0, 10.0))
    desk.plans.wanted(1, DC_NEEDS, asked=False)
    desk.plans.settle(1)
    desk.install((0, 12.0))
    assert desk.plans.stale(1), "the first change is told at once"
    desk.plans.wanted(1, DC_NEEDS, asked=True)
    told = desk.told
    for limit_a in (14.0, 16.0, 18.0):
        desk.install((0, limit_a))
        await asyncio.sleep(60.0)
    assert (desk.plans.stale(1), desk.told) == (False, told)
    await asyncio.sleep(DC_REST_S - 180.0)
    assert (desk.plans.stale(1), desk.told) == (True, told + 1)


async def test_a_dc_car_that_talks_again_by_its_own_wish_is_left_alone_as_long_as_before():
    desk = Desk()
    desk.install((0, 10.0))
    desk.plans.wanted(1, DC_NEEDS, asked=True)
    await asyncio.sleep(60.0)
    desk.plans.wanted(1, DC_NEEDS, asked=False)
    desk.plans.settle(1)
    desk.install((0, 12.0))
    assert not desk.plans.stale(1)
    await asyncio.sleep(DC_REST_S - 60.0)
    assert desk.plans.stale(1)


async def test_a_dc_car_that_has_left_while_it_was_left_alone_is_not_asked():
    desk = Desk()
    desk.install((0, 10.0))
    desk.plans.wanted(1, DC_NEEDS, asked=True)
    desk.install((0, 12.0))
    desk.plans.over(1)
    await asyncio.sleep(2 * DC_REST_S)
    assert not desk.plans.stale(1)


async def test_a_dc_car_is_not_asked_about_a_change_that_was_taken_back_meanwhile():
    desk = Desk()
    desk.install((0, 10.0))
    desk.plans.wanted(1, DC_NEEDS, asked=True)
    desk.install((0, 12.0))
    desk.install((0, 10.0))
    await asyncio.sleep(2 * DC_REST_S)
    assert not desk.plans.stale(1)


@pytest.mark.parametrize("how", ["grid", "cleared", "switched off"])
async def test_whatever_changes_the_composite_schedule_has_the_car_talk_again(how: str):
    desk = Desk()
    desk.install((0, 10.0))
    desk.plans.wanted(1, NEEDS, asked=True)
    match how:
        case "grid":
            desk.profiles.impose(LimitOwner.GRID, Schedule((Period(0, 8.0),)))
        case "cleared":
            desk.profiles.clear(Wanted())
        case _:
            desk.enabled = False
            desk.profiles.apply()
    assert desk.plans.stale(1)


@pytest.mark.req("K15.FR.14", "K16.FR.10")
async def test_what_the_car_will_draw_counts_in_the_composite_schedule_once_it_is_accepted():
    desk = Desk()
    desk.install((0, 16.0))
    desk.plans.wanted(1, NEEDS, asked=True)
    desk.plans.chosen(1, 1, ((0, 6_900.0), (600, 0.0)))
    (plan,) = desk.chosen
    assert plan.own

    def most() -> tuple[tuple[float, float], ...]:
        outlook = desk.profiles.outlook(1, 1800.0, RateUnit.AMPERE)
        return tuple((one.start_s, one.limit) for one in outlook.periods)

    assert most() == ((0.0, 16.0),)
    desk.plans.agreed(plan)
    assert most() == ((0.0, 10.0), (600.0, 0.0))
    desk.profiles.apply()
    assert not desk.plans.stale(1), "its own plan is no news to the car"
    desk.plans.over(1)
    assert most() == ((0.0, 16.0),)


async def test_a_car_without_a_plan_of_its_own_takes_over_what_it_was_offered():
    desk = Desk()
    desk.install((0, 10.0), schedule=9)
    desk.plans.wanted(1, NEEDS, asked=True)
    desk.plans.chosen(1, 9, ())
    (plan,) = desk.chosen
    assert not plan.own
    assert (plan.schedule.id, plan.schedule.duration_s) == (9, DAY_S)
    assert plan.schedule.periods == (Period(0.0, 6_900.0, 3),)


async def test_of_direct_current_no_phases_are_told():
    desk = Desk()
    desk.plans.wanted(1, Needs(mode="DC_extended", max_current_a=100.0, max_voltage_v=450.0), asked=True)
    desk.plans.chosen(1, 1, ((0, 20_000.0),))
    assert desk.chosen[0].schedule.periods == (Period(0.0, 20_000.0),)


def flat(current_a: float, number: int) -> Schedule:
    return Schedule((Period(0, current_a),), start_utc_s=EPOCH_S, id=number)


@pytest.mark.req("K15.FR.07", "K15.FR.22")
async def test_a_car_may_choose_among_the_schedules_of_its_profile_and_its_choice_holds():
    desk = Desk()
    desk.install((0, 20.0), schedule=5, others=(flat(12.0, 6), flat(10.0, 7)))
    desk.profiles.impose(LimitOwner.GRID, Schedule((Period(0, 16.0),)))
    desk.plans.wanted(1, NEEDS, asked=True)
    offered = [(one.id, one.periods[0].limit / 690.0) for one in desk.plans.offered(1)]
    assert offered == [(5, pytest.approx(16.0)), (6, pytest.approx(12.0)), (7, pytest.approx(10.0))]
    assert desk.limit_a() == 20.0
    desk.plans.chosen(1, 7, ())
    assert desk.limit_a() == 10.0
    assert desk.chosen[-1].schedule.id == 7
    assert not desk.plans.stale(1)
    desk.plans.over(1)
    assert desk.limit_a() == 20.0


async def test_a_choice_ends_with_the_profile_that_it_was_made_of():
    desk = Desk()
    desk.install((0, 20.0), schedule=5, others=(flat(12.0, 6),))
    desk.plans.wanted(1, NEEDS, asked=True)
    desk.plans.chosen(1, 6, ())
    desk.install((0, 18.0))
    assert desk.limit_a() == 18.0
    assert desk.plans.stale(1)


async def test_ids_that_no_car_can_be_told_are_replaced():
    desk = Desk()
    desk.install((0, 20.0), schedule=1000, others=(flat(12.0, 1001),))
    desk.plans.wanted(1, NEEDS, asked=True)
    assert [one.id for one in desk.plans.offered(1)] == [1, 2]
    desk.plans.chosen(1, 3, ())
    assert desk.chosen == [], "nothing that it was offered"


async def test_after_the_session_nothing_is_waited_for():
    desk = Desk()
    desk.plans.wanted(1, NEEDS, asked=False)
    desk.plans.over(1)
    await asyncio.sleep(PLANNING_S + 1)
    assert not desk.plans.offered(1)
    assert desk.told == 0
    desk.plans.chosen(1, 1, ())
    assert desk.chosen == []


async def test_a_car_that_comes_back_goes_on_with_its_schedule_and_its_needs_are_told():
    desk = Desk()
    desk.become(1, cp=CpState.B)
    desk.install((0, 10.0), (3600, 16.0))
    desk.plans.wanted(1, NEEDS, asked=True)
    desk.plans.over(1, paused=True)
    await asyncio.sleep(600)
    desk.profiles.apply()
    assert desk.woken == []
    desk.plans.wanted(1, NEEDS, asked=False)
    assert desk.offered() == ((0.0, 6_900.0), (3000.0, 11_040.0))
    assert desk.needs == [(1, NEEDS)]
    desk.plans.settle(1)  # whatever the planner makes of them
    assert desk.told == 2


@pytest.mark.req("K16.FR.02")
async def test_a_car_that_has_paused_is_woken_when_its_schedule_changes():
    desk = Desk()
    desk.become(1, cp=CpState.B)
    desk.plans.wanted(1, NEEDS, asked=True)
    desk.plans.over(1, paused=True)
    desk.install((0, 10.0))
    assert desk.woken == [1]
    desk.install((0, 8.0))
    assert desk.woken == [1], "it knows already"


@pytest.mark.parametrize("left", [True, False], ids=["the car has left", "its session has failed"])
async def test_nobody_is_woken_who_does_not_come_back(*, left: bool):
    desk = Desk()
    desk.become(1, cp=CpState.B)
    desk.plans.wanted(1, NEEDS, asked=True)
    desk.plans.over(1, paused=left)
    desk.become(1, cp=CpState.A)
    desk.plans.watch(desk.session(1))
    desk.install((0, 10.0))
    assert desk.woken == []
    assert not desk.plans.offered(1)


TENS = st.integers(1, 500).map(lambda n: 10 * n)  # edges a second apart count as one
STEPS = st.lists(st.tuples(TENS, st.integers(0, 22_000)), max_size=6)


def made(steps: list[tuple[int, int]], at_utc_s: float, first_w: float = 1_000.0) -> Offered:
    periods = {0: first_w} | {start: float(power) for start, power in steps}
    return Offered(1, at_utc_s, float(DAY_S), 3, tuple(Period(float(s), w) for s, w in sorted(periods.items())))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])  # a busy machine draws slowly
@given(STEPS, TENS)
def test_the_same_schedule_seen_later_is_the_same(steps: list[tuple[int, int]], later_s: int):
    old = made(steps, 0.0)
    now_w = next(one.limit for one in reversed(old.periods) if one.start_s <= later_s)
    new = made([(s - later_s, w) for s, w in steps if s > later_s], float(later_s), now_w)
    assert not differ(old, new)
    changed = made([(s - later_s, w) for s, w in steps if s > later_s], float(later_s), now_w + 500.0)
    assert differ(old, changed)
