"""The Modbus board against a simulated controller and relay board: registers, the relay in series, lost slaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from hal.boards import modbus_io
from hal.boards.modbus_io import ModbusIoBoard
from hal.errors import HalError, HalGoneError
from hal.host import HalConfig, open_guard
from hal.ownership import OwnershipError, check
from hal.types import ContactorChanged, CpChanged, CpReading, CpState, FaultCleared, FaultKind, FaultRaised, PpChanged
from sim.bench import CarSimulator
from sim.board import SimBoard
from sim.evse_din import COIL, MIRROR, WATCHDOG, EvseDin
from tests.hal.bench import Follower, until

RELAY = {"unit": 2, "coil_register": COIL, "mirror_register": MIRROR, "watchdog_register": WATCHDOG}
COILS = {"unit": 2, "coil": COIL, "mirror_input": MIRROR, "watchdog_register": WATCHDOG}
RELAYS = [
    pytest.param(RELAY, id="registers"),
    pytest.param(COILS, id="coils"),
    pytest.param(COILS | {"coil_function": 15}, id="coils, many at once"),
]


def build_config(**hal: Any) -> HalConfig:
    return msgspec.convert(hal, HalConfig)


@asynccontextmanager
async def started(relay: dict[str, Any] = RELAY) -> AsyncIterator[tuple[ModbusIoBoard, EvseDin, Follower]]:
    plant = EvseDin(SimBoard(), coils="coil" in relay)
    await plant.start()
    board = modbus_io.open_board({"bus": plant.url, "relay": relay})
    await board.start()
    follower = Follower(board.evses[1].events())
    try:
        yield board, plant, follower
    finally:
        await follower.stop()
        await board.close()
        await plant.close()


async def test_the_pilot_the_cable_and_the_mirror_are_read_from_registers():
    async with started() as (board, plant, follower):
        plant.board.plug_in(1, CarSimulator(), cable_a=20.0)
        await board.evses[1].pilot.pwm(16.0 / 0.6)
        await until(lambda: any(isinstance(e, CpChanged) and e.reading.duty_pct for e in follower.events))
        reading = [e.reading for e in follower.events if isinstance(e, CpChanged)][-1]
        assert reading == CpReading(CpState.B, 9000, -12_000, pytest.approx(26.67, abs=0.01))
        assert PpChanged(20.0, None) in follower.events
        assert ContactorChanged(False) in follower.events


@pytest.mark.parametrize("relay", RELAYS)
async def test_nothing_closes_before_the_relay_in_series_does(relay: dict[str, Any]):
    async with started(relay) as (board, plant, follower):
        plant.board.plug_in(1, CarSimulator())
        await board.evses[1].pilot.pwm(16.0 / 0.6)
        plant.board.ev_resume(1)
        await asyncio.sleep(1.0)
        assert not any(plant.board.snapshot(1).poles)
        await board.evses[1].contactor.permit(True, "test")
        await until(lambda: any(plant.board.snapshot(1).poles))
        await follower.heard(ContactorChanged(True, 1))
        await board.evses[1].contactor.permit(False, "test")
        await until(lambda: not any(plant.board.snapshot(1).poles))
        await follower.heard(ContactorChanged(False, 1))


@pytest.mark.parametrize("relay", RELAYS)
async def test_the_relay_boards_watchdog_drops_a_permission_that_is_not_renewed(relay: dict[str, Any]):
    async with started(relay) as (board, plant, _):
        await board.evses[1].contactor.permit(True, "test")
        assert plant.relay.on
        await asyncio.sleep(2.1)
        assert not plant.relay.on


async def test_a_current_is_cut_to_whole_ampere_and_x1_offers_none():
    async with started() as (board, plant, _):
        await board.evses[1].pilot.pwm(10.9 / 0.6)
        assert plant.offer_a == 10
        await board.evses[1].pilot.x1()
        assert plant.offer_a == 0


async def test_out_of_service_is_off_and_the_next_offer_ends_it():
    async with started() as (board, plant, _):
        await board.evses[1].pilot.state_f()
        assert plant.off
        await board.evses[1].pilot.pwm(16.0 / 0.6)
        assert not plant.off


async def test_digital_communication_is_more_than_it_can():
    async with started() as (board, _, _):
        with pytest.raises(HalError, match="6 A or more"):
            await board.evses[1].pilot.pwm(5.0)


async def test_a_failure_of_the_controller_is_a_fault_until_the_car_leaves():
    async with started() as (board, plant, follower):
        plant.board.plug_in(1, CarSimulator())
        await board.evses[1].pilot.pwm(16.0 / 0.6)
        await asyncio.sleep(0.5)
        plant.board.inject(1, "diode-short")
        await until(lambda: any(isinstance(e, FaultRaised) for e in follower.events))
        plant.board.clear(1, "diode-short")
        plant.board.plug_out(1, graceful=False)
        await follower.heard(FaultCleared(FaultKind.CP_DIODE))


@pytest.mark.parametrize("which", ["controller", "relay"])
async def test_a_slave_that_falls_silent_is_a_lost_board_until_it_answers(which: str):
    async with started() as (_, plant, follower):
        await asyncio.sleep(0.5)
        slave = getattr(plant, which)
        slave.answer, answer = (lambda _pdu: None), slave.answer
        await until(lambda: any(isinstance(e, FaultRaised) for e in follower.events), 3.0)
        assert next(e for e in follower.events if isinstance(e, FaultRaised)).fault is FaultKind.HAL_LOST
        slave.answer = answer
        await until(lambda: FaultCleared(FaultKind.HAL_LOST) in follower.events, 15.0)
        after = follower.events[follower.events.index(FaultCleared(FaultKind.HAL_LOST)) :]
        assert any(isinstance(event, ContactorChanged) for event in after)


@pytest.mark.parametrize("relay", RELAYS)
async def test_closing_the_board_opens_the_relay(relay: dict[str, Any]):
    async with started(relay) as (board, plant, _):
        await board.evses[1].contactor.permit(True, "test")
        await board.close()
        assert not plant.relay.on


async def test_a_bus_that_is_not_there_says_so():
    board = modbus_io.open_board({"bus": "tcp://127.0.0.1:1", "relay": RELAY})
    with pytest.raises(HalGoneError, match=r"tcp://127\.0\.0\.1:1"):
        await board.start()
    await board.bus.close()


def test_without_a_watchdog_in_the_relay_board_the_lease_is_the_interlocks_and_wants_its_own_process():
    relay = {key: value for key, value in RELAY.items() if key != "watchdog_register"}
    board = modbus_io.open_board({"bus": "tcp://127.0.0.1:1", "relay": relay})
    with pytest.raises(OwnershipError, match=r"lease-ended .*process of its own"):
        check(board.info, [board.evses[1].capabilities])


def test_a_meter_on_the_boards_own_bus_shares_it():
    options = {"bus": "tcp://127.0.0.1:1", "relay": RELAY}
    bus, meter = {"name": "a", "url": "tcp://127.0.0.1:1"}, {"evse": 1, "profile": "eastron_sdm630", "bus": "a"}
    config = build_config(board="modbus_io", options=options, bus=[bus], meter=[meter | {"unit_id": 3}])
    guard = open_guard(config)
    raw = guard._board
    assert isinstance(raw, ModbusIoBoard)
    assert set(raw.bus._units) == {1, 2, 3}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "bus"),
        ({"bus": "http://x", "relay": RELAY}, "http://x"),
        ({"bus": "tcp://x", "relay": {}}, "unit"),
        ({"bus": "tcp://x", "relay": {"unit": 2, "mirror_input": 1}}, "give coil or coil_register"),
        ({"bus": "tcp://x", "relay": COILS | {"mirror_register": 1}}, "give mirror_input or mirror_register"),
        ({"bus": "tcp://x", "relay": COILS | {"coil_function": 6}}, "coil_function"),
    ],
)
def test_an_option_that_is_wrong_is_named(options: dict[str, Any], says: str):
    with pytest.raises(HalError, match=rf"modbus_io, options: .*{says}"):
        modbus_io.open_board(options)
