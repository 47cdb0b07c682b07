"""An independent verifier of OCMF: cryptography's ECDSA over the bytes between the bars, and nothing of ours."""

from __future__ import annotations

import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def verified(record: str, public_key_hex: str) -> bool:
    """Whether the record was signed with this key as it stands."""
    _, payload, signature = record.split("|")
    key = serialization.load_der_public_key(bytes.fromhex(public_key_hex))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert json.loads(signature).get("SA", "ECDSA-secp256r1-SHA256") == "ECDSA-secp256r1-SHA256"
    try:
        key.verify(bytes.fromhex(json.loads(signature)["SD"]), payload.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
