"""A session that goes on after a pause: what was chosen in it is offered again, and nothing else is taken."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from agent.iso15118.exi import iso2 as m
from agent.iso15118.secc.events import PowerWanted, Protocol, SessionBegan
from agent.iso15118.secc.iso2 import answer
from agent.iso15118.secc.snapshot import Choice, EnergyMode, Notice, Payment, Period
from agent.iso15118.secc.state import Dice, Paused, Phase, State
from sim.evcc.evcc import charge
from sim.evcc.plan import Plan
from tests.agent.iso15118 import pki
from tests.agent.iso15118.stand import DC, DICE, Battery, Stand, snapshot
from tests.agent.iso15118.test_contracts import judge

ID = bytes.fromhex("1122334455667788")
BEFORE = Paused(ID, EnergyMode.AC_3P, Payment.EXTERNAL, schedule=2)
PLAN = Plan(offers=(Protocol.ISO_2,), charge_s=10.0, session_id=ID)
BOTH = snapshot(payments=(Payment.CONTRACT, Payment.EXTERNAL))
THREE = snapshot(
    schedule=(Period(0, 11_000.0),),
    choices=(Choice(2, (Period(0, 7_000.0),)), Choice(3, (Period(0, 4_000.0),))),
)


def stand(state: Any = BOTH, before: Paused = BEFORE, *, secure: bool = True) -> Stand:
    made = Stand(state, paused=before, dice=Dice(DICE.session_id, DICE.challenge, judge()))
    if secure:
        made.engine.secured()
    return made


def resumed(made: Stand) -> bool:
    (began,) = (one for one in made.events if isinstance(one, SessionBegan))
    return began.resumed


async def test_only_the_payment_that_was_chosen_is_offered_again():
    paid = replace(PLAN, payment=Payment.CONTRACT, contract=pki.contract())
    assert (await charge(stand(), paid, Battery())).ended == "Contract is not among ('ExternalPayment',)"
    by_contract = stand(before=replace(BEFORE, payment=Payment.CONTRACT))
    assert (await charge(by_contract, PLAN, Battery())).ended == "ExternalPayment is not among ('Contract',)"
    assert resumed(by_contract)
    assert (await charge(stand(), PLAN, Battery())).ended == "done"


def test_another_payment_is_refused_whatever_was_offered():
    state = State(phase=Phase.SELECTION, session_id=ID, paused=BEFORE)
    services = m.SelectedServiceListType(SelectedService=(m.SelectedServiceType(ServiceID=1),))
    request = m.PaymentServiceSelectionReq(SelectedPaymentOption="Contract", SelectedServiceList=services)
    refused: Any = answer(state, request, BOTH, 0.0, 0.0)[1].answer
    assert refused.ResponseCode == "FAILED_PaymentSelectionInvalid"


async def test_another_energy_transfer_mode_is_refused():
    report = await charge(stand(), replace(PLAN, mode=EnergyMode.AC_1P), Battery())
    assert report.ended == "ChargeParameterDiscoveryReq: FAILED_WrongEnergyTransferMode"
    new = replace(PLAN, mode=EnergyMode.AC_1P, session_id=bytes(8))
    assert (await charge(stand(), new, Battery())).ended == "done"


async def test_the_schedule_that_was_chosen_is_offered_again_and_no_other():
    made = stand(THREE)
    report = await charge(made, PLAN, Battery())
    assert report.ended == "done"
    assert report.schedules == [((0, 7_000.0),)]
    assert [one.schedule for one in made.events if isinstance(one, PowerWanted) and one.on] == [2]


def test_another_schedule_is_refused():
    state = State(phase=Phase.DELIVERY, session_id=ID, mode=EnergyMode.AC_3P, paused=BEFORE)
    request = m.PowerDeliveryReq(ChargeProgress="Start", SAScheduleTupleID=3)
    refused: Any = answer(state, request, THREE, 0.0, 0.0)[1].answer
    assert refused.ResponseCode == "FAILED_TariffSelectionInvalid"


async def test_where_nobody_makes_that_schedule_any_more_the_new_ones_are_offered():
    report = await charge(stand(THREE, replace(BEFORE, schedule=9)), replace(PLAN, choice=2), Battery())
    assert report.schedules == [((0, 4_000.0),)]


async def test_after_a_renegotiation_it_chooses_as_anybody():
    made = stand(THREE)
    session = asyncio.create_task(charge(made, replace(PLAN, choice=2), Battery()))
    await asyncio.sleep(5)
    made.needs_schedule = THREE.schedule
    made.change(notice=Notice.RENEGOTIATE)
    assert (await session).schedules == [((0, 7_000.0),), ((0, 4_000.0),)]


async def test_what_can_no_longer_be_paid_as_before_is_a_new_session():
    made = stand(before=replace(BEFORE, payment=Payment.CONTRACT), secure=False)
    report = await charge(made, PLAN, Battery())
    assert report.ended == "done"
    assert not resumed(made)
    assert report.session_id == DICE.session_id


@pytest.mark.parametrize(("emaid", "ended"), [(pki.EMAID, "done"), ("DEEVSC99999999", "PaymentDetailsReq: FAILED")])
async def test_the_driver_who_has_begun_goes_on_paying(emaid: str, ended: str):
    made = stand(before=replace(BEFORE, payment=Payment.CONTRACT, emaid=emaid))
    report = await charge(made, replace(PLAN, payment=Payment.CONTRACT, contract=pki.contract()), Battery())
    assert report.ended == ended


@pytest.mark.req("K16.FR.02")
@pytest.mark.parametrize("dc", [False, True], ids=["AC", "DC"])
async def test_the_wish_to_renegotiate_is_told_only_while_energy_flows(dc: bool):
    made = Stand(snapshot(modes=(EnergyMode.DC_EXTENDED,), ac=None, dc=DC) if dc else snapshot())
    heard: list[tuple[str, str]] = []
    ask = made.ask

    async def listening(request: Any, schema: Any) -> Any:
        whole: Any = await ask(request, schema)
        body = getattr(getattr(whole, "Body", None), "BodyElement", None)
        for part in (body, getattr(body, "EVSEChargeParameter", None)):
            for name in ("AC_EVSEStatus", "DC_EVSEStatus", "EVSEStatus"):
                status = getattr(part, name, None)
                heard.extend([] if status is None else [(type(body).__name__, status.EVSENotification)])
        return whole

    made.ask = listening  # type: ignore[method-assign]
    made.change(notice=Notice.RENEGOTIATE)
    mode = EnergyMode.DC_EXTENDED if dc else EnergyMode.AC_3P
    assert (await charge(made, replace(PLAN, session_id=bytes(8), mode=mode), Battery())).ended == "done"
    asked = {name for name, notice in heard if notice == "ReNegotiation"}
    assert asked == {"CurrentDemandRes" if dc else "ChargingStatusRes"}
    assert len(heard) > len(asked)
