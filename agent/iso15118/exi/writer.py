"""Writes an element as bits.

A plan says for each field which code announces it, in each state the grammar can be in. The states are numbered: `n`
before particle n, and one more for each list, in which the list may go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from msgspec.structs import astuple

from agent.iso15118.exi.errors import EncodeError
from agent.iso15118.exi.grammar import (
    LIST_LIMIT,
    Alternative,
    Event,
    Grammar,
    Kind,
    Particle,
    Production,
    codes,
    parse,
    state,
)
from agent.iso15118.exi.message import Message
from agent.iso15118.exi.simple import Leaf

Out = Callable[[str], None]

FIXED: Final = 0  # a value with few cases: the table holds its bits with all that is fixed around it
RECORD: Final = 1  # an element with elements inside
LEAF: Final = 2  # another value inside an element
BARE: Final = 3  # a value of an attribute or between attributes and the end
MEMBER: Final = 4  # one of a substitution group
LIST: Final = 5
CONTENT: Final = 6


class Slot(NamedTuple):
    """How to write one field. `codes` is indexed by the state; None where the field cannot come."""

    name: str
    kind: int
    codes: Sequence[Any]
    what: Any  # FIXED: table; RECORD: class; LEAF, BARE: leaf; LIST: the rest; CONTENT: the states
    following: int
    required: bool


class Table(NamedTuple):
    """All values of a type with few of them, and the type in words."""

    bits: Mapping[object, str]
    what: str


class Rest(NamedTuple):
    """How a list goes on after its first element."""

    low: int
    high: int
    code: str
    item: int
    what: Any
    state: int  # in which the list may go on or end
    full: int  # in which it is full


class Plan:
    """How to write one type. `ends` is indexed by the state; None where something is missing."""

    __slots__ = ("cls", "ends", "particles", "slots", "within")

    def __init__(self, cls: type[Message]) -> None:
        planner = _Planner(parse(cls))
        self.cls = cls
        self.particles = planner.grammar.particles
        self.slots = planner.slots()
        self.ends = planner.ends()
        self.within = {state: number + 1 for number, state in planner.within.items()}
        if tuple(slot.name for slot in self.slots) != cls.__struct_fields__:
            raise TypeError(f"{cls.__name__}: fields and grammar differ")


PLANS: Final[dict[type[Message], Plan]] = {}


def plan_for(cls: type[Message]) -> Plan:
    """The plan of a type, made when it is first asked for."""
    plan = PLANS.get(cls)
    if plan is None:
        plan = PLANS[cls] = Plan(cls)
    return plan


class _Planner:
    """Numbers the states and finds out which production has which code in each."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        count = len(grammar.particles)
        self.states = [state(grammar, number) for number in range(count + 1)]
        self.within: dict[int, int] = {}  # the state inside a list, by its particle
        for number, particle in enumerate(grammar.particles):
            if particle.high != 1:
                self.within[number] = len(self.states)
                again = Production(number, particle.alternatives[0])
                self.states.append([again, *self.states[number + 1]])
        self.codes = [codes(len(productions)) for productions in self.states]

    def code(self, number: int, wanted: Alternative) -> str | None:
        """The code of an alternative in a state; None where it cannot come."""
        for production, code in zip(self.states[number], self.codes[number], strict=True):
            if production.alternative is wanted:
                return code
        return None

    def members(self, number: int, particle: int) -> dict[Kind, str] | None:
        """The codes of a substitution group in a state, by class; None where it cannot come."""
        found = {
            production.alternative.kind: code
            for production, code in zip(self.states[number], self.codes[number], strict=True)
            if production.particle == particle and production.alternative and production.alternative.kind
        }
        return found or None

    def slots(self) -> tuple[Slot, ...]:
        """Every field."""
        found = [slot for number, particle in enumerate(self.grammar.particles) for slot in self.of(number, particle)]
        if self.grammar.content:
            found.append(self.content())
        return tuple(found)

    def of(self, number: int, particle: Particle) -> list[Slot]:
        """The fields of a particle: one, or one for each member of a choice."""
        required = bool(particle.low) and (len(particle.alternatives) == 1 or particle.by_class)
        if particle.by_class:
            members = [self.members(at, number) for at in range(len(self.states))]
            return [Slot(particle.alternatives[0].field, MEMBER, members, None, number + 1, required)]
        slots = []
        for one in particle.alternatives:
            if one.kind is None:
                raise ValueError(f"{one.name} cannot be sent")
            kind, what = written(one.kind, bare=one.bare)
            own = [self.code(at, one) for at in range(len(self.states))]
            following = number + 1
            if particle.high != 1:
                within = self.within[number]
                high = particle.high or LIST_LIMIT
                what = Rest(
                    particle.low,
                    high,
                    self.codes[within][0],
                    kind,
                    what,
                    within,
                    following if particle.high else within,
                )
                kind = LIST
            slots.append(Slot(one.field, kind, own, what, following, required))
        return slots

    def content(self) -> Slot:
        """The field of a content automaton."""
        own = [
            {made.event.name: code for made, code in zip(self.states[at], self.codes[at], strict=True) if made.event}
            for at in range(len(self.states))
        ]
        return Slot("content", CONTENT, own, self.grammar.content, -1, required=False)

    def ends(self) -> list[str | None]:
        """The code of the end in each state."""
        found: list[str | None] = []
        for productions, codes_ in zip(self.states, self.codes, strict=True):
            named = zip(productions, codes_, strict=True)
            found.append(next((code for production, code in named if production.ends), None))
        return found


def written(kind: Kind, *, bare: bool) -> tuple[int, Any]:
    """How to write a kind of value, and with what."""
    if not isinstance(kind, Leaf):
        return RECORD, kind
    if kind.table is not None:
        start, end = ("", "") if bare else ("0", "0")
        return FIXED, Table({value: start + bits + end for bits, value in kind.table.items()}, kind.what)
    return (BARE if bare else LEAF), kind


def write(message: Message, plan: Plan, out: Out) -> None:
    """Write the inside of an element up to and with its end. Raises EncodeError."""
    at = 0
    name = ""
    try:
        for slot, value in zip(plan.slots, astuple(message), strict=True):
            name, kind, own, what, following, required = slot
            if value is None:
                if required:
                    raise EncodeError("is missing")
                continue
            code = own[at]
            if kind == FIXED:
                out(code + what.bits[value])
                at = following
            elif kind == RECORD:
                out(code + "")
                write_as(what, value, out)
                at = following
            elif kind == LEAF:
                out(code + "0")
                what.writes(value, out)
                out("0")
                at = following
            elif kind == BARE:
                out(code + "")
                what.writes(value, out)
                at = following
            elif kind == MEMBER:
                cls = type(value)
                out(code[cls])
                write(value, PLANS.get(cls) or plan_for(cls), out)
                at = following
            elif kind == LIST:
                at = _list(value, code, what, at, out)
            elif value:
                _content(value, code, what, out)
                return
        name = ""
        out(plan.ends[at] + "")  # type: ignore[operator]
    except (KeyError, TypeError):
        error = _refused(plan, at, name, message)
        error.path = error.path or name
        raise error from None
    except EncodeError as error:
        error.path = f"{name}/{error.path}" if name and error.path else name or error.path
        raise


def write_as(cls: type[Message], value: object, out: Out) -> None:
    """Write an element that has to be of this class."""
    if type(value) is not cls:
        raise EncodeError(f"{value!r:.60} is no {cls.__name__}")
    write(value, PLANS.get(cls) or plan_for(cls), out)


def write_leaf(leaf: Leaf, value: object, out: Out) -> None:
    """Write the inside of an element that holds one simple value."""
    out("0")
    leaf.write(value, out)
    out("0")


def _item(kind: int, what: Any, value: object, out: Out) -> None:
    """One element of a list or of a content automaton, after the code that announces it."""
    if kind == RECORD:
        write_as(what, value, out)
    elif kind == FIXED:
        bits = what.bits.get(value)
        if bits is None:
            raise EncodeError(f"{value!r:.60} is not {what.what}")
        out(bits)
    elif kind == BARE:
        what.writes(value, out)
    else:
        out("0")
        what.writes(value, out)
        out("0")


def _list(values: object, code: str | None, rest: Rest, at: int, out: Out) -> int:
    """A list; gives the state after it."""
    if not isinstance(values, tuple):
        raise EncodeError(f"{values!r:.60} is no tuple")
    if not rest.low <= len(values) <= rest.high:
        raise EncodeError(f"has {len(values)} entries instead of {rest.low} to {rest.high}")
    if not values:
        return at
    if code is None:
        raise EncodeError("cannot stand here")
    for number, value in enumerate(values):
        out(code if not number else "0" if number < rest.low else rest.code)
        try:
            _item(rest.item, rest.what, value, out)
        except EncodeError as error:
            error.path = f"[{number}]" + (f"/{error.path}" if error.path else "")
            raise
    return rest.full if len(values) == rest.high else rest.state


def _content(parts: object, first: Mapping[str, str], states: Sequence[Sequence[Event]], out: Out) -> None:
    """A content model that is more than a sequence of fields, up to and with its end."""
    if not isinstance(parts, tuple) or len(parts) > LIST_LIMIT:
        raise EncodeError(f"is no tuple of at most {LIST_LIMIT} parts")
    announced, events = first, states[0]
    for number, (name, value) in enumerate(parts):
        event = next((one for one in events if one.name == name and one.kind is not None), None)
        if event is None or event.kind is None:
            raise EncodeError(f"{name!r} cannot stand at {number}")
        out(announced[name])
        _item(*written(event.kind, bare=name == "#"), value, out)
        events = states[event.target]
        announced = dict(zip((one.name for one in events), codes(len(events)), strict=True))
    if "." not in announced:
        raise EncodeError("ends too early")
    out(announced["."])


def _refused(plan: Plan, at: int, name: str, message: Message) -> EncodeError:
    """What is wrong where a field has no code or a value no bits. `name` is empty when it is the end that has none."""
    slot = next((one for one in plan.slots if one.name == name), None)
    if slot is not None and slot.codes[at] is not None:
        what = slot.what.what if slot.kind == FIXED else "one of the types that can stand here"
        return EncodeError(f"{getattr(message, name)!r:.60} is not {what}")
    here = plan.within.get(at, at)
    number = next((n for n, one in enumerate(plan.particles) if _holds(one, name)), len(plan.particles))
    waiting = [one for one in plan.particles[here:number] if one.low]
    if not waiting:
        return EncodeError("only one of a choice may be there")
    error = EncodeError("is missing")
    error.path = " or ".join(one.name for one in waiting[0].alternatives)
    return error


def _holds(particle: Particle, field: str) -> bool:
    return any(one.field == field for one in particle.alternatives)
