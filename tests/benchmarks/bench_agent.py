"""Rows 4 and 5: what the whole agent, a real process, has used when the CSMS accepts its BootNotification.

Twice: with the hardware layer in a process of its own, as it is installed; and all in one process, with the Modbus
master, a simulated board and TLS, which is the most it can be. Beside it, a bare station on the `ocpp` package.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import subprocess
import sys
import tempfile
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final, NamedTuple, Self

from hal.modbus.profile import load_profile
from hal.types import MeterSample
from sim.modbus_server import MeterSlave, ModbusTcpServer
from tests.benchmarks.accepting import accepting
from tests.benchmarks.machine import cpu_ms, memory_mib
from tests.benchmarks.processes import running
from tests.benchmarks.table import REPORT, Row, UnmeasurableError, median

BOOTS: Final = 7  # of each, taking turns, after one that only writes bytecode
BOOT_S: Final = 30.0
MAKE_PKI: Final = Path(__file__).parents[2] / "certs" / "make_pki.py"
PROFILE: Final = "eastron_sdm630"
CONFIG: Final = """
schema_version = 1
[station]
identity = "BENCH-1"
vendor = "evse-agent"
model = "Benchmark"
[ocpp]
url = "{url}"
versions = ["2.0.1"]
{security}
[[evse]]
id = 1
[state]
dir = "{state}"
{hal}
"""
PLAIN: Final = "security_profile = 0\nallow_plain_text = true"
SPLIT: Final = '[hal]\nsocket = "{socket}"'
WHOLE: Final = """
[hal]
board = "sim"
[[hal.bus]]
name = "meters"
url = "tcp://127.0.0.1:{port}"
[[hal.meter]]
evse = 1
profile = "{profile}"
bus = "meters"
unit_id = 1
"""
BARE: Final = "a bare station on the `ocpp` package, without hardware, disk or TLS"
APART: Final = "agent at Boot accepted, hardware layer in its own process"
TOGETHER: Final = "agent with Modbus, TLS and simulated board in one process"


class Boot(NamedTuple):
    """What a process had used when its BootNotification was accepted."""

    cpu_ms: float
    rss_mib: float
    pss_mib: float


def rows() -> Iterator[Row]:
    """Rows 4 and 5, medians."""
    with tempfile.TemporaryDirectory() as folder:
        boots = asyncio.run(measured(Path(folder)))
    bare, split, whole = (
        Boot(*(median(figures) for figures in zip(*boots[one][1:], strict=True))) for one in ("bare", "split", "whole")
    )
    for boot, what, cpu_goal in ((split, APART, "ratio >= 1"), (whole, TOGETHER, "ours <= 150")):
        yield Row(row=4, what=f"{what}: RSS", ours=boot.rss_mib, unit="MiB", goal="ours <= 40")
        yield beside(4, f"{what}: PSS", boot.pss_mib, "MiB", bare.pss_mib, REPORT)
        yield beside(5, f"{what}: CPU from exec", boot.cpu_ms, "ms", bare.cpu_ms, cpu_goal)


def beside(number: int, what: str, ours: float, unit: str, bare: float, goal: str) -> Row:
    """A line that has the bare station for a peer."""
    return Row(row=number, what=what, ours=ours, unit=unit, peer=bare, peer_name=BARE, goal=goal)


async def measured(folder: Path) -> dict[str, list[Boot]]:
    """Boots of the three kinds of station, which take turns."""
    boots: dict[str, list[Boot]] = {"bare": [], "split": [], "whole": []}
    trust = Trust(folder)
    socket = folder / "hal.sock"
    hardware = running("sim", "hardware", "--socket", str(socket), "--control", str(folder / "control.sock"))
    async with hardware, Bench(folder) as plain, Bench(folder, trust) as secure, meters() as port:
        whole = WHOLE.format(port=port, profile=PROFILE)
        for _ in range(1 + BOOTS):
            boots["bare"].append(await plain.boot("tests.benchmarks.peers.bare_station", f"{plain.url}/BARE"))
            boots["split"].append(await plain.boot_agent(PLAIN, SPLIT.format(socket=socket)))
            boots["whole"].append(await secure.boot_agent(trust.settings, whole))
    return boots


class Bench:
    """A CSMS, plain or with TLS, and the stations that are started at it one after the other."""

    def __init__(self, folder: Path, trust: Trust | None = None) -> None:
        self._folder = folder
        self._trust = trust
        self._exit = contextlib.AsyncExitStack()
        self._booted: asyncio.Future[Boot]
        self._pid = 0
        self._boots = 0
        # Installed programs have their bytecode: it is kept in this run's folder, whatever the environment says.
        self._environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self._environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        self.url = ""

    async def __aenter__(self) -> Self:
        context = None if self._trust is None else self._trust.server
        port = await self._exit.enter_async_context(accepting(self._on_booted, context))
        self.url = f"ws://localhost:{port}" if context is None else f"wss://localhost:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()

    async def boot_agent(self, security: str, hal: str) -> Boot:
        """Boot `evse run` on a fresh journal."""
        self._boots += 1
        state = self._folder / f"state-{id(self)}-{self._boots}"
        config = self._folder / "evse.toml"
        config.write_text(CONFIG.format(url=self.url, security=security, state=state, hal=hal))
        return await self.boot("agent.cli", "run", "--config", str(config), "--log-level", "ERROR")

    async def boot(self, module: str, *arguments: str) -> Boot:
        """Start a process; what it had used by the time it was accepted."""
        self._booted = asyncio.get_running_loop().create_future()
        program = (sys.executable, "-m", module, *arguments)
        process = await asyncio.create_subprocess_exec(*program, stdout=DEVNULL, stderr=DEVNULL, env=self._environment)
        self._pid = process.pid
        try:
            async with asyncio.timeout(BOOT_S):
                return await self._booted
        except TimeoutError:
            raise UnmeasurableError(f"{module} was not accepted within {BOOT_S:.0f} s") from None
        finally:
            process.terminate()
            await process.wait()

    def _on_booted(self) -> None:
        if not self._booted.done():
            self._booted.set_result(Boot(cpu_ms(self._pid), *memory_mib(self._pid)))


class Trust:
    """A development PKI of this run's own, and what goes with it in a configuration."""

    def __init__(self, folder: Path) -> None:
        mint = [sys.executable, str(MAKE_PKI), "--development", "--out", str(folder)]
        subprocess.run(mint, check=True, stdout=DEVNULL)
        password = folder / "password"
        password.touch(0o600)
        password.write_text("benchmarks-only-1234")
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(folder / "csms.pem", folder / "csms.key")
        root, kept = folder / "csms-root.pem", folder / "certificates"  # which the first boot fills, as on any charger
        self.settings = (
            f'security_profile = 2\npassword_file = "{password}"\nca_file = "{root}"\ncertificates = "{kept}"'
        )


@contextlib.asynccontextmanager
async def meters() -> AsyncIterator[int]:
    """A meter behind Modbus TCP, in this process; gives the port."""

    def reading() -> MeterSample:
        return MeterSample(taken_mono_s=asyncio.get_running_loop().time(), energy_import_wh=1000.0)

    server = ModbusTcpServer([MeterSlave(load_profile(PROFILE), reading, unit_id=1)])
    yield await server.start()
    await server.stop()
