"""The table of measurements: what a row is, when its goal is met, and how times are condensed into one figure."""

from __future__ import annotations

import math
import operator
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

ROUNDS: Final = 7
COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = MappingProxyType({"<=": operator.le, ">=": operator.ge})
REPORT: Final = "-"  # the goal of a row that only reports


class UnmeasurableError(Exception):
    """Something that the measurement needs is not there; says what."""


class Row(msgspec.Struct, kw_only=True, frozen=True):
    """One measurement. `row` is its number in docs/performance.md; `ratio` is the peer's figure over ours.

    `goal` reads "ratio >= 100" or "ours <= 40"; "-" only reports.
    """

    row: int
    what: str
    ours: float
    unit: str
    peer: float | None = None
    peer_name: str = ""
    goal: str = REPORT

    @property
    def ratio(self) -> float | None:
        """How many times the peer's figure is ours."""
        return None if self.peer is None else self.peer / self.ours

    @property
    def met(self) -> str:
        """yes, no, or report."""
        if self.goal == REPORT:
            return "report"
        name, comparison, bound = self.goal.split()
        figure = {"ours": self.ours, "ratio": self.ratio}[name]
        return "yes" if figure is not None and COMPARE[comparison](figure, float(bound)) else "no"

    def as_json(self) -> dict[str, object]:
        """Everything, with what follows from it."""
        ratio = None if self.ratio is None else round(self.ratio, 3)
        return msgspec.structs.asdict(self) | {"ours": round(self.ours, 3), "ratio": ratio, "met": self.met}


HEADINGS: Final = f"{'row':>3}  {'what':74} {'ours':>15} {'peer':>12} {'ratio':>8}  {'goal':15} met"


def line(row: Row) -> str:
    """A row of the printed table; the peer's name stands beneath."""
    peer = "" if row.peer is None else figure(row.peer)
    ratio = "" if row.ratio is None else f"{figure(row.ratio)}x"
    ours = f"{figure(row.ours)} {row.unit}"
    text = f"{row.row:>3}  {row.what:74} {ours:>15} {peer:>12} {ratio:>8}  {row.goal:15} {row.met}"
    return f"{text}\n{'':5}beside {row.peer_name}" if row.peer_name else text


def figure(value: float) -> str:
    """Three digits that say something."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def best_us(*works: tuple[Callable[[], object], int]) -> list[float]:
    """Microseconds that a call of each work takes, in the best of some rounds in which all take turns.

    A work comes with how many calls make a round.
    """
    best = [math.inf] * len(works)
    for _ in range(ROUNDS):
        for number, (work, calls) in enumerate(works):
            begin = time.perf_counter()
            for _ in range(calls):
                work()
            best[number] = min(best[number], (time.perf_counter() - begin) / calls * 1e6)
    return best


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)
