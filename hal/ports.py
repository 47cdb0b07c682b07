"""The ports of `hal.board` in terms of commands, and back: a method call becomes a `Command`, a command a method call.

The guard and the remote board offer their callers `CommandPorts`; `carry_out` is how a command reaches a raw board.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from hal.board import COMMAND_DEADLINE_S, EvseHardware
from hal.commands import (
    AnyCommand,
    Command,
    MakeSound,
    Permit,
    PilotE,
    PilotF,
    PilotPwm,
    PilotX1,
    RcdReset,
    RcdSelfTest,
    SetLock,
    SetPhases,
    ShowLight,
    ShowText,
)
from hal.errors import HalError
from hal.types import LedColour, LedPattern, Sound

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

    async def text(self, lines: tuple[str, ...], *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Show these lines."""
        await self._ask(ShowText(lines), deadline_s)


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
        case _:
            raise HalError(f"no port carries out {command}; hal.ports knows every command of hal.types")


def _present(port: T | None, name: str) -> T:
    if port is None:
        raise HalError(f"this EVSE has no {name}; see its capabilities")
    return port
