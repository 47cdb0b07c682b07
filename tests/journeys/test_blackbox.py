"""`evse sim` as a process of its own, in real time: how it ends, what it leaves behind, and that the bill is right."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.cli import main
from csms.commands import ResetKind
from csms.server import Csms
from examples.control_client import Charger

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(120)]

TAG = "AABBCCDD"
IDENTITY = "BOX-1"
CAR = {"evse": 1, "draw_delay_s": 0.1, "current_a": 32}
READY_S = 30.0
TOLERANCE_WH = 1.0  # the meter's resolution
CONFIG = """
schema_version = 1
[station]
identity = "unused"
vendor = "evse-agent"
model = "Black box"
[ocpp]
url = "ws://127.0.0.1:1/"
versions = ["1.6"]
security_profile = 0
allow_plain_text = true
[[evse]]
id = 1
[hal.options.link]
poll_s = 0.25
[settings]
MeterValueSampleInterval = 1
RetryBackOffWaitMinimum = 1
RetryBackOffRandomRange = 0
"""


class Box:
    """One process, by its control API."""

    def __init__(self, process: Process, ready: dict[str, Any]) -> None:
        self.process = process
        self.ready = ready
        self._charger = Charger(int(ready["control"].rpartition(":")[2]))

    async def control(self, command: str, **arguments: Any) -> None:
        await asyncio.to_thread(lambda: self._charger.control(command, **arguments))

    async def state(self) -> dict[str, Any]:
        return await asyncio.to_thread(self._charger.state)

    async def evse(self) -> dict[str, Any]:
        return (await self.state())["physics"]["evses"][0]

    async def wait_until(self, condition) -> dict[str, Any]:
        return await asyncio.to_thread(self._charger.wait_until, condition, 30.0)

    async def charge(self) -> None:
        """Plug in, swipe, until current flows."""
        await self.wait_until(lambda s: s["agent"]["link"]["accepted"])
        await self.control("plug_in", **CAR)
        await self.control("swipe", id_token=TAG)
        await self.wait_until(lambda s: s["physics"]["evses"][0]["power_w"] > 20_000)

    async def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return await self.process.wait()


@pytest_asyncio.fixture(loop_scope="function")
async def csms() -> AsyncIterator[Csms]:
    one = Csms(accept_all=True)
    one.add_token(TAG)
    await one.start()
    yield one
    await one.stop()


async def launched(*arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", "sim", *arguments, stdout=PIPE, stderr=PIPE
    )


@asynccontextmanager
async def box(folder: Path, csms: Csms, *options: str) -> AsyncIterator[Box]:
    """A running process, killed at the end if it has not ended before."""
    config = folder / "evse.toml"
    config.write_text(CONFIG)
    url, state_dir = f"ws://127.0.0.1:{csms.port}/", str(folder / "state")
    fixed = ("--config", str(config), "--csms", url, "--identity", IDENTITY, "--state-dir", state_dir)
    process = await launched(*fixed, "--control", "0", "--json", *options)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(READY_S):
            line = await process.stdout.readline()
        assert line, (await process.stderr.read()).decode()
        yield Box(process, json.loads(line))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def bill(csms: Csms, sessions: int = 1) -> list:
    """The sessions at the CSMS once so many are closed."""
    async with asyncio.timeout(30):
        while True:
            found = await csms.sessions(IDENTITY)
            if sum(one.ended_utc_s is not None for one in found) >= sessions:
                return found
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
async def test_after_a_kill_or_a_mains_cut_the_next_start_goes_on_and_every_watt_hour_is_billed_once(
    tmp_path, csms, how
):
    async with box(tmp_path, csms, "--mains-cut") as one:
        await one.charge()
        await asyncio.sleep(1.5)
        before = await one.evse()
        loop = asyncio.get_running_loop()
        asked_s = loop.time()
        assert await one.end(how) == (130 if how is signal.SIGINT else -signal.SIGKILL)
        assert loop.time() - asked_s < 1.0
        sessions = await csms.sessions(IDENTITY)
        assert [session.ended_utc_s for session in sessions] == [None]
    async with box(tmp_path, csms) as two:
        after = await two.evse()
        assert after["plugged"]
        assert after["energy_wh"] >= before["energy_wh"]
        assert after["car"]["soc_pct"] >= before["car"]["soc_pct"]
        [session] = await bill(csms)
        true_wh = (await two.evse())["true_energy_wh"]
        assert true_wh > 5
        assert session.energy_wh == pytest.approx(true_wh, abs=TOLERANCE_WH)
        assert await two.end(signal.SIGTERM) == 0


async def test_an_orderly_stop_closes_the_connection_and_an_accepted_reset_exits_with_ten(tmp_path, csms):
    async with box(tmp_path, csms, "--on-reset", "exit") as one:
        await one.charge()
        await csms.reset(IDENTITY, ResetKind.IMMEDIATE)
        async with asyncio.timeout(30):
            assert await one.process.wait() == 10
    async with box(tmp_path, csms) as two:
        [session] = await bill(csms)  # the end of the transaction may have come too late for the first process
        assert session.energy_wh == pytest.approx((await two.evse())["true_energy_wh"], abs=TOLERANCE_WH)
        await two.wait_until(lambda s: s["agent"]["link"]["accepted"])
        await csms.reset(IDENTITY, ResetKind.IMMEDIATE)
        state = await two.wait_until(lambda s: s["agent"] and s["agent"]["starts"] == 2)
        assert state["physics"]["evses"][0]["plugged"]
        assert await two.end(signal.SIGTERM) == 0


async def test_hardware_in_its_own_process_outlives_the_agents_and_goes_with_an_orderly_stop(tmp_path, csms):
    async with box(tmp_path, csms, "--hardware-process") as one:
        await one.charge()
        await one.end(signal.SIGKILL)
    async with box(tmp_path, csms, "--hardware-process") as two:
        log = (tmp_path / "state" / "hardware.log").read_text()
        assert log.count("client gone") == 1  # the same process has seen the first agent go
        await two.control("plug_out", evse=1, graceful=False)
        await two.wait_until(lambda s: not s["physics"]["evses"][0]["plugged"])
        [session] = await bill(csms)
        assert session.energy_wh == pytest.approx((await two.evse())["true_energy_wh"], abs=TOLERANCE_WH)
        await two.control("power", on=False)
        await two.wait_until(lambda s: not s["physics"]["powered"])
        await two.control("power", on=True)
        await two.wait_until(lambda s: s["agent"] and s["agent"]["link"]["accepted"])
        assert await two.end(signal.SIGTERM) == 0
    assert not (tmp_path / "state" / "hardware.sock").exists()


async def test_a_control_port_that_is_taken_keeps_it_from_starting(tmp_path, csms):
    async with box(tmp_path, csms) as one:
        process = await launched("--control", one.ready["control"].rpartition(":")[2])
        _, said = await process.communicate()
        assert process.returncode == 1
        assert "Address already in use" in said.decode()
        assert "Traceback" not in said.decode()


async def test_a_charger_whose_time_runs_five_times_as_fast_charges_so_much_longer_than_its_csms_sees(tmp_path, csms):
    speed = 5.0
    loop = asyncio.get_running_loop()
    async with box(tmp_path, csms, "--speed", f"{speed:g}") as one:
        began_s = loop.time()
        await one.charge()
        await asyncio.sleep(3.0)
        await one.control("swipe", id_token=TAG)
        [session] = await bill(csms)
        took_s = loop.time() - began_s
        true_wh = (await one.evse())["true_energy_wh"]
        assert 3.0 * speed < session.ended_utc_s - session.started_utc_s < took_s * speed
        assert true_wh > 10_000 * 3.0 * speed / 3600
        assert session.energy_wh == pytest.approx(true_wh, abs=TOLERANCE_WH)
        assert await one.end(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--csms", "http://x"], "command line:2: ocpp.url: expected an address like wss://"),
        (["--identity", "a b"], "command line:4: station.identity: expected letters"),
        (["--config", "/nowhere/none.toml"], "none.toml: cannot be read"),
        (["--speed", "0"], "speed 0: give one above 0"),
        (["--speed", "2", "--hardware-process"], "ordinary pace"),
    ],
)
def test_what_keeps_it_from_starting_is_said_with_a_remedy(options, words, capsys):
    assert main(["sim", *options]) == 1
    assert words in capsys.readouterr().err
