"""Certificates for the cases in virtual time: minted the day before the tool's clock begins."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from certs.make_pki import Certificate, Minted, Usage, mint
from tests.octt.bench import EPOCH_S

MINTED: Final = dt.datetime.fromtimestamp(EPOCH_S, dt.UTC) - dt.timedelta(days=1)


def root(name: str = "Root", by: Minted | None = None, *, ends_days: float | None = None) -> Minted:
    """A root, signed by itself or by another one; negative days: it has expired."""
    begins_days = 0 if ends_days is None else ends_days - 1
    return mint(Certificate("root", None, name, 1, begins_days=begins_days, ends_days=ends_days), by, MINTED)


def signing(by: Minted) -> Minted:
    """A certificate that signs firmware."""
    return mint(Certificate("firmware", "root", "Firmware Signing", usages=(Usage.CODE_SIGNING,)), by, MINTED)


def signature(leaf: Minted, content: bytes) -> str:
    """Over firmware, as messages carry it."""
    assert isinstance(leaf.key, ec.EllipticCurvePrivateKey)
    return base64.b64encode(leaf.key.sign(content, ec.ECDSA(hashes.SHA256()))).decode()


def pem(one: Minted) -> str:
    """As messages carry it."""
    return one.certificate.public_bytes(Encoding.PEM).decode()


def named(certificate: x509.Certificate, issuer: x509.Certificate | None = None) -> dict[str, str]:
    """As OCPP names a certificate: the hashes of RFC 6960 that OpenSSL's library makes; a root is its own issuer."""
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer or certificate, hashes.SHA256()).build()
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": request.issuer_name_hash.hex(),
        "issuerKeyHash": request.issuer_key_hash.hex(),
        "serialNumber": f"{certificate.serial_number:x}",
    }
