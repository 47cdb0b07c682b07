"""`evse record` on a running charger, in real time, and `evse sim replay` of what it wrote."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import stat
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from sim.replay.cli import command
from tests.journeys.test_blackbox import TAG, box, csms

__all__ = ["csms"]

# A reading within milliseconds of the moment at which current sets in or ends may fall on its other side when it is
# replayed: the recording is of two processes in real time.
EDGE = re.compile(r"[\d.]+ Wh, (0 W is read as [\d.]+ Wh, [\d.]+ W|[\d.]+ W is read as [\d.]+ Wh, 0 W)")

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(120)]


@pytest.mark.parametrize("options", [(), ("--hardware-process",)])
async def test_a_charge_that_was_recorded_on_a_running_charger_is_reproduced(
    tmp_path: Path, csms, options: tuple[str, ...], capsys
):
    file = tmp_path / "record.jsonl"
    async with box(tmp_path, csms, *options) as charger:
        await charger.wait_until(lambda s: s["agent"]["link"]["accepted"])
        socket = str(Path(charger.ready["state_dir"]) / "agent.sock")
        arguments = ("record", "--socket", socket, "--json", str(file))
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for what it starts in the background
        try:
            recording = await asyncio.create_subprocess_exec(sys.executable, "-m", "agent.cli", *arguments, stdout=PIPE)
        finally:
            signal.signal(signal.SIGINT, before)
        assert recording.stdout is not None
        assert json.loads(await recording.stdout.readline()) == {"recording": str(file)}
        await charger.charge()
        await asyncio.sleep(2.9)  # it ends between two readings: real time is never the same to the millisecond
        await charger.control("swipe", id_token=TAG)
        await charger.wait_until(lambda s: s["agent"]["evses"][0]["transaction"] is None)
        await charger.control("plug_out", evse=1)
        await charger.wait_until(lambda s: not s["physics"]["evses"][0]["plugged"])
        await asyncio.sleep(1.5)
        recording.send_signal(signal.SIGINT)
        async with asyncio.timeout(20):
            told = json.loads(await recording.stdout.readline())
            assert await recording.wait() == 0
        await charger.end(signal.SIGTERM)
    assert told["entries"] == len(file.read_text().splitlines()) - 2  # its first line and its last
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    status = await asyncio.to_thread(command, ["--json", str(file)])
    outcome = json.loads(capsys.readouterr().out)
    at_an_edge = [one for one in outcome["differences"] if EDGE.fullmatch(one["what"])]
    assert at_an_edge == outcome["differences"]
    assert status == (1 if at_an_edge else 0)
    assert len(at_an_edge) <= 2
    assert outcome["compared"] > 10
    assert '"Bus"' in file.read_text()


async def test_a_file_that_is_there_is_not_written_over(tmp_path: Path):
    file = tmp_path / "record.jsonl"
    file.write_text("precious")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", "record", str(file), stdout=PIPE, stderr=PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"File exists" in said
    assert file.read_text() == "precious"


async def test_without_an_agent_nothing_is_left_behind(tmp_path: Path):
    file = tmp_path / "record.jsonl"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", "record", "--socket", str(tmp_path / "none"), str(file), stderr=PIPE
    )
    await process.communicate()
    assert process.returncode == 3
    assert not file.exists()
