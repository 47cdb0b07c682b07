"""From registers to values and back: where the points of one request lie in its answer.

The driver decodes and the simulated slave encodes with the same class, so neither proves the other right: each
profile's register images, whose values come from another source, do.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Final

from hal.errors import MeterError
from hal.modbus import decimals
from hal.modbus.schema import (
    DECIMALS,
    NUMBERS,
    PHASE_POINTS,
    SINGLE_POINTS,
    Point,
    Profile,
    ReadRequest,
    number_range,
)
from hal.types import MeterErrorKind, MeterSample

Value = float | str | None
Values = Mapping[str, Value]

EXPONENT: Final = "^"  # what a number's exponent is called, after its name
TENTHS_ABOVE_HZ: Final = 100.0  # our policy: no grid runs faster; some firmwares report tenths (openWB sdm.py)
_F32_ULP_OF_F64: Final = 2.0**29  # a 32-bit float's mantissa is 29 bits shorter than a 64-bit one's


class Layout:
    """Decodes and encodes the registers of one request."""

    def __init__(self, profile: Profile, request: ReadRequest) -> None:
        little = profile.word_order == "little"
        self._step = -1 if little else 1  # reversed registers turn every value into big-endian order
        self._texts: list[tuple[str, int, int]] = []
        numbers: list[tuple[int, str, str, Point]] = []
        for name, point in profile.within(request).items():
            offset = point.address - request.address
            if point.type == "str":
                self._texts.append((name, offset, offset + point.count))
                continue
            numbers.append((request.count - offset - point.count if little else offset, point.type, name, point))
            if point.exponent_address is not None:
                offset = point.exponent_address - request.address
                numbers.append((request.count - offset - 1 if little else offset, "i16", name + EXPONENT, point))
        numbers.sort(key=lambda number: number[0])
        code, position = ">", 0
        for offset, number_type, _, _ in numbers:
            letter, words = NUMBERS[number_type]
            code += "x" * 2 * (offset - position) + letter
            position = offset + words
        self._numbers = struct.Struct(code + "x" * 2 * (request.count - position))
        self._words = struct.Struct(f">{request.count}H")
        self._rows = [(name, *_ratio(point.scale), *profile.valid_range(kind)) for _, kind, name, point in numbers]
        self._points = [point for _, _, _, point in numbers]
        self._decimals = [
            (at, name, point)
            for at, (_, kind, name, point) in enumerate(numbers)
            if point.type in DECIMALS and kind == point.type
        ]
        self._names = [name for name, *_ in self._rows]
        self._raws = [_raw(point, row[0], *row[1:]) for point, row in zip(self._points, self._rows, strict=True)]

    def decode(self, words: Sequence[int]) -> dict[str, Value]:
        """Values by point name; None where the meter says that it has none."""
        raws = self._numbers.unpack(self._words.pack(*words[:: self._step]))
        values: dict[str, Value] = {
            name: raw * factor / divisor if low <= raw <= high else None
            for raw, (name, factor, divisor, low, high) in zip(raws, self._rows, strict=True)
        }
        for at, name, point in self._decimals:
            exponent = raws[self._names.index(name + EXPONENT)] if point.exponent_address is not None else None
            mantissa, power = decimals.parts(point.type, raws[at], exponent)
            values.pop(name + EXPONENT, None)
            values[name] = decimals.value(mantissa, power) * point.scale
            if name == "energy_import_wh":
                values["resolution_wh"] = decimals.value(1, power) * point.scale
        for name, start, end in self._texts:
            text = struct.pack(f">{end - start}H", *words[start:end]).replace(b"\0", b"")
            values[name] = text.decode("ascii", errors="replace").strip() or None
        return values

    def encode(self, values: Values) -> list[int]:
        """Registers that hold these values; what belongs to no point is 0. Raises `ValueError` out of range."""
        raws = [
            missing
            if (value := values.get(name)) is None
            # a float is written as it is, all else as a whole number
            else (float(value) * divisor / factor if floats else round(float(value) * divisor / factor))
            for name, factor, divisor, floats, missing in self._raws
        ]
        for at, name, point in self._decimals:
            raws[at], exponent = decimals.raw(point.type, _as_number(values.get(name)) / point.scale)
            if point.exponent_address is not None:
                raws[self._names.index(name + EXPONENT)] = exponent
        words = list(self._words.unpack(self._numbers.pack(*raws)))[:: self._step]
        for name, start, end in self._texts:
            text = str(values.get(name) or "").encode("ascii").ljust(2 * (end - start), b"\0")
            words[start:end] = struct.unpack(f">{end - start}H", text)
        return words


def _as_number(value: Value) -> float:
    """Decimal types have no mark for "no value"; theirs is 0."""
    return 0.0 if value is None else float(value)


def _ratio(scale: float) -> tuple[float, float]:
    """Scale as factor and divisor: 2301 / 10 is 230.1, 2301 x 0.1 is not."""
    divisor = round(1 / scale)
    return (1.0, float(divisor)) if scale < 1 and math.isclose(divisor * scale, 1.0) else (scale, 1.0)


def _raw(
    point: Point, name: str, factor: float, divisor: float, valid_low: float, valid_high: float
) -> tuple[str, float, float, bool, float]:
    """How a point is written: the value's name, its ratio, whether the type is a float, and what says "no value"."""
    if point.type in DECIMALS:
        return "", factor, divisor, False, 0  # filled in with its exponent
    if point.type[0] == "f":
        return name, factor, divisor, True, math.nan
    low, high = number_range(point.type)  # the first raw value that means "no value"; a type that has none says 0
    missing = int(valid_high) + 1 if valid_high < high else int(valid_low) - 1 if valid_low > low else 0
    return name, factor, divisor, False, missing


def decode(profile: Profile, registers: Mapping[tuple[int, int], int]) -> dict[str, Value]:
    """The points that lie wholly in these registers ((function, address) -> word)."""
    values: dict[str, Value] = {}
    for name, point in profile.points.items():
        request = ReadRequest(profile.function_of(point), point.start, point.end - point.start)
        addresses = [(request.function, address) for address in range(request.address, request.end)]
        if all(address in registers for address in addresses):
            values[name] = Layout(profile, request).decode([registers[address] for address in addresses])[name]
    return values


def identity_text(value: Value) -> str | None:
    """A serial number or model code as text: a number loses its decimals."""
    return f"{value:.0f}" if isinstance(value, float) else value


def to_sample(profile: Profile, values: Values, taken_mono_s: float, serial: str | None) -> MeterSample:
    """A sample of decoded values. Raises `MeterError` (NAN) without imported energy."""
    energy_wh = _number(values, "energy_import_wh")
    step_wh = 1.0 if energy_wh is None else resolution_wh(profile.points["energy_import_wh"], energy_wh)
    return sample_of(profile.name, {"resolution_wh": step_wh, **values}, taken_mono_s, serial)


def sample_of(name: str, values: Values, taken_mono_s: float, serial: str | None) -> MeterSample:
    """A sample of values by point name. Raises `MeterError` (NAN) without imported energy.

    A phase the model or this meter does not have ends the tuple of its quantity: one phase gives a 1-tuple.
    """
    energy_wh = _number(values, "energy_import_wh")
    if energy_wh is None:
        raise MeterError(MeterErrorKind.NAN, f"{name}: the register of imported energy says 'no value'")
    return MeterSample(
        taken_mono_s=taken_mono_s,
        serial=serial,
        energy_import_wh=energy_wh,
        energy_export_wh=_number(values, "energy_export_wh"),
        power_w=_power_w(values),
        frequency_hz=_frequency_hz(values),
        power_factor=_number(values, "power_factor"),
        reactive_power_var=_number(values, "reactive_power_var"),
        power_phase_w=_phases(values, "power_phase_w"),
        voltage_v=_phases(values, "voltage_v"),
        current_a=_phases(values, "current_a"),
        resolution_wh=_number(values, "resolution_wh") or 1.0,
    )


def resolution_wh(point: Point, energy_wh: float) -> float:
    """The smallest step the energy register can make at this value."""
    if point.type == "f32":
        return math.ulp(energy_wh / point.scale) * _F32_ULP_OF_F64 * point.scale
    if point.type == "f64":
        return math.ulp(energy_wh / point.scale) * point.scale
    return point.scale


def from_sample(profile: Profile, sample: MeterSample) -> dict[str, Value]:
    """The values a meter of this model would hold: what the simulated slave serves."""
    values: dict[str, Value] = {name: getattr(sample, name) for name in SINGLE_POINTS}
    for field, names in PHASE_POINTS.items():
        phases: tuple[float, ...] = getattr(sample, field) or ()
        values.update(zip(names, phases, strict=False))
    if sample.power_w is not None:
        values |= {"power_import_w": max(sample.power_w, 0.0), "power_export_w": max(-sample.power_w, 0.0)}
    values["serial"] = sample.serial
    if profile.model_codes:
        values["model_code"] = float(profile.model_codes[0])
    return values


def _number(values: Values, name: str) -> float | None:
    value = values.get(name)
    return value if isinstance(value, float) else None


def _power_w(values: Values) -> float | None:
    bought_w, sold_w = _number(values, "power_import_w"), _number(values, "power_export_w")
    if bought_w is not None and sold_w is not None:
        return bought_w - sold_w
    return _number(values, "power_w")


def _frequency_hz(values: Values) -> float | None:
    frequency_hz = _number(values, "frequency_hz")
    return frequency_hz / 10 if frequency_hz is not None and frequency_hz > TENTHS_ABOVE_HZ else frequency_hz


def _phases(values: Values, field: str) -> tuple[float, ...] | None:
    phases: list[float] = []
    for name in PHASE_POINTS[field]:
        value = _number(values, name)
        if value is None:
            break
        phases.append(value)
    return tuple(phases) or None
