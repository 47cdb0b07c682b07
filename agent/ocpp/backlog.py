"""What the CSMS is to hear of a piece of work, step by step: what it cannot be told now, it is told when it is back."""

from __future__ import annotations

import asyncio
from typing import Final

from agent.ocpp.block import Csms
from agent.ocpp.dialect import Notice

MOST: Final = 50  # our policy: the oldest go first; a work has some five steps, and one is done after the other


class Backlog:
    """Notices in their order. A restart forgets them, as it does the work that they are about."""

    def __init__(self, csms: Csms) -> None:
        self._csms = csms
        self._left: list[Notice] = []
        self._telling = asyncio.Lock()

    async def tell(self, notice: Notice) -> None:
        """Tell it after what is left; returns when it is told, or cannot be for now."""
        self._left = [*self._left, notice][-MOST:]
        await self.flush()

    async def flush(self) -> None:
        """Tell what is left. A CSMS that is there and does not want to know, or has no words for it, has been told."""
        async with self._telling:
            while self._left:
                notice = self._left[0]
                told = True  # also when the work is broken off meanwhile: it is on its way, and what follows says more
                try:
                    told = await self._csms.say(notice) is not None or self._csms.online
                finally:
                    if told and self._left and self._left[0] is notice:  # else it was the oldest of too many
                        del self._left[0]
                if not told:
                    return
