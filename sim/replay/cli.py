"""`evse sim replay FILE`: plays a recording of `evse record` and says where today's agent differs."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from sim.replay.recording import RecordingError, read
from sim.replay.run import TOLERANCE_S, Outcome, replay
from sim.timeline import clock


def command(argv: Sequence[str]) -> int:
    """0: the same; 1: it differs; 2: the file is of no use."""
    parser = argparse.ArgumentParser(prog="evse sim replay", description=__doc__.split("\n", 1)[0])
    parser.add_argument("file", type=Path, metavar="FILE", help="what `evse record` has written")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=TOLERANCE_S,
        metavar="S",
        help="seconds by which things may come earlier or later; 0 also takes every reading at its word"
        " (default %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args(argv)
    logging.basicConfig(level=logging.CRITICAL, stream=sys.stderr)
    try:
        recording = read(chosen.file)
        with tempfile.TemporaryDirectory(prefix="evse-replay-") as directory:
            outcome = replay(recording, Path(directory), chosen.tolerance)
    except RecordingError as error:
        print(f"evse sim replay: {error}", file=sys.stderr)
        return 2
    print(msgspec.json.encode(outcome).decode() if chosen.json else _text(outcome))
    return 1 if outcome.differences else 0


def _text(outcome: Outcome) -> str:
    lines = [f"{clock(one.at_s)}  {one.kind:26}{one.what}" for one in outcome.differences]
    verdict = "differs" if lines else "the same"
    lines.append(
        f"{verdict}: {outcome.lasted_s:.1f} s recorded, {outcome.compared} acts and {outcome.samples} readings,"
        f" {len(outcome.differences)} differences"
    )
    return "\n".join(lines)
