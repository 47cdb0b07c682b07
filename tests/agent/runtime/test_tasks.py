"""Tasks that live and die together."""

from __future__ import annotations

import asyncio

import pytest

from agent.runtime.tasks import together


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
