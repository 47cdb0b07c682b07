"""Reads the part of XML Schema that ISO 15118's schema files use, down to the facts that EXI grammars are made of.

What comes out names elements, attributes, types, their order and cardinality; nothing else of a schema is kept. A
construct that none of the known files uses raises, so that a newer file cannot be read wrongly in silence.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree import ElementTree as ET

XS = "{http://www.w3.org/2001/XMLSchema}"
UNBOUNDED = -1

INTEGERS = {
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
TEXTS = frozenset({"string", "anyURI", "ID", "IDREF"})
BINARIES = {"hexBinary": "hex", "base64Binary": "base64"}


class QName(NamedTuple):
    """A name as EXI sorts it: by local name, then by namespace."""

    local: str
    uri: str


@dataclass(frozen=True)
class Simple:
    """A simple type: its kind, its bounds (of the value, or of the length), and the values of an enumeration."""

    kind: str  # bool, int, text, hex, base64, enum
    low: int | None = None
    high: int | None = None
    values: tuple[str, ...] = ()
    name: QName | None = None  # of an enumeration


@dataclass(frozen=True)
class Element:
    """An element declaration."""

    name: QName
    type: Simple | Complex
    abstract: bool = False


@dataclass(frozen=True)
class Wildcard:
    """Any element."""


@dataclass(frozen=True)
class Particle:
    """An element (with its substitutes), a wildcard, a sequence or a choice, and how often it may come."""

    kind: str  # element, any, sequence, choice
    low: int
    high: int
    element: Element | None = None
    substitutes: tuple[Element, ...] = ()  # head and members in EXI's order; empty where nothing can take its place
    parts: tuple[Particle, ...] = ()


@dataclass(frozen=True)
class Attribute:
    """An attribute and whether it must be there."""

    name: QName
    type: Simple
    required: bool


@dataclass(eq=False)
class Complex:
    """A complex type. `content` is its text when it has simple content, `particle` its elements otherwise."""

    name: QName | None
    abstract: bool = False
    mixed: bool = False
    attributes: tuple[Attribute, ...] = ()
    content: Simple | None = None
    particle: Particle | None = None


@dataclass
class Document:
    """One schema file with what resolves the names in it."""

    target: str
    prefixes: dict[str, str]
    qualified_elements: bool
    qualified_attributes: bool
    root: ET.Element
    imports: list[str] = field(default_factory=list)


def read_document(data: bytes) -> Document:
    """Parse one schema file. The files are those of a pinned wheel, so entities are not guarded against."""
    prefixes: dict[str, str] = {}
    root = None
    for event, item in ET.iterparse(io.BytesIO(data), events=("start-ns", "start")):  # noqa: S314
        if event == "start-ns":
            prefixes[item[0]] = item[1]
        elif root is None:
            root = item
    if root is None:
        raise ValueError("an empty schema file")
    document = Document(
        target=root.get("targetNamespace", ""),
        prefixes=prefixes,
        qualified_elements=root.get("elementFormDefault") == "qualified",
        qualified_attributes=root.get("attributeFormDefault") == "qualified",
        root=root,
    )
    document.imports = [node.get("schemaLocation", "") for node in root.findall(XS + "import")]
    return document


class SchemaSet:
    """A schema file and everything it imports."""

    def __init__(self, entry: str, read: Callable[[str, str], bytes]) -> None:
        """Load `entry` and its imports.

        Args:
            entry: The name of the first file.
            read: Gives a file's bytes, from the name of the file that imports it and the location named there.
        """
        self.documents: dict[str, Document] = {}
        self._load("", entry, read)
        self._elements = dict(self._globals("element"))
        self._types = {name: node for kind in ("complexType", "simpleType") for name, node in self._globals(kind)}
        self._made: dict[QName, Simple | Complex] = {}
        self._documents_of: dict[int, Document] = {}

    def _load(self, importer: str, location: str, read: Callable[[str, str], bytes]) -> None:
        document = read_document(read(importer, location))
        if document.target in self.documents:
            return
        self.documents[document.target] = document
        for imported in document.imports:
            self._load(location, imported, read)

    def _globals(self, kind: str) -> Iterator[tuple[QName, tuple[Document, ET.Element]]]:
        for document in self.documents.values():
            for node in document.root.findall(XS + kind):
                yield QName(node.attrib["name"], document.target), (document, node)

    def global_elements(self) -> list[Element]:
        """Every global element of all files, in the order of EXI's document grammar."""
        return [self.element(name) for name in sorted(self._elements)]

    def types(self) -> list[Complex]:
        """Every named complex type."""
        made = [self.type(name) for name, (_, node) in self._types.items() if node.tag == XS + "complexType"]
        return [one for one in made if isinstance(one, Complex)]

    def enumerations(self) -> list[Simple]:
        """Every enumeration."""
        made = [self.type(name) for name, (_, node) in self._types.items() if node.tag == XS + "simpleType"]
        return [one for one in made if isinstance(one, Simple) and one.kind == "enum"]

    def all_elements(self) -> list[Element]:
        """Every element declared anywhere, global or local: what the fragment grammar is made of."""
        found = self.global_elements()
        seen: set[int] = set()
        pending = [one.type for one in found if isinstance(one.type, Complex)] + self.types()
        while pending:
            one = pending.pop()
            if id(one) in seen:
                continue
            seen.add(id(one))
            for element in elements_of(one.particle):
                found.append(element)
                if isinstance(element.type, Complex):
                    pending.append(element.type)
        return found

    def element(self, name: QName) -> Element:
        """A global element."""
        document, node = self._elements[name]
        return Element(name, self._type_of(document, node), node.get("abstract") == "true")

    def type(self, name: QName) -> Simple | Complex:
        """A named type."""
        if name not in self._made:
            document, node = self._types[name]
            self._made[name] = (
                self._complex(document, node, name)
                if node.tag == XS + "complexType"
                else (self._simple(document, node, name))
            )
        return self._made[name]

    def substitutes(self, head: QName) -> list[Element]:
        """The members of a substitution group, of the members' own groups too."""
        members = []
        for name, (document, node) in self._elements.items():
            group = node.get("substitutionGroup")
            if group is not None and self._resolve(document, group) == head:
                members += [self.element(name), *self.substitutes(name)]
        return members

    def _resolve(self, document: Document, name: str) -> QName:
        prefix, _, local = name.rpartition(":")
        return QName(local, document.prefixes.get(prefix, ""))

    def _type_named(self, document: Document, name: str) -> Simple | Complex:
        resolved = self._resolve(document, name)
        return builtin(resolved.local) if resolved.uri == XS[1:-1] else self.type(resolved)

    def _type_of(self, document: Document, node: ET.Element) -> Simple | Complex:
        named = node.get("type")
        if named is not None:
            return self._type_named(document, named)
        anonymous = node.find(XS + "complexType")
        if anonymous is not None:
            name = QName(node.attrib["name"], document.target)
            key = QName("<" + name.local + ">", name.uri)
            if key not in self._made:
                self._made[key] = self._complex(document, anonymous, name)
            return self._made[key]
        return self._simple(document, node.find(XS + "simpleType"), None)

    def _simple(self, document: Document, node: ET.Element | None, name: QName | None) -> Simple:
        restriction = None if node is None else node.find(XS + "restriction")
        if restriction is None:
            raise ValueError(f"{name}: a simple type that is no restriction")
        base = self._type_named(document, restriction.attrib["base"])
        if not isinstance(base, Simple):
            raise TypeError(f"{name}: a simple type on a complex base")
        low, high, values = base.low, base.high, []
        for facet in restriction:
            value = facet.get("value", "")
            match facet.tag.removeprefix(XS):
                case "enumeration":
                    values.append(value)
                case "minInclusive" | "minLength":
                    low = int(value)
                case "maxInclusive" | "maxLength":
                    high = int(value)
                case "length":
                    low = high = int(value)
                case other:
                    raise ValueError(f"{name}: the facet {other}")
        if values:
            if base.kind != "text":
                raise ValueError(f"{name}: an enumeration of {base.kind}")
            return Simple("enum", values=tuple(values), name=name)
        if base.kind == "enum":
            return base
        return Simple(base.kind, low, high)

    def _complex(self, document: Document, node: ET.Element, name: QName | None) -> Complex:
        made = Complex(name, node.get("abstract") == "true", node.get("mixed") == "true")
        for child in node:
            match child.tag.removeprefix(XS):
                case "complexContent" | "simpleContent":
                    self._extend(document, made, child.find(XS + "extension"))
                case _:
                    self._add(document, made, child)
        return made

    def _extend(self, document: Document, made: Complex, extension: ET.Element | None) -> None:
        if extension is None:
            raise ValueError(f"{made.name}: derived, but not by extension")
        base = self._type_named(document, extension.attrib["base"])
        if isinstance(base, Simple):
            made.content = base
        else:
            made.attributes, made.content, made.particle = base.attributes, base.content, base.particle
            made.mixed = made.mixed or base.mixed
        for child in extension:
            self._add(document, made, child)

    def _add(self, document: Document, made: Complex, child: ET.Element) -> None:
        match child.tag.removeprefix(XS):
            case "attribute":
                made.attributes = tuple(sorted((*made.attributes, self._attribute(document, child)), key=by_name))
            case "sequence" | "choice":
                own = self._particle(document, child)
                both = Particle("sequence", 1, 1, parts=(made.particle, own)) if made.particle else own
                made.particle = both
            case "annotation":
                pass
            case other:
                raise ValueError(f"{made.name}: {other}")

    def _attribute(self, document: Document, node: ET.Element) -> Attribute:
        type_ = self._type_named(document, node.attrib["type"])
        if not isinstance(type_, Simple):
            raise TypeError(f"an attribute {node.attrib} of a complex type")
        uri = document.target if document.qualified_attributes else ""
        return Attribute(QName(node.attrib["name"], uri), type_, node.get("use") == "required")

    def _particle(self, document: Document, node: ET.Element) -> Particle:
        low = int(node.get("minOccurs", "1"))
        most = node.get("maxOccurs", "1")
        high = UNBOUNDED if most == "unbounded" else int(most)
        match node.tag.removeprefix(XS):
            case "sequence" | "choice" as kind:
                parts = [self._particle(document, one) for one in node if one.tag != XS + "annotation"]
                return Particle(kind, low, high, parts=tuple(parts))
            case "any":
                return Particle("any", low, high)
            case "element" if node.get("ref") is not None:
                name = self._resolve(document, node.attrib["ref"])
                head = self.element(name)
                members = self.substitutes(name)
                group = tuple(sorted((head, *members), key=by_name)) if members else ()
                return Particle("element", low, high, head, group)
            case "element":
                uri = document.target if document.qualified_elements else ""
                local = QName(node.attrib["name"], uri)
                return Particle("element", low, high, Element(local, self._type_of(document, node)))
            case other:
                raise ValueError(f"a particle {other}")


def by_name(one: Element | Attribute) -> QName:
    """EXI's order."""
    return one.name


def builtin(local: str) -> Simple:
    """A type of XML Schema itself."""
    if local in INTEGERS:
        return Simple("int", *INTEGERS[local])
    if local in TEXTS:
        return Simple("text")
    if local in BINARIES:
        return Simple(BINARIES[local])
    if local == "boolean":
        return Simple("bool")
    raise ValueError(f"the built-in type {local}")


def elements_of(particle: Particle | None) -> Iterator[Element]:
    """Every element declaration of a content model, substitutes too."""
    if particle is None:
        return
    if particle.element is not None:
        yield particle.element
        yield from particle.substitutes
    for part in particle.parts:
        yield from elements_of(part)


def heads_of(particle: Particle | None) -> Iterator[Element]:
    """The elements that a content model names, without their substitutes."""
    if particle is None:
        return
    if particle.element is not None:
        yield particle.element
    for part in particle.parts:
        yield from heads_of(part)
