"""The form of a meter profile: what a meter model keeps in which registers.

Addresses are the 0-based ones of the PDU. Inside a register bytes are big-endian (Modbus Application Protocol V1.1b3,
4.2); `word_order` says whether the most ("big") or the least ("little") significant register of a value comes first.
Values are SI: V, A, W, var, Hz, Wh.
"""

from __future__ import annotations

import sys
from typing import Annotated, Final, Literal

import msgspec

MAX_REGISTERS: Final = 125  # Modbus Application Protocol V1.1b3, 6.3 and 6.4: quantity of registers 1 to 0x7D

PHASE_POINTS: Final = {
    "power_phase_w": ("power_l1_w", "power_l2_w", "power_l3_w"),
    "voltage_v": ("voltage_l1_v", "voltage_l2_v", "voltage_l3_v"),
    "current_a": ("current_l1_a", "current_l2_a", "current_l3_a"),
}
SINGLE_POINTS: Final = (
    "energy_import_wh",
    "energy_export_wh",
    "power_w",
    "frequency_hz",
    "power_factor",
    "reactive_power_var",
)
ONE_WAY_POINTS: Final = ("power_import_w", "power_export_w")  # of a meter that keeps them apart instead of power_w
SAMPLE_POINTS: Final = frozenset(
    (*SINGLE_POINTS, *ONE_WAY_POINTS, *(name for names in PHASE_POINTS.values() for name in names))
)
IDENTITY_POINTS: Final = ("serial", "model_code")

NUMBERS: Final = {  # type -> code of the struct module and number of registers
    "u16": ("H", 1),
    "i16": ("h", 1),
    "u32": ("I", 2),
    "i32": ("i", 2),
    "u64": ("Q", 4),
    "i64": ("q", 4),
    "f32": ("f", 2),
    "f64": ("d", 4),
    "t5": ("I", 2),
    "t6": ("I", 2),
    "i32e": ("i", 2),
}
NumberType = Literal["u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "t5", "t6", "i32e"]
DECIMALS: Final = ("t5", "t6", "i32e")  # mantissa x 10^exponent
Function = Literal[3, 4]
Register = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One quantity: value = raw x scale. `words` counts the registers of a text.

    Decimal types: "t5" and "t6" carry a signed exponent in their first byte and an unsigned or a signed mantissa in
    the other three; "i32e" has its exponent, signed, in a register of its own at `exponent_address`.
    `function` differs from the profile's where one point is read by another function code; `alone`: the meter
    answers this one only to a request for nothing else.
    """

    address: Register
    type: NumberType | Literal["str"]
    scale: float = 1.0
    words: Annotated[int, msgspec.Meta(ge=0, le=MAX_REGISTERS)] = 0
    function: Function | None = None
    alone: bool = False
    exponent_address: Register | None = None

    @property
    def count(self) -> int:
        """Registers its value occupies; an exponent not included."""
        return self.words if self.type == "str" else NUMBERS[self.type][1]

    @property
    def start(self) -> int:
        """The first address that must be read for it."""
        return self.address if self.exponent_address is None else min(self.address, self.exponent_address)

    @property
    def end(self) -> int:
        """The first address behind what must be read for it."""
        behind = self.address + self.count
        return behind if self.exponent_address is None else max(behind, self.exponent_address + 1)

    @property
    def own(self) -> tuple[int, ...]:
        """The addresses that belong to it."""
        value = tuple(range(self.address, self.address + self.count))
        return value if self.exponent_address is None else (*value, self.exponent_address)


class ReadRequest(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """Read `count` registers from `address` by function code 3 (holding) or 4 (input), or bits by 1 or 2."""

    function: int
    address: int
    count: int

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.address + self.count


class Image(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Registers with the values that somebody else says they mean: `words` in hexadecimal from `address` on."""

    source: str
    address: Register
    words: str
    expect: dict[str, float | str]
    function: Function | None = None
    absent: tuple[str, ...] = ()

    def registers(self) -> list[int]:
        """The words as numbers. Raises `ValueError`."""
        return [int(word, 16) for word in self.words.split()]


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One meter model. See docs of the fields in `hal/profiles/eastron_sdm630.toml`, which has a comment on each.

    `note`: what is not certain. `probe`: more requests that the meter answers (see `hal.modbus.profile.probes`).
    `rollover_wh`: where the import register begins anew, if that is not where its type ends.
    """

    name: str
    models: tuple[str, ...]
    function: Function
    word_order: Literal["big", "little"]
    check: Literal["two", "one", "doubt"]
    source: tuple[str, ...]
    points: dict[str, Point]
    image: tuple[Image, ...]
    max_registers: Annotated[int, msgspec.Meta(ge=1, le=MAX_REGISTERS)] = MAX_REGISTERS
    readable: tuple[tuple[Register, Register], ...] = ()
    valid: dict[NumberType, tuple[int, int]] = {}
    model_codes: tuple[int, ...] = ()
    request_gap_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    note: str = ""
    probe: tuple[ReadRequest, ...] = ()
    rollover_wh: Annotated[float, msgspec.Meta(gt=0)] | None = None

    def function_of(self, point: Point) -> int:
        """The function code that reads it."""
        return point.function or self.function

    def valid_range(self, number: str) -> tuple[float, float]:
        """Raw values that are values; outside, the meter says "no value". A float must be finite."""
        if number in self.valid:
            return self.valid[number]
        return number_range(number)

    def may_skip(self, function: int, first: int, behind: int) -> bool:
        """Whether a request may run over the addresses from `first` up to `behind` though no point needs them."""
        if first >= behind:
            return True
        return function == self.function and any(low <= first and behind - 1 <= high for low, high in self.readable)

    def within(self, request: ReadRequest) -> dict[str, Point]:
        """The points that lie wholly in a request: the one that wants to be alone, or all the others."""
        inside = {
            name: point
            for name, point in self.points.items()
            if self.function_of(point) == request.function
            and request.address <= point.start
            and point.end <= request.end
        }
        for name, point in inside.items():
            if point.alone and (point.start, point.count) == (request.address, request.count):
                return {name: point}
        return {name: point for name, point in inside.items() if not point.alone}


def number_range(number: str) -> tuple[float, float]:
    """The lowest and highest raw value of a type; finite for floats."""
    if number[0] == "f" or number in DECIMALS:
        return -sys.float_info.max, sys.float_info.max
    bits = 16 * NUMBERS[number][1]
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if number[0] == "i" else (0, (1 << bits) - 1)
