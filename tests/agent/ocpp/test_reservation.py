"""Reservations as the CSMS sees them: certification cases of 1.6 and 2.0.1, the 2.1 wire beside them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from agent.core.events import RemoteStart, ReservationsChanged
from agent.core.facts import ReservationEnded
from agent.core.session import Phase, Session
from agent.core.values import ConnectorStatus, IdToken, ReservationEnd, Scope
from agent.ocpp.codec import Version
from agent.ocpp.settings.reservation import RESERVATION_ENABLED, RESERVATION_NON_EVSE_SPECIFIC
from agent.ocpp.stamps import to_wire
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import EPOCH_S, FakeCharger, Stand, settled, stand, started, status, updated

V2 = (Version.V201, Version.V21)
both = pytest.mark.parametrize("version", V2)
everywhere = pytest.mark.parametrize("version", [Version.V16, *V2])

OCCUPIED = {"status": ConnectorStatus.CHARGING, "phase": Phase.CHARGING, "cable_a": 32.0}
FAULTED = {"status": ConnectorStatus.FAULTED}
UNAVAILABLE = {"status": ConnectorStatus.UNAVAILABLE, "inoperative": frozenset({Scope.STATION})}


class BelievingCharger(FakeCharger):
    """EVSEs that take reservations to heart, as real sessions do."""

    def post(self, evse: int, event: Any) -> None:
        super().post(evse, event)
        if isinstance(event, ReservationsChanged):
            self.sessions[evse] = replace(self.sessions[evse], kept=event.kept)

    @property
    def held(self) -> list[int]:
        return [evse for evse, session in self.sessions.items() if session.kept.held]


@contextlib.asynccontextmanager
async def accepted(
    version: Version, *, first: Any = None, second: Any = None, **settings: str
) -> AsyncIterator[tuple[Stand, BelievingCharger]]:
    charger = BelievingCharger({1: Session(evse=1, **first or {}), 2: Session(evse=2, **second or {})})
    csms = ScriptedCsms(versions=(version,))
    async with stand(csms, versions=[version], charger=charger, start_values=settings) as one:
        await one.accepted()
        yield one, charger


async def reserve(
    one: Stand, number: int = 1, evse: int | None = 1, token: str = "OWNER", *, for_s: float = 60, **more: Any
) -> str:
    """Ask in the words of the version that is spoken; `group` and `kind` where it has them."""
    group, kind = more.get("group"), more.get("kind")
    if one.csms.versions == (Version.V16,):
        payload: dict[str, Any] = {
            "reservationId": number,
            "connectorId": evse or 0,
            "idTag": token,
            "expiryDate": to_wire(EPOCH_S + for_s),
        } | ({"parentIdTag": group} if group else {})
    else:
        payload = {
            "id": number,
            "idToken": {"idToken": token, "type": "Central"},
            "expiryDateTime": to_wire(EPOCH_S + for_s),
        }
        payload |= {} if evse is None else {"evseId": evse}
        payload |= {"groupIdToken": {"idToken": group, "type": "Central"}} if group else {}
        payload |= {"connectorType": kind} if kind else {}
    answer = (await one.csms.call("ReserveNow", payload))[2]
    await settled()
    verdict: str = answer["status"]
    return verdict


async def cancel(one: Stand, number: int) -> str:
    answer = (await one.csms.call("CancelReservation", {"reservationId": number}))[2]
    await settled()
    verdict: str = answer["status"]
    return verdict


async def remote_start(one: Stand, token: str, group: str | None = None) -> str:
    if one.csms.versions == (Version.V16,):
        payload: dict[str, Any] = {"idTag": token, "connectorId": 1}
        action = "RemoteStartTransaction"
    else:
        payload = {"remoteStartId": 1, "evseId": 1, "idToken": {"idToken": token, "type": "Central"}}
        payload |= {"groupIdToken": {"idToken": group, "type": "Central"}} if group else {}
        action = "RequestStartTransaction"
    verdict: str = (await one.csms.call(action, payload))[2]["status"]
    return verdict


@everywhere
@pytest.mark.req("H01.FR.03")
@pytest.mark.req("H01.FR.23")
@pytest.mark.octt("TC_H_01_CS")
@pytest.mark.octt("TC_046_1_CS")
async def test_a_free_evse_is_reserved_for_a_token(version: Version):
    async with accepted(version) as (one, charger):
        assert await reserve(one) == "Accepted"
        assert charger.held == [1]
        claim = charger.session(1).kept.claims[0]
        assert (claim.id, claim.token.value, claim.expires_utc_s) == (1, "OWNER", EPOCH_S + 60)


@everywhere
@pytest.mark.req("F01.FR.21")
@pytest.mark.req("F01.FR.22")
@pytest.mark.octt("TC_H_02_CS")
async def test_a_remote_start_at_a_reserved_evse_is_for_its_owner(version: Version):
    async with accepted(version) as (one, charger):
        await reserve(one)
        assert await remote_start(one, "STRANGER") == "Rejected"
        assert await remote_start(one, "OWNER") == "Accepted"
        event = charger.posted[-1][1]
        assert isinstance(event, RemoteStart)
        assert event.token.value == "OWNER"


@both
@pytest.mark.req("F01.FR.22")
async def test_a_remote_start_may_name_the_group_of_the_reservation(version: Version):
    async with accepted(version) as (one, _):
        await reserve(one, group="FLEET")
        assert await remote_start(one, "STRANGER", "OTHERS") == "Rejected"
        assert await remote_start(one, "STRANGER") == "Rejected"
        assert await remote_start(one, "STRANGER", "FLEET") == "Accepted"


@pytest.mark.parametrize(("authorize", "answer"), [("true", "Accepted"), ("false", "Rejected")])
async def test_1_6_a_remote_start_at_an_evse_of_a_group_is_left_to_the_verdict_that_tells_the_group(
    authorize: str, answer: str
):
    async with accepted(Version.V16, AuthorizeRemoteTxRequests=authorize) as (one, _):
        await reserve(one, group="FLEET")
        assert await remote_start(one, "STRANGER") == answer
        await reserve(one, 2, 2)
        sent = {"idTag": "STRANGER", "connectorId": 2}
        assert (await one.csms.call("RemoteStartTransaction", sent))[2]["status"] == "Rejected"


@everywhere
async def test_a_remote_start_without_an_evse_goes_to_the_one_that_is_kept_for_its_driver(version: Version):
    async with accepted(version) as (one, charger):
        await reserve(one, evse=2)
        token = {"idTag": "OWNER"} if version is Version.V16 else {"idToken": {"idToken": "OWNER", "type": "Central"}}
        action = "RemoteStartTransaction" if version is Version.V16 else "RequestStartTransaction"
        more = {} if version is Version.V16 else {"remoteStartId": 1}
        assert (await one.csms.call(action, {**token, **more}))[2]["status"] == "Accepted"
        assert charger.posted[-1][0] == 2


@everywhere
@pytest.mark.req("H01.FR.11")
@pytest.mark.octt("TC_H_03_CS")
@pytest.mark.octt("TC_048_2_CS")
async def test_a_reserved_evse_cannot_be_reserved_again(version: Version):
    async with accepted(version) as (one, _):
        await reserve(one)
        assert await reserve(one, 2, token="OTHER") == "Occupied"


@everywhere
@pytest.mark.req("H01.FR.11")
@pytest.mark.req("H01.FR.12")
@pytest.mark.req("H01.FR.14")
@pytest.mark.octt("TC_H_04_CS")
@pytest.mark.octt("TC_H_06_CS")
@pytest.mark.octt("TC_048_1_CS")
@pytest.mark.octt("TC_048_3_CS")
@pytest.mark.parametrize(
    ("state", "answer"), [(OCCUPIED, "Occupied"), (FAULTED, "Faulted"), (UNAVAILABLE, "Unavailable")]
)
async def test_what_is_not_free_cannot_be_reserved(version: Version, state: Any, answer: str):
    async with accepted(version, first=state) as (one, charger):
        assert await reserve(one) == answer
        assert charger.held == []


@everywhere
@pytest.mark.req("H01.FR.04")
@pytest.mark.req("H01.FR.07")
@pytest.mark.req("H01.FR.20")
@pytest.mark.octt("TC_H_08_CS")
@pytest.mark.octt("TC_H_09_CS")
@pytest.mark.octt("TC_H_14_CS")
@pytest.mark.octt("TC_049_CS")
async def test_any_evse_can_be_reserved_as_often_as_there_are_free_ones(version: Version):
    async with accepted(version) as (one, charger):
        assert await reserve(one, 1, None, "A") == "Accepted"
        assert charger.held == []
        assert await reserve(one, 2, None, "B") == "Accepted"
        assert charger.held == [1, 2]
        assert await reserve(one, 3, None, "C") == "Occupied"


@everywhere
@pytest.mark.octt("TC_H_10_CS")
@pytest.mark.octt("TC_H_12_CS")
@pytest.mark.octt("TC_050_1_CS")
@pytest.mark.octt("TC_050_2_CS")
@pytest.mark.octt("TC_050_3_CS")
@pytest.mark.parametrize(
    ("state", "answer"), [(OCCUPIED, "Occupied"), (FAULTED, "Faulted"), (UNAVAILABLE, "Unavailable")]
)
async def test_no_evse_can_be_reserved_where_none_is_free(version: Version, state: Any, answer: str):
    async with accepted(version, first=state, second=state) as (one, _):
        assert await reserve(one, evse=None) == answer


@everywhere
@pytest.mark.req("H01.FR.19")
@pytest.mark.octt("TC_H_13_CS")
@pytest.mark.octt("TC_050_4_CS")
async def test_a_station_that_is_set_up_to_reserve_certain_evses_only_says_so(version: Version):
    async with accepted(version, **{RESERVATION_NON_EVSE_SPECIFIC.key: "false"}) as (one, _):
        assert await reserve(one, evse=None) == "Rejected"
        assert await reserve(one) == "Accepted"


@everywhere
@pytest.mark.req("H01.FR.01")
@pytest.mark.octt("TC_H_22_CS")
@pytest.mark.octt("TC_048_4_CS")
async def test_a_station_that_is_set_up_to_reserve_nothing_rejects(version: Version):
    async with accepted(version) as (one, _):
        one.settings.set(RESERVATION_ENABLED, False)
        assert await reserve(one) == "Rejected"


@everywhere
async def test_what_makes_no_sense_is_rejected(version: Version):
    async with accepted(version) as (one, charger):
        assert await reserve(one, evse=3) == "Rejected"
        assert await reserve(one, for_s=-1) == "Rejected"
        assert charger.held == []


@both
@pytest.mark.req("H01.FR.06")
@pytest.mark.req("H01.FR.09")
@pytest.mark.octt("TC_H_15_CS")
@pytest.mark.octt("TC_H_16_CS")
async def test_a_type_of_connector_can_be_reserved(version: Version):
    async with accepted(version) as (one, charger):
        assert await reserve(one, 1, None, kind="sType2") == "Accepted"
        assert charger.held == [1]
        assert await reserve(one, 2, None, "OTHER", kind="sType2") == "Occupied"
        assert await reserve(one, 3, None, kind="cChaoJi" if version is Version.V21 else "cG105") == "Rejected"
        assert await reserve(one, 4, 2, kind="sType2") == "Rejected"


@everywhere
@pytest.mark.req("H02.FR.01")
@pytest.mark.req("H02.FR.02")
@pytest.mark.octt("TC_H_17_CS")
@pytest.mark.octt("TC_H_18_CS")
@pytest.mark.octt("TC_051_CS")
@pytest.mark.octt("TC_052_CS")
async def test_a_reservation_is_cancelled_once(version: Version):
    async with accepted(version) as (one, charger):
        await reserve(one, 7)
        assert await cancel(one, 1) == "Rejected"
        assert await cancel(one, 7) == "Accepted"
        assert charger.held == []
        assert await cancel(one, 7) == "Rejected"


@everywhere
@pytest.mark.req("H01.FR.02")
@pytest.mark.octt("TC_H_23_CS")
async def test_a_reservation_is_replaced_by_one_with_its_id(version: Version):
    async with accepted(version) as (one, charger):
        await reserve(one, 7, token="OWNER")
        assert await reserve(one, 7, token="HEIR") == "Accepted"
        assert not charger.session(1).kept.turns_away(IdToken("HEIR"))
        assert charger.session(1).kept.turns_away(IdToken("OWNER"))


@everywhere
@pytest.mark.req("H03.FR.04")
@pytest.mark.octt("TC_H_19_CS")
@pytest.mark.octt("TC_H_24_CS")
@pytest.mark.octt("TC_053_1_CS")
async def test_a_reservation_can_be_for_a_group(version: Version):
    async with accepted(version) as (one, charger):
        await reserve(one, group="FLEET")
        assert not charger.session(1).kept.turns_away(IdToken("STRANGER"), "FLEET")
        assert charger.session(1).kept.turns_away(IdToken("STRANGER"), "OTHERS")


# What the station says of its own accord


@both
@pytest.mark.req("H04.FR.01")
@pytest.mark.req("H04.FR.03")
@pytest.mark.req("H01.FR.16")
@pytest.mark.octt("TC_H_07_CS")
@pytest.mark.octt("TC_H_21_CS")
@pytest.mark.parametrize("why", ReservationEnd)
async def test_2_x_tells_the_status_and_then_how_the_reservation_has_ended(version: Version, why: ReservationEnd):
    async with accepted(version) as (one, _):
        one.csms.heard.clear()
        one.tell(status(ConnectorStatus.RESERVED), status(ConnectorStatus.AVAILABLE))
        one.tell(ReservationEnded(evse=1, at_utc_s=EPOCH_S, reservation_id=7, why=why))
        await one.csms.heard_of("ReservationStatusUpdate")
        assert one.csms.actions == ["StatusNotification", "StatusNotification", "ReservationStatusUpdate"]
        assert [call.payload.get("connectorStatus") for call in one.csms.heard[:2]] == ["Reserved", "Available"]
        assert one.csms.heard[2].payload == {"reservationId": 7, "reservationUpdateStatus": str(why)}


@pytest.mark.octt("TC_047_CS")
async def test_1_6_tells_the_connectors_status_and_nothing_else():
    async with accepted(Version.V16) as (one, _):
        one.csms.heard.clear()
        one.tell(status(ConnectorStatus.RESERVED), status(ConnectorStatus.AVAILABLE))
        one.tell(ReservationEnded(evse=1, at_utc_s=EPOCH_S, reservation_id=7, why=ReservationEnd.EXPIRED))
        await one.csms.heard_of("StatusNotification", 2)
        await settled()
        assert [call.payload["status"] for call in one.csms.heard] == ["Reserved", "Available"]
        assert one.station.queued() == []


@everywhere
@pytest.mark.req("H01.FR.15")
@pytest.mark.octt("TC_046_1_CS")
async def test_the_transaction_names_the_reservation_that_it_uses(version: Version):
    async with accepted(version) as (one, _):
        one.tell(started("tx-1", reservation_id=7))
        action = "StartTransaction" if version is Version.V16 else "TransactionEvent"
        (call,) = await one.csms.heard_of(action)
        assert call.payload["reservationId"] == 7


@pytest.mark.req("H01.FR.15")
async def test_a_transaction_that_began_with_the_cable_names_it_with_the_driver():
    async with accepted(Version.V16) as (one, _):
        one.tell(started("tx-1", token=None), updated(1, "tx-1", token=IdToken("OWNER"), reservation_id=7))
        (call,) = await one.csms.heard_of("StartTransaction")
        assert call.payload["reservationId"] == 7
    async with accepted(Version.V201) as (one, _):
        one.tell(started("tx-1", token=None), updated(1, "tx-1", token=IdToken("OWNER"), reservation_id=7))
        first, second = await one.csms.heard_of("TransactionEvent", 2)
        assert "reservationId" not in first.payload
        assert second.payload["reservationId"] == 7
