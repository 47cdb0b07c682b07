"""What a meter signed on its way into messages: byte for byte, in each version's form, and never in the bill's way."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.core.values import Reading, ReadingContext
from agent.ocpp.dialect import Dialect
from agent.ocpp.outbox import StoredFact
from agent.ocpp.signatures import public_key
from agent.ocpp.v16.dialect import DialectV16
from agent.ocpp.v21.dialect import DialectV21
from agent.ocpp.v201.dialect import DialectV201
from hal.types import SignedReading
from tests.agent.ocpp.said import request, response
from tests.agent.ocpp.stand import ended, reading, started

# The key of the paper's example, 5.3, and the field that becomes of it.
KEY = (
    "3056301006072a8648ce3d020106052b8104000a03420004460a02ba2766d9c44f023ecc0e4e58644a87add1aadd6317e5fe4dccdb29b163"
    "a01d8a6297c84bc530f86431e92f8d46ab37830247c05cbd92fac252929e7f61"
)
RECORD = SignedReading('OCMF|{"PG":"T1"}|{"SD":"00"}', public_key=KEY)
VERSION2 = pytest.mark.parametrize("make", [DialectV201, DialectV21])
VERSIONS = pytest.mark.parametrize("make", [DialectV16, DialectV201, DialectV21])


def told(make: Callable[[], Dialect], signed: SignedReading | None, last: Reading | None = None) -> Any:
    """The message of an end whose last reading is signed."""
    dialect = make()
    if make is DialectV16:
        answer = response(dialect, "StartTransaction", transactionId=7, idTagInfo={"status": "Accepted"})
        dialect.settled(StoredFact(1, 1, started()), answer)
    last = last or reading(8000.6, ReadingContext.END)
    _, message = request(dialect, ended(reading=replace(last, signed=signed)))
    return message


def signed_in(message: Any) -> list[dict[str, str]]:
    """The SignedMeterValueTypes of a message of either version."""
    if "transactionData" in message:
        values = [one for data in message["transactionData"] for one in data["sampledValue"]]
        return [json.loads(one["value"]) for one in values if one.get("format") == "SignedData"]
    values = [one for data in message["meterValue"] for one in data["sampledValue"]]
    return [one["signedMeterValue"] for one in values if "signedMeterValue" in one]


def test_a_key_is_carried_as_the_paper_shows():
    carried = base64.b64decode(public_key(KEY)).decode()
    assert carried == f"oca:base16:asn1:{KEY}"
    assert public_key("") == ""


@VERSIONS
@settings(deadline=None, max_examples=30)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=450))
def test_every_byte_that_a_meter_signed_arrives(make, text):
    (carried,) = signed_in(told(make, SignedReading(text, "EDL", "ECDSA-secp256k1-SHA256", KEY)))
    assert base64.b64decode(carried["signedMeterData"]).decode() == text
    assert (carried["encodingMethod"], carried["signingMethod"]) == ("EDL", "ECDSA-secp256k1-SHA256")
    assert carried["publicKey"] == public_key(KEY)


@VERSIONS
def test_where_the_key_is_not_told_its_field_is_empty_as_is_that_of_a_method_in_the_data(make):
    (carried,) = signed_in(told(make, replace(RECORD, public_key="")))
    assert (carried["publicKey"], carried["signingMethod"], carried["encodingMethod"]) == ("", "", "OCMF")


@VERSIONS
def test_a_reading_without_a_signature_says_nothing_of_one(make):
    assert signed_in(told(make, None)) == []


@VERSION2
def test_the_signature_stands_with_the_register_and_with_nothing_else(make):
    (values,) = [one["sampledValue"] for one in told(make, RECORD)["meterValue"]]
    signed = [one["measurand"] for one in values if "signedMeterValue" in one]
    assert signed == ["Energy.Active.Import.Register"]
    assert len(values) > 1


def test_16_tells_the_register_as_a_number_too():
    (data,) = told(DialectV16, RECORD)["transactionData"]
    registers = [one for one in data["sampledValue"] if one["measurand"] == "Energy.Active.Import.Register"]
    assert [(one.get("format", "Raw"), one["context"], one["unit"]) for one in registers] == [
        ("Raw", "Transaction.End", "Wh"),
        ("SignedData", "Transaction.End", "Wh"),
    ]


@pytest.mark.behaviour(17)
def test_a_record_longer_than_the_version_has_room_for_is_left_out_and_the_bill_is_told():
    long = replace(RECORD, data="x" * 1876)  # 2504 characters of base64; 2.0.1 has 2500
    message = told(DialectV201, long)
    assert signed_in(message) == []
    assert message["eventType"] == "Ended"
    assert len(signed_in(told(DialectV201, replace(RECORD, data="x" * 1875)))) == 1
    assert len(signed_in(told(DialectV21, long))) == 1
    assert len(signed_in(told(DialectV16, long))) == 1
