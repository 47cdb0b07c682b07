"""Tasks that live and die together."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
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
