"""Schema-valid messages made by chance: from a seed, or from hypothesis, which then makes them small."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from agent.iso15118.exi import Message
from agent.iso15118.exi.grammar import Event, Grammar, Kind, Particle, parse
from agent.iso15118.exi.simple import Leaf

Choose = Callable[[int, int], int]  # random.Random.randint, or a draw of hypothesis

SCHEMAS = ("app_protocol", "din", "iso2", "iso20", "iso20_ac", "iso20_dc", "iso20_acdp", "iso20_wpt", "xmldsig")
WILD = frozenset({"SignatureProperty", "SignaturePropertyType", "SignatureProperties"})  # demand foreign elements
CHARACTERS = "abcXYZ019-._:/&<>\"'é€\U0001f50c"


@cache
def grammar(cls: type[Message]) -> Grammar:
    return parse(cls)


def message(cls: type[Message], choose: Choose) -> Message:
    """A message of a class."""
    fields: dict[str, Any] = {}
    for particle in grammar(cls).particles:
        fields |= chosen(particle, choose)
    if grammar(cls).content:
        fields["content"] = content(grammar(cls).content, choose)
    return cls(**fields)


def chosen(particle: Particle, choose: Choose) -> dict[str, Any]:
    """Values for one particle."""
    count = how_many(particle, choose)
    sendable = [one for one in particle.alternatives if one.kind is not None]
    one = sendable[choose(0, len(sendable) - 1)]
    assert one.kind is not None
    if particle.high == 1:
        return {one.field: value(one.kind, choose)} if count else {}
    return {one.field: tuple(value(one.kind, choose) for _ in range(count))}


def how_many(particle: Particle, choose: Choose) -> int:
    """How often it comes: mostly little, at times as often as it may."""
    high = 6 if particle.high is None else particle.high
    often = high if high <= 20 and not choose(0, 5) else min(high, particle.low + choose(0, 2))
    return max(particle.low, often)


def content(states: tuple[tuple[Event, ...], ...], choose: Choose) -> tuple[tuple[str, Any], ...]:
    """Entries for a content automaton, without text between elements."""
    found: list[tuple[str, Any]] = []
    events = states[0]
    while True:
        ends = any(event.name == "." for event in events)
        usable = [event for event in events if event.kind is not None and event.name != "#"]
        if ends and (not usable or len(found) > 5 or choose(0, 1)):
            return tuple(found)
        event = usable[choose(0, len(usable) - 1)]
        assert event.kind is not None
        found.append((event.name, value(event.kind, choose)))
        events = states[event.target]


def value(kind: Kind, choose: Choose) -> Any:
    """A value of a type."""
    if not isinstance(kind, Leaf):
        return message(kind, choose)
    if kind.table is not None:
        values = list(kind.table.values())
        return values[choose(0, len(values) - 1)]
    low, high = kind.limits
    if kind.name == "integer":
        near = (low, high, 0, 127, 128, 16383, 16384)[choose(0, 6)]
        return min(max(choose(low, high) if choose(0, 1) else near, low), high)
    length = choose(max(low, SHORTEST), high if high < 50 or not choose(0, 9) else min(high, low + 40))
    if kind.name == "text":
        return "".join(CHARACTERS[choose(0, len(CHARACTERS) - 1)] for _ in range(length))
    return bytes(choose(0, 255) for _ in range(length))


SHORTEST = 1  # an empty text has two spellings: test_codec.py


class Root(NamedTuple):
    """A message of a schema."""

    schema: str
    cls: type[Message]


def roots(schema: str) -> list[Root]:
    """Every element of a schema that can be a document and is its own, not one of XML signatures."""
    from agent.iso15118.exi.codec import roots_of

    module = importlib.import_module(f"agent.iso15118.exi.{schema}")
    found = roots_of(module.__name__).codes
    return [Root(schema, cls) for cls in found if cls.__module__ == module.__name__ and cls.__name__ not in WILD]
