"""What a responder says of certificates (RFC 6960): judged, and kept as it came."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from agent.pki.certificates import fingerprint, issued_by, moment
from agent.pki.files import remove, write
from agent.pki.names import CertificateError

FOLDER: Final = "own/ocsp"
SUFFIX: Final = ".der"
MAX_BYTES: Final = 65_536  # our policy
LONGEST_S: Final = 7 * 86_400.0  # M06.FR.10: at least once a week


class Status(msgspec.Struct, frozen=True):
    """What is known of a certificate until `until_utc_s`."""

    revoked: bool
    until_utc_s: float


def judged(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now_utc_s: float) -> Status:
    """What an answer says of a certificate now. Raises `CertificateError` when it says nothing that can be believed."""
    try:
        answer = ocsp.load_der_ocsp_response(der)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise CertificateError(f"the responder refuses: {answer.response_status.name}")
        if answer.serial_number != certificate.serial_number:
            raise CertificateError("it is about another certificate")
        _genuine(answer, issuer, now_utc_s)
        until = answer.next_update_utc
        began_utc_s = answer.this_update_utc.timestamp()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateError(f"no OCSP answer: {error}") from error
    if answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise CertificateError("the responder does not know the certificate")
    longest = began_utc_s + LONGEST_S
    until_utc_s = min(until.timestamp(), longest) if until is not None else longest
    if moment(now_utc_s) >= moment(until_utc_s):
        raise CertificateError("it is out of date")
    return Status(answer.certificate_status is ocsp.OCSPCertStatus.REVOKED, until_utc_s)


def _genuine(answer: ocsp.OCSPResponse, issuer: x509.Certificate, now_utc_s: float) -> None:
    """Signed by the issuer, or by whom it lets sign now (RFC 6960 4.2.2.2). Raises `CertificateError`."""
    now = moment(now_utc_s)
    delegates = [one for one in answer.certificates if issued_by(one, issuer) and _may_answer(one)]
    signers = [issuer, *(one for one in delegates if one.not_valid_before_utc <= now <= one.not_valid_after_utc)]
    if not any(_signed(answer, one) for one in signers):
        raise CertificateError("it is not signed by the certificate's issuer")


def _signed(answer: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, used = signer.public_key(), answer.signature_hash_algorithm or hashes.SHA256()
    try:
        match key:
            case ec.EllipticCurvePublicKey():
                key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(used))
            case rsa.RSAPublicKey():
                key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), used)
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def _may_answer(one: x509.Certificate) -> bool:
    try:
        usages = one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usages


class Answers:
    """Answers on disk, each under its certificate's fingerprint. Waits for the disk: call it from a thread."""

    def __init__(self, folder: Path) -> None:
        """`folder`: of the station's certificates."""
        self._folder = folder / FOLDER

    def put(self, certificate: x509.Certificate, der: bytes) -> None:
        """Keep an answer. Raises OSError."""
        write(self._path(certificate), der)

    def get(self, certificate: x509.Certificate, issuer: x509.Certificate, now_utc_s: float) -> Status | None:
        """What is known of a certificate now; None: nothing."""
        try:
            with self._path(certificate).open("rb") as file:
                return judged(file.read(MAX_BYTES), certificate, issuer, now_utc_s)
        except (OSError, CertificateError):
            return None

    def keep_only(self, certificates: frozenset[x509.Certificate]) -> None:
        """Forget the others. Raises OSError."""
        kept = {self._path(one).name for one in certificates}
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            if path.name not in kept:
                remove(path)

    def _path(self, certificate: x509.Certificate) -> Path:
        return self._folder / f"{fingerprint(certificate)[:32]}{SUFFIX}"
