"""Reads recordings, and says what in one is input, what output."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from agent.recording import FORMAT, AnyEntry, Begun

E = TypeVar("E")


class RecordingError(ValueError):
    """A file that is no recording; says which line, and why."""


class Recording(msgspec.Struct, frozen=True):
    """A recording: how it began, and what happened, in order of time."""

    begun: Begun
    entries: tuple[AnyEntry, ...]

    def of(self, kind: type[E]) -> Iterator[E]:
        """The entries of one kind."""
        return (one for one in self.entries if isinstance(one, kind))

    @property
    def ends_s(self) -> float:
        """When the last of it happened."""
        return max((one.at_s for one in self.entries), default=self.begun.at_s)


def read(path: Path) -> Recording:
    """Read a recording. A last line that was cut off is left out. Raises `RecordingError`."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from error
    begun, entry = msgspec.json.Decoder(Begun), msgspec.json.Decoder(AnyEntry)
    number = 1
    try:
        head = begun.decode(lines[0])
        if head.evse_recording != FORMAT:
            raise RecordingError(f"{path}: format {head.evse_recording}; this version reads {FORMAT}")
        entries = []
        for number, line in enumerate(lines[1:], start=2):
            if line and number < len(lines):  # what follows the last line break was cut off
                entries.append(entry.decode(line))
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise RecordingError(f"{path}, line {number}: {error}; is it a file of `evse record`?") from error
    return Recording(head, tuple(sorted(entries, key=lambda one: one.at_s)))
