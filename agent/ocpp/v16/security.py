"""Security events in OCPP 1.6 (security whitepaper A04, chapter 8)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.core.facts import SecurityEvent
from agent.core.security import SecurityEventKind
from agent.ocpp.stamps import to_wire

NAMES: Final[Mapping[SecurityEventKind, str]] = MappingProxyType(
    {  # where the whitepaper has a name of its own
        SecurityEventKind.FAILED_TO_AUTHENTICATE_AT_CSMS: "FailedToAuthenticationAtCentralSystem",
        SecurityEventKind.CSMS_FAILED_TO_AUTHENTICATE: "CentralSystemFailedToAuthentication",
        SecurityEventKind.INVALID_CSMS_CERTIFICATE: "InvalidCentralSystemCertificate",
        SecurityEventKind.INVALID_STATION_CERTIFICATE: "InvalidChargePointCertificate",
    }
)


def security_event(fact: SecurityEvent) -> dict[str, Any]:
    """The fields of SecurityEventNotification.req."""
    return {
        "type": NAMES.get(fact.kind, str(fact.kind)),
        "timestamp": to_wire(fact.at_utc_s),
        "techInfo": fact.info or None,
    }
