"""The frames of V2GTP: bytes in, frames out, however TCP splits or joins them. No I/O, no clock.

Clauses are those of ISO 15118-2 (7.8.3, Table 9 to 11); DIN SPEC 70121 and ISO 15118-20 frame alike.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final

from msgspec import Struct

VERSION: Final = 0x01
INVERSE_VERSION: Final = 0xFE
HEADER: Final = struct.Struct(">BBHI")
PAYLOAD_LIMIT: Final = 131_072  # octets; the header could announce 2**32 - 1. Our policy: exi.codec.DOCUMENT_LIMIT


class PayloadType(IntEnum):
    """What a frame carries. A frame of a type that is not listed here is delivered, too: the engine decides."""

    EXI = 0x8001  # SupportedAppProtocol, and everything of DIN 70121 and -2
    MAIN = 0x8002  # -20: common messages
    AC = 0x8003
    DC = 0x8004
    ACDP = 0x8005
    WPT = 0x8006
    SCHEDULE_RENEGOTIATION = 0x8101  # -20: beside the charge loop
    METERING_CONFIRMATION = 0x8102
    ACDP_SYSTEM_STATUS = 0x8103
    PARKING_STATUS = 0x8104
    SDP_REQUEST = 0x9000
    SDP_RESPONSE = 0x9001
    SDP_REQUEST_WIRELESS = 0x9002
    SDP_RESPONSE_WIRELESS = 0x9003


class Frame(Struct, frozen=True):
    """A whole frame."""

    type: int
    payload: bytes


class Broken(Struct, frozen=True):
    """The stream cannot be followed any more; close it. Nothing comes after this."""

    reason: str


def framed(payload_type: int, payload: bytes) -> bytes:
    """A payload with its header."""
    return HEADER.pack(VERSION, INVERSE_VERSION, payload_type, len(payload)) + payload


class Framer:
    """Cuts one direction of a stream into frames."""

    def __init__(self, limit: int = PAYLOAD_LIMIT) -> None:
        """Begin.

        Args:
            limit: The longest payload that is waited for; a header that announces more breaks the stream at once.
        """
        self._limit = limit
        self._held = bytearray()
        self._broken = False

    @property
    def waiting(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Frame | Broken]:
        """Take what came; give the frames that are whole now."""
        events: list[Frame | Broken] = []
        if self._broken:
            return events
        held = self._held
        held += data
        at = 0
        while len(held) - at >= HEADER.size:
            version, inverse, kind, length = HEADER.unpack_from(held, at)
            fault = self._fault(version, inverse, length)
            if fault:
                self._broken = True
                held.clear()
                return [*events, Broken(fault)]
            end = at + HEADER.size + length
            if end > len(held):
                break
            events.append(Frame(kind, bytes(held[at + HEADER.size : end])))
            at = end
        del held[:at]
        return events

    def _fault(self, version: int, inverse: int, length: int) -> str:
        """What is wrong with a header; empty when nothing is."""
        if (version, inverse) != (VERSION, INVERSE_VERSION):
            return f"V2GTP version {version:#04x} with inverse {inverse:#04x} instead of 0x01 and 0xfe"  # [V2G2-087]
        if length > self._limit:
            return f"a payload of {length} octets, more than {self._limit}"
        return ""
