"""Soft over-current: the car draws more than it was offered, for longer than it is allowed to. PURE.

The fuse and the breaker protect the wire; this catches a car that ignores the pilot before they must.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec
from msgspec.structs import replace

from hal.iec61851 import LIMIT_REACTION_S, OVERCURRENT_FACTOR, OVERCURRENT_MARGIN_A, OVERCURRENT_S
from hal.types import MeterSample, Quality

SAMPLE_MAX_AGE_S: Final = 10.0  # our policy: older samples say nothing about the current that flows now
NEVER_S: Final = -math.inf


class Supervision(msgspec.Struct, frozen=True, kw_only=True):
    """What the car may draw, and since when it draws more."""

    offered_a: float
    before_a: float  # what it was offered before; counts until `counts_from_s`
    counts_from_s: float = NEVER_S
    over_since_s: float | None = None
    sampled_s: float = NEVER_S

    def limit_a(self, now_s: float) -> float:
        """The limit to hold the car to: a lower one only counts after its reaction time."""
        return self.offered_a if now_s >= self.counts_from_s else max(self.before_a, self.offered_a)


def offer(supervision: Supervision, offered_a: float, now_s: float) -> Supervision:
    """Another current is offered."""
    if offered_a == supervision.offered_a:
        return supervision
    before_a = supervision.limit_a(now_s)
    counts_from_s = now_s if offered_a > before_a else now_s + LIMIT_REACTION_S
    return replace(supervision, offered_a=offered_a, before_a=before_a, counts_from_s=counts_from_s)


def sampled(supervision: Supervision, sample: MeterSample, now_s: float) -> Supervision:
    """A meter's sample came; one that is stale, out of order or not a number is not used."""
    taken_s, currents_a = sample.taken_mono_s, sample.current_a
    usable = (
        sample.quality is Quality.GOOD
        and currents_a
        and all(math.isfinite(one) for one in currents_a)
        and supervision.sampled_s < taken_s <= now_s
        and now_s - taken_s <= SAMPLE_MAX_AGE_S
    )
    if not usable or not currents_a:
        return supervision
    over = max(currents_a) > (supervision.limit_a(taken_s) + OVERCURRENT_MARGIN_A) * OVERCURRENT_FACTOR
    since_s = supervision.over_since_s if supervision.over_since_s is not None else taken_s
    return replace(supervision, sampled_s=taken_s, over_since_s=since_s if over else None)


def tripped(supervision: Supervision) -> bool:
    """Whether the car has drawn too much for too long."""
    since_s = supervision.over_since_s
    return since_s is not None and supervision.sampled_s - since_s >= OVERCURRENT_S
