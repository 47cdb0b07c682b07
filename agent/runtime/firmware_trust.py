"""Judges who signed a firmware file: the certificate up to a manufacturer's root, the signature over the whole file."""

from __future__ import annotations

import asyncio
import base64
import binascii
import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography import x509

CHUNK: Final = 1024 * 1024


class ManufacturerTrust:
    """Meets `agent.ocpp.workshop.FirmwareTrust`. `roots` are the manufacturer's, as they are installed now."""

    def __init__(self, roots: Callable[[], Sequence[x509.Certificate]]) -> None:
        self._roots = roots

    def flaw(self, certificate: str, at_utc_s: float) -> str | None:
        """What is wrong with a signing certificate (its intermediates may follow it); None: nothing."""
        from agent.pki.certificates import read_pem
        from agent.pki.chains import ChainError, Purpose, validated
        from agent.pki.names import CertificateError

        try:
            chain = read_pem(certificate)
            validated(chain, self._roots(), Purpose.FIRMWARE, dt.datetime.fromtimestamp(at_utc_s, dt.UTC))
        except (CertificateError, ChainError) as error:
            return str(error)
        return None

    async def signed(self, file: Path, signature: str, certificate: str) -> bool:
        """Whether the signature over the whole file was made with the certificate's key (L01.FR.04)."""
        return await asyncio.get_running_loop().run_in_executor(None, _signed, file, signature, certificate)


def _signed(file: Path, signature: str, certificate: str) -> bool:
    """RSA-PSS or ECDSA, both with SHA-256; anything else, and whatever cannot be read, is no signature."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

    from agent.pki.certificates import read_pem
    from agent.pki.names import CertificateError

    sha256 = hashes.SHA256()
    try:
        key = read_pem(certificate)[0].public_key()
        raw = base64.b64decode("".join(signature.split()), validate=True)
        digest = _digest(file)
        if isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(sha256), padding.PSS.AUTO)
            key.verify(raw, digest, pss, utils.Prehashed(sha256))
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(raw, digest, ec.ECDSA(utils.Prehashed(sha256)))
        else:
            return False
    except (InvalidSignature, CertificateError, binascii.Error, IndexError, OSError):
        return False
    return True


def _digest(file: Path) -> bytes:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            digest.update(chunk)
    return digest.digest()
