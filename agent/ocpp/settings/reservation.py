"""Reservations (ReservationCtrlr; 1.6 9.3)."""

from __future__ import annotations

from typing import Final

from agent.ocpp.setting import Access
from agent.ocpp.settings.rows import available, flag

RESERVATION_AVAILABLE: Final = available("ReservationCtrlr")
RESERVATION_ENABLED: Final = flag("ReservationCtrlr.Enabled", None, default=True)
RESERVATION_NON_EVSE_SPECIFIC: Final = flag(
    "ReservationCtrlr.NonEvseSpecific", "ReserveConnectorZeroSupported", default=True, access=Access.READ_ONLY
)
