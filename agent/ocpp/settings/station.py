"""What the station is and what it tells of itself. Most of it is 1.6's: 2.x says it elsewhere in its device model."""

from __future__ import annotations

from typing import Final

from agent.ocpp.setting import Access
from agent.ocpp.settings.rows import DAY_S, integer, length, members, seconds

ROTATIONS: Final = ("NotApplicable", "Unknown", "RST", "RTS", "SRT", "STR", "TRS", "TSR")  # 1.6 9.1.7

NUMBER_OF_CONNECTORS: Final = integer(None, "NumberOfConnectors", 1, access=Access.READ_ONLY, derived=True)
SUPPORTED_FEATURE_PROFILES: Final = members(
    None,
    "SupportedFeatureProfiles",
    ("Core",),
    ("Core", "FirmwareManagement", "LocalAuthListManagement", "Reservation", "SmartCharging", "RemoteTrigger"),
    access=Access.READ_ONLY,
    derived=True,
)
SUPPORTED_FEATURE_PROFILES_LENGTH: Final = length(SUPPORTED_FEATURE_PROFILES)
MINIMUM_STATUS_DURATION: Final = seconds(  # 1.6 9.1.20; a generic variable of 2.x
    "ChargingStation.MinimumStatusDuration", "MinimumStatusDuration", 0, maximum=DAY_S
)
CONNECTOR_PHASE_ROTATION: Final = members(
    None,
    "ConnectorPhaseRotation",
    ("0.Unknown",),
    tuple(f"1.{one}" for one in ROTATIONS),
    member=rf"\d{{1,3}}\.({'|'.join(ROTATIONS)})",
    minimum=1,
    maximum=20,
)
CONNECTOR_PHASE_ROTATION_LENGTH: Final = length(CONNECTOR_PHASE_ROTATION)
