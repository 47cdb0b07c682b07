"""What a start loads: everything that the agent does not need until its CSMS has accepted it comes later, or never."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import urllib.parse
from asyncio.subprocess import PIPE
from pathlib import Path
from types import ModuleType

import pytest

from agent.lazily import postpone
from csms.pki import Pki
from csms.server import Csms
from hal.guard import Guard
from hal.host import serve
from tests.agent.test_config import GOOD
from tests.hal.stub_board import StubBoard
from tests.security import minting

HEARD_WITHIN_S = 30.0
PASSWORD = "password-of-tests-only"
RUN = "import json, sys; from agent.cli import main; main(sys.argv[1:]); print(json.dumps(sorted(sys.modules)))"
# Libraries and parts of the standard one that take long, and what this station does not do.
NEVER = (
    *("aioftp", "asyncssh", "cryptography", "httpx", "jinja2", "jsonschema", "ocpp", "pymodbus", "rich", "serial"),
    *("sqlalchemy", "starlette", "uvicorn", "difflib", "email", "http.client", "tarfile", "zipfile"),
    *("agent.iso15118", "agent.ocpp.refusal", "agent.ocpp.v16", "agent.ocpp.v21", "agent.cli.status"),
    *("csms", "sim", "hal.conformance", "hal.modbus.bus"),
)
MAX_MODULES = 500  # 460 on Python 3.11; each costs a controller some 10 ms (estimate)


def belongs(module: str, to: tuple[str, ...]) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in to)


def secured(folder: Path, port: int) -> str:
    """A configuration of security profile 2, whose root was planted by an earlier start."""
    roots, password = folder / "state" / "certificates" / "roots" / "csms", folder / "password"
    roots.mkdir(parents=True)
    shutil.copy(minting.path("csms-root"), roots)
    password.touch(0o600)
    password.write_text(PASSWORD)
    plain = f'"ws://127.0.0.1:{port}/ocpp"\nsecurity_profile = 0\nallow_plain_text = true'
    wanted = f'"wss://localhost:{port}/ocpp"\nsecurity_profile = 2\npassword_file = "{password}"'
    wanted += f'\ncertificates = "{folder}/state/certificates"\nca_file = "{minting.path("csms-root")}"'
    return GOOD.replace("csms.example.com", f"127.0.0.1:{port}").replace(plain, wanted)


@pytest.mark.realtime
@pytest.mark.parametrize("tls", [False, True])
async def test_an_agent_beside_its_hardware_has_loaded_nothing_but_what_it_took_to_be_accepted(
    tls: bool, tmp_path: Path
):
    csms = Csms(accept_all=True)
    port = await csms.start()
    if tls:
        csms.set_password("CP-1", PASSWORD)
        text = secured(tmp_path, await csms.start_secure(Pki(minting.pki())))
    else:
        text = GOOD.replace("csms.example.com", f"127.0.0.1:{port}")
    board = Guard(StubBoard(evses=1))
    await board.start()
    serving = asyncio.create_task(serve(board, tmp_path / "hal.sock"))
    config = tmp_path / "evse.toml"
    text = text.replace("[ocpp]", '[ocpp]\nversions = ["2.0.1"]')
    config.write_text(f'{text}[state]\ndir = "{tmp_path}/state"\n[hal]\nsocket = "{tmp_path}/hal.sock"\n')
    words = ("run", "--config", str(config), "--log-level", "ERROR")
    agent = await asyncio.create_subprocess_exec(sys.executable, "-c", RUN, *words, stdout=PIPE)
    try:
        async with asyncio.timeout(HEARD_WITHIN_S):
            # A station tells of its connectors when it has been accepted.
            while not await csms.store.read(lambda database: database.connectors("CP-1")):  # noqa: ASYNC110 - a process
                await asyncio.sleep(0.05)
            agent.terminate()
            out, _ = await agent.communicate()
    finally:
        if agent.returncode is None:
            agent.kill()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await board.close()
        await csms.stop()
    loaded = json.loads(out)
    assert csms.store.chargers["CP-1"].profile == (2 if tls else 0)
    assert "agent.ocpp.v201.wire" in loaded
    assert [one for one in loaded if belongs(one, NEVER)] == []
    assert len(loaded) <= MAX_MODULES


@pytest.mark.parametrize(
    ("words", "never"),
    [
        (("hal", "rules"), ("agent.main", "csms", "sim", "pymodbus", "importlib.metadata", "email", "zipfile")),
        (("sim", "--help"), ("csms", "cryptography", "sqlalchemy", "agent.iso15118", "email", "zipfile")),
        (("csms", "--help"), ("agent.main", "hal", "sim", "jinja2", "starlette", "uvicorn", "cryptography")),
    ],
)
def test_a_command_of_another_package_loads_what_it_needs(words: tuple[str, ...], never: tuple[str, ...]):
    code = (
        "import sys; from agent.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert [one for one in done.stderr.split() if belongs(one, never)] == []


def test_a_postponed_module_is_loaded_when_something_in_it_is_used(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "urllib.robotparser", raising=False)
    monkeypatch.delattr(urllib, "robotparser", raising=False)
    postpone("urllib.robotparser")
    import urllib.robotparser as stand_in

    assert "RobotFileParser" not in vars(stand_in)
    assert stand_in.RobotFileParser.__module__ == "urllib.robotparser"
    assert type(sys.modules["urllib.robotparser"]) is type(urllib.robotparser) is ModuleType
