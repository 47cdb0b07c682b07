"""An EVSE's stream: the present state first, and for a reader that fell behind, instead of the past."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from hal.stream import BACKLOG_MAX, Stream
from hal.types import ContactorChanged, CpState, FaultCleared, FaultKind, FaultRaised, PermitLost, Rule, TokenPresented
from tests.hal.bench import Follower, until
from tests.hal.rig import cp


async def test_a_reader_hears_the_present_state_and_no_past_events():
    stream = Stream()
    stream.publish(cp(CpState.B))
    stream.publish(TokenPresented("04"))
    stream.publish(PermitLost(Rule.FAULTED))
    stream.publish(FaultRaised(FaultKind.DOOR))
    stream.publish(FaultCleared(FaultKind.DOOR))
    stream.publish(cp(CpState.C))
    follower = Follower(stream.read())
    stream.publish(TokenPresented("05"))
    await follower.heard(TokenPresented("05"))
    assert follower.events == [cp(CpState.C), TokenPresented("05")]
    await follower.stop()


async def test_a_reader_that_fell_behind_hears_the_state_and_every_fault_that_ended_meanwhile():
    stream = Stream()
    stream.publish(FaultRaised(FaultKind.DOOR))
    events = stream.read()
    stream.publish(FaultCleared(FaultKind.DOOR))
    for turn in range(BACKLOG_MAX * 3):
        stream.publish(TokenPresented(str(turn)))
    stream.publish(FaultRaised(FaultKind.E_STOP))
    stream.publish(ContactorChanged(False))
    follower = Follower(events)
    await until(lambda: ContactorChanged(False) in follower.events)
    assert len(follower.events) <= BACKLOG_MAX + 10
    assert FaultCleared(FaultKind.DOOR) in follower.events
    assert FaultRaised(FaultKind.E_STOP) in follower.events
    assert [one.seq for one in follower.stamped] == list(range(1, len(follower.stamped) + 1))
    await follower.stop()


async def test_times_never_go_backwards():
    stream = Stream()
    follower = Follower(stream.read())
    await asyncio.sleep(5.0)
    for mono_s in (5.0, 4.0, 6.0):
        stream.publish(TokenPresented(str(mono_s)), mono_s)
    await follower.heard(TokenPresented("6.0"))
    assert all(before.mono_s <= after.mono_s for before, after in pairwise(follower.stamped))
    await follower.stop()


async def test_a_new_state_clears_what_is_gone_after_it_has_told_what_stands():
    stream = Stream()
    follower = Follower(stream.read())
    stream.publish(FaultRaised(FaultKind.HAL_LOST))
    stream.publish(FaultRaised(FaultKind.DOOR))
    stream.replace_state([cp(CpState.B), FaultRaised(FaultKind.DOOR)], 1.0)
    await follower.heard(FaultCleared(FaultKind.HAL_LOST))
    assert follower.events[-3:] == [
        cp(CpState.B),
        FaultRaised(FaultKind.DOOR),
        FaultCleared(FaultKind.HAL_LOST),
    ]
    await follower.stop()


async def test_a_stream_that_ends_lets_its_readers_finish():
    stream = Stream()
    follower = Follower(stream.read())
    stream.publish(TokenPresented("04"))
    stream.end()
    await until(lambda: follower.ended)
    assert follower.events == [TokenPresented("04")]
