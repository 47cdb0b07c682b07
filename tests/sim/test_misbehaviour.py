"""Cars that break the rules at one message: the session ends in time, nothing flows, and the next one charges."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from agent.iso15118.secc.events import Outcome, PowerWanted, Protocol
from agent.iso15118.secc.snapshot import EnergyMode
from agent.iso15118.secc.state import Paused
from sim.commands import CommandError, parse
from sim.evcc.evcc import charge
from sim.evcc.misbehaviour import Unruly
from sim.evcc.plan import Plan
from sim.vehicle import Misbehaviour
from tests.agent.iso15118.stand import Battery, Stand, dc_snapshot, snapshot
from tests.sim.blackboxes import SETTINGS, physics, running
from tests.sim.test_blackbox_contract import billed, told
from tests.sim.test_blackbox_dc import CAR as DC_CAR
from tests.sim.test_blackbox_dc import DC

HOW = get_args(get_type_hints(Misbehaviour)["how"])
PLANS: dict[str, tuple[Plan, Any, tuple[str, ...]]] = {
    "AC": (
        Plan(offers=(Protocol.ISO_2,), charge_s=5.0),
        snapshot,
        ("SessionSetupReq", "AuthorizationReq", "ChargeParameterDiscoveryReq", "PowerDeliveryReq", "ChargingStatusReq"),
    ),
    "DC": (
        Plan(offers=(Protocol.ISO_2,), mode=EnergyMode.DC_EXTENDED, charge_s=5.0),
        dc_snapshot,
        ("ServiceDiscoveryReq", "CableCheckReq", "PreChargeReq", "CurrentDemandReq", "WeldingDetectionReq"),
    ),
    "DIN": (
        Plan(offers=(Protocol.DIN,), mode=EnergyMode.DC_EXTENDED, charge_s=5.0),
        dc_snapshot,
        ("ServicePaymentSelectionReq", "ContractAuthenticationReq", "CableCheckReq", "CurrentDemandReq"),
    ),
}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("kind", PLANS)
async def test_whatever_a_car_does_wrong_at_whichever_message_its_session_ends_in_time(kind: str, how: str):
    plan, charger, messages = PLANS[kind]
    for at in messages:
        stand = Stand(charger())
        began_s = stand.now()
        report = await charge(Unruly(stand, Misbehaviour(how, at)), plan, Battery())  # type: ignore[arg-type]
        assert stand.now() - began_s < 200
        if how in {"slow", "split"} or (how, at) == ("another-session", "SessionSetupReq"):
            assert report.ended == "done", at  # a session that nobody has paused is a new one
            continue
        assert report.ended != "done", at
        in_order = how in {"stops", "impatient"}  # what may be asked again may be asked at once
        assert stand.over.outcome in ({Outcome.FAILED, Outcome.TERMINATED} if in_order else {Outcome.FAILED})
        assert stand.closed is not None
        powered = [one.on for one in stand.events if isinstance(one, PowerWanted)]
        assert powered.count(True) <= 1, "energy was asked for again by a car that had broken the rules"


async def test_it_happens_once_and_at_no_other_message():
    stand = Stand(snapshot(), paused=Paused(bytes(8), None, None))
    link = Unruly(stand, Misbehaviour("garbage", "PreChargeReq"))
    assert (await charge(link, PLANS["AC"][0], Battery())).ended == "done"  # type: ignore[arg-type]


async def test_a_dc_car_that_talks_nonsense_has_the_power_off_at_once_and_the_next_one_charges(tmp_path: Path):
    wrong = {"how": "garbage", "at": "CurrentDemandReq"}
    async with running(tmp_path, options=DC, kind="DC", **SETTINGS) as box:
        listening, heard = told(box)
        await box.command("plug_in", DC_CAR | {"misbehaves": wrong})
        await asyncio.sleep(30)
        assert [one.facts["ended"] for one in heard] == ["the charger hung up"]
        assert not any((await physics(box)).contactor.poles)
        assert box._hardware.near is not None
        permits = [one.value for one in box._hardware.near.trace if one.what == "permit"]
        assert permits == [True, False]
        await box.command("plug_out", {"evse": 1})
        await asyncio.sleep(5)
        await box.command("plug_in", DC_CAR)
        await asyncio.sleep(30)
        assert (await physics(box)).current_a[0] == pytest.approx(100.0, abs=0.5)
        listening.cancel()


async def test_an_ac_car_that_hangs_up_inside_tls_is_charged_by_its_duty_cycle_and_the_next_one_talks(tmp_path: Path):
    car = {"evse": 1, "protocol": "iso15118", "payment": "Contract"}
    async with billed(tmp_path) as (box, _):
        listening, heard = told(box)
        await box.command("plug_in", car | {"misbehaves": {"how": "hangs-up", "at": "ChargingStatusReq"}})
        await asyncio.sleep(20)
        assert [one.facts["ended"] for one in heard] == ["the car has left at ChargingStatusReq"]
        assert (await physics(box)).cp.duty_pct == pytest.approx(32 / 0.6, abs=0.1)
        assert (await physics(box)).current_a[0] == pytest.approx(16.0, abs=0.1)
        await box.command("plug_out", {"evse": 1})
        await asyncio.sleep(5)
        await box.command("plug_in", car)
        await asyncio.sleep(20)
        assert (await physics(box)).current_a[0] == pytest.approx(16.0, abs=0.1)
        assert (await physics(box)).cp.duty_pct == pytest.approx(5.0)
        listening.cancel()


@pytest.mark.parametrize(
    ("wrong", "argument"),
    [
        ({"how": "rudely"}, "misbehaves.how"),
        ({"how": "silent", "at": "HelloReq"}, "misbehaves.at"),
        ({"at": "PreChargeReq"}, "misbehaves.how"),
    ],
)
def test_what_no_car_can_do_wrong_is_refused(wrong: dict[str, str], argument: str):
    with pytest.raises(CommandError) as refused:
        parse("plug_in", {"evse": 1, "protocol": "iso15118", "misbehaves": wrong})
    assert refused.value.argument == argument
