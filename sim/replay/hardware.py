"""Hardware that says what was recorded, when it was, and does nothing: a board for the agent of a replay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from agent.recording import EvseBegun
from hal.board import (
    Contactor,
    DcSupply,
    Display,
    InsulationMonitor,
    Led,
    Lock,
    Meter,
    OverVoltageMonitor,
    PhaseSwitch,
    Pilot,
    Rcd,
)
from hal.commands import AnyCommand
from hal.ports import CommandPorts
from hal.stream import Stream
from hal.types import BoardInfo, EvseCapabilities, HalEvent, Stamped


class ReplayEvse:
    """One EVSE: it obeys every command without doing anything."""

    def __init__(self, begun: EvseBegun) -> None:
        self._begun = begun
        self._ports = CommandPorts(_obey)
        self._stream = Stream()
        self.lock: Lock | None = self._ports if begun.has_lock else None
        self.rcd: Rcd | None = None
        self.phase_switch: PhaseSwitch | None = None
        self.meter: Meter | None = None
        self.led: Led | None = None
        self.display: Display | None = None
        self.dc_supply: DcSupply | None = None
        self.insulation: InsulationMonitor | None = None
        self.over_voltage: OverVoltageMonitor | None = None

    @property
    def capabilities(self) -> EvseCapabilities:
        """What the recorded one could do."""
        return self._begun.capabilities

    @property
    def pilot(self) -> Pilot:
        """Control pilot."""
        return self._ports

    @property
    def contactor(self) -> Contactor:
        """Power contactor."""
        return self._ports

    def events(self) -> AsyncIterator[Stamped]:
        """The EVSE's stream."""
        return self._stream.read()

    def say(self, event: HalEvent) -> None:
        """Report what was reported then."""
        self._stream.publish(event)

    def end(self) -> None:
        """Report nothing more."""
        self._stream.end()


class ReplayBoard:
    """A board of such EVSEs, as guarded as the recorded one."""

    def __init__(self, info: BoardInfo, evses: Mapping[int, EvseBegun]) -> None:
        self.info = info
        self.evses = {number: ReplayEvse(one) for number, one in evses.items()}
        self._stream = Stream()

    def events(self) -> AsyncIterator[Stamped]:
        """The station's own stream, on which nothing comes: what concerns all was recorded with each EVSE."""
        return self._stream.read()

    async def start(self) -> None:
        """Say how things were when the recording began."""

    async def close(self) -> None:
        """End all streams."""
        self._stream.end()
        for evse in self.evses.values():
            evse.end()
        await asyncio.sleep(0)


async def _obey(_command: AnyCommand, _deadline_s: float) -> None:
    """Carry nothing out: what follows from a command was recorded, too."""
