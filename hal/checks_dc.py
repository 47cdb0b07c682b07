"""What a DC EVSE has to show beside the checks of `hal.checks`."""

from __future__ import annotations

import asyncio
from typing import Final

from hal import dc_figures
from hal.board import EvseHardware
from hal.conformance import Act, Check, CheckFailedError, Measured, Subject
from hal.trial import SETTLE_S, Trial, trial
from hal.types import DcMeasured, DcMode, InsulationMeasured

TEST_V: Final = 400.0
DISCHARGE_S: Final = 5.0  # our policy: a supply is below what may be touched by then [check: IEC 61851-23]
DC_PORTS: Final = ("dc_supply", "insulation", "over_voltage")
CAR: Final = frozenset({Act.UNPLUG, Act.PLUG, Act.ASK})


def is_ac(hardware: EvseHardware) -> bool:
    """Whether it offers an alternating current by its pilot."""
    return hardware.capabilities.dc is None


async def _nothing_for_nobody(subject: Subject) -> Measured:
    async with trial(subject) as one:
        supply = one.hardware.dc_supply
        if supply is None:
            raise CheckFailedError("there is no DC supply")
        await one.until(lambda: one.last(DcMeasured) is not None, SETTLE_S, "what is at the output")
        refused = await one.is_refused(supply.mode(DcMode.CABLE_CHECK), "a cable check behind an open contactor")
        await supply.mode(DcMode.OFF)
    return Measured(refused=(refused,))


async def _unproved(subject: Subject) -> Measured:
    async with trial(subject) as one:
        supply = one.hardware.dc_supply
        if supply is None:
            raise CheckFailedError("there is no DC supply")
        await one.charge()
        await supply.set(TEST_V, 1.0)
        refused = await one.is_refused(supply.mode(DcMode.PRECHARGE), "a precharge without a cable check")
    return Measured(refused=(refused,))


async def _cable_check(subject: Subject) -> Measured:
    """Voltage, insulation, self-test; then "off" to a voltage that may be touched."""
    async with trial(subject) as one:
        supply, monitor = one.hardware.dc_supply, one.hardware.insulation
        if supply is None or monitor is None:
            raise CheckFailedError("there is no DC supply, or no insulation monitor")
        await one.charge()
        await supply.set(TEST_V, 1.0)
        await supply.mode(DcMode.CABLE_CHECK)
        await one.until(lambda: _output_v(one) >= TEST_V * 0.95, SETTLE_S, f"{TEST_V:g} V")
        await monitor.start()
        await monitor.test(TEST_V)
        await one.until(lambda: one.last(InsulationMeasured) is not None, SETTLE_S, "a resistance to earth")
        at_s = asyncio.get_running_loop().time()
        await supply.mode(DcMode.OFF)
        off_s = await one.until(
            lambda: _output_v(one) < dc_figures.SAFE_V, DISCHARGE_S, f"below {dc_figures.SAFE_V:g} V"
        )
        await monitor.stop()
    return Measured(off_s - at_s)


def _output_v(one: Trial) -> float:
    output = one.last(DcMeasured)
    return output.voltage_v if isinstance(output, DcMeasured) else 0.0


DC_CHECKS: Final = (
    Check(
        name="dc-nobody",
        title="a DC supply gives nothing behind an open contactor",
        run=_nothing_for_nobody,
        applies=lambda it: it.capabilities.dc is not None,
    ),
    Check(
        name="dc-unproved",
        title="no precharge before a cable check",
        run=_unproved,
        acts=CAR,
        applies=lambda it: it.capabilities.dc is not None,
    ),
    Check(
        name="dc-cable-check",
        title="a cable check passes, and its voltage goes",
        run=_cable_check,
        acts=CAR,
        within_s=DISCHARGE_S,
        applies=lambda it: it.capabilities.dc is not None,
    ),
)
