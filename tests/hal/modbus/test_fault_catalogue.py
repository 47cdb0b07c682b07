"""Every way in which a meter on a bus can fail, made as a symptom on the line and told apart by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from hal.continuity import Follower
from hal.modbus.meter import ModbusMeter
from hal.modbus.poller import MeterPoller
from hal.modbus.profile import load_profile
from hal.types import (
    EvseCapabilities,
    FaultKind,
    FaultRaised,
    HalEvent,
    MeterErrorKind,
    MeterFailed,
    MeterSample,
    MeterSampled,
)
from sim.modbus_server import MeterSlave, ModbusRtuServer
from tests.hal.modbus.helpers import charging, now, rtu

PROFILE = load_profile("bernecker_mpm3pm")  # 32 bits of 10 Wh, and a serial number
ROLLOVER_WH = 10.0 * 2**32
CAN = EvseCapabilities(max_current_a=32.0)


class Line:
    """A meter on a serial line, polled once a second; `shows` is what its registers hold."""

    def __init__(self, start_wh: float) -> None:
        self.shows = charging(energy_import_wh=start_wh, power_w=11_000.0)
        self.frozen = False
        self.slave = MeterSlave(PROFILE, self._measure)
        self.server: ModbusRtuServer
        self.begun_s = now()
        self.events: list[HalEvent] = []

    def _measure(self) -> MeterSample:
        flowed_wh = 0.0 if self.frozen else 3.0 * (now() - self.begun_s)
        return replace(self.shows, energy_import_wh=self.shows.energy_import_wh + flowed_wh)

    def add(self, energy_wh: float) -> None:
        self.shows = replace(self.shows, energy_import_wh=self.shows.energy_import_wh + energy_wh)

    async def exchange(self, serial: str) -> None:
        """Another meter takes its place; without power for a while."""
        self.slave.silent = True
        await asyncio.sleep(3.0)
        self.slave.silent, self.shows = False, replace(self.shows, serial=serial)


def set_symptom(**symptoms: Any) -> Callable[[Line], None]:
    def inject(line: Line) -> None:
        for name, value in symptoms.items():
            setattr(line.slave, name, value)

    return inject


def talk(line: Line) -> None:
    """A collision: what is heard of each answer is bits of two."""
    send = line.server.transmit
    line.server.transmit = lambda data: send(bytes(byte & other for byte, other in zip(data, data[::-1], strict=True)))  # type: ignore[method-assign]


def nothing(_line: Line) -> None:
    """It comes by itself."""


CATALOGUE: dict[str, tuple[Callable[[Line], Any], MeterErrorKind]] = {
    "it is silent": (set_symptom(silent=True), MeterErrorKind.TIMEOUT),
    "it is too slow": (set_symptom(delay_s=3.0), MeterErrorKind.TIMEOUT),
    "its answers are damaged": (set_symptom(corrupt=True), MeterErrorKind.CRC),
    "another slave talks at the same time": (talk, MeterErrorKind.CRC),
    "it answers with an exception": (set_symptom(exception=4), MeterErrorKind.EXCEPTION),
    "its register rolls over": (nothing, MeterErrorKind.ROLLOVER),
    "its register is reset": (lambda line: line.add(-900_000.0), MeterErrorKind.RESET),
    "its register goes back a little": (lambda line: line.add(-80.0), MeterErrorKind.BACKWARD),
    "its register leaps": (lambda line: line.add(50_000.0), MeterErrorKind.JUMPED),
    "its register stands while power flows": (lambda line: setattr(line, "frozen", True), MeterErrorKind.FROZEN),
    "another meter answers": (lambda line: line.exchange("777"), MeterErrorKind.SWAPPED),
}


async def polled(inject: Callable[[Line], Any], *, serial: str | None = None) -> list[HalEvent]:
    """What is reported from the symptom on, for a minute. Without one the register comes to its end."""
    line = Line(ROLLOVER_WH - 60.0 if inject is nothing else 1_000_000.0)
    async with rtu(line.slave) as (bus, server):
        line.server = server
        meter = ModbusMeter(PROFILE, bus, 1, now, serial=serial)
        poller = MeterPoller(meter, 1.0, line.events.append, Follower(meter, CAN, lambda: False))
        task = asyncio.ensure_future(poller.run())
        await asyncio.sleep(3.5)
        if serial is None:
            assert all(isinstance(event, MeterSampled) for event in line.events)
        line.events.clear()
        result = inject(line)
        if result is not None:
            await result
        await asyncio.sleep(60.0)
        task.cancel()
    return line.events


@pytest.mark.parametrize("symptom", CATALOGUE)
async def test_a_symptom_has_its_name(symptom: str) -> None:
    inject, kind = CATALOGUE[symptom]
    events = await polled(inject)
    kinds = [event.kind for event in events if isinstance(event, MeterFailed)]
    assert kind in kinds
    assert set(kinds) <= {kind, MeterErrorKind.TIMEOUT}


@pytest.mark.parametrize(
    "symptom", ["its register rolls over", "its register is reset", "its register goes back a little"]
)
async def test_what_can_be_made_up_for_is_no_fault(symptom: str) -> None:
    events = await polled(CATALOGUE[symptom][0])
    assert not any(isinstance(event, FaultRaised) for event in events)
    energies = [event.sample.energy_import_wh for event in events if isinstance(event, MeterSampled)]
    assert energies == sorted(energies)
    assert energies[-1] - energies[0] < 250.0


async def test_a_meter_with_another_number_than_configured_is_told_apart() -> None:
    events = await polled(set_symptom(), serial="99")
    assert {event.kind for event in events if isinstance(event, MeterFailed)} == {MeterErrorKind.WRONG_IDENTITY}


async def test_a_line_that_echoes_is_no_fault() -> None:
    def echo(line: Line) -> None:
        line.server.echo = True

    assert all(isinstance(event, MeterSampled) for event in await polled(echo))


async def test_a_fault_names_what_is_wrong_for_whoever_stands_before_it() -> None:
    events = await polled(CATALOGUE["another meter answers"][0])
    raised = [event for event in events if isinstance(event, FaultRaised)]
    assert raised[-1].fault is FaultKind.METER
    assert "unplug the car" in raised[-1].detail or "no answer" in raised[-1].detail
