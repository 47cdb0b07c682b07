"""One Modbus bus, TCP or RS-485, with its slaves. With `hal.modbus.answers`, the only user of pymodbus.

pymodbus (3.16) gives transport, framing and reconnection on demand. What it leaves open is closed here:

* Strange frames are skipped (`hal.modbus.answers`) and the wait goes on.
* Several devices share the bus in turns (`hal.modbus.turns`).
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
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusIOException
from pymodbus.pdu import ModbusPDU

from hal.errors import MeterError
from hal.modbus import wire
from hal.modbus.answers import (
    RtuAnswers,
    TcpAnswers,
    coil_pdu,
    data_bytes,
    exception_code,
    intact,
    read_pdu,
    values,
    write_pdu,
)
from hal.modbus.schema import ReadRequest
from hal.modbus.turns import URGENT, Turns
from hal.types import MeterErrorKind

ANSWER_TIMEOUT_S: Final = 0.4  # our policy: two attempts fit into a command's deadline of 1 s; meters need 0.1 s
LATEST_ANSWER_S: Final = 10.0  # our policy: what has not been answered by then never will be
MAX_UNIT_ID: Final = 255  # 1 to 247 on a serial line; 255 for a device that is itself on TCP (Messaging V1.0b, 4.4.1.2)
TCP_PORT: Final = 502  # Modbus Messaging on TCP/IP V1.0b, 4.3.1
HANG_UP_AFTER: Final = 5  # our policy: so many requests in a row without an answer, and a gateway is dialled anew
MAX_LISTEN_BYTES: Final = 2048  # our policy: what may be heard in one wait, strange frames included
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


class Unit:
    """One slave on a bus. Made by `ModbusBus.unit`."""

    def __init__(
        self, bus: ModbusBus, unit_id: int, probes: Sequence[ReadRequest], gap_s: float, priority: int
    ) -> None:
        self.unit_id = unit_id
        self.gap_s = gap_s
        self.priority = priority
        self.free_s = 0.0  # loop time from which the slave may be asked again
        self.in_doubt = False  # an answer to an earlier request may still come
        self.heard: Callable[[bytes, bytes | None], None] | None = None  # each request and its answer, as PDUs
        self.asks: dict[ReadRequest, ModbusPDU] = {}  # what is read again and again
        self._bus = bus
        self._asked_s = -math.inf
        self._sent_s = dict.fromkeys(probes, -math.inf)  # when a probe that is not answered yet was sent

    async def read(self, request: ReadRequest, *, until_s: float) -> Sequence[int]:
        """Read registers, or bits as 0 and 1; give up when the loop's time is `until_s`. Raises `MeterError`."""
        return await self._bus.read(self, request, until_s)

    async def write(self, address: int, words: Sequence[int], *, until_s: float) -> None:
        """Write registers, once: after a failure nobody knows whether it was done. Raises `MeterError`."""
        pdu = write_pdu(address, words, self.unit_id)
        await self._bus.write(self, pdu, wire.WRITE_REQUEST_BYTES + 2 * len(words), until_s)

    async def switch(self, function: int, address: int, on: bool, *, until_s: float) -> None:
        """Switch a coil by function 5 or 15, once. Raises `MeterError`."""
        pdu = coil_pdu(function, address, on, self.unit_id)
        await self._bus.write(self, pdu, wire.COIL_REQUEST_BYTES, until_s)

    def probe_with(self, probes: Sequence[ReadRequest]) -> None:
        """Use these probes from now on: what the slave answers was not known before."""
        self._sent_s = dict.fromkeys(probes, -math.inf)

    def next_probe(self, now_s: float) -> ReadRequest | None:
        """A probe whose answer cannot be that to an earlier one; None if too many wait for theirs."""
        for probe, sent_s in self._sent_s.items():
            if now_s - sent_s > LATEST_ANSWER_S:
                return probe
        return None

    def sends(self, request: ReadRequest | None, now_s: float) -> None:
        """From here on an answer may come."""
        self.in_doubt = True
        self._asked_s = now_s
        if request in self._sent_s:
            self._sent_s[request] = now_s

    def silent_since(self, now_s: float) -> bool:
        """Whether no answer to anything can come any more."""
        return now_s - self._asked_s > LATEST_ANSWER_S

    def trust(self) -> None:
        """All that was sent before has been answered, or never will be."""
        self.in_doubt = False
        self._sent_s = dict.fromkeys(self._sent_s, -math.inf)


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a bus is. A serial device has no host, a TCP one no device."""

    host: str = ""
    port: int = TCP_PORT
    device: str = ""
    baudrate: Annotated[int, msgspec.Meta(ge=300)] = 9600
    parity: Literal["N", "E", "O"] = "N"
    stopbits: Literal[1, 2] = 1
    turnaround_s: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0  # silence that this line's devices want on top


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
        self._character_s = wire.character_s(self._address.baudrate) if self._serial else 0.0
        self._frame_gap_s = (
            max(wire.frame_gap_s(self._address.baudrate), self._address.turnaround_s) if self._serial else 0.0
        )
        self._answers: RtuAnswers | TcpAnswers = RtuAnswers() if self._serial else TcpAnswers()
        self._client: AsyncModbusTcpClient | AsyncModbusSerialClient | None = None
        self._units: dict[int, Unit] = {}
        self._turns = Turns()
        self._free_s = 0.0  # loop time from which the bus may carry the next request
        self._waiting = False
        self._unanswered = 0  # requests in a row, on this connection

    def unit(self, unit_id: int, *, probes: Sequence[ReadRequest], gap_s: float = 0.0, priority: int = URGENT) -> Unit:
        """The slave with this address, left alone for `gap_s` between requests. Raises `ValueError`."""
        if not 1 <= unit_id <= MAX_UNIT_ID:
            raise ValueError(f"{self.url}: unit {unit_id}: expected an address from 1 to {MAX_UNIT_ID}")
        if unit_id in self._units:
            raise ValueError(f"{self.url}: unit {unit_id} is taken already; two meters cannot share an address")
        unit = self._units[unit_id] = Unit(self, unit_id, probes, gap_s, priority)
        return unit

    async def read(self, unit: Unit, request: ReadRequest, until_s: float) -> Sequence[int]:
        """What `Unit.read` does."""
        await self._take_turn(unit, until_s)
        try:
            return await self._read(unit, request, until_s)
        finally:
            self._turns.release()

    async def write(self, unit: Unit, pdu: ModbusPDU, request_bytes: int, until_s: float) -> None:
        """What `Unit.write` and `Unit.switch` do."""
        await self._take_turn(unit, until_s)
        try:
            await self._clear_doubt(unit, until_s)
            await self._exchange(unit, pdu, request_bytes + wire.WRITE_ANSWER_BYTES, None, until_s)
        finally:
            self._turns.release()

    async def close(self) -> None:
        """Release the device or connection."""
        await self._turns.take(URGENT, None)
        self._disconnect()
        self._turns.release()
        await asyncio.sleep(0)  # the transport says goodbye in the loop's next turn

    async def _take_turn(self, unit: Unit, until_s: float) -> None:
        """Own the bus. Raises `MeterError` when others have it until the deadline."""
        try:
            await self._turns.take(unit.priority, until_s)
        except TimeoutError:
            raise MeterError(MeterErrorKind.TIMEOUT, f"{self._name(unit)}: bus busy until the deadline") from None

    async def _read(self, unit: Unit, request: ReadRequest, until_s: float) -> Sequence[int]:
        """Ask, and ask once more after a failure; a unit in doubt is probed first, so a dead one costs one wait."""
        if not unit.in_doubt:
            try:
                return await self._ask(unit, request, until_s)
            except MeterError as error:
                if error.kind is MeterErrorKind.EXCEPTION or not unit.in_doubt:
                    raise  # it has answered, or nothing was sent
        await self._clear_doubt(unit, until_s)
        return await self._ask(unit, request, until_s)

    async def _clear_doubt(self, unit: Unit, until_s: float) -> None:
        """Make sure that no answer to an earlier request can come any more. Raises `MeterError`."""
        now_s = asyncio.get_running_loop().time()
        if not unit.in_doubt or unit.silent_since(now_s):
            unit.trust()
            return
        probe = unit.next_probe(now_s)
        if probe is None:
            raise MeterError(MeterErrorKind.TIMEOUT, f"{self._name(unit)}: silent; waiting before it is asked again")
        await self._ask(unit, probe, until_s)
        unit.trust()

    async def _ask(self, unit: Unit, request: ReadRequest, until_s: float) -> Sequence[int]:
        pdu = unit.asks.get(request)
        if pdu is None:
            pdu = unit.asks[request] = read_pdu(request.function, request.address, request.count, unit.unit_id)
        wire_bytes = wire.READ_REQUEST_BYTES + wire.READ_ANSWER_BYTES + data_bytes(request.function, request.count)
        return await self._exchange(unit, pdu, wire_bytes, request, until_s)

    async def _exchange(
        self, unit: Unit, pdu: ModbusPDU, wire_bytes: int, request: ReadRequest | None, until_s: float
    ) -> Sequence[int]:
        """One request and its answer. Raises `MeterError`; without an answer the unit is in doubt."""
        loop = asyncio.get_running_loop()
        client = await self._connected(until_s - loop.time())
        start_s = max(loop.time(), self._free_s, unit.free_s)
        if start_s >= until_s:
            raise MeterError(MeterErrorKind.TIMEOUT, f"{self._name(unit)}: no time left to ask")
        if start_s > loop.time():
            await asyncio.sleep(start_s - loop.time())
        self._answers.expected = pdu
        self._answers.heard = b""
        timeout_s = ANSWER_TIMEOUT_S + wire_bytes * self._character_s
        was_in_doubt = unit.in_doubt
        unit.sends(request, start_s)
        self._waiting = True
        try:
            answer = await self._answer(client, pdu, min(timeout_s, until_s - start_s))
        except (ConnectionException, ModbusIOException) as error:
            if unit.heard is not None:
                unit.heard(_bytes(pdu), None)
            raise self._failure(unit, error) from None
        finally:
            self._waiting = False
            self._answers.expected = None
            now_s = loop.time()
            over_s = self._answers.found_s if self._answers.found_s > start_s else now_s
            self._free_s = over_s + max(self._frame_gap_s, self._address.turnaround_s)
            unit.free_s = now_s + unit.gap_s
        if unit.heard is not None:
            unit.heard(_bytes(pdu), answer)
        code = exception_code(answer)
        if code is not None:
            unit.in_doubt = was_in_doubt  # a refusal does not say of what
            meaning = EXCEPTIONS.get(code, "unknown code")
            raise MeterError(
                MeterErrorKind.EXCEPTION,
                f"{self._name(unit)}: exception {code} ({meaning}) to function {pdu.function_code}, "
                f"{pdu.count} from {pdu.address:#06x}",
            )
        unit.in_doubt = False
        return values(pdu, answer)

    async def _answer(
        self, client: AsyncModbusTcpClient | AsyncModbusSerialClient, pdu: ModbusPDU, timeout_s: float
    ) -> bytes:
        """Send a request, and wait for the PDU that answers it.

        As pymodbus's `execute` for a caller that has the bus to himself, without its locks and its log of each frame.
        Raises its exceptions.
        """
        loop, ctx = asyncio.get_running_loop(), client.ctx
        if ctx.transport is None:
            raise ConnectionException("connection lost")
        answer: asyncio.Future[Any] = loop.create_future()
        ctx.response_future = answer
        pdu.transaction_id = ctx.getNextTID()
        ctx.send(self._answers.buildFrame(pdu))
        timer = loop.call_later(timeout_s, _give_up, answer)
        try:
            heard: bytes = await answer
        except ModbusIOException:
            self._unanswered += 1
            if self._unanswered >= HANG_UP_AFTER and not self._serial:
                self._disconnect()
            raise
        finally:
            timer.cancel()
        self._unanswered = 0
        return heard

    async def _connected(self, left_s: float) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        """The client, connected. Raises `MeterError`."""
        client = self._client
        if client is not None and client.connected and (self._serial or not client.ctx.recv_buffer):
            return client
        self._disconnect()  # what is left in the buffer is half a frame: the stream is out of step
        client = self._client = self._make_client(max(left_s, 0.0))
        self._answers.clock = asyncio.get_running_loop().time
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
        self._unanswered = 0
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


def _give_up(answer: asyncio.Future[Any]) -> None:
    if not answer.done():
        answer.set_exception(ModbusIOException("no answer in time"))


def _bytes(pdu: ModbusPDU) -> bytes:
    """A PDU as it goes over the wire: function code and data."""
    return bytes((pdu.function_code,)) + bytes(pdu.encode())
