"""The event stream: order, present state, end."""

import asyncio

from hal.types import HalEvent, LockChanged, LockState, TokenPresented
from sim.stream import Stream
from tests.sim.boards import Listener

PRESENT = LockChanged(LockState.LOCKED)
TOKEN = TokenPresented("04AA")


def present() -> list[HalEvent]:
    return [PRESENT]


async def test_a_stamp_never_goes_back():
    stream = Stream(present)
    reader = Listener(stream.read(1.0))
    stream.emit(3.0, TOKEN)
    stream.emit(2.0, TOKEN)
    await asyncio.sleep(0)
    assert [stamped.mono_s for stamped in reader.heard] == [1.0, 3.0, 3.0]


async def test_what_was_said_before_a_reader_came_is_not_repeated_but_summed_up_in_the_present_state():
    stream = Stream(present)
    stream.emit(1.0, TOKEN)
    reader = Listener(stream.read(2.0))
    await asyncio.sleep(0)
    assert [(stamped.seq, stamped.event) for stamped in reader.heard] == [(1, PRESENT)]


async def test_every_reader_hears_everything():
    stream = Stream(list)
    readers = [Listener(stream.read(0.0)) for _ in range(2)]
    stream.emit(1.0, TOKEN)
    await asyncio.sleep(0)
    assert [[stamped.event for stamped in reader.heard] for reader in readers] == [[TOKEN], [TOKEN]]


async def test_readers_finish_at_the_end_and_later_ones_after_the_present_state():
    stream = Stream(present)
    early = Listener(stream.read(0.0))
    stream.end()
    late = Listener(stream.read(1.0))
    await asyncio.sleep(0)
    assert early.ended
    assert late.ended
    assert [stamped.event for stamped in late.heard] == [PRESENT]


async def test_a_reader_that_leaves_is_forgotten():
    stream = Stream(present)
    reader = stream.read(0.0)
    await anext(reader)
    await reader.aclose()
    stream.emit(1.0, TOKEN)
    assert stream._readers == []
