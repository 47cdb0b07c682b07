from __future__ import annotations

import json
import random
from typing import Any

import jsonschema
import msgspec
import pytest

from agent.ocpp.codec import CallError, Codec, Version
from agent.ocpp.errors import spelled
from tests.agent.ocpp.instances import MESSAGES, SCHEMAS, instance, mutants, places, put

CODECS = {version: Codec(version) for version in Version}
MUTANTS_PER_MESSAGE = 12

EVERY_MESSAGE = pytest.mark.parametrize(("version", "name"), MESSAGES, ids=[f"{v}-{n}" for v, n in MESSAGES])

# The names of OCPP 2.x; a missing field in 1.6 is told apart below.
CODE_OF_KEYWORD = {
    "additionalProperties": "FormatViolation",
    "enum": "PropertyConstraintViolation",
    "format": "PropertyConstraintViolation",
    "maxItems": "OccurrenceConstraintViolation",
    "maxLength": "PropertyConstraintViolation",
    "maximum": "PropertyConstraintViolation",
    "minItems": "OccurrenceConstraintViolation",
    "minimum": "PropertyConstraintViolation",
    "required": "OccurrenceConstraintViolation",
    "type": "TypeConstraintViolation",
}


def decode(version: Version, name: str, value: Any) -> msgspec.Struct:
    codec, raw = CODECS[version], json.dumps(value).encode()
    if name.endswith("Response"):
        return codec.decode_response(name.removesuffix("Response"), raw)
    if name.endswith("Request"):
        return codec.decode_request(name.removesuffix("Request"), raw)
    return codec.decode_send(name, raw)


def refusal(version: Version, name: str, value: Any) -> CallError | None:
    try:
        decode(version, name, value)
    except CallError as error:
        return error
    return None


def oracle(version: Version, name: str) -> Any:
    kind = jsonschema.Draft4Validator if version is Version.V16 else jsonschema.Draft6Validator
    return kind(SCHEMAS[version][name])


def expected_codes(version: Version, name: str, value: Any) -> set[str]:
    """The codes that fit what the independent validator finds, empty when the value is legal."""
    codes = set()
    for error in oracle(version, name).iter_errors(value):
        if error.validator == "multipleOf":  # not enforced: see tools/generate_wire.py
            continue
        if error.validator == "enum" and not isinstance(error.instance, str):  # its type is wrong, which comes first
            continue
        code = CODE_OF_KEYWORD[error.validator]
        if error.validator == "required" and version is Version.V16:
            code = "ProtocolError"
        codes.add(spelled(code, version))
        if error.instance in (None, [], {}):
            codes.add(spelled("FormatViolation", version))
    return codes


@EVERY_MESSAGE
def test_every_property_of_a_legal_message_survives_decoding_and_encoding(version: Version, name: str):
    for seed, fill in enumerate((0, 0.5, 1)):
        value = instance(SCHEMAS[version][name], random.Random(seed), fill)
        assert not list(oracle(version, name).iter_errors(value))
        assert json.loads(CODECS[version].encode(decode(version, name, value))) == value


@EVERY_MESSAGE
def test_a_message_with_one_fault_is_refused_exactly_when_its_schema_refuses_it(version: Version, name: str):
    rng = random.Random(7)
    faulty = list(mutants(instance(SCHEMAS[version][name], rng, 1), SCHEMAS[version][name]))
    for value in rng.sample(faulty, min(MUTANTS_PER_MESSAGE, len(faulty))):
        if value is None:
            continue  # stands for an empty payload (OCPP-J 4.1.5)
        codes = expected_codes(version, name, value)
        error = refusal(version, name, value)
        if error is not None and "RFC 3339" in error.description:  # formats are beyond jsonschema alone
            codes.add("PropertyConstraintViolation")
        assert (error is None) == (not codes), (value, error)
        assert error is None or error.code in codes, (value, error)


@EVERY_MESSAGE
def test_every_member_of_every_enum_is_accepted(version: Version, name: str):
    schema = SCHEMAS[version][name]
    value = instance(schema, random.Random(1), 1)
    for steps, owner in places(value, schema, schema, ()):
        for member in owner.get("enum", ()):
            decode(version, name, put(value, steps, member))


@EVERY_MESSAGE
def test_every_property_of_the_schema_is_a_field_of_the_struct(version: Version, name: str):
    codec = CODECS[version]
    action = name.removesuffix("Request").removesuffix("Response")
    kinds = {"Request": codec.request_type, "Response": codec.response_type}
    kind = next((find for suffix, find in kinds.items() if name.endswith(suffix)), codec.send_type)(action)
    schema = SCHEMAS[version][name]
    assert set(kind.__struct_fields__) == set(schema.get("properties", {}))
    assert {field.name for field in msgspec.structs.fields(kind) if field.required} == set(schema.get("required", ()))


def test_an_integral_float_counts_as_an_integer():
    boot = b'{"currentTime":"2026-01-01T00:00:00Z","interval":300.0,"status":"Accepted"}'
    for version in Version:
        interval = CODECS[version].decode_response("BootNotification", boot).interval
        assert (interval, type(interval)) == (300, int)
