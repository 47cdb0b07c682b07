"""What is asked of the hardware, as values: the Protocols of `hal.board` have a method for each.

The interlock judges them and the socket carries them in this form.
"""

from __future__ import annotations

import msgspec

from hal.types import DcMode, LedColour, LedPattern, Sound


class Command(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Base of what can be asked of one EVSE's hardware."""


class PilotPwm(Command, frozen=True):
    """Run the 1 kHz PWM at this duty cycle (percent, 3 to 97)."""

    duty_pct: float


class PilotX1(Command, frozen=True):
    """Constant +12 V source: no current offered."""


class PilotE(Command, frozen=True):
    """Constant 0 V: signals an error to the vehicle."""


class PilotF(Command, frozen=True):
    """Constant -12 V: EVSE not available."""


class Permit(Command, frozen=True):
    """Grant (or renew), or withdraw, the lease under which the contactor *may* close."""

    on: bool
    reason: str = ""


class SetLock(Command, frozen=True):
    """Lock or unlock the connector."""

    locked: bool


class SetPhases(Command, frozen=True):
    """Use one or three phases (EVSEs with a phase switch)."""

    phases: int


class RcdSelfTest(Command, frozen=True):
    """Run the residual-current monitor's self-test; only with the contactor open."""


class RcdReset(Command, frozen=True):
    """A person resets a tripped residual-current monitor."""


class DcCommand(Command, frozen=True):
    """Base of what is asked of the devices that only a DC EVSE has."""


class SetDcMode(DcCommand, frozen=True):
    """Bring the DC supply into this mode. It keeps what `SetDc` said; off: no voltage, whatever was said."""

    mode: DcMode


class SetDc(DcCommand, frozen=True):
    """Hold this voltage, and give no more than this current."""

    voltage_v: float
    current_a: float


class WatchInsulation(DcCommand, frozen=True):
    """Start or stop the insulation monitor's measuring."""

    on: bool


class InsulationSelfTest(DcCommand, frozen=True):
    """Run the insulation monitor's self-test at this voltage; it may take 30 s."""

    voltage_v: float


class WatchVoltage(DcCommand, frozen=True):
    """Cut the supply off above this voltage, in hardware; None: watch no more."""

    limit_v: float | None


class ShowLight(Command, frozen=True):
    """Light the EVSE's LED so."""

    colour: LedColour
    pattern: LedPattern


class MakeSound(Command, frozen=True):
    """Let the beeper say this, once."""

    sound: Sound


class ShowText(Command, frozen=True):
    """Show these lines on the display, the important one first; a board cuts what does not fit."""

    lines: tuple[str, ...]


class TapBus(Command, frozen=True):
    """Report what goes over the bus to the meter, as `hal.types.BusHeard`, or stop reporting it."""

    on: bool


SignCommand = ShowLight | MakeSound | ShowText


AnyCommand = (
    PilotPwm
    | PilotX1
    | PilotE
    | PilotF
    | Permit
    | SetLock
    | SetPhases
    | RcdSelfTest
    | RcdReset
    | SignCommand
    | SetDcMode
    | SetDc
    | WatchInsulation
    | InsulationSelfTest
    | WatchVoltage
    | TapBus
)
