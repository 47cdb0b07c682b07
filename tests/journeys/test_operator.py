"""What an operator can do from afar to a station that charges, stands idle, or has just restarted."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import pytest

from agent.core.session import Phase
from agent.core.values import ConnectorStatus
from agent.ocpp.v16 import wire as v16
from agent.ocpp.v201 import wire as v201
from hal.types import LockState
from sim.symptoms import Symptom
from tests.journeys.place import IDENTITY, OTHER_TAG, TAG, Place, place

BOOT_S = 2.0
both = pytest.mark.parametrize("version", ["1.6", "2.0.1"])


def availability(version: str, kind: Any, evse: int | None = None) -> Any:
    if version == "1.6":
        return v16.ChangeAvailabilityRequest(connectorId=evse or 0, type=kind)
    where = {} if evse is None else {"evse": v201.EVSEType(id=evse)}
    return v201.ChangeAvailabilityRequest(operationalStatus=kind, **where)


def unlock(version: str) -> Any:
    if version == "1.6":
        return v16.UnlockConnectorRequest(connectorId=1)
    return v201.UnlockConnectorRequest(evseId=1, connectorId=1)


def wire_of(version: str) -> ModuleType:
    return v16 if version == "1.6" else v201


async def ask(p: Place, request: Any) -> str:
    answer: Any = await p.csms.call(IDENTITY, request)
    status: str = answer.status
    return status


async def told(p: Place) -> dict[tuple[int, int], str]:
    """The status of each connector as the CSMS has it; 1.6 knows connectors only."""
    return {(one.evse, one.connector): one.status for one in await p.statuses()}


# Availability


@both
@pytest.mark.octt("TC_G_17_CS")
async def test_a_change_during_a_charge_is_scheduled_and_comes_with_its_end(version, tmp_path):
    async with place(tmp_path, version) as p:
        p.plug_in()
        await asyncio.sleep(2)
        p.tap()
        await asyncio.sleep(60)
        assert await ask(p, availability(version, "Inoperative", 1)) == "Scheduled"
        await asyncio.sleep(60)
        assert p.session().phase is Phase.CHARGING
        p.tap()
        await asyncio.sleep(15)
        assert p.session().status is ConnectorStatus.UNAVAILABLE
        assert set((await told(p)).values()) >= {"Unavailable"}
        (bill,) = await p.bills()
        assert bill.ended_utc_s is not None
        p.tap(OTHER_TAG)
        await asyncio.sleep(30)
        assert len(await p.bills()) == 1
        assert await ask(p, availability(version, "Operative", 1)) == "Accepted"
        await asyncio.sleep(2)
        assert p.session().status is ConnectorStatus.FINISHING


@both
@pytest.mark.req("G03.FR.08")
@pytest.mark.req("G04.FR.09")
@pytest.mark.octt("TC_G_18_CS")
@pytest.mark.octt("TC_G_21_CS")
async def test_what_is_out_of_service_stays_so_over_a_power_cut(version, tmp_path):
    async with place(tmp_path, version, evses=2) as p:
        assert await ask(p, availability(version, "Inoperative")) == "Accepted"
        await asyncio.sleep(1)
        await p.station.kill()
        p.station.boot()
        await asyncio.sleep(BOOT_S)
        assert {p.session(evse).status for evse in (1, 2)} == {ConnectorStatus.UNAVAILABLE}
        assert set((await told(p)).values()) == {"Unavailable"}
        assert await ask(p, availability(version, "Operative")) == "Accepted"
        await asyncio.sleep(2)
        assert set((await told(p)).values()) == {"Available"}


# Unlock


async def test_an_unlock_in_1_6_ends_the_charge_and_lets_the_cable_go(tmp_path):
    async with place(tmp_path, "1.6") as p:
        p.plug_in()
        await asyncio.sleep(2)
        p.tap()
        await asyncio.sleep(60)
        assert p.session().locked
        assert await ask(p, unlock("1.6")) == "Unlocked"
        assert p.board.snapshot(1).lock is LockState.UNLOCKED
        await asyncio.sleep(15)
        (bill,) = await p.bills()
        assert bill.reason == "UnlockCommand"
        assert abs(bill.energy_wh - p.true_wh()) <= 1.0
        moves = [one.what for one in p.board.trace if one.what in {"lock", "contactor"}]
        assert moves[-1] == "lock"  # after the contactor


async def test_an_unlock_in_2_0_1_leaves_a_charge_alone(tmp_path):
    async with place(tmp_path, "2.0.1") as p:
        p.plug_in()
        await asyncio.sleep(2)
        p.tap()
        await asyncio.sleep(60)
        assert await ask(p, unlock("2.0.1")) == "OngoingAuthorizedTransaction"
        await asyncio.sleep(60)
        assert p.session().phase is Phase.CHARGING


@both
async def test_a_lock_that_is_stuck_is_told_so_and_one_that_is_open_says_unlocked(version, tmp_path):
    async with place(tmp_path, version, settings={"UnlockConnectorOnEVSideDisconnect": False}) as p:
        assert await ask(p, unlock(version)) == "Unlocked"
        p.plug_in()
        await asyncio.sleep(2)
        p.tap()
        await asyncio.sleep(60)
        p.board.inject(1, Symptom.LOCK_JAM)
        p.board.plug_out(1, graceful=True)
        await asyncio.sleep(20)
        assert await ask(p, unlock(version)) == "UnlockFailed"


# Cache


@both
async def test_a_cleared_cache_no_longer_starts_anybody_offline(version, tmp_path):
    settings = {"AuthorizationCacheEnabled": True, "LocalAuthorizeOffline": True}
    async with place(tmp_path, version, settings=settings) as p:
        await p.charge(60)
        assert await starts_offline(p)
        p.station.network(True)
        await asyncio.sleep(5)
        assert await ask(p, wire_of(version).ClearCacheRequest()) == "Accepted"
        assert not await starts_offline(p)


async def starts_offline(p: Place) -> bool:
    """Whether the driver can begin a charge while the CSMS is out of reach; it is over again afterwards."""
    p.station.network(False)
    p.board.plug_out(1)
    await asyncio.sleep(15)
    p.plug_in()
    await asyncio.sleep(2)
    p.tap(TAG)
    await asyncio.sleep(30)
    began = p.session().driver is not None
    if began:
        p.tap(TAG)
        await asyncio.sleep(15)
    return began


# Clock-aligned readings


@pytest.mark.req("J01.FR.20")
async def test_with_send_during_idle_no_aligned_reading_falls_into_a_transaction(tmp_path):
    settings = {"AlignedDataCtrlr.SendDuringIdle": True, "AlignedDataCtrlr.Interval": 60}
    async with place(tmp_path, "2.0.1", evses=2, settings=settings) as p:
        seen: list[str] = []
        assert p.station.agent is not None
        with p.station.agent.station.watching_frames(lambda _, frame: seen.append(frame)):
            await asyncio.sleep(130)
            assert sum("Sample.Clock" in one for one in seen) == 4  # two EVSEs, two minutes
            p.plug_in()
            await asyncio.sleep(2)
            p.tap()
            await asyncio.sleep(3)
            seen.clear()
            await asyncio.sleep(300)
            assert not [one for one in seen if "Sample.Clock" in one]
            p.tap()
            await asyncio.sleep(20)
            await asyncio.sleep(60)
            assert [one for one in seen if "Sample.Clock" in one]
