"""A charger as real processes: hardware that lives on, an agent that can be killed, a CSMS in this process."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

CONFIG = """
schema_version = 1
[station]
identity = "{identity}"
vendor = "evse-agent"
model = "Killed"
[ocpp]
url = "ws://127.0.0.1:{port}/ocpp"
versions = ["{version}"]
security_profile = 0
allow_plain_text = true
[[evse]]
id = 1
max_current_a = 32.0
[hal]
socket = "{socket}"
[state]
dir = "{state}"
[settings]
MeterValueSampleInterval = 1
RetryBackOffWaitMinimum = 1
RetryBackOffRandomRange = 0
"""
READY_S = 60.0


async def started(*arguments: str, under: tuple[str, ...] = (), module: str = "agent.cli") -> Process:
    """One of our commands as a process that has said, in JSON, that it is ready, or has ended before.

    `under`: the words of a program that runs it. `module`: another one that runs the command.
    """
    words = (*under, sys.executable, "-m", module, *arguments, "--json")
    process = await asyncio.create_subprocess_exec(*words, stdout=PIPE, stderr=None)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_S):
            line = await process.stdout.readline()
    except TimeoutError:
        await ended(process, signal.SIGKILL)
        raise
    assert line or under, f"{arguments} did not start"
    return process


async def ended(process: Process | None, how: signal.Signals = signal.SIGTERM) -> None:
    if process is not None and process.returncode is None:
        process.send_signal(how)
        await process.wait()


class Charger:
    """One station in a folder of its own."""

    def __init__(self, folder: Path, identity: str, port: int, version: str) -> None:
        folder.mkdir()
        self.identity = identity
        self._socket, self._control = folder / "hal.sock", folder / "control.sock"
        self.state = folder / "state"
        self._config = folder / "evse.toml"
        self._config.write_text(
            CONFIG.format(identity=identity, port=port, version=version, socket=self._socket, state=self.state)
        )
        self._hardware: Process | None = None
        self._agent: Process | None = None

    async def power_up(self) -> None:
        await self.start_hardware()
        await self.start_agent()

    async def start_hardware(self) -> None:
        paths = ("--socket", str(self._socket), "--control", str(self._control))
        self._hardware = await started("sim", "hardware", *paths, "--poll-s", "0.25")

    async def stop_agent(self) -> None:
        await ended(self._agent)

    async def start_agent(self, under: tuple[str, ...] = (), module: str = "agent.cli") -> None:
        words = ("run", "--config", str(self._config), "--log-level", "ERROR")
        self._agent = await started(*words, under=under, module=module)

    @property
    def agent_was_killed(self) -> bool:
        return self._agent is not None and self._agent.returncode == -signal.SIGKILL

    @property
    def agent_lives(self) -> bool:
        return self._agent is not None and self._agent.returncode is None

    async def kill_agent(self) -> None:
        await ended(self._agent, signal.SIGKILL)

    async def power_down(self) -> None:
        await ended(self._agent)
        await ended(self._hardware)

    async def do(self, command: str, **arguments: Any) -> Any:
        """Play driver or car, or look at the physics."""
        reader, writer = await asyncio.open_unix_connection(str(self._control), limit=1 << 22)
        writer.write(json.dumps({"do": command, **arguments}).encode() + b"\n")
        answer = json.loads(await reader.readline())
        writer.close()
        assert answer["ok"], answer
        return answer["result"]
