"""`evse sim` on each security profile against the bundled CSMS, and no secret in anything that either leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from csms import commands as c
from csms import views
from csms.pki import Pki
from csms.server import Csms
from tests.security import minting

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(120)]

PLANTED = "planted-password-1"
REPLACED = "planted-password-2"


@contextlib.asynccontextmanager
async def site(folder: Path) -> AsyncIterator[tuple[Csms, int, int]]:
    csms = Csms(folder / "csms.db", accept_all=True)
    csms.set_password(minting.STATION, PLANTED)
    plain = await csms.start()
    secure = await csms.start_secure(Pki(minting.pki()))
    yield csms, plain, secure
    await csms.stop()


@contextlib.asynccontextmanager
async def simulated(folder: Path, *words: str) -> AsyncIterator[list[bytes]]:
    """A simulated station that logs everything; what it said."""
    fixed = ("--identity", minting.STATION, "--state-dir", str(folder / "state"), "--log-level", "DEBUG", "--json")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", "sim", *fixed, *words, stdout=PIPE, stderr=PIPE
    )
    said: list[bytes] = []

    async def listen(stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        async for line in stream:
            said.append(line)  # noqa: PERF401 - it is read while it grows

    listening = [asyncio.ensure_future(listen(one)) for one in (process.stdout, process.stderr)]
    try:
        yield said
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()
        await asyncio.gather(*listening)


async def until(what) -> None:
    async with asyncio.timeout(40):
        while not what():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


def outfit(folder: Path) -> tuple[Path, Path]:
    password, certs = folder / "password", folder / "certs"
    password.write_text(PLANTED)
    password.chmod(0o600)
    own = certs / "own" / "station"
    own.mkdir(parents=True)
    shutil.copy(minting.path("station"), own / "own.pem")
    shutil.copy(minting.key("station"), own / "own.key")
    return password, certs


@pytest.mark.parametrize("profile", [1, 2, 3])
async def test_a_simulated_station_starts_on_each_profile_and_leaves_no_secret_lying_about(profile, tmp_path):
    password, certs = outfit(tmp_path)
    async with site(tmp_path) as (csms, plain, secure):
        url = f"ws://127.0.0.1:{plain}" if profile == 1 else f"wss://localhost:{secure}"
        words = ["--csms", url, "--security-profile", str(profile)]
        words += ["--password-file", str(password)] if profile < 3 else []
        words += ["--ca-file", str(minting.path("csms-root"))] if profile > 1 else []
        words += ["--certificates", str(certs)]
        async with simulated(tmp_path, *words) as said:
            await until(lambda: minting.STATION in csms.online and csms.store.chargers[minting.STATION].model)
            assert csms.store.chargers[minting.STATION].profile == profile
            if profile < 3:
                answer = await views.change_password(csms, minting.STATION, REPLACED)
                assert answer.status == "Accepted"
                place = tmp_path / "state" / "secrets"
                await until(lambda: REPLACED in [one.read_text() for one in place.glob("password-*")])
                await until(lambda: sum(b"connected to" in line for line in said) > 1)
            await until(lambda: minting.STATION in csms.online)
            frames = await csms.store.read(lambda database: database.frames())
            told = json.dumps([frame.frame for frame in frames])
            assert (await csms.ask(minting.STATION, c.ListRoots())).status
    key = [line for line in minting.key("station").read_text().splitlines() if "PRIVATE" not in line]
    secrets = [one.encode() for one in (PLANTED, REPLACED, *key)]
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and not _is_a_place_for_secrets(path)]
    assert any(path.name.startswith("journal") for path in kept)
    searched = {str(path): path.read_bytes() for path in kept} | {"log": b"".join(said), "frames": told.encode()}
    assert [(where, secret) for where, content in searched.items() for secret in secrets if secret in content] == []
    assert re.search(rb"DEBUG|INFO|ready|identity", b"".join(said))


def _is_a_place_for_secrets(path: Path) -> bool:
    return path.name == "password" or path.suffix == ".key" or path.parent.name == "secrets"
