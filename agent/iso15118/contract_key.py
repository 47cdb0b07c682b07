"""How the private key of a contract travels to its car in ISO 15118-2 (8.4.3.10, 8.4.3.11).

Encrypted for a certificate of the car's: ECDH on P-256 with a key made for the occasion, a concatenation KDF over
SHA-256, AES-128-CBC with the initialisation vector in front and without padding. The charger only passes such keys on.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

OTHER_INFO: Final = b"\x01UV"  # [V2G2-818]: algorithm, sender, receiver
KEY_OCTETS: Final = 32
VECTOR_OCTETS: Final = 16


def wrapped(key: EllipticCurvePrivateKey, to: EllipticCurvePublicKey) -> tuple[bytes, bytes]:
    """(DHpublickey, ContractSignatureEncryptedPrivateKey) of a contract's key for who has the other half of `to`."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    mine = ec.generate_private_key(ec.SECP256R1())
    secret = _derived(mine.exchange(ec.ECDH(), to))
    vector = os.urandom(VECTOR_OCTETS)
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(vector)).encryptor()
    value = key.private_numbers().private_value.to_bytes(KEY_OCTETS, "big")
    public = mine.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return public, vector + encryptor.update(value) + encryptor.finalize()


def unwrapped(public: bytes, encrypted: bytes, mine: EllipticCurvePrivateKey) -> EllipticCurvePrivateKey:
    """The contract's key. Raises ValueError for what is none; a wrong one does not fit its certificate."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if len(encrypted) != VECTOR_OCTETS + KEY_OCTETS:
        raise ValueError(f"an encrypted key of {len(encrypted)} octets")
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    secret = _derived(mine.exchange(ec.ECDH(), theirs))
    decryptor = Cipher(algorithms.AES(secret), modes.CBC(encrypted[:VECTOR_OCTETS])).decryptor()
    value = decryptor.update(encrypted[VECTOR_OCTETS:]) + decryptor.finalize()
    return ec.derive_private_key(int.from_bytes(value, "big"), ec.SECP256R1())


def _derived(shared: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

    return ConcatKDFHash(hashes.SHA256(), 16, OTHER_INFO).derive(shared)
