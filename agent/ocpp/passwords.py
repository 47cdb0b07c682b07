"""Which passwords may secure the link to the CSMS (A00.FR.205; 1.6 whitepaper 7.2). Pure."""

from __future__ import annotations

import string
from typing import Final

MIN_PASSWORD: Final = 16  # A00.FR.205; of 1.6's keys: bytes (whitepaper 7.2)
MAX_PASSWORD: Final = 40  # A00.FR.205
PASSWORD_CHARACTERS: Final = frozenset(string.ascii_letters + string.digits + "*-_=:+|@.")  # passwordString
HEX_DIGITS: Final = frozenset(string.hexdigits)


def unfit_password(text: str, *, by16: bool = False) -> str:
    """Why it is no password (A00.FR.205); empty when it is one."""
    if len(text) < MIN_PASSWORD:
        return f"at least {MIN_PASSWORD} characters"
    if len(text) > MAX_PASSWORD:
        return f"at most {MAX_PASSWORD} characters"
    if not by16 and not set(text) <= PASSWORD_CHARACTERS:
        return "letters, digits and *-_=:+|@. only"
    return ""


def unfit_key(text: str) -> str:
    """Why it is no key of 1.6's, bytes in hexadecimal digits (whitepaper 7.2); empty when it is one."""
    if not set(text) <= HEX_DIGITS or len(text) % 2:
        return "an even number of hexadecimal digits"
    return "" if len(text) // 2 >= MIN_PASSWORD else f"at least {MIN_PASSWORD} bytes"
