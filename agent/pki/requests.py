"""Keys and certificate signing requests (RFC 2986). Pure but for the chance that makes keys."""

from __future__ import annotations

import enum
import ipaddress
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from agent.pki.certificates import key_fingerprint, key_of
from agent.pki.names import CertificateError, Subject

RSA_BITS: Final = 3072  # our policy: BSI TR-02102-1 for what is to last beyond 2023
PUBLIC_EXPONENT: Final = 65537

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class KeyKind(enum.StrEnum):
    """What kind of key to make. Elliptic curves are quick on small processors and fit the ECDHE suites."""

    P256 = "P-256"
    RSA = "RSA-3072"


def new_key(kind: KeyKind = KeyKind.P256) -> PrivateKey:
    """A new key. RSA takes seconds on a small processor."""
    if kind is KeyKind.RSA:
        return rsa.generate_private_key(PUBLIC_EXPONENT, RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def signing_request(key: PrivateKey, subject: Subject) -> bytes:
    """A request in PEM (A02.FR.03). Raises `CertificateError` for a name that no certificate can have."""
    if not subject.common_name or is_address(subject.common_name):
        raise CertificateError(
            f"the common name {subject.common_name!r} must be a serial number, no address (A00.FR.511)"
        )
    parts = (
        (NameOID.COMMON_NAME, subject.common_name),
        (NameOID.ORGANIZATION_NAME, subject.organization),
        (NameOID.COUNTRY_NAME, subject.country),
        (NameOID.DOMAIN_COMPONENT, subject.domain),
    )
    try:
        names = [x509.NameAttribute(oid, text) for oid, text in parts if text]
    except ValueError as error:
        raise CertificateError(f"no certificate can be made out to {subject}: {error}") from error
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names)).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


def read_request(text: bytes | str) -> x509.CertificateSigningRequest:
    """A request whose signature shows that the key is the asker's. Raises `CertificateError`."""
    content = text.encode() if isinstance(text, str) else text
    try:
        request = x509.load_pem_x509_csr(content)
        genuine = request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateError(f"no certificate signing request in PEM: {error}") from error
    if not genuine:
        raise CertificateError("the request is not signed by the key in it")
    key_of(request)
    return request


def key_pem(key: PrivateKey) -> bytes:
    """The key as a file holds it. For key storage only."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def key_name(key: PrivateKey) -> str:
    """The fingerprint of its public half."""
    return key_fingerprint(key.public_key())


def is_address(name: str) -> bool:
    """Whether it reads like a URL or an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "://" in name
    return True
