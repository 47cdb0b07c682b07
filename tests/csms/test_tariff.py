from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.tariff import Tariff

TARIFF = Tariff(per_kwh=Decimal("0.49"), per_hour=Decimal("1.20"), session_fee=Decimal("0.35"))


def test_the_cost_is_the_fee_and_the_energy_and_the_time():
    assert TARIFF.cost(energy_wh=12_340, duration_s=5_400) == Decimal("8.20")  # 0.35 + 6.0466 + 1.80 = 8.1966


def test_the_sum_is_rounded_once_and_half_a_cent_goes_up():
    per_wh_and_second = Tariff(per_kwh=Decimal("2.5"), per_hour=Decimal(9))
    assert per_wh_and_second.cost(energy_wh=1, duration_s=1) == Decimal("0.01")  # 0.0025 + 0.0025; apart, 0.00 each


def test_yen_have_no_cents():
    assert Tariff(per_kwh=Decimal(30), currency="JPY", decimals=0).cost(1_050, 0) == Decimal(32)  # 31.5


def test_a_free_session_costs_nothing_to_two_digits():
    assert str(Tariff().cost(10_000, 3_600)) == "0.00"


def test_the_noise_of_binary_floats_does_not_reach_the_bill():
    assert Tariff(per_kwh=Decimal(5)).cost(0.1 + 0.2 + 0.7, 0) == Tariff(per_kwh=Decimal(5)).cost(1.0, 0)


@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
def test_nobody_is_billed_a_number_that_is_none(wrong: float):
    with pytest.raises(ValueError, match="energy_wh"):
        TARIFF.cost(wrong, 0)
    with pytest.raises(ValueError, match="duration_s"):
        TARIFF.cost(0, wrong)


amounts = st.integers(0, 10**9).map(lambda milli: milli / 1000)


@settings(deadline=None)  # a busy machine is no fault of the tariff's
@given(amounts, amounts, amounts)
def test_more_energy_never_costs_less(energy_wh: float, more_wh: float, duration_s: float):
    assert TARIFF.cost(energy_wh + more_wh, duration_s) >= TARIFF.cost(energy_wh, duration_s) >= TARIFF.session_fee
