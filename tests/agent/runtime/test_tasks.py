"""Tasks that live and die together."""

from __future__ import annotations

import asyncio

import pytest

from agent.runtime.tasks import Chores, together


async def forever(ended: list[str], name: str) -> None:
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        ended.append(name)


async def fail(after_s: float) -> None:
    await asyncio.sleep(after_s)
    raise OSError("broken")


async def test_the_first_that_ends_ends_the_others():
    ended: list[str] = []
    await together(asyncio.sleep(2.0), forever(ended, "a"), forever(ended, "b"))
    assert sorted(ended) == ["a", "b"]


async def test_what_the_first_raises_is_raised_once_the_others_have_ended():
    ended: list[str] = []
    with pytest.raises(OSError, match="broken"):
        await together(forever(ended, "a"), fail(1.0))
    assert ended == ["a"]


async def test_one_that_may_end_ends_nobody_unless_it_fails():
    ended: list[str] = []
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    with pytest.raises(OSError, match="broken"):
        await together(forever(ended, "a"), may_end=(asyncio.sleep(1.0), fail(3.0), forever(ended, "b")))
    assert loop.time() == began_s + 3.0
    assert sorted(ended) == ["a", "b"]


async def test_cancelled_from_outside_all_have_ended_before_it_returns():
    ended: list[str] = []
    task = asyncio.create_task(together(forever(ended, "a"), may_end=(forever(ended, "b"),)))
    await asyncio.sleep(1.0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert sorted(ended) == ["a", "b"]


class Errand:
    """Takes a second each time, and fails when it shall."""

    def __init__(self) -> None:
        self.begun_s: list[float] = []
        self.broken = False
        self.ended: list[str] = []

    async def do(self) -> None:
        self.begun_s.append(asyncio.get_running_loop().time())
        try:
            await asyncio.sleep(1.0)
        finally:
            self.ended.append("ended")
        if self.broken:
            raise OSError("broken")


async def test_a_chore_is_done_when_there_is_need_and_once_more_for_all_that_comes_meanwhile():
    chores, errand, other = Chores(), Errand(), Errand()
    chores.wake(errand.do)
    running = asyncio.create_task(chores.run())
    await asyncio.sleep(0.5)
    chores.wake(errand.do)
    chores.wake(errand.do)
    chores.wake(other.do)
    await asyncio.sleep(9.5)
    chores.wake(errand.do)
    await asyncio.sleep(5.0)
    assert (errand.begun_s, other.begun_s) == ([0.0, 1.0, 10.0], [0.5])
    assert len(asyncio.all_tasks()) == 2  # this one, and the one that waits for chores
    running.cancel()


async def test_a_chore_that_fails_ends_them_all_and_whoever_runs_them_hears_of_it():
    chores, errand, other = Chores(), Errand(), Errand()
    errand.broken = True
    chores.wake(errand.do)
    running = asyncio.create_task(chores.run())
    await asyncio.sleep(0.5)
    chores.wake(other.do)
    with pytest.raises(OSError, match="broken"):
        await running
    assert other.ended == ["ended"]
    assert asyncio.get_running_loop().time() == 1.0


async def test_the_end_of_whoever_runs_chores_is_the_end_of_what_is_under_way():
    chores, errand = Chores(), Errand()
    running = asyncio.create_task(chores.run())
    await asyncio.sleep(0.0)
    chores.wake(errand.do)
    chores.wake(errand.do)
    await asyncio.sleep(0.5)
    running.cancel()
    await asyncio.wait([running])
    assert (errand.begun_s, errand.ended) == ([0.0], ["ended"])
