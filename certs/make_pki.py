"""Mint a development PKI: roots, intermediates and leaves for every purpose of a charging station.

    python certs/make_pki.py --development --out DIR [--csms-name localhost ...] [--station SERIAL] [--bad]

Never for production: keys are written unencrypted, and every subject says that it is for development. Everything is
minted relative to now and overwritten only with --replace. --bad adds, for each leaf, the certificates that must be
refused: expired, for another name, by a stranger...
"""

from __future__ import annotations

import argparse
import datetime as dt
import ipaddress
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

ORGANISATION: Final = "evse-agent DEVELOPMENT"
ROOT_DAYS: Final = 3650
INTERMEDIATE_DAYS: Final = 1825
LEAF_DAYS: Final = 365
BACKDATED: Final = dt.timedelta(hours=1)  # a station whose clock is a little slow accepts them, too
KEY_MODE: Final = 0o600
BAD: Final = "bad"  # the folder of what must be refused
REFUSED_OUTSIDE: Final = "EVSE_ENVIRONMENT"  # of a machine; `production` there refuses everything here

Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Certificate:
    """One certificate to mint: its file name, its issuer's, and what it is for. Days count from now."""

    name: str
    issuer: str | None  # None: self-signed root
    common_name: str
    path_length: int | None = None  # None: no CA
    usages: tuple[x509.ObjectIdentifier, ...] = ()
    dns: tuple[str, ...] = ()
    rsa_bits: int | None = None  # None: P-256
    begins_days: float = 0
    ends_days: float | None = None  # None: as its kind has it
    folder: str = "."

    @property
    def is_ca(self) -> bool:
        """Whether it may sign others."""
        return self.path_length is not None

    @property
    def days(self) -> float:
        """When it ends."""
        if self.ends_days is not None:
            return self.ends_days
        if self.issuer is None:
            return ROOT_DAYS
        return INTERMEDIATE_DAYS if self.is_ca else LEAF_DAYS


@dataclass(frozen=True)
class Minted:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key


class PkiError(Exception):
    """Why nothing was minted, and what to do."""


def plan(csms_names: Sequence[str], station: str) -> tuple[Certificate, ...]:
    """Every chain, issuers first. Depths follow ISO 15118-2 annex F: root, two intermediates at most, leaf."""
    server, client, signing = Usage.SERVER_AUTH, Usage.CLIENT_AUTH, Usage.CODE_SIGNING
    return (
        Certificate("csms-root", None, "CSMS Root", 1),
        Certificate("csms", "csms-root", csms_names[0], usages=(server,), dns=tuple(csms_names)),
        Certificate("csms-rsa", "csms-root", csms_names[0], usages=(server,), dns=tuple(csms_names), rsa_bits=2048),
        Certificate("station-root", None, "Charging Station Root", 1),
        Certificate("station", "station-root", station, usages=(client,)),
        Certificate("manufacturer-root", None, "Manufacturer Root", 1),
        Certificate("firmware", "manufacturer-root", "Firmware Signing", usages=(signing,)),
        Certificate("v2g-root", None, "V2G Root", 2),
        Certificate("cpo-sub1", "v2g-root", "CPO Sub-CA 1", 1),
        Certificate("cpo-sub2", "cpo-sub1", "CPO Sub-CA 2", 0),
        Certificate("secc", "cpo-sub2", station, usages=(server,), dns=(station,)),
        Certificate("cps-sub", "v2g-root", "Provisioning Sub-CA", 0),
        Certificate("cps", "cps-sub", "Certificate Provisioning"),
        Certificate("mo-root", None, "Mobility Operator Root", 2),
        Certificate("mo-sub1", "mo-root", "MO Sub-CA 1", 1),
        Certificate("mo-sub2", "mo-sub1", "MO Sub-CA 2", 0),
        Certificate("contract", "mo-sub2", "DEEVSC12345678", usages=(client,)),
        Certificate("oem-root", None, "OEM Root", 2),
        Certificate("oem-sub", "oem-root", "OEM Sub-CA", 0),
        Certificate("oem-provisioning", "oem-sub", "WEVSE0000000000001", usages=(client,)),
    )


def bad_variants(good: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """What each leaf looks like when it must be refused, and the CAs that takes."""
    leaves = [one for one in good if not one.is_ca and one.rsa_bits is None]
    roots = sorted({_root_of(one, good) for one in leaves})
    cas = [Certificate("stranger-root", None, "Stranger Root", 5, folder=BAD)]
    for root in roots:  # three CAs in a row, more than any of the roots allows
        above = root
        for depth in (1, 2, 3):
            cas.append(
                Certificate(f"{root}-deep{depth}", above, f"{root} deep {depth}", path_length=5 - depth, folder=BAD)
            )
            above = cas[-1].name
    variants: Mapping[str, Callable[[Certificate], Certificate]] = {
        "expired": lambda one: replace(one, begins_days=-60, ends_days=-1),
        "not-yet-valid": lambda one: replace(one, begins_days=1, ends_days=60),
        "wrong-name": lambda one: replace(one, common_name="elsewhere.invalid", dns=("elsewhere.invalid",)),
        "wrong-purpose": lambda one: replace(one, usages=(Usage.OCSP_SIGNING,)),
        "weak-key": lambda one: replace(one, rsa_bits=1024),
        "unknown-root": lambda one: replace(one, issuer="stranger-root"),
        "revoked": lambda one: one,
        "chain-too-long": lambda one: replace(one, issuer=f"{_root_of(one, good)}-deep3"),
        "leaf-as-ca": lambda one: replace(one, issuer=one.name),
    }
    bad = [
        replace(change(leaf), name=f"{leaf.name}-{variant}", folder=BAD)
        for leaf in leaves
        for variant, change in variants.items()
    ]
    return (*cas, *bad)


def _root_of(one: Certificate, among: Sequence[Certificate]) -> str:
    by_name = {each.name: each for each in among}
    while one.issuer is not None:
        one = by_name[one.issuer]
    return one.name


def mint(what: Certificate, issuer: Minted | None, now: dt.datetime, ocsp_url: str | None = None) -> Minted:
    """Make the key and the certificate; `issuer` None signs it with its own key."""
    key: Key
    if what.rsa_bits is None:
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(65537, what.rsa_bits)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, what.common_name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
        ]
    )
    signer = issuer.key if issuer is not None else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer is not None else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED + dt.timedelta(days=what.begins_days))
        .not_valid_after(now + dt.timedelta(days=what.days))
        .add_extension(x509.BasicConstraints(ca=what.is_ca, path_length=what.path_length), critical=True)
        .add_extension(_key_usage(ca=what.is_ca), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if what.usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(what.usages), critical=False)
    if what.dns:
        names = x509.SubjectAlternativeName([_general_name(name) for name in what.dns])
        builder = builder.add_extension(names, critical=False)
    if ocsp_url is not None and issuer is not None:
        where = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp_url))
        builder = builder.add_extension(x509.AuthorityInformationAccess([where]), critical=False)
    return Minted(builder.sign(signer, hashes.SHA256()), key)


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=not ca,  # the TLS_RSA suites encrypt to the server's key
        data_encipherment=False,
        key_agreement=not ca,  # ISO 15118-2 uses the leaf's key for ECDH
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def write(folder: Path, minted: Mapping[str, Minted], certificates: Sequence[Certificate]) -> list[Path]:
    """Write NAME.pem (leaf or CA first, then its intermediates) and NAME.key (mode 0600). Returns what was written."""
    written = []
    issuers = {one.name: one.issuer for one in certificates}
    for what in certificates:
        one = minted[what.name]
        chain, above = [one], issuers[what.name]
        while above is not None and issuers[above] is not None:  # the root stays out: who trusts it has it
            chain.append(minted[above])
            above = issuers[above]
        pem = b"".join(link.certificate.public_bytes(serialization.Encoding.PEM) for link in chain)
        key = one.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        place = folder / what.folder
        place.mkdir(parents=True, exist_ok=True)
        written += [_write(place / f"{what.name}.pem", pem, 0o644), _write(place / f"{what.name}.key", key, KEY_MODE)]
    return written


def write_crls(folder: Path, minted: Mapping[str, Minted], bad: Sequence[Certificate], now: dt.datetime) -> list[Path]:
    """Write ISSUER.crl: a list of what each issuer has revoked."""
    revoked: dict[str, list[x509.Certificate]] = {}
    for one in bad:
        if one.name.endswith("-revoked") and one.issuer is not None:
            revoked.setdefault(one.issuer, []).append(minted[one.name].certificate)
    written = []
    for issuer, certificates in revoked.items():
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(minted[issuer].certificate.subject)
            .last_update(now - BACKDATED)
            .next_update(now + dt.timedelta(days=LEAF_DAYS))
        )
        for certificate in certificates:
            entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(now)
            builder = builder.add_revoked_certificate(entry.build())
        crl = builder.sign(minted[issuer].key, hashes.SHA256())
        written.append(_write(folder / BAD / f"{issuer}.crl", crl.public_bytes(serialization.Encoding.PEM), 0o644))
    return written


def _write(path: Path, content: bytes, mode: int) -> Path:
    """Never readable by others, not even for a moment; never half written."""
    scratch = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
    scratch.replace(path)
    return path


def make(
    folder: Path,
    csms_names: Sequence[str],
    station: str,
    *,
    replace: bool = False,
    bad: bool = False,
    ocsp_url: str | None = None,
    now: dt.datetime | None = None,
) -> list[Path]:
    """Mint and write everything, as of `now` (None: of this moment).

    Raises `PkiError` when something is there already and `replace` is not given.
    """
    good = plan(csms_names, station)
    refused = bad_variants(good) if bad else ()
    there = sorted(one.name for one in good if (folder / f"{one.name}.pem").exists())
    if there and not replace:
        raise PkiError(f"{folder} already has {', '.join(there)}: choose another folder, or give --replace")
    folder.mkdir(parents=True, exist_ok=True)
    now = now or dt.datetime.now(dt.UTC)
    minted: dict[str, Minted] = {}
    for one in (*good, *refused):
        minted[one.name] = mint(one, minted[one.issuer] if one.issuer is not None else None, now, ocsp_url)
    written = write(folder, minted, (*good, *refused))
    return written + (write_crls(folder, minted, refused, now) if refused else [])


def main(argv: Sequence[str] | None = None) -> int:
    """Run as a program; 0 when minted, 1 when not."""
    parser = argparse.ArgumentParser(description="Mint a development PKI.")
    parser.add_argument("--development", action="store_true", help="required: says that this is no production machine")
    parser.add_argument("--out", type=Path, required=True, help="folder for certificates and keys")
    parser.add_argument("--csms-name", nargs="+", default=["localhost", "127.0.0.1"], help="DNS names and addresses")
    parser.add_argument("--station", default="SIM-0001", help="serial number of the station")
    parser.add_argument("--ocsp-url", help="responder to name in the certificates")
    parser.add_argument("--bad", action="store_true", help=f"also mint what must be refused, into {BAD}/")
    parser.add_argument("--replace", action="store_true", help="overwrite what is there")
    parser.add_argument("--json", action="store_true", help="print the files as JSON")
    given = parser.parse_args(argv)
    if os.environ.get(REFUSED_OUTSIDE, "").casefold() == "production":
        print(f"make_pki: {REFUSED_OUTSIDE} says that this is a production machine", file=sys.stderr)
        return 1
    if not given.development:
        print("make_pki: these keys protect nothing; say --development if that is understood", file=sys.stderr)
        return 1
    try:
        files = make(
            given.out,
            given.csms_name,
            given.station,
            replace=given.replace,
            bad=given.bad,
            ocsp_url=given.ocsp_url,
        )
    except (PkiError, OSError) as error:
        print(f"make_pki: {error}", file=sys.stderr)
        return 1
    print(json.dumps([str(path) for path in files]) if given.json else f"{len(files)} files in {given.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
