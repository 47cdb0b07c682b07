"""`evse sim fleet` as its users run it: processes of its own, a CSMS, and what it says at the end."""

from __future__ import annotations

import asyncio
import json
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


async def fleet(*arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", "sim", "fleet", *arguments, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest_asyncio.fixture
async def csms() -> AsyncIterator[Csms]:
    made = Csms(accept_all=True)
    made.add_token("FLEET")
    await made.start()
    yield made
    await made.stop()


async def test_a_fleet_in_two_processes_boots_charges_and_leaves_in_order(tmp_path: Path, csms: Csms):
    url = f"ws://127.0.0.1:{csms.port}/ocpp"
    file = tmp_path / "soon.toml"
    file.write_text(PROFILE)
    options = ("--profile", str(file), "--sample", "1", "--duration", "16", "--json")
    status, out, err = await fleet("5", "--csms", url, *options)
    reports = [json.loads(text) for text in out.splitlines()]
    assert (status, err) == (0, "")
    assert max(one["charging"] for one in reports) == 5
    assert {one.charger for one in await csms.sessions()} == {f"FLEET-{number}" for number in range(5)}
    assert reports[-1]["stations"] == 5
    assert reports[-1]["answered"] > 5 * 8
    assert reports[-1]["problems"] == {}
    assert csms.online == frozenset()


@pytest.mark.parametrize(
    ("arguments", "words"), [(("0",), "number from 1 on"), (("2", "--profile", "morning"), "there is no profile")]
)
async def test_what_it_cannot_do_is_said(arguments, words):
    status, _, err = await fleet(*arguments)
    assert status == 2
    assert words in err
