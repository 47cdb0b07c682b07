"""kill -9 at random moments of a charge, the hardware living on: judged by what the CSMS stored and what flowed."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from csms.server import Csms
from tests.journeys.judging import CAR, CHARGE_S, TAG, charge, released, settled, wrong
from tests.journeys.processes import Charger

KILLS = 25  # of each version
STATIONS = 5  # side by side, each killed several times


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


@pytest.mark.realtime
@pytest.mark.timeout(240)
@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_an_agent_killed_at_any_moment_bills_every_watt_hour_exactly_once(version, tmp_path: Path):
    csms = Csms(accept_all=True)
    csms.add_token(TAG)
    port = await csms.start()
    chargers = [Charger(tmp_path / f"{n}", f"KILL-{n}", port, version) for n in range(STATIONS)]
    results: list[tuple[float, str]] = []

    async def life(charger: Charger, rng: random.Random) -> None:
        await charger.power_up()
        try:
            await asyncio.sleep(1.0)
            results.extend([await one_kill(csms, charger, rng) for _ in range(KILLS // STATIONS)])
        finally:
            await charger.power_down()

    try:
        async with asyncio.TaskGroup() as group:
            for number, charger in enumerate(chargers):
                group.create_task(life(charger, random.Random(f"{version} {number}")))
    finally:
        await csms.stop()
    assert len(results) == KILLS
    assert [why for _, why in results if why] == []
    assert sum(flowed > 0 for flowed, _ in results) >= KILLS // 2, "the kills missed the energy"
