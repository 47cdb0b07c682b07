from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.board import COMMAND_DEADLINE_S
from hal.continuity import Followed
from hal.errors import HalError, HalGoneError, HalTimeoutError, MeterError
from hal.modbus.meter import ModbusMeter
from hal.modbus.poller import MeterPoller
from hal.modbus.profile import load_profile
from hal.types import (
    FaultCleared,
    FaultKind,
    FaultRaised,
    HalEvent,
    MeterErrorKind,
    MeterFailed,
    MeterSample,
    MeterSampled,
    Quality,
)
from sim.modbus_server import MeterSlave
from sim.time import run_virtual
from tests.hal.modbus.helpers import CHARGING, LINES, charging, now


class FakeMeter:
    """Takes `takes_s` and then fails with `error`, or measures."""

    def __init__(self) -> None:
        self.error: HalError | None = None
        self.takes_s = 0.0
        self.asked_s: list[float] = []
        self.deadlines_s: list[float] = []
        self.frozen_s: float | None = None

    async def read(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> MeterSample:
        self.asked_s.append(now())
        self.deadlines_s.append(deadline_s)
        await asyncio.sleep(self.takes_s)
        if self.error is not None:
            raise self.error
        return charging(taken_mono_s=now() if self.frozen_s is None else self.frozen_s)


class Polled:
    """A poller at work, and what it has reported."""

    def __init__(self, poll_s: float = 1.0) -> None:
        self.meter = FakeMeter()
        self.events: list[HalEvent] = []
        self.poller = MeterPoller(self.meter, poll_s, self.events.append)

    def fail(self, kind: MeterErrorKind = MeterErrorKind.TIMEOUT) -> None:
        self.meter.error = MeterError(kind, "gone")


@asynccontextmanager
async def polling(poll_s: float = 1.0) -> AsyncIterator[Polled]:
    polled = Polled(poll_s)
    task = asyncio.ensure_future(polled.poller.run())
    try:
        yield polled
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def sampled_at(mono_s: float, quality: Quality = Quality.GOOD) -> MeterSampled:
    return MeterSampled(charging(taken_mono_s=mono_s, quality=quality))


async def test_polls_stay_on_their_grid_without_drift() -> None:
    async with polling(0.1) as polled:
        polled.meter.takes_s = 0.03
        await asyncio.sleep(600.0)
        assert len(polled.meter.asked_s) == 6000
        assert max(abs(at - 0.1 * number) for number, at in enumerate(polled.meter.asked_s)) < 1e-6


async def test_a_slow_read_leaves_out_what_it_overtook_and_keeps_the_grid() -> None:
    async with polling(1.0) as polled:
        polled.meter.takes_s = 2.5
        await asyncio.sleep(7.0)
        assert polled.meter.asked_s == [0.0, 3.0, 6.0]


async def test_a_read_that_takes_exactly_one_poll_costs_no_other() -> None:
    async with polling(0.1) as polled:
        polled.meter.takes_s = 0.1
        await asyncio.sleep(0.95)
        assert polled.meter.asked_s == pytest.approx([0.1 * number for number in range(10)])


async def test_the_rate_changes_at_once() -> None:
    async with polling(10.0) as polled:
        await asyncio.sleep(13.0)
        polled.poller.set_poll_s(1.0)
        await asyncio.sleep(2.5)
        polled.poller.set_poll_s(1.0)
        await asyncio.sleep(1.0)
        polled.poller.set_poll_s(10.0)
        await asyncio.sleep(11.0)
        assert polled.meter.asked_s == [0.0, 10.0, 13.0, 14.0, 15.0, 16.0, 16.5, 26.5]


async def test_a_read_may_take_no_longer_than_a_poll_or_a_command() -> None:
    async with polling(10.0) as polled:
        await asyncio.sleep(0.0)
        polled.poller.set_poll_s(0.2)
        await asyncio.sleep(0.1)
        assert polled.meter.deadlines_s == [COMMAND_DEADLINE_S, 0.2]


async def test_one_lost_poll_is_no_fault() -> None:
    async with polling() as polled:
        await asyncio.sleep(0.5)
        polled.fail()
        await asyncio.sleep(1.0)
        polled.meter.error = None
        await asyncio.sleep(1.0)
        assert polled.events == [
            sampled_at(0.0),
            MeterFailed(MeterErrorKind.TIMEOUT, "gone", 1),
            sampled_at(2.0),
        ]


async def test_a_dead_meter_is_stale_within_two_polls_and_its_time_stays_old() -> None:
    async with polling() as polled:
        await asyncio.sleep(0.5)
        polled.fail(MeterErrorKind.CRC)
        await asyncio.sleep(2.0)
        assert polled.events == [
            sampled_at(0.0),
            MeterFailed(MeterErrorKind.CRC, "gone", 1),
            MeterFailed(MeterErrorKind.CRC, "gone", 2),
            sampled_at(0.0, Quality.STALE),
            FaultRaised(FaultKind.METER, "crc: gone"),
        ]
        await asyncio.sleep(2.0)
        assert polled.events[5:] == [
            MeterFailed(MeterErrorKind.CRC, "gone", 3),
            MeterFailed(MeterErrorKind.CRC, "gone", 4),
        ]


async def test_a_meter_that_comes_back_clears_its_fault_after_its_sample() -> None:
    async with polling() as polled:
        polled.fail()
        await asyncio.sleep(1.5)
        polled.meter.error = None
        await asyncio.sleep(1.0)
        assert polled.events[-2:] == [sampled_at(2.0), FaultCleared(FaultKind.METER)]


async def test_a_meter_that_never_answered_has_no_stale_sample() -> None:
    async with polling() as polled:
        polled.fail()
        await asyncio.sleep(1.5)
        assert [type(event) for event in polled.events] == [MeterFailed, MeterFailed, FaultRaised]


async def test_a_sample_that_is_no_newer_than_the_last_counts_as_a_failure() -> None:
    async with polling() as polled:
        polled.meter.frozen_s = 0.0
        await asyncio.sleep(2.5)
        assert polled.events == [
            sampled_at(0.0),
            MeterFailed(MeterErrorKind.STALE, "the meter repeats its last sample", 1),
            MeterFailed(MeterErrorKind.STALE, "the meter repeats its last sample", 2),
            sampled_at(0.0, Quality.STALE),
            FaultRaised(FaultKind.METER, "stale: the meter repeats its last sample"),
        ]


@pytest.mark.parametrize(
    ("error", "kind"),
    [(HalTimeoutError("late"), MeterErrorKind.TIMEOUT), (HalGoneError("away"), MeterErrorKind.DISCONNECTED)],
)
async def test_a_board_that_fails_in_its_own_words_does_not_stop_the_polls(
    error: HalError, kind: MeterErrorKind
) -> None:
    async with polling() as polled:
        polled.meter.error = error
        await asyncio.sleep(1.5)
        assert [event.kind for event in polled.events if isinstance(event, MeterFailed)] == [kind, kind]


async def play(good: list[bool]) -> list[HalEvent]:
    async with polling() as polled:
        for answers in good:
            polled.meter.error = None if answers else MeterError(MeterErrorKind.TIMEOUT, "gone")
            await asyncio.sleep(1.0)
        return polled.events


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_faults_alternate_and_only_good_polls_bring_new_times(good: list[bool]) -> None:
    events = run_virtual(play(good))
    faults = [type(event) for event in events if isinstance(event, FaultRaised | FaultCleared)]
    assert faults == [FaultRaised, FaultCleared] * (len(faults) // 2) + [FaultRaised] * (len(faults) % 2)
    samples = [event.sample for event in events if isinstance(event, MeterSampled)]
    fresh = [sample.taken_mono_s for sample in samples if sample.quality is Quality.GOOD]
    assert fresh == [float(second) for second, answers in enumerate(good) if answers]
    for before, after in pairwise(samples):
        if after.quality is Quality.STALE:
            assert after == charging(taken_mono_s=before.taken_mono_s, quality=Quality.STALE)


@pytest.mark.parametrize("line", LINES)
async def test_a_real_slave_that_dies_is_stale_within_two_polls_and_recovers(line: str) -> None:
    profile = load_profile("eastron_sdm630")
    slave = MeterSlave(profile, lambda: CHARGING)
    events: list[HalEvent] = []
    async with LINES[line](slave) as (bus, _):
        poller = MeterPoller(ModbusMeter(profile, bus, 1, now), 1.0, events.append)
        task = asyncio.ensure_future(poller.run())
        await asyncio.sleep(1.5)
        slave.silent = True
        await asyncio.sleep(2.4)  # two polls, and the two waits of the first
        stale = [event for event in events if isinstance(event, MeterSampled)][-1].sample
        assert stale.quality is Quality.STALE
        assert stale.taken_mono_s == pytest.approx(1.0)
        slave.silent = False
        await asyncio.sleep(1.0)
        assert isinstance(events[-1], FaultCleared)
        task.cancel()


async def test_what_the_follower_refuses_is_a_failure_with_its_name() -> None:
    events: list[HalEvent] = []
    meter = FakeMeter()

    def refuse(sample: MeterSample) -> Followed:
        return Followed(None, MeterErrorKind.SWAPPED, "another") if sample.taken_mono_s else Followed(sample)

    task = asyncio.ensure_future(MeterPoller(meter, 1.0, events.append, refuse).run())
    await asyncio.sleep(2.5)
    task.cancel()
    assert events == [
        sampled_at(0.0),
        MeterFailed(MeterErrorKind.SWAPPED, "another", 1),
        MeterFailed(MeterErrorKind.SWAPPED, "another", 2),
        sampled_at(0.0, Quality.STALE),
        FaultRaised(FaultKind.METER, "swapped: another"),
    ]


async def test_what_the_follower_makes_up_for_is_named_and_no_fault() -> None:
    events: list[HalEvent] = []
    poller = MeterPoller(FakeMeter(), 1.0, events.append, lambda s: Followed(s, MeterErrorKind.ROLLOVER, "from 9 to 0"))
    task = asyncio.ensure_future(poller.run())
    await asyncio.sleep(0.5)
    task.cancel()
    assert events == [MeterFailed(MeterErrorKind.ROLLOVER, "from 9 to 0", 0), sampled_at(0.0)]
