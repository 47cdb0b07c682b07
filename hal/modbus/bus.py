"""One Modbus bus, TCP or RS-485, with its slaves. The only module of the product that imports pymodbus.

pymodbus (3.16) gives transport, framing and reconnection on demand. What it leaves open is closed here:

* It hands any well-formed frame of the right unit to whoever waits. Both framers below accept only an answer that
  fits the request in unit, function code and length (and transaction id on TCP); all else is skipped and the wait
  goes on.
* An RTU answer does not say which request it answers, and some TCP gateways mix them up behind their transaction
  ids. After any request that ended without its answer the unit is *in doubt*: before the next request a probe is
  sent whose answer looks like that of no other request on its way (`hal.modbus.profile.probes`). A slave answers in
  order, so once the probe's answer is here, no earlier answer can come any more.
"""

from __future__ import annotations

import asyncio
import logging
import math
import termios
from collections.abc import Sequence
from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusIOException
from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

from hal.modbus.schema import ReadRequest
from hal.types import MeterError, MeterErrorKind

ANSWER_TIMEOUT_S: Final = 0.4  # our policy: two attempts fit into a command's deadline of 1 s; meters need 0.1 s
LATEST_ANSWER_S: Final = 10.0  # our policy: what has not been answered by then never will be
MAX_UNIT_ID: Final = 255  # 1 to 247 on a serial line; 255 for a device that is itself on TCP (Messaging V1.0b, 4.4.1.2)
READ_INPUT: Final = 4
TCP_PORT: Final = 502  # Modbus Messaging on TCP/IP V1.0b, 4.3.1
BITS_PER_CHARACTER: Final = 11  # Modbus over Serial Line V1.02, 2.5.1: start, 8 data, parity or stop, stop
FRAME_GAP_CHARACTERS: Final = 3.5  # Modbus over Serial Line V1.02, 2.5.1.1: silence between two frames
FAST_BAUDRATE: Final = 19200  # the same clause: above this rate the silence is fixed
FAST_FRAME_GAP_S: Final = 0.00175
READ_OVERHEAD_BYTES: Final = 8 + 5  # an RTU read request, and its answer without the registers
MAX_LISTEN_BYTES: Final = 2048  # our policy: what may be heard in one wait, strange frames included
PDU_OVERHEAD: Final = 2  # function code, then the byte count before the registers or the exception code
EXCEPTION_FLAG: Final = 0x80
EXCEPTIONS: Final = {  # Modbus Application Protocol V1.1b3, 7
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    10: "gateway path unavailable",
    11: "gateway target failed to respond",
}

# Every failure is raised to the caller; pymodbus would log it once more, with dumps of frames.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


class RtuAnswers(FramerRTU):
    """Finds the expected answer among everything heard since the request, an echo or strange frames included."""

    def __init__(self) -> None:
        super().__init__(DecodePDU(False))
        self.expected: ModbusPDU | None = None
        self.heard = b""

    def decode(self, data: bytes) -> tuple[int, int, int, bytes]:
        """The expected frame's end, unit and PDU, or nothing yet."""
        self.heard = data
        request = self.expected
        if request is None:
            return len(data), 0, 0, b""
        answer = bytes((request.dev_id, request.function_code, 2 * request.count))
        refusal = bytes((request.dev_id, request.function_code | EXCEPTION_FLAG))
        for header, length in ((answer, 5 + 2 * request.count), (refusal, 5)):
            start = data.find(header)
            while start >= 0:
                frame = data[start : start + length]
                if len(frame) == length and intact(frame):
                    return start + length, request.dev_id, 0, frame[1:-2]
                start = data.find(header, start + 1)
        return 0, 0, 0, b""


class TcpAnswers(FramerSocket):
    """Passes on the expected answer only. pymodbus itself checks the unit; of transactions it takes 0 for any."""

    def __init__(self) -> None:
        super().__init__(DecodePDU(False))
        self.expected: ModbusPDU | None = None
        self.heard = b""

    def decode(self, data: bytes) -> tuple[int, int, int, bytes]:
        """The expected frame's end, unit, transaction and PDU, or nothing yet."""
        request = self.expected
        if request is None:
            return len(data), 0, 0, b""
        used = 0
        while True:
            length, unit, transaction, pdu = super().decode(data[used:])
            used += length
            if not length:
                return used, 0, 0, b""
            if transaction == request.transaction_id and _fits(pdu, request):
                return used, unit, transaction, pdu


def intact(frame: bytes) -> bool:
    """Whether a frame's last two bytes are its CRC."""
    return FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))


def _fits(pdu: bytes, request: ModbusPDU) -> bool:
    if len(pdu) < PDU_OVERHEAD:
        return False
    if pdu[0] == request.function_code:
        return pdu[1] == 2 * request.count and len(pdu) == PDU_OVERHEAD + 2 * request.count
    return pdu[0] == request.function_code | EXCEPTION_FLAG


class Unit:
    """One slave on a bus. Made by `ModbusBus.unit`."""

    def __init__(self, bus: ModbusBus, unit_id: int, probes: Sequence[ReadRequest], gap_s: float) -> None:
        self.unit_id = unit_id
        self.gap_s = gap_s
        self.free_s = 0.0  # loop time from which the slave may be asked again
        self.in_doubt = False  # an answer to an earlier request may still come
        self._bus = bus
        self._sent_s = dict.fromkeys(probes, -math.inf)  # when a probe that is not answered yet was sent

    async def read(self, request: ReadRequest, *, until_s: float) -> Sequence[int]:
        """Read registers; give up when the loop's time is `until_s`. Raises `MeterError`."""
        return await self._bus.read(self, request, until_s)

    def next_probe(self, now_s: float) -> ReadRequest | None:
        """A probe whose answer cannot be that to an earlier one; None if too many wait for theirs."""
        for probe, sent_s in self._sent_s.items():
            if now_s - sent_s > LATEST_ANSWER_S:
                return probe
        return None

    def sends(self, request: ReadRequest, now_s: float) -> None:
        """From here on an answer may come."""
        self.in_doubt = True
        if request in self._sent_s:
            self._sent_s[request] = now_s

    def trust(self) -> None:
        """A probe was answered: so has been, or never will be, all that was sent before."""
        self._sent_s = dict.fromkeys(self._sent_s, -math.inf)


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a bus is. A serial device has no host, a TCP one no device."""

    host: str = ""
    port: int = TCP_PORT
    device: str = ""
    baudrate: Annotated[int, msgspec.Meta(ge=300)] = 9600
    parity: Literal["N", "E", "O"] = "N"
    stopbits: Literal[1, 2] = 1


def parse_url(url: str) -> Address:
    """Read a bus's address. Raises `ValueError` that says what was expected."""
    parts = urlsplit(url)
    if parts.scheme == "tcp" and parts.hostname and not parts.path and not parts.query:
        return Address(host=parts.hostname, port=parts.port or TCP_PORT)
    if parts.scheme == "serial" and parts.path and not parts.netloc:
        try:
            return msgspec.convert({"device": parts.path, **dict(parse_qsl(parts.query))}, Address, strict=False)
        except msgspec.ValidationError as error:
            raise ValueError(f"Modbus address {url!r}: {error}") from error
    raise ValueError(
        f"Modbus address {url!r}: expected tcp://host:port or serial:///dev/...?baudrate=9600&parity=N&stopbits=1"
    )


class ModbusBus:
    """The owner of one bus: `tcp://host:port` or `serial:///dev/ttyUSB0?baudrate=9600&parity=N&stopbits=1` (RTU).

    Raises `ValueError` for another form of address. Connects when something is read.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._address = parse_url(url)
        self._serial = bool(self._address.device)
        self._character_s = BITS_PER_CHARACTER / self._address.baudrate if self._serial else 0.0
        self._frame_gap_s = _frame_gap_s(self._address.baudrate) if self._serial else 0.0
        self._answers: RtuAnswers | TcpAnswers = RtuAnswers() if self._serial else TcpAnswers()
        self._client: AsyncModbusTcpClient | AsyncModbusSerialClient | None = None
        self._units: dict[int, Unit] = {}
        self._lock = asyncio.Lock()
        self._readers = 0  # who has the lock or waits for it
        self._free_s = 0.0  # loop time from which the bus may carry the next request
        self._waiting = False

    def unit(self, unit_id: int, *, probes: Sequence[ReadRequest], gap_s: float = 0.0) -> Unit:
        """The slave with this address, left alone for `gap_s` between requests. Raises `ValueError`."""
        if not 1 <= unit_id <= MAX_UNIT_ID:
            raise ValueError(f"{self.url}: unit {unit_id}: expected an address from 1 to {MAX_UNIT_ID}")
        if unit_id in self._units:
            raise ValueError(f"{self.url}: unit {unit_id} is taken already; two meters cannot share an address")
        unit = self._units[unit_id] = Unit(self, unit_id, probes, gap_s)
        return unit

    async def read(self, unit: Unit, request: ReadRequest, until_s: float) -> Sequence[int]:
        """What `Unit.read` does."""
        self._readers += 1
        try:
            await self._take_turn(unit, until_s)
            try:
                return await self._read(unit, request, until_s)
            finally:
                self._lock.release()
        finally:
            self._readers -= 1

    async def close(self) -> None:
        """Release the device or connection."""
        async with self._lock:
            self._disconnect()
        await asyncio.sleep(0)  # the transport says goodbye in the loop's next turn

    async def _take_turn(self, unit: Unit, until_s: float) -> None:
        """Own the bus. Raises `MeterError` when others have it until the deadline."""
        if self._readers == 1:  # nobody else; a time-out would cost as much as the rest of a read
            await self._lock.acquire()
            return
        try:
            async with asyncio.timeout_at(until_s):
                await self._lock.acquire()
        except TimeoutError:
            raise MeterError(MeterErrorKind.TIMEOUT, f"{self._name(unit)}: bus busy until the deadline") from None

    async def _read(self, unit: Unit, request: ReadRequest, until_s: float) -> Sequence[int]:
        """Ask, and ask once more after a failure; a unit in doubt is probed first, so a dead one costs one wait."""
        if not unit.in_doubt:
            try:
                return await self._exchange(unit, request, until_s)
            except MeterError as error:
                if error.kind is MeterErrorKind.EXCEPTION or not unit.in_doubt:
                    raise  # it has answered, or nothing was sent
        probe = unit.next_probe(asyncio.get_running_loop().time())
        if probe is None:
            raise MeterError(MeterErrorKind.TIMEOUT, f"{self._name(unit)}: silent; waiting before it is asked again")
        await self._exchange(unit, probe, until_s)
        unit.trust()
        return await self._exchange(unit, request, until_s)

    async def _exchange(self, unit: Unit, request: ReadRequest, until_s: float) -> Sequence[int]:
        """One request and its answer. Raises `MeterError`; the unit is in doubt unless this returns."""
        loop = asyncio.get_running_loop()
        client = await self._connected(until_s - loop.time())
        start_s = max(loop.time(), self._free_s, unit.free_s)
        if start_s >= until_s:
            raise MeterError(MeterErrorKind.TIMEOUT, f"{self._name(unit)}: no time left to ask")
        if start_s > loop.time():
            await asyncio.sleep(start_s - loop.time())
        make = ReadInputRegistersRequest if request.function == READ_INPUT else ReadHoldingRegistersRequest
        pdu = make(address=request.address, count=request.count, dev_id=unit.unit_id)
        self._answers.expected = pdu
        self._answers.heard = b""
        wire_s = (READ_OVERHEAD_BYTES + 2 * request.count) * self._character_s
        client.ctx.comm_params.timeout_connect = min(ANSWER_TIMEOUT_S + wire_s, until_s - start_s)
        unit.sends(request, start_s)
        self._waiting = True
        try:
            answer = await client.execute(False, pdu)
        except (ConnectionException, ModbusIOException) as error:
            raise self._failure(unit, error) from None
        finally:
            self._waiting = False
            self._answers.expected = None
            now_s = loop.time()
            self._free_s = now_s + self._frame_gap_s
            unit.free_s = now_s + unit.gap_s
        if answer.isError():
            meaning = EXCEPTIONS.get(answer.exception_code, "unknown code")
            raise MeterError(
                MeterErrorKind.EXCEPTION,
                f"{self._name(unit)}: exception {answer.exception_code} ({meaning}) to function {request.function}, "
                f"{request.count} registers from {request.address:#06x}",
            )
        unit.in_doubt = False
        registers: Sequence[int] = answer.registers
        return registers

    async def _connected(self, left_s: float) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        """The client, connected. Raises `MeterError`."""
        client = self._client
        if client is not None and client.connected and (self._serial or not client.ctx.recv_buffer):
            return client
        self._disconnect()  # what is left in the buffer is half a frame: the stream is out of step
        client = self._client = self._make_client(max(left_s, 0.0))
        try:
            connected, why = await client.connect(), "check cabling and address"
        except (termios.error, ValueError) as error:  # pyserial's, for settings that a device cannot take
            connected, why = False, f"the device does not take its settings: {error}"
        if not connected:
            self._disconnect()
            raise MeterError(MeterErrorKind.DISCONNECTED, f"{self.url}: cannot be opened; {why}")
        return client

    def _make_client(self, timeout_s: float) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        address = self._address
        client: AsyncModbusTcpClient | AsyncModbusSerialClient
        if self._serial:
            client = AsyncModbusSerialClient(
                address.device,
                baudrate=address.baudrate,
                parity=address.parity,
                stopbits=address.stopbits,
                reconnect_delay=0,
                timeout=timeout_s,
                retries=0,
                trace_connect=self._on_connection,
            )
        else:
            client = AsyncModbusTcpClient(
                address.host,
                port=address.port,
                reconnect_delay=0,
                timeout=timeout_s,
                retries=0,
                trace_connect=self._on_connection,
            )
        client.ctx.framer = self._answers
        client.ctx.max_buffer_size = MAX_LISTEN_BYTES
        return client

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _on_connection(self, connected: bool) -> None:
        """Wake whoever waits for an answer that cannot come any more."""
        if not connected and self._waiting and self._client is not None:
            answer = self._client.ctx.response_future
            if not answer.done():
                answer.set_exception(ConnectionException("connection lost"))

    def _failure(self, unit: Unit, error: Exception) -> MeterError:
        if isinstance(error, ConnectionException):
            return MeterError(MeterErrorKind.DISCONNECTED, f"{self._name(unit)}: connection lost while waiting")
        if isinstance(self._answers, RtuAnswers) and self._answers.heard and not intact(self._answers.heard):
            return MeterError(MeterErrorKind.CRC, f"{self._name(unit)}: damaged answer; check cable and termination")
        return MeterError(MeterErrorKind.TIMEOUT, f"{self._name(unit)}: no answer")

    def _name(self, unit: Unit) -> str:
        return f"{self.url} unit {unit.unit_id}"


def _frame_gap_s(baudrate: int) -> float:
    if baudrate > FAST_BAUDRATE:
        return FAST_FRAME_GAP_S
    return FRAME_GAP_CHARACTERS * BITS_PER_CHARACTER / baudrate
