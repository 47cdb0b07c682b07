"""OCPP 2.0.1 and 2.1: facts to messages, messages to asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.facts import ReadingTaken
from agent.core.values import (
    AuthInfo,
    AuthStatus,
    ChargingState,
    ConnectorStatus,
    IdToken,
    Measurand,
    Reading,
    ReadingContext,
    SampledValue,
    StopReason,
    TokenKind,
    Trigger,
)
from agent.ocpp.device_model import Nameplate
from agent.ocpp.dialect import BootReason
from agent.ocpp.outbox import StoredFact
from agent.ocpp.v21.dialect import DialectV21
from agent.ocpp.v201.dialect import DialectV201
from tests.agent.ocpp.said import payload, request, response
from tests.agent.ocpp.stand import EPOCH_S, TOKEN, ended, idle_reading, reading, started, status, updated

Make = Callable[[], DialectV201]
both = pytest.mark.parametrize("make", [DialectV201, DialectV21])


@both
def test_the_first_event_names_evse_token_and_what_is_known_of_the_transaction(make: Make):
    fact = started(evse=2, remote_start_id=3, reservation_id=4, cable_max_a=32.0)
    action, event = request(make(), fact)
    assert action == "TransactionEvent"
    assert event.pop("meterValue")[0]["sampledValue"][0] == {
        "value": 1000.4,
        "context": "Transaction.Begin",
        "measurand": "Energy.Active.Import.Register",
        "unitOfMeasure": {"unit": "Wh"},
    }
    assert event == {
        "eventType": "Started",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "triggerReason": "Authorized",
        "seqNo": 0,
        "cableMaxCurrent": 32,
        "reservationId": 4,
        "transactionInfo": {"transactionId": "tx-1", "chargingState": "EVConnected", "remoteStartId": 3},
        "evse": {"id": 2, "connectorId": 1},
        "idToken": {"idToken": "04AABBCC", "type": "ISO14443"},
    }


@both
@pytest.mark.req("E01.FR.16")
def test_the_evse_is_named_again_only_when_the_car_is_plugged_in(make: Make):
    assert "evse" not in request(make(), updated())[1]
    plugged = updated(trigger=Trigger.CABLE_PLUGGED_IN, charging=ChargingState.EV_CONNECTED)
    assert request(make(), plugged)[1]["evse"] == {"id": 1, "connectorId": 1}


@both
@pytest.mark.req("E04.FR.03")
def test_what_happened_offline_says_so_and_nothing_else_does(make: Make):
    assert request(make(), updated(), offline=True)[1]["offline"] is True
    assert "offline" not in request(make(), updated())[1]


@both
def test_the_last_event_says_why_how_long_and_with_which_token(make: Make):
    _, event = request(make(), ended(token=TOKEN, readings=(reading(1.0), reading(2.0))))
    assert event["transactionInfo"] == {
        "transactionId": "tx-1",
        "stoppedReason": "EVDisconnected",
        "timeSpentCharging": 3500,
    }
    assert event["idToken"]["idToken"] == TOKEN.value
    assert [one["sampledValue"][0]["value"] for one in event["meterValue"]] == [1.0, 2.0, 8000.6]


@both
def test_everything_the_core_can_say_has_a_word(make: Make):
    dialect = make()
    for reason in StopReason:
        request(dialect, ended(reason=reason))
    for trigger in Trigger:
        request(dialect, updated(trigger=trigger))
    for state in ChargingState:
        request(dialect, updated(charging=state))
    for kind in TokenKind:
        request(dialect, started(token=IdToken("A", kind)))
    values = tuple(SampledValue(one, 1.5, "W", "L1") for one in Measurand)
    for context in ReadingContext:
        request(dialect, ReadingTaken(evse=1, connector=1, at_utc_s=0.0, reading=Reading(0.0, context, 1.0, values)))


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (ConnectorStatus.AVAILABLE, "Available"),
        (ConnectorStatus.PREPARING, "Occupied"),
        (ConnectorStatus.CHARGING, "Occupied"),
        (ConnectorStatus.SUSPENDED_EV, "Occupied"),
        (ConnectorStatus.SUSPENDED_EVSE, "Occupied"),
        (ConnectorStatus.FINISHING, "Occupied"),
        (ConnectorStatus.RESERVED, "Reserved"),
        (ConnectorStatus.UNAVAILABLE, "Unavailable"),
        (ConnectorStatus.FAULTED, "Faulted"),
    ],
)
def test_a_connector_has_one_of_five_statuses(one: ConnectorStatus, said: str):
    assert request(DialectV201(), status(one, 2))[1] == {
        "timestamp": "2026-01-01T00:00:00.000Z",
        "connectorStatus": said,
        "evseId": 2,
        "connectorId": 1,
    }


@both
@given(
    st.lists(
        st.builds(
            SampledValue,
            st.sampled_from(Measurand),
            st.floats(-1e6, 1e9),
            st.sampled_from(["Wh", "W", "A", "V", "Hz", "Percent", ""]),
            st.sampled_from(["L1", "L2", "L3", None]),
        ),
        max_size=4,
    )
)
def test_a_meter_value_is_never_without_sampled_values(make: Make, values: list[SampledValue]):
    one = Reading(EPOCH_S, ReadingContext.PERIODIC, 1.0, tuple(values))
    for fact in (updated(reading=one), ended(reading=one), started(reading=one)):
        told = request(make(), fact)[1].get("meterValue", [])
        assert all(meter["sampledValue"] for meter in told)
    idle = request(make(), ReadingTaken(evse=1, connector=1, at_utc_s=EPOCH_S, reading=one))
    assert (idle is None) == (not any(value.measurand is not Measurand.TEMPERATURE for value in values))


@both
@pytest.mark.req("C02.FR.01")
def test_a_start_without_identification_sends_an_empty_token(make: Make):
    fact = started(token=IdToken("free", TokenKind.NO_AUTHORIZATION))
    assert request(make(), fact)[1]["idToken"] == {"idToken": "", "type": "NoAuthorization"}


@both
def test_readings_outside_a_transaction_are_meter_values_of_the_evse(make: Make):
    action, values = request(make(), idle_reading(2))
    assert (action, values["evseId"]) == ("MeterValues", 2)
    assert values["meterValue"][0]["sampledValue"][1]["phase"] == "L1-N"


@both
def test_the_verdict_comes_from_the_answer_and_belongs_to_the_token_of_the_fact(make: Make):
    dialect = make()
    info = {
        "status": "NotAtThisTime",
        "groupIdToken": {"idToken": "fleet", "type": "Central"},
        "cacheExpiryDateTime": "2026-01-01T00:00:01.000Z",
    }
    outcome = dialect.settled(StoredFact(1, 1, started()), response(dialect, "TransactionEvent", idTokenInfo=info))
    assert outcome.token == TOKEN
    assert outcome.info == AuthInfo(AuthStatus.NOT_ALLOWED_HERE, "fleet", EPOCH_S + 1)
    assert dialect.settled(StoredFact(1, 1, updated()), response(dialect, "TransactionEvent")).info is None


@both
@pytest.mark.req("K03.FR.05")
@pytest.mark.parametrize(
    ("said", "priority"),
    [
        ({}, None),
        ({"chargingPriority": 4}, 4),
        ({"idTokenInfo": {"status": "Accepted", "chargingPriority": -2}}, -2),
        ({"idTokenInfo": {"status": "Accepted", "chargingPriority": -2}, "chargingPriority": 0}, 0),
        ({"chargingPriority": 400}, 9),
    ],
)
def test_the_answer_says_how_much_a_transaction_matters(make: Make, said: dict[str, Any], priority: int | None):
    dialect = make()
    outcome = dialect.settled(StoredFact(1, 1, updated()), response(dialect, "TransactionEvent", **said))
    assert outcome.priority == priority
    if "idTokenInfo" in said:
        assert outcome.info is not None
        assert outcome.info.priority == -2, "what is said of one transaction is not the driver's for ever"


@pytest.mark.parametrize(
    "word",
    [
        "Accepted",
        "Blocked",
        "ConcurrentTx",
        "Expired",
        "Invalid",
        "NoCredit",
        "NotAllowedTypeEVSE",
        "NotAtThisLocation",
        "NotAtThisTime",
        "Unknown",
    ],
)
def test_every_verdict_of_2_0_1_is_understood(word: str):
    dialect = DialectV201()
    info = dialect.verdict(response(dialect, "Authorize", idTokenInfo={"status": word}))
    assert info.accepted == (word == "Accepted")


@both
def test_the_boot_says_why(make: Make):
    dialect = make()
    said = payload(dialect.codec, dialect.boot(Nameplate("V", "M"), BootReason.REMOTE_RESET))
    assert said == {"reason": "RemoteReset", "chargingStation": {"model": "M", "vendorName": "V"}}
