"""Schedules between charger and car: fitted to what the car can take, held against what it means to draw, renewed."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.iso15118.exi import iso2 as m
from agent.iso15118.secc.events import EnergyWanted, PowerWanted, Protocol
from agent.iso15118.secc.iso2_parts import charging_state, fitted
from agent.iso15118.secc.iso2_power import power_delivery, within
from agent.iso15118.secc.snapshot import Choice, EnergyMode, Notice, Period
from agent.iso15118.secc.state import Phase, State
from agent.iso15118.secc.values import physical
from sim.evcc.evcc import charge
from sim.evcc.plan import Plan
from tests.agent.iso15118.stand import AC, Battery, Stand, dc_snapshot, snapshot

PLAN = Plan(offers=(Protocol.ISO_2,))
STEPS = (Period(0, 11_000.0), Period(600, 4_000.0), Period(1200, 8_000.0))
EDGES = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 20_000)), min_size=1, max_size=12, unique_by=lambda one: one[0]
)


def steps(edges: list[tuple[int, int]]) -> tuple[Period, ...]:
    first, *rest = sorted(edges)
    return (Period(0, float(first[1])), *(Period(start, float(power)) for start, power in rest))


def level(periods: tuple[Period, ...], at_s: int) -> float:
    return next(one.power_w for one in reversed(periods) if one.start_s <= at_s)


@settings(max_examples=100)
@given(EDGES, st.integers(1, 12))
def test_fewer_periods_never_allow_more(edges: list[tuple[int, int]], most: int):
    whole = steps(edges)
    few = fitted(whole, most)
    assert len(few) <= most
    assert all(level(few, at_s) <= level(whole, at_s) for at_s in range(60))
    assert fitted(whole, len(whole)) == whole


@settings(max_examples=100)
@given(EDGES, EDGES)
def test_a_profile_is_held_against_the_schedule_at_every_moment(offered: list[tuple[int, int]], own: list):
    schedule, profile = steps(offered), steps(own)
    fits = all(level(profile, at_s) <= level(schedule, at_s) * 1.001 for at_s in range(60))
    entries = tuple((one.start_s, one.power_w) for one in profile)
    assert within(entries, schedule) is fits


async def test_a_car_is_offered_what_it_can_take_and_says_what_it_will_draw():
    stand = Stand(snapshot(schedule=STEPS, schedule_id=9))
    plan = Plan(offers=(Protocol.ISO_2,), entries=2, tells=True)
    report = await charge(stand, plan, Battery(voltage_v=230.0, max_current_a=10.0))
    assert report.ended == "done"
    assert report.schedules == [((0, 11_000.0), (600, 4_000.0))]
    assert PowerWanted(True, ((0, 6_900.0), (600, 4_000.0)), 9) in stand.events
    (wanted,) = [one for one in stand.events if isinstance(one, EnergyWanted)]
    assert (wanted.entries, wanted.asked) == (2, False)


async def test_a_car_goes_by_the_schedule_that_it_chooses_of_several():
    choices = (Choice(12, (Period(0, 6_000.0),)), Choice(13, (Period(0, 9_000.0),)))
    stand = Stand(snapshot(schedule=STEPS, schedule_id=9, choices=choices))
    plan = Plan(offers=(Protocol.ISO_2,), tells=True, choice=1, charge_s=10.0)
    assert (await charge(stand, plan, Battery(voltage_v=230.0))).ended == "done"
    assert PowerWanted(True, ((0, 6_000.0),), 12) in stand.events


@pytest.mark.parametrize(("schedule", "code"), [(12, "OK"), (10, "FAILED_TariffSelectionInvalid")])
def test_only_what_is_offered_can_be_chosen_and_is_what_the_profile_is_held_against(schedule: int, code: str):
    offered = snapshot(schedule=STEPS, choices=(Choice(12, (Period(0, 6_000.0),)),), ac=replace(AC, closed=True))
    before = State(phase=Phase.DELIVERY, mode=EnergyMode.AC_3P)
    request = m.PowerDeliveryReq(ChargeProgress="Start", SAScheduleTupleID=schedule)
    after, reply = power_delivery(before, request, offered, 0.0)
    assert reply.answer.ResponseCode == code
    if code == "OK":
        assert charging_state(after, offered, "OK").SAScheduleTupleID == schedule


@pytest.mark.req("K15.FR.09", "K16.FR.04", "K17.FR.09")
def test_a_car_that_goes_on_drawing_where_its_schedule_has_fallen_is_refused():
    entry = m.ProfileEntryType(
        ChargingProfileEntryStart=0, ChargingProfileEntryMaxPower=physical(m.PhysicalValueType, 11_000.0, "W")
    )
    profile = m.ChargingProfileType(ProfileEntry=(entry,))
    request = m.PowerDeliveryReq(ChargeProgress="Start", SAScheduleTupleID=1, ChargingProfile=profile)
    before = State(phase=Phase.DELIVERY, mode=EnergyMode.AC_3P)
    _, kept = power_delivery(before, request, snapshot(schedule=STEPS[:1]), 0.0)
    assert kept.events == (PowerWanted(True, ((0, 11_000.0),)),)
    _, refused = power_delivery(before, request, snapshot(schedule=STEPS), 0.0)
    assert refused.answer.ResponseCode == "FAILED_ChargingProfileInvalid"
    assert refused.last
    assert not refused.events


def test_a_car_that_begins_although_it_was_told_to_stop_is_told_at_once_that_there_is_nothing():
    request = m.PowerDeliveryReq(ChargeProgress="Start", SAScheduleTupleID=1)
    before = State(phase=Phase.DELIVERY, mode=EnergyMode.AC_3P)
    _, refused = power_delivery(before, request, snapshot(notice=Notice.STOP), 0.0)
    assert refused.answer.ResponseCode == "FAILED_PowerDeliveryNotApplied"
    assert not refused.events


@pytest.mark.req("K16.FR.09", "K17.FR.01")
@pytest.mark.parametrize("by_car", [True, False])
@pytest.mark.parametrize("dc", [True, False])
async def test_whether_the_car_was_asked_to_talk_again_is_known_and_ac_goes_on_meanwhile(*, by_car: bool, dc: bool):
    stand = Stand(dc_snapshot() if dc else snapshot())
    mode = EnergyMode.DC_EXTENDED if dc else EnergyMode.AC_3P
    plan = Plan(offers=(Protocol.ISO_2,), mode=mode, renegotiate_s=20.0 if by_car else None)
    session = asyncio.get_running_loop().create_task(charge(stand, plan, Battery()))
    await asyncio.sleep(30)
    if not by_car:
        stand.change(notice=Notice.RENEGOTIATE)
    assert (await session).ended == "done"
    wanted = [one.asked for one in stand.events if isinstance(one, EnergyWanted)]
    assert wanted == [False, not by_car]
    power = [one.on for one in stand.events if isinstance(one, PowerWanted)]
    assert power == ([True, False, True, False] if dc else [True, True, False])
