"""SunSpec meters: where their values lie, as the models say. Pure.

A SunSpec device has the mark "SunS" at 0, 40000 or 50000 and behind it a chain of models, each an id, a length and so
many registers, up to the id 0xFFFF (SunSpec Device Information Model Specification). Offsets count from the id.
Models 201 to 204 (one phase, split phase, star, delta) hold integers with scale factors, 211 to 214 floats
(sunspec/models, json/model_201.json to model_214.json).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Final

from hal.modbus.layout import Value

BASES: Final = (40000, 0, 50000)  # the customary one first
MARK: Final = (0x5375, 0x6E53)  # "SunS"
END_ID: Final = 0xFFFF
HEADER_WORDS: Final = 2  # id and length
COMMON_ID: Final = 1
SERIAL_OFFSET: Final = 50  # of the common model's SN, a text
SERIAL_WORDS: Final = 16
INTEGER_IDS: Final = range(201, 205)
FLOAT_IDS: Final = range(211, 215)
METER_IDS: Final = (*INTEGER_IDS, *FLOAT_IDS)
MAX_MODELS: Final = 64  # our policy: a chain longer than this is none

NOT_IMPLEMENTED: Final = -0x8000  # of int16 and of scale factors
SCALES: Final = range(-10, 11)  # of a scale factor

# point -> offset, offset of its scale factor
INTEGERS: Final = {
    "current_l1_a": (3, 6),
    "current_l2_a": (4, 6),
    "current_l3_a": (5, 6),
    "voltage_l1_v": (8, 15),
    "voltage_l2_v": (9, 15),
    "voltage_l3_v": (10, 15),
    "frequency_hz": (16, 17),
    "power_w": (18, 22),
    "power_l1_w": (19, 22),
    "power_l2_w": (20, 22),
    "power_l3_w": (21, 22),
    "reactive_power_var": (28, 32),
}
COUNTERS: Final = {"energy_export_wh": (38, 54), "energy_import_wh": (46, 54)}  # 32 bits, most significant word first
FLOATS: Final = {
    "current_l1_a": 4,
    "current_l2_a": 6,
    "current_l3_a": 8,
    "voltage_l1_v": 12,
    "voltage_l2_v": 14,
    "voltage_l3_v": 16,
    "frequency_hz": 26,
    "power_w": 28,
    "power_l1_w": 30,
    "power_l2_w": 32,
    "power_l3_w": 34,
    "reactive_power_var": 44,
    "energy_export_wh": 60,
    "energy_import_wh": 68,
}
COUNTER_ROLLOVER: Final = 1 << 32
_F32_ULP_OF_F64: Final = 2.0**29  # a 32-bit float's mantissa is 29 bits shorter than a 64-bit one's


def words_needed(model_id: int) -> int:
    """How many registers of a meter model, its header included, hold what a sample is made of."""
    return max(FLOATS.values()) + 2 if model_id in FLOAT_IDS else COUNTERS["energy_import_wh"][1] + 1


def decode(words: Sequence[int]) -> dict[str, Value]:
    """Values of a meter model whose registers begin with its id; None where the meter has none."""
    if words[0] in FLOAT_IDS:
        return _floats(words)
    values: dict[str, Value] = {}
    for name, (offset, scale_offset) in INTEGERS.items():
        raw = _signed(words[offset])
        scale = _scale(words[scale_offset])
        values[name] = None if raw == NOT_IMPLEMENTED or scale is None else _times(raw, scale)
    for name, (offset, scale_offset) in COUNTERS.items():
        scale = _scale(words[scale_offset])
        values[name] = None if scale is None else _times(words[offset] << 16 | words[offset + 1], scale)
        values["resolution_wh"] = None if scale is None else _times(1, scale)
    return values


def rollover_wh(words: Sequence[int]) -> float | None:
    """Where the counters of a meter model begin anew; None for floats."""
    scale = None if words[0] in FLOAT_IDS else _scale(words[COUNTERS["energy_import_wh"][1]])
    return None if scale is None else _times(COUNTER_ROLLOVER, scale)


def text(words: Sequence[int]) -> str:
    """A text of a model."""
    return struct.pack(f">{len(words)}H", *words).split(b"\0")[0].decode("ascii", errors="replace").strip()


def encode(model_id: int, values: Mapping[str, Value], scales: Mapping[int, int]) -> list[int]:
    """The registers of a meter model, its header included: what a simulated meter serves.

    `scales`: offset of a scale factor -> its value; others are 0.
    """
    if model_id in FLOAT_IDS:
        words = [0] * 126
        for name, offset in FLOATS.items():
            words[offset : offset + 2] = struct.unpack(">2H", struct.pack(">f", _or_nan(values.get(name))))
    else:
        words = [0x8000] * 107
        for _, scale_offset in (*INTEGERS.values(), *COUNTERS.values()):
            words[scale_offset] = scales.get(scale_offset, 0) & 0xFFFF
        for name, (offset, scale_offset) in INTEGERS.items():
            value = _or_nan(values.get(name))
            if math.isfinite(value):
                words[offset] = round(value / 10.0 ** scales.get(scale_offset, 0)) & 0xFFFF
        for name, (offset, scale_offset) in COUNTERS.items():
            count = round(_or_nan(values.get(name) or 0.0) / 10.0 ** scales.get(scale_offset, 0)) % COUNTER_ROLLOVER
            words[offset : offset + 2] = divmod(count, 1 << 16)
    words[:HEADER_WORDS] = model_id, len(words) - HEADER_WORDS
    return words


def _floats(words: Sequence[int]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, offset in FLOATS.items():
        (value,) = struct.unpack(">f", struct.pack(">2H", *words[offset : offset + 2]))
        values[name] = value if math.isfinite(value) else None
    energy_wh = values["energy_import_wh"]
    if isinstance(energy_wh, float):
        values["resolution_wh"] = math.ulp(energy_wh) * _F32_ULP_OF_F64
    return values


def _signed(word: int) -> int:
    return word - (word >> 15 << 16)


def _scale(word: int) -> int | None:
    scale = _signed(word)
    return scale if scale in SCALES else None


def _times(raw: int, scale: int) -> float:
    """Dividing by a power of ten gives decimal numbers, multiplying by its inverse does not."""
    return raw / 10**-scale if scale < 0 else float(raw * 10**scale)


def _or_nan(value: Value) -> float:
    return math.nan if value is None else float(value)
