"""Write tests/vectors/ocpp/malformed/*.jsonl: wrong OCPP-J frames and how a station has to react, one a line.

The frames are made from the JSON schemas of the `ocpp` package and from hand-written frame faults; the reactions from
the tables of OCPP-J (1.6: 4.2.3 and errata 5; 2.0.1 and 2.1 part 4: 4.3), never from a station's behaviour. Run with
--check to see whether the committed files are what this program writes. The format is described in the folder's README.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # run as a program from anywhere

from tools.generate_wire import load_schemas  # noqa: E402 - after the path is known

FOLDER = ROOT / "tests" / "vectors" / "ocpp" / "malformed"
Schema = dict[str, Any]
Frame = str | list[list[Any]]  # as it stands, or as texts with how often each comes

# What the CSMS may ask of a station, by version.
ACTIONS_16 = [
    "CancelReservation",
    "CertificateSigned",
    "ChangeAvailability",
    "ChangeConfiguration",
    "ClearCache",
    "ClearChargingProfile",
    "DataTransfer",
    "DeleteCertificate",
    "ExtendedTriggerMessage",
    "GetCompositeSchedule",
    "GetConfiguration",
    "GetDiagnostics",
    "GetInstalledCertificateIds",
    "GetLocalListVersion",
    "GetLog",
    "InstallCertificate",
    "RemoteStartTransaction",
    "RemoteStopTransaction",
    "ReserveNow",
    "Reset",
    "SendLocalList",
    "SetChargingProfile",
    "SignedUpdateFirmware",
    "TriggerMessage",
    "UnlockConnector",
    "UpdateFirmware",
]
ACTIONS_201 = [
    "CancelReservation",
    "CertificateSigned",
    "ChangeAvailability",
    "ClearCache",
    "ClearChargingProfile",
    "ClearDisplayMessage",
    "ClearVariableMonitoring",
    "CostUpdated",
    "CustomerInformation",
    "DataTransfer",
    "DeleteCertificate",
    "GetBaseReport",
    "GetChargingProfiles",
    "GetCompositeSchedule",
    "GetDisplayMessages",
    "GetInstalledCertificateIds",
    "GetLocalListVersion",
    "GetLog",
    "GetMonitoringReport",
    "GetReport",
    "GetTransactionStatus",
    "GetVariables",
    "InstallCertificate",
    "PublishFirmware",
    "RequestStartTransaction",
    "RequestStopTransaction",
    "ReserveNow",
    "Reset",
    "SendLocalList",
    "SetChargingProfile",
    "SetDisplayMessage",
    "SetMonitoringBase",
    "SetMonitoringLevel",
    "SetNetworkProfile",
    "SetVariableMonitoring",
    "SetVariables",
    "TriggerMessage",
    "UnlockConnector",
    "UnpublishFirmware",
    "UpdateFirmware",
]
ACTIONS_21 = [
    *ACTIONS_201,
    *[
        "AFRRSignal",
        "AdjustPeriodicEventStream",
        "ChangeTransactionTariff",
        "ClearDERControl",
        "ClearTariffs",
        "GetDERControl",
        "GetPeriodicEventStream",
        "GetTariffs",
        "NotifyAllowedEnergyTransfer",
        "RequestBatterySwap",
        "SetDERControl",
        "SetDefaultTariff",
        "UpdateDynamicSchedule",
        "UsePriorityCharging",
    ],
]
VERSIONS = {"ocpp1.6": ("v16", ACTIONS_16), "ocpp2.0.1": ("v201", ACTIONS_201), "ocpp2.1": ("v21", ACTIONS_21)}

CODES_2X = {
    "missing": "OccurrenceConstraintViolation",
    "extra": "FormatViolation",
    "empty": "FormatViolation",
    "type": "TypeConstraintViolation",
    "value": "PropertyConstraintViolation",
    "cardinality": "OccurrenceConstraintViolation",
    "syntax": "FormatViolation",
}
CODES_16 = {
    "missing": "ProtocolError",
    "extra": "FormationViolation",
    "empty": "FormationViolation",
    "type": "TypeConstraintViolation",
    "value": "PropertyConstraintViolation",
    "cardinality": "OccurenceConstraintViolation",
    "syntax": "FormationViolation",
}
SAMPLES = {"string": "x", "integer": 1, "number": 1.0, "boolean": True}
WRONG_TYPES: dict[str, Any] = {"string": 7, "integer": "seven", "number": "seven", "boolean": "yes", "array": "a"}


class Fault(NamedTuple):
    """A payload that breaks its schema in one place."""

    title: str
    payload: Any
    kind: str


def minimal(schema: Schema, root: Schema) -> Any:
    """The smallest legal value, with the first of every choice."""
    schema = _resolved(schema, root)
    match schema:
        case {"enum": [first, *_]}:
            return first
        case {"type": "object"}:
            fields = schema.get("properties", {})
            return {name: minimal(fields[name], root) for name in schema.get("required", ())}
        case {"type": "array"}:
            return [minimal(schema["items"], root) for _ in range(max(1, schema.get("minItems", 1)))]
        case {"format": "date-time"}:
            return "2026-01-01T00:00:00Z"
        case {"type": "string"}:
            return "x"[: schema.get("maxLength", 1)]
        case {"type": str(kind)}:
            return max(schema.get("minimum", SAMPLES[kind]), SAMPLES[kind]) if kind != "boolean" else True
    return {}


def faults(schema: Schema) -> Iterator[Fault]:
    """One fault of every kind in every top-level field, and in the required fields one level below."""
    legal = minimal(schema, schema)
    fields: Schema = schema.get("properties", {})
    yield Fault("with a field that nobody knows", {**legal, "unheardOf": 1}, "extra")
    yield Fault("whose payload is a list", [], "type")
    yield Fault("whose payload is a text", "x", "type")
    for name in schema.get("required", ()):
        yield Fault(f"without {name}", {k: v for k, v in legal.items() if k != name}, "missing")
    for name, body in fields.items():
        if name == "customData":
            continue
        required = name in schema.get("required", ())
        yield from _in_field(name, _resolved(body, schema), required, legal, schema)


def _in_field(name: str, body: Schema, required: bool, legal: Schema, root: Schema) -> Iterator[Fault]:
    kind = body.get("type")
    if kind is None:
        return
    yield Fault(f"whose {name} is of another type", {**legal, name: WRONG_TYPES.get(kind, 7)}, "type")
    null_kind = "type" if required else "empty"
    yield Fault(f"whose {name} is null", {**legal, name: None}, null_kind)
    if "enum" in body:
        yield Fault(f"whose {name} is no value of its list", {**legal, name: "NoSuchValue"}, "value")
    elif kind == "string" and "maxLength" in body:
        long = "x" * (body["maxLength"] + 1)
        yield Fault(f"whose {name} is one character too long", {**legal, name: long}, "value")
    if body.get("format") == "date-time":
        yield Fault(f"whose {name} is no date-time", {**legal, name: "yesterday"}, "value")
    if "minimum" in body:
        yield Fault(f"whose {name} is below its range", {**legal, name: body["minimum"] - 1}, "value")
    if "maximum" in body:
        yield Fault(f"whose {name} is above its range", {**legal, name: body["maximum"] + 1}, "value")
    if kind == "array" and body.get("minItems", 0) > 0 and required:
        yield Fault(f"whose {name} is empty", {**legal, name: []}, "cardinality")
    if kind == "array" and "maxItems" in body:
        many = [minimal(body["items"], root) for _ in range(body["maxItems"] + 1)]
        yield Fault(f"whose {name} has too many items", {**legal, name: many}, "cardinality")
    if kind == "object":
        inner = minimal(body, root)
        yield Fault(f"whose {name} has a field that nobody knows", {**legal, name: {**inner, "unheardOf": 1}}, "extra")
        for field in body.get("required", ()):
            less = {k: v for k, v in inner.items() if k != field}
            kind_of = "missing" if less or required else "empty"  # {} of an optional field: it should be absent
            yield Fault(f"whose {name} lacks {field}", {**legal, name: less}, kind_of)


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    return root["definitions"][reference.rpartition("/")[2]] if reference else schema


def payload_lines(version: str) -> Iterator[Schema]:
    """Calls whose payload breaks the schema of their action."""
    folder, actions = VERSIONS[version]
    codes = CODES_16 if version == "ocpp1.6" else CODES_2X
    schemas = load_schemas(folder)
    for action in actions:
        schema = schemas.get(f"{action}Request") or schemas[action]
        for number, fault in enumerate(faults(schema)):
            message_id = f"{action}-{number}"
            frame = json.dumps([2, message_id, action, fault.payload])
            yield _line(f"{action} {fault.title}", frame, {"error": codes[fault.kind], "id": message_id}, action)


def frame_lines(version: str) -> Iterator[Schema]:
    """Frames that are wrong before their payload matters."""
    old = version == "ocpp1.6"
    broken = {"error": "GenericError" if old else "RpcFrameworkError", "id": "-1"}
    silence: Schema = {"silence": True}
    syntax = (CODES_16 if old else CODES_2X)["syntax"]
    for title, frame in UNREADABLE.items():
        yield _line(title, frame, broken)
    for title, frame in ANSWERS.items():
        yield _line(title, frame, silence)
    yield _line("an action that no version has", '[2,"a1","MakeCoffee",{}]', {"error": "NotImplemented", "id": "a1"})
    yield _line("an action in the wrong case", '[2,"a2","reset",{}]', {"error": "NotImplemented", "id": "a2"})
    reset = "Hard" if old else "Immediate"
    twice = f'[2,"a3","Reset",{{"type":"{reset}","type":"{reset}"}}]'
    yield _line("a key that stands twice", twice, {"error": syntax, "id": "a3"}, "Reset")
    huge, wrong = '[2,"a4","UnlockConnector",{"connectorId":%s}]', {"error": "PropertyConstraintViolation", "id": "a4"}
    if old:  # the requests of 2.x have more than one required field: theirs are among the payloads
        for digits in (30, 5000):
            yield _line(f"an integer of {digits} digits", huge % ("9" * digits), wrong, "UnlockConnector")
    unknown = {"error": "MessageTypeNotSupported", "id": "a5"}
    for kind in (0, 1, 7, 99, -2):
        reaction = unknown if version == "ocpp2.0.1" else silence
        yield _line(f"message type {kind}, which nobody knows", f'[{kind},"a5","Reset",{{}}]', reaction)
    yield _line("a frame over the size that any station takes", [["x", 8 * 1024 * 1024]], {"close": 1009})


UNREADABLE: dict[str, Frame] = {
    "an empty frame": "",
    "a blank frame": " ",
    "no JSON": "hello",
    "JSON that ends too early": '[2,"b1","Reset",{"type":',
    "a trailing comma": '[2,"b2","Reset",{},]',
    "single quotes": "[2,'b3','Reset',{}]",
    "a comment": '[2,"b4","Reset",{}] // please',
    "two arrays in one frame": '[2,"b5","Reset",{}][2,"b6","Reset",{}]',
    "an object instead of an array": '{"2":"b7"}',
    "a text instead of an array": '"Reset"',
    "a number instead of an array": "2",
    "null instead of an array": "null",
    "true instead of an array": "true",
    "an empty array": "[]",
    "an array of one number": "[2]",
    "an array of null": "[null]",
    "a message type as text": '["2","b8","Reset",{}]',
    "a message type that is no integer": '[2.5,"b9","Reset",{}]',
    "a message type that is a list": '[[2],"b10","Reset",{}]',
    "a message id that is a number": '[2,11,"Reset",{}]',
    "a message id that is null": '[2,null,"Reset",{}]',
    "a message id that is a list": '[2,["b12"],"Reset",{}]',
    "a message id that is an object": '[2,{"id":"b13"},"Reset",{}]',
    "a message id of 37 characters": f'[2,"{"i" * 37}","Reset",{{}}]',
    "a message id of 10,000 characters": [['[2,"', 1], ["i", 10_000], ['","Reset",{}]', 1]],
    "brackets 100,000 deep": [["[", 100_000]],
    "objects 100,000 deep": [['{"a":', 100_000]],
    "a payload 50,000 deep": [['[2,"b14","DataTransfer",', 1], ["[", 50_000], ["]", 50_001]],
    "NaN in the frame": '[2,"b15","Reset",NaN]',
    "Infinity in the frame": '[2,"b16","Reset",{"type":Infinity}]',
    "a number with a leading zero": '[02,"b17","Reset",{}]',
    "a hexadecimal number": '[0x2,"b18","Reset",{}]',
    "a control character within a text": '[2,"b19\x01","Reset",{}]',
    "an escape that does not exist": '[2,"b20\\q","Reset",{}]',
    "a byte order mark": '\ufeff[2,"b21","Reset",{}]',
}
ANSWERS: dict[str, Frame] = {
    "a result that nobody waits for": '[3,"nobody",{}]',
    "a result with a payload of the wrong type": '[3,"nobody",7]',
    "a result without a payload": '[3,"nobody"]',
    "an error that nobody waits for": '[4,"nobody","InternalError","",{}]',
    "an error without a description": '[4,"nobody","InternalError"]',
    "an error with an unknown code": '[4,"nobody","NoSuchCode","text",{}]',
    "an error whose code is a number": '[4,"nobody",5,"",{}]',
    "an error with the id -1": '[4,"-1","GenericError","",{}]',
}


def _line(title: str, frame: Frame, expect: Schema, action: str | None = None) -> Schema:
    line: Schema = {"title": title, "frame" if isinstance(frame, str) else "parts": frame, "expect": expect}
    if action is not None:
        line["action"] = action
    return line


def write(*, check: bool) -> int:
    """Write the files, or compare them; returns the exit status."""
    stale = 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for version in VERSIONS:
        for name, lines in (("frames", frame_lines(version)), ("payloads", payload_lines(version))):
            path = FOLDER / f"{version}-{name}.jsonl"
            text = "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines)
            if check and (not path.exists() or path.read_text() != text):
                stale += 1
                print(f"{path.relative_to(ROOT)} is not what tools/malformed_corpus.py writes: run it", file=sys.stderr)
            elif not check:
                path.write_text(text)
                print(f"{path.relative_to(ROOT)}: {text.count(chr(10))} frames")
    return 1 if stale else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    raise SystemExit(write(check=parser.parse_args().check))
