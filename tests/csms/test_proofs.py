"""What a meter signed, verified by the CSMS: records of a real meter, and what people might have done to them."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.proofs import Proof, Verdict, proofs_of
from csms.records import Reading
from csms.server import Csms
from sim.ocmf_signer import OcmfSigner
from tests.csms.charger import charger
from tests.csms.running import EPOCH_S, STARTED, event, stamp, start_16, stop_16
from tests.hal.ocmf_of_a_real_meter import BEGIN, END, PUBLIC_KEY

KEY = base64.b64encode(f"oca:base16:asn1:{PUBLIC_KEY}".encode()).decode()


def value(record: str, key: str = KEY, encoding: str = "OCMF") -> dict[str, str]:
    data = base64.b64encode(record.encode()).decode()
    return {"signedMeterData": data, "signingMethod": "", "encodingMethod": encoding, "publicKey": key}


def of_2x(signed: dict[str, str], context: str) -> dict[str, Any]:
    return {"value": 1.0, "context": context, "signedMeterValue": signed}


def of_16(signed: dict[str, str], context: str) -> dict[str, Any]:
    return {"value": json.dumps(signed), "format": "SignedData", "context": context}


def proofs(*sampled: dict[str, Any]) -> list[Proof]:
    return proofs_of([Reading(EPOCH_S + n, None, json.dumps([one]).encode()) for n, one in enumerate(sampled)])


@pytest.mark.parametrize("form", [of_16, of_2x])
def test_what_a_real_meter_signed_is_verified_with_the_key_that_was_told_once(form):
    begin, end = proofs(form(value(BEGIN), "Transaction.Begin"), form(value(END, key=""), "Transaction.End"))
    assert (begin.verdict, end.verdict) == (Verdict.VERIFIED, Verdict.VERIFIED)
    assert (begin.context, end.context) == ("Transaction.Begin", "Transaction.End")
    assert (begin.readings, end.readings) == (["B 0.00 kWh"], ["E 0.15 kWh"])
    assert (end.page, end.meter, end.user) == ("T4277", "001BZR1521070006", "contract-id: rfid:12345678abcdef")
    assert (end.record, end.public_key) == (END, PUBLIC_KEY)


@pytest.mark.parametrize(
    ("old", "new"), [('"RV":0.15', '"RV":1.15'), ("12345678abcdef", "12345678abcdee"), ('"TX":"E"', '"TX":"e"')]
)
def test_a_record_that_was_changed_is_found_out(old, new):
    (proof,) = proofs(of_2x(value(END.replace(old, new)), ""))
    assert (proof.verdict, proof.remark) == (Verdict.WRONG, "changed after it was signed")


def test_a_key_of_another_meter_does_not_verify():
    other = base64.b64encode(f"oca:base16:asn1:{OcmfSigner('1').public_key.hex()}".encode()).decode()
    (proof,) = proofs(of_2x(value(END, other), ""))
    assert proof.verdict is Verdict.WRONG


@pytest.mark.parametrize(
    ("signed", "remark"),
    [
        (value(END, key=""), "the charger has not told the meter's key"),
        (value(END, encoding="EDL"), "encoded as EDL, which only other software verifies"),
        (value(END, key="!"), "the key is no text in base64"),
        (value(END, key=base64.b64encode(b"oca:base16:x509:00").decode()), "not of the form oca:base16:asn1"),
        (value(END, key=base64.b64encode(b"oca:base16:asn1:3000").decode()), "the key cannot be read"),
        (value(END) | {"signedMeterData": "*"}, "the record is no text in base64"),
        (value("OCMF|{}"), "no OCMF record"),
        (value("OCMF|{|}"), "no OCMF record"),
        (value(END.replace("-SHA256", "-SHA3")), "signed with ECDSA-secp256r1-SHA3"),
        (value(END.replace('"SD":"30', '"SD":"zz')), "the signature cannot be read"),
    ],
)
def test_what_cannot_be_verified_says_why(signed, remark):
    (proof,) = proofs(of_2x(signed, ""))
    assert proof.verdict is Verdict.UNKNOWN
    assert proof.remark is not None
    assert remark in proof.remark


def test_a_record_that_comes_twice_is_told_once():
    both = proofs(of_2x(value(BEGIN), "Transaction.Begin"), of_2x(value(BEGIN, key=""), "Transaction.Begin"))
    assert [one.at_utc_s for one in both] == [EPOCH_S]


def test_readings_without_signatures_have_none():
    assert (
        proofs({"value": "5"}, {"value": 5.0, "context": "Transaction.Begin"}, {"value": "x", "format": "SignedData"})
        == []
    )


TEXTS = st.one_of(st.text(max_size=40), st.sampled_from([KEY, END, BEGIN, "OCMF", value(END)["signedMeterData"]]))


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(list(value(""))), st.one_of(TEXTS, st.none(), st.integers()), max_size=4))
def test_whatever_a_charger_calls_signed_breaks_nothing(signed):
    for form in (of_16, of_2x):
        for proof in proofs(form(signed, "")):
            assert proof.verdict in Verdict


@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1"])
async def test_a_session_shows_its_signed_records(csms: Csms, web: httpx.AsyncClient, version: str):
    begin, end = value(BEGIN), value(END.replace("0.15", "9.15"))
    async with charger(csms, version=version) as cp:
        if version == "ocpp1.6":
            number = (await cp.call("StartTransaction", start_16()))["transactionId"]
            data = [
                {"timestamp": stamp(0), "sampledValue": [of_16(begin, "Transaction.Begin")]},
                {"timestamp": stamp(60), "sampledValue": [of_16(end, "Transaction.End")]},
            ]
            await cp.call("StopTransaction", stop_16(number, transactionData=data))
        else:
            await cp.boot()
            await cp.call("TransactionEvent", STARTED)
            data = [
                {"timestamp": stamp(0), "sampledValue": [of_2x(begin, "Transaction.Begin")]},
                {"timestamp": stamp(60), "sampledValue": [of_2x(end, "Transaction.End")]},
            ]
            await cp.call("TransactionEvent", event("Ended", 1, 60, *data))
    (session,) = (await web.get("/api/sessions")).json()
    told = (await web.get(f"/api/sessions/{session['id']}/proofs")).json()
    assert [(one["context"], one["verdict"]) for one in told] == [
        ("Transaction.Begin", "verified"),
        ("Transaction.End", "wrong"),
    ]
    page = (await web.get(f"/sessions/{session['id']}")).text
    assert page.count('<span class="badge good">verified</span>') == 1
    assert page.count('<span class="badge bad">wrong</span>') == 1
    assert "changed after it was signed" in page


async def test_a_session_without_signed_records_shows_nothing_of_them(csms: Csms, web: httpx.AsyncClient):
    async with charger(csms, version="ocpp2.0.1") as cp:
        await cp.boot()
        await cp.call("TransactionEvent", STARTED)
    (session,) = (await web.get("/api/sessions")).json()
    assert (await web.get(f"/api/sessions/{session['id']}/proofs")).json() == []
    assert "Signed records" not in (await web.get(f"/sessions/{session['id']}")).text
