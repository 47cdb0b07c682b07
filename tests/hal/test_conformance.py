"""The conformance suite: boards that pass it, and boards that claim what they do not do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from hal import conformance
from hal.checks import CHECKS
from hal.checks_dc import DC_CHECKS
from hal.checks_meter import METER_CHECKS
from hal.conformance import GUARDED, RAW, Check, Finding, NoHands, Outcome, Person, Report
from hal.errors import HalError
from hal.ownership import RULES, OwnershipError, is_dc
from hal.types import Claim, Owner, Rule
from sim.bench import SimBench
from sim.board import SimBoard
from sim.dc import DcSpec
from sim.evse import EvseSpec
from sim.time import run_virtual
from tests.hal.boards_tried import UNTIMED, latencies, simulated, tried
from tests.hal.ruled_board import RuledBoard

Record = Callable[[str, object], None]
DC_RULES = {one.rule for one in RULES if one.applies is is_dc}
OWNED = tuple({one.rule: 0 for one in CHECKS if one.rule is not None and one.rule not in DC_RULES})
TRIPS_NOT = (Rule.RESIDUAL_DC, Rule.RESIDUAL_AC)  # every check that a car charges in shows that no device trips on it


def timed(board: str) -> list[dict[str, Any]]:
    """Every rule's latencies on this board; where there is none, the report says why."""
    rows = latencies(board)
    assert [one for one in rows if one["measured_s"] is None and not one["why"]] == []
    return rows


@pytest.mark.enforces(*OWNED)
@pytest.mark.lets_pass(*TRIPS_NOT)
def test_the_simulated_board_passes(record_property: Record):
    record_property("latencies", timed("sim"))
    report = simulated()
    assert report.passed, report.text()
    absent = {one.check for one in report.findings if one.outcome is Outcome.ABSENT}
    assert absent == {one.name for one in DC_CHECKS}
    assert {one.outcome for one in report.findings} == {Outcome.PASSED, Outcome.ABSENT}


@pytest.mark.enforces(*DC_RULES, Rule.NO_PERMISSION)
def test_a_simulated_dc_board_passes_with_cable_check_and_discharge(record_property: Record):
    record_property("latencies", timed("sim-dc"))
    report = tried("sim-dc")
    assert report.passed, report.text()
    assert {one.check for one in report.findings if one.outcome is Outcome.PASSED} >= {one.name for one in DC_CHECKS}
    text = report.text()
    assert "a precharge without a cable check: insulation" in text
    assert "a cable check behind an open contactor: no-permission" in text


@pytest.mark.enforces(*OWNED)
@pytest.mark.lets_pass(*TRIPS_NOT)
@pytest.mark.parametrize("board", ["serial_mcu", "rapi", "modbus_io", "gpio"])
def test_each_shipped_board_passes_on_its_simulated_counterpart(board: str, record_property: Record):
    record_property("latencies", timed(board))
    report = tried(board)
    assert report.passed, report.text()
    assert Outcome.OPEN not in {one.outcome for one in report.findings}


def test_every_rule_of_ownership_is_tried_by_a_check_of_its_own():
    assert {one.rule for one in CHECKS} >= {one.rule for one in RULES}


def test_the_report_names_rule_owner_latency_and_what_was_refused():
    text = simulated().text()
    assert "cp-not-c-or-d (interlock)  45 ms of 80 ms" in text
    assert "unlock: unlock-while-closed" in text
    dc = len(DC_CHECKS)
    assert text.endswith(f"{len(CHECKS) - dc} passed, 0 failed, {dc} absent, 0 needs a hand")


class Boastful(SimBoard):
    """Enforces nothing and says that its microcontroller enforces everything."""

    def __init__(self, evse: EvseSpec) -> None:
        super().__init__(evse=evse)
        self.info = replace(
            self.info,
            simulation=False,
            claims=tuple(Claim(one.rule, Owner.MCU, one.within_s) for one in RULES),
        )


async def boasts(check: Check) -> dict[str, Finding]:
    spec = EvseSpec(dc=DcSpec()) if check in DC_CHECKS else EvseSpec(phase_switch=True)
    bench = SimBench(Boastful(spec))

    def open_raw() -> SimBoard:
        bench.board = Boastful(spec)
        bench.forget_cars()
        return bench.board

    report = await conformance.run(open_raw, bench, [check])
    return {one.where: one for one in report.findings}


CLAIMABLE = {one.rule for one in RULES} - {Rule.DC_OVER_VOLTAGE}  # of a device that is simulated, too


@pytest.mark.parametrize("check", [pytest.param(one, id=one.name) for one in CHECKS if one.rule in CLAIMABLE])
async def test_a_board_that_claims_a_rule_and_does_not_enforce_it_fails_behind_no_interlock(check: Check):
    found = await boasts(check)
    assert found[RAW].outcome is Outcome.FAILED, found[RAW]
    assert found[GUARDED].outcome is Outcome.PASSED, found[GUARDED]


TIMED = [one for one in CHECKS if one.rule in {rule.rule for rule in RULES} and one.name not in UNTIMED]


async def on_a_board_with_rules_of_its_own(check: Check, *, slow: bool) -> Finding:
    """What comes of a check behind no interlock but the board's own."""
    spec = EvseSpec(dc=DcSpec()) if check in DC_CHECKS else EvseSpec(phase_switch=True)
    bench = SimBench(SimBoard())

    def open_raw() -> RuledBoard:
        board = RuledBoard(spec, slow=slow)
        bench.board = board.simulated
        bench.forget_cars()
        return board

    report = await conformance.run(open_raw, bench, [check])
    return next(one for one in report.findings if one.where == RAW)


@pytest.mark.parametrize("check", [pytest.param(one, id=one.name) for one in TIMED])
async def test_a_rules_check_has_a_time_and_a_board_that_is_slower_than_it_claims_fails_it(check: Check):
    prompt = await on_a_board_with_rules_of_its_own(check, slow=False)
    assert prompt.outcome is Outcome.PASSED, prompt
    assert prompt.measured_s is not None
    slow = await on_a_board_with_rules_of_its_own(check, slow=True)
    assert slow.outcome is Outcome.FAILED, slow
    assert slow.detail == "too late" or "not within" in slow.detail, slow


async def test_without_hands_everything_that_needs_one_is_listed_with_what_to_do():
    report = await conformance.run(SimBoard, NoHands(), CHECKS)
    waiting = [one for one in report.findings if one.outcome is Outcome.OPEN]
    absent = {"phases-closed", *(one.name for one in (*DC_CHECKS, *METER_CHECKS))}
    assert {one.check for one in waiting} == {one.name for one in CHECKS if one.acts} - absent
    assert all("car simulator: " in one.detail for one in waiting)
    assert report.passed


async def test_a_person_is_told_what_to_do():
    board = SimBoard()
    hands = SimBench(board)
    asked: list[str] = []

    class Told(Person):
        async def do(self, evse, act):
            await super().do(evse, act)
            await hands.do(evse, act)

    levels = [one for one in CHECKS if one.name == "levels"]
    report = await conformance.run(lambda: board, Told(asked.append), levels)
    assert report.passed, report.text()
    assert [line.split("; then")[0] for line in asked] == [
        "EVSE 1: car simulator: unplug the cable (state A)",
        "EVSE 1: car simulator: plug the cable in, S2 open (state B)",
        "EVSE 1: car simulator: close S2 (state C)",
        "EVSE 1: car simulator: plug the cable in, S2 open (state B)",
        "EVSE 1: car simulator: unplug the cable (state A)",
        "EVSE 1: car simulator: unplug the cable (state A)",
    ]


async def test_a_board_that_lacks_an_owner_is_not_even_tried():
    board = SimBoard()
    board.info = replace(board.info, claims=())
    with pytest.raises(OwnershipError):
        await conformance.run(lambda: board, NoHands(), CHECKS)


async def test_a_board_of_a_later_api_is_not_even_tried():
    board = SimBoard()
    board.info = replace(board.info, api=(1, 99))
    with pytest.raises(HalError, match="update evse-agent"):
        await conformance.run(lambda: board, NoHands(), CHECKS)


async def test_a_board_that_arms_only_apart_from_the_agent_is_told_so():
    board = SimBoard()
    residual = {Rule.RESIDUAL_DC, Rule.RESIDUAL_AC}
    claims = tuple(replace(one, owner=Owner.HARDWARE) if one.rule in residual else one for one in board.info.claims)
    board.info = replace(board.info, simulation=False, claims=claims)
    report = await conformance.run(lambda: board, NoHands(), [])
    assert "cp-not-c-or-d" in report.arms
    assert "arms in a process of its own only" in report.text()


OF_1_0 = {"capabilities", "pilot", "contactor", "lock", "rcd", "phase_switch", "meter", "events"}


class EvseOf10:
    """An EVSE of a board package that was written for version 1.0: it has never heard of the ports added since."""

    def __init__(self, hardware):
        self._hardware = hardware

    def __getattr__(self, name):
        if name not in OF_1_0:
            raise AttributeError(name)
        return getattr(self._hardware, name)


class BoardOf10(SimBoard):
    """Its board."""

    def __init__(self):
        super().__init__(evse=EvseSpec(phase_switch=True))
        self.info = replace(self.info, api=(1, 0))

    @property
    def evses(self):
        return {number: EvseOf10(hardware) for number, hardware in super().evses.items()}


def test_a_board_that_was_written_for_an_older_minor_version_still_loads_and_passes():
    async def main() -> Report:
        hands = SimBench(BoardOf10())

        def open_raw() -> SimBoard:
            hands.board = BoardOf10()
            hands.forget_cars()
            return hands.board

        return await conformance.run(open_raw, hands, CHECKS)

    report = run_virtual(main())
    assert report.passed, report.text()
