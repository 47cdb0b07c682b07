"""OCPP 1.6: facts to messages, messages to asks."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from agent.core.values import (
    AuthInfo,
    AuthStatus,
    ConnectorStatus,
    IdToken,
    Measurand,
    Reading,
    ReadingContext,
    SampledValue,
    StopReason,
    Trigger,
)
from agent.ocpp.asks import RemoteStopAsk, ResetAsk
from agent.ocpp.blocks.metering import MAX_READINGS
from agent.ocpp.charger import ResetKind
from agent.ocpp.device_model import Nameplate
from agent.ocpp.dialect import BootReason
from agent.ocpp.outbox import StoredFact
from agent.ocpp.v16.dialect import DialectV16
from hal.types import FaultKind
from tests.agent.ocpp.said import meant, payload, request, response
from tests.agent.ocpp.stand import EPOCH_S, TOKEN, ended, idle_reading, reading, started, status, updated

NO_VALUES = Reading(EPOCH_S, ReadingContext.PERIODIC, 1.0)


def confirmed(dialect: DialectV16, fact: Any, number: int = 42, verdict: str = "Accepted") -> Any:
    answer = response(dialect, "StartTransaction", transactionId=number, idTagInfo={"status": verdict})
    return dialect.settled(StoredFact(1, 1, fact), answer)


def given_up(dialect: DialectV16, fact: Any) -> Any:
    return dialect.settled(StoredFact(1, 1, fact), None)


def test_a_start_carries_connector_tag_meter_reservation_and_time():
    assert request(DialectV16(), started(evse=2, reservation_id=9)) == (
        "StartTransaction",
        {
            "connectorId": 2,
            "idTag": "04AABBCC",
            "meterStart": 1000,
            "reservationId": 9,
            "timestamp": "2026-01-01T00:00:00.000Z",
        },
    )


@pytest.mark.behaviour(2)
def test_meter_values_and_stop_carry_the_number_that_the_csms_gave():
    dialect = DialectV16()
    confirmed(dialect, started())
    action, values = request(dialect, updated())
    assert (action, values["connectorId"], values["transactionId"]) == ("MeterValues", 1, 42)
    assert values["meterValue"] == [
        {
            "timestamp": "2026-01-01T00:00:00.000Z",
            "sampledValue": [
                {
                    "value": "1001",
                    "context": "Sample.Periodic",
                    "measurand": "Energy.Active.Import.Register",
                    "unit": "Wh",
                },
                {
                    "value": "230.5",
                    "context": "Sample.Periodic",
                    "measurand": "Voltage",
                    "phase": "L1-N",
                    "unit": "V",
                },
                {"value": "50", "context": "Sample.Periodic", "measurand": "Frequency"},
            ],
        }
    ]
    action, stop = request(dialect, ended(token=IdToken("OTHER")))
    assert action == "StopTransaction"
    assert stop.pop("transactionData")[0]["sampledValue"][0]["context"] == "Transaction.End"
    assert stop == {
        "transactionId": 42,
        "idTag": "OTHER",
        "meterStop": 8001,
        "timestamp": "2026-01-01T01:00:00.000Z",
        "reason": "EVDisconnected",
    }


def test_the_number_survives_a_restart_in_the_memory():
    outcome = confirmed(DialectV16(), started(), number=77)
    assert request(DialectV16(outcome.memory), ended())[1]["transactionId"] == 77


def test_a_stop_that_was_delivered_is_forgotten():
    dialect = DialectV16()
    confirmed(dialect, started())
    outcome = dialect.settled(StoredFact(2, 1, ended()), response(dialect, "StopTransaction"))
    assert msgspec.json.decode(outcome.memory or b"") == {}


def test_a_stop_that_was_given_up_keeps_its_number_for_another_try():
    dialect = DialectV16()
    confirmed(dialect, started())
    given_up(dialect, ended())
    assert request(dialect, ended())[1]["transactionId"] == 42


def test_a_start_that_was_given_up_makes_minus_one_of_the_number():
    dialect = DialectV16()
    given_up(dialect, started())
    assert request(dialect, updated())[1]["transactionId"] == -1
    assert request(dialect, ended())[1]["transactionId"] == -1


def test_a_transaction_without_a_token_starts_with_the_first_fact_that_has_one_at_the_register_of_its_beginning():
    dialect = DialectV16()
    first = started(token=None, trigger=Trigger.CABLE_PLUGGED_IN)
    assert request(dialect, first) is None
    memory = given_up(dialect, first).memory
    assert request(dialect, updated(1)) is None
    late = updated(2, token=TOKEN, trigger=Trigger.AUTHORIZED, reading=None)
    dialect = DialectV16(memory)  # restarted in between
    action, start = request(dialect, late)
    assert action == "StartTransaction"
    assert (start["idTag"], start["meterStart"], start["timestamp"]) == (
        TOKEN.value,
        1000,
        "2026-01-01T00:02:00.000Z",
    )
    assert confirmed(dialect, late, 5).token == TOKEN
    assert request(dialect, updated(3))[1]["transactionId"] == 5


def test_a_transaction_in_which_nobody_was_ever_authorised_is_none_for_1_6():
    dialect = DialectV16()
    given_up(dialect, started(token=None))
    assert request(dialect, ended()) is None
    assert msgspec.json.decode(given_up(dialect, ended()).memory) == {}


def test_a_late_start_that_was_given_up_is_minus_one_as_well():
    dialect = DialectV16()
    given_up(dialect, started(token=None))
    given_up(dialect, updated(token=TOKEN))
    assert request(dialect, ended())[1]["transactionId"] == -1


@pytest.mark.behaviour(17)
def test_what_has_no_values_is_not_said():
    dialect = DialectV16()
    confirmed(dialect, started())
    assert request(dialect, updated(reading=None)) is None
    assert request(dialect, updated(reading=NO_VALUES)) is None
    assert request(dialect, replace(idle_reading(), reading=NO_VALUES)) is None
    assert "transactionData" not in request(dialect, ended(reading=NO_VALUES))[1]


def test_readings_outside_a_transaction_name_none():
    action, values = request(DialectV16(), idle_reading(2))
    assert (action, values["connectorId"], "transactionId" in values) == ("MeterValues", 2, False)


@pytest.mark.behaviour(17)
def test_transaction_data_is_capped_and_keeps_its_ends():
    many = tuple(reading(float(number)) for number in range(3 * MAX_READINGS))
    _, stop = request(DialectV16(), ended(readings=many))
    data = stop["transactionData"]
    assert len(data) <= MAX_READINGS
    assert data[0]["sampledValue"][0]["value"] == "0"
    assert data[-1]["sampledValue"][0]["context"] == "Transaction.End"
    steps = [
        float(b["sampledValue"][0]["value"]) - float(a["sampledValue"][0]["value"])
        for a, b in itertools.pairwise(data[1:-1])
    ]
    assert max(steps) <= 4  # thinned evenly, not cut


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (StopReason.LOCAL, "Local"),
        (StopReason.DEAUTHORIZED, "DeAuthorized"),
        (StopReason.REMOTE, "Remote"),
        (StopReason.POWER_LOSS, "PowerLoss"),
        (StopReason.UNLOCK, "UnlockCommand"),
        (StopReason.TIMEOUT, "Other"),
        (StopReason.GROUND_FAULT, "Other"),
        (StopReason.IMMEDIATE_RESET, "HardReset"),
    ],
)
def test_stop_reasons_that_1_6_lacks_are_other(reason: StopReason, said: str):
    assert request(DialectV16(), ended(reason=reason, charged_s=0.0))[1]["reason"] == said


def test_a_car_that_had_charged_and_did_not_come_back_in_time_is_disconnected():
    assert request(DialectV16(), ended(reason=StopReason.TIMEOUT, charged_s=60.0))[1]["reason"] == "EVDisconnected"


def test_every_stop_reason_and_every_status_and_fault_can_be_said():
    for reason in StopReason:
        request(DialectV16(), ended(reason=reason))
    for one in ConnectorStatus:
        assert request(DialectV16(), status(one))[1]["status"] == one
    for fault in FaultKind:
        request(DialectV16(), status(ConnectorStatus.FAULTED, fault=fault))


def test_every_measurand_can_be_said():
    values = tuple(SampledValue(one, 1.5, "", "L1") for one in Measurand)
    request(
        DialectV16(),
        idle_reading().__class__(
            evse=1, connector=1, at_utc_s=EPOCH_S, reading=Reading(EPOCH_S, ReadingContext.TRIGGER, 1.0, values)
        ),
    )


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (None, "NoError"),
        (FaultKind.RCD_DC, "GroundFailure"),
        (FaultKind.WELD, "PowerSwitchFailure"),
        (FaultKind.METER, "PowerMeterFailure"),
        (FaultKind.OVER_TEMPERATURE, "HighTemperature"),
        (FaultKind.LOCK_JAMMED, "ConnectorLockFailure"),
        (FaultKind.DOOR, "OtherError"),
    ],
)
def test_a_fault_has_its_error_code_and_keeps_its_name(fault: FaultKind | None, code: str):
    said = request(DialectV16(), status(ConnectorStatus.FAULTED, fault=fault, detail="x" * 80))[1]
    assert said["errorCode"] == code
    assert said.get("vendorErrorCode") == fault
    assert len(said["info"]) == 50


def test_a_soft_reset_that_was_asked_for_is_the_reason_of_the_stop():
    dialect = DialectV16()
    assert meant(dialect, "Reset", type="Soft") == ResetAsk(ResetKind.IMMEDIATE)
    assert request(dialect, ended(reason=StopReason.IMMEDIATE_RESET))[1]["reason"] == "SoftReset"


def test_a_tag_that_is_too_long_for_1_6_is_an_error_and_not_cut():
    with pytest.raises(msgspec.ValidationError):
        request(DialectV16(), started(token=IdToken("x" * 21)))


def test_a_remote_stop_means_every_transaction_that_got_the_number():
    dialect = DialectV16()
    confirmed(dialect, started("a"), 5)
    confirmed(dialect, started("b"), 5)
    confirmed(dialect, started("c"), 6)
    assert meant(dialect, "RemoteStopTransaction", transactionId=5) == RemoteStopAsk(frozenset({"a", "b"}))


def test_a_verdict_brings_group_and_expiry():
    dialect = DialectV16()
    info = {"status": "ConcurrentTx", "parentIdTag": "fleet", "expiryDate": "2026-01-01T00:00:01Z"}
    answer = response(dialect, "Authorize", idTagInfo=info)
    assert dialect.verdict(answer) == AuthInfo(AuthStatus.CONCURRENT_TX, "fleet", EPOCH_S + 1)


def test_a_long_nameplate_is_cut_to_what_fits():
    plate = Nameplate("v" * 99, "m" * 99, "s" * 99, "f" * 99)
    dialect = DialectV16()
    said = payload(dialect.codec, dialect.boot(plate, BootReason.POWER_UP))
    assert [len(one) for one in said.values()] == [20, 20, 25, 50]
