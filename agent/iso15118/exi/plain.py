"""Messages as plain values, for people and for JSON: names as in the schema, octets in hexadecimal, nothing absent."""

from __future__ import annotations

from functools import cache
from typing import Any

from agent.iso15118.exi.grammar import parse
from agent.iso15118.exi.message import Message


def plain(message: Message) -> dict[str, Any]:
    """A message as a dictionary. A member of a substitution group stands under its own name."""
    found: dict[str, Any] = {}
    members = members_of(type(message))
    for field in message.__struct_fields__:
        value = getattr(message, field)
        if value is None or value == ():
            continue
        found[members.get((field, type(value)), field)] = _value(value)
    return found


def _value(value: Any) -> Any:
    match value:
        case Message():
            return plain(value)
        case bytes():
            return value.hex().upper()
        case tuple():
            return [_value(one) for one in value]
    return value


@cache
def members_of(cls: type[Message]) -> dict[tuple[str, type], str]:
    """What a field is called on the wire when it holds a member of a substitution group, by field and class."""
    return {
        (one.field, one.kind): one.name
        for particle in parse(cls).particles
        if particle.by_class
        for one in particle.alternatives
        if isinstance(one.kind, type)
    }
