"""Monitoring in 2.1: a monitor says who set it (N02)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.asks.monitoring import MonitorsNotice
from agent.ocpp.dialect import Notice, Saying
from agent.ocpp.v201 import monitoring as older


def _monitors(notice: MonitorsNotice) -> dict[str, Any]:
    said = older.SAYINGS[MonitorsNotice].say(notice)
    for fields, own in zip(said["monitor"] or (), notice.monitors, strict=True):
        for each, monitor in zip(fields["variableMonitoring"], own, strict=True):
            each["eventNotificationType"] = str(monitor.origin)
    return said


SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType(
    {MonitorsNotice: Saying("NotifyMonitoringReport", _monitors)}
)
