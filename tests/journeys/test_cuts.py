"""The agent cut at its Nth write or sync of the journal, or met by a full or failing disk from there on.

SIGKILL at a system call shows that no moment between two writes loses or doubles anything; it does not show what a
power cut does to writes that were never synced.
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from csms.server import Csms
from tests.campaigns.results import campaign
from tests.journeys.judging import CAR, TAG, charge, released, settled, wrong
from tests.journeys.processes import Charger

WRITES = "pwrite64,fdatasync,fsync,ftruncate"
SIDE_BY_SIDE = 6
# A charge makes about 100 writes on the journal's thread, the first start about 40 more on the main one.
SOME = [1, 40, 60, 80, 100, 120]
ALL = range(1, 140)

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None or platform.system() != "Linux",
    reason="strace puts the cut at the Nth call; it is not installed (Debian: apt-get install strace)",
)


def injected(what: str) -> tuple[str, ...]:
    # -D: strace is the grandchild, so that the process we signal is the agent itself.
    tracing = ("strace", "-D", "-f", "--seccomp-bpf", "-qq", "-o", os.devnull)
    return (*tracing, "-e", f"trace={WRITES}", "-e", f"inject={WRITES}:{what}")


async def one_cut(csms: Csms, folder: Path, version: str, what: str) -> str:
    """A first charge with `what` done to the journal's writes, then an undisturbed start; returns what is wrong."""
    charger = Charger(folder, folder.name, csms.port, version)
    await charger.start_hardware()
    try:
        await charger.start_agent(under=injected(what))
        await asyncio.sleep(0.5)
        await charger.do("plug_in", evse=1, car=CAR)
        await charge(charger)
        await charger.stop_agent()
        await charger.start_agent()
        await asyncio.sleep(2.0)
        sessions = await settled(csms, charger)
        await released(charger)
        return wrong(await charger.do("true_energy_wh", evse=1), sessions)
    except (TimeoutError, AssertionError) as error:
        return repr(error)
    finally:
        await charger.power_down()


async def cuts(tmp_path: Path, version: str, plans: Iterable[str]) -> dict[str, str]:
    """Every plan that went wrong, and how."""
    csms = Csms(accept_all=True)
    csms.add_token(TAG)
    await csms.start()
    places = asyncio.Semaphore(SIDE_BY_SIDE)
    found: dict[str, str] = {}

    async def run(number: int, what: str) -> None:
        async with places:
            why = await one_cut(csms, tmp_path / f"CUT-{number}", version, what)
            if why:
                found[what] = why

    try:
        await asyncio.gather(*(run(number, what) for number, what in enumerate(plans)))
    finally:
        await csms.stop()
    return found


@needs_strace
@pytest.mark.realtime
@pytest.mark.timeout(300)
@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_a_cut_at_any_write_of_the_journal_loses_and_doubles_nothing(version, tmp_path):
    assert await cuts(tmp_path, version, [f"signal=SIGKILL:when={n}" for n in SOME]) == {}


@needs_strace
@pytest.mark.realtime
@pytest.mark.timeout(120)
@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EROFS"])
async def test_a_disk_that_fails_from_any_write_on_costs_no_energy_that_is_not_billed(error, tmp_path):
    assert await cuts(tmp_path, "2.0.1", [f"error={error}:when={n}+" for n in (20, 100)]) == {}


@needs_strace
@pytest.mark.realtime
@pytest.mark.campaign
@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_campaign_of_cuts_at_every_write(version, tmp_path):
    plans = [f"signal=SIGKILL:when={n}" for n in ALL]
    plans += [f"error={error}:when={n}+" for error in ("ENOSPC", "EIO", "EROFS") for n in range(1, 140, 5)]
    done = f"OCPP {version}: none"
    with campaign("cuts", "kills at every write of the journal, disk errors from every fifth on", lambda: done):
        found = await cuts(tmp_path, version, plans)
        done = f"OCPP {version}: {len(plans)} cuts, {len(found)} wrong"
        assert found == {}
