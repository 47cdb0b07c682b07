"""DataTransfer both ways: vendors register what they serve, everything else is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from agent.ocpp.asks import TransferAnswer, Verdict
from agent.ocpp.blocks.data_transfer import DataTransfer
from agent.ocpp.codec import Version
from tests.agent.ocpp.scripted_csms import Refuse, ScriptedCsms
from tests.agent.ocpp.stand import Stand, stand

both = pytest.mark.parametrize("version", [Version.V16, Version.V201])


def echo(data: Any) -> TransferAnswer:
    return TransferAnswer(Verdict.ACCEPTED, data)


def refuse(_data: Any) -> TransferAnswer:
    return TransferAnswer(Verdict.REJECTED)


async def transfer(one: Stand, **fields: Any) -> Any:
    return (await one.csms.call("DataTransfer", fields))[2]


@both
@pytest.mark.req("P01.FR.05")
@pytest.mark.req("P01.FR.06")
@pytest.mark.octt("TC_P_01_CS")
@pytest.mark.octt("TC_062_CS")
async def test_only_what_a_vendor_has_registered_is_served(version: Version):
    csms = ScriptedCsms(versions=(version,))
    async with stand(csms, versions=[version]) as one:
        await one.accepted()
        one.station.data_transfer.register("com.example", "echo", echo)
        one.station.data_transfer.register("com.example", None, refuse)
        assert await transfer(one, vendorId="org.other") == {"status": "UnknownVendorId"}
        assert await transfer(one, vendorId="com.example", messageId="no") == {"status": "UnknownMessageId"}
        assert await transfer(one, vendorId="com.example", data="x") == {"status": "Rejected"}
        assert await transfer(one, vendorId="COM.EXAMPLE", messageId="ECHO", data="x") == {
            "status": "Accepted",
            "data": "x",
        }


def test_a_message_that_is_served_already_cannot_be_registered_again():
    vendors = DataTransfer()
    vendors.register("com.example", "echo", echo)
    with pytest.raises(ValueError, match=r"com\.example ECHO"):
        vendors.register("com.example", "ECHO", refuse)


async def test_a_vendor_that_fails_costs_its_answer_and_not_the_connection():
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        one.station.data_transfer.register("com.example", None, lambda data: data["nothing"])
        reply = await one.csms.call("DataTransfer", {"vendorId": "com.example"})
        assert reply[2] == "InternalError"
        assert one.station.online


@both
async def test_the_station_sends_what_ocpp_has_no_message_for(version: Version):
    csms = ScriptedCsms(versions=(version,), answers={"DataTransfer": {"status": "Accepted", "data": "yes"}})
    async with stand(csms, versions=[version]) as one:
        assert await one.station.transfer("com.example", "m", "x") is None  # not connected yet
        await one.accepted()
        assert await one.station.transfer("com.example", "m", "x") == TransferAnswer(Verdict.ACCEPTED, "yes")
        assert csms.calls("DataTransfer")[0].payload == {"vendorId": "com.example", "messageId": "m", "data": "x"}


async def test_a_transfer_that_fails_has_no_answer():
    csms = ScriptedCsms(answers={"DataTransfer": Refuse("InternalError")})
    async with stand(csms) as one:
        await one.accepted()
        assert await one.station.transfer("com.example", None, None) is None
        assert await one.station.transfer("x" * 256, None, None) is None  # 1.6 cannot say it
        assert len(csms.calls("DataTransfer")) == 1
