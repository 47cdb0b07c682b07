"""Finds the answer to a request among all that is heard on a bus. With `hal.modbus.bus`, the only user of pymodbus.

pymodbus hands any well-formed frame of the right unit to whoever waits. Both framers below accept only an answer that
fits the request in unit, function code and length (and transaction id on TCP); all else is skipped. What fits is handed
on as the bytes of its PDU: pymodbus takes registers apart one by one, which costs more than all else of an answer.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
)

READ_COILS, READ_DISCRETE, READ_HOLDING, READ_INPUT = 1, 2, 3, 4  # Modbus Application Protocol V1.1b3, 6.1 to 6.4
READ_BITS: Final = (READ_COILS, READ_DISCRETE)
WRITE_COIL: Final = 5  # the same, 6.5
WRITE_COILS: Final = 15  # 6.11
WRITE_MULTIPLE: Final = 16  # 6.12
COIL_ON: Final = 0xFF00  # 6.5: anything but this and 0 is illegal
EXCEPTION_FLAG: Final = 0x80
EXCEPTION_PDU_BYTES: Final = 2  # the same, 7: function code with its flag, exception code
RTU_FRAME_BYTES: Final = 3  # around a PDU: unit before, CRC behind
WRITE_ANSWER: Final = struct.Struct(">BHH")  # function code, address, quantity; of one coil: what it is now
READS: Final[Mapping[int, Callable[..., ModbusPDU]]] = MappingProxyType(
    {
        READ_COILS: ReadCoilsRequest,
        READ_DISCRETE: ReadDiscreteInputsRequest,
        READ_HOLDING: ReadHoldingRegistersRequest,
        READ_INPUT: ReadInputRegistersRequest,
    }
)


def read_pdu(function: int, address: int, count: int, unit_id: int) -> ModbusPDU:
    """A request to read registers, or bits."""
    return READS[function](address=address, count=count, dev_id=unit_id)


def write_pdu(address: int, words: Sequence[int], unit_id: int) -> ModbusPDU:
    """A request to write registers."""
    return WriteMultipleRegistersRequest(address=address, registers=list(words), dev_id=unit_id)


def coil_pdu(function: int, address: int, on: bool, unit_id: int) -> ModbusPDU:
    """A request to switch one coil, by the function for one or by that for many."""
    make = WriteSingleCoilRequest if function == WRITE_COIL else WriteMultipleCoilsRequest
    return make(address=address, bits=[on], dev_id=unit_id)


def data_bytes(function: int, count: int) -> int:
    """What so many registers or bits take in an answer."""
    return math.ceil(count / 8) if function in READ_BITS else 2 * count


def values(request: ModbusPDU, answer: bytes) -> Sequence[int]:
    """The registers that were read, or the bits as 0 and 1 without those that fill up the last byte; none of a write.

    `answer` fits the request.
    """
    function: int = request.function_code
    if function in READ_BITS:
        packed = int.from_bytes(answer[2:], "little")
        return [packed >> place & 1 for place in range(request.count)]
    if function in READS:
        return struct.unpack_from(f">{request.count}H", answer, 2)
    return ()


def exception_code(answer: bytes) -> int | None:
    """Why the slave refuses, if this is no good answer."""
    return answer[1] if answer[0] & EXCEPTION_FLAG else None


def answer_form(request: ModbusPDU) -> tuple[bytes, int]:
    """How the PDU of a good answer begins, and how long it is."""
    function = request.function_code
    if function == WRITE_COIL:
        state = COIL_ON if request.bits[0] else 0
        return WRITE_ANSWER.pack(function, request.address, state), WRITE_ANSWER.size
    if function in {WRITE_COILS, WRITE_MULTIPLE}:
        return WRITE_ANSWER.pack(function, request.address, request.count), WRITE_ANSWER.size
    size = data_bytes(function, request.count)
    return bytes((function, size)), 2 + size


class _Answers:
    """What both framers share."""

    def __init__(self) -> None:
        super().__init__(DecodePDU(False))  # type: ignore[call-arg]  # the framer's
        self.expected: ModbusPDU | None = None
        self.heard = b""
        self.clock: Callable[[], float] = lambda: 0.0
        self.found_s = 0.0  # when the last answer was complete: a serial line's silence begins there

    def decode(self, data: bytes) -> tuple[int, int, int, bytes]:
        """The expected frame's end, unit, transaction and PDU, or nothing yet."""
        raise NotImplementedError

    def handleFrame(self, data: bytes, exp_devid: int, exp_tid: int) -> tuple[int, bytes | None]:  # noqa: ARG002, N802 -- pymodbus's signature
        """How much of the data is done with, and the expected answer's PDU."""
        used, _, _, pdu = self.decode(data)
        return used, pdu or None


class RtuAnswers(_Answers, FramerRTU):  # type: ignore[misc]  # a PDU is bytes here
    """Finds the expected answer among everything heard since the request, an echo or strange frames included."""

    def decode(self, data: bytes) -> tuple[int, int, int, bytes]:
        """The expected frame's end, unit and PDU, or nothing yet."""
        self.heard = data
        heard_s = self.clock()
        request = self.expected
        if request is None:
            return len(data), 0, 0, b""
        unit = bytes((request.dev_id,))
        answer, size = answer_form(request)
        refusal = bytes((request.function_code | EXCEPTION_FLAG,))
        for header, pdu_bytes in ((unit + answer, size), (unit + refusal, EXCEPTION_PDU_BYTES)):
            length = RTU_FRAME_BYTES + pdu_bytes
            start = data.find(header)
            while start >= 0:
                frame = data[start : start + length]
                if len(frame) == length and intact(frame):
                    self.found_s = heard_s
                    return start + length, request.dev_id, 0, frame[1:-2]
                start = data.find(header, start + 1)
        return 0, 0, 0, b""


class TcpAnswers(_Answers, FramerSocket):  # type: ignore[misc]  # a PDU is bytes here
    """Passes on the expected answer only. pymodbus itself would take transaction 0 for any."""

    def decode(self, data: bytes) -> tuple[int, int, int, bytes]:
        """The expected frame's end, unit, transaction and PDU, or nothing yet."""
        request = self.expected
        if request is None:
            return len(data), 0, 0, b""
        used = 0
        while True:
            length, unit, transaction, pdu = FramerSocket.decode(self, data[used:])
            used += length
            if not length:
                return used, 0, 0, b""
            if unit == request.dev_id and transaction == request.transaction_id and _fits(pdu, request):
                return used, unit, transaction, pdu


def intact(frame: bytes) -> bool:
    """Whether a frame's last two bytes are its CRC."""
    return FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))


def _fits(pdu: bytes, request: ModbusPDU) -> bool:
    if len(pdu) >= EXCEPTION_PDU_BYTES and pdu[0] == request.function_code | EXCEPTION_FLAG:
        return True
    header, length = answer_form(request)
    return pdu.startswith(header) and len(pdu) == length
