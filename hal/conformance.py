"""The conformance suite: what a maker runs on a board, on the simulator and on the bench, and its report.

A check is tried on the guarded board, as an agent sees it; one of a rule that hardware or a microcontroller owns also
on the raw board, so that the interlock does not cover for an owner that is not there.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

from hal import ownership
from hal.board import Board, EvseHardware
from hal.errors import HalError
from hal.guard import Guard
from hal.types import BoardInfo, Owner, Rule

GUARDED: Final = "with interlock"
RAW: Final = "without"


class Act(enum.StrEnum):
    """What a hand does on the bench."""

    UNPLUG = "unplug"
    PLUG = "plug"
    ASK = "ask"
    ASK_VENTILATED = "ask-ventilated"
    SHORT_DIODE = "short-diode"
    MEND_DIODE = "mend-diode"
    LEAK_DC = "leak-dc"
    LEAK_AC = "leak-ac"
    END_LEAK = "end-leak"
    RESET_RCD = "reset-rcd"
    OVERDRAW = "overdraw"
    END_OVERDRAW = "end-overdraw"
    BLIND_PILOT = "blind-pilot"
    MEND_PILOT = "mend-pilot"
    SLIP_LOCK = "slip-lock"
    LEAK_POLE = "leak-pole"
    END_LEAK_POLE = "end-leak-pole"
    BLIND_MONITOR = "blind-monitor"
    MEND_MONITOR = "mend-monitor"
    BLIND_SUPPLY = "blind-supply"
    MEND_SUPPLY = "mend-supply"
    FEED_OUTPUT = "feed-output"
    END_FEED = "end-feed"
    CUT_METER = "cut-meter"
    WELD = "weld"


PROMPTS: Final[Mapping[Act, str]] = MappingProxyType(
    {
        Act.UNPLUG: "car simulator: unplug the cable (state A)",
        Act.PLUG: "car simulator: plug the cable in, S2 open (state B)",
        Act.ASK: "car simulator: close S2 (state C)",
        Act.ASK_VENTILATED: "car simulator: ask for ventilation (state D)",
        Act.SHORT_DIODE: "car simulator: short the diode",
        Act.MEND_DIODE: "car simulator: restore the diode",
        Act.LEAK_DC: "residual-current tester: 6 mA DC",
        Act.LEAK_AC: "residual-current tester: the rated AC current",
        Act.END_LEAK: "residual-current tester: off",
        Act.RESET_RCD: "residual-current device: reset it by hand, if it has tripped",
        Act.OVERDRAW: "load: draw a third more than the pilot offers",
        Act.END_OVERDRAW: "load: off",
        Act.BLIND_PILOT: "disconnect the board's pilot converter, not the cable",
        Act.MEND_PILOT: "reconnect the board's pilot converter",
        Act.SLIP_LOCK: "connector lock: push its bolt back by hand",
        Act.LEAK_POLE: "insulation tester: 50 kOhm from DC+ to earth",
        Act.END_LEAK_POLE: "insulation tester: off",
        Act.BLIND_MONITOR: "disconnect the insulation monitor's data line, not its power",
        Act.MEND_MONITOR: "reconnect the insulation monitor's data line",
        Act.BLIND_SUPPLY: "disconnect the DC supply's data line, not its power",
        Act.MEND_SUPPLY: "reconnect the DC supply's data line",
        Act.FEED_OUTPUT: "a source of 100 V with a resistor of 10 kOhm at the DC supply's output, before the contactor",
        Act.END_FEED: "take that source away",
        Act.CUT_METER: "the signing meter: take its supply away for ten seconds, then give it back",
        Act.WELD: "mains off: hold the contactor's armature closed, and keep it so",
    }
)


class Bench(Protocol):
    """The hands of the suite: a person's, or a simulator's. `acts`: what they can do here."""

    @property
    def acts(self) -> Collection[Act]:
        """What can be done here; a check that needs another act is reported as open."""

    async def do(self, evse: int, act: Act) -> float | None:
        """Do it; the loop's time at which it was done, None where only the board's own events tell."""

    def closed(self, evse: int) -> bool | None:
        """Whether the contactor's poles conduct, seen from outside the board; None: nobody looks."""


class CheckFailedError(Exception):
    """What a board did instead of what it should."""


class Outcome(enum.StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    ABSENT = "absent"  # the board has no such part
    OPEN = "needs a hand"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One check's end. `refused`: the commands that were refused, as they should be, with their rule."""

    check: str
    title: str
    evse: int
    where: str
    outcome: Outcome
    rule: Rule | None = None
    owner: Owner | None = None
    measured_s: float | None = None
    allowed_s: float | None = None
    refused: tuple[str, ...] = ()
    detail: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was tried on a board, and what came of it. `arms`: empty, or why not in the agent's process."""

    board: BoardInfo
    arms: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing failed; what needs a hand is not counted."""
        return all(one.outcome is not Outcome.FAILED for one in self.findings)

    def text(self) -> str:
        """For people."""
        info = self.board
        count = {kind: sum(one.outcome is kind for one in self.findings) for kind in Outcome}
        lines = [f"{info.vendor} {info.model} {info.serial} (API {info.api[0]}.{info.api[1]})"]
        lines += [f"arms in a process of its own only: {self.arms}"] if self.arms else []
        lines += [_line(one) for one in self.findings]
        return "\n".join([*lines, ", ".join(f"{number} {kind}" for kind, number in count.items())])


def _line(one: Finding) -> str:
    time = "" if one.measured_s is None else f"{one.measured_s * 1000:.0f} ms"
    allowed = "" if one.allowed_s is None else f" of {one.allowed_s * 1000:.0f} ms"
    rule = "" if one.rule is None else f"{one.rule} ({one.owner})"
    facts = "  ".join(filter(None, (rule, time + allowed if time else "", *one.refused, one.detail)))
    return f"{one.outcome:<13}EVSE {one.evse}  {one.where:<15}{one.title}{'  | ' + facts if facts else ''}"


class Measured(msgspec.Struct, frozen=True):
    """What a check has to tell beyond having passed."""

    latency_s: float | None = None
    refused: tuple[str, ...] = ()
    detail: str = ""


class Unless(msgspec.Struct, frozen=True):
    """Where a check does not apply, and why in words."""

    why: str
    so: Callable[[EvseHardware], bool]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to try. `within_s`: how long it may take, whatever an owner claims."""

    name: str
    title: str
    run: Callable[[Subject], Awaitable[Measured]]
    rule: Rule | None = None
    acts: frozenset[Act] = frozenset()
    within_s: float | None = None
    unless: tuple[Unless, ...] = ()


class Subject(msgspec.Struct, kw_only=True):
    """What a check works on: one EVSE of a started board, and the hands.

    `rule`: by which the interlock has to refuse; None where the board itself refuses, by whatever it has. `utc_s`: the
    time, None where nobody knows it.
    """

    board: Board
    evse: int
    bench: Bench
    allowed_s: float | None
    rule: Rule | None = None
    utc_s: Callable[[], float | None]


def nobody_knows() -> None:
    """The time, where nobody tells it."""
    return


async def run(
    open_raw: Callable[[], Board],
    bench: Bench,
    checks: Collection[Check],
    *,
    utc_s: Callable[[], float | None] = nobody_knows,
) -> Report:
    """Try everything on the board that `open_raw` makes (not started). Raises `HalError` when it may not be tried.

    `utc_s`: the time, for a meter that signs and has no clock of its own.
    """
    board = open_raw()
    info, evses = board.info, sorted(board.evses)
    present = [board.evses[number].capabilities for number in evses]
    ownership.check(replace(info, own_process=True), present)
    ownership.check_api(info)
    try:
        ownership.check(info, present)
        arms = ""
    except ownership.OwnershipError as error:
        arms = str(error)
    findings = []
    for number in evses:
        for check in checks:
            owner, allowed_s = _allowed(info, check)
            for raw in (True, False) if owner in {Owner.HARDWARE, Owner.MCU} else (False,):
                base = Finding(
                    check=check.name,
                    title=check.title,
                    evse=number,
                    where=RAW if raw else GUARDED,
                    outcome=Outcome.PASSED,
                    rule=check.rule,
                    owner=owner,
                    allowed_s=allowed_s,
                )
                findings.append(await _try(base, check, open_raw, bench, utc_s))
    return Report(board=info, arms=arms, findings=tuple(findings))


def _allowed(info: BoardInfo, check: Check) -> tuple[Owner | None, float | None]:
    """Who has the check's rule on this board, and how long it may take."""
    if check.rule is None:
        return None, check.within_s
    claim = ownership.claim_of(info, check.rule)
    if claim is None:  # the interlock has it on every board, and acts in the step that it hears of
        return Owner.INTERLOCK, check.within_s
    return claim.owner, min(claim.latency_s, check.within_s or claim.latency_s)


async def _try(
    base: Finding,
    check: Check,
    open_raw: Callable[[], Board],
    bench: Bench,
    utc_s: Callable[[], float | None],
) -> Finding:
    """One check on a freshly started board, which is closed afterwards."""
    raw = open_raw()
    absent = next((one.why for one in check.unless if one.so(raw.evses[base.evse])), None)
    if absent is not None:
        return replace(base, outcome=Outcome.ABSENT, detail=absent)
    missing = check.acts - set(bench.acts)
    if missing:
        return replace(base, outcome=Outcome.OPEN, detail="; ".join(PROMPTS[act] for act in sorted(missing)))
    board = raw if base.where == RAW else _guarded(raw, base.evse)
    try:
        await board.start()
        rule = None if base.where == RAW else base.rule
        subject = Subject(board=board, evse=base.evse, bench=bench, allowed_s=base.allowed_s, rule=rule, utc_s=utc_s)
        measured = await check.run(subject)
    except (CheckFailedError, HalError) as error:
        return replace(base, outcome=Outcome.FAILED, detail=str(error))
    finally:
        await board.close()
    late = measured.latency_s is not None and base.allowed_s is not None and measured.latency_s > base.allowed_s
    return replace(
        base,
        outcome=Outcome.FAILED if late else Outcome.PASSED,
        measured_s=measured.latency_s,
        refused=measured.refused,
        detail="too late" if late else measured.detail,
    )


def _guarded(raw: Board, evse: int) -> Guard:
    guard = Guard(raw, own_process=True)
    meter = raw.evses[evse].meter
    if meter is not None:
        guard.attach_meter(evse, meter, ownership.METER_POLL_S)
    return guard


class Person:
    """A person's hands: told what to do, they press Enter when it is done. `ask` shows a line and waits."""

    acts: Final = frozenset(Act)

    def __init__(self, ask: Callable[[str], object]) -> None:
        self._ask = ask

    async def do(self, evse: int, act: Act) -> None:
        """Have it done."""
        await asyncio.to_thread(self._ask, f"EVSE {evse}: {PROMPTS[act]}; then Enter ")

    def closed(self, evse: int) -> None:  # noqa: ARG002 - the Protocol's signature
        """Nobody looks: the mirror contact tells."""
        return


class NoHands:
    """Nobody is at the bench: only what needs no hand is tried."""

    acts: Final[frozenset[Act]] = frozenset()

    async def do(self, evse: int, act: Act) -> None:
        """Never asked for."""
        raise HalError(f"EVSE {evse}: nobody is there to {act}")

    def closed(self, evse: int) -> None:  # noqa: ARG002 - the Protocol's signature
        """Nobody looks."""
        return
