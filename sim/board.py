"""A simulated board on asyncio: a raw `hal.board.Board` that enforces nothing, made of the physics in this package.

The contactor follows `permit` directly and the pilot whatever is asked, so a safety test on it proves the interlock
and not the simulator. Physics are integrated lazily: the board sleeps until the next moment at which something
happens by itself.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import asdict, replace

from hal.board import STATION
from hal.errors import HalError, HalGoneError
from hal.ownership import by_interlock, owned_by
from hal.types import BoardInfo, CpChanged, GridSignalled, MeterSample, Owner, Rule, Stamped, TokenPresented
from sim.evse import EvseSpec, SimEvse
from sim.evse_state import EvseState, Snapshot
from sim.grid import Grid, Supply
from sim.meter import EnergyMeter, MeterSpec, meter_serial
from sim.ports import CP_REPEAT_S, Ports, SimEvseHardware
from sim.stream import Stream
from sim.symptoms import DEFAULTS, GRID_SYMPTOMS, Symptom, ailing, symptom_named
from sim.vehicle import Vehicle, VehicleSpec

OPENING_S: Final = 0.1  # closing the board waits this long for its contactors to open


# It enforces nothing, so all is the interlock's: a residual current too, which the board reports and no wire carries.
REACTION_S: Final = 0.08  # the pilot's filter and the contactor's delay
CLAIMS: Final = (
    *by_interlock(REACTION_S),
    *owned_by(Owner.INTERLOCK, REACTION_S, Rule.RESIDUAL_DC, Rule.RESIDUAL_AC, Rule.DC_OVER_VOLTAGE),
)


class BoardSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The options of a simulated board in a configuration file. `start_wh`: every meter's register at first start."""

    evses: int = 1
    seed: int = 0
    serial: str = "SIM-0001"
    start_wh: float = 0.0
    evse: EvseSpec = EvseSpec()
    grid: Grid = Grid()
    meter: MeterSpec = MeterSpec()

    def __post_init__(self) -> None:
        if self.evses < 1:
            raise ValueError(f"evses is {self.evses}; give 1 or more")


_DEFAULT: Final = BoardSpec()
_DEFAULT_CAR: Final = VehicleSpec()


class TraceEntry(NamedTuple):
    """Something that happened in the physics: the oracle of tests.

    `what` is pilot, cp, permit, contactor (poles), current (A per phase), lock, plug, under-load (A), rcd, phases,
    symptom.
    """

    at_s: float
    evse: int
    what: str
    value: object


class _Saved(msgspec.Struct, frozen=True):
    """What `SimBoard.dump` writes."""

    evses: dict[int, EvseState]
    grid: dict[Symptom, float]


class SimBoard:
    """A board with `evses` EVSEs on one grid connection. Everything but construction runs inside an event loop.

    One `seed` (and the same calls at the same loop times) makes a run repeatable.
    """

    def __init__(
        self,
        evses: int = 1,
        *,
        seed: int = 0,
        serial: str = "SIM-0001",
        start_wh: float = 0.0,
        evse: EvseSpec = _DEFAULT.evse,
        grid: Grid = _DEFAULT.grid,
        meter: MeterSpec = _DEFAULT.meter,
    ) -> None:
        self.info = BoardInfo("evse-agent", "SimBoard", serial, firmware="sim", claims=CLAIMS, simulation=True)
        self.trace: list[TraceEntry] = []
        self.on_trace: list[Callable[[TraceEntry], None]] = []  # called with each entry
        self._rated_grid = self._grid = grid
        self._grid_symptoms: dict[Symptom, float] = {}
        self._supply = Supply()
        self._plants: dict[int, SimEvse] = {}
        self._hardware: dict[int, SimEvseHardware] = {}
        self._streams = {STATION: Stream(list)}
        for number in range(1, evses + 1):
            rng = random.Random(f"{seed}/{number}")
            energy = EnergyMeter(meter, meter_serial(serial, number), start_wh)
            plant = SimEvse(evse, energy, grid, rng, partial(self._note, number))
            self._plants[number] = plant
            self._streams[number] = Stream(plant.present)
            ports = Ports(plant, partial(self._change, number), partial(self.sample, number))
            self._hardware[number] = SimEvseHardware(plant, ports, partial(self._events, number))
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = -math.inf  # nothing happens by itself before
        self._repeats: dict[int, asyncio.TimerHandle] = {}
        self._closed_s: float | None = None

    # The Board protocol

    @property
    def evses(self) -> Mapping[int, SimEvseHardware]:
        """EVSE id to its ports."""
        return self._hardware

    def events(self) -> AsyncIterator[Stamped]:
        """The station's own stream: tokens shown to a reader of no single EVSE."""
        return self._events(STATION)

    async def start(self) -> None:
        """Nothing is permitted yet, so every contactor is open; physics begin."""
        self._settle(self._catch_up())

    async def close(self) -> None:
        """Withdraw every permission, wait until the contactors have opened, end the streams."""
        if self._closed_s is not None:
            return
        for number in self._plants:
            self._change(number, lambda plant, now_s: plant.permit(False, now_s))
        if any(plant.contactor.mirror or plant.contactor.closed for plant in self._plants.values()):
            await asyncio.sleep(OPENING_S)
        self._closed_s = self._catch_up()
        for timer in (self._timer, *self._repeats.values()):
            if timer is not None:
                timer.cancel()
        for stream in self._streams.values():
            stream.end()

    # For the driver, the tester and the meter

    def plug_in(self, evse: int, car: VehicleSpec | Vehicle = _DEFAULT_CAR, *, cable_a: float = 32.0) -> Vehicle:
        """Plug a car in, with a cable coded for `cable_a`. Raises `HalError` when one is there already."""
        vehicle = car if isinstance(car, Vehicle) else Vehicle(car)
        self._change(evse, lambda plant, now_s: plant.plug_in(vehicle, cable_a, now_s))
        return vehicle

    def plug_out(self, evse: int, *, graceful: bool = True) -> None:
        """Graceful: the car stops, a second later it is pulled. Else it is pulled now. A locked cable stays behind."""
        self._change(evse, lambda plant, now_s: plant.plug_out(graceful, now_s))

    def ev_pause(self, evse: int) -> None:
        """The car stops by itself and opens S2."""
        self._change(evse, lambda plant, _: plant.present_car.pause())

    def ev_resume(self, evse: int) -> None:
        """The car wants energy again."""
        self._change(evse, lambda plant, now_s: plant.present_car.resume(now_s))

    def ev_s2(self, evse: int, closed: bool) -> None:
        """The car's communication controller (ISO 15118, DIN 70121) asks for energy, or no more."""
        self._change(evse, lambda plant, _: plant.present_car.ask_digitally(closed))

    def ev_dc_contactor(self, evse: int, closed: bool) -> None:
        """The car closes or opens its own contactor between inlet and battery."""
        self._change(evse, lambda plant, _: plant.present_car.close_dc(closed))

    def change_car(self, evse: int, **changes: Any) -> None:
        """Other values for fields of `VehicleSpec`, `soc_pct` among them, of the car on the cable."""

        def change(plant: SimEvse, now_s: float) -> None:
            car = plant.present_car
            car.change(replace(car.present_spec, **changes), now_s)

        self._change(evse, change)

    def car_agrees(self, evse: int, *, ready: bool, limit_a: float) -> None:
        """What the messages of a car that talks have come to: S2 closed or open, and what it may draw."""
        self._change(evse, lambda plant, now_s: plant.present_car.agree(ready=ready, limit_a=limit_a, now_s=now_s))

    def present_token(self, token: str, kind: str = "ISO14443", evse: int = 1, serves: tuple[int, ...] = ()) -> None:
        """Hold an identifier before the reader of this EVSE; EVSE 0: one that `serves` several, or all if empty."""
        now_s = self._catch_up()
        for one in serves if evse == STATION else (evse,):
            self._plant(one)
        reader = f"reader-{evse}" if not serves else f"reader-{'-'.join(map(str, serves))}"
        self._streams[evse].emit(now_s, TokenPresented(token, kind, reader, serves))

    def grid_signal(self, evse: int, limit_w: float | None) -> None:
        """The grid's operator limits this EVSE, or (0) the whole station, or (None) no more."""
        if evse != STATION:
            self._plant(evse)
        self._streams[evse].emit(self._catch_up(), GridSignalled(limit_w))

    def inject(self, evse: int, symptom: str, value: float | None = None) -> None:
        """Let a symptom appear; `sim.symptoms` says what its value means. Symptoms of the grid belong to EVSE 0."""
        named = symptom_named(symptom)
        present = self._symptoms_at(evse, named)
        self._note(evse, self._catch_up(), "symptom", f"{named} appears")
        self._set_symptoms(evse, present | {named: DEFAULTS[named] if value is None else value})

    def clear(self, evse: int, symptom: str) -> None:
        """Let a symptom go. One that is not there is no error."""
        named = symptom_named(symptom)
        present = self._symptoms_at(evse, named)
        self._note(evse, self._catch_up(), "symptom", f"{named} goes")
        self._set_symptoms(evse, {one: value for one, value in present.items() if one is not named})

    def symptoms(self, evse: int) -> tuple[str, ...]:
        """What is wrong with this EVSE (0: with the supply) now."""
        return tuple(sorted(self._grid_symptoms if evse == STATION else self._plant(evse).symptoms))

    def true_energy_wh(self, evse: int) -> float:
        """The energy that has truly flowed through this EVSE since it was first built, in watt-hours."""
        self._catch_up()
        return self._plant(evse).meter.flowed_wh

    def sample(self, evse: int) -> MeterSample:
        """What this EVSE's meter measures now."""
        return self._plant(evse).sample(self._catch_up())

    def meter_source(self, evse: int) -> Callable[[], MeterSample]:
        """What a simulated meter on a bus asks for the content of its registers."""
        self._plant(evse)
        return partial(self.sample, evse)

    def snapshot(self, evse: int) -> Snapshot:
        """Everything about one EVSE at this moment."""
        now_s = self._catch_up()
        return self._plant(evse).snapshot(now_s)

    def dump(self) -> dict[str, Any]:
        """What outlives the board's electronics, as JSON-like values: registers, batteries, cables, symptoms."""
        self._catch_up()
        states = {str(number): plant.save() for number, plant in self._plants.items()}
        built: dict[str, Any] = msgspec.to_builtins({"evses": states, "grid": self._grid_symptoms})
        return built

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `dump` of an earlier board said; contactors are open, cars still on their cables.

        Raises `HalError` when the state is not one of such a board.
        """
        try:
            saved = msgspec.convert(state, _Saved, str_keys=True)
        except msgspec.ValidationError as error:
            raise HalError(f"this is no state of a simulated board: {error}; give what dump() returned") from error
        for number, one in saved.evses.items():
            self._change(number, partial(_load, one))
        self._set_symptoms(STATION, saved.grid)

    # Inside

    def _events(self, number: int) -> AsyncIterator[Stamped]:
        return self._streams[number].read(self._now_s())

    def _plant(self, evse: int) -> SimEvse:
        plant = self._plants.get(evse)
        if plant is None:
            raise HalError(f"there is no EVSE {evse}; this board has 1 to {len(self._plants)}")
        return plant

    def _note(self, evse: int, at_s: float, what: str, value: object) -> None:
        entry = TraceEntry(at_s, evse, what, value)
        self.trace.append(entry)
        for tell in self.on_trace:
            tell(entry)

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time() if self._closed_s is None else self._closed_s

    def _change(self, evse: int, action: Callable[[SimEvse, float], None]) -> None:
        """Do something to one EVSE now, with everything that follows at once."""
        plant = self._plant(evse)
        if self._closed_s is not None:
            raise HalGoneError("the simulated board is closed; build another one")
        now_s = self._catch_up()
        action(plant, now_s)
        plant.refresh(now_s)
        self._settle(now_s)

    def _catch_up(self) -> float:
        """Bring the physics to this moment, which it returns."""
        now_s = self._now_s()
        if now_s < self._due_s:
            for plant in self._plants.values():
                plant.integrate(now_s)
        elif self._run_to(now_s):
            self._settle(now_s)
        return now_s

    def _settle(self, now_s: float) -> None:
        """After a change: voltages sag, events go out, and the board sleeps until something is due."""
        self._feed()
        self._run_to(now_s)
        for number, plant in self._plants.items():
            emitted, plant.emitted = plant.emitted, []
            for at_s, event in emitted:
                self._streams[number].emit(at_s, event)
            self._keep_repeating(number, plant)
        if self._timer is not None:
            self._timer.cancel()
        self._due_s = min(plant.due_s for plant in self._plants.values())
        asleep = self._due_s == math.inf
        self._timer = None if asleep else asyncio.get_running_loop().call_at(self._due_s, self._on_timer)

    def _on_timer(self) -> None:
        self._settle(self._now_s())

    def _run_to(self, now_s: float) -> bool:
        """Let everything happen that is due by now, in its order. Whether anything did."""
        plants = self._plants.values()
        happened = False
        while True:
            dues = [plant.due_s for plant in plants]
            due_s = min(dues)
            if due_s > now_s:
                break
            happened = True
            for plant in plants:
                plant.integrate(due_s)
            for plant, its_due_s in zip(plants, dues, strict=True):
                if its_due_s <= due_s:
                    plant.step(due_s)
            self._feed()
        for plant in plants:
            plant.integrate(now_s)
        return happened

    def _feed(self) -> None:
        """All EVSEs hang on one supply: each one's current lowers everybody's voltage."""
        voltages_v = self._supply.voltages_v(self._grid, [plant.load_a for plant in self._plants.values()])
        for plant in self._plants.values():
            plant.feed(self._grid, voltages_v)

    def _keep_repeating(self, number: int, plant: SimEvse) -> None:
        """Readings repeat while PWM runs or the coil is on: who judges by them may ask for fresh ones."""
        wanted = plant.contactor.coil or plant.pilot.source.pwm_pct is not None
        repeating = self._repeats.get(number)
        if wanted and repeating is None:
            at_s = self._now_s() + CP_REPEAT_S
            self._repeats[number] = asyncio.get_running_loop().call_at(at_s, self._repeat, number, plant, at_s)
        elif repeating is not None and not wanted:
            repeating.cancel()
            del self._repeats[number]

    def _repeat(self, number: int, plant: SimEvse, at_s: float) -> None:
        next_s = at_s + CP_REPEAT_S
        self._repeats[number] = asyncio.get_running_loop().call_at(next_s, self._repeat, number, plant, next_s)
        if not plant.pilot.silent:
            self._streams[number].emit(at_s, CpChanged(plant.pilot.reading))

    def _symptoms_at(self, evse: int, named: Symptom) -> dict[Symptom, float]:
        """The symptoms present where this one belongs."""
        if (named in GRID_SYMPTOMS) != (evse == STATION):
            where = f"EVSE {STATION} (the whole station)" if named in GRID_SYMPTOMS else "an EVSE from 1"
            raise HalError(f"symptom {named} belongs to {where}, not to EVSE {evse}")
        return self._grid_symptoms if evse == STATION else self._plant(evse).symptoms

    def _set_symptoms(self, evse: int, symptoms: dict[Symptom, float]) -> None:
        if evse != STATION:
            self._change(evse, lambda plant, now_s: plant.set_symptoms(symptoms, now_s))
            return
        now_s = self._catch_up()
        self._grid_symptoms = symptoms
        self._grid = ailing(self._rated_grid, symptoms)
        self._feed()
        for plant in self._plants.values():
            plant.refresh(now_s)
        self._settle(now_s)


def _load(state: EvseState, plant: SimEvse, now_s: float) -> None:
    plant.load(state, now_s)


def open_board(options: Mapping[str, Any]) -> SimBoard:
    """The entry point `evse.boards`: a board from the options of a configuration file (see `BoardSpec`).

    Raises `HalError` naming the option at fault.
    """
    try:
        spec = msgspec.convert(options, BoardSpec)
    except msgspec.ValidationError as error:
        known = ", ".join(BoardSpec.__struct_fields__)
        raise HalError(f"simulated board, options: {error}; options are {known}") from error
    return SimBoard(**asdict(spec))
