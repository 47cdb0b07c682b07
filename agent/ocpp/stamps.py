"""Time stamps on the wire (RFC 3339). Out: UTC, milliseconds, `Z`. In: every form that peers are known to send."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_DAY = "(?:(?!0000)[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)"
_DAY += (
    "|(?:0[13578]|1[02])-31)|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?!00)(?:[02468][048]|[13579][26])00)-02-29)"
)
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)"
_OFFSET = "[Zz]|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9]"

# RFC 3339 section 5.6, with the offset left out allowed (then UTC: several CSMSs mean it so), and its colon too. It
# refuses days that do not exist, so `from_wire` reads whatever it accepts. The generated structs check it as well.
PATTERN = rf"^({_DAY})[Tt ]({_TIME})([.][0-9]+)?({_OFFSET})?\Z"

_match = re.compile(PATTERN).match
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_wire(utc_s: float) -> str:
    """Unix seconds as "2026-01-01T00:00:00.000Z". Raises ValueError or OverflowError outside the years 1 to 9999.

    Milliseconds, because real CSMSs refuse microseconds.
    """
    stamp = _EPOCH + timedelta(milliseconds=round(utc_s * 1000))
    return stamp.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def from_wire(text: str) -> float:
    """Unix seconds of an RFC 3339 stamp; without an offset it is UTC. Raises ValueError when it is none."""
    found = _match(text)
    if found is None:
        raise ValueError("not an RFC 3339 date-time, such as 2026-01-01T00:00:00Z")
    day, clock, fraction, offset = found.groups()
    leap_second = clock.endswith(":60")
    whole = datetime.fromisoformat(f"{day}T{clock[:-2]}59" if leap_second else f"{day}T{clock}").replace(tzinfo=UTC)
    micros = (whole - _EPOCH) // _MICROSECOND + round(float(fraction or 0) * 1_000_000) + leap_second * 1_000_000
    return micros / 1_000_000 - _offset_s(offset)


def _offset_s(offset: str | None) -> int:
    if offset is None or offset in "Zz":
        return 0
    digits = offset[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if offset.startswith("-") else seconds
