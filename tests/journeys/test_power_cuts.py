"""The power goes at the Nth write or sync of the journal, and what was not synced goes with it.

What SIGKILL leaves in the operating system's cache is taken away or torn (`tests.journeys.disk`), and the machine that
starts anew is another to the agent. The hardware lives on, as a meter does.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from agent.runtime.journal import FILE_NAME
from csms.server import Csms
from tests.campaigns.results import campaign
from tests.journeys.disk import CALLS, Disk, recorder
from tests.journeys.judging import CAR, TAG, charge, released, settled, wrong
from tests.journeys.processes import Charger
from tests.journeys.test_cuts import CHARGING, SIDE_BY_SIDE, WRITES, UntouchedError, needs_strace, prepared

TOLD = re.compile(r'"eventType":"(\w+)".*?"seqNo":(\d+).*?"transactionId":"([^"]+)"')
TRACE_S = 30.0


def cut_at(number: int, trace: Path) -> tuple[str, ...]:
    return (*recorder(trace), "-e", f"trace={CALLS}", "-e", f"inject={WRITES}:signal=SIGKILL:when={number}")


async def lose_what_was_not_synced(
    charger: Charger, before: Mapping[str, bytes], trace: Path, rng: random.Random
) -> None:
    def told() -> str:
        return trace.read_text(errors="replace")

    async with asyncio.timeout(TRACE_S):  # strace outlives the agent by a moment
        while "+++ killed by SIGKILL" not in told():  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.05)
    found = Disk(charger.state, before, told()).after_a_power_cut(rng)
    for old in charger.state.glob("journal.sqlite*"):
        old.unlink()
    for name, content in found.items():
        (charger.state / name).write_bytes(content)


async def one_power_cut(csms: Csms, folder: Path, version: str, number: int, seed: str) -> str:
    """A first charge with a power cut in it, then an undisturbed start; returns what is wrong."""
    charger, trace = Charger(folder, folder.name, csms.port, version), folder / "trace"
    await prepared(charger)
    before = {one.name: one.read_bytes() for one in charger.state.glob(FILE_NAME)}
    try:
        await charger.start_hardware()
        await charger.start_agent(under=cut_at(number, trace), module="tests.journeys.machine")
        await asyncio.sleep(0.5)
        await charger.do("plug_in", evse=1, car=CAR)
        await charge(charger)
        await charger.stop_agent()
        if not charger.agent_was_killed:
            raise UntouchedError
        await lose_what_was_not_synced(charger, before, trace, random.Random(seed))
        await charger.start_agent()
        await asyncio.sleep(2.0)
        sessions = await settled(csms, charger)
        await released(charger)
        why = wrong(await charger.do("true_energy_wh", evse=1), sessions)
        return why or await numbers_are_wrong(csms, charger.identity)
    except (TimeoutError, AssertionError) as error:
        return repr(error)
    finally:
        await charger.power_down()


async def numbers_are_wrong(csms: Csms, identity: str) -> str:
    """What is wrong with the numbers of a charger's transaction events (2.x)."""
    frames = await csms.store.read(lambda database: database.frames(identity))
    kinds: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for frame in frames:
        for kind, number, tx in TOLD.findall(frame.frame):
            if kinds[tx].setdefault(int(number), kind) != kind:
                return f"number {number} of {tx} is {kinds[tx][int(number)]} and {kind}"
    for tx in kinds:
        numbers = await csms.store.read(lambda database, tx=tx: database.steps(identity, tx))
        if numbers != list(range(len(numbers))):
            return f"numbers of {tx} are missing: {numbers}"
    return ""


async def power_cuts(tmp_path: Path, version: str, plans: Sequence[tuple[int, str]]) -> dict[tuple[int, str], str]:
    """Every plan (at which write, with which seed) that went wrong, and how. Nearly all must have come to pass."""
    csms = Csms(accept_all=True)
    csms.add_token(TAG)
    await csms.start()
    places = asyncio.Semaphore(SIDE_BY_SIDE)
    found: dict[tuple[int, str], str] = {}
    untouched: list[int] = []

    async def run(place: int, number: int, seed: str) -> None:
        async with places:
            try:
                why = await one_power_cut(csms, tmp_path / f"POWER-{place}", version, number, seed)
            except UntouchedError:
                untouched.append(number)
            else:
                found.update({(number, seed): why} if why else {})

    try:
        await asyncio.gather(*(run(place, *plan) for place, plan in enumerate(plans)))
    finally:
        await csms.stop()
    assert len(untouched) <= len(plans) // 4, untouched
    return found


@needs_strace
@pytest.mark.realtime
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("version", "numbers"), [("1.6", (46,)), ("2.0.1", (42, 52))])
async def test_a_power_cut_that_takes_what_was_not_synced_costs_no_transaction_and_no_energy(
    version, numbers, tmp_path
):
    assert await power_cuts(tmp_path, version, [(number, f"{version} {number}") for number in numbers]) == {}


@needs_strace
@pytest.mark.realtime
@pytest.mark.campaign
@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_campaign_of_power_cuts_that_take_what_was_not_synced(version, tmp_path):
    wanted, seed, done = int(os.environ.get("EVSE_POWER_CUTS", "1000")), time.time_ns(), 0
    rng = random.Random(seed)
    what = "power cuts at random writes of a charge, what was not synced dropped or torn"
    with campaign("power_cuts", what, lambda: f"OCPP {version}: {done:,} power cuts"):
        while done < wanted:
            folder = tmp_path / f"{done}"
            folder.mkdir()
            plans = [(rng.choice(CHARGING), f"{seed} {done + n}") for n in range(min(50, wanted - done))]
            found = await power_cuts(folder, version, plans)
            assert found == {}
            done += len(plans)
