"""The tables of IEC 61851-1: each row by its id, at its edges, and the two directions against each other."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.iec61851 import (
    CABLE_CODES,
    CP_LEVELS,
    DUTY_BANDS,
    PAUSE_DUTY_PCT,
    CableCode,
    CpLevel,
    cable_ampacity,
    cp_state,
    current_for_duty,
    duty_for_current,
    is_digital,
)
from hal.types import CpState, FaultKind

# Duty cycle -> current, read off the standard's description band by band: (row, duty, ampere)
DUTIES = [
    ("DUTY-none-below-3", 0.0, None),
    ("DUTY-none-below-3", 2.99, None),
    ("DUTY-digital", 3.0, None),
    ("DUTY-digital", 5.0, None),
    ("DUTY-digital", 7.0, None),
    ("DUTY-none-7-to-8", 7.01, None),
    ("DUTY-none-7-to-8", 7.99, None),
    ("DUTY-6A", 8.0, 6.0),
    ("DUTY-6A", 9.99, 6.0),
    ("DUTY-6A", 10.0, 6.0),
    ("DUTY-low", 16.0, 9.6),
    ("DUTY-low", 26.6667, 16.0),
    ("DUTY-low", 53.3333, 32.0),
    ("DUTY-low", 85.0, 51.0),
    ("DUTY-high", 86.0, 55.0),
    ("DUTY-high", 90.0, 65.0),
    ("DUTY-high", 96.0, 80.0),
    ("DUTY-80A", 96.01, 80.0),
    ("DUTY-80A", 97.0, 80.0),
    ("DUTY-none-above-97", 97.01, None),
    ("DUTY-none-above-97", 100.0, None),
]


@pytest.mark.parametrize(("row", "duty_pct", "current_a"), DUTIES, ids=[f"{row}@{duty}" for row, duty, _ in DUTIES])
def test_a_duty_cycle_offers_the_current_of_its_band(row: str, duty_pct: float, current_a: float | None):
    assert current_for_duty(duty_pct) == (None if current_a is None else pytest.approx(current_a, abs=1e-3))


def test_every_row_of_the_duty_table_has_a_case():
    assert {band.id for band in DUTY_BANDS} == {row for row, _, _ in DUTIES}


@pytest.mark.parametrize("duty_pct", [-0.1, 100.1, math.nan, math.inf])
def test_what_is_no_duty_cycle_offers_nothing(duty_pct: float):
    assert current_for_duty(duty_pct) is None


@pytest.mark.parametrize(
    ("current_a", "duty_pct"),
    [
        (0.0, PAUSE_DUTY_PCT),
        (5.99, PAUSE_DUTY_PCT),
        (6.0, 10.0),
        (16.0, 26.6667),
        (32.0, 53.3333),
        (51.0, 85.0),
        (52.0, 85.0),  # between 51 and 52.5 A no duty cycle exists: the lower one
        (52.5, 85.0),
        (63.0, 89.2),
        (80.0, 96.0),
        (100.0, 96.0),
    ],
)
def test_a_current_becomes_the_duty_cycle_of_the_standard(current_a: float, duty_pct: float):
    assert duty_for_current(current_a) == pytest.approx(duty_pct, abs=1e-3)


@pytest.mark.parametrize("current_a", [-0.1, math.nan])
def test_no_duty_cycle_for_a_senseless_current(current_a: float):
    with pytest.raises(ValueError, match="no duty cycle"):
        duty_for_current(current_a)


@given(st.floats(min_value=6.0, max_value=200.0))
def test_no_duty_cycle_ever_offers_more_than_was_wanted(current_a: float):
    offered_a = current_for_duty(duty_for_current(current_a))
    assert offered_a is not None
    assert min(current_a, 80.0) - 1.5 - 1e-9 <= offered_a <= current_a + 1e-9


def test_only_three_to_seven_percent_asks_for_digital_communication():
    assert [is_digital(duty) for duty in (2.9, 3.0, 5.0, 7.0, 7.1, math.nan)] == [False, True, True, True, False, False]


@pytest.mark.parametrize("row", CP_LEVELS, ids=lambda row: row.id)
def test_a_pilot_level_is_recognised_within_one_volt(row: CpLevel):
    for high_mv in (row.nominal_mv - 1000, row.nominal_mv, row.nominal_mv + 1000):
        assert cp_state(high_mv) is row.state
    assert cp_state(row.nominal_mv + 1001) is not row.state
    assert cp_state(row.nominal_mv - 1001) is not row.state


def test_the_nominal_levels_are_those_of_the_standard():
    assert {row.state: row.nominal_mv for row in CP_LEVELS} == {
        CpState.A: 12_000,
        CpState.B: 9_000,
        CpState.C: 6_000,
        CpState.D: 3_000,
        CpState.E: 0,
        CpState.F: -12_000,
    }


@pytest.mark.parametrize("high_mv", [10_500, 7_500, 4_500, 1_500, -6_000, 13_500])
def test_between_two_levels_there_is_no_state(high_mv: int):
    assert cp_state(high_mv) is None


@pytest.mark.parametrize("row", CABLE_CODES, ids=lambda row: row.id)
def test_a_cable_is_known_by_its_resistor_within_three_percent(row: CableCode):
    for ohms in (row.ohms * 0.971, row.ohms, row.ohms * 1.029):
        assert cable_ampacity(ohms) == row.ampacity_a
    assert cable_ampacity(row.ohms * 1.031) is FaultKind.PP_UNKNOWN
    assert cable_ampacity(row.ohms * 0.969) is FaultKind.PP_UNKNOWN


def test_the_cable_codes_are_those_of_the_standard():
    assert [cable_ampacity(ohms) for ohms in (1500, 680, 220, 100)] == [13, 20, 32, 63]
    assert cable_ampacity(100, phases=1) == 70


@pytest.mark.parametrize(
    ("ohms", "fault"),
    [
        (0.0, FaultKind.PP_SHORT),
        (49.0, FaultKind.PP_SHORT),
        (5000.0, FaultKind.PP_OPEN),
        (math.inf, FaultKind.PP_OPEN),
        (math.nan, FaultKind.PP_UNKNOWN),
        (-5.0, FaultKind.PP_UNKNOWN),
        (400.0, FaultKind.PP_UNKNOWN),
    ],
)
def test_a_short_an_open_and_an_unknown_coding_are_faults(ohms: float, fault: FaultKind):
    assert cable_ampacity(ohms) is fault
