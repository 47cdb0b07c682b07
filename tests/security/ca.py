"""A certificate authority for tests: signs requests, and makes roots that other roots have signed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.security import minting

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def pem(*certificates: x509.Certificate) -> str:
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates).decode()


def authority(name: str) -> tuple[x509.Certificate, Any]:
    """A minted CA and its key."""
    certificate = x509.load_pem_x509_certificate(minting.pem(name).encode())
    return certificate, serialization.load_pem_private_key(minting.key(name).read_bytes(), None)


def signed(
    csr: str | bytes,
    by: str = "csms-root",
    *,
    begins: dt.timedelta = -HOUR,
    lasts: dt.timedelta = 365 * DAY,
    name: str | None = None,
    key: Any = None,
    usage: x509.ObjectIdentifier | None = None,
) -> x509.Certificate:
    """What a CA makes of a request, as it should or otherwise."""
    request = x509.load_pem_x509_csr(csr.encode() if isinstance(csr, str) else csr)
    issuer, issuer_key = authority(by)
    subject = request.subject if name is None else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject)
        .public_key(key or request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() + begins)
        .not_valid_after(now() + begins + lasts)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def root(
    name: str = "New Root",
    signed_by: tuple[x509.Certificate, Any] | None = None,
    *,
    lasts: dt.timedelta = 3650 * DAY,
    ca: bool = True,
) -> tuple[x509.Certificate, Any]:
    """A new root, self-signed or signed by another, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, issuer_key = signed_by if signed_by is not None else (None, key)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer is not None else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - 2 * DAY)
        .not_valid_after(now() - 2 * DAY + lasts)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
    return certificate, key


def server_certificate(by: tuple[x509.Certificate, Any]) -> bytes:
    """A server's certificate and key in one PEM text."""
    issuer, issuer_key = by
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - HOUR)
        .not_valid_after(now() + DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + private
