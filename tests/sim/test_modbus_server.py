from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from hal.modbus.profile import load_profile
from hal.types import MeterSample
from sim.modbus_server import MeterSlave, ModbusRtuServer, ModbusTcpServer, Pty, crc16

SDM = load_profile("eastron_sdm630")
EM340 = load_profile("carlo_gavazzi_em340")
MANUALS_VOLTS = struct.unpack(">f", bytes.fromhex("43663334"))[0]  # 230.2 in the manufacturer's example

SAMPLE = MeterSample(
    taken_mono_s=0.0,
    energy_import_wh=1_234_500.0,
    voltage_v=(MANUALS_VOLTS, 231.0, 229.0),
    serial="12345678",
    frequency_hz=50.0,
)


def now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def over_tcp(*slaves: MeterSlave) -> AsyncIterator[AsyncModbusTcpClient]:
    server = ModbusTcpServer(slaves)
    async with AsyncModbusTcpClient("127.0.0.1", port=await server.start(), timeout=0.5, retries=0) as client:
        yield client
    await server.stop()


@asynccontextmanager
async def on_a_line(*slaves: MeterSlave, baudrate: int | None = None) -> AsyncIterator[Pty]:
    line = Pty()
    server = ModbusRtuServer(slaves, line.fd, baudrate=baudrate)
    server.start()
    try:
        yield line
    finally:
        server.stop()
        line.close()


class Device:
    """The raw other end of a line."""

    def __init__(self, line: Pty) -> None:
        self.fd = os.open(line.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    async def ask(self, request: str) -> str:
        heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(self.fd, lambda: heard.done() or heard.set_result(os.read(self.fd, 512)))
        os.write(self.fd, bytes.fromhex(request))
        try:
            return (await asyncio.wait_for(heard, 1.0)).hex(" ")
        except TimeoutError:
            return ""
        finally:
            asyncio.get_running_loop().remove_reader(self.fd)


def slave(unit_id: int = 1) -> MeterSlave:
    return MeterSlave(SDM, lambda: SAMPLE, unit_id)


async def test_the_manufacturers_own_example_is_answered_byte_for_byte() -> None:
    """Eastron SDM630 and SDM320Y manuals: voltage of phase 1."""
    async with on_a_line(slave()) as line:
        device = Device(line)
        assert await device.ask("01 04 00 00 00 02 71 cb") == "01 04 04 43 66 33 34 1b 38"
        os.close(device.fd)


def test_the_crc_is_that_of_the_manufacturers_examples() -> None:
    assert crc16(bytes.fromhex("010400000002")).to_bytes(2, "little").hex() == "71cb"
    assert crc16(bytes.fromhex("0503500000245555")) == 0  # ABB A43 manual, 9.11.1
    assert crc16(bytes.fromhex("0503500000245455")) != 0


@pytest.mark.parametrize(
    "request_hex",
    [
        "01 04 00 00 00 02 71 cc",  # damaged
        "02 04 00 00 00 02 71 f8",  # somebody else
        "00 04 00 00 00 02 70 1a",  # broadcast
        "01 04 00 00",
    ],
)
async def test_a_slave_keeps_silent_when_it_is_not_asked(request_hex: str) -> None:
    async with on_a_line(slave()) as line:
        device = Device(line)
        assert await device.ask(request_hex) == ""
        os.close(device.fd)


async def test_a_slave_that_heard_noise_answers_the_next_request() -> None:
    async with on_a_line(slave()) as line:
        device = Device(line)
        assert await device.ask("00 11 22 33 44 55 66 77 88 99") == ""
        assert await device.ask("01 04 00 00 00 02 71 cb") == "01 04 04 43 66 33 34 1b 38"
        os.close(device.fd)


@pytest.mark.parametrize(
    ("address", "count", "code"),
    [(0x004C, 1, 2), (0x0040, 20, 2), (0x2000, 2, 2), (0xFC00, 2, 2), (0x0000, 81, 3), (0xFFFF, 2, 2)],
)
async def test_illegal_reads_are_answered_with_an_exception(address: int, count: int, code: int) -> None:
    async with over_tcp(slave()) as client:
        answer = await client.read_input_registers(address, count=count, device_id=1)
        assert answer.isError()
        assert answer.exception_code == code


async def test_an_unknown_function_is_answered_with_an_exception() -> None:
    async with over_tcp(slave()) as client:
        assert (await client.write_register(0, 1, device_id=1)).exception_code == 1
        assert (await client.read_coils(0, count=1, device_id=1)).exception_code == 1


async def test_gaps_inside_a_readable_block_read_zero() -> None:
    async with over_tcp(slave()) as client:
        assert (await client.read_input_registers(0x0040, count=6, device_id=1)).registers == [0] * 6


async def test_a_read_may_begin_and_end_inside_a_value() -> None:
    async with over_tcp(slave()) as client:
        assert (await client.read_input_registers(0x0001, count=2, device_id=1)).registers == [0x3334, 0x4367]


async def test_the_model_code_is_there_for_those_who_ask_for_nothing_else() -> None:
    async with over_tcp(MeterSlave(EM340, lambda: SAMPLE)) as client:
        assert (await client.read_input_registers(0x000B, count=1, device_id=1)).registers == [331]
        assert (await client.read_input_registers(0x000A, count=2, device_id=1)).registers == [0, 0]


async def test_registers_are_computed_when_they_are_read() -> None:
    taken = []

    def measure() -> MeterSample:
        taken.append(now())
        return msgspec.structs.replace(SAMPLE, frequency_hz=float(len(taken)))

    async with over_tcp(MeterSlave(SDM, measure)) as client:
        assert not taken
        for number in (1.0, 2.0):
            registers = (await client.read_input_registers(0x46, count=2, device_id=1)).registers
            assert client.convert_from_registers(registers, client.DATATYPE.FLOAT32) == number
    assert len(taken) == 2


async def test_a_slave_reads_the_same_over_a_serial_line() -> None:
    async with on_a_line(slave(1), slave(9)) as line, AsyncModbusSerialClient(line.path, baudrate=9600) as client:
        for unit_id in (1, 9):
            registers = (await client.read_input_registers(0x46, count=4, device_id=unit_id)).registers
            assert registers == [0x4248, 0, 0x449A, 0x5000]


async def test_a_slow_slave_answers_so_much_later() -> None:
    slow = slave()
    slow.delay_s = 0.3
    async with over_tcp(slow) as client:
        await client.read_input_registers(0, count=2, device_id=1)
        assert now() == pytest.approx(0.3)


async def test_a_slow_slave_answers_one_request_after_the_other() -> None:
    slow = slave()
    slow.delay_s = 0.3
    reader, writer = await asyncio.open_connection("127.0.0.1", await (server := ModbusTcpServer([slow])).start())
    for transaction in (7, 8):
        writer.write(struct.pack(">HHHBBHH", transaction, 0, 6, 1, 4, 0, 1))
    assert (await reader.readexactly(11))[:2] == b"\x00\x07"
    assert now() == pytest.approx(0.3)
    assert (await reader.readexactly(11))[:2] == b"\x00\x08"
    assert now() == pytest.approx(0.6)
    writer.close()
    await server.stop()


async def test_a_wire_takes_its_time() -> None:
    async with on_a_line(slave(), baudrate=9600) as line, AsyncModbusSerialClient(line.path) as client:
        await client.read_input_registers(0, count=76, device_id=1)
        assert now() == pytest.approx((8 + 3.5 + 5 + 2 * 76) * 11 / 9600)


async def test_garbage_instead_of_a_header_ends_the_connection() -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", await (server := ModbusTcpServer([slave()])).start())
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await reader.read() == b""
    writer.close()
    await server.stop()
