"""GetCertificateStatus: asked for what cars meet, in time, and for nothing else."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from agent.ocpp.codec import Version
from agent.pki.names import LeafUse, Subject
from agent.pki.requests import KeyKind
from agent.pki.store import Store
from csms.pki import Pki, ocsp_request
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import settled, stand
from tests.security import ca, minting

DAY_S = 86_400.0
RESPONDER = "http://localhost/ocsp"


class Responder:
    """A CSMS that answers from a development PKI."""

    def __init__(self, version: Version) -> None:
        self.now_utc_s = ca.now().timestamp()
        self.pki = Pki(minting.pki(), ocsp_url=RESPONDER)
        self.csms = ScriptedCsms(versions=(version.value,), answers={"GetCertificateStatus": self.answer})
        self.signed: dict[str, Any] = {}

    def certificate(self, store: Store) -> None:
        csr = store.new_request(LeafUse.V2G, KeyKind.P256, Subject("SECC-1", "Operator Ltd")).decode()
        signed = self.pki.sign(csr, "CP-1", frozenset({"SECC-1"}), self.now_utc_s, LeafUse.V2G)
        self.signed[signed.serial] = signed
        store.add_leaf(LeafUse.V2G, ca.x509.load_pem_x509_certificates(signed.pem.encode()))

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        named = request["ocspRequestData"]
        assert named["responderURL"] == RESPONDER
        asked = [named[name] for name in ("hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber")]
        der = self.pki.answer(ocsp_request(*asked), self.signed.get, self.now_utc_s)
        return {"status": "Accepted", "ocspResult": base64.b64encode(der).decode()}

    @property
    def asked(self) -> int:
        return len(self.csms.calls("GetCertificateStatus"))


def options(version: Version, folder: Path, responder: Responder) -> dict[str, Any]:
    return {"versions": (version,), "folder": folder, "epoch_s": responder.now_utc_s}


@pytest.mark.req("M06.FR.06", "M06.FR.10")
async def test_the_status_is_asked_for_once_and_again_before_the_answer_ends(tmp_path: Path):
    version = Version.V201
    responder = Responder(version)
    responder.certificate(Store(tmp_path / "certs"))
    async with stand(responder.csms, **options(version, tmp_path, responder)) as one:
        await one.accepted()
        await settled(10)
        assert responder.asked == 1  # the CAs of this PKI name no responder
        await settled(20 * 3600)
        assert responder.asked == 1
        responder.now_utc_s += 22.5 * 3600
        await settled(3 * 3600)
        assert responder.asked == 2


async def test_without_a_certificate_towards_cars_nothing_is_asked(tmp_path: Path):
    responder = Responder(Version.V201)
    async with stand(responder.csms, **options(Version.V201, tmp_path, responder)) as one:
        await one.accepted()
        await settled(2 * 3600)
        assert responder.asked == 0
        responder.certificate(Store(tmp_path / "certs"))
        await settled(3600)
        assert responder.asked == 1


async def test_a_version_that_has_no_words_for_it_is_not_asked(tmp_path: Path):
    responder = Responder(Version.V16)
    responder.certificate(Store(tmp_path / "certs"))
    async with stand(responder.csms, **options(Version.V16, tmp_path, responder)) as one:
        await one.accepted()
        await settled(2 * 3600)
        assert responder.asked == 0
