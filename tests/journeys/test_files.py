"""Logs and firmware on a whole station: real files over HTTP, a real signature, and a restart in between."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from agent.core.values import ConnectorStatus
from agent.ocpp.v16 import wire as v16
from agent.ocpp.v201 import wire as v201
from agent.places import CERTIFICATES_NAME
from certs.make_pki import Certificate, Minted, Usage, mint
from tests.agent.runtime.transfer.servers import http_server
from tests.journeys.place import IDENTITY, TAG, Place, place

both = pytest.mark.parametrize("version", ["1.6", "2.0.1"])
ROOT = Certificate("root", None, "Manufacturer Root", 1)
LEAF = Certificate("firmware", "root", "Firmware Signing", usages=(Usage.CODE_SIGNING,))
FIRMWARE = json.dumps({"version": "2.0", "restart": True}).encode()


async def heard(p: Place, *actions: str) -> list[Any]:
    """The status, or the type, of each call of the station's with one of these actions."""
    logged = await p.csms.store.read(lambda database: database.frames(IDENTITY))
    frames = [json.loads(one.frame) for one in logged if any(f'"{action}",{{' in one.frame for action in actions)]
    calls = [one for one in frames if one[0] == 2 and one[2] in actions]
    return [one[3].get("status", one[3].get("type")) for one in calls]


def pem(one: Minted) -> str:
    return one.certificate.public_bytes(Encoding.PEM).decode()


def signed(leaf: Minted, content: bytes) -> str:
    assert isinstance(leaf.key, ec.EllipticCurvePrivateKey)
    return base64.b64encode(leaf.key.sign(content, ec.ECDSA(hashes.SHA256()))).decode()


def trust_manufacturer(directory: Path, root: Minted) -> None:
    folder = next(directory.rglob("journal.sqlite")).parent / CERTIFICATES_NAME / "roots" / "manufacturer"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "root.pem").write_text(pem(root))


def update(version: str, url: str, leaf: Minted, signature: str) -> Any:
    then = "2020-01-01T00:00:00Z"
    fields = {"location": url, "retrieveDateTime": then, "signingCertificate": pem(leaf), "signature": signature}
    if version == "1.6":
        return v16.SignedUpdateFirmwareRequest(requestId=4, firmware=v16.FirmwareType(**fields))
    return v201.UpdateFirmwareRequest(requestId=4, firmware=v201.FirmwareType(**fields))


@both
@pytest.mark.req("L01.FR.06", "L01.FR.28", "L01.FR.31", "L01.FR.32")
async def test_signed_firmware_waits_for_the_charge_restarts_the_station_and_is_told_by_the_new_one(
    version: str, tmp_path: Path
):
    async with place(tmp_path, version, evses=2) as p, http_server() as server:
        now = dt.datetime.fromtimestamp(p.wall(), dt.UTC)
        root = mint(ROOT, None, now)
        leaf = mint(LEAF, root, now)
        trust_manufacturer(tmp_path, root)
        server.files["/f.bin"] = FIRMWARE
        p.plug_in()
        await asyncio.sleep(2)
        p.tap()
        await asyncio.sleep(60)
        request = update(version, server.url("/f.bin"), leaf, signed(leaf, FIRMWARE))
        assert (await p.csms.call(IDENTITY, request)).status == "Accepted"
        await asyncio.sleep(120)
        notification = "SignedFirmwareStatusNotification" if version == "1.6" else "FirmwareStatusNotification"
        waiting = ["Downloading", "Downloaded", "SignatureVerified", "InstallScheduled"]
        assert await heard(p, notification) == waiting
        assert p.session(1).tx is not None
        assert p.session(2).status is ConnectorStatus.UNAVAILABLE
        p.tap(TAG)
        await asyncio.sleep(120)
        if not p.station.alive:
            p.station.boot()
            await asyncio.sleep(60)
        assert await heard(p, notification) == [*waiting, "Installing", "InstallRebooting", "Installed"]
        assert "FirmwareUpdated" in await heard(p, "SecurityEventNotification")
        assert p.session(2).status is ConnectorStatus.AVAILABLE
        (bill,) = await p.bills()
        assert bill.ended_utc_s is not None


@both
async def test_one_flipped_bit_is_no_firmware(version: str, tmp_path: Path):
    async with place(tmp_path, version) as p, http_server() as server:
        now = dt.datetime.fromtimestamp(p.wall(), dt.UTC)
        root = mint(ROOT, None, now)
        leaf = mint(LEAF, root, now)
        trust_manufacturer(tmp_path, root)
        server.files["/f.bin"] = bytes([FIRMWARE[0] ^ 1]) + FIRMWARE[1:]
        await p.csms.call(IDENTITY, update(version, server.url("/f.bin"), leaf, signed(leaf, FIRMWARE)))
        stranger = mint(ROOT, None, now)
        fake = mint(LEAF, stranger, now)
        await asyncio.sleep(60)
        answer = await p.csms.call(IDENTITY, update(version, server.url("/f.bin"), fake, signed(fake, FIRMWARE)))
        assert answer.status == "InvalidCertificate"
        await asyncio.sleep(5)
        events = await heard(p, "SecurityEventNotification")
        assert events[-2:] == ["InvalidFirmwareSignature", "InvalidFirmwareSigningCertificate"]


@both
async def test_a_bundle_arrives_with_what_the_station_did_and_said(version: str, tmp_path: Path):
    async with place(tmp_path, version) as p, http_server() as server:
        await p.charge(60)
        if version == "1.6":
            log = v16.LogParametersType(remoteLocation=server.url("/logs/"))
            request: Any = v16.GetLogRequest(log=log, logType="DiagnosticsLog", requestId=1)
        else:
            parameters = v201.LogParametersType(remoteLocation=server.url("/logs/"))
            request = v201.GetLogRequest(log=parameters, logType="DiagnosticsLog", requestId=1)
        answer = await p.csms.call(IDENTITY, request)
        await asyncio.sleep(30)
        assert await heard(p, "LogStatusNotification") == ["Uploading", "Uploaded"]
        parts = unpacked(server.files[f"/logs/{answer.filename}"])
        assert json.loads(parts["status.json"])["link"]["identity"] == IDENTITY
        assert len(parts["sessions.jsonl"].splitlines()) == 1
        assert "StartupOfTheDevice" in parts["security.log"]
        assert '"BootNotification"' in parts["ocpp.log"]
        assert TAG not in "".join(part for name, part in parts.items() if name != "ocpp.log")


def unpacked(content: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {one.name: archive.extractfile(one).read().decode() for one in archive.getmembers()}  # type: ignore[union-attr]
