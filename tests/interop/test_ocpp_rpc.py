"""Our station against the npm package `ocpp-rpc` in strict mode as CSMS; `make interop-npm` installs it."""

from __future__ import annotations

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.core.values import AuthInfo, AuthStatus, ConnectorStatus
from agent.ocpp.asks import TransferAnswer, Verdict
from agent.ocpp.codec import Version
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import TOKEN, Stand, ended, idle_reading, stand, started, status, updated
from tests.interop.everyday import asked_in, everyday_charger, serve_vendor

HERE = Path(__file__).parent / "ocpp_rpc"
NODE = shutil.which("node")
NOW = "2026-01-01T00:00:00.000Z"

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(NODE is None, reason="there is no node on this machine"),
    pytest.mark.skipif(
        not (HERE / "node_modules" / "ocpp-rpc").is_dir(), reason="ocpp-rpc is not installed: make interop-npm"
    ),
]
every_version = pytest.mark.parametrize("version", [Version.V16, Version.V201])  # it has no schemas of 2.1's messages


def answers(version: Version) -> dict[str, Any]:
    if version is Version.V16:
        said = {
            "Authorize": {"idTagInfo": {"status": "Blocked"}},
            "StartTransaction": {"transactionId": 99, "idTagInfo": {"status": "Accepted"}},
        }
    else:
        said = {"Authorize": {"idTokenInfo": {"status": "Blocked"}}}
    return said | {
        "BootNotification": {"currentTime": NOW, "interval": 300, "status": "Accepted"},
        "DataTransfer": {"status": "Accepted", "data": "yes"},
        "Heartbeat": {"currentTime": NOW},
    }


class Peer:
    """The CSMS process: what it heard, and what it held to be illegal."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._calls: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._news = asyncio.Event()
        self.port = 0
        self.heard: list[str] = []
        self.illegal: list[dict[str, Any]] = []

    async def listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            event = json.loads(line)
            match event:
                case {"port": port}:
                    self.port = port
                case {"heard": "NotifyReport", "params": {"tbc": True}}:
                    pass  # how many parts a report has is nothing to us, as long as it ends
                case {"heard": action}:
                    self.heard.append(action)
                case {"invalid": _}:
                    self.illegal.append(event)
                case {"id": number}:
                    self._calls.pop(number).set_result(event)
            self._news.set()

    async def until(self, what: Any, within_s: float = 10.0) -> None:
        async with asyncio.timeout(within_s):
            while not what():
                self._news.clear()
                await self._news.wait()

    async def call(self, action: str, fields: dict[str, Any]) -> dict[str, Any]:
        number = len(self._calls) + 1
        reply = self._calls[number] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": number, "method": action, "params": fields}).encode() + b"\n")
        async with asyncio.timeout(10):
            return await reply


@asynccontextmanager
async def connected(version: Version) -> AsyncIterator[tuple[Stand, Peer]]:
    """A station of ours on a CSMS of theirs, accepted, its connectors told."""
    assert NODE is not None
    process = await asyncio.create_subprocess_exec(
        NODE, "csms.js", json.dumps(answers(version)), cwd=HERE, stdin=PIPE, stdout=PIPE, limit=2**20
    )
    peer = Peer(process)
    listening = asyncio.get_running_loop().create_task(peer.listen())
    try:
        await peer.until(lambda: peer.port)
        url = f"ws://127.0.0.1:{peer.port}"
        async with stand(ScriptedCsms(), url=url, versions=[version], charger=everyday_charger()) as one:
            told = 3 if version is Version.V16 else 2
            await peer.until(lambda: peer.heard.count("StatusNotification") == told)
            peer.heard.clear()
            yield one, peer
    finally:
        process.stdin.close()  # type: ignore[union-attr]
        await process.wait()
        await listening


@every_version
async def test_everything_the_station_says_is_legal_in_strict_mode(version: Version):
    async with connected(version) as (one, peer):
        assert await one.station.authorize(TOKEN) == AuthInfo(AuthStatus.BLOCKED)
        assert await one.station.transfer("com.example", "m", "x") == TransferAnswer(Verdict.ACCEPTED, "yes")
        one.tell(status(ConnectorStatus.CHARGING, 2), started(), updated(), idle_reading(1), ended())
        last = {Version.V16: "StopTransaction"}.get(version, "MeterValues")
        await peer.until(lambda: last in peer.heard)
        async with asyncio.timeout(5):
            while one.store.kept:  # noqa: ASYNC110 - the store tells nobody what it kept
                await asyncio.sleep(0.01)
        assert one.store.dead == []
        assert peer.illegal == []


@every_version
async def test_every_everyday_request_is_answered_legally_and_what_it_asks_for_is_sent(version: Version):
    async with connected(version) as (one, peer):
        serve_vendor(one)
        for asked in asked_in(version):
            peer.heard.clear()
            reply = await peer.call(asked.action, asked.fields)
            assert "result" in reply, (asked, reply)
            assert reply["result"].items() >= asked.answer.items(), asked
            await peer.until(lambda expected=asked.follows: tuple(peer.heard) == expected)
        assert peer.illegal == []


async def test_the_peer_really_judges():
    async with connected(Version.V16) as (_, peer):
        reply = await peer.call("Reset", {"type": "Gentle"})
        assert "error" in reply
        await peer.until(lambda: peer.illegal)
