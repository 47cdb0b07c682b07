"""A test bench for one EVSE's physics without any event loop: the bench's clock goes where it is told."""

from __future__ import annotations

import random
from typing import NamedTuple

from hal.types import HalEvent
from sim.circuit import Source, SourceMode
from sim.evse import EvseSpec, SimEvse
from sim.grid import Grid, Phases
from sim.meter import EnergyMeter, MeterSpec
from sim.vehicle import Vehicle, VehicleSpec

GRID = Grid()


class Segment(NamedTuple):
    """A stretch of time without any event in it."""

    from_s: float
    to_s: float
    closed: bool
    voltages_v: Phases
    currents_a: Phases
    flowed_wh: float
    soc_pct: float | None


class Bench:
    def __init__(self, spec: EvseSpec | None = None, seed: int = 0, grid: Grid = GRID) -> None:
        self.now_s = 0.0
        self.grid = grid
        self.trace: list[tuple[float, str, object]] = []
        self.segments: list[Segment] = []
        meter = EnergyMeter(MeterSpec(), "M")
        self.evse = SimEvse(
            spec or EvseSpec(), meter, grid, random.Random(seed), lambda *entry: self.trace.append(entry)
        )

    def run_to(self, to_s: float) -> None:
        while (due_s := self.evse.due_s) <= to_s:
            self._integrate(due_s)
            self.evse.step(due_s)
            self.settle()
        self._integrate(to_s)

    def run(self, duration_s: float) -> None:
        self.run_to(self.now_s + duration_s)

    def settle(self) -> None:
        self.evse.refresh(self.now_s)
        self.evse.feed(self.grid, self.grid.voltages_v(self.evse.currents_a))

    def plug_in(self, car: VehicleSpec | None = None) -> Vehicle:
        vehicle = Vehicle(car or VehicleSpec())
        self.evse.plug_in(vehicle, 32.0, self.now_s)
        self.settle()
        return vehicle

    def pwm(self, duty_pct: float) -> None:
        self.pilot(Source(SourceMode.PWM, duty_pct))

    def pilot(self, source: Source) -> None:
        self.evse.drive_pilot(source, self.now_s)
        self.settle()

    def permit(self, on: bool) -> None:
        self.evse.permit(on, self.now_s)
        self.settle()

    def charge(self, car: VehicleSpec | None = None, duty_pct: float = 50.0) -> Vehicle:
        """Plug in, offer and close, until current flows."""
        vehicle = self.plug_in(car)
        self.pwm(duty_pct)
        self.run(2.0)
        self.permit(True)
        self.run(5.0)
        return vehicle

    def events(self, kind: type[HalEvent]) -> list[HalEvent]:
        return [event for _, event in self.evse.emitted if isinstance(event, kind)]

    def times(self, what: str) -> list[float]:
        return [at_s for at_s, entry, _ in self.trace if entry == what]

    @property
    def flowed_wh(self) -> float:
        return self.evse.meter.flowed_wh

    def _integrate(self, to_s: float) -> None:
        before_wh, evse, from_s = self.flowed_wh, self.evse, self.now_s
        closed, volts, amps = evse.contactor.closed, evse.voltages_v, evse.currents_a
        evse.integrate(to_s)
        self.now_s = max(self.now_s, to_s)
        soc_pct = evse.car.soc_pct if evse.car else None
        self.segments.append(Segment(from_s, to_s, closed, volts, amps, self.flowed_wh - before_wh, soc_pct))
