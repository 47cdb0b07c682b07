"""Finds the answer to a request among all that is heard on a bus. With `hal.modbus.bus`, the only user of pymodbus.

pymodbus hands any well-formed frame of the right unit to whoever waits. Both framers below accept only an answer that
fits the request in unit, function code and length (and transaction id on TCP); all else is skipped.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Final

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
)

READ_INPUT: Final = 4
WRITE_MULTIPLE: Final = 16  # Modbus Application Protocol V1.1b3, 6.12
EXCEPTION_FLAG: Final = 0x80
EXCEPTION_PDU_BYTES: Final = 2  # the same, 7: function code with its flag, exception code
RTU_FRAME_BYTES: Final = 3  # around a PDU: unit before, CRC behind
WRITE_ANSWER: Final = struct.Struct(">BHH")  # function code, address, quantity


def read_pdu(function: int, address: int, count: int, unit_id: int) -> ModbusPDU:
    """A request to read registers."""
    make = ReadInputRegistersRequest if function == READ_INPUT else ReadHoldingRegistersRequest
    return make(address=address, count=count, dev_id=unit_id)


def write_pdu(address: int, words: Sequence[int], unit_id: int) -> ModbusPDU:
    """A request to write registers."""
    return WriteMultipleRegistersRequest(address=address, registers=list(words), dev_id=unit_id)


def answer_form(request: ModbusPDU) -> tuple[bytes, int]:
    """How the PDU of a good answer begins, and how long it is."""
    if request.function_code == WRITE_MULTIPLE:
        return WRITE_ANSWER.pack(request.function_code, request.address, request.count), WRITE_ANSWER.size
    return bytes((request.function_code, 2 * request.count)), 2 + 2 * request.count


class RtuAnswers(FramerRTU):
    """Finds the expected answer among everything heard since the request, an echo or strange frames included."""

    def __init__(self) -> None:
        super().__init__(DecodePDU(False))
        self.expected: ModbusPDU | None = None
        self.heard = b""
        self.clock: Callable[[], float] = lambda: 0.0
        self.found_s = 0.0  # when the last answer was complete: the line's silence begins there

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


class TcpAnswers(FramerSocket):
    """Passes on the expected answer only. pymodbus itself checks the unit; of transactions it takes 0 for any."""

    def __init__(self) -> None:
        super().__init__(DecodePDU(False))
        self.expected: ModbusPDU | None = None
        self.heard = b""
        self.clock: Callable[[], float] = lambda: 0.0
        self.found_s = 0.0

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
    if len(pdu) >= EXCEPTION_PDU_BYTES and pdu[0] == request.function_code | EXCEPTION_FLAG:
        return True
    header, length = answer_form(request)
    return pdu.startswith(header) and len(pdu) == length
