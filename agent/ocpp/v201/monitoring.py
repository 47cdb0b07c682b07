"""Monitoring in 2.x (N02-N08)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.asks.monitoring import (
    ClearedAnswer,
    ClearMonitorsAsk,
    Event,
    EventsNotice,
    MonitoringBaseAsk,
    MonitoringCriterion,
    MonitoringLevelAsk,
    MonitoringReportAsk,
    MonitorsAnswer,
    MonitorsNotice,
    SetMonitorsAsk,
)
from agent.ocpp.dialect import Notice, Saying, Service, given, shortened
from agent.ocpp.monitoring import Base, Monitor, MonitorType, Wish
from agent.ocpp.stamps import to_wire
from agent.ocpp.v201.reports import wanted
from agent.ocpp.v201.services import named, place_of, verdict


def _wishes(request: Any) -> SetMonitorsAsk:
    return SetMonitorsAsk(
        tuple(
            Wish(
                name=place_of(one),
                type=MonitorType(one.type),
                value=one.value,
                severity=one.severity,
                transaction=given(one.transaction) or False,
                id=given(one.id),
            )
            for one in request.setMonitoringData
        )
    )


def _set(answer: MonitorsAnswer) -> dict[str, Any]:
    results = [
        {
            "id": one.id,
            "status": str(one.status),
            "type": str(one.wish.type),
            "severity": one.wish.severity,
            **named(one.wish.name),
        }
        for one in answer.results
    ]
    return {"setMonitoringResult": results}


def _cleared(answer: ClearedAnswer) -> dict[str, Any]:
    return {"clearMonitoringResult": [{"id": one, "status": str(status)} for one, status in answer.results]}


def _report(request: Any) -> MonitoringReportAsk:
    criteria = tuple(MonitoringCriterion(one) for one in given(request.monitoringCriteria) or ())
    return MonitoringReportAsk(request.requestId, wanted(request.componentVariable), criteria)


def _events(notice: EventsNotice) -> dict[str, Any]:
    return {
        "generatedAt": to_wire(notice.at_utc_s),
        "seqNo": notice.seq,
        "tbc": notice.more,
        "eventData": [_event(one) for one in notice.events],
    }


def _event(one: Event) -> dict[str, Any]:
    return {
        "eventId": one.id,
        "timestamp": to_wire(one.at_utc_s),
        "trigger": str(one.trigger),
        "cause": one.cause,
        "actualValue": one.value,
        "techCode": shortened(one.tech_code, 50),
        "cleared": True if one.cleared else None,
        "transactionId": one.tx,
        "variableMonitoringId": one.monitor,
        "eventNotificationType": str(one.origin),
        **named(one.name),
    }


def monitor_fields(one: Monitor) -> dict[str, Any]:
    """VariableMonitoringType."""
    return {
        "id": one.id,
        "transaction": one.transaction,
        "value": one.value,
        "type": str(one.type),
        "severity": one.severity,
    }


def _monitors(notice: MonitorsNotice) -> dict[str, Any]:
    return {
        "requestId": notice.request_id,
        "seqNo": notice.seq,
        "tbc": notice.more,
        "generatedAt": to_wire(notice.at_utc_s),
        "monitor": [
            {**named(own[0].name), "variableMonitoring": [monitor_fields(one) for one in own]}
            for own in notice.monitors
        ]
        or None,
    }


SERVICES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "ClearVariableMonitoring": Service(ClearMonitorsAsk, lambda one: ClearMonitorsAsk(tuple(one.id)), _cleared),
        "GetMonitoringReport": Service(MonitoringReportAsk, _report, verdict),
        "SetMonitoringBase": Service(
            MonitoringBaseAsk, lambda one: MonitoringBaseAsk(Base(one.monitoringBase)), verdict
        ),
        "SetMonitoringLevel": Service(MonitoringLevelAsk, lambda one: MonitoringLevelAsk(one.severity), verdict),
        "SetVariableMonitoring": Service(SetMonitorsAsk, _wishes, _set),
    }
)
SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType(
    {
        EventsNotice: Saying("NotifyEvent", _events, hear=lambda _: True),
        MonitorsNotice: Saying("NotifyMonitoringReport", _monitors),
    }
)
