"""Whole charges on the virtual clock, from plug to bill: the same story ends in the same bill in every OCPP version."""

from __future__ import annotations

import asyncio

import pytest

from agent.core.session import Phase
from csms.dialects import ResetKind
from tests.journeys.place import IDENTITY, OTHER_TAG, TAG, place

pytestmark = pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])


async def test_an_ordinary_charge_is_billed_as_it_flowed(version, tmp_path):
    async with place(tmp_path, version) as p:
        await p.charge(300)
        (bill,) = await p.bills()
        assert bill.ended_utc_s is not None
        assert bill.token == TAG
        assert abs(bill.energy_wh - p.true_wh()) <= 1.0
        assert bill.energy_wh > 700


async def test_a_stranger_gets_no_energy(version, tmp_path):
    async with place(tmp_path, version) as p:
        p.plug_in()
        p.tap("DEADBEEF")
        await asyncio.sleep(120)
        assert p.true_wh() == 0.0
        assert await p.bills() == []


async def test_another_tag_does_not_stop_the_charge(version, tmp_path):
    async with place(tmp_path, version) as p:
        p.plug_in()
        p.tap()
        await asyncio.sleep(60)
        p.tap(OTHER_TAG)
        await asyncio.sleep(60)
        assert p.session().phase is Phase.CHARGING


async def test_the_operator_starts_and_stops_from_afar(version, tmp_path):
    async with place(tmp_path, version) as p:
        p.plug_in()
        await asyncio.sleep(5)
        answer = await p.csms.remote_start(IDENTITY, 1, TAG)
        assert answer.status == "Accepted"
        await asyncio.sleep(120)
        (running,) = await p.bills()
        assert running.ended_utc_s is None
        assert (await p.csms.remote_stop(IDENTITY, running.tx)).status == "Accepted"
        await asyncio.sleep(15)
        (bill,) = await p.bills()
        assert bill.reason == "Remote"
        assert abs(bill.energy_wh - p.true_wh()) <= 1.0


async def test_pulling_the_cable_ends_the_charge_and_the_bill(version, tmp_path):
    async with place(tmp_path, version) as p:
        p.plug_in()
        p.tap()
        await asyncio.sleep(120)
        p.board.plug_out(1, graceful=False)
        await asyncio.sleep(15)
        (bill,) = await p.bills()
        assert bill.reason == "EVDisconnected"
        assert abs(bill.energy_wh - p.true_wh()) <= 1.0
        assert p.session().phase is Phase.IDLE


async def test_a_reset_ends_the_charge_restarts_the_agent_and_leaves_one_bill(version, tmp_path):
    async with place(tmp_path, version) as p:
        before = p.station.agent
        p.plug_in()
        p.tap()
        await asyncio.sleep(120)
        answer = await p.csms.reset(IDENTITY, ResetKind.IMMEDIATE)
        assert answer.status == "Accepted"
        await asyncio.sleep(120)
        assert p.station.agent is not before
        (bill,) = await p.bills()
        assert bill.ended_utc_s is not None
        assert abs(bill.energy_wh - p.true_wh()) <= 1.0


async def test_a_charge_offline_is_replayed_in_order_and_billed_right(version, tmp_path):
    settings = {"LocalAuthorizeOffline": True}
    async with place(tmp_path, version, settings=settings) as p:
        await p.charge(300)
        p.board.plug_out(1)
        await asyncio.sleep(10)
        await p.csms_down()
        await asyncio.sleep(60)
        flowed_before_wh = p.true_wh()
        await p.charge(300)
        p.board.plug_out(1)
        await asyncio.sleep(5)
        await p.csms_up()
        await asyncio.sleep(900)
        first, second = await p.bills()
        assert second.ended_utc_s is not None
        assert second.remark is None
        assert abs(second.energy_wh - (p.true_wh() - flowed_before_wh)) <= 1.0
        assert first.ended_utc_s < second.started_utc_s


async def test_a_stop_of_the_agent_in_mid_charge_opens_the_contactor_and_is_billed_at_the_next_start(version, tmp_path):
    async with place(tmp_path, version) as p:
        p.plug_in()
        p.tap()
        await asyncio.sleep(120)
        await p.station.halt()
        await asyncio.sleep(1)
        assert not any(p.board.snapshot(1).poles)
        p.station.boot()
        await asyncio.sleep(120)
        (bill,) = await p.bills()
        assert bill.reason == "PowerLoss"
        assert abs(bill.energy_wh - p.true_wh()) <= 1.0
        assert not any(p.board.snapshot(1).poles)


async def test_two_cars_share_one_fuse_and_never_draw_more(version, tmp_path):
    async with place(tmp_path, version, evses=2, fuse_a=20.0) as p:
        p.plug_in(1)
        p.tap(evse=1)
        await asyncio.sleep(120)
        assert p.board.snapshot(1).current_a[0] == pytest.approx(16.0, abs=0.1)
        p.plug_in(2)
        p.tap(OTHER_TAG, evse=2)
        for _ in range(240):
            await asyncio.sleep(0.5)
            drawn_a = p.board.snapshot(1).current_a[0] + p.board.snapshot(2).current_a[0]
            assert drawn_a <= 20.0 + 1e-6
        assert p.board.snapshot(2).current_a[0] == pytest.approx(10.0, abs=0.1)
        p.tap(evse=1)
        await asyncio.sleep(60)
        assert p.board.snapshot(2).current_a[0] == pytest.approx(16.0, abs=0.1)
        p.tap(OTHER_TAG, evse=2)
        await asyncio.sleep(30)
        bills = await p.bills()
        for evse, bill in enumerate(bills, 1):
            assert abs(bill.energy_wh - p.true_wh(evse)) <= 1.0


async def test_a_car_that_pauses_is_suspended_and_goes_on_within_one_bill(version, tmp_path):
    async with place(tmp_path, version) as p:
        p.plug_in()
        p.tap()
        await asyncio.sleep(120)
        p.board.ev_pause(1)
        await asyncio.sleep(120)
        assert not any(p.board.snapshot(1).poles)
        p.board.ev_resume(1)
        await asyncio.sleep(120)
        assert any(p.board.snapshot(1).current_a)
        p.tap()
        await asyncio.sleep(15)
        (bill,) = await p.bills()
        assert abs(bill.energy_wh - p.true_wh()) <= 1.0


async def test_a_silent_meter_holds_the_energy_back_and_ends_the_charge_with_what_was_read(version, tmp_path):
    async with place(tmp_path, version) as p:
        p.plug_in()
        p.tap()
        await asyncio.sleep(120)
        p.station.hardware.slaves[1].silent = True
        await asyncio.sleep(90)
        assert not any(p.board.snapshot(1).poles)
        held_wh = p.true_wh()
        await asyncio.sleep(900)
        (bill,) = await p.bills()
        assert bill.ended_utc_s is not None
        assert 0 < bill.energy_wh <= held_wh
        assert p.true_wh() == held_wh
