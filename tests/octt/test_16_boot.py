"""Cases of 1.6 about booting, resets, power failures and faults."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from tests.agent.ocpp.scripted_csms import EPOCH_TEXT
from tests.octt import states16 as states
from tests.octt.bench import Bench
from tests.octt.tool import BOOT_INTERVAL_S, require

pytestmark = pytest.mark.bench(version="1.6")

INTERVAL_S: Final = 60
TWO = pytest.mark.bench(evses=2)


def registration(status: str) -> dict[str, Any]:
    return {"currentTime": EPOCH_TEXT, "interval": INTERVAL_S, "status": status}


@pytest.mark.octt("TC_001_CS")
@TWO
@pytest.mark.bench(accepted=False, answers={"BootNotification": [registration("Rejected"), registration("Accepted")]})
async def test_a_station_boots_when_it_is_accepted_tells_of_every_connector_and_beats(bench: Bench):
    """The station powers up and boots; it is rejected, tries again after the interval and not before, is accepted.

    Then it tells the status of the station and of each connector, and sends heartbeats at the interval it was told.
    """
    boot = await bench.tool.expect("BootNotification")
    assert boot["chargePointVendor"]
    assert boot["chargePointModel"]
    await bench.tool.silence("BootNotification", INTERVAL_S - 5)
    assert not bench.tool.left("StatusNotification")
    await states.came_up(bench)
    first, second = (await bench.tool.heard_of("Heartbeat", 2))[:2]
    assert second.at_s - first.at_s == pytest.approx(INTERVAL_S, abs=1)


@pytest.mark.octt("TC_002_CS")
@pytest.mark.bench(accepted=False, answers={"BootNotification": [registration("Pending"), registration("Accepted")]})
async def test_a_pending_station_is_configured_says_nothing_of_its_own_and_starts_nothing(bench: Bench):
    """The boot is pending: keys are read and set, a remote start is rejected, and nothing but answers is sent.

    After the interval the station boots again, is accepted, and tells its statuses.
    """
    await bench.tool.expect("BootNotification")
    assert (await bench.tool.send("GetConfiguration"))["configurationKey"]
    await bench.configure("MeterValueSampleInterval", 300)
    assert await bench.value("MeterValueSampleInterval") == "300"
    await states.remote_start(bench, "Rejected")
    await asyncio.sleep(INTERVAL_S - 10)
    assert not bench.tool.left()
    await states.came_up(bench)
    await bench.tool.expect("Heartbeat", INTERVAL_S + 1)


@pytest.mark.octt("TC_013_CS", "TC_014_CS")
@TWO
@pytest.mark.parametrize("kind", ["Hard", "Soft"])
async def test_a_reset_without_a_transaction_reboots_and_what_was_out_of_service_stays_so(bench: Bench, kind: str):
    """A connector is taken out of service; the station is reset, boots, and tells that connector Unavailable again.

    Then it is put back into service.
    """
    await states.unavailable(bench, 1)
    await states.booted(bench, kind=kind, c1="Unavailable")
    answer = await bench.tool.send("ChangeAvailability", connectorId=1, type="Operative")
    require(answer, status="Accepted")
    await states.told(bench, "Available", 1)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("Hard", marks=pytest.mark.octt("TC_015_CS")),
        pytest.param("Soft", marks=pytest.mark.octt("TC_016_CS")),
    ],
)
async def test_a_reset_ends_the_transaction_with_its_own_reason_and_then_reboots(bench: Bench, kind: str):
    """While a driver charges the station is reset: it ends the transaction, tells so, boots; the car is still there."""
    await states.charging(bench)
    require(await bench.tool.send("Reset", type=kind), status="Accepted")
    await states.stopped(bench, f"{kind}Reset")
    await states.told(bench, "Finishing")
    await bench.tool.expect("BootNotification", 120.0)
    assert "BootNotification" in bench.tool.actions[bench.tool.actions.index("StopTransaction") :]
    await states.told(bench, "Available", 0)
    await bench.tool.expect("StatusNotification", connectorId=1, status={"Finishing", "Preparing"})


@pytest.mark.octt("TC_032_2_CS")
async def test_after_a_power_failure_the_transaction_is_told_ended_with_its_last_reading(bench: Bench):
    """Power fails while a driver charges; then the station boots, and tells the end of the transaction."""
    start = await states.charging(bench)
    await asyncio.sleep(60)
    await bench.power_cycle()
    await bench.tool.expect("BootNotification", 120.0)
    stop = await states.stopped(bench, "PowerLoss")
    assert stop["meterStop"] >= start["meterStart"]
    assert stop["meterStop"] - start["meterStart"] <= bench.energy_wh + 1
    bench.tool.forget("StatusNotification")


@pytest.mark.octt("TC_034_CS")
@TWO
async def test_a_station_that_was_out_of_service_is_so_after_a_power_failure(bench: Bench):
    """The station is taken out of service, power fails and comes back: it and its connectors are Unavailable still."""
    await states.unavailable(bench, 0)
    await states.booted(bench, c0="Unavailable", c1="Unavailable", c2="Unavailable")


@pytest.mark.octt("TC_041_CS")
async def test_a_fault_is_told_nothing_starts_and_when_it_is_gone_the_connector_is_free(bench: Bench):
    """Something breaks; the connector is told Faulted with its error, a card starts nothing, until it is mended."""
    bench.inject("over-temperature")
    await states.told(bench, "Faulted", errorCode="HighTemperature")
    bench.plug()
    bench.present()
    await states.nothing_starts(bench)
    bench.tool.forget("Authorize")
    bench.unplug()
    bench.mend("over-temperature")
    await states.told(bench, "Available", within_s=300)
    await asyncio.sleep(BOOT_INTERVAL_S)
