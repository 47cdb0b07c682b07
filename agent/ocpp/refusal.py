"""Why a payload is refused: the JSON schema of its message names the error code (OCPP-J 4.3).

Only reached when the generated structs refuse a payload. The schemas come from the `ocpp` package, one file when it is
needed, and are walked here, not by `jsonschema`: they use a dozen keywords, and one bad frame must neither block the
loop for long nor leave a library of several MiB behind.
"""

from __future__ import annotations

import enum
import functools
import importlib.util
import json
import math
from pathlib import Path
from typing import Any

import msgspec

from agent.ocpp.errors import CallError, ErrorCode, Version, spelled
from agent.ocpp.open_values import MAX_INTEGER, check_open
from agent.ocpp.stamps import from_wire

_FOLDERS = {Version.V16: "v16", Version.V201: "v201", Version.V21: "v21"}
_MAX_DIGITS = 20  # a 64-bit integer with its sign
_MAX_EXACT = 2**53  # up to here every integral float is the integer it looks like

_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}


class Why(enum.Enum):
    """Kinds of faults in a payload."""

    SYNTAX = enum.auto()
    MISSING = enum.auto()
    EXTRA = enum.auto()
    EMPTY = enum.auto()  # null, [] or {} where the field should be absent (OCPP-J 4.1.5)
    TYPE = enum.auto()
    VALUE = enum.auto()
    CARDINALITY = enum.auto()


_CODES = {
    Why.SYNTAX: ErrorCode.FORMAT_VIOLATION,
    Why.MISSING: ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    Why.EXTRA: ErrorCode.FORMAT_VIOLATION,
    Why.EMPTY: ErrorCode.FORMAT_VIOLATION,
    Why.TYPE: ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    Why.VALUE: ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    Why.CARDINALITY: ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
}


class PayloadError(Exception):
    """What is wrong, and where; the text names only what the schema knows, never what the peer sent."""

    def __init__(self, why: Why, text: str) -> None:
        self.why = why
        super().__init__(text)

    def call_error(self, version: Version) -> CallError:
        """The CALLERROR to send. 1.6 calls an incomplete payload a ProtocolError (OCPP-J 1.6 table 7)."""
        code = _CODES[self.why]
        if self.why is Why.MISSING and version is Version.V16:
            code = ErrorCode.PROTOCOL_ERROR
        return CallError(spelled(code, version), str(self))


def parse(raw: bytes) -> Any:
    """Read JSON strictly. Raises PayloadError for bad syntax, a key that stands twice, NaN, and numbers beyond 64 bits.

    An integral float becomes an integer, as JSON schema draft 6 counts 1.0 as one. No payload (null) becomes {}.
    """
    try:
        value = json.loads(
            raw, object_pairs_hook=_object, parse_int=_integer, parse_float=_number, parse_constant=_constant
        )
    except (ValueError, RecursionError) as error:
        raise PayloadError(Why.SYNTAX, "the payload is not JSON") from error
    return {} if value is None else value


def normalise(raw: bytes, message: str, version: Version) -> bytes:
    """A payload that the structs refused: rewritten when its schema allows it. Raises PayloadError when it does not."""
    value = parse(raw)
    schema = _schema(version, message)
    _check(value, schema, schema.get("definitions", {}), "payload")
    try:
        return msgspec.json.encode(value)
    except ValueError as error:  # half of a surrogate pair
        raise PayloadError(Why.SYNTAX, "the payload holds text that is not Unicode") from error


@functools.lru_cache(maxsize=8)
def _schema(version: Version, message: str) -> dict[str, Any]:
    spec = importlib.util.find_spec("ocpp")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package `ocpp` is not installed; it brings the schemas: pip install 'ocpp>=2.1'")
    path = Path(spec.submodule_search_locations[0]) / _FOLDERS[version] / "schemas" / f"{message}.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
    return schema


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise PayloadError(Why.SYNTAX, "a key stands twice in one object")
    return found


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS or not -MAX_INTEGER <= int(text) < MAX_INTEGER:
        raise PayloadError(Why.VALUE, "an integer needs more than 64 bits")
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise PayloadError(Why.VALUE, "a number is out of range")
    return int(value) if value.is_integer() and abs(value) <= _MAX_EXACT else value


def _constant(text: str) -> float:
    raise PayloadError(Why.SYNTAX, f"{text} is not JSON")


def _check(value: Any, schema: dict[str, Any], shared: dict[str, Any], where: str) -> None:
    """Raise the first PayloadError of a value. Recursion is bounded by the schema."""
    if "$ref" in schema:
        schema = shared[schema["$ref"].rsplit("/", 1)[-1]]
    wanted = schema.get("type")
    if wanted is None:
        _check_open(value, where)
        return
    if not isinstance(value, _TYPES[wanted]) or (isinstance(value, bool) and wanted != "boolean"):
        raise PayloadError(Why.TYPE, f"{where} is not of type {wanted}")
    match value:
        case dict():
            _check_object(value, schema, shared, where)
        case list():
            _check_list(value, schema, shared, where)
        case str():
            _check_text(value, schema, where)
        case int() | float():
            _check_number(value, schema, where)


def _check_object(value: dict[str, Any], schema: dict[str, Any], shared: dict[str, Any], where: str) -> None:
    fields = schema.get("properties", {})
    required = schema.get("required", ())
    if schema.get("additionalProperties", True):
        _check_open(value, where)
    elif not fields.keys() >= value.keys():
        raise PayloadError(Why.EXTRA, f"{where} has a field that the schema does not have")
    for name in required:
        if name not in value:
            raise PayloadError(Why.MISSING, f"{where}.{name} is missing")
    for name, body in fields.items():
        if name in value:
            try:
                _check(value[name], body, shared, f"{where}.{name}")
            except PayloadError as fault:
                if name not in required and (value[name] is None or value[name] in ([], {})):
                    raise PayloadError(Why.EMPTY, f"{where}.{name} is empty: leave it out") from fault
                raise


def _check_list(value: list[Any], schema: dict[str, Any], shared: dict[str, Any], where: str) -> None:
    low, high = schema.get("minItems", 0), schema.get("maxItems", math.inf)
    if not low <= len(value) <= high:
        raise PayloadError(Why.CARDINALITY, f"{where} has {len(value)} items, not {low} to {high}")
    for index, item in enumerate(value):
        _check(item, schema["items"], shared, f"{where}[{index}]")


def _check_text(value: str, schema: dict[str, Any], where: str) -> None:
    if len(value) > schema.get("maxLength", math.inf):
        raise PayloadError(Why.VALUE, f"{where} is longer than {schema['maxLength']} characters")
    if "enum" in schema and value not in schema["enum"]:
        raise PayloadError(Why.VALUE, f"{where} is not one of the values the schema lists")
    if schema.get("format") == "date-time":
        try:
            from_wire(value)
        except ValueError as error:
            raise PayloadError(Why.VALUE, f"{where} is {error}") from error


def _check_number(value: float, schema: dict[str, Any], where: str) -> None:
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    if not low <= value <= high:
        raise PayloadError(Why.VALUE, f"{where} is not within {low} to {high}")


def _check_open(value: Any, where: str) -> None:
    try:
        check_open(value)
    except ValueError as error:
        raise PayloadError(Why.SYNTAX, f"{where}: {error}") from error
