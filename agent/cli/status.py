"""`evse status`: what every EVSE is doing and why, the link to the CSMS, the queue and the storage."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from agent.cli.client import EXIT_OK, add_options, carried_out, connect, duration, moment, plain

IDLE: Final = "idle"  # agent.core.session.Phase, which costs too much to import
REDRAW: Final = "\x1b[H\x1b[J"  # home, and erase what is below (ECMA-48)


def command(argv: Sequence[str]) -> int:
    """Run `evse status ...`: 0 when the agent answered, 3 when none runs, 4 when this user may not ask."""
    parser = argparse.ArgumentParser(prog="evse status", description="What the station is doing.")
    add_options(parser)
    parser.add_argument("--watch", action="store_true", help="go on, once a second, until interrupted")
    given = parser.parse_args(argv)
    return carried_out("status", lambda: _watch(given) if given.watch else _once(given))


def _once(given: argparse.Namespace) -> int:
    with connect(given) as agent:
        _print(agent.ask("status"), as_json=given.json)
    return EXIT_OK


def _watch(given: argparse.Namespace) -> int:
    redraw = sys.stdout.isatty() and not given.json
    with connect(given) as agent:
        for status in agent.follow("status.watch"):
            if redraw:
                sys.stdout.write(REDRAW)
            _print(status, as_json=given.json)
            sys.stdout.flush()
    return EXIT_OK


def _print(status: dict[str, Any], *, as_json: bool) -> None:
    print(json.dumps(status) if as_json else "\n".join(_lines(status)))


def _lines(status: dict[str, Any]) -> Iterator[str]:
    link = status["link"]
    yield f"{plain(link['identity'])}  {moment(status['at_utc_s'])}"
    yield f"CSMS     {_link(link)}"
    yield f"queue    {status['queued'] or 'no'} message{'s' if status['queued'] != 1 else ''} to deliver"
    yield f"storage  {'good' if status['storage']['good'] else plain(status['storage']['problem'])}"
    for evse in status["evses"]:
        yield ""
        yield from _evse(evse)


def _link(link: dict[str, Any]) -> str:
    if not link["online_wanted"]:
        state = "no network"
    elif not link["connected"]:
        state = "not connected"
    else:
        version = f", OCPP {link['version'].removeprefix('ocpp')}" if link["version"] else ""
        state = ("connected" if link["accepted"] else "connected, not accepted yet") + version
    return f"{state}: {plain(link['url'])}"


def _evse(evse: dict[str, Any]) -> Iterator[str]:
    title, detail = evse["says"]
    told = [evse["status"], title if title != evse["status"] else "", detail]
    yield f"EVSE {evse['evse']}  {plain('  '.join(filter(None, told)))}"
    if evse["phase"] != IDLE:  # a free one has no share of the fuse yet
        yield f"  limit    {plain(evse['limit']['explained'])}"
    if evse["token"] is not None:
        yield f"  driver   {plain(evse['token'])}"
    if evse["power_w"] is not None:
        yield f"  power    {evse['power_w'] / 1000:.2f} kW{_currents(evse['current_a'])}"
    if evse["session"] is not None:
        energy_kwh, lasted_s = evse["session"]["energy_wh"] / 1000, evse["session"]["lasted_s"]
        yield f"  session  {energy_kwh:.3f} kWh in {duration(lasted_s)}, {evse['session']['charging']}"
    yield f"  faults   {', '.join(evse['faults']) or 'none'}"


def _currents(current_a: list[float] | None) -> str:
    return "" if not current_a else "  " + " / ".join(f"{one:.1f}" for one in current_a) + " A"
