"""Tells open pages which chargers something has happened to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

GATHER_S = 0.5  # our policy: what happens within it is told at once
MAX_WATCHES = 64  # our policy: how many pages may be open at a time


class Watch:
    """One page."""

    def __init__(self) -> None:
        self.ended = False
        self._touched: set[str] = set()
        self._wake = asyncio.Event()

    def touch(self, charger: str) -> None:
        """Note that something has happened to a charger."""
        self._touched.add(charger)
        self._wake.set()

    def end(self) -> None:
        """Let `changed` return, for the last time."""
        self.ended = True
        self._wake.set()

    async def changed(self, patience_s: float) -> frozenset[str]:
        """Wait for changes, and a little longer for what comes with them; empty when there were none in that time."""
        try:
            async with asyncio.timeout(patience_s):
                await self._wake.wait()
        except TimeoutError:
            return frozenset()
        if not self.ended:
            await asyncio.sleep(GATHER_S)
        self._wake.clear()
        touched, self._touched = frozenset(self._touched), set()
        return touched


class Changes:
    """Where changes are told and watched. "" stands for what concerns no charger."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._ended = False

    @property
    def is_full(self) -> bool:
        """Whether no more pages should be kept up to date."""
        return len(self._watches) >= MAX_WATCHES

    def touch(self, charger: str = "") -> None:
        """Tell that something has happened to a charger."""
        for watch in self._watches:
            watch.touch(charger)

    def end(self) -> None:
        """Let all watches end."""
        self._ended = True
        for watch in self._watches:
            watch.end()

    @contextmanager
    def watching(self) -> Iterator[Watch]:
        """A watch, as long as the block lasts."""
        watch = Watch()
        if self._ended:
            watch.end()
        self._watches.add(watch)
        try:
            yield watch
        finally:
            self._watches.discard(watch)
