"""`evse sim scenario`: a story told in TOML, played by a whole station on the virtual clock, and judged.

The oracle is the simulator's trace and what the CSMS stored: no story may end with energy that no car asked for, with
an open bill or one that has gaps, or with a bill that differs from what flowed.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from csms.peers import CallFailedError
from csms.records import SessionRow
from hal.errors import HalError
from sim.stage.observed import in_words_of, is_of, observe, reason_told
from sim.stage.place import IDENTITY, LAST_WORDS_S, Place, place
from sim.stage.scenario_text import Bill, Moment, Scenario, Step, holds
from sim.station import Agent
from sim.time import run_virtual
from sim.timeline import Line, Timeline

LOOK_S: Final = 0.5  # how often a step that waits, or watches, looks
RESOLUTION_WH: Final = 1.0  # what a bill may be off by: each of its two registers is rounded down

LIBRARY: Final = Path(__file__).parents[1] / "scenarios"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A bill as the CSMS has it at the end."""

    evse: int | None
    token: str | None
    reason: str | None
    energy_wh: float | None
    remark: str | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a scenario in one OCPP version. It passed when nothing failed."""

    title: str
    file: str
    version: str
    failures: tuple[str, ...]
    bills: tuple[Told, ...]
    true_wh: dict[int, float]
    virtual_s: float
    timeline: tuple[Line, ...]

    @property
    def passed(self) -> bool:
        """Whether every expectation held."""
        return not self.failures


class _Player:
    """Carries steps out and collects what fails."""

    def __init__(self, scenario: Scenario, stage: Place) -> None:
        self._scenario = scenario
        self._place = stage
        self._version = stage.version
        self._now_s = asyncio.get_running_loop().time
        self._begin_s = self._last_s = self._now_s()
        self._watching = contextlib.ExitStack()
        self.timeline = Timeline(stage.board)
        self.failures: list[str] = []
        stage.station.on_boot.append(self._watch)
        if stage.station.agent is not None:
            self._watch(stage.station.agent)

    async def play(self) -> None:
        """Every step in its order."""
        for step in self._scenario.steps:
            if not await self._reached(step):
                return
            if step.action is not None:
                await self._act(step)
            await self._expect(step)
            self._last_s = self._now_s()

    def fail(self, line: int, what: str) -> None:
        """An expectation did not hold."""
        where = f"{self._scenario.file.name}:{line}" if line else self._scenario.file.name
        self.failures.append(f"{where}: at {self._now_s() - self._begin_s:.1f} s: {what}")
        self.timeline.note(self._now_s(), "FAILED", what)

    async def _reached(self, step: Step) -> bool:
        """Wait for the step's moment and condition."""
        if step.at is not None and not await self._sleep_until(step, step.at):
            return False
        deadline_s = self._now_s() + step.within_s
        while (wrong := await self._wrong(step.when, step.evse)) is not None:
            if self._now_s() >= deadline_s:
                self.fail(step.line, f"waited {step.within_s:g} s in vain: {wrong}")
                return False
            await asyncio.sleep(LOOK_S)
        return True

    async def _act(self, step: Step) -> None:
        assert step.action is not None  # noqa: S101 - asked before
        try:
            await step.action.carry_out(self._place, step.evse)
        except (HalError, ValueError, RuntimeError, CallFailedError) as error:
            self.fail(step.line, str(error))

    async def _expect(self, step: Step) -> None:
        if step.until is None:
            wrong = await self._wrong(step.expect, step.evse)
            if wrong is not None:
                self.fail(step.line, wrong)
            return
        until_s = self._time_of(step.until)
        while self._now_s() < until_s:
            wrong = await self._wrong(step.expect, step.evse)
            if wrong is not None:
                self.fail(step.line, wrong)
                return
            await asyncio.sleep(min(LOOK_S, until_s - self._now_s()))

    async def _wrong(self, expected: Mapping[str, Any], evse: int) -> str | None:
        """The first expectation that does not hold, in words."""
        for name, value in expected.items():
            wanted = in_words_of(name, value, self._version)
            if wanted is None and value is not None:
                continue  # this version does not tell
            found = await observe(name, self._place, evse)
            if not holds(wanted, found):
                return f"EVSE {evse}: {name} is {found!r}, expected {wanted!r}"
        return None

    async def _sleep_until(self, step: Step, moment: Moment) -> bool:
        wait_s = self._time_of(moment) - self._now_s()
        if wait_s < 0:
            self.fail(step.line, f"is {-wait_s:g} s late: the steps before took longer")
            return False
        await asyncio.sleep(wait_s)
        return True

    def _time_of(self, moment: Moment) -> float:
        return (self._last_s if moment.later else self._begin_s) + moment.seconds

    def _watch(self, agent: Agent) -> None:
        def watcher(_before: object, event: Any, session: Any, effects: Any) -> None:
            self.timeline.watch(self._now_s(), event, session, effects)

        self._watching.enter_context(agent.charge_point.watching(watcher))


async def _judge(player: _Player, stage: Place, scenario: Scenario) -> list[SessionRow]:
    """What must be true at the end of every story."""
    for entry in stage.closed_without_reason():
        player.fail(0, f"a current set in at {entry.at_s:.1f} s although no car asked for it")
    bills = await stage.bills()
    for bill in bills:
        if bill.is_open:
            player.fail(0, f"bill {bill.tx} is still open")
        elif bill.energy_wh is None:
            player.fail(0, f"bill {bill.tx} has no energy: {bill.remark}")
        steps = await _steps(stage, bill.tx)
        if steps != list(range(len(steps))):
            player.fail(0, f"bill {bill.tx} has gaps: {steps}")
    for evse in stage.board.evses:
        _judge_energy(player, stage, scenario, [bill for bill in bills if is_of(bill, evse)], evse)
    if len(bills) != len(scenario.bills):
        player.fail(0, f"there are {len(bills)} bills, expected {len(scenario.bills)}")
    for number, (bill, expected) in enumerate(zip(bills, scenario.bills, strict=False), 1):
        for wrong in _differences(bill, expected, stage.version):
            player.fail(0, f"bill {number}: {wrong}")
    return bills


async def _steps(stage: Place, tx: str) -> list[int]:
    return await stage.csms.store.read(lambda database: database.steps(IDENTITY, tx))


def _judge_energy(player: _Player, stage: Place, scenario: Scenario, bills: list[SessionRow], evse: int) -> None:
    billed_wh, true_wh = sum(bill.energy_wh or 0.0 for bill in bills), stage.true_wh(evse)
    slack_wh = RESOLUTION_WH * max(1, len(bills))
    billed_too_much = billed_wh > true_wh + slack_wh
    billed_too_little = scenario.energy == "exact" and billed_wh < true_wh - slack_wh
    if billed_too_much or billed_too_little or (scenario.energy == "unbilled" and billed_wh > 0):
        player.fail(0, f"EVSE {evse}: {billed_wh:.1f} Wh are billed, {true_wh:.1f} Wh have flowed")


def _differences(bill: SessionRow, expected: Bill, version: str) -> list[str]:
    found: list[str] = []
    if not is_of(bill, expected.evse):
        found.append(f"is EVSE {bill.evse or bill.connector}'s, expected {expected.evse}")
    if expected.token is not None and bill.token != expected.token:
        found.append(f"is for {bill.token}, expected {expected.token}")
    if expected.reason is not None and bill.reason not in reason_told(expected.reason, version):
        found.append(f"ended with {bill.reason}, expected {' or '.join(reason_told(expected.reason, version))}")
    if expected.wh is not None and not holds(expected.wh, bill.energy_wh):
        found.append(f"is over {bill.energy_wh} Wh, expected {expected.wh}")
    return found


async def perform(scenario: Scenario, version: str, directory: Path) -> Outcome:
    """Play a scenario in one version, with its files in `directory`."""
    spec = msgspec.structs.replace(scenario.place, version=version)
    async with place(directory, spec) as stage:
        player = _Player(scenario, stage)
        await player.play()
        await asyncio.sleep(LAST_WORDS_S)
        bills = await _judge(player, stage, scenario)
        return Outcome(
            title=scenario.title,
            file=str(scenario.file),
            version=version,
            failures=tuple(player.failures),
            bills=tuple(_told(bill) for bill in bills),
            true_wh={evse: stage.true_wh(evse) for evse in stage.board.evses},
            virtual_s=asyncio.get_running_loop().time(),
            timeline=tuple(player.timeline.take()),
        )


def run(scenario: Scenario, version: str, directory: Path) -> Outcome:
    """Play a scenario on a clock of its own; `directory` must be empty."""
    return run_virtual(perform(scenario, version, directory))


def found_in(paths: list[Path]) -> list[Path]:
    """The scenario files among files and folders, in order."""
    groups = (sorted(path.glob("*.toml")) if path.is_dir() else [path] for path in paths)
    return list(itertools.chain.from_iterable(groups))


def _told(bill: SessionRow) -> Told:
    return Told(
        evse=bill.evse or bill.connector,
        token=bill.token,
        reason=bill.reason,
        energy_wh=bill.energy_wh,
        remark=bill.remark,
    )
