"""Signatures over EXI fragments: ours by all algorithms, and those of a foreign car and charger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448

from agent.iso15118 import exi, signature
from agent.iso15118.exi import fragment, iso2, iso20, xmldsig
from agent.iso15118.signature import SignatureError, sign, verify

VECTORS = Path(__file__).parents[2] / "vectors" / "v2g"
P256 = ec.generate_private_key(ec.SECP256R1())
KEYS = [P256, ec.generate_private_key(ec.SECP521R1()), ed448.Ed448PrivateKey.generate()]
AUTHORIZATION = iso2.AuthorizationReq(Id="ID1", GenChallenge=bytes(range(16)))
PNC = iso20.PnC_AReqAuthorizationModeType(
    Id="ID1",
    GenChallenge=bytes(range(16)),
    ContractCertificateChain=iso20.ContractCertificateChainType(
        Certificate=b"leaf", SubCertificates=iso20.SubCertificatesType(Certificate=(b"sub",))
    ),
)
EMAID = iso2.EMAIDType(Id="ID4", value="DE8AAA4B5C6D7E8")


@pytest.mark.parametrize("key", KEYS, ids=["P-256", "P-521", "Ed448"])
def test_what_was_signed_is_verified_and_anything_else_is_not(key: Any):
    made = sign(iso20, [("PnC_AReqAuthorizationMode", PNC)], key)
    verify(iso20, [("PnC_AReqAuthorizationMode", PNC)], made, key.public_key())
    other = msgspec.structs.replace(PNC, GenChallenge=bytes(16))
    with pytest.raises(SignatureError, match="digest"):
        verify(iso20, [("PnC_AReqAuthorizationMode", other)], made, key.public_key())
    forged = bytearray(made.SignatureValue.value)
    forged[3] ^= 1
    wrong = msgspec.structs.replace(made, SignatureValue=xmldsig.SignatureValueType(value=bytes(forged)))
    with pytest.raises(SignatureError, match="over SignedInfo"):
        verify(iso20, [("PnC_AReqAuthorizationMode", PNC)], wrong, key.public_key())


def test_a_signature_over_the_combined_schema_is_accepted_too():
    info = sign(iso2, [("AuthorizationReq", AUTHORIZATION)], P256).SignedInfo
    octets = fragment.encode_fragment(iso2, "SignedInfo", info)
    assert octets != fragment.encode_fragment(xmldsig, "SignedInfo", info)
    value = xmldsig.SignatureValueType(value=signature._sign(octets, P256, signature.Algorithm.P256))
    made = xmldsig.SignatureType(SignedInfo=info, SignatureValue=value)
    verify(iso2, [("AuthorizationReq", AUTHORIZATION)], made, P256.public_key())


@pytest.mark.parametrize("typed", [False, True])
def test_the_element_with_two_types_is_verified_in_both_spellings(typed: bool):
    made = sign(iso2, [("eMAID", EMAID)], P256)
    octets = fragment.encode_fragment(iso2, "eMAID", EMAID, typed=typed)
    assert fragment.decode_fragment(iso2, octets) == ("eMAID", EMAID)
    verify(iso2, [("eMAID", EMAID)], made, P256.public_key())


def test_an_element_without_a_reference_is_not_covered():
    made = sign(iso2, [("AuthorizationReq", AUTHORIZATION)], P256)
    with pytest.raises(SignatureError, match="0 references to eMAID"):
        verify(iso2, [("AuthorizationReq", AUTHORIZATION), ("eMAID", EMAID)], made, P256.public_key())
    nameless = iso2.AuthorizationReq(GenChallenge=bytes(16))
    with pytest.raises(SignatureError, match="0 references"):
        verify(iso2, [("AuthorizationReq", nameless)], made, P256.public_key())


def test_a_key_of_another_kind_is_refused():
    made = sign(iso2, [("AuthorizationReq", AUTHORIZATION)], P256)
    with pytest.raises(SignatureError, match="another"):
        verify(iso2, [("AuthorizationReq", AUTHORIZATION)], made, KEYS[1].public_key())
    with pytest.raises(SignatureError, match="neither"):
        sign(iso2, [("AuthorizationReq", AUTHORIZATION)], ec.generate_private_key(ec.SECP384R1()))


def messages(name: str) -> Iterator[iso2.V2G_Message]:
    for line in (VECTORS / f"{name}.jsonl").read_text().splitlines():
        record = json.loads(line)
        if "V2G_Message" in record["content"]:
            message = exi.decode(iso2, bytes.fromhex(record["exi"]))
            assert isinstance(message, iso2.V2G_Message)
            yield message


def key_of(certificate: bytes) -> ec.EllipticCurvePublicKey:
    key = x509.load_der_x509_certificate(certificate).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


def test_a_foreign_car_signed_its_authorisation_and_its_receipt_with_its_contract():
    contract, checked = None, []
    for message in messages("iso2_ac_receipts"):
        match message.Body.BodyElement:
            case iso2.PaymentDetailsReq(ContractSignatureCertChain=chain):
                contract = key_of(chain.Certificate)
            case (iso2.AuthorizationReq() | iso2.MeteringReceiptReq()) as body if message.Header.Signature:
                assert contract is not None
                name = type(body).__name__
                verify(iso2, [(name, body)], message.Header.Signature, contract)
                checked.append(name)
    assert checked == ["AuthorizationReq", "MeteringReceiptReq"]


def test_a_foreign_charger_signed_the_contract_that_it_installed():
    for message in messages("iso2_dc_pnc_install"):
        body = message.Body.BodyElement
        if isinstance(body, iso2.CertificateInstallationRes) and message.Header.Signature:
            parts = [
                ("ContractSignatureCertChain", body.ContractSignatureCertChain),
                ("ContractSignatureEncryptedPrivateKey", body.ContractSignatureEncryptedPrivateKey),
                ("DHpublickey", body.DHpublickey),
                ("eMAID", body.eMAID),
            ]
            verify(iso2, parts, message.Header.Signature, key_of(body.SAProvisioningCertificateChain.Certificate))
            return
    pytest.fail("the session holds no signed CertificateInstallationRes")
