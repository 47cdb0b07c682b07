"""Stamps of a clock that nobody had set yet: those of this life are moved, those of earlier ones are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.restamp import Correction
from tests.agent.ocpp.stand import ended, reading, started, status, updated

CORRECTION = Correction(since_utc_s=0.0, until_utc_s=1000.0, by_s=1.0e9)


@pytest.mark.parametrize(("at", "right"), [(0.0, 1.0e9), (1000.0, 1.0e9 + 1000), (-1.0, -1.0), (1.7e9, 1.7e9)])
def test_a_moment_is_moved_only_where_the_unset_clock_gave_it(at, right):
    assert CORRECTION.moment(at) == right


def test_every_stamp_in_a_fact_is_moved_and_nothing_else():
    before = ended(at_utc_s=900.0, started_utc_s=100.0, reading=reading(), readings=(reading(),))
    after = CORRECTION.fact(before)
    assert (after.at_utc_s, after.started_utc_s) == (1.0e9 + 900, 1.0e9 + 100)
    assert after.reading == before.reading  # stamped by a clock that was right
    assert (after.tx, after.seq, after.reason) == (before.tx, before.seq, before.reason)


@given(st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_order_within_the_wrong_life_is_kept(one, other):
    both = sorted(at for at in (one, other) if 0 <= at <= 1000)
    assert [CORRECTION.moment(at) for at in both] == sorted(CORRECTION.moment(at) for at in both)


@pytest.mark.parametrize("fact", [started(), updated(), updated(reading=None), ended(), status("Available")])
def test_a_fact_of_an_earlier_life_stays_as_it_is(fact):
    assert CORRECTION.fact(fact) == fact
