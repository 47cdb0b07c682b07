"""Values of a message in their units, flat enough for a line of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

UNITS: Final = (("Voltage", "V"), ("Current", "A"), ("Power", "W"), ("Energy", "Wh"), ("SOC", "%"), ("Frequency", "Hz"))
OCTETS_SHOWN: Final = 16  # hexadecimal digits of long octets
ITEMS_SHOWN: Final = 3


def in_units(value: Any, name: str = "") -> Any:
    """A plain message in which a physical value is one text: `400 V`."""
    match value:
        case {"Multiplier": int(exponent), "Value": int(number), **rest} if not rest.keys() - {"Unit"}:
            return f"{scaled(number, exponent)} {rest.get('Unit', unit_of(name))}".rstrip()
        case {"Exponent": int(exponent), "Value": int(number), **rest} if not rest:
            return f"{scaled(number, exponent)} {unit_of(name)}".rstrip()
        case dict():
            return {key: in_units(one, key) for key, one in value.items()}
        case list():
            return [in_units(one, name) for one in value]
        case int() if not isinstance(value, bool) and name.endswith("SOC"):
            return f"{value} %"
    return value


def scaled(number: int, exponent: int) -> str:
    """A number times a power of ten, without an error of binary fractions."""
    if exponent >= 0:
        return str(number * 10**exponent)
    digits = str(abs(number)).rjust(1 - exponent, "0")
    text = f"{digits[:exponent]}.{digits[exponent:]}".rstrip("0").rstrip(".")
    return f"-{text}" if number < 0 else text


def unit_of(name: str) -> str:
    """The unit that a field's name implies; -20 sends none."""
    return next((unit for word, unit in UNITS if word in name), "")


def flat(value: Any, path: str = "") -> Iterator[str]:
    """`name=value` for everything in a message, long octets and lists cut short."""
    match value:
        case dict():
            for key, one in value.items():
                yield from flat(one, f"{path}.{key}" if path else key)
        case list():
            for number, one in enumerate(value[:ITEMS_SHOWN]):
                yield from flat(one, f"{path}[{number}]")
            if len(value) > ITEMS_SHOWN:
                yield f"{path}[...]={len(value)} entries"
        case str() if len(value) > 4 * OCTETS_SHOWN:
            yield f"{path}={value[:OCTETS_SHOWN]}...({len(value)} characters)"
        case bool():
            yield f"{path}={'yes' if value else 'no'}"
        case _:
            yield f"{path}={value}"
