"""An event of a V2G capture as a line of text."""

from __future__ import annotations

from agent.cli.client import plain
from agent.iso15118.trace.listen import Event
from agent.iso15118.trace.values import flat


def line(event: Event, begin_s: float) -> str:
    """Time since the beginning, who, what, values, and what is wrong on lines of their own."""
    took = "" if event.after_ms is None else f"+{event.after_ms:.1f} ms"
    head = f"{event.at_s - begin_s:9.3f}  {took:>12}  {event.who:<8} {event.phase:<13} {event.what:<30}"
    told = f"{head} {' '.join(plain(one) for one in flat(event.values))}".rstrip()
    for word, text in (("LATE", event.late), ("FAULT", event.fault)):
        if text:
            told += f"\n{'':>26}{word}: {plain(text)}"
    return told
