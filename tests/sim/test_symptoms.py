"""Each symptom that can be injected, and what the board then reports."""

import asyncio

import pytest

from hal.board import STATION
from hal.errors import HalError, HalTimeoutError, MeterError
from hal.types import (
    ContactorChanged,
    CpChanged,
    CpState,
    FaultCleared,
    FaultKind,
    FaultRaised,
    LockChanged,
    LockState,
    PpChanged,
)
from sim.grid import Grid
from sim.vehicle import VehicleSpec
from tests.sim.boards import NO_CURRENT, charge, running


async def test_a_silent_converter_repeats_nothing_and_speaks_up_again():
    async with running() as (board, heard):
        await charge(board)
        board.inject(1, "cp-silent")
        await asyncio.sleep(0.1)
        count = len(heard.of(CpChanged))
        board.plug_out(1, graceful=False)
        await asyncio.sleep(10.0)
        assert len(heard.of(CpChanged)) == count
        board.clear(1, "cp-silent")
        await asyncio.sleep(0.1)
        assert heard.last(CpChanged).reading.state is CpState.A


@pytest.mark.parametrize(
    ("symptom", "state"), [("cp-short", CpState.E), ("cp-open", CpState.A), ("cp-drift", CpState.C)]
)
async def test_a_defect_of_the_pilot_wire_is_measured_and_goes_with_its_cause(symptom, state):
    async with running() as (board, heard):
        await charge(board)
        healthy = heard.last(CpChanged).reading
        board.inject(1, symptom)
        await asyncio.sleep(0.1)
        assert heard.last(CpChanged).reading.state is state
        assert heard.last(CpChanged).reading.high_mv != healthy.high_mv
        board.clear(1, symptom)
        await asyncio.sleep(0.1)
        assert heard.last(CpChanged).reading.high_mv == healthy.high_mv


async def test_a_shorted_diode_shows_in_the_low_level():
    async with running() as (board, heard):
        board.inject(1, "diode-short")
        await charge(board)
        assert heard.last(CpChanged).reading.low_mv > -10_000


async def test_a_broken_pilot_wire_makes_the_car_stop_within_three_seconds():
    async with running() as (board, _):
        await charge(board)
        board.inject(1, "cp-open")
        await asyncio.sleep(3.0)
        assert board.snapshot(1).current_a == NO_CURRENT
        assert board.snapshot(1).mirror_closed


@pytest.mark.parametrize(("symptom", "ohms"), [("pp-open", None), ("pp-short", pytest.approx(9.6, abs=0.3))])
async def test_a_defect_of_the_proximity_contact_makes_the_coding_unreadable(symptom, ohms):
    async with running() as (board, heard):
        board.plug_in(1)
        board.inject(1, symptom)
        await asyncio.sleep(1.0)
        assert heard.last(PpChanged).ampacity_a is None
        assert heard.last(PpChanged).ohms == ohms


@pytest.mark.parametrize("pole", [None, 1.0, 2.0, 3.0])
async def test_a_welded_contactor_says_nothing_and_stays_closed(pole):
    async with running() as (board, heard):
        await charge(board)
        board.inject(1, "contactor-weld", pole)
        await board.evses[1].contactor.permit(False, "test")
        await asyncio.sleep(5.0)
        assert heard.last(ContactorChanged).closed
        assert sum(board.snapshot(1).poles) == (3 if pole is None else 1)
        board.clear(1, "contactor-weld")
        await asyncio.sleep(1.0)
        assert not heard.last(ContactorChanged).closed


async def test_a_contactor_that_does_not_close_says_nothing():
    async with running() as (board, heard):
        board.inject(1, "contactor-no-close")
        await charge(board)
        assert not heard.last(ContactorChanged).closed
        assert board.true_energy_wh(1) == 0.0


async def test_a_stuck_mirror_contact_keeps_saying_closed():
    async with running() as (board, heard):
        await charge(board)
        board.inject(1, "mirror-stuck")
        await board.evses[1].contactor.permit(False, "test")
        await asyncio.sleep(5.0)
        assert heard.last(ContactorChanged).closed
        assert board.snapshot(1).poles == (False, False, False)


async def test_a_jammed_lock_says_so_and_moves_again_once_freed():
    async with running() as (board, heard):
        board.inject(1, "lock-jam")
        await board.evses[1].lock.lock()
        await asyncio.sleep(1.0)
        assert heard.last(LockChanged).state is LockState.JAMMED
        board.clear(1, "lock-jam")
        await board.evses[1].lock.lock()
        await asyncio.sleep(1.0)
        assert heard.last(LockChanged).state is LockState.LOCKED


@pytest.mark.parametrize(("symptom", "fault"), [("residual-dc", FaultKind.RCD_DC), ("residual-ac", FaultKind.RCD_AC)])
async def test_a_residual_current_trips_and_stays_tripped_until_reset_without_its_cause(symptom, fault):
    async with running() as (board, heard):
        board.inject(1, symptom, 5.0)
        await asyncio.sleep(1.0)
        assert heard.of(FaultRaised) == []
        board.inject(1, symptom)
        await asyncio.sleep(1.0)
        assert [raised.fault for raised in heard.of(FaultRaised)] == [fault]
        await board.evses[1].rcd.reset()
        await asyncio.sleep(1.0)
        assert [raised.fault for raised in heard.of(FaultRaised)] == [fault, fault]
        board.clear(1, symptom)
        await asyncio.sleep(1.0)
        assert len(heard.of(FaultCleared)) == 1
        await board.evses[1].rcd.reset()
        await asyncio.sleep(1.0)
        assert heard.last(FaultCleared).fault is fault
        assert isinstance(heard.heard[-1].event, FaultCleared)


async def test_a_failed_self_test_is_a_fault_and_a_good_one_is_none():
    async with running() as (board, heard):
        await board.evses[1].rcd.self_test()
        assert heard.of(FaultRaised) == []
        board.inject(1, "rcd-test-fails")
        await board.evses[1].rcd.self_test()
        await asyncio.sleep(0)
        assert heard.last(FaultRaised).fault is FaultKind.RCD_SELF_TEST


async def test_a_car_that_ignores_the_pilot_draws_more_than_it_was_offered():
    async with running() as (board, _):
        board.inject(1, "car-ignores-pilot")
        await charge(board, car=VehicleSpec(max_current_a=32.0), duty_pct=10.0)
        assert board.snapshot(1).current_a == pytest.approx((32.0, 32.0, 32.0))


async def test_a_slow_board_misses_its_deadline_and_loses_the_command():
    async with running() as (board, _):
        board.inject(1, "board-slow", 5.0)
        began_s = asyncio.get_running_loop().time()
        with pytest.raises(HalTimeoutError):
            await board.evses[1].contactor.permit(True, "test", deadline_s=0.5)
        assert asyncio.get_running_loop().time() == began_s + 0.5
        await asyncio.sleep(10.0)
        assert not board.snapshot(1).permitted
        await board.evses[1].contactor.permit(True, "test", deadline_s=6.0)
        assert board.snapshot(1).permitted


async def test_a_silent_meter_raises_and_never_returns_old_values():
    async with running() as (board, _):
        board.inject(1, "meter-silent")
        with pytest.raises(MeterError, match="timeout"):
            await board.evses[1].meter.read()


async def test_a_lost_phase_stops_its_current_and_the_meter_sees_no_voltage():
    async with running() as (board, _):
        await charge(board)
        board.inject(STATION, "phase-loss", 2.0)
        sample = board.sample(1)
        assert sample.current_a == pytest.approx((16.0, 0.0, 16.0))
        assert sample.voltage_v == pytest.approx((228.4, 0.0, 228.4))
        board.clear(STATION, "phase-loss")
        assert board.sample(1).current_a == pytest.approx((16.0, 16.0, 16.0))


async def test_the_supply_may_sag_lose_its_frequency_or_swap_phases():
    async with running(grid=Grid(imbalance_v=(0.0, 1.0, 2.0))) as (board, _):
        board.inject(STATION, "grid-voltage", 190.0)
        board.inject(STATION, "grid-frequency")
        board.inject(STATION, "phase-swap")
        sample = board.sample(1)
        assert sample.voltage_v == (190.0, 192.0, 191.0)
        assert sample.frequency_hz == 47.0


@pytest.mark.parametrize(
    ("ask", "complaint"),
    [
        (lambda b: b.inject(1, "gremlins"), "gremlins.*cp-short"),
        (lambda b: b.inject(1, "phase-loss"), "belongs to EVSE 0"),
        (lambda b: b.inject(0, "cp-short"), "belongs to an EVSE from 1"),
        (lambda b: b.inject(7, "cp-short"), "no EVSE 7; this board has 1 to 1"),
        (lambda b: b.present_token("x", evse=7), "no EVSE 7"),
        (lambda b: b.plug_out(1), "no car"),
        (lambda b: b.plug_in(1, cable_a=25.0), "13, 20, 32 or 63"),
        (lambda b: (b.plug_in(1), b.plug_in(1)), "already"),
    ],
)
async def test_an_impossible_wish_is_refused_with_what_is_possible(ask, complaint):
    async with running() as (board, _):
        with pytest.raises(HalError, match=complaint):
            ask(board)
