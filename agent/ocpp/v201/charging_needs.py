"""Needs and plans of cars that talk ISO 15118, in 2.x's words (K15-K17)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec.structs import replace

from agent.core.schedule import Schedule
from agent.core.session import Needs
from agent.ocpp.asks.charging_needs import NeedsTold, Planning, PlanTold
from agent.ocpp.dialect import Notice, Saying, Service
from agent.ocpp.stamps import to_wire
from agent.ocpp.v201.profiles import said_schedule

TRANSFERS: Final[Mapping[str, str]] = MappingProxyType(
    {"AC_single_phase_core": "AC_single_phase", "AC_three_phase_core": "AC_three_phase"}
)


def _needs(notice: NeedsTold) -> dict[str, Any]:
    needs = notice.needs
    departure_s = needs.departure_utc_s
    return {
        "evseId": notice.evse,
        "maxScheduleTuples": needs.entries,
        "chargingNeeds": {
            "requestedEnergyTransfer": "DC" if needs.dc else TRANSFERS[needs.mode],
            "departureTime": None if departure_s is None else to_wire(departure_s),
            "dcChargingParameters" if needs.dc else "acChargingParameters": _dc(needs) if needs.dc else _ac(needs),
        },
    }


def _ac(needs: Needs) -> dict[str, Any]:
    """Whole units, as 2.0.1 wants them; never more than the car said."""
    return {
        "energyAmount": int(needs.energy_wh or 0.0),
        "evMinCurrent": math.ceil(needs.min_current_a or 0.0),
        "evMaxCurrent": int(needs.max_current_a),
        "evMaxVoltage": int(needs.max_voltage_v),
    }


def _dc(needs: Needs) -> dict[str, Any]:
    return {
        "evMaxCurrent": int(needs.max_current_a),
        "evMaxVoltage": int(needs.max_voltage_v),
        "energyAmount": _whole(needs.energy_wh),
        "evMaxPower": _whole(needs.max_power_w),
        "stateOfCharge": needs.soc_pct,
        "evEnergyCapacity": _whole(needs.capacity_wh),
        "fullSoC": needs.full_soc_pct,
        "bulkSoC": needs.bulk_soc_pct,
    }


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def plan_told(notice: PlanTold) -> dict[str, Any]:
    """NotifyEVChargingScheduleRequest."""
    plan = notice.plan
    return {
        "timeBase": to_wire(plan.at_utc_s),
        "evseId": plan.evse,
        "chargingSchedule": said_schedule(_in_tenths(plan.schedule)),
    }


def _in_tenths(schedule: Schedule) -> Schedule:
    """2.x: limits have at most one decimal."""
    return replace(
        schedule, periods=tuple(replace(one, limit=math.floor(one.limit * 10) / 10) for one in schedule.periods)
    )


def plan_taken(response: Any) -> bool:
    """What NotifyEVChargingScheduleResponse means."""
    return bool(response.status == "Accepted")


SERVICES: Final[Mapping[str, Service]] = MappingProxyType({})
SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType(
    {
        NeedsTold: Saying("NotifyEVChargingNeeds", _needs, lambda response: Planning(response.status)),
        PlanTold: Saying("NotifyEVChargingSchedule", plan_told, plan_taken),
    }
)
