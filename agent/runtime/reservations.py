"""The reservations that are made: kept in the journal, told to the EVSEs, and ended when their time has come."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import msgspec

from agent.core.events import ReservationOver, ReservationsChanged
from agent.core.reservation import (
    NOTHING_KEPT,
    Kept,
    Place,
    PlaceState,
    Reservation,
    broken,
    kept,
    next_expiry,
    refusal,
)
from agent.core.session import Phase, Session
from agent.core.values import ConnectorStatus, ReservationEnd, Scope
from agent.runtime.clock import Clock
from agent.runtime.records import Operation, PutMeta

log = logging.getLogger(__name__)

KEY: Final = "reservations"  # of the journal's meta data
RECHECK_S: Final = 10.0  # our policy: a wall clock that jumps is noticed this soon


class Evses(Protocol):
    """What reservations need of the EVSEs."""

    @property
    def evse_ids(self) -> tuple[int, ...]:
        """EVSE ids, from 1."""

    def session(self, evse: int) -> Session:
        """The session as it stands."""

    def post(self, evse: int, event: ReservationsChanged | ReservationOver) -> None:
        """Put an event into the EVSE's inbox."""


class Memory(Protocol):
    """What reservations need of the journal."""

    def meta(self, key: str) -> bytes | None:
        """A small value."""

    def commit(self, *operations: Operation) -> object:
        """Write operations as one."""


class Reservations:
    """Makes, cancels and watches reservations."""

    def __init__(self, memory: Memory, clock: Clock, evses: Evses, connector_type: Callable[[int], str]) -> None:
        """`connector_type`: of an EVSE's connector, in OCPP's words."""
        self._memory = memory
        self._clock = clock
        self._evses = evses
        self._connector_type = connector_type
        self._made = {one.id: one for one in _stored(memory.meta(KEY))}
        self._told: dict[int, Kept] = {}
        self._states: dict[int, PlaceState] = {}
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Take up what was reserved before the restart; what has expired meanwhile is over."""
        for evse in self._evses.evse_ids:
            session = self._evses.session(evse)
            self._told[evse], self._states[evse] = session.kept, place_state(session)
        self.apply()

    def close(self) -> None:
        """Stop watching the time."""
        if self._timer is not None:
            self._timer.cancel()

    def made(self) -> list[Reservation]:
        """All that stand."""
        return list(self._made.values())

    def reserve(self, new: Reservation) -> PlaceState | None:
        """Make a reservation, in place of one with the same id (H01.FR.02); or why not."""
        rest = [one for one in self._made.values() if one.id != new.id]
        why = refusal(new, rest, self._places())
        if why is None:
            self._keep({one.id: one for one in (*rest, new)})
        return why

    def cancel(self, number: int) -> bool:
        """Let go of a reservation; False when there is none of this id."""
        if number not in self._made:
            return False
        self._keep({key: one for key, one in self._made.items() if key != number})
        return True

    def watch(self, session: Session) -> None:
        """See a session step: a reservation is used, or its EVSE cannot serve it any more."""
        state = place_state(session)
        used = session.driver.reservation_id if session.driver is not None else None
        if used in self._made:
            self._states[session.evse] = state
            self._keep({key: one for key, one in self._made.items() if key != used})
        elif self._states.get(session.evse) is not state:
            self._states[session.evse] = state
            if self._made:
                self.apply()

    def apply(self) -> None:
        """End what has expired or cannot be served, and tell every EVSE for whom it is kept."""
        now_s = self._clock.now().utc_s
        expired = [one for one in self._made.values() if one.expires_utc_s <= now_s]
        removed = [one for one in broken(self._made.values(), self._places()) if one not in expired]
        over = {one.id for one in (*expired, *removed)}
        if over:
            self._keep({key: one for key, one in self._made.items() if key not in over})
            self._tell_over(expired, ReservationEnd.EXPIRED)
            self._tell_over(removed, ReservationEnd.REMOVED)
            return
        self.close()
        for evse, one in kept(self._made.values(), self._places()).items():
            if self._told.get(evse, NOTHING_KEPT) != one:
                self._told[evse] = one
                self._evses.post(evse, ReservationsChanged(one))
        due_s = next_expiry(self._made.values())
        if due_s is not None:
            wait_s = min(due_s - now_s, RECHECK_S)
            self._timer = asyncio.get_running_loop().call_later(wait_s, self.apply)

    def _keep(self, made: dict[int, Reservation]) -> None:
        self._made = made
        self._memory.commit(PutMeta(KEY, msgspec.msgpack.encode(list(made.values())) if made else None))
        self.apply()

    def _tell_over(self, reservations: Iterable[Reservation], why: ReservationEnd) -> None:
        for one in reservations:
            log.info("reservation %d: %s", one.id, why)
            self._evses.post(one.evse or self._evses.evse_ids[0], ReservationOver(one.id, why))

    def _places(self) -> list[Place]:
        return [
            Place(evse, self._connector_type(evse), place_state(self._evses.session(evse)))
            for evse in self._evses.evse_ids
        ]


def place_state(session: Session) -> PlaceState:
    """How an EVSE stands for somebody who wants to reserve it.

    A stranger's car on the cable of a kept EVSE gets no energy: it does not count as taken.
    """
    if session.status is ConnectorStatus.FAULTED:
        return PlaceState.FAULTED
    if session.inoperative - {Scope.RESET}:  # what is reserved stays so over a reset (B11.FR.05)
        return PlaceState.UNAVAILABLE
    if session.driver is not None or session.held_by is not None:
        return PlaceState.OCCUPIED
    if session.kept.held and session.phase in {Phase.IDLE, Phase.CONNECTED}:
        return PlaceState.FREE
    return PlaceState.FREE if session.phase is Phase.IDLE and not session.occupied else PlaceState.OCCUPIED


def _stored(blob: bytes | None) -> list[Reservation]:
    if blob is None:
        return []
    try:
        return msgspec.msgpack.decode(blob, type=list[Reservation])
    except msgspec.MsgspecError:
        log.exception("the stored reservations cannot be read and are left behind")
        return []
