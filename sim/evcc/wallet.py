"""What cars carry: contracts, the certificates that their maker gave them, and the V2G roots that they trust.

A folder as the development PKI fills it (`certs/make_pki.py`): NAME.pem with the chain, its leaf first, and NAME.key.
Read anew at each use, so that what is minted anew counts from the next car on.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agent.iso15118.tls import CIPHERS
from sim.evcc.plan import Contract, Provisioned

MAKERS: Final = "oem-provisioning"
ROOT: Final = "v2g-root"


class WalletError(ValueError):
    """What a car was to have is not there, or cannot be read."""


class Wallet:
    """One for all cars of a charger."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def contract(self, name: str) -> Contract:
        """The contract of this name; its eMAID is its certificate's. Raises `WalletError`."""
        chain, key = self._owned(name)
        named = x509.load_der_x509_certificate(chain[0]).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        if not named:
            raise WalletError(f"{self._folder / name}.pem names no eMAID")
        return Contract(str(named[0].value), chain, key)

    def provisioned(self) -> Provisioned:
        """What a car's maker gave it. Raises `WalletError`."""
        (root,) = self._certificates(ROOT)[-1:]
        return Provisioned(*self._owned(MAKERS), (root,))

    def tls(self) -> ssl.SSLContext:
        """How a car meets a charger inside TLS (ISO 15118-2 7.7.3). Raises `WalletError`."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.minimum_version = made.maximum_version = ssl.TLSVersion.TLSv1_2
        made.set_ciphers(CIPHERS)
        made.check_hostname = False  # a charger's certificate names no host
        try:
            made.load_verify_locations(self._folder / f"{ROOT}.pem")
        except OSError as error:
            raise WalletError(f"{self._folder / ROOT}.pem: {error}") from error
        return made

    def _owned(self, name: str) -> tuple[tuple[bytes, ...], ec.EllipticCurvePrivateKey]:
        """A chain in DER and the key of its leaf."""
        path = self._folder / f"{name}.key"
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise WalletError(f"{path}: {error}") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise WalletError(f"{path} is no key on an elliptic curve")
        return self._certificates(name), key

    def _certificates(self, name: str) -> tuple[bytes, ...]:
        path = self._folder / f"{name}.pem"
        try:
            found = x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError) as error:
            raise WalletError(f"{path}: {error}") from error
        return tuple(one.public_bytes(serialization.Encoding.DER) for one in found)
