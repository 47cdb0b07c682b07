"""Whether what a meter signed is right: ECDSA with SHA-256 over the bytes of an OCMF payload (OCMF 1.4, table 22).

For whoever tries a meter; a charge hands records on as they are. cryptography is loaded when something is verified.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from hal.ocmf import OcmfRecord

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

HASHED_SO: Final = "-SHA256"


class ProofError(ValueError):
    """A key or a signature cannot be read, or the signature is not of these bytes; says which."""


def verify(record: OcmfRecord, public_key: str) -> None:
    """That a record was signed with this key (hexadecimal digits of its DER form) as it stands. Raises `ProofError`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    if not record.algorithm.endswith(HASHED_SO):
        raise ProofError(f"signed with {record.algorithm}; ECDSA with SHA-256 is what is verified here")
    key = read_key(public_key)
    try:
        key.verify(_signature(record), record.signed.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise ProofError(f"page {record.context}{record.page} is not what was signed with this key") from error


def read_key(public_key: str) -> EllipticCurvePublicKey:
    """The key in these hexadecimal digits. Raises `ProofError`."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        key = serialization.load_der_public_key(bytes.fromhex(public_key))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ProofError(f"no key can be read from {public_key[:16]!r}...: {error}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ProofError(f"the key is a {type(key).__name__}, not one for an elliptic curve")
    return key


def _signature(record: OcmfRecord) -> bytes:
    try:
        if record.signature_encoding == "base64":
            return base64.b64decode(record.signature, validate=True)
        return bytes.fromhex(record.signature)
    except ValueError as error:
        raise ProofError(f"the signature is no {record.signature_encoding}: {error}") from error
