"""`evse hal serve`: run the hardware layer in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tomllib
from pathlib import Path

import msgspec

from hal.host import HalConfig, open_guard, serve
from hal.types import HalError


def command(argv: list[str]) -> int:
    """Run `evse hal ...`; returns the exit status."""
    parser = argparse.ArgumentParser(prog="evse hal", description="The hardware layer in a process of its own.")
    commands = parser.add_subparsers(dest="action", required=True)
    serving = commands.add_parser("serve", help="serve the configured board to one agent over a Unix socket")
    serving.add_argument("--config", type=Path, required=True, help="configuration file; its table [hal] is used")
    serving.add_argument("--socket", type=Path, help="path of the socket; default: hal.socket of the configuration")
    serving.add_argument("--json", action="store_true", help="print one JSON object when ready")
    chosen = parser.parse_args(argv)
    try:
        config = load(chosen.config)
        path = chosen.socket or _configured_socket(config, chosen.config)
        asyncio.run(_serve(config, path, as_json=chosen.json))
    except HalError as error:
        print(f"evse hal: {error}", file=sys.stderr)
        return 1
    return 0


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


async def _serve(config: HalConfig, path: Path, *, as_json: bool) -> None:
    """Serve until a signal ends it; then every permission is withdrawn and the devices are released."""
    board = open_guard(config)
    serving = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, serving.cancel if serving else loop.stop)

    def ready() -> None:
        facts = {"socket": str(path), "board": msgspec.to_builtins(board.info), "evses": sorted(board.evses)}
        text = f"serving {board.info.vendor} {board.info.model} {board.info.serial} on {path}"
        print(json.dumps(facts) if as_json else text, flush=True)

    try:
        await board.start()
        await serve(board, path, on_ready=ready)
    except asyncio.CancelledError:
        pass  # a signal asked for it
    finally:
        await board.close()
