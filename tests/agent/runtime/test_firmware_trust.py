"""Who may sign firmware: chains minted with OpenSSL's library, files signed with its keys, one bit flipped."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from agent.runtime.firmware_trust import ManufacturerTrust
from certs.make_pki import Certificate, Minted, Usage, mint

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NOW_S = NOW.timestamp()
FILE = bytes(range(256)) * 4096
ROOT = Certificate("root", None, "Manufacturer Root", 1)
LEAF = Certificate("firmware", "root", "Firmware Signing", usages=(Usage.CODE_SIGNING,))
RSA_LEAF = replace(LEAF, rsa_bits=3072)


@pytest.fixture(scope="module")
def root() -> Minted:
    return mint(ROOT, None, NOW)


@pytest.fixture(scope="module")
def leaf(root: Minted) -> Minted:
    return mint(LEAF, root, NOW)


@pytest.fixture(scope="module")
def rsa_leaf(root: Minted) -> Minted:
    return mint(RSA_LEAF, root, NOW)


def pem(one: Minted) -> str:
    return one.certificate.public_bytes(Encoding.PEM).decode()


def trust(*roots: Minted) -> ManufacturerTrust:
    return ManufacturerTrust(lambda: [one.certificate for one in roots])


def signature(one: Minted, content: bytes = FILE) -> str:
    sha256 = hashes.SHA256()
    if isinstance(one.key, rsa.RSAPrivateKey):
        raw = one.key.sign(content, padding.PSS(padding.MGF1(sha256), padding.PSS.DIGEST_LENGTH), sha256)
    else:
        assert isinstance(one.key, ec.EllipticCurvePrivateKey)
        raw = one.key.sign(content, ec.ECDSA(sha256))
    return base64.b64encode(raw).decode()


@pytest.mark.req("L01.FR.12")
def test_a_certificate_of_the_manufacturers_is_good(root: Minted, leaf: Minted, rsa_leaf: Minted):
    assert trust(root).flaw(pem(leaf), NOW_S + 60) is None
    assert trust(root).flaw(pem(rsa_leaf), NOW_S + 60) is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda one: replace(one, begins_days=-60, ends_days=-1), "expired"),
        (lambda one: replace(one, begins_days=10), "not yet valid"),
        (lambda one: replace(one, usages=(Usage.SERVER_AUTH,)), "wrong purpose"),
        (lambda one: replace(one, rsa_bits=1024), "too weak"),
    ],
)
def test_a_certificate_that_is_not_good_is_named_with_what_is_wrong(
    change: Callable[[Certificate], Certificate], why: str, root: Minted
):
    assert why in (trust(root).flaw(pem(mint(change(LEAF), root, NOW)), NOW_S + 60) or "")


def test_a_stranger_and_nobody_and_nonsense_are_no_manufacturers(root: Minted, leaf: Minted):
    stranger = mint(replace(ROOT, common_name="Manufacturer Root"), None, NOW)
    assert "unknown root" in (trust(stranger).flaw(pem(leaf), NOW_S + 60) or "")
    assert trust().flaw(pem(leaf), NOW_S + 60) is not None
    for nonsense in ("", "PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "\x00" * 100):
        assert trust(root).flaw(nonsense, NOW_S + 60) is not None


@pytest.mark.req("L01.FR.04")
@pytest.mark.parametrize("kind", ["leaf", "rsa_leaf"])
async def test_the_signature_is_over_the_whole_file_and_one_flipped_bit_anywhere_ends_it(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
):
    one: Minted = request.getfixturevalue(kind)
    file = tmp_path / "firmware"
    for flipped, good in ((None, True), (0, False), (len(FILE) // 2, False), (len(FILE) - 1, False)):
        content = bytearray(FILE)
        if flipped is not None:
            content[flipped] ^= 1
        put(file, bytes(content))
        assert await trust().signed(file, signature(one), pem(one)) is good
    put(file, FILE + b"\0")
    assert not await trust().signed(file, signature(one), pem(one))


def put(file: Path, content: bytes) -> None:
    file.write_bytes(content)


async def test_a_signature_of_another_key_or_kind_and_nonsense_are_none(leaf: Minted, rsa_leaf: Minted, tmp_path: Path):
    file = tmp_path / "firmware"
    put(file, FILE)
    assert isinstance(rsa_leaf.key, rsa.RSAPrivateKey)
    old_kind = base64.b64encode(rsa_leaf.key.sign(FILE, padding.PKCS1v15(), hashes.SHA256())).decode()
    for text, certificate in (
        (signature(rsa_leaf), pem(leaf)),
        (signature(leaf), pem(rsa_leaf)),
        (old_kind, pem(rsa_leaf)),
        ("", pem(leaf)),
        ("not base64!", pem(leaf)),
        ("AAAA", pem(leaf)),
        (signature(leaf), "PEM"),
        (signature(leaf), ""),
    ):
        assert not await trust().signed(file, text, certificate)
    assert not await trust().signed(tmp_path / "none", signature(leaf), pem(leaf))


async def test_line_breaks_in_the_signature_do_not_matter(leaf: Minted, tmp_path: Path):
    file = tmp_path / "firmware"
    put(file, FILE)
    text = signature(leaf)
    assert await trust().signed(file, f"{text[:40]}\n{text[40:]}\n", pem(leaf))


async def test_a_key_that_ocpp_has_no_signature_for_signs_nothing(tmp_path: Path):
    file = tmp_path / "firmware"
    put(file, FILE)
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + dt.timedelta(days=1))
        .sign(key, None)
    )
    text = base64.b64encode(key.sign(FILE)).decode()
    assert not await trust().signed(file, text, certificate.public_bytes(Encoding.PEM).decode())


@given(st.text(max_size=200))
def test_no_text_whatever_is_a_certificate_or_breaks_the_judge(text: str):
    assert trust().flaw(text, NOW_S) is not None
    assert trust().flaw(f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n", NOW_S) is not None
