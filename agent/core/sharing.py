"""One fuse, several EVSEs: who gets how much, never above the fuse, also while cars are still slowing down."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from agent.core.limits import MIN_OFFER_A

EV_REACTION_S: Final = 5.0  # IEC 61851-1: a car follows a lower duty cycle within 5 s


class SharingRule(enum.StrEnum):
    """How EVSEs share."""

    EQUAL = "equal"
    FIRST_COME = "first-come"
    PRIORITY = "priority"


class Claim(msgspec.Struct, frozen=True):
    """An EVSE that wants current: at most `max_a`, since `since_mono_s`; a lower `priority` number goes first.

    `rank` is its transaction's: all of a higher one have what they want before any of a lower one (2.0.1 K03.FR.04).
    Less than `least_a` is not worth having (minChargingRate of its profile, OCPP 2.0.1 K01.FR.21).
    """

    evse: int
    max_a: float
    since_mono_s: float
    priority: int = 0
    least_a: float = MIN_OFFER_A
    rank: int = 0


class Held(msgspec.Struct, frozen=True):
    """Current that an EVSE may still draw until its car has followed a lower offer."""

    current_a: float
    until_mono_s: float


class Allocation(msgspec.Struct, frozen=True):
    """What each EVSE is granted now, and what lowered ones may still be drawing."""

    granted_a: dict[int, float] = {}
    held: dict[int, Held] = {}


def share(fuse_a: float, claims: Iterable[Claim], rule: SharingRule) -> dict[int, float]:
    """The target for every claim: 0 or at least 6 A, together never above the fuse.

    Claims of a higher rank are served first; among those of one rank the rule decides.
    EQUAL serves as many as can get what is worth having, the earliest first, and levels them; the other rules fill one
    after another.
    """
    every, target, left_a = tuple(claims), dict[int, float](), fuse_a
    for rank in sorted({one.rank for one in every}, reverse=True):
        shares = _among(left_a, [one for one in every if one.rank == rank], rule)
        target |= shares
        left_a -= sum(shares.values())
    return target


def _among(fuse_a: float, claims: Iterable[Claim], rule: SharingRule) -> dict[int, float]:
    order = sorted(claims, key=lambda c: (c.priority if rule is SharingRule.PRIORITY else 0, c.since_mono_s, c.evse))
    served: list[Claim] = []
    left_a = fuse_a
    for claim in order:
        least_a = _least_a(claim)
        if claim.max_a >= least_a and left_a >= least_a:
            served.append(claim)
            left_a -= least_a
    target = {claim.evse: 0.0 for claim in order} | {claim.evse: _least_a(claim) for claim in served}
    if rule is SharingRule.EQUAL:
        _level(target, served, left_a)
    else:
        for claim in served:
            more_a = min(claim.max_a - target[claim.evse], left_a)
            target[claim.evse] += more_a
            left_a -= more_a
    return target


def _least_a(claim: Claim) -> float:
    """What it must get at least; a car that cannot even draw that much has what it can."""
    return max(MIN_OFFER_A, min(claim.least_a, claim.max_a))


def _level(target: dict[int, float], served: Sequence[Claim], left_a: float) -> None:
    """Raise those that have least together, until they meet the next or have all they can take."""
    rising = [claim for claim in served if target[claim.evse] < claim.max_a]
    while rising and left_a > 0:
        lowest_a = min(target[claim.evse] for claim in rising)
        low = [claim for claim in rising if target[claim.evse] == lowest_a]
        others = [target[claim.evse] for claim in rising if target[claim.evse] > lowest_a]
        next_a = min([*others, *(claim.max_a for claim in low)])
        more_a = min(next_a - lowest_a, left_a / len(low))
        for claim in low:
            target[claim.evse] = lowest_a + more_a if more_a < next_a - lowest_a else next_a
        left_a -= more_a * len(low)
        if more_a < next_a - lowest_a:
            return
        rising = [claim for claim in rising if target[claim.evse] < claim.max_a]


def advance(
    now_mono_s: float, fuse_a: float, allocation: Allocation, target: Mapping[int, float]
) -> tuple[Allocation, float | None]:
    """Move towards the target: lower at once, raise only into what the others have really let go.

    Returns the new allocation and when to look again (None: the target is reached).
    """
    held = {evse: one for evse, one in allocation.held.items() if one.until_mono_s > now_mono_s}
    granted: dict[int, float] = {}
    for evse in sorted(set(allocation.granted_a) | set(target)):
        was_a, want_a = allocation.granted_a.get(evse, 0.0), target.get(evse, 0.0)
        granted[evse] = min(was_a, want_a)
        if want_a < was_a:
            still_a = max(was_a, held[evse].current_a if evse in held else 0.0)
            held[evse] = Held(still_a, now_mono_s + EV_REACTION_S)
    for evse in sorted(target):
        used_a = sum(max(a, held[e].current_a if e in held else 0.0) for e, a in granted.items() if e != evse)
        raised_a = min(target[evse], fuse_a - used_a)
        if raised_a > granted[evse] and raised_a >= MIN_OFFER_A:
            granted[evse] = raised_a
    reached = all(granted.get(evse, 0.0) == a for evse, a in target.items())
    due = None if reached else min((one.until_mono_s for one in held.values()), default=None)
    return Allocation(granted, held), due
