"""Names of the HomePlug Green PHY messages that SLAC is made of (ISO 15118-3, HomePlug GP 1.1 chapter 11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

NAMES: Final[Mapping[int, str]] = {
    0x6008: "CM_SET_KEY",
    0x6064: "CM_SLAC_PARM",
    0x6068: "CM_START_ATTEN_CHAR",
    0x606C: "CM_ATTEN_CHAR",
    0x6074: "CM_MNBC_SOUND",
    0x6078: "CM_VALIDATE",
    0x607C: "CM_SLAC_MATCH",
    0x6084: "CM_ATTEN_PROFILE",
    0x6048: "CM_AMP_MAP",
}
KINDS: Final = ("REQ", "CNF", "IND", "RSP")  # the lowest two bits of the type
FRAGMENTATION: Final = 2  # octets between the type and the message
RUN_ID: Final[Mapping[str, int]] = {  # where its eight octets stand
    "CM_SLAC_PARM.REQ": 2,
    "CM_SLAC_PARM.CNF": 17,
    "CM_START_ATTEN_CHAR.IND": 11,
    "CM_MNBC_SOUND.IND": 20,
    "CM_ATTEN_CHAR.IND": 8,
    "CM_ATTEN_CHAR.RSP": 8,
    "CM_SLAC_MATCH.REQ": 50,
    "CM_SLAC_MATCH.CNF": 50,
}


def spoken(kind: int, body: bytes) -> tuple[str, dict[str, Any]]:
    """A message's name, and the run it belongs to where it says so."""
    known = NAMES.get(kind & ~3)
    if known is None:
        return f"HomePlug {kind:#06x}", {}
    name = f"{known}.{KINDS[kind & 3]}"
    at = RUN_ID.get(name)
    run = b"" if at is None else body[FRAGMENTATION + at : FRAGMENTATION + at + 8]
    return name, {"run": run.hex()} if run else {}
