"""One EVSE's ordered events for whoever reads them. Every reader begins with the present state, and may fall behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Iterable
from typing import Any, Final

from hal.flag import Flag
from hal.types import (
    ContactorChanged,
    CpChanged,
    DcMeasured,
    FaultCleared,
    FaultKind,
    FaultRaised,
    GridSignalled,
    HalEvent,
    LockChanged,
    PpChanged,
    Stamped,
)

BACKLOG_MAX: Final = 1000  # our policy: a reader this far behind hears the present state instead of the past

Listener = Callable[[float, HalEvent], None]


class Stream:
    """Publishes events to readers (async iterators) and listeners (called at once), within one event loop."""

    def __init__(self) -> None:
        self._state: dict[Hashable, HalEvent] = {}
        self._listeners: list[Listener] = []
        self._readers: list[_Reader] = []
        self._last_s = 0.0

    def publish(self, event: HalEvent, mono_s: float | None = None) -> None:
        """An event happened, now or at `mono_s`; times never go backwards."""
        at_s = asyncio.get_running_loop().time() if mono_s is None else mono_s
        self._last_s = max(self._last_s, at_s)
        match event:
            case CpChanged() | PpChanged() | ContactorChanged() | LockChanged() | GridSignalled() | DcMeasured():
                self._state[type(event)] = event
            case FaultRaised(fault):
                self._state[fault] = event
            case FaultCleared(fault):
                self._state.pop(fault, None)
        for listener in tuple(self._listeners):
            listener(self._last_s, event)

    def present(self) -> tuple[HalEvent, ...]:
        """The state as events: CP, PP, contactor, lock, active faults."""
        return tuple(self._state.values())

    def has_fault(self, fault: FaultKind) -> bool:
        """Whether this fault is active."""
        return fault in self._state

    def replace_state(self, events: Iterable[HalEvent], mono_s: float) -> None:
        """After a gap: this is the state now. Faults that are gone are cleared, what stands is published again."""
        now = tuple(events)
        raised = {event.fault for event in now if isinstance(event, FaultRaised)}
        was = [event.fault for event in self._state.values() if isinstance(event, FaultRaised)]
        for event in now:
            self.publish(event, mono_s)
        for fault in was:
            if fault not in raised:
                self.publish(FaultCleared(fault), mono_s)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have `listener(mono_s, event)` called for every event from now on; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def read(self) -> AsyncIterator[Stamped]:
        """The present state, then every event. Numbered from 1 without gaps."""
        reader = _Reader(self)
        self._readers.append(reader)
        return self._drain(reader, self.listen(reader.push))

    def end(self) -> None:
        """No more events: readers finish after what they still have."""
        for reader in self._readers:
            reader.end()

    async def _drain(self, reader: _Reader, stop_listening: Callable[[], None]) -> AsyncIterator[Stamped]:
        seq = 0
        try:
            while (item := await reader.next()) is not None:
                seq += 1
                event: Any = item[1]
                yield Stamped(seq, item[0], event)
        finally:
            stop_listening()
            self._readers.remove(reader)


class _Reader:
    """What one reader has not taken yet."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        now_s = asyncio.get_running_loop().time()
        self._backlog: list[tuple[float, HalEvent]] = [(now_s, event) for event in stream.present()]
        self._ended = False
        self._news = Flag()

    def push(self, mono_s: float, event: HalEvent) -> None:
        if len(self._backlog) >= BACKLOG_MAX:
            ended = dict.fromkeys(one for _, one in self._backlog if isinstance(one, FaultCleared))
            state = (*ended, *self._stream.present())  # the state has taken in this event already
            self._backlog = [(mono_s, one) for one in state]
        else:
            self._backlog.append((mono_s, event))
        self._news.set()

    def end(self) -> None:
        self._ended = True
        self._news.set()

    async def next(self) -> tuple[float, HalEvent] | None:
        while not self._backlog:
            if self._ended:
                return None
            self._news.clear()
            await self._news.wait()
        return self._backlog.pop(0)
