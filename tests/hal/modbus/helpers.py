"""Meters, slaves and buses for the tests of this folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec

from hal.modbus.bus import ModbusBus
from hal.modbus.profile import PROFILES
from hal.types import MeterSample
from sim.modbus_server import ModbusRtuServer, ModbusTcpServer, Pty, Slave

PROFILE_NAMES = sorted(path.stem for path in PROFILES.glob("*.toml"))

# Values that every shipped profile can hold exactly, whatever its scale.
CHARGING = MeterSample(
    taken_mono_s=0.0,
    energy_import_wh=123_000.0,
    energy_export_wh=4_000.0,
    serial="12345",
    power_w=3450.0,
    power_phase_w=(3450.0, 0.0, -10.0),
    voltage_v=(230.0, 231.0, 229.5),
    current_a=(15.0, 0.25, 0.0),
    frequency_hz=50.0,
    power_factor=0.5,
    reactive_power_var=-120.0,
)


def charging(**changes: Any) -> MeterSample:
    return msgspec.structs.replace(CHARGING, **changes)


def now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def tcp(*slaves: Slave) -> AsyncIterator[tuple[ModbusBus, ModbusTcpServer]]:
    server = ModbusTcpServer(slaves)
    bus = ModbusBus(f"tcp://127.0.0.1:{await server.start()}")
    try:
        yield bus, server
    finally:
        await bus.close()
        await server.stop()


@asynccontextmanager
async def rtu(*slaves: Slave, baudrate: int = 9600) -> AsyncIterator[tuple[ModbusBus, ModbusRtuServer]]:
    pty = Pty()
    server = ModbusRtuServer(slaves, pty.fd)
    server.start()
    bus = ModbusBus(f"serial://{pty.path}?baudrate={baudrate}")
    try:
        yield bus, server
    finally:
        await bus.close()
        server.stop()
        pty.close()


LINES: dict[str, Callable[..., AbstractAsyncContextManager[tuple[ModbusBus, ModbusTcpServer | ModbusRtuServer]]]] = {
    "tcp": tcp,
    "rtu": rtu,
}
