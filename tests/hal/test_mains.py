"""A phase of the supply that goes: told apart from one that never was there, and from an open contactor."""

from __future__ import annotations

import math

import pytest

from hal import mains
from hal.mains import Mains
from hal.types import MeterSample, Quality


def seen(*rows: tuple[float, ...], quality: Quality = Quality.GOOD) -> Mains:
    state = Mains()
    for volts in rows:
        state = mains.sampled(state, MeterSample(0.0, 0.0, voltage_v=volts, quality=quality))
    return state


ALL, NO_L3, DARK = (230.0, 231.0, 229.0), (230.0, 231.0, 4.0), (0.0, 0.0, 0.0)


def test_a_phase_that_was_there_and_is_gone_in_two_samples_is_lost():
    assert seen(ALL, NO_L3).lost == frozenset()
    assert seen(ALL, NO_L3, NO_L3).lost == {2}


def test_it_is_found_again_in_one():
    assert seen(ALL, NO_L3, NO_L3, ALL).lost == frozenset()


def test_one_that_never_was_there_is_not_missed():
    assert seen(*[(230.0, 0.0, 0.0)] * 10).lost == frozenset()


def test_behind_an_open_contactor_nothing_is_known():
    assert seen(ALL, DARK, DARK, DARK).lost == frozenset()
    assert seen(ALL, NO_L3, DARK, NO_L3).lost == frozenset(), "two in a row"
    assert seen(ALL, NO_L3, NO_L3, DARK).lost == {2}, "it is not back because nobody can see it"


def test_when_the_car_leaves_only_a_meter_that_sees_the_supply_keeps_the_loss():
    assert mains.unplugged(seen(ALL, NO_L3, NO_L3)).lost == {2}
    assert mains.unplugged(seen(ALL, NO_L3, NO_L3, DARK)) == Mains()


@pytest.mark.parametrize("volts", [(230.0, math.nan, 230.0), ()])
def test_what_is_no_voltage_is_not_used(volts: tuple[float, ...]):
    assert seen(ALL, NO_L3, volts) == seen(ALL, NO_L3)


def test_nor_is_a_stale_sample():
    assert seen(ALL, NO_L3, NO_L3, quality=Quality.STALE) == Mains()


def test_a_sagging_phase_is_neither_gone_nor_back():
    assert seen(ALL, (230.0, 230.0, 150.0), (230.0, 230.0, 150.0)).lost == frozenset()
    assert seen(ALL, NO_L3, NO_L3, (230.0, 230.0, 150.0)).lost == {2}
