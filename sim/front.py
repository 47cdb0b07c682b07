"""The front of one simulated EVSE: the light, display and beeper that a driver sees and hears."""

from __future__ import annotations

import msgspec

from hal.board import COMMAND_DEADLINE_S
from hal.types import LedColour, LedPattern, Sound


class Light(msgspec.Struct, frozen=True):
    """How the LED is lit."""

    colour: LedColour
    pattern: LedPattern


class Front:
    """`hal.board.Led` and `hal.board.Display`. It shows what it was told last; dark and blank at first."""

    def __init__(self) -> None:
        self.light: Light | None = None
        self.lines: tuple[str, ...] = ()
        self.last_sound: Sound | None = None

    async def show(self, colour: LedColour, pattern: LedPattern, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:  # noqa: ARG002 - the port's signature
        """Be lit so."""
        self.light = Light(colour, pattern)

    async def beep(self, sound: Sound, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:  # noqa: ARG002 - the port's signature
        """Say this once."""
        self.last_sound = sound

    async def text(self, lines: tuple[str, ...], *, deadline_s: float = COMMAND_DEADLINE_S) -> None:  # noqa: ARG002 - the port's signature
        """Show these lines."""
        self.lines = lines
