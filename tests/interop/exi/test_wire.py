"""The verdict on a session is the capture's: recorded sessions of a foreign car at a foreign charger."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.v2g.wire import Talk, complaint, figures, heard

VECTORS = Path(__file__).parents[2] / "vectors" / "v2g"
GOOD = {
    "din_dc": ("charged",),
    "iso2_ac_eim": ("charged",),
    "iso2_dc_eim": ("charged",),
    "iso2_ac_pnc": ("charged", "contract"),
    "iso2_dc_pnc_install": ("charged", "contract", "installed"),
    "iso2_ac_receipts": ("charged", "contract", "receipts"),
}


def talk(session: str) -> Talk:
    return heard(VECTORS / f"{session}.pcap", VECTORS / f"{session}.keys")


@pytest.mark.parametrize("session", GOOD)
def test_a_session_that_came_to_its_end_is_found_good(session: str):
    heard_ = talk(session)
    assert complaint(heard_, GOOD[session]) == ""
    seen = figures(heard_)
    assert seen.requests == seen.responses == len(heard_.answers) > 10
    assert 0 < seen.loop_ms[0] <= seen.loop_ms[1] <= seen.most.took_ms


@pytest.mark.parametrize("wanted", ["contract", "installed", "receipts", "renegotiated", "asked to", "resumed"])
def test_a_session_that_was_not_what_it_was_to_be_is_found_out(wanted: str):
    assert complaint(talk("iso2_ac_eim"), ("charged", wanted)) != ""


def test_a_session_that_broke_off_is_found_out():
    whole = talk("din_dc")
    last = next(at for at, one in enumerate(whole.events) if one.what == "SessionStopReq")
    assert complaint(Talk(whole.events[:last]), ("charged",)).startswith("ended after")
    assert "requests" in complaint(Talk(whole.events[: last + 1]), ("charged",))


def test_a_session_inside_tls_without_its_keys_is_not_taken_on_trust(tmp_path: Path):
    assert complaint(heard(VECTORS / "iso2_ac_pnc.pcap", tmp_path / "none"), ("charged",)) != ""
