"""How long a serial line is busy: what limits every reading on RS-485. Pure."""

from __future__ import annotations

from typing import Final

BITS_PER_CHARACTER: Final = 11  # Modbus over Serial Line V1.02, 2.5.1: start, 8 data, parity or stop, stop
FRAME_GAP_CHARACTERS: Final = 3.5  # Modbus over Serial Line V1.02, 2.5.1.1: silence between two frames
FAST_BAUDRATE: Final = 19200  # the same clause: above this rate the silence is fixed
FAST_FRAME_GAP_S: Final = 0.00175
READ_REQUEST_BYTES: Final = 8
READ_ANSWER_BYTES: Final = 5  # without the registers
WRITE_REQUEST_BYTES: Final = 9  # without the registers
COIL_REQUEST_BYTES: Final = 10  # one coil by the function for many; by that for one it is two less
WRITE_ANSWER_BYTES: Final = 8


def character_s(baudrate: int) -> float:
    """How long one character takes."""
    return BITS_PER_CHARACTER / baudrate


def frame_gap_s(baudrate: int) -> float:
    """The silence between two frames."""
    return FAST_FRAME_GAP_S if baudrate > FAST_BAUDRATE else FRAME_GAP_CHARACTERS * character_s(baudrate)


def read_s(baudrate: int, count: int) -> float:
    """The least time from one request for `count` registers to the next: two frames, two silences."""
    characters = READ_REQUEST_BYTES + READ_ANSWER_BYTES + 2 * count
    return characters * character_s(baudrate) + 2 * frame_gap_s(baudrate)
