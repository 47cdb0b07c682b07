"""`evse sim scenario FILE|DIR...`: plays scenarios, prints their time lines, exits with 1 when an expectation fails."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agent.config_text import ConfigError
from sim.stage.scenario import LIBRARY, Outcome, found_in, run
from sim.stage.scenario_text import load
from sim.timeline import clock


def command(argv: Sequence[str]) -> int:
    """0: all passed; 1: an expectation failed; 2: a file is wrong."""
    parser = argparse.ArgumentParser(prog="evse sim scenario", description=__doc__.split("\n", 1)[0])
    parser.add_argument("paths", nargs="*", type=Path, metavar="FILE|DIR", help="default: the library that comes along")
    parser.add_argument(
        "--version", choices=["1.6", "2.0.1"], help="only this OCPP version (default: all of the file's)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object for each run, one a line")
    parser.add_argument("--quiet", action="store_true", help="only the verdicts")
    chosen = parser.parse_args(argv)
    logging.basicConfig(level=logging.CRITICAL, stream=sys.stderr)
    try:
        scenarios = [load(file) for file in found_in(chosen.paths or [LIBRARY])]
    except ConfigError as error:
        print(f"evse sim scenario: {error}", file=sys.stderr)
        return 2
    if not scenarios:
        print("evse sim scenario: no scenario there; a folder holds them as *.toml", file=sys.stderr)
        return 2
    passed = True
    for scenario in scenarios:
        for version in scenario.versions:
            if chosen.version in {None, version}:
                with tempfile.TemporaryDirectory(prefix="evse-scenario-") as directory:
                    outcome = run(scenario, version, Path(directory))
                passed = passed and outcome.passed
                print(
                    msgspec.json.encode(outcome).decode() if chosen.json else _text(outcome, brief=chosen.quiet),
                    flush=True,
                )
    return 0 if passed else 1


def _text(outcome: Outcome, *, brief: bool) -> str:
    verdict = "passed" if outcome.passed else "FAILED"
    lines = [f"{verdict}  {outcome.title} (OCPP {outcome.version}, {outcome.virtual_s / 3600:.1f} h)"]
    if not brief:
        lines += [f"{clock(line.at_s)}  {line.who:10}{line.what}" for line in outcome.timeline]
        lines += [
            f"  bill: EVSE {bill.evse}, {bill.token}, {bill.energy_wh} Wh, ended by {bill.reason}"
            for bill in outcome.bills
        ]
    lines += [f"  {failure}" for failure in outcome.failures]
    return "\n".join(lines)
