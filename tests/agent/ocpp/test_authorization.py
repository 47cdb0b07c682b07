"""Who may charge, in a whole station: cards, groups, master passes, the cache and the rules of being offline."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.core.session import Phase
from agent.core.values import IdToken
from agent.ocpp.costs import Content, CostTold, MessageTold, Told
from tests.agent.ocpp.life import ACCEPTED2, ACCEPTED16, CARD, OTHER_CARD, Life, life
from tests.agent.ocpp.scripted_csms import ScriptedCsms

V201 = ("ocpp2.0.1",)
MASTER = "FEDCBA98"


def info(status: str = "Accepted", group: str | None = None, **more: Any) -> dict[str, Any]:
    groups = {} if group is None else {"groupIdToken": {"idToken": group, "type": "Central"}}
    return {"idTokenInfo": {"status": status, **groups, **more}}


def judging(**cards: dict[str, Any]) -> ScriptedCsms:
    """A 2.0.1 CSMS that knows these cards; in the answer to a transaction event, too."""

    def of(token: dict[str, Any] | None) -> dict[str, Any]:
        return {} if token is None else cards.get(token["idToken"], info("Unknown"))

    answers = {"Authorize": lambda one: of(one["idToken"]), "TransactionEvent": lambda one: of(one.get("idToken"))}
    return ScriptedCsms(versions=V201, answers=answers)


def asked(one: Life) -> list[str]:
    return [call.payload["idToken"]["idToken"] for call in one.csms.calls("Authorize")]


# Refusals


@pytest.mark.octt("TC_C_02_CS")
@pytest.mark.octt("TC_C_06_CS")
@pytest.mark.octt("TC_C_07_CS")
@pytest.mark.octt("TC_C_56_CS")
@pytest.mark.parametrize("status", ["Invalid", "Blocked", "Expired", "Unknown", "NoCredit", "NotAtThisTime"])
async def test_a_card_that_the_csms_refuses_starts_nothing(tmp_path: Path, status: str):
    csms = judging(AABBCCDD=info(status))
    async with life(tmp_path, csms) as one:
        await one.tap()
        await one.plug()
        assert asked(one) == [CARD]
        assert one.events() == []
        assert one.session().phase is Phase.CONNECTED


@pytest.mark.req("C01.FR.21")
async def test_a_card_that_is_good_at_another_evse_does_not_charge_here(tmp_path: Path):
    async with life(tmp_path, judging(AABBCCDD=info(evseId=[2])), evses=2) as one:
        await one.plug(1)
        await one.tap(evse=1)
        assert one.events() == []
        await one.plug(2)
        await one.tap(evse=2)
        assert one.session(2).phase is Phase.CHARGING


# Groups


@pytest.mark.req("C09.FR.03")
@pytest.mark.octt("TC_C_39_CS")
async def test_a_card_of_the_same_group_stops_the_transaction(tmp_path: Path):
    csms = judging(AABBCCDD=info(group="G"), **{OTHER_CARD: info(group="G")})
    async with life(tmp_path, csms) as one:
        await one.plug()
        await one.tap()
        await one.tap(OTHER_CARD, wait_s=15)
        (ended,) = one.events(eventType="Ended")
        assert ended["triggerReason"] == "StopAuthorized"
        assert ended["idToken"]["idToken"] == OTHER_CARD
        assert asked(one) == [CARD, OTHER_CARD]


@pytest.mark.req("C09.FR.11")
@pytest.mark.octt("TC_C_42_CS")
@pytest.mark.octt("TC_C_44_CS")
@pytest.mark.octt("TC_C_04_CS")
@pytest.mark.parametrize("other", [info("Blocked", group="G"), info(group="H"), info()])
async def test_a_card_of_another_group_or_a_refused_one_stops_nothing(tmp_path: Path, other: dict[str, Any]):
    async with life(tmp_path, judging(AABBCCDD=info(group="G"), **{OTHER_CARD: other})) as one:
        await one.plug()
        await one.tap()
        await one.tap(OTHER_CARD, wait_s=15)
        assert one.events(eventType="Ended") == []
        assert one.session().phase is Phase.CHARGING


@pytest.mark.req("C09.FR.07")
@pytest.mark.octt("TC_C_41_CS")
async def test_a_cached_card_of_the_same_group_stops_without_a_question(tmp_path: Path):
    csms = judging(AABBCCDD=info(group="G"), **{OTHER_CARD: info(group="G")})
    async with life(tmp_path, csms) as one:
        await one.tap(OTHER_CARD)  # the CSMS has been asked once; the driver goes away again
        await one.tap(OTHER_CARD)
        await asyncio.sleep(90)
        await one.plug()
        await one.tap()
        csms.heard.clear()
        await one.tap(OTHER_CARD, wait_s=15)
        assert asked(one) == []
        assert len(one.events(eventType="Ended")) == 1


@pytest.mark.octt("TC_005_1_CS")
async def test_in_1_6_a_card_with_the_same_parent_stops_the_transaction(tmp_path: Path):
    parent = {"idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"}}
    csms = ScriptedCsms(
        answers={"Authorize": parent, "StartTransaction": {"transactionId": 5} | parent, "StopTransaction": parent}
    )
    async with life(tmp_path, csms) as one:
        await one.plug()
        await one.tap()
        await one.tap(OTHER_CARD, wait_s=15)
        (stopped,) = csms.calls("StopTransaction")
        assert stopped.payload["idTag"] == OTHER_CARD
        assert stopped.payload["transactionId"] == 5


@pytest.mark.req("C09.FR.03")
async def test_at_a_shared_reader_a_card_finds_its_groups_transaction_though_every_evse_is_taken(tmp_path: Path):
    csms = judging(AABBCCDD=info(group="G"), **{OTHER_CARD: info(group="H"), "C0FFEE": info(group="H")})
    async with life(tmp_path, csms, evses=2) as one:
        for evse, card in ((1, CARD), (2, OTHER_CARD)):
            await one.plug(evse)
            await one.tap(card, evse=evse)
        await one.tap("C0FFEE", evse=0, wait_s=15)
        assert one.session(1).phase is Phase.CHARGING
        assert one.session(2).tx is None
        assert asked(one).count("C0FFEE") == 1


# Master pass


@pytest.mark.req("C16.FR.02")
@pytest.mark.octt("TC_C_49_CS")
async def test_a_master_pass_stops_every_transaction_with_one_question(tmp_path: Path):
    csms = judging(AABBCCDD=info(), **{OTHER_CARD: info(), MASTER: info(group="POLICE")})
    async with life(tmp_path, csms, evses=2, settings={"AuthCtrlr.MasterPassGroupId": "POLICE"}) as one:
        for evse, card in ((1, CARD), (2, OTHER_CARD)):
            await one.plug(evse)
            await one.tap(card, evse=evse)
        await one.tap(MASTER, evse=0, wait_s=15)
        ended = one.events(eventType="Ended", reason="MasterPass", triggerReason="StopAuthorized")
        assert [one["idToken"]["idToken"] for one in ended] == [MASTER, MASTER]
        assert asked(one).count(MASTER) == 1


@pytest.mark.req("C16.FR.03")
@pytest.mark.req("C12.FR.09")
@pytest.mark.octt("TC_C_45_CS")
@pytest.mark.octt("TC_C_14_CS")
async def test_a_master_pass_starts_nothing_asked_or_cached(tmp_path: Path):
    settings = {"AuthCtrlr.MasterPassGroupId": "POLICE", "AuthCtrlr.LocalPreAuthorize": True}
    async with life(tmp_path, judging(**{MASTER: info(group="POLICE")}), settings=settings) as one:
        await one.plug()
        await one.tap(MASTER)
        await one.tap(MASTER)
        assert asked(one) == [MASTER]  # the second time it was known
        assert one.events() == []
        assert one.session().phase is Phase.CONNECTED


@pytest.mark.req("C16.FR.04")
async def test_a_cached_master_pass_stops_transactions_offline_too(tmp_path: Path):
    settings = {"AuthCtrlr.MasterPassGroupId": "POLICE"}
    async with life(tmp_path, judging(AABBCCDD=info(), **{MASTER: info(group="POLICE")}), settings=settings) as one:
        await one.tap(MASTER)
        await one.plug()
        await one.tap()
        await one.offline()
        await one.tap(MASTER, wait_s=15)
        assert one.session().tx is None
        await one.online()
        assert len(one.events(eventType="Ended", reason="MasterPass", offline=True)) == 1


# The cache


@pytest.mark.octt("TC_C_08_CS")
@pytest.mark.octt("TC_007_1_CS")
@pytest.mark.octt("TC_C_32_CS")
@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1"])
async def test_a_cached_card_charges_without_a_question_also_after_a_power_cut(tmp_path: Path, version: str):
    answers = {"Authorize": ACCEPTED16 if version == "ocpp1.6" else ACCEPTED2}
    csms = ScriptedCsms(versions=(version,), answers=answers)
    async with life(tmp_path, csms, settings={"LocalPreAuthorize": True}) as one:
        await one.tap()
        await asyncio.sleep(100)  # nobody plugs in; what was learnt goes to disk with the next commit
        await one.reboot()
        csms.heard.clear()
        await one.plug()
        await one.tap()
        assert csms.calls("Authorize") == []
        assert one.session().phase is Phase.CHARGING


@pytest.mark.req("C10.FR.05")
@pytest.mark.octt("TC_C_34_CS")
async def test_the_answer_to_a_transaction_event_renews_the_cache(tmp_path: Path):
    csms = ScriptedCsms(versions=V201, answers={"Authorize": ACCEPTED2, "TransactionEvent": info("Blocked")})
    async with life(tmp_path, csms, settings={"LocalPreAuthorize": True}) as one:
        await one.plug()
        await one.tap(wait_s=20)
        await one.unplug()
        csms.heard.clear()
        await one.tap()
        assert asked(one) == [CARD]  # what is known of it is no longer good enough


@pytest.mark.req("C12.FR.05")
@pytest.mark.octt("TC_C_09_CS")
@pytest.mark.octt("TC_C_12_CS")
@pytest.mark.octt("TC_C_36_CS")
@pytest.mark.parametrize("pre_authorize", [True, False])
async def test_a_card_that_was_refused_is_asked_for_again(tmp_path: Path, pre_authorize: bool):
    csms = judging(AABBCCDD=info("Invalid"))
    async with life(tmp_path, csms, settings={"LocalPreAuthorize": pre_authorize}) as one:
        await one.plug()
        await one.tap()
        csms.answers["Authorize"] = csms.answers["TransactionEvent"] = info()
        await one.tap()
        assert asked(one) == [CARD, CARD]
        assert one.session().phase is Phase.CHARGING


@pytest.mark.req("C03.FR.01")
@pytest.mark.req("C03.FR.02")
async def test_an_identifier_of_the_csmss_own_is_neither_asked_for_nor_cached(tmp_path: Path):
    csms = ScriptedCsms(versions=V201, answers={"TransactionEvent": info()})
    async with life(tmp_path, csms, settings={"AuthorizeRemoteTxRequests": True}) as one:
        await one.plug()
        start = {"remoteStartId": 1, "idToken": {"idToken": "SMS-1", "type": "Central"}, "evseId": 1}
        assert (await csms.call("RequestStartTransaction", start))[2]["status"] == "Accepted"
        await asyncio.sleep(5)
        assert csms.calls("Authorize") == []
        assert one.session().phase is Phase.CHARGING
        assert one.station.agent is not None
        assert one.station.agent.journal.tokens("cache") == {}


# Offline


@pytest.mark.req("C15.FR.08")
@pytest.mark.octt("TC_C_26_CS")
@pytest.mark.octt("TC_038_CS")
@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1"])
async def test_offline_a_stranger_charges_where_strangers_may_and_is_told_of_as_offline(tmp_path: Path, version: str):
    csms = ScriptedCsms(versions=(version,))
    async with life(tmp_path, csms, settings={"AllowOfflineTxForUnknownId": True}) as one:
        await one.offline()
        await one.plug()
        await one.tap()
        assert one.session().phase is Phase.CHARGING
        await one.online()
        if version == "ocpp1.6":
            assert csms.calls("StartTransaction")[0].payload["idTag"] == CARD
        else:
            started = one.events(eventType="Started")[0]
            assert started["offline"] is True
            assert started["idToken"]["idToken"] == CARD
        assert one.station.agent is not None
        stored = one.station.agent.journal.tokens("cache")
        assert set(stored) <= {CARD.casefold()}  # nothing but what the CSMS has said since (C15.FR.01)


@pytest.mark.octt("TC_037_1_CS")
async def test_offline_a_stranger_does_not_charge_where_strangers_may_not(tmp_path: Path):
    async with life(tmp_path, ScriptedCsms()) as one:
        await one.offline()
        await one.plug()
        await one.tap()
        assert one.session().phase is Phase.CONNECTED


# Verdicts that come later (invariant 8; 1.6 4.8, 2.0.1 C15, E05)


@pytest.mark.req("E05.FR.10")
@pytest.mark.req("C15.FR.04")
@pytest.mark.octt("TC_C_16_CS")
@pytest.mark.octt("TC_C_18_CS")
@pytest.mark.parametrize("max_energy", [0, 500])
async def test_a_driver_whom_the_csms_refuses_afterwards_is_stopped(tmp_path: Path, max_energy: int):
    csms = ScriptedCsms(versions=V201, answers={"TransactionEvent": info("Invalid")})
    settings = {"AllowOfflineTxForUnknownId": True, "MaxEnergyOnInvalidId": max_energy}
    async with life(tmp_path, csms, settings=settings) as one:
        await one.offline()
        await one.plug()
        await one.tap(wait_s=20)
        await one.online()
        (ended,) = one.events(eventType="Ended")
        assert ended["triggerReason"] == "Deauthorized"
        assert ended["transactionInfo"]["stoppedReason"] == "DeAuthorized"


@pytest.mark.req("E05.FR.02")
@pytest.mark.octt("TC_C_17_CS")
async def test_where_a_refused_driver_is_not_stopped_his_energy_is(tmp_path: Path):
    csms = ScriptedCsms(versions=V201, answers={"TransactionEvent": info("Invalid")})
    settings = {"AllowOfflineTxForUnknownId": True, "StopTransactionOnInvalidId": False}
    async with life(tmp_path, csms, settings=settings) as one:
        await one.offline()
        await one.plug()
        await one.tap(wait_s=20)
        await one.online()
        assert one.events(eventType="Ended") == []
        assert one.events(state="SuspendedEVSE", triggerReason="ChargingStateChanged")
        assert one.events(triggerReason="Deauthorized") == []
        before_wh = one.true_wh()
        await asyncio.sleep(600)
        assert one.true_wh() == before_wh
        await one.tap(wait_s=15)  # he may still take his cable away
        assert one.events(eventType="Ended")[0]["transactionInfo"]["stoppedReason"] == "Local"


@pytest.mark.req("E05.FR.03")
@pytest.mark.req("C15.FR.07")
@pytest.mark.octt("TC_C_15_CS")
@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1"])
async def test_a_refused_driver_gets_the_energy_that_refused_drivers_may_have(tmp_path: Path, version: str):
    refused16 = {"transactionId": 9, "idTagInfo": {"status": "Invalid"}}
    answers = {"TransactionEvent": info("Invalid"), "StartTransaction": refused16}
    settings = {"AllowOfflineTxForUnknownId": True, "StopTransactionOnInvalidId": False, "MaxEnergyOnInvalidId": 300}
    async with life(tmp_path, ScriptedCsms(versions=(version,), answers=answers), settings=settings) as one:
        await one.offline()
        await one.plug()
        await one.tap(wait_s=20)
        await one.online()
        assert one.session().phase is Phase.CHARGING
        await asyncio.sleep(150)
        assert one.session().tx is not None
        assert one.true_wh() == pytest.approx(300, abs=10)  # a second of 11 kW is 3 Wh
        await one.reboot()
        assert one.true_wh() == pytest.approx(300, abs=10)


@pytest.mark.behaviour(21)
@pytest.mark.parametrize("delay_s", [0.0, 0.3, 1.0, 1.7, 5.0])
@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1"])
async def test_a_refusal_ends_the_energy_whenever_it_comes(tmp_path: Path, version: str, delay_s: float):
    """The network comes back at every moment of a start that began without it."""
    refused16 = {"transactionId": 9, "idTagInfo": {"status": "Blocked"}}
    answers = {"TransactionEvent": info("Blocked"), "StartTransaction": refused16}
    csms = ScriptedCsms(versions=(version,), answers=answers)
    async with life(tmp_path, csms, settings={"AllowOfflineTxForUnknownId": True}) as one:
        await one.offline()
        await one.plug()
        await one.tap(wait_s=delay_s)
        one.station.network(True)
        await asyncio.sleep(30)
        before_wh = one.true_wh()
        await asyncio.sleep(300)
        assert one.true_wh() == before_wh
        assert one.session().tx is None


# What an answer says to the driver


@pytest.mark.req("C01.FR.08")
async def test_costs_and_words_for_the_driver_are_handed_on_with_their_transaction(tmp_path: Path):
    hello = {"format": "UTF8", "language": "en", "content": "Hello"}
    answers = {
        "Authorize": info(personalMessage=hello),
        "TransactionEvent": lambda one: {
            "totalCost": float(one["seqNo"]),
            "updatedPersonalMessage": hello | {"content": one["eventType"]},
        },
    }
    async with life(tmp_path, ScriptedCsms(versions=V201, answers=answers)) as one:
        assert one.station.agent is not None
        heard: list[Told] = []
        one.station.agent.station.costs.on_news(heard.append)
        await one.plug()
        await one.tap(wait_s=10)
        await one.tap(wait_s=15)
        (tx,) = {event["transactionInfo"]["transactionId"] for event in one.events()}
        assert heard[0] == MessageTold(Content("Hello", "UTF8", "en"), None, IdToken(CARD))
        costs = [news for news in heard if isinstance(news, CostTold)]
        assert {news.tx for news in costs} == {tx}
        assert [news.total for news in costs] == [float(n) for n in range(len(costs))]
        assert [news.final for news in costs] == [False] * (len(costs) - 1) + [True]
        words = [news.content.text for news in heard[1:] if isinstance(news, MessageTold)]
        assert (words[0], words[-1]) == ("Started", "Ended")


# Key codes, and where identifiers come from


@pytest.mark.parametrize("kind", ["ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress", "eMAID"])
async def test_the_kind_of_an_identifier_is_told_as_the_reader_says(tmp_path: Path, kind: str):
    async with life(tmp_path, judging(AABBCCDD=info())) as one:
        await one.plug()
        await one.tap(kind=kind)
        assert one.csms.calls("Authorize")[0].payload["idToken"]["type"] == kind
        assert one.events()[0]["idToken"]["type"] == kind
        assert one.station.agent is not None


@pytest.mark.req("C02.FR.01")
@pytest.mark.req("C02.FR.03")
async def test_where_charging_is_free_no_identifier_is_asked_for_and_none_is_told(tmp_path: Path):
    csms = ScriptedCsms(versions=V201, answers={"TransactionEvent": info()})
    async with life(tmp_path, csms, settings={"AuthCtrlr.Enabled": False}) as one:
        await one.plug()
        await asyncio.sleep(3)
        assert one.session().phase is Phase.CHARGING
        assert one.events()[0]["idToken"] == {"idToken": "", "type": "NoAuthorization"}
        assert csms.calls("Authorize") == []


@pytest.mark.req("C04.FR.04")
@pytest.mark.req("C04.FR.06")
async def test_wrong_key_codes_have_to_wait_longer_and_longer_and_stand_in_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async with life(tmp_path, judging(**{"1234": info()})) as one:
        await one.plug()
        for code in ("0000", "1111", "2222"):
            await one.tap(code, kind="KeyCode", wait_s=0.5)
        assert asked(one) == ["0000"]  # the others came within the wait
        await asyncio.sleep(3)
        await one.tap("3333", kind="KeyCode", wait_s=3)
        await one.tap("1234", kind="KeyCode", wait_s=3)  # right, but too early
        assert asked(one) == ["0000", "3333"]
        await one.tap("1234", kind="KeyCode", wait_s=3)
        assert one.session().phase is Phase.CHARGING
        assert "0000" not in caplog.text
        assert "1234" not in caplog.text
        assert one.station.agent is not None
        assert one.station.agent.journal.tokens("cache") == {}
