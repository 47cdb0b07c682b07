"""A flag: who waits goes on when it is raised, or when his time is over."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hal.flag import Flag


async def test_all_who_wait_go_on_though_it_is_lowered_at_once():
    flag = Flag()
    waiting = [asyncio.create_task(flag.wait()) for _ in range(3)]
    await asyncio.sleep(1.0)
    assert not any(one.done() for one in waiting)
    flag.set()
    flag.clear()
    assert await asyncio.gather(*waiting) == [True, True, True]
    assert not flag.is_set()


async def test_a_raised_flag_is_not_waited_for():
    flag, loop = Flag(raised=True), asyncio.get_running_loop()
    began_s = loop.time()
    assert await flag.wait(5.0)
    assert await flag.wait()
    assert loop.time() == began_s


@pytest.mark.parametrize("at_s", [2.0, 0.0, -1.0])
async def test_a_wait_ends_when_its_time_is_over_and_says_so(at_s: float):
    flag, loop = Flag(), asyncio.get_running_loop()
    began_s = loop.time()
    assert not await flag.wait(at_s)
    assert not await flag.wait(until_s=began_s + at_s)
    assert loop.time() == began_s + max(at_s, 0.0)


async def test_a_flag_that_is_raised_in_time_leaves_no_timer_behind(monkeypatch: pytest.MonkeyPatch):
    flag, loop = Flag(), asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []
    call_at = loop.call_at

    def noted(*arguments: Any, **options: Any) -> asyncio.TimerHandle:
        timers.append(call_at(*arguments, **options))
        return timers[-1]

    monkeypatch.setattr(loop, "call_at", noted)
    waiting = asyncio.create_task(flag.wait(3600.0))
    await asyncio.sleep(1.0)
    flag.set()
    assert await waiting
    assert [one.cancelled() for one in timers if one.when() >= 3600.0] == [True]


async def test_one_who_waits_no_longer_is_forgotten_and_the_others_are_not():
    flag = Flag()
    leaving, staying = asyncio.create_task(flag.wait()), asyncio.create_task(flag.wait())
    await asyncio.sleep(1.0)
    leaving.cancel()
    await asyncio.wait([leaving])
    flag.set()
    assert await staying
    assert leaving.cancelled()
