"""The ports of one simulated EVSE: each command is carried out as asked, at once unless the board is slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from hal.board import COMMAND_DEADLINE_S, INSULATION_TEST_S, DcSupply, InsulationMonitor, OverVoltageMonitor
from hal.errors import HalError, HalTimeoutError, MeterError
from hal.types import DcMode, EvseCapabilities, FaultKind, FaultRaised, MeterErrorKind, MeterSample, Stamped
from sim.circuit import Source, SourceMode
from sim.dc import DcPlant
from sim.evse import SimEvse
from sim.symptoms import Symptom
from sim.vehicle import Vehicle

CP_REPEAT_S: Final = 1.0  # the converter repeats its reading this often while PWM runs or the coil is on
INSULATION_TEST_TAKES_S: Final = 5.0  # and the insulation monitor's
SELF_TEST_S: Final = 0.2  # how long the residual-current monitor's self-test takes

Change = Callable[[Callable[[SimEvse, float], None]], None]


class Ports:
    """Pilot, contactor, lock, residual-current monitor, phase switch and built-in meter of one EVSE.

    Every command raises `HalTimeoutError` when the board (symptom board-slow) needs longer than `deadline_s`, and
    `HalGoneError` once the board is closed.
    """

    def __init__(self, plant: SimEvse, change: Change, measure: Callable[[], MeterSample]) -> None:
        self._plant = plant
        self.change = change
        self._measure = measure

    async def pwm(self, duty_pct: float, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Run PWM at `duty_pct` percent."""
        if not 0 < duty_pct < 100:  # noqa: PLR2004 - percent
            raise HalError(f"no PWM has a duty cycle of {duty_pct:g} %; use x1 or state_f for a constant level")
        await self._drive(Source(SourceMode.PWM, duty_pct), deadline_s)

    async def x1(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Constant +12 V."""
        await self._drive(Source(SourceMode.X1), deadline_s)

    async def state_e(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Constant 0 V."""
        await self._drive(Source(SourceMode.E), deadline_s)

    async def state_f(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Constant -12 V."""
        await self._drive(Source(SourceMode.F), deadline_s)

    async def permit(self, on: bool, reason: str, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:  # noqa: ARG002 - the port's signature
        """Switch the contactor's coil: this raw board takes permission for a command, and never lets it lapse."""
        await self._answer(deadline_s)
        if on != self._plant.contactor.coil:  # renewals come twice a second
            self.change(lambda plant, now_s: plant.permit(on, now_s))

    async def lock(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Drive to locked."""
        await self._drive_lock(True, deadline_s)

    async def unlock(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Drive to unlocked, whatever the contactor does."""
        await self._drive_lock(False, deadline_s)

    async def self_test(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Run the self-test, whatever the contactor does; a failure is reported as a fault."""
        await self._answer(deadline_s)
        await asyncio.sleep(SELF_TEST_S)
        self.change(lambda plant, now_s: plant.end_self_test(now_s))

    async def reset(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Clear a latched trip; it trips again while its cause lasts."""
        await self._answer(deadline_s)
        self.change(lambda plant, now_s: plant.reset_rcd(now_s))

    async def phases(self, count: int, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:
        """Use one or three phases, under load too."""
        if count not in {1, 3}:
            raise HalError(f"the phase switch knows 1 and 3 phases, not {count}")
        await self._answer(deadline_s)
        self.change(lambda plant, now_s: plant.use_phases(count, now_s))

    async def read(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> MeterSample:
        """Measure now. Raises `MeterError` (timeout) while the meter is silent."""
        if Symptom.METER_SILENT in self._plant.symptoms:
            await asyncio.sleep(deadline_s)
            raise MeterError(MeterErrorKind.TIMEOUT, "the built-in meter does not answer")
        return self._measure()

    async def _drive(self, source: Source, deadline_s: float) -> None:
        await self._answer(deadline_s)
        self.change(lambda plant, now_s: plant.drive_pilot(source, now_s))

    async def _drive_lock(self, locked: bool, deadline_s: float) -> None:
        await self._answer(deadline_s)
        self.change(lambda plant, now_s: plant.lock.drive(locked, now_s))

    async def _answer(self, deadline_s: float) -> None:
        """Take as long as this board takes; beyond the deadline the command is lost."""
        latency_s = self._plant.symptoms.get(Symptom.BOARD_SLOW, 0.0)
        if latency_s > 0:
            await asyncio.sleep(min(latency_s, deadline_s))
        if latency_s > deadline_s:
            raise HalTimeoutError(f"the board did not answer within {deadline_s:g} s")


class DcSimPorts:
    """DC supply, insulation monitor and over-voltage monitor of one EVSE: they do what they are told."""

    def __init__(self, dc: DcPlant, change: Change) -> None:
        self._dc = dc
        self._change = change

    async def mode(self, mode: DcMode, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:  # noqa: ARG002 - the port's
        """Come into this mode, whatever the contactor does."""
        self._change(lambda _, now_s: self._dc.drive(now_s, mode=mode))

    async def set(self, voltage_v: float, current_a: float, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:  # noqa: ARG002
        """Hold this voltage, and give no more than this current."""
        self._change(lambda _, now_s: self._dc.drive(now_s, to=(voltage_v, current_a)))

    async def watch(self, limit_v: float | None, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:  # noqa: ARG002
        """Cut off above this; None: watch no more."""
        self._change(lambda *_: self._dc.watch(limit_v))


class InsulationSimPorts:
    """The insulation monitor of one EVSE."""

    def __init__(self, plant: SimEvse, dc: DcPlant, change: Change) -> None:
        self._plant = plant
        self._dc = dc
        self._change = change

    async def start(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:  # noqa: ARG002 - the port's signature
        """Measure."""
        self._monitor(True)

    async def stop(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> None:  # noqa: ARG002
        """Measure no more."""
        self._monitor(False)

    async def test(self, voltage_v: float, *, deadline_s: float = INSULATION_TEST_S) -> None:  # noqa: ARG002
        """Run the self-test; a failure is reported as a fault."""
        await asyncio.sleep(INSULATION_TEST_TAKES_S)
        if Symptom.INSULATION_TEST_FAILS in self._plant.symptoms:
            fault = FaultRaised(FaultKind.INSULATION_MONITOR, "the test resistor was not seen")
            self._change(lambda plant, now_s: plant.emit(now_s, fault))

    def _monitor(self, on: bool) -> None:
        self._change(lambda _, now_s: self._dc.monitor(on, now_s))


class SimEvseHardware:
    """`hal.board.EvseHardware` of one simulated EVSE."""

    def __init__(self, plant: SimEvse, ports: Ports, events: Callable[[], AsyncIterator[Stamped]]) -> None:
        spec = plant.spec
        self.capabilities = EvseCapabilities(
            max_current_a=spec.max_current_a,
            phases=spec.phases,
            has_lock=spec.socket,
            has_proximity=spec.socket,
            has_rcd=True,
            has_phase_switch=spec.phase_switch,
            has_ventilation=spec.ventilation,
            cp_repeat_s=CP_REPEAT_S,
            dc=None if spec.dc is None else spec.dc.ratings,
        )
        self.pilot = ports
        self.contactor = ports
        self.lock = ports if spec.socket else None
        self.rcd = ports
        self.phase_switch = ports if spec.phase_switch else None
        self.meter = ports
        self.led = plant.front
        self.display = plant.front
        supply = None if plant.dc is None else DcSimPorts(plant.dc, ports.change)
        self.dc_supply: DcSupply | None = supply
        self.over_voltage: OverVoltageMonitor | None = supply
        self.insulation: InsulationMonitor | None = (
            None if plant.dc is None else InsulationSimPorts(plant, plant.dc, ports.change)
        )
        self.events = events
        self._plant = plant

    @property
    def car(self) -> Vehicle | None:
        """The car on the cable, which no board would know."""
        return self._plant.car
