"""kill -9 at random moments of a charge, the hardware living on: judged by what the CSMS stored and what flowed."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from csms.server import Csms
from tests.journeys.processes import Charger

TAG = "AABBCCDD"
KILLS = 50
STATIONS = 10  # side by side, each killed several times
CHARGE_S = 4.0  # tap, close, charge, tap, open, unplug: a kill falls anywhere into this
RECOVERY_S = 25.0
CAR = {"reaction_s": 0.2, "s2_delay_s": 0.1, "max_current_a": 32.0}
TOLERANCE_WH = 1.0  # the meter's resolution


async def charge(charger: Charger) -> None:
    await charger.do("present_token", token=TAG)
    await asyncio.sleep(3.0)
    await charger.do("present_token", token=TAG)
    await asyncio.sleep(1.0)


async def settled(csms: Csms, charger: Charger) -> list:
    """The charger's sessions once all are closed and nothing is on its way."""
    async with asyncio.timeout(RECOVERY_S):
        while True:
            await asyncio.sleep(0.5)
            sessions = await csms.sessions(charger.identity)
            state = await charger.do("snapshot", evse=1)
            if all(one.ended_utc_s is not None for one in sessions) and not any(state["poles"]):
                return sessions


async def released(charger: Charger) -> None:
    """The cable comes out: it does not while it is locked."""
    async with asyncio.timeout(RECOVERY_S):
        while (await charger.do("snapshot", evse=1))["soc_pct"] is not None:  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.1)


async def one_kill(csms: Csms, charger: Charger, rng: random.Random) -> tuple[float, float, int]:
    """A charge with a kill in it; returns what flowed, what the CSMS billed for it, and in how many sessions."""
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
    await charger.do("plug_out", evse=1)
    await released(charger)
    flowed_wh = await charger.do("true_energy_wh", evse=1) - before_wh
    assert len(sessions) <= 2, "a tap before the kill and one after it make two sessions at most"
    for one in sessions:
        assert one.remark is None, one
        assert one.energy_wh is not None
        assert one.energy_wh >= 0
    return flowed_wh, sum(one.energy_wh for one in sessions), len(sessions)


@pytest.mark.realtime
@pytest.mark.timeout(240)
@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_an_agent_killed_at_any_moment_bills_every_watt_hour_exactly_once(version, tmp_path: Path):
    csms = Csms(accept_all=True)
    csms.add_token(TAG)
    port = await csms.start()
    chargers = [Charger(tmp_path / f"{n}", f"KILL-{n}", port, version) for n in range(STATIONS // 2)]
    results: list[tuple[float, float, int]] = []

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
    assert len(results) == KILLS // 2
    wrong = [one for one in results if abs(one[0] - one[1]) > TOLERANCE_WH * max(1, one[2])]
    assert not wrong, f"flowed Wh, billed Wh, sessions: {wrong}"
    assert sum(flowed > 0 for flowed, _, _ in results) >= KILLS // 4, "the kills missed the energy"
