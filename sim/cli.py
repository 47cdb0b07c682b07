"""`evse sim hardware`: board, meters and car in a process of their own, which outlives the agent."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hal.host import serve
from hal.types import HalError
from sim.board import BoardSpec
from sim.control import Control, serving
from sim.hardware import MeterLink, SimHardware


def command(argv: Sequence[str]) -> int:
    """Run `evse sim ...`; returns the exit status."""
    parser = argparse.ArgumentParser(prog="evse sim", description="Simulated hardware.")
    commands = parser.add_subparsers(dest="action", required=True)
    hardware = commands.add_parser("hardware", help="serve a simulated board to one agent over a Unix socket")
    hardware.add_argument("--socket", type=Path, required=True, help="the agent's hal.socket")
    hardware.add_argument("--control", type=Path, required=True, help="socket for what people and cars do")
    hardware.add_argument("--evses", type=int, default=1)
    hardware.add_argument("--profile", default="eastron_sdm630", help="meter model (default %(default)s)")
    hardware.add_argument("--poll-s", type=float, default=1.0, help="seconds between meter readings (default 1)")
    hardware.add_argument("--json", action="store_true", help="print one JSON object when ready")
    chosen = parser.parse_args(argv)
    try:
        spec, link = BoardSpec(evses=chosen.evses), MeterLink(chosen.profile, poll_s=chosen.poll_s)
        asyncio.run(_hardware(SimHardware(spec, link), chosen.socket, chosen.control, as_json=chosen.json))
    except (HalError, ValueError) as error:
        print(f"evse sim: {error}", file=sys.stderr)
        return 1
    return 0


async def _hardware(hardware: SimHardware, socket: Path, control: Path, *, as_json: bool) -> None:
    serving_task, loop = asyncio.current_task(), asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, serving_task.cancel if serving_task else loop.stop)

    def ready() -> None:
        facts = {"socket": str(socket), "control": str(control), "board": msgspec.to_builtins(hardware.board.info)}
        print(json.dumps(facts) if as_json else f"simulated hardware on {socket}, control on {control}", flush=True)

    try:
        await hardware.start()
        async with serving(Control(hardware.board), control):
            await serve(hardware.guarded, socket, on_ready=ready)
    except asyncio.CancelledError:
        pass  # a signal asked for it
    finally:
        await hardware.close()
