"""Reservation (2.0.1 H01, H02; 1.6 §3.11, §5.1, §5.13): promise an EVSE to a driver, or let it go again.

The rules of who is let in stand in `agent.core.reservation`; `agent.runtime.reservations` watches over time.
"""

from __future__ import annotations

from collections.abc import Callable

from agent.ocpp.asks import ACCEPTED, Handled, Reason, rejected
from agent.ocpp.asks.reservation import CancelReservationAsk, ReserveAnswer, ReserveAsk, Reserved
from agent.ocpp.block import Block, Routes
from agent.ocpp.charger import Charger
from agent.ocpp.hardware_model import connector_type
from agent.ocpp.settings.reservation import RESERVATION_ENABLED, RESERVATION_NON_EVSE_SPECIFIC
from agent.ocpp.variables import Settings


class Reservation(Block):
    """Judges what the CSMS wants reserved."""

    def __init__(self, charger: Charger, settings: Settings, now_utc_s: Callable[[], float]) -> None:
        self._charger = charger
        self._settings = settings
        self._now_utc_s = now_utc_s

    def routes(self) -> Routes:
        """Who answers what."""
        return {ReserveAsk: self.reserve, CancelReservationAsk: self.cancel}

    def reserve(self, ask: ReserveAsk) -> Handled:
        """ReserveNow (H01)."""
        reason = self._unfit(ask)
        if reason is not None:
            return Handled(ReserveAnswer(Reserved.REJECTED, reason))
        why = self._charger.reservations.reserve(ask.reservation)
        return Handled(ReserveAnswer(Reserved.ACCEPTED if why is None else Reserved(why)))

    def cancel(self, ask: CancelReservationAsk) -> Handled:
        """CancelReservation (H02.FR.01, H02.FR.02)."""
        return ACCEPTED if self._charger.reservations.cancel(ask.id) else rejected(Reason.NOT_FOUND)

    def _unfit(self, ask: ReserveAsk) -> Reason | None:
        new = ask.reservation
        if not self._settings.get(RESERVATION_ENABLED):
            return Reason.NOT_ENABLED  # H01.FR.01
        if new.evse is None and not self._settings.get(RESERVATION_NON_EVSE_SPECIFIC):
            return Reason.UNSUPPORTED_PARAM  # H01.FR.19; 1.6 ReserveConnectorZeroSupported
        if new.evse is not None and new.evse not in self._charger.evse_ids:
            return Reason.UNKNOWN_EVSE
        evses = self._charger.evse_ids if new.evse is None else (new.evse,)
        kinds = {connector_type(self._charger.capabilities(evse)) for evse in evses}
        if new.connector_type is not None and new.connector_type not in kinds:
            return Reason.UNKNOWN_CONNECTOR_TYPE
        return Reason.INVALID_VALUE if new.expires_utc_s <= self._now_utc_s() else None
