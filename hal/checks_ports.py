"""The checks of `hal.conformance` that ports and streams are what the board says of itself."""

from __future__ import annotations

import asyncio
from typing import Final

from hal.checks_dc import DC_PORTS
from hal.checks_needs import CAR, GIVES_DC, NO_LOCK, NO_METER, NO_OFFER_APART, NO_RCD
from hal.conformance import Act, Check, CheckFailedError, Measured, Subject
from hal.iec61851 import MAX_CURRENT_A, MIN_CURRENT_A, duty_for_current
from hal.trial import QUIET_S, SETTLE_S, TEST_A, trial
from hal.types import ContactorChanged, CpChanged, CpState, LockChanged, LockState, PpChanged, Quality

DUTY_TOLERANCE_PCT: Final = 1.0  # our policy: IEC 61851-1 allows half a point at the source; measuring adds the rest


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
        await asyncio.sleep(QUIET_S)  # what it found may be told by the next reading only
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


PORT_CHECKS: Final = (
    Check(name="parts", title="capabilities and ports agree", run=_parts),
    Check(name="stream", title="the stream begins with the state, in order", run=_stream),
    Check(name="meter", title="the meter reads", run=_meter, unless=(NO_METER,)),
    Check(name="levels", title="A, B and C are seen", run=_levels, acts=CAR),
    Check(
        name="duty",
        title="PWM runs as asked, and X1 ends it",
        run=_duty,
        acts=CAR,
        unless=(NO_OFFER_APART, GIVES_DC),
    ),
    Check(name="lock", title="the lock locks and unlocks", run=_lock, unless=(NO_LOCK,)),
    Check(name="self-test", title="the RCD self-test passes", run=_self_test, unless=(NO_RCD,)),
)
