"""Limits on their way from whoever sets them to the pilot, and back as news to the CSMS, through the whole agent."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import msgspec
import pytest

from agent.core.schedule import LimitOwner, Period, Schedule
from csms import planning
from csms.records import Direction
from sim.vehicle import offered_a
from tests.journeys.place import IDENTITY, TAG, place


def offered(p: Any, evse: int = 1) -> float | None:
    duty_pct = p.board.snapshot(evse).duty_pct
    return None if duty_pct is None else offered_a(duty_pct)


async def said(p: Any, action: str, field: str) -> list[str]:
    """The values of a text field in what the charger has sent of an action, oldest first."""
    frames = await p.csms.store.read(lambda db: db.frames(IDENTITY))
    return [
        value
        for one in frames
        if f',"{action}",' in one.frame and one.direction is Direction.IN
        for value in re.findall(rf'"{field}":"(\w+)"', one.frame)
    ]


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_a_profile_that_comes_with_a_remote_start_holds_from_the_first_offer_to_the_end(version, tmp_path):
    async with place(tmp_path, version) as p:
        p.plug_in()
        await asyncio.sleep(5)
        periods = {"chargingSchedulePeriod": [{"startPeriod": 0, "limit": 9.0}], "chargingRateUnit": "A"}
        profile = {"stackLevel": 0, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative"}
        if version == "1.6":
            action = "RemoteStartTransaction"
            payload: dict[str, Any] = {"idTag": TAG, "connectorId": 1}
            payload["chargingProfile"] = {"chargingProfileId": 4, **profile, "chargingSchedule": periods}
        else:
            action = "RequestStartTransaction"
            payload = {"idToken": {"idToken": TAG, "type": "ISO14443"}, "evseId": 1, "remoteStartId": 3}
            payload["chargingProfile"] = {"id": 4, **profile, "chargingSchedule": [{"id": 1, **periods}]}
        answer = await p.csms.ask_by_name(IDENTITY, action, msgspec.json.encode(payload))
        assert answer.status == "Accepted"
        seen = set()
        for _ in range(120):
            await asyncio.sleep(0.5)
            seen.add(offered(p))
        (only,) = seen - {None, 0.0}
        assert only == pytest.approx(9.0, abs=0.2)
        p.tap()
        await asyncio.sleep(20)
        assert p.station.agent.charge_point.profiles.count == 0


@pytest.mark.req("K11.FR.02")
@pytest.mark.req("K11.FR.04")
@pytest.mark.req("K13.FR.02")
@pytest.mark.req("K13.FR.03")
async def test_a_grid_limit_reaches_the_pilot_within_a_second_and_the_csms_hears_of_limit_and_rate(tmp_path):
    async with place(tmp_path, "2.0.1") as p:
        p.plug_in()
        p.tap()
        await asyncio.sleep(60)
        profiles = p.station.agent.charge_point.profiles
        profiles.impose(LimitOwner.GRID, Schedule((Period(0, 8.0),)))
        await asyncio.sleep(1)
        assert offered(p) == pytest.approx(8.0, abs=0.2)
        await asyncio.sleep(10)
        profiles.release(LimitOwner.GRID)
        await asyncio.sleep(10)
        assert offered(p) == pytest.approx(32.0, abs=0.2)
        assert await said(p, "NotifyChargingLimit", "chargingLimitSource") == ["SO"]
        assert await said(p, "ClearedChargingLimit", "chargingLimitSource") == ["SO"]
        assert (await said(p, "TransactionEvent", "triggerReason")).count("ChargingRateChanged") == 2


@pytest.mark.req("K01.FR.27")
@pytest.mark.req("K06.FR.01")
@pytest.mark.behaviour(20)
async def test_a_profile_outlives_a_power_cut_and_holds_offline(tmp_path):
    async with place(tmp_path, "2.0.1") as p:
        wish = planning.SetProfile(
            number=1, periods=(planning.Period(limit=7.0),), start_utc_s=0.0, kind=planning.Kind.DAILY
        )
        assert (await p.csms.ask(IDENTITY, wish)).status == "Accepted"
        await p.station.kill()
        p.station.boot()
        await asyncio.sleep(60)
        p.plug_in()
        p.tap()
        await asyncio.sleep(60)
        p.station.network(online=False)
        await asyncio.sleep(10)
        assert offered(p) == pytest.approx(7.0, abs=0.2)


@pytest.mark.octt("TC_B_24_CS")
async def test_a_reserved_connector_is_told_reserved_after_a_reset(tmp_path):
    async with place(tmp_path, "2.0.1") as p:
        wish = planning.Reserve(number=1, token=TAG, until_utc_s=p.wall() + 3600, evse=1)
        assert (await p.csms.ask(IDENTITY, wish)).status == "Accepted"
        await asyncio.sleep(2)
        await p.station.kill()
        before = len(await said(p, "StatusNotification", "connectorStatus"))
        p.station.boot()
        await asyncio.sleep(60)
        assert set((await said(p, "StatusNotification", "connectorStatus"))[before:]) == {"Reserved"}
