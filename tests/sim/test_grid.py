"""The supply: sag, imbalance, lost and swapped phases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.grid import DEAD, Grid

amps = st.floats(0.0, 63.0)


@given(load_a=st.tuples(amps, amps, amps))
def test_each_phase_sags_by_its_own_current_times_the_impedance(load_a):
    volts = Grid(source_impedance_ohm=0.2).voltages_v(load_a)
    assert volts == pytest.approx(tuple(230.0 - 0.2 * load for load in load_a))


def test_imbalance_belongs_to_the_conductor():
    assert Grid(imbalance_v=(5.0, 0.0, -5.0)).voltages_v(DEAD) == (235.0, 230.0, 225.0)


def test_a_lost_phase_has_no_voltage_and_the_others_keep_theirs():
    grid = Grid(lost=frozenset({1}))
    assert grid.voltages_v(DEAD) == (230.0, 0.0, 230.0)
    assert [grid.live(terminal) for terminal in range(3)] == [True, False, True]


def test_a_swap_moves_conductors_to_other_terminals_and_turns_the_field_round():
    swapped = Grid(imbalance_v=(5.0, 0.0, -5.0), order=(0, 2, 1))
    assert swapped.voltages_v(DEAD) == (235.0, 225.0, 230.0)
    assert not swapped.clockwise
    lost = Grid(order=(0, 2, 1), lost=frozenset({1}))
    assert [lost.live(terminal) for terminal in range(3)] == [True, True, False]
    assert lost.voltages_v(DEAD) == (230.0, 230.0, 0.0)
    assert Grid(order=(1, 2, 0)).clockwise


def test_a_dead_short_leaves_no_negative_voltage():
    assert Grid(source_impedance_ohm=10.0).voltages_v((63.0, 0.0, 0.0))[0] == 0.0


def test_an_order_that_uses_a_conductor_twice_is_refused():
    with pytest.raises(ValueError, match="order"):
        Grid(order=(0, 0, 1))
