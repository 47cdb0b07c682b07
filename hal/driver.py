"""What every board driver needs: the ports of one EVSE in front of one function, and a stream that says news once.

A board file gives `ask(command, deadline_s)`, which carries a command out, and reports what its hardware says.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

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
from hal.ports import Ask, CommandPorts, DcPorts
from hal.stream import Stream
from hal.types import (
    ContactorChanged,
    CpChanged,
    EvseCapabilities,
    FaultCleared,
    FaultKind,
    FaultRaised,
    HalEvent,
    LockChanged,
    PpChanged,
    Stamped,
)


class DriverEvse:
    """One EVSE of a driver, satisfying `hal.board.EvseHardware`.

    One with a light or a display sets `led` or `display`.
    """

    led: Led | None = None
    display: Display | None = None

    def __init__(self, capabilities: EvseCapabilities, ask: Ask, *, meter: Meter | None = None) -> None:
        self.capabilities = capabilities
        self._ports = CommandPorts(ask)
        self._dc = DcPorts(ask, present=capabilities.dc is not None)
        self.meter = meter
        self.stream = Stream()
        self._said: dict[type[HalEvent], HalEvent] = {}
        self._faults: set[FaultKind] = set()

    @property
    def pilot(self) -> Pilot:
        """Control pilot."""
        return self._ports

    @property
    def contactor(self) -> Contactor:
        """Power contactor."""
        return self._ports

    @property
    def lock(self) -> Lock | None:
        """Connector lock."""
        return self._ports if self.capabilities.has_lock else None

    @property
    def rcd(self) -> Rcd | None:
        """Residual-current monitor."""
        return self._ports if self.capabilities.has_rcd else None

    @property
    def phase_switch(self) -> PhaseSwitch | None:
        """1p/3p switch."""
        return self._ports if self.capabilities.has_phase_switch else None

    @property
    def dc_supply(self) -> DcSupply | None:
        """DC power supply."""
        return self._dc.supply

    @property
    def insulation(self) -> InsulationMonitor | None:
        """Insulation monitor."""
        return self._dc.insulation

    @property
    def over_voltage(self) -> OverVoltageMonitor | None:
        """Over-voltage monitor."""
        return self._dc.over_voltage

    def events(self) -> AsyncIterator[Stamped]:
        """This EVSE's one ordered stream; it begins with the present state."""
        return self.stream.read()

    def report(self, event: HalEvent) -> None:
        """The hardware says this: told if it is news, or a repeated pilot reading where repeats are promised."""
        repeated = isinstance(event, CpChanged) and self.capabilities.cp_repeat_s is not None
        if isinstance(event, CpChanged | PpChanged | ContactorChanged | LockChanged) and not repeated:
            if self._said.get(type(event)) == event:
                return
            self._said[type(event)] = event
        self.stream.publish(event)

    def report_faults(self, present: Mapping[FaultKind, str]) -> None:
        """These faults, with their details, and no others are there now. HAL_LOST is `lost` and `found`'s own."""
        others = self._faults - {FaultKind.HAL_LOST}
        for fault in sorted(others - present.keys()):
            self._faults.discard(fault)
            self.stream.publish(FaultCleared(fault))
        for fault in sorted(present.keys() - others):
            self._faults.add(fault)
            self.stream.publish(FaultRaised(fault, present[fault]))

    def lost(self, detail: str) -> None:
        """The hardware does not answer any more: nothing that it said is known now."""
        self._said.clear()
        if FaultKind.HAL_LOST not in self._faults:
            self._faults.add(FaultKind.HAL_LOST)
            self.stream.publish(FaultRaised(FaultKind.HAL_LOST, detail))

    def found(self) -> None:
        """The hardware answers; report its whole state next."""
        if FaultKind.HAL_LOST in self._faults:
            self._faults.discard(FaultKind.HAL_LOST)
            self.stream.publish(FaultCleared(FaultKind.HAL_LOST))
