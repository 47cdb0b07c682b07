"""Real Modbus slaves made of meter profiles: over TCP, and RTU over a pty.

Registers are computed when they are read, from a sample that is asked for then, so physics integrated lazily costs
nothing between polls. The slave answers in order and one request at a time, as a meter does.
"""

from __future__ import annotations

import asyncio
import math
import os
import struct
import tty
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from msgspec.structs import replace

from hal.modbus.layout import Layout, from_sample
from hal.modbus.profile import rollover_wh
from hal.modbus.schema import MAX_REGISTERS, Profile, ReadRequest
from hal.modbus.wire import character_s, frame_gap_s
from hal.types import MeterSample

READ_FUNCTIONS: Final = (3, 4)
READ_COILS, READ_DISCRETE = 1, 2  # Modbus Application Protocol V1.1b3, 6.1 and 6.2
WRITE_COIL, WRITE_COILS = 5, 15  # the same, 6.5 and 6.11
COIL_STATES: Final = {0xFF00: True, 0x0000: False}
MAX_BITS: Final = 2000
ILLEGAL_FUNCTION: Final = 1  # Modbus Application Protocol V1.1b3, 7
ILLEGAL_ADDRESS: Final = 2
ILLEGAL_VALUE: Final = 3
EXCEPTION_FLAG: Final = 0x80
MBAP: Final = struct.Struct(">HHHB")  # Modbus Messaging on TCP/IP V1.0b, 3.1.3: transaction, protocol, length, unit
READ: Final = struct.Struct(">BHH")  # function, address, count
WRITE_MULTIPLE: Final = 16  # Modbus Application Protocol V1.1b3, 6.12
WRITE: Final = struct.Struct(">BHHB")  # function, address, count, bytes that follow
MAX_WRITE: Final = 123  # the same clause
RTU_READ_BYTES: Final = 8  # of a request to read
ALL_UNITS: Final = 0  # broadcast: nobody answers
BIT_FUNCTIONS: Final = frozenset({READ_COILS, READ_DISCRETE, WRITE_COIL, WRITE_COILS})


class Slave:
    """One device on a bus. Its symptoms can be set at any time.

    `silent`: no answer; `exception`: this code instead of registers; `delay_s`: answers so much later;
    `corrupt`: an answer's CRC is wrong (RTU).
    """

    max_registers = MAX_REGISTERS
    bit_functions: frozenset[int] = frozenset()  # those for coils and inputs that it knows: a meter knows none

    def __init__(self, unit_id: int) -> None:
        self.unit_id = unit_id
        self.silent = False
        self.exception: int | None = None
        self.delay_s = 0.0
        self.corrupt = False
        self.free_s = 0.0  # loop time at which it has answered all it was asked

    def registers(self, request: ReadRequest) -> Sequence[int] | None:
        """The registers that were asked for; None when one of them is not there."""
        raise NotImplementedError

    def write(self, address: int, words: Sequence[int]) -> bool:  # noqa: ARG002 -- a meter's registers are read
        """Take in registers; whether they can be written."""
        return False

    def bits(self, request: ReadRequest) -> Sequence[bool] | None:  # noqa: ARG002 -- a meter has none
        """The coils (function 1) or inputs (function 2) that were asked for; None when one of them is not there."""
        return None

    def switch(self, address: int, states: Sequence[bool]) -> bool:  # noqa: ARG002 -- a meter switches nothing
        """Switch coils; whether they can be."""
        return False

    def answer(self, pdu: bytes) -> bytes | None:
        """The answer to a request's PDU; None when it keeps silent."""
        if self.silent:
            return None
        function = pdu[0]
        if self.exception is not None:
            return bytes((function | EXCEPTION_FLAG, self.exception))
        if function == WRITE_MULTIPLE and len(pdu) > WRITE.size:
            return self._written(pdu)
        if function in self.bit_functions and len(pdu) >= READ.size:
            return self._about_bits(pdu)
        if function not in READ_FUNCTIONS or len(pdu) != READ.size:
            return bytes((function | EXCEPTION_FLAG, ILLEGAL_FUNCTION))
        request = ReadRequest(*READ.unpack(pdu))
        if not 1 <= request.count <= self.max_registers:
            return bytes((function | EXCEPTION_FLAG, ILLEGAL_VALUE))
        words = self.registers(request)
        if words is None:
            return bytes((function | EXCEPTION_FLAG, ILLEGAL_ADDRESS))
        return struct.pack(f">BB{request.count}H", function, 2 * request.count, *words)

    def _written(self, pdu: bytes) -> bytes:
        _, address, count, size = WRITE.unpack_from(pdu)
        if not 1 <= count <= MAX_WRITE or size != 2 * count or len(pdu) != WRITE.size + size:
            return bytes((WRITE_MULTIPLE | EXCEPTION_FLAG, ILLEGAL_VALUE))
        if not self.write(address, struct.unpack_from(f">{count}H", pdu, WRITE.size)):
            return bytes((WRITE_MULTIPLE | EXCEPTION_FLAG, ILLEGAL_ADDRESS))
        return READ.pack(WRITE_MULTIPLE, address, count)

    def _about_bits(self, pdu: bytes) -> bytes:
        function, address, count = READ.unpack_from(pdu)
        if function == WRITE_COIL:
            known = count in COIL_STATES and len(pdu) == READ.size
            if not known or not self.switch(address, [COIL_STATES[count]]):
                return bytes((function | EXCEPTION_FLAG, ILLEGAL_ADDRESS if known else ILLEGAL_VALUE))
            return pdu
        size = math.ceil(count / 8)
        if not 1 <= count <= MAX_BITS:
            return bytes((function | EXCEPTION_FLAG, ILLEGAL_VALUE))
        if function == WRITE_COILS:
            if len(pdu) != WRITE.size + size or pdu[WRITE.size - 1] != size:
                return bytes((function | EXCEPTION_FLAG, ILLEGAL_VALUE))
            packed = int.from_bytes(pdu[WRITE.size :], "little")
            if not self.switch(address, [bool(packed >> place & 1) for place in range(count)]):
                return bytes((function | EXCEPTION_FLAG, ILLEGAL_ADDRESS))
            return READ.pack(function, address, count)
        states = self.bits(ReadRequest(function, address, count))
        if states is None:
            return bytes((function | EXCEPTION_FLAG, ILLEGAL_ADDRESS))
        packed = sum(state << place for place, state in enumerate(states))
        return bytes((function, size)) + packed.to_bytes(size, "little")


class MeterSlave(Slave):
    """A meter of a profile; its registers are computed from `source`. Its energy registers begin anew at their end."""

    def __init__(self, profile: Profile, source: Callable[[], MeterSample], unit_id: int = 1) -> None:
        super().__init__(unit_id)
        self.max_registers = profile.max_registers
        self._profile = profile
        self._source = source
        self._rollover_wh = rollover_wh(profile)
        self._layouts: dict[ReadRequest, tuple[Layout, int]] = {}

    def registers(self, request: ReadRequest) -> Sequence[int] | None:
        """The registers that were asked for; None when one of them is not there."""
        found = self._layouts.get(request) or self._lay_out(request)
        if found is None:
            return None
        layout, skip = found
        sample = self._source()
        if self._rollover_wh is not None and sample.energy_import_wh >= self._rollover_wh:
            sample = replace(sample, energy_import_wh=sample.energy_import_wh % self._rollover_wh)
        return layout.encode(from_sample(self._profile, sample))[skip : skip + request.count]

    def _lay_out(self, request: ReadRequest) -> tuple[Layout, int] | None:
        """The layout that covers a request and how many of its registers lie before it; None if illegal.

        A request may begin or end inside a value, so the layout takes in the whole of it.
        """
        profile, start, end = self._profile, request.address, request.end
        points = [p for p in profile.points.values() if profile.function_of(p) == request.function]
        covered = {address for point in points for address in point.own}
        for address in range(start, end):
            if (
                request not in profile.probe
                and address not in covered
                and not profile.may_skip(request.function, address, address + 1)
            ):
                return None
        for point in points:
            if not point.alone and point.start < request.end and point.end > request.address:
                start, end = min(start, point.start), max(end, point.end)
        alone = any(point.alone and (point.start, point.count) == (request.address, request.count) for point in points)
        whole = request if alone else ReadRequest(request.function, start, end - start)
        self._layouts[request] = Layout(profile, whole), request.address - whole.address
        return self._layouts[request]


class _Line:
    """What both servers share: who answers, and when."""

    def __init__(self, slaves: Iterable[Slave]) -> None:
        self._slaves = {slave.unit_id: slave for slave in slaves}

    def ask(self, unit_id: int, pdu: bytes, wire_s: float, send: Callable[[Slave, bytes], None]) -> None:
        """Have a slave answer: `send` is called with its PDU when it is due."""
        slave = self._slaves.get(unit_id)
        if slave is None or unit_id == ALL_UNITS:
            return
        pdu_back = slave.answer(pdu)
        if pdu_back is None:
            return
        loop = asyncio.get_running_loop()
        due_s = max(loop.time(), slave.free_s) + slave.delay_s + wire_s
        slave.free_s = due_s
        if due_s > loop.time():
            loop.call_at(due_s, send, slave, pdu_back)
        else:
            send(slave, pdu_back)


class _TcpConnection(asyncio.Protocol):
    """One client of a TCP server."""

    def __init__(self, line: _Line, open_connections: set[asyncio.Transport]) -> None:
        self._line = line
        self._open = open_connections
        self._buffer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- narrows asyncio's declaration
        self._transport = transport
        self._open.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        self._open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Answer every whole request in the stream."""
        self._buffer += data
        while len(self._buffer) >= MBAP.size:
            transaction, protocol, length, unit_id = MBAP.unpack_from(self._buffer)
            if protocol != 0 or length < 2:  # noqa: PLR2004 -- unit and function at least
                self._transport.close()
                return
            end = MBAP.size - 1 + length
            if len(self._buffer) < end:
                return
            pdu, self._buffer = self._buffer[MBAP.size : end], self._buffer[end:]
            self._line.ask(unit_id, pdu, 0.0, partial(self._send, transaction))

    def _send(self, transaction: int, slave: Slave, pdu: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(MBAP.pack(transaction, 0, len(pdu) + 1, slave.unit_id) + pdu)


class ModbusTcpServer:
    """Serves slaves on a TCP port, as a gateway does: who is not there does not answer."""

    def __init__(self, slaves: Iterable[Slave], host: str = "127.0.0.1", port: int = 0) -> None:
        self._line = _Line(slaves)
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Transport] = set()

    async def start(self) -> int:
        """Listen; the port in use."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _TcpConnection(self._line, self._open), self._host, self._port)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def drop_connections(self) -> None:
        """Reset every connection, as a gateway that restarts."""
        for transport in tuple(self._open):
            transport.abort()

    async def stop(self) -> None:
        """Stop listening and close every connection."""
        if self._server is not None:
            self._server.close()
            for transport in tuple(self._open):
                transport.close()
            await self._server.wait_closed()
            self._server = None


class ModbusRtuServer:
    """Serves slaves on one end of a serial line, given as an open file descriptor (see `Pty`).

    With a `baudrate` the answer takes the time it would on a wire; a pty alone has none. `echo`: the line's
    transceiver hears what the master sends.
    """

    def __init__(self, slaves: Iterable[Slave], fd: int, *, baudrate: int | None = None) -> None:
        self.echo = False
        self._line = _Line(slaves)
        self._fd = fd
        self._character_s = character_s(baudrate) if baudrate else 0.0
        self._gap_s = frame_gap_s(baudrate) if baudrate else 0.0
        self._buffer = b""

    def start(self) -> None:
        """Listen on the line."""
        os.set_blocking(self._fd, False)
        asyncio.get_running_loop().add_reader(self._fd, self._on_readable)

    def stop(self) -> None:
        """Listen no more; the line stays open."""
        asyncio.get_running_loop().remove_reader(self._fd)

    def transmit(self, data: bytes) -> None:
        """Put bytes on the line: an answer, or noise."""
        os.write(self._fd, data)

    def _on_readable(self) -> None:
        try:
            self._buffer += os.read(self._fd, 4096)
        except OSError:  # nobody has the other end open
            self._buffer = b""
            return
        while len(self._buffer) >= RTU_READ_BYTES:
            length = _rtu_request_bytes(self._buffer)
            if len(self._buffer) < length:
                return
            frame, self._buffer = self._buffer[:length], self._buffer[length:]
            if crc16(frame) != 0:  # out of step or damaged: a slave waits for silence and says nothing
                self._buffer = b""
                return
            if self.echo:
                self.transmit(frame)
            answer_bytes = _rtu_answer_bytes(frame)
            wire_s = (length + answer_bytes) * self._character_s + self._gap_s
            self._line.ask(frame[0], frame[1:-2], wire_s, self._send)

    def _send(self, slave: Slave, pdu: bytes) -> None:
        frame = bytes((slave.unit_id,)) + pdu
        crc = crc16(frame) ^ (0xFFFF if slave.corrupt else 0)
        self.transmit(frame + crc.to_bytes(2, "little"))


def _rtu_request_bytes(data: bytes) -> int:
    """How long the request is that begins like this."""
    return WRITE.size + 3 + data[6] if data[1] in {WRITE_MULTIPLE, WRITE_COILS} else RTU_READ_BYTES


def _rtu_answer_bytes(request: bytes) -> int:
    """How long a good answer to it is."""
    if request[1] in {WRITE_MULTIPLE, WRITE_COIL, WRITE_COILS}:
        return RTU_READ_BYTES
    count = int.from_bytes(request[4:6], "big")
    return 5 + (2 * count if request[1] in READ_FUNCTIONS else math.ceil(count / 8))


class Pty:
    """A serial line in memory: `fd` is one end, `path` the device at the other."""

    def __init__(self) -> None:
        self.fd, self._device_fd = os.openpty()  # held open, or the line would hang up between two clients
        tty.setraw(self._device_fd)
        self.path = os.ttyname(self._device_fd)

    def close(self) -> None:
        """Hang up."""
        os.close(self.fd)
        os.close(self._device_fd)


def crc16(data: bytes) -> int:
    """CRC of a frame (Modbus over Serial Line V1.02, 6.2.2); over a frame with its CRC it is 0."""
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc


def _crc_of_byte(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ 0xA001 if byte & 1 else byte >> 1
    return byte


_CRC_TABLE: Final = tuple(_crc_of_byte(byte) for byte in range(256))
