"""`evse hal check` on meters that sign: what a sound one shows, and how each way of signing wrongly is found."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import msgspec
import pytest

from hal import conformance, ocmf, proof
from hal.checks_meter import METER_CHECKS
from hal.cli import command
from hal.conformance import Finding, NoHands, Outcome
from hal.host import HalConfig, open_metered
from hal.metered import MeteredBoard
from hal.meters import DCBM
from hal.proof import ProofError
from sim.bench import CUT_S, SimBench
from sim.board import SimBoard
from sim.bsm_slave import BsmSlave
from sim.dcbm_server import DcbmServer
from sim.ocmf_signer import OcmfSigner
from sim.signing_meters import BSM, SigningMeters
from tests.hal.ocmf_of_a_real_meter import BEGIN, END, PUBLIC_KEY

Meter = BsmSlave | DcbmServer


def noon() -> float:
    return 1_800_000_000.0


async def tried(profile: str, spoil: Callable[[Meter], None] = lambda _: None) -> dict[str, Finding]:
    """What comes of the checks on a simulated meter of this model, spoilt like this."""
    board = SimBoard()
    meters = SigningMeters(profile, {1: lambda: board.sample(1)})
    drivers = await meters.start()
    spoil(meters.devices[1])
    try:
        hands = SimBench(board, meters)
        report = await conformance.run(lambda: MeteredBoard(SimBoard(), drivers), hands, METER_CHECKS, utc_s=noon)
    finally:
        await meters.close()
    return {one.check: one for one in report.findings}


def tampers(meter: Meter) -> None:
    meter.signer.tamper = True


def skips_pages(meter: Meter) -> None:
    meter.signer.skip_page = True


def signs_with_another_key(meter: Meter) -> None:
    meter.signer.record = OcmfSigner("another").record  # type: ignore[method-assign]


def names_somebody_else(meter: Meter) -> None:
    sign = meter.signer.record
    meter.signer.record = lambda readings, _, place: sign(readings, "somebody", place)  # type: ignore[method-assign]


def takes_no_time(meter: Meter) -> None:
    meter.signer.set_clock = lambda *_: None  # type: ignore[method-assign]


def counts_backwards(meter: Meter) -> None:
    read = meter.signer.readings
    meter.signer.readings = lambda reason, _, total: read(  # type: ignore[method-assign]
        reason, 0.0 if reason == "B" else -1000.0, total
    )


def forgets_its_pages_with_the_power(meter: Meter) -> None:
    lose = meter.lose_power

    def forget() -> None:
        meter.signer.page = 0
        lose()

    meter.lose_power = forget  # type: ignore[method-assign]


def signs_the_begin_as_an_end(meter: Meter) -> None:
    read = meter.signer.readings
    meter.signer.readings = lambda _, wh, total: read("E", wh, total)  # type: ignore[method-assign]


def has_no_key(meter: Meter) -> None:
    meter.signer.__class__ = type("Keyless", (OcmfSigner,), {"public_key": b"\x30\x03abc"})
    if isinstance(meter, BsmSlave):
        meter._put_text(254, b"\0" * 90)


CHARGES, CUT, KEY = "sign-charges", "sign-power-cut", "sign-key"


@pytest.mark.parametrize("profile", [BSM, DCBM])
@pytest.mark.parametrize(
    ("spoil", "check", "why"),
    [
        (tampers, CHARGES, "is not what was signed with this key"),
        (skips_pages, CHARGES, "does not follow"),
        (signs_with_another_key, CHARGES, "is not what was signed with this key"),
        (names_somebody_else, CHARGES, "signed for the user 'somebody'"),
        (takes_no_time, CHARGES, "errors 't'"),
        (counts_backwards, CHARGES, "-1 at the end"),
        (signs_the_begin_as_an_end, CHARGES, "a begin and an end are expected"),
        (forgets_its_pages_with_the_power, CUT, "does not follow"),
        (has_no_key, KEY, "no key can be read"),
    ],
)
async def test_a_meter_that_signs_wrongly_fails(profile: str, spoil: Callable[[Meter], None], check: str, why: str):
    found = (await tried(profile, spoil))[check]
    assert found.outcome is Outcome.FAILED, found
    assert why in found.detail


@pytest.mark.parametrize(("profile", "pages"), [(BSM, "T1 to T5"), (DCBM, "T1 to T2")])
async def test_a_sound_meter_passes_and_the_report_tells_its_key_and_pages(profile: str, pages: str):
    found = await tried(profile)
    assert {one.outcome for one in found.values()} == {Outcome.PASSED}
    assert pages in found[CHARGES].detail
    assert found[KEY].detail in found[CHARGES].detail


async def test_a_signature_that_is_right_for_any_value_proves_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hal.proof.verify", lambda *_: None)
    found = (await tried(DCBM))[CHARGES]
    assert found.outcome is Outcome.FAILED
    assert "its signature is right for another value, too" in found.detail


async def test_a_meter_that_needs_a_while_after_a_power_cut_is_asked_again():
    def comes_back_slowly(meter: Meter) -> None:
        assert isinstance(meter, BsmSlave)
        lose = meter.lose_power

        def lost() -> None:
            lose()
            meter.refuses = True
            asyncio.get_running_loop().call_later(CUT_S + 4.5, setattr, meter, "refuses", False)

        meter.lose_power = lost  # type: ignore[method-assign]

    found = (await tried(BSM, comes_back_slowly))[CUT]
    assert found.outcome is Outcome.PASSED, found
    assert found.measured_s is not None
    assert 4.5 <= found.measured_s <= 6.0


async def test_without_hands_a_meters_power_is_not_cut_and_everything_else_is_tried():
    board = SimBoard()
    meters = SigningMeters(BSM, {1: lambda: board.sample(1)})
    drivers = await meters.start()
    report = await conformance.run(lambda: MeteredBoard(SimBoard(), drivers), NoHands(), METER_CHECKS, utc_s=noon)
    await meters.close()
    assert [one.outcome for one in report.findings] == [Outcome.PASSED, Outcome.PASSED, Outcome.OPEN]


async def test_the_meters_of_a_configuration_are_tried_with_its_board():
    meters = SigningMeters(BSM, {1: lambda: SimBoard().sample(1)})
    await meters.start()
    hal = {
        "board": "sim",
        "bus": [{"name": "line", "url": meters._buses[0].url}],
        "meter": [{"evse": 1, "profile": BSM, "bus": "line", "unit_id": 1}],
    }
    config = msgspec.convert(hal, HalConfig)
    report = await conformance.run(lambda: open_metered(config), NoHands(), METER_CHECKS, utc_s=noon)
    await meters.close()
    assert [one.outcome for one in report.findings] == [Outcome.PASSED, Outcome.PASSED, Outcome.OPEN]


def test_the_command_reports_each_check_of_the_meter_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("hal.cli.CHECKS", METER_CHECKS)
    assert command(["check", "sim", "--json"]) == 0
    lines = {one["check"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert lines[CHARGES]["outcome"] == "passed"
    assert "pages T1 to T5" in lines[CHARGES]["detail"]


# The verifier, on what a real meter signed


@pytest.mark.parametrize("text", [BEGIN, END])
def test_what_a_real_meter_signed_is_verified_and_nothing_else_is(text: str):
    record = ocmf.parse(text)
    proof.verify(record, PUBLIC_KEY)
    for was, now in (('"RV":0', '"RV":9'), (f"T{record.page}", f"T{record.page + 1}")):
        assert was in text
        with pytest.raises(ProofError, match="is not what was signed"):
            proof.verify(ocmf.parse(text.replace(was, now)), PUBLIC_KEY)


@pytest.mark.parametrize(
    ("changes", "key", "why"),
    [
        ({}, "zz", "no key can be read"),
        ({}, "302a300506032b6570032100" + "11" * 32, "not one for an elliptic curve"),
        ({'"SA":"ECDSA-secp256r1-SHA256"': '"SA":"ECDSA-secp256r1-SHA512"'}, PUBLIC_KEY, "SHA-256 is what is verified"),
        ({'"SD":"': '"SE":"base64","SD":"!'}, PUBLIC_KEY, "the signature is no base64"),
    ],
)
def test_what_cannot_be_verified_says_why(changes: dict[str, str], key: str, why: str):
    text = BEGIN
    for was, now in changes.items():
        text = text.replace(was, now)
    with pytest.raises(ProofError, match=why):
        proof.verify(ocmf.parse(text), key)
