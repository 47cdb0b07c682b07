"""The charger's side of a session: whole charges, what interrupts them, and what a hostile car can try."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from msgspec.structs import replace

from agent.iso15118 import exi
from agent.iso15118.exi import app_protocol, din, iso2
from agent.iso15118.secc.events import (
    CableCheckWanted,
    Demanded,
    EnergyWanted,
    Negotiated,
    Outcome,
    PowerWanted,
    PreChargeWanted,
    Protocol,
    SessionBegan,
    WeldingCheckWanted,
)
from agent.iso15118.secc.snapshot import Check, EnergyMode, Meter, Notice, Payment, Period, Permission
from agent.iso15118.secc.state import Paused
from agent.iso15118.v2gtp import PayloadType, framed
from sim.evcc.evcc import charge
from sim.evcc.plan import EVCC_ID, Plan
from tests.agent.iso15118.stand import DICE, NO_MESSAGES, Battery, Stand, dc_snapshot, snapshot

AC_PLAN = Plan(offers=(Protocol.ISO_2,))
DC_PLAN = Plan(offers=(Protocol.ISO_2,), mode=EnergyMode.DC_EXTENDED)
DIN_PLAN = Plan(offers=(Protocol.DIN,), mode=EnergyMode.DC_EXTENDED)
DC_PLANS = pytest.mark.parametrize("plan", [DC_PLAN, DIN_PLAN], ids=["iso2", "din"])


def kinds(stand: Stand) -> list[str]:
    return [type(one).__name__ for one in stand.events]


async def test_an_ac_car_charges_from_setup_to_stop():
    stand, battery = Stand(snapshot()), Battery(voltage_v=230.0)
    report = await charge(stand, AC_PLAN, battery)
    assert report.ended == "done"
    assert report.protocol is Protocol.ISO_2
    assert stand.events[1] == SessionBegan(Protocol.ISO_2, DICE.session_id, EVCC_ID)
    assert PowerWanted(True) in stand.events
    assert PowerWanted(False) in stand.events
    assert battery.limits_a[0] == 16.0
    assert stand.over.outcome is Outcome.TERMINATED
    assert kinds(stand).count("EnergyWanted") == 1


@DC_PLANS
async def test_a_dc_car_charges_from_setup_to_stop(plan: Plan):
    stand = Stand(dc_snapshot())
    report = await charge(stand, plan, Battery())
    assert report.ended == "done"
    assert stand.over.outcome is Outcome.TERMINATED
    order = [one for one in kinds(stand) if one not in {"PaymentChosen", "EnergyWanted"}]
    first = list(dict.fromkeys(order))
    assert first == [
        "Negotiated",
        "SessionBegan",
        "CableCheckWanted",
        "PreChargeWanted",
        "PowerWanted",
        "Demanded",
        "WeldingCheckWanted",
        "SessionOver",
    ]
    assert kinds(stand).count("CableCheckWanted") == 1
    demands = [one for one in stand.events if isinstance(one, Demanded)]
    assert {one.current_a for one in demands} == {32.0}
    assert next(one for one in stand.events if isinstance(one, PreChargeWanted)).current_a <= 2.0
    assert isinstance(stand.events[-2], WeldingCheckWanted)


async def test_the_protocol_that_the_car_likes_best_is_spoken():
    dc_both = Plan(offers=(Protocol.DIN, Protocol.ISO_2), mode=EnergyMode.DC_EXTENDED)
    assert (await charge(Stand(dc_snapshot()), dc_both, Battery())).protocol is Protocol.DIN
    only_iso = Stand(dc_snapshot(), spoken=(Protocol.ISO_2,))
    assert (await charge(only_iso, dc_both, Battery())).protocol is Protocol.ISO_2


async def test_a_car_that_speaks_nothing_that_is_spoken_here_is_told_so():
    stand = Stand(dc_snapshot(), spoken=(Protocol.ISO_2,))
    report = await charge(stand, DIN_PLAN, Battery())
    assert "speaks none" in report.ended
    assert stand.over.outcome is Outcome.FAILED


async def test_every_split_of_the_octets_gives_the_same_session():
    whole, sizes = None, (1, 2, 3, 7, 64)
    for size in sizes:
        stand = Stand(snapshot(), piece_octets=size)
        assert (await charge(stand, AC_PLAN, Battery(voltage_v=230.0))).ended == "done"
        whole = whole or stand.sent
        assert stand.sent == whole


# Authorisation


async def test_the_car_waits_as_long_as_the_driver_takes_to_present_a_card():
    stand = Stand(snapshot(permission=Permission.WAITING))
    session = asyncio.get_running_loop().create_task(charge(stand, AC_PLAN, Battery()))
    await asyncio.sleep(600)
    assert not stand.engine.over
    stand.change(permission=Permission.PENDING)
    await asyncio.sleep(5)
    stand.change(permission=Permission.GRANTED)
    assert (await session).ended == "done"


@pytest.mark.parametrize("plan", [AC_PLAN, DIN_PLAN], ids=["iso2", "din"])
async def test_a_driver_who_is_refused_ends_the_session(plan: Plan):
    state = snapshot() if plan is AC_PLAN else dc_snapshot()
    stand = Stand(replace(state, permission=Permission.DENIED))
    report = await charge(stand, plan, Battery())
    assert "FAILED" in report.ended
    assert stand.over.outcome is Outcome.FAILED
    assert PowerWanted(True) not in stand.events


@pytest.mark.parametrize("plan", [AC_PLAN, DIN_PLAN], ids=["iso2", "din"])
async def test_a_verdict_that_does_not_come_ends_the_session_before_the_car_loses_patience(plan: Plan):
    state = snapshot() if plan is AC_PLAN else dc_snapshot()
    stand = Stand(replace(state, permission=Permission.PENDING))
    begun_s = stand.now()
    report = await charge(stand, plan, Battery())
    assert "FAILED" in report.ended
    assert 54 <= stand.now() - begun_s <= 57


# Limits


async def test_the_schedule_is_told_once_the_cars_wishes_are_known():
    stand = Stand(snapshot(schedule=None))
    stand.needs_schedule = (Period(0, 3_680.0), Period(1800, 11_040.0))
    report = await charge(stand, AC_PLAN, Battery())
    assert report.ended == "done"
    wanted = [one for one in stand.events if isinstance(one, EnergyWanted)]
    assert [one.energy_wh for one in wanted] == [20_000.0]


async def test_a_limit_that_changes_reaches_the_car_within_its_next_message():
    stand, battery = Stand(snapshot()), Battery(voltage_v=230.0)
    session = asyncio.get_running_loop().create_task(charge(stand, AC_PLAN, battery))
    await asyncio.sleep(20)
    stand.change(ac=replace(stand.snapshot.ac, max_current_a=10.0))
    await asyncio.sleep(1.1)
    assert battery.limits_a[-1] == 10.0
    await session


@pytest.mark.parametrize("dc", [False, True])
async def test_the_charger_can_have_limits_renegotiated(dc: bool):
    stand, plan = (Stand(dc_snapshot()), DC_PLAN) if dc else (Stand(snapshot()), AC_PLAN)
    session = asyncio.get_running_loop().create_task(charge(stand, plan, Battery()))
    await asyncio.sleep(20)
    stand.change(notice=Notice.RENEGOTIATE)
    report = await session
    assert report.ended == "done"
    assert kinds(stand).count("RenegotiationBegan") == 1
    assert kinds(stand).count("EnergyWanted") == 2


@DC_PLANS
async def test_the_charger_can_stop_the_session(plan: Plan):
    stand = Stand(dc_snapshot())
    session = asyncio.get_running_loop().create_task(charge(stand, replace(plan, charge_s=3600.0), Battery()))
    await asyncio.sleep(20)
    stand.change(notice=Notice.STOP)
    report = await session
    assert report.ended == "done"
    assert stand.now() < 60


async def test_what_the_car_can_speak_is_known_even_where_nothing_is_agreed():
    stand = Stand(snapshot(), spoken=(Protocol.ISO_2,))
    both = ((1, f"{Protocol.DIN},2,0"), (2, f"{Protocol.ISO_2},2,0"))
    await charge(stand, replace(AC_PLAN, offers=(Protocol.DIN, Protocol.ISO_2)), Battery())
    assert stand.events[0] == Negotiated(both, f"{Protocol.ISO_2},2,0")
    other = Stand(snapshot(), spoken=(Protocol.ISO_2,))
    await charge(other, DIN_PLAN, Battery())
    assert other.events[0] == Negotiated(((1, f"{Protocol.DIN},2,0"),), None)


async def test_a_mode_that_is_not_offered_is_refused():
    stand = Stand(snapshot())
    report = await charge(stand, DC_PLAN, Battery())
    assert "FAILED_WrongEnergyTransferMode" in report.ended


async def test_a_payment_that_is_not_offered_is_not_asked_for():
    report = await charge(Stand(snapshot()), replace(AC_PLAN, payment=Payment.CONTRACT), Battery())
    assert "Contract is not among" in report.ended


# Faults


async def test_a_contactor_that_does_not_close_fails_the_start_in_time():
    stand = Stand(snapshot(), obeys=False)
    report = await charge(stand, AC_PLAN, Battery())
    assert "FAILED_ContactorError" in report.ended
    assert report.slowest_s == pytest.approx(3.0, abs=0.1)
    assert stand.events[-2] == PowerWanted(False)


@DC_PLANS
async def test_a_fault_while_energy_flows_is_an_emergency_and_ends_the_session(plan: Plan):
    stand = Stand(dc_snapshot())
    session = asyncio.get_running_loop().create_task(charge(stand, replace(plan, charge_s=3600.0), Battery()))
    await asyncio.sleep(20)
    stand.change(fault="insulation lost")
    report = await session
    assert "FAILED" in report.ended
    assert stand.over.outcome is Outcome.FAILED


@DC_PLANS
async def test_insulation_that_fails_the_check_lets_no_voltage_out(plan: Plan):
    stand = Stand(dc_snapshot(), obeys=False)
    session = asyncio.get_running_loop().create_task(charge(stand, plan, Battery()))
    await asyncio.sleep(1)
    assert CableCheckWanted() in stand.events
    stand.change(dc=replace(stand.snapshot.dc, cable_check=Check.FAILED))
    assert "CableCheckReq: FAILED" in (await session).ended
    assert not any(isinstance(one, PreChargeWanted) for one in stand.events)


@DC_PLANS
async def test_a_cable_check_that_takes_too_long_fails(plan: Plan):
    stand = Stand(dc_snapshot(), obeys=False)
    report = await charge(stand, plan, Battery())
    assert "CableCheckReq: FAILED" in report.ended
    assert stand.now() == pytest.approx(38, abs=2)


async def test_the_result_of_an_earlier_cable_check_is_no_answer_to_a_new_request():
    stand = Stand(dc_snapshot(dc=replace(dc_snapshot().dc, cable_check=Check.PASSED)), obeys=False)
    session = asyncio.get_running_loop().create_task(charge(stand, DC_PLAN, Battery()))
    await stand.until(CableCheckWanted())
    stand.change(dc=replace(stand.snapshot.dc, cable_check=Check.FAILED))
    assert "CableCheckReq: FAILED" in (await session).ended


async def test_a_car_that_goes_silent_is_given_up_after_the_sequence_time_out():
    stand = Stand(snapshot())
    await stand.ask(supported(Protocol.ISO_2), app_protocol)
    begun_s = stand.now()
    await asyncio.sleep(61)
    assert stand.over.outcome is Outcome.FAILED
    assert stand.closed is not None
    assert begun_s <= 1


async def test_a_car_that_connects_and_says_nothing_is_given_up():
    stand = Stand(snapshot())
    await asyncio.sleep(18.5)
    assert stand.over.outcome is Outcome.FAILED


async def test_a_connection_that_breaks_ends_the_session_once():
    stand = Stand(snapshot())
    session = asyncio.get_running_loop().create_task(charge(stand, AC_PLAN, Battery()))
    await asyncio.sleep(20)
    await stand.close()
    await session
    assert stand.over.outcome is Outcome.FAILED


# Pausing


async def test_a_paused_session_is_joined_again_by_its_id():
    stand = Stand(snapshot())
    report = await charge(stand, replace(AC_PLAN, pause=True), Battery())
    assert report.ended == "paused"
    assert stand.over.outcome is Outcome.PAUSED
    again = Stand(snapshot(), paused=Paused(report.session_id, EnergyMode.AC_3P, Payment.EXTERNAL))
    joined = await charge(again, replace(AC_PLAN, session_id=report.session_id), Battery())
    assert joined.ended == "done"
    assert joined.session_id == report.session_id
    assert again.events[1] == SessionBegan(Protocol.ISO_2, report.session_id, EVCC_ID, resumed=True)


async def test_a_session_id_that_nobody_paused_gets_a_new_session():
    stand = Stand(snapshot())
    report = await charge(stand, replace(AC_PLAN, session_id=bytes.fromhex("ffffffffffffffff")), Battery())
    assert report.ended == "done"
    assert report.session_id == DICE.session_id


# Metering


async def test_the_register_is_told_while_energy_flows():
    stand = Stand(snapshot(meter=Meter("MTR-1", 1234.9, 1_800_000_000.0)))
    heard: list[Any] = []
    ask = stand.ask

    async def listening(request: Any, schema: Any) -> Any:
        answer = await ask(request, schema)
        heard.append(answer)
        return answer

    stand.ask = listening  # type: ignore[method-assign]
    await charge(stand, AC_PLAN, Battery())
    statuses = [one.Body.BodyElement for one in heard if isinstance(one, iso2.V2G_Message)]
    told = [one.MeterInfo for one in statuses if isinstance(one, iso2.ChargingStatusRes)]
    assert told
    assert {(one.MeterID, one.MeterReading) for one in told} == {("MTR-1", 1234)}


# What a hostile cable can try


def supported(*protocols: Protocol) -> app_protocol.supportedAppProtocolReq:
    return app_protocol.supportedAppProtocolReq(
        AppProtocol=tuple(
            app_protocol.AppProtocolType(
                ProtocolNamespace=one.value, VersionNumberMajor=2, VersionNumberMinor=0, SchemaID=n, Priority=n
            )
            for n, one in enumerate(protocols, start=1)
        )
    )


@pytest.mark.parametrize(
    "octets",
    [
        *NO_MESSAGES,
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
@pytest.mark.parametrize("negotiated", [False, True])
async def test_octets_that_are_no_message_end_the_session_and_nothing_else(octets: bytes, negotiated: bool):
    stand = Stand(snapshot())
    if negotiated:
        await stand.ask(supported(Protocol.ISO_2), app_protocol)
    await stand.send(octets)
    assert stand.closed is not None
    assert stand.over.outcome is Outcome.FAILED
    stand.engine.receive(b"\x01\xfe\x80\x01", stand.now())
    assert stand.engine.take().data == b""


def requests(m: Any) -> list[Any]:
    """A request of every type, filled from its grammar with what comes first."""
    status = m.DC_EVStatusType(EVReady=True, EVErrorCode="NO_ERROR", EVRESSSOC=1)
    volt = m.PhysicalValueType(Multiplier=0, Unit="V", Value=400)
    ampere = m.PhysicalValueType(Multiplier=0, Unit="A", Value=10)
    demand = {
        "DC_EVStatus": status,
        "EVTargetCurrent": ampere,
        "EVTargetVoltage": volt,
        "ChargingComplete": False,
    }
    common = [
        m.SessionSetupReq(EVCCID=EVCC_ID),
        m.ServiceDiscoveryReq(),
        m.CableCheckReq(DC_EVStatus=status),
        m.PreChargeReq(DC_EVStatus=status, EVTargetVoltage=volt, EVTargetCurrent=ampere),
        m.CurrentDemandReq(**demand),
        m.WeldingDetectionReq(DC_EVStatus=status),
    ]
    if m is din:
        return [
            *common,
            m.ContractAuthenticationReq(),
            m.PowerDeliveryReq(ReadyToChargeState=True),
            m.SessionStopReq(),
            m.ChargingStatusReq(),
        ]
    return [
        *common,
        m.AuthorizationReq(),
        m.ServiceDetailReq(ServiceID=1),
        m.PowerDeliveryReq(ChargeProgress="Start", SAScheduleTupleID=1),
        m.ChargingStatusReq(),
        m.SessionStopReq(ChargingSession="Terminate"),
    ]


@pytest.mark.parametrize("m", [iso2, din], ids=["iso2", "din"])
async def test_every_request_in_the_first_state_but_the_first_is_a_sequence_error_with_a_whole_answer(m: Any):
    protocol = Protocol.ISO_2 if m is iso2 else Protocol.DIN
    for request in requests(m)[1:]:
        stand = Stand(snapshot() if m is iso2 else dc_snapshot())
        await stand.ask(supported(protocol), app_protocol)
        header = m.MessageHeaderType(SessionID=bytes(8))
        sent_before = len(stand.sent)
        await stand.send(
            framed(PayloadType.EXI, exi.encode(m.V2G_Message(Header=header, Body=m.BodyType(BodyElement=request))))
        )
        answer = stand.sent[sent_before + 8 :]
        assert stand.over.outcome is Outcome.FAILED
        if not isinstance(request, din.ChargingStatusReq):
            body: Any = exi.decode(m, answer)
            assert body.Body.BodyElement.ResponseCode == "FAILED_SequenceError", request


async def test_a_wrong_session_id_is_an_unknown_session():
    stand = Stand(snapshot())
    await stand.ask(supported(Protocol.ISO_2), app_protocol)
    first = iso2.SessionSetupReq(EVCCID=EVCC_ID)
    setup = iso2.V2G_Message(Header=iso2.MessageHeaderType(SessionID=bytes(8)), Body=iso2.BodyType(BodyElement=first))
    await stand.ask(setup, iso2)
    stolen = iso2.V2G_Message(
        Header=iso2.MessageHeaderType(SessionID=b"\xee" * 8),
        Body=iso2.BodyType(BodyElement=iso2.ServiceDiscoveryReq()),
    )
    answer: Any = await stand.ask(stolen, iso2)
    assert answer.Body.BodyElement.ResponseCode == "FAILED_UnknownSession"
    assert stand.over.outcome is Outcome.FAILED


async def test_a_car_that_asks_faster_than_it_is_answered_is_given_up():
    stand = Stand(snapshot(), obeys=False)
    session = asyncio.get_running_loop().create_task(charge(stand, AC_PLAN, Battery()))
    await asyncio.sleep(1.0)
    assert not stand.engine.over  # the start waits for the contactor
    status = iso2.V2G_Message(
        Header=iso2.MessageHeaderType(SessionID=DICE.session_id),
        Body=iso2.BodyType(BodyElement=iso2.ChargingStatusReq()),
    )
    for _ in range(6):
        if stand.closed is None:
            await stand.send(framed(PayloadType.EXI, exi.encode(status)))
    assert stand.over.outcome is Outcome.FAILED
    session.cancel()


async def test_whatever_octets_come_in_whatever_state_the_engine_answers_or_ends_and_the_next_car_charges():
    """Requests of both protocols in any order, some with octets changed: no exception, no answer after the end."""
    rng = random.Random(15118)
    for run in range(400):
        m, protocol = rng.choice([(iso2, Protocol.ISO_2), (din, Protocol.DIN)])
        stand = Stand(rng.choice([snapshot(), dc_snapshot()]), obeys=run % 2 == 0)
        await stand.ask(supported(protocol), app_protocol)
        choices = requests(m)
        for step in range(12):
            if stand.closed is not None:
                break
            request = choices[0] if step == 0 else rng.choice(choices)
            session_id = bytes(8) if step == 0 else DICE.session_id
            body = m.BodyType(BodyElement=request)
            octets = bytearray(exi.encode(m.V2G_Message(Header=m.MessageHeaderType(SessionID=session_id), Body=body)))
            if rng.random() < 0.3:
                octets[rng.randrange(len(octets))] ^= 1 << rng.randrange(8)
            await stand.send(framed(PayloadType.EXI, bytes(octets)))
            await asyncio.sleep(rng.choice([0.0, 0.3, 5.0]))
        await asyncio.sleep(120)
        assert stand.over.outcome in set(Outcome)
    assert (await charge(Stand(snapshot()), AC_PLAN, Battery())).ended == "done"
