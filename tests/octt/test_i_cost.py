"""TC_I: what charging costs, read off the display while it goes on and when it is over."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.octt import states
from tests.octt.bench import Bench
from tests.octt.tool import require

PRICE = {"format": "UTF8", "content": "0.30 EUR/kWh"}
DEARER = {"format": "UTF8", "content": "0.40 EUR/kWh"}
SAMPLES_S = 10
SAMPLED = {"SampledDataCtrlr.TxUpdatedInterval": SAMPLES_S}
BEGUN_BY = pytest.mark.parametrize(
    "kind",
    [
        pytest.param("Started", marks=pytest.mark.bench(settings=SAMPLED | {"TxCtrlr.TxStartPoint": "Authorized"})),
        pytest.param(
            "Updated", marks=pytest.mark.bench(settings=SAMPLED | {"TxCtrlr.TxStartPoint": "EVConnected,Authorized"})
        ),
    ],
)


def answered(bench: Bench, **more: Any) -> None:
    """What the tool answers a TransactionEvent with from now on."""
    bench.tool.answer(
        "TransactionEvent",
        lambda request: more | ({"idTokenInfo": {"status": "Accepted"}} if "idToken" in request else {}),
    )


async def told_the_price(bench: Bench, kind: str) -> None:
    """The cable, the token, the driver's own price in the answer to it, and energy."""
    await states.connected(bench)
    bench.tool.answer("Authorize", {"idTokenInfo": {"status": "Accepted", "personalMessage": PRICE}})
    begun = await states.authorized(bench)
    require(begun, eventType=kind, triggerReason="Authorized", idToken=bench.token)
    await states.charging(bench)
    assert bench.display()[-1] == PRICE["content"]


async def sampled(bench: Bench) -> None:
    """The next TransactionEvent of a reading, and its answer has come."""
    bench.tool.forget("TransactionEvent")
    await states.event(bench, eventType="Updated", triggerReason="MeterValuePeriodic")
    await asyncio.sleep(1.0)


async def paid(bench: Bench) -> None:
    """The driver stops and leaves; readings go on in between."""
    bench.tool.forget("TransactionEvent")
    await bench.configure("SampledDataCtrlr.TxUpdatedInterval", 0)
    await states.left(bench)


@pytest.mark.octt("TC_I_01_CS")
@BEGUN_BY
async def test_the_running_cost_that_is_sent_is_shown_beneath_the_price(bench: Bench, kind: str):
    await told_the_price(bench, kind)
    for number, price in enumerate((PRICE, DEARER, PRICE), 1):
        answered(bench, updatedPersonalMessage=price)
        await sampled(bench)
        assert await bench.tool.send("CostUpdated", totalCost=1.5 * number, transactionId=bench.tx) == {}
        await asyncio.sleep(1.0)
        assert bench.display()[-2:] == (price["content"], f"{1.5 * number:.2f} EUR")
    await paid(bench)


@pytest.mark.octt("TC_I_07_CS")
@BEGUN_BY
async def test_the_running_cost_in_an_answer_is_shown_beneath_the_price(bench: Bench, kind: str):
    await told_the_price(bench, kind)
    for number, price in enumerate((PRICE, DEARER, PRICE), 1):
        answered(bench, updatedPersonalMessage=price, totalCost=2.25 * number)
        await sampled(bench)
        assert bench.display()[-2:] == (price["content"], f"{2.25 * number:.2f} EUR")
    await paid(bench)


@pytest.mark.octt("TC_I_02_CS")
@pytest.mark.parametrize(
    "point",
    [
        pytest.param(one, marks=pytest.mark.bench(settings={"TxCtrlr.TxStopPoint": one}))
        for one in ("Authorized", "EVConnected")
    ],
)
async def test_the_total_cost_is_shown_when_the_transaction_has_ended(bench: Bench, point: str):
    await states.charging(bench)
    bench.tool.answer(
        "TransactionEvent",
        lambda request: (
            ({"totalCost": 3.5} if request["eventType"] == "Ended" else {})
            | ({"idTokenInfo": {"status": "Accepted"}} if "idToken" in request else {})
        ),
    )
    await states.stop_authorized(bench)
    await states.post_session(bench)
    assert (bench.display()[-1] == "3.50 EUR") is (point == "Authorized")
    if point == "EVConnected":
        require(await states.disconnected(bench), eventType="Ended")
        await asyncio.sleep(1.0)
        assert bench.display()[-1] == "3.50 EUR"
    await states.left(bench)
