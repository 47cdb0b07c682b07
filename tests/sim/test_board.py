"""The simulated board on an event loop: its ports, its stream, what outlives it; and that it enforces nothing."""

import asyncio
import json
from typing import Any

import pytest

from hal.board import STATION, Board, Contactor, Lock, Meter, PhaseSwitch, Pilot, Rcd
from hal.errors import HalError, HalGoneError
from hal.types import (
    ContactorChanged,
    CpChanged,
    CpState,
    FaultRaised,
    LockChanged,
    LockState,
    PpChanged,
    TokenPresented,
)
from sim.board import open_board
from sim.evse import EvseSpec
from sim.grid import Grid
from sim.meter import MeterSpec
from sim.ports import CP_REPEAT_S
from sim.time import run_virtual
from sim.vehicle import VehicleSpec
from tests.sim.boards import NO_CURRENT, Listener, charge, running


async def test_it_offers_every_port_of_a_board():
    async with running(evse=EvseSpec(phase_switch=True)) as (board, _):
        as_board: Board = board
        hardware = as_board.evses[1]
        assert not as_board.info.guarded
        ports = (
            (hardware.pilot, Pilot),
            (hardware.contactor, Contactor),
            (hardware.lock, Lock),
            (hardware.rcd, Rcd),
            (hardware.phase_switch, PhaseSwitch),
            (hardware.meter, Meter),
        )
        for port, protocol in ports:
            assert isinstance(port, protocol)


async def test_a_tethered_cable_has_neither_lock_nor_proximity_contact():
    async with running(evse=EvseSpec(socket=False)) as (board, heard):
        board.plug_in(1)
        await asyncio.sleep(1.0)
        assert board.evses[1].lock is None
        assert not board.evses[1].capabilities.has_proximity
        assert heard.of(PpChanged) == heard.of(LockChanged) == []


async def test_the_stream_begins_with_the_present_state():
    async with running() as (board, early):
        await charge(board)
        board.inject(1, "residual-dc")
        late = Listener(board.evses[1].events())
        await asyncio.sleep(0)
        assert [type(stamped.event) for stamped in late.heard] == [
            CpChanged,
            PpChanged,
            LockChanged,
            ContactorChanged,
            FaultRaised,
        ]
        for kind in (CpChanged, PpChanged, LockChanged, ContactorChanged):
            assert late.last(kind) == early.last(kind)


async def test_the_stream_has_no_gaps_and_its_time_never_goes_back():
    async with running() as (board, heard):
        await charge(board)
        board.plug_out(1)
        await asyncio.sleep(10.0)
    assert [stamped.seq for stamped in heard.heard] == list(range(1, len(heard.heard) + 1))
    times = [stamped.mono_s for stamped in heard.heard]
    assert times == sorted(times)


async def test_a_charge_from_plugging_in_to_pulling_out():
    async with running() as (board, heard):
        await charge(board, car=VehicleSpec(phases=1))
        snapshot = board.snapshot(1)
        assert snapshot.current_a == pytest.approx((16.0, 0.0, 0.0))
        assert snapshot.voltage_v == pytest.approx((228.4, 230.0, 230.0))  # sags by 16 A times 0.1 ohm
        before_wh = board.true_energy_wh(1)
        await asyncio.sleep(3600.0)
        assert board.true_energy_wh(1) - before_wh == pytest.approx(16.0 * 228.4)
        board.plug_out(1)
        await asyncio.sleep(0.5)
        await board.evses[1].contactor.permit(False, "test")
        await asyncio.sleep(2.0)
        states = [event.reading.state for event in heard.of(CpChanged)]
        assert [state for before, state in zip([None, *states], states, strict=False) if state != before] == list(
            "ABCBA"
        )
        assert [(event.closed, event.under_load) for event in heard.of(ContactorChanged)] == [
            (False, False),
            (True, False),
            (False, False),
        ]


async def test_it_closes_without_a_car_because_it_enforces_nothing():
    async with running() as (board, heard):
        await board.evses[1].contactor.permit(True, "nobody asked the pilot")
        await asyncio.sleep(1.0)
        assert board.snapshot(1).poles == (True, True, True)
        assert heard.last(ContactorChanged).closed


async def test_permission_never_lapses_because_it_enforces_nothing():
    async with running() as (board, _):
        await charge(board)
        await asyncio.sleep(3600.0)
        assert board.snapshot(1).mirror_closed


async def test_it_unlocks_and_switches_phases_under_load_because_it_enforces_nothing():
    async with running(evse=EvseSpec(phase_switch=True)) as (board, heard):
        await charge(board)
        await board.evses[1].lock.unlock()
        await board.evses[1].phase_switch.phases(1)
        await asyncio.sleep(1.0)
        assert heard.last(LockChanged).state is LockState.UNLOCKED
        assert board.snapshot(1).poles == (True, False, False)
        assert board.snapshot(1).current_a == pytest.approx((16.0, 0.0, 0.0))


async def test_readings_repeat_only_while_pwm_runs_or_the_coil_is_on():
    async with running() as (board, heard):
        hardware = board.evses[1]
        board.plug_in(1)
        await asyncio.sleep(1.0)
        count = len(heard.heard)
        await asyncio.sleep(3600.0)
        assert len(heard.heard) == count
        for turn_on, turn_off in (
            (hardware.pilot.pwm(50.0), hardware.pilot.x1()),
            (hardware.contactor.permit(True, ""), hardware.contactor.permit(False, "")),
        ):
            await turn_on
            await asyncio.sleep(5.0)
            count = len(heard.of(CpChanged))
            await asyncio.sleep(10 * CP_REPEAT_S)
            assert len(heard.of(CpChanged)) == count + 10
            await turn_off
            await asyncio.sleep(5.0)
        count = len(heard.heard)
        await asyncio.sleep(3600.0)
        assert len(heard.heard) == count
        assert hardware.capabilities.cp_repeat_s == CP_REPEAT_S


@pytest.mark.parametrize("cable_a", [13.0, 20.0, 32.0, 63.0])
async def test_the_cable_tells_its_rating(cable_a):
    async with running() as (board, heard):
        assert heard.last(PpChanged) == PpChanged(None, None)
        board.plug_in(1, cable_a=cable_a)
        await asyncio.sleep(1.0)
        assert heard.last(PpChanged).ampacity_a == cable_a


async def test_a_cable_pulled_under_load_leaves_its_other_end_in_the_locked_socket():
    async with running() as (board, heard):
        await charge(board)
        board.plug_out(1, graceful=False)
        assert board.snapshot(1).current_a == NO_CURRENT
        assert any(entry.what == "under-load" for entry in board.trace)
        await asyncio.sleep(10.0)
        assert heard.last(CpChanged).reading.state is CpState.A
        assert heard.last(PpChanged).ampacity_a == 32.0
        await board.evses[1].contactor.permit(False, "test")
        await board.evses[1].lock.unlock()
        await asyncio.sleep(2.0)
        assert heard.last(PpChanged).ampacity_a is None


async def test_the_lock_takes_its_time_and_tells_when_it_is_there():
    async with running() as (board, heard):
        await board.evses[1].lock.lock()
        await asyncio.sleep(0.1)
        assert heard.last(LockChanged).state is LockState.UNLOCKED
        await asyncio.sleep(0.5)
        assert heard.last(LockChanged).state is LockState.LOCKED


async def test_a_car_pauses_and_resumes_by_itself():
    async with running() as (board, heard):
        await charge(board)
        board.ev_pause(1)
        await asyncio.sleep(1.0)
        assert heard.last(CpChanged).reading.state is CpState.B
        assert board.snapshot(1).current_a == NO_CURRENT
        board.ev_resume(1)
        await asyncio.sleep(5.0)
        assert heard.last(CpChanged).reading.state is CpState.C
        assert board.snapshot(1).current_a == pytest.approx((16.0, 16.0, 16.0))


async def test_a_car_that_needs_ventilation_shows_state_d():
    async with running() as (board, heard):
        await charge(board, car=VehicleSpec(needs_ventilation=True))
        assert heard.last(CpChanged).reading.state is CpState.D


async def test_the_meter_tells_the_true_energy_within_its_resolution():
    async with running(start_wh=5000.0, meter=MeterSpec(resolution_wh=10.0)) as (board, _):
        await charge(board)
        source = board.meter_source(1)
        for _ in range(20):
            await asyncio.sleep(97.0)
            sample = await board.evses[1].meter.read()
            assert sample == source()
            assert sample.taken_mono_s == asyncio.get_running_loop().time()
            assert 0.0 <= 5000.0 + board.true_energy_wh(1) - sample.energy_import_wh < 10.0


async def test_one_evse_under_load_lowers_the_voltage_of_the_other():
    async with running(2, grid=Grid(source_impedance_ohm=0.5)) as (board, _):
        await charge(board, 1)
        assert board.snapshot(2).voltage_v == pytest.approx((222.0, 222.0, 222.0))
        await charge(board, 2)
        before_wh = board.true_energy_wh(1)
        await asyncio.sleep(3600.0)
        assert board.true_energy_wh(1) - before_wh == pytest.approx(3 * 16.0 * (230.0 - 0.5 * 32.0))


async def test_a_token_reaches_the_stream_of_its_reader():
    async with running() as (board, heard):
        station = Listener(board.events())
        board.present_token("04AABBCC")
        board.present_token("04DDEEFF", "ISO15693", evse=STATION)
        await asyncio.sleep(0)
        assert heard.of(TokenPresented) == [TokenPresented("04AABBCC", "ISO14443", "reader-1")]
        assert station.of(TokenPresented) == [TokenPresented("04DDEEFF", "ISO15693", "reader-0")]


async def test_closing_opens_the_contactor_and_ends_the_streams():
    async with running() as (board, heard):
        await charge(board)
        await board.close()
        await asyncio.sleep(0)
        assert not heard.last(ContactorChanged).closed
        assert heard.ended
        with pytest.raises(HalGoneError, match="closed"):
            await board.evses[1].contactor.permit(True, "test")


@pytest.mark.parametrize("duty_pct", [0.0, 100.0, -5.0, float("nan")])
async def test_a_duty_cycle_that_no_pwm_has_is_refused(duty_pct):
    async with running() as (board, _):
        with pytest.raises(HalError, match="duty"):
            await board.evses[1].pilot.pwm(duty_pct)


def test_energy_and_battery_live_on_in_another_process():
    async def first() -> dict[str, Any]:
        async with running(2, start_wh=1000.0, serial="S") as (board, _):
            await charge(board, 1, VehicleSpec(soc_pct=50.0))
            await asyncio.sleep(3600.0)
            board.inject(2, "pp-short")
            board.inject(STATION, "grid-voltage", 200.0)
            await board.close()
        dumped: dict[str, Any] = json.loads(json.dumps(board.dump()))
        return dumped

    async def second(state: dict[str, Any]) -> None:
        async with running(2, serial="S") as (board, heard):
            board.restore(state)
            await asyncio.sleep(1.0)
            snapshot = board.snapshot(1)
            assert snapshot.energy_wh == state["evses"]["1"]["register_wh"]
            assert board.true_energy_wh(1) == pytest.approx(snapshot.energy_wh - 1000.0)
            assert snapshot.soc_pct == state["evses"]["1"]["car"]["spec"]["soc_pct"]
            assert snapshot.soc_pct > 60.0
            assert snapshot.poles == (False, False, False)
            assert snapshot.lock is LockState.LOCKED
            assert heard.last(CpChanged).reading.state is CpState.B
            assert heard.last(PpChanged).ampacity_a == 32.0
            assert board.snapshot(2).symptoms == ("pp-short",)
            assert snapshot.voltage_v[0] == 200.0

    run_virtual(second(run_virtual(first())))


async def test_a_state_that_no_board_dumped_is_refused():
    async with running() as (board, _):
        with pytest.raises(HalError, match=r"\$\.evses"):
            board.restore({"evses": 3, "grid": {}})


def journey(seed: int) -> list[Any]:
    async def run() -> list[Any]:
        async with running(2, seed=seed) as (board, heard):
            await charge(board, 1, VehicleSpec(soc_pct=95.0, capacity_wh=5000.0))
            await charge(board, 2)
            await asyncio.sleep(3600.0)
            board.plug_out(2, graceful=False)
        return [*board.trace, *heard.heard]

    return run_virtual(run())


def test_one_seed_makes_the_run_repeatable_and_another_seed_another_run():
    assert journey(1) == journey(1)
    assert journey(1) != journey(2)


def test_a_board_is_opened_with_the_options_of_a_configuration_file():
    options = {
        "evses": 2,
        "seed": 3,
        "serial": "X",
        "evse": {"max_current_a": 16, "socket": False, "contactor": {"close_delay_s": 0.1}},
        "grid": {"nominal_v": 240.0, "imbalance_v": [1, 2, 3]},
        "meter": {"class_error_pct": 0.5},
    }
    board = open_board(options)
    assert sorted(board.evses) == [1, 2]
    assert board.evses[2].capabilities.max_current_a == 16
    assert board.info.serial == "X"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"evsez": 1}, "evsez"),
        ({"evses": "two"}, r"\$\.evses"),
        ({"evses": 0}, "evses is 0"),
        ({"evse": {"phases": 2}}, r"phases is 2; give 1 or 3.*\$\.evse"),
        ({"evse": {"max_current_a": 0}}, "max_current_a is 0"),
        ({"grid": {"order": [0, 0, 1]}}, r"order.*\$\.grid"),
        ({"meter": {"resolution_wh": 0}}, r"resolution_wh is 0.*\$\.meter"),
        ({"meter": {"refresh_s": -1}}, r"refresh_s is -1.*\$\.meter"),
        ({"meter": {"resolution": 1}}, r"resolution.*\$\.meter"),
    ],
)
def test_a_wrong_option_is_named(options, named):
    with pytest.raises(HalError, match=named):
        open_board(options)


@pytest.mark.parametrize("refresh_s", [0.0, 10.0])
def test_a_meter_that_is_polled_often_changes_nothing(refresh_s):
    async def run(poll_s: float) -> tuple[list[Any], float]:
        async with running(2, meter=MeterSpec(refresh_s=refresh_s)) as (board, _):
            await charge(board, 1, VehicleSpec(soc_pct=95.0, capacity_wh=5000.0))
            await charge(board, 2)
            for _ in range(round(1500.0 / poll_s)):
                await asyncio.sleep(poll_s)
                board.sample(1)
            return board.trace, board.true_energy_wh(1)

    (often, often_wh), (once, once_wh) = run_virtual(run(0.5)), run_virtual(run(1500.0))
    assert often_wh == pytest.approx(once_wh, rel=1e-9)
    assert [entry[1:] for entry in often] == [entry[1:] for entry in once]
    assert [entry.at_s for entry in often] == pytest.approx([entry.at_s for entry in once], abs=1e-6)


@pytest.mark.realtime
async def test_it_runs_on_an_ordinary_event_loop_too():
    async with running() as (board, heard), asyncio.timeout(5.0):
        board.plug_in(1)
        await board.evses[1].contactor.permit(True, "test")
        async for stamped in board.evses[1].events():
            if stamped.event == ContactorChanged(closed=True, cycles=1):
                break
        assert heard.last(CpChanged).reading.state is CpState.B
