"""Reports on the device model in 2.x (B07, B08)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.asks.device import Criterion, ReportAsk, Wanted
from agent.ocpp.device_model import Attribute, Variable
from agent.ocpp.dialect import Notice, Saying, Service, given
from agent.ocpp.reports import ReportPart
from agent.ocpp.setting import Access
from agent.ocpp.stamps import to_wire
from agent.ocpp.v201.services import named, verdict


def wanted(items: Any) -> tuple[Wanted, ...]:
    """ComponentVariableType, one or many."""
    return tuple(_wanted(one) for one in given(items) or ())


def _wanted(item: Any) -> Wanted:
    evse, variable = given(item.component.evse), given(item.variable)
    return Wanted(
        component=item.component.name,
        component_instance=given(item.component.instance) or None,
        evse=evse.id if evse is not None else None,
        connector=given(evse.connectorId) if evse is not None else None,
        variable=variable.name if variable is not None else None,
        instance=(given(variable.instance) or None) if variable is not None else None,
    )


def _report(request: Any) -> ReportAsk:
    criteria = tuple(Criterion(one) for one in given(request.componentCriteria) or ())
    return ReportAsk(request.requestId, wanted(request.componentVariable), criteria)


def _part(part: ReportPart) -> dict[str, Any]:
    return {
        "requestId": part.request_id,
        "generatedAt": to_wire(part.at_utc_s),
        "seqNo": part.seq,
        "tbc": part.more,
        "reportData": [_reported(one) for one in part.variables] or None,
    }


def _reported(one: Variable) -> dict[str, Any]:
    """A variable's attributes, set or not, and its characteristics (B07.FR.08, B07.FR.11, B08.FR.12)."""
    return {
        **named(one.name),
        "variableAttribute": [_attribute(attribute) for attribute in one.attributes],
        "variableCharacteristics": {
            "dataType": one.type,
            "unit": one.unit,
            "minLimit": one.minimum,
            "maxLimit": one.maximum,
            "valuesList": None if one.values is None else ",".join(one.values),
            "supportsMonitoring": one.monitored,
        },
    }


def _attribute(one: Attribute) -> dict[str, Any]:
    return {
        "type": one.kind,
        "value": None if one.access is Access.WRITE_ONLY else one.value or None,
        "mutability": str(one.access),
        "persistent": True if one.persistent else None,
        "constant": True if one.constant else None,
    }


SERVICES: Final[Mapping[str, Service]] = MappingProxyType({"GetReport": Service(ReportAsk, _report, verdict)})
SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType({ReportPart: Saying("NotifyReport", _part)})
