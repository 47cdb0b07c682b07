from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import msgspec
import ocpp.messages
import ocpp.v16.call
import ocpp.v201.call
import ocpp.v201.datatypes
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocpp.charge_point import remove_nones, serialize_as_dict, snake_to_camel_case

from agent.ocpp.codec import CallError, Codec, Version
from agent.ocpp.errors import ErrorCode, spelled, understood
from agent.ocpp.v16 import wire as wire16
from agent.ocpp.v21 import wire as wire21
from agent.ocpp.v201 import wire as wire201

CODECS = {version: Codec(version) for version in Version}

# What is wrong: action, payload, the code to answer with.
FAULTS_16 = {
    "missing field": ("Reset", "{}", "ProtocolError"),
    "missing field within": (
        "SendLocalList",
        '{"listVersion":1,"updateType":"Full","localAuthorizationList":[{}]}',
        "ProtocolError",
    ),
    "extra field": ("ClearCache", '{"a":1}', "FormationViolation"),
    "null for absent": ("RemoteStartTransaction", '{"idTag":"a","connectorId":null}', "FormationViolation"),
    "[] for absent": ("RemoteStartTransaction", '{"idTag":"a","connectorId":[]}', "FormationViolation"),
    "{} for absent": ("RemoteStartTransaction", '{"idTag":"a","chargingProfile":{}}', "FormationViolation"),
    "null for a field that must be there": ("Reset", '{"type":null}', "TypeConstraintViolation"),
    "text for a number": ("UnlockConnector", '{"connectorId":"1"}', "TypeConstraintViolation"),
    "fraction for an integer": ("UnlockConnector", '{"connectorId":1.5}', "TypeConstraintViolation"),
    "true for a number": ("UnlockConnector", '{"connectorId":true}', "TypeConstraintViolation"),
    "number for text": ("RemoteStartTransaction", '{"idTag":5}', "TypeConstraintViolation"),
    "payload is a list": ("ClearCache", "[]", "TypeConstraintViolation"),
    "payload is text": ("ClearCache", '"a"', "TypeConstraintViolation"),
    "not in the enum": ("Reset", '{"type":"Immediate"}', "PropertyConstraintViolation"),
    "text too long": ("RemoteStartTransaction", '{"idTag":"123456789012345678901"}', "PropertyConstraintViolation"),
    "not a date-time": ("UpdateFirmware", '{"location":"a","retrieveDate":"now"}', "PropertyConstraintViolation"),
    "too few items": ("MeterValues", '{"connectorId":1,"meterValue":[]}', "OccurenceConstraintViolation"),
    "same key twice": ("Reset", '{"type":"Hard","type":"Hard"}', "FormationViolation"),
    "NaN": ("UnlockConnector", '{"connectorId":NaN}', "FormationViolation"),
    "5000 digits": ("UnlockConnector", f'{{"connectorId":{"9" * 5000}}}', "PropertyConstraintViolation"),
    "65 bits": ("UnlockConnector", f'{{"connectorId":{2**64}}}', "PropertyConstraintViolation"),
    "half a surrogate pair": ("RemoteStartTransaction", '{"idTag":"\\ud800"}', "FormationViolation"),
    "broken JSON": ("Reset", '{"type":', "FormationViolation"),
    "100,000 levels": ("Reset", "[" * 100_000, "FormationViolation"),
}
FAULTS_2X = {
    "missing field": ("Reset", "{}", "OccurrenceConstraintViolation"),
    "missing field within": ("UnlockConnector", '{"evseId":1}', "OccurrenceConstraintViolation"),
    "extra field": ("ClearCache", '{"a":1}', "FormatViolation"),
    "extra field within": (
        "ChangeAvailability",
        '{"operationalStatus":"Operative","evse":{"id":1,"x":1}}',
        "FormatViolation",
    ),
    "null for absent": ("Reset", '{"type":"OnIdle","evseId":null}', "FormatViolation"),
    "[] for absent": ("GetReport", '{"requestId":1,"componentVariable":[]}', "FormatViolation"),
    "{} for absent": ("TriggerMessage", '{"requestedMessage":"Heartbeat","evse":{}}', "FormatViolation"),
    "null for a field that must be there": ("Reset", '{"type":null}', "TypeConstraintViolation"),
    "text for a number": ("Reset", '{"type":"OnIdle","evseId":"1"}', "TypeConstraintViolation"),
    "fraction for an integer": ("Reset", '{"type":"OnIdle","evseId":1.5}', "TypeConstraintViolation"),
    "true for a number": ("Reset", '{"type":"OnIdle","evseId":true}', "TypeConstraintViolation"),
    "payload is a list": ("ClearCache", "[]", "TypeConstraintViolation"),
    "not in the enum": ("Reset", '{"type":"Hard"}', "PropertyConstraintViolation"),
    "enum in another case": ("Reset", '{"type":"immediate"}', "PropertyConstraintViolation"),
    "text too long": ("RequestStopTransaction", f'{{"transactionId":"{"a" * 37}"}}', "PropertyConstraintViolation"),
    "out of range": (
        "NotifyEVChargingNeeds",
        json.dumps(
            {
                "evseId": 1,
                "chargingNeeds": {
                    "requestedEnergyTransfer": "DC",
                    "dcChargingParameters": {"evMaxCurrent": 1, "evMaxVoltage": 1, "stateOfCharge": 101},
                },
            }
        ),
        "PropertyConstraintViolation",
    ),
    "a day that does not exist": (
        "GetLog",
        '{"logType":"SecurityLog","requestId":1,"log":{"remoteLocation":"a","oldestTimestamp":"2026-02-30T00:00:00Z"}}',
        "PropertyConstraintViolation",
    ),
    "too few items": ("GetVariables", '{"getVariableData":[]}', "OccurrenceConstraintViolation"),
    "too many items": (
        "GetReport",
        '{"requestId":1,"componentCriteria":["Active","Active","Active","Active","Active"]}',
        "OccurrenceConstraintViolation",
    ),
    "same key twice": ("Reset", '{"type":"OnIdle","type":"OnIdle"}', "FormatViolation"),
    "same key twice, once escaped": ("Reset", '{"type":"OnIdle","\\u0074ype":"OnIdle"}', "FormatViolation"),
    "same key twice in open data": ("DataTransfer", '{"vendorId":"a","data":{"a":1,"a":"\\u002c"}}', "FormatViolation"),
    "Infinity": ("Reset", '{"type":"OnIdle","evseId":-Infinity}', "FormatViolation"),
    "number beyond floats": ("CostUpdated", '{"totalCost":1e400,"transactionId":"a"}', "PropertyConstraintViolation"),
    "65 bits": ("Reset", f'{{"type":"OnIdle","evseId":{2**64}}}', "PropertyConstraintViolation"),
    "65 bits in open data": ("DataTransfer", f'{{"vendorId":"a","data":{2**64}}}', "PropertyConstraintViolation"),
    "33 levels in open data": ("DataTransfer", f'{{"vendorId":"a","data":{"[" * 33}{"]" * 33}}}', "FormatViolation"),
    "10,001 keys in open data": (
        "DataTransfer",
        json.dumps({"vendorId": "a", "data": dict.fromkeys(map(str, range(10_001)))}),
        "FormatViolation",
    ),
    "10,001 items in open data": (
        "DataTransfer",
        json.dumps({"vendorId": "a", "data": [1] * 10_001}),
        "FormatViolation",
    ),
    "customData without vendorId": ("Reset", '{"type":"OnIdle","customData":{"a":1}}', "OccurrenceConstraintViolation"),
    "customData is text": ("Reset", '{"type":"OnIdle","customData":"a"}', "TypeConstraintViolation"),
    "customData is empty": ("Reset", '{"type":"OnIdle","customData":{}}', "FormatViolation"),
    "vendorId too long": (
        "Reset",
        json.dumps({"type": "OnIdle", "customData": {"vendorId": "a" * 256}}),
        "PropertyConstraintViolation",
    ),
    "customData too deep": (
        "Reset",
        f'{{"type":"OnIdle","customData":{{"vendorId":"a","b":{"[" * 40}{"]" * 40}}}}}',
        "FormatViolation",
    ),
    "half a surrogate pair": ("RequestStopTransaction", '{"transactionId":"\\ud800"}', "FormatViolation"),
    "half a pair behind a number": (
        "UnlockConnector",
        '{"evseId":1.0,"connectorId":1,"customData":{"vendorId":"\\ud800"}}',
        "FormatViolation",
    ),
    "broken JSON": ("Reset", '{"type":', "FormatViolation"),
    "100,000 levels": ("Reset", "[" * 100_000, "FormatViolation"),
}
ROWS = [
    pytest.param(version, *row, id=f"{version}: {what}")
    for version in Version
    for what, row in (FAULTS_16 if version is Version.V16 else FAULTS_2X).items()
]


@pytest.mark.parametrize(("version", "action", "payload", "code"), ROWS)
def test_each_kind_of_fault_has_the_error_code_of_its_version(version: Version, action: str, payload: str, code: str):
    with pytest.raises(CallError) as refused:
        CODECS[version].decode_request(action, payload.encode())
    assert refused.value.code == code
    assert 0 < len(refused.value.description) <= 255


def test_a_refusal_says_where_the_fault_is():
    payload = b'{"getVariableData":[{"component":{"name":"a"},"variable":{"name":5}}]}'
    with pytest.raises(CallError, match=r"payload\.getVariableData\[0\]\.variable\.name is not of type string"):
        CODECS[Version.V201].decode_request("GetVariables", payload)


@given(st.text(min_size=3))
def test_a_refusal_never_repeats_what_the_peer_sent(secret: str):
    secret = f"<{secret}>"
    for payload in ({secret: 1}, {"type": secret}, {"type": "OnIdle", "customData": {secret: 1}}, {"type": [secret]}):
        with pytest.raises(CallError) as refused:
            CODECS[Version.V201].decode_request("Reset", msgspec.json.encode(payload))
        assert secret not in refused.value.description


@given(st.sampled_from(Version), st.sampled_from(["Reset", "DataTransfer", "MeterValues"]), st.binary())
def test_bytes_that_are_no_message_raise_nothing_but_a_call_error(version: Version, action: str, payload: bytes):
    with pytest.raises(CallError):
        CODECS[version].decode_request(action, payload)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_open_data_survives_as_it_was(data: dict[str, Any]):
    for codec in (CODECS[Version.V201], CODECS[Version.V21]):
        payload = {"vendorId": "v", "data": data, "customData": {"vendorId": "v", "also": data}}
        message = codec.decode_request("DataTransfer", json.dumps(payload).encode())
        assert json.loads(codec.encode(message)) == payload


@given(st.text(max_size=20))
def test_text_with_commas_quotes_and_escapes_is_not_mistaken_for_a_key_that_stands_twice(text: str):
    for ascii_only in (True, False):
        payload = json.dumps({"idTag": text}, ensure_ascii=ascii_only).encode()
        assert CODECS[Version.V16].decode_request("RemoteStartTransaction", payload).idTag == text


@given(st.text(min_size=1, max_size=20), JSON, JSON, st.booleans())
def test_a_key_that_stands_twice_is_always_found(key: str, first: Any, second: Any, ascii_only: bool):
    twice = f"{json.dumps(key)}:{json.dumps(first)} , {json.dumps(key, ensure_ascii=ascii_only)}\t:{json.dumps(second)}"
    for payload in (f'{{"vendorId":"a","data":{{{twice}}}}}', f'{{"vendorId":"a","data":[1,{{{twice}}},[]]}}'):
        with pytest.raises(CallError):
            CODECS[Version.V201].decode_request("DataTransfer", payload.encode())


def test_no_payload_may_be_written_as_null():
    for codec in CODECS.values():
        assert codec.decode_request("Heartbeat", b"null") == codec.request_type("Heartbeat")()


def test_an_absent_field_stays_absent_and_is_unset():
    message = wire16.BootNotificationRequest(chargePointModel="m", chargePointVendor="v")
    assert CODECS[Version.V16].encode(message) == b'{"chargePointVendor":"v","chargePointModel":"m"}'
    decoded = CODECS[Version.V16].decode_request("BootNotification", CODECS[Version.V16].encode(message))
    assert decoded == message
    assert decoded.iccid is msgspec.UNSET


def test_actions_and_classes_name_each_other():
    codec = CODECS[Version.V21]
    assert codec.action_of(wire21.HeartbeatRequest()) == codec.action_of(wire21.HeartbeatResponse) == "Heartbeat"
    assert codec.action_of(codec.send_type("NotifyPeriodicEventStream")) == "NotifyPeriodicEventStream"
    with pytest.raises(KeyError):
        codec.action_of(wire16.HeartbeatRequest())
    with pytest.raises(KeyError):
        CODECS[Version.V16].request_type("TransactionEvent")


@pytest.mark.parametrize("code", list(ErrorCode))
def test_an_error_code_is_written_as_its_version_knows_it(code: ErrorCode):
    codes_16 = {
        "NotImplemented",
        "NotSupported",
        "InternalError",
        "ProtocolError",
        "SecurityError",
        "FormationViolation",
        "PropertyConstraintViolation",
        "OccurenceConstraintViolation",
        "TypeConstraintViolation",
        "GenericError",
    }
    assert spelled(code, Version.V16) in codes_16
    assert spelled(code, Version.V201) == spelled(code, Version.V21) == code
    assert spelled(spelled(code, Version.V16), Version.V16) == spelled(code, Version.V16)


def test_both_spellings_of_an_error_code_are_understood():
    for code in ("OccurenceConstraintViolation", "OccurrenceConstraintViolation"):
        assert understood(code) == "OccurrenceConstraintViolation"
        assert spelled(code, Version.V16) == "OccurenceConstraintViolation"


# Foreign bytes: made by the `ocpp` package from its own types, and ours judged by it.


def foreign(message: Any) -> bytes:
    payload = snake_to_camel_case(remove_nones(serialize_as_dict(message)))
    call = ocpp.messages.Call(unique_id="1", action=type(message).__name__, payload=payload)
    return msgspec.json.encode(json.loads(call.to_json())[3])


def test_messages_made_by_the_ocpp_package_are_understood():
    boot = ocpp.v16.call.BootNotification(charge_point_model="m", charge_point_vendor="v", iccid="8931")
    assert CODECS[Version.V16].decode_request("BootNotification", foreign(boot)) == wire16.BootNotificationRequest(
        chargePointModel="m", chargePointVendor="v", iccid="8931"
    )
    event = ocpp.v201.call.TransactionEvent(
        event_type="Updated",
        timestamp="2026-01-01T00:00:00Z",
        trigger_reason="MeterValuePeriodic",
        seq_no=3,
        transaction_info=ocpp.v201.datatypes.TransactionType(transaction_id="t", charging_state="Charging"),
        meter_value=[
            ocpp.v201.datatypes.MeterValueType(
                timestamp="2026-01-01T00:00:00Z",
                sampled_value=[ocpp.v201.datatypes.SampledValueType(value=1.5, measurand="Power.Active.Import")],
            )
        ],
    )
    assert CODECS[Version.V201].decode_request("TransactionEvent", foreign(event)) == wire201.TransactionEventRequest(
        eventType="Updated",
        timestamp="2026-01-01T00:00:00Z",
        triggerReason="MeterValuePeriodic",
        seqNo=3,
        transactionInfo=wire201.TransactionType(transactionId="t", chargingState="Charging"),
        meterValue=[
            wire201.MeterValueType(
                timestamp="2026-01-01T00:00:00Z",
                sampledValue=[wire201.SampledValueType(value=1.5, measurand="Power.Active.Import")],
            )
        ],
    )


def test_our_messages_are_legal_to_the_ocpp_package():
    start = wire16.StartTransactionRequest(connectorId=1, idTag="a", meterStart=0, timestamp="2026-01-01T00:00:00Z")
    status = wire201.StatusNotificationRequest(
        timestamp="2026-01-01T00:00:00Z", connectorStatus="Available", evseId=1, connectorId=1
    )
    for version, name, message in ((Version.V16, "1.6", start), (Version.V201, "2.0.1", status)):
        codec = CODECS[version]
        call = ocpp.messages.Call("1", codec.action_of(message), json.loads(codec.encode(message)))
        ocpp.messages._validate_payload(call, name)


def test_decoding_and_refusing_import_neither_the_ocpp_package_nor_jsonschema():
    script = (
        "import sys; from agent.ocpp.codec import *; codec = Codec(Version.V201)\n"
        "try: codec.decode_request('Reset', b'{}')\n"
        "except CallError: pass\n"
        "print(sorted({'ocpp', 'jsonschema', 'agent.ocpp.v16', 'agent.ocpp.v21'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
