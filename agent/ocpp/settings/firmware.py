"""How the station goes about a firmware update."""

from __future__ import annotations

from typing import Final

from agent.ocpp.settings.rows import flag

ALLOW_NEW_SESSIONS: Final = flag("ChargingStation.AllowNewSessionsPendingFirmwareUpdate", None, default=False)
