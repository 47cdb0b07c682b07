"""Coils and inputs: requests and answers are those that the standard prints, and they work on both kinds of line."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hal.errors import MeterError
from hal.modbus.answers import answer_form, coil_pdu, read_pdu
from hal.modbus.bus import _bytes
from hal.modbus.schema import ReadRequest
from hal.types import MeterErrorKind
from sim.modbus_server import BIT_FUNCTIONS, Slave
from tests.hal.modbus.helpers import now, rtu, tcp


class Board(Slave):
    """Coils and inputs that remember."""

    bit_functions = BIT_FUNCTIONS

    def __init__(self, coils: dict[int, bool], inputs: dict[int, bool]) -> None:
        super().__init__(unit_id=7)
        self.coils, self.inputs = coils, inputs

    def registers(self, request: ReadRequest) -> Sequence[int] | None:
        return None

    def bits(self, request: ReadRequest) -> Sequence[bool] | None:
        there = self.coils if request.function == 1 else self.inputs
        asked = range(request.address, request.end)
        return [there[one] for one in asked] if all(one in there for one in asked) else None

    def switch(self, address: int, states: Sequence[bool]) -> bool:
        asked = range(address, address + len(states))
        if not all(one in self.coils for one in asked):
            return False
        self.coils.update(zip(asked, states, strict=True))
        return True


def spread(first: int, packed: str, count: int) -> dict[int, bool]:
    """Bits from an address on, out of bytes as the standard packs them: the first one is the lowest."""
    bits = int.from_bytes(bytes.fromhex(packed), "little")
    return {first + place: bool(bits >> place & 1) for place in range(count)}


# The examples printed in the Modbus Application Protocol V1.1b3: request, answer
COILS_20_TO_38 = ("01 0013 0013", "01 03 CD6B05")  # 6.1
INPUTS_197_TO_218 = ("02 00C4 0016", "02 03 ACDB35")  # 6.2
COIL_173_ON = ("05 00AC FF00", "05 00AC FF00")  # 6.5
TEN_COILS = ("0F 0013 000A 02 CD01", "0F 0013 000A")  # 6.11


@pytest.fixture
def board() -> Board:
    coils = spread(0x13, "CD6B05", 0x13) | {0xAC: False}
    return Board(coils, spread(0xC4, "ACDB35", 0x16))


@pytest.mark.parametrize(("request_", "answer"), [COILS_20_TO_38, INPUTS_197_TO_218, COIL_173_ON, TEN_COILS])
def test_the_slave_answers_the_standards_examples_with_the_standards_answers(board: Board, request_: str, answer: str):
    assert board.answer(bytes.fromhex(request_)) == bytes.fromhex(answer)


def test_coils_that_were_switched_are_as_the_standard_says(board: Board):
    board.answer(bytes.fromhex(COIL_173_ON[0]))
    assert board.coils[0xAC]
    board.coils = dict.fromkeys(range(0x13, 0x1D), False)
    board.answer(bytes.fromhex(TEN_COILS[0]))
    assert board.coils == spread(0x13, "CD01", 10)


@pytest.mark.parametrize(
    ("pdu", "example"),
    [
        (read_pdu(1, 0x13, 0x13, 7), COILS_20_TO_38),
        (read_pdu(2, 0xC4, 0x16, 7), INPUTS_197_TO_218),
        (coil_pdu(5, 0xAC, True, 7), COIL_173_ON),
    ],
    ids=["read coils", "read inputs", "write a coil"],
)
def test_our_requests_are_the_standards_and_its_answers_are_taken(pdu, example):
    request_, answer = map(bytes.fromhex, example)
    assert _bytes(pdu) == request_
    header, length = answer_form(pdu)
    assert answer.startswith(header)
    assert len(answer) == length


@pytest.mark.parametrize(
    "pdu",
    ["01 0013 0000", "01 0013 07D1", "05 00AC 0001", "0F 0013 000A 01 CD", "0F 0013 000A 02 CD"],
    ids=["none", "too many", "neither on nor off", "fewer bytes than bits", "bytes missing"],
)
def test_what_makes_no_sense_is_an_illegal_value(board: Board, pdu: str):
    data = bytes.fromhex(pdu)
    assert board.answer(data) == bytes((data[0] | 0x80, 3))


@pytest.mark.parametrize("line", [tcp, rtu])
@pytest.mark.parametrize("function", [5, 15])
async def test_a_coil_is_switched_and_an_input_read(line, function: int):
    board = Board({1: False}, {2: True, 3: False, 4: True})
    async with line(board) as (bus, _):
        unit = bus.unit(7, probes=(ReadRequest(2, 2, 1),))
        await unit.switch(function, 1, True, until_s=now() + 1)
        assert board.coils == {1: True}
        assert list(await unit.read(ReadRequest(1, 1, 1), until_s=now() + 1)) == [1]
        assert list(await unit.read(ReadRequest(2, 2, 3), until_s=now() + 1)) == [1, 0, 1]
        await unit.switch(function, 1, False, until_s=now() + 1)
        assert board.coils == {1: False}
        with pytest.raises(MeterError, match="illegal data address") as refused:
            await unit.switch(function, 9, True, until_s=now() + 1)
        assert refused.value.kind is MeterErrorKind.EXCEPTION
