"""Cases of 1.6 about configuration keys and meter values."""

from __future__ import annotations

import itertools
from typing import Any, Final

import pytest

from agent.ocpp.stamps import from_wire
from tests.agent.ocpp.test_keys_16 import KEYS, RO
from tests.octt import states16 as states
from tests.octt.bench import Bench
from tests.octt.tool import ABSENT, require

pytestmark = pytest.mark.bench(version="1.6")

ENERGY: Final = "Energy.Active.Import.Register"


@pytest.mark.octt("TC_019_CS")
async def test_one_key_is_told_and_all_keys_are(bench: Bench):
    """First a key by its name, then all that there are: that one is among them, and so is what every station has.

    Then as many by their names as one message may hold.
    """
    (one,) = (await bench.tool.send("GetConfiguration", key=["SupportedFeatureProfiles"]))["configurationKey"]
    require(one, key="SupportedFeatureProfiles", readonly=True)
    everything = await bench.tool.send("GetConfiguration")
    assert one in everything["configurationKey"]
    assert not everything.get("unknownKey")
    told = {each["key"]: each["readonly"] for each in everything["configurationKey"]}
    wanted = {key: access == RO for key, (_, access, _) in KEYS.items()}
    assert {key: told[key] for key in wanted} == wanted
    most = int(await bench.value("GetConfigurationMaxKeys"))
    asked = list(told)[:most]
    answer = require(await bench.tool.send("GetConfiguration", key=asked), unknownKey=ABSENT)
    assert [each["key"] for each in answer["configurationKey"]] == asked


@pytest.mark.octt("TC_021_CS")
async def test_a_key_that_was_set_has_its_new_value(bench: Bench):
    """A key is set, and read again."""
    await bench.configure("MeterValueSampleInterval", 300)
    assert await bench.value("MeterValueSampleInterval") == "300"


async def change(bench: Bench, key: str, value: str, status: str) -> None:
    require(await bench.tool.send("ChangeConfiguration", key=key, value=value), status=status)


@pytest.mark.octt("TC_040_1_CS")
async def test_a_key_that_is_not_there_is_not_supported(bench: Bench):
    """An unknown key is set."""
    await change(bench, "NoKeyOfThisStation", "1", "NotSupported")


@pytest.mark.octt("TC_040_2_CS")
async def test_a_value_that_makes_no_sense_is_rejected_and_changes_nothing(bench: Bench):
    """A duration is to be less than nothing."""
    before = await bench.value("MeterValueSampleInterval")
    await change(bench, "MeterValueSampleInterval", "-1", "Rejected")
    assert await bench.value("MeterValueSampleInterval") == before


def contexts(readings: list[dict[str, Any]]) -> list[str]:
    return [each["sampledValue"][0]["context"] for each in readings]


@pytest.mark.octt("TC_070_CS")
@pytest.mark.behaviour(17)
async def test_sampled_values_come_at_their_interval_and_in_the_stop(bench: Bench):
    """Interval and measurands of samples are set, a driver charges: a sample each interval, all of them at the end."""
    await bench.configure("MeterValueSampleInterval", 20)
    await bench.configure("MeterValuesSampledData", f"{ENERGY},Voltage")
    await bench.configure("StopTxnSampledData", ENERGY)
    start = await states.charging(bench)
    stamps = [from_wire(start["timestamp"])]
    for _ in range(3):
        (reading,) = (await bench.tool.expect("MeterValues", transactionId=states.TRANSACTION))["meterValue"]
        assert {value["measurand"] for value in reading["sampledValue"]} == {ENERGY, "Voltage"}
        assert {value["context"] for value in reading["sampledValue"]} == {"Sample.Periodic"}
        stamps.append(from_wire(reading["timestamp"]))
    assert [b - a for a, b in itertools.pairwise(stamps)] == pytest.approx([20, 20, 20], abs=2)
    stop = await states.stopped_by_card(bench)
    assert contexts(stop["transactionData"]) == ["Transaction.Begin", *["Sample.Periodic"] * 3, "Transaction.End"]


@pytest.mark.octt("TC_071_CS")
@pytest.mark.behaviour(17)
async def test_clock_aligned_values_come_on_the_dot_and_in_the_stop(bench: Bench):
    """Interval and measurands of clock-aligned values are set, a driver charges: one on each dot, all at the end."""
    for key, value in (
        ("MeterValuesAlignedData", ENERGY),
        ("StopTxnSampledData", ""),
        ("StopTxnAlignedData", ENERGY),
        ("ClockAlignedDataInterval", 30),
    ):
        await bench.configure(key, value)
    await states.charging(bench)
    told = 0
    for _ in range(3):
        (reading,) = (await bench.tool.expect("MeterValues", transactionId=states.TRANSACTION))["meterValue"]
        told += 1
        assert {value["context"] for value in reading["sampledValue"]} == {"Sample.Clock"}
        assert from_wire(reading["timestamp"]) % 30 < 1
    stop = await states.stopped_by_card(bench)
    assert contexts(stop["transactionData"]) == ["Sample.Clock"] * told
