"""Write `agent/ocpp/v*/wire.py`: msgspec structs made from the JSON schemas inside the installed `ocpp` package.

    python tools/generate_wire.py            write the files
    python tools/generate_wire.py --check    fail when a committed file is not what the schemas yield

Only the schema files are read; the code of the `ocpp` package is not imported. Not taken over, because a peer that
breaks them is better understood than refused: `multipleOf` (binary floats cannot tell 0.3 from a multiple of 0.1) and
`format: uri` (judged when the address is used).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

VERSIONS = ("v16", "v201", "v21")
ROOT = Path(__file__).resolve().parent.parent
LINE = 120

# OCPP 1.6 writes its types inline, so their names come from the specification (section 7), keyed by property. `unit` is
# the union of two lists that differ in one member (Hertz), so that both messages share one SampledValue.
NAMES_16 = {
    "configurationKey": "KeyValue",
    "csChargingProfiles": "ChargingProfile",
    "localAuthorizationList": "AuthorizationData",
    "meterValue": "MeterValue",
    "sampledValue": "SampledValue",
    "unit": "UnitOfMeasure",
}

HEADER = '''"""Messages of OCPP {version}, made from its JSON schemas by tools/generate_wire.py; do not edit."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from agent.ocpp.stamps import PATTERN


class Wire(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Base of everything that OCPP {version} sends. An absent field is UNSET."""

'''

CUSTOM_DATA = '''
class CustomDataType(dict[str, Any]):
    """Extension data of a vendor: `vendorId` (at most 255 characters) and any other property."""

'''


def schema_folder(version: str) -> Path:
    """The folder of one version's schemas in the installed `ocpp` package. Raises FileNotFoundError without it."""
    spec = importlib.util.find_spec("ocpp")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package `ocpp` is not installed; it brings the schemas: pip install 'ocpp>=2.1'")
    return Path(spec.submodule_search_locations[0]) / version / "schemas"


def load_schemas(version: str) -> dict[str, Schema]:
    """Every message of a version, by class name ("HeartbeatRequest"), in the order of their names."""
    schemas = {}
    for path in sorted(schema_folder(version).glob("*.json")):
        schemas[path.stem] = json.loads(path.read_text(encoding="utf-8-sig"))
    if version == "v16":  # its requests carry no suffix
        schemas = {name if name.endswith("Response") else name + "Request": body for name, body in schemas.items()}
    return dict(sorted(schemas.items()))


class Module:
    """The text of one wire.py while it grows: aliases and enums first, then structs."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.messages = load_schemas(version)
        self.aliases: dict[str, str] = {}
        self.enums: dict[str, tuple[str, ...]] = {}
        self.structs: dict[str, str] = {}
        self.shapes: dict[str, Schema] = {}
        self.crowded = crowded_enums(self.messages.values())

    def build(self) -> str:
        """Walk every message; return the module's text."""
        for name, schema in self.messages.items():
            for type_name, body in schema.get("definitions", {}).items():
                self.define(type_name, body)
            self.struct(name, schema)
        return self.text()

    def define(self, name: str, body: Schema) -> None:
        """Take up a shared definition, once. Raises ValueError when two messages define it differently."""
        shape = bare(body)
        if self.shapes.setdefault(name, shape) != shape:
            raise ValueError(f"{self.version}: {name} has two shapes; give one of them a name of its own")
        if name == "CustomDataType":
            return
        if "enum" in body:
            self.enums[name] = tuple(body["enum"])
        elif name not in self.structs:
            self.struct(name, body)

    def struct(self, name: str, schema: Schema) -> None:
        """Write one class."""
        required = schema.get("required", [])
        lines = []
        for field, body in schema.get("properties", {}).items():
            kind = self.kind(body, field, name)
            lines.append(f"    {field}: {kind}" if field in required else f"    {field}: {kind} | UnsetType = UNSET")
        self.structs[name] = f"class {name}(Wire, frozen=True, kw_only=True):\n" + ("\n".join(lines) or "    pass")

    def kind(self, schema: Schema, field: str, owner: str) -> str:
        """The annotation for a value."""
        match schema:
            case {"$ref": ref}:
                return str(ref).rsplit("/", 1)[-1]
            case {"enum": values}:
                return self.inline_enum(tuple(values), field, owner)
            case {"type": "object"}:
                return self.inline_struct(schema, field)
            case {"type": "array"}:
                return bounded_list(self.kind(schema["items"], field, owner), schema)
            case {"type": "string"}:
                return self.text_kind(schema)
            case {"type": "integer" | "number" as kind}:
                return self.number_kind(kind, schema)
            case {"type": "boolean"}:
                return "bool"
            case {"type": other}:
                raise ValueError(f"{self.version}: {owner}.{field} has the type {other}, which this tool does not know")
        return "Any"

    def text_kind(self, schema: Schema) -> str:
        """A string, with its length or format."""
        if schema.get("format") == "date-time":
            return self.alias("DateTime", "Annotated[str, Meta(pattern=PATTERN)]")
        if "maxLength" in schema:
            limit = schema["maxLength"]
            return self.alias(f"Text{limit}", f"Annotated[str, Meta(max_length={limit})]")
        return "str"

    def number_kind(self, kind: str, schema: Schema) -> str:
        """An integer of at most 64 bits or a float, within the schema's range."""
        name, cast = ("Integer", int) if kind == "integer" else ("Number", float)
        low, high = schema.get("minimum"), schema.get("maximum")
        if kind == "number" and low is None and high is None:
            return "float"
        name += "" if low is None else f"From{cast(low)}".removesuffix(".0")
        name += "" if high is None else f"To{cast(high)}".removesuffix(".0")
        bounds = {"ge": low, "le": high}
        limits = {key: repr(cast(bound)) for key, bound in bounds.items() if bound is not None}
        if kind == "integer":
            limits = {"ge": "-(2**63)", "le": "2**63 - 1"} | limits
        meta = ", ".join(f"{key}={bound}" for key, bound in limits.items())
        return self.alias(name, f"Annotated[{cast.__name__}, Meta({meta})]")

    def alias(self, name: str, body: str) -> str:
        """Name an annotation that many fields share."""
        self.aliases[name] = body
        return name

    def inline_enum(self, values: tuple[str, ...], field: str, owner: str) -> str:
        """Name an enum that stands in the middle of a message; the same values and field give the same name."""
        name = NAMES_16.get(field) or capital(field)
        if field in self.crowded:
            same = [known for known, members in self.enums.items() if members == values and known.endswith(name)]
            name = same[0] if same else owner.removesuffix("Request").removesuffix("Response") + name
        merged = self.enums.get(name, ())
        self.enums[name] = merged + tuple(value for value in values if value not in merged)
        return name

    def inline_struct(self, schema: Schema, field: str) -> str:
        """Name an object that stands in the middle of a message, and write it once."""
        name = NAMES_16.get(field) or capital(field)
        before = self.structs.get(name)
        self.struct(name, schema)
        if before and sorted(before.split("\n")) != sorted(self.structs[name].split("\n")):  # the order may differ
            raise ValueError(f"{self.version}: {name} has two shapes; add one to NAMES_16")
        return name

    def text(self) -> str:
        """The finished module."""
        label = {"v16": "1.6", "v201": "2.0.1", "v21": "2.1"}[self.version]
        parts = [HEADER.format(version=label)]
        if "CustomDataType" in self.shapes:
            parts.append(CUSTOM_DATA)
        parts.append("\n")
        parts += [f"{name} = {body}\n" for name, body in sorted(self.aliases.items(), key=natural)]
        parts.append("\n")
        parts += [f"{name} = Literal[\n" + wrapped(values) + "]\n" for name, values in sorted(self.enums.items())]
        shared_first = sorted(self.structs.items(), key=lambda item: (item[0] in self.messages, item[0]))
        parts += [f"\n\n{body}\n" for _, body in shared_first]
        return "".join(parts) + self.tables()

    def tables(self) -> str:
        """Which classes belong to which action."""
        calls, sends = [], []
        for name in self.messages:
            action = name.removesuffix("Request")
            if action != name:
                calls.append(f'    "{action}": ({name}, {action}Response),\n')
            elif not name.endswith("Response"):
                sends.append(f'"{name}": {name}')
        return (
            "\n\nACTIONS: dict[str, tuple[type[Struct], type[Struct]]] = {\n" + "".join(calls) + "}\n"
            "\n# Unconfirmed messages (SEND).\n"
            f"SENDS: dict[str, type[Struct]] = {{{', '.join(sends)}}}\n"
        )


def crowded_enums(schemas: Iterable[Schema]) -> set[str]:
    """Fields whose inline enum differs from message to message (`status`, `type`): they need a longer name."""
    seen: dict[str, set[tuple[str, ...]]] = {}

    def walk(schema: Schema, field: str) -> None:
        if "enum" in schema:
            seen.setdefault(field, set()).add(tuple(schema["enum"]))
        for name, body in schema.get("properties", {}).items():
            walk(body, name)
        if "items" in schema:
            walk(schema["items"], field)

    for schema in schemas:
        walk(schema, "")
    return {field for field, shapes in seen.items() if len(shapes) > 1 and field not in NAMES_16}


def bare(schema: Schema) -> Schema:
    """A schema without its prose, for comparison."""
    return {
        key: bare(body) if isinstance(body, dict) else body
        for key, body in schema.items()
        if not (key in {"description", "comment", "javaType", "default"} and not isinstance(body, dict))
    }


def bounded_list(item: str, schema: Schema) -> str:
    """A list with its cardinality."""
    limits = [f"min_length={schema['minItems']}"] if "minItems" in schema else []
    limits += [f"max_length={schema['maxItems']}"] if "maxItems" in schema else []
    return f"Annotated[list[{item}], Meta({', '.join(limits)})]" if limits else f"list[{item}]"


def capital(field: str) -> str:
    """`idTagInfo` -> `IdTagInfo`."""
    return field[0].upper() + field[1:]


def natural(item: tuple[str, str]) -> tuple[str, int, str]:
    """Sort Text20 before Text100."""
    name = item[0]
    digits = name.removeprefix("Text")
    return ("Text" if digits.isdigit() else name, int(digits) if digits.isdigit() else 0, name)


def wrapped(values: tuple[str, ...]) -> str:
    """Members of a Literal, in lines that fit."""
    lines, line = [], "   "
    for value in values:
        word = f' "{value}",'
        if len(line) + len(word) > LINE:
            lines.append(line)
            line = "   "
        line += word
    return "".join(f"{text}\n" for text in [*lines, line])


def render(version: str) -> str:
    """The text of `agent/ocpp/<version>/wire.py`."""
    return Module(version).build()


def main() -> int:
    """Write or check the files; 1 when a check finds one out of date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    stale = 0
    for version in VERSIONS:
        path = ROOT / "agent" / "ocpp" / version / "wire.py"
        text = render(version)
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path} is out of date: run python tools/generate_wire.py")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
