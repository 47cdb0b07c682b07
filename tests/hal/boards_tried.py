"""The conformance suite on every board that ships, each against its simulated counterpart, once a run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from hal import conformance
from hal.checks import CHECKS
from hal.conformance import Outcome, Report
from hal.ownership import RULES
from hal.types import Rule
from sim import benches

BENCHES: Mapping[str, Callable[..., Report]] = {
    "sim": benches.sim_board,
    "sim-dc": benches.sim_dc_board,
    "serial_mcu": benches.serial_mcu_board,
    "rapi": benches.rapi_board,
    "modbus_io": benches.modbus_io_board,
    "gpio": benches.gpio_board,
}
UNTIMED = {"not-asking", "unlocked", "dc-fed"}  # nothing happens in them; their rules have checks with a time, too
TRIED = tuple(dict.fromkeys((*(one.rule for one in RULES), *(one.rule for one in CHECKS if one.rule is not None))))


@functools.cache
def tried(board: str) -> Report:
    """What came of everything on this board."""
    return BENCHES[board](lambda open_raw, bench: conformance.run(open_raw, bench, CHECKS, utc_s=lambda: 1.8e9))


def simulated() -> Report:
    """What came of it on physics instead of hardware."""
    return tried("sim")


def latencies(board: str) -> list[dict[str, Any]]:
    """What the table of rules tells of this board, beside the tests' own results: each rule's times, or why none."""
    report = tried(board)
    return [row for rule in TRIED for row in _of_rule(board, report, rule)]


def _of_rule(board: str, report: Report, rule: Rule) -> list[dict[str, Any]]:
    found = [one for one in report.findings if one.rule is rule]
    base = {"board": board, "rule": str(rule)}
    timed = [
        {
            **base,
            "where": one.where,
            "owner": str(one.owner),
            "measured_s": one.measured_s,
            "allowed_s": one.allowed_s,
        }
        for one in found
        if one.outcome is Outcome.PASSED and one.measured_s is not None
    ]
    why = ["nothing moves that could be timed" for one in found if one.outcome is Outcome.PASSED]
    why += [one.detail for one in found if one.outcome is Outcome.ABSENT]
    return timed or [{**base, "measured_s": None, "allowed_s": None, "why": why[0] if why else ""}]
