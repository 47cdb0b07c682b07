"""Digital communication in the session: 5 % on the pilot, power on the car's word, and the way back to a duty cycle."""

from __future__ import annotations

import pytest

from agent.core.contract import Contract
from agent.core.effects import OfferCurrent, PermitPower, Pilot, SetPilot, Timer
from agent.core.events import (
    ContractPresented,
    DigitalBegan,
    DigitalOffered,
    DigitalOver,
    DigitalPower,
    DigitalWanted,
    LimitSet,
)
from agent.core.facts import TransactionEnded, TransactionUpdated
from agent.core.limits import LimitInput, LimitSource
from agent.core.rules import Rules
from agent.core.session import Phase, Session, Talk
from agent.core.values import ChargingState, IdToken, StopReason, TokenKind, Trigger, TxPoint
from hal.types import CpState
from tests.agent.core.playing import Player, cp

CONTRACT = Contract(valid=True)
EMAID = IdToken("DE-ABC-C123456-7", TokenKind.E_MAID)


def talker(rules: Rules | None = None, **more) -> Player:
    return Player(session=Session(evse=1, can_talk=True, rules=rules or Rules()), **more)


def begun(**more) -> Player:
    p = talker(**more)
    p.plug()
    p.play(DigitalBegan("020000000001"))
    return p


def permitted(p: Player) -> bool:
    said = [one.on for one in p.log if isinstance(one, PermitPower)]
    return said[-1]


def pilots(p: Player) -> list:
    return [one for one in p.log if isinstance(one, SetPilot | OfferCurrent)]


def charging(**more) -> Player:
    p = begun(**more)
    p.tap()
    p.play(cp(CpState.C), DigitalPower(on=True), p.sample())
    p.close()
    return p


def test_a_plug_is_greeted_with_five_percent_before_anybody_is_authorised():
    p = talker()
    p.plug()
    assert pilots(p)[-1] == SetPilot(Pilot.DIGITAL)
    assert p.session.driver is None


def test_where_nobody_can_talk_no_five_percent_is_said():
    p = Player()
    p.plug()
    p.tap()
    assert SetPilot(Pilot.DIGITAL) not in p.log


def test_state_c_alone_closes_nothing_while_the_car_talks():
    p = begun()
    p.tap()
    p.play(cp(CpState.C), p.sample())
    p.wait(30)
    assert not permitted(p)


def test_power_is_permitted_once_the_car_asks_for_it_and_closes_s2():
    p = begun()
    p.tap()
    p.play(DigitalPower(on=True), p.sample())
    assert not permitted(p)
    p.play(cp(CpState.C), p.sample())
    assert permitted(p)
    assert not [one for one in p.log if isinstance(one, OfferCurrent)]


def test_without_a_driver_the_cars_word_is_not_enough():
    p = begun()
    p.play(DigitalPower(on=True), cp(CpState.C), p.sample())
    p.wait(30)
    assert not permitted(p)


def test_a_changed_limit_changes_no_pilot():
    p = charging()
    before = len(pilots(p))
    p.play(LimitSet(LimitInput(LimitSource.GRID, 10.0)))
    assert len(pilots(p)) == before
    assert p.session.offer.current_a == 10.0


def test_a_car_that_stops_in_its_messages_keeps_the_contactor_closed_until_s2_is_open():
    p = charging()
    p.play(DigitalPower(on=False))
    assert permitted(p)
    assert p.session.phase is Phase.EASING
    p.play(cp(CpState.B))
    assert not permitted(p)


def test_a_car_that_stops_in_its_messages_but_keeps_s2_closed_is_cut_off_in_time():
    p = charging()
    p.play(DigitalPower(on=False))
    p.wait(6.5)
    assert not permitted(p)


def test_a_session_that_breaks_ends_the_energy_at_once_and_leaves_basic_signalling():
    p = charging()
    p.play(DigitalOver(failed=True))
    assert not permitted(p)
    assert p.session.digital.talk is Talk.NONE
    assert pilots(p)[-1] == SetPilot(Pilot.X1)
    p.open()
    p.play(cp(CpState.B))
    p.wait(2.5)
    assert pilots(p)[-1] == SetPilot(Pilot.X1)
    p.wait(4)
    assert isinstance(pilots(p)[-1], OfferCurrent)


def test_a_car_that_does_not_begin_in_time_is_charged_by_its_duty_cycle():
    p = talker()
    p.plug()
    p.tap()
    p.wait(19)
    assert pilots(p)[-1] == SetPilot(Pilot.DIGITAL)
    p.wait(2)
    assert pilots(p)[-1] == SetPilot(Pilot.X1)
    p.wait(3)
    assert pilots(p)[-1] == OfferCurrent(16.0)
    p.ask()
    assert permitted(p)


@pytest.mark.req("E15.FR.04")
def test_a_car_that_ends_its_session_ends_the_transaction():
    p = charging()
    p.play(DigitalPower(on=False), cp(CpState.B), DigitalOver())
    p.open()
    p.wait(5)
    ended = p.tx_facts[-1]
    assert isinstance(ended, TransactionEnded)
    assert (ended.trigger, ended.reason) == (Trigger.STOP_AUTHORIZED, StopReason.STOPPED_BY_EV)
    assert ended.token is None
    assert p.session.phase is Phase.FINISHED


@pytest.mark.req("E15.FR.05")
def test_where_the_plug_ends_a_transaction_a_car_that_ends_its_session_ends_the_authorisation():
    p = charging(rules=Rules(stop_points=frozenset({TxPoint.EV_CONNECTED})))
    p.play(DigitalPower(on=False), cp(CpState.B), DigitalOver())
    p.open()
    p.wait(5)
    stopped = p.tx_facts[-1]
    assert isinstance(stopped, TransactionUpdated)
    assert (stopped.trigger, stopped.charging) == (Trigger.STOP_AUTHORIZED, ChargingState.EV_CONNECTED)
    assert p.session.driver is None


def test_a_car_that_was_asked_to_stop_for_want_of_current_keeps_its_transaction():
    p = charging()
    p.play(LimitSet(LimitInput(LimitSource.GRID, 0.0)))
    p.play(DigitalPower(on=False), cp(CpState.B), DigitalOver())
    p.open()
    p.wait(60)
    assert p.session.driver is not None
    assert p.session.tx is not None


def test_a_session_that_is_paused_may_begin_again():
    p = charging()
    p.play(DigitalPower(on=False), cp(CpState.B), DigitalOver(paused=True))
    p.open()
    assert p.session.digital.talk is Talk.QUIET
    p.wait(60)
    assert pilots(p)[-1] == SetPilot(Pilot.DIGITAL)
    p.play(DigitalBegan("020000000001"), cp(CpState.C), DigitalPower(on=True), p.sample())
    assert permitted(p)


def states(p: Player) -> list[ChargingState]:
    return [one.charging for one in p.tx_facts if isinstance(one, TransactionUpdated)]


def stopped_for_want_of_current(*, paused: bool) -> Player:
    """The limit has gone, and the car, asked to stop, has ended its session."""
    p = charging()
    p.play(LimitSet(LimitInput(LimitSource.GRID, 0.0)))
    p.play(DigitalPower(on=False), cp(CpState.B), DigitalOver(paused=paused))
    p.open()
    p.wait(60)
    assert states(p)[-1] is ChargingState.SUSPENDED_EVSE
    return p


@pytest.mark.parametrize("paused", [True, False])
def test_a_car_that_stopped_for_want_of_current_is_woken_when_there_is_some(paused: bool):
    p = stopped_for_want_of_current(paused=paused)
    before = len(pilots(p))
    p.play(LimitSet(LimitInput(LimitSource.GRID, 16.0)))
    assert pilots(p)[before:] == [SetPilot(Pilot.X1)]
    assert states(p)[-1] is ChargingState.SUSPENDED_EV, "it is the car's turn"
    p.wait(2.9)
    assert pilots(p)[before:] == [SetPilot(Pilot.X1)]
    p.wait(0.2)
    assert pilots(p)[before:] == [SetPilot(Pilot.X1), SetPilot(Pilot.DIGITAL)]
    p.play(DigitalBegan("020000000001"), cp(CpState.C), DigitalPower(on=True), p.sample())
    p.close()
    assert states(p)[-1] is ChargingState.CHARGING
    p.wait(60)
    assert len(pilots(p)) == before + 2


def test_a_car_that_does_not_wake_is_charged_by_its_duty_cycle():
    p = stopped_for_want_of_current(paused=True)
    p.play(LimitSet(LimitInput(LimitSource.GRID, 16.0)))
    p.wait(3 + 20 + 6)
    assert isinstance(pilots(p)[-1], OfferCurrent)


def test_a_car_that_is_woken_and_loses_its_current_again_sleeps_on():
    p = stopped_for_want_of_current(paused=True)
    p.play(LimitSet(LimitInput(LimitSource.GRID, 16.0)))
    p.play(LimitSet(LimitInput(LimitSource.GRID, 0.0)))
    p.wait(3.1)
    assert pilots(p)[-1] == SetPilot(Pilot.DIGITAL)
    assert states(p)[-1] is ChargingState.SUSPENDED_EVSE
    assert not permitted(p)
    p.wait(60)
    assert pilots(p)[-1] == SetPilot(Pilot.DIGITAL), "it is not given up: there was nothing for it"
    p.play(LimitSet(LimitInput(LimitSource.GRID, 16.0)))
    assert pilots(p)[-1] == SetPilot(Pilot.X1)


def test_a_car_that_pauses_by_itself_is_left_alone_until_there_is_something_to_talk_about():
    p = charging()
    p.play(DigitalPower(on=False), cp(CpState.B), DigitalOver(paused=True))
    p.open()
    assert states(p)[-1] is ChargingState.SUSPENDED_EV
    before = len(pilots(p))
    p.play(LimitSet(LimitInput(LimitSource.GRID, 0.0)))
    assert states(p)[-1] is ChargingState.SUSPENDED_EVSE
    p.play(LimitSet(LimitInput(LimitSource.GRID, 16.0)))
    p.wait(600)
    assert len(pilots(p)) == before
    p.play(DigitalWanted())
    assert pilots(p)[before:] == [SetPilot(Pilot.X1)]


def test_a_car_whose_driver_has_stopped_is_woken_for_the_next_driver():
    p = charging()
    p.tap()
    p.play(DigitalPower(on=False), cp(CpState.B), DigitalOver())
    p.open()
    p.wait(5)
    assert p.session.phase is Phase.FINISHED
    p.wait(60)
    assert pilots(p)[-1] == SetPilot(Pilot.DIGITAL)
    p.tap()
    assert pilots(p)[-1] == SetPilot(Pilot.X1)


OFFER = ((1, "urn:iso:15118:2:2013:MsgDef,2,0"), (2, "urn:din:70121:2012:MsgDef,2,0"))


def test_what_a_car_can_speak_is_known_until_it_leaves():
    p = talker()
    p.plug()
    p.play(DigitalOffered(OFFER, OFFER[0][1]), DigitalBegan("020000000001"), DigitalOver(failed=True))
    assert (p.session.digital.protocols, p.session.digital.agreed) == (OFFER, OFFER[0][1])
    assert p.session.digital.evcc_id == "020000000001"
    p.unplug()
    p.wait(10)
    assert p.session.digital.protocols == ()
    p.play(DigitalOffered(OFFER, OFFER[0][1]))
    assert p.session.digital.protocols == (), "nobody is there who could have said it"


def test_a_car_that_has_paused_is_woken_for_another_driver():
    p = charging()
    p.play(DigitalPower(on=False), cp(CpState.B), DigitalOver(paused=True))
    p.open()
    p.tap()
    p.wait(10)
    assert p.session.phase is Phase.FINISHED
    assert pilots(p)[-1] == SetPilot(Pilot.DIGITAL)
    p.tap("CCDD")
    assert pilots(p)[-1] == SetPilot(Pilot.X1)


def test_nobody_wakes_a_car_that_has_left():
    p = stopped_for_want_of_current(paused=True)
    p.unplug()
    p.wait(10)
    assert not p.session.digital.paused
    p.play(DigitalWanted(), LimitSet(LimitInput(LimitSource.GRID, 16.0)))
    p.wait(60)
    assert p.session.digital.talk is Talk.NONE


def test_the_next_car_starts_from_nothing():
    p = charging()
    p.play(DigitalOver(failed=True))
    p.open()
    p.unplug()
    p.wait(10)
    p.plug()
    assert p.session.digital.talk is Talk.OFFERED
    assert Timer.TALK in p.timers


def test_a_contract_is_authorised_like_a_card():
    p = begun()
    p.play(ContractPresented(EMAID, CONTRACT))
    assert p.session.token is not None
    assert p.session.token.kind is TokenKind.E_MAID


def test_a_contract_that_is_refused_is_known_to_be():
    p = begun(accept=False)
    p.play(ContractPresented(EMAID, CONTRACT))
    assert p.session.driver is None
    assert p.session.digital.refused


@pytest.mark.parametrize("event", [DigitalBegan("02"), DigitalPower(on=True), DigitalOver(failed=True)])
def test_what_nobody_can_have_said_changes_nothing(event):
    p = Player()
    p.play(event)
    assert p.session.digital.talk is Talk.NONE
    assert not permitted(p)
