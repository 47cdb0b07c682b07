"""One direction of a TCP connection put together again, as far as a capture allows."""

from __future__ import annotations

from typing import Final

WAITING_LIMIT: Final = 262_144  # octets that wait for a segment that may be lost: our policy
TURN: Final = 1 << 32
HALF: Final = 1 << 31


class Reassembly:
    """Segments in any order in, octets in order out. A segment that was never captured leaves a gap."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._waiting: dict[int, bytes] = {}

    def begin(self, sequence: int) -> None:
        """The number of the first octet, from a SYN."""
        self._next = (sequence + 1) % TURN
        self._waiting.clear()

    def feed(self, sequence: int, payload: bytes) -> tuple[bytes, bool]:
        """Take a segment; gives what is in order now, and whether something before it is missing for good."""
        if not payload:
            return b"", False
        if self._next is None:
            self._next = sequence
        held = self._waiting.get(sequence, b"")
        if len(payload) > len(held):
            self._waiting[sequence] = payload
        ready = self._ready()
        if ready or sum(map(len, self._waiting.values())) <= WAITING_LIMIT:
            return ready, False
        self._next = min(self._waiting, key=lambda one: (one - sequence + HALF) % TURN)
        return self._ready(), True

    def _ready(self) -> bytes:
        found = bytearray()
        for sequence in sorted(self._waiting, key=lambda one: (one - (self._next or 0) + HALF) % TURN):
            behind = ((self._next or 0) - sequence) % TURN
            if behind >= HALF:
                break
            fresh = self._waiting.pop(sequence)[behind:]
            found += fresh
            self._next = ((self._next or 0) + len(fresh)) % TURN
        return bytes(found)
