"""The ear at a meter's bus: what goes over it is told while somebody listens, also over the socket, and else not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hal.commands import TapBus
from hal.remote import RemoteBoard
from hal.types import BusHeard
from sim.board import BoardSpec
from sim.hardware import MeterLink, SimHardware
from tests.hal.bench import Follower, served
from tests.hal.stub_board import StubBoard

VOLTAGE_REQUEST = bytes.fromhex("04 0000")  # Eastron SDM630 Modbus manual, 1.2: input registers from 0000


@pytest.fixture
async def hardware() -> AsyncIterator[SimHardware]:
    made = SimHardware(BoardSpec(), MeterLink())
    await made.start()
    yield made
    await made.close()


def heard(follower: Follower) -> list[BusHeard]:
    return [one for one in follower.events if isinstance(one, BusHeard)]


async def test_requests_and_answers_are_told_while_the_bus_is_tapped(hardware: SimHardware):
    evse = hardware.guarded.evses[1]
    follower = Follower(evse.events())
    await asyncio.sleep(3.0)
    assert heard(follower) == []
    assert evse.wiretap is not None
    await evse.wiretap.tap(True)
    await asyncio.sleep(3.0)
    told = heard(follower)
    assert {one.unit for one in told} == {1}
    assert any(one.asked.startswith(VOLTAGE_REQUEST) for one in told)
    for one in told:
        count = int.from_bytes(one.asked[3:5], "big")
        assert one.answered is not None
        assert one.answered[:2] == bytes((4, 2 * count))  # Modbus Application Protocol V1.1b3, 6.4
        assert len(one.answered) == 2 + 2 * count
    await evse.wiretap.tap(False)
    await asyncio.sleep(3.0)
    assert heard(follower) == told
    await follower.stop()


async def test_silence_on_the_bus_is_told_as_such(hardware: SimHardware):
    evse = hardware.guarded.evses[1]
    follower = Follower(evse.events())
    await evse.ask(TapBus(True), 1.0)
    hardware.slaves[1].silent = True
    await asyncio.sleep(3.0)
    assert heard(follower)[-1].answered is None
    await follower.stop()


async def test_a_tap_reaches_over_the_socket_and_goes_with_its_client(hardware: SimHardware, tmp_path: Path):
    async with served(hardware.guarded, tmp_path / "hal.sock"):
        board = RemoteBoard(tmp_path / "hal.sock")
        await board.start()
        evse = board.evses[1]
        follower = Follower(evse.events())
        assert evse.wiretap is not None
        await evse.wiretap.tap(True)
        await asyncio.sleep(2.0)
        assert heard(follower)
        await board.close()
        await asyncio.sleep(2.0)
        own = Follower(hardware.guarded.evses[1].events())
        await asyncio.sleep(3.0)
        assert heard(own) == []
        await own.stop()


async def test_a_meter_that_is_on_no_bus_offers_no_ear():
    from hal.guard import Guard

    assert Guard(StubBoard()).evses[1].wiretap is None
