"""Certificates for a simulated plug & charge: the charger's for TLS, a car's contract, and the root that it leads to.

Minted anew for the moment they are used at, with keys that nobody keeps.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.config import V2g
from csms.authorities import Authority
from sim.evcc.plan import Contract

ROOT_DAYS: Final = 3650
KEY_MODE: Final = 0o600


class PlugAndCharge(msgspec.Struct, frozen=True):
    """What charger and car have for a session paid by contract."""

    v2g: V2g
    contract: Contract


def plug_and_charge(folder: Path, emaid: str, now_utc_s: float) -> PlugAndCharge:
    """Mint a charger's and a contract's certificates, each below a root of its own; files go to `folder`."""
    key, contract_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    vehicle, mobility = _root("V2G root, simulated", now_utc_s), _root("MO root, simulated", now_utc_s)
    charger = vehicle.sign(_name("SECC"), key.public_key(), [ExtendedKeyUsageOID.SERVER_AUTH], now_utc_s)
    paid = mobility.sign(_name(emaid), contract_key.public_key(), [ExtendedKeyUsageOID.CLIENT_AUTH], now_utc_s)
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    v2g = V2g(
        host="::1",
        sdp_port=None,
        certificate_file=_written(folder / "secc.pem", charger.public_bytes(serialization.Encoding.PEM)),
        key_file=_written(folder / "secc.key", plain),
        contract_roots_file=_written(folder / "mo.pem", mobility.certificate.public_bytes(serialization.Encoding.PEM)),
    )
    return PlugAndCharge(v2g, Contract(emaid, (paid.public_bytes(serialization.Encoding.DER),), contract_key))


def _root(name: str, now_utc_s: float) -> Authority:
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.fromtimestamp(now_utc_s, dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=ROOT_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(made, (made,), key)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _written(path: Path, content: bytes) -> Path:
    path.touch(KEY_MODE)
    path.write_bytes(content)
    return path
