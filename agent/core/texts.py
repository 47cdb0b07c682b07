"""Texts that came from outside, made fit for a log, a display or a message."""

from __future__ import annotations

from typing import Final

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def plain(text: str, limit: int) -> str:
    """The text on one line: line ends, escape sequences and whatever else no printer shows are replaced, and it is cut.

    A log line that somebody else can write must not look like two, nor steer a terminal.
    """
    return "".join(one if one.isprintable() else REPLACEMENT for one in text[:limit])
