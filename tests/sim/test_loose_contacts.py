"""Symptoms of wires and bolts: what the physics and the sensors make of them."""

from __future__ import annotations

import asyncio

import pytest

from hal.types import CpChanged, CpState, FaultCleared, FaultKind, FaultRaised, LockChanged, LockState, PpChanged
from sim.sensors import found
from sim.symptoms import Symptom
from tests.sim.boards import charge, running


async def test_a_loose_contact_makes_and_breaks_at_its_own_pace():
    async with running() as (board, listener):
        await charge(board)
        begun = len(board.trace)
        board.inject(1, "cp-loose", 0.5)
        await asyncio.sleep(2.1)
        seen = [(round(e.at_s, 2), e.value == "A") for e in board.trace[begun:] if e.what == "cp"]
        began_s = seen[0][0]
        at_each_move = {at_s - began_s: gone for at_s, gone in seen if (at_s - began_s) % 0.5 == 0}
        assert at_each_move == {0.0: True, 0.5: False, 1.0: True, 1.5: False, 2.0: True}
        board.clear(1, "cp-loose")
        await asyncio.sleep(5)
        assert listener.last(CpChanged).reading.state is not CpState.A


async def test_a_contact_that_is_faster_than_the_filter_is_not_seen():
    async with running() as (board, listener):
        await charge(board)
        board.inject(1, "cp-loose", 0.004)
        await asyncio.sleep(1)
        assert listener.last(CpChanged).reading.state in {CpState.B, CpState.C, CpState.A}
        settled = len(listener.of(CpChanged))
        board.clear(1, "cp-loose")
        await asyncio.sleep(0.5)
        assert settled < 60


async def test_a_cable_that_codes_no_rating_shows_its_resistor_and_no_ampacity():
    async with running() as (board, listener):
        board.inject(1, "pp-wrong", 3000.0)
        board.plug_in(1)
        await asyncio.sleep(0.1)
        seen = listener.last(PpChanged)
        assert seen.ampacity_a is None
        assert seen.ohms == pytest.approx(3000.0, rel=0.02)


async def test_a_bolt_that_springs_back_is_reported_and_may_be_driven_again():
    async with running() as (board, listener):
        await charge(board)
        board.inject(1, "lock-slips")
        await asyncio.sleep(0.01)
        assert listener.last(LockChanged).state is LockState.UNLOCKED
        await board.evses[1].lock.lock()
        await asyncio.sleep(0.5)
        assert listener.last(LockChanged).state is LockState.LOCKED


@pytest.mark.parametrize(
    ("symptom", "value", "fault"),
    [("pe-resistance", 5000.0, FaultKind.PE_LOSS), ("door-open", None, FaultKind.DOOR)],
)
async def test_a_sensor_reports_the_fault_while_it_lasts(symptom, value, fault):
    async with running() as (board, listener):
        board.inject(1, symptom, value)
        await asyncio.sleep(0.1)
        assert listener.last(FaultRaised).fault is fault
        board.clear(1, symptom)
        await asyncio.sleep(0.1)
        assert listener.last(FaultCleared).fault is fault


def test_a_protective_conductor_of_a_few_ohm_is_a_good_one():
    assert found({Symptom.PE_RESISTANCE: 5.0}, (230.0, 230.0, 230.0)) == {}
