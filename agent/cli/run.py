"""`evse run`: the agent, until a signal or an accepted reset ends it."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import signal
import sys
import uuid
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from agent.config import DEFAULT_PATH, Config, ConfigError, load
from agent.main import build
from agent.ocpp.setting import SettingError
from agent.runtime.clock import LoopClock, system_clock_is_right
from agent.runtime.journal import FILE_NAME, JournalError
from agent.runtime.storage import opened
from agent.runtime.watchdog import ServiceManager, Watchdog, watched
from hal.errors import HalError
from hal.host import open_board

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_RESET: Final = 10  # an accepted reset: the service manager starts the agent anew
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")  # another one after every start of the machine


def command(argv: Sequence[str]) -> int:
    """Run `evse run ...`; returns 0 after a signal, 10 after an accepted reset, 1 when it cannot start."""
    parser = argparse.ArgumentParser(prog="evse run", description="Run the agent in the foreground.")
    parser.add_argument(
        "--config", type=Path, default=DEFAULT_PATH, help=f"configuration file (default {DEFAULT_PATH})"
    )
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    parser.add_argument("--json", action="store_true", help="print JSON when the agent runs, or waits")
    chosen = parser.parse_args(argv)
    logging.basicConfig(level=chosen.log_level, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("websockets").setLevel(logging.WARNING)
    try:
        config = load(chosen.config)
        return asyncio.run(_run(config, as_json=chosen.json))
    except (ConfigError, HalError, JournalError, SettingError, ValueError) as error:
        print(f"evse run: {error}", file=sys.stderr)
        return EXIT_FAILED


def _machine_boot() -> str | None:
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return None  # no Linux


def _tell(*, as_json: bool, **facts: object) -> None:
    if as_json:
        print(json.dumps(facts), flush=True)


async def _run(config: Config, *, as_json: bool) -> int:
    board = await open_board(config.hal)
    loop, running = asyncio.get_running_loop(), asyncio.current_task()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, running.cancel if running else loop.stop)
    try:
        await board.start()
        clock = LoopClock(trusted=system_clock_is_right)
        manager = ServiceManager.of(os.environ, os.getpid())
        tell = partial(_tell, as_json=as_json)
        journal = await opened(
            config.state.dir / FILE_NAME, board.evses.values(), config.station.language, manager, tell
        )
        agent = build(config, board, clock, lambda: str(uuid.uuid4()), machine_boot=_machine_boot(), journal=journal)
        tell(identity=config.station.identity, url=config.ocpp.url, evses=sorted(board.evses))
        gc.freeze()  # what start-up made lives as long as the process; collections need not look at it again
        async with watched(manager, Watchdog(manager, agent.charge_point.tasks, agent.journal, agent.control.link)):
            await agent.run()
    except asyncio.CancelledError:
        return EXIT_OK  # a signal asked for it
    else:
        return EXIT_RESET
    finally:
        await board.close()
