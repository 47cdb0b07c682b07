"""A charger's password: what the CSMS keeps of it, and which counts while it is changed."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from csms.server import Csms
from tests.csms.charger import charger
from tests.csms.running import EVERY_VERSION, http, running

OLD, NEW = "0123456789abcdef", "fedcba9876543210"


def basic(password: str) -> dict[str, Any]:
    said = base64.b64encode(f"CP1:{password}".encode()).decode()
    return {"additional_headers": {"Authorization": f"Basic {said}"}}


async def comes_in(csms: Csms, version: str, password: str) -> bool:
    try:
        async with charger(csms, version=version, **basic(password)):
            return True
    except InvalidStatus as refusal:
        if refusal.response.status_code != 401:
            raise
        return False


def answer_of(version: str, status: str) -> tuple[str, Any]:
    if version == "ocpp1.6":
        return "ChangeConfiguration", {"status": status}
    named = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    return "SetVariables", {"setVariableResult": [named | {"attributeStatus": status}]}


@EVERY_VERSION
@pytest.mark.req("A01.FR.03", "A01.FR.04", "A01.FR.05")
@pytest.mark.parametrize("status", ["Accepted", "Rejected"])
async def test_a_new_password_counts_once_the_charger_has_taken_it_and_until_then_the_old_one(
    version: str, status: str, csms: Csms, web: httpx.AsyncClient
):
    csms.set_password("CP1", OLD)
    async with charger(csms, version=version, **basic(OLD)) as cp:
        action, answer = answer_of(version, status)
        cp.answers[action] = answer
        reply = await web.post("/api/chargers/CP1/password", json={"password": NEW})
        assert reply.status_code == 200
    assert await comes_in(csms, version, NEW) == (status == "Accepted")
    assert await comes_in(csms, version, OLD) == (status == "Rejected")


@EVERY_VERSION
@pytest.mark.req("A01.FR.08", "A01.FR.09")
async def test_what_is_kept_of_a_password_is_a_salted_hash_and_it_stands_in_no_log(
    version: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    place = tmp_path / "csms.sqlite"
    async with running(place, accept_all=True) as csms, http(csms) as web:
        csms.set_password("CP1", OLD)
        csms.set_password("CP2", OLD)
        hashes = {csms.store.chargers[identity].password_hash for identity in ("CP1", "CP2")}
        assert len(hashes) == 2
        async with charger(csms, version=version, **basic(OLD)) as cp:
            cp.answers.update([answer_of(version, "Accepted")])
            await web.post("/api/chargers/CP1/password", json={"password": NEW})
        shown = (await web.get("/api/messages")).text + (await web.get("/api/chargers")).text
    kept = b"".join(path.read_bytes() for path in (place, Path(f"{place}-wal")) if path.exists())
    for password in (OLD, NEW):
        for form in (password, password.encode().hex()):
            assert form.encode() not in kept
            assert form not in shown + caplog.text
