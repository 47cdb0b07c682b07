"""The conformance suite on every board that ships, each against its simulated counterpart, once a run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from hal import conformance
from hal.checks import CHECKS
from hal.conformance import Report
from hal.ownership import RULES, claim_of, is_dc
from sim import benches

BENCHES: Mapping[str, Callable[..., Report]] = {
    "sim": benches.sim_board,
    "sim-dc": benches.sim_dc_board,
    "serial_mcu": benches.serial_mcu_board,
    "rapi": benches.rapi_board,
    "modbus_io": benches.modbus_io_board,
    "gpio": benches.gpio_board,
}

DC_BOARDS = {"sim-dc"}


@functools.cache
def tried(board: str) -> Report:
    """What came of everything on this board."""
    return BENCHES[board](lambda open_raw, bench: conformance.run(open_raw, bench, CHECKS))


def simulated() -> Report:
    """What came of it on physics instead of hardware."""
    return tried("sim")


def latencies(board: str) -> list[dict[str, Any]]:
    """What the table of rules tells of this board, beside the tests' own results."""
    report = tried(board)
    measured = [
        {
            "board": board,
            "rule": str(one.rule),
            "where": one.where,
            "owner": str(one.owner),
            "measured_s": one.measured_s,
            "allowed_s": one.allowed_s,
        }
        for one in report.findings
        if one.rule is not None and one.outcome is conformance.Outcome.PASSED
    ]
    if board not in DC_BOARDS:
        return measured
    claims = [(one.rule, claim_of(report.board, one.rule)) for one in RULES if one.applies is is_dc]
    return measured + [  # of direct current the suite tries all at once, and shows no time of a single rule
        {
            "board": board,
            "rule": str(rule),
            "where": "as claimed",
            "owner": str(claim.owner),
            "measured_s": None,
            "allowed_s": claim.latency_s,
        }
        for rule, claim in claims
        if claim is not None
    ]
