from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.limits import LimitError, LimitInput, LimitSource, checked, next_expiry, resolve


def test_the_lowest_source_wins_and_is_named():
    limit = resolve([LimitInput(LimitSource.BOARD, 32.0), LimitInput(LimitSource.SITE_FUSE, 16.0)], 0.0)
    assert limit.explain() == "16 A: site fuse"


def test_no_source_at_all_means_no_current():
    assert not resolve([], 0.0).offers


def test_a_silent_source_counts_with_its_fail_safe_value_and_says_so():
    silent = LimitInput(LimitSource.GRID, 32.0, until_mono_s=10.0, fallback_a=8.0)
    assert resolve([silent], 9.9).current_a == 32.0
    assert resolve([silent], 10.0).explain() == "8 A: grid signal (silent, fail-safe value)"
    assert next_expiry([silent], 0.0) == 10.0
    assert next_expiry([silent], 10.0) is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0])
def test_what_is_no_current_is_refused_by_name(value):
    with pytest.raises(LimitError, match="charging profile: current_a"):
        checked(LimitInput(LimitSource.OCPP, value))


@given(st.lists(st.builds(LimitInput, st.sampled_from(LimitSource), st.floats(0, 200)), min_size=1))
def test_the_result_is_never_above_any_source(inputs):
    limit = resolve(inputs, 0.0)
    assert all(limit.current_a <= one.current_a for one in inputs)
    assert limit.current_a <= 80.0
