"""Tariff and cost on the display, as 2.x says them and as 1.6's data transfers do."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from agent.core.session import Driver, Session
from agent.core.values import IdToken
from agent.ocpp.blocks.tariff import FAREWELL_S
from agent.ocpp.codec import Version
from agent.ocpp.costs import Content, CostTold, MessageTold
from hal.types import CpState
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import TOKEN, Stand, ended, open_tx, settled, stand, started

V201 = {"versions": [Version.V201]}
DRIVER = Driver(TOKEN)
CHARGING = Session(evse=1, tx=open_tx(), driver=DRIVER, cp=CpState.C)
LEAVING = Session(evse=1, cp=CpState.B)
VENDOR = "org.openchargealliance.costmsg"


def csms() -> ScriptedCsms:
    return ScriptedCsms(versions=("ocpp2.0.1",))


async def ask(one: Stand, action: str, **fields: Any) -> Any:
    reply = await one.csms.call(action, fields)
    await settled()
    return reply[2] if reply[0] == 3 else reply[2:3]


async def step(one: Stand, session: Session) -> None:
    one.charger.steps(session)
    await settled()


@pytest.mark.req("I02.FR.02")
@pytest.mark.req("I02.FR.03")
@pytest.mark.req("I03.FR.03")
@pytest.mark.octt("TC_I_01_CS")
@pytest.mark.octt("TC_I_02_CS")
async def test_the_running_and_the_total_cost_are_shown_until_the_driver_has_left():
    async with stand(csms(), **V201) as one:
        await one.accepted()
        await step(one, CHARGING)
        assert await ask(one, "CostUpdated", totalCost=1.239, transactionId="tx-1") == {}
        assert one.charger.page().beneath == ("1.24 EUR",)
        assert one.charger.page(2).beneath == ()
        await step(one, LEAVING)
        one.station.costs.told(CostTold("tx-1", 2.5, final=True))
        await settled()
        assert one.charger.page().beneath == ("2.50 EUR",)
        await step(one, Session(evse=1))
        await asyncio.sleep(FAREWELL_S - 1)
        assert one.charger.page().beneath == ("2.50 EUR",)
        await asyncio.sleep(2)
        assert one.charger.page().beneath == ()


@pytest.mark.req("I03.FR.03")
@pytest.mark.parametrize("after", [LEAVING, Session(evse=1, driver=DRIVER)], ids=["cable", "card"])
async def test_a_total_that_comes_after_the_driver_has_left_is_shown_until_the_next_one_comes(after: Session):
    async with stand(csms(), **V201) as one:
        await one.accepted()
        await step(one, CHARGING)
        await step(one, Session(evse=1))
        await step(one, Session(evse=1))
        one.station.costs.told(CostTold("tx-1", 2.5, final=True))
        await settled()
        assert one.charger.page().beneath == ("2.50 EUR",)
        await step(one, after)
        assert one.charger.page().beneath == ()


@pytest.mark.req("I01.FR.03")
async def test_the_price_of_a_driver_who_comes_after_the_cable_is_shown():
    async with stand(csms(), **V201) as one:
        await one.accepted()
        await step(one, Session(evse=1, tx=open_tx(), cp=CpState.B))
        one.station.costs.told(MessageTold(Content("For you: 0.40"), token=TOKEN))
        await step(one, CHARGING)
        assert one.charger.page().beneath == ("For you: 0.40",)


@pytest.mark.req("I03.FR.04")
async def test_a_free_transaction_costs_nothing_and_says_so():
    async with stand(csms(), **V201, start_values={"TariffCostCtrlr.Currency": "CHF"}) as one:
        await one.accepted()
        await step(one, CHARGING)
        await ask(one, "CostUpdated", totalCost=0, transactionId="tx-1")
        assert one.charger.page().beneath == ("0.00 CHF",)


@pytest.mark.req("I01.FR.03")
@pytest.mark.req("I04.FR.01")
@pytest.mark.req("I06.FR.03")
async def test_a_driver_sees_an_own_tariff_or_the_fall_back():
    own = {"TariffCostCtrlr.TariffFallbackMessage": "0.50 EUR/kWh"}
    async with stand(csms(), **V201, start_values=own) as one:
        await one.accepted()
        assert one.charger.page().beneath == (), "nobody is there"
        await step(one, Session(evse=1, driver=DRIVER))
        assert one.charger.page().beneath == ("0.50 EUR/kWh",)
        one.station.costs.told(MessageTold(Content("For you: 0.40"), token=IdToken(TOKEN.value.lower())))
        await settled()
        assert one.charger.page().beneath == ("For you: 0.40",)
        await step(one, CHARGING)
        assert one.charger.page().beneath == ("For you: 0.40",)
        one.station.costs.told(MessageTold(Content("<b>0.10</b>", "HTML"), tx="tx-1"))
        one.station.costs.told(MessageTold(Content("From 18:00: 0.60"), tx="tx-1"))
        await settled()
        assert one.charger.page().beneath == ("From 18:00: 0.60",)


@pytest.mark.req("I05.FR.02")
@pytest.mark.octt("TC_I_07_CS")
async def test_a_transaction_that_ends_offline_shows_the_fall_back_until_its_total_is_known():
    own = {"TariffCostCtrlr.TotalCostFallbackMessage": "See your invoice"}
    async with stand(csms(), **V201, start_values=own) as one:
        await one.accepted()
        await step(one, CHARGING)
        one.station.network(online=False)
        await settled()
        await step(one, LEAVING)
        assert one.charger.page().beneath == ("See your invoice",)
        one.station.costs.told(CostTold("tx-1", 3.0, final=True))
        await settled()
        assert one.charger.page().beneath == ("3.00 EUR",)


async def test_neither_tariff_nor_cost_is_shown_when_it_is_disabled():
    own = {
        "TariffCostCtrlr.Enabled[Tariff]": "false",
        "TariffCostCtrlr.Enabled[Cost]": "false",
        "TariffCostCtrlr.TariffFallbackMessage": "x",
    }
    async with stand(csms(), **V201, start_values=own) as one:
        await one.accepted()
        await step(one, CHARGING)
        await ask(one, "CostUpdated", totalCost=1, transactionId="tx-1")
        assert one.charger.page().beneath == ()


# 1.6


async def send(one: Stand, message: str, **data: Any) -> Any:
    return await ask(one, "DataTransfer", vendorId=VENDOR, messageId=message, data=json.dumps(data))


async def test_in_one_six_prices_and_costs_come_as_data_transfers():
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        one.tell(started())
        await one.csms.heard_of("StartTransaction")
        await step(one, CHARGING)
        assert await send(one, "SetUserPrice", idToken=TOKEN.value, priceText="0.40 EUR/kWh") == {"status": "Accepted"}
        running = {"timestamp": "2026-01-01T00:10:00Z", "meterValue": 1000, "state": "Charging", "chargingPrice": {}}
        assert await send(one, "RunningCost", transactionId=7, cost=1.5, **running) == {"status": "Accepted"}
        assert one.charger.page().beneath == ("0.40 EUR/kWh", "1.50 EUR")
        assert await send(one, "RunningCost", transactionId=8, cost=1.5) == {"status": "Rejected"}
        assert await send(one, "RunningCost", cost=1.5) == {"status": "Rejected"}
        one.tell(ended())
        await one.csms.heard_of("StopTransaction")
        await step(one, LEAVING)
        final = await send(one, "FinalCost", transactionId=7, cost=3.31, priceText="Thank you")
        assert final == {"status": "Accepted"}, "also after the transaction has ended"
        assert one.charger.page().beneath == ("Thank you", "3.31 EUR")
        assert (await ask(one, "DataTransfer", vendorId=VENDOR, messageId="Coffee"))["status"] == "UnknownMessageId"


async def test_in_one_six_a_default_price_is_a_json_object_with_a_text_for_offline():
    async with stand(ScriptedCsms()) as one:
        await one.accepted()

        async def change(value: str) -> str:
            status: str = (await ask(one, "ChangeConfiguration", key="DefaultPrice", value=value))["status"]
            return status

        assert await change("0.50") == "Rejected"
        assert await change("[1]") == "Rejected"
        assert await change('{"priceText": "0.50/kWh", "priceTextOffline": "0.60/kWh"}') == "Accepted"
        await step(one, Session(evse=1, driver=DRIVER))
        assert one.charger.page().beneath == ("0.50/kWh",)
        one.station.network(online=False)
        await settled()
        await step(one, Session(evse=1, driver=DRIVER, cp=CpState.B))
        assert one.charger.page().beneath == ("0.60/kWh",)


async def test_cost_messages_are_refused_where_they_are_switched_off():
    async with stand(ScriptedCsms(), start_values={"CustomDisplayCostAndPrice": "false"}) as one:
        await one.accepted()
        assert await send(one, "SetUserPrice", idToken="A", priceText="x") == {"status": "Rejected"}
