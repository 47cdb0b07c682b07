"""What chargers tell of their own accord and nobody has to decide on: the events that monitors notice (NotifyEvent)."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable

import msgspec

MAX_EVENTS = 200  # our policy: kept of one charger, the newest


class EventTold(msgspec.Struct, frozen=True, kw_only=True):
    """An event. `variable` as in `csms.commands.Setting`; `monitor` is the id of the monitor that noticed it."""

    at_utc_s: float
    variable: str
    value: str
    trigger: str
    code: str | None
    cleared: bool
    tx: str | None
    monitor: int | None
    event: int
    cause: int | None


class ToldEvents:
    """The events of all chargers, as far as they are kept."""

    def __init__(self) -> None:
        self._events: defaultdict[str, deque[EventTold]] = defaultdict(lambda: deque(maxlen=MAX_EVENTS))

    def add(self, charger: str, events: Iterable[EventTold]) -> None:
        """Keep events, the oldest ones giving way."""
        self._events[charger].extend(events)

    def events(self, charger: str) -> tuple[EventTold, ...]:
        """Oldest first."""
        return tuple(self._events.get(charger, ()))
