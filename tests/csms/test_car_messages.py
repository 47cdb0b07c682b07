"""What cars say that they need, read from messages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.ocpp.codec import Codec, Version
from csms.car_messages import needed
from csms.car_plans import CarPlan

DC = {"evMaxCurrent": 200, "evMaxVoltage": 400}
AC = {"energyAmount": 10_000, "evMinCurrent": 6, "evMaxCurrent": 16, "evMaxVoltage": 230}


def said(**needs: Any) -> CarPlan | None:
    payload = json.dumps({"evseId": 1, "chargingNeeds": needs}).encode()
    return needed(Codec(Version.V201).decode_request("NotifyEVChargingNeeds", payload))


@pytest.mark.parametrize(("mode", "phases"), [("AC_single_phase", 1), ("AC_two_phase", 2), ("AC_three_phase", 3)])
def test_an_ac_car_takes_its_current_on_each_of_its_phases(mode: str, phases: int):
    plan = said(requestedEnergyTransfer=mode, acChargingParameters=AC)
    assert plan is not None
    assert (plan.car.most_w, plan.car.least_w) == (16 * 230 * phases, 6 * 230 * phases)
    assert not plan.direct


@pytest.mark.parametrize(
    ("more", "most_w", "energy_wh"),
    [
        ({}, 80_000, None),
        ({"evMaxPower": 50_000, "energyAmount": 7_000}, 50_000, 7_000),
        ({"stateOfCharge": 20, "evEnergyCapacity": 50_000}, 80_000, 40_000),
        ({"stateOfCharge": 20, "evEnergyCapacity": 50_000, "fullSoC": 80}, 80_000, 30_000),
        ({"stateOfCharge": 90, "evEnergyCapacity": 50_000, "fullSoC": 80}, 80_000, 0),
    ],
)
def test_a_dc_car_wants_what_it_says_or_what_its_battery_lacks(
    more: dict[str, int], most_w: float, energy_wh: float | None
):
    plan = said(requestedEnergyTransfer="DC", dcChargingParameters=DC | more)
    assert plan is not None
    assert (plan.car.most_w, plan.car.energy_wh, plan.direct) == (most_w, energy_wh, True)


def test_a_car_that_says_too_little_or_takes_nothing_is_none_to_plan_for():
    assert said(requestedEnergyTransfer="DC") is None
    assert said(requestedEnergyTransfer="DC", dcChargingParameters=DC | {"evMaxCurrent": 0}) is None
