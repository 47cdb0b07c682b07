"""What befalls the agent from below: a kill leaves its files as they are, and the hardware to itself."""

from __future__ import annotations

import asyncio

from agent.core.session import Phase
from agent.runtime.journal import JournalReader
from csms.commands import ResetKind
from hal.board import LEASE_S
from tests.journeys.place import IDENTITY, place


async def charging(p) -> None:
    p.plug_in()
    p.tap()
    await asyncio.sleep(60)
    assert p.session().phase is Phase.CHARGING


async def test_a_killed_agent_withdraws_nothing_and_its_permission_ends_with_the_lease(tmp_path):
    async with place(tmp_path) as p:
        await charging(p)
        killed_s = asyncio.get_running_loop().time()
        await p.station.kill()
        assert not p.station.alive
        assert asyncio.get_running_loop().time() == killed_s
        assert any(p.board.snapshot(1).poles)
        await asyncio.sleep(LEASE_S + 0.1)
        assert not any(p.board.snapshot(1).poles)


async def test_an_agent_that_is_stopped_in_order_opens_at_once(tmp_path):
    async with place(tmp_path) as p:
        await charging(p)
        await p.station.halt()
        await asyncio.sleep(0.1)
        assert not any(p.board.snapshot(1).poles)


async def test_a_killed_agent_says_and_stores_nothing_more(tmp_path):
    async with place(tmp_path) as p:
        await charging(p)
        frames = list(p.traces.sections(())[0][1])
        with_journal = JournalReader.open(tmp_path / "state" / "journal.sqlite")
        stored = with_journal.sessions(), with_journal.facts()
        p.tap()  # the card is read in the instant of its death
        await p.station.kill()
        await asyncio.sleep(60)
        assert list(p.traces.sections(())[0][1]) == frames
        assert (with_journal.sessions(), with_journal.facts()) == stored
        with_journal.close_reader()


async def test_what_a_killed_agent_left_is_billed_once_it_is_back(tmp_path):
    async with place(tmp_path) as p:
        await charging(p)
        await p.station.kill()
        await asyncio.sleep(30)
        p.station.boot()
        await asyncio.sleep(60)
        (bill,) = await p.bills()
        assert bill.reason == "PowerLoss"
        assert abs(bill.energy_wh - p.true_wh()) <= 1.0


async def test_a_full_disk_keeps_the_next_driver_from_energy_until_there_is_room(tmp_path):
    async with place(tmp_path) as p:
        p.station.disk_full(True)
        p.plug_in()
        p.tap()
        await asyncio.sleep(60)
        assert p.true_wh() == 0.0
        p.station.disk_full(False)
        await asyncio.sleep(60)
        assert p.true_wh() > 0.0


async def test_a_power_cut_at_any_moment_of_a_restart_leaves_the_journal_to_the_next_agent(tmp_path):
    async with place(tmp_path) as here:
        for turns in range(0, 60, 3):
            await here.csms.reset(IDENTITY, ResetKind.IMMEDIATE)
            for _ in range(turns):
                await asyncio.sleep(0)
            await here.station.kill()
            here.station.boot()
            await asyncio.sleep(3.0)
            assert here.station.alive
            assert here.station.agent.station.online
