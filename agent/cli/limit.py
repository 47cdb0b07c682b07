"""`evse limit`: what limits the charging over time, and a grid or an energy manager that has something to say."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any, Final

from agent.cli.client import EXIT_OK, add_options, carried_out, connect, moment, table

SYSTEMS: Final = ("grid", "energy-manager")


def command(argv: Sequence[str]) -> int:
    """Run `evse limit ...`: 0 done, 1 refused, 3 when no agent runs, 4 when this user may not ask."""
    parser = argparse.ArgumentParser(prog="evse limit", description="What limits the charging over time.")
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="charging profiles, and what other systems impose")
    impose = actions.add_parser("impose", help="limit the station, or one EVSE, on behalf of a system")
    release = actions.add_parser("release", help="take back what a system has imposed")
    for action in (impose, release):
        action.add_argument("source", choices=SYSTEMS, help="who limits")
        action.add_argument("--evse", type=int, default=0, help="of this EVSE (default: of all together)")
    impose.add_argument("limit", type=float, help="ampere per phase")
    impose.add_argument("--watt", action="store_true", help="the limit is in watt over all phases")
    impose.add_argument("--for", type=float, dest="for_s", metavar="SECONDS", help="for so long (default: for good)")
    impose.add_argument("--then", type=float, default=0.0, help="what holds afterwards (default: nothing may flow)")
    for action in (listing, impose, release):
        add_options(action)
    given = parser.parse_args(argv)
    work = {"list": _list, "impose": _impose, "release": _release}[given.action]
    return carried_out(f"limit {given.action}", lambda: work(given))


def _list(given: argparse.Namespace) -> int:
    with connect(given) as agent:
        profiles = agent.ask("limit.list")
    if given.json:
        print(json.dumps(profiles))
        return EXIT_OK
    head = ("id", "set by", "evse", "purpose", "kind", "level", "from", "limits")
    for line in table(head, [_cells(one) for one in profiles]):
        print(line)
    return EXIT_OK


def _cells(one: dict[str, Any]) -> tuple[object, ...]:
    limits = ", ".join(f"{period['start_s']:g} s: {period['limit']:g} {one['unit']}" for period in one["periods"])
    start = moment(one["start_utc_s"])
    return one["id"], one["owner"], one["evse"], one["purpose"], one["kind"], one["stack_level"], start, limits


def _impose(given: argparse.Namespace) -> int:
    unit = "W" if given.watt else "A"
    with connect(given) as agent:
        made = agent.ask(
            "limit.impose",
            source=given.source,
            limit=given.limit,
            unit=unit,
            evse=given.evse,
            for_s=given.for_s,
            then=given.then,
        )
    whom = "all EVSEs together" if given.evse == 0 else f"EVSE {given.evse}"
    print(json.dumps(made) if given.json else f"{given.source} limits {whom} to {given.limit:g} {unit}")
    return EXIT_OK


def _release(given: argparse.Namespace) -> int:
    with connect(given) as agent:
        agent.ask("limit.release", source=given.source, evse=given.evse)
    print(json.dumps({"released": given.source}) if given.json else f"{given.source} limits no longer")
    return EXIT_OK
