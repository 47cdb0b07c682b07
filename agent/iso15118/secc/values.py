"""Physical values: a short integer times a power of ten, as both protocols carry them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, TypeVar

SHORT_MAX: Final = 32_767  # xs:short
MULTIPLIERS: Final = range(-3, 4)  # unitMultiplierType

_Physical = TypeVar("_Physical")


def scaled(value: float) -> tuple[int, int]:
    """(multiplier, value) with the most digits that fit; what is too large becomes the largest, what is no number 0.

    A limit is never told higher than it is: the value is rounded towards zero.
    """
    if not math.isfinite(value):
        value = 0.0 if math.isnan(value) else math.copysign(SHORT_MAX * 10.0 ** MULTIPLIERS[-1], value)
    multiplier, short = MULTIPLIERS[-1], int(math.copysign(SHORT_MAX, value))
    for power in MULTIPLIERS:
        fits = math.trunc(round(value / 10.0**power, 6))
        if abs(fits) <= SHORT_MAX:
            multiplier, short = power, fits
            break
    while multiplier < 0 and short % 10 == 0:  # the shortest form, as a person would write it
        multiplier, short = multiplier + 1, short // 10
    return multiplier, short


def physical(kind: Callable[..., _Physical], value: float, unit: str) -> _Physical:
    """A PhysicalValueType of one of the protocols."""
    multiplier, short = scaled(value)
    return kind(Multiplier=multiplier, Unit=unit, Value=short)


def number(value: Any) -> float:
    """What a PhysicalValueType says, in its unit."""
    return float(value.Value * 10.0**value.Multiplier)


def maybe(value: Any) -> float | None:
    """The same of one that may be absent."""
    return None if value is None else number(value)
