"""The checks of `hal.conformance`, in the order in which they are tried."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from hal.board import LEASE_S
from hal.checks_dc import CAR, DC_CHECKS, DC_PORTS, is_ac
from hal.conformance import Act, Check, CheckFailedError, Measured, Subject
from hal.iec61851 import CLOSE_WITHIN_S, MAX_CURRENT_A, MIN_CURRENT_A, RECLOSE_AFTER_ERROR_S, duty_for_current
from hal.trial import OFF_S, SETTLE_S, TEST_A, trial
from hal.types import (
    ContactorChanged,
    CpChanged,
    CpState,
    FaultKind,
    LockChanged,
    LockState,
    PpChanged,
    Quality,
    Rule,
)

DUTY_TOLERANCE_PCT: Final = 1.0  # our policy: IEC 61851-1 allows half a point at the source; measuring adds the rest


def _within(subject: Subject) -> float:
    return subject.allowed_s if subject.allowed_s is not None else SETTLE_S


# Ports and streams


async def _parts(subject: Subject) -> Measured:
    hardware = subject.board.evses[subject.evse]
    it = hardware.capabilities
    for name, has, port in (
        ("lock", it.has_lock, hardware.lock),
        ("rcd", it.has_rcd, hardware.rcd),
        ("phase_switch", it.has_phase_switch, hardware.phase_switch),
        *((name, it.dc is not None, getattr(hardware, name, None)) for name in DC_PORTS),
    ):
        if has != (port is not None):
            raise CheckFailedError(f"the capabilities say that {name} is {has}, but the port says otherwise")
    if not MIN_CURRENT_A <= it.max_current_a <= MAX_CURRENT_A:
        raise CheckFailedError(f"max_current_a is {it.max_current_a}; give 6 to 80 A")
    return Measured()


async def _stream(subject: Subject) -> Measured:
    async with trial(subject) as one:
        kinds = {CpChanged, ContactorChanged}
        kinds |= {LockChanged} if one.hardware.lock is not None else set()
        kinds |= {PpChanged} if one.hardware.capabilities.has_proximity else set()
        for kind in kinds:
            await one.until(lambda kind=kind: one.last(kind) is not None, SETTLE_S, f"a first {kind.__name__}")  # type: ignore[misc]
        if [stamped.seq for stamped in one.stamped] != list(range(1, len(one.stamped) + 1)):
            raise CheckFailedError("seq does not count from 1 without gaps")
        times = [stamped.mono_s for stamped in one.stamped]
        if times != sorted(times) or times[-1] > asyncio.get_running_loop().time():
            raise CheckFailedError("mono_s goes backwards, or lies ahead of the loop's clock")
    return Measured()


async def _levels(subject: Subject) -> Measured:
    steps = [(Act.PLUG, CpState.B), (Act.ASK, CpState.C), (Act.PLUG, CpState.B), (Act.UNPLUG, CpState.A)]
    async with trial(subject) as one:
        if one.hardware.capabilities.permit_first:
            steps = [steps[0], steps[-1]]  # it does not look for more before it is permitted
        for act, state in steps:
            await one.do(act)
            await one.sees(state)
    return Measured()


async def _duty(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.offer()
        duty_pct = duty_for_current(TEST_A)

        def measured() -> bool:
            reading = one.reading
            known = reading is not None and reading.duty_pct is not None
            return known and abs((reading.duty_pct or 0.0) - duty_pct) <= DUTY_TOLERANCE_PCT if reading else False

        await one.until(measured, SETTLE_S, f"a duty cycle of {duty_pct:.1f} %")
        await one.hardware.pilot.x1()
        await one.until(lambda: one.reading is not None and one.reading.duty_pct is None, SETTLE_S, "X1 without PWM")
    return Measured()


async def _lock(subject: Subject) -> Measured:
    async with trial(subject) as one:
        lock = one.hardware.lock
        if lock is None:
            raise CheckFailedError("there is no lock")
        await lock.lock()
        await one.until(lambda: one.last(LockChanged) == LockChanged(LockState.LOCKED), SETTLE_S, "locked")
        await lock.unlock()
        await one.until(lambda: one.last(LockChanged) == LockChanged(LockState.UNLOCKED), SETTLE_S, "unlocked")
    return Measured()


async def _self_test(subject: Subject) -> Measured:
    async with trial(subject) as one:
        if one.hardware.rcd is None:
            raise CheckFailedError("there is no residual-current monitor")
        await one.hardware.rcd.self_test()
        if one.faults():
            raise CheckFailedError(f"the self-test left {', '.join(sorted(one.faults()))}")
    return Measured()


async def _meter(subject: Subject) -> Measured:
    meter = subject.board.evses[subject.evse].meter
    if meter is None:
        raise CheckFailedError("there is no meter")
    before_s = asyncio.get_running_loop().time()
    first, second = await meter.read(), await meter.read()
    if first.quality is not Quality.GOOD or first.taken_mono_s < before_s:
        raise CheckFailedError("a reading is older than the request for it")
    if second.energy_import_wh < first.energy_import_wh:
        raise CheckFailedError("the energy went backwards")
    return Measured()


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
        return await one.opens(at_s, max(_within(subject), LEASE_S))


def _opens_on(act: Act, *, undo: Act | None = None) -> Callable[[Subject], Awaitable[Measured]]:
    """That the contactor opens when a hand does this while a car charges."""

    async def check(subject: Subject) -> Measured:
        async with trial(subject) as one:
            await one.charge()
            try:
                return await one.opens(await one.do(act), _within(subject))
            finally:
                if undo is not None:
                    await one.do(undo)

    return check


def _trips_on(act: Act, fault: FaultKind) -> Callable[[Subject], Awaitable[Measured]]:
    """That a residual current opens the contactor and it stays open until a reset; that a monitor reports it."""

    async def check(subject: Subject) -> Measured:
        async with trial(subject) as one:
            await one.charge()
            measured = await one.opens(await one.do(act), _within(subject))
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
        return await one.opens(at_s, _within(subject))


async def _overdraw(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.charge()
        try:
            return await one.opens(await one.do(Act.OVERDRAW), _within(subject))
        finally:
            await one.do(Act.END_OVERDRAW)


# Refusing


async def _over_limit(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.offer()
        too_much = duty_for_current(min(one.hardware.capabilities.max_current_a + 3.0, MAX_CURRENT_A))
        refused = await one.is_refused(one.hardware.pilot.pwm(too_much), f"PWM of {too_much:.0f} %")
    return Measured(refused=(refused,))


async def _unlock_closed(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.charge()
        lock = one.hardware.lock
        if lock is None:
            raise CheckFailedError("there is no lock")
        return Measured(refused=(await one.is_refused(lock.unlock(), "unlock"),))


async def _phases_closed(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.charge()
        switch = one.hardware.phase_switch
        if switch is None:
            raise CheckFailedError("there is no phase switch")
        return Measured(refused=(await one.is_refused(switch.phases(1), "phases"),))


async def _self_test_closed(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.charge()
        if one.hardware.rcd is None:
            raise CheckFailedError("there is no residual-current monitor")
        return Measured(refused=(await one.is_refused(one.hardware.rcd.self_test(), "self-test"),))


async def _weld(subject: Subject) -> Measured:
    async with trial(subject) as one:
        await one.charge()
        await one.do(Act.WELD)
        one.fall_silent()
        at_s = asyncio.get_running_loop().time()
        await one.hardware.contactor.permit(False, "conformance")
        found_s = await one.until(lambda: FaultKind.WELD in one.faults(), _within(subject) + OFF_S, "a weld reported")
        refused = await one.is_refused(one.hardware.contactor.permit(True, "after a weld"), "permission")
    return Measured(found_s - at_s, (refused,))


CHECKS: Final = (
    Check(name="parts", title="capabilities and ports agree", run=_parts),
    Check(name="stream", title="the stream begins with the state, in order", run=_stream),
    Check(name="meter", title="the meter reads", run=_meter, applies=lambda it: it.meter is not None),
    Check(name="levels", title="A, B and C are seen", run=_levels, acts=CAR),
    Check(
        name="duty",
        title="PWM runs as asked, and X1 ends it",
        run=_duty,
        acts=CAR,
        applies=lambda it: not it.capabilities.permit_first and is_ac(it),
    ),
    Check(name="lock", title="the lock locks and unlocks", run=_lock, applies=lambda it: it.lock is not None),
    Check(name="self-test", title="the RCD self-test passes", run=_self_test, applies=lambda it: it.rcd is not None),
    Check(name="unpermitted", title="a car in C without permission gets nothing", run=_unpermitted, acts=CAR),
    Check(name="not-asking", title="a car in B gets nothing", run=_not_asking, acts=CAR, rule=Rule.CP_NOT_CD),
    Check(
        name="unlocked",
        title="an unlocked plug gets nothing",
        run=_unlocked,
        acts=CAR,
        rule=Rule.NOT_LOCKED,
        applies=lambda it: it.lock is not None,
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
        applies=lambda it: not it.capabilities.has_ventilation,
    ),
    Check(name="offer-ends", title="X1 ignored by the car opens", run=_offer_ends, acts=CAR, rule=Rule.PILOT_OFF),
    Check(
        name="over-limit",
        title="no offer above the rating",
        run=_over_limit,
        acts=CAR,
        rule=Rule.PWM_OVER_LIMIT,
        applies=lambda it: it.capabilities.dc is None,
    ),
    Check(
        name="unlock-closed",
        title="no unlocking while closed",
        run=_unlock_closed,
        acts=CAR,
        rule=Rule.UNLOCK_CLOSED,
        applies=lambda it: it.lock is not None,
    ),
    Check(
        name="phases-closed",
        title="no phase switching while closed",
        run=_phases_closed,
        acts=CAR,
        rule=Rule.PHASES_CLOSED,
        applies=lambda it: it.phase_switch is not None,
    ),
    Check(
        name="self-test-closed",
        title="no self-test while closed",
        run=_self_test_closed,
        acts=CAR,
        applies=lambda it: it.rcd is not None,
    ),
    Check(
        name="overdraw",
        title="a car that draws too much is cut off",
        run=_overdraw,
        acts=CAR | {Act.OVERDRAW, Act.END_OVERDRAW},
        rule=Rule.OVERCURRENT,
        applies=lambda it: it.meter is not None and is_ac(it),
    ),
    Check(
        name="blind",
        title="a pilot that is not read any more opens",
        run=_opens_on(Act.BLIND_PILOT, undo=Act.MEND_PILOT),
        acts=CAR | {Act.BLIND_PILOT, Act.MEND_PILOT},
        rule=Rule.CP_STALE,
        applies=lambda it: it.capabilities.cp_repeat_s is not None,
    ),
    Check(
        name="leak-dc",
        title="6 mA DC trips",
        run=_trips_on(Act.LEAK_DC, FaultKind.RCD_DC),
        acts=CAR | {Act.LEAK_DC, Act.END_LEAK, Act.RESET_RCD},
        rule=Rule.RESIDUAL_DC,
    ),
    Check(
        name="leak-ac",
        title="residual AC trips",
        run=_trips_on(Act.LEAK_AC, FaultKind.RCD_AC),
        acts=CAR | {Act.LEAK_AC, Act.END_LEAK, Act.RESET_RCD},
        rule=Rule.RESIDUAL_AC,
    ),
    *DC_CHECKS,
    Check(name="weld", title="a weld is found", run=_weld, acts=CAR | {Act.WELD}, rule=Rule.WELDED),
)
