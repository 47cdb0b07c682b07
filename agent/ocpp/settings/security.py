"""What counts as a security event."""

from __future__ import annotations

from typing import Final

from agent.ocpp.settings.rows import DAY_S, seconds

TIME_ADJUSTMENT_THRESHOLD: Final = seconds("ClockCtrlr.TimeAdjustmentReportingThreshold", None, 20, maximum=DAY_S)
