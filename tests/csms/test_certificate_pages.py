"""The pages about certificates: what the CSMS signed, is asked to sign, and what chargers have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from agent.pki import certificates as pki
from agent.pki.names import HashAlgorithm, Subject
from agent.pki.requests import new_key, signing_request
from csms.pki import Pki
from csms.server import Csms
from tests.csms.charger import JsonCharger, charger
from tests.csms.running import EVERY_2X, EVERY_VERSION, http
from tests.csms.test_pages import EVIL, Document, every_page
from tests.security import ca, minting

TWO = "ocpp2.1"


@pytest.fixture
async def csms() -> AsyncIterator[Csms]:
    started = Csms(accept_all=True, now=lambda: ca.now().timestamp())
    await started.start()
    await started.start_secure(Pki(minting.pki()))
    yield started
    await started.stop()


@pytest.fixture
async def web(csms: Csms) -> AsyncIterator[httpx.AsyncClient]:
    async with http(csms) as client:
        yield client


async def ask_for_one(cp: JsonCharger, name: str = "CP1", **fields: Any) -> str:
    """SignCertificate; what it was answered."""
    csr = signing_request(new_key(), Subject(name, "Op")).decode()
    answer = await cp.call("SignCertificate", {"csr": csr, **fields})
    return str(answer["status"])


def root_named(version: str, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> dict[str, Any]:
    """The CSMS's root as a charger of a version names it in GetInstalledCertificateIds."""
    (root,) = pki.read_pem(minting.pem("csms-root"))
    data = pki.hash_data(root, root, algorithm)
    named = {
        "hashAlgorithm": str(data.algorithm),
        "issuerNameHash": data.issuer_name_hash.upper(),
        "issuerKeyHash": data.issuer_key_hash,
        "serialNumber": data.serial.upper(),
    }
    if version == "ocpp1.6":
        return {"status": "Accepted", "certificateHashData": [named]}
    chain = {"certificateType": "CSMSRootCertificate", "certificateHashData": named}
    return {"status": "Accepted", "certificateHashDataChain": [chain]}


def fields_of(html: str, action: str) -> dict[str, str]:
    """The hidden fields of the page's first form that goes there."""
    tags = Document(html).tags
    start = next(n for n, (tag, fields) in enumerate(tags) if tag == "form" and fields.get("action") == action)
    hidden: dict[str, str] = {}
    for tag, fields in tags[start + 1 :]:
        if tag == "form":
            break
        if tag == "input" and fields.get("type") == "hidden":
            hidden[fields["name"] or ""] = fields["value"] or ""
    return hidden


@pytest.mark.req("A02.FR.11")
async def test_a_request_that_names_its_charger_is_signed_at_once_and_can_be_revoked(
    csms: Csms, web: httpx.AsyncClient
):
    async with charger(csms, version=TWO) as cp:
        assert await ask_for_one(cp) == "Accepted"
        await cp.until_asked("CertificateSigned")
    shown = (await web.get("/pki")).text
    assert "signed, on its way" in shown or ">taken<" in shown
    (issued,) = csms.store.issued.values()
    assert issued.serial in shown
    assert (await web.post("/pki/revoke", data=fields_of(shown, "/pki/revoke"))).status_code == 303
    shown = (await web.get("/pki")).text
    assert ">revoked<" in shown
    assert 'action="/pki/revoke"' not in shown
    assert (await web.post("/pki/revoke", data={"serial": "77"})).status_code == 404


@EVERY_2X
@pytest.mark.req("A02.FR.25")
async def test_by_hand_a_request_waits_until_a_press_of_a_button(version: str, csms: Csms, web: httpx.AsyncClient):
    assert csms.certificates is not None
    csms.certificates.by_hand = True
    repeated = {"certificateType": "V2GCertificate"} | ({"requestId": 7} if version == TWO else {})
    async with charger(csms, version=version) as cp:
        assert await ask_for_one(cp, **repeated) == "Accepted"
        assert not cp.asked
        shown = (await web.get("/pki")).text
        assert ">waits<" in shown
        assert "V2GCertificate" in shown
        waiting = fields_of(shown, "/pki/requests")
        assert (await web.post("/pki/requests", data=waiting | {"verdict": "sign"})).status_code == 303
        handed = await cp.until_asked("CertificateSigned")
        assert {name: handed[name] for name in repeated} == repeated
        await asyncio.sleep(1)
        assert ">taken<" in (await web.get("/chargers/CP1/certificates")).text
        assert (await web.post("/pki/requests", data=waiting | {"verdict": "sign"})).status_code == 404


async def test_a_request_by_hand_can_be_refused_and_gives_way_to_the_chargers_next(csms: Csms, web: httpx.AsyncClient):
    assert csms.certificates is not None
    csms.certificates.by_hand = True
    async with charger(csms) as cp:
        await ask_for_one(cp)
        await ask_for_one(cp)
        shown = (await web.get("/pki")).text
        assert "the charger has asked anew" in shown
        assert shown.count('name="verdict" value="sign"') == 1
        await web.post("/pki/requests", data=fields_of(shown, "/pki/requests") | {"verdict": "refuse"})
        assert "by the operator" in (await web.get("/pki")).text
        assert not cp.asked
    assert csms.store.issued == {}


@pytest.mark.req("A02.FR.12")
async def test_a_request_made_out_to_somebody_else_is_refused_with_its_reason_on_the_page(
    csms: Csms, web: httpx.AsyncClient
):
    async with charger(csms) as cp:
        assert await ask_for_one(cp, EVIL) == "Rejected"
    for path in ("/pki", "/chargers/CP1/certificates"):
        shown = (await web.get(path)).text
        assert "it is made out to" in shown
        assert EVIL not in shown


async def test_a_certificate_that_the_charger_does_not_take_is_shown_as_such(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms) as cp:
        cp.answers["CertificateSigned"] = {"status": "Rejected"}
        await ask_for_one(cp)
        await cp.until_asked("CertificateSigned")
        await asyncio.sleep(1)
    assert "signed, not taken" in (await web.get("/pki")).text


@EVERY_VERSION
async def test_what_a_charger_has_is_listed_ours_marked_and_deleted_as_it_names_it(
    version: str, csms: Csms, web: httpx.AsyncClient
):
    async with charger(csms, version=version) as cp:
        told = cp.answers["GetInstalledCertificateIds"] = root_named(version)
        shown = (await web.get("/chargers/CP1/certificates?use=CSMSRootCertificate")).text
        assert '<span class="badge good"><bdi>CSMS Root</bdi>' in shown
        deletion = "/chargers/CP1/certificates/delete"
        assert "DeleteCertificate: <bdi>Accepted" in (await web.post(deletion, data=fields_of(shown, deletion))).text
        chain = told.get("certificateHashDataChain", told.get("certificateHashData"))[0]
        assert (await cp.until_asked("DeleteCertificate"))["certificateHashData"] == chain.get(
            "certificateHashData", chain
        )
        cp.answers["GetInstalledCertificateIds"] = {"status": "NotFound"}
        assert "It has none for this use" in (await web.get("/chargers/CP1/certificates?use=CSMSRootCertificate")).text


@EVERY_VERSION
async def test_an_empty_field_installs_the_root_of_this_csms(version: str, csms: Csms, web: httpx.AsyncClient):
    async with charger(csms, version=version) as cp:
        form = {"use": "CSMSRootCertificate", "pem": ""}
        assert (
            "InstallCertificate: <bdi>Accepted"
            in (await web.post("/chargers/CP1/certificates/install", data=form)).text
        )
        installed = await cp.until_asked("InstallCertificate")
        assert installed["certificate"].strip() == minting.pem("csms-root").strip()
        await web.post("/chargers/CP1/certificates/install", data=form | {"pem": "PEM"})
        assert (await cp.until_asked("InstallCertificate"))["certificate"] == "PEM"


@EVERY_VERSION
async def test_a_renewal_is_triggered_from_the_page(version: str, csms: Csms, web: httpx.AsyncClient):
    async with charger(csms, version=version) as cp:
        assert "Accepted" in (await web.post("/chargers/CP1/certificates/renew")).text
        action, payload = cp.asked[-1]
    assert action == ("ExtendedTriggerMessage" if version == "ocpp1.6" else "TriggerMessage")
    assert payload["requestedMessage"].startswith("SignCharge" if version == "ocpp1.6" else "SignChargingStation")


async def test_security_events_stand_beside_the_certificates(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms, version=TWO) as cp:
        said = {"type": "InvalidCsmsCertificate", "timestamp": "2026-01-01T00:00:00Z", "techInfo": EVIL}
        await cp.call("SecurityEventNotification", said)
    shown = (await web.get("/chargers/CP1/certificates")).text
    assert "InvalidCsmsCertificate" in shown
    assert EVIL not in shown


async def test_who_is_asked_in_vain_says_why_and_strangers_have_no_page(csms: Csms, web: httpx.AsyncClient):
    csms.accept("CP1")
    assert "CP1 is not connected" in (await web.get("/chargers/CP1/certificates?use=MORootCertificate")).text
    assert "CP1 is not connected" in (await web.post("/chargers/CP1/certificates/renew")).text
    assert "Invalid enum value" in (await web.get("/chargers/CP1/certificates?use=Coffee")).text
    assert (await web.post("/chargers/CP1/certificates/coffee")).status_code == 404
    assert (await web.get("/chargers/CP9/certificates")).status_code == 404
    for path, html in (await every_page(web)).items():
        assert "<h1>" in html, path


async def test_the_pki_page_names_the_csmss_own_certificates(web: httpx.AsyncClient):
    shown = (await web.get("/pki")).text
    (root,) = pki.read_pem(minting.pem("csms-root"))
    assert pki.fingerprint(root) in shown
    assert pki.fingerprint(pki.read_pem(minting.pem("csms"))[0]) in shown


async def test_a_csms_without_a_pki_says_how_to_have_one():
    started = Csms(accept_all=True)
    started.accept("CP1")
    async with http(started) as web:
        assert "has no PKI" in (await web.get("/pki")).text
        assert (await web.post("/pki/revoke", data={"serial": "1"})).status_code == 409
        assert "this CSMS has no PKI to sign it" in (await web.get("/chargers/CP1/certificates")).text
        assert (await web.get("/api/pki/requests")).status_code == 409
    await started.stop()


async def test_requests_are_decided_over_the_api_too(csms: Csms, web: httpx.AsyncClient):
    assert csms.certificates is not None
    csms.certificates.by_hand = True
    async with charger(csms) as cp:
        await ask_for_one(cp)
        (waiting,) = (await web.get("/api/pki/requests")).json()
        assert (waiting["stage"], waiting["charger"]) == ("Waiting", "CP1")
        reply = await web.post(f"/api/pki/requests/{waiting['number']}", json={"sign": True})
        assert reply.json()["stage"] == "Signed"
        await cp.until_asked("CertificateSigned")
    assert (await web.post("/api/pki/requests/99", json={"sign": True})).status_code == 404
