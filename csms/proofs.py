"""What meters signed of a session, out of what was stored of it, and whether the signatures are right. PURE.

From Signed Meter Values in OCPP 1.0 (3.2, 4.2) and OCMF 1.4 (S.A.F.E. e.V.); the charger's software has no part in it.
A key comes from the charger itself: compare it with the one that is printed on the meter.
"""

from __future__ import annotations

import base64
import enum
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from csms.records import Reading

KEY_FORM: Final = ("oca", "base16", "asn1")  # 3.2.2: what the charger says of the key that follows
OCMF: Final = "OCMF"
SECTIONS: Final = 3  # of OCMF: header, payload, signature
DEFAULT_ALGORITHM: Final = "ECDSA-secp256r1-SHA256"  # table 22
HASHED_SO: Final = "-SHA256"
MAX_PROOFS: Final = 500  # our policy: of one session
MARKS: Final = (b'"SignedData"', b'"signedMeterValue"')
FIELDS: Final = ("signedMeterData", "signingMethod", "encodingMethod", "publicKey")


class Verdict(enum.StrEnum):
    """What became of a signature."""

    VERIFIED = "verified"
    WRONG = "wrong"
    UNKNOWN = "unknown"


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A signed record. `readings`: reason, value and unit as written. `record`: for transparency software.

    `remark`: why it is not verified. `public_key`: hexadecimal digits, None when the charger has told none.
    """

    at_utc_s: float
    context: str
    verdict: Verdict
    remark: str | None
    page: str
    meter: str
    user: str
    readings: list[str]
    record: str
    public_key: str | None


class _UnreadableError(ValueError):
    """A record, a key or a signature is none that can be read here; says why."""


def proofs_of(readings: Iterable[Reading]) -> list[Proof]:
    """The signed records of a session, oldest first, each once."""
    found: dict[str, tuple[Reading, str, dict[str, str]]] = {}
    key: str | None = None
    trouble: str | None = None
    for reading in readings:
        for context, value in _signed(reading):
            if len(found) < MAX_PROOFS:
                found.setdefault(value["signedMeterData"], (reading, context, value))
            try:
                key = _key(value["publicKey"]) or key
            except _UnreadableError as error:
                trouble = str(error)
    return [_proof(*one, key, trouble) for one in found.values()]


def _signed(reading: Reading) -> Iterator[tuple[str, dict[str, str]]]:
    """Context and SignedMeterValueType of each signed value, of 1.6 (a text in a text) or 2.x."""
    if not any(mark in reading.sampled for mark in MARKS):
        return  # most are not, and there are many
    for sampled in msgspec.json.decode(reading.sampled):
        value = sampled.get("signedMeterValue")
        if sampled.get("format") == "SignedData":
            try:
                value = msgspec.json.decode(sampled["value"])
            except msgspec.DecodeError:
                continue  # signed data of a charger's own form
        if isinstance(value, dict) and value.get("signedMeterData"):
            yield sampled.get("context", ""), {name: str(value.get(name) or "") for name in FIELDS}


def _proof(reading: Reading, context: str, value: dict[str, str], key: str | None, trouble: str | None) -> Proof:
    record, payload = "", dict[str, Any]()
    verdict, remark = Verdict.UNKNOWN, trouble
    try:
        record = _text(value["signedMeterData"], "the record")
        payload, signed, signature = _ocmf(record, value["encodingMethod"])
        if key is not None:
            right = _is_right(signed, signature, value["signingMethod"], key)
            verdict, remark = (Verdict.VERIFIED, None) if right else (Verdict.WRONG, "changed after it was signed")
        elif remark is None:
            remark = "the charger has not told the meter's key"
    except _UnreadableError as error:
        remark = str(error)
    return Proof(
        at_utc_s=reading.at_utc_s,
        context=context,
        verdict=verdict,
        remark=remark,
        page=str(payload.get("PG", "")),
        meter=str(payload.get("MS") or payload.get("GS") or ""),
        user=str(payload.get("ID", "")),
        readings=[_said(one) for one in payload.get("RD") or () if isinstance(one, dict)],
        record=record,
        public_key=key,
    )


def _said(reading: dict[str, Any]) -> str:
    return " ".join(str(reading[name]) for name in ("TX", "RV", "RU") if name in reading)


def _text(encoded: str, what: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except ValueError as error:
        raise _UnreadableError(f"{what} is no text in base64") from error


def _key(field: str) -> str | None:
    """Hexadecimal digits of a publicKey field (3.2.2); None for an empty one."""
    if not field:
        return None
    *form, digits = _text(field, "the key").split(":")
    digits = "".join(digits.removeprefix("0x").split()).lower()
    if tuple(form) != KEY_FORM or not digits:
        raise _UnreadableError("the key is not of the form oca:base16:asn1")
    return digits


def _ocmf(record: str, encoding: str) -> tuple[dict[str, Any], bytes, dict[str, Any]]:
    """Payload, the bytes that were signed, signature."""
    if encoding != OCMF:
        raise _UnreadableError(f"encoded as {encoding or 'nothing'}, which only other software verifies")
    sections = record.split("|")
    if len(sections) != SECTIONS or sections[0] != OCMF:
        raise _UnreadableError("no OCMF record: OCMF|payload|signature is expected")
    return _object(sections[1]), sections[1].encode(), _object(sections[2])


def _object(text: str) -> dict[str, Any]:
    """Numbers stay as they are written: 0.10 is not 0.1."""
    try:
        value = msgspec.json.Decoder(dict[str, Any], float_hook=str).decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _UnreadableError(f"no OCMF record: {error}") from error
    return value


def _is_right(signed: bytes, signature: dict[str, Any], method: str, key: str) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    algorithm = str(signature.get("SA") or method or DEFAULT_ALGORITHM)
    if not algorithm.endswith(HASHED_SO):
        raise _UnreadableError(f"signed with {algorithm}, which only other software verifies")
    try:
        public = serialization.load_der_public_key(bytes.fromhex(key))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _UnreadableError("the key cannot be read") from error
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise _UnreadableError("the key is not for elliptic curves")
    try:
        public.verify(_bytes(signature), signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _bytes(signature: dict[str, Any]) -> bytes:
    data = str(signature.get("SD", ""))
    try:
        return base64.b64decode(data, validate=True) if signature.get("SE") == "base64" else bytes.fromhex(data)
    except ValueError as error:
        raise _UnreadableError("the signature cannot be read") from error
