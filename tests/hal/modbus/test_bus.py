from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest

from hal.errors import MeterError
from hal.modbus.answers import RtuAnswers, TcpAnswers, exception_code, values
from hal.modbus.bus import ANSWER_TIMEOUT_S, HANG_UP_AFTER, LATEST_ANSWER_S, ModbusBus, Unit, parse_url
from hal.modbus.layout import Layout
from hal.modbus.profile import load_profile, probes, sample_requests
from hal.modbus.schema import ReadRequest
from hal.types import MeterErrorKind, MeterSample
from sim.modbus_server import MeterSlave, Pty, crc16
from sim.time import run_virtual
from tests.hal.modbus.helpers import CHARGING, LINES, charging, now, rtu, tcp

ABB = load_profile("abb_b2x")
ENERGY, LIVE = sample_requests(ABB)
PROBES = probes(ABB)


def slave(unit_id: int = 1, source: Callable[[], MeterSample] = lambda: CHARGING) -> MeterSlave:
    return MeterSlave(ABB, source, unit_id)


def attach(bus: ModbusBus, unit_id: int = 1, gap_s: float = 0.0) -> Unit:
    return bus.unit(unit_id, probes=PROBES, gap_s=gap_s)


async def read(unit: Unit, request: ReadRequest = ENERGY, *, within_s: float = 1.0) -> list[int]:
    return list(await unit.read(request, until_s=now() + within_s))


async def failure(unit: Unit, **how: Any) -> MeterError:
    with pytest.raises(MeterError) as caught:
        await read(unit, **how)
    return caught.value


# Over real sockets


@pytest.mark.realtime
async def test_the_driver_reads_over_real_sockets_too() -> None:
    async with tcp(slave()) as (bus, _):
        assert await read(attach(bus)) == [0, 0, 0, 12300, 0, 0, 0, 400]


# Several slaves


@pytest.mark.parametrize("line", LINES)
async def test_two_slaves_on_one_bus_are_never_mixed_up(line: str) -> None:
    first, second = slave(3, lambda: charging(energy_import_wh=30.0)), slave(4, lambda: charging(energy_import_wh=40.0))
    async with LINES[line](first, second) as (bus, _):
        three, four = attach(bus, 3), attach(bus, 4)
        for _ in range(5):
            answers = await asyncio.gather(read(three), read(four), read(three))
            assert [answer[3] for answer in answers] == [3, 4, 3]


async def test_one_address_cannot_have_two_owners() -> None:
    bus = ModbusBus("tcp://meter")
    attach(bus, 7)
    with pytest.raises(ValueError, match="unit 7 is taken"):
        attach(bus, 7)
    with pytest.raises(ValueError, match="from 1 to 255"):
        attach(bus, 0)


async def test_a_dead_slave_takes_one_wait_of_the_bus_a_poll() -> None:
    dead, alive = slave(1), slave(2)
    dead.silent = True
    async with tcp(dead, alive) as (bus, _):
        unit = attach(bus, 1)
        await failure(unit)
        begun_s = now()
        await asyncio.gather(failure(unit), read(attach(bus, 2)))
        assert now() - begun_s == pytest.approx(ANSWER_TIMEOUT_S)


# Failures by their kind


@pytest.mark.parametrize("line", LINES)
async def test_silence_is_a_time_out_however_long_it_lasts(line: str) -> None:
    mute = slave()
    mute.silent = True
    async with LINES[line](mute) as (bus, _):
        unit = attach(bus)
        errors = [await failure(unit) for _ in range(8)]
    assert {error.kind for error in errors} == {MeterErrorKind.TIMEOUT}
    assert all("unit 1" in error.detail for error in errors)


async def test_a_gateway_that_answers_nothing_any_more_is_dialled_anew() -> None:
    """One that was restarted knows nothing of the connection, and may not say so."""
    requests: list[int] = []  # on each connection

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(0)
        while await reader.read(100):
            requests[-1] += 1
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    bus = ModbusBus(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    unit = attach(bus)
    while len(requests) < 3:
        assert (await failure(unit)).kind is MeterErrorKind.TIMEOUT
        await asyncio.sleep(LATEST_ANSWER_S + 1.0)  # until it is asked again
    await bus.close()
    await asyncio.sleep(1.0)  # until the other end has seen it
    server.close()
    await server.wait_closed()
    assert requests[:2] == [HANG_UP_AFTER, HANG_UP_AFTER]


async def test_a_damaged_answer_is_a_crc_error() -> None:
    noisy = slave()
    noisy.corrupt = True
    async with rtu(noisy) as (bus, _):
        unit = attach(bus)
        assert (await failure(unit)).kind is MeterErrorKind.CRC
        noisy.corrupt = False
        assert (await read(unit))[3] == 12300


@pytest.mark.parametrize("line", LINES)
async def test_an_exception_is_reported_with_its_meaning(line: str) -> None:
    refusing = slave()
    refusing.exception = 6
    async with LINES[line](refusing) as (bus, _):
        error = await failure(attach(bus))
    assert error.kind is MeterErrorKind.EXCEPTION
    assert "exception 6 (device busy)" in error.detail
    assert "0x5000" in error.detail


async def test_nobody_at_the_address_is_disconnected() -> None:
    async with tcp() as (bus, server):
        await server.stop()
        assert (await failure(attach(bus))).kind is MeterErrorKind.DISCONNECTED


async def test_a_missing_device_is_disconnected() -> None:
    error = await failure(attach(ModbusBus("serial:///dev/no-such-port")))
    assert error.kind is MeterErrorKind.DISCONNECTED


async def test_a_device_that_does_not_take_its_settings_is_disconnected() -> None:
    pty = Pty()
    error = await failure(attach(ModbusBus(f"serial://{pty.path}?parity=E")))  # a pty knows no parity
    pty.close()
    assert error.kind is MeterErrorKind.DISCONNECTED
    assert "does not take its settings" in error.detail


async def test_a_device_that_is_unplugged_is_disconnected_and_found_again() -> None:
    pty = Pty()
    bus = ModbusBus(f"serial://{pty.path}")
    unit = attach(bus)
    assert (await failure(unit)).kind is MeterErrorKind.TIMEOUT
    pty.close()
    assert (await failure(unit)).kind is MeterErrorKind.DISCONNECTED
    await bus.close()


async def test_a_connection_lost_while_waiting_is_noticed_at_once_and_made_anew() -> None:
    slow = slave()
    slow.delay_s = 0.3
    async with tcp(slow) as (bus, server):
        unit = attach(bus)
        reading = asyncio.ensure_future(read(unit, within_s=10.0))
        await asyncio.sleep(0.1)
        slow.delay_s = 0.0
        server.drop_connections()
        assert (await reading)[3] == 12300
        assert now() < 0.4


async def test_a_connection_that_keeps_breaking_is_disconnected() -> None:
    slow = slave()
    slow.delay_s = 0.3
    async with tcp(slow) as (bus, server):
        failing = asyncio.ensure_future(failure(attach(bus), within_s=10.0))
        for _ in range(2):
            await asyncio.sleep(0.1)
            server.drop_connections()
        assert (await failing).kind is MeterErrorKind.DISCONNECTED


async def test_a_server_that_restarts_is_found_again() -> None:
    async with tcp(slave()) as (bus, server):
        unit = attach(bus)
        await read(unit)
        server.drop_connections()
        await asyncio.sleep(0.1)
        assert (await read(unit))[3] == 12300


@pytest.mark.parametrize("within_s", [0.05, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("line", LINES)
async def test_the_deadline_is_kept(line: str, within_s: float) -> None:
    mute = slave()
    mute.silent = True
    async with LINES[line](mute) as (bus, _):
        unit, begun_s = attach(bus), now()
        await failure(unit, within_s=within_s)
        assert now() - begun_s <= within_s + 1e-9


async def test_a_busy_bus_does_not_hold_anybody_beyond_the_deadline() -> None:
    mute = slave(1)
    mute.silent = True
    async with tcp(mute, slave(2)) as (bus, _):
        blocked = asyncio.ensure_future(failure(attach(bus, 1)))
        await asyncio.sleep(0)
        error = await failure(attach(bus, 2), within_s=0.2)
        assert error.kind is MeterErrorKind.TIMEOUT
        assert now() == pytest.approx(0.2)
        await blocked


async def test_a_reader_that_is_cancelled_leaves_the_bus_usable() -> None:
    slow = slave()
    slow.delay_s = 0.15
    async with tcp(slow) as (bus, _):
        unit = attach(bus)
        reading = asyncio.ensure_future(read(unit))
        await asyncio.sleep(0.1)
        reading.cancel()
        assert (await read(unit))[3] == 12300


async def test_a_slave_gets_the_rest_it_wants_between_requests() -> None:
    async with tcp(slave(1), slave(2)) as (bus, _):
        unit, other = attach(bus, 1, gap_s=0.1), attach(bus, 2)
        await read(unit)
        await read(other)
        assert now() == 0.0
        await read(unit)
        assert now() == pytest.approx(0.1)


@pytest.mark.parametrize(("baudrate", "gap_s"), [(9600, 3.5 * 11 / 9600), (115200, 0.00175)])
async def test_frames_on_a_serial_line_are_parted_by_silence(baudrate: int, gap_s: float) -> None:
    async with rtu(slave(1), slave(2), baudrate=baudrate) as (bus, _):
        one, two = attach(bus, 1), attach(bus, 2)
        await read(one)
        await read(two)
        assert now() == pytest.approx(gap_s)


# Answers that are not ours


def live(unit_id: int = 1, *, count: int = ENERGY.count, function: int = ENERGY.function, word: int = 7) -> bytes:
    """An RTU frame that answers a read."""
    frame = struct.pack(f">BBB{count}H", unit_id, function, 2 * count, *([word] * count))
    return frame + crc16(frame).to_bytes(2, "little")


@pytest.mark.parametrize(
    "noise",
    [
        live(unit_id=2),
        live(count=ENERGY.count + 1),
        live(count=ENERGY.count - 1),
        live(function=4),
        live()[:-1] + b"?",
        b"\x01\x03",
        b"\xff" * 300,
        live(unit_id=2) + live(unit_id=3) + b"\x01\x03\x10",
    ],
    ids=["other unit", "too long", "too short", "other function", "bad crc", "a start", "noise", "several"],
)
async def test_strange_frames_on_the_line_are_passed_over(noise: bytes) -> None:
    slow = slave()
    slow.delay_s = 0.2
    async with rtu(slow) as (bus, line):
        unit = attach(bus)
        reading = asyncio.ensure_future(read(unit))
        await asyncio.sleep(0.1)
        line.transmit(noise)
        assert (await reading)[3] == 12300
        assert now() == pytest.approx(0.2)


async def test_an_adapter_that_echoes_the_request_does_no_harm() -> None:
    async with rtu(slave()) as (bus, line):
        line.echo = True
        unit = attach(bus)
        for _ in range(3):
            assert (await read(unit))[3] == 12300


@asynccontextmanager
async def scripted(answer: Callable[[int, bytes], list[bytes]]) -> Any:
    """A TCP server that answers (transaction, request frame) with whatever the test wants."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while len(frame := await reader.read(12)) == 12:
                for piece in answer(int.from_bytes(frame[:2], "big"), frame):
                    writer.write(piece)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    bus = ModbusBus(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield attach(bus)
    finally:
        await bus.close()
        server.close()
        await server.wait_closed()


def mbap(transaction: int, *, unit_id: int = 1, count: int = ENERGY.count, function: int = 3, word: int = 7) -> bytes:
    """A TCP frame that answers a read."""
    pdu = struct.pack(f">BB{count}H", function, 2 * count, *([word] * count))
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit_id) + pdu


@pytest.mark.parametrize(
    "strange",
    [
        lambda transaction: mbap(transaction + 1, word=66),
        lambda transaction: mbap(transaction - 1, word=66),
        lambda _: mbap(0, word=66),
        lambda transaction: mbap(transaction, unit_id=2, word=66),
        lambda transaction: mbap(transaction, count=9, word=66),
        lambda transaction: mbap(transaction, function=4, word=66),
        lambda transaction: mbap(transaction, function=99, word=66),
    ],
    ids=["later transaction", "earlier", "no transaction", "other unit", "other length", "other function", "unknown"],
)
async def test_over_tcp_only_the_answer_to_this_request_is_taken(strange: Callable[[int], bytes]) -> None:
    async with scripted(lambda transaction, _: [strange(transaction) + mbap(transaction)]) as unit:
        assert await read(unit) == [7] * 8
    async with scripted(lambda transaction, _: [strange(transaction)]) as unit:
        assert (await failure(unit)).kind is MeterErrorKind.TIMEOUT


async def test_half_a_frame_left_over_does_not_spoil_the_next_answer() -> None:
    def torn(transaction: int, frame: bytes) -> list[bytes]:
        asked.append(int.from_bytes(frame[10:12], "big"))
        whole = mbap(transaction, count=asked[-1])
        if len(asked) == 1:
            return [whole[:9]]
        if len(asked) == 2 and transaction == 2:  # on the same connection: first comes the rest of the first answer
            return [mbap(1)[9:], whole]
        return [whole]

    asked: list[int] = []
    async with scripted(torn) as unit:
        assert await read(unit) == [7] * 8
    assert asked == [ENERGY.count, PROBES[0].count, ENERGY.count]


UNITS = st.integers(0, 2)
PIECES = st.one_of(
    st.binary(max_size=12),
    st.builds(
        mbap, st.integers(0, 4), unit_id=st.integers(0, 2), count=st.integers(0, 9), function=st.integers(0, 255)
    ),
    st.builds(live, UNITS, count=st.integers(0, 9), function=st.integers(0, 255)),
    st.binary(max_size=6).map(lambda pdu: struct.pack(">HHHB", 1, 0, len(pdu) + 1, 1) + pdu),
)


@given(st.sampled_from([TcpAnswers, RtuAnswers]), st.lists(PIECES, max_size=6).map(b"".join), st.booleans())
def test_no_bytes_from_a_line_upset_the_framers(
    framer: type[TcpAnswers | RtuAnswers], data: bytes, waiting: bool
) -> None:
    answers = framer()
    answers.expected = ReadHoldingRegistersRequest(address=0, count=2, dev_id=1, transaction_id=1) if waiting else None
    used, pdu = answers.handleFrame(data, 1, 1)
    assert 0 <= used <= len(data)
    if pdu is not None:
        assert waiting
        assert exception_code(pdu) is not None or len(values(answers.expected, pdu)) == 2


# Late answers


def energy_of(words: list[int]) -> float:
    value = Layout(ABB, ENERGY).decode(words)["energy_import_wh"]
    assert isinstance(value, float)
    return value


async def polled_with_delays(line: str, delays_s: list[float | None], period_s: float) -> int:
    """Poll a slave that answers each poll with another delay (None: never); the number of good answers.

    Energy is the time at which the slave was asked, so an answer to an earlier request is found out.
    """
    stamped = slave(1, lambda: charging(energy_import_wh=10.0 * round(1000 * now())))
    good = 0
    async with LINES[line](stamped) as (bus, _):
        unit = attach(bus)
        for number, delay_s in enumerate(delays_s):
            await asyncio.sleep(max(0.0, (number + 1) * period_s - now()))
            stamped.silent = delay_s is None
            stamped.delay_s = delay_s or 0.0
            begun_s = now()
            try:
                words = await read(unit)
            except MeterError:
                continue
            assert energy_of(words) / 10_000.0 >= begun_s - 0.0006
            good += 1
    return good


DELAYS_S = st.lists(st.one_of(st.none(), st.sampled_from([0.0, 0.1, 0.39, 0.41, 0.7, 1.1, 3.7])), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(LINES)), DELAYS_S, st.sampled_from([0.2, 1.0, 1.5]))
@example("rtu", [1.1, None, None, 0.1, 0.39, None], 0.2)  # a late probe's answer is none to the request after it
def test_no_answer_is_ever_taken_for_the_answer_to_a_later_request(
    line: str, delays_s: list[float | None], period_s: float
) -> None:
    assume(2 * sum(delay_s or 0.0 for delay_s in delays_s) < LATEST_ANSWER_S)
    run_virtual(polled_with_delays(line, delays_s, period_s))


async def test_a_slave_that_was_dead_for_long_is_read_again_at_once() -> None:
    assert await polled_with_delays("rtu", [*[None] * 100, 0.0], 1.0) == 1


async def test_a_slave_that_misses_a_request_now_and_then_is_never_left_alone() -> None:
    flaky = slave()
    async with tcp(flaky) as (bus, _):
        unit = bus.unit(1, probes=PROBES[:1])
        for _ in range(3):
            flaky.silent = True
            await failure(unit, within_s=0.4)
            flaky.silent = False
            assert (await read(unit))[3] == 12300


async def test_a_slave_that_is_asked_in_vain_too_often_is_left_alone_for_a_while() -> None:
    dead = slave()
    dead.silent = True
    async with tcp(dead) as (bus, _):
        unit = bus.unit(1, probes=PROBES[:3])
        errors = [await failure(unit) for _ in range(4)]
        assert {error.kind for error in errors} == {MeterErrorKind.TIMEOUT}
        assert "waiting before it is asked again" in errors[-1].detail
        dead.silent = False
        await failure(unit)
        await asyncio.sleep(LATEST_ANSWER_S)
        assert (await read(unit))[3] == 12300


@pytest.mark.parametrize("line", LINES)
async def test_a_slave_that_was_late_is_understood_again(line: str) -> None:
    assert await polled_with_delays(line, [0.0, 2.3, *[0.0] * 8], 1.0) >= 4


async def test_a_request_of_the_same_form_does_not_get_the_late_answer() -> None:
    """Two blocks of the same length: only the probe tells the late answer to the first from that to the second."""
    other = ReadRequest(ABB.function, LIVE.address, ENERGY.count)
    late = slave()
    async with rtu(late) as (bus, _):
        unit = attach(bus)
        late.delay_s = 0.6
        await failure(unit, within_s=0.41)
        late.delay_s = 0.0
        assert await read(unit, other, within_s=2.0) == [0, 2300, 0, 2310, 0, 2295, 0, 0]


# Addresses


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("rtu:///dev/ttyUSB0", "expected tcp://host:port"),
        ("tcp://", "expected tcp://host:port"),
        ("serial://ttyUSB0", "expected tcp://host:port"),
        ("serial:///dev/ttyUSB0?baud=9600", "baud"),
        ("serial:///dev/ttyUSB0?parity=X", "parity"),
        ("serial:///dev/ttyUSB0?baudrate=fast", "baudrate"),
    ],
)
async def test_a_wrong_address_says_what_was_expected(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModbusBus(url)


def test_an_address_is_read_with_its_defaults() -> None:
    assert parse_url("tcp://meter.local").port == 502
    line = parse_url("serial:///dev/ttyUSB0?baudrate=19200&parity=E&stopbits=2")
    assert (line.device, line.baudrate, line.parity, line.stopbits) == ("/dev/ttyUSB0", 19200, "E", 2)
