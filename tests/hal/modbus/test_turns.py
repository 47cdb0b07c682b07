"""Several devices on one line: the urgent first, nobody waits for ever, each keeps its pace."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.errors import MeterError
from hal.modbus.bus import ModbusBus
from hal.modbus.meter import ModbusMeter
from hal.modbus.poller import MeterPoller
from hal.modbus.profile import load_profile
from hal.modbus.turns import NORMAL, URGENT, YIELD_S, Turns
from hal.types import MeterErrorKind, MeterSampled
from sim.modbus_server import MeterSlave, ModbusRtuServer, Pty, Slave
from sim.time import run_virtual
from tests.hal.modbus.helpers import CHARGING, LINES, charging, now

ABB = load_profile("abb_b2x")


async def in_turn(turns: Turns, name: str, priority: int, done: list[str], takes_s: float = 0.1) -> None:
    await turns.take(priority, None)
    done.append(name)
    await asyncio.sleep(takes_s)
    turns.release()


async def test_the_urgent_goes_before_the_one_that_came_first() -> None:
    turns, done = Turns(), list[str]()
    asks = [("first", NORMAL), ("main meter", NORMAL), ("EVSE 1", URGENT), ("EVSE 2", URGENT)]
    await asyncio.gather(*(in_turn(turns, name, priority, done) for name, priority in asks))
    assert done == ["first", "EVSE 1", "EVSE 2", "main meter"]


async def test_who_has_waited_long_enough_goes_before_an_urgent_newcomer() -> None:
    turns, done = Turns(), list[str]()
    long_one = asyncio.ensure_future(in_turn(turns, "long", URGENT, done, YIELD_S + 0.3))
    await asyncio.sleep(0.1)
    main = asyncio.ensure_future(in_turn(turns, "main meter", NORMAL, done))
    await asyncio.sleep(YIELD_S + 0.1)
    await asyncio.gather(long_one, main, in_turn(turns, "EVSE", URGENT, done))
    assert done == ["long", "main meter", "EVSE"]


async def crowd(asks: list[tuple[float, int, float | None]]) -> list[bool]:
    """Everybody asks at some time, some give up, every fifth is cancelled; who got a turn."""
    turns, holders = Turns(), 0
    got = [False] * len(asks)

    async def one(number: int, at_s: float, priority: int, patience_s: float | None) -> None:
        nonlocal holders
        await asyncio.sleep(at_s)
        try:
            await turns.take(priority, None if patience_s is None else now() + patience_s)
        except TimeoutError:
            return
        holders += 1
        try:
            assert holders == 1
            got[number] = True
            await asyncio.sleep(0.1)
        finally:
            holders -= 1
            turns.release()

    tasks = [asyncio.ensure_future(one(number, *ask)) for number, ask in enumerate(asks)]
    await asyncio.sleep(0.55)
    for task in tasks[::5]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
    await asyncio.wait_for(turns.take(URGENT, None), 1.0)  # whatever happened, the bus is free in the end
    return got


ASKS = st.tuples(st.floats(0.0, 1.0), st.integers(0, 2), st.one_of(st.none(), st.floats(0.0, 0.5)))


@given(st.lists(ASKS, max_size=12))
def test_there_is_one_at_a_time_and_the_turn_is_never_lost(asks: list[tuple[float, int, float | None]]) -> None:
    got = run_virtual(crowd(asks))
    assert all(got[n] for n, (_, _, patience_s) in enumerate(asks) if patience_s is None and n % 5)


# On a line whose wire takes its time


class Relays(Slave):
    """A relay board: registers that can be written."""

    def __init__(self, unit_id: int) -> None:
        super().__init__(unit_id)
        self.states = [0] * 8
        self.asked_s: list[float] = []

    def answer(self, pdu: bytes) -> bytes | None:
        self.asked_s.append(now())
        return super().answer(pdu)

    def registers(self, request: Any) -> Sequence[int] | None:
        return self.states[request.address : request.end]

    def write(self, address: int, words: Sequence[int]) -> bool:
        if address + len(words) > len(self.states):
            return False
        self.states[address : address + len(words)] = words
        return True


async def test_meters_of_evses_keep_their_pace_beside_a_main_meter_and_a_relay_board_on_one_slow_line() -> None:
    """At 9600 baud a reading takes 0.2 s, so the EVSEs' meters alone take four fifths of the line."""
    pty, relays = Pty(), Relays(9)
    slaves = [MeterSlave(ABB, lambda n=unit: charging(energy_import_wh=1000.0 * n), unit) for unit in (1, 2, 3)]
    server = ModbusRtuServer([*slaves, relays], pty.fd, baudrate=9600)
    server.start()
    bus = ModbusBus(f"serial://{pty.path}?baudrate=9600")
    seen: dict[int, list[MeterSampled]] = {1: [], 2: [], 3: []}
    polls = [
        MeterPoller(
            ModbusMeter(ABB, bus, unit, now, priority=NORMAL if unit == 3 else URGENT),
            2.0 if unit == 3 else 0.5,
            lambda event, unit=unit: seen[unit].append(event) if isinstance(event, MeterSampled) else None,
        )
        for unit in seen
    ]
    tasks = [asyncio.ensure_future(poll.run()) for poll in polls]
    board = bus.unit(9, probes=(), priority=NORMAL)
    await asyncio.sleep(5.0)
    await board.write(2, [1, 1], until_s=now() + 1.0)
    await asyncio.sleep(5.0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await bus.close()
    server.stop()
    pty.close()
    assert relays.states == [0, 0, 1, 1, 0, 0, 0, 0]
    assert len(seen[1]) >= 19
    assert len(seen[2]) >= 19
    assert len(seen[3]) >= 4
    for unit, samples in seen.items():
        assert {event.sample.energy_import_wh for event in samples} == {1000.0 * unit}


# Writing


@pytest.mark.parametrize("line", LINES)
async def test_what_is_written_arrives(line: str) -> None:
    relays = Relays(9)
    async with LINES[line](relays, MeterSlave(ABB, lambda: CHARGING)) as (bus, _):
        unit = bus.unit(9, probes=())
        await unit.write(0, [7, 8], until_s=now() + 1.0)
        with pytest.raises(MeterError) as caught:
            await unit.write(7, [7, 8], until_s=now() + 1.0)
        assert caught.value.kind is MeterErrorKind.EXCEPTION
        assert (await ModbusMeter(ABB, bus, 1, now).read()).power_w == 3450.0
    assert relays.states == [7, 8, 0, 0, 0, 0, 0, 0]


async def test_a_write_without_an_answer_is_not_repeated() -> None:
    relays = Relays(9)
    relays.silent = True
    async with LINES["rtu"](relays) as (bus, _):
        with pytest.raises(MeterError):
            await bus.unit(9, probes=()).write(0, [7], until_s=now() + 5.0)
    assert len(relays.asked_s) == 1


@pytest.mark.parametrize(("turnaround_s", "rest_s"), [(0.0, 0.00401), (0.05, 0.05)])
async def test_a_line_whose_devices_are_slow_to_turn_around_is_left_alone_longer(
    turnaround_s: float, rest_s: float
) -> None:
    pty, relays = Pty(), Relays(9)
    server = ModbusRtuServer([relays], pty.fd)
    server.start()
    bus = ModbusBus(f"serial://{pty.path}?baudrate=9600&turnaround_s={turnaround_s}")
    unit = bus.unit(9, probes=())
    for _ in range(2):
        await unit.write(0, [7], until_s=now() + 1.0)
    await bus.close()
    server.stop()
    pty.close()
    assert relays.asked_s[1] - relays.asked_s[0] == pytest.approx(rest_s, abs=1e-4)
