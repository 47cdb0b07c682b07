"""`evse sim hardware`: board, meters and car in a process of their own, which outlives the agent."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from hal.errors import HalError
from hal.guard import Guard
from hal.host import serve
from sim.control import Control, serving
from sim.hardware import MeterLink
from sim.persistence import FILE_NAME, Memory
from sim.world import World, WorldSpec, world_spec


def command(argv: Sequence[str]) -> int:
    """Run `evse sim hardware ...` until SIGTERM, SIGINT or the line "stop"; returns the exit status."""
    parser = argparse.ArgumentParser(prog="evse sim hardware", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="the agent's hal.socket")
    parser.add_argument("--control", type=Path, required=True, help="socket for what people and cars do")
    parser.add_argument("--evses", type=int, default=1)
    parser.add_argument("--profile", default="eastron_sdm630", help="meter model (default %(default)s)")
    parser.add_argument("--poll-s", type=float, default=1.0, help="seconds between meter readings (default 1)")
    parser.add_argument("--options", metavar="JSON", help="[hal.options] of a configuration, instead of these three")
    parser.add_argument("--state-dir", type=Path, help="where registers, cars and cables are kept; default: nowhere")
    parser.add_argument("--json", action="store_true", help="print one JSON object when ready")
    chosen = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        world = World(_spec(chosen), _memory(chosen.state_dir))
        asyncio.run(HardwareProcess(world, chosen.socket, chosen.control).run(as_json=chosen.json))
    except (HalError, ValueError) as error:
        print(f"evse sim: {error}", file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    return 0


def _spec(chosen: argparse.Namespace) -> WorldSpec:
    if chosen.options is not None:
        return world_spec(msgspec.json.decode(chosen.options, type=dict[str, object]))
    return replace(WorldSpec(evses=chosen.evses), link=MeterLink(chosen.profile, poll_s=chosen.poll_s))


def _memory(state_dir: Path | None) -> Memory | None:
    if state_dir is None:
        return None
    state_dir.mkdir(parents=True, exist_ok=True)
    return Memory(state_dir / FILE_NAME)


class HardwareProcess:
    """A world with its two sockets: `socket` for the agent, while there is power, and `control` for everybody else."""

    def __init__(self, world: World, socket: Path, control: Path) -> None:
        self._world = world
        self._socket = socket
        self._control = control
        self._serving: asyncio.Task[None] | None = None
        self._stop: asyncio.Future[None] | None = None

    async def run(self, *, as_json: bool) -> None:
        """Live until asked to stop. Raises what ended the serving of the agent."""
        loop = asyncio.get_running_loop()
        self._stop = loop.create_future()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._end)
        try:
            await self._power(True)
            async with serving(Control(self._world, self._power, self._end), self._control):
                self._say_ready(as_json=as_json)
                await self._stop
        finally:
            await self._serve_no_more()
            await self._world.close()

    async def _power(self, on: bool) -> None:
        if not on:
            await self._serve_no_more()
            await self._world.power_down()
            return
        guard = await self._world.power_up()
        if self._serving is None:
            await self._serve(guard)

    async def _serve(self, guard: Guard) -> None:
        """Returns when the agent may come. Raises `HalError` when the socket cannot be used."""
        ready = asyncio.Event()
        self._serving = asyncio.create_task(serve(guard, self._socket, on_ready=ready.set), name="hardware's socket")
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait([self._serving, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._serving.done():
            await self._serving

    async def _serve_no_more(self) -> None:
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait([self._serving])
            self._serving = None

    def _end(self) -> None:
        if self._stop is not None and not self._stop.done():
            self._stop.set_result(None)

    def _say_ready(self, *, as_json: bool) -> None:
        facts = {
            "socket": str(self._socket),
            "control": str(self._control),
            "board": msgspec.to_builtins(self._world.board.info),
        }
        text = f"simulated hardware on {self._socket}, control on {self._control}"
        print(json.dumps(facts) if as_json else text, flush=True)  # noqa: T201 - a command's answer
