"""Lines of RAPI, OpenEVSE's serial protocol, with their check sums. PURE."""

from __future__ import annotations

from functools import reduce
from operator import xor


def frame(text: str) -> bytes:
    """A command or an answer with its check sum: the XOR of all characters before it."""
    return f"{text}^{reduce(xor, text.encode('ascii'), 0):02X}\r".encode("ascii")


def unframe(line: bytes) -> list[str] | None:
    """The words of a line; None when its check sum does not fit."""
    text, mark, check = line.rpartition(b"^")
    if not mark or not text.startswith(b"$") or f"{reduce(xor, text, 0):02X}".encode("ascii") != check.upper():
        return None
    return text[1:].decode("ascii", "replace").split()
