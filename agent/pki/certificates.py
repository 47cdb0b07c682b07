"""X.509 certificates as OCPP looks at them: what for, how strong, and the hashes that name them. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from agent.pki.names import CertificateError, HashAlgorithm, HashData

MIN_RSA_BITS: Final = 2048  # A00.FR.502
MIN_EC_BITS: Final = 224  # A00.FR.503
MAX_PEM: Final = 10_000  # CertificateSigned's certificateChain, the longest there is

PublicKey: TypeAlias = (
    rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey | dsa.DSAPublicKey
)


_HASHES: Final[Mapping[HashAlgorithm, Callable[[], hashes.SHA256 | hashes.SHA384 | hashes.SHA512]]] = MappingProxyType(
    {HashAlgorithm.SHA256: hashes.SHA256, HashAlgorithm.SHA384: hashes.SHA384, HashAlgorithm.SHA512: hashes.SHA512}
)


def hash_data(
    certificate: x509.Certificate, issuer: x509.Certificate, algorithm: HashAlgorithm = HashAlgorithm.SHA256
) -> HashData:
    """How OCPP names a certificate; a root is its own issuer."""
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, _HASHES[algorithm]()).build()
    return HashData(
        algorithm, request.issuer_name_hash.hex(), request.issuer_key_hash.hex(), f"{certificate.serial_number:x}"
    )


def read_pem(text: bytes | str) -> list[x509.Certificate]:
    """Every certificate in a PEM text, in its order. Raises `CertificateError`."""
    content = text.encode() if isinstance(text, str) else text
    try:
        found = x509.load_pem_x509_certificates(content)
        for one in found:
            one.public_key()
            _ = one.extensions  # parsed when first asked for: here, where a broken one is refused
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError(f"no certificate in PEM: {error}") from error
    return found


def to_pem(certificates: Sequence[x509.Certificate]) -> bytes:
    """A PEM text of them."""
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate, hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def key_fingerprint(key: PublicKey) -> str:
    """SHA-256 of a public key (its SubjectPublicKeyInfo), hexadecimal: what key and certificate have in common."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize().hex()


def key_of(certificate: x509.Certificate | x509.CertificateSigningRequest) -> PublicKey:
    """Its public key. Raises `CertificateError` for kinds that no TLS certificate has."""
    key = certificate.public_key()
    if isinstance(key, PublicKey):
        return key
    raise CertificateError(f"a key of the kind {type(key).__name__}")


def weakness(certificate: x509.Certificate) -> str | None:
    """Why its key or signature is too weak (A00.FR.501-504), None when it is not."""
    key = certificate.public_key()
    match key:
        case rsa.RSAPublicKey() if key.key_size < MIN_RSA_BITS:
            return f"an RSA key of {key.key_size} bits; at least {MIN_RSA_BITS} are needed"
        case ec.EllipticCurvePublicKey() if key.curve.key_size < MIN_EC_BITS:
            return f"an elliptic curve of {key.curve.key_size} bits; at least {MIN_EC_BITS} are needed"
        case rsa.RSAPublicKey() | ec.EllipticCurvePublicKey() | ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            pass
        case _:
            return f"a key of the kind {type(key).__name__.removesuffix('PublicKey')}"
    try:
        used = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return "a signature algorithm that nobody here knows"
    return f"a signature with {used.name}" if isinstance(used, hashes.SHA1 | hashes.MD5) else None


def is_ca(certificate: x509.Certificate) -> bool:
    """Whether it may sign others."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer` signed it: names and signature."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def common_name(certificate: x509.Certificate | x509.CertificateSigningRequest) -> str:
    """The subject's CN; empty when there is none."""
    return _attribute(certificate.subject, NameOID.COMMON_NAME)


def organization(certificate: x509.Certificate | x509.CertificateSigningRequest) -> str:
    """The subject's O; empty when there is none."""
    return _attribute(certificate.subject, NameOID.ORGANIZATION_NAME)


def _attribute(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    for one in name.get_attributes_for_oid(oid):
        return one.value if isinstance(one.value, str) else one.value.decode(errors="replace")
    return ""


def responder_of(certificate: x509.Certificate) -> str | None:
    """The URL of the OCSP responder that knows whether it was revoked; None when it names none."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return None
    for one in access:
        if one.access_method == AuthorityInformationAccessOID.OCSP:
            return str(one.access_location.value)
    return None


class Facts(msgspec.Struct, frozen=True):
    """What a person wants to know of a certificate. Stamps are Unix seconds."""

    subject: str
    issuer: str
    serial: str
    not_before_utc_s: float
    not_after_utc_s: float
    key: str
    ca: bool
    fingerprint: str


def facts(certificate: x509.Certificate) -> Facts:
    """What it says of itself."""
    return Facts(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        serial=f"{certificate.serial_number:x}",
        not_before_utc_s=certificate.not_valid_before_utc.timestamp(),
        not_after_utc_s=certificate.not_valid_after_utc.timestamp(),
        key=_key_in_words(certificate),
        ca=is_ca(certificate),
        fingerprint=fingerprint(certificate),
    )


def _key_in_words(certificate: x509.Certificate) -> str:
    match certificate.public_key():
        case rsa.RSAPublicKey() as key:
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey() as key:
            return f"EC {key.curve.name}"
        case key:
            return type(key).__name__.removesuffix("PublicKey").removeprefix("_")


def moment(utc_s: float) -> dt.datetime:
    """A stamp as certificates have them."""
    return dt.datetime.fromtimestamp(utc_s, dt.UTC)
