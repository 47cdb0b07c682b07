"""The one root there is, told without looking into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.pki.folders import only_root
from agent.pki.names import RootUse
from tests.security import minting

BROKEN = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def kept(folder: Path, *texts: str) -> str | None:
    place = folder / "roots" / "csms"
    place.mkdir(parents=True)
    for number, text in enumerate(texts):
        (place / f"{number}.pem").write_text(text)
    return only_root(folder, RootUse.CSMS)


def test_where_there_is_one_root_it_is_told_as_it_is(tmp_path: Path):
    assert kept(tmp_path, minting.pem("csms-root")) == minting.pem("csms-root")


@pytest.mark.parametrize("what", ["none", "two files", "two in a file", "broken", "empty", "no ASCII"])
def test_where_there_is_a_choice_or_something_is_wrong_nothing_is_told(what: str, tmp_path: Path):
    one, other = minting.pem("csms-root"), minting.pem("station-root")
    texts = {
        "none": (),
        "two files": (one, other),
        "two in a file": (one + other,),
        "broken": (BROKEN,),
        "empty": ("",),
        "no ASCII": (f"Wurzel für CSMS\n{one}",),
    }
    assert kept(tmp_path, *texts[what]) is None
