"""EXI fragments: single elements, as they are hashed and signed (EXI 8.4.3, 8.5.3).

An element whose name has two types (`eMAID` of -2) is spelled in two ways by the codecs there are: by the type that is
meant, or, as EXI has it, by a grammar in which every attribute and every element of the schema may stand anywhere.
Both are read; `encode_fragment` writes EXI's way unless told otherwise.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, Final, NamedTuple

from agent.iso15118.exi import reader, simple, writer
from agent.iso15118.exi.codec import HEADER, check_rest, packed, unpacked
from agent.iso15118.exi.errors import DecodeError, EncodeError
from agent.iso15118.exi.grammar import Alternative, Kind, kind_in, parse
from agent.iso15118.exi.message import Message
from agent.iso15118.exi.simple import Leaf, Source, width_of

ATTRIBUTES_LIMIT: Final = 4  # of an element of several types; eMAID has one: our policy


class Fragment(NamedTuple):
    """An element by its name."""

    name: str
    value: Any


class Known(NamedTuple):
    """A name that a fragment may bear."""

    name: str
    code: str
    spec: str  # its type; empty when it is abstract
    several: bool  # types of this name


class Names:
    """The fragment grammar of one schema."""

    def __init__(self, schema: str) -> None:
        entries = str(sys.modules[schema].__dict__["FRAGMENTS"]).split()
        self.schema = schema
        self.count = len(entries)
        self.width = width_of(self.count + 2)  # any other element, and the end, have codes as well
        self.end = format(self.count + 1, f"0{self.width}b")
        self.attributes = str(sys.modules[schema].__dict__["ATTRIBUTES"]).split()
        found = (self._known(number, *entry.partition(":")) for number, entry in enumerate(entries))
        self.by_code = {one.code: one for one in found}
        self.by_name = {one.name: one for one in self.by_code.values()}

    def _known(self, number: int, name: str, _: str, spec: str) -> Known:
        return Known(name.rstrip("?!"), format(number, f"0{self.width}b"), spec, name.endswith("?"))


NAMES: Final[dict[str, Names]] = {}


def names_of(schema: ModuleType) -> Names:
    """The fragment grammar of a schema, made when it is first asked for."""
    names = NAMES.get(schema.__name__)
    if names is None:
        names = NAMES[schema.__name__] = Names(schema.__name__)
    return names


def encode_fragment(schema: ModuleType, name: str, value: Any, *, typed: bool = False) -> bytes:
    """An element as an EXI fragment. Raises EncodeError.

    Args:
        schema: The module of the schema it is encoded over; a SignedInfo exists in several.
        name: The element.
        value: What it holds.
        typed: Write an element of several types by the type of `value`, as some codecs do.
    """
    names = names_of(schema)
    known = names.by_name.get(name)
    if known is None or not known.spec:
        raise EncodeError(f"{name!r} cannot be a fragment of {schema.__name__}")
    parts = [HEADER, known.code]
    try:
        if known.several and not typed:
            _write_relaxed(names, value, parts)
        else:
            kind = kind_in(schema.__name__, name, known.spec)
            if isinstance(kind, Leaf):
                writer.write_leaf(kind, value, parts.append)
            else:
                writer.write_as(kind, value, parts.append)
    except EncodeError as error:
        error.path = f"{name}/{error.path}" if error.path else name
        raise
    return packed([*parts, names.end])


def decode_fragment(schema: ModuleType, document: bytes) -> Fragment:
    """The element in an EXI fragment. Raises DecodeError."""
    source = Source(unpacked(document))
    names = names_of(schema)
    at = len(HEADER)
    code = source.bits[at : at + names.width]
    known = names.by_code.get(code)
    if known is None or not known.spec:
        raise DecodeError(at, "an element of this schema", f"bits {code}" if code else "the end of the document")
    at += names.width
    kind = kind_in(names.schema, known.name, known.spec)
    try:
        if not known.several:
            return _read(source, names, known, kind, at)
        try:
            return _read(source, names, known, kind, at)
        except DecodeError:
            value, at = _read_relaxed(source, names, kind, at)
            _check_end(source, names, at)
            return Fragment(known.name, value)
    except DecodeError as error:
        error.path = f"{known.name}/{error.path}" if error.path else known.name
        raise


def _read(source: Source, names: Names, known: Known, kind: Kind, at: int) -> Fragment:
    value, at = reader.read_one(source, Alternative(known.name, known.name, kind), at)
    _check_end(source, names, at)
    return Fragment(known.name, value)


def _check_end(source: Source, names: Names, at: int) -> None:
    end = source.bits[at : at + names.width]
    if end != names.end:
        raise DecodeError(at, "the end of the fragment", f"bits {end}")
    check_rest(source.bits, at + names.width)


class _Relaxed:
    """The codes of EXI's grammar for elements of several types: attributes, elements, the end, text."""

    def __init__(self, names: Names) -> None:
        attributes = len(names.attributes)
        # AT(each) AT(*) SE(each) SE(*) EE CH, and room for one more; after the text the same without attributes.
        self.first = width_of(attributes + names.count + 5)
        self.text = format(attributes + names.count + 3, f"0{self.first}b")
        self.later = width_of(names.count + 4)
        self.end = format(names.count + 1, f"0{self.later}b")


def _fields(cls: type[Message]) -> tuple[list[Alternative], Alternative]:
    """The attributes and the text of a type that is nothing but these."""
    *attributes, text = (one for particle in parse(cls).particles for one in particle.alternatives)
    return attributes, text


def _write_relaxed(names: Names, value: Any, parts: list[str]) -> None:
    codes = _Relaxed(names)
    if not isinstance(value, Message):
        raise EncodeError(f"{value!r:.60} is no message")
    attributes, text = _fields(type(value))
    for one in attributes:
        held = getattr(value, one.field)
        if held is not None and isinstance(one.kind, Leaf):
            parts.append(format(names.attributes.index(one.kind.partition), f"0{codes.first}b"))
            one.kind.write(held, parts.append)
    parts.append(codes.text)
    if isinstance(text.kind, Leaf):
        text.kind.write(getattr(value, text.field), parts.append)
    parts.append(codes.end)


def _read_relaxed(source: Source, names: Names, kind: Kind, at: int) -> tuple[Any, int]:
    codes = _Relaxed(names)
    if isinstance(kind, Leaf):
        raise DecodeError(at, kind.what, "an element of several types")
    attributes, text = _fields(kind)
    by_code = {
        format(names.attributes.index(one.kind.partition), f"0{codes.first}b"): one
        for one in attributes
        if isinstance(one.kind, Leaf)
    }
    found: dict[str, Any] = {}
    for _ in range(ATTRIBUTES_LIMIT):
        code = source.bits[at : at + codes.first]
        if code == codes.text:
            break
        if code not in by_code:
            raise DecodeError(at, "an attribute of the type that is signed, or its text", f"bits {code}")
        one = by_code[code]
        found[one.field], at = reader.read_one(source, one, at + codes.first)
    at += codes.first
    found[text.field], at = reader.read_one(source, text._replace(kind=simple.text("", 0, None)), at)
    if source.bits[at : at + codes.later] != codes.end:
        raise DecodeError(at, "the end of the element", f"bits {source.bits[at : at + codes.later]}")
    return kind(**found), at + codes.later
