"""Simple values on the wire: booleans, integers, enumerations, texts and octets.

A document is read and written as text of the digits 0 and 1. Slices of it are keys of small tables, so that a value
with everything fixed around it costs one look-up however long the document is, and nothing has to be shifted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from agent.iso15118.exi.errors import DecodeError, EncodeError

OCTETS: Final = tuple(format(octet, "08b") for octet in range(256))
OCTET_VALUES: Final = {bits: octet for octet, bits in enumerate(OCTETS)}
SMALL_RANGE: Final = 4096  # an integer with at most so many values is written in just enough bits (EXI 7.1.9)
VARINT_OCTETS: Final = 10  # seven bits each: 64 bits need ten. Our policy for types without a bound of their own
BIG: Final = 2**256 - 1  # X509SerialNumber has at most 20 octets (RFC 5280 4.1.2.2); 256 bits of it are our policy
BIG_OCTETS: Final = 37
TEXT_LIMIT: Final = 4096  # characters of a text whose type has no bound: our policy
OCTETS_LIMIT: Final = 8192  # length of octets whose type has no bound: our policy

LOCAL_HIT: Final = 0  # lengths 0 and 1 of a text point into the tables of texts met before (EXI 7.3.3)
GLOBAL_HIT: Final = 1
LENGTH_OFFSET: Final = 2


class Source:
    """A document that is being read."""

    __slots__ = ("bits", "by_name", "texts")

    def __init__(self, bits: str) -> None:
        self.bits = bits
        self.texts: list[str] = []  # every text met so far, in order
        self.by_name: dict[str, list[str]] = {}  # the same by the name of what held it

    def remember(self, name: str, text: str) -> None:
        """Keep a text: a sender that uses the string table may point to it later."""
        self.texts.append(text)
        self.by_name.setdefault(name, []).append(text)


Reads = Callable[[Source, int], tuple[object, int]]
Writes = Callable[[object, Callable[[str], None]], None]


def width_of(count: int) -> int:
    """How many bits tell `count` things apart."""
    return (count - 1).bit_length()


def read_unsigned(bits: str, at: int, octets: int = VARINT_OCTETS) -> tuple[int, int]:
    """An unsigned integer: groups of seven bits, lowest first. Raises DecodeError when it ends or is too long."""
    value, shift, place = 0, 0, at
    for _ in range(octets):
        group = OCTET_VALUES.get(bits[place : place + 8])
        if group is None:
            raise DecodeError(place, "an integer", "the end of the document")
        place += 8
        if group < 128:  # noqa: PLR2004 - the highest bit says that more follow
            return value | group << shift, place
        value |= (group & 127) << shift
        shift += 7
    raise DecodeError(at, f"an integer of at most {octets} octets", "more")


def write_unsigned(value: int) -> str:
    """An unsigned integer as bits."""
    if value < 128:  # noqa: PLR2004 - fits seven bits
        return OCTETS[value]
    groups = []
    while value > 127:  # noqa: PLR2004
        groups.append(OCTETS[value & 127 | 128])
        value >>= 7
    groups.append(OCTETS[value])
    return "".join(groups)


def octets_as_bits(octets: bytes) -> str:
    """Octets as bits."""
    return format(int.from_bytes(b"\x01" + octets, "big"), "b")[1:]


@cache
def small_integers(low: int, high: int) -> Mapping[str, int]:
    """The values of a narrow integer by their bits."""
    width = width_of(high - low + 1)
    return {format(value - low, f"0{width}b") if width else "": value for value in range(low, high + 1)}


@cache
def enumerated(values: tuple[str, ...]) -> Mapping[str, str]:
    """The values of an enumeration by their bits."""
    width = width_of(len(values))
    return {format(number, f"0{width}b") if width else "": value for number, value in enumerate(values)}


BOOLEANS: Final[Mapping[str, bool]] = {"0": False, "1": True}


class Leaf:
    """How one simple type is read and written.

    Attributes:
        what: The type in words, for errors.
        table: All its values by their bits, where there are few of them; None otherwise.
        reads: Reads a value that has no table.
        writes: Writes a value that has no table.
        name: Which kind of type it is: integer, text, octets, boolean or enumeration.
        limits: The bounds of an integer, or of a length.
        partition: What a sender's string table calls what holds this text.
    """

    __slots__ = ("_framed", "limits", "name", "partition", "reads", "table", "what", "writes")

    def __init__(
        self,
        name: str,
        what: str,
        *,
        table: Mapping[str, object] | None = None,
        reads: Reads | None = None,
        writes: Writes | None = None,
        limits: tuple[int, int] = (0, 0),
        partition: str = "",
    ) -> None:
        self.name = name
        self.what = what
        self.table = table
        self.reads = reads
        self.writes = writes
        self.limits = limits
        self.partition = partition
        self._framed: dict[tuple[str, str], Mapping[str, object]] = {}

    def write(self, value: Any, out: Callable[[str], None]) -> None:
        """Write a value with nothing around it. Raises EncodeError."""
        if self.writes is not None:
            self.writes(value, out)
            return
        bits = next((bits for bits, known in (self.table or {}).items() if known == value), None)
        if bits is None:
            raise EncodeError(f"{value!r:.60} is not {self.what}")
        out(bits)

    def framed(self, before: str, after: str) -> Mapping[str, object]:
        """The table with the bits that always stand before and after a value."""
        if self.table is None:
            raise TypeError(f"{self.what} has no table")
        key = before, after
        if key not in self._framed:
            self._framed[key] = {before + bits + after: value for bits, value in self.table.items()}
        return self._framed[key]


def integer(low: int | None, high: int | None) -> Leaf:
    """A bounded or unbounded integer."""
    octets = BIG_OCTETS if low is None or high is None else VARINT_OCTETS
    low = -BIG if low is None else low
    high = BIG if high is None else high
    what = f"an integer from {low} to {high}"
    if high - low < SMALL_RANGE:
        return Leaf("integer", what, table=small_integers(low, high))
    signed = low < 0

    def reads(source: Source, at: int) -> tuple[object, int]:
        bits = source.bits
        if signed:
            sign = bits[at : at + 1]
            value, after = read_unsigned(bits, at + 1, octets)
            value = -1 - value if sign == "1" else value
        else:
            value, after = read_unsigned(bits, at, octets)
        if not low <= value <= high:
            raise DecodeError(at, what, str(value))
        return value, after

    def writes(value: object, out: Callable[[str], None]) -> None:
        if not isinstance(value, int) or not low <= value <= high:
            raise EncodeError(f"{value!r} is not {what}")
        if signed:
            out("0" + write_unsigned(value) if value >= 0 else "1" + write_unsigned(-1 - value))
        else:
            out(write_unsigned(value))

    return Leaf("integer", what, reads=reads, writes=writes, limits=(low, high))


def text(name: str, low: int, high: int | None) -> Leaf:
    """A text; `name` is what a sender's string table would call it.

    What comes in may be shorter than the schema says, which does no harm; what goes out may not.
    """
    most = TEXT_LIMIT if high is None else high
    what = f"a text of at most {most} characters"

    def reads(source: Source, at: int) -> tuple[object, int]:
        bits = source.bits
        length, start = read_unsigned(bits, at)
        if length < LENGTH_OFFSET:
            return _met_before(source, name, length, at, start)
        length -= LENGTH_OFFSET
        if length > most:
            raise DecodeError(at, what, f"{length} characters")
        end = start + 8 * length
        if not length:
            return "", end
        if end > len(bits):
            raise DecodeError(len(bits), what, "the end of the document")
        octets = int(bits[start:end], 2).to_bytes(length, "big")
        if octets.isascii():
            value = octets.decode("ascii")
        else:
            value, end = _wide_text(bits, start, length)
        source.remember(name, value)
        return value, end

    def writes(value: object, out: Callable[[str], None]) -> None:
        if not isinstance(value, str) or not low <= len(value) <= most:
            least = f"{low} to " if low else "at most "
            raise EncodeError(f"{value!r:.60} is not a text of {least}{most} characters")
        out(write_unsigned(len(value) + LENGTH_OFFSET))
        if value.isascii():
            out(octets_as_bits(value.encode("ascii")))
            return
        for character in value:
            if not allowed(ord(character)):
                raise EncodeError(f"{character!r} cannot stand in XML")
            out(write_unsigned(ord(character)))

    return Leaf("text", what, reads=reads, writes=writes, limits=(low, most), partition=name)


def allowed(code_point: int) -> bool:
    """Whether a character beyond ASCII may stand in an XML document (XML 1.0, Char)."""
    return code_point < 0xD800 or 0xE000 <= code_point < 0xFFFE or 0x10000 <= code_point < 0x110000  # noqa: PLR2004


def _wide_text(bits: str, start: int, length: int) -> tuple[str, int]:
    characters, at = [], start
    for _ in range(length):
        code_point, after = read_unsigned(bits, at, 3)
        if not allowed(code_point):
            raise DecodeError(at, "a character", f"code point {code_point:#x}")
        characters.append(chr(code_point))
        at = after
    return "".join(characters), at


def _met_before(source: Source, name: str, kind: int, at: int, start: int) -> tuple[str, int]:
    texts = source.by_name.get(name, []) if kind == LOCAL_HIT else source.texts
    width = width_of(len(texts)) if texts else 0
    index = int(source.bits[start : start + width] or "0", 2)
    if index >= len(texts):
        raise DecodeError(at, "a text", "a reference to a text that was not there before")
    return texts[index], start + width


def octets(low: int, high: int | None) -> Leaf:
    """Hexadecimal or base 64 octets: the same on the wire."""
    most = OCTETS_LIMIT if high is None else high
    what = f"at most {most} octets"

    def reads(source: Source, at: int) -> tuple[object, int]:
        bits = source.bits
        length, start = read_unsigned(bits, at)
        if length > most:
            raise DecodeError(at, what, f"{length} octets")
        end = start + 8 * length
        if end > len(bits):
            raise DecodeError(len(bits), f"{length} octets", "the end of the document")
        return (int(bits[start:end], 2).to_bytes(length, "big") if length else b""), end

    def writes(value: object, out: Callable[[str], None]) -> None:
        if not isinstance(value, bytes) or not low <= len(value) <= most:
            least = f"{low} to " if low else "at most "
            raise EncodeError(f"{value!r:.60} is not {least}{most} octets")
        out(write_unsigned(len(value)))
        if value:
            out(octets_as_bits(value))

    return Leaf("octets", what, reads=reads, writes=writes, limits=(low, most))


def boolean() -> Leaf:
    """True or false."""
    return Leaf("boolean", "true or false", table=BOOLEANS)


def enumeration(values: tuple[str, ...]) -> Leaf:
    """One of a list of names."""
    return Leaf("enumeration", "one of " + ", ".join(values), table=enumerated(values))
