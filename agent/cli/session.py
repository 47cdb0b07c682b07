"""`evse session`: the ledger of all transactions, from the running agent or, without one, from its journal."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agent.cli.client import (
    EXIT_OK,
    Agent,
    NotRunningError,
    RefusedError,
    add_options,
    carried_out,
    duration,
    moment,
    plain,
    table,
)
from agent.places import configured

Row = dict[str, Any]


def command(argv: Sequence[str]) -> int:
    """Run `evse session ...`: 0 done, 1 when the journal cannot be read or has no such session, 4 when it may not."""
    parser = argparse.ArgumentParser(prog="evse session", description="The ledger of all transactions.")
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="every transaction, the oldest first")
    show = actions.add_parser("show", help="one transaction")
    show.add_argument("tx", help="its id, or the beginning of it")
    for action in (listing, show):
        add_options(action)
        action.add_argument("--state-dir", type=Path, help="read the journal there, and ask no agent")
    given = parser.parse_args(argv)
    work = _list if given.action == "list" else _show
    return carried_out(f"session {given.action}", lambda: work(given))


def _list(given: argparse.Namespace) -> int:
    rows = _ledger(given)
    if given.json:
        print(json.dumps(rows))
        return EXIT_OK
    head = ("transaction", "evse", "driver", "started", "took", "kWh", "ended because")
    for line in table(head, [_cells(row) for row in rows]):
        print(line)
    return EXIT_OK


def _show(given: argparse.Namespace) -> int:
    found = [row for row in _ledger(given) if row["tx"].startswith(given.tx)]
    if len(found) != 1:
        count = "no transaction begins" if not found else f"{len(found)} transactions begin"
        raise RefusedError(f"{count} with {given.tx!r}; `evse session list` shows them all")
    (row,) = found
    if given.json:
        print(json.dumps(row))
        return EXIT_OK
    for name, value in {
        "transaction": row["tx"],
        "EVSE": row["evse"],
        "driver": row["token"] or "-",
        "started": moment(row["started_utc_s"]),
        "ended": moment(row["ended_utc_s"]),
        "ended because": row["reason"] or "-",
        "register": f"{row['start_energy_wh']:.0f} Wh to {_or_running(row['end_energy_wh'], '{:.0f} Wh')}",
        "energy": _or_running(row["energy_wh"], "{:.0f} Wh"),
    }.items():
        print(f"{name:14}{plain(value)}")
    return EXIT_OK


def _cells(row: Row) -> tuple[object, ...]:
    ended_s = row["ended_utc_s"]
    return (
        row["tx"],
        row["evse"],
        row["token"] or "-",
        moment(row["started_utc_s"]),
        "running" if ended_s is None else duration(ended_s - row["started_utc_s"]),
        "-" if row["energy_wh"] is None else f"{row['energy_wh'] / 1000:.3f}",
        row["reason"] or "-",
    )


def _or_running(value: float | None, form: str) -> str:
    return "(running)" if value is None else form.format(value)


def _ledger(given: argparse.Namespace) -> list[Row]:
    places = configured(given.config)
    if given.state_dir is None:
        try:
            with Agent(given.socket or places.socket) as agent:
                rows: list[Row] = agent.ask("session.list")
                return rows
        except NotRunningError:
            pass  # the journal says the same
    return _ledger_of(given.state_dir or places.state_dir)


def _ledger_of(state_dir: Path) -> list[Row]:
    from agent import views  # only here: the running agent needs no SQLite on this side
    from agent.runtime.journal import FILE_NAME, JournalError, JournalReader

    try:
        return [views.ledger_row(row) for row in views.read_journal(state_dir / FILE_NAME, JournalReader.ledger)]
    except JournalError as error:
        raise RefusedError(str(error)) from error
