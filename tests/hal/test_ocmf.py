from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal import ocmf
from hal.ocmf import OcmfError
from tests.hal.ocmf_of_a_real_meter import BEGIN, END, PUBLIC_KEY
from tests.hal.signatures import verified

# The example of OCMF 1.4 (figure 1), shortened to what is read of it.
STANDARD = """OCMF|{
    "FV": "1.4", "PG": "T12345", "MS": "BQ27400330016", "IS": true, "IT": "ISO14443", "ID": "1F2D3A4F5506C7",
    "RD": [
        {"TM": "2018-07-24T13:22:04,000+0200 S", "TX": "B", "RV": 2935.600, "RI": "01-0B:01.08.00*FF", "RU": "kWh",
         "RT": "DC", "EF": "", "ST": "G"},
        {"TM": "2018-07-24T13:26:04,000+0200 S", "TX": "E", "RV": 2965.100, "CL": 0.5}
    ]
}|{"SD": "1234567890ABCDEF"}"""


def test_what_a_real_meter_signed_is_read_and_its_bytes_are_those_that_were_signed() -> None:
    begin, end = ocmf.parse(BEGIN), ocmf.parse(END)
    assert verified(BEGIN, PUBLIC_KEY)
    assert verified(END, PUBLIC_KEY)
    assert f"OCMF|{begin.signed}|{BEGIN.rsplit('|', 1)[1]}" == BEGIN
    assert (begin.context, begin.page, begin.meter_serial) == ("T", 4276, "001BZR1521070006")
    assert (begin.identified, begin.identification) == (True, "contract-id: rfid:12345678abcdef")
    assert [(reading.reason, reading.value, reading.unit) for reading in end.readings] == [("E", "0.15", "kWh")]
    assert end.readings[0].time == "2022-07-08T10:05:52,000+0200 S"
    assert ocmf.faults(begin, end) == []


def test_numbers_are_kept_as_they_are_written() -> None:
    assert [reading.value for reading in ocmf.parse(STANDARD).readings] == ["2935.600", "2965.100"]
    assert ocmf.parse(BEGIN).readings[0].value == "0.00"


def test_a_reading_inherits_what_it_leaves_out() -> None:
    last = ocmf.parse(STANDARD).readings[-1]
    assert (last.reason, last.unit, last.obis, last.status) == ("E", "kWh", "01-0B:01.08.00*FF", "G")


def test_what_the_signature_does_not_name_has_the_standards_default() -> None:
    record = ocmf.parse(STANDARD)
    assert (record.algorithm, record.signature_encoding, record.signature) == (
        "ECDSA-secp256r1-SHA256",
        "hex",
        "1234567890ABCDEF",
    )


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (('"PG":"T4277"', '"PG":"T4278"'), "page T4278 does not follow T4276"),
        (('"PG":"T4277"', '"PG":"F4277"'), "page F4277 does not follow T4276"),
        (('"MS":"001BZR1521070006"', '"MS":"X"'), "of two meters: 001BZR1521070006 and X"),
        (("rfid:12345678abcdef", "rfid:00"), "of two users"),
        (('"TX":"E"', '"TX":"C"'), "the last is 'C', not an end"),
        (('"EF":""', '"EF":"E"'), "errors 'E'"),
        (('"ST":"G"', '"ST":"T"'), "status 'T'"),
    ],
)
def test_records_that_cannot_be_begin_and_end_of_one_transaction_are_told_apart(
    change: tuple[str, str], fault: str
) -> None:
    changed = END.replace(*change)
    assert changed != END
    (found,) = ocmf.faults(ocmf.parse(BEGIN), ocmf.parse(changed))
    assert fault in found
    assert not verified(changed, PUBLIC_KEY)


def test_an_end_is_no_beginning() -> None:
    assert any("not a begin" in fault for fault in ocmf.faults(ocmf.parse(END), ocmf.parse(END)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected OCMF"),
        ("OCMF|{}", "expected OCMF"),
        ("OCMF|{}|{}|{}", "expected OCMF"),
        ("OCMF|[]|{}", "payload: expected an object"),
        ("OCMF|{|{}", "payload: no JSON"),
        ("OCMF|{}|{}", "payload: PG is missing"),
        (BEGIN.replace('"T4276"', '"4276"'), "PG is '4276'"),
        (BEGIN.replace('"IS":true,', ""), "IS is missing"),
        (BEGIN.replace('"MS":"001BZR1521070006",', "").replace('"GS":"001BZR1521070006",', ""), "neither MS nor GS"),
        (BEGIN.replace('"RD"', '"RX"'), "RD is missing"),
        (BEGIN.replace('"TM"', '"TN"'), "TM is missing"),
        (BEGIN.replace('"SD"', '"SX"'), "signature: SD is missing"),
    ],
)
def test_what_is_no_record_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(OcmfError, match=message):
        ocmf.parse(text)


@given(st.one_of(st.text(max_size=60), st.text(max_size=40).map(lambda tail: "OCMF|" + tail), st.just(BEGIN[:-1])))
def test_no_text_upsets_the_parser(text: str) -> None:
    with contextlib.suppress(OcmfError):
        ocmf.parse(text)
