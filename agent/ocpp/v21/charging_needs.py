"""What OCPP 2.1 says otherwise than 2.0.1 about a car's plans: which schedule it has chosen has a field of its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.asks.charging_needs import PlanTold
from agent.ocpp.dialect import Notice, Saying
from agent.ocpp.v201.charging_needs import plan_taken, plan_told


def _plan(notice: PlanTold) -> dict[str, Any]:
    return plan_told(notice) | {"selectedChargingScheduleId": notice.plan.schedule.id}  # K15.FR.21


SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType(
    {PlanTold: Saying("NotifyEVChargingSchedule", _plan, plan_taken)}
)
