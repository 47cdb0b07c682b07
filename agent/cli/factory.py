"""`evse factory reset`: forgets everything the agent has stored, so that it starts as it left the factory."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from agent.cli import EXIT_USAGE
from agent.config import DEFAULT_STATE_DIR
from agent.runtime.journal import FILE_NAME, JournalError, JournalReader
from agent.runtime.schema import lock, unlock


def command(argv: Sequence[str]) -> int:
    """Run `evse factory ...`: 0 when done, 1 when it cannot be done, 2 without a clear order."""
    parser = argparse.ArgumentParser(prog="evse factory", description="Return the station to its factory state.")
    actions = parser.add_subparsers(dest="action", required=True)
    reset = actions.add_parser(
        "reset",
        help="delete the journal: sessions, messages not yet delivered, settings the CSMS made, tokens, the ledger",
    )
    reset.add_argument("--state-dir", type=Path, default=DEFAULT_STATE_DIR, help="default: %(default)s")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    reset.add_argument("--json", action="store_true", help="answer as JSON")
    given = parser.parse_args(argv)
    path: Path = given.state_dir / FILE_NAME
    try:
        held = lock(path)
    except JournalError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        if not given.yes and not _confirmed(path):
            print("evse factory: nothing deleted", file=sys.stderr)
            return EXIT_USAGE
        removed = _remove(path)
    finally:
        unlock(held)
    print(json.dumps({"removed": removed}) if given.json else f"removed from {given.state_dir}: {', '.join(removed)}")
    return 0


def _confirmed(path: Path) -> bool:
    """Whether a person wants to lose what is there."""
    print(f"{path}: {_content(path)}. All of it will be deleted.", file=sys.stderr)
    if not sys.stdin.isatty():
        print("evse factory: nobody to ask here; say --yes", file=sys.stderr)
        return False
    return input("Type 'reset' to go on: ").strip() == "reset"


def _content(path: Path) -> str:
    try:
        journal = JournalReader.open(path)
    except JournalError as error:
        return f"no readable journal ({error.reason})"
    try:
        return f"{len(journal.ledger())} transactions, {len(journal.facts())} messages not yet delivered"
    except JournalError as error:
        return f"a damaged journal ({error.reason})"
    finally:
        journal.close_reader()


def _remove(path: Path) -> list[str]:
    """Delete the journal, its companions and what was moved aside; nothing else, whatever the directory is."""
    files = sorted(one for one in path.parent.glob(f"{FILE_NAME}*") if one.is_file())
    for one in files:
        one.unlink()
    return [one.name for one in files]
