"""Readings that the end message holds (2.0.1 J02, E06; 1.6 StopTxnSampledData, StopTxnAlignedData)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.facts import TransactionEnded
from agent.core.metering import MAX_KEPT, with_one_more
from agent.core.rules import Rules
from agent.core.session import Session
from agent.core.values import Measurand, Reading, ReadingContext
from hal.types import CpState
from tests.agent.core.playing import Player, cp

ENERGY, VOLTAGE = Measurand.ENERGY_IMPORT, Measurand.VOLTAGE


def ended(rules: Rules, seconds: float) -> tuple[Player, TransactionEnded]:
    p = Player(rules)
    p.charge()
    p.wait(seconds)
    p.play(cp(CpState.B))  # the car pauses
    p.tap()
    p.open()
    p.wait(4)
    end = p.tx_facts[-1]
    assert isinstance(end, TransactionEnded)
    return p, end


@pytest.mark.req("J02.FR.11")
@pytest.mark.behaviour(17)
def test_the_end_holds_a_reading_for_every_interval_on_the_grid_of_the_start():
    p, end = ended(Rules(ended_interval_s=60, ended_measurands=(ENERGY,), sample_interval_s=0), 185)
    start = p.tx_facts[0].at_utc_s
    taken = [one.at_utc_s - start for one in end.readings]  # stamped as sampled, at most a second before
    assert taken == pytest.approx([0.0, 60.0, 120.0, 180.0], abs=1.0)
    contexts = [one.context for one in end.readings]
    assert contexts == [ReadingContext.BEGIN, *[ReadingContext.PERIODIC] * 3]
    assert not [one for one in p.tx_facts[1:-1] if one.reading is not None]  # kept, not told meanwhile


def test_without_an_interval_the_end_holds_the_first_reading_and_the_last():
    _, end = ended(Rules(ended_interval_s=0), 185)
    assert [one.context for one in end.readings] == [ReadingContext.BEGIN]
    assert end.reading.context is ReadingContext.END


def test_the_first_reading_has_the_measurands_of_the_end_not_those_of_the_start():
    p, end = ended(Rules(started_measurands=(), ended_measurands=(ENERGY,)), 10)
    assert p.tx_facts[0].reading.values == ()
    assert [value.measurand for value in end.readings[0].values] == [ENERGY]


@pytest.mark.behaviour(17)
def test_clock_aligned_readings_of_the_end_have_an_interval_and_measurands_of_their_own():
    rules = Rules(aligned_ended_interval_s=30, aligned_ended_measurands=(ENERGY,), aligned_interval_s=0)
    p, end = ended(rules, 100)
    aligned = [one for one in end.readings if one.context is ReadingContext.CLOCK]
    assert len(aligned) in {3, 4}
    assert all(-1.0 <= (one.at_utc_s + 15) % 30 - 15 <= 0.0 for one in aligned)
    assert p.session.tx is None


def test_nothing_is_kept_where_nothing_is_to_be_told():
    _, end = ended(Rules(ended_interval_s=10, ended_measurands=(), aligned_ended_interval_s=10), 100)
    assert [one for one in end.readings if one.context is not ReadingContext.BEGIN] == []


def test_after_the_end_nothing_is_kept_any_more():
    p, _ = ended(Rules(ended_interval_s=60), 65)
    p.wait(300)
    assert p.session.tx is None


@pytest.mark.req("E06.FR.13")
@given(st.integers(1, 1000))
def test_too_many_are_thinned_between_the_first_and_the_newest(count):
    kept: tuple[Reading, ...] = ()
    for n in range(count):
        kept = with_one_more(kept, Reading(float(n), ReadingContext.PERIODIC, float(n)))
    assert kept[0].at_utc_s == 0.0
    assert kept[-1].at_utc_s == count - 1
    assert len(kept) <= MAX_KEPT
    times = [one.at_utc_s for one in kept]
    assert times == sorted(set(times))
    assert len(kept) > MAX_KEPT // 3 or count <= MAX_KEPT // 3


def test_a_session_with_all_the_readings_that_it_may_keep_is_no_burden_for_the_disk():
    import msgspec

    p = Player(Rules(ended_interval_s=1, ended_measurands=(ENERGY, VOLTAGE)), session=Session(evse=1))
    p.charge()
    p.wait(400)
    assert len(msgspec.msgpack.encode(p.session)) < 16_384
