"""What a meter's register may do in mid-charge, and what is billed."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from hal.modbus.profile import load_profile, rollover_wh
from hal.types import FaultKind, MeterSample
from sim.board import BoardSpec
from sim.hardware import MeterLink
from tests.journeys.place import place

BOTH = pytest.mark.parametrize("version", ["1.6", "2.0.1"])
ONE = pytest.mark.parametrize("version", ["2.0.1"])

NARROW = "dzg_dvh4013"  # 32 bits of watt-hours
U32_WH = 2.0**32


class Register:
    """What a simulated meter shows instead of the truth."""

    def __init__(self, p) -> None:
        self._slave = p.station.hardware.slaves[1]
        self._true = self._slave._source
        self._slave._source = self._shown
        self.added_wh = 0.0
        self.serial: str | None = None
        self.stands_wh: float | None = None

    def _shown(self) -> MeterSample:
        sample = self._true()
        energy_wh = sample.energy_import_wh + self.added_wh if self.stands_wh is None else self.stands_wh
        return replace(sample, energy_import_wh=energy_wh, serial=self.serial or sample.serial)

    async def gone_for(self, seconds: float) -> None:
        """The meter has no power for a while."""
        self._slave.silent = True
        await asyncio.sleep(seconds)
        self._slave.silent = False


async def start(p) -> None:
    p.plug_in()
    await asyncio.sleep(2)
    p.tap()
    await asyncio.sleep(600)
    assert p.true_wh() > 1000


async def stop(p) -> None:
    p.tap()
    await asyncio.sleep(15)


@BOTH
async def test_a_register_that_rolls_over_in_mid_charge_is_billed_right(version, tmp_path):
    assert rollover_wh(load_profile(NARROW)) == U32_WH
    link, spec = MeterLink(profile=NARROW), BoardSpec(start_wh=U32_WH - 1000.0)
    async with place(tmp_path, version, link=link, spec=spec) as p:
        await start(p)
        assert p.session().meter.register_wh < 5000.0
        await stop(p)
        (bill,) = await p.bills()
        assert abs(bill.energy_wh - p.true_wh()) <= 1.0
        assert bill.reason == "Local"


@ONE
async def test_a_register_that_is_reset_in_mid_charge_loses_no_more_than_a_poll(version, tmp_path):
    async with place(tmp_path, version, spec=BoardSpec(start_wh=500_000.0)) as p:
        register = Register(p)
        await start(p)
        register.added_wh = -500_000.0 - p.true_wh()
        await asyncio.sleep(600)
        await stop(p)
        (bill,) = await p.bills()
        assert p.true_wh() - 10.0 <= bill.energy_wh <= p.true_wh()


@BOTH
async def test_a_meter_swapped_in_mid_charge_is_not_billed_across(version, tmp_path):
    async with place(tmp_path, version) as p:
        register = Register(p)
        await start(p)
        before_wh = p.true_wh()
        register.serial, register.added_wh = "4711", 9_000_000.0
        await register.gone_for(3)
        await asyncio.sleep(120)
        assert FaultKind.METER in p.session().faults
        assert not any(p.board.snapshot(1).poles)
        p.board.plug_out(1)
        await asyncio.sleep(30)
        (bill,) = await p.bills()
        assert bill.ended_utc_s is not None
        assert before_wh - 5.0 <= bill.energy_wh <= before_wh + 5.0
        await asyncio.sleep(120)
        assert FaultKind.METER not in p.session().faults
        flowed_before_wh = p.true_wh()
        await p.charge(600)
        _, second = await p.bills()
        assert abs(second.energy_wh - (p.true_wh() - flowed_before_wh)) <= 1.0


@ONE
async def test_a_register_that_stands_while_power_flows_ends_the_flow(version, tmp_path):
    async with place(tmp_path, version) as p:
        register = Register(p)
        await start(p)
        register.stands_wh = p.true_wh()
        await asyncio.sleep(120)
        assert not any(p.board.snapshot(1).poles)
        unbilled_wh = p.true_wh() - register.stands_wh
        assert unbilled_wh < 50.0 + 11_100.0 * 70.0 / 3600.0  # until it is noticed, then the session's grace
        await stop(p)
        (bill,) = await p.bills()
        assert bill.energy_wh == pytest.approx(register.stands_wh, abs=1.0)


@ONE
async def test_an_impossible_register_at_the_end_of_a_charge_is_not_billed(version, tmp_path):
    async with place(tmp_path, version) as p:
        register = Register(p)
        await start(p)
        register.added_wh = 5_000_000.0
        await asyncio.sleep(0.9)
        await stop(p)
        (bill,) = await p.bills()
        assert bill.ended_utc_s is not None
        assert 0.0 <= p.true_wh() - bill.energy_wh <= 20.0  # what flowed after the last true reading
