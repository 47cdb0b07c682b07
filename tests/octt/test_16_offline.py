"""Cases of 1.6 about a network that goes away: what is done meanwhile, and told afterwards."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from agent.ocpp.stamps import from_wire
from tests.octt import states16 as states
from tests.octt.bench import DURATION_S, INVALID, Bench

pytestmark = pytest.mark.bench(version="1.6")

OFFLINE_S = 60
TRUSTS = pytest.mark.bench(settings={"AllowOfflineTxForUnknownId": True})


async def away(bench: Bench, *, card: str | None = None, stops: bool = False) -> float:
    """The network goes, a driver plugs in and charges (and stops), the network comes; when it went."""
    await bench.tool.go_offline()
    went_s = states.now_s()
    bench.plug()
    await asyncio.sleep(2)
    bench.present(card)
    await asyncio.sleep(DURATION_S)
    assert bench.closed
    if stops:
        bench.present(card)
        await asyncio.sleep(DURATION_S)
        assert not bench.closed
    await bench.tool.go_online()
    return went_s


def belated(message: dict[str, Any], went_s: float) -> dict[str, Any]:
    """It says when it happened, not when it was told."""
    assert went_s <= from_wire(message["timestamp"]) <= states.now_s() - DURATION_S / 2
    return message


@pytest.mark.octt("TC_036_CS")
@pytest.mark.bench(settings={"MeterValueSampleInterval": 10})
async def test_a_network_that_goes_and_comes_in_mid_charge_costs_no_reading(bench: Bench):
    """A driver charges, the network goes for a minute: he charges on, and its samples come afterwards."""
    await states.charging(bench)
    await bench.tool.go_offline()
    await asyncio.sleep(OFFLINE_S)
    assert bench.closed
    await bench.tool.go_online()
    await asyncio.sleep(DURATION_S)
    values = [call.payload["meterValue"][0] for call in bench.tool.calls("MeterValues")]
    stamps = [from_wire(one["timestamp"]) for one in values]
    assert [b - a for a, b in itertools.pairwise(stamps)] == pytest.approx([10] * (len(stamps) - 1), abs=2)
    assert len(stamps) >= OFFLINE_S / 10
    assert len(bench.tool.calls("BootNotification")) == 1


@pytest.mark.octt("TC_037_1_CS")
@pytest.mark.bench(settings={"LocalAuthorizeOffline": True})
async def test_a_driver_who_is_known_starts_offline_and_it_is_told_afterwards(bench: Bench):
    """A driver is in the cache; without a network he starts; with it the start is told, of the time when it was."""
    await states.whole_session(bench)
    went_s = await away(bench)
    start = await bench.tool.expect("StartTransaction", idTag=bench.token["idToken"])
    belated(start, went_s)
    await states.told(bench, "Charging")


@pytest.mark.parametrize(
    "stops",
    [
        pytest.param(False, marks=pytest.mark.octt("TC_037_2_CS")),
        pytest.param(True, marks=pytest.mark.octt("TC_037_3_CS")),
    ],
)
@pytest.mark.behaviour(22)
@TRUSTS
async def test_a_driver_who_started_offline_and_is_refused_gets_no_more_energy(bench: Bench, stops: bool):
    """Unknown drivers may start offline; afterwards the CSMS refuses this one: he is stopped, or only held, as set."""
    await bench.configure("StopTransactionOnInvalidId", stops)
    states.verdict(bench, "Invalid")
    went_s = await away(bench, card=INVALID)
    belated(await bench.tool.expect("StartTransaction", idTag=INVALID), went_s)
    await states.told(bench, "Charging")
    if stops:
        await states.stopped(bench, "DeAuthorized")
        await states.told(bench, "Finishing")
    else:
        await states.told(bench, "SuspendedEVSE")
        flowed_wh = bench.energy_wh
        await bench.tool.silence("StopTransaction", OFFLINE_S)
        assert bench.energy_wh == flowed_wh


@pytest.mark.octt("TC_038_CS")
async def test_a_stop_without_a_network_is_told_afterwards(bench: Bench):
    """A driver charges, the network goes, he stops with his card: that is told afterwards, of the time when it was."""
    await states.charging(bench)
    await bench.tool.go_offline()
    went_s = states.now_s()
    bench.present()
    await asyncio.sleep(DURATION_S)
    assert not bench.closed
    await bench.tool.go_online()
    belated(await states.stopped(bench, "Local"), went_s)
    await states.told(bench, "Finishing")


@pytest.mark.octt("TC_039_CS")
@TRUSTS
async def test_a_whole_transaction_without_a_network_is_told_afterwards(bench: Bench):
    """Without a network a driver starts and stops: first the start is told, then the stop, with the number it got."""
    went_s = await away(bench, stops=True)
    start = belated(await bench.tool.expect("StartTransaction", idTag=bench.token["idToken"]), went_s)
    stop = belated(await states.stopped(bench, "Local"), went_s)
    assert from_wire(start["timestamp"]) < from_wire(stop["timestamp"])
    assert stop["meterStop"] - start["meterStart"] == pytest.approx(bench.energy_wh, abs=1.5)
    await states.told(bench, "Finishing")
