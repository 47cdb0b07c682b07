"""Messages to bytes and back: every type by chance, foreign bytes, and what is refused with which words."""

from __future__ import annotations

import importlib
import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.iso15118 import exi
from agent.iso15118.exi import app_protocol, din, iso2, xmldsig
from agent.iso15118.exi.plain import plain
from tests.agent.iso15118.exi import made

VECTORS = Path(__file__).parents[3] / "vectors" / "v2g"
ROOTS = [root for schema in made.SCHEMAS for root in made.roots(schema)]
MADE = [json.loads(line) for line in (VECTORS / "made.jsonl").read_text().splitlines()]


def voltage(value: int) -> iso2.PhysicalValueType:
    return iso2.PhysicalValueType(Multiplier=0, Unit="V", Value=value)


def session(body: object) -> iso2.V2G_Message:
    header = iso2.MessageHeaderType(SessionID=bytes.fromhex("0102030405060708"))
    return iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=body))  # type: ignore[arg-type]


PRE_CHARGE = session(
    iso2.PreChargeRes(
        ResponseCode="OK",
        DC_EVSEStatus=iso2.DC_EVSEStatusType(
            NotificationMaxDelay=0, EVSENotification="None", EVSEIsolationStatus="Valid", EVSEStatusCode="EVSE_Ready"
        ),
        EVSEPresentVoltage=voltage(398),
    )
)


@pytest.mark.parametrize("name", made.SCHEMAS)
def test_every_message_type_comes_back_as_it_went(name: str):
    schema = importlib.import_module(f"agent.iso15118.exi.{name}")
    for root in made.roots(name):
        message = made.message(root.cls, random.Random(root.cls.__name__).randint)
        document = exi.encode(message)
        assert exi.decode(schema, document) == message, root
        assert exi.encode(exi.decode(schema, document)) == document, root


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(ROOTS), st.integers(0, 2**32))
def test_any_message_comes_back_as_it_went(root: made.Root, seed: int):
    schema = importlib.import_module(f"agent.iso15118.exi.{root.schema}")
    message = made.message(root.cls, random.Random(seed).randint)
    assert exi.decode(schema, exi.encode(message)) == message


XML_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"), max_size=40)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1), st.binary(max_size=64), XML_TEXT)
def test_any_value_comes_back_as_it_went(signed: int, unsigned: int, octets: bytes, text: str):
    meter = iso2.MeterInfoType(MeterID=text[:32], MeterReading=unsigned, SigMeterReading=octets, TMeter=signed)
    receipt = iso2.MeteringReceiptReq(SessionID=octets[:8], SAScheduleTupleID=255, MeterInfo=meter, Id=text)
    message = session(receipt)
    assert exi.decode(iso2, exi.encode(message)) == message


@pytest.mark.parametrize("name", made.SCHEMAS)
def test_messages_made_from_seeds_have_the_bytes_that_a_foreign_codec_gave_them(name: str):
    schema = importlib.import_module(f"agent.iso15118.exi.{name}")
    vectors = [one for one in MADE if one["schema"] == name]
    assert vectors
    for vector in vectors:
        document = bytes.fromhex(vector["exi"])
        message = exi.decode(schema, document)
        assert exi.encode(message) == document
        assert plain(message) == vector["content"]


def test_every_prefix_of_a_document_is_refused_with_the_place_where_it_ends():
    document = exi.encode(PRE_CHARGE)
    for length in range(len(document) - 1):
        with pytest.raises(exi.DecodeError) as caught:
            exi.decode(iso2, document[:length])
        assert caught.value.offset_bits <= 8 * length
        assert caught.value.found in {"the end of the document", "nothing"}
    assert "EVSEPresentVoltage" in str(caught.value)


def test_an_error_names_the_element_the_bit_and_what_could_have_stood_there():
    document = exi.encode(PRE_CHARGE)
    found = {}
    for bit in range(8 * len(document)):
        flipped = int.from_bytes(document, "big") ^ (1 << (8 * len(document) - 1 - bit))
        try:
            exi.decode(iso2, flipped.to_bytes(len(document), "big"))
        except exi.DecodeError as error:
            found[bit] = error
    wrong = next(error for error in found.values() if error.path.endswith("EVSEPresentVoltage/Multiplier"))
    assert wrong.path == "V2G_Message/Body/PreChargeRes/EVSEPresentVoltage/Multiplier"
    assert wrong.expected == "an integer from -3 to 3"
    assert all(error.path for bit, error in found.items() if 16 < bit < 8 * len(document) - 8)
    assert all(error.offset_bits <= 8 * len(document) for error in found.values())


def test_zeros_behind_the_end_are_forgiven_and_anything_else_is_not():
    document = exi.encode(PRE_CHARGE)
    assert exi.decode(iso2, document + bytes(3)) == PRE_CHARGE
    with pytest.raises(exi.DecodeError, match="the end of the document"):
        exi.decode(iso2, document + b"\x01")


@pytest.mark.parametrize("document", [b"", b"\x00", b"\x81", b"$EXI\x80", b"\x80", b"\x80\xff\xff"])
def test_what_does_not_begin_like_a_message_is_refused(document: bytes):
    with pytest.raises(exi.DecodeError):
        exi.decode(iso2, document)


def test_a_text_that_a_sender_points_back_to_is_found():
    # Not what ISO 15118 asks for (valuePartitionCapacity is 0), but what a codec with the defaults of EXI sends: the
    # second namespace is a reference to the first text of the same element.
    first = app_protocol.AppProtocolType(
        ProtocolNamespace="urn:iso:15118:2:2013:MsgDef",
        VersionNumberMajor=2,
        VersionNumberMinor=0,
        SchemaID=1,
        Priority=1,
    )
    request = app_protocol.supportedAppProtocolReq(AppProtocol=(first, first))
    bits = format(int.from_bytes(exi.encode(request), "big"), "b")
    text = format(int.from_bytes(b"\x01" + bytes([29]) + b"urn:iso:15118:2:2013:MsgDef", "big"), "b")[1:]
    begin = bits.rindex(text)
    pointing = bits[:begin] + "00000000" + bits[begin + len(text) :]
    octets = (len(pointing) + 7) // 8
    document = int(pointing.ljust(8 * octets, "0"), 2).to_bytes(octets, "big")
    assert exi.decode(app_protocol, document) == request


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (iso2.SessionSetupReq(EVCCID=bytes(7)), "Body/BodyElement/EVCCID: .* octets"),
        (
            iso2.SessionSetupRes(ResponseCode="OK", EVSEID="SHORT"),
            "EVSEID: 'SHORT' is not a text of 7 to 37 characters",
        ),
        (iso2.SessionStopReq(ChargingSession="Resume"), "ChargingSession: 'Resume' is not one of Terminate, Pause"),  # type: ignore[arg-type]
        (iso2.ServiceDetailReq(ServiceID=65536), "ServiceID: 65536 is not an integer from 0 to 65535"),
        (iso2.SessionStopReq(ChargingSession=None), "ChargingSession: is missing"),  # type: ignore[arg-type]
        (
            iso2.ServiceDetailRes(
                ResponseCode="OK",
                ServiceID=1,
                ServiceParameterList=iso2.ServiceParameterListType(
                    ParameterSet=(
                        iso2.ParameterSetType(
                            ParameterSetID=1, Parameter=(iso2.ParameterType(Name="a", intValue=1, boolValue=True),)
                        ),
                    )
                ),
            ),
            r"ParameterSet/\[0\]/Parameter/\[0\]/intValue: only one of a choice",
        ),
        (
            iso2.ServiceDetailRes(
                ResponseCode="OK",
                ServiceID=1,
                ServiceParameterList=iso2.ServiceParameterListType(
                    ParameterSet=(iso2.ParameterSetType(ParameterSetID=1, Parameter=(iso2.ParameterType(Name="a"),)),)
                ),
            ),
            "boolValue or byteValue or .*: is missing",
        ),
        (
            iso2.ServiceDetailRes(
                ResponseCode="OK",
                ServiceID=1,
                ServiceParameterList=iso2.ServiceParameterListType(ParameterSet=()),
            ),
            "ParameterSet: has 0 entries instead of 1 to 255",
        ),
        (iso2.PaymentOptionListType(PaymentOption=("Contract",)), "BodyElement: .* is not one of the types"),
        (iso2.WeldingDetectionReq(DC_EVStatus=voltage(1)), "DC_EVStatus: .* is no DC_EVStatusType"),  # type: ignore[arg-type]
    ],
)
def test_a_message_that_cannot_be_sent_says_which_field_and_why(body: object, complaint: str):
    with pytest.raises(exi.EncodeError, match=complaint):
        exi.encode(session(body))


def test_a_part_of_a_message_is_no_message():
    with pytest.raises(exi.EncodeError, match="part of a message"):
        exi.encode(iso2.MessageHeaderType(SessionID=b""))


def test_an_empty_text_is_understood_in_both_spellings():
    # What the jar of the `iso15118` package makes of <ProtocolNamespace/>: the element ends at once.
    theirs = bytes.fromhex("8008008000010010")
    protocol = app_protocol.AppProtocolType(
        ProtocolNamespace="", VersionNumberMajor=2, VersionNumberMinor=0, SchemaID=1, Priority=1
    )
    request = app_protocol.supportedAppProtocolReq(AppProtocol=(protocol,))
    assert exi.decode(app_protocol, theirs) == request
    assert exi.decode(app_protocol, exi.encode(request)) == request
    assert exi.decode(iso2, bytes.fromhex("80984474010100")) == iso2.V2G_Message(
        Header=iso2.MessageHeaderType(SessionID=b""),
        Body=iso2.BodyType(BodyElement=iso2.SessionSetupReq(EVCCID=b"\x01")),
    )


def test_an_abstract_element_is_refused():
    # DIN 70121: BodyElement itself, the first of its group.
    document = exi.encode(
        din.V2G_Message(
            Header=din.MessageHeaderType(SessionID=bytes(8)),
            Body=din.BodyType(
                BodyElement=din.CableCheckReq(DC_EVStatus=made.message(din.DC_EVStatusType, lambda low, _: low))
            ),
        )
    )
    message = exi.decode(din, document)
    assert isinstance(message, din.V2G_Message)
    bits = format(int.from_bytes(document, "big"), "b")
    codes = [index for index in range(len(bits) - 6) if bits[index : index + 6] == "000001"]
    refused = []
    for index in codes:
        other = int(bits[:index] + "000000" + bits[index + 6 :], 2).to_bytes(len(document), "big")
        try:
            exi.decode(din, other)
        except exi.DecodeError as error:
            refused.append(str(error))
    assert any("BodyElement, which is abstract" in one for one in refused)


def test_a_signature_in_the_header_is_part_of_the_message():
    signature = made.message(xmldsig.SignatureType, random.Random(5).randint)
    header = iso2.MessageHeaderType(SessionID=bytes(8), Signature=signature)  # type: ignore[arg-type]
    body = iso2.BodyType(BodyElement=iso2.AuthorizationReq(Id="ID1", GenChallenge=bytes(16)))
    message = iso2.V2G_Message(Header=header, Body=body)
    assert exi.decode(iso2, exi.encode(message)) == message
