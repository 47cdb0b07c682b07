"""The CSMS's development PKI for cars and the chargers' side towards them."""

from __future__ import annotations

import base64
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.x509 import ocsp
from msgspec import UNSET

from agent.ocpp.v201 import wire
from agent.pki import certificates as x
from agent.pki.names import CertificateError, LeafUse, Subject
from agent.pki.ocsp import judged
from agent.pki.requests import new_key, signing_request
from csms.certificates import Certificates
from csms.pki import Pki, use_of
from csms.v2g import authorized, handlers
from tests.security import ca, minting

NAMES = frozenset({"CP-1"})
NOW = ca.now().timestamp


def request(**more: str) -> str:
    return signing_request(new_key(), Subject("CP-1", "Operator", **more)).decode()


def test_a_request_is_for_what_it_says_and_without_a_type_for_both_where_it_is_made_out_to_an_secc():
    assert use_of(request(), "V2GCertificate") is LeafUse.V2G
    assert use_of(request(), None) is LeafUse.STATION
    assert use_of(request(domain="CPO"), None) is LeafUse.COMBINED


@pytest.mark.parametrize(
    ("use", "issuer", "links"),
    [(LeafUse.STATION, "csms-root", 1), (LeafUse.V2G, "cpo-sub2", 3), (LeafUse.COMBINED, "cpo-sub2", 3)],
)
def test_each_use_is_signed_by_its_ca_and_its_responder_knows_it(use: LeafUse, issuer: str, links: int):
    pki = Pki(minting.pki())
    signed = pki.sign(request(domain="CPO"), "CP-1", NAMES, NOW(), use)
    chain = x.read_pem(signed.pem)
    assert len(chain) == links
    by = ca.authority(issuer)[0]
    assert x.issued_by(chain[0], by)
    asked = ocsp.OCSPRequestBuilder().add_certificate(chain[0], by, x.hashes.SHA256()).build()
    der = pki.answer(asked.public_bytes(x.serialization.Encoding.DER), {signed.serial: signed}.get, NOW())
    assert not judged(der, chain[0], by, NOW()).revoked


def test_nobody_gets_a_certificate_in_another_name():
    with pytest.raises(CertificateError, match="made out to"):
        Pki(minting.pki()).sign(request(), "CP-2", frozenset({"CP-2"}), NOW(), LeafUse.V2G)


@pytest.mark.req("M06.FR.01", "M06.FR.02", "M06.FR.03", "M06.FR.04", "M06.FR.08", "M06.FR.09")
async def test_a_charger_is_told_the_status_of_a_certificate_of_this_pki_and_of_no_other():
    office: Any = SimpleNamespace(vouch=None, sign=None, store=SimpleNamespace(issued={}), now=NOW)
    answer = handlers(office, wire)["GetCertificateStatus"]
    leaf, sub = ca.authority("cpo-sub2")[0], ca.authority("cpo-sub1")[0]
    assert (await answer("CP-1", asked(leaf, sub))).status == "Failed"  # there is no PKI yet
    Certificates(office, Pki(minting.pki()), lambda _: None)  # type: ignore[arg-type, return-value]
    told = await answer("CP-1", asked(leaf, sub))
    assert told.status == "Accepted"
    assert not judged(base64.b64decode(told.ocspResult), leaf, sub, NOW()).revoked
    stranger = ca.root()[0]
    assert (await answer("CP-1", asked(stranger, stranger))).status == "Failed"


def asked(certificate: Any, issuer: Any) -> Any:
    named = x.hash_data(certificate, issuer)
    return SimpleNamespace(
        ocspRequestData=SimpleNamespace(
            hashAlgorithm=str(named.algorithm),
            issuerNameHash=named.issuer_name_hash,
            issuerKeyHash=named.issuer_key_hash,
            serialNumber=named.serial,
            responderURL="http://localhost/",
        )
    )


def shown(name: str = "contract", **more: Any) -> wire.AuthorizeRequest:
    """A contract put before the CSMS by its hashes."""
    chain = [*x.read_pem(minting.pem(name)), ca.authority("mo-root")[0]]
    named = [asked(one, issuer).ocspRequestData for one, issuer in pairwise(chain)]
    hashed = [wire.OCSPRequestDataType(**vars(one)) for one in named]
    token = wire.IdTokenType(idToken="DEEVSC12345678", type="eMAID")
    return wire.AuthorizeRequest(idToken=token, **({"iso15118CertificateHashData": hashed} | more))


def desk(revoked: tuple[str, ...] = ()) -> Any:
    """A CSMS with a PKI in which these serials are revoked."""
    records = {one: SimpleNamespace(pem=minting.pem("contract"), revoked_utc_s=NOW()) for one in revoked}
    office: Any = SimpleNamespace(store=SimpleNamespace(issued=records), now=NOW)
    Certificates(office, Pki(minting.pki()), lambda _: None)  # type: ignore[arg-type, return-value]
    return office


def verdict(office: Any, request: wire.AuthorizeRequest, token: Any = "Accepted") -> tuple[Any, Any]:
    answer: Any = authorized(office, wire, request, wire.IdTokenInfoType(status=token))
    return answer.certificateStatus, answer.idTokenInfo.status


@pytest.mark.req("C07.FR.05", "C07.FR.13", "C07.FR.14", "C07.FR.16", "C07.FR.17")
def test_a_contract_stands_as_its_certificates_and_its_driver_do():
    assert verdict(desk(), shown()) == ("Accepted", "Accepted")
    assert verdict(desk(), shown(), "ConcurrentTx") == ("Accepted", "ConcurrentTx")
    for token in ("Blocked", "Expired", "Invalid", "Unknown"):
        assert verdict(desk(), shown(), token) == ("ContractCancelled", token)
    serial = f"{x.read_pem(minting.pem('contract'))[0].serial_number:x}"
    assert verdict(desk((serial,)), shown()) == ("CertificateRevoked", "Invalid")
    stranger = ca.root()[0]
    foreign = wire.OCSPRequestDataType(**vars(asked(stranger, stranger).ocspRequestData))
    assert verdict(desk(), shown(iso15118CertificateHashData=[foreign])) == ("CertChainError", "Invalid")


@pytest.mark.req("C07.FR.05", "C07.FR.14", "C07.FR.15", "C07.FR.17")
@pytest.mark.parametrize(
    ("name", "status", "token"),
    [
        ("contract", "Accepted", "Accepted"),
        ("contract-expired", "CertificateExpired", "Expired"),
        ("contract-unknown-root", "CertChainError", "Invalid"),
        ("contract-wrong-purpose", "CertChainError", "Invalid"),
    ],
)
def test_a_contract_that_the_charger_cannot_judge_is_judged_by_itself(name: str, status: str, token: str):
    request = shown(iso15118CertificateHashData=UNSET, certificate=minting.pem(name))
    assert verdict(desk(), request) == (status, token)


def test_a_contract_whose_text_is_none_is_no_chain():
    request = shown(iso15118CertificateHashData=UNSET, certificate="hello")
    assert verdict(desk(), request) == ("CertChainError", "Invalid")


def test_a_card_has_no_certificate_and_a_csms_without_a_pki_judges_none():
    card = shown(iso15118CertificateHashData=UNSET)
    assert verdict(desk(), card) == (UNSET, "Accepted")
    assert verdict(SimpleNamespace(standing=None), shown()) == (UNSET, "Accepted")
