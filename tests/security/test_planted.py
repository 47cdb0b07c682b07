"""Secrets are planted wherever a station may be told one, and searched for in all that anybody keeps of it."""

from __future__ import annotations

import asyncio
import base64
import io
import logging
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from agent.config import Version
from agent.ocpp.workshop import LogKind
from agent.recording import AnyEntry
from agent.runtime.clock import LoopClock
from csms import views
from csms.peers import CallFailedError, Failure
from csms.server import Csms
from sim.stage.place import IDENTITY, PlaceSpec, Wall, configured
from sim.station import SimStation
from tests.csms.running import http
from tests.journeys.place import TAG

CONFIGURED = "planted-at-the-factory"
SETTLE_S = 5.0


class Planted:
    """The secrets so far, and in which forms one might meet them."""

    def __init__(self) -> None:
        self.secrets = [CONFIGURED]

    def new(self, name: str) -> str:
        """One more; also a legal password."""
        self.secrets.append(f"planted-{name}-{len(self.secrets)}".ljust(20, "x"))
        return self.secrets[-1]

    def forms(self) -> dict[bytes, str]:
        """What to search for, and which secret it betrays."""
        found: dict[bytes, str] = {}
        for secret in self.secrets:
            plain = secret.encode()
            basic = base64.b64encode(f"{IDENTITY}:{secret}".encode())
            for form in (plain, plain.hex().encode(), plain.hex().upper().encode(), basic, base64.b64encode(plain)):
                found[form] = secret
        return found


@asynccontextmanager
async def charger(folder: Path, version: Version) -> AsyncIterator[tuple[SimStation, Csms]]:
    """A station that shows its password to the bundled CSMS."""
    password = folder / "password"
    password.write_text(CONFIGURED)
    password.chmod(0o600)
    csms = Csms(folder / "csms.sqlite", accept_all=True, now=Wall())
    csms.add_token(TAG)
    csms.set_password(IDENTITY, CONFIGURED)
    config = configured(PlaceSpec(version=version), f"ws://127.0.0.1:{await csms.start()}", folder / "state")
    ocpp = replace(config.ocpp, security_profile=1, password_file=password)
    wall, numbers = Wall(), iter(range(10_000))
    station = SimStation(replace(config, ocpp=ocpp), LoopClock(wall), lambda: f"{next(numbers):032x}")
    await station.start()
    try:
        await asyncio.sleep(SETTLE_S)
        assert IDENTITY in csms.online
        yield station, csms
    finally:
        await station.stop()
        await csms.stop()


async def told_everything(csms: Csms, version: Version, planted: Planted) -> None:
    """The CSMS tells the station a secret in every message that may hold one."""

    async def call(action: str, **payload: Any) -> None:
        try:
            answer = await csms.ask_by_name(IDENTITY, action, msgspec.json.encode(payload))
        except CallFailedError as error:  # refused it is told, too
            if error.failure is not Failure.REFUSED:
                raise
        else:
            statuses.append(f"{action}: {answer.status}")

    statuses: list[str] = []
    url = f"ftp://operator:{planted.new('ftp')}@127.0.0.1:9/place"
    await call("DataTransfer", vendorId="us", data=f"password={planted.new('data')}")
    if version == "1.6":
        key = planted.new("key")
        await call("ChangeConfiguration", key="AuthorizationKey", value=key.encode().hex())
        csms.set_password(IDENTITY, key.encode())
        await asyncio.sleep(SETTLE_S)  # it comes again with the new one
        await call("GetDiagnostics", location=url)
        await call("UpdateFirmware", location=url, retrieveDate="2027-01-15T08:00:00Z")
    else:
        answer = await views.change_password(csms, IDENTITY, planted.new("password"))
        assert answer.status == "Accepted"
        await asyncio.sleep(SETTLE_S)  # it comes again with the new one
        profile = {
            "ocppVersion": "OCPP20" if version == "2.0.1" else "OCPP21",
            "ocppTransport": "JSON",
            "ocppCsmsUrl": "ws://127.0.0.1:9/other",
            "messageTimeout": 30,
            "securityProfile": 1,
            "ocppInterface": "Wired0",
        }
        apn = {"apn": "net", "apnAuthentication": "PAP", "apnUserName": "u", "apnPassword": planted.new("apn")}
        vpn = {"server": "v", "user": "u", "password": planted.new("vpn"), "key": planted.new("psk"), "type": "PPTP"}
        more = {"basicAuthPassword": planted.new("own")} if version == "2.1" else {}
        await call("SetNetworkProfile", configurationSlot=1, connectionData=profile | {"apn": apn})
        await call("SetNetworkProfile", configurationSlot=1, connectionData=profile | {"vpn": vpn})
        await call("SetNetworkProfile", configurationSlot=1, connectionData=profile | more)
        named = {"component": {"name": "NetworkConfiguration", "instance": "2"}}
        written = named | {"variable": {"name": "BasicAuthPassword"}, "attributeValue": planted.new("slot")}
        await call("SetVariables", setVariableData=[written])
        await call("GetLog", logType="DiagnosticsLog", requestId=1, log={"remoteLocation": url})
        firmware = {"location": url, "retrieveDateTime": "2027-01-15T08:00:00Z"}
        await call("UpdateFirmware", requestId=2, firmware=firmware)
        await call("GetBaseReport", requestId=3, reportBase="FullInventory")
    await asyncio.sleep(20)
    assert any(status.endswith("Accepted") for status in statuses), statuses


async def bundle(station: SimStation, folder: Path) -> dict[str, bytes]:
    """What the diagnostics and the security log hold that a CSMS may fetch."""
    assert station.agent is not None
    book = station.agent.log_book
    found: dict[str, bytes] = {}
    for kind in LogKind:
        file = folder / str(kind)
        await book.write(kind, file, None, None)
        found[str(kind)] = file.read_bytes()
        if kind is not LogKind.SECURITY:
            with tarfile.open(fileobj=io.BytesIO(found.pop(str(kind)))) as packed:
                for member in packed.getmembers():
                    content = packed.extractfile(member)
                    found[member.name] = b"" if content is None else content.read()
        file.unlink()
    return found


def recorded(begun: Any, entries: list[AnyEntry]) -> dict[str, bytes]:
    """A recording's file, and the journal inside it."""
    return {
        "recording": b"\n".join(msgspec.json.encode(each) for each in (begun, *entries)),
        "the recording's journal": begun.journal,
    }


def betrayed(places: dict[str, bytes], planted: Planted) -> list[tuple[str, str]]:
    forms = planted.forms()
    return [(where, secret) for where, held in places.items() for form, secret in forms.items() if form in held]


async def pages(csms: Csms) -> dict[str, bytes]:
    """What the CSMS shows of the station's messages and settings."""
    web: httpx.AsyncClient
    async with http(csms) as web:
        paths = ("/api/messages?limit=1000", "/messages", f"/chargers/{IDENTITY}", "/api/security-events")
        return {path: (await web.get(path)).content for path in paths}


@pytest.mark.req("A01.FR.08", "A01.FR.09", "A01.FR.10")
@pytest.mark.parametrize("version", ["1.6", "2.1"])
async def test_no_secret_that_a_station_is_told_can_be_found_anywhere_but_among_its_secrets(
    version: Version, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "websockets")  # as every command has it: it would show each header and frame
    planted, entries = Planted(), list[AnyEntry]()
    async with charger(tmp_path, version) as (station, csms):
        assert station.agent is not None
        recorder = station.agent.recorder
        early = await recorder.begin()
        with recorder.watching(entries.append):
            await told_everything(csms, version, planted)
        late = await recorder.begin()
        places = recorded(early, entries) | {"late " + name: held for name, held in recorded(late, []).items()}
        places |= await bundle(station, tmp_path) | await pages(csms)
        assert IDENTITY in csms.online
    places |= files(tmp_path) | {"log": caplog.text.encode()}
    assert {"csms.sqlite", "state/journal.sqlite", "agent.log", "ocpp.log"} <= {*places}
    assert len(entries) > 10
    assert any("password" in str(held).casefold() for held in places.values())  # it was spoken of
    secrets = b"".join(files(tmp_path, secret=True).values())
    assert any(form in secrets for form in planted.forms())  # and the search finds what is there
    found = betrayed(places, planted)
    assert not found, found


def files(folder: Path, *, secret: bool = False) -> dict[str, bytes]:
    """What lies in the folder: all but the places for secrets, or these alone."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    meant = [path for path in found if secret == (path.name == "password" or path.parent.name == "secrets")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in meant}
