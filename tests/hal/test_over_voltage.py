"""The over-voltage monitor is a device: it cuts the supply off by itself, with no interlock and no agent behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from hal.board import EvseHardware
from hal.dc_figures import over_voltage_limit_v
from hal.ownership import RULES
from hal.types import DcMeasured, DcMode, FaultKind, FaultRaised, Rule
from sim.board import SimBoard
from sim.dc import DcSpec
from sim.evse import EvseSpec

LIMIT_V = over_voltage_limit_v(450.0)


async def heard(volts: float) -> list[object]:
    """What a raw board says while its supply is brought to a voltage; the time it took, first."""
    board = SimBoard(evse=EvseSpec(socket=False, dc=DcSpec()))
    await board.start()
    evse: EvseHardware = board.evses[1]
    supply, monitor = evse.dc_supply, evse.over_voltage
    assert supply is not None
    assert monitor is not None
    events: list[object] = []

    async def listen() -> None:
        async for stamped in evse.events():
            events.append((stamped.mono_s, stamped.event))  # noqa: PERF401 - readable while it grows

    listening = asyncio.get_running_loop().create_task(listen())
    await monitor.watch(LIMIT_V)
    await supply.set(volts, 2.0)
    await supply.mode(DcMode.CABLE_CHECK)
    await asyncio.sleep(3)
    listening.cancel()
    await board.close()
    return events


def is_trip(event: object) -> bool:
    return isinstance(event, FaultRaised) and event.fault is FaultKind.DC_OVER_VOLTAGE


@pytest.mark.enforces(Rule.DC_OVER_VOLTAGE)
async def test_a_supply_above_the_threshold_is_cut_off_by_its_own_monitor(
    record_property: Callable[[str, object], None],
):
    events = await heard(LIMIT_V + 50.0)
    tripped_s = next(at_s for at_s, event in events if is_trip(event))
    volts = {at_s: event.voltage_v for at_s, event in events if isinstance(event, DcMeasured)}
    over_s = min((at_s for at_s, one in volts.items() if one > LIMIT_V), default=tripped_s)
    within_s = next(one.within_s for one in RULES if one.rule is Rule.DC_OVER_VOLTAGE)
    latency = {"board": "sim-dc", "rule": str(Rule.DC_OVER_VOLTAGE), "where": "its own monitor", "owner": "hardware"}
    record_property("latencies", [{**latency, "measured_s": tripped_s - over_s, "allowed_s": within_s}])
    assert tripped_s - over_s <= within_s
    assert volts[max(volts)] < LIMIT_V


@pytest.mark.lets_pass(Rule.DC_OVER_VOLTAGE)
async def test_a_supply_below_the_threshold_is_left_alone():
    events = await heard(LIMIT_V - 50.0)
    assert not [event for _, event in events if isinstance(event, FaultRaised)]
    assert [event.voltage_v for _, event in events if isinstance(event, DcMeasured)][-1] == LIMIT_V - 50.0
