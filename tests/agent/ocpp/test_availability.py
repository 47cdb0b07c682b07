"""ChangeAvailability, UnlockConnector and ClearCache, in both versions, over WebSockets in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from agent.core.events import AvailabilityChanged
from agent.core.session import Driver, Phase, Session
from agent.core.token_cache import CachedToken
from agent.core.values import AuthInfo, AuthStatus, ConnectorStatus, IdToken, Scope
from agent.ocpp.codec import Version
from tests.agent.ocpp.scripted_csms import SILENCE, ScriptedCsms
from tests.agent.ocpp.stand import TOKEN, FakeCharger, MemoryStore, Stand, open_tx, settled, stand, status

IN_USE = Session(evse=2, phase=Phase.CHARGING, driver=Driver(TOKEN), tx=open_tx())
BOTH = frozenset({Scope.STATION, Scope.EVSE})


def charging_at_2(**more: Any) -> FakeCharger:
    return FakeCharger({1: Session(evse=1, **more), 2: replace(IN_USE, **more)})


async def ask16(one: Stand, connector: int, kind: str) -> str:
    reply = await one.csms.call("ChangeAvailability", {"connectorId": connector, "type": kind})
    await settled()
    return str(reply[2]["status"])


async def ask201(one: Stand, kind: str, **evse: int) -> dict[str, Any]:
    fields = {"operationalStatus": kind} | ({"evse": evse} if evse else {})
    reply = await one.csms.call("ChangeAvailability", fields)
    await settled()
    answer: dict[str, Any] = reply[2]
    return answer


async def test_an_idle_connector_changes_at_once():
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        assert await ask16(one, 2, "Inoperative") == "Accepted"
        assert one.charger.posted == [(2, AvailabilityChanged(False))]


async def test_a_change_to_what_it_is_already_is_accepted():
    charger = FakeCharger({1: Session(evse=1, inoperative=frozenset({Scope.EVSE}))})
    async with stand(ScriptedCsms(), charger=charger) as one:
        await one.accepted()
        assert await ask16(one, 1, "Inoperative") == "Accepted"


@pytest.mark.req("G03.FR.05")
async def test_a_connector_in_use_is_taken_out_of_service_when_its_transaction_has_ended():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, versions=[Version.V201], charger=charging_at_2()) as one:
        await one.accepted()
        answer = await ask201(one, "Inoperative", id=2, connectorId=1)
        assert answer == {"status": "Scheduled", "statusInfo": {"reasonCode": "TxInProgress"}}
        assert (await ask201(one, "Inoperative", id=1))["status"] == "Accepted"
        assert (await ask201(one, "Operative", id=2))["status"] == "Accepted"
        assert one.charger.posted == [
            (2, AvailabilityChanged(False, Scope.CONNECTOR)),
            (1, AvailabilityChanged(False)),
            (2, AvailabilityChanged(True)),
        ]


@pytest.mark.req("G04.FR.01")
@pytest.mark.req("G04.FR.06")
async def test_the_whole_station_waits_for_the_last_transaction():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, versions=[Version.V201], charger=charging_at_2()) as one:
        await one.accepted()
        assert (await ask201(one, "Inoperative"))["status"] == "Scheduled"
        assert one.charger.posted == [(evse, AvailabilityChanged(False, Scope.STATION)) for evse in (1, 2)]


async def test_connector_0_of_1_6_is_the_station_and_every_connector():
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        assert await ask16(one, 0, "Operative") == "Accepted"
        assert one.charger.posted == [
            (evse, AvailabilityChanged(True, scope)) for evse in (1, 2) for scope in (Scope.STATION, Scope.EVSE)
        ]


async def test_a_connector_that_does_not_exist_is_refused():
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        assert await ask16(one, 3, "Inoperative") == "Rejected"
        assert one.charger.posted == []


async def test_an_evse_or_connector_that_does_not_exist_is_refused_with_the_reason():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, versions=[Version.V201]) as one:
        await one.accepted()
        assert (await ask201(one, "Operative", id=3))["statusInfo"] == {"reasonCode": "UnknownEvse"}
        assert (await ask201(one, "Operative", id=1, connectorId=2))["statusInfo"] == {
            "reasonCode": "UnknownConnectorId"
        }
        assert one.charger.posted == []


async def test_the_station_itself_is_reported_when_its_last_connector_has_followed_it_and_when_it_is_back():
    csms = ScriptedCsms()
    charger = charging_at_2(inoperative=BOTH)
    async with stand(csms, charger=charger) as one:
        await one.accepted()
        csms.heard.clear()
        one.tell(status(ConnectorStatus.UNAVAILABLE, 1))
        await settled()
        one.charger.sessions[2] = Session(evse=2, inoperative=BOTH)
        one.tell(status(ConnectorStatus.UNAVAILABLE, 2))
        await settled()
        for evse in (1, 2):
            one.charger.sessions[evse] = Session(evse=evse)
            one.tell(status(ConnectorStatus.AVAILABLE, evse))
        await settled()
        assert [(one.payload["connectorId"], one.payload["status"]) for one in csms.heard] == [
            (1, "Unavailable"),
            (2, "Unavailable"),
            (0, "Unavailable"),
            (1, "Available"),
            (0, "Available"),
            (2, "Available"),
        ]


# Unlock


async def unlock(one: Stand, **fields: int) -> dict[str, Any]:
    reply = await one.csms.call("UnlockConnector", fields, "unlock")
    answer: dict[str, Any] = reply[2]
    return answer


def with_locks(**more: Any) -> FakeCharger:
    return FakeCharger({1: Session(evse=1, has_lock=True, **more), 2: Session(evse=2)})


@pytest.mark.octt("TC_017_1_CS")
@pytest.mark.parametrize(("unlocked", "said"), [(True, "Unlocked"), (False, "UnlockFailed")])
async def test_the_answer_tells_what_the_lock_did(unlocked: bool, said: str):
    charger = with_locks()
    charger.unlocked = unlocked
    async with stand(ScriptedCsms(), charger=charger) as one:
        await one.accepted()
        assert await unlock(one, connectorId=1) == {"status": said}
        assert one.charger.unlocks == [(1, True)]


async def test_the_connection_does_not_stand_still_while_a_lock_moves():
    csms = ScriptedCsms(answers={"Authorize": SILENCE})
    async with stand(csms, charger=with_locks()) as one:
        await one.accepted()
        waiting = asyncio.ensure_future(unlock(one, connectorId=1))
        await settled(0.1)
        assert (await csms.call("ClearCache", {}))[2] == {"status": "Accepted"}
        assert not waiting.done()
        assert await waiting == {"status": "Unlocked"}


async def test_a_lock_that_moves_while_the_link_breaks_holds_up_nobody():
    csms = ScriptedCsms()
    charger = with_locks()
    charger.unlock_s = 1000.0
    async with stand(csms, charger=charger) as one:
        await one.accepted()
        waiting = asyncio.ensure_future(unlock(one, connectorId=1))
        await settled(0.1)
        await csms.hang_up()
        await csms.until(lambda: len(csms.handshakes) == 2, 100)
        await settled(5)
        assert one.station.online
        waiting.cancel()


@pytest.mark.octt("TC_030_CS")
async def test_without_a_lock_or_a_connector_1_6_says_not_supported():
    async with stand(ScriptedCsms(), charger=with_locks()) as one:
        await one.accepted()
        assert await unlock(one, connectorId=2) == {"status": "NotSupported"}
        assert await unlock(one, connectorId=9) == {"status": "NotSupported"}
        assert one.charger.unlocks == []


@pytest.mark.req("F05.FR.02")
@pytest.mark.octt("TC_F_05_CS")
async def test_2_x_leaves_an_authorised_drivers_cable_locked():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    charger = with_locks(driver=Driver(TOKEN), tx=open_tx())
    async with stand(csms, versions=[Version.V201], charger=charger) as one:
        await one.accepted()
        assert await unlock(one, evseId=1, connectorId=1) == {"status": "OngoingAuthorizedTransaction"}
        assert one.charger.unlocks == []


@pytest.mark.req("F05.FR.03")
@pytest.mark.req("F05.FR.04")
@pytest.mark.octt("TC_F_06_CS")
@pytest.mark.octt("TC_F_10_CS")
async def test_2_x_unlocks_a_connector_that_it_knows():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, versions=[Version.V201], charger=with_locks(tx=open_tx())) as one:
        await one.accepted()
        assert await unlock(one, evseId=1, connectorId=1) == {"status": "Unlocked"}
        assert one.charger.unlocks == [(1, False)]
        assert await unlock(one, evseId=1, connectorId=999) == {"status": "UnknownConnector"}
        assert await unlock(one, evseId=9, connectorId=1) == {"status": "UnknownConnector"}
        assert (await unlock(one, evseId=2, connectorId=1))["statusInfo"] == {"reasonCode": "FixedCable"}


# Cache


@pytest.mark.req("C11.FR.03")
@pytest.mark.req("C11.FR.04")
@pytest.mark.octt("TC_C_37_CS")
@pytest.mark.octt("TC_C_38_CS")
@pytest.mark.octt("TC_061_1_CS")
@pytest.mark.parametrize(("enabled", "said", "left"), [("true", "Accepted", 0), ("false", "Rejected", 1)])
async def test_a_cache_is_cleared_where_there_is_one(enabled: str, said: str, left: int):
    store = MemoryStore()
    store.lists["cache"]["a"] = CachedToken("cache", IdToken("A"), AuthInfo(AuthStatus.ACCEPTED))
    async with stand(ScriptedCsms(), store=store, start_values={"AuthorizationCacheEnabled": enabled}) as one:
        await one.accepted()
        assert (await one.csms.call("ClearCache", {}))[2] == {"status": said}
        assert len(store.lists["cache"]) == left
