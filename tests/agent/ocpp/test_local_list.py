"""The local authorisation list, in every version: sent, asked for, obeyed, kept over a power cut."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.core.session import Phase
from agent.ocpp.codec import Version
from agent.ocpp.settings.authorization import LOCAL_AUTH_LIST_ENTRIES, MAX_LIST_ITEMS
from tests.agent.ocpp.life import CARD, OTHER_CARD, Life, life
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import MemoryStore, Stand, stand

PAST, FUTURE = "2025-12-31T00:00:00Z", "2030-01-01T00:00:00Z"
VERSIONS = [Version.V16, Version.V201, Version.V21]
GOOD = "Accepted"


def line(version: Version, token: str, status: str | None, **more: Any) -> dict[str, Any]:
    """One entry; `expires` and `group` are named as each version does."""
    if version is Version.V16:
        names = {"expires": "expiryDate", "group": "parentIdTag"}
        found = {names[key]: value for key, value in more.items()}
        return {"idTag": token} | ({} if status is None else {"idTagInfo": {"status": status, **found}})
    found = {}
    if "expires" in more:
        found["cacheExpiryDateTime"] = more["expires"]
    if "group" in more:
        found["groupIdToken"] = {"idToken": more["group"], "type": "Central"}
    info = {} if status is None else {"idTokenInfo": {"status": status, **found}}
    return {"idToken": {"idToken": token, "type": "ISO14443"}} | info


async def send(one: Stand | Life, number: int, kind: str, *lines: dict[str, Any], call_id: str = "l") -> str:
    csms = one.csms
    name = "listVersion" if csms.versions == ("ocpp1.6",) else "versionNumber"
    entries = {"localAuthorizationList": list(lines)} if lines else {}
    reply = await csms.call("SendLocalList", {name: number, "updateType": kind, **entries}, f"{call_id}{number}")
    return str(reply[2]["status"]) if reply[0] == 3 else str(reply[2])


async def version_of(one: Stand | Life) -> int:
    reply = await one.csms.call("GetLocalListVersion", {}, "v")
    return int(reply[2]["listVersion" if "listVersion" in reply[2] else "versionNumber"])


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> Version:
    return Version(request.param)


def speaking(version: Version) -> ScriptedCsms:
    return ScriptedCsms(versions=(version,))


@pytest.mark.octt("TC_D_01_CS")
@pytest.mark.octt("TC_D_02_CS")
@pytest.mark.octt("TC_D_03_CS")
@pytest.mark.octt("TC_D_05_CS")
@pytest.mark.octt("TC_D_08_CS")
@pytest.mark.octt("TC_042_2_CS")
@pytest.mark.octt("TC_043_CS")
@pytest.mark.req("D02.FR.01")
@pytest.mark.req("D02.FR.02")
async def test_a_list_is_replaced_changed_and_counted(version: Version):
    async with stand(speaking(version), versions=[version]) as one:
        await one.accepted()
        assert await version_of(one) == 0
        assert await send(one, 3, "Full", line(version, "A", GOOD), line(version, "B", GOOD)) == GOOD
        assert await version_of(one) == 3
        assert one.settings.get(LOCAL_AUTH_LIST_ENTRIES) == 2
        changes = line(version, "A", None), line(version, "B", "Blocked"), line(version, "C", GOOD)
        assert await send(one, 4, "Differential", *changes) == GOOD
        assert {key: entry.info.status for key, entry in one.store.lists["local"].items()} == {
            "b": "Blocked",
            "c": "Accepted",
        }
        assert await send(one, 5, "Differential") == GOOD
        assert await version_of(one) == 5


@pytest.mark.octt("TC_D_04_CS")
async def test_a_list_that_was_emptied_has_its_new_version_but_1_6_calls_an_empty_one_0(version: Version):
    async with stand(speaking(version), versions=[version]) as one:
        await one.accepted()
        await send(one, 3, "Full", line(version, "A", GOOD))
        assert await send(one, 4, "Full") == GOOD
        assert one.store.lists["local"] == {}
        assert await version_of(one) == (0 if version is Version.V16 else 4)


@pytest.mark.octt("TC_D_06_CS")
@pytest.mark.octt("TC_043_2_CS")
async def test_a_change_that_is_not_newer_is_a_version_mismatch(version: Version):
    async with stand(speaking(version), versions=[version]) as one:
        await one.accepted()
        await send(one, 3, "Full", line(version, "A", GOOD))
        assert await send(one, 3, "Differential", line(version, "B", GOOD), call_id="again") == "VersionMismatch"
        assert set(one.store.lists["local"]) == {"a"}


@pytest.mark.octt("TC_D_10_CS")
@pytest.mark.octt("TC_042_1_CS")
@pytest.mark.octt("TC_043_1_CS")
@pytest.mark.req("D02.FR.03")
async def test_a_list_that_is_switched_off_is_neither_taken_nor_told(version: Version):
    store = MemoryStore()
    off = {"LocalAuthListEnabled": "false"}
    async with stand(speaking(version), versions=[version], store=store, start_values=off) as one:
        await one.accepted()
        said = await send(one, 3, "Full", line(version, "A", GOOD))
        assert said == ("NotSupported" if version is Version.V16 else "Failed")
        assert await version_of(one) == (-1 if version is Version.V16 else 0)
        assert store.lists["local"] == {}


@pytest.mark.octt("TC_043_3_CS")
async def test_an_update_with_a_token_twice_fails_and_changes_nothing(version: Version):
    async with stand(speaking(version), versions=[version]) as one:
        await one.accepted()
        await send(one, 3, "Full", line(version, "A", GOOD))
        assert await send(one, 4, "Full", line(version, "B", GOOD), line(version, "b", GOOD)) == "Failed"
        assert await version_of(one) == 3
        assert set(one.store.lists["local"]) == {"a"}


@pytest.mark.req("D01.FR.11")
async def test_more_tokens_than_one_message_may_hold_are_refused_by_the_code_for_it(version: Version):
    async with stand(speaking(version), versions=[version]) as one:
        await one.accepted()
        lines = [line(version, f"T{n}", GOOD) for n in range(MAX_LIST_ITEMS + 1)]
        code = await send(one, 3, "Full", *lines)
        assert code == ("OccurenceConstraintViolation" if version is Version.V16 else "OccurrenceConstraintViolation")
        assert await send(one, 4, "Full", *lines[:-1]) == GOOD


@pytest.mark.octt("TC_008_1_CS")
@pytest.mark.octt("TC_C_27_CS")
@pytest.mark.octt("TC_D_07_CS")
@pytest.mark.req("D01.FR.10")
async def test_a_listed_card_charges_without_a_question_also_after_a_power_cut(tmp_path: Path, version: Version):
    async with life(tmp_path, speaking(version), settings={"LocalPreAuthorize": True}) as one:
        assert await send(one, 7, "Full", line(version, CARD, GOOD)) == GOOD
        await one.reboot()
        assert await version_of(one) == 7
        await one.plug()
        await one.tap()
        assert one.csms.calls("Authorize") == []
        assert one.session().phase is Phase.CHARGING


@pytest.mark.octt("TC_C_28_CS")
@pytest.mark.octt("TC_C_29_CS")
@pytest.mark.octt("TC_C_30_CS")
@pytest.mark.octt("TC_C_31_CS")
@pytest.mark.req("C14.FR.03")
@pytest.mark.req("C14.FR.05")
@pytest.mark.parametrize("listed", [("Blocked", FUTURE), ("Invalid", FUTURE), (GOOD, PAST)])
async def test_online_a_listed_card_that_is_not_good_is_asked_for(tmp_path: Path, listed: tuple[str, str]):
    csms = ScriptedCsms(versions=(Version.V201,), answers={"Authorize": {"idTokenInfo": {"status": GOOD}}})
    async with life(tmp_path, csms, settings={"LocalPreAuthorize": True}) as one:
        await send(one, 7, "Full", line(Version.V201, CARD, listed[0], expires=listed[1]))
        await one.plug()
        await one.tap()
        assert len(csms.calls("Authorize")) == 1
        assert one.session().phase is Phase.CHARGING


@pytest.mark.octt("TC_C_21_CS")
@pytest.mark.octt("TC_C_22_CS")
@pytest.mark.octt("TC_C_23_CS")
@pytest.mark.octt("TC_C_24_CS")
@pytest.mark.octt("TC_C_25_CS")
@pytest.mark.req("C13.FR.01")
@pytest.mark.parametrize(
    ("status", "expires", "charges"),
    [(GOOD, FUTURE, True), (GOOD, PAST, False), ("Blocked", FUTURE, False), ("Invalid", FUTURE, False)],
)
@pytest.mark.parametrize("version", [Version.V16, Version.V201])
async def test_offline_the_list_decides_also_against_the_cache(
    tmp_path: Path, version: Version, status: str, expires: str, charges: bool
):
    accepted = {"idTagInfo": {"status": GOOD}} if version is Version.V16 else {"idTokenInfo": {"status": GOOD}}
    csms = ScriptedCsms(versions=(version,), answers={"Authorize": accepted})
    async with life(tmp_path, csms, settings={"AllowOfflineTxForUnknownId": True}) as one:
        await one.tap(wait_s=70)  # nobody plugs in; the cache knows the card now
        await send(one, 7, "Full", line(version, CARD, status, expires=expires))
        await one.offline()
        await one.plug()
        await one.tap()
        assert (one.session().phase is Phase.CHARGING) is charges


@pytest.mark.req("C09.FR.07")
@pytest.mark.octt("TC_C_40_CS")
@pytest.mark.octt("TC_C_43_CS")
@pytest.mark.parametrize(("status", "stops"), [(GOOD, True), ("Blocked", False)])
async def test_a_listed_card_of_the_same_group_stops_a_transaction_without_a_question(
    tmp_path: Path, status: str, stops: bool
):
    v201 = Version.V201
    csms = ScriptedCsms(versions=(v201,), answers={"Authorize": {"idTokenInfo": {"status": "Blocked"}}})
    async with life(tmp_path, csms, settings={"LocalPreAuthorize": True}) as one:
        mine, other = line(v201, CARD, GOOD, group="G"), line(v201, OTHER_CARD, status, group="G")
        await send(one, 1, "Full", mine, other)
        await one.plug()
        await one.tap()
        await one.tap(OTHER_CARD, wait_s=15)
        assert (one.session().tx is None) is stops
        assert len(csms.calls("Authorize")) == (0 if stops else 1)


async def test_a_list_that_cannot_be_stored_is_not_confirmed(tmp_path: Path):
    async with life(tmp_path, ScriptedCsms()) as one:
        await send(one, 1, "Full", line(Version.V16, CARD, GOOD))
        one.station.disk_full(True)
        assert await send(one, 2, "Full", line(Version.V16, OTHER_CARD, GOOD)) == "Failed"
        assert await version_of(one) == 1
        one.station.disk_full(False)
        await asyncio.sleep(20)
        assert await send(one, 3, "Full", line(Version.V16, OTHER_CARD, GOOD)) == GOOD
