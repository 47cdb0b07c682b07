"""TC_D: the local authorization list."""

from __future__ import annotations

from typing import Any

import pytest

from tests.octt import states
from tests.octt.bench import VALID, VALID_2, Bench
from tests.octt.tool import require

VERSION = 3


def entry(token: str, status: str | None = "Accepted") -> dict[str, Any]:
    """A line of the list; without a status it says that the token goes."""
    info = {} if status is None else {"idTokenInfo": {"status": status}}
    return {"idToken": {"idToken": token, "type": "ISO14443"}} | info


async def sent(bench: Bench, kind: str, version: int, *entries: dict[str, Any]) -> str:
    lines = {"localAuthorizationList": list(entries)} if entries else {}
    answer = await bench.tool.send("SendLocalList", updateType=kind, versionNumber=version, **lines)
    return str(answer["status"])


async def stands(bench: Bench, *, version: int, entries: int) -> None:
    """The version that the station tells, and how many tokens there are."""
    require(await bench.tool.send("GetLocalListVersion"), versionNumber=version)
    assert await bench.value("LocalAuthListCtrlr.Entries") == str(entries)


@pytest.mark.octt("TC_D_01_CS")
async def test_a_full_list_is_taken(bench: Bench):
    assert await sent(bench, "Full", VERSION, entry(VALID)) == "Accepted"
    await stands(bench, version=VERSION, entries=1)


@pytest.mark.parametrize(
    ("entries", "left"),
    [
        pytest.param([entry(VALID_2)], 2, marks=pytest.mark.octt("TC_D_02_CS"), id="adds"),
        pytest.param([entry(VALID, None)], 0, marks=pytest.mark.octt("TC_D_03_CS"), id="removes"),
        pytest.param([], 1, marks=pytest.mark.octt("TC_D_05_CS"), id="changes nothing"),
    ],
)
async def test_a_change_of_the_list_is_taken(bench: Bench, entries: list[dict[str, Any]], left: int):
    await states.listed(bench, version=VERSION)
    assert await sent(bench, "Differential", VERSION + 1, *entries) == "Accepted"
    await stands(bench, version=VERSION + 1, entries=left)


@pytest.mark.octt("TC_D_04_CS")
async def test_a_full_list_of_nothing_empties_the_list(bench: Bench):
    await states.listed(bench, version=VERSION)
    assert await sent(bench, "Full", VERSION) == "Accepted"
    await stands(bench, version=VERSION, entries=0)


@pytest.mark.octt("TC_D_06_CS")
async def test_a_change_that_is_older_than_the_list_does_not_match(bench: Bench):
    await states.listed(bench, version=VERSION)
    assert await sent(bench, "Differential", VERSION - 1, entry(VALID_2)) == "VersionMismatch"
    await stands(bench, version=VERSION, entries=1)


@pytest.mark.octt("TC_D_07_CS")
async def test_the_list_outlives_a_reset(bench: Bench):
    await states.listed(bench, version=VERSION)
    await states.booted(bench)
    await stands(bench, version=VERSION, entries=1)


@pytest.mark.octt("TC_D_08_CS")
async def test_the_version_of_the_list_is_told(bench: Bench):
    await states.listed(bench, version=VERSION)
    require(await bench.tool.send("GetLocalListVersion"), versionNumber=VERSION)


@pytest.mark.octt("TC_D_10_CS")
@pytest.mark.bench(settings={"LocalAuthListCtrlr.Enabled": False})
async def test_a_list_that_is_switched_off_has_no_version(bench: Bench):
    require(await bench.tool.send("GetLocalListVersion"), versionNumber=0)
