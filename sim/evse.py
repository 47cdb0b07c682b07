"""One simulated EVSE: pilot, contactor, lock, meter and the car on its cable, moved along by events. Pure.

`due_s` says when something happens by itself; whoever holds the clock integrates up to that moment, then calls
`step`. It enforces nothing: the contactor follows `permit`, the lock its motor, whatever the pilot says.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Final

import msgspec

from hal.errors import HalError
from hal.types import (
    ContactorChanged,
    CpChanged,
    FaultCleared,
    FaultKind,
    FaultRaised,
    HalEvent,
    LockChanged,
    MeterSample,
    PpChanged,
)
from sim.circuit import PP_CODING_OHM, Components, PilotFaults, Source
from sim.contactor import ALL_OPEN, POLES, Contactor, ContactorSpec
from sim.dc import DcPlant, DcSpec
from sim.evse_state import CarState, EvseState, Snapshot
from sim.front import Front
from sim.grid import DEAD, Grid, Phases
from sim.lock import Lock
from sim.meter import S_PER_H, EnergyMeter, power_w
from sim.pilot import PilotLine
from sim.sensors import Sensors, proximity
from sim.symptoms import Symptom
from sim.vehicle import Vehicle

PULL_OUT_S: Final = 1.0  # a driver's hand, from releasing a plug to pulling it
TOLERANCE: Final = 0.01  # of the simulated resistors; IEC 61851-1 allows 3 %
RCD_DC_TRIP_MA: Final = 6.0  # IEC 62955 (RDC-DD)
RCD_AC_TRIP_MA: Final = 20.0  # UL 2231-2 (CCID20)

Note = Callable[[float, str, object], None]


class EvseSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one EVSE is built of. `socket`: lock and proximity contact; False: a tethered cable."""

    max_current_a: float = 32.0
    phases: int = 3
    socket: bool = True
    phase_switch: bool = False
    ventilation: bool = False
    contactor: ContactorSpec = ContactorSpec()
    dc: DcSpec | None = None  # a DC EVSE, whose contactor stands between this supply and the cable

    def __post_init__(self) -> None:
        if self.phases not in {1, POLES}:
            raise ValueError(f"phases is {self.phases}; give 1 or 3")
        if self.max_current_a <= 0:
            raise ValueError(f"max_current_a is {self.max_current_a:g}; give ampere above 0")


class SimEvse:
    """Physics and sensors of one EVSE. `emitted` collects (time, event) until somebody takes them."""

    def __init__(self, spec: EvseSpec, meter: EnergyMeter, grid: Grid, rng: random.Random, note: Note) -> None:
        self.spec = spec
        self.meter = meter
        self.pilot = PilotLine(Components.drawn(rng, TOLERANCE))
        self.contactor = Contactor(spec.contactor, rng)
        self.contactor.used_poles = spec.phases
        self.lock = Lock()
        self.front = Front()
        self.dc = None if spec.dc is None else DcPlant(spec.dc)
        self.car: Vehicle | None = None
        self.cable_ohm: float | None = None  # coding resistor of the cable in the socket
        self.tripped: FaultKind | None = None
        self.symptoms: dict[Symptom, float] = {}
        self.currents_a: Phases = DEAD
        self.voltages_v: Phases = grid.voltages_v(DEAD) if spec.dc is None else DEAD
        self.emitted: list[tuple[float, HalEvent]] = []
        self._grid = grid
        self._note = note
        self._at_s = -math.inf
        self._power_w = 0.0
        self._pull_due_s = math.inf
        self._opened_under_load = False
        self._pp = PpChanged(None, None)
        self._sensors = Sensors()

    @property
    def present_car(self) -> Vehicle:
        """The car on the cable. Raises `HalError` when there is none."""
        if self.car is None:
            raise HalError("no car is plugged in; plug one in first")
        return self.car

    @property
    def due_s(self) -> float:
        """When something happens by itself; infinite when nothing will."""
        due_s = min(self.contactor.due_s, self.lock.due_s, self._pull_due_s, self.pilot.due_s)
        due_s = due_s if self.dc is None else min(due_s, self.dc.due_s)
        if self.car is not None:
            due_s = min(due_s, self.car.due_s, self.car.edge_due_s(self._at_s, self._power_w))
        return due_s

    def integrate(self, to_s: float) -> None:
        """Let time pass in which nothing changes."""
        if to_s <= self._at_s:
            return
        self.meter.integrate(self._at_s, to_s, self.voltages_v, self.currents_a)
        if self.car is not None and self._power_w:
            self.car.charge(self._power_w * (to_s - self._at_s) / S_PER_H)
        self._at_s = to_s

    def step(self, now_s: float) -> None:
        """Do what is due by now; integrate up to now first."""
        if self.contactor.due_s <= now_s:
            self._step_contactor(now_s)
        if self.lock.due_s <= now_s:
            self._step_lock(now_s)
        self.pilot.step(now_s)
        if self._pull_due_s <= now_s:
            self._pull(now_s)
        if self.car is not None:
            self.car.step(now_s)
            self.car.pass_edge()
        if self.pilot.measure_due_s <= now_s and (measured := self.pilot.measure()) is not None:
            self.emit(now_s, CpChanged(measured))
        if self.dc is not None:
            self.dc.step(now_s)
        self.refresh(now_s)

    def refresh(self, now_s: float) -> None:
        """Work out pilot levels and currents anew, after any change."""
        was = self.pilot.state
        self.pilot.load(self.car.side if self.car else None, now_s)
        if self.pilot.state is not was:
            self._note(now_s, "cp", str(self.pilot.state))
        drawn_a = DEAD if self.car is None else self._drawn_a(self.car, now_s)
        currents_a = drawn_a if self.dc is None else self._refresh_dc(self.dc, now_s)
        if currents_a != self.currents_a:
            self.currents_a = currents_a
            self._note(now_s, "current", currents_a)
        self._power_w = power_w(self.voltages_v, currents_a)

    def _refresh_dc(self, dc: DcPlant, now_s: float) -> Phases:
        """The battery is behind two contactors: the charger's and the car's own."""
        car = self.car if self.car is not None and self.car.dc_closed and self.contactor.closed else None
        inrush_v = dc.connect(None, 0.0, now_s) if car is None else dc.connect(car.spec.battery, car.soc_pct, now_s)
        if inrush_v:
            self._note(now_s, "inrush", inrush_v)
        self.voltages_v = (dc.output_v, 0.0, 0.0)
        self.emitted += [(now_s, event) for event in dc.taken()]
        return dc.output_a, 0.0, 0.0

    @property
    def load_a(self) -> Phases:
        """What it takes from the grid's phases; what a DC supply takes is not modelled."""
        return self.currents_a if self.dc is None else DEAD

    def feed(self, grid: Grid, voltages_v: Phases) -> None:
        """What the grid delivers at the terminals, now that everybody's load is known."""
        self._grid = grid
        if self.dc is None:
            self.voltages_v = voltages_v
        self._power_w = power_w(self.voltages_v, self.currents_a)
        self.emitted += [(self._at_s, event) for event in self._sensors.look(self.symptoms, voltages_v)]

    def emit(self, now_s: float, event: HalEvent) -> None:
        """Report an event of this instant."""
        self.emitted.append((now_s, event))

    def present(self) -> list[HalEvent]:
        """The state in events, for a new reader of the stream."""
        state: list[HalEvent] = [CpChanged(self.pilot.reading)]
        if self.spec.socket:
            state += [self._pp, LockChanged(self.lock.state)]
        state.append(ContactorChanged(self.contactor.mirror, self.contactor.cycles))
        state += [] if self.dc is None else [self.dc.measured]
        if self.tripped is not None:
            state.append(FaultRaised(self.tripped, "latched"))
        return state + [FaultRaised(fault, detail) for fault, detail in self._sensors.found.items()]

    def sample(self, now_s: float) -> MeterSample:
        """What the meter measures; integrate up to now first."""
        return self.meter.sample(now_s, self.voltages_v, self.currents_a, self._grid.frequency_hz)

    def save(self) -> EvseState:
        """What outlives a power failure of the electronics."""
        car = None if self.car is None else CarState(self.car.present_spec, self.car.paused)
        return EvseState(
            self.meter.register_wh,
            self.meter.flowed_wh,
            self.contactor.cycles,
            self.lock.holds,
            self.cable_ohm,
            self.tripped,
            car,
            self.symptoms,
        )

    def load(self, state: EvseState, now_s: float) -> None:
        """Take over what another run saved: the contactor is open, the car still plugged in."""
        self.meter.resume(state.register_wh, state.flowed_wh)
        self.contactor.cycles = state.cycles
        self.lock.put(state.lock_holds)
        self.tripped = state.tripped
        self.cable_ohm = state.cable_ohm
        self.car = None
        if state.car is not None:
            self.car = Vehicle(state.car.spec)
            self.car.paused = state.car.paused
            self.car.plugged(now_s)
        self.set_symptoms(state.symptoms, now_s)

    def snapshot(self, now_s: float) -> Snapshot:
        """Everything at this moment; integrate up to now first."""
        return Snapshot(
            at_s=now_s,
            cp=self.pilot.reading,
            cp_high_v=self.pilot.levels.high_v,
            cp_low_v=self.pilot.levels.low_v,
            duty_pct=self.pilot.source.pwm_pct,
            permitted=self.contactor.coil,
            poles=self.contactor.poles,
            mirror_closed=self.contactor.mirror,
            lock=self.lock.state,
            current_a=self.currents_a,
            voltage_v=self.voltages_v,
            energy_wh=self.meter.register_wh,
            soc_pct=None if self.car is None else self.car.soc_pct,
            symptoms=tuple(sorted(self.symptoms)),
            led=self.front.light,
            display=self.front.lines,
            last_sound=self.front.last_sound,
        )

    # Asked by the controller

    def drive_pilot(self, source: Source, now_s: float) -> None:
        """Set the pilot's generator."""
        if source != self.pilot.source:
            self.pilot.source = source
            self._note(now_s, "pilot", str(source))

    def permit(self, on: bool, now_s: float) -> None:
        """Switch the contactor's coil."""
        if on != self.contactor.coil:
            self._note(now_s, "permit", on)
            self.contactor.drive(on, now_s)

    def use_phases(self, count: int, now_s: float) -> None:
        """Set the phase switch, under load too if so asked."""
        self._note(now_s, "phases", count)
        self.contactor.used_poles = count
        self.contactor.release(now_s)

    def reset_rcd(self, now_s: float) -> None:
        """Clear a latched trip, unless its cause is still there."""
        if self.tripped is None:
            return
        cleared, self.tripped = self.tripped, None
        self.emit(now_s, FaultCleared(cleared))
        self._sense_residual(now_s)

    def end_self_test(self, now_s: float) -> None:
        """The residual-current monitor looked for its test current."""
        self._note(now_s, "rcd", "tested")
        if Symptom.RCD_TEST_FAILS in self.symptoms:
            self._trip(FaultKind.RCD_SELF_TEST, "the test current was not seen", now_s)

    # Done by the driver

    def plug_in(self, car: Vehicle, cable_a: float, now_s: float) -> None:
        """Put a cable of this rating into socket and car."""
        if self.car is not None:
            raise HalError("a car is plugged in already; plug it out first")
        if cable_a not in PP_CODING_OHM:
            raise HalError(f"cable_a {cable_a:g}: cables are coded for 13, 20, 32 or 63 A")
        self.car = car
        self.cable_ohm = PP_CODING_OHM[cable_a]
        self._pull_due_s = math.inf
        car.ignores_pilot = Symptom.CAR_IGNORES_PILOT in self.symptoms
        car.plugged(now_s)
        self.meter.plugged()
        self._note(now_s, "plug", "in")
        self._sense_proximity(now_s)

    def plug_out(self, graceful: bool, now_s: float) -> None:
        """Graceful: the car stops, then is pulled. Else it is pulled at once, whatever flows."""
        car = self.present_car
        if graceful:
            car.pause()
            self._pull_due_s = now_s + PULL_OUT_S
        else:
            self._pull(now_s)

    def set_symptoms(self, symptoms: dict[Symptom, float], now_s: float) -> None:
        """From now on these symptoms, and no others, are there."""
        was, self.symptoms = self.symptoms, symptoms
        self.pilot.faults = PilotFaults(
            symptoms.get(Symptom.CP_SHORT),
            Symptom.CP_OPEN in symptoms,
            Symptom.DIODE_SHORT in symptoms,
            symptoms.get(Symptom.CP_DRIFT, 1.0),
        )
        self.pilot.silent = Symptom.CP_SILENT in symptoms
        self.pilot.loosen(symptoms.get(Symptom.CP_LOOSE), now_s)
        self.contactor.mirror_stuck = Symptom.MIRROR_STUCK in symptoms
        self.contactor.coil_dead = Symptom.NO_CLOSE in symptoms
        pole = symptoms.get(Symptom.WELD)
        self.contactor.welded = ALL_OPEN if pole is None else (pole in {0, 1}, pole in {0, 2}, pole in {0, 3})
        self.contactor.release(now_s)
        if self.dc is not None:
            self.dc.ail(symptoms, now_s)
        self.lock.jammed = Symptom.LOCK_JAM in symptoms
        if Symptom.LOCK_SLIPS in symptoms and Symptom.LOCK_SLIPS not in was and self.lock.holds:
            self.lock.put(False)
            self._note(now_s, "lock", str(self.lock.state))
            self.emit(now_s, LockChanged(self.lock.state))
        if self.car is not None:
            self.car.ignores_pilot = Symptom.CAR_IGNORES_PILOT in symptoms
        self._sense_proximity(now_s)
        self._sense_residual(now_s)

    def _drawn_a(self, car: Vehicle, now_s: float) -> Phases:
        """What the car takes through the poles and phases that are live."""
        car.see_pilot(self.pilot.duty_at_car_pct, self.pilot.wakes_car, now_s)
        if self.dc is not None:
            return DEAD
        poles, live = self.contactor.poles, self._grid.live
        one, two, three = poles[0] and live(0), poles[1] and live(1), poles[2] and live(2)
        car.energise(one or two or three, now_s)
        wanted_a = car.currents_a
        return wanted_a[0] * one, wanted_a[1] * two, wanted_a[2] * three

    def _step_contactor(self, now_s: float) -> None:
        poles, mirror = self.contactor.poles, self.contactor.mirror
        self.contactor.step(now_s)
        if self.contactor.poles != poles:
            self._note(now_s, "contactor", self.contactor.poles)
            self._opened_under_load = not self.contactor.closed and max(self.currents_a) > 0
            if self._opened_under_load:
                self._note(now_s, "under-load", max(self.currents_a))
        if self.contactor.mirror != mirror:
            self.emit(now_s, ContactorChanged(not mirror, self.contactor.cycles, self._opened_under_load))

    def _step_lock(self, now_s: float) -> None:
        self.lock.step()
        self._note(now_s, "lock", str(self.lock.state))
        self.emit(now_s, LockChanged(self.lock.state))
        if self.car is None and self.cable_ohm is not None:  # the driver has been waiting for it
            self._pull_due_s = now_s + PULL_OUT_S

    def _pull(self, now_s: float) -> None:
        """The plug leaves the car; the cable leaves the socket too, unless the lock holds it."""
        self._pull_due_s = math.inf
        if self.car is not None:
            self._note(now_s, "plug", "out")
            if max(self.currents_a) > 0:
                self._note(now_s, "under-load", max(self.currents_a))
            self.car.unplugged()
            self.car = None
        if not self.lock.holds:
            self.cable_ohm = None
            self._sense_proximity(now_s)

    def _sense_proximity(self, now_s: float) -> None:
        """The board measures the coding resistor through whatever is wrong with it."""
        pp = proximity(self.cable_ohm, self.symptoms)
        if self.spec.socket and pp != self._pp:
            self._pp = pp
            self.emit(now_s, pp)

    def _sense_residual(self, now_s: float) -> None:
        dc_ma = self.symptoms.get(Symptom.RESIDUAL_DC, 0.0)
        ac_ma = self.symptoms.get(Symptom.RESIDUAL_AC, 0.0)
        if dc_ma >= RCD_DC_TRIP_MA:
            self._trip(FaultKind.RCD_DC, f"{dc_ma:g} mA DC", now_s)
        elif ac_ma >= RCD_AC_TRIP_MA:
            self._trip(FaultKind.RCD_AC, f"{ac_ma:g} mA AC", now_s)

    def _trip(self, fault: FaultKind, detail: str, now_s: float) -> None:
        if self.tripped is None:
            self.tripped = fault
            self._note(now_s, "rcd", str(fault))
            self.emit(now_s, FaultRaised(fault, detail))
