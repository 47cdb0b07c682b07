"""Whole EXI documents: header, the element that is the message, padding."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Final

from agent.iso15118.exi import reader, writer
from agent.iso15118.exi.errors import DecodeError, EncodeError
from agent.iso15118.exi.grammar import named
from agent.iso15118.exi.message import Message
from agent.iso15118.exi.simple import Source, width_of

HEADER: Final = "10000000"  # EXI 5: the format's mark, no options, final version 1
DOCUMENT_LIMIT: Final = 131_072  # octets: a SalesTariff of 1024 entries needs 90,000; our policy


class Roots:
    """The document grammar of one schema: which code stands for which message."""

    def __init__(self, module: str) -> None:
        names = [*str(sys.modules[module].__dict__["ROOTS"]).split(), "*"]  # any other element has a code as well
        self.width = width_of(len(names))
        self.classes: dict[str, tuple[str, type[Message]]] = {}
        self.codes: dict[type[Message], tuple[str, str]] = {}
        for number, entry in enumerate(names):
            name, _, of = entry.partition("=")
            code = format(number, f"0{self.width}b")
            if name[-1] not in "!*":
                cls: type[Message] = named(module, of or name)
                self.classes[code] = name, cls
                self.codes[cls] = name, code


ROOTS: Final[dict[str, Roots]] = {}


def roots_of(module: str) -> Roots:
    """The document grammar of a schema, made when it is first asked for."""
    roots = ROOTS.get(module)
    if roots is None:
        roots = ROOTS[module] = Roots(module)
    return roots


def encode(message: Message, schema: ModuleType | None = None) -> bytes:
    """A message as an EXI document of its own schema, or of one that has its type from another. Raises EncodeError."""
    cls = type(message)
    name, code = roots_of(cls.__module__ if schema is None else schema.__name__).codes.get(cls, ("", ""))
    if not name:
        raise EncodeError(f"{cls.__name__} is part of a message, not one")
    parts = [HEADER, code]
    try:
        writer.write(message, writer.PLANS.get(cls) or writer.plan_for(cls), parts.append)
    except EncodeError as error:
        error.path = f"{name}/{error.path}" if error.path else name
        raise
    document = packed(parts)
    if len(document) > DOCUMENT_LIMIT:
        raise EncodeError(f"{len(document)} octets, more than {DOCUMENT_LIMIT}")
    return document


def packed(parts: list[str]) -> bytes:
    """Bits as octets, the last one filled up with zeros."""
    bits = "".join(parts)
    octets = (len(bits) + 7) // 8
    return int(bits.ljust(8 * octets, "0"), 2).to_bytes(octets, "big")


def decode(schema: ModuleType, document: bytes) -> Message:
    """The message in an EXI document of a schema, given as the module of its message types. Raises DecodeError."""
    source = Source(unpacked(document))
    roots = roots_of(schema.__name__)
    at = len(HEADER)
    code = source.bits[at : at + roots.width]
    found = roots.classes.get(code)
    if found is None:
        raise DecodeError(at, "a message of this schema", f"bits {code}" if code else "the end of the document")
    name, cls = found
    try:
        message, at = reader.read(source, reader.PLANS.get(cls) or reader.plan_for(cls), at + roots.width)
        check_rest(source.bits, at)
    except DecodeError as error:
        error.path = f"{name}/{error.path}" if error.path else name
        raise
    return message


def unpacked(document: bytes) -> str:
    """A document's bits, the header seen to. Raises DecodeError."""
    if len(document) > DOCUMENT_LIMIT:
        raise DecodeError(0, f"at most {DOCUMENT_LIMIT} octets", str(len(document)))
    bits = format(int.from_bytes(b"\x01" + document, "big"), "b")[1:]
    if not bits.startswith(HEADER):
        raise DecodeError(0, f"the header {HEADER}", f"bits {bits[:8]}" if bits else "nothing")
    return bits


def check_rest(bits: str, at: int) -> None:
    """After the end nothing but zeros may come: cars have been seen that append an octet."""
    if "1" in bits[at:]:
        raise DecodeError(at, "the end of the document", f"{len(bits) - at} more bits, not all of them zero")
