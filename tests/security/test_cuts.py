"""A station cut at its Nth change of the disk while its password, security profile or certificate is being changed.

Whatever the cut, the next start connects: with the old if the CSMS was never told of the new, with the new if it was.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import os
import platform
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from agent.pki import certificates as pki
from agent.pki.names import LeafUse, RootUse
from agent.pki.store import Store
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.security import ca, minting
from tests.security.test_trials import outfit, tls

SIDE_BY_SIDE = 4
# strace counts by thread. Files of certificates and secrets are written by one, the journal by another: each has its
# own calls, so that both can be cut at their Nth.
FILES = "fsync,rename,unlink,mkdir"
JOURNAL = "pwrite64,fdatasync"
SOME = ((FILES, (1, 3, 8)), (JOURNAL, (1, 5)))
ALL = ((FILES, range(1, 16)), (JOURNAL, range(1, 25)))
OLD, NEW = "0123456789abcdef", "fedcba9876543210"
IDS = itertools.count()

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        shutil.which("strace") is None or platform.system() != "Linux",
        reason="strace puts the cut at the Nth call; it is not installed (Debian: apt-get install strace)",
    ),
]


class Site:
    """A CSMS at two doors, and what it has been told. It lets nobody in by what it was told is no longer true."""

    def __init__(self) -> None:
        self.passwords = {OLD}
        self.secured = False  # has been reached with the higher profile
        self.plain = ScriptedCsms(gate=self._plain_door)
        self.secure = ScriptedCsms(
            tls=tls(), gate=self._secure_door, answers={"SignCertificate": {"status": "Accepted"}}
        )
        self.secure.tls.load_verify_locations(minting.path("station-root"))  # type: ignore[union-attr]

    async def start(self) -> tuple[str, str]:
        return await self.plain.start(), await self.secure.start()

    async def stop(self) -> None:
        await self.plain.stop()
        await self.secure.stop()

    def _plain_door(self, connection: ServerConnection, request: Request) -> Response | None:
        return self._judge(connection, request) if not self.secured else connection.respond(403, "too low\n")

    def _secure_door(self, connection: ServerConnection, request: Request) -> Response | None:
        refusal = self._judge(connection, request)
        self.secured = self.secured or refusal is None
        return refusal

    def _judge(self, connection: ServerConnection, request: Request) -> Response | None:
        header = request.headers.get("Authorization")
        if header is None:  # only who has shown a certificate gets here without
            shown = connection.transport.get_extra_info("ssl_object")
            return None if shown is not None and shown.getpeercert() else connection.respond(401, "no\n")
        password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")[2]
        return None if password in self.passwords else connection.respond(401, "no\n")


async def ask(server: ScriptedCsms, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The answer; raises when the station is gone before it."""
    assert server.socket is not None
    asking = asyncio.ensure_future(server.call(action, payload, f"c-{next(IDS)}"))
    gone = asyncio.ensure_future(server.socket.wait_closed())
    try:
        await asyncio.wait([asking, gone], return_when=asyncio.FIRST_COMPLETED, timeout=10)
        if asking.done():
            return asking.result()[2]  # type: ignore[no-any-return]
        raise ConnectionError("the station is gone")
    finally:
        asking.cancel()
        gone.cancel()
        with contextlib.suppress(asyncio.CancelledError, TimeoutError):
            await asking


# Each asks for a change, and returns the station's answer.


async def change_password(site: Site) -> str:
    answer = await ask(site.plain, "ChangeConfiguration", {"key": "AuthorizationKey", "value": NEW})
    if answer["status"] == "Accepted":
        site.passwords = {NEW}  # A01.FR.03; otherwise the old one goes on (A01.FR.04)
    return str(answer["status"])


async def raise_profile(site: Site) -> str:
    answer = await ask(site.plain, "ChangeConfiguration", {"key": "SecurityProfile", "value": "2"})
    return str(answer["status"])


async def renew(site: Site) -> str:
    await ask(site.secure, "ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"})
    await site.secure.until(lambda: site.secure.calls("SignCertificate"), 10)
    csr = site.secure.calls("SignCertificate")[-1].payload["csr"]
    answer = await ask(site.secure, "CertificateSigned", {"certificateChain": ca.pem(ca.signed(csr))})
    return str(answer["status"])


STORIES = {"password": (change_password, 1), "profile": (raise_profile, 1), "certificate": (renew, 3)}


async def started(folder: Path, urls: tuple[str, str], security: int) -> Process:
    url = urls[1] if security == 3 else urls[0]
    words = (sys.executable, "-m", "tests.security.trial_station", str(folder), url, urls[1], str(security))
    process = await asyncio.create_subprocess_exec(*words, stdout=PIPE, stderr=None)
    assert process.stdout is not None
    async with asyncio.timeout(30):
        await process.stdout.readline()
    return process


async def watched(process: Process, calls: str, what: str) -> Process:
    """strace at a running process, its counts beginning now."""
    options = ("-f", "-o", os.devnull, "-e", f"trace={calls}", "-e", f"inject={calls}:{what}")
    tracer = await asyncio.create_subprocess_exec("strace", *options, "-p", str(process.pid), stderr=PIPE)
    assert tracer.stderr is not None
    async with asyncio.timeout(10):
        assert b"attached" in await tracer.stderr.readline()
    return tracer


async def one_cut(folder: Path, story: str, calls: str, what: str) -> str:
    """Play a story with a cut in it, start again undisturbed; what is wrong then, empty when nothing is."""
    change, security = STORIES[story]
    outfit(folder, own=("station",) if security == 3 else ())
    site = Site()
    urls = await site.start()
    door = site.secure if security == 3 else site.plain
    process = await started(folder, urls, security)
    await door.until(lambda: len(door.calls("StatusNotification")) == 3, 20)
    tracer = await watched(process, calls, what)
    answer = ""
    try:
        with contextlib.suppress(ConnectionError, TimeoutError):
            answer = await change(site)
            async with asyncio.timeout(2):
                await process.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()
        await tracer.wait()
    # A station whose disk takes nothing may refuse, and goes on with the old; one that is cut answers nothing or yes.
    if answer not in {"", "Accepted"} and not what.startswith("error="):
        await site.stop()
        return f"the change was {answer}"
    before = len(site.plain.handshakes) + len(site.secure.handshakes)
    process = await started(folder, urls, security)
    try:
        async with asyncio.timeout(20):
            while len(site.plain.handshakes) + len(site.secure.handshakes) == before:  # noqa: ASYNC110 - two doors
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
    except TimeoutError:
        return f"neither old nor new connects ({site.passwords}, secured: {site.secured})"
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
        await site.stop()
    return _left_over(folder)


def _left_over(folder: Path) -> str:
    """What a finished trial ought not to leave on the disk."""
    store = Store(folder / "certs")
    for use in LeafUse:
        store.tidy(use)
    leaves = store.leaves(LeafUse.STATION)
    keys = {path.stem for path in (folder / "certs").rglob("*.key")}
    if not store.roots(RootUse.CSMS):
        return "the root is gone"
    if keys - {one.name for one in leaves} - store.pending(LeafUse.STATION).keys():
        return f"keys of nobody: {keys}"
    scraps = [str(path) for path in folder.rglob("*.new") if path.parent.name != "secrets"]
    return f"scraps: {scraps}" if len(scraps) > 1 else ""


async def cuts(tmp_path: Path, story: str, plans: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    places = asyncio.Semaphore(SIDE_BY_SIDE)
    found: dict[tuple[str, str], str] = {}

    async def run(number: int, calls: str, what: str) -> None:
        async with places:
            why = await one_cut(tmp_path / f"CUT-{number}", story, calls, what)
            if why:
                found[calls, what] = why

    await asyncio.gather(*(run(number, *plan) for number, plan in enumerate(plans)))
    return found


def kills(places: Iterable[tuple[str, Iterable[int]]]) -> list[tuple[str, str]]:
    return [(calls, f"signal=SIGKILL:when={n}") for calls, counts in places for n in counts]


@pytest.mark.parametrize("story", STORIES)
async def test_a_cut_at_any_change_of_the_disk_ends_in_the_old_or_in_the_new(story, tmp_path):
    assert pki.read_pem(minting.pem("csms-root"))  # minted before the clock of the first cut runs
    assert await cuts(tmp_path, story, kills(SOME)) == {}


@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EROFS"])
async def test_a_disk_that_fails_ends_in_the_old_or_in_the_new(error, tmp_path):
    plans = [(calls, f"error={error}:when={n}+") for calls in (FILES, JOURNAL) for n in (1, 3)]
    assert await cuts(tmp_path, "password", plans) == {}


@pytest.mark.campaign
@pytest.mark.parametrize("story", STORIES)
async def test_campaign_of_cuts_at_every_change_of_the_disk(story, tmp_path):
    errors = [
        (calls, f"error={error}:when={n}+")
        for calls in (FILES, JOURNAL)
        for error in ("ENOSPC", "EIO", "EROFS")
        for n in (1, 2, 4, 8)
    ]
    assert await cuts(tmp_path, story, [*kills(ALL), *errors]) == {}
