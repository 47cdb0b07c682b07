"""`evse demo` says what happened, is right about the bill, and fails when the bill is wrong."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import json
import signal
import sys
from asyncio.subprocess import PIPE

import httpx
import pytest
from msgspec.structs import replace

from sim import demo

SHORT = tuple(
    replace(one, car=replace(one.car, soc_pct=one.car.target_soc_pct - (1.0 if one.supply else 2.0)))
    for one in demo.CHARGES
)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """The demonstration's own charges, with batteries that are nearly full."""
    monkeypatch.setattr(demo, "CHARGES", SHORT)
    monkeypatch.setattr(demo, "METER_LINES_S", 120.0)


def run() -> tuple[int, str]:
    """The demo's status, and what it said but for how long it took."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        return demo.command([]), said.getvalue().rpartition(" in ")[0]


@functools.cache
def first_run() -> tuple[int, str]:
    return run()


def test_the_demo_tells_its_charges_and_their_bills_and_succeeds():
    status, told = first_run()
    assert status == 0
    for word in (
        "OCPP 1.6",
        "OCPP 2.0.1",
        "Plug & charge by ISO 15118-2",
        "token DEEVSC00000042: Accepted",
        "DIN SPEC 70121",
        "presents token",
        "on disk",
        "kW",
        "kWh",
        "billed",
        "right",
    ):
        assert word in told
    assert "WRONG" not in told


@pytest.mark.parametrize("factor", ["1.02", "0.97"])
def test_the_demo_fails_when_the_meter_counts_wrongly(monkeypatch, capsys, factor):
    monkeypatch.setattr(demo, "CHARGES", SHORT[1:2])
    assert demo.command(["--meter-scale-error", factor]) == 1
    assert "WRONG" in capsys.readouterr().out


def test_two_runs_of_the_demo_tell_the_same_story_to_the_letter():
    assert run() == first_run()


async def said(client: httpx.AsyncClient, url: str, path: str):
    return (await client.get(url + path)).raise_for_status().json()


async def power_w(client: httpx.AsyncClient, kept: dict) -> float:
    return (await said(client, kept["control"], "/state"))["physics"]["evses"][0]["power_w"]


@pytest.mark.realtime
async def test_demo_keep_leaves_a_charger_that_charges_and_a_page_that_shows_it_until_it_is_interrupted():
    # One charge instead of two, and a short one: how they go is shown above.
    start = (
        "import sys; from sim import demo; from msgspec.structs import replace; one = demo.CHARGES[1];"
        "demo.CHARGES = (replace(one, car=replace(one.car, soc_pct=one.car.target_soc_pct - 1.0)),);"
        "sys.exit(demo.command(['--keep', '--json']))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", start, stdout=PIPE)
    try:
        async with asyncio.timeout(60):
            [charge] = json.loads(await process.stdout.readline())["charges"]
            kept = json.loads(await process.stdout.readline())["kept"]
        assert charge["right"]
        async with asyncio.timeout(30), httpx.AsyncClient(trust_env=False) as client:
            page = await client.get(kept["pages"])
            assert kept["identity"] in page.text
            while len(sessions := await said(client, kept["pages"], "api/sessions")) < 2:  # noqa: ASYNC110 - HTTP
                await asyncio.sleep(0.1)
            (billed,) = [one for one in sessions if one["ended_utc_s"] is not None]
            assert billed["energy_wh"] == charge["billed_energy_wh"]
            while (await power_w(client, kept)) < 1_000:  # noqa: ASYNC110 - a process
                await asyncio.sleep(0.1)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
