"""What a DC EVSE has to show beside the checks of `hal.checks`: one check or two for each rule of direct current."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from hal import dc_figures
from hal.board import DcSupply, InsulationMonitor, OverVoltageMonitor
from hal.checks_needs import CAR, GIVES_AC
from hal.conformance import Act, Check, CheckFailedError, Measured, Subject, Unless
from hal.dc import INSULATION_TELLS_S
from hal.iec61851 import PWM_SPACING_S, duty_for_current
from hal.ownership import SWITCHING_S
from hal.trial import QUIET_S, REFUSE_S, SETTLE_S, TEST_A, Trial, trial
from hal.types import DcMeasured, DcMode, FaultKind, InsulationMeasured, Rule

TEST_V: Final = 400.0
PREPARING_A: Final = 1.0
CLASS_V: Final = dc_figures.OVER_VOLTAGE_CLASSES[0][1]  # the threshold of the lowest class
ABOVE_CLASS_V: Final = CLASS_V + 50.0
NEXT_CLASS_V: Final = dc_figures.OVER_VOLTAGE_CLASSES[1][1]
REACHED: Final = 0.95  # our policy: of the voltage that was asked for
DISCHARGE_S: Final = 5.0  # our policy: a supply is below what may be touched by then [check: IEC 61851-23]
DC_PORTS: Final = ("dc_supply", "insulation", "over_voltage")
TOO_LOW: Final = Unless(
    f"its supply does not reach {ABOVE_CLASS_V:g} V",
    lambda it: it.capabilities.dc is not None and it.capabilities.dc.max_voltage_v < ABOVE_CLASS_V,
)


def _devices(one: Trial) -> tuple[DcSupply, InsulationMonitor, OverVoltageMonitor]:
    it = one.hardware
    if it.dc_supply is None or it.insulation is None or it.over_voltage is None:
        raise CheckFailedError("there is no DC supply, no insulation monitor or no over-voltage monitor")
    return it.dc_supply, it.insulation, it.over_voltage


def _output_v(one: Trial) -> float:
    output = one.last(DcMeasured)
    return output.voltage_v if isinstance(output, DcMeasured) else 0.0


async def _reaches(one: Trial, volts: float) -> None:
    await one.until(lambda: _output_v(one) >= volts * REACHED, SETTLE_S, f"{volts:g} V at the output")


async def _dead(one: Trial) -> float:
    return await one.until(lambda: _output_v(one) < dc_figures.SAFE_V, DISCHARGE_S, f"below {dc_figures.SAFE_V:g} V")


async def _prove(one: Trial, volts: float = TEST_V) -> None:
    """A car behind a cable that was checked at `volts`; the monitor goes on measuring."""
    supply, monitor, _ = _devices(one)
    await one.charge()
    await supply.set(volts, PREPARING_A)
    await supply.mode(DcMode.CABLE_CHECK)
    await _reaches(one, volts)
    await monitor.start()
    await monitor.test(volts)
    await one.until(lambda: one.last(InsulationMeasured) is not None, SETTLE_S, "a resistance to earth")
    if one.faults():
        raise CheckFailedError(f"the insulation monitor's self-test left {', '.join(sorted(one.faults()))}")


async def _deliver(one: Trial, volts: float = TEST_V) -> None:
    """A precharge runs, with everything that it needs."""
    supply, _, guard = _devices(one)
    await _prove(one, volts)
    await guard.watch(NEXT_CLASS_V)
    await supply.mode(DcMode.PRECHARGE)
    await _reaches(one, volts)


async def _nothing_for_nobody(subject: Subject) -> Measured:
    async with trial(subject) as one:
        supply, _, _ = _devices(one)
        await one.until(lambda: one.last(DcMeasured) is not None, SETTLE_S, "what is at the output")
        measured = await one.is_refused(supply.mode(DcMode.CABLE_CHECK), "a cable check behind an open contactor")
        await supply.mode(DcMode.OFF)
    return measured


async def _unproved(subject: Subject) -> Measured:
    async with trial(subject) as one:
        supply, _, guard = _devices(one)
        await one.charge()
        await guard.watch(NEXT_CLASS_V)
        await supply.set(TEST_V, PREPARING_A)
        return await one.is_refused(supply.mode(DcMode.PRECHARGE), "a precharge without a cable check")


async def _cable_check(subject: Subject) -> Measured:
    """Voltage, insulation, self-test; then "off" to a voltage that may be touched."""
    async with trial(subject) as one:
        supply, monitor, _ = _devices(one)
        await _prove(one)
        at_s = asyncio.get_running_loop().time()
        await supply.mode(DcMode.OFF)
        off_s = await _dead(one)
        await monitor.stop()
    return Measured(off_s - at_s)


async def _analog(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.charge()
        await asyncio.sleep(PWM_SPACING_S)
        at_s = asyncio.get_running_loop().time()
        await one.hardware.pilot.pwm(duty_for_current(TEST_A))
        return await one.opens(at_s)


async def _unwatched(subject: Subject) -> Measured:
    async with trial(subject) as one:
        supply, _, _ = _devices(one)
        await _prove(one)
        return await one.is_refused(supply.mode(DcMode.PRECHARGE), "a precharge that nobody watches")


async def _fed(subject: Subject) -> Measured:
    """A contactor is not closed onto a voltage; once the voltage is gone, it is."""
    async with trial(subject) as one:
        await one.do(Act.FEED_OUTPUT)
        try:
            await one.until(lambda: _output_v(one) >= dc_figures.SAFE_V, SETTLE_S, "a voltage at the output")
            await one.offer()
            one.renew()
            await one.do(Act.ASK)
            await one.stays_open("onto a live supply")
        finally:
            await one.do(Act.END_FEED)
        await one.until(lambda: one.closed, QUIET_S + SETTLE_S, "closed once the voltage is gone")
    return Measured()


def _opens_delivering(act: Act, undo: Act) -> Callable[[Subject], Awaitable[Measured]]:
    """That contactor and supply go when a hand does this in a precharge."""

    async def check(subject: Subject) -> Measured:
        async with trial(subject) as one:
            await _deliver(one)
            try:
                return await one.opens(await one.do(act))
            finally:
                await one.do(undo)

    return check


async def _over_voltage(subject: Subject) -> Measured:
    """The threshold is lowered below what is at the output: the monitor has to find it, and cut the supply off."""
    async with trial(subject) as one:
        _, _, guard = _devices(one)
        await _deliver(one, ABOVE_CLASS_V)
        at_s = asyncio.get_running_loop().time()
        await guard.watch(CLASS_V)
        found_s = await one.until(
            lambda: FaultKind.DC_OVER_VOLTAGE in one.faults(), one.within_s, "over-voltage reported"
        )
        await _dead(one)
    return Measured(found_s - at_s)


DC_CHECKS: Final = (
    Check(
        name="dc-nobody",
        title="a DC supply gives nothing behind an open contactor",
        run=_nothing_for_nobody,
        rule=Rule.NO_PERMISSION,
        within_s=REFUSE_S,
        unless=(GIVES_AC,),
    ),
    Check(
        name="dc-unproved",
        title="no precharge before a cable check",
        run=_unproved,
        acts=CAR,
        rule=Rule.INSULATION,
        within_s=REFUSE_S,
        unless=(GIVES_AC,),
    ),
    Check(
        name="dc-cable-check",
        title="a cable check passes, and its voltage goes",
        run=_cable_check,
        acts=CAR,
        within_s=DISCHARGE_S,
        unless=(GIVES_AC,),
    ),
    Check(
        name="dc-analog",
        title="an analogue offer opens",
        run=_analog,
        acts=CAR,
        rule=Rule.NOT_DIGITAL,
        unless=(GIVES_AC,),
    ),
    Check(
        name="dc-unwatched",
        title="no precharge without a watch for over-voltage",
        run=_unwatched,
        acts=CAR,
        rule=Rule.DC_UNWATCHED,
        within_s=REFUSE_S,
        unless=(GIVES_AC,),
    ),
    Check(
        name="dc-fed",
        title="a contactor does not close onto a voltage",
        run=_fed,
        acts=CAR | {Act.FEED_OUTPUT, Act.END_FEED},
        rule=Rule.DC_LIVE,
        unless=(GIVES_AC,),
    ),
    Check(
        name="dc-blind-supply",
        title="an output that is not measured any more opens",
        run=_opens_delivering(Act.BLIND_SUPPLY, Act.MEND_SUPPLY),
        acts=CAR | {Act.BLIND_SUPPLY, Act.MEND_SUPPLY},
        rule=Rule.DC_LIVE,
        unless=(GIVES_AC,),
    ),
    Check(
        name="dc-leak",
        title="a pole's fault to earth opens",
        run=_opens_delivering(Act.LEAK_POLE, Act.END_LEAK_POLE),
        acts=CAR | {Act.LEAK_POLE, Act.END_LEAK_POLE},
        rule=Rule.INSULATION,
        within_s=INSULATION_TELLS_S + SWITCHING_S,
        unless=(GIVES_AC,),
    ),
    Check(
        name="dc-blind-monitor",
        title="an insulation that is not measured any more opens",
        run=_opens_delivering(Act.BLIND_MONITOR, Act.MEND_MONITOR),
        acts=CAR | {Act.BLIND_MONITOR, Act.MEND_MONITOR},
        rule=Rule.INSULATION,
        unless=(GIVES_AC,),
    ),
    Check(
        name="dc-over-voltage",
        title="an output above the threshold is cut off",
        run=_over_voltage,
        acts=CAR,
        rule=Rule.DC_OVER_VOLTAGE,
        unless=(GIVES_AC, TOO_LOW),
    ),
)
