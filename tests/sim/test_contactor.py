"""The contactor: delays, mirror contact, stuck poles, dead coil."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.contactor import Contactor, ContactorSpec

SPEC = ContactorSpec()


def contactor() -> Contactor:
    return Contactor(SPEC, random.Random(1))


def settle(one: Contactor, now_s: float, for_s: float = 0.2) -> float:
    while one.due_s <= now_s + for_s:
        one.step(one.due_s)
    return now_s + for_s


def closed() -> tuple[Contactor, float]:
    one = contactor()
    one.drive(True, 0.0)
    return one, settle(one, 0.0)


def test_it_closes_after_its_delay_and_the_mirror_follows_the_bounce():
    one = contactor()
    one.drive(True, 1.0)
    assert one.due_s == 1.0 + SPEC.close_delay_s
    one.step(1.0 + SPEC.close_delay_s)
    assert one.poles == (True, True, True)
    assert not one.mirror
    assert one.due_s <= 1.0 + SPEC.close_delay_s + SPEC.bounce_s
    one.step(one.due_s)
    assert one.mirror


def test_it_opens_within_a_tenth_of_a_second():
    one, now_s = closed()
    one.drive(False, now_s)
    assert one.due_s < now_s + 0.1
    settle(one, now_s)
    assert not one.closed
    assert not one.mirror


def test_a_coil_switched_off_before_it_pulled_never_closes():
    one = contactor()
    one.drive(True, 0.0)
    one.drive(False, 0.01)
    settle(one, 0.0)
    assert not one.closed
    assert one.cycles == 0


def test_each_closing_counts_one_cycle_and_asking_again_none():
    one, now_s = closed()
    one.drive(True, now_s)
    now_s = settle(one, now_s)
    assert one.cycles == 1
    one.drive(False, now_s)
    now_s = settle(one, now_s)
    one.drive(True, now_s)
    settle(one, now_s)
    assert one.cycles == 2


def test_asking_again_while_it_closes_does_not_delay_it():
    one = contactor()
    one.drive(True, 0.0)
    one.drive(True, SPEC.close_delay_s / 2)
    assert one.due_s == SPEC.close_delay_s


def test_taking_up_the_position_it_has_is_no_cycle():
    one, now_s = closed()
    one.release(now_s)
    settle(one, now_s)
    assert one.closed
    assert one.cycles == 1


@pytest.mark.parametrize("pole", [0, 1, 2])
def test_one_welded_pole_stays_closed_and_holds_the_mirror(pole):
    one, now_s = closed()
    one.welded = (pole == 0, pole == 1, pole == 2)
    one.drive(False, now_s)
    now_s = settle(one, now_s)
    assert one.poles == one.welded
    assert one.mirror
    one.welded = (False, False, False)
    one.release(now_s)
    settle(one, now_s)
    assert not one.closed
    assert not one.mirror


def test_a_weld_does_not_close_what_is_open():
    one = contactor()
    one.welded = (True, True, True)
    one.release(0.0)
    settle(one, 0.0)
    assert not one.closed


def test_a_dead_coil_does_not_close_and_drops_out():
    one = contactor()
    one.coil_dead = True
    one.drive(True, 0.0)
    settle(one, 0.0)
    assert not one.closed
    one, now_s = closed()
    one.coil_dead = True
    one.release(now_s)
    settle(one, now_s)
    assert not one.closed


def test_a_stuck_mirror_says_what_it_said_before():
    one, now_s = closed()
    one.mirror_stuck = True
    one.drive(False, now_s)
    settle(one, now_s)
    assert not one.closed
    assert one.mirror


def test_with_one_phase_in_use_two_poles_stay_open():
    one = contactor()
    one.used_poles = 1
    one.drive(True, 0.0)
    settle(one, 0.0)
    assert one.poles == (True, False, False)


@given(commands=st.lists(st.tuples(st.booleans(), st.floats(0.0, 0.1)), max_size=20), seed=st.integers())
def test_a_healthy_contactor_ends_where_its_coil_is(commands, seed):
    one, now_s = Contactor(SPEC, random.Random(seed)), 0.0
    for on, wait_s in commands:
        one.drive(on, now_s)
        now_s = settle(one, now_s, wait_s)
    settle(one, now_s)
    assert one.closed == one.mirror == one.coil
