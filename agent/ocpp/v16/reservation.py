"""Reservations in 1.6's words (6.5, 6.6, 6.37, 6.38)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.core.reservation import Reservation
from agent.ocpp.asks import VerdictAnswer
from agent.ocpp.asks.reservation import CancelReservationAsk, ReserveAnswer, ReserveAsk
from agent.ocpp.dialect import Notice, Saying, Service, given
from agent.ocpp.stamps import from_wire
from agent.ocpp.v16.tokens import card


def _reserve(request: Any) -> ReserveAsk:
    return ReserveAsk(
        Reservation(
            id=request.reservationId,
            token=card(request.idTag),
            expires_utc_s=from_wire(request.expiryDate),
            evse=request.connectorId or None,  # 0: any
            group=given(request.parentIdTag),
        )
    )


def _reserved(answer: ReserveAnswer) -> dict[str, Any]:
    return {"status": str(answer.result)}


def _cancelled(answer: VerdictAnswer) -> dict[str, Any]:
    return {"status": str(answer.verdict)}


SERVICES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "ReserveNow": Service(ReserveAsk, _reserve, _reserved),
        "CancelReservation": Service(
            CancelReservationAsk, lambda one: CancelReservationAsk(one.reservationId), _cancelled
        ),
    }
)

SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType({})
