"""What DIN 70121 and ISO 15118-2 share of DC: a car's wishes, precharge, demand, and a car that is let down."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from agent.iso15118.exi import din, iso2
from agent.iso15118.secc import dc
from agent.iso15118.secc.events import Demanded, EnergyWanted, PreChargeWanted, Protocol
from agent.iso15118.secc.snapshot import Check, EnergyMode
from agent.iso15118.secc.state import State
from agent.iso15118.secc.values import physical
from sim.evcc.evcc import charge
from sim.evcc.plan import Plan
from tests.agent.iso15118.stand import Battery, Stand, dc_snapshot

BOTH = pytest.mark.parametrize("m", [iso2, din], ids=["iso2", "din"])


def quantity(m: Any, value: float, unit: str) -> Any:
    return physical(m.PhysicalValueType, value, unit)


def status(m: Any) -> Any:
    return m.DC_EVStatusType(EVReady=True, EVErrorCode="NO_ERROR", EVRESSSOC=41)


@BOTH
def test_everything_that_a_car_says_of_itself_is_heard(m: Any):
    own = m.DC_EVChargeParameter(
        DC_EVStatus=status(m),
        EVMaximumCurrentLimit=quantity(m, 120.0, "A"),
        EVMaximumVoltageLimit=quantity(m, 410.0, "V"),
        EVMaximumPowerLimit=quantity(m, 49_000.0, "W"),
        EVEnergyRequest=quantity(m, 23_000.0, "Wh"),
        EVEnergyCapacity=quantity(m, 60_000.0, "Wh"),
        FullSOC=99,
        BulkSOC=80,
    )
    assert dc.energy_wanted(EnergyMode.DC_EXTENDED, own, 7200) == EnergyWanted(
        mode=EnergyMode.DC_EXTENDED,
        max_current_a=120.0,
        max_voltage_v=410.0,
        max_power_w=49_000.0,
        energy_wh=23_000.0,
        capacity_wh=60_000.0,
        departure_s=7200,
        soc_pct=41,
        full_soc_pct=99,
        bulk_soc_pct=80,
    )


@BOTH
@pytest.mark.parametrize(("asked_a", "let_a"), [(10.0, 2.0), (1.0, 1.0)])
def test_no_more_than_two_ampere_flow_before_the_voltages_agree(m: Any, asked_a: float, let_a: float):
    request = m.PreChargeReq(
        DC_EVStatus=status(m),
        EVTargetVoltage=quantity(m, 400.0, "V"),
        EVTargetCurrent=quantity(m, asked_a, "A"),
    )
    _, reply = dc.pre_charge(m, State(), dc_snapshot(), request)
    assert reply.answer.ResponseCode == "OK"
    assert reply.events == (PreChargeWanted(400.0, let_a),)


@BOTH
@pytest.mark.parametrize("volts", [501.0, -1.0])
def test_a_voltage_beyond_the_supplys_is_not_precharged(m: Any, volts: float):
    request = m.PreChargeReq(
        DC_EVStatus=status(m), EVTargetVoltage=quantity(m, volts, "V"), EVTargetCurrent=quantity(m, 1.0, "A")
    )
    _, reply = dc.pre_charge(m, State(), dc_snapshot(), request)
    assert (reply.answer.ResponseCode, reply.events) == ("FAILED", ())


@BOTH
def test_everything_that_a_car_demands_is_heard(m: Any):
    request = m.CurrentDemandReq(
        DC_EVStatus=status(m),
        EVTargetCurrent=quantity(m, 100.0, "A"),
        EVTargetVoltage=quantity(m, 400.0, "V"),
        EVMaximumVoltageLimit=quantity(m, 410.0, "V"),
        EVMaximumCurrentLimit=quantity(m, 120.0, "A"),
        EVMaximumPowerLimit=quantity(m, 49_000.0, "W"),
        RemainingTimeToFullSoC=quantity(m, 1800.0, "s"),
        ChargingComplete=True,
    )
    assert dc.demanded(request) == Demanded(
        voltage_v=400.0,
        current_a=100.0,
        soc_pct=41,
        complete=True,
        max_voltage_v=410.0,
        max_current_a=120.0,
        max_power_w=49_000.0,
        full_in_s=1800.0,
    )


@pytest.mark.parametrize("protocol", [Protocol.ISO_2, Protocol.DIN])
async def test_a_car_whose_charger_is_not_ready_any_more_stops_by_itself(protocol: Protocol):
    stand = Stand(dc_snapshot())
    plan = Plan(offers=(protocol,), mode=EnergyMode.DC_EXTENDED, charge_s=3600.0)
    session = asyncio.get_running_loop().create_task(charge(stand, plan, Battery()))
    await asyncio.sleep(20)
    stand.change(dc=replace(stand.snapshot.dc, cable_check=Check.RUNNING))
    assert (await session).ended == "done"
    assert stand.now() < 60


async def test_when_the_driver_leaves_is_heard_from_a_dc_car():
    stand = Stand(dc_snapshot())
    plan = Plan(offers=(Protocol.ISO_2,), mode=EnergyMode.DC_EXTENDED, departure_s=5400)
    assert (await charge(stand, plan, Battery())).ended == "done"
    assert [one.departure_s for one in stand.events if isinstance(one, EnergyWanted)] == [5400]
