"""The matrix of sessions with a foreign side: its rows for people, on the screen and as a page."""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from tools.v2g import wire
from tools.v2g.cable import VERSION, load

THEIR_CODEC: Final = "its own codec (the jar)"
OUR_CODEC: Final = "our codec in its codec's place: **protocol only**, no EXI interoperability"
LATE: Final = (
    "Late: answers and stages that took longer than their clause allows (25 ms for CurrentDemand, docs/v2g.md), on as "
    "busy a machine as the load says. Our charger answers PowerDelivery when its contactor has switched, after 100 ms "
    "here."
)
HEADINGS: Final = (
    "| session | outcome | requests + answers | answered in, median / most | charging loop, median / most | late |",
    "|---|---|---|---|---|---|",
)


class Row(msgspec.Struct, frozen=True):
    """What came of a session in one direction. `reason`: what failed, or why it `cannot` be."""

    what: str
    figures: wire.Figures | None
    reason: str
    cannot: bool = False
    remark: str = ""

    @property
    def good(self) -> bool:
        """Whether it is as it is to be."""
        return self.cannot or not self.reason


def heading(*, their_codec: bool) -> str:
    """When, with what, on what."""
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M")
    codec = THEIR_CODEC if their_codec else OUR_CODEC
    machine = f"Python {platform.python_version()}, load {load()}"
    return f"{now} UTC, EcoG's `iso15118` {VERSION} with {codec}, {machine}; answers as the cable saw them"


def told(row: Row) -> str:
    """A row for the screen."""
    if row.cannot:
        return f"  -     {row.what:42} {row.reason}"
    sign = "ok   " if row.good else "FAIL "
    counted = ""
    if row.figures is not None:
        seen, (loop, loop_most) = row.figures, row.figures.loop_ms
        counted = (
            f"{seen.requests} + {seen.responses} messages, answered in {seen.median_ms:.1f} ms (median), "
            f"{seen.most.took_ms:.0f} ms at most ({seen.most.what}); charging loop "
            f"{loop:.1f}, {loop_most:.1f} ms; {seen.late} late"
        )
    return f"  {sign} {row.what:42} {'; '.join(filter(None, (counted, row.reason, row.remark)))}"


def page(head: str, matrix: Mapping[str, Sequence[Row]], took_s: float) -> str:
    """All of it in Markdown."""
    lines = [
        "# Sessions with a foreign charger and a foreign car",
        "",
        f"{head}; {took_s / 60:.0f} minutes.",
        "",
        LATE,
        "",
    ]
    for direction, rows in matrix.items():
        lines += [f"## {direction[0].upper()}{direction[1:]}", "", *HEADINGS, *map(_line, rows), ""]
    return "\n".join(lines)


def _line(row: Row) -> str:
    outcome = f"not run: {row.reason}" if row.cannot else (row.reason or "as it is to be")
    outcome += f" ({row.remark})" if row.remark else ""
    if row.figures is None:
        return f"| {row.what} | {outcome} | | | | |"
    seen = row.figures
    messages = f"{seen.requests} + {seen.responses}"
    answered = f"{seen.median_ms:.1f} / {seen.most.took_ms:.0f} ms ({seen.most.what})"
    loop = f"{seen.loop_ms[0]:.1f} / {seen.loop_ms[1]:.1f} ms"
    return f"| {row.what} | {outcome} | {messages} | {answered} | {loop} | {seen.late} |"
