"""The same seed gives the same story, byte for byte: every frame, telegram, edge of the pilot, reading and bill."""

from __future__ import annotations

import asyncio
import difflib
import hashlib
import os
import sys
from asyncio.subprocess import PIPE

import pytest

from tests.campaigns.results import campaign
from tests.journeys.one_story import told

pytestmark = [pytest.mark.own_clock]  # each story brings a clock of its own


def repeated(runs: int, version: str, line: str = "tcp") -> int:
    """Tell a story again and again; how often it was the same as the first time before it was not."""
    first = told(version, line)
    assert len(first) > 20_000
    for run in range(1, runs):
        again = told(version, line)
        if again != first:
            changes = difflib.unified_diff(first.splitlines(), again.splitlines(), "first", f"run {run}", lineterm="")
            pytest.fail("\n".join(list(changes)[:40]))
    return runs


@pytest.mark.parametrize(("version", "line"), [("1.6", "tcp"), ("2.0.1", "rtu")])
def test_ten_runs_of_an_eventful_story_are_the_same_to_the_byte(version, line):
    assert repeated(10, version, line) == 10


async def test_it_is_the_same_in_another_process_whatever_the_hashes_of_its_strings():
    async def hashed(seed: int) -> bytes:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.journeys.one_story", "2.0.1"),
            stdout=PIPE,
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
        )
        out, _ = await process.communicate()
        return out

    own = hashlib.sha256((await asyncio.to_thread(told, "2.0.1")).encode()).hexdigest()
    assert {await hashed(1), await hashed(4711)} == {own.encode()}


def test_a_microsecond_that_differs_is_seen():
    assert told("2.0.1") != told("2.0.1", late_s=1e-6)


@pytest.mark.campaign
def test_a_thousand_runs_are_the_same_to_the_byte():
    wanted, done = int(os.environ.get("EVSE_REPEATS", "1000")), 0
    with campaign("repeat", "an eventful story on 1.6 (TCP) and 2.0.1 (RTU)", lambda: f"{done:,} runs, all the same"):
        for _ in range(wanted // 100):
            for version, line in (("1.6", "tcp"), ("2.0.1", "rtu")):
                done += repeated(50, version, line)
