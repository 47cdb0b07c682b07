"""Reads an element from its bits.

A plan is a chain of steps, made from a grammar when a type is first met. A step is a tuple of six; what each place
means depends on the step's kind, the first of them. The loop that follows them is the codec's hot path: it is written
for speed, everything else for the reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agent.iso15118.exi.errors import DecodeError
from agent.iso15118.exi.grammar import (
    LIST_LIMIT,
    Alternative,
    Event,
    Grammar,
    Production,
    codes,
    parse,
    state,
)
from agent.iso15118.exi.message import Message
from agent.iso15118.exi.simple import (
    BIG,
    BIG_OCTETS,
    OCTET_VALUES,
    VARINT_OCTETS,
    Leaf,
    Source,
    read_unsigned,
    width_of,
)

# (kind, width, bits or table, field, next step, more)
Step = tuple[int, int, Any, str, Any, Any]

FIXED: Final = 0  # a value with few cases: the table holds it with all that is fixed around it
FORK: Final = 1  # a code decides: the table holds the steps
RECORD: Final = 2  # an element with elements inside; more: its class
INTEGER: Final = 3  # an integer of seven-bit groups; more: signed, low, high, in words
LEAF: Final = 4  # another value inside an element; more: the leaf
BARE: Final = 5  # a value of an attribute or between attributes and the end; more: the leaf
REPEAT: Final = 6  # a list; more: how to go on
CONTENT: Final = 7  # a content automaton; more: its first event and all states
REFUSED: Final = 8  # a code that exists, but not in any message: an abstract element; more: in words
END: Final = 9

UNDECLARED_END: Final = "000"
EMPTY_VALUES: Final[Mapping[str, str | bytes]] = {"text": "", "octets": b""}


class Plan:
    """How to read one type."""

    __slots__ = ("cls", "first")

    def __init__(self, cls: type[Message], first: Step) -> None:
        self.cls = cls
        self.first = first


PLANS: Final[dict[type[Message], Plan]] = {}


def plan_for(cls: type[Message]) -> Plan:
    """The plan of a type, made when it is first asked for."""
    plan = PLANS.get(cls)
    if plan is None:
        plan = PLANS[cls] = Plan(cls, _Planner(parse(cls)).step(0))
    return plan


class _Planner:
    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.steps: dict[int, Step] = {}

    def step(self, start: int) -> Step:
        """What to do when everything before particle `start` is done."""
        if start not in self.steps:
            productions = state(self.grammar, start)
            names = codes(len(productions))
            forced = len(productions) == 1
            self.steps[start] = self.production(productions[0], names[0]) if forced else self.fork(productions)
        return self.steps[start]

    def fork(self, productions: list[Production]) -> Step:
        """A step that lets a code decide."""
        names = codes(len(productions))
        table = {name: self.production(one, "") for name, one in zip(names, productions, strict=True)}
        return FORK, len(names[0]), table, "", None, productions

    def production(self, one: Production, code: str) -> Step:
        """A step for one production; `code` stands before it where nothing else could come."""
        width = len(code)
        if one.event is not None:
            if one.event.name == ".":
                return END, width, code, "", None, None
            return CONTENT, width, code, "content", self.end(), (one.event, self.grammar.content)
        if one.alternative is None:
            return END, width, code, "", None, None
        particle = self.grammar.particles[one.particle]
        if particle.high != 1:
            return self.repeat(one, code)
        return single(one.alternative, code, self.step(one.particle + 1))

    def end(self) -> Step:
        """After a content automaton, which reads its own end."""
        return END, 0, "", "", None, None

    def repeat(self, one: Production, code: str) -> Step:
        """A list of one or more."""
        particle = self.grammar.particles[one.particle]
        if one.alternative is None or len(particle.alternatives) != 1:
            raise ValueError(f"a list of alternatives: {particle}")
        item = single(one.alternative, "", None)
        following = state(self.grammar, one.particle + 1)
        names = codes(1 + len(following))
        more: dict[str, Step | None] = {names[0]: None}
        more |= {name: self.production(after, "") for name, after in zip(names[1:], following, strict=True)}
        onwards = particle.low, particle.high or LIST_LIMIT + 1, len(names[0]), more, item
        after = None if particle.high is None else self.step(one.particle + 1)
        return REPEAT, len(code), code, one.alternative.field, after, onwards


def single(alternative: Alternative, code: str, following: Any) -> Step:
    """A step that reads one element, attribute or text."""
    kind, field = alternative.kind, alternative.field
    if kind is None:
        return REFUSED, len(code), code, field, following, alternative.name
    if not isinstance(kind, Leaf):
        return RECORD, len(code), code, field, following, (kind, alternative.name)
    start, end = (code, "") if alternative.bare else (code + "0", "0")
    if kind.table is not None:
        table = kind.framed(start, end)
        return FIXED, len(next(iter(table))), table, field, following, kind.what
    if alternative.bare:
        return BARE, len(code), code, field, following, kind
    if kind.name == "integer":
        low, high = kind.limits
        return INTEGER, len(start), start, field, following, (low < 0, low, high, kind.what)
    return LEAF, len(start), start, field, following, kind


def read(source: Source, plan: Plan, at: int) -> tuple[Message, int]:
    """Read the inside of an element up to and with its end. Raises DecodeError."""
    bits = source.bits
    found: dict[str, Any] = {}
    step = plan.first
    name = ""
    try:
        while True:
            kind, width, table, name, following, more = step
            if kind == FIXED:
                found[name] = table[bits[at : at + width]]
                at += width
                step = following
            elif kind == FORK:
                step = table[bits[at : at + width]]
                at += width
            elif width and bits[at : at + width] != table:
                if kind != LEAF or not _is_empty(source, step, at):
                    raise _unexpected(source, step, at)
                found[name] = EMPTY_VALUES[more.name]
                at += width + len(UNDECLARED_END)
                step = following
            elif kind == RECORD:
                cls, name = more
                value, at = read(source, PLANS.get(cls) or plan_for(cls), at + width)
                found[step[3]] = value
                step = following
            elif kind == INTEGER:
                at += width
                found[name], at = _integer(bits, at, more)
                step = following
            elif kind == END:
                return plan.cls(**found), at + width
            elif kind == LEAF:
                found[name], at = more.reads(source, at + width)
                if bits[at : at + 1] != "0":
                    raise DecodeError(at, "the end of the element", _found(bits, at, 1))
                at += 1
                step = following
            elif kind == BARE:
                found[name], at = more.reads(source, at + width)
                step = following
            elif kind == REPEAT:
                found[name], at, step = _list(source, step, at + width)
            elif kind == CONTENT:
                found[name], at = _content(source, more, at + width)
                step = following
            else:
                raise DecodeError(at, f"an element that stands for {name}", f"{more}, which is abstract")
    except KeyError:
        error = _unexpected(source, step, at)
        error.path = name
        raise error from None
    except DecodeError as error:
        error.path = f"{name}/{error.path}" if name and error.path else name or error.path
        raise


def _integer(bits: str, at: int, more: tuple[bool, int, int, str]) -> tuple[int, int]:
    """An integer of seven-bit groups and the end of its element."""
    signed, low, high, what = more
    start = at
    negative = False
    if signed:
        negative = bits[at : at + 1] == "1"
        at += 1
    value = OCTET_VALUES.get(bits[at : at + 8], 128)
    if value < 128:  # noqa: PLR2004 - one group, the usual case
        at += 8
    else:
        value, at = read_unsigned(bits, at, BIG_OCTETS if high == BIG else VARINT_OCTETS)
    if negative:
        value = -1 - value
    if not low <= value <= high:
        raise DecodeError(start, what, str(value))
    if bits[at : at + 1] != "0":
        raise DecodeError(at, "the end of the element", _found(bits, at, 1))
    return value, at + 1


def _list(source: Source, step: Step, at: int) -> tuple[tuple[Any, ...], int, Step]:
    """A list whose first element has begun; gives the step after it, too."""
    low, high, width, more, item = step[5]
    bits = source.bits
    found: list[Any] = []
    try:
        while True:
            value, at = _item(source, item, at)
            found.append(value)
            if len(found) < low:
                if bits[at : at + 1] != "0":
                    raise DecodeError(at, f"at least {low} of {step[3]}", _found(bits, at, 1))
                at += 1
            elif len(found) < high:
                onwards = more[bits[at : at + width]]
                at += width
                if onwards is not None:
                    return tuple(found), at, onwards
            elif step[4] is None:
                raise DecodeError(at, f"at most {LIST_LIMIT} of {step[3]}", "more")
            else:
                return tuple(found), at, step[4]
    except KeyError:
        error = DecodeError(at, f"{item[3]} or what follows", _found(bits, at, width))
        error.path = f"[{len(found)}]"
        raise error from None
    except DecodeError as error:
        error.path = f"[{len(found)}]" + (f"/{error.path}" if error.path else "")
        raise


def _is_empty(source: Source, step: Step, at: int) -> bool:
    """Whether an element of text or octets ends at once, by the code that EXI keeps for what the schema does not know.

    So some codecs spell an empty text (EXI 8.5.4.4.1: the end is the first of seven such codes); we write the text.
    """
    _, width, code, _, _, leaf = step
    empty = code[:-1] + "1" + UNDECLARED_END
    return leaf.name in EMPTY_VALUES and source.bits[at : at + width + len(UNDECLARED_END)] == empty


def read_one(source: Source, alternative: Alternative, at: int) -> tuple[Any, int]:
    """One element, attribute or text, after the code that announced it. Raises DecodeError."""
    return _item(source, single(alternative, "", None), at)


def _item(source: Source, step: Step, at: int) -> tuple[Any, int]:
    """One element of a list or of a content automaton, after the code that chose it."""
    kind, width, table, _, _, more = step
    bits = source.bits
    if kind == FIXED:
        value = table.get(bits[at : at + width])
        if value is None:
            raise _unexpected(source, step, at)
        return value, at + width
    if kind == RECORD:
        return read(source, plan_for(more[0]), at)
    if width and bits[at : at + width] != table:
        if kind != LEAF or not _is_empty(source, step, at):
            raise _unexpected(source, step, at)
        return EMPTY_VALUES[more.name], at + width + len(UNDECLARED_END)
    if kind == INTEGER:
        return _integer(bits, at + width, more)
    if kind == BARE:
        value, at = more.reads(source, at + width)
        return value, at
    if kind == REFUSED:
        raise DecodeError(at, "an element that can be sent", more)
    value, at = more.reads(source, at + width)
    if bits[at : at + 1] != "0":
        raise DecodeError(at, "the end of the element", _found(bits, at, 1))
    return value, at + 1


def _content(source: Source, more: tuple[Event, tuple[tuple[Event, ...], ...]], at: int) -> tuple[tuple[Any, ...], int]:
    """A content model that is more than a sequence of fields, whose first event is known, up to and with its end."""
    event, states = more
    found: list[tuple[str, Any]] = []
    try:
        while event.name != ".":
            if len(found) == LIST_LIMIT:
                raise DecodeError(at, f"at most {LIST_LIMIT} parts", "more")
            alternative = Alternative(event.name, event.name, event.kind, bare=event.name == "#")
            value, at = _item(source, single(alternative, "", None), at)
            found.append((event.name, value))
            events = states[event.target]
            width = width_of(len(events) + 1)
            code = source.bits[at : at + width]
            if len(code) < width or int(code, 2) >= len(events):
                expected = " or ".join(SPOKEN.get(one.name, one.name) for one in events)
                raise DecodeError(at, expected, _found(source.bits, at, width))
            event = events[int(code, 2)]
            at += width
    except DecodeError as error:
        error.path = f"[{len(found)}]" + (f"/{error.path}" if error.path else "")
        raise
    return tuple(found), at


SPOKEN: Final[Mapping[str, str]] = {"*": "any element", "#": "text", ".": "the end"}


def _unexpected(source: Source, step: Step, at: int) -> DecodeError:
    """What is wrong where a step did not find what it needs."""
    kind, width, _, name, _, more = step
    if kind == FORK:
        expected = " or ".join(_spoken(one) for one in more)
    elif kind == FIXED:
        expected = more
    elif kind == END:
        expected = "the end of the element"
    else:
        expected = name
    return DecodeError(at, expected, _found(source.bits, at, width))


def _spoken(one: Production) -> str:
    if one.event is not None:
        return SPOKEN.get(one.event.name, one.event.name)
    return "the end" if one.alternative is None else one.alternative.name


def _found(bits: str, at: int, width: int) -> str:
    """What stands there, in words."""
    if at + width > len(bits):
        return "the end of the document"
    return f"bits {bits[at : at + width]}" if width else "nothing"
