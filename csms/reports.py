"""Reports that chargers send in parts after they were asked for one (NotifyReport of 2.x)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from csms.commands import Setting

SILENCE_S = 30.0  # our policy: how long the next part of a report may take
MAX_SETTINGS = 20_000  # our policy: a report beyond that is cut


class Report:
    """One report as far as it has come."""

    def __init__(self) -> None:
        self.settings: list[Setting] = []
        self.complete = False
        self._arrived = asyncio.Event()

    def add(self, settings: Iterable[Setting], *, last: bool) -> None:
        """Take a part."""
        if len(self.settings) < MAX_SETTINGS:
            self.settings.extend(settings)
        self.complete |= last
        self._arrived.set()

    async def collect(self) -> None:
        """Wait until all parts have come, or none has for SILENCE_S seconds."""
        while not self.complete:
            self._arrived.clear()
            try:
                async with asyncio.timeout(SILENCE_S):
                    await self._arrived.wait()
            except TimeoutError:
                return


class Reports:
    """The reports that are being waited for, by charger and request id."""

    def __init__(self) -> None:
        self._expected: dict[tuple[str, int], Report] = {}

    @contextmanager
    def expecting(self, charger: str, request_id: int) -> Iterator[Report]:
        """A report whose parts are collected within the block."""
        key = (charger, request_id)
        report = self._expected[key] = Report()
        try:
            yield report
        finally:
            del self._expected[key]

    def add(self, charger: str, request_id: int, settings: Iterable[Setting], *, last: bool) -> None:
        """Take a part of a report; one that nobody waits for is left alone."""
        if report := self._expected.get((charger, request_id)):
            report.add(settings, last=last)
