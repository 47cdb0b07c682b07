"""Monitoring: what the CSMS asks, and the events and reports that the station sends (2.x N02-N08)."""

from __future__ import annotations

import enum

import msgspec

from agent.ocpp.asks import Answer, Ask, VariableName
from agent.ocpp.asks.device import Wanted
from agent.ocpp.dialect import Notice
from agent.ocpp.monitoring import Base, Cause, ClearStatus, Monitor, Origin, SetStatus, Wish


class MonitoringCriterion(enum.StrEnum):
    """Which monitors a report tells of (2.x MonitoringCriterionEnumType)."""

    THRESHOLD = "ThresholdMonitoring"
    DELTA = "DeltaMonitoring"
    PERIODIC = "PeriodicMonitoring"


class SetMonitorsAsk(Ask, frozen=True):
    """Set monitors, each by itself, answered one by one in the same order."""

    wishes: tuple[Wish, ...]


class MonitorResult(msgspec.Struct, frozen=True):
    """What became of one wish; `id` of the monitor that was set."""

    wish: Wish
    status: SetStatus
    id: int | None = None


class MonitorsAnswer(Answer, frozen=True):
    """One result for each wish."""

    results: tuple[MonitorResult, ...]


class ClearMonitorsAsk(Ask, frozen=True):
    """Clear monitors by their ids."""

    ids: tuple[int, ...]


class ClearedAnswer(Answer, frozen=True):
    """One result for each id."""

    results: tuple[tuple[int, ClearStatus], ...]


class MonitoringBaseAsk(Ask, frozen=True):
    """Which monitors shall be active."""

    base: Base


class MonitoringLevelAsk(Ask, frozen=True):
    """Only tell of events this severe or more so (a lower number)."""

    severity: int


class MonitoringReportAsk(Ask, frozen=True):
    """Report the monitors on these variables (none named: on all) of these kinds (none named: of every one)."""

    request_id: int
    wanted: tuple[Wanted, ...] = ()
    criteria: tuple[MonitoringCriterion, ...] = ()


class Event(msgspec.Struct, frozen=True):
    """Something that a monitor noticed, or (no `monitor`) the station. `cause`: the event that brought this about."""

    id: int
    at_utc_s: float
    name: VariableName
    value: str
    trigger: Cause
    origin: Origin
    severity: int
    monitor: int | None = None
    cause: int | None = None
    tech_code: str | None = None
    cleared: bool = False
    tx: str | None = None


class EventsNotice(Notice, frozen=True):
    """NotifyEvent: one message of them."""

    seq: int
    more: bool
    at_utc_s: float
    events: tuple[Event, ...]


class MonitorsNotice(Notice, frozen=True):
    """NotifyMonitoringReport: one message of a report; each item holds the monitors on one variable."""

    request_id: int
    seq: int
    more: bool
    at_utc_s: float
    monitors: tuple[tuple[Monitor, ...], ...]
