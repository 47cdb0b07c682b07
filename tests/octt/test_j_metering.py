"""TC_J: what the meter says, on the clock, within a transaction and at its end."""

from __future__ import annotations

import asyncio
import itertools
from datetime import datetime
from typing import Any

import pytest

from tests.octt import states
from tests.octt.bench import Bench
from tests.octt.tool import require

ENERGY = "Energy.Active.Import.Register"
MEASURANDS = (ENERGY, "Power.Active.Import", "Voltage")
INTERVAL_S = 10
ROUNDS = 3  # messages that the lab waits for
CLOCK, PERIODIC = "Sample.Clock", "Sample.Periodic"
BEGIN, END = "Transaction.Begin", "Transaction.End"
NOTHING_SAMPLED = {f"SampledDataCtrlr.Tx{part}Measurands": "" for part in ("Started", "Ended")}


def measures(**variables: Any) -> pytest.MarkDecorator:
    """A station with these settings; `True` for a list of measurands: all of the lab's."""
    settings = {
        name.replace("__", "."): ",".join(MEASURANDS) if value is True and name.endswith("Measurands") else value
        for name, value in variables.items()
    }
    return pytest.mark.bench(settings=settings)


def said(value: dict[str, Any], *contexts: str) -> datetime:
    """A reading has these contexts and every measurand that was asked for; when it was taken."""
    sampled = value["sampledValue"]
    assert {one.get("context", PERIODIC) for one in sampled} <= set(contexts), sampled
    assert {one.get("measurand", ENERGY) for one in sampled} == set(MEASURANDS), sampled
    return datetime.fromisoformat(value["timestamp"])


def in_step(taken: list[datetime]) -> None:
    """Each reading is an interval after the one before it, or of the same moment."""
    moments = sorted(set(taken))
    assert len(moments) > 1, taken
    gaps = {(later - earlier).total_seconds() for earlier, later in itertools.pairwise(moments)}
    assert gaps == {float(INTERVAL_S)}, gaps


async def ended(bench: Bench) -> list[dict[str, Any]]:
    """The transaction has run its time and ends; the readings in the message of its end."""
    await states.charging(bench)
    await asyncio.sleep(2 * INTERVAL_S)
    last = await states.stop_authorized(bench)
    readings: list[dict[str, Any]] = require(last, eventType="Ended")["meterValue"]
    await states.left(bench)
    return readings


@pytest.mark.octt("TC_J_01_CS")
@measures(AlignedDataCtrlr__Interval=INTERVAL_S, AlignedDataCtrlr__Measurands=True)
async def test_readings_come_on_the_clock(bench: Bench):
    taken = []
    for _ in range(ROUNDS):
        told = await bench.tool.expect("MeterValues")
        taken += [said(one, CLOCK) for one in told["meterValue"]]
    in_step(taken)


@pytest.mark.octt("TC_J_02_CS")
@measures(
    AlignedDataCtrlr__Interval=INTERVAL_S,
    AlignedDataCtrlr__Measurands=True,
    AlignedDataCtrlr__SendDuringIdle=False,
)
async def test_readings_of_a_transaction_come_on_the_clock_as_its_events(bench: Bench):
    await states.charging(bench)
    taken = []
    for _ in range(ROUNDS):
        told = await states.event(bench, eventType="Updated", triggerReason="MeterValueClock")
        taken += [said(one, CLOCK) for one in told["meterValue"]]
    in_step(taken)


@pytest.mark.octt("TC_J_03_CS")
@measures(
    AlignedDataCtrlr__TxEndedInterval=INTERVAL_S,
    AlignedDataCtrlr__TxEndedMeasurands=True,
    AlignedDataCtrlr__SendDuringIdle=False,
    SampledDataCtrlr__TxEndedMeasurands="",
)
async def test_the_end_of_a_transaction_holds_what_was_read_on_the_clock(bench: Bench):
    in_step([said(one, CLOCK) for one in await ended(bench)])


@pytest.mark.octt("TC_J_06_CS")
@pytest.mark.bench(
    settings=NOTHING_SAMPLED
    | {
        "AlignedDataCtrlr.Interval": INTERVAL_S,
        "AlignedDataCtrlr.Measurands": ",".join(MEASURANDS),
        "AlignedDataCtrlr.SendDuringIdle": True,
    }
)
async def test_readings_on_the_clock_pause_while_a_transaction_runs(bench: Bench):
    async def idle() -> list[datetime]:
        told = [await bench.tool.expect("MeterValues") for _ in range(ROUNDS)]
        return [said(one, CLOCK) for message in told for one in message["meterValue"]]

    in_step(await idle())
    await states.charging(bench)
    bench.tool.forget("MeterValues")
    await bench.tool.silence("MeterValues", INTERVAL_S + 5)
    await states.stop_authorized(bench)
    assert all("meterValue" not in one.payload for one in bench.tool.calls("TransactionEvent"))
    await states.left(bench)
    in_step(await idle())


@pytest.mark.bench(
    evses=2,
    settings=NOTHING_SAMPLED
    | {"AlignedDataCtrlr.Interval": INTERVAL_S, "AlignedDataCtrlr.Measurands": ",".join(MEASURANDS)},
)
async def test_readings_on_the_clock_pause_at_one_evse_alone_where_only_that_one_is_to_be_quiet(bench: Bench):
    await bench.configure("AlignedDataCtrlr.SendDuringIdle", True, evse=1)
    await states.charging(bench)
    bench.tool.forget("MeterValues")
    for _ in range(ROUNDS):
        assert (await bench.tool.expect("MeterValues"))["evseId"] == 2
    await states.stop_authorized(bench)
    assert all("meterValue" not in one.payload for one in bench.tool.calls("TransactionEvent"))
    await states.left(bench)
    bench.tool.forget("MeterValues")
    assert {(await bench.tool.expect("MeterValues"))["evseId"] for _ in range(2 * ROUNDS)} == {1, 2}


@pytest.mark.octt("TC_J_07_CS")
@measures(TxCtrlr__TxStartPoint="EVConnected", SampledDataCtrlr__TxStartedMeasurands=True)
async def test_the_start_of_a_transaction_holds_what_the_meter_said(bench: Bench):
    started = await states.connected(bench)
    require(started, eventType="Started")
    assert started is not None
    for one in started["meterValue"]:
        said(one, BEGIN)
    await states.charging(bench)


@pytest.mark.octt("TC_J_08_CS")
@measures(TxCtrlr__TxStartPoint="Authorized", SampledDataCtrlr__TxStartedMeasurands=True)
async def test_the_first_event_that_names_the_evse_holds_what_the_meter_said(bench: Bench):
    await states.charging(bench)
    events = [one.payload for one in bench.tool.calls("TransactionEvent")]
    first = next(one for one in events if "evse" in one)
    for one in first["meterValue"]:
        said(one, BEGIN)


@pytest.mark.octt("TC_J_09_CS")
@measures(SampledDataCtrlr__TxUpdatedInterval=INTERVAL_S, SampledDataCtrlr__TxUpdatedMeasurands=True)
async def test_readings_come_while_a_transaction_runs(bench: Bench):
    await states.charging(bench)
    taken = []
    for _ in range(ROUNDS):
        told = await states.event(bench, eventType="Updated", triggerReason="MeterValuePeriodic")
        taken += [said(one, PERIODIC) for one in told["meterValue"]]
    in_step(taken)


@pytest.mark.octt("TC_J_10_CS")
@measures(
    SampledDataCtrlr__TxEndedInterval=INTERVAL_S,
    SampledDataCtrlr__TxEndedMeasurands=True,
    AlignedDataCtrlr__TxEndedMeasurands="",
)
async def test_the_end_of_a_transaction_holds_what_was_read_while_it_ran(bench: Bench):
    readings = await ended(bench)
    contexts = [one["sampledValue"][0].get("context", PERIODIC) for one in readings]
    assert contexts[-1] == END
    assert contexts.count(END) == 1
    in_step([said(one, PERIODIC) for one in readings if one["sampledValue"][0].get("context") not in {BEGIN, END}])
    for one in readings:
        said(one, BEGIN, PERIODIC, END)
