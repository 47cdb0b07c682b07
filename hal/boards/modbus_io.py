"""A Modbus EVSE controller of the EVSE-DIN kind for the pilot, and a relay board for permission and mirror contact.

The controller closes its own relay in C and D; the relay board's lies in series with it, so that nothing closes
without permission. Registers of the controller as its users have written them down: 1000 current to offer in A (below
6: no PWM), 1001 current offered, 1002 vehicle (1 A, 2 B, 3 C, 4 D, 5 failure), 1003 cable in A, 1004 bit 0 off,
1005 firmware, 1006 pilot (1 constant, 2 PWM, 3 off).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec

from hal.commands import AnyCommand, Permit, PilotF, PilotPwm, PilotX1
from hal.driver import DriverEvse
from hal.errors import HalError, HalGoneError, HalTimeoutError, MeterError
from hal.iec61851 import CP_LEVELS, MIN_CURRENT_A, current_for_duty, duty_for_current
from hal.modbus.bus import ModbusBus, Unit
from hal.modbus.schema import ReadRequest
from hal.ownership import RESIDUAL_AC_S, by_interlock, owned_by
from hal.stream import Stream
from hal.tasks import stop
from hal.types import (
    BoardInfo,
    Claim,
    ContactorChanged,
    CpChanged,
    CpReading,
    CpState,
    EvseCapabilities,
    FaultKind,
    MeterErrorKind,
    Owner,
    PpChanged,
    Rule,
    Stamped,
)

POLL_S: Final = 0.1  # our policy: a tenth of a second of 9600 baud carries it, with a meter beside
POLL_DEADLINE_S: Final = 0.5
LOST_AFTER: Final = 2  # our policy: failed polls
CP_REPEAT_S: Final = 0.5
DISCRETE, HOLDING = 2, 3  # function codes that read
WRITE_COIL: Final = 5
OFFER, VEHICLE, OFF = 1000, 1002, 1004
STATUS: Final = ReadRequest(HOLDING, OFFER, 7)
PROBES: Final = tuple(ReadRequest(HOLDING, OFFER, count) for count in (2, 3, 4, 5))
FAILURE: Final = 5
VEHICLES: Final = {1: CpState.A, 2: CpState.B, 3: CpState.C, 4: CpState.D}
RUNS_PWM: Final = 2
LEVEL_MV: Final = {row.state: row.nominal_mv for row in CP_LEVELS}
LOW_MV: Final = -12_000  # the controller checks the diode itself, and says only whether it failed
CONTROLLER_S: Final = 0.1  # of the controller's relay, as its maker says of leaving C
CONTROLLER_OWNS: Final = (Rule.CP_NOT_CD, Rule.DIODE, Rule.VENTILATION)
REACTION_S: Final = 0.5  # a poll, a command between two polls, and the contactor


class Relay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A relay board: the relay in series is a coil or a holding register, the mirror contact an input or a register.

    `coil_function`: 5 switches one coil, 15 is for boards that only know many.
    `watchdog_register` takes tenths of a second of silence after which the board drops its relays by itself.
    """

    unit: int
    coil: int | None = None
    coil_function: Literal[5, 15] = WRITE_COIL
    coil_register: int | None = None
    mirror_input: int | None = None
    mirror_register: int | None = None
    mirror_bit: int = 0
    watchdog_register: int | None = None
    watchdog_s: Annotated[float, msgspec.Meta(gt=0, le=2.0)] = 2.0

    def __post_init__(self) -> None:
        """Raise ValueError naming what is missing, or said twice."""
        for one, other in (("coil", "coil_register"), ("mirror_input", "mirror_register")):
            if (getattr(self, one) is None) == (getattr(self, other) is None):
                raise ValueError(f"relay: give {one} or {other}")

    @property
    def mirror(self) -> ReadRequest:
        """What says whether the contactor is closed."""
        if self.mirror_input is not None:
            return ReadRequest(DISCRETE, self.mirror_input, 1)
        return ReadRequest(HOLDING, self.mirror_register or 0, 1)


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Table `hal.options`."""

    bus: str
    unit: int = 1
    relay: Relay
    max_current_a: float = 32.0
    phases: int = 3
    proximity: bool = True


def claims(options: Options) -> tuple[Claim, ...]:
    """Who has which rule. The installation has a residual-current device of type B before it, or A and 6 mA DC."""
    lease: tuple[Claim, ...] = ()
    if options.relay.watchdog_register is not None:
        lease = owned_by(Owner.MCU, options.relay.watchdog_s + CONTROLLER_S, Rule.LEASE_ENDED)
    taken = (*CONTROLLER_OWNS, *(one.rule for one in lease))
    return (
        *owned_by(Owner.MCU, CONTROLLER_S, *CONTROLLER_OWNS),
        *owned_by(Owner.HARDWARE, RESIDUAL_AC_S, Rule.RESIDUAL_DC, Rule.RESIDUAL_AC),
        *lease,
        *by_interlock(REACTION_S, but=taken),
    )


class ModbusIoBoard:
    """`hal.board.Board` with one EVSE. `bus` may be shared with meters."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.info = BoardInfo("evse-agent", "Modbus EVSE controller", options.bus, claims=claims(options))
        capabilities = EvseCapabilities(
            max_current_a=options.max_current_a,
            phases=options.phases,
            has_proximity=options.proximity,
            cp_repeat_s=CP_REPEAT_S,
        )
        self.evses: Mapping[int, DriverEvse] = {1: DriverEvse(capabilities, self._ask)}
        self.bus = ModbusBus(options.bus)
        self._mirror = options.relay.mirror
        self._controller: Unit = self.bus.unit(options.unit, probes=PROBES)
        self._relay: Unit = self.bus.unit(options.relay.unit, probes=(self._mirror,))
        self._stream = Stream()
        self._state: CpState | None = None
        self._repeat_s = 0.0
        self._cycles = 0
        self._closed = False
        self._polling: asyncio.Task[None] | None = None

    def events(self) -> AsyncIterator[Stamped]:
        """The station's own stream: this board has nothing to say there."""
        return self._stream.read()

    async def start(self) -> None:
        """Open the relay, set the watchdog, offer nothing, and begin to poll. Raises `HalError`."""
        relay = self._options.relay
        await self._switch(False, 1.0)
        if relay.watchdog_register is not None:
            await self._write(self._relay, relay.watchdog_register, [round(relay.watchdog_s * 10)], 1.0)
        await self._write(self._controller, OFFER, [0], 1.0)
        self._polling = asyncio.create_task(self._poll())

    async def close(self) -> None:
        """Open the relay and release the bus."""
        await stop([self._polling])
        try:
            await self._switch(False, 1.0)
        except HalError:
            pass  # a relay board that does not answer has its watchdog, and the controller its pilot
        finally:
            await self.bus.close()
            for stream in (self._stream, self.evses[1].stream):
                stream.end()

    # Commands

    async def _ask(self, command: AnyCommand, deadline_s: float) -> None:
        match command:
            case Permit(on):
                await self._switch(on, deadline_s)
            case PilotPwm(duty_pct):
                await self._offer(current_for_duty(duty_pct), deadline_s)
            case PilotX1():
                await self._write(self._controller, OFFER, [0], deadline_s)
            case PilotF():  # there is no -12 V: "off" is all that this controller can say
                await self._write(self._controller, OFFER, [0], deadline_s)
                await self._write(self._controller, OFF, [1], deadline_s)
            case _:
                raise HalError(f"this controller has nothing to carry out {command}")

    async def _offer(self, current_a: float | None, deadline_s: float) -> None:
        """Whole ampere, never more than asked for."""
        if current_a is None or current_a < MIN_CURRENT_A:
            raise HalError("this controller knows no digital communication; offer 6 A or more")
        await self._write(self._controller, OFF, [0], deadline_s)
        await self._write(self._controller, OFFER, [math.floor(current_a + 1e-6)], deadline_s)

    async def _switch(self, on: bool, deadline_s: float) -> None:
        """The relay in series."""
        it, until_s = self._options.relay, asyncio.get_running_loop().time() + deadline_s
        if it.coil is not None:
            await self._done(self._relay.switch(it.coil_function, it.coil, on, until_s=until_s))
        else:
            await self._done(self._relay.write(it.coil_register or 0, [int(on)], until_s=until_s))

    async def _write(self, unit: Unit, register: int, words: Sequence[int], deadline_s: float) -> None:
        await self._done(unit.write(register, words, until_s=asyncio.get_running_loop().time() + deadline_s))

    async def _done(self, written: Awaitable[None]) -> None:
        try:
            await written
        except MeterError as error:
            kind = HalTimeoutError if error.kind is MeterErrorKind.TIMEOUT else HalGoneError
            raise kind(f"{self._options.bus}: {error.detail}") from error

    # What it says

    async def _poll(self) -> None:
        loop, evse, failed = asyncio.get_running_loop(), self.evses[1], 0
        while True:
            until_s = loop.time() + POLL_DEADLINE_S
            try:
                words = await self._controller.read(STATUS, until_s=until_s)
                (mirror,) = await self._relay.read(self._mirror, until_s=until_s)
            except MeterError as error:
                failed += 1
                if failed >= LOST_AFTER:
                    evse.lost(error.detail)
            else:
                failed = 0
                evse.found()
                self._said(evse, words, bool(mirror >> self._options.relay.mirror_bit & 1), loop.time())
            await asyncio.sleep(max(until_s - POLL_DEADLINE_S + POLL_S - loop.time(), 0.0))

    def _said(self, evse: DriverEvse, words: Sequence[int], closed: bool, now_s: float) -> None:
        _, offered_a, vehicle, cable_a, _, _, pilot = words
        evse.report_faults({FaultKind.CP_DIODE: "the controller reports a failure"} if vehicle == FAILURE else {})
        if self._options.proximity:
            evse.report(PpChanged(float(cable_a) or None, None))
        self._cycles += closed and not self._closed
        self._closed = closed
        evse.report(ContactorChanged(closed, self._cycles))
        state = VEHICLES.get(vehicle, self._state)
        if state is None or (state is self._state and now_s < self._repeat_s):
            return
        self._state, self._repeat_s = state, now_s + CP_REPEAT_S
        duty_pct = duty_for_current(offered_a) if pilot == RUNS_PWM and offered_a >= MIN_CURRENT_A else None
        low_mv = LOW_MV if duty_pct is not None else LEVEL_MV[state]
        evse.report(CpChanged(CpReading(state, LEVEL_MV[state], low_mv, duty_pct)))


def open_board(options: Mapping[str, Any]) -> ModbusIoBoard:
    """The entry point `evse.boards`. Raises `HalError` naming the option at fault."""
    try:
        return ModbusIoBoard(msgspec.convert(options, Options))
    except (msgspec.ValidationError, ValueError) as error:
        raise HalError(f"modbus_io, options: {error}") from error
