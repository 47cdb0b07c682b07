"""Display messages: which are taken, kept and told, and what each display shows when."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.session import Driver, Session
from agent.core.values import ConnectorStatus, IdToken
from agent.ocpp.codec import Version
from agent.ocpp.costs import Content
from agent.ocpp.reports import REPORT_BYTES
from agent.ocpp.screen import Message, Page, Priority, State, lines, next_change_s, page, state_of
from agent.ocpp.stamps import to_wire
from tests.agent.ocpp.scripted_csms import BOOT_ACCEPTED, ScriptedCsms
from tests.agent.ocpp.stand import EPOCH_S, FakeCharger, MemoryStore, Stand, open_tx, settled, stand

V201 = {"versions": [Version.V201]}
CHARGING = Session(evse=1, tx=open_tx(), status=ConnectorStatus.CHARGING)


def csms() -> ScriptedCsms:
    return ScriptedCsms(versions=("ocpp2.0.1",))


async def ask(one: Stand, action: str, **fields: Any) -> Any:
    reply = await one.csms.call(action, fields)
    return reply[2] if reply[0] == 3 else reply[2:3]


def info(number: int, text: str = "Hello", priority: str = "NormalCycle", **more: Any) -> dict[str, Any]:
    content = {"format": more.pop("format", "UTF8"), "content": text}
    if "language" in more:
        content["language"] = more.pop("language")
    return {"id": number, "priority": priority, "message": content, **more}


async def show(one: Stand, *args: Any, **more: Any) -> str:
    answer = await ask(one, "SetDisplayMessage", message=info(*args, **more))
    await settled()
    status: str = answer["status"]
    return status


async def told(one: Stand, **criteria: Any) -> list[dict[str, Any]]:
    one.csms.heard.clear()
    assert await ask(one, "GetDisplayMessages", requestId=5, **criteria) == {"status": "Accepted"}
    await settled()
    parts = [call.payload for call in one.csms.calls("NotifyDisplayMessages")]
    assert [part["tbc"] for part in parts] == [True] * (len(parts) - 1) + [False]  # O03.FR.04
    assert {part["requestId"] for part in parts} == {5}  # O03.FR.05
    return [each for part in parts for each in part["messageInfo"]]


@pytest.mark.req("O01.FR.12")
@pytest.mark.req("O01.FR.13")
@pytest.mark.req("O01.FR.14")
@pytest.mark.req("O01.FR.15")
@pytest.mark.req("O01.FR.16")
@pytest.mark.octt("TC_O_01_CS")
@pytest.mark.octt("TC_O_04_CS")
@pytest.mark.octt("TC_O_22_CS")
@pytest.mark.octt("TC_O_24_CS")
async def test_priorities_decide_what_is_beside_before_and_instead_of_the_stations_own_words():
    async with stand(csms(), **V201) as one:
        await one.accepted()
        assert await show(one, 1, "Coffee\ninside") == "Accepted"
        assert one.charger.page() == Page(others=(("Coffee", "inside"),))
        assert one.charger.page(2) == one.charger.page(), "a message for no display in particular is on all"
        await show(one, 2, "First", "InFront")
        await show(one, 3, "Second", "InFront")
        assert one.charger.page() == Page(others=(("First",), ("Second",)), own=False)
        await show(one, 4, "Closing", "AlwaysFront")
        await show(one, 5, "Closed", "AlwaysFront")
        assert one.charger.page() == Page(others=(("Closed",),), own=False)
        assert [each["id"] for each in await told(one)] == [1, 2, 3, 5]
        assert await ask(one, "ClearDisplayMessage", id=5) == {"status": "Accepted"}
        await settled()
        assert one.charger.page().others == (("First",), ("Second",))


@pytest.mark.req("O01.FR.06")
@pytest.mark.req("O01.FR.07")
@pytest.mark.octt("TC_O_13_CS")
@pytest.mark.octt("TC_O_14_CS")
async def test_a_message_comes_and_goes_at_its_time():
    async with stand(csms(), **V201) as one:
        await one.accepted()
        at = {"startDateTime": to_wire(EPOCH_S + 600), "endDateTime": to_wire(EPOCH_S + 900)}
        assert await show(one, 1, **at) == "Accepted"
        assert one.charger.page() == Page()
        await settled(600)
        assert one.charger.page().others == (("Hello",),)
        await settled(300)
        assert one.charger.page() == Page()
        assert await ask(one, "GetDisplayMessages", requestId=1) == {"status": "Unknown"}


@pytest.mark.req("O02.FR.01")
@pytest.mark.req("O02.FR.02")
@pytest.mark.octt("TC_O_05_CS")
@pytest.mark.octt("TC_O_06_CS")
@pytest.mark.octt("TC_O_10_CS")
async def test_a_message_of_a_transaction_is_shown_where_it_runs_and_ends_with_it():
    async with stand(csms(), **V201, charger=FakeCharger({1: CHARGING, 2: Session(evse=2)})) as one:
        await one.accepted()
        assert await show(one, 1, transactionId="unheard of") == "UnknownTransaction"
        assert await show(one, 1, transactionId="tx-1") == "Accepted"
        assert (one.charger.page(1).others, one.charger.page(2)) == ((("Hello",),), Page())
        one.charger.steps(Session(evse=1))
        await settled()
        assert one.charger.page(1) == Page()
        assert await ask(one, "ClearDisplayMessage", id=1) == {"status": "Unknown"}


@pytest.mark.req("O01.FR.02")
@pytest.mark.octt("TC_O_36_CS")
@pytest.mark.octt("TC_O_37_CS")
@pytest.mark.octt("TC_O_38_CS")
@pytest.mark.octt("TC_O_39_CS")
@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("Charging", ConnectorStatus.CHARGING),
        ("Faulted", ConnectorStatus.FAULTED),
        ("Unavailable", ConnectorStatus.UNAVAILABLE),
        ("Idle", ConnectorStatus.AVAILABLE),
    ],
)
async def test_a_message_is_only_shown_while_the_station_is_in_its_state(state: str, status: ConnectorStatus):
    async with stand(csms(), **V201) as one:
        await one.accepted()
        assert await show(one, 1, state=state) == "Accepted"
        other = ConnectorStatus.FAULTED if status is not ConnectorStatus.FAULTED else ConnectorStatus.AVAILABLE
        for now, shown in ((status, True), (other, False)):
            one.charger.steps(Session(evse=1, status=now))
            await settled()
            assert bool(one.charger.page().others) is shown


@pytest.mark.req("O01.FR.03")
@pytest.mark.req("O01.FR.11")
@pytest.mark.octt("TC_O_19_CS")
async def test_what_cannot_be_shown_is_refused_with_the_reason():
    async with stand(csms(), **V201, charger=FakeCharger(with_display=frozenset({1}))) as one:
        await one.accepted()
        assert await show(one, 1, "<b>Hello</b>", format="HTML") == "NotSupportedMessageFormat"
        assert await show(one, 1, "grün", format="ASCII") == "NotSupportedMessageFormat"
        assert await show(one, 1, display={"name": "Display", "evse": {"id": 7}}) == "Rejected"
        for number in range(50):
            await show(one, number)
        assert await show(one, 50) == "Rejected"
        assert await show(one, 49, "another") == "Accepted", "one that is replaced takes no room (O06.FR.01)"
    async with stand(csms(), **V201, charger=FakeCharger(with_display=frozenset())) as one:
        await one.accepted()
        assert await show(one, 1) == "Rejected"
        available = {"component": {"name": "DisplayMessageCtrlr"}, "variable": {"name": "Available"}}
        answer = await ask(one, "GetVariables", getVariableData=[available])
        assert answer["getVariableResult"][0]["attributeValue"] == "false"


@pytest.mark.req("O03.FR.03")
@pytest.mark.req("O03.FR.06")
@pytest.mark.req("O04.FR.01")
@pytest.mark.req("O04.FR.02")
@pytest.mark.octt("TC_O_02_CS")
@pytest.mark.octt("TC_O_03_CS")
@pytest.mark.octt("TC_O_07_CS")
@pytest.mark.octt("TC_O_08_CS")
@pytest.mark.octt("TC_O_09_CS")
@pytest.mark.octt("TC_O_11_CS")
@pytest.mark.octt("TC_O_33_CS")
@pytest.mark.octt("TC_O_34_CS")
@pytest.mark.octt("TC_O_35_CS")
async def test_messages_are_told_by_id_priority_and_state_in_as_many_messages_as_it_takes():
    async with stand(csms(), **V201) as one:
        await one.accepted()
        assert await ask(one, "GetDisplayMessages", requestId=1) == {"status": "Unknown"}
        for number in range(45):
            await show(one, number, "x" * 500)
        await show(one, 45, priority="InFront", state="Charging", language="en-GB")
        everything = await told(one)
        assert [each["id"] for each in everything] == list(range(46))
        assert len(one.csms.calls("NotifyDisplayMessages")) > 1
        for call in one.csms.calls("NotifyDisplayMessages"):
            assert sum(len(str(each)) for each in call.payload["messageInfo"]) < 2 * REPORT_BYTES
        (fronted,) = await told(one, priority="InFront")
        assert fronted == info(45, priority="InFront", state="Charging", language="en-GB")
        assert [each["id"] for each in await told(one, state="Charging")] == [45]
        assert [each["id"] for each in await told(one, id=[3, 4, 99])] == [3, 4]
        for nobody in ({"id": [99]}, {"id": [3], "state": "Charging"}, {"id": [3], "priority": "InFront"}):
            assert await ask(one, "GetDisplayMessages", requestId=1, **nobody) == {"status": "Unknown"}
        count = {"component": {"name": "DisplayMessageCtrlr"}, "variable": {"name": "DisplayMessages"}}
        answer = await ask(one, "GetVariables", getVariableData=[count])
        assert answer["getVariableResult"][0]["attributeValue"] == "46"


@pytest.mark.req("B02.FR.02")
async def test_before_the_station_is_accepted_messages_are_taken_and_shown_but_not_told():
    own = csms()
    own.answers["BootNotification"] = BOOT_ACCEPTED | {"status": "Pending"}
    async with stand(own, **V201) as one:
        await own.heard_of("BootNotification")
        await settled()
        assert await show(one, 1) == "Accepted"
        assert one.charger.page().others == (("Hello",),)
        assert await ask(one, "GetDisplayMessages", requestId=1) == {"status": "Unknown"}
        await settled()
        assert set(own.actions) == {"BootNotification"}


@pytest.mark.req("O01.FR.10")
@pytest.mark.req("O06.FR.01")
@pytest.mark.octt("TC_O_12_CS")
@pytest.mark.octt("TC_O_20_CS")
async def test_messages_outlive_a_restart_and_a_new_one_of_the_same_id_replaces_the_old():
    store = MemoryStore()
    async with stand(csms(), **V201, store=store) as one:
        await one.accepted()
        await show(one, 1, "old")
        await show(one, 1, "new")
    async with stand(csms(), **V201, store=store) as one:
        await settled()
        assert one.charger.page().others == (("new",),), "also before the CSMS is reached"


async def test_in_two_one_a_message_brings_its_translations():
    own = ScriptedCsms(versions=("ocpp2.1",))
    async with stand(own, versions=[Version.V21]) as one:
        await one.accepted()
        extra = [{"format": "UTF8", "language": "en-US", "content": "Good day"}]
        assert await show(one, 1, "Guten Tag", language="de", messageExtra=extra, state="Suspended") == "Accepted"
        one.charger.steps(Session(evse=1, status=ConnectorStatus.SUSPENDED_EV))
        await settled()
        assert one.charger.page().others == (("Good day",),)
        assert (await told(one))[0]["messageExtra"] == extra
        assert await show(one, 2, state="Discharging") == "NotSupportedState"
        assert await ask(one, "GetDisplayMessages", requestId=1, state="Discharging") == {"status": "Unknown"}


# The screen by itself

SESSIONS = [Session(evse=1, status=status) for status in ConnectorStatus] + [CHARGING]
MESSAGES = st.builds(
    Message,
    id=st.integers(0, 9),
    priority=st.sampled_from(Priority),
    content=st.builds(Content, st.sampled_from(["a", "b", "c\nd"])),
    state=st.none() | st.sampled_from(State),
    start_utc_s=st.none() | st.integers(0, 20).map(float),
    end_utc_s=st.none() | st.integers(0, 20).map(float),
    tx=st.none() | st.sampled_from(["tx-1", "tx-2"]),
    evse=st.none() | st.integers(1, 2),
)


@given(st.lists(MESSAGES, max_size=8), st.sampled_from(SESSIONS), st.integers(0, 20).map(float))
def test_a_page_shows_the_highest_priority_alone_and_nothing_that_is_not_meant(
    messages: list[Message], session: Session, now_utc_s: float
):
    shown = page(messages, session, now_utc_s, ("2 EUR",), "en")
    meant = [
        one
        for one in messages
        if (one.start_utc_s is None or one.start_utc_s <= now_utc_s)
        and (one.end_utc_s is None or now_utc_s < one.end_utc_s)
        and one.state in {None, state_of(session)}
        and one.evse in {None, 1}
        and (one.tx is None or (session.tx is not None and session.tx.id == one.tx))
    ]
    highest = min((list(Priority).index(one.priority) for one in meant), default=2)
    assert shown.others == tuple(lines(one, ("en",)) for one in meant if one.priority is list(Priority)[highest])
    assert shown.own is (highest == 2)
    assert shown.screens(("Free", "Plug in")), "a display is never left without words"


@given(st.lists(MESSAGES, max_size=5), st.integers(0, 20).map(float))
def test_nothing_changes_before_the_next_change_is_due(messages: list[Message], now_utc_s: float):
    wait_s = next_change_s(messages, now_utc_s)
    session = SESSIONS[0]
    before = page(messages, session, now_utc_s, (), "en")
    for later in range(int(now_utc_s), 25):
        if wait_s is not None and later >= now_utc_s + wait_s:
            break
        assert page(messages, session, float(later), (), "en") == before


@pytest.mark.req("O01.FR.08")
@pytest.mark.req("O01.FR.09")
@pytest.mark.octt("TC_O_15_CS")
@pytest.mark.parametrize(("language", "text"), [("de", "Hallo"), ("en", "Hello"), ("fr", "Hello"), ("DE-AT", "Hallo")])
def test_a_message_is_shown_in_the_language_of_the_display_else_in_english(language: str, text: str):
    message = Message(1, Priority.NORMAL, Content("Hallo", language="de"), extra=(Content("Hello", language="en-US"),))
    assert lines(message, (language,)) == (text,)


@pytest.mark.req("O02.FR.08")
def test_a_driver_whose_language_is_known_reads_it():
    message = Message(1, Priority.NORMAL, Content("Hello", language="en"), extra=(Content("Bonjour", language="fr"),))
    session = Session(evse=1, driver=Driver(IdToken("A"), languages=("it", "fr-CH")))
    assert page([message], session, 0.0, (), "en").others == (("Bonjour",),)
    assert page([message], Session(evse=1), 0.0, (), "en").others == (("Hello",),)
