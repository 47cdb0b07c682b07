from __future__ import annotations

import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.errors import MeterError
from hal.modbus.layout import Layout, from_sample, resolution_wh, to_sample
from hal.modbus.profile import (
    PROFILES,
    ProfileError,
    identity_requests,
    load_profile,
    parse_profile,
    plan,
    probes,
    rollover_wh,
    sample_requests,
)
from hal.modbus.schema import DECIMALS, NUMBERS, SAMPLE_POINTS, Point, Profile, ReadRequest, number_range
from hal.types import MeterErrorKind
from tests.hal.modbus.helpers import PROFILE_NAMES, charging

HERE = Path("meter.toml")
PLAIN = sorted(set(NUMBERS) - set(DECIMALS))


def raw_profile(**changes: Any) -> dict[str, Any]:
    """A small profile as TOML gives it."""
    return {
        "models": ["Test"],
        "function": 3,
        "word_order": "big",
        "check": "one",
        "source": ["a test"],
        "readable": [[0, 9]],
        "points": {
            "energy_import_wh": {"address": 0, "type": "u32"},
            "power_w": {"address": 4, "type": "i32", "scale": 0.1},
            "serial": {"address": 100, "type": "u16"},
        },
        "image": [{"source": "by hand", "address": 0, "words": "0001 0000", "expect": {"energy_import_wh": 65536}}],
        **changes,
    }


# The shipped profiles


@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_every_profile_reads_its_register_image_as_its_source_does_in_bulk(name: str) -> None:
    profile = load_profile(name)
    bank = {
        (image.function or profile.function, image.address + offset): word
        for image in profile.image
        for offset, word in enumerate(image.registers())
    }
    got = {}
    for request in (*sample_requests(profile), *identity_requests(profile).values()):
        words = [bank.get((request.function, address), 0) for address in range(request.address, request.end)]
        got.update(Layout(profile, request).decode(words))
    seen = set()
    for image in reversed(profile.image):  # of two images of one register the later is in the bank
        for point, expected in image.expect.items():
            if point not in seen:
                assert got[point] == (pytest.approx(expected, rel=1e-6) if isinstance(expected, float) else expected)
        assert all(got[point] is None for point in image.absent)
        seen |= {*image.expect, *image.absent}
    assert "energy_import_wh" in seen


@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_a_profile_whose_register_moved_is_refused_because_of_its_image(name: str) -> None:
    raw = tomllib.loads((PROFILES / f"{name}.toml").read_text())
    raw["points"]["energy_import_wh"]["address"] += 2
    raw["points"].pop("energy_export_wh", None)
    with pytest.raises(ProfileError, match=rf"{name}.*energy_import_wh"):
        parse_profile(raw, Path(f"{name}.toml"))


def test_abb_values_are_those_of_the_manufacturers_own_example() -> None:
    profile = load_profile("abb_b2x")
    request = ReadRequest(3, 0x5B14, 2)
    assert Layout(profile, request).decode([0x0001, 0xE8E4]) == {"power_w": 1251.56}


def test_all_of_a_three_phase_eastron_comes_in_one_request() -> None:
    assert sample_requests(load_profile("eastron_sdm630")) == (ReadRequest(4, 0x0000, 76),)


def test_the_model_code_of_a_carlo_gavazzi_is_read_alone() -> None:
    profile = load_profile("carlo_gavazzi_em340")
    assert identity_requests(profile)["model_code"] == ReadRequest(4, 0x000B, 1)
    assert all("model_code" not in profile.within(request) for request in sample_requests(profile))


# Values


@pytest.mark.parametrize(("says_hz", "is_hz"), [(500.2, 50.02), (50.02, 50.02), (100.0, 100.0)])
def test_a_frequency_in_tenths_is_known_for_what_it_is(says_hz: float, is_hz: float) -> None:
    values = {"energy_import_wh": 1.0, "frequency_hz": says_hz}
    assert to_sample(load_profile("eastron_sdm630"), values, 0.0, None).frequency_hz == pytest.approx(is_hz)


def test_power_that_comes_as_two_numbers_is_their_difference() -> None:
    values = {"energy_import_wh": 1.0, "power_import_w": 10.0, "power_export_w": 2500.0}
    assert to_sample(load_profile("dzg_dvh4013"), values, 0.0, None).power_w == -2490.0


def test_a_meter_without_a_number_for_energy_gives_no_sample() -> None:
    profile = load_profile("eastron_sdm630")
    with pytest.raises(MeterError) as caught:
        to_sample(profile, {"energy_import_wh": None, "power_w": 1.0}, 0.0, None)
    assert caught.value.kind is MeterErrorKind.NAN


def test_a_phase_without_a_number_ends_the_tuple() -> None:
    profile = load_profile("abb_b2x")
    sample = to_sample(profile, {"energy_import_wh": 1.0, "voltage_l1_v": 230.0, "voltage_l2_v": None}, 0.0, None)
    assert sample.voltage_v == (230.0,)
    assert sample.current_a is None


def test_not_a_number_and_infinity_are_no_values() -> None:
    layout = Layout(load_profile("eastron_sdm630"), ReadRequest(4, 0x0034, 2))
    assert layout.decode([0x7FC0, 0]) == {"power_w": None}
    assert layout.decode([0x7F80, 0]) == {"power_w": None}
    assert layout.decode([0xFF80, 0]) == {"power_w": None}


def test_the_least_significant_register_comes_first_in_a_little_profile() -> None:
    layout = Layout(load_profile("carlo_gavazzi_em340"), ReadRequest(4, 0x0028, 2))
    assert layout.decode([0x0001, 0x0000]) == {"power_w": 0.1}
    assert layout.decode([0x0000, 0x0001]) == {"power_w": 6553.6}


def test_a_text_keeps_its_order_whatever_the_word_order() -> None:
    layout = Layout(load_profile("carlo_gavazzi_em340"), ReadRequest(4, 0x5000, 7))
    assert layout.decode([0x4B55, 0x3132, 0x3300, 0, 0, 0, 0]) == {"serial": "KU123"}
    assert layout.encode({"serial": "KU123"}) == [0x4B55, 0x3132, 0x3300, 0, 0, 0, 0]


def test_decimal_scales_give_decimal_numbers() -> None:
    layout = Layout(load_profile("abb_b2x"), ReadRequest(3, 0x5B14, 2))
    assert layout.decode([0, 115]) == {"power_w": 1.15}  # 115 x 0.01 is 1.1500000000000001


def test_the_resolution_is_the_registers_smallest_step() -> None:
    assert resolution_wh(Point(0, "u64", 10.0), 5e6) == 10.0
    assert resolution_wh(Point(0, "f32", 1000.0), 12_345_678.0) == pytest.approx(1000 / 1024)
    assert resolution_wh(Point(0, "f64", 1000.0), 12_345_678.0) < 1e-8


def test_a_slave_without_a_value_says_so_as_its_model_does() -> None:
    profile = load_profile("abb_b2x")
    silent = from_sample(profile, charging(frequency_hz=None, power_w=None))
    layout = Layout(profile, ReadRequest(3, 0x5B14, 25))
    assert layout.decode(layout.encode(silent))["power_w"] is None
    assert layout.decode(layout.encode(silent))["frequency_hz"] is None


def by_hand(number: str, word_order: str, words: list[int]) -> float:
    """A second, slow reading of registers, to judge the fast one."""
    ordered = words if word_order == "big" else words[::-1]
    data = b"".join(word.to_bytes(2, "big") for word in ordered)
    if number[0] == "f":
        bits, exponent_bits = 8 * len(data), 8 if number == "f32" else 11
        mantissa_bits = bits - 1 - exponent_bits
        whole = int.from_bytes(data, "big")
        exponent = (whole >> mantissa_bits) & ((1 << exponent_bits) - 1)
        mantissa = whole & ((1 << mantissa_bits) - 1)
        bias = (1 << (exponent_bits - 1)) - 1
        sign = -1 if whole >> (bits - 1) else 1
        power = max(exponent, 1) - bias - mantissa_bits
        return sign * (mantissa + (1 << mantissa_bits if exponent else 0)) * 2.0**power
    return float(int.from_bytes(data, "big", signed=number[0] == "i"))


@given(st.sampled_from(PLAIN), st.sampled_from(["big", "little"]), st.data())
def test_every_type_is_read_in_both_word_orders_as_by_hand(number: str, word_order: str, data: st.DataObject) -> None:
    count = NUMBERS[number][1]
    before = data.draw(st.integers(0, 3))
    words = data.draw(st.lists(st.integers(0, 0xFFFF), min_size=count, max_size=count))
    if number[0] == "f":  # an exponent of all ones is no number
        words[0 if word_order == "big" else -1] &= 0xBFFF
    profile = built({"power_w": Point(before, number)}, word_order=word_order)
    registers = [*range(before), *words, 99]
    assert Layout(profile, ReadRequest(3, 0, before + count + 1)).decode(registers) == {
        "power_w": by_hand(number, word_order, words)
    }


@given(st.sampled_from(["u16", "i16", "u32", "i32", "u64", "i64"]), st.sampled_from(["big", "little"]), st.data())
def test_a_whole_number_survives_slave_and_driver(number: str, word_order: str, data: st.DataObject) -> None:
    low, high = number_range(number)
    value = data.draw(st.integers(max(int(low), -(2**53)), min(int(high), 2**53)))
    layout = Layout(built({"power_w": Point(5, number)}, word_order=word_order), ReadRequest(3, 3, 9))
    assert layout.decode(layout.encode({"power_w": float(value)})) == {"power_w": value}


# Plans


def built(points: dict[str, Point], **changes: Any) -> Profile:
    """A profile made without the checks of a file."""
    head: dict[str, Any] = {"models": (), "function": 3, "word_order": "big", "check": "one", "source": (), "image": ()}
    return Profile(name="test", points=points, **(head | changes))


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    max_registers = draw(st.integers(4, 20))
    points, address = {}, 0
    for name in draw(st.lists(st.sampled_from(sorted(SAMPLE_POINTS)), unique=True, min_size=1, max_size=8)):
        address += draw(st.integers(0, 8))
        function = draw(st.sampled_from([None, None, None, 4]))
        point = Point(
            address,
            draw(st.sampled_from(PLAIN)),
            function=function,
            alone=draw(st.booleans()) and address > 9,
        )
        points[name] = point
        address = point.end
    edges = sorted(draw(st.lists(st.integers(0, address), max_size=4, unique=True)))
    readable = tuple(zip(edges[::2], edges[1::2], strict=False))
    return built(points, max_registers=max_registers, readable=readable)


def feasible(profile: Profile, run: list[Point]) -> bool:
    """Whether one request may read these points (sorted), by the plain words of the rules."""
    if len(run) > 1 and any(point.alone for point in run):
        return False
    if len({profile.function_of(point) for point in run}) > 1:
        return False
    if run[-1].end - run[0].address > profile.max_registers:
        return False
    owned = {address for point in run for address in range(point.address, point.end)}
    for before, after in pairwise(run):
        gap = range(before.end, after.address)
        allowed = any(set(gap) <= set(range(low, high + 1)) for low, high in profile.readable)
        if set(gap) - owned and not (allowed and profile.function_of(before) == profile.function):
            return False
    return True


@given(profiles())
def test_a_plan_covers_every_point_within_the_models_limits_in_the_fewest_requests(profile: Profile) -> None:
    requests = plan(profile, profile.points)
    for name in profile.points:
        assert sum(name in profile.within(request) for request in requests) >= 1
    owned = {
        (profile.function_of(point), address)
        for point in profile.points.values()
        for address in range(point.address, point.end)
    }
    for request in requests:
        assert request.count <= profile.max_registers
        for address in range(request.address, request.end):
            in_block = any(low <= address <= high for low, high in profile.readable)
            assert (request.function, address) in owned or (in_block and request.function == profile.function)
    assert len(requests) <= len(profile.points)
    assert len(requests) == fewest(profile)


def fewest(profile: Profile) -> int:
    """The least number of requests, by trying every split of the points in a row."""
    total = 0
    for function in (3, 4):
        for alone in (False, True):
            row = sorted(
                (p for p in profile.points.values() if profile.function_of(p) == function and p.alone == alone),
                key=lambda p: p.address,
            )
            best = [0] * (len(row) + 1)
            for end in range(1, len(row) + 1):
                best[end] = min(best[start] + 1 for start in range(end) if feasible(profile, row[start:end]))
            total += best[-1]
    return total


@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_every_probe_is_answered_in_a_form_of_its_own(name: str) -> None:
    profile = load_profile(name)
    polled = {(r.function, r.count) for r in (*sample_requests(profile), *identity_requests(profile).values())}
    forms = [(request.function, request.count) for request in probes(profile)]
    assert polled.isdisjoint(forms)
    assert len(set(forms)) == len(forms) >= 1
    assert all(profile.within(request) or request in profile.probe for request in probes(profile))


# Errors name the file, the point and what was expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"points": {"voltage_l1": {"address": 0, "type": "u16"}}},
            "'voltage_l1' is unknown; did you mean 'voltage_l1_v'",
        ),
        ({"points": {"power_w": {"address": 0, "type": "u24"}}}, "point 'power_w'.*u24"),
        ({"points": {"power_w": {"address": 70000, "type": "u16"}}}, "point 'power_w'.*65535.*address"),
        ({"points": {"power_w": {"address": 0, "type": "u16", "sclae": 2}}}, "point 'power_w'.*sclae"),
        ({"points": {"power_w": {"address": 0, "type": "u16"}}}, "energy_import_wh"),
        ({"word_order": "middle"}, "middle.*word_order"),
        ({"image": []}, r"\[\[image\]\]"),
        ({"max_registers": 1}, "point 'energy_import_wh': needs 2 registers, max_registers is 1"),
        ({"max_registers": 126}, "125.*max_registers"),
        ({"model_codes": [1]}, "model_code"),
        ({"check": "doubt"}, "'note'"),
        ({"readable": [[9, 1]]}, "readable block"),
        ({"valid": {"u16": [0, 70000]}}, "valid.u16"),
        ({"valid": {"t5": [0, 1]}}, "valid.t5"),
        ({"image": [{"source": "x", "address": 0, "words": "zz", "expect": {}}]}, "hexadecimal"),
        (
            {"image": [{"source": "x", "address": 0, "words": "0000 0007", "expect": {"energy_import_wh": 8}}]},
            "point 'energy_import_wh': expected 8.*say 7",
        ),
        (
            {"image": [{"source": "x", "address": 0, "words": "0000 0007", "expect": {}, "absent": ["power_w"]}]},
            "point 'power_w': expected no value",
        ),
    ],
)
def test_a_wrong_profile_is_refused_with_the_files_name_and_the_reason(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ProfileError, match=rf"meter.toml.*{message}"):
        parse_profile(raw_profile(**changes), HERE)


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ({"address": 1, "type": "u16"}, "register 0x0001 belongs to 'energy_import_wh'"),
        ({"address": 0xFFFF, "type": "u32"}, "end behind 0xffff"),
        ({"address": 9, "type": "str", "words": 2}, "expected a number type"),
        ({"address": 9, "type": "u16", "words": 2}, "'words'"),
        ({"address": 9, "type": "u16", "scale": 0.0}, "above 0"),
        ({"address": 9, "type": "u16", "exponent_address": 8}, "'exponent_address'"),
        ({"address": 9, "type": "i32e"}, "'exponent_address'"),
        ({"address": 20, "type": "i32e", "exponent_address": 15}, "register 0x0010 before its exponent"),
    ],
)
def test_a_wrong_point_is_named(point: dict[str, Any], message: str) -> None:
    raw = raw_profile()
    raw["points"]["frequency_hz"] = point
    with pytest.raises(ProfileError, match=rf"meter.toml: point 'frequency_hz'.*{message}"):
        parse_profile(raw, HERE)


def test_a_profile_in_which_a_late_answer_could_be_mistaken_is_refused() -> None:
    raw = raw_profile(points={"energy_import_wh": {"address": 0, "type": "u32"}})
    with pytest.raises(ProfileError, match="late answer"):
        parse_profile(raw, HERE)


def test_a_good_profile_is_taken() -> None:
    assert parse_profile(raw_profile(), HERE).points["power_w"].scale == 0.1


def test_an_unknown_profile_name_gets_the_nearest_known_one() -> None:
    with pytest.raises(ProfileError, match="did you mean 'eastron_sdm630'"):
        load_profile("eastron_sdm360")


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("models = [")
    with pytest.raises(ProfileError, match=r"broken\.toml"):
        load_profile(path)


def test_a_manufacturers_own_profile_is_loaded_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text((PROFILES / "abb_b2x.toml").read_text())
    assert load_profile(path).name == "ours"


def test_a_strange_point_cannot_be_planned() -> None:
    with pytest.raises(ProfileError, match="no point 'water_l'"):
        plan(load_profile("abb_b2x"), ["water_l"])


@pytest.mark.parametrize(
    ("name", "wh"),
    [("bernecker_mpm3pm", 42949672960.0), ("carlo_gavazzi_em340", 214748364800.0), ("eastron_sdm630", None)],
)
def test_a_register_rolls_over_where_its_type_ends(name: str, wh: float | None) -> None:
    assert rollover_wh(load_profile(name)) == wh


def test_a_profile_may_say_that_its_register_rolls_over_sooner() -> None:
    assert rollover_wh(parse_profile(raw_profile(rollover_wh=1e9), HERE)) == 1e9
