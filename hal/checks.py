"""The checks of `hal.conformance`, in the order in which they are tried."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from hal.board import LEASE_S
from hal.checks_dc import DC_CHECKS
from hal.checks_meter import METER_CHECKS
from hal.checks_needs import (
    CAR,
    CARRIES_ALL,
    GIVES_DC,
    NO_LOCK,
    NO_METER,
    NO_PHASE_SWITCH,
    NO_RCD,
    NO_REPEATS,
    VENTILATED,
)
from hal.checks_ports import PORT_CHECKS
from hal.conformance import Act, Check, CheckFailedError, Measured, Subject
from hal.iec61851 import CLOSE_WITHIN_S, MAX_CURRENT_A, RECLOSE_AFTER_ERROR_S, duty_for_current
from hal.trial import OFF_S, REFUSE_S, SETTLE_S, trial
from hal.types import FaultKind, Rule

# Closing


async def _unpermitted(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.offer()
        await one.do(Act.ASK)
        await one.stays_open("a car in C without permission")
    return Measured()


async def _not_asking(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.offer()
        one.renew()
        await one.stays_open("a car in B with permission")
    return Measured()


async def _unlocked(subject: Subject) -> Measured:
    async with trial(subject) as one:
        if one.hardware.lock is not None:
            await one.hardware.lock.unlock()
        await one.offer(locked=False)
        one.renew()
        await one.do(Act.ASK)
        await one.stays_open("a car in C at an unlocked plug")
    return Measured()


async def _closes(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.offer()
        one.renew()
        asked_s = await one.do(Act.ASK)
        closed_s = await one.until(lambda: one.closed, RECLOSE_AFTER_ERROR_S, "closed with a car in C and permission")
    return Measured(closed_s - asked_s)


# Opening


async def _withdrawn(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.charge()
        one.fall_silent()
        at_s = asyncio.get_running_loop().time()
        await one.hardware.contactor.permit(False, "conformance")
        return await one.opens(at_s, OFF_S)


async def _silent(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.charge()
        one.fall_silent()
        at_s = asyncio.get_running_loop().time()
        return await one.opens(at_s, max(one.within_s, LEASE_S))


def _opens_on(act: Act, *, undo: Act | None = None) -> Callable[[Subject], Awaitable[Measured]]:
    """That the contactor opens when a hand does this while a car charges."""

    async def check(subject: Subject) -> Measured:
        async with trial(subject) as one:
            await one.charge()
            try:
                return await one.opens(await one.do(act))
            finally:
                if undo is not None:
                    await one.do(undo)

    return check


def _trips_on(act: Act, fault: FaultKind) -> Callable[[Subject], Awaitable[Measured]]:
    """That a residual current opens the contactor and it stays open until a reset; that a monitor reports it."""

    async def check(subject: Subject) -> Measured:
        async with trial(subject) as one:
            await one.charge()
            measured = await one.opens(await one.do(act))
            if one.hardware.rcd is not None:
                await one.until(lambda: fault in one.faults(), SETTLE_S, f"fault {fault}")
            await one.do(Act.END_LEAK)
            await one.stays_open("after a trip that nobody has reset")
            if one.hardware.rcd is None:
                await one.do(Act.RESET_RCD)
            else:
                await one.hardware.rcd.reset()
                await one.until(lambda: fault not in one.faults(), SETTLE_S, "reset")
        return measured

    return check


async def _offer_ends(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.charge()
        at_s = asyncio.get_running_loop().time()
        await one.hardware.pilot.x1()
        return await one.opens(at_s)


async def _overdraw(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.charge()
        try:
            return await one.opens(await one.do(Act.OVERDRAW))
        finally:
            await one.do(Act.END_OVERDRAW)


# Refusing


async def _over_limit(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.offer()
        too_much = duty_for_current(min(one.hardware.capabilities.max_current_a + 3.0, MAX_CURRENT_A))
        return await one.is_refused(one.hardware.pilot.pwm(too_much), f"PWM of {too_much:.0f} %")


async def _unlock_closed(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.charge()
        lock = one.hardware.lock
        if lock is None:
            raise CheckFailedError("there is no lock")
        return await one.is_refused(lock.unlock(), "unlock")


async def _phases_closed(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.charge()
        switch = one.hardware.phase_switch
        if switch is None:
            raise CheckFailedError("there is no phase switch")
        return await one.is_refused(switch.phases(1), "phases")


async def _self_test_closed(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.charge()
        if one.hardware.rcd is None:
            raise CheckFailedError("there is no residual-current monitor")
        return await one.is_refused(one.hardware.rcd.self_test(), "self-test")


async def _weld(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.charge()
        await one.do(Act.WELD)
        one.fall_silent()
        at_s = asyncio.get_running_loop().time()
        await one.hardware.contactor.permit(False, "conformance")
        found_s = await one.until(lambda: FaultKind.WELD in one.faults(), one.within_s + OFF_S, "a weld reported")
        refused = await one.is_refused(one.hardware.contactor.permit(True, "after a weld"), "permission")
    return Measured(found_s - at_s, refused.refused)


CHECKS: Final = (
    *PORT_CHECKS,
    Check(
        name="unpermitted",
        title="a car in C without permission gets nothing",
        run=_unpermitted,
        acts=CAR,
        rule=Rule.NO_PERMISSION,
    ),
    Check(name="not-asking", title="a car in B gets nothing", run=_not_asking, acts=CAR, rule=Rule.CP_NOT_CD),
    Check(
        name="unlocked",
        title="an unlocked plug gets nothing",
        run=_unlocked,
        acts=CAR,
        rule=Rule.NOT_LOCKED,
        unless=(NO_LOCK,),
    ),
    Check(
        name="lock-slips",
        title="a lock that gives way opens",
        run=_opens_on(Act.SLIP_LOCK),
        acts=CAR | {Act.SLIP_LOCK},
        rule=Rule.NOT_LOCKED,
        unless=(NO_LOCK,),
    ),
    Check(name="close", title="C with permission closes", run=_closes, acts=CAR, within_s=CLOSE_WITHIN_S),
    Check(name="withdraw", title="off opens", run=_withdrawn, acts=CAR, within_s=OFF_S),
    Check(name="leave-c", title="C to B opens", run=_opens_on(Act.PLUG), acts=CAR, rule=Rule.CP_NOT_CD),
    Check(name="unplug", title="unplugging opens", run=_opens_on(Act.UNPLUG), acts=CAR, rule=Rule.CP_NOT_CD),
    Check(name="lease", title="silence opens", run=_silent, acts=CAR, rule=Rule.LEASE_ENDED),
    Check(
        name="diode",
        title="a shorted diode opens",
        run=_opens_on(Act.SHORT_DIODE, undo=Act.MEND_DIODE),
        acts=CAR | {Act.SHORT_DIODE, Act.MEND_DIODE},
        rule=Rule.DIODE,
    ),
    Check(
        name="ventilation",
        title="D without ventilation opens",
        run=_opens_on(Act.ASK_VENTILATED),
        acts=CAR | {Act.ASK_VENTILATED},
        rule=Rule.VENTILATION,
        unless=(VENTILATED,),
    ),
    Check(name="offer-ends", title="X1 ignored by the car opens", run=_offer_ends, acts=CAR, rule=Rule.PILOT_OFF),
    Check(
        name="over-limit",
        title="no offer above the rating",
        run=_over_limit,
        acts=CAR,
        rule=Rule.PWM_OVER_LIMIT,
        within_s=REFUSE_S,
        unless=(GIVES_DC, CARRIES_ALL),
    ),
    Check(
        name="unlock-closed",
        title="no unlocking while closed",
        run=_unlock_closed,
        acts=CAR,
        rule=Rule.UNLOCK_CLOSED,
        within_s=REFUSE_S,
        unless=(NO_LOCK,),
    ),
    Check(
        name="phases-closed",
        title="no phase switching while closed",
        run=_phases_closed,
        acts=CAR,
        rule=Rule.PHASES_CLOSED,
        within_s=REFUSE_S,
        unless=(NO_PHASE_SWITCH,),
    ),
    Check(
        name="self-test-closed",
        title="no self-test while closed",
        run=_self_test_closed,
        acts=CAR,
        rule=Rule.SELF_TEST_CLOSED,
        within_s=REFUSE_S,
        unless=(NO_RCD,),
    ),
    Check(
        name="overdraw",
        title="a car that draws too much is cut off",
        run=_overdraw,
        acts=CAR | {Act.OVERDRAW, Act.END_OVERDRAW},
        rule=Rule.OVERCURRENT,
        unless=(GIVES_DC, NO_METER),
    ),
    Check(
        name="blind",
        title="a pilot that is not read any more opens",
        run=_opens_on(Act.BLIND_PILOT, undo=Act.MEND_PILOT),
        acts=CAR | {Act.BLIND_PILOT, Act.MEND_PILOT},
        rule=Rule.CP_STALE,
        unless=(NO_REPEATS,),
    ),
    Check(
        name="leak-dc",
        title="6 mA DC trips",
        run=_trips_on(Act.LEAK_DC, FaultKind.RCD_DC),
        acts=CAR | {Act.LEAK_DC, Act.END_LEAK, Act.RESET_RCD},
        rule=Rule.RESIDUAL_DC,
        unless=(GIVES_DC,),
    ),
    Check(
        name="leak-ac",
        title="residual AC trips",
        run=_trips_on(Act.LEAK_AC, FaultKind.RCD_AC),
        acts=CAR | {Act.LEAK_AC, Act.END_LEAK, Act.RESET_RCD},
        rule=Rule.RESIDUAL_AC,
        unless=(GIVES_DC,),
    ),
    *DC_CHECKS,
    *METER_CHECKS,
    Check(name="weld", title="a weld is found", run=_weld, acts=CAR | {Act.WELD}, rule=Rule.WELDED),
)
