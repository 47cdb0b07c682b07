from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.continuity import AWAY_S, FROZEN_WH, Follower, Limits, Register, follow, limits
from hal.types import EvseCapabilities, MeterErrorKind, MeterSample

U32_WH = 2.0**32
CAN = EvseCapabilities(max_current_a=32.0, phases=3)
LIMIT = limits(CAN, None)


def sample(energy_wh: float, at_s: float, *, serial: str | None = "A", power_w: float = 11_000.0) -> MeterSample:
    return MeterSample(taken_mono_s=at_s, energy_import_wh=energy_wh, serial=serial, power_w=power_w)


def followed(*energies_wh: float, limit: Limits = LIMIT, away: bool = False) -> list[tuple[float | None, str | None]]:
    """What becomes of a register that shows these values, one a second."""
    register = None
    out: list[tuple[float | None, str | None]] = []
    for second, energy_wh in enumerate(energies_wh):
        register, result = follow(register, sample(energy_wh, float(second)), limit, away=away)
        out.append((result.sample.energy_import_wh if result.sample else None, result.kind))
    return out


def test_an_ordinary_register_is_passed_on_as_it_is() -> None:
    assert followed(1000.0, 1003.0, 1003.0, 1006.0) == [(1000.0, None), (1003.0, None), (1003.0, None), (1006.0, None)]


def test_a_register_that_rolls_over_where_its_type_ends_goes_on() -> None:
    near = U32_WH - 3.0
    assert followed(near, 1.0, 4.0, limit=limits(CAN, U32_WH)) == [
        (near, None),
        (near + 4.0, "rollover"),
        (near + 7.0, None),
    ]


def test_a_register_that_rolls_over_behind_all_nines_goes_on_though_nobody_knew() -> None:
    assert followed(999_999_998.0, 2.0, 5.0) == [
        (999_999_998.0, None),
        (1_000_000_002.0, "rollover"),
        (1_000_000_005.0, None),
    ]


def test_what_was_made_up_for_does_not_hide_what_the_meter_shows() -> None:
    register, _ = follow(None, sample(999_999_998.0, 0.0), LIMIT, away=False)
    _, result = follow(register, sample(2.0, 1.0), LIMIT, away=False)
    assert result.sample is not None
    assert (result.sample.energy_import_wh, result.sample.register_wh) == (1_000_000_002.0, 2.0)


def test_a_reset_counts_nothing_for_itself_and_goes_on() -> None:
    assert followed(500_000.0, 2.0, 5.0) == [(500_000.0, None), (500_000.0, "reset"), (500_003.0, None)]


def test_a_small_step_back_stands_still_until_the_register_has_made_up_for_it() -> None:
    assert followed(1000.0, 990.0, 995.0, 1002.0, 1004.0) == [
        (1000.0, None),
        (1000.0, "backward"),
        (1000.0, None),
        (1002.0, None),
        (1004.0, None),
    ]


def test_a_register_that_flickers_is_no_news_and_never_falls() -> None:
    assert followed(1000.0, 999.0, 1000.0, 1001.0) == [(1000.0, None)] * 3 + [(1001.0, None)]


def test_more_energy_than_can_have_flowed_is_no_sample_and_the_next_true_one_is() -> None:
    assert followed(1000.0, 90_000.0, 1006.0) == [(1000.0, None), (None, "jumped"), (1006.0, None)]


def test_after_hours_of_silence_as_much_may_have_flowed() -> None:
    register, _ = follow(None, sample(1000.0, 0.0), LIMIT, away=False)
    _, result = follow(register, sample(23_000.0, 7200.0), LIMIT, away=False)
    assert result.kind is None


def test_another_meter_gives_no_sample_while_a_car_is_here() -> None:
    register, _ = follow(None, sample(1000.0, 0.0), LIMIT, away=False)
    register, result = follow(register, sample(1001.0, 1.0, serial="B"), LIMIT, away=False)
    assert (result.sample, result.kind) == (None, MeterErrorKind.SWAPPED)
    assert "serial number B, it was A; unplug the car" in result.detail
    _, result = follow(register, sample(1002.0, 2.0), LIMIT, away=False)
    assert result.kind is None


def test_a_meter_whose_serial_number_is_not_known_is_not_taken_for_another() -> None:
    register, _ = follow(None, sample(1000.0, 0.0, serial=None), LIMIT, away=False)
    assert follow(register, sample(1001.0, 1.0), LIMIT, away=False)[1].kind is None


@pytest.mark.parametrize(("energy_wh", "serial", "kind"), [(77.0, "B", "swapped"), (9e9, "A", "jumped")])
def test_without_a_car_another_register_is_taken_as_it_is_and_named(energy_wh: float, serial: str, kind: str) -> None:
    register, _ = follow(None, sample(1000.0, 0.0), LIMIT, away=True)
    register, result = follow(register, sample(energy_wh, 1.0, serial=serial), LIMIT, away=True)
    assert result.sample is not None
    assert (result.sample.energy_import_wh, result.kind) == (energy_wh, kind)
    assert register == Register(result.sample)


def test_without_a_car_the_register_is_shown_again_as_the_meter_shows_it() -> None:
    register, _ = follow(None, sample(999_999_998.0, 0.0), LIMIT, away=False)
    register, _ = follow(register, sample(2.0, 1.0), LIMIT, away=False)
    _, result = follow(register, sample(2.0, 900.0), LIMIT, away=True)
    assert result.sample == sample(2.0, 900.0)


def test_a_register_that_stands_while_power_flows_is_frozen_until_it_moves() -> None:
    register, kinds = None, []
    for second in range(30):
        register, result = follow(register, sample(1000.0, float(second)), LIMIT, away=False)
        kinds.append(result.kind)
    first = kinds.index(MeterErrorKind.FROZEN)
    assert FROZEN_WH < first * 11_000.0 / 3600.0 < FROZEN_WH + 6.0
    assert set(kinds[first:]) == {MeterErrorKind.FROZEN}
    assert follow(register, sample(1001.0, 30.0), LIMIT, away=False)[1].kind is None


def test_a_car_that_draws_nothing_or_feeds_in_freezes_nothing() -> None:
    for power_w in (0.0, -7000.0):
        register = None
        for second in range(600):
            register, result = follow(register, sample(1.0, float(second), power_w=power_w), LIMIT, away=False)
            assert result.kind is None


@given(st.lists(st.one_of(st.floats(0.0, 1e10), st.floats(999_999_990.0, 1e9), st.floats(0.0, 50.0)), max_size=30))
def test_whatever_a_register_does_what_is_counted_never_falls_and_never_leaps(energies_wh: list[float]) -> None:
    counted = [energy_wh for energy_wh, _ in followed(*energies_wh) if energy_wh is not None]
    for before, after in pairwise(counted):
        assert after - before + 1e-5 >= 0.0
    if counted:
        assert (
            counted[-1] - counted[0] <= LIMIT.max_power_w * (len(energies_wh) + 10.0 * len(energies_wh)) / 3600.0 + 60
        )


class Wide:
    rollover_wh = U32_WH


def test_the_meters_own_width_is_used() -> None:
    follower = Follower(Wide(), CAN, lambda: False)
    follower(sample(U32_WH - 1.0, 0.0))
    assert follower(sample(1.0, 1.0)).kind is MeterErrorKind.ROLLOVER


def test_another_meter_counts_once_the_car_has_been_gone_for_a_while() -> None:
    gone = False
    follower = Follower(object(), CAN, lambda: gone)
    follower(sample(1000.0, 0.0))
    assert follower(sample(5.0, 1.0, serial="B")).sample is None
    gone = True
    assert follower(sample(5.0, 2.0, serial="B")).sample is None
    assert follower(sample(5.0, 1.0 + AWAY_S, serial="B")).sample is None
    after = follower(sample(5.0, 2.0 + AWAY_S, serial="B"))
    assert (after.sample, after.kind) == (sample(5.0, 2.0 + AWAY_S, serial="B"), MeterErrorKind.SWAPPED)
    assert follower(sample(5.0, 3.0 + AWAY_S, serial="B")).kind is None
