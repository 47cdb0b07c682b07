"""`evse sim fleet` as its users run it: processes of its own, a CSMS, and what it says at the end."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from csms.server import Csms

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(120)]

PROFILE = """
title = "a few, soon"
boot_within_s = 2

[[wave]]
at_s = 5
within_s = 1
share = 1
"""


async def fleet(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", "sim", "fleet", *arguments, stdout=PIPE, stderr=PIPE
    )


@pytest_asyncio.fixture
async def csms() -> AsyncIterator[Csms]:
    made = Csms(accept_all=True)
    made.add_token("FLEET")
    await made.start()
    yield made
    await made.stop()


async def test_a_fleet_in_two_processes_boots_charges_and_leaves_in_order(tmp_path: Path, csms: Csms):
    file = tmp_path / "soon.toml"
    file.write_text(PROFILE)
    process = await fleet(
        *("5", "--csms", f"ws://127.0.0.1:{csms.port}/ocpp", "--profile", str(file), "--sample", "1", "--json")
    )
    reports = []
    assert process.stdout is not None
    async for text in process.stdout:
        reports.append(json.loads(text))
        if reports[-1]["charging"] == 5 and reports[-1]["answered"] > 5 * 8 and process.returncode is None:
            process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert {one.charger for one in await csms.sessions()} == {f"FLEET-{number}" for number in range(5)}
    assert reports[-1]["stations"] == 5
    assert reports[-1]["problems"] == {}
    assert csms.online == frozenset()


@pytest.mark.parametrize(
    ("arguments", "words"), [(("0",), "number from 1 on"), (("2", "--profile", "morning"), "there is no profile")]
)
async def test_what_it_cannot_do_is_said(arguments, words):
    process = await fleet(*arguments)
    _, err = await process.communicate()
    assert process.returncode == 2
    assert words in err.decode()
