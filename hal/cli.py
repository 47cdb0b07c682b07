"""`evse hal ...`: serve the hardware layer, show who owns which rule, check a board, begin a new one."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
import tomllib
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace

from hal import realtime, skeleton
from hal.checks import CHECKS
from hal.conformance import NoHands, Person, Report, run
from hal.errors import HalError
from hal.host import HalConfig, open_guard, open_metered, serve
from hal.ownership import RULES, SafetyRule, claim_of
from hal.registry import build_board, simulated_bench
from hal.types import BoardInfo


def command(argv: list[str]) -> int:
    """Run `evse hal ...`; returns the exit status."""
    chosen = _parser().parse_args(argv)
    try:
        match chosen.action:
            case "serve":
                config = load(chosen.config)
                path = chosen.socket or _configured_socket(config, chosen.config)
                had = realtime.prepare() if chosen.realtime else ()
                with asyncio.Runner(loop_factory=realtime.new_loop) as runner:
                    runner.run(_serve(config, path, had, as_json=chosen.json))
            case "rules":
                _rules(chosen.board, chosen.config, as_json=chosen.json)
            case "check":
                return _check(chosen)
            case _:
                print("\n".join(str(path) for path in skeleton.write(chosen.name, chosen.into)))
    except HalError as error:
        print(f"evse hal: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="evse hal", description="The hardware layer.")
    commands = parser.add_subparsers(dest="action", required=True)
    serving = commands.add_parser("serve", help="serve the configured board to one agent over a Unix socket")
    serving.add_argument("--config", type=Path, required=True, help="configuration file; its table [hal] is used")
    serving.add_argument("--socket", type=Path, help="path of the socket; default: hal.socket of the configuration")
    serving.add_argument(
        "--realtime", action="store_true", help="run before others, with memory locked, where permitted"
    )
    rules = commands.add_parser("rules", help="the safety rules, and who enforces them on a board")
    rules.add_argument("board", nargs="?", help="name of an installed board; without one, the rules alone")
    rules.add_argument("--config", type=Path, help="configuration file for a board that needs options")
    check = commands.add_parser("check", help="run the conformance suite")
    check.add_argument("board", help="name of an installed board")
    check.add_argument("--config", type=Path, help="try the real board of this file; without it, the simulated one")
    check.add_argument("--no-hands", action="store_true", help="with --config: skip what needs a person at the bench")
    for one in (serving, rules, check):
        one.add_argument("--json", action="store_true", help="print one JSON object")
    new = commands.add_parser("new", help="write the skeleton of a board file and its configuration")
    new.add_argument("name", help="name of the board, e.g. acme_box")
    new.add_argument("--into", type=Path, default=Path(), help="folder to write to (default: this one)")
    return parser


# Rules


def _rules(board: str | None, config: Path | None, *, as_json: bool) -> None:
    info = None if board is None else build_board(board, load(config).options if config else {}).info
    rows = [_row(info, one) for one in RULES]
    if as_json:
        print(json.dumps({"board": None if info is None else f"{info.vendor} {info.model}", "rules": rows}))
        return
    for row in rows:
        owner = "" if info is None else f"{row['owner'] or 'NOBODY':<11}{row['latency'] or '':<8}"
        print(f"{row['rule']:<28}{owner}{'max ' + str(row['within']):<12}{row['clause']:<34}{row['says']}")
        print(f"{'':<28}{row['test']}")


def _row(info: BoardInfo | None, one: SafetyRule) -> dict[str, str | None]:
    claim = None if info is None else claim_of(info, one.rule)
    return {
        "rule": one.rule,
        "owner": claim.owner if claim else None,
        "latency": f"{claim.latency_s:g} s" if claim else None,
        "within": f"{one.within_s:g} s",
        "clause": one.clause,
        "says": one.says,
        "test": one.test,
    }


# Check


def _check(chosen: argparse.Namespace) -> int:
    bench = simulated_bench(chosen.board)
    if chosen.config is not None:
        open_raw = partial(open_metered, replace(load(chosen.config), board=chosen.board))
        hands = NoHands() if chosen.no_hands else Person(input)
        report: Report = asyncio.run(run(open_raw, hands, CHECKS, utc_s=time.time))
    elif bench is not None:
        report = bench(lambda open_raw, hands: run(open_raw, hands, CHECKS, utc_s=time.time))
    else:
        raise HalError(f"board {chosen.board!r} has no simulated counterpart; give --config to try the real one")
    print(msgspec.json.encode(report).decode() if chosen.json else report.text())
    return 0 if report.passed else 1


# Serve


def _configured_socket(config: HalConfig, path: Path) -> Path:
    if config.socket is None:
        raise HalError(f"{path}: no socket to serve on; set hal.socket or give --socket")
    return Path(config.socket)


def load(path: Path) -> HalConfig:
    """Table `hal` of a configuration file. Raises `HalError` naming file and key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("hal", {})
        return msgspec.convert(table, HalConfig)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise HalError(f"{path}: table [hal]: {error}") from error


async def _serve(config: HalConfig, path: Path, had: tuple[str, ...], *, as_json: bool) -> None:
    """Serve until a signal ends it; then every permission is withdrawn and the devices are released."""
    board = open_guard(config, own_process=True)
    serving = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, serving.cancel if serving else loop.stop)

    def ready() -> None:
        facts = {
            "socket": str(path),
            "board": msgspec.to_builtins(board.info),
            "evses": sorted(board.evses),
            "realtime": had,
        }
        text = "; ".join((f"serving {board.info.vendor} {board.info.model} {board.info.serial} on {path}", *had))
        print(json.dumps(facts) if as_json else text, flush=True)

    try:
        await board.start()
        await serve(board, path, on_ready=ready)
    except asyncio.CancelledError:
        pass  # a signal asked for it
    finally:
        await board.close()
