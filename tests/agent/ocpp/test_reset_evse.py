"""Reset of one EVSE (2.0.1 B11, B12), and a connector out of service by itself (G03), in a whole station."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.core.session import Phase
from agent.core.values import ConnectorStatus
from agent.ocpp.codec import Version
from tests.agent.ocpp.life import OTHER_CARD, Life, life
from tests.agent.ocpp.scripted_csms import SILENCE, ScriptedCsms

GOOD = {"idTokenInfo": {"status": "Accepted"}}


def csms() -> ScriptedCsms:
    return ScriptedCsms(versions=(Version.V201,), answers={"Authorize": GOOD, "TransactionEvent": GOOD})


async def reset(one: Life, kind: str, **where: Any) -> str:
    reply = await one.csms.call("Reset", {"type": kind, **where}, f"r{len(one.csms.frames)}")
    return str(reply[2]["status"])


async def both_charge(one: Life) -> None:
    await one.plug(1)
    await one.tap(evse=1)
    await one.plug(2)
    await one.tap(OTHER_CARD, evse=2)
    assert [one.session(evse).phase for evse in (1, 2)] == [Phase.CHARGING] * 2


@pytest.mark.req("B12.FR.08")
@pytest.mark.octt("TC_B_27_CS")
async def test_an_immediate_reset_of_an_evse_ends_its_transaction_and_nobody_elses(tmp_path: Path):
    async with life(tmp_path, csms(), evses=2) as one:
        await both_charge(one)
        agent = one.station.agent
        assert await reset(one, "Immediate", evseId=1) == "Accepted"
        await asyncio.sleep(30)
        (ended,) = one.events(eventType="Ended")
        assert ended["triggerReason"] == "ResetCommand"
        assert ended["transactionInfo"]["stoppedReason"] == "ImmediateReset"
        assert one.session(1).phase is Phase.CONNECTED
        assert one.session(2).phase is Phase.CHARGING
        assert one.station.agent is agent  # the station itself has gone on
        assert len(one.csms.calls("BootNotification")) == 1
        await one.tap(evse=1)
        assert one.session(1).phase is Phase.CHARGING


@pytest.mark.req("B12.FR.07")
@pytest.mark.octt("TC_B_26_CS")
async def test_a_reset_on_idle_of_an_evse_waits_for_its_transaction_only(tmp_path: Path):
    async with life(tmp_path, csms(), evses=2) as one:
        await both_charge(one)
        assert await reset(one, "OnIdle", evseId=1) == "Scheduled"
        await asyncio.sleep(60)
        assert one.session(1).phase is Phase.CHARGING
        await one.tap(evse=1, wait_s=20)
        assert one.events(eventType="Ended")[0]["transactionInfo"].get("stoppedReason", "Local") == "Local"
        assert one.session(1).phase is Phase.CONNECTED  # without the reset it would be finished
        assert one.session(2).phase is Phase.CHARGING


@pytest.mark.octt("TC_B_25_CS")
@pytest.mark.parametrize("kind", ["Immediate", "OnIdle"])
async def test_an_idle_evse_is_reset_at_once_and_forgets_a_driver_without_a_car(tmp_path: Path, kind: str):
    async with life(tmp_path, csms(), evses=2) as one:
        await one.tap(evse=1)
        assert one.session(1).phase is Phase.AUTHORIZED
        assert await reset(one, kind, evseId=1) == "Accepted"
        await asyncio.sleep(5)
        assert one.session(1).phase is Phase.IDLE
        await one.plug(1)
        assert one.session(1).phase is Phase.CONNECTED


async def test_a_reset_of_an_evse_that_is_not_there_is_rejected(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        assert await reset(one, "Immediate", evseId=2) == "Rejected"


@pytest.mark.req("B12.FR.04")
@pytest.mark.octt("TC_B_22_CS")
async def test_the_csms_hears_what_a_reset_has_ended_before_the_station_restarts(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        await one.plug()
        await one.tap()
        assert await reset(one, "Immediate") == "Accepted"
        await one.csms.heard_of("BootNotification", 2)
        (ended,) = one.events(eventType="Ended")
        assert not ended.get("offline", False)


@pytest.mark.req("B12.FR.05")
async def test_a_csms_that_does_not_answer_holds_a_reset_up_for_no_longer_than_any_message(tmp_path: Path):
    def answer(event: dict[str, Any]) -> Any:
        return SILENCE if event["eventType"] == "Ended" and not event.get("offline") else GOOD

    async with life(tmp_path, csms()) as one:
        await one.plug()
        await one.tap()
        one.csms.answers["TransactionEvent"] = answer
        asked_s = asyncio.get_running_loop().time()
        assert await reset(one, "Immediate") == "Accepted"
        boots = await one.csms.heard_of("BootNotification", 2)
        assert 30 <= boots[1].at_s - asked_s < 40
        await asyncio.sleep(10)
        (again,) = one.events(eventType="Ended", offline=True)
        assert again["transactionInfo"]["stoppedReason"] == "ImmediateReset"


@pytest.mark.req("B12.FR.06")
async def test_an_evse_out_of_service_stays_so_over_its_reset(tmp_path: Path):
    async with life(tmp_path, csms(), evses=2) as one:
        await one.csms.call("ChangeAvailability", {"operationalStatus": "Inoperative", "evse": {"id": 1}})
        assert await reset(one, "Immediate", evseId=1) == "Accepted"
        await asyncio.sleep(5)
        assert one.session(1).status is ConnectorStatus.UNAVAILABLE
        assert one.session(2).status is ConnectorStatus.AVAILABLE


async def test_a_kind_of_reset_that_only_2_1_has_is_refused(tmp_path: Path):
    speaks_21 = ScriptedCsms(versions=(Version.V21,))
    async with life(tmp_path, speaks_21) as one:
        assert await reset(one, "ImmediateAndResume") == "Rejected"


@pytest.mark.req("G03.FR.07")
@pytest.mark.req("G03.FR.08")
async def test_a_connector_that_was_taken_out_of_service_stays_so_when_its_evse_is_back(tmp_path: Path):
    async with life(tmp_path, csms(), evses=2) as one:

        async def change(status: str, **evse: int) -> None:
            ask = {"operationalStatus": status, "evse": evse}
            reply = await one.csms.call("ChangeAvailability", ask, f"g{len(one.csms.frames)}")
            assert reply[2]["status"] == "Accepted"
            await asyncio.sleep(1)

        await change("Inoperative", id=1, connectorId=1)
        await change("Inoperative", id=1)
        await change("Operative", id=1)
        assert one.session(1).status is ConnectorStatus.UNAVAILABLE
        await one.reboot()
        assert one.session(1).status is ConnectorStatus.UNAVAILABLE
        await change("Operative", id=1, connectorId=1)
        assert one.session(1).status is ConnectorStatus.AVAILABLE
