"""A development PKI: signs what chargers ask for, remembers what it signed, revokes, and answers OCSP requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.pki import certificates as pki
from agent.pki.names import SECC_DOMAIN, CertificateError, LeafUse
from agent.pki.requests import read_request
from csms.authorities import Authorities, Authority
from csms.records import Issued

SERVER: Final = "csms"  # what `certs/make_pki.py` calls the CSMS's own certificate
SERVER_RSA: Final = "csms-rsa"
SIGNER: Final = "csms-root"
SECC_SIGNER: Final = "cpo-sub2"
CHARGERS: Final = ("station-root", "v2g-root")  # what certificates of chargers may come from, besides
HASHES: Final = {"SHA256": hashes.SHA256(), "SHA384": hashes.SHA384(), "SHA512": hashes.SHA512()}


class PkiError(ValueError):
    """The PKI cannot be used; says which file, and the remedy."""


class Pki:
    """CAs over the files of `certs/make_pki.py`. Pure but for the chance in a signature."""

    def __init__(self, folder: Path, *, ocsp_url: str | None = None, expired: Iterable[str] = ()) -> None:
        """`expired`: chargers that may come in with a certificate that has run out. Raises `PkiError`."""
        self.folder = folder
        self.expired = frozenset(expired)
        self.ocsp_url = ocsp_url
        try:
            self.authorities = Authorities(folder)
        except (OSError, ValueError) as error:
            raise PkiError(f"{folder} holds what is no PKI: {error}") from error
        signer = self.authorities.get(SIGNER)
        if signer is None:
            remedy = f"make one with `python certs/make_pki.py --development --out {folder}`"
            raise PkiError(f"{folder} has no development PKI ({SIGNER}.pem and .key): {remedy}")
        self._signer = signer
        self.root = signer.certificate

    @property
    def servers(self) -> list[tuple[Path, Path]]:
        """The CSMS's own chains and keys, one for each kind of key."""
        found = [(self.folder / f"{name}.pem", self.folder / f"{name}.key") for name in (SERVER, SERVER_RSA)]
        return [(chain, key) for chain, key in found if chain.is_file() and key.is_file()]

    @property
    def charger_roots(self) -> str:
        """PEM of what chargers' certificates may come from."""
        others = [self.folder / f"{name}.pem" for name in CHARGERS]
        return pki.to_pem([self.root]).decode() + "".join(one.read_text("ascii") for one in others if one.is_file())

    def read(self, csr: str, names: frozenset[str]) -> x509.CertificateSigningRequest:
        """A request that names the charger. Raises `CertificateError` with what is wrong with it."""
        request = read_request(csr)
        name = pki.common_name(request)
        if name not in names:
            raise CertificateError(f"it is made out to {name!r}, not to {' or '.join(sorted(names))}")
        return request

    def sign(
        self, csr: str, charger: str, names: frozenset[str], now_utc_s: float, use: LeafUse = LeafUse.STATION
    ) -> Issued:
        """Sign a request that names the charger. Raises `CertificateError` with what is wrong with it."""
        request = self.read(csr, names)
        signer, usages = self._signer, [ExtendedKeyUsageOID.CLIENT_AUTH]
        if use is not LeafUse.STATION:
            signer = self._secc_signer
            usages = [ExtendedKeyUsageOID.SERVER_AUTH] + (usages if use is LeafUse.COMBINED else [])
        made = signer.sign(request.subject, request.public_key(), usages, now_utc_s, self.ocsp_url)
        return issued(made, signer.chain, charger)

    def answer(self, request: bytes, signed: Callable[[str], Issued | None], now_utc_s: float) -> bytes:
        """The DER answer to a DER OCSP request (RFC 6960)."""
        return self.authorities.answer(request, signed, now_utc_s)

    @property
    def _secc_signer(self) -> Authority:
        found = self.authorities.get(SECC_SIGNER)
        if found is None:
            raise CertificateError(f"{self.folder} has no {SECC_SIGNER}.pem and .key")
        return found


def issued(made: x509.Certificate, chain: Sequence[x509.Certificate], charger: str) -> Issued:
    """The record of a signed certificate, with what is between it and the root."""
    return Issued(
        serial=f"{made.serial_number:x}",
        charger=charger,
        subject=made.subject.rfc4514_string(),
        not_before_utc_s=made.not_valid_before_utc.timestamp(),
        not_after_utc_s=made.not_valid_after_utc.timestamp(),
        pem=pki.to_pem([made, *chain]).decode(),
    )


def use_of(csr: str, kind: str | None) -> LeafUse:
    """What a request is for: its type, or (without one) both where the name is that of an SECC (A02.FR.13)."""
    if kind is not None:
        return LeafUse(kind)
    subject = read_request(csr).subject
    secc = any(one.value == SECC_DOMAIN for one in subject.get_attributes_for_oid(NameOID.DOMAIN_COMPONENT))
    return LeafUse.COMBINED if secc else LeafUse.STATION


def ocsp_request(algorithm: str, issuer_name_hash: str, issuer_key_hash: str, serial: str) -> bytes:
    """What OCPP asks about a certificate, as a DER OCSP request. Raises ValueError for what are no hashes."""
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        bytes.fromhex(issuer_name_hash), bytes.fromhex(issuer_key_hash), int(serial, 16), HASHES[algorithm]
    )
    return builder.build().public_bytes(serialization.Encoding.DER)
