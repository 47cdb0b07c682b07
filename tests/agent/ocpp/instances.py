"""Messages made from the JSON schemas: legal ones, and legal ones with one fault put in. Knows none of our structs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from agent.ocpp.codec import Version
from tools.generate_wire import load_schemas

Schema = dict[str, Any]

FOLDERS = {Version.V16: "v16", Version.V201: "v201", Version.V21: "v21"}
SCHEMAS = {version: load_schemas(folder) for version, folder in FOLDERS.items()}
MESSAGES = [(version, name) for version, schemas in SCHEMAS.items() for name in schemas]
STAMPS = (
    "2026-01-01T00:00:00Z",
    "2024-02-29T23:59:60.123456+02:00",
    "1999-12-31t10:00:00.5-11:30",
    "2026-06-01T00:00:00",
)
LETTERS = 'abcXYZ019 ,:"\\/{}[]äß€漢😀\n'


def instance(schema: Schema, rng: random.Random, fill: float, root: Schema | None = None) -> Any:
    """A legal value. `fill` is the chance of each optional field; 1 gives all of them."""
    root = root or schema
    schema = resolve(schema, root)
    match schema:
        case {"enum": values}:
            return rng.choice(values)
        case {"type": "object"}:
            required = schema.get("required", ())
            found = {
                name: instance(body, rng, fill, root)
                for name, body in schema.get("properties", {}).items()
                if name in required or rng.random() < fill
            }
            return (
                found if schema.get("additionalProperties") is False else found | {"x-extra": {"deep": [1, None, "a"]}}
            )
        case {"type": "array"}:
            low = max(schema.get("minItems", 0), 1)
            size = rng.randint(low, min(low + 1, schema.get("maxItems", low + 1)))
            return [instance(schema["items"], rng, fill, root) for _ in range(size)]
        case {"type": "string"}:
            return text(schema, rng)
        case {"type": "integer"}:
            return rng.randint(int(schema.get("minimum", -(2**63))), int(schema.get("maximum", 2**63 - 1)))
        case {"type": "number"}:
            return round(rng.uniform(schema.get("minimum", -1e6), schema.get("maximum", 1e6)))
        case {"type": "boolean"}:
            return rng.random() < 0.5
    return rng.choice([7, "text", [1, {"a": None}], {"a": {"b": 2.5}}])


def text(schema: Schema, rng: random.Random) -> str:
    """A string of a legal format, up to its full length."""
    match schema.get("format"):
        case "date-time":
            return rng.choice(STAMPS)
        case "uri":
            return "ftp://files.example.org/a"
    limit = min(schema.get("maxLength", 40), 300)
    return "".join(rng.choices(LETTERS, k=rng.choice([0, 1, limit])))


def resolve(schema: Schema, root: Schema) -> Schema:
    """Follow a reference within the message."""
    if "$ref" in schema:
        return dict(root["definitions"][schema["$ref"].rsplit("/", 1)[-1]])
    return schema


def mutants(value: Any, schema: Schema) -> Iterator[Any]:
    """Every copy of a legal message that has one fault put in, or one thing that may be one."""
    for steps, owner in places(value, schema, schema, ()):
        for wrong in wrongs(at(value, steps), owner):
            yield put(value, steps, wrong)
        if owner.get("type") == "object" and owner.get("additionalProperties") is False:
            yield put(value, steps, at(value, steps) | {"unheardOf": 1})
            for name in owner.get("required", ()):
                yield put(value, steps, {key: item for key, item in at(value, steps).items() if key != name})


def wrongs(value: Any, schema: Schema) -> Iterator[Any]:
    """Values that may break a schema, near to a legal one."""
    yield from (None, [], {}, [value], 5, -1, 101, 0.5, True)
    match value:
        case str():
            yield value + "x" * (schema.get("maxLength", 0) + 1 - len(value))
            yield value.swapcase()
        case list():
            yield value * (schema.get("maxItems", 1) + 1)
    if schema.get("format") == "date-time":
        yield from ("", "today", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01")


def places(
    value: Any, schema: Schema, root: Schema, steps: tuple[Any, ...]
) -> Iterator[tuple[tuple[Any, ...], Schema]]:
    """Every place in a message, with its schema."""
    schema = resolve(schema, root)
    yield steps, schema
    if isinstance(value, dict):
        for name, body in schema.get("properties", {}).items():
            if name in value:
                yield from places(value[name], body, root, (*steps, name))
    elif isinstance(value, list) and "items" in schema:
        yield from places(value[0], schema["items"], root, (*steps, 0))


def at(value: Any, steps: tuple[Any, ...]) -> Any:
    """The value at a place."""
    for step in steps:
        value = value[step]
    return value


def put(value: Any, steps: tuple[Any, ...], new: Any) -> Any:
    """A copy of a message with another value at a place; the rest is shared."""
    if not steps:
        return new
    changed = value.copy()
    changed[steps[0]] = put(value[steps[0]], steps[1:], new)
    return changed
