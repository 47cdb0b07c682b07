"""From the grammar strings of the message types to plans for the reader and the writer.

A grammar string lists what an element contains, in the order of the wire:

    Name:type            an element; `Name?:` when it may be absent, `Name{2,255}:` when it is repeated
    @Name:type           an attribute
    =value:type          the text of an element that has attributes
    (A:type|B:type)      one of these; `(...)?` when it may be absent
    Name:[A,B!,C=Class]  one of a substitution group, told apart by its class; `!` has a code but cannot be sent
    ~ A:type >1 * >1 . / ...
                         states of a content model that is more than a sequence of fields, separated by `/`: events and
                         the state each leads to; `*` is any element, `#` text between elements, `.` the end

A type is a class, `$Enumeration`, `bool`, the name of an integer type of XML Schema, a range `-3..3`, or `text`, `hex`
and `base64` with their lengths (`text[7..37]`); `^n` tells apart texts of one name in several namespaces.

What EXI makes of that (EXI 8.5.4): at each point one code tells apart the elements that may come next and the end.
There is always room for one more value, for content outside the schema, which we refuse: no known car sends any.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from agent.iso15118.exi import simple
from agent.iso15118.exi.message import Message
from agent.iso15118.exi.simple import Leaf, width_of

LIST_LIMIT: Final = 1024  # entries of a list that the schema leaves unbounded; the longest bounded one: our policy

INTEGERS: Final[Mapping[str, tuple[int | None, int | None]]] = {
    "byte": (-(2**7), 2**7 - 1),
    "short": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
    "unsignedByte": (0, 2**8 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedLong": (0, 2**64 - 1),
    "integer": (None, None),
}
PARTICLE: Final = re.compile(r"(\(.*\)|[^?{:]+)(\?|\{(\d+),(\d*)\})?(?::(.*))?$")
RANGE: Final = re.compile(r"(-?\d+)\.\.(-?\d+)$")
NO_VALUE: Final = frozenset({"*", "."})  # events of a content automaton: any element, the end
TEXT: Final = "#"
LENGTH: Final = re.compile(r"(text|hex|base64)(?:\[(\d+)\.\.(\d*)\])?(?:\^(\d+))?$")

Kind = type[Message] | Leaf


class Alternative(NamedTuple):
    """One thing that can come: an element, an attribute, or text. `kind` is None when it has a code only."""

    field: str
    name: str
    kind: Kind | None
    bare: bool = False  # an attribute or text: no start and end of an element around the value


class Particle(NamedTuple):
    """Alternatives and how often one of them may come; `high` is None without a bound."""

    alternatives: tuple[Alternative, ...]
    low: int
    high: int | None
    by_class: bool = False  # a substitution group: one field, its class says which alternative


class Event(NamedTuple):
    """A step of a content automaton. The name `*`, `#` or `.` is a wildcard, text, or the end."""

    name: str
    kind: Kind | None
    target: int


class Grammar(NamedTuple):
    """A grammar string, understood."""

    particles: tuple[Particle, ...]
    content: tuple[tuple[Event, ...], ...]  # states; empty when the particles are all


def parse(cls: type[Message]) -> Grammar:
    """Understand the grammar string of a class."""
    fields, _, states = cls.GRAMMAR.partition("~")
    particles = tuple(_particle(cls, token) for token in fields.split())
    return Grammar(particles, tuple(tuple(_events(cls, one.split())) for one in states.split("/")) if states else ())


def _particle(cls: type[Message], token: str) -> Particle:
    found = PARTICLE.match(token)
    if found is None:
        raise ValueError(f"{cls.__name__}: {token}")
    name, count, least, most, spec = found.groups()
    low = 0 if count == "?" else int(least or 1)
    high = None if least and not most else int(most or 1)
    if name.startswith("("):
        members = (member.split(":") for member in name[1:-1].split("|"))
        choice = tuple(Alternative(member, member, kind_of(cls, member, of)) for member, of in members)
        return Particle(choice, low, high)
    if spec.startswith("["):
        return Particle(tuple(_member(cls, name, one) for one in spec[1:-1].split(",")), low, high, by_class=True)
    bare = name[0] in "@="
    name = name.lstrip("@=")
    return Particle((Alternative(name, name, kind_of(cls, name, spec), bare),), low, high)


def _member(cls: type[Message], field: str, text: str) -> Alternative:
    if text.endswith("!"):
        return Alternative(field, text[:-1], None)
    name, _, of = text.partition("=")
    return Alternative(field, name, named(cls.__module__, of or name))


def _events(cls: type[Message], tokens: list[str]) -> Iterator[Event]:
    for token, after in zip(tokens, [*tokens[1:], "."], strict=True):
        target = int(after[1:]) if after.startswith(">") else 0
        if token in NO_VALUE:
            yield Event(token, None, target)
        elif token == TEXT:
            yield Event(token, simple.text(cls.__name__, 0, None), target)
        elif not token.startswith(">"):
            name, _, of = token.partition(":")
            yield Event(name, kind_of(cls, name, of), target)


def named(module: str, name: str) -> Any:
    """A class or an enumeration, as the module of a grammar string calls it."""
    found: Any = sys.modules[module]
    for part in name.split("."):
        found = getattr(found, part)
    return found


def kind_of(cls: type[Message], name: str, spec: str) -> Kind:
    """What a type of a class's grammar string stands for."""
    return kind_in(cls.__module__, name, spec)


def kind_in(module: str, name: str, spec: str) -> Kind:
    """What a type of a grammar string stands for, as a module calls it."""
    if spec == "bool":
        return simple.boolean()
    if spec in INTEGERS:
        return simple.integer(*INTEGERS[spec])
    if spec.startswith("$"):
        return simple.enumeration(named(module, spec[1:]).__args__)
    if found := RANGE.match(spec):
        return simple.integer(int(found[1]), int(found[2]))
    if found := LENGTH.match(spec):
        low, high = int(found[2] or 0), int(found[3]) if found[3] else None
        partition = f"{name}^{found[4]}" if found[4] else name
        return simple.text(partition, low, high) if found[1] == "text" else simple.octets(low, high)
    kind: type[Message] = named(module, spec)
    return kind


class Production(NamedTuple):
    """What one code of a state stands for: an alternative of a particle, an event of the content, or the end."""

    particle: int
    alternative: Alternative | None = None
    event: Event | None = None

    @property
    def ends(self) -> bool:
        """Whether it is the end of the element."""
        return self.alternative is None and (self.event is None or self.event.name == ".")


def state(grammar: Grammar, start: int) -> list[Production]:
    """What can come when everything before particle `start` is done, in the order of the codes."""
    productions = []
    for number in range(start, len(grammar.particles)):
        particle = grammar.particles[number]
        productions += [Production(number, alternative) for alternative in particle.alternatives]
        if particle.low:
            return productions
    end = len(grammar.particles)
    if grammar.content:
        return productions + [Production(end, event=event) for event in grammar.content[0]]
    return [*productions, Production(end)]


def codes(count: int) -> list[str]:
    """The codes of `count` productions; the next higher number is kept free for what the schema does not know."""
    width = width_of(count + 1)
    return [format(number, f"0{width}b") for number in range(count)]
