"""`evse config check`: says whether the agent would start with a configuration, and which line keeps it from it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from agent.config import DEFAULT_PATH, Config, ConfigError, load


def command(argv: Sequence[str]) -> int:
    """Run `evse config ...`: 0 when the configuration is good, 1 when it is not."""
    parser = argparse.ArgumentParser(prog="evse config", description="Look after the configuration.")
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check", help="check evse.toml and its drop-ins, without starting anything")
    check.add_argument("path", nargs="?", type=Path, default=DEFAULT_PATH, help="default: %(default)s")
    check.add_argument("--json", action="store_true", help="answer as JSON")
    given = parser.parse_args(argv)
    try:
        config = load(given.path)
    except ConfigError as error:
        if given.json:
            place = {"file": str(error.file), "line": error.line, "key": error.key, "problem": error.problem}
            print(json.dumps({"ok": False, **place}))
        else:
            print(error, file=sys.stderr)
        return 1
    print(json.dumps({"ok": True, **_summary(config)}) if given.json else _sentence(given.path, config))
    return 0


def _summary(config: Config) -> dict[str, object]:
    return {
        "identity": config.station.identity,
        "url": config.ocpp.url,
        "versions": list(config.ocpp.versions),
        "security_profile": config.ocpp.security_profile,
        "evses": len(config.evse),
        "board": config.hal.board,
        "state_dir": str(config.state.dir),
    }


def _sentence(path: Path, config: Config) -> str:
    evses = f"{len(config.evse)} EVSE" + ("s" if len(config.evse) != 1 else "")
    return (
        f"{path}: good ({config.station.identity}, {evses}, {config.ocpp.url}, OCPP {', '.join(config.ocpp.versions)})"
    )
