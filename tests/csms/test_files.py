"""Logs, firmware and customers by command; a place for files; what chargers tell of their security."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from csms.server import Csms
from csms.web.file_place import MAX_FILE_BYTES, FilePlace
from tests.csms.charger import charger
from tests.csms.running import EPOCH_S, EVERY_VERSION, http, running, stamp

URL = "http://127.0.0.1:8080/files/f.bin"
NOW = "2026-01-01T00:00:00.000Z"
LOG = {"remoteLocation": URL, "oldestTimestamp": NOW}
FIRMWARE = {"location": URL, "retrieveDateTime": NOW}
SIGNED = FIRMWARE | {"signingCertificate": "PEM", "signature": "S", "installDateTime": "2026-01-01T01:00:00.000Z"}
CUSTOMER = {"report": True, "clear": True, "idToken": {"idToken": "T", "type": "ISO14443"}}
ASKED = [  # command; action and payload in 1.6; in 2.x; without the request id
    (
        ("get-log", {"url": URL, "oldest_utc_s": EPOCH_S, "kind": "SecurityLog", "retries": 2, "interval_s": 9}),
        ("GetLog", {"log": LOG, "logType": "SecurityLog", "retries": 2, "retryInterval": 9}),
        ("GetLog", {"log": LOG, "logType": "SecurityLog", "retries": 2, "retryInterval": 9}),
    ),
    (
        ("get-log", {"url": URL, "plain": True, "latest_utc_s": EPOCH_S}),
        ("GetDiagnostics", {"location": URL, "stopTime": NOW}),
        None,
    ),
    (
        ("update-firmware", {"url": URL, "retrieve_utc_s": EPOCH_S}),
        ("UpdateFirmware", {"location": URL, "retrieveDate": NOW}),
        ("UpdateFirmware", {"firmware": FIRMWARE}),
    ),
    (
        (
            "update-firmware",
            {
                "url": URL,
                "certificate": "PEM",
                "signature": "S",
                "retrieve_utc_s": EPOCH_S,
                "install_utc_s": EPOCH_S + 3600,
            },
        ),
        ("SignedUpdateFirmware", {"firmware": SIGNED}),
        ("UpdateFirmware", {"firmware": SIGNED}),
    ),
    (
        ("publish-firmware", {"url": URL, "checksum": "abc"}),
        None,
        ("PublishFirmware", {"location": URL, "checksum": "abc"}),
    ),
    (("unpublish-firmware", {"checksum": "abc"}), None, ("UnpublishFirmware", {"checksum": "abc"})),
    (("customer-information", {"token": "T", "clear": True}), None, ("CustomerInformation", CUSTOMER)),
]
ANSWERS = {
    "GetDiagnostics": {"fileName": "d.tar.gz"},
    "UnpublishFirmware": {"status": "Unpublished"},
}


@EVERY_VERSION
@pytest.mark.parametrize(("said", "asked_16", "asked_2x"), ASKED)
async def test_a_command_is_said_in_the_chargers_version_and_its_answer_is_the_reply(
    version: str, said: Any, asked_16: Any, asked_2x: Any
):
    name, body = said
    expected = asked_16 if version == "ocpp1.6" else asked_2x
    async with running(accept_all=True) as csms, http(csms) as web, charger(csms, version=version) as cp:
        await cp.boot()
        if expected is None:
            assert (await web.post(f"/api/chargers/CP1/{name}", json=body)).status_code == 422
            return
        action, payload = expected
        answer = ANSWERS.get(action, {"status": "Accepted"})
        if (version, action) == ("ocpp1.6", "UpdateFirmware"):
            answer = {}
        cp.answers[action] = answer
        reply = await web.post(f"/api/chargers/CP1/{name}", json=body)
        ((asked, heard),) = cp.asked
        heard.pop("requestId", None)
        assert (asked, heard) == (action, payload)
        assert reply.json() == {"action": action, "status": answer.get("status"), "answer": answer}


SECURITY = {"type": "TamperDetectionActivated", "timestamp": stamp(5), "techInfo": "lid <b>"}


@EVERY_VERSION
@pytest.mark.req("A04.FR.03")
async def test_a_security_event_is_kept_once_and_shown(version: str, tmp_path: Path):
    async with running(tmp_path / "db", accept_all=True) as csms, charger(csms, version=version) as cp:
        await cp.boot()
        for _ in range(2):
            assert await cp.call("SecurityEventNotification", SECURITY) == {}
    async with running(tmp_path / "db", accept_all=True) as csms, http(csms) as web:
        (shown,) = (await web.get("/api/security-events?charger=CP1")).json()
        assert shown == {"charger": "CP1", "at_utc_s": EPOCH_S + 300, "kind": SECURITY["type"], "info": "lid <b>"}
        assert (await web.get("/api/security-events?charger=CP2")).json() == []
        page = (await web.get("/chargers/CP1")).text
        assert "TamperDetectionActivated" in page
        assert "lid &lt;b&gt;" in page


async def test_the_place_for_files_keeps_what_chargers_put_and_post(csms: Csms, web: httpx.AsyncClient):
    assert (await web.put("/files/a.bin", content=b"A")).status_code == 201
    named = {"Content-Disposition": 'form-data; name="uploadfile"; filename="log.tar.gz"'}
    assert (await web.post("/files/", content=b"B" * 1_000_000, headers=named)).status_code == 201
    assert (await web.get("/files/")).json() == [
        {"name": "a.bin", "bytes": 1},
        {"name": "log.tar.gz", "bytes": 1_000_000},
    ]
    got = await web.get("/files/a.bin")
    assert (got.content, got.headers["Content-Disposition"]) == (b"A", "attachment")
    assert (await web.get("/files/none")).status_code == 404


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "x" * 200])
async def test_a_name_that_is_none_is_refused(name: str, csms: Csms, web: httpx.AsyncClient):
    named = {"Content-Disposition": f'form-data; filename="{name}"'}
    assert (await web.post("/files/", content=b"B", headers=named)).status_code == 400
    assert (await web.get("/files/")).json() == []


async def test_a_file_that_is_too_long_is_refused_and_of_too_many_the_oldest_go(
    csms: Csms, web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    too_long = {"Content-Length": str(MAX_FILE_BYTES + 1)}
    assert (await web.put("/files/a", content=b"", headers=too_long)).status_code == 413
    monkeypatch.setattr("csms.web.file_place.MAX_ALL_BYTES", 10)
    for name in ("a", "b", "c"):
        await web.put(f"/files/{name}", content=b"1234")
    assert [one["name"] for one in (await web.get("/files/")).json()] == ["b", "c"]


def test_the_place_is_empty_at_first():
    assert FilePlace(lambda: None)._files == {}
