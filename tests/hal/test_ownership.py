"""Who enforces each safety rule: what is refused before a board is armed, and what the table promises."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from hal import API_VERSION
from hal.board import Board
from hal.cli import command
from hal.errors import HalError
from hal.guard import Guard
from hal.interlock import LEASE_S
from hal.ownership import RULES, OwnershipError, by_interlock, check, check_api, owned_by
from hal.types import BoardInfo, Claim, DcRatings, EvseCapabilities, Owner, Rule
from tests.hal.rig import SOCKET
from tests.hal.stub_board import StubBoard

ROOT = Path(__file__).parents[2]
RESIDUAL = owned_by(Owner.HARDWARE, 0.04, Rule.RESIDUAL_DC, Rule.RESIDUAL_AC, Rule.DC_OVER_VOLTAGE)
CABLE = EvseCapabilities(max_current_a=32.0, dc=DcRatings(500.0, 125.0, 50_000.0))
EVERY = [SOCKET, CABLE]
APART = owned_by(Owner.MCU, 0.05, Rule.CP_NOT_CD) + owned_by(Owner.MCU, 2.0, Rule.LEASE_ENDED)
SLOW = by_interlock(0.08, but={Rule.CP_NOT_CD, Rule.LEASE_ENDED})
REAL = BoardInfo("maker", "box", "1", claims=(*SLOW, *APART, *RESIDUAL))


def with_claim(claim: Claim) -> BoardInfo:
    return replace(REAL, claims=(*(one for one in REAL.claims if one.rule is not claim.rule), claim))


def without(rule: Rule) -> BoardInfo:
    return replace(REAL, claims=tuple(one for one in REAL.claims if one.rule is not rule))


def test_a_board_whose_rules_all_have_an_owner_is_armed():
    check(REAL, EVERY)


@pytest.mark.parametrize("rule", [one.rule for one in RULES])
def test_a_mandatory_rule_without_an_owner_is_named(rule: Rule):
    with pytest.raises(OwnershipError, match=rf"maker box is not armed: rule {rule} .*it has no owner"):
        check(without(rule), EVERY)


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.rule)
@pytest.mark.parametrize("late", ["a little", "not a number", "negative"])
def test_an_owner_slower_than_its_rule_allows_is_named_with_both_times(one, late: str):
    latency_s = {"a little": one.within_s * 1.01, "not a number": float("nan"), "negative": -1.0}[late]
    with pytest.raises(OwnershipError, match=rf"rule {one.rule} .*{one.within_s:g} s is the most"):
        check(with_claim(Claim(one.rule, Owner.MCU, latency_s)), EVERY)


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.rule)
def test_an_owner_that_is_just_fast_enough_is_accepted(one):
    check(with_claim(Claim(one.rule, Owner.MCU, one.within_s)), EVERY)


@pytest.mark.parametrize(("rule", "latency_s"), [(Rule.CP_NOT_CD, 0.08), (Rule.LEASE_ENDED, 2.1)])
def test_the_interlock_beside_the_agent_owns_nothing_that_must_hold_while_the_agent_hangs(rule: Rule, latency_s: float):
    info = with_claim(Claim(rule, Owner.INTERLOCK, latency_s))
    with pytest.raises(OwnershipError, match=rf"rule {rule} .*evse hal serve.*hal.socket"):
        check(info, [SOCKET])
    check(replace(info, own_process=True), [SOCKET])


def test_a_simulation_may_run_in_the_agents_process():
    info = with_claim(Claim(Rule.CP_NOT_CD, Owner.INTERLOCK, 0.08))
    check(replace(info, simulation=True), [SOCKET])


@pytest.mark.parametrize("rule", [Rule.RESIDUAL_DC, Rule.RESIDUAL_AC, Rule.DC_OVER_VOLTAGE])
def test_no_software_of_ours_owns_what_takes_a_device_not_even_in_its_own_process(rule: Rule):
    info = replace(with_claim(Claim(rule, Owner.INTERLOCK, 0.05)), own_process=True)
    with pytest.raises(OwnershipError, match="a device or a microcontroller"):
        check(info, EVERY)


def test_the_interlock_cannot_be_declared_faster_than_it_is():
    with pytest.raises(OwnershipError, match=f"the interlock itself waits {LEASE_S:g} s"):
        check(with_claim(Claim(Rule.LEASE_ENDED, Owner.INTERLOCK, 0.1)), [SOCKET])


@pytest.mark.parametrize("rule", [Rule.NOT_LOCKED, Rule.UNLOCK_CLOSED, Rule.PHASES_CLOSED])
def test_a_rule_about_a_part_that_is_not_there_needs_no_owner(rule: Rule):
    check(without(rule), [EvseCapabilities(max_current_a=32.0)])


@pytest.mark.parametrize("rule", [one.rule for one in RULES if one.applies(CABLE) and not one.applies(SOCKET)])
def test_a_dc_rule_needs_an_owner_where_there_is_a_supply_and_nowhere_else(rule: Rule):
    check(without(rule), [SOCKET])
    with pytest.raises(OwnershipError, match=f"rule {rule}"):
        check(without(rule), EVERY)


def test_a_dc_board_needs_no_residual_current_device():
    check(without(Rule.RESIDUAL_DC), [CABLE])


def test_a_rule_that_applies_to_one_evse_of_several_needs_its_owner():
    with pytest.raises(OwnershipError, match="not-locked"):
        check(without(Rule.NOT_LOCKED), [EvseCapabilities(max_current_a=32.0), SOCKET])


async def test_a_guard_does_not_start_a_board_that_lacks_an_owner():
    raw = StubBoard()
    raw.info = replace(raw.info, claims=raw.info.claims[1:])
    board: Board = raw
    with pytest.raises(OwnershipError, match="cp-not-c-or-d"):
        await Guard(board).start()
    assert raw.evses[1].asked == []


async def test_a_guard_in_its_own_process_arms_what_one_beside_the_agent_does_not():
    raw = StubBoard()
    raw.info = replace(raw.info, simulation=False)
    with pytest.raises(OwnershipError, match="process of its own"):
        await Guard(raw).start()
    guard = Guard(raw, own_process=True)
    await guard.start()
    assert guard.info.own_process
    await guard.close()


def test_every_rule_has_a_test_that_exists():
    for one in RULES:
        path, name = one.test.split("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in defined, one.test


def test_what_is_shipped_says_1_1_and_takes_boards_for_1_0():
    assert API_VERSION == (1, 1)
    check_api(replace(REAL, api=(1, 0)))


@pytest.mark.parametrize(("built_for", "here"), [((1, 0), (1, 0)), ((1, 0), (1, 7)), ((2, 3), (2, 4))])
def test_a_board_written_for_an_older_minor_version_loads(built_for: tuple[int, int], here: tuple[int, int]):
    check_api(replace(REAL, api=built_for), here)


@pytest.mark.parametrize(
    ("built_for", "here", "remedy"),
    [
        ((1, 1), (1, 0), "update evse-agent"),
        ((2, 0), (1, 9), "update evse-agent"),
        ((1, 9), (2, 0), "update the board package"),
    ],
)
def test_a_board_written_for_a_version_that_is_not_here_says_which_side_to_update(built_for, here, remedy: str):
    with pytest.raises(HalError, match=remedy):
        check_api(replace(REAL, api=built_for), here)


# What the command shows


def test_the_rules_are_printed_with_clause_time_and_test(capsys: pytest.CaptureFixture[str]):
    assert command(["rules"]) == 0
    out = capsys.readouterr().out
    for one in RULES:
        assert one.rule in out
        assert one.clause in out
        assert one.test in out


@pytest.mark.parametrize(("board", "owner"), [("sim", "interlock"), ("serial_mcu", "mcu")])
def test_a_boards_owners_are_printed_beside_the_rules(board: str, owner: str, capsys: pytest.CaptureFixture[str]):
    assert command(["rules", board, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    rows = {row["rule"]: row for row in told["rules"]}
    assert rows["cp-not-c-or-d"]["owner"] == owner
    assert rows["cp-not-c-or-d"]["latency"] == "0.08 s"
    assert set(rows) == {one.rule for one in RULES}


def test_checking_a_board_without_a_simulated_counterpart_asks_for_the_real_one(capsys: pytest.CaptureFixture[str]):
    assert command(["check", "no-such-board"]) == 1
    assert "give --config to try the real one" in capsys.readouterr().err


def test_checking_the_simulated_board_prints_its_report_and_succeeds(capsys: pytest.CaptureFixture[str]):
    assert command(["check", "sim", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["board"]["model"] == "SimBoard"
    assert {one["outcome"] for one in report["findings"]} == {"passed", "absent"}


def test_a_real_board_is_tried_from_its_configuration_without_hands(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    written = tmp_path / "evse.toml"
    written.write_text('[hal]\nboard = "serial_mcu"\n[hal.options]\ndevice = "/dev/no-such-line"\n', encoding="utf-8")
    assert command(["check", "serial_mcu", "--config", str(written), "--no-hands"]) == 1
    assert "/dev/no-such-line" in capsys.readouterr().out
