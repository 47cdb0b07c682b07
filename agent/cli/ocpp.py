"""`evse ocpp`: what is said to the CSMS and back, what still has to be said, and the settings it sees."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from agent.cli.client import EXIT_OK, add_options, carried_out, connect, moment, plain, table

ARROWS: Final = {"in": "<-", "out": "->"}


def command(argv: Sequence[str]) -> int:
    """Run `evse ocpp ...`: 0 done, 1 refused, 3 when no agent runs, 4 when this user may not ask."""
    parser = argparse.ArgumentParser(prog="evse ocpp", description="The station's side of OCPP.")
    actions = parser.add_subparsers(dest="action", required=True)
    tail = actions.add_parser("tail", help="every frame from now on, secrets hidden; ends with the agent")
    queue = actions.add_parser("queue", help="what still has to be told to the CSMS")
    queue.add_argument("--dead", action="store_true", help="what was given up, and why")
    resend = actions.add_parser("resend", help="put a dead letter back into the queue")
    resend.add_argument("id", type=int, help="its number in `evse ocpp queue --dead`")
    variables = actions.add_parser("variables", help="settings and hardware, by their names in 2.x and 1.6")
    for action in (tail, queue, resend, variables):
        add_options(action)
    given = parser.parse_args(argv)
    work = {"tail": _tail, "queue": _queue, "resend": _resend, "variables": _variables}[given.action]
    return carried_out(f"ocpp {given.action}", lambda: work(given))


def _tail(given: argparse.Namespace) -> int:
    with connect(given) as agent:
        for told in agent.follow("ocpp.tail"):
            line = f"{moment(told['at_utc_s'])} {ARROWS[told['direction']]} {plain(told['frame'])}"
            print(json.dumps(told) if given.json else line, flush=True)
    return EXIT_OK


def _queue(given: argparse.Namespace) -> int:
    with connect(given) as agent:
        facts = agent.ask("ocpp.queue", dead=given.dead)
    if given.json:
        print(json.dumps(facts))
        return EXIT_OK
    head: tuple[str, ...] = ("id", "at", "evse", "what", "because", "transaction", "tries")
    rows = [_fact(one) for one in facts]
    if given.dead:
        head, rows = (*head, "given up because"), [(*row, one["why"]) for row, one in zip(rows, facts, strict=True)]
    _print_table(head, rows)
    return EXIT_OK


def _fact(fact: dict[str, Any]) -> tuple[object, ...]:
    transaction = f"{fact['tx']} #{fact['seq']}" if "tx" in fact else "-"
    because = fact.get("reason", "-")
    return fact["id"], moment(fact["at_utc_s"]), fact["evse"], fact["what"], because, transaction, fact["attempts"]


def _resend(given: argparse.Namespace) -> int:
    with connect(given) as agent:
        agent.ask("ocpp.resend", id=given.id)
    print(json.dumps({"resent": given.id}) if given.json else f"{given.id} is in the queue again")
    return EXIT_OK


def _variables(given: argparse.Namespace) -> int:
    with connect(given) as agent:
        variables = agent.ask("ocpp.variables")
    if given.json:
        print(json.dumps(variables))
        return EXIT_OK
    rows = [
        (one["name"], one["key16"] or "-", one["value"], one["unit"] or "", "" if one["mutable"] else "read-only")
        for one in variables
    ]
    _print_table(("variable", "1.6 key", "value", "unit", ""), rows)
    return EXIT_OK


def _print_table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    for line in table(head, list(rows)):
        print(line)
