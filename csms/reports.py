"""Reports that 2.x chargers send in parts after they were asked for one: settings, monitors, display messages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

SILENCE_S = 30.0  # our policy: how long the next part of a report may take
MAX_ROWS = 20_000  # our policy: a report beyond that is cut


class Report:
    """One report as far as it has come."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.complete = False
        self._arrived = asyncio.Event()

    def add(self, rows: Iterable[Any], *, last: bool) -> None:
        """Take a part."""
        if len(self.rows) < MAX_ROWS:
            self.rows.extend(rows)
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

    def add(self, charger: str, request_id: int, rows: Iterable[Any], *, last: bool) -> None:
        """Take a part of a report; one that nobody waits for is left alone."""
        if report := self._expected.get((charger, request_id)):
            report.add(rows, last=last)
