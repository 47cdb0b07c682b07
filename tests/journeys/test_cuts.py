"""The agent cut at its Nth write or sync of the journal, or met by a full or failing disk from there on.

SIGKILL at a system call shows that no moment between two writes loses or doubles anything; it does not show what a
power cut does to writes that were never synced.
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from agent.runtime.journal import FILE_NAME, Journal
from csms.server import Csms
from tests.campaigns.results import campaign
from tests.journeys.judging import CAR, TAG, charge, released, settled, wrong
from tests.journeys.processes import Charger

WRITES = "pwrite64,fdatasync,fsync,ftruncate"
SIDE_BY_SIDE = 6
# strace counts each thread's calls: the main one makes the journal with some 55 of them, the journal's own then writes
# some 65 to 85 (as many readings as there is time for) until its orderly end; the charge begins with the 40th or so.
MAKING = range(1, 56)
CHARGING = range(1, 70)

KILL = "signal=SIGKILL"

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None or platform.system() != "Linux",
    reason="strace puts the cut at the Nth call; it is not installed (Debian: apt-get install strace)",
)


class UntouchedError(Exception):
    """The charge was over before the Nth write: the machine was too slow for so many readings."""


class Plan(NamedTuple):
    """What is done to the Nth write, and whether that is one of those that make the journal."""

    what: str
    number: int
    making: bool = False

    def under(self) -> tuple[str, ...]:
        # -D: strace is the grandchild, so that the process we signal is the agent itself. With --seccomp-bpf, which is
        # faster, strace 6.1 injects errors, but no signals.
        tracing = ("strace", "-D", "-f", "-qq", "-o", os.devnull, "-e", f"trace={WRITES}")
        return (*tracing, "-e", f"inject={WRITES}:{self.what}:when={self.number}{'' if self.kills else '+'}")

    @property
    def kills(self) -> bool:
        return self.what == KILL


async def one_cut(csms: Csms, folder: Path, version: str, plan: Plan) -> str:
    """A first charge with the plan done to the journal's writes, then an undisturbed start; returns what is wrong."""
    charger = Charger(folder, folder.name, csms.port, version)
    if not plan.making:
        await prepared(charger)
    try:
        await charger.start_hardware()
        await charger.start_agent(under=plan.under())
        await asyncio.sleep(0.5)
        await charger.do("plug_in", evse=1, car=CAR)
        await charge(charger)
        await charger.stop_agent()
        if plan.kills and not charger.agent_was_killed:
            raise UntouchedError
        await charger.start_agent()
        await asyncio.sleep(2.0)
        sessions = await settled(csms, charger)
        await released(charger)
        return wrong(await charger.do("true_energy_wh", evse=1), sessions)
    except (TimeoutError, AssertionError) as error:
        return repr(error)
    finally:
        await charger.power_down()


async def prepared(charger: Charger) -> None:
    """The journal is there already: what is written from now on, its own thread writes."""
    charger.state.mkdir()
    await Journal.open(charger.state / FILE_NAME).close()


async def cuts(tmp_path: Path, version: str, plans: Sequence[Plan]) -> dict[Plan, str]:
    """Every plan that went wrong, and how. Nearly all of them must have come to pass."""
    csms = Csms(accept_all=True)
    csms.add_token(TAG)
    await csms.start()
    places = asyncio.Semaphore(SIDE_BY_SIDE)
    found: dict[Plan, str] = {}
    untouched: list[Plan] = []

    async def run(place: int, plan: Plan) -> None:
        async with places:
            try:
                why = await one_cut(csms, tmp_path / f"CUT-{place}", version, plan)
            except UntouchedError:
                untouched.append(plan)
            else:
                found.update({plan: why} if why else {})

    try:
        await asyncio.gather(*(run(place, plan) for place, plan in enumerate(plans)))
    finally:
        await csms.stop()
    assert len(untouched) <= len(plans) // 4, untouched
    return found


@needs_strace
@pytest.mark.realtime
@pytest.mark.timeout(300)
@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_a_cut_at_any_write_of_the_journal_loses_and_doubles_nothing(version, tmp_path):
    plans = [Plan(KILL, 30, making=True), *(Plan(KILL, number) for number in (15, 45, 52))]
    assert await cuts(tmp_path, version, plans) == {}


@needs_strace
@pytest.mark.realtime
@pytest.mark.timeout(120)
@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EROFS"])
async def test_a_disk_that_fails_from_any_write_on_costs_no_energy_that_is_not_billed(error, tmp_path):
    plans = [Plan(f"error={error}", 20, making=True), Plan(f"error={error}", 50)]
    assert await cuts(tmp_path, "2.0.1", plans) == {}


@needs_strace
@pytest.mark.realtime
@pytest.mark.campaign
@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_campaign_of_cuts_at_every_write(version, tmp_path):
    plans = [Plan(KILL, number, making=True) for number in MAKING]
    plans += [Plan(KILL, number) for number in CHARGING]
    errors = [f"error={error}" for error in ("ENOSPC", "EIO", "EROFS")]
    plans += [Plan(error, number, making=True) for error in errors for number in MAKING[::5]]
    plans += [Plan(error, number) for error in errors for number in CHARGING[::5]]
    done = f"OCPP {version}: none"
    with campaign("cuts", "kills at every write of the journal, disk errors from every fifth on", lambda: done):
        found = await cuts(tmp_path, version, plans)
        done = f"OCPP {version}: {len(plans)} cuts, {len(found)} wrong"
        assert found == {}
