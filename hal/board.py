"""The ports a board offers: small async Protocols, optional abilities as separate ports.

The same Protocols are met by a board driver, by the guarded board (`hal.guard`) and by the client of a HAL that runs
in its own process (`hal.remote`). Every command takes `deadline_s`, the seconds it may take; it raises
`HalTimeoutError` beyond, `HalRefusedError` when the interlock refuses, `HalGoneError` when the hardware's owner is
away.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Final, Protocol, runtime_checkable

from hal.types import (
    BoardInfo,
    DcMode,
    EvseCapabilities,
    LedColour,
    LedPattern,
    MeterSample,
    MeterTransaction,
    Sound,
    Stamped,
)

COMMAND_DEADLINE_S: Final = 1.0  # our policy: a board that needs longer for a command is at fault
INSULATION_TEST_S: Final = 30.0  # charging.md 1 [check: IEC 61851-23]: the longest self-test of an insulation monitor
SIGNING_DEADLINE_S: Final = 30.0  # signed meter values paper, 2.3.1: some meters take this long for the last value
LEASE_S: Final = (
    2.0  # permission falls away by itself after this (our policy, from the heartbeat of open EVSE firmware)
)
LEASE_RENEW_S: Final = 0.5  # renewed this often while the EVSE's task completes its steps
STATION: Final = 0  # the stream of events that belong to no single EVSE (a shared reader, a door)


@runtime_checkable
class Pilot(Protocol):
    """The control pilot's source (IEC 61851-1 annex A)."""

    async def pwm(self, duty_pct: float, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Run PWM at `duty_pct` percent."""

    async def x1(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Constant +12 V."""

    async def state_e(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Constant 0 V."""

    async def state_f(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Constant -12 V."""


@runtime_checkable
class Contactor(Protocol):
    """The power contactor. Asking never closes it: it *permits* closing, and only while renewed."""

    async def permit(self, on: bool, reason: str, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Grant or renew the lease (on), or withdraw it at once (off)."""


@runtime_checkable
class Lock(Protocol):
    """The connector lock."""

    async def lock(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Drive to locked."""

    async def unlock(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Drive to unlocked; refused while the contactor is closed."""


@runtime_checkable
class Rcd(Protocol):
    """The residual-current monitor."""

    async def self_test(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Run the self-test; refused while the contactor is closed."""

    async def reset(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Clear a latched trip: a person asked for it."""


@runtime_checkable
class PhaseSwitch(Protocol):
    """Switches between one and three phases."""

    async def phases(self, count: int, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Use `count` phases (1 or 3); refused while the contactor is closed."""


@runtime_checkable
class Led(Protocol):
    """What a driver sees from afar, and hears: the EVSE's light and, where there is one, its beeper."""

    async def show(self, colour: LedColour, pattern: LedPattern, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Be lit so, until told otherwise."""

    async def beep(self, sound: Sound, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Say this once; a board without a beeper does nothing."""


@runtime_checkable
class Display(Protocol):
    """What a driver reads."""

    async def text(self, lines: tuple[str, ...], *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Show these lines, the important one first, until told otherwise; what does not fit is cut."""


@runtime_checkable
class DcSupply(Protocol):
    """The DC power supply behind the contactor (IEC 61851-23). It reports `DcMeasured`."""

    async def mode(self, mode: DcMode, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Come into this mode; `DcMode.OFF` at once, in every state."""

    async def set(self, voltage_v: float, current_a: float, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Hold this voltage, and give no more than this current."""


@runtime_checkable
class InsulationMonitor(Protocol):
    """Measures the resistance of both poles to earth (IEC 61851-23). It reports `InsulationMeasured`."""

    async def start(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Measure, and go on measuring."""

    async def stop(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Measure no more: the car has a monitor of its own, or nobody is there."""

    async def test(self, voltage_v: float, *, deadline_s: float = INSULATION_TEST_S) -> None:
        """Run the self-test at this voltage, and return when it is over; what it finds is INSULATION_MONITOR."""


@runtime_checkable
class OverVoltageMonitor(Protocol):
    """Cuts the supply off by itself, within milliseconds, and reports DC_OVER_VOLTAGE."""

    async def watch(self, limit_v: float | None, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Cut off above this; None: watch no more, and forget what was found."""


@runtime_checkable
class Wiretap(Protocol):
    """The ear at a meter's bus, for whoever records what happens; the guarded board offers it."""

    async def tap(self, on: bool, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Report what goes over the bus as `BusHeard` events of this EVSE's stream, or stop."""


@runtime_checkable
class Meter(Protocol):
    """An energy meter."""

    async def read(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> MeterSample:
        """Measure now. Raises `MeterError`; never returns old values under a new time."""


@runtime_checkable
class SigningMeter(Meter, Protocol):
    """A meter that signs what it measured at the beginning and at the end of a transaction.

    Both may be asked again after a failure, also by another process or after the meter lost its power: `stop` gets
    all that `start` got. Raise `MeterError`.
    """

    async def public_key(self, *, deadline_s: float = SIGNING_DEADLINE_S) -> str:
        """The key that verifies what it signs, as hexadecimal digits. Raises `MeterError`."""

    async def start_transaction(
        self, transaction: MeterTransaction, *, deadline_s: float = SIGNING_DEADLINE_S
    ) -> MeterSample:
        """Begin; the sample's `signed` is None for a meter that signs begin and end in one."""

    async def stop_transaction(
        self, transaction: MeterTransaction, *, deadline_s: float = SIGNING_DEADLINE_S
    ) -> MeterSample:
        """End, with what was signed."""


@runtime_checkable
class InterimSigner(SigningMeter, Protocol):
    """A signing meter that can sign between beginning and end, too."""

    async def sign_reading(
        self, transaction: MeterTransaction, *, deadline_s: float = SIGNING_DEADLINE_S
    ) -> MeterSample:
        """Sign what it shows now. Raises `MeterError`."""


class EvseHardware(Protocol):
    """The ports of one EVSE. Optional ones are None where the hardware lacks them."""

    @property
    def capabilities(self) -> EvseCapabilities:
        """What this EVSE can do."""

    @property
    def pilot(self) -> Pilot:
        """Control pilot."""

    @property
    def contactor(self) -> Contactor:
        """Power contactor."""

    @property
    def lock(self) -> Lock | None:
        """Connector lock."""

    @property
    def rcd(self) -> Rcd | None:
        """Residual-current monitor."""

    @property
    def phase_switch(self) -> PhaseSwitch | None:
        """1p/3p switch."""

    @property
    def meter(self) -> Meter | None:
        """Energy meter."""

    @property
    def led(self) -> Led | None:
        """Light and beeper."""

    @property
    def display(self) -> Display | None:
        """Display."""

    @property
    def dc_supply(self) -> DcSupply | None:
        """DC power supply; where it is there, both monitors are, too."""

    @property
    def insulation(self) -> InsulationMonitor | None:
        """Insulation monitor."""

    @property
    def over_voltage(self) -> OverVoltageMonitor | None:
        """Over-voltage monitor."""

    def events(self) -> AsyncIterator[Stamped]:
        """This EVSE's one ordered stream. It begins with the present state (CP, PP, contactor, lock, faults)."""


class Board(Protocol):
    """A piece of hardware with one or more EVSEs, numbered from 1."""

    @property
    def info(self) -> BoardInfo:
        """Identity."""

    @property
    def evses(self) -> Mapping[int, EvseHardware]:
        """EVSE id to its ports."""

    def events(self) -> AsyncIterator[Stamped]:
        """The station's own stream (`STATION`): readers that serve several EVSEs, doors, e-stop."""

    async def start(self) -> None:
        """Open devices; afterwards every contactor is open and events flow."""

    async def close(self) -> None:
        """Withdraw every permission, then release devices."""
