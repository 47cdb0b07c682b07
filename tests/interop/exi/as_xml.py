"""Messages as XML, so that a foreign codec can encode them; names and namespaces come from the schema files."""

from __future__ import annotations

import base64
from functools import cache
from xml.sax.saxutils import escape, quoteattr

import msgspec

from agent.iso15118.exi import Message
from tools.generate_exi import SOURCES, schema_set
from tools.xsd import Complex, Element, Particle, QName, SchemaSet, Simple

SPACES = "\t\n\r"


@cache
def schema(module: str) -> SchemaSet:
    """The schema files behind a module of message types."""
    return schema_set(SOURCES[module].entry)


def document(module: str, message: Message) -> str:
    """A message as an XML document."""
    files = schema(module)
    name = type(message).__name__
    for element in files.global_elements():
        of = element.type.name if isinstance(element.type, Complex) else None
        if name in {element.name.local, of.local if of else ""}:
            return fragment(element, message)
    raise LookupError(name)


def fragment(element: Element, value: object) -> str:
    """An element as XML."""
    uri, local = element.name.uri, element.name.local
    head = f"<{local} xmlns={quoteattr(uri)}"
    if isinstance(element.type, Simple):
        return f"{head}>{text(element.type, value)}</{local}>"
    assert isinstance(value, Message)
    attributes, inner = inside(element.type, value)
    return f"{head}{attributes}>{inner}</{local}>"


def inside(type_: Complex, message: Message) -> tuple[str, str]:
    """Attributes and content of an element."""
    values = msgspec.structs.asdict(message)
    attributes = ""
    for number, one in enumerate(type_.attributes):
        value = values[one.name.local]
        if value is None:
            continue
        written = quoteattr(text(one.type, value, raw=True), {space: f"&#{ord(space)};" for space in SPACES})
        if one.name.uri:
            attributes += f" xmlns:a{number}={quoteattr(one.name.uri)} a{number}:{one.name.local}={written}"
        else:
            attributes += f" {one.name.local}={written}"
    if type_.content is not None:
        return attributes, text(type_.content, values["value"])
    if "content" in values:
        return attributes, "".join(part(type_, name, value) for name, value in values["content"])
    return attributes, "".join(particle(one, values) for one in parts(type_.particle))


def part(type_: Complex, name: str, value: object) -> str:
    """One entry of a content automaton."""
    if name == "#":
        return text(Simple("text"), value)
    elements = [one.element for one in parts(type_.particle) if one.element is not None]
    return next(fragment(one, value) for one in elements if one.name.local == name)


def parts(one: Particle | None) -> list[Particle]:
    """The elements of a content model, in order."""
    if one is None:
        return []
    return [one] if one.element is not None else [inner for part in one.parts for inner in parts(part)]


def particle(one: Particle, values: dict[str, object]) -> str:
    """The elements of one field."""
    assert one.element is not None
    value = values[one.element.name.local]
    if value is None:
        return ""
    items = value if isinstance(value, tuple) else (value,)
    return "".join(fragment(chosen(one, item), item) for item in items)


def chosen(one: Particle, item: object) -> Element:
    """The member of a substitution group that a value's class says."""
    assert one.element is not None
    if not one.substitutes:
        return one.element
    name = type(item).__name__
    for member in one.substitutes:
        of = member.type.name if isinstance(member.type, Complex) else None
        if member.name.local == name or (of == QName(name, of.uri if of else "")):
            return member
    raise LookupError(name)


def text(type_: Simple, value: object, *, raw: bool = False) -> str:
    """A simple value as XML has it."""
    match value:
        case bool():
            written = "true" if value else "false"
        case bytes():
            written = value.hex().upper() if type_.kind == "hex" else base64.b64encode(value).decode()
        case _:
            written = str(value)
    return written if raw else escape(written, {"\r": "&#13;"})
