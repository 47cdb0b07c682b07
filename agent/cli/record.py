"""`evse record`: write down what happens on a running charger, for `evse sim replay`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from agent.cli.client import EXIT_FAILED, EXIT_OK, NotRunningError, add_options, carried_out, connect

OWNER_ONLY: Final = 0o600


def command(argv: Sequence[str]) -> int:
    """Run `evse record ...`: 0 when interrupted or when the agent ended, 1 for a file that cannot be written."""
    parser = argparse.ArgumentParser(
        prog="evse record",
        description="Write down what happens on a running charger (bus, control pilot, OCPP) until interrupted.",
        epilog="The file names drivers' tokens: only its owner may read it. `evse sim replay FILE` reproduces it.",
    )
    add_options(parser)
    parser.add_argument("file", type=Path, metavar="FILE", help="where to; it must not exist yet")
    given = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts it in the background has it ignored
    try:
        handle = os.open(given.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except OSError as error:
        print(f"evse record: {given.file}: {error.strerror}; give a file that can be made anew", file=sys.stderr)
        return EXIT_FAILED
    with os.fdopen(handle, "w") as file:
        status = carried_out("record", lambda: _record(given, file))
        empty = file.tell() == 0
    if empty:
        given.file.unlink()
    return status


def _record(given: argparse.Namespace, file: TextIO) -> int:
    written = 0
    with connect(given) as agent:
        begun, entries = agent.follow_from("record")
        _write(file, begun["begun"])
        print(json.dumps({"recording": str(given.file)}) if given.json else f"recording to {given.file}", flush=True)
        last_s = begun["begun"]["at_s"]
        try:
            for entry in entries:
                _write(file, entry)
                written, last_s = written + 1, entry["at_s"]
        except (KeyboardInterrupt, NotRunningError):
            _write(file, {"type": "Ended", "at_s": last_s})
    told = {"recorded": str(given.file), "entries": written}
    print(json.dumps(told) if given.json else f"{written} entries in {given.file}")
    return EXIT_OK


def _write(file: TextIO, entry: dict[str, Any]) -> None:
    file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    file.flush()
