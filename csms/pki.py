"""A development PKI: signs what chargers ask for, remembers what it signed, revokes, and answers OCSP requests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from agent.pki import certificates as pki
from agent.pki.names import CertificateError
from agent.pki.requests import read_request
from csms.records import Issued

LIFE_DAYS: Final = 365  # our policy
BACKDATED: Final = dt.timedelta(hours=1)  # a charger whose clock is a little slow accepts it, too (A02.FR.06, note)
OCSP_LIFE: Final = dt.timedelta(hours=24)  # our policy
SERVER: Final = "csms"  # what `certs/make_pki.py` calls the CSMS's own certificate
SERVER_RSA: Final = "csms-rsa"
SIGNER: Final = "csms-root"
CHARGERS: Final = "station-root"  # what certificates of chargers may come from, besides


class PkiError(ValueError):
    """The PKI cannot be used; says which file, and the remedy."""


class Pki:
    """A CA over the files of `certs/make_pki.py`. Pure but for the chance in a signature."""

    def __init__(self, folder: Path, *, ocsp_url: str | None = None) -> None:
        """Raises `PkiError`."""
        self.folder = folder
        self._ocsp_url = ocsp_url
        try:
            (self.root,) = pki.read_pem((folder / f"{SIGNER}.pem").read_bytes())
            key = serialization.load_pem_private_key((folder / f"{SIGNER}.key").read_bytes(), None)
        except (OSError, ValueError) as error:
            remedy = f"make one with `python certs/make_pki.py --development --out {folder}`"
            raise PkiError(f"{folder} has no development PKI ({error}): {remedy}") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise PkiError(f"{folder / SIGNER}.key is a key of a kind that signs no certificates here")
        self._key = key

    @property
    def servers(self) -> list[tuple[Path, Path]]:
        """The CSMS's own chains and keys, one for each kind of key."""
        found = [(self.folder / f"{name}.pem", self.folder / f"{name}.key") for name in (SERVER, SERVER_RSA)]
        return [(chain, key) for chain, key in found if chain.is_file() and key.is_file()]

    @property
    def charger_roots(self) -> str:
        """PEM of what chargers' certificates may come from."""
        others = self.folder / f"{CHARGERS}.pem"
        return pki.to_pem([self.root]).decode() + (others.read_text("ascii") if others.is_file() else "")

    def read(self, csr: str, names: frozenset[str]) -> x509.CertificateSigningRequest:
        """A request that names the charger. Raises `CertificateError` with what is wrong with it."""
        request = read_request(csr)
        name = pki.common_name(request)
        if name not in names:
            raise CertificateError(f"it is made out to {name!r}, not to {' or '.join(sorted(names))}")
        return request

    def sign(self, csr: str, charger: str, names: frozenset[str], now_utc_s: float) -> Issued:
        """Sign a request that names the charger. Raises `CertificateError` with what is wrong with it."""
        request = self.read(csr, names)
        now = pki.moment(now_utc_s)
        builder = (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(self.root.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(min(now + dt.timedelta(days=LIFE_DAYS), self.root.not_valid_after_utc))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        )
        if self._ocsp_url is not None:
            where = x509.UniformResourceIdentifier(self._ocsp_url)
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)
            builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        problem = pki.weakness(certificate)
        if problem is not None:
            raise CertificateError(f"it has {problem}")
        return Issued(
            serial=f"{certificate.serial_number:x}",
            charger=charger,
            subject=certificate.subject.rfc4514_string(),
            not_before_utc_s=certificate.not_valid_before_utc.timestamp(),
            not_after_utc_s=certificate.not_valid_after_utc.timestamp(),
            pem=pki.to_pem([certificate]).decode(),
        )

    def answer(self, request: bytes, issued: Callable[[str], Issued | None], now_utc_s: float) -> bytes:
        """The DER answer to a DER OCSP request (RFC 6960)."""
        try:
            asked = ocsp.load_der_ocsp_request(request)
            algorithm = asked.hash_algorithm
        except ValueError:
            return _refusal(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
        known = issued(f"{asked.serial_number:x}")
        ours = ocsp.OCSPRequestBuilder().add_certificate(self.root, self.root, algorithm).build()
        if asked.issuer_key_hash != ours.issuer_key_hash or known is None:
            return _refusal(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        now = pki.moment(now_utc_s).replace(microsecond=0)
        revoked = known.revoked_utc_s
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=pki.read_pem(known.pem)[0],
                issuer=self.root,
                algorithm=algorithm,
                cert_status=ocsp.OCSPCertStatus.GOOD if revoked is None else ocsp.OCSPCertStatus.REVOKED,
                this_update=now,
                next_update=now + OCSP_LIFE,
                revocation_time=None if revoked is None else pki.moment(revoked),
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self.root)
        )
        for extension in asked.extensions:
            if isinstance(extension.value, x509.OCSPNonce):
                builder = builder.add_extension(extension.value, critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _refusal(status: Any) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(serialization.Encoding.DER)
