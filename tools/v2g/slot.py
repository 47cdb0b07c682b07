"""Our codec in the place where EcoG's `iso15118` has its jar: JSON as the jar writes and reads it, and EXI.

What runs with it shows how the two sides get on, and nothing of EXI: both have the same codec then.
"""

from __future__ import annotations

import base64
import importlib
import json
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType, ModuleType
from typing import Any, Final

from agent.iso15118 import exi
from agent.iso15118.exi import Message
from agent.iso15118.exi.fragment import encode_fragment, names_of
from agent.iso15118.exi.grammar import Alternative, Kind, kind_in, parse
from agent.iso15118.exi.plain import members_of

MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "urn:iso:15118:2:2010:AppProtocol": "app_protocol",
        "urn:din:70121:2012:MsgDef": "din",
        "urn:iso:15118:2:2013:MsgDef": "iso2",
        "http://www.w3.org/2000/09/xmldsig#": "xmldsig",
    }
)
WHOLE: Final = frozenset({"V2G_Message", "supportedAppProtocolReq", "supportedAppProtocolRes"})
BASE64: Final = re.compile(r"[@=]?(\w+)(?:\?|\{[\d,]*\})?:base64")


def schema_of(namespace: str) -> ModuleType:
    """Our module of a namespace."""
    return importlib.import_module(f"agent.iso15118.exi.{MODULES[namespace]}")


class Slot:
    """Satisfies EcoG's `IEXICodec`, which this file does not know."""

    def encode(self, message: str, namespace: str) -> bytes:
        """JSON as EXI: a message, or an element that is signed."""
        [(root, content)] = json.loads(message).items()
        schema = schema_of(namespace)
        if root in WHOLE:
            return exi.encode(made(getattr(schema, root), content))
        kind = kind_in(schema.__name__, root, names_of(schema).by_name[root].spec)
        return encode_fragment(schema, root, _value(kind, content, in_base64=False))

    def decode(self, stream: bytes, namespace: str) -> str:
        """EXI as JSON."""
        message = exi.decode(schema_of(namespace), bytes(stream))
        return json.dumps({type(message).__name__: told(message)})

    def get_version(self) -> str:
        """Whose it is."""
        return "agent.iso15118.exi"


def made(cls: type[Message], content: Mapping[str, Any]) -> Message:
    """A message out of the jar's JSON. Raises KeyError where it has something that the message has not."""
    values: dict[str, Any] = {}
    left = dict(content)
    for particle in parse(cls).particles:
        for one in particle.alternatives:
            if one.name in left:
                given = left.pop(one.name)
                several = particle.high != 1
                values[one.field] = (
                    tuple(_part(cls, one, each) for each in given) if several else _part(cls, one, given)
                )
    if left:
        raise KeyError(f"{cls.__name__}: {', '.join(left)}")
    return cls(**values)


def _part(cls: type[Message], one: Alternative, given: Any) -> Any:
    if one.kind is None:
        raise KeyError(f"{cls.__name__}: {one.name} cannot be sent")
    return _value(one.kind, given, in_base64=one.name in base64_of(cls))


def _value(kind: Kind, given: Any, *, in_base64: bool) -> Any:
    if isinstance(kind, type):
        return made(kind, given)
    if kind.name == "octets":
        return base64.b64decode(given) if in_base64 else bytes.fromhex(given)
    return given


def told(message: Message) -> dict[str, Any]:
    """A message as the jar's JSON."""
    cls = type(message)
    members = members_of(cls)
    found: dict[str, Any] = {}
    for field in cls.__struct_fields__:
        value = getattr(message, field)
        if value is not None and value != ():
            found[members.get((field, type(value)), field)] = _told(value, in_base64=field in base64_of(cls))
    return found


def _told(value: Any, *, in_base64: bool) -> Any:
    match value:
        case Message():
            return told(value)
        case bytes():
            return base64.b64encode(value).decode() if in_base64 else value.hex().upper()
        case tuple():
            return [_told(one, in_base64=in_base64) for one in value]
    return value


@cache
def base64_of(cls: type[Message]) -> frozenset[str]:
    """Which of its elements the schema has in base 64; octets of all others are hexadecimal."""
    return frozenset(BASE64.findall(cls.GRAMMAR))
