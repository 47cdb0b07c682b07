"""Security events in OCPP 2.x (A04)."""

from __future__ import annotations

from typing import Any

from agent.core.facts import SecurityEvent
from agent.ocpp.stamps import to_wire


def security_event(fact: SecurityEvent) -> dict[str, Any]:
    """The fields of SecurityEventNotificationRequest."""
    return {"type": str(fact.kind), "timestamp": to_wire(fact.at_utc_s), "techInfo": fact.info or None}
