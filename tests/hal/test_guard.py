"""The guarded board, in this process and behind a socket: the same tests, judged by the raw contactor's own trace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hal.commands import Permit, PilotPwm, PilotX1, RcdSelfTest
from hal.errors import HalError, HalGoneError, HalRefusedError, HalTimeoutError, MeterError
from hal.types import (
    ContactorChanged,
    CpChanged,
    CpState,
    FaultCleared,
    FaultKind,
    FaultRaised,
    LockChanged,
    LockState,
    MeterErrorKind,
    MeterSampled,
    PermitLost,
    PpChanged,
    Rule,
    TokenPresented,
)
from tests.hal.bench import Bench, Follower, bench_of, until
from tests.hal.stub_board import StubBoard

REACTION_S = 0.1  # IEC 61851-1: from leaving C or D to the open contactor


@pytest.fixture(params=["in-process", "socket"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    path = tmp_path / "hal.sock" if request.param == "socket" else None
    async with bench_of(StubBoard(evses=2), path) as started:
        yield started


def now_s() -> float:
    return asyncio.get_running_loop().time()


# Invariants 1 to 3


async def test_the_contactor_closes_only_with_a_car_in_c_and_a_permission(bench: Bench):
    await bench.offer()
    await bench.evse.contactor.permit(True, "test")
    assert not bench.stub.closed
    bench.stub.car(CpState.C)
    await until(lambda: bench.stub.closed)
    await bench.evse.contactor.permit(False, "test")
    assert not bench.stub.closed


async def test_a_car_in_c_without_permission_gets_nothing(bench: Bench):
    await bench.offer()
    bench.stub.car(CpState.C)
    await asyncio.sleep(0.3)
    assert bench.stub.trace == []


@pytest.mark.enforces(Rule.CP_NOT_CD)
async def test_a_car_that_leaves_c_is_switched_off_at_once(bench: Bench):
    await bench.charge()
    left_s = bench.stub.car(CpState.B)
    await until(lambda: not bench.stub.closed)
    assert bench.stub.trace[-1][0] - left_s < REACTION_S


@pytest.mark.enforces(Rule.LEASE_ENDED)
async def test_a_client_that_falls_silent_loses_the_contactor_when_the_lease_ends(bench: Bench):
    await bench.charge()
    silent_s = now_s()
    bench.fall_silent()
    await until(lambda: not bench.stub.closed, within_s=4.0)
    assert 1.4 <= bench.stub.trace[-1][0] - silent_s <= 2.0 + REACTION_S


async def test_a_client_that_renews_keeps_the_contactor(bench: Bench):
    await bench.charge()
    await asyncio.sleep(3.0)
    assert bench.stub.closed
    assert len(bench.stub.trace) == 1


async def test_the_contactor_comes_back_by_itself_with_the_car_but_not_before_its_time(bench: Bench):
    await bench.charge()
    left_s = bench.stub.car(CpState.B)
    await until(lambda: not bench.stub.closed)
    bench.stub.car(CpState.C)
    await until(lambda: bench.stub.closed, within_s=7.0)
    assert bench.stub.trace[-1][0] - left_s >= 5.0


# Commands


async def test_a_refused_command_says_which_rule_and_never_reaches_the_board(bench: Bench):
    await bench.charge()
    assert bench.evse.rcd is not None
    with pytest.raises(HalRefusedError) as refused:
        await bench.evse.rcd.self_test()
    assert refused.value.rule is Rule.SELF_TEST_CLOSED
    assert RcdSelfTest() not in [command for _, command in bench.stub.asked]


async def test_a_permission_under_a_fault_is_refused(bench: Bench):
    await bench.offer()
    follower = Follower(bench.evse.events())
    bench.stub.emit(FaultRaised(FaultKind.E_STOP, "pressed"))
    await follower.heard(FaultRaised(FaultKind.E_STOP, "pressed"))
    with pytest.raises(HalRefusedError) as refused:
        await bench.evse.contactor.permit(True, "test")
    assert refused.value.rule is Rule.FAULTED
    await follower.heard(PermitLost(Rule.FAULTED, "e-stop"))
    await follower.stop()


async def test_a_board_that_does_not_answer_is_a_timeout_a_fault_and_an_open_contactor(bench: Bench):
    await bench.charge()
    follower = Follower(bench.evse.events())
    bench.stub.stuck = {PilotPwm}
    with pytest.raises(HalTimeoutError):
        await bench.evse.pilot.pwm(20.0, deadline_s=0.2)
    await until(lambda: not bench.stub.closed)
    await until(lambda: FaultCleared(FaultKind.BOARD) in follower.events)
    assert FaultKind.BOARD in [event.fault for event in follower.events if isinstance(event, FaultRaised)]
    await follower.stop()


async def test_a_board_that_cannot_even_switch_off_is_told_until_it_does(bench: Bench):
    await bench.charge()
    follower = Follower(bench.evse.events())
    bench.stub.error = OSError("the serial port is gone")
    with pytest.raises(HalGoneError):
        await bench.evse.contactor.permit(False, "test")
    await asyncio.sleep(1.2)
    assert bench.stub.closed
    assert FaultKind.WELD in [event.fault for event in follower.events if isinstance(event, FaultRaised)]
    bench.stub.error = None
    await until(lambda: not bench.stub.closed)
    await follower.stop()


async def test_off_overtakes_a_command_that_hangs(bench: Bench):
    await bench.charge()
    bench.stub.stuck = {PilotPwm, Permit}
    hanging = [
        asyncio.create_task(bench.evse.pilot.pwm(20.0, deadline_s=1.0)),
        asyncio.create_task(bench.evse.contactor.permit(True, "renewal", deadline_s=1.0)),
    ]
    await until(lambda: len([one for one in bench.stub.asked if isinstance(one[1], PilotPwm)]) == 2)
    bench.stub.stuck = {PilotPwm}
    asked_s = now_s()
    await bench.evse.contactor.permit(False, "stop")
    assert not bench.stub.closed
    assert now_s() - asked_s < REACTION_S
    outcomes = await asyncio.gather(*hanging, return_exceptions=True)
    assert [type(one) for one in outcomes] == [HalTimeoutError, HalRefusedError]


async def test_an_unlock_waits_for_the_contactor_that_is_on_its_way_to_open(bench: Bench):
    await bench.charge()
    lock = bench.evse.lock
    assert lock is not None
    with pytest.raises(HalRefusedError):
        await lock.unlock()
    opening = asyncio.create_task(bench.evse.contactor.permit(False, "stop"))
    await asyncio.sleep(0)
    await lock.unlock()
    await opening
    assert bench.stub.stream.state[LockChanged] == LockChanged(LockState.UNLOCKED)
    assert not bench.stub.closed


async def test_an_error_of_the_board_is_told_as_it_is(bench: Bench):
    assert bench.evse.phase_switch is not None
    bench.stub.error = HalError("two phases are not wired")
    with pytest.raises(HalError, match="two phases are not wired"):
        await bench.evse.phase_switch.phases(3)


# Streams


async def test_the_stream_begins_with_the_present_state_and_counts_without_gaps(bench: Bench):
    await bench.charge()
    bench.stub.emit(FaultRaised(FaultKind.DOOR, "open"))
    await until(lambda: not bench.stub.closed)
    await asyncio.sleep(0.1)
    follower = Follower(bench.evse.events())
    await follower.heard(FaultRaised(FaultKind.DOOR, "open"))
    first = follower.events[:5]
    assert [type(event) for event in first] == [CpChanged, PpChanged, LockChanged, ContactorChanged, FaultRaised]
    assert first[1:4] == [PpChanged(32.0, 220.0), LockChanged(LockState.LOCKED), ContactorChanged(False, 2)]
    bench.stub.emit(FaultCleared(FaultKind.DOOR))
    await follower.heard(FaultCleared(FaultKind.DOOR))
    assert [one.seq for one in follower.stamped] == list(range(1, len(follower.stamped) + 1))
    times = [one.mono_s for one in follower.stamped]
    assert times == sorted(times)
    await follower.stop()


@pytest.mark.parametrize("error", [None, RuntimeError("driver bug")])
async def test_a_board_whose_events_end_or_break_loses_the_permission_until_it_is_heard_again(
    bench: Bench, error: Exception | None
):
    await bench.charge()
    follower = Follower(bench.evse.events())
    bench.stub.stream.end(error)
    await until(lambda: not bench.stub.closed)
    assert bench.stub.stream.subscriptions == 1
    await until(lambda: FaultCleared(FaultKind.HAL_LOST) in follower.events, within_s=3.0)
    assert bench.stub.stream.subscriptions == 2
    assert PermitLost(Rule.FAULTED, "hal-lost") in follower.events
    await follower.stop()


async def test_what_is_wrong_with_the_station_stops_every_evse(bench: Bench):
    await bench.charge()
    followers = [Follower(evse.events()) for evse in bench.board.evses.values()]
    bench.raw.station.emit(FaultRaised(FaultKind.E_STOP, "pressed"))
    await until(lambda: not bench.stub.closed)
    for follower in followers:
        await follower.heard(FaultRaised(FaultKind.E_STOP, "pressed"))
        await follower.stop()


async def test_a_station_whose_events_break_stops_every_evse(bench: Bench):
    await bench.charge()
    bench.raw.station.end(RuntimeError("driver bug"))
    await until(lambda: not bench.stub.closed)


async def test_the_station_has_a_stream_of_its_own(bench: Bench):
    follower = Follower(bench.board.events())
    await asyncio.sleep(0.05)
    bench.raw.station.emit(TokenPresented("04A1B2"))
    await follower.heard(TokenPresented("04A1B2"))
    await follower.stop()


# Meter, capabilities, end


async def test_the_meter_is_read_and_its_samples_join_the_stream(bench: Bench):
    follower = Follower(bench.evse.events())
    await until(lambda: any(isinstance(event, MeterSampled) for event in follower.events), within_s=2.0)
    await follower.stop()
    meter = bench.evse.meter
    assert meter is not None
    assert (await meter.read()).energy_import_wh == 1000.0
    assert bench.stub.meter is not None
    bench.stub.meter.energy_wh = None
    with pytest.raises(MeterError) as failed:
        await meter.read()
    assert failed.value.kind is MeterErrorKind.TIMEOUT


async def test_a_meter_whose_driver_breaks_is_a_fault_and_is_polled_again(bench: Bench):
    follower = Follower(bench.evse.events())
    meter = bench.stub.meter
    assert meter is not None
    meter.bug = RuntimeError("driver bug")
    await until(lambda: FaultKind.METER in [e.fault for e in follower.events if isinstance(e, FaultRaised)], 3.0)
    meter.bug, meter.energy_wh = None, 1001.0
    await until(lambda: FaultCleared(FaultKind.METER) in follower.events, 3.0)
    await until(lambda: [e for e in follower.events if isinstance(e, MeterSampled)][-1].sample.energy_import_wh == 1001)
    await follower.stop()


async def test_a_guarded_board_says_so_and_keeps_its_capabilities(bench: Bench):
    assert bench.board.info.guarded
    assert bench.board.info.model == "stub"
    assert list(bench.board.evses) == [1, 2]
    assert bench.evse.capabilities == bench.stub.capabilities


async def test_closing_the_board_opens_the_contactor_and_ends_the_streams(bench: Bench):
    await bench.charge()
    follower = Follower(bench.evse.events())
    await asyncio.sleep(0.05)
    bench.fall_silent()
    await bench.board.close()
    await until(lambda: not bench.stub.closed)
    await until(lambda: follower.ended)


async def test_evses_are_judged_apart(bench: Bench):
    await bench.charge()
    other = bench.board.evses[2]
    await other.pilot.x1()
    await other.contactor.permit(False, "test")
    assert bench.stub.closed
    assert [command for _, command in bench.raw.evses[2].asked] == [PilotX1(), Permit(False, "test")]
