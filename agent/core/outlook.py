"""Charging profiles as a set: which of them are meant, which of their schedules counts, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from agent.core.schedule import LimitOwner, Period, Profile, Purpose, RateUnit


class Wanted(msgspec.Struct, frozen=True):
    """Which profiles are meant, by all that is given; None means any."""

    ids: frozenset[int] | None = None
    evse: int | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None
    owners: frozenset[LimitOwner] | None = None

    def matches(self, profile: Profile) -> bool:
        """Whether a profile is meant (OCPP 2.0.1 K09.FR.03-06, K10.FR.04; 1.6 errata 3.25)."""
        if self.ids is not None and profile.id not in self.ids:
            return False
        if self.owners is not None and profile.owner not in self.owners:
            return False
        pairs = ((self.evse, profile.evse), (self.purpose, profile.purpose), (self.stack_level, profile.stack_level))
        return all(wanted in {None, has} for wanted, has in pairs)


class Outlook(msgspec.Struct, frozen=True):
    """A composite schedule: what may be drawn at an EVSE (0: by the station) from `start_utc_s` on."""

    evse: int
    start_utc_s: float
    duration_s: float
    unit: RateUnit
    periods: tuple[Period, ...]


def choices(profiles: Iterable[Profile], evse: int) -> int:
    """Among how many schedules the car at an EVSE may choose (K15.FR.07); at least 1."""
    own = (one for one in profiles if one.purpose is Purpose.TX and one.evse == evse)
    return max((1 + len(one.others) for one in own), default=1)


def chosen(profiles: Iterable[Profile], evse: int, number: int) -> list[Profile]:
    """The profiles with the schedule of this number, from 0, for the car at an EVSE (K15.FR.22).

    Where one has as many, another without takes no part.
    """
    every = list(profiles)
    if not 0 < number < choices(every, evse):
        return every
    found: list[Profile] = []
    for one in every:
        if one.purpose is not Purpose.TX or one.evse != evse:
            found.append(one)
        elif number <= len(one.others):
            found.append(replace(one, schedule=one.others[number - 1]))
    return found
