"""A meter that signs: asked before energy flows and before the bill closes, and never waited for by power-off."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.core.effects import LockConnector, PermitPower, Record, SignMeter, Timer
from agent.core.events import ClockCorrected, MeterKeyRead, MeterNotSigned, MeterSigned, ReadingAsked, TimerDue
from agent.core.facts import TransactionEnded, TransactionUpdated
from agent.core.meter_tx import MAX_SIGNED, Stage, sparing
from agent.core.recovery import kept, restored
from agent.core.restamp import Correction
from agent.core.rules import Rules, SigningRules
from agent.core.session import Phase, Session
from agent.core.signing import AGAIN_S, END_WAIT_S
from agent.core.values import Measurand, Reading, ReadingContext, StopReason, TokenKind, Trigger, TxPoint
from hal.types import CpState, FaultKind, FaultRaised, MeterSample, Moment, SignedReading, Signs
from tests.agent.core.playing import Player, cp

ENERGY = Measurand.ENERGY_IMPORT
KEY = "3059aa"
IDS = itertools.count()
SIGN = SigningRules(sampled=True)
TELL_BEGIN = SigningRules(sampled=True, started=True)


def player(rules: Rules, signs: Signs = Signs.ALL, **session) -> Player:
    return Player(session=Session(evse=1, rules=rules, signs=signs, **session))


def asked(p: Player, moment: Moment) -> list[SignMeter]:
    return [one for one in p.log if isinstance(one, SignMeter) and one.moment is moment]


def answer(p: Player, moment: Moment, data: str | None = None, *, serial: str = "M1", tx: str | None = None) -> list:
    """The meter signs what it was asked for last."""
    wanted = asked(p, moment)[-1]
    signed = None if data is None else SignedReading(data, public_key=KEY)
    sample = MeterSample(taken_mono_s=p.mono_s, energy_import_wh=p.energy_wh, serial=serial, signed=signed)
    return p.play(MeterSigned(tx or wanted.tx, moment, sample, wanted.purpose))


def begun(rules: Rules, **more) -> Player:
    """A charge with a signed beginning."""
    p = player(rules, **more)
    p.plug()
    p.tap()
    p.ask()
    answer(p, Moment.BEGIN, "begin")
    p.close()
    return p


def stopping(rules: Rules, **more) -> Player:
    """The driver has stopped; the contactor is open, and the meter has been read."""
    p = begun(rules, **more)
    p.wait(10)
    p.play(cp(CpState.B))
    p.tap()
    p.open()
    p.play(p.sample(energy_wh=1500.0))
    return p


def the_end(p: Player) -> TransactionEnded:
    (end,) = [one for one in p.facts if isinstance(one, TransactionEnded)]
    return end


def permitted(p: Player) -> bool:
    return PermitPower(True, "recorded") in p.log


# The beginning


def test_energy_waits_for_a_signed_beginning():
    p = player(Rules(signing=SIGN))
    p.plug()
    p.tap()
    p.ask()
    assert [one.token for one in asked(p, Moment.BEGIN)] == ["AABB"]
    p.wait(20)
    assert not permitted(p)
    answer(p, Moment.BEGIN, "begin")
    assert permitted(p)


def test_without_a_wish_for_signatures_the_meter_is_not_asked():
    p = player(Rules())
    p.charge()
    assert not asked(p, Moment.BEGIN)
    assert permitted(p)


def test_a_meter_that_does_not_sign_is_not_asked():
    p = player(Rules(signing=SIGN), Signs.NOTHING)
    p.charge()
    assert not asked(p, Moment.BEGIN)
    assert permitted(p)


def test_a_transaction_that_began_with_the_car_is_signed_for_as_soon_as_its_driver_is_known():
    p = player(Rules(signing=SIGN, start_points=frozenset({TxPoint.EV_CONNECTED})))
    p.plug()
    p.wait(5)
    assert not asked(p, Moment.BEGIN)
    p.tap()
    assert len(asked(p, Moment.BEGIN)) == 1


def test_where_nobody_has_to_say_who_he_is_the_meter_is_told_of_nobody():
    p = player(Rules(signing=SIGN, free_vend=True))
    p.plug()
    assert p.session.token is not None
    assert p.session.token.kind is TokenKind.NO_AUTHORIZATION
    assert [one.token for one in asked(p, Moment.BEGIN)] == [""]


def test_a_meter_that_does_not_sign_the_beginning_is_asked_again_and_again_and_no_energy_flows():
    p = player(Rules(signing=SIGN))
    p.plug()
    p.tap()
    p.ask()
    for times in (1, 2, 3):
        assert len(asked(p, Moment.BEGIN)) == times
        p.play(MeterNotSigned(asked(p, Moment.BEGIN)[-1].tx, Moment.BEGIN))
        p.wait(AGAIN_S - 0.5)
        assert len(asked(p, Moment.BEGIN)) == times
        p.wait(1)
    assert not permitted(p)
    answer(p, Moment.BEGIN, "begin")
    assert permitted(p)


def test_the_signed_beginning_is_durable_before_energy_flows():
    p = player(Rules(signing=SIGN))
    p.records = False
    p.plug()
    p.tap()
    p.ask()
    assert not any(isinstance(one, Record) for one in p.log)
    effects = answer(p, Moment.BEGIN, "begin")
    assert any(isinstance(one, Record) for one in effects)
    saved = msgspec.msgpack.decode(msgspec.msgpack.encode(kept(p.session)), type=Session)
    assert saved.tx is not None
    assert saved.tx.readings[0].signed == SignedReading("begin", public_key=KEY)


def test_a_signed_beginning_is_told_at_once_where_that_is_wanted():
    p = begun(Rules(signing=TELL_BEGIN))
    told = [one for one in p.tx_facts if isinstance(one, TransactionUpdated) and one.trigger is Trigger.SIGNED_DATA]
    assert [one.reading.signed for one in told] == [SignedReading("begin", public_key=KEY)]
    assert [one.reading.context for one in told] == [ReadingContext.BEGIN]
    assert [one.measurand for one in told[0].reading.values] == [ENERGY]


def test_else_it_waits_for_the_end():
    p = begun(Rules(signing=SIGN))
    assert not [one for one in p.tx_facts if getattr(one, "reading", None) is not None and one.reading.signed]


def test_the_reading_after_the_start_that_16_asks_for_comes_once_unsigned_or_signed():
    plain = player(Rules(begin_measurands=(ENERGY,)))
    plain.plug()
    plain.tap()
    later = begun(Rules(begin_measurands=(ENERGY,), signing=TELL_BEGIN))
    for p, signed in ((plain, False), (later, True)):
        begin = [one for one in p.tx_facts[1:] if one.reading and one.reading.context is ReadingContext.BEGIN]
        assert [one.reading.signed is not None for one in begin] == [signed]


def test_a_meter_that_signs_both_in_one_leaves_the_reading_after_the_start_unsigned():
    p = player(Rules(begin_measurands=(ENERGY,), signing=TELL_BEGIN), Signs.ENDS)
    p.plug()
    p.tap()
    answer(p, Moment.BEGIN)
    begin = [one for one in p.tx_facts[1:] if one.reading and one.reading.context is ReadingContext.BEGIN]
    assert [one.reading.signed for one in begin] == [None]


# A transaction that starts with it

FIRST = Rules(signing=SIGN, start_points=frozenset({TxPoint.DATA_SIGNED}))


@pytest.mark.req("E01.FR.04")
def test_a_transaction_can_start_with_its_signed_beginning():
    p = player(FIRST)
    p.plug()
    p.tap()
    p.ask()
    p.wait(5)
    assert p.tx_facts == []
    answer(p, Moment.BEGIN, "begin")
    (started,) = p.tx_facts
    assert started.tx == asked(p, Moment.BEGIN)[0].tx
    assert (started.trigger, started.reading.signed) == (Trigger.SIGNED_DATA, SignedReading("begin", public_key=KEY))
    assert permitted(p)
    p.close()
    p.play(cp(CpState.B))
    p.tap()
    p.open()
    p.play(p.sample())
    answer(p, Moment.END, "end")
    end = the_end(p)
    assert [one.signed.data for one in (*end.readings, end.reading)] == ["begin", "end"]
    assert [one.signed.public_key for one in (*end.readings, end.reading)] == [KEY, KEY]


def test_where_nothing_is_signed_it_starts_with_car_and_driver():
    for rules, signs in ((replace(FIRST, signing=SigningRules()), Signs.ALL), (FIRST, Signs.NOTHING)):
        p = player(rules, signs)
        p.charge()
        assert p.tx_facts[0].trigger is Trigger.AUTHORIZED
        assert permitted(p)


def test_a_driver_who_leaves_before_leaves_no_transaction_and_the_meter_closes_its_own():
    p = player(FIRST)
    p.plug()
    p.tap()
    first = asked(p, Moment.BEGIN)[0].tx
    p.unplug()
    assert [one.tx for one in asked(p, Moment.END)] == [first]
    answer(p, Moment.BEGIN, "begin", tx=first)
    assert p.tx_facts == []
    p.plug()
    p.tap()
    assert asked(p, Moment.BEGIN)[-1].tx != first


def test_a_meter_that_signs_both_in_one_has_begun_when_it_says_so():
    p = player(FIRST, Signs.ENDS)
    p.plug()
    p.tap()
    answer(p, Moment.BEGIN)
    assert p.tx_facts[0].reading.signed is None


def test_a_beginning_that_is_not_signed_is_asked_for_again_before_anything_starts():
    p = player(FIRST)
    p.plug()
    p.tap()
    p.play(MeterNotSigned(asked(p, Moment.BEGIN)[0].tx, Moment.BEGIN))
    p.wait(AGAIN_S + 1)
    assert len(asked(p, Moment.BEGIN)) == 2
    answer(p, Moment.BEGIN, "begin")
    assert len(p.tx_facts) == 1


# The end


def test_power_goes_off_before_the_meter_is_asked_for_the_end():
    p = begun(Rules(signing=SIGN))
    p.wait(10)
    p.tap()
    p.play(cp(CpState.B))
    assert p.log.index(PermitPower(False, "no current is offered any more")) > 0
    assert not asked(p, Moment.END)
    p.open()
    p.play(p.sample(energy_wh=1500.0))
    assert len(asked(p, Moment.END)) == 1


def test_a_fault_opens_at_once_whatever_the_meter_does():
    p = player(Rules(signing=SIGN))
    p.charge()  # the beginning is not signed yet
    answer(p, Moment.BEGIN, "begin")
    effects = p.play(FaultRaised(FaultKind.E_STOP))
    assert isinstance(effects[0], PermitPower)
    assert not effects[0].on


def test_the_bill_closes_with_what_the_meter_signed_at_both_ends():
    p = stopping(Rules(signing=SIGN))
    assert not [one for one in p.facts if isinstance(one, TransactionEnded)]
    answer(p, Moment.END, "end")
    end = the_end(p)
    assert end.readings[0].signed == SignedReading("begin", public_key=KEY)
    assert end.reading.signed == SignedReading("end", public_key=KEY)
    assert end.reading.energy_wh == 1500.0


def test_the_end_is_stamped_with_the_moment_at_which_the_charge_was_over_however_long_the_meter_takes():
    p = stopping(Rules(signing=SIGN))
    over_utc_s = p.now.utc_s
    p.wait(25)
    answer(p, Moment.END, "end")
    end = the_end(p)
    assert end.at_utc_s == over_utc_s
    assert end.reading.at_utc_s <= over_utc_s


BETWEEN = SigningRules(sampled=True, sampled_updated=True)


def triggered(p: Player) -> list:
    return [one.reading for one in p.tx_facts if one.trigger is Trigger.TRIGGER]


def test_a_reading_that_the_csms_asks_for_is_signed_like_any_other_between_the_ends():
    p = begun(Rules(signing=BETWEEN))
    p.play(ReadingAsked())
    assert triggered(p) == [], "it waits for the meter"
    answer(p, Moment.BETWEEN, "between")
    (reading,) = triggered(p)
    assert reading.context is ReadingContext.TRIGGER
    assert reading.signed == SignedReading("between", public_key=KEY)


def test_a_meter_that_does_not_sign_it_lets_the_csms_have_it_unsigned():
    p = begun(Rules(signing=BETWEEN))
    p.play(ReadingAsked())
    wanted = asked(p, Moment.BETWEEN)[-1]
    p.play(MeterNotSigned(wanted.tx, Moment.BETWEEN, wanted.purpose))
    assert [one.signed for one in triggered(p)] == [None]


def test_where_readings_between_the_ends_are_not_to_be_signed_one_that_is_asked_for_is_not():
    p = begun(Rules(signing=SIGN))
    p.play(ReadingAsked())
    assert [one.signed for one in triggered(p)] == [None]


def test_a_bill_does_not_wait_for_ever_for_a_signature():
    p = stopping(Rules(signing=SIGN))
    p.wait(END_WAIT_S - 1)
    assert p.session.tx is not None
    p.wait(2)
    end = the_end(p)
    assert end.reading.signed is None
    assert end.readings[0].signed is not None
    assert end.reading.energy_wh == 1500.0


def test_a_meter_that_does_not_sign_the_end_is_asked_again_meanwhile():
    p = stopping(Rules(signing=SIGN))
    p.play(MeterNotSigned(asked(p, Moment.END)[-1].tx, Moment.END))
    p.wait(AGAIN_S + 0.5)
    assert len(asked(p, Moment.END)) == 2
    answer(p, Moment.END, "end")
    assert the_end(p).reading.signed is not None


def test_a_silent_meter_is_asked_for_the_end_too():
    p = begun(Rules(signing=SIGN))
    p.wait(10)
    p.play(cp(CpState.B))
    p.tap()
    p.open()
    p.mono_s = p.timers.pop(Timer.CLOSING)
    p.step(TimerDue(Timer.CLOSING))
    assert len(asked(p, Moment.END)) == 1
    answer(p, Moment.END, "end")
    assert the_end(p).reading.signed is not None


def test_the_driver_gets_his_cable_while_the_meter_still_signs():
    p = stopping(Rules(signing=SIGN), has_lock=True)
    assert p.session.phase is Phase.STOPPING
    assert LockConnector(False) in p.log
    assert not p.session.locked


def test_a_driver_who_gives_up_before_the_beginning_is_signed_ends_without_energy_and_with_what_comes():
    p = player(Rules(signing=SIGN))
    p.plug()
    p.tap()
    p.tap()
    assert len(asked(p, Moment.END)) == 1  # it may have begun
    answer(p, Moment.BEGIN, "begin")
    answer(p, Moment.END, "end")
    end = the_end(p)
    assert [one.signed.data for one in (*end.readings, end.reading)] == ["begin", "end"]
    assert not permitted(p)


def test_what_another_meter_signed_is_not_the_proof_of_this_transaction():
    p = stopping(Rules(signing=SIGN))
    answer(p, Moment.END, "end", serial="M2")
    assert the_end(p).reading.signed is None


def test_a_late_answer_about_another_transaction_changes_nothing():
    p = stopping(Rules(signing=SIGN))
    before = p.session
    answer(p, Moment.END, "end", tx="another")
    assert p.session == before


def test_signed_registers_stand_in_the_end_message_whatever_measurands_it_has():
    p = stopping(Rules(signing=SIGN, ended_measurands=()))
    answer(p, Moment.END, "end")
    end = the_end(p)
    assert [[value.measurand for value in one.values] for one in (*end.readings, end.reading)] == [[ENERGY], [ENERGY]]


# Between


def test_readings_between_are_signed_where_the_meter_can_and_the_csms_wants():
    rules = Rules(signing=replace(SIGN, sampled_updated=True), sample_interval_s=60)
    p = begun(rules)
    p.wait(61)
    updates = [one for one in p.tx_facts if one.trigger is Trigger.METER_PERIODIC]
    assert not updates
    answer(p, Moment.BETWEEN, "between")
    (update,) = [one for one in p.tx_facts if one.trigger is Trigger.METER_PERIODIC]
    assert update.reading.signed is not None
    assert update.reading.signed.data == "between"


def test_a_reading_between_that_is_not_signed_is_told_without():
    p = begun(Rules(signing=replace(SIGN, sampled_updated=True), sample_interval_s=60))
    p.wait(61)
    wanted = asked(p, Moment.BETWEEN)[-1]
    p.play(MeterNotSigned(wanted.tx, wanted.moment, wanted.purpose))
    (update,) = [one for one in p.tx_facts if one.trigger is Trigger.METER_PERIODIC]
    assert update.reading.signed is None


def test_a_meter_that_signs_begin_and_end_only_is_asked_for_nothing_between():
    p = begun(Rules(signing=replace(SIGN, sampled_updated=True), sample_interval_s=60), signs=Signs.ENDS)
    p.wait(61)
    assert not asked(p, Moment.BETWEEN)
    assert [one for one in p.tx_facts if one.trigger is Trigger.METER_PERIODIC]


@pytest.mark.parametrize(
    ("rules", "context"),
    [
        (Rules(signing=SIGN, ended_interval_s=60, sample_interval_s=0), ReadingContext.PERIODIC),
        (
            Rules(
                signing=SigningRules(aligned=True),
                aligned_ended_interval_s=60,
                aligned_ended_measurands=(ENERGY,),
                sample_interval_s=0,
            ),
            ReadingContext.CLOCK,
        ),
    ],
)
def test_readings_kept_for_the_end_are_signed(rules, context):
    p = begun(rules)
    p.wait(61)
    answer(p, Moment.BETWEEN, "between")
    p.play(cp(CpState.B))
    p.tap()
    p.open()
    p.play(p.sample())
    answer(p, Moment.END, "end")
    (one,) = [one for one in the_end(p).readings if one.context is context]
    assert one.signed is not None


@settings(deadline=None, max_examples=50)
@given(st.lists(st.booleans(), min_size=1, max_size=120))
def test_signed_readings_that_are_kept_stay_few_and_lose_neither_a_reading_nor_the_ends(signed):
    readings: tuple[Reading, ...] = ()
    for n, one in enumerate(signed):
        proof = SignedReading(str(n)) if one else None
        readings = sparing((*readings, Reading(float(n), ReadingContext.PERIODIC, 0.0, signed=proof)))
    assert [one.at_utc_s for one in readings] == [float(n) for n in range(len(signed))]
    places = [n for n, one in enumerate(signed) if one]
    still = [n for n, one in enumerate(readings) if one.signed is not None]
    assert len(still) <= MAX_SIGNED
    assert still[:1] == places[:1]
    assert still[-1:] == places[-1:]
    assert len(still) == len(places) or len(still) > MAX_SIGNED // 2


# Power cuts


def reborn(p: Player, rules: Rules) -> Player:
    saved = msgspec.msgpack.decode(msgspec.msgpack.encode(kept(p.session)), type=Session)
    ids = (f"tx-after-{n}" for n in IDS)
    return Player(session=replace(restored(saved, rules), signs=Signs.ALL), ids=ids)


@pytest.mark.parametrize("moment", ["charging", "before the answer", "while it signs the end"])
def test_after_a_power_cut_the_meter_signs_the_end_of_the_transaction_that_was_open(moment):
    rules = Rules(signing=SIGN)
    p = player(rules)
    p.plug()
    p.tap()
    p.ask()
    if moment != "before the answer":
        answer(p, Moment.BEGIN, "begin")
        p.close()
    if moment == "while it signs the end":
        p.play(cp(CpState.B))
        p.tap()
        p.open()
        p.play(p.sample())
    tx = p.session.tx
    assert tx is not None
    after = reborn(p, rules)
    after.play(cp(CpState.C), after.sample(energy_wh=1400.0))
    (wanted,) = asked(after, Moment.END)
    assert (wanted.tx, wanted.token) == (tx.id, "AABB")
    assert after.session.phase is Phase.RECOVERING
    answer(after, Moment.END, "end")
    end = the_end(after)
    assert end.tx == tx.id
    assert end.reading.signed is not None
    assert end.reading.signed.data == "end"
    assert end.reading.energy_wh == 1400.0
    if moment != "before the answer":
        assert end.readings[0].signed is not None


def test_a_meter_that_does_not_answer_after_a_power_cut_holds_the_bill_up_for_a_while_only():
    rules = Rules(signing=SIGN)
    after = reborn(begun(rules), rules)
    after.play(cp(CpState.C), after.sample(energy_wh=1400.0))
    after.wait(END_WAIT_S + 1)
    end = the_end(after)
    assert (end.reason, end.reading.signed) == (StopReason.POWER_LOSS, None)
    assert not asked(after, Moment.BEGIN)


def test_what_a_meter_had_begun_to_sign_ends_with_a_power_cut_even_where_charging_would_go_on():
    rules = Rules(signing=SIGN, resume_after_power_loss=True)
    after = reborn(begun(rules), rules)
    after.play(cp(CpState.C), after.sample())
    answer(after, Moment.END, "end")
    assert the_end(after).reading.signed is not None


def test_another_meter_than_before_the_cut_is_not_asked():
    rules = Rules(signing=SIGN)
    after = reborn(begun(rules), rules)
    after.play(cp(CpState.C), after.sample(energy_wh=3.0, serial="M2"))
    assert not asked(after, Moment.END)
    assert the_end(after).reading.estimated


def test_a_beginning_that_was_cut_leaves_its_id_to_the_meter():
    p = player(FIRST)
    p.plug()
    p.tap()
    first = asked(p, Moment.BEGIN)[0].tx
    after = reborn(p, FIRST)
    after.plug()
    after.tap()
    assert asked(after, Moment.BEGIN)[0].tx != first


def test_a_charge_that_was_over_before_the_time_was_known_ends_at_the_right_time():
    p = stopping(Rules(signing=SIGN))
    p.play(ClockCorrected(Correction(0.0, p.now.utc_s, 1000.0)))
    answer(p, Moment.END, "end")
    end = the_end(p)
    assert end.at_utc_s == p.now.utc_s + 1000.0


# The key


def test_the_meters_key_is_kept_as_soon_as_it_is_known():
    p = player(Rules())
    p.play(MeterKeyRead(KEY))
    saved = msgspec.msgpack.decode(msgspec.msgpack.encode(kept(p.session)), type=Session)
    assert saved.meter_key == KEY


# Any order


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from([frozenset({one}) for one in (TxPoint.POWER_PATH_CLOSED, TxPoint.DATA_SIGNED)]),
    st.lists(st.sampled_from(["tap", "plug", "unplug", "ask", "yes", "no", "late", "wait", "cut"]), max_size=30),
)
def test_no_order_of_answers_loses_a_bill_or_lets_energy_flow_unsigned(points, acts):
    rules = Rules(signing=SIGN, start_points=points)
    p = player(rules)
    facts: list = []
    for act in acts:
        wanted = [one for one in p.log if isinstance(one, SignMeter)]
        match act:
            case "tap":
                p.tap()
            case "plug":
                p.plug()
            case "unplug":
                p.open()
                p.unplug()
            case "ask":
                p.ask()
                if p.session.phase is Phase.CHARGING:
                    p.close()
            case "yes" if wanted:
                answer(p, wanted[-1].moment, "signed")
            case "no" if wanted:
                p.play(MeterNotSigned(wanted[-1].tx, wanted[-1].moment, wanted[-1].purpose))
            case "late" if wanted:
                answer(p, wanted[0].moment, "signed")
            case "wait":
                p.wait(30)
            case "cut":
                facts += p.tx_facts
                p = reborn(p, rules)
        tx = p.session.tx
        if p.session.phase is Phase.CHARGING:
            assert tx is not None
            assert tx.meter_tx is not None
            assert tx.meter_tx.stage is Stage.OPEN
            assert tx.readings[0].signed is not None
    p.open()
    p.unplug()
    p.wait(END_WAIT_S + 20)
    facts += p.tx_facts
    assert p.session.tx is None
    started = [one.tx for one in facts if one.seq == 0]
    ended = [one.tx for one in facts if isinstance(one, TransactionEnded)]
    assert sorted(started) == sorted(ended)
    for tx_id in started:
        numbers = [one.seq for one in facts if one.tx == tx_id]
        assert numbers == list(range(len(numbers)))
