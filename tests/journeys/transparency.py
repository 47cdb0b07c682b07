"""What a driver's transparency software does with a bill: the signed records out of what the CSMS stored, verified.

Written from the OCMF specification (S.A.F.E. e.V., OCMF 1.4) and from Signed Meter Values in OCPP 1.0; nothing of ours.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.hal.signatures import verified

ENDS = {"E", "L", "R", "A", "P"}  # table 7


@dataclass
class Statement:
    """What the records of a transaction say."""

    energy_wh: Decimal
    user: str
    reasons: list[str]
    pages: list[int]
    key: str
    began: datetime
    ended: datetime
    faults: list[str] = field(default_factory=list)


def signed_values(sampled: Iterable[dict[str, Any]]) -> list[tuple[str, dict[str, str]]]:
    """Context and SignedMeterValueType of each signed value, of 1.6 (3.2.1) or 2.x."""
    found = []
    for one in sampled:
        if one.get("format") == "SignedData":
            found.append((one["context"], json.loads(one["value"])))
        elif "signedMeterValue" in one:
            found.append((one["context"], one["signedMeterValue"]))
    return found


def key_of(public_key: str) -> str:
    """Hexadecimal digits out of a publicKey field (3.2.2)."""
    marker, encoding, content, digits = base64.b64decode(public_key).decode().split(":")
    assert (marker, encoding, content) == ("oca", "base16", "asn1")
    return digits


def statement(values: Iterable[tuple[str, dict[str, str]]], key: str | None = None) -> Statement:
    """The statement of a transaction's signed values; `key`: as the station told it apart from them."""
    records: dict[str, dict[str, Any]] = {}
    keys = {key_of(value["publicKey"]) for _, value in values if value["publicKey"]} | ({key} if key else set())
    assert len(keys) == 1, f"one meter has one key: {keys}"
    (verifying,) = keys
    faults = []
    for _, value in values:
        assert (value["encodingMethod"], value["signingMethod"]) == ("OCMF", "")
        text = base64.b64decode(value["signedMeterData"]).decode()
        if not verified(text, verifying):
            faults.append(f"the signature is wrong: {text[:80]}")
        records[text] = json.loads(text.split("|")[1], parse_float=Decimal)
    ordered = sorted(records.values(), key=lambda one: int(one["PG"][1:]))
    pages = [int(one["PG"][1:]) for one in ordered]
    readings = [reading for one in ordered for reading in one["RD"]]
    if pages != list(range(pages[0], pages[0] + len(pages))):
        faults.append(f"a page is missing: {pages}")
    if len({(one["MS"], one["ID"]) for one in ordered}) != 1:
        faults.append("of several meters or users")
    if any(one["ST"] != "G" or one["EF"] for one in readings):
        faults.append("the meter was at fault, or did not know the time")
    reasons = [one["TX"] for one in readings]
    if reasons[0] != "B" or reasons[-1] not in ENDS:
        faults.append(f"not from begin to end: {reasons}")
    times = [datetime.strptime(one["TM"].split(" ")[0], "%Y-%m-%dT%H:%M:%S,%f%z") for one in readings]
    if times != sorted(times):
        faults.append(f"time went backwards: {times}")
    unit = {"kWh": 1000, "Wh": 1}[readings[-1]["RU"]]
    energy_wh = (Decimal(readings[-1]["RV"]) - Decimal(readings[0]["RV"])) * unit
    return Statement(energy_wh, ordered[-1]["ID"], reasons, pages, verifying, times[0], times[-1], faults)
