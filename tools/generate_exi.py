"""Write `agent/iso15118/exi/{din,iso2,...}.py`: message types with their EXI grammars, from ISO 15118's schema files.

    python -m tools.generate_exi            write the files
    python -m tools.generate_exi --check    fail when a committed file is not what the schemas yield

The schema files are those inside the wheel of `iso15118` (WHEEL). It is taken from build/, or fetched there with
`pip download --no-deps`; it is never installed, and none of its code is used. What is taken over are facts: names,
types, order, cardinalities; no text of a schema. How a grammar is written down says agent/iso15118/exi/grammar.py.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tools.xsd import (
    INTEGERS,
    UNBOUNDED,
    Attribute,
    Complex,
    Element,
    Particle,
    QName,
    SchemaSet,
    Simple,
    elements_of,
    heads_of,
)

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "agent" / "iso15118" / "exi"
CACHE = ROOT / "build"
WHEEL = "iso15118-0.31.2-py3-none-any.whl"
WHEEL_SHA256 = "2e1fd191888ca5f5f3a34ccd0588611dba1cb6f33bbe7ad0588bab0cfe48d45a"
SCHEMAS = PurePosixPath("iso15118/shared/schemas")
LINE = 120

XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
COMMON_TYPES = "urn:iso:std:iso:15118:-20:CommonTypes"


@dataclass(frozen=True)
class Source:
    """A module to write: the schema file it is made from, the namespaces that are its own, its first line."""

    entry: str
    namespaces: tuple[str, ...]
    title: str
    documents: bool = True  # whether messages of this schema are sent: only then it has document and fragment grammars


def _parts(base: str) -> tuple[str, ...]:
    return tuple(f"{base}:{part}" for part in ("MsgDef", "MsgHeader", "MsgBody", "MsgDataTypes"))


SOURCES = {
    "app_protocol": Source(
        "V2G_CI_AppProtocol.xsd", ("urn:iso:15118:2:2010:AppProtocol",), "SupportedAppProtocol: which protocol to speak"
    ),
    "xmldsig": Source("xmldsig-core-schema.xsd", (XMLDSIG,), "XML signatures"),
    "din": Source("din_spec/V2G_CI_MsgDef.xsd", _parts("urn:din:70121:2012"), "Messages of DIN SPEC 70121"),
    "iso2": Source("iso15118_2/V2G_CI_MsgDef.xsd", _parts("urn:iso:15118:2:2013"), "Messages of ISO 15118-2"),
    "iso20_types": Source(
        "iso15118_20/V2G_CI_CommonTypes.xsd", (COMMON_TYPES,), "Types that all schemas of ISO 15118-20 share", False
    ),
    **{
        module: Source(f"iso15118_20/V2G_CI_{part}.xsd", (f"urn:iso:std:iso:15118:-20:{part}",), title)
        for module, part, title in (
            ("iso20", "CommonMessages", "Messages of ISO 15118-20 that every session uses"),
            ("iso20_ac", "AC", "Messages of ISO 15118-20 for AC charging"),
            ("iso20_dc", "DC", "Messages of ISO 15118-20 for DC charging"),
            ("iso20_acdp", "ACDP", "Messages of ISO 15118-20 for pantographs"),
            ("iso20_wpt", "WPT", "Messages of ISO 15118-20 for wireless charging"),
        )
    },
}


def wheel() -> Path:
    """The pinned wheel. Raises OSError where it is neither in build/ nor to be had from the package index."""
    path = CACHE / WHEEL
    if not path.exists():
        name, version = WHEEL.split("-")[:2]
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(CACHE)]
        done = subprocess.run([*fetch, f"{name}=={version}"], capture_output=True, text=True, check=False)
        if done.returncode or not path.exists():
            raise OSError(f"{WHEEL} is not in {CACHE}/ and cannot be fetched: {done.stderr.strip()[-300:]}")
    if hashlib.sha256(path.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise OSError(f"{path} is not the wheel that the grammars are made from: its SHA-256 differs")
    return path


def schema_set(entry: str) -> SchemaSet:
    """A schema file of the wheel with everything it imports."""
    with zipfile.ZipFile(wheel()) as archive:
        names = set(archive.namelist())

        def read(importer: str, location: str) -> bytes:
            folder = PurePosixPath(entry).parent
            # The files of DIN and -20 look for xmldsig in their own folder, where it is not.
            for place in (folder / PurePosixPath(location).name, PurePosixPath(PurePosixPath(location).name)):
                if str(SCHEMAS / place) in names:
                    return archive.read(str(SCHEMAS / place))
            raise FileNotFoundError(f"{importer} imports {location}, which is not in {WHEEL}")

        return SchemaSet(entry, read)


class Names:
    """Which class stands for which type, in every module."""

    def __init__(self, sets: dict[str, SchemaSet]) -> None:
        self.module_of = {uri: module for module, source in SOURCES.items() for uri in source.namespaces}
        # A field may not bear the name of a class: Python would look up the one and find the other.
        self.fields = {name for one in sets.values() for name in field_names(one)}
        self.classes: dict[QName, str] = {}  # by the type's name, or the element's for an anonymous type
        self.documents: dict[QName, str] = {}  # elements that share their type with another: a class of their own
        for module, source in SOURCES.items():
            self._name_classes(sets[module], set(source.namespaces))
        self.shared_names = {local for one in sets.values() for local, uris in text_names(one).items() if len(uris) > 1}
        self.partitions = sorted({*self.module_of, ""})

    def _name_classes(self, one: SchemaSet, own: set[str]) -> None:
        roots = [element for element in one.global_elements() if element.name.uri in own]
        for complex_ in all_types(one):
            name = complex_.name
            if name is None or name.uri not in own or complex_.abstract:
                continue
            users = [element.name.local for element in roots if element.type is complex_]
            free = [user for user in users if user not in self.fields]
            chosen = free[0] if free else name.local
            self.classes[name] = chosen
            for other in users:
                if other != chosen and len(users) > 1:
                    self.documents[QName(other, name.uri)] = other

    def of(self, complex_: Complex, module: str) -> str:
        """A class, as `module` calls it."""
        name = complex_.name
        if name is None:
            raise ValueError("a complex type without a name")
        home = self.module_of[name.uri]
        return self.classes[name] if home == module else f"{home}.{self.classes[name]}"

    def of_element(self, element: Element, module: str) -> str:
        """The class of a global element."""
        if not isinstance(element.type, Complex):
            raise TypeError(f"{element.name} has no class")
        home = self.module_of[element.name.uri]
        own = self.documents.get(element.name)
        if own is None:
            return self.of(element.type, module)
        return own if home == module else f"{home}.{own}"


def all_types(one: SchemaSet) -> list[Complex]:
    """Every complex type, each once."""
    anonymous = [element.type for element in one.all_elements() if isinstance(element.type, Complex)]
    return list({id(type_): type_ for type_ in [*one.types(), *anonymous]}.values())


def field_names(one: SchemaSet) -> Iterator[str]:
    """What fields of messages are called: every element and attribute inside a complex type."""
    for complex_ in all_types(one):
        yield from (attribute.name.local for attribute in complex_.attributes)
        yield from (head.name.local for head in heads_of(complex_.particle))


def text_names(one: SchemaSet) -> dict[str, set[str]]:
    """In which namespaces a text of this name is found: EXI keeps repeated values by qualified name."""
    found: dict[str, set[str]] = {}
    for element in one.all_elements():
        if isinstance(element.type, Simple) and element.type.kind == "text":
            found.setdefault(element.name.local, set()).add(element.name.uri)
    for complex_ in all_types(one):
        for attribute in complex_.attributes:
            if attribute.type.kind == "text":
                found.setdefault(attribute.name.local, set()).add(attribute.name.uri)
    return found


@dataclass
class Slot:
    """A field of a message."""

    name: str
    annotation: str
    default: str = ""

    def line(self) -> str:
        """The field as Python."""
        return f"    {self.name}: {self.annotation}{self.default}"


@dataclass
class Module:
    """The text of one module while it grows."""

    name: str
    names: Names
    schema: SchemaSet
    enums: dict[str, tuple[str, ...]] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)

    @property
    def source(self) -> Source:
        """What it is made from."""
        return SOURCES[self.name]

    def build(self) -> str:
        """The module's text."""
        own = set(self.source.namespaces)
        types = [one for one in all_types(self.schema) if one.name is not None and one.name.uri in own]
        for enumeration in self.schema.enumerations():
            if enumeration.name is not None and enumeration.name.uri in own:
                self.enum(enumeration)
        for complex_ in sorted(types, key=lambda one: one.name or QName("", "")):
            if not complex_.abstract:
                self.write_class(complex_)
        for element, name in self.names.documents.items():
            if element.uri in own:
                base = next(
                    self.names.of(one.type, self.name)
                    for one in self.schema.global_elements()
                    if one.name == element and isinstance(one.type, Complex)
                )
                self.classes[name] = f"class {name}({base}, frozen=True, kw_only=True, gc=False):\n    pass"
        documents = list(self.documents()) if self.source.documents else []
        return "\n".join([*self.head(), *self.enum_lines(), *self.class_lines(), *documents]) + "\n"

    def head(self) -> Iterator[str]:
        """Docstring and imports."""
        yield f'"""{self.source.title}, made from its schema by tools/generate_exi.py; do not edit."""\n'
        yield "from __future__ import annotations\n"
        wanted = [name for name, used in (("Any", self.uses("Any")), ("Literal", bool(self.enums))) if used]
        if wanted:
            yield f"from typing import {', '.join(wanted)}\n"
        if self.imports:
            yield f"from agent.iso15118.exi import {', '.join(sorted(self.imports))}"
        yield "from agent.iso15118.exi.message import Message"

    def uses(self, name: str) -> bool:
        """Whether a class mentions a name of typing."""
        return any(name in text for text in self.classes.values())

    def enum_lines(self) -> Iterator[str]:
        """Enumerations."""
        for name, values in sorted(self.enums.items()):
            yield f"\n{name} = Literal[\n{wrapped(', '.join(quoted(one) for one in values) + ',')}\n]"

    def class_lines(self) -> Iterator[str]:
        """Messages and their parts; a class after the one it is made from."""
        for _, text in sorted(self.classes.items(), key=lambda item: ("(Message," not in item[1], item[0])):
            yield f"\n\n{text}"

    def write_class(self, complex_: Complex) -> None:
        """Write one class."""
        name = self.names.of(complex_, self.name)
        if name in self.classes or name in self.enums:
            raise ValueError(f"{self.name}: two types are called {name}")
        attributes = [self.attribute(one) for one in complex_.attributes]
        slots, grammar = [slot for slot, _ in attributes], [text for _, text in attributes]
        record = as_record(complex_)
        if complex_.content is not None:
            spec = self.spec(complex_.content)
            slots.append(Slot("value", self.annotation(complex_.content)))
            grammar.append(f"=value:{spec}{self.partition(complex_.name, complex_.content)}")
        elif record is not None:
            for particle in record:
                more, text = self.particle(particle)
                slots += more
                grammar.append(text)
        else:
            slots.append(Slot("content", "tuple[tuple[str, Any], ...]", " = ()"))
            grammar.append("~")
            grammar += self.automaton(complex_)
        lines = [f"class {name}(Message, frozen=True, kw_only=True, gc=False):"]
        body = textwrap.wrap(" ".join(grammar), LINE - 16, break_long_words=False, break_on_hyphens=False)
        if len(body) > 1:
            lines.append("    GRAMMAR = (")
            lines += [f'        "{text}{"" if last else " "}"' for text, last in with_last(body)]
            lines.append("    )")
        else:
            lines.append(f'    GRAMMAR = "{"".join(body)}"')
        self.classes[name] = "\n".join([*lines, *(slot.line() for slot in slots)])

    def attribute(self, one: Attribute) -> tuple[Slot, str]:
        """An attribute as a field and in the grammar."""
        optional = "" if one.required else "?"
        text = f"@{one.name.local}{optional}:{self.spec(one.type)}{self.partition(one.name, one.type)}"
        return self.slot(one.name.local, self.annotation(one.type), 1 if one.required else 0, 1), text

    def particle(self, one: Particle) -> tuple[list[Slot], str]:
        """A particle as fields and in the grammar."""
        count = cardinality(one)
        if one.kind == "choice":
            slots = [self.slot(part.name.local, self.annotation(part.type), 0, 1) for part in elements_of(one)]
            inner = "|".join(f"{part.name.local}:{self.typed(part)}" for part in elements_of(one))
            return slots, f"({inner}){count}"
        if one.element is None:
            raise ValueError("a wildcard in a record")
        name = one.element.name.local
        if one.substitutes:
            members = [part for part in one.substitutes if sendable(part)]
            kinds = " | ".join(self.annotation(part.type) for part in members)
            inner = ",".join(self.substitute(part) for part in one.substitutes)
            return [self.slot(name, kinds, one.low, one.high)], f"{name}{count}:[{inner}]"
        slot = self.slot(name, self.annotation(one.element.type), one.low, one.high)
        return [slot], f"{name}{count}:{self.typed(one.element)}"

    def substitute(self, element: Element) -> str:
        """A member of a substitution group."""
        if not isinstance(element.type, Complex) or not sendable(element):
            return element.name.local + "!"
        kind = self.reference(element.type)
        return element.name.local if kind == element.name.local else f"{element.name.local}={kind}"

    def slot(self, name: str, annotation: str, low: int, high: int) -> Slot:
        """A field."""
        if high != 1:
            return Slot(name, f"tuple[{annotation}, ...]", "" if low else " = ()")
        return Slot(name, annotation) if low else Slot(name, f"{annotation} | None", " = None")

    def typed(self, element: Element) -> str:
        """The type of an element in the grammar."""
        if isinstance(element.type, Complex):
            if element.type.abstract:
                raise ValueError(f"{element.name} has an abstract type and no substitutes")
            return self.reference(element.type)
        return self.spec(element.type) + self.partition(element.name, element.type)

    def reference(self, complex_: Complex) -> str:
        """A class, imported where it is another module's."""
        return self.imported(self.names.of(complex_, self.name))

    def annotation(self, type_: Simple | Complex) -> str:
        """A type as Python."""
        if isinstance(type_, Complex):
            return self.reference(type_)
        if type_.kind == "enum":
            return self.enum(type_)
        return {"bool": "bool", "int": "int", "text": "str", "hex": "bytes", "base64": "bytes"}[type_.kind]

    def enum(self, type_: Simple) -> str:
        """The name of an enumeration, imported where it is another module's."""
        if type_.name is None:
            raise ValueError("an enumeration without a name")
        name = type_.name.local[0].upper() + type_.name.local[1:]
        while name in self.names.fields:
            name += "Type"
        home = self.names.module_of[type_.name.uri]
        if home != self.name:
            self.imports.add(home)
            return f"{home}.{name}"
        if self.enums.setdefault(name, type_.values) != type_.values:
            raise ValueError(f"{self.name}: two enumerations are called {name}")
        return name

    def spec(self, type_: Simple) -> str:
        """A simple type in the grammar."""
        match type_.kind:
            case "enum":
                return "$" + self.enum(type_)
            case "bool":
                return "bool"
            case "int":
                named = {bounds: name for name, bounds in INTEGERS.items()}.get((type_.low, type_.high))
                return named or f"{type_.low}..{type_.high}"
            case _ if type_.low is None and type_.high is None:
                return type_.kind
            case _:
                return f"{type_.kind}[{type_.low or 0}..{'' if type_.high is None else type_.high}]"

    def partition(self, name: QName | None, type_: Simple) -> str:
        """What tells apart texts of one local name and several namespaces."""
        if type_.kind != "text" or name is None or name.local not in self.names.shared_names:
            return ""
        return f"^{self.names.partitions.index(name.uri)}"

    def automaton(self, complex_: Complex) -> Iterator[str]:
        """The states of a content model that is more than a sequence of fields."""
        states = automaton(complex_.particle)
        for number, state in enumerate(states):
            if number:
                yield "/"
            for event, target in state:
                yield event if isinstance(event, str) else f"{event.name.local}:{self.typed(event)}"
                if target is not None:
                    yield f">{target}"
            if complex_.mixed:
                yield "#"
                yield f">{number}"

    def documents(self) -> Iterator[str]:
        """Document and fragment grammars."""
        yield f"\n\nROOTS = (\n{wrapped_text(self.roots())}\n)"
        yield f"\nFRAGMENTS = (\n{wrapped_text(self.fragments())}\n)"
        yield f"\nATTRIBUTES = (\n{wrapped_text(self.attributes())}\n)"

    def roots(self) -> Iterator[str]:
        """Every global element; `!` where no message can begin with it."""
        for element in self.schema.global_elements():
            if not sendable(element):
                yield element.name.local + "!"
                continue
            name = self.imported(self.names.of_element(element, self.name))
            yield element.name.local if name == element.name.local else f"{element.name.local}={name}"

    def fragments(self) -> Iterator[str]:
        """Every name an element has anywhere; `!` where it is abstract.

        Where it has several types, `?` says so, and the one that has attributes is named. A name of several
        namespaces is told apart by `^n`.
        """
        found: dict[QName, list[Element]] = {}
        for element in self.schema.all_elements():
            found.setdefault(element.name, []).append(element)
        local = [name.local for name in found]
        for qualified, elements in sorted(found.items()):
            first, name = elements[0], qualified.local
            if local.count(name) > 1:
                name += f"^{self.names.partitions.index(qualified.uri)}"
            if any(other.type != first.type for other in elements):
                signed = next(one for one in elements if isinstance(one.type, Complex))
                yield f"{name}?:{self.typed(signed)}"
            elif isinstance(first.type, Complex) and (first.abstract or first.type.abstract):
                yield name + "!"
            elif isinstance(first.type, Complex) and qualified in self.names.documents:
                yield f"{name}:{self.imported(self.names.of_element(first, self.name))}"
            else:
                yield f"{name}:{self.typed(first)}"

    def attributes(self) -> Iterator[str]:
        """Every attribute of any type: what an element of several types may have (EXI 8.5.3)."""
        found = {one.name: one.type for complex_ in all_types(self.schema) for one in complex_.attributes}
        for name, type_ in sorted(found.items()):
            yield name.local + self.partition(name, type_)

    def imported(self, name: str) -> str:
        """A class by the name this module has for it, its module imported."""
        module, _, inside = name.partition(".")
        if inside:
            self.imports.add(module)
        return name


def sendable(element: Element) -> bool:
    """Whether a message of ours can stand for this element: it is complex, and neither it nor its type is abstract."""
    return isinstance(element.type, Complex) and not element.abstract and not element.type.abstract


def as_record(complex_: Complex) -> list[Particle] | None:
    """The content as a sequence of elements and choices of elements; None when it is more than that."""
    if complex_.mixed:
        return None
    parts = list(flattened(complex_.particle))
    for part in parts:
        simple_choice = (
            part.kind == "choice"
            and part.high == 1
            and all(
                one.kind == "element" and (one.low, one.high) == (1, 1) and not one.substitutes for one in part.parts
            )
        )
        if part.kind != "element" and not simple_choice:
            return None
    return parts


def flattened(particle: Particle | None) -> Iterator[Particle]:
    """Plain sequences opened."""
    if particle is None:
        return
    if particle.kind == "sequence" and (particle.low, particle.high) == (1, 1):
        for part in particle.parts:
            yield from flattened(part)
    else:
        yield particle


Event = Element | str
State = list[tuple[Event, int | None]]


def automaton(particle: Particle | None) -> list[State]:
    """Glushkov's automaton of a content model: per state its events in EXI's order and where each leads."""
    positions: list[Event] = []
    follow: list[set[int]] = []

    def walk(one: Particle) -> tuple[bool, set[int], set[int]]:
        """Whether it may be empty, where it can begin, where it can end."""
        empty, first, last = False, set[int](), set[int]()
        if one.kind in {"element", "any"}:
            if one.substitutes:
                raise ValueError("substitutes in a repeated content model")
            positions.append("*" if one.element is None else one.element)
            follow.append(set())
            first = last = {len(positions) - 1}
        elif one.kind == "choice":
            for part_empty, part_first, part_last in map(walk, one.parts):
                empty, first, last = empty or part_empty, first | part_first, last | part_last
        else:
            empty = True
            for part in one.parts:
                part_empty, part_first, part_last = walk(part)
                for place in last:
                    follow[place] |= part_first
                first = first | part_first if empty else first
                last = last | part_last if part_empty else part_last
                empty = empty and part_empty
        if one.high == UNBOUNDED:
            for place in last:
                follow[place] |= first
        elif one.high != 1:
            raise ValueError("a bounded repetition in a repeated content model")
        return empty or one.low == 0, first, last

    empty, first, last = walk(particle) if particle is not None else (True, set(), set())

    def state(places: set[int], final: bool) -> State:
        named = [(positions[place], place + 1) for place in sorted(places) if positions[place] != "*"]
        wild = [(positions[place], place + 1) for place in sorted(places) if positions[place] == "*"]
        return [*named, *wild[:1], *([(".", None)] if final else [])]

    return merged([state(first, empty), *(state(follow[place], place in last) for place in range(len(positions)))])


def merged(states: list[State]) -> list[State]:
    """The same automaton without states that behave alike."""
    twin = next(((one, two) for two in range(len(states)) for one in range(two) if states[one] == states[two]), None)
    if twin is None:
        return states
    kept, gone = twin
    renumber = [kept if number == gone else number - (number > gone) for number in range(len(states))]
    rest = [state for number, state in enumerate(states) if number != gone]
    return merged([[(event, None if to is None else renumber[to]) for event, to in state] for state in rest])


def cardinality(one: Particle) -> str:
    """How often a particle may come."""
    if (one.low, one.high) == (1, 1):
        return ""
    if (one.low, one.high) == (0, 1):
        return "?"
    return f"{{{one.low},{'' if one.high == UNBOUNDED else one.high}}}"


def quoted(text: str) -> str:
    """A string as Python writes it."""
    return f'"{text}"'


def wrapped(text: str) -> str:
    """Text in lines."""
    return textwrap.fill(text, LINE, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)


def wrapped_text(words: Iterable[str]) -> str:
    """Words as a string literal in lines."""
    lines = textwrap.wrap(" ".join(words), LINE - 8, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f'    "{line}{"" if last else " "}"' for line, last in with_last(lines))


def with_last(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is the last."""
    for number, line in enumerate(lines, 1):
        yield line, number == len(lines)


def render_all() -> dict[Path, str]:
    """Every module's text by the path where it belongs. Raises OSError without the wheel."""
    sets = {module: schema_set(source.entry) for module, source in SOURCES.items()}
    names = Names(sets)
    return {OUT / f"{module}.py": Module(module, names, sets[module]).build() for module in SOURCES}


def main() -> int:
    """Write or check the modules."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare")
    check = parser.parse_args().check
    rendered = render_all()
    stale = [path for path, text in rendered.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path, text in rendered.items():
        if path in stale and not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in stale:
        print(f"{path.relative_to(ROOT)}: {'is not what the schemas yield' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
