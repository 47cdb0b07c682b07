"""One ordered stream of stamped events, with the present state in front of it for every new reader."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Any

from hal.flag import Flag
from hal.types import HalEvent, Stamped


class _Reader:
    """One reader's place in the stream: what it has not taken yet, numbered from 1."""

    def __init__(self) -> None:
        self.waiting: list[Stamped] = []
        self.news = Flag()
        self.seq = 0

    def push(self, at_s: float, event: Any) -> None:
        self.seq += 1
        self.waiting.append(Stamped(self.seq, at_s, event))
        self.news.set()


class Stream:
    """Hands events to all its readers; `present` says what a new reader must know first."""

    def __init__(self, present: Callable[[], Iterable[HalEvent]]) -> None:
        self._present = present
        self._readers: list[_Reader] = []
        self._last_s = 0.0
        self._ended = False

    def emit(self, at_s: float, event: HalEvent) -> None:
        """An event of this moment; stamps never go backwards."""
        self._last_s = max(self._last_s, at_s)
        for reader in self._readers:
            reader.push(self._last_s, event)

    def end(self) -> None:
        """No more events: readers finish after what they still have."""
        self._ended = True
        for reader in self._readers:
            reader.news.set()

    def read(self, now_s: float) -> AsyncGenerator[Stamped, None]:
        """A new reader, from this moment on."""
        reader = _Reader()
        self._last_s = max(self._last_s, now_s)
        for event in self._present():
            reader.push(self._last_s, event)
        self._readers.append(reader)
        return self._drain(reader)

    async def _drain(self, reader: _Reader) -> AsyncGenerator[Stamped, None]:
        try:
            while True:
                while reader.waiting:
                    yield reader.waiting.pop(0)
                if self._ended:
                    return
                reader.news.clear()
                await reader.news.wait()
        finally:
            self._readers.remove(reader)
