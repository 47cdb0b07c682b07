"""What a fleet has done so far: counters, and what several processes' counters add up to. PURE."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A fleet at a moment. Counters count from the start; `memory_bytes` is what the stations have added."""

    at_s: float
    stations: int
    up: int = 0
    online: int = 0
    charging: int = 0
    sent: int = 0
    answered: int = 0
    refused: int = 0
    failed: int = 0
    waited_s: float = 0.0  # for all answers together
    longest_wait_s: float = 0.0
    energy_wh: float = 0.0
    memory_bytes: int = 0
    cpu_s: float = 0.0
    problems: dict[str, int] = {}


class Tally:
    """Counters of one process."""

    def __init__(self) -> None:
        self.up = 0
        self.sent = 0
        self.answered = 0
        self.refused = 0
        self.waited_s = 0.0
        self.longest_wait_s = 0.0
        self.energy_wh = 0.0
        self.problems: dict[str, int] = {}

    def answer(self, waited_s: float, *, refused: bool) -> None:
        """The CSMS has answered a call."""
        self.answered += 1
        self.refused += refused
        self.waited_s += waited_s
        self.longest_wait_s = max(self.longest_wait_s, waited_s)

    def problem(self, what: str) -> None:
        """Something went wrong that should not."""
        self.problems[what] = self.problems.get(what, 0) + 1


def together(reports: Iterable[Report]) -> Report:
    """What the processes of a fleet report, as one."""
    every = list(reports)
    problems: dict[str, int] = {}
    for one in every:
        for what, times in one.problems.items():
            problems[what] = problems.get(what, 0) + times
    return Report(
        at_s=max(one.at_s for one in every),
        stations=sum(one.stations for one in every),
        up=sum(one.up for one in every),
        online=sum(one.online for one in every),
        charging=sum(one.charging for one in every),
        sent=sum(one.sent for one in every),
        answered=sum(one.answered for one in every),
        refused=sum(one.refused for one in every),
        failed=sum(one.failed for one in every),
        waited_s=sum(one.waited_s for one in every),
        longest_wait_s=max(one.longest_wait_s for one in every),
        energy_wh=sum(one.energy_wh for one in every),
        memory_bytes=sum(one.memory_bytes for one in every),
        cpu_s=sum(one.cpu_s for one in every),
        problems=problems,
    )


def line(now: Report, before: Report | None) -> str:
    """A report in a line, with what has changed since the one before."""
    minutes, seconds = divmod(int(now.at_s), 60)
    passed_s = max(1e-9, now.at_s - before.at_s) if before is not None else max(now.at_s, 1e-9)
    answered = now.answered - (before.answered if before is not None else 0)
    waited_s = now.waited_s - (before.waited_s if before is not None else 0.0)
    cpu_s = now.cpu_s - (before.cpu_s if before is not None else 0.0)
    wait = f"{waited_s / answered * 1e3:.1f} ms" if answered else "-"
    cpu = f"{cpu_s / answered * 1e6:.0f} us" if answered else "-"
    memory = f"{now.memory_bytes / 1000 / now.up:.0f} kB" if now.up else "-"
    return (
        f"{minutes:3}:{seconds:02}  {now.up} up  {now.online} online  {now.charging} charging"
        f" | {answered / passed_s:.0f} calls/s, answered in {wait} | {now.refused} refused, {now.failed} failed"
        f" | {memory} a station, {cpu} of CPU a call"
    )
