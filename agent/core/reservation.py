"""Reservations: which EVSEs are kept for whom, and whether another can be made (OCPP 2.0.1 H01-H04; 1.6 3.11, 5.13).

A reservation names an EVSE, a type of connector, or neither. Those that name no EVSE keep one only when there is no
other left for them: an EVSE is kept when the reservations could not all be served without it (H01.FR.07, H01.FR.09).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from agent.core.values import IdToken


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """A promise to a driver, or (`group`) to any of a group. `evse` None: any, or any with this type of connector."""

    id: int
    token: IdToken
    expires_utc_s: float
    evse: int | None = None
    connector_type: str | None = None
    group: str | None = None

    def admits(self, token: IdToken, group: str | None = None) -> bool:
        """Whether a driver may use it (H03.FR.01-06)."""
        return self.token.same_as(token) or (self.group is not None and self.group == group)

    def suits(self, place: Place) -> bool:
        """Whether the EVSE is one that it may be served at."""
        return self.evse in {None, place.evse} and self.connector_type in {None, place.connector_type}


class PlaceState(enum.StrEnum):
    """How an EVSE stands, as far as somebody who wants to reserve it is concerned (ReserveNowStatusEnumType)."""

    FREE = "Free"
    OCCUPIED = "Occupied"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


SHUT: Final = frozenset({PlaceState.UNAVAILABLE, PlaceState.FAULTED})


class Place(msgspec.Struct, frozen=True):
    """An EVSE."""

    evse: int
    connector_type: str
    state: PlaceState = PlaceState.FREE


class Kept(msgspec.Struct, frozen=True):
    """What reservations mean to one EVSE: `claims` may be used there; `held`: nobody else is let in."""

    held: bool = False
    claims: tuple[Reservation, ...] = ()

    def claim(self, token: IdToken, group: str | None = None) -> Reservation | None:
        """The reservation that a driver uses here; one for this very EVSE goes before the others."""
        fitting = (one for one in self.claims if one.admits(token, group))
        return min(fitting, key=lambda one: (one.evse is None, one.connector_type is None, one.id), default=None)

    def turns_away(self, token: IdToken, group: str | None = None) -> bool:
        """Whether the EVSE is kept for somebody else."""
        return self.held and self.claim(token, group) is None

    @property
    def for_groups(self) -> bool:
        """Whether somebody's group may decide whether it is kept for him."""
        return any(one.group is not None for one in self.claims)


NOTHING_KEPT: Final = Kept()


def kept(reservations: Iterable[Reservation], places: Iterable[Place]) -> dict[int, Kept]:
    """What the reservations mean to each EVSE."""
    every, everywhere = tuple(reservations), tuple(places)
    loose = [one for one in every if one.evse is None]
    free = _open_to_all(every, everywhere)
    served = _served(loose, free)
    found: dict[int, Kept] = {}
    for place in everywhere:
        own = any(one.evse == place.evse for one in every)
        needed = place in free and _served(loose, [one for one in free if one is not place]) < served
        found[place.evse] = Kept(own or needed, tuple(one for one in every if one.suits(place)))
    return found


def refusal(new: Reservation, reservations: Iterable[Reservation], places: Iterable[Place]) -> PlaceState | None:
    """Why a reservation cannot be made beside the others (H01.FR.11-14); None: it can."""
    every, everywhere = tuple(reservations), tuple(places)
    targets = [place for place in everywhere if new.suits(place)]
    states = {place.state for place in targets}
    if len(states) == 1 and states <= SHUT | {PlaceState.OCCUPIED}:
        return states.pop()
    if PlaceState.FREE not in states:
        return PlaceState.OCCUPIED if PlaceState.OCCUPIED in states else PlaceState.UNAVAILABLE
    if new.evse is not None:
        return PlaceState.OCCUPIED if kept(every, everywhere)[new.evse].held else None
    loose, free = [one for one in every if one.evse is None], _open_to_all(every, everywhere)
    return None if _served([*loose, new], free) > _served(loose, free) else PlaceState.OCCUPIED


def broken(reservations: Iterable[Reservation], places: Iterable[Place]) -> tuple[Reservation, ...]:
    """The reservations that no EVSE can serve any more, all being faulted or unavailable (H01.FR.16, H01.FR.17)."""
    everywhere = tuple(places)
    return tuple(one for one in reservations if all(place.state in SHUT for place in everywhere if one.suits(place)))


def _open_to_all(every: Sequence[Reservation], everywhere: Sequence[Place]) -> list[Place]:
    """The free EVSEs that are not reserved by their number."""
    own = {one.evse for one in every}
    return [place for place in everywhere if place.state is PlaceState.FREE and place.evse not in own]


def _served(loose: Sequence[Reservation], free: Sequence[Place]) -> int:
    """How many of the reservations can be served at the same time: a maximum matching, found by augmenting paths."""
    taken: dict[int, Reservation] = {}
    return sum(_finds(one, free, taken, set()) for one in loose)


def _finds(one: Reservation, free: Sequence[Place], taken: dict[int, Reservation], tried: set[int]) -> bool:
    for place in free:
        if place.evse in tried or not one.suits(place):
            continue
        tried.add(place.evse)
        if place.evse not in taken or _finds(taken[place.evse], free, taken, tried):
            taken[place.evse] = one
            return True
    return False


def next_expiry(reservations: Iterable[Reservation]) -> float | None:
    """When the next one expires, Unix seconds."""
    return min((one.expires_utc_s for one in reservations), default=None)
