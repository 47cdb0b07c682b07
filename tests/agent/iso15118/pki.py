"""A development PKI for tests: minted once, with the contract that a simulated car pays with."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from certs.make_pki import make
from sim.evcc.plan import Contract, Provisioned

EMAID = "DEEVSC12345678"
PCID = "WEVSE0000000000001"


def folder(now: dt.datetime | None = None) -> Path:
    """Where the one minted at a moment (None: the present one) lies."""
    return _minted(now)


@cache
def _minted(now: dt.datetime | None) -> Path:
    made = Path(mkdtemp(prefix="evse-v2g-pki-"))
    make(made, ["localhost"], "SIM-0001", bad=True, ocsp_url="http://127.0.0.1:9/ocsp", now=now)
    return made


def contract(name: str = "contract", emaid: str = EMAID, now: dt.datetime | None = None) -> Contract:
    """A car's contract, or (under `bad/`) one that must be refused."""
    pem = (folder(now) / f"{name}.pem").read_bytes()
    chain = tuple(one.public_bytes(serialization.Encoding.DER) for one in x509.load_pem_x509_certificates(pem))
    key = serialization.load_pem_private_key((folder(now) / f"{name}.key").read_bytes(), None)
    return Contract(emaid, chain, key)


def roots(*names: str) -> list[x509.Certificate]:
    """Roots by their names."""
    return [x509.load_pem_x509_certificate((folder() / f"{name}.pem").read_bytes()) for name in names]


def provisioned(now: dt.datetime | None = None, name: str = "oem-provisioning", root: str = "v2g-root") -> Provisioned:
    """What its maker gave a car."""
    own = contract(name, now=now)
    trusted = x509.load_pem_x509_certificate((folder(now) / f"{root}.pem").read_bytes())
    return Provisioned(own.chain, own.key, (trusted.public_bytes(serialization.Encoding.DER),))
