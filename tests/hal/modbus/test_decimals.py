from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.modbus import decimals
from hal.modbus.layout import Layout, to_sample
from hal.modbus.profile import load_profile
from hal.modbus.schema import ReadRequest


def test_iskras_decimal_numbers_are_read_as_by_its_other_driver() -> None:
    """The numbers are those of EVerest's own tests."""
    assert [decimals.value(*decimals.parts("t5", raw, None)) for raw in (1234, 0x03020000)] == [1234.0, 131072000.0]
    assert [decimals.value(*decimals.parts("i32e", raw, power)) for raw, power in ((1234, 1), (16 << 16, 0))] == [
        12340.0,
        1048576.0,
    ]
    assert decimals.value(*decimals.parts("t6", 0xFDFFC14E, None)) == -16.05


@given(st.sampled_from(["t5", "t6", "i32e"]), st.floats(-1e6, 1e6))
def test_a_decimal_number_survives_slave_and_driver(kind: str, value: float) -> None:
    value = abs(value) if kind == "t5" else value
    raw, power = decimals.raw(kind, value)
    assert decimals.value(*decimals.parts(kind, raw, power if kind == "i32e" else None)) == pytest.approx(
        value, rel=1e-6, abs=1e-4
    )


def test_a_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        decimals.raw("t5", -1.0)


def test_an_exponent_of_its_own_decides_the_resolution_of_the_energy() -> None:
    profile = load_profile("iskra_wm3m4")
    values = Layout(profile, ReadRequest(4, 414, 8)).decode([2, 0xFFFF, 0, 0, 0, 1234, 0, 50])
    sample = to_sample(profile, values, 0.0, None)
    assert (sample.energy_import_wh, sample.energy_export_wh, sample.resolution_wh) == (123400.0, 5.0, 100.0)
