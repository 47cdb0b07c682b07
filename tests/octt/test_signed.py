"""TC_E_11, TC_J_04, TC_J_11: what the meter signs, in the messages of a transaction."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from tests.journeys.transparency import key_of, signed_values, statement
from tests.octt import states
from tests.octt.bench import Bench
from tests.octt.test_j_metering import BEGIN, CLOCK, END, INTERVAL_S, PERIODIC, in_step
from tests.octt.tool import PRESENT, require

ENERGY = "Energy.Active.Import.Register"
KEYS = ("Never", "OncePerTransaction", "EveryMeterValue")


def signs(**variables: Any) -> pytest.MarkDecorator:
    """A station whose meter signs what it shows at any time, with these settings."""
    settings = {name.replace("__", "."): value for name, value in variables.items()}
    return pytest.mark.bench(meter="bauer_bsm", settings=settings)


async def ended(bench: Bench, key: str) -> list[dict[str, Any]]:
    """The transaction has run its time and ends; the sampled values in the message of its end, each with its time."""
    await bench.configure("OCPPCommCtrlr.PublicKeyWithSignedMeterValue", key)
    await states.charging(bench)
    await asyncio.sleep(2 * INTERVAL_S)
    last = require(await states.stop_authorized(bench), eventType="Ended")
    await states.left(bench)
    values = [one | {"at": data["timestamp"]} for data in last["meterValue"] for one in data["sampledValue"]]
    for one in values:
        require(one, signedMeterValue__signedMeterData=PRESENT, signedMeterValue__publicKey=PRESENT)
        assert one.get("measurand", ENERGY) == ENERGY, one
    return values


async def judged(bench: Bench, values: list[dict[str, Any]], key: str) -> None:
    """Every signature is right, and the key is told as often as it should be."""
    own = key_of(await bench.value("FiscalMetering.PublicKey", bench.evse))
    said = statement(signed_values(values), own)
    assert said.faults == []
    assert abs(float(said.energy_wh) - bench.energy_wh) <= 1.0
    told = [one["signedMeterValue"]["publicKey"] != "" for one in values]
    assert (
        told
        == {
            "Never": [False] * len(values),
            "OncePerTransaction": [True] + [False] * (len(values) - 1),
            "EveryMeterValue": [True] * len(values),
        }[key]
    )


@pytest.mark.octt("TC_J_04_CS")
@pytest.mark.req("J01.FR.21")
@signs(
    AlignedDataCtrlr__SignReadings=True,
    AlignedDataCtrlr__SendDuringIdle=False,
    AlignedDataCtrlr__TxEndedInterval=INTERVAL_S,
    AlignedDataCtrlr__TxEndedMeasurands=ENERGY,
    SampledDataCtrlr__TxEndedMeasurands="",
)
async def test_the_end_of_a_transaction_holds_what_was_signed_on_the_clock(bench: Bench):
    values = await ended(bench, "OncePerTransaction")
    assert [values[0]["context"], values[-1]["context"]] == [BEGIN, END]
    between = values[1:-1]
    assert {one["context"] for one in between} == {CLOCK}
    in_step([datetime.fromisoformat(one["at"]) for one in between])
    await judged(bench, values, "OncePerTransaction")


@pytest.mark.octt("TC_J_11_CS")
@pytest.mark.req("J02.FR.21", "E07.FR.12")
@pytest.mark.parametrize("key", KEYS)
@signs(SampledDataCtrlr__SignReadings=True, SampledDataCtrlr__TxEndedInterval=INTERVAL_S)
async def test_the_end_of_a_transaction_holds_what_was_signed_while_it_ran(bench: Bench, key: str):
    values = await ended(bench, key)
    contexts = [one["context"] for one in values]
    assert (contexts[0], contexts[-1], contexts.count(END)) == (BEGIN, END, 1)
    assert {one["context"] for one in values[1:-1]} == {PERIODIC}
    in_step([datetime.fromisoformat(one["at"]) for one in values[1:-1]])
    await judged(bench, values, key)


@pytest.mark.octt("TC_E_11_CS")
@pytest.mark.req("E01.FR.04", "E01.FR.09", "E03.FR.10")
@pytest.mark.parametrize("remote", [False, True])
@signs(TxCtrlr__TxStartPoint="DataSigned", SampledDataCtrlr__SignReadings=True)
async def test_a_signed_beginning_starts_a_transaction(bench: Bench, remote: bool):
    await states.authorized(bench, remote=remote)
    bench.plug()
    await states.told(bench, "Occupied")
    started = await states.event(bench, eventType="Started")
    require(
        started,
        triggerReason={"RemoteStart", "SignedDataReceived"} if remote else {"SignedDataReceived"},
        idToken__idToken=bench.token["idToken"],
        idToken__type=bench.token["type"],
        evse__id=bench.evse,
        evse__connectorId=1,
    )
    ((value,),) = [one["sampledValue"] for one in started["meterValue"]]
    require(
        value,
        context=BEGIN,
        signedMeterValue__encodingMethod="OCMF",
        signedMeterValue__publicKey=PRESENT,
        signedMeterValue__signedMeterData=PRESENT,
        signedMeterValue__signingMethod=PRESENT,
    )
    await states.event(
        bench, eventType="Updated", triggerReason="ChargingStateChanged", transactionInfo__chargingState="Charging"
    )
