"""Decimal numbers of Iskra meters: a mantissa and a power of ten. Pure.

"t5" and "t6": 8 bits of signed exponent, 24 bits of mantissa, unsigned or signed (WM3M4 user manual 1.14; EVerest
RsIskraMeter utils.rs). "i32e": 32 bits of signed mantissa, the exponent in another register.
"""

from __future__ import annotations

from typing import Final

MANTISSA_BITS: Final = 24
FINEST: Final = -4  # our policy: the simulated meter's finest step is 10^-4


def parts(kind: str, raw: int, exponent: int | None) -> tuple[int, int]:
    """Mantissa and exponent of a raw value; `exponent` where it has a register of its own."""
    if exponent is not None:
        return raw, exponent
    power, mantissa = _signed(raw >> MANTISSA_BITS, 8), raw & ((1 << MANTISSA_BITS) - 1)
    return (_signed(mantissa, MANTISSA_BITS) if kind == "t6" else mantissa), power


def value(mantissa: int, power: int) -> float:
    """The number; dividing by a power of ten gives decimal numbers, multiplying by its inverse does not."""
    return mantissa / 10**-power if power < 0 else float(mantissa * 10**power)


def raw(kind: str, number: float) -> tuple[int, int]:
    """The raw value, and the exponent, of a number as finely as it can be held. Raises `ValueError` out of range."""
    bits = 32 if kind == "i32e" else MANTISSA_BITS
    low, high = (0, (1 << bits) - 1) if kind == "t5" else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    for power in range(FINEST, 128):
        mantissa = round(number * 10**-power)
        if low <= mantissa <= high and number >= low:
            if kind == "i32e":
                return mantissa, power
            return (power & 0xFF) << MANTISSA_BITS | mantissa & ((1 << MANTISSA_BITS) - 1), power
    raise ValueError(f"{number} does not fit type {kind!r}")


def _signed(number: int, bits: int) -> int:
    return number - (1 << bits) if number >> (bits - 1) else number
