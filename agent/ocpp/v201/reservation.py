"""Reservations in 2.x's words (H01, H02)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.core.reservation import Reservation
from agent.ocpp.asks import VerdictAnswer
from agent.ocpp.asks.reservation import CancelReservationAsk, ReserveAnswer, ReserveAsk
from agent.ocpp.dialect import Notice, Saying, Service, given
from agent.ocpp.stamps import from_wire
from agent.ocpp.v201.services import status_info
from agent.ocpp.v201.tokens import token_of


def _reserve(request: Any) -> ReserveAsk:
    group = given(request.groupIdToken)
    return ReserveAsk(
        Reservation(
            id=request.id,
            token=token_of(request.idToken),
            expires_utc_s=from_wire(request.expiryDateTime),
            evse=given(request.evseId),
            connector_type=given(request.connectorType),
            group=group.idToken if group is not None else None,
        )
    )


def _reserved(answer: ReserveAnswer) -> dict[str, Any]:
    return {"status": str(answer.result), "statusInfo": status_info(answer.reason)}


def _cancelled(answer: VerdictAnswer) -> dict[str, Any]:
    return {"status": str(answer.verdict), "statusInfo": status_info(answer.reason)}


SERVICES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "ReserveNow": Service(ReserveAsk, _reserve, _reserved),
        "CancelReservation": Service(
            CancelReservationAsk, lambda one: CancelReservationAsk(one.reservationId), _cancelled
        ),
    }
)

SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType({})
