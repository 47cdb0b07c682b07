"""What a 2.x charger says for cars that talk: what they need, and what they mean to draw (K15-K17)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from csms.back_office import BackOffice
from csms.car_plans import CarPlan
from csms.car_schedules import Car, Steps
from csms.dialects import Handler, known, moment

NOMINAL_V: Final = 230.0  # our policy: what an ampere of a phase is worth
PHASES: Final[Mapping[str, int]] = MappingProxyType(
    {"AC_single_phase": 1, "AC_two_phase": 2, "AC_three_phase": 3}  # EnergyTransferModeEnumType
)
PERCENT: Final = 100.0


def handlers(office: BackOffice, wire: Any) -> dict[str, Handler]:
    """Who answers what; where nobody plans, every need is rejected and every plan of a car's own accepted."""

    async def needs(charger: str, request: Any) -> msgspec.Struct:
        plan = needed(request)
        planned = office.cars is not None and plan is not None and await office.cars.needs(charger, plan)
        answer: msgspec.Struct = wire.NotifyEVChargingNeedsResponse(status="Accepted" if planned else "Rejected")
        return answer

    async def schedule(charger: str, request: Any) -> msgspec.Struct:
        evse, cars = request.evseId, office.cars
        plan = next((one for one in (() if cars is None else cars.plans(charger)) if one.evse == evse), None)
        agreed = cars is None or plan is None or cars.schedule(charger, evse, meant(request, plan.volts))
        answer: msgspec.Struct = wire.NotifyEVChargingScheduleResponse(status="Accepted" if agreed else "Rejected")
        return answer

    return {"NotifyEVChargingNeeds": needs, "NotifyEVChargingSchedule": schedule}


def needed(request: Any) -> CarPlan | None:
    """A car as it says what it needs; None where it says too little."""
    said = request.chargingNeeds
    ac, dc, departs = known(said.acChargingParameters), known(said.dcChargingParameters), known(said.departureTime)
    departs_utc_s = None if departs is None else moment(departs)
    entries = known(request.maxScheduleTuples) or None
    if ac is not None:
        phases = PHASES.get(str(said.requestedEnergyTransfer), 3)
        volts = NOMINAL_V * phases
        car = Car(
            most_w=float(ac.evMaxCurrent) * volts,
            least_w=float(ac.evMinCurrent) * volts,
            energy_wh=float(ac.energyAmount),
            departs_utc_s=departs_utc_s,
            entries=entries,
        )
        return _plan(request.evseId, car, volts, direct=False)
    if dc is not None:
        power, volts = known(dc.evMaxPower), float(dc.evMaxVoltage)
        car = Car(
            most_w=float(dc.evMaxCurrent) * volts if power is None else float(power),
            energy_wh=_lacking_wh(dc),
            departs_utc_s=departs_utc_s,
            entries=entries,
        )
        return _plan(request.evseId, car, volts, direct=True)
    return None


def _plan(evse: int, car: Car, volts: float, *, direct: bool) -> CarPlan | None:
    if not 0 < car.most_w < math.inf:
        return None
    return CarPlan(evse=evse, tx="", car=car, direct=direct, volts=volts, said_wh=0.0)


def _lacking_wh(dc: Any) -> float | None:
    """What a DC car wants: as it says, or what its battery lacks."""
    wanted, capacity, charge = known(dc.energyAmount), known(dc.evEnergyCapacity), known(dc.stateOfCharge)
    if wanted is not None:
        return float(wanted)
    if capacity is None or charge is None:
        return None
    full = known(dc.fullSoC)
    lacking_pct = max(0.0, (PERCENT if full is None else float(full)) - float(charge))
    return float(capacity) * lacking_pct / PERCENT


def meant(request: Any, volts: float) -> Steps:
    """What a car means to draw, in watt. `volts`: what an ampere is worth to it, over all its phases."""
    begin_s, told = moment(request.timeBase), request.chargingSchedule
    factor = volts if told.chargingRateUnit == "A" else 1.0
    return tuple(sorted((begin_s + one.startPeriod, one.limit * factor) for one in told.chargingSchedulePeriod))
