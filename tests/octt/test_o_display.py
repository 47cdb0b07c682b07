"""TC_O: what the CSMS shows to drivers, seen on the display itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agent.ocpp.stamps import to_wire
from agent.runtime.front import SCREEN_S
from tests.octt import states
from tests.octt.bench import EPOCH_S, Bench
from tests.octt.tool import require

TEXT = {"format": "UTF8", "content": "Coffee\ninside"}
LINES = ("Coffee", "inside")


async def show(
    bench: Bench, number: int = 1, priority: str = "AlwaysFront", status: str = "Accepted", **more: Any
) -> None:
    message = {"id": number, "priority": priority, "message": TEXT} | more
    require(await bench.tool.send("SetDisplayMessage", message=message), status=status)
    await asyncio.sleep(1.0)


async def told(bench: Bench, **where: Any) -> list[dict[str, Any]]:
    """GetDisplayMessages, and the messages that follow."""
    require(await bench.tool.send("GetDisplayMessages", requestId=9, **where), status="Accepted")
    found: list[dict[str, Any]] = []
    while True:
        part = await bench.tool.expect("NotifyDisplayMessages", requestId=9)
        found += part["messageInfo"]
        if not part.get("tbc"):
            return found


async def none_told(bench: Bench, **where: Any) -> None:
    require(await bench.tool.send("GetDisplayMessages", requestId=9, **where), status="Unknown")
    await bench.tool.silence("NotifyDisplayMessages", 5.0)


@pytest.mark.octt("TC_O_01_CS")
@pytest.mark.octt("TC_O_07_CS")
async def test_a_message_is_shown_and_told_by_its_id(bench: Bench):
    await show(bench)
    assert bench.display() == LINES
    (one,) = await told(bench, id=[1])
    require(one, id=1, priority="AlwaysFront", message=TEXT)


@pytest.mark.octt("TC_O_02_CS")
@pytest.mark.octt("TC_O_08_CS")
@pytest.mark.octt("TC_O_09_CS")
async def test_messages_are_told_all_and_by_priority_and_state(bench: Bench):
    await show(bench, 1, "InFront")
    await show(bench, 2, "NormalCycle", state="Charging")
    assert [one["id"] for one in await told(bench)] == [1, 2]
    assert [one["id"] for one in await told(bench, priority="NormalCycle")] == [2]
    assert [one["id"] for one in await told(bench, state="Charging")] == [2]


@pytest.mark.octt("TC_O_03_CS")
@pytest.mark.octt("TC_O_11_CS")
@pytest.mark.octt("TC_O_33_CS")
@pytest.mark.octt("TC_O_34_CS")
@pytest.mark.octt("TC_O_35_CS")
async def test_what_is_not_there_is_unknown_and_not_told(bench: Bench):
    await none_told(bench)
    await none_told(bench, id=[1])
    await show(bench, 1, "InFront", state="Idle")
    await none_told(bench, id=[2])
    await none_told(bench, id=[1], state="Charging")
    await none_told(bench, id=[1], priority="AlwaysFront")


@pytest.mark.octt("TC_O_04_CS")
@pytest.mark.octt("TC_O_05_CS")
async def test_a_message_that_is_cleared_is_gone_from_the_display(bench: Bench):
    free = bench.display()
    await show(bench)
    require(await bench.tool.send("ClearDisplayMessage", id=2), status="Unknown")
    assert bench.display() == LINES
    require(await bench.tool.send("ClearDisplayMessage", id=1), status="Accepted")
    await asyncio.sleep(1.0)
    assert bench.display() == free
    await none_told(bench)


@pytest.mark.octt("TC_O_06_CS")
@pytest.mark.octt("TC_O_10_CS")
async def test_a_message_of_a_transaction_goes_with_it(bench: Bench):
    await show(bench, transactionId="unheard of", status="UnknownTransaction")
    await none_told(bench)
    await states.charging(bench)
    await show(bench, transactionId=bench.tx)
    assert bench.display() == LINES
    await states.left(bench)
    assert bench.display() != LINES
    await none_told(bench)


@pytest.mark.octt("TC_O_12_CS")
async def test_a_message_of_the_same_id_replaces_the_old_one(bench: Bench):
    await show(bench)
    await show(bench, message={"format": "ASCII", "content": "Tea"}, priority="InFront")
    assert bench.display() == ("Tea",)
    (one,) = await told(bench)
    require(one, id=1, priority="InFront", message__content="Tea")


@pytest.mark.octt("TC_O_13_CS")
@pytest.mark.octt("TC_O_14_CS")
async def test_a_message_comes_at_its_start_and_goes_at_its_end(bench: Bench):
    now_s = EPOCH_S + asyncio.get_running_loop().time()
    await show(bench, startDateTime=to_wire(now_s + 60), endDateTime=to_wire(now_s + 120))
    assert bench.display() != LINES
    await asyncio.sleep(61)
    assert bench.display() == LINES
    await asyncio.sleep(60)
    assert bench.display() != LINES
    await none_told(bench)


@pytest.mark.octt("TC_O_27_CS")
@pytest.mark.octt("TC_O_28_CS")
async def test_a_message_of_a_transaction_comes_and_goes_at_its_time_too(bench: Bench):
    await states.charging(bench)
    now_s = EPOCH_S + asyncio.get_running_loop().time()
    await show(bench, transactionId=bench.tx, startDateTime=to_wire(now_s + 60), endDateTime=to_wire(now_s + 120))
    assert bench.display() != LINES
    await asyncio.sleep(61)
    assert bench.display() == LINES
    await asyncio.sleep(60)
    assert bench.display() != LINES
    await none_told(bench)
    await states.left(bench)


@pytest.mark.octt("TC_O_19_CS")
async def test_a_format_that_cannot_be_shown_is_refused(bench: Bench):
    await show(bench, message=TEXT | {"format": "HTML"}, status="NotSupportedMessageFormat")
    await show(bench, message=TEXT | {"format": "URI"}, status="NotSupportedMessageFormat")


@pytest.mark.octt("TC_O_20_CS")
async def test_a_message_outlives_a_power_cut(bench: Bench):
    await show(bench)
    await bench.power_cycle()
    await bench.tool.expect("BootNotification", 120.0)
    await asyncio.sleep(10.0)
    assert bench.display() == LINES
    assert [one["id"] for one in await told(bench)] == [1]
    bench.tool.forget()


@pytest.mark.octt("TC_O_22_CS")
@pytest.mark.octt("TC_O_30_CS")
@pytest.mark.parametrize("of_transaction", [False, True])
async def test_messages_in_front_take_turns(bench: Bench, of_transaction: bool):
    if of_transaction:
        await states.charging(bench)
    more = {"transactionId": bench.tx} if of_transaction else {}
    for number, text in ((1, "One"), (2, "Two")):
        await show(bench, number, "InFront", message={"format": "UTF8", "content": text}, **more)
    seen = set()
    for _ in range(6):
        seen.add(bench.display())
        await asyncio.sleep(SCREEN_S / 2)
    assert seen == {("One",), ("Two",)}
    if of_transaction:
        await states.left(bench)


@pytest.mark.octt("TC_O_24_CS")
@pytest.mark.octt("TC_O_32_CS")
@pytest.mark.parametrize("of_transaction", [False, True])
async def test_a_second_message_that_is_always_in_front_replaces_the_first(bench: Bench, of_transaction: bool):
    if of_transaction:
        await states.charging(bench)
    more = {"transactionId": bench.tx} if of_transaction else {}
    await show(bench, 1, **more)
    await show(bench, 2, message={"format": "UTF8", "content": "Two"}, **more)
    assert bench.display() == ("Two",)
    assert [one["id"] for one in await told(bench)] == [2]
    if of_transaction:
        await states.left(bench)


@pytest.mark.octt("TC_O_36_CS")
@pytest.mark.octt("TC_O_37_CS")
async def test_a_message_for_charging_or_idle_is_shown_only_then(bench: Bench):
    await show(bench, 1, state="Charging")
    assert bench.display() != LINES
    await states.charging(bench)
    await asyncio.sleep(2.0)
    assert bench.display() == LINES
    await show(bench, 2, state="Idle")
    assert bench.display() != LINES
    await states.left(bench)
    await asyncio.sleep(2.0)
    assert bench.display() == LINES


@pytest.mark.octt("TC_O_15_CS")
async def test_a_driver_reads_the_stations_words_and_the_messages_in_his_language(bench: Bench):
    await states.connected(bench)
    bench.tool.answer("Authorize", {"idTokenInfo": {"status": "Accepted", "language1": "de"}})
    await states.charging(bench)
    assert bench.display()[0] == "Lädt"
    german = {"format": "UTF8", "language": "de", "content": "Kaffee"}
    await show(bench, 1, "NormalCycle", message=german)
    seen = set()
    for _ in range(6):
        seen.add(bench.display()[0])
        await asyncio.sleep(SCREEN_S / 2)
    assert seen == {"Lädt", "Kaffee"}
    (one,) = await told(bench)
    require(one, message=german)


@pytest.mark.octt("TC_O_38_CS")
async def test_a_message_for_a_station_out_of_service_is_shown_only_then(bench: Bench):
    await show(bench, state="Unavailable")
    assert bench.display() != LINES
    await states.unavailable(bench)
    await asyncio.sleep(1.0)
    assert bench.display() == LINES
