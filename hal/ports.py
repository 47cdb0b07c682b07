"""The ports of `hal.board` in terms of commands, and back: a method call becomes a `Command`, a command a method call.

The guard and the remote board offer their callers `CommandPorts`; `carry_out` is how a command reaches a raw board.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hal.board import COMMAND_DEADLINE_S, INSULATION_TEST_S, EvseHardware
from hal.commands import (
    AnyCommand,
    Command,
    InsulationSelfTest,
    MakeSound,
    Permit,
    PilotE,
    PilotF,
    PilotPwm,
    PilotX1,
    RcdReset,
    RcdSelfTest,
    SetDc,
    SetDcMode,
    SetLock,
    SetPhases,
    ShowLight,
    ShowText,
    TapBus,
    WatchInsulation,
    WatchVoltage,
)
from hal.errors import HalError, HalGoneError, HalTimeoutError
from hal.types import DcMode, LedColour, LedPattern, Sound

Ask = Callable[[AnyCommand, float], Awaitable[None]]
T = TypeVar("T")


class CommandPorts:
    """All ports of one EVSE but the meter: each call asks with a command.

    What `ask(command, deadline_s)` raises is what every method raises.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def pwm(self, duty_pct: float, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Run PWM at `duty_pct` percent."""
        await self._ask(PilotPwm(duty_pct), deadline_s)

    async def x1(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Constant +12 V."""
        await self._ask(PilotX1(), deadline_s)

    async def state_e(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Constant 0 V."""
        await self._ask(PilotE(), deadline_s)

    async def state_f(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Constant -12 V."""
        await self._ask(PilotF(), deadline_s)

    async def permit(self, on: bool, reason: str, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Grant or renew the lease under which the contactor may close, or withdraw it at once."""
        await self._ask(Permit(on, reason), deadline_s)

    async def lock(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Drive to locked."""
        await self._ask(SetLock(True), deadline_s)

    async def unlock(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Drive to unlocked."""
        await self._ask(SetLock(False), deadline_s)

    async def self_test(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Run the residual-current monitor's self-test."""
        await self._ask(RcdSelfTest(), deadline_s)

    async def reset(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Clear a latched trip."""
        await self._ask(RcdReset(), deadline_s)

    async def phases(self, count: int, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Use one or three phases."""
        await self._ask(SetPhases(count), deadline_s)

    async def show(self, colour: LedColour, pattern: LedPattern, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Light the LED so."""
        await self._ask(ShowLight(colour, pattern), deadline_s)

    async def beep(self, sound: Sound, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Let the beeper say this once."""
        await self._ask(MakeSound(sound), deadline_s)

    async def tap(self, on: bool, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Report what goes over the meter's bus, or stop."""
        await self._ask(TapBus(on), deadline_s)

    async def text(self, lines: tuple[str, ...], *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Show these lines."""
        await self._ask(ShowText(lines), deadline_s)


class DcSupplyPorts:
    """The DC supply and the over-voltage monitor as commands."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def mode(self, mode: DcMode, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Come into this mode."""
        await self._ask(SetDcMode(mode), deadline_s)

    async def set(self, voltage_v: float, current_a: float, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Hold this voltage, and give no more than this current."""
        await self._ask(SetDc(voltage_v, current_a), deadline_s)

    async def watch(self, limit_v: float | None, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Cut off above this; None: watch no more."""
        await self._ask(WatchVoltage(limit_v), deadline_s)


class InsulationPorts:
    """The insulation monitor as commands."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def start(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Measure, and go on measuring."""
        await self._ask(WatchInsulation(True), deadline_s)

    async def stop(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Measure no more."""
        await self._ask(WatchInsulation(False), deadline_s)

    async def test(self, voltage_v: float, *, deadline_s: float = INSULATION_TEST_S) -> None:
        """Run the self-test at this voltage."""
        await self._ask(InsulationSelfTest(voltage_v), deadline_s)


class DcPorts:
    """The three DC ports of one EVSE; each None where the EVSE has none."""

    def __init__(self, ask: Ask, *, present: bool) -> None:
        supply = DcSupplyPorts(ask) if present else None
        self.supply: DcSupplyPorts | None = supply
        self.over_voltage: DcSupplyPorts | None = supply
        self.insulation = InsulationPorts(ask) if present else None


async def carry_out(hardware: EvseHardware, command: Command, deadline_s: float) -> None:
    """Call the port that this command belongs to. Raises `HalError` where the EVSE lacks it, else what it raises."""
    match command:
        case PilotPwm(duty_pct):
            await hardware.pilot.pwm(duty_pct, deadline_s=deadline_s)
        case PilotX1():
            await hardware.pilot.x1(deadline_s=deadline_s)
        case PilotE():
            await hardware.pilot.state_e(deadline_s=deadline_s)
        case PilotF():
            await hardware.pilot.state_f(deadline_s=deadline_s)
        case Permit(on, reason):
            await hardware.contactor.permit(on, reason, deadline_s=deadline_s)
        case SetLock(locked=True):
            await _present(hardware.lock, "lock").lock(deadline_s=deadline_s)
        case SetLock():
            await _present(hardware.lock, "lock").unlock(deadline_s=deadline_s)
        case SetPhases(phases):
            await _present(hardware.phase_switch, "phase switch").phases(phases, deadline_s=deadline_s)
        case RcdSelfTest():
            await _present(hardware.rcd, "residual-current monitor").self_test(deadline_s=deadline_s)
        case RcdReset():
            await _present(hardware.rcd, "residual-current monitor").reset(deadline_s=deadline_s)
        case ShowLight(colour, pattern):
            await _present(hardware.led, "light").show(colour, pattern, deadline_s=deadline_s)
        case MakeSound(sound):
            await _present(hardware.led, "light").beep(sound, deadline_s=deadline_s)
        case ShowText(lines):
            await _present(hardware.display, "display").text(lines, deadline_s=deadline_s)
        case SetDcMode(mode):
            await _present(hardware.dc_supply, "DC supply").mode(mode, deadline_s=deadline_s)
        case SetDc(voltage_v, current_a):
            await _present(hardware.dc_supply, "DC supply").set(voltage_v, current_a, deadline_s=deadline_s)
        case WatchInsulation(on=True):
            await _present(hardware.insulation, "insulation monitor").start(deadline_s=deadline_s)
        case WatchInsulation():
            await _present(hardware.insulation, "insulation monitor").stop(deadline_s=deadline_s)
        case InsulationSelfTest(voltage_v):
            await _present(hardware.insulation, "insulation monitor").test(voltage_v, deadline_s=deadline_s)
        case WatchVoltage(limit_v):
            await _present(hardware.over_voltage, "over-voltage monitor").watch(limit_v, deadline_s=deadline_s)
        case _:
            raise HalError(f"no port carries out {command}; hal.ports knows every command of hal.types")


async def attempt(hardware: EvseHardware, command: Command, deadline_s: float) -> HalError | None:
    """Let a raw board carry out a command; whatever goes wrong comes back as an error of ours."""
    try:
        async with asyncio.timeout(deadline_s):
            await carry_out(hardware, command, deadline_s)
    except TimeoutError:
        return HalTimeoutError(f"the board did not carry out {command} within {deadline_s:g} s")
    except HalError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a driver is foreign code; whatever it raises is a failure of the board
        return HalGoneError(f"the board failed in {command}: {error!r}")
    return None


def _present(port: T | None, name: str) -> T:
    if port is None:
        raise HalError(f"this EVSE has no {name}; see its capabilities")
    return port
