"""Mint a development PKI: roots, intermediates and leaves for every purpose of a charging station.

    python certs/make_pki.py --development --out DIR [--csms-name localhost ...] [--station SERIAL]

Never for production: keys are written unencrypted, and every subject says that it is for development. Everything is
minted relative to now and overwritten only with --replace.
"""

from __future__ import annotations

import argparse
import datetime as dt
import ipaddress
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import NameOID

ORGANISATION: Final = "evse-agent DEVELOPMENT"
ROOT_DAYS: Final = 3650
INTERMEDIATE_DAYS: Final = 1825
LEAF_DAYS: Final = 365
BACKDATED: Final = dt.timedelta(hours=1)  # a station whose clock is a little slow accepts them, too
KEY_MODE: Final = 0o600


@dataclass(frozen=True)
class Certificate:
    """One certificate to mint: its file name, its issuer's, and what it is for."""

    name: str
    issuer: str | None  # None: self-signed root
    common_name: str
    path_length: int | None = None  # None: no CA
    usages: tuple[x509.ObjectIdentifier, ...] = ()
    dns: tuple[str, ...] = field(default=())

    @property
    def is_ca(self) -> bool:
        """Whether it may sign others."""
        return self.path_length is not None

    @property
    def days(self) -> int:
        """How long it lives."""
        if self.issuer is None:
            return ROOT_DAYS
        return INTERMEDIATE_DAYS if self.is_ca else LEAF_DAYS


@dataclass(frozen=True)
class Minted:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


class PkiError(Exception):
    """Why nothing was minted, and what to do."""


def plan(csms_names: Sequence[str], station: str) -> tuple[Certificate, ...]:
    """Every chain, issuers first. Depths follow ISO 15118-2 annex F: root, two intermediates at most, leaf."""
    server, client, signing = Usage.SERVER_AUTH, Usage.CLIENT_AUTH, Usage.CODE_SIGNING
    return (
        Certificate("csms-root", None, "CSMS Root", 1),
        Certificate("csms", "csms-root", csms_names[0], usages=(server,), dns=tuple(csms_names)),
        Certificate("station-root", None, "Charging Station Root", 1),
        Certificate("station", "station-root", station, usages=(client,)),
        Certificate("manufacturer-root", None, "Manufacturer Root", 1),
        Certificate("firmware", "manufacturer-root", "Firmware Signing", usages=(signing,)),
        Certificate("v2g-root", None, "V2G Root", 2),
        Certificate("cpo-sub1", "v2g-root", "CPO Sub-CA 1", 1),
        Certificate("cpo-sub2", "cpo-sub1", "CPO Sub-CA 2", 0),
        Certificate("secc", "cpo-sub2", station, usages=(server,), dns=(station,)),
        Certificate("mo-root", None, "Mobility Operator Root", 2),
        Certificate("mo-sub1", "mo-root", "MO Sub-CA 1", 1),
        Certificate("mo-sub2", "mo-sub1", "MO Sub-CA 2", 0),
        Certificate("contract", "mo-sub2", "DEEVSC12345678", usages=(client,)),
        Certificate("oem-root", None, "OEM Root", 2),
        Certificate("oem-sub", "oem-root", "OEM Sub-CA", 0),
        Certificate("oem-provisioning", "oem-sub", "WEVSE0000000000001", usages=(client,)),
    )


def mint(what: Certificate, issuer: Minted | None, now: dt.datetime) -> Minted:
    """Make the key and the certificate; `issuer` None signs it with its own key."""
    key = ec.generate_private_key(ec.SECP256R1())
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
        .not_valid_before(now - BACKDATED)
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
    return Minted(builder.sign(signer, hashes.SHA256()), key)


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
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


def write(folder: Path, minted: dict[str, Minted], certificates: Sequence[Certificate]) -> list[Path]:
    """Write NAME.pem (leaf or CA first, then its intermediates) and NAME.key (mode 0600). Returns what was written."""
    written = []
    issuers = {one.name: one.issuer for one in certificates}
    for name, one in minted.items():
        chain, above = [one], issuers[name]
        while above is not None and issuers[above] is not None:  # the root stays out: who trusts it has it
            chain.append(minted[above])
            above = issuers[above]
        pem = b"".join(link.certificate.public_bytes(serialization.Encoding.PEM) for link in chain)
        key = one.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        written += [_write(folder / f"{name}.pem", pem, 0o644), _write(folder / f"{name}.key", key, KEY_MODE)]
    return written


def _write(path: Path, content: bytes, mode: int) -> Path:
    """Never readable by others, not even for a moment; never half written."""
    scratch = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
    scratch.replace(path)
    return path


def make(folder: Path, csms_names: Sequence[str], station: str, *, replace: bool) -> list[Path]:
    """Mint and write everything. Raises `PkiError` when something is there already and `replace` is not given."""
    certificates = plan(csms_names, station)
    there = sorted(one.name for one in certificates if (folder / f"{one.name}.pem").exists())
    if there and not replace:
        raise PkiError(f"{folder} already has {', '.join(there)}: choose another folder, or give --replace")
    folder.mkdir(parents=True, exist_ok=True)
    now = dt.datetime.now(dt.UTC)
    minted: dict[str, Minted] = {}
    for one in certificates:
        minted[one.name] = mint(one, minted[one.issuer] if one.issuer is not None else None, now)
    return write(folder, minted, certificates)


def main(argv: Sequence[str] | None = None) -> int:
    """Run as a program; 0 when minted, 1 when not."""
    parser = argparse.ArgumentParser(description="Mint a development PKI.")
    parser.add_argument("--development", action="store_true", help="required: says that this is no production machine")
    parser.add_argument("--out", type=Path, required=True, help="folder for certificates and keys")
    parser.add_argument("--csms-name", nargs="+", default=["localhost", "127.0.0.1"], help="DNS names and addresses")
    parser.add_argument("--station", default="SIM-0001", help="serial number of the station")
    parser.add_argument("--replace", action="store_true", help="overwrite what is there")
    parser.add_argument("--json", action="store_true", help="print the files as JSON")
    given = parser.parse_args(argv)
    if not given.development:
        print("make_pki: these keys protect nothing; say --development if that is understood", file=sys.stderr)
        return 1
    try:
        files = make(given.out, given.csms_name, given.station, replace=given.replace)
    except (PkiError, OSError) as error:
        print(f"make_pki: {error}", file=sys.stderr)
        return 1
    print(json.dumps([str(path) for path in files]) if given.json else f"{len(files)} files in {given.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
