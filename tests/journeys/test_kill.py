"""kill -9 at random moments of a charge, the hardware living on: judged by what the CSMS stored and what flowed."""

from __future__ import annotations

import asyncio
import os
import random
import time
from pathlib import Path

import pytest

from csms.server import Csms
from tests.campaigns.results import campaign
from tests.journeys.judging import CAR, CHARGE_S, TAG, charge, released, settled, wrong
from tests.journeys.processes import Charger

KILLS = 15  # of each version; a campaign makes thousands
STATIONS = 5  # side by side, each killed several times
ROUND = 100  # in a campaign, new stations and a new CSMS after so many


async def one_kill(csms: Csms, charger: Charger, rng: random.Random) -> tuple[float, str]:
    """A charge with a kill in it; returns what flowed and what is wrong with the bill."""
    before_wh = await charger.do("true_energy_wh", evse=1)
    known = {one.tx for one in await csms.sessions(charger.identity)}
    await charger.do("plug_in", evse=1, car=CAR)
    charging = asyncio.create_task(charge(charger))
    await asyncio.sleep(rng.uniform(0.0, CHARGE_S))
    await charger.kill_agent()
    await charging
    await asyncio.sleep(rng.uniform(0.0, 1.0))
    await charger.start_agent()
    await asyncio.sleep(2.0)
    sessions = [one for one in await settled(csms, charger) if one.tx not in known]
    await released(charger)
    flowed_wh = await charger.do("true_energy_wh", evse=1) - before_wh
    return flowed_wh, wrong(flowed_wh, sessions)


async def killed(tmp_path: Path, version: str, kills: int, seed: str, results: list[tuple[float, str]]) -> None:
    """Kill some stations' agents side by side, so often in all; what flowed and what is wrong goes to `results`."""
    csms = Csms(accept_all=True)
    csms.add_token(TAG)
    port = await csms.start()
    chargers = [Charger(tmp_path / f"{n}", f"KILL-{n}", port, version) for n in range(STATIONS)]

    async def life(charger: Charger, rng: random.Random) -> None:
        await charger.power_up()
        try:
            await asyncio.sleep(1.0)
            for _ in range(kills // STATIONS):
                one = await one_kill(csms, charger, rng)
                results.append(one)
        finally:
            await charger.power_down()

    try:
        async with asyncio.TaskGroup() as group:
            for number, charger in enumerate(chargers):
                group.create_task(life(charger, random.Random(f"{seed} {number}")))
    finally:
        await csms.stop()


@pytest.mark.realtime
@pytest.mark.timeout(240)
@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_an_agent_killed_at_any_moment_bills_every_watt_hour_exactly_once(version, tmp_path: Path):
    results: list[tuple[float, str]] = []
    await killed(tmp_path, version, KILLS, version, results)
    assert len(results) == KILLS
    assert [why for _, why in results if why] == []
    assert sum(flowed > 0 for flowed, _ in results) >= KILLS // 2, "the kills missed the energy"


@pytest.mark.realtime
@pytest.mark.campaign
@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_campaign_of_kills_at_any_moment(version, tmp_path: Path):
    wanted, seed = int(os.environ.get("EVSE_KILLS", "1000")), time.time_ns()
    results: list[tuple[float, str]] = []

    def reached() -> str:
        return f"OCPP {version}: {len(results):,} kills, {sum(flowed for flowed, _ in results):.0f} Wh"

    with campaign("kills", "kill -9 at random moments of a charge, the hardware living on", reached):
        for begin in range(0, wanted, ROUND):
            folder = tmp_path / f"{begin}"
            folder.mkdir()
            await killed(folder, version, min(ROUND, wanted - begin), f"{seed} {begin}", results)
            assert [why for _, why in results if why] == []
            print(f"{len(results):,} of {wanted:,} kills", flush=True)  # noqa: T201 - hours pass
