"""SunSpec meters: the models by their public definitions, the chain walked over real TCP and RTU."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.client import AsyncModbusTcpClient

from hal.errors import MeterError
from hal.modbus import sunspec
from hal.modbus.bus import parse_url
from hal.modbus.sunspec_meter import SunSpecMeter
from hal.types import MeterErrorKind, MeterSample
from sim.modbus_server import Slave
from sim.sunspec_slave import SunSpecSlave
from tests.hal.modbus.helpers import CHARGING, LINES, charging, now, tcp

# Offsets from the id, by adding up the sizes of the points in sunspec/models json/model_203.json and model_213.json.
PUBLISHED = {
    203: {"A_SF": 6, "V_SF": 15, "Hz": 16, "Hz_SF": 17, "W": 18, "W_SF": 22, "VAR": 28, "VAR_SF": 32, "TotWhExp": 38}
    | {"TotWhImp": 46, "TotWh_SF": 54},
    213: {"AphA": 4, "PhVphA": 12, "Hz": 26, "W": 28, "VAR": 44, "TotWhExp": 60, "TotWhImp": 68},
}


def integer_model(points: dict[str, list[int]], model_id: int = 203) -> list[int]:
    words = [0x8000] * 107
    words[:2] = model_id, 105
    for name, values in points.items():
        at = PUBLISHED[203][name]
        words[at : at + len(values)] = values
    return words


# The models


def test_an_integer_model_is_read_by_its_scale_factors() -> None:
    words = integer_model(
        {"W": [0x0E60], "W_SF": [0], "Hz": [0x1388], "Hz_SF": [0xFFFE], "TotWhImp": [0x0012, 0xD687], "TotWh_SF": [1]}
    )
    values = sunspec.decode(words)
    assert (values["power_w"], values["frequency_hz"]) == (3680.0, 50.0)
    assert (values["energy_import_wh"], values["resolution_wh"]) == (12345670.0, 10.0)
    assert sunspec.rollover_wh(words) == 42949672960.0


def test_a_value_that_is_not_implemented_is_none_and_so_is_one_without_its_scale() -> None:
    values = sunspec.decode(integer_model({"W": [0x8000], "W_SF": [0], "VAR": [7], "TotWh_SF": [0]}))
    assert values["power_w"] is None
    assert values["reactive_power_var"] is None


def test_a_scale_factor_beyond_the_standards_range_is_none() -> None:
    assert sunspec.decode(integer_model({"W": [7], "W_SF": [11], "TotWh_SF": [0]}))["power_w"] is None


def test_a_float_model_is_read_as_ieee_754() -> None:
    words = [0x7FC0, 0] * 63
    words[:2] = 213, 124
    for name, value in {"W": [0x4566, 0], "PhVphA": [0x4366, 0x3334], "TotWhImp": [0x4996, 0xB438]}.items():
        words[PUBLISHED[213][name] : PUBLISHED[213][name] + 2] = value
    values = sunspec.decode(words)
    assert (values["power_w"], values["energy_import_wh"]) == (3680.0, 1234567.0)
    assert values["voltage_l1_v"] == pytest.approx(230.2, rel=1e-6)
    assert values["frequency_hz"] is None
    assert sunspec.rollover_wh(words) is None


@given(st.integers(0, 2**32 - 1), st.integers(-3, 3))
def test_a_counter_survives_slave_and_driver(count: int, scale: int) -> None:
    energy_wh = count * 10.0**scale
    words = sunspec.encode(203, {"energy_import_wh": energy_wh}, {54: scale})
    assert sunspec.decode(words)["energy_import_wh"] == pytest.approx(energy_wh)


# Over a bus


def slave(source: Callable[[], MeterSample] = lambda: CHARGING, **how: Any) -> SunSpecSlave:
    return SunSpecSlave(source, **how)


async def failure(meter: SunSpecMeter) -> MeterError:
    with pytest.raises(MeterError) as caught:
        await meter.read()
    return caught.value


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("model_id", sunspec.METER_IDS)
async def test_every_meter_model_is_found_and_read(model_id: int, line: str) -> None:
    async with LINES[line](slave(model_id=model_id)) as (bus, _):
        sample = await SunSpecMeter(bus, 1, now).read()
    assert (sample.energy_import_wh, sample.energy_export_wh, sample.serial) == (123_000.0, 4_000.0, "12345")
    assert (sample.power_w, sample.frequency_hz, sample.reactive_power_var) == (3450.0, 50.0, -120.0)
    assert (sample.voltage_v, sample.current_a) == ((230.0, 231.0, 229.5), (15.0, 0.25, 0.0))
    assert sample.power_phase_w == (3450.0, 0.0, -10.0)


@pytest.mark.parametrize("base", [0, 40000, 50000])
async def test_the_mark_is_looked_for_in_all_customary_places(base: int) -> None:
    async with tcp(slave(base=base)) as (bus, _):
        assert (await SunSpecMeter(bus, 1, now).read()).energy_import_wh == 123_000.0


async def test_other_models_before_the_meter_are_stepped_over() -> None:
    serial_line = [10, 4, 0, 0, 0, 0]
    async with tcp(slave(before=[serial_line, [17, 1, 9]])) as (bus, _):
        meter = SunSpecMeter(bus, 1, now)
        await meter.read()
    assert [model.id for model in meter.models] == [1, 10, 17, 203]


async def test_pymodbus_finds_the_same_numbers_where_the_model_says() -> None:
    async with tcp(slave()) as (bus, _):
        address = parse_url(bus.url)
        async with AsyncModbusTcpClient(address.host, port=address.port) as client:
            answer = await client.read_holding_registers(40000 + 70, count=107, device_id=1)
        sample = await SunSpecMeter(bus, 1, now).read()
    words = answer.registers
    assert words[:2] == [203, 105]
    energy = client.convert_from_registers(words[46:48], client.DATATYPE.UINT32)
    power = client.convert_from_registers(words[18:19], client.DATATYPE.INT16)
    assert (energy, power) == (sample.energy_import_wh, sample.power_w)


async def test_a_meter_of_one_phase_has_one_phase() -> None:
    one = charging(voltage_v=(230.0,), current_a=(15.0,), power_phase_w=(3450.0,))
    async with tcp(slave(lambda: one, model_id=201)) as (bus, _):
        assert (await SunSpecMeter(bus, 1, now).read()).voltage_v == (230.0,)


async def test_after_the_first_reading_one_request_is_enough() -> None:
    asked = []
    meter_slave = slave()
    answer = meter_slave.answer
    meter_slave.answer = lambda pdu: asked.append(pdu) or answer(pdu)  # type: ignore[method-assign,func-returns-value]
    async with tcp(meter_slave) as (bus, _):
        meter = SunSpecMeter(bus, 1, now)
        await meter.read()
        asked.clear()
        await meter.read()
    assert len(asked) == 1


class Empty(Slave):
    """Answers zeros, whatever it is asked for."""

    def registers(self, request: Any) -> list[int]:
        return [0] * request.count


class Endless(SunSpecSlave):
    """A chain whose models never end."""

    def image(self) -> list[int]:
        return super().image()[:-2] + [10, 0] * 100


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (Empty(1), "no SunSpec device"),
        (slave(model_id=205), "no meter model among 1, 205"),
        (Endless(lambda: CHARGING), "has no end"),
    ],
)
async def test_what_is_no_sunspec_meter_is_refused_with_the_reason(what: Slave, message: str) -> None:
    async with tcp(what) as (bus, _):
        error = await failure(SunSpecMeter(bus, 1, now))
    assert error.kind is MeterErrorKind.WRONG_IDENTITY
    assert message in error.detail


async def test_another_meter_than_the_configured_one_is_refused() -> None:
    async with tcp(slave()) as (bus, _):
        error = await failure(SunSpecMeter(bus, 1, now, serial="99"))
    assert (error.kind, error.detail) == (
        MeterErrorKind.WRONG_IDENTITY,
        "serial number 12345, configured is 99",
    )


async def test_a_meter_exchanged_while_it_was_silent_is_noticed() -> None:
    measures = CHARGING
    meter_slave = slave(lambda: measures)
    async with tcp(meter_slave) as (bus, _):
        meter = SunSpecMeter(bus, 1, now)
        await meter.read()
        meter_slave.silent = True
        assert (await failure(meter)).kind is MeterErrorKind.TIMEOUT
        meter_slave.silent, measures = False, charging(serial="777")
        assert (await meter.read()).serial == "777"


@pytest.mark.parametrize("line", LINES)
async def test_a_meter_that_is_silent_at_first_is_found_once_nothing_old_can_come(line: str) -> None:
    meter_slave = slave()
    meter_slave.silent = True
    async with LINES[line](meter_slave) as (bus, _):
        meter = SunSpecMeter(bus, 1, now)
        assert (await failure(meter)).kind is MeterErrorKind.TIMEOUT
        meter_slave.silent = False
        for _ in range(100):
            try:
                sample = await meter.read()
                break
            except MeterError as error:
                assert error.kind is MeterErrorKind.TIMEOUT  # noqa: PT017 -- until it may be asked again
            await asyncio.sleep(0.2)
        assert sample.energy_import_wh == 123_000.0
        assert 10.0 < now() < 12.0
