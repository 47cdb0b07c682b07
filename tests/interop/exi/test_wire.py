"""The verdict on a session is the capture's: recorded sessions of a foreign car at a foreign charger."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.v2g import matrix
from tools.v2g.sessions import SESSIONS
from tools.v2g.wire import SEEN, Talk, complaint, figures, heard

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


def test_a_run_with_our_codec_in_the_foreign_ones_place_is_labelled_so():
    assert "protocol only" in matrix.heading(their_codec=False)
    assert "protocol only" not in matrix.heading(their_codec=True)


def test_what_is_to_be_seen_of_each_session_can_be_seen():
    assert {wanted for one in SESSIONS.values() for wanted in one.seen} == SEEN.keys()


def test_the_page_tells_of_each_session_what_came_of_it_or_why_there_was_none():
    good = matrix.Row("a", figures(talk("iso2_ac_eim")), "")
    failed, impossible = matrix.Row("b", None, "no end"), matrix.Row("c", None, "it cannot", cannot=True)
    assert [one.good for one in (good, failed, impossible)] == [True, False, True]
    told = matrix.page("today", {"there": (good, failed, impossible)}, 60.0).splitlines()
    assert [one.split("|")[2].strip() for one in told[-3:]] == ["as it is to be", "no end", "not run: it cannot"]
