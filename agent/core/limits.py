"""Every source of a current limit, and which of them is the lowest."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from typing import Final

import msgspec

MIN_OFFER_A: Final = 6.0  # IEC 61851-1 table A.8: the least current a duty cycle can offer
MAX_OFFER_A: Final = 80.0  # the same table's largest


class LimitSource(enum.StrEnum):
    """Who limits the current. The value is what a driver reads."""

    CABLE = "cable"
    BOARD = "board rating"
    SITE_FUSE = "site fuse"
    TEMPERATURE = "temperature"
    OCPP = "charging profile"
    STATION = "station profile"
    GRID = "grid signal"
    LOCAL = "local request"


class LimitInput(msgspec.Struct, frozen=True):
    """What one source says, in ampere per phase; valid until `until_mono_s`, afterwards `fallback_a` counts.

    `power_w`: the same of a DC output, where the source limits its power.
    """

    source: LimitSource
    current_a: float
    until_mono_s: float = math.inf
    fallback_a: float = 0.0
    power_w: float | None = None


class Limit(msgspec.Struct, frozen=True):
    """The current that may be offered (0.0: none) and the source that decided it.

    `least_a`: less cannot be offered. `power_w`: of a DC output.
    """

    current_a: float
    source: LimitSource
    stale: bool = False
    least_a: float = MIN_OFFER_A
    power_w: float | None = None

    @property
    def offers(self) -> bool:
        """Whether it is enough to offer anything at all."""
        return self.current_a > 0.0 and self.current_a >= self.least_a

    def explain(self) -> str:
        """E.g. "16 A: site fuse"."""
        return f"{self.current_a:g} A: {self.source}{' (silent, fail-safe value)' if self.stale else ''}"


class LimitError(ValueError):
    """A source said something that is no current: NaN, infinite or negative."""


def checked(limit: LimitInput) -> LimitInput:
    """The input itself, if it can be used. Raises `LimitError` naming source and value."""
    values = [("current_a", limit.current_a), ("fallback_a", limit.fallback_a)]
    if limit.power_w is not None:
        values.append(("power_w", limit.power_w))
    for name, value in values:
        if not math.isfinite(value) or value < 0:
            raise LimitError(f"{limit.source}: {name} {value!r} cannot be a limit; give a number >= 0")
    return limit


def resolve(inputs: Iterable[LimitInput], now_mono_s: float) -> Limit:
    """The lowest of all inputs at this moment; no input at all means nothing may be offered."""
    lowest: Limit | None = None
    for one in inputs:
        stale = now_mono_s >= one.until_mono_s
        value = min(one.fallback_a if stale else one.current_a, MAX_OFFER_A)
        if lowest is None or value < lowest.current_a:
            lowest = Limit(value, one.source, stale)
    return lowest if lowest is not None else Limit(0.0, LimitSource.BOARD, stale=True)


def next_expiry(inputs: Iterable[LimitInput], now_mono_s: float) -> float | None:
    """When the next input falls silent, if any does."""
    return min((one.until_mono_s for one in inputs if now_mono_s < one.until_mono_s < math.inf), default=None)
