"""The power goes at any moment of a charge, on the virtual clock, and takes what was not synced."""

from __future__ import annotations

import asyncio
import os
import random
import time
from pathlib import Path

import pytest

from sim.time import run_virtual
from tests.campaigns.results import campaign
from tests.journeys.forgetting import ForgetfulDisk
from tests.journeys.judging import wrong
from tests.journeys.place import IDENTITY, place

pytestmark = pytest.mark.own_clock  # each cut has a clock of its own
CHARGE_S = 100.0


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> ForgetfulDisk:
    made = ForgetfulDisk()
    made.install(monkeypatch)
    return made


async def one_cut(folder: Path, version: str, rng: random.Random) -> str:
    """A charge with a power cut in it; returns what is wrong with its bills and its numbers."""
    interval_s = rng.choice([1, 7, 10, 30, 60])
    async with place(folder, version, settings={"MeterValueSampleInterval": interval_s}) as here:
        here.plug_in()
        await asyncio.sleep(rng.uniform(0.0, 10.0))
        here.tap()
        await asyncio.sleep(rng.uniform(0.0, CHARGE_S))
        if rng.random() < 0.3:
            here.tap()  # it was about to end
            await asyncio.sleep(rng.uniform(0.0, 8.0))
        if rng.random() < 0.3:
            await here.csms_down()
            await asyncio.sleep(rng.uniform(0.0, CHARGE_S))
            await here.station.kill()
            await here.csms_up()
        else:
            await here.station.kill()
        here.station.boot()
        await asyncio.sleep(60.0)
        here.board.plug_out(1)
        await asyncio.sleep(30.0)
        bills = await here.csms.sessions(IDENTITY)
        if any(one.ended_utc_s is None for one in bills):
            return f"not closed: {bills}"
        for one in bills if version != "1.6" else ():
            numbers = await here.csms.store.read(lambda database, tx=one.tx: database.steps(IDENTITY, tx))
            if numbers != list(range(len(numbers))):
                return f"numbers are missing: {numbers}"
        return wrong(here.true_wh(), bills)


def cuts(folder: Path, version: str, seeds: list[str]) -> dict[str, str]:
    """Which seeds went wrong, and how."""
    found = {}
    for place_, seed in enumerate(seeds):
        here = folder / f"{version}-{place_}"
        here.mkdir()
        why = run_virtual(one_cut(here, version, random.Random(seed)))
        if why:
            found[seed] = why
    return found


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_power_cut_at_any_moment_costs_no_transaction_no_energy_and_no_number(version, tmp_path, disk):
    assert cuts(tmp_path, version, [f"{version} {n}" for n in range(2)]) == {}
    assert disk.cuts > 0, "nothing was forgotten"


@pytest.mark.campaign
@pytest.mark.timeout(0)
@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_campaign_of_power_cuts_on_the_virtual_clock(version, tmp_path, disk):
    wanted, seed, done = int(os.environ.get("EVSE_VIRTUAL_CUTS", "1000")), time.time_ns(), 0
    what = "power cuts at any moment of a charge on the virtual clock, what was not synced forgotten"
    with campaign("forgetting", what, lambda: f"OCPP {version}: {done:,} cuts, {disk.cuts:,} of them forgot something"):
        while done < wanted:
            folder = tmp_path / f"{done}"
            folder.mkdir()
            seeds = [f"{seed} {done + n}" for n in range(min(50, wanted - done))]
            assert cuts(folder, version, seeds) == {}
            done += len(seeds)
