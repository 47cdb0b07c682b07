"""The CAs of the development PKI with their keys: each signs, and answers whether what it signed is still good."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from agent.pki import certificates as pki
from agent.pki.names import CertificateError
from csms.records import Issued

LIFE_DAYS: Final = 365  # our policy
BACKDATED: Final = dt.timedelta(hours=1)  # a charger whose clock is a little slow accepts it, too (A02.FR.06, note)
OCSP_LIFE: Final = dt.timedelta(hours=24)  # our policy


class Authority(msgspec.Struct, frozen=True):
    """A CA: its certificate, what is between it and the root (itself included, a root left out), and its key."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

    def sign(
        self,
        subject: x509.Name,
        key: Any,
        usages: Sequence[x509.ObjectIdentifier],
        now_utc_s: float,
        ocsp_url: str | None = None,
    ) -> x509.Certificate:
        """A leaf for somebody's public key. Raises `CertificateError` for a weak one."""
        now = pki.moment(now_utc_s)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(min(now + dt.timedelta(days=LIFE_DAYS), self.certificate.not_valid_after_utc))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        )
        if ocsp_url is not None:
            where = x509.UniformResourceIdentifier(ocsp_url)
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)
            builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        made = builder.sign(self.key, hashes.SHA256())
        problem = pki.weakness(made)
        if problem is not None:
            raise CertificateError(f"it has {problem}")
        return made

    def is_meant(self, asked: ocsp.OCSPRequest) -> bool:
        """Whether a request is about what it has signed."""
        ours = ocsp.OCSPRequestBuilder().add_certificate(self.certificate, self.certificate, asked.hash_algorithm)
        return ours.build().issuer_key_hash == asked.issuer_key_hash

    def status(
        self, asked: ocsp.OCSPRequest, about: x509.Certificate, revoked_utc_s: float | None, now_utc_s: float
    ) -> bytes:
        """The DER answer (RFC 6960) about a certificate of its own."""
        now = pki.moment(now_utc_s).replace(microsecond=0)
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=about,
                issuer=self.certificate,
                algorithm=asked.hash_algorithm,
                cert_status=ocsp.OCSPCertStatus.GOOD if revoked_utc_s is None else ocsp.OCSPCertStatus.REVOKED,
                this_update=now,
                next_update=now + OCSP_LIFE,
                revocation_time=None if revoked_utc_s is None else pki.moment(revoked_utc_s),
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self.certificate)
        )
        for extension in asked.extensions:
            if isinstance(extension.value, x509.OCSPNonce):
                builder = builder.add_extension(extension.value, critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


class Authorities:
    """Those of a folder as of `certs/make_pki.py`, and what else is there."""

    def __init__(self, folder: Path) -> None:
        """Files that are no CA with a key are left out."""
        found = {path.stem: _read(path) for path in sorted(folder.glob("*.pem"))}
        self._all = {name: one for name, one in found.items() if one is not None}
        self._known = [one for path in sorted(folder.glob("*.pem")) for one in pki.read_pem(path.read_bytes())]

    def get(self, name: str) -> Authority | None:
        """The CA of this file name; None when there is none."""
        return self._all.get(name)

    def roots(self, name: str) -> list[x509.Certificate]:
        """The root of this file name; none when there is none."""
        found = self._all.get(name)
        return [] if found is None else [found.certificate]

    @property
    def intermediates(self) -> list[x509.Certificate]:
        """CAs that are no roots."""
        return [one.certificate for one in self._all.values() if one.chain]

    def answer(self, request: bytes, issued: Callable[[str], Issued | None], now_utc_s: float) -> bytes:
        """The DER answer to a DER OCSP request. `issued`: what was signed for chargers and cars, by serial number."""
        try:
            asked = ocsp.load_der_ocsp_request(request)
            _ = asked.hash_algorithm
        except ValueError:
            return _refusal(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
        authority = next((one for one in self._all.values() if one.is_meant(asked)), None)
        known = issued(f"{asked.serial_number:x}")
        if authority is None:
            return _refusal(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        about = pki.read_pem(known.pem)[0] if known is not None else _by_serial(self._known, asked.serial_number)
        if about is None or about.issuer != authority.certificate.subject:
            return _refusal(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        return authority.status(asked, about, known.revoked_utc_s if known is not None else None, now_utc_s)


def _read(path: Path) -> Authority | None:
    chain = pki.read_pem(path.read_bytes())
    key_file = path.with_suffix(".key")
    if not chain or not pki.is_ca(chain[0]) or not key_file.is_file():
        return None
    key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        return None
    return Authority(chain[0], tuple(one for one in chain if one.subject != one.issuer), key)


def _by_serial(among: Iterable[x509.Certificate], serial: int) -> x509.Certificate | None:
    return next((one for one in among if one.serial_number == serial), None)


def _refusal(status: Any) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(serialization.Encoding.DER)
