"""The readings of a session as curves to draw. PURE."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from csms.dialects import IMPORT_REGISTER, MAX_EXPONENT, OUTLET
from csms.records import Reading

WH_PER_KWH: Final = 1_000.0
MAX_CURVES: Final = 24  # our policy: three phases of some eight quantities
_SCALES: Final = {"kWh": 1.0, "kW": 1.0, "W": 1e-3, "A": 1.0, "V": 1.0, "Percent": 1.0, "Hertz": 1.0}
_SHOWN: Final = {"W": "kW", "Percent": "%", "Hertz": "Hz"}
_DEFAULT_UNITS: Final = {
    "Power.Active.Import": "W",
    "Power.Offered": "W",
    "Current.Import": "A",
    "Current.Offered": "A",
    "Voltage": "V",
    "SoC": "Percent",
    "Frequency": "Hertz",
}


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """One quantity over time: `points` are [Unix seconds UTC, value in `unit`], oldest first."""

    name: str
    unit: str
    points: list[tuple[float, float]]


def curves_of(readings: Iterable[Reading]) -> list[Curve]:
    """Energy since the first reading, and whatever else is a quantity that we can name with its unit."""
    energy: list[tuple[float, float]] = []
    others: defaultdict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    first_wh: float | None = None
    for reading in readings:
        if reading.register_wh is not None:
            first_wh = reading.register_wh if first_wh is None else first_wh
            energy.append((reading.at_utc_s, round((reading.register_wh - first_wh) / WH_PER_KWH, 6)))
        for sampled in msgspec.json.decode(reading.sampled):
            if (quantity := _quantity(sampled)) is not None:
                name, unit, value = quantity
                if (name, unit) in others or len(others) < MAX_CURVES:
                    others[name, unit].append((reading.at_utc_s, value))
    first = [Curve(name="Energy", unit="kWh", points=energy)] if energy else []
    return first + [Curve(name=name, unit=unit, points=points) for (name, unit), points in sorted(others.items())]


def _quantity(sampled: dict[str, Any]) -> tuple[str, str, float] | None:
    """Name, unit and value of a sampled value of either version; None for energy, and for what has no known unit."""
    measurand = sampled.get("measurand", IMPORT_REGISTER)
    if measurand not in _DEFAULT_UNITS or sampled.get("format") == "SignedData":
        return None
    described = sampled.get("unitOfMeasure", {})
    unit = described.get("unit", sampled.get("unit", _DEFAULT_UNITS[measurand]))
    exponent = described.get("multiplier", 0)
    value = _number(sampled["value"])
    if unit not in _SCALES or abs(exponent) > MAX_EXPONENT or not math.isfinite(value):
        return None
    place = sampled.get("location", OUTLET)
    name = " ".join([measurand, *[sampled[key] for key in ("phase",) if key in sampled]])
    name = name if place == OUTLET else f"{name} ({place})"
    return name, _SHOWN.get(unit, unit), round(value * _SCALES[unit] * 10.0**exponent, 6)


def _number(value: Any) -> float:
    try:
        return float(value)
    except ValueError:  # 1.6 sends numbers as text, and any text is legal
        return math.nan
