"""OCMF, the Open Charge Metering Format: what a signed record says. Pure; nothing is verified, nothing rewritten.

A record is `OCMF|<payload>|<signature>`, both parts JSON (S.A.F.E. e.V., OCMF 1.4). Signed are the payload's bytes as
they stand, so a record travels as the text it came as. Numbers are kept as they are written: 0.10 is not 0.1.
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

HEADER: Final = "OCMF"
SECTIONS: Final = 3  # header, payload, signature; "|" occurs nowhere else
DEFAULT_ALGORITHM: Final = "ECDSA-secp256r1-SHA256"  # table 22
DEFAULT_ENCODING: Final = "hex"  # table 8
INHERITED: Final = ("TX", "RI", "RU", "RT", "EF", "ST")  # a reading that leaves one out has that of the one before
BEGIN: Final = "B"
ENDS: Final = (
    "E",
    "L",
    "R",
    "A",
    "P",
    "T",
)  # table 7: end; local, remote, error, power failure, tariff
NO_ERROR: Final = ""
GOOD: Final = "G"  # table 10: status of a meter that is well


class OcmfError(ValueError):
    """A record is none, or lacks what it must have; says what."""


class OcmfReading(msgspec.Struct, frozen=True):
    """One reading of a record: time, reason, value as written, unit, what was read, status, what is not usable."""

    time: str
    reason: str
    value: str | None
    unit: str
    obis: str
    status: str
    errors: str


class OcmfRecord(msgspec.Struct, frozen=True):
    """One record. `signed` is what was signed, `text` the whole."""

    text: str
    signed: str
    context: str
    page: int
    meter_serial: str
    identified: bool | None
    identification: str
    readings: tuple[OcmfReading, ...]
    algorithm: str
    signature_encoding: str
    signature: str


def parse(text: str) -> OcmfRecord:
    """Read a record. Raises `OcmfError`."""
    sections = text.split("|")
    if len(sections) != SECTIONS or sections[0] != HEADER:
        raise OcmfError(f"expected OCMF|payload|signature, got {text[:40]!r}")
    payload, signature = _object(sections[1], "payload"), _object(sections[2], "signature")
    pagination = _text(payload, "PG", "payload")
    if len(pagination) < 2 or pagination[0] not in "TF" or not pagination[1:].isdecimal():  # noqa: PLR2004
        raise OcmfError(f"payload: PG is {pagination!r}, expected T or F and a number")
    if not payload.get("MS") and not payload.get("GS"):
        raise OcmfError("payload: neither MS nor GS is there: nobody knows whose signature this is")
    identified = payload.get("IS")
    if pagination[0] == "T" and not isinstance(identified, bool):
        raise OcmfError("payload: IS is missing, and a reading of a transaction says whether its user is known")
    return OcmfRecord(
        text=text,
        signed=sections[1],
        context=pagination[0],
        page=int(pagination[1:]),
        meter_serial=str(payload.get("MS") or payload.get("GS") or ""),
        identified=identified if isinstance(identified, bool) else None,
        identification=str(payload.get("ID", "")),
        readings=_readings(payload),
        algorithm=str(signature.get("SA", DEFAULT_ALGORITHM)),
        signature_encoding=str(signature.get("SE", DEFAULT_ENCODING)),
        signature=_text(signature, "SD", "signature"),
    )


def faults(before: OcmfRecord, after: OcmfRecord) -> list[str]:
    """Why these two records cannot be begin and end of one transaction; empty when they can."""
    found = []
    if before.meter_serial != after.meter_serial:
        found.append(f"of two meters: {before.meter_serial} and {after.meter_serial}")
    if (before.context, before.page + 1) != (after.context, after.page):
        found.append(
            f"page {after.context}{after.page} does not follow {before.context}{before.page}: one is missing or more"
        )
    if before.identification != after.identification:
        found.append(f"of two users: {before.identification!r} and {after.identification!r}")
    if before.readings[0].reason != BEGIN:
        found.append(f"the first is {before.readings[0].reason!r}, not a begin")
    if after.readings[-1].reason not in ENDS:
        found.append(f"the last is {after.readings[-1].reason!r}, not an end")
    found += [
        f"the meter reports errors {reading.errors!r}, status {reading.status!r}"
        for reading in (*before.readings, *after.readings)
        if reading.errors != NO_ERROR or reading.status != GOOD
    ]
    return found


def _object(text: str, section: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_float=str, parse_int=str)
    except ValueError as error:
        raise OcmfError(f"{section}: no JSON: {error}") from error
    if not isinstance(value, dict):
        raise OcmfError(f"{section}: expected an object")
    return value


def _text(section: dict[str, Any], key: str, name: str) -> str:
    value = section.get(key)
    if not isinstance(value, str) or not value:
        raise OcmfError(f"{name}: {key} is missing")
    return value


def _readings(payload: dict[str, Any]) -> tuple[OcmfReading, ...]:
    rows = payload.get("RD")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise OcmfError("payload: RD is missing: a record has readings")
    readings, held = [], dict.fromkeys(INHERITED, "")
    for row in rows:
        held |= {key: str(row[key]) for key in INHERITED if key in row}
        readings.append(
            OcmfReading(
                time=_text(row, "TM", "reading"),
                reason=held["TX"],
                value=None if row.get("RV") is None else str(row["RV"]),
                unit=held["RU"],
                obis=held["RI"],
                status=held["ST"],
                errors=held["EF"],
            )
        )
    return tuple(readings)
