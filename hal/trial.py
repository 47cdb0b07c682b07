"""One EVSE under test: what its stream says, the usual moves, and how long things take."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from hal.board import LEASE_RENEW_S, EvseHardware
from hal.conformance import Act, CheckFailedError, Measured, Subject
from hal.errors import HalError, HalGoneError, HalRefusedError, HalTimeoutError
from hal.iec61851 import DIGITAL_DUTY_PCT, RECLOSE_AFTER_ERROR_S, duty_for_current
from hal.types import (
    ContactorChanged,
    CpChanged,
    CpReading,
    CpState,
    FaultCleared,
    FaultKind,
    FaultRaised,
    HalEvent,
    LockChanged,
    LockState,
    PpChanged,
    Stamped,
)

TICK_S: Final = 0.005  # how often the suite looks: so much too long is what it measures at the most
SETTLE_S: Final = 3.0  # our policy: a lock, a plug, a reading is where it belongs by then
QUIET_S: Final = 1.5  # our policy: what has not happened by then does not happen
OFF_S: Final = 0.3  # our policy: from "off" to an open contactor, a driver's round trip included
REFUSE_S: Final = 0.2  # our policy: a refusal waits for nothing but a driver's round trip
TEST_A: Final = 10.0  # offered in the checks


class Trial:
    """One EVSE under test: what its stream said, and the usual moves."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.hardware: EvseHardware = subject.board.evses[subject.evse]
        self.stamped: list[Stamped] = []
        self._renewing: asyncio.Task[None] | None = None
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for one in self.hardware.events():
            self.stamped.append(one)

    async def end(self) -> None:
        """Leave the EVSE as it was found, and let the board see that."""
        if self._renewing is not None:
            self._renewing.cancel()
        with contextlib.suppress(HalError, CheckFailedError):
            await self.hardware.contactor.permit(False, "end of a check")
            await self.hardware.pilot.x1()
            if Act.UNPLUG in self._subject.bench.acts:
                await self.do(Act.UNPLUG)
                await self.sees(CpState.A)
        self._reading.cancel()
        await asyncio.gather(*filter(None, (self._renewing, self._reading)), return_exceptions=True)

    def last(self, kind: type[HalEvent]) -> HalEvent | None:
        """The latest event of this kind."""
        return next((one.event for one in reversed(self.stamped) if isinstance(one.event, kind)), None)

    @property
    def within_s(self) -> float:
        """How long what is tried may take."""
        return self._subject.allowed_s if self._subject.allowed_s is not None else SETTLE_S

    @property
    def reading(self) -> CpReading | None:
        """The latest pilot reading."""
        latest = self.last(CpChanged)
        return latest.reading if isinstance(latest, CpChanged) else None

    @property
    def closed(self) -> bool:
        """Whether the contactor is closed: seen from outside where somebody looks, else by its mirror."""
        seen = self._subject.bench.closed(self._subject.evse)
        mirror = self.last(ContactorChanged)
        return seen if seen is not None else isinstance(mirror, ContactorChanged) and mirror.closed

    def faults(self) -> set[FaultKind]:
        """The active faults."""
        active: set[FaultKind] = set()
        for one in self.stamped:
            if isinstance(one.event, FaultRaised):
                active.add(one.event.fault)
            elif isinstance(one.event, FaultCleared):
                active.discard(one.event.fault)
        return active

    async def until(self, condition: Callable[[], bool], within_s: float, what: str) -> float:
        """Wait for it; the loop's time when it was so. Raises `CheckFailedError` saying what did not happen."""
        loop = asyncio.get_running_loop()
        limit_s = loop.time() + within_s
        while not condition():
            if loop.time() >= limit_s:
                raise CheckFailedError(f"{what}: not within {within_s:g} s")
            await asyncio.sleep(TICK_S)
        return loop.time()

    async def stays_open(self, what: str) -> None:
        """Raises `CheckFailedError` when the contactor closes."""
        limit_s = asyncio.get_running_loop().time() + QUIET_S
        while asyncio.get_running_loop().time() < limit_s:
            if self.closed:
                raise CheckFailedError(f"{what}: the contactor closed")
            await asyncio.sleep(TICK_S)

    async def do(self, act: Act) -> float:
        """Have a hand do something; the loop's time of it."""
        at_s = await self._subject.bench.do(self._subject.evse, act)
        return asyncio.get_running_loop().time() if at_s is None else at_s

    async def sees(self, state: CpState) -> None:
        """Wait until the board sees this pilot state."""
        await self.until(lambda: self.reading is not None and self.reading.state is state, SETTLE_S, f"state {state}")

    async def offer(self, *, locked: bool = True) -> None:
        """A car in B at a plug, which is locked where it can be, with a current offered."""
        await self.do(Act.PLUG)
        await self.sees(CpState.B)
        if self.hardware.capabilities.has_proximity:
            await self.until(self._cable_known, SETTLE_S, "the cable's rating")
        if self.hardware.lock is not None and locked:
            await self.hardware.lock.lock()
            await self.until(lambda: self.last(LockChanged) == LockChanged(LockState.LOCKED), SETTLE_S, "locked")
        digital = self.hardware.capabilities.dc is not None
        await self.hardware.pilot.pwm(DIGITAL_DUTY_PCT if digital else duty_for_current(TEST_A))

    def _cable_known(self) -> bool:
        cable = self.last(PpChanged)
        return isinstance(cable, PpChanged) and cable.ampacity_a is not None

    def renew(self) -> None:
        """Permit, and go on permitting."""
        self._renewing = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        while True:
            with contextlib.suppress(HalRefusedError):
                await self.hardware.contactor.permit(True, "conformance")
            await asyncio.sleep(LEASE_RENEW_S)

    def fall_silent(self) -> None:
        """Renew no more."""
        if self._renewing is not None:
            self._renewing.cancel()

    async def charge(self) -> None:
        """A car charges, and the permission is renewed."""
        await self.offer()
        self.renew()
        await self.do(Act.ASK)
        await self.until(lambda: self.closed, RECLOSE_AFTER_ERROR_S + SETTLE_S, "closed with a car in C and permission")

    async def opens(self, since_s: float, within_s: float | None = None) -> Measured:
        """The time from `since_s` to an open contactor."""
        left_s = since_s + (self.within_s if within_s is None else within_s) + OFF_S - asyncio.get_running_loop().time()
        return Measured(await self.until(lambda: not self.closed, max(left_s, OFF_S), "open") - since_s)

    async def is_refused(self, command: Awaitable[None], name: str) -> Measured:
        """That a command is refused, by which rule, and how soon. An answer that does not come is no refusal."""
        loop = asyncio.get_running_loop()
        at_s = loop.time()
        try:
            await command
        except HalRefusedError as refusal:
            if self._subject.rule not in {None, refusal.rule}:
                raise CheckFailedError(f"{name}: refused by rule {refusal.rule}, not {self._subject.rule}") from refusal
            return Measured(loop.time() - at_s, (f"{name}: {refusal.rule}",))
        except (HalTimeoutError, HalGoneError) as silence:
            raise CheckFailedError(f"{name}: {silence}") from silence
        except HalError as error:
            return Measured(loop.time() - at_s, (f"{name}: {error}",))
        raise CheckFailedError(f"{name} was carried out")


@contextlib.asynccontextmanager
async def trial(subject: Subject) -> AsyncIterator[Trial]:
    """An EVSE with no car and an open contactor."""
    one = Trial(subject)
    try:
        if Act.UNPLUG in subject.bench.acts:
            await one.do(Act.UNPLUG)
            await one.sees(CpState.A)
        await one.until(lambda: one.last(ContactorChanged) is not None, SETTLE_S, "the contactor's state")
        await one.until(lambda: not one.closed, SETTLE_S, "open at the start")
        yield one
    finally:
        await one.end()
