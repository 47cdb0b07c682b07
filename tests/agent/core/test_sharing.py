from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.sharing import EV_REACTION_S, Allocation, Claim, SharingRule, advance, share

claims = st.lists(
    st.builds(
        Claim,
        st.integers(1, 6),
        st.floats(0, 63),
        st.floats(0, 100),
        st.integers(0, 3),
        st.just(6.0),
        st.integers(-1, 1),
    ),
    max_size=6,
    unique_by=lambda c: c.evse,
)
fuses = st.floats(0, 200)


def test_two_cars_share_a_fuse_equally():
    assert share(32.0, [Claim(1, 32.0, 0.0), Claim(2, 32.0, 5.0)], SharingRule.EQUAL) == {1: 16.0, 2: 16.0}


def test_what_a_small_car_leaves_goes_to_the_others():
    assert share(40.0, [Claim(1, 10.0, 0.0), Claim(2, 32.0, 5.0)], SharingRule.EQUAL) == {1: 10.0, 2: 30.0}


def test_who_cannot_get_six_ampere_waits_the_latest_first():
    got = share(16.0, [Claim(1, 32.0, 0.0), Claim(2, 32.0, 5.0), Claim(3, 32.0, 9.0)], SharingRule.EQUAL)
    assert got == {1: 8.0, 2: 8.0, 3: 0.0}


def test_first_come_gets_all_it_wants_and_the_next_at_least_the_minimum():
    assert share(32.0, [Claim(1, 32.0, 0.0), Claim(2, 32.0, 5.0)], SharingRule.FIRST_COME) == {1: 26.0, 2: 6.0}


def test_priority_goes_before_arrival():
    got = share(32.0, [Claim(1, 32.0, 0.0, priority=2), Claim(2, 32.0, 5.0, priority=1)], SharingRule.PRIORITY)
    assert got == {1: 6.0, 2: 26.0}


@pytest.mark.req("K03.FR.04")
@pytest.mark.parametrize("rule", SharingRule)
def test_a_transaction_of_a_higher_rank_has_all_it_wants_first(rule: SharingRule):
    first, later = Claim(1, 32.0, 0.0), Claim(2, 28.0, 5.0, rank=1)
    assert share(32.0, [first, later], rule) == {1: 0.0, 2: 28.0}
    assert share(40.0, [first, later], rule) == {1: 12.0, 2: 28.0}


@given(fuses, claims, st.sampled_from(SharingRule))
def test_the_shares_never_exceed_the_fuse_and_are_nothing_or_at_least_six_ampere(fuse_a, wanted, rule):
    got = share(fuse_a, wanted, rule)
    assert sum(got.values()) <= fuse_a + 1e-9
    for claim in wanted:
        assert got[claim.evse] == 0.0 or 6.0 <= got[claim.evse] <= claim.max_a + 1e-9


@given(fuses, st.lists(st.tuples(claims, st.floats(0, 8)), min_size=1, max_size=6), st.sampled_from(SharingRule))
def test_what_cars_may_still_draw_never_exceeds_the_fuse_while_shares_move(fuse_a, rounds, rule):
    allocation, now_s = Allocation({}, {}), 0.0
    drawn: dict[int, list[tuple[float, float]]] = {}  # per EVSE: grants with their time
    for wanted, wait_s in rounds:
        target = dict.fromkeys(allocation.granted_a, 0.0) | share(fuse_a, wanted, rule)
        allocation, _ = advance(now_s, fuse_a, allocation, target)
        for evse, current_a in allocation.granted_a.items():
            drawn.setdefault(evse, []).append((now_s, current_a))
        worst = 0.0
        for grants in drawn.values():  # a car may draw any offer that was still standing less than 5 s ago
            stood = [
                a for n, (_, a) in enumerate(grants) if n + 1 == len(grants) or grants[n + 1][0] > now_s - EV_REACTION_S
            ]
            worst += max(stood)
        assert worst <= fuse_a + 1e-6
        now_s += wait_s


def test_a_newcomer_gets_its_share_once_the_first_car_has_slowed_down():
    allocation, due = advance(0.0, 32.0, Allocation({}, {}), {1: 32.0})
    allocation, due = advance(10.0, 32.0, allocation, {1: 16.0, 2: 16.0})
    assert allocation.granted_a == {1: 16.0, 2: 0.0}
    assert due == 10.0 + EV_REACTION_S
    allocation, due = advance(due, 32.0, allocation, {1: 16.0, 2: 16.0})
    assert allocation.granted_a == {1: 16.0, 2: 16.0}
    assert due is None
