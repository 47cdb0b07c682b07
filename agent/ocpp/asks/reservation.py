"""What the CSMS can ask of reservations, and what the station answers."""

from __future__ import annotations

import enum

from agent.core.reservation import Reservation
from agent.ocpp.asks import Answer, Ask, Reason


class ReserveAsk(Ask, frozen=True):
    """Make a reservation, or replace the one with the same id."""

    reservation: Reservation


class CancelReservationAsk(Ask, frozen=True):
    """Let go of a reservation."""

    id: int


class Reserved(enum.StrEnum):
    """What became of a wish to reserve (ReserveNowStatusEnumType)."""

    ACCEPTED = "Accepted"
    FAULTED = "Faulted"
    OCCUPIED = "Occupied"
    REJECTED = "Rejected"
    UNAVAILABLE = "Unavailable"


class ReserveAnswer(Answer, frozen=True):
    """Whether there is a reservation now."""

    result: Reserved
    reason: Reason | None = None
