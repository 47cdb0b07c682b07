"""Tasks that live and die together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

Work = Coroutine[Any, Any, None]


async def together(*work: Work, may_end: Iterable[Work] = ()) -> None:
    """Run until one ends, raise what it raised, end the others. One of `may_end` ends them only if it fails.

    No `TaskGroup`: before Python 3.13 one that fails while it is cancelled from outside forgets the cancellation. No
    `asyncio.wait` either: it keeps a coroutine, a set and a callback of its own for each task while it waits.
    """
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    tasks = [loop.create_task(one) for one in work]
    needed = tuple(tasks)
    tasks += [loop.create_task(one) for one in may_end]

    def ended(task: asyncio.Task[None]) -> None:
        if task not in needed and not task.cancelled() and task.exception() is None:
            tasks.remove(task)
        elif not over.done():
            over.set_result(None)

    for one in tasks:
        one.add_done_callback(ended)
    try:
        await over
        for one in tasks:
            if one.done():
                one.result()
    finally:
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Chores:
    """Work that has a task only while there is something to do, each piece of it one at a time.

    A piece that fails ends `run` with what it raised, and the end of `run` ends all that is under way.
    """

    def __init__(self) -> None:
        self._over: asyncio.Future[None] | None = None  # set while `run` runs
        self._under_way: dict[Callable[[], Work], asyncio.Task[None]] = {}
        self._due: list[Callable[[], Work]] = []

    def wake(self, work: Callable[[], Work]) -> None:
        """There is something to do: now, or once it has been done that is being done, or once `run` runs."""
        if self._over is not None and work not in self._under_way:
            self._begin(work)
        elif work not in self._due:
            self._due.append(work)

    async def run(self) -> None:
        """Do what there is to do, until cancelled."""
        self._over = asyncio.get_running_loop().create_future()
        due, self._due = self._due, []
        for work in due:
            self._begin(work)
        try:
            await self._over
        finally:
            self._over = None
            tasks = tuple(self._under_way.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, work: Callable[[], Work]) -> None:
        task = asyncio.get_running_loop().create_task(work())
        self._under_way[work] = task
        task.add_done_callback(partial(self._ended, work))

    def _ended(self, work: Callable[[], Work], task: asyncio.Task[None]) -> None:
        del self._under_way[work]
        failure = None if task.cancelled() else task.exception()
        if self._over is None or self._over.done():
            return
        if failure is not None:
            self._over.set_exception(failure)
        elif work in self._due:
            self._due.remove(work)
            self._begin(work)
