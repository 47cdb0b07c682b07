"""What a meter signed, in the plain fields that every version shares (Signed Meter Values in OCPP 1.0, 3.2). PURE."""

from __future__ import annotations

import base64
import logging
from typing import Final

from hal.types import SignedReading

log = logging.getLogger(__name__)

PREFIX: Final = "oca:base16:asn1:"  # 3.2.2: hexadecimal digits of an ASN.1 structure, as printed on the meter


def public_key(key_hex: str) -> str:
    """A meter's key as OCPP carries it; empty where there is none."""
    return base64.b64encode(f"{PREFIX}{key_hex}".encode()).decode() if key_hex else ""


def signed_fields(signed: SignedReading | None, limit: int | None = None) -> dict[str, str] | None:
    """A SignedMeterValueType; None without one, and for data that is longer than the version has room for.

    A record cut short proves nothing, and one too many must not hold back the bill.
    """
    if signed is None:
        return None
    data = base64.b64encode(signed.data.encode()).decode()
    if limit is not None and len(data) > limit:
        log.warning("what the meter signed is not told: %d characters, %d are the most here", len(data), limit)
        return None
    return {
        "signedMeterData": data,
        "signingMethod": signed.method,
        "encodingMethod": signed.encoding,
        "publicKey": public_key(signed.public_key),
    }
