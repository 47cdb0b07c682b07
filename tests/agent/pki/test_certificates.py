"""Hashes, chains, requests and renewal, judged by OpenSSL's program where it has an opinion."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from agent.pki import certificates as pki
from agent.pki.chains import ChainError, Flaw, Purpose, validated
from agent.pki.names import CertificateError, HashAlgorithm, HashData, Subject
from agent.pki.renewal import DAY_S, renewal_at, repeat_after_s
from agent.pki.requests import KeyKind, new_key, read_request, signing_request
from tests.security import minting

NOW = dt.datetime.now(dt.UTC)
needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl is the independent judge, and is not installed"
)
ROOTS = {
    "csms": ("csms-root", Purpose.CSMS),
    "station": ("station-root", Purpose.STATION),
    "secc": ("v2g-root", Purpose.SECC),
    "firmware": ("manufacturer-root", Purpose.FIRMWARE),
    "contract": ("mo-root", Purpose.CONTRACT),
    "oem-provisioning": ("oem-root", Purpose.PROVISIONING),
}
FLAWS = {
    "expired": Flaw.EXPIRED,
    "not-yet-valid": Flaw.NOT_YET_VALID,
    "wrong-purpose": Flaw.WRONG_PURPOSE,
    "weak-key": Flaw.WEAK,
    "unknown-root": Flaw.UNKNOWN_ROOT,
    "chain-too-long": Flaw.TOO_LONG,
    "leaf-as-ca": Flaw.NOT_A_CA,
}


def chain(name: str) -> list[x509.Certificate]:
    return pki.read_pem(minting.pem(name))


def openssl(*arguments: str, given: bytes = b"") -> str:
    done = subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True)
    return done.stdout.decode(errors="replace")


@needs_openssl
@pytest.mark.parametrize("algorithm", list(HashAlgorithm))
def test_a_certificates_hashes_are_those_of_an_ocsp_request_of_openssls(algorithm, tmp_path):
    leaf, issuer = tmp_path / "leaf.pem", tmp_path / "issuer.pem"
    secc, sub2, *_ = chain("secc")
    leaf.write_bytes(pki.to_pem([secc]))
    issuer.write_bytes(pki.to_pem([sub2]))
    text = openssl(
        "ocsp", f"-{algorithm.lower()}", "-issuer", str(issuer), "-cert", str(leaf), "-no_nonce", "-req_text"
    )
    text = re.sub(r"\\\n\s*", "", text)  # long values go over several lines
    told = {name: value.casefold() for name, value in re.findall(r"(Issuer \w+ Hash|Serial Number): (\w+)", text)}
    ours = pki.hash_data(secc, sub2, algorithm)
    assert ours.issuer_name_hash == told["Issuer Name Hash"]
    assert ours.issuer_key_hash == told["Issuer Key Hash"]
    assert ours.serial == told["Serial Number"].lstrip("0")


def test_hashes_are_compared_without_regard_to_case_and_to_leading_zeros_of_the_serial():
    ours = pki.hash_data(chain("csms-root")[0], chain("csms-root")[0])
    shouted = HashData(
        ours.algorithm, ours.issuer_name_hash.upper(), ours.issuer_key_hash.upper(), f"00{ours.serial.upper()}"
    )
    assert ours.names_the_same(shouted)
    assert not ours.names_the_same(HashData(ours.algorithm, ours.issuer_name_hash, ours.issuer_key_hash, "1"))


@pytest.mark.parametrize("leaf", ROOTS)
def test_each_chain_is_good_for_its_purpose_and_no_other_root(leaf):
    root, purpose = ROOTS[leaf]
    found = validated(chain(leaf), chain(root), purpose, NOW)
    assert found[0] == chain(leaf)[0]
    assert found[-1] == chain(root)[0]
    with pytest.raises(ChainError) as refused:
        validated(chain(leaf), chain("stranger-root"), purpose, NOW)
    assert refused.value.flaw is Flaw.UNKNOWN_ROOT


@pytest.mark.req("A00.FR.501", "A00.FR.502")
@pytest.mark.parametrize("leaf", ROOTS)
@pytest.mark.parametrize("variant", FLAWS)
def test_each_bad_certificate_is_refused_for_what_is_wrong_with_it(leaf, variant):
    root, purpose = ROOTS[leaf]
    with pytest.raises(ChainError) as refused:
        validated(chain(f"{leaf}-{variant}"), chain(root), purpose, NOW)
    assert refused.value.flaw is FLAWS[variant]


def test_a_chain_whose_intermediates_come_in_any_order_is_good():
    secc, sub2, sub1 = chain("secc")
    assert len(validated([secc, sub1, sub2], chain("v2g-root"), Purpose.SECC, NOW)) == 4


def test_a_root_that_another_signed_is_trusted_by_itself_because_it_is_installed():
    sub1 = chain("cpo-sub1")[:1]
    assert validated(chain("secc"), sub1, Purpose.SECC, NOW)[-1] == sub1[0]


def test_a_loop_of_two_that_signed_each_other_ends():
    with pytest.raises(ChainError):
        validated([*chain("secc"), *chain("secc")], chain("mo-root"), Purpose.SECC, NOW)


def test_nothing_is_no_chain():
    with pytest.raises(ChainError) as refused:
        validated([], chain("csms-root"), Purpose.CSMS, NOW)
    assert refused.value.flaw is Flaw.EMPTY


@pytest.mark.parametrize("text", ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_refused_in_words(text):
    with pytest.raises(CertificateError, match="no certificate"):
        pki.read_pem(text)


@given(st.binary(max_size=300), st.integers(0, 600), st.integers(1, 60))
def test_no_bytes_make_the_reader_fail_in_another_way(noise, at, length):
    good = minting.pem("csms").encode()
    for text in (noise, good[:at] + noise + good[at + length :]):
        try:
            for one in pki.read_pem(text):
                pki.facts(one)
                pki.weakness(one)
                validated([one], chain("csms-root"), Purpose.CSMS, NOW)
        except (CertificateError, ChainError):
            pass


@needs_openssl
@pytest.mark.req("A02.FR.03", "A00.FR.507", "A00.FR.509")
@pytest.mark.parametrize("kind", list(KeyKind))
def test_openssl_takes_a_request_as_genuine_and_reads_serial_and_operator(kind):
    request = signing_request(new_key(kind), Subject("CS-4711", "Operator Ltd", "NL"))
    text = openssl("req", "-verify", "-noout", "-subject", "-text", given=request)
    assert re.search(r"CN ?= ?CS-4711, O ?= ?Operator Ltd, C ?= ?NL", text)
    assert ("NIST CURVE: P-256" if kind is KeyKind.P256 else "(3072 bit)") in text
    assert read_request(request).subject.rfc4514_string() == "C=NL,O=Operator Ltd,CN=CS-4711"


@pytest.mark.req("A00.FR.511")
@pytest.mark.parametrize("name", ["", "10.0.0.1", "::1", "wss://csms.example.com"])
def test_no_certificate_is_asked_for_an_address(name):
    with pytest.raises(CertificateError):
        signing_request(new_key(), Subject(name, "Operator"))


def test_a_request_whose_signature_is_not_its_keys_is_refused():
    request = bytearray(
        x509.load_pem_x509_csr(signing_request(new_key(), Subject("A", "B"))).public_bytes(
            pki.serialization.Encoding.DER
        )
    )
    request[-3] ^= 1
    forged = x509.load_der_x509_csr(bytes(request)).public_bytes(pki.serialization.Encoding.PEM)
    with pytest.raises(CertificateError, match="not signed by"):
        read_request(forged)


@pytest.mark.req("A03.FR.02")
def test_a_certificate_of_a_year_is_renewed_a_month_before_its_end():
    assert renewal_at(0.0, 365 * DAY_S) == 335 * DAY_S


def test_a_certificate_of_a_week_is_not_renewed_from_its_first_hour_on():
    assert renewal_at(0.0, 6 * DAY_S) == 4 * DAY_S


@pytest.mark.req("A02.FR.18", "A02.FR.19")
def test_the_wait_for_a_signed_certificate_doubles_and_then_nothing_is_asked_any_more():
    assert [repeat_after_s(30, 3, sent) for sent in range(1, 6)] == [30.0, 60.0, 120.0, 240.0, None]


@given(st.floats(1, 1e6), st.integers(0, 2**31 - 1), st.integers(1, 2**31 - 1))
def test_the_wait_is_always_finite(minimum_s, times, sent):
    wait_s = repeat_after_s(minimum_s, times, sent)
    assert wait_s is None or 0 < wait_s <= 30 * DAY_S
