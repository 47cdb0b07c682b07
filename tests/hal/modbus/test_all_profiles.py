"""Every shipped profile: served by a slave, read by our driver and, value by value, by pymodbus' own client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from hal.modbus.bus import ModbusBus, parse_url
from hal.modbus.layout import from_sample
from hal.modbus.meter import ModbusMeter
from hal.modbus.profile import load_profile
from hal.modbus.schema import DECIMALS, PHASE_POINTS, SAMPLE_POINTS, SINGLE_POINTS, Point, Profile
from hal.types import MeterSample
from sim.modbus_server import MeterSlave
from tests.hal.modbus.helpers import CHARGING, LINES, PROFILE_NAMES, now

Client = AsyncModbusTcpClient | AsyncModbusSerialClient
PYMODBUS_TYPES = {
    "u16": "UINT16",
    "i16": "INT16",
    "u32": "UINT32",
    "i32": "INT32",
    "u64": "UINT64",
    "i64": "INT64",
    "f32": "FLOAT32",
    "f64": "FLOAT64",
    "t5": "UINT32",
    "t6": "UINT32",
    "i32e": "INT32",
    "str": "STRING",
}


@asynccontextmanager
async def foreign_client(bus: ModbusBus) -> AsyncIterator[Client]:
    """pymodbus' own client on the same line, alone on it."""
    address = parse_url(bus.url)
    client: Client
    if address.device:
        client = AsyncModbusSerialClient(address.device, baudrate=9600)
    else:
        client = AsyncModbusTcpClient(address.host, port=address.port)
    async with client:
        yield client


async def foreign_read(client: Client, profile: Profile, address: int, count: int, point: Point) -> list[int]:
    ask = client.read_input_registers if profile.function_of(point) == 4 else client.read_holding_registers
    answer = await ask(address, count=count, device_id=1)
    assert not answer.isError()
    return list(answer.registers)


async def foreign_value(client: Client, profile: Profile, point: Point) -> float | str:
    """One value by itself, put together by pymodbus; powers of ten by the letter of the maker's manual."""
    words = await foreign_read(client, profile, point.address, point.count, point)
    kind = getattr(client.DATATYPE, PYMODBUS_TYPES[point.type])
    order = "big" if point.type == "str" else profile.word_order
    value = client.convert_from_registers(words, kind, word_order=order)
    if point.type == "str":
        return str(value)
    assert isinstance(value, int | float)
    if point.type == "i32e":
        assert point.exponent_address is not None
        (exponent,) = await foreign_read(client, profile, point.exponent_address, 1, point)
        return value * 10.0 ** (exponent - (exponent >> 15 << 16)) * point.scale
    if point.type in DECIMALS:
        exponent, mantissa = int(value) >> 24, int(value) & 0xFFFFFF
        if point.type == "t6" and mantissa >> 23:
            mantissa -= 1 << 24
        return mantissa * 10.0 ** (exponent - (exponent >> 7 << 8)) * point.scale
    return value * point.scale


def at_point(sample: MeterSample, name: str) -> float | None:
    """What a sample of ours says for a point of a profile."""
    if name in SINGLE_POINTS:
        value: float | None = getattr(sample, name)
        return value
    if name in {"power_import_w", "power_export_w"}:
        assert sample.power_w is not None
        return max(sample.power_w if name == "power_import_w" else -sample.power_w, 0.0)
    for field, names in PHASE_POINTS.items():
        if name in names:
            phases: tuple[float, ...] = getattr(sample, field)
            return phases[names.index(name)]
    raise AssertionError(name)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("name", PROFILE_NAMES)
async def test_our_driver_and_pymodbus_read_the_same_values_of_every_profile(name: str, line: str) -> None:
    profile = load_profile(name)
    truth = from_sample(profile, CHARGING)
    async with LINES[line](MeterSlave(profile, lambda: CHARGING)) as (bus, _):
        async with foreign_client(bus) as client:
            foreign = {
                point: await foreign_value(client, profile, profile.points[point])
                for point in SAMPLE_POINTS & profile.points.keys()
            }
        sample = await ModbusMeter(profile, bus, 1, now).read()
    assert "energy_import_wh" in foreign
    for point, value in foreign.items():
        assert at_point(sample, point) == pytest.approx(value, rel=1e-6), point
        assert truth[point] == pytest.approx(value, rel=1e-6), point
    assert sample.serial == ("12345" if "serial" in profile.points else None)


@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_every_profile_names_its_sources_and_says_how_far_it_was_checked(name: str) -> None:
    profile = load_profile(name)
    assert profile.source
    assert profile.models
    assert profile.check != "two" or len(profile.source) >= 2
    assert all("source" in msgspec.structs.asdict(image) and image.source for image in profile.image)


def test_there_are_twenty_meters_at_least() -> None:
    assert len(PROFILE_NAMES) >= 20
