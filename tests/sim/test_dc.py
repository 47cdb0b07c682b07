"""The simulated DC board behind the interlock: cable check, precharge, charge, and what goes wrong in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hal import dc, dc_figures
from hal.board import EvseHardware
from hal.errors import HalRefusedError
from hal.guard import Guard
from hal.iec61851 import DIGITAL_DUTY_PCT
from hal.remote import RemoteBoard
from hal.types import DcMeasured, DcMode, FaultKind, FaultRaised, HalEvent, InsulationMeasured, Rule
from sim.board import SimBoard
from sim.dc import Battery, DcSpec
from sim.evse import EvseSpec
from sim.vehicle import VehicleSpec
from tests.hal.bench import served

CAR = VehicleSpec(soc_pct=50.0, battery=Battery(empty_v=330.0, full_v=410.0))
BATTERY_V = 370.0


class Bench:
    """One DC EVSE with a car, and somebody who renews the permission."""

    def __init__(self, board: SimBoard, guard: Guard) -> None:
        self.board = board
        self.guard = guard
        self.evse: EvseHardware = guard.evses[1]
        self.heard: list[HalEvent] = []

    async def listen(self) -> None:
        async for stamped in self.evse.events():
            self.heard.append(stamped.event)

    async def renew(self) -> None:
        while True:
            await self.evse.contactor.permit(True, "test")
            await asyncio.sleep(0.5)

    def last(self, kind: type[HalEvent]) -> HalEvent | None:
        return next((one for one in reversed(self.heard) if isinstance(one, kind)), None)

    @property
    def output(self) -> DcMeasured:
        found = self.last(DcMeasured)
        assert isinstance(found, DcMeasured)
        return found

    @property
    def supply(self):
        assert self.evse.dc_supply is not None
        return self.evse.dc_supply

    async def connect(self) -> None:
        """A car that has been spoken to asks; the plug is locked and the contactor closed."""
        self.board.plug_in(1, CAR)
        assert self.evse.lock is not None
        await self.evse.lock.lock()
        await self.evse.pilot.pwm(DIGITAL_DUTY_PCT)
        await asyncio.sleep(1)
        self.board.ev_s2(1, True)
        await asyncio.sleep(0.5)
        assert self.closed

    @property
    def closed(self) -> bool:
        return any(self.board.snapshot(1).poles)

    async def check_cable(self, volts: float = 460.0) -> None:
        await self.supply.set(volts, 1.0)
        await self.supply.mode(DcMode.CABLE_CHECK)
        await asyncio.sleep(2)
        assert self.evse.insulation is not None
        await self.evse.insulation.start()
        await self.evse.insulation.test(volts)
        await asyncio.sleep(2)
        await self.supply.mode(DcMode.OFF)
        await asyncio.sleep(2)

    async def charge(self) -> None:
        assert self.evse.over_voltage is not None
        await self.evse.over_voltage.watch(dc_figures.over_voltage_limit_v(410.0))
        await self.supply.set(BATTERY_V, 2.0)
        await self.supply.mode(DcMode.PRECHARGE)
        await asyncio.sleep(2)
        self.board.ev_dc_contactor(1, True)
        await self.supply.mode(DcMode.CHARGE)
        await self.supply.set(420.0, 125.0)


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    board = SimBoard(evse=EvseSpec(dc=DcSpec(), max_current_a=32.0))
    guard = Guard(board)
    await guard.start()
    one = Bench(board, guard)
    tasks = [asyncio.create_task(one.listen()), asyncio.create_task(one.renew())]
    try:
        yield one
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await guard.close()


async def test_a_charge_passes_cable_check_and_precharge_and_ramps_to_what_the_car_wants():
    async with bench() as b:
        await b.connect()
        await b.check_cable()
        assert b.last(InsulationMeasured) == InsulationMeasured(10e6)
        assert b.output.voltage_v < dc_figures.SAFE_V
        await b.charge()
        began_s = asyncio.get_running_loop().time()
        await asyncio.sleep(2)
        assert b.output.current_a == pytest.approx(2 * dc_figures.RAMP_A_PER_S, abs=5.0)
        await asyncio.sleep(8)
        assert b.output.current_a == pytest.approx(125.0)
        await asyncio.sleep(110)
        elapsed_s = asyncio.get_running_loop().time() - began_s
        expected_wh = (elapsed_s - 2.5) * 125.0 * 380.0 / 3600.0  # half the current on its way up for 5 s
        assert b.board.true_energy_wh(1) == pytest.approx(expected_wh, rel=0.02)
        assert b.board.snapshot(1).soc_pct > 50.0
        assert not any(isinstance(one, FaultRaised) for one in b.heard)
        assert not any(one.what == "inrush" for one in b.board.trace)


async def test_the_same_ports_work_through_the_socket_of_a_hal_in_its_own_process(tmp_path: Path):
    async with bench() as b, served(b.guard, tmp_path / "hal.sock"):
        remote = RemoteBoard(tmp_path / "hal.sock")
        await remote.start()
        b.evse = remote.evses[1]
        assert b.evse.capabilities.dc == DcSpec().ratings
        renewing = asyncio.create_task(b.renew())
        await b.connect()
        with pytest.raises(HalRefusedError) as refused:
            await b.supply.mode(DcMode.CHARGE)
        assert refused.value.rule is Rule.INSULATION
        await b.check_cable()
        await b.charge()
        await asyncio.sleep(10)
        assert b.board.snapshot(1).current_a[0] == pytest.approx(125.0)
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        await remote.close()


async def test_the_supply_is_off_before_the_contactor_opens_and_so_nothing_is_switched_under_load():
    async with bench() as b:
        await b.connect()
        await b.check_cable()
        await b.charge()
        await asyncio.sleep(10)
        b.board.ev_s2(1, False)
        await asyncio.sleep(0.2)
        assert not b.closed
        assert b.board.snapshot(1).current_a[0] == 0.0
        assert not any(one.what == "under-load" for one in b.board.trace)


async def test_a_car_that_closes_onto_a_foreign_voltage_is_seen_in_the_trace():
    async with bench() as b:
        await b.connect()
        await b.check_cable()
        b.board.ev_dc_contactor(1, True)
        assert [round(one.value) for one in b.board.trace if one.what == "inrush"] == [round(BATTERY_V)]


async def test_a_low_insulation_in_mid_charge_ends_the_energy_within_a_second():
    async with bench() as b:
        await b.connect()
        await b.check_cable()
        await b.charge()
        await asyncio.sleep(5)
        b.board.inject(1, "insulation-low")
        await asyncio.sleep(1.2)
        assert not b.closed
        assert b.guard.evses[1].stream.has_fault(FaultKind.INSULATION)


async def test_a_cable_with_a_low_insulation_is_never_charged_through():
    async with bench() as b:
        await b.connect()
        b.board.inject(1, "insulation-low", 99_000.0)
        await b.check_cable()
        with pytest.raises(HalRefusedError) as refused:
            await b.charge()
        assert refused.value.rule is Rule.INSULATION


async def test_a_monitor_that_fails_its_self_test_proves_nothing():
    async with bench() as b:
        await b.connect()
        b.board.inject(1, "insulation-test-fails")
        await b.supply.set(460.0, 1.0)
        await b.supply.mode(DcMode.CABLE_CHECK)
        assert b.evse.insulation is not None
        await b.evse.insulation.start()
        await b.evse.insulation.test(460.0)
        await asyncio.sleep(0.2)
        assert not b.closed
        assert b.guard.evses[1].stream.has_fault(FaultKind.INSULATION_MONITOR)


async def test_a_monitor_that_falls_silent_ends_the_energy():
    async with bench() as b:
        await b.connect()
        await b.check_cable()
        await b.charge()
        b.board.inject(1, "insulation-silent")
        await asyncio.sleep(dc.INSULATION_AGE_S + 1.2)
        assert not b.closed


async def test_a_supply_that_overshoots_is_cut_off_by_its_monitor_and_the_contactor_opens():
    async with bench() as b:
        await b.connect()
        await b.check_cable()
        assert b.evse.over_voltage is not None
        await b.evse.over_voltage.watch(550.0)
        await b.supply.set(BATTERY_V, 2.0)
        b.board.inject(1, "dc-overshoot", 250.0)
        await b.supply.mode(DcMode.PRECHARGE)
        await asyncio.sleep(2)
        assert b.guard.evses[1].stream.has_fault(FaultKind.DC_OVER_VOLTAGE)
        assert not b.closed


async def test_power_and_the_battery_itself_limit_what_flows():
    async with bench() as b:
        await b.connect()
        await b.check_cable()
        await b.charge()
        await b.supply.set(371.0, 300.0)
        await asyncio.sleep(20)
        assert b.output.current_a == pytest.approx(
            1.0 / 0.08, rel=0.1
        )  # a volt above the battery's, over its resistance
        assert b.evse.over_voltage is not None
        await b.evse.over_voltage.watch(935.0)
        b.board.change_car(1, battery=Battery(700.0, 800.0))
        await b.supply.set(1000.0, 300.0)
        await asyncio.sleep(20)
        assert b.output.current_a == pytest.approx(150_000.0 / 750.0, rel=0.02)
