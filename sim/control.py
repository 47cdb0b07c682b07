"""What people, cars and faults do to simulated hardware in another process: one JSON object a line, each answered.

`{"do": "plug_in", "evse": 1, "car": {...}}` is answered by `{"ok": true, ...}` or `{"ok": false, "error": "..."}`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hal.types import HalError
from sim.board import SimBoard
from sim.vehicle import VehicleSpec


class ControlError(ValueError):
    """A command that cannot be carried out, and what would have been right."""


class Control:
    """Carries commands out on a board."""

    def __init__(self, board: SimBoard) -> None:
        self._board = board
        self._commands: Mapping[str, Callable[[dict[str, Any]], object]] = {
            "plug_in": self._plug_in,
            "plug_out": lambda a: board.plug_out(a["evse"], graceful=a.get("graceful", True)),
            "present_token": lambda a: board.present_token(a["token"], a.get("kind", "ISO14443"), a.get("evse", 1)),
            "ev_pause": lambda a: board.ev_pause(a["evse"]),
            "ev_resume": lambda a: board.ev_resume(a["evse"]),
            "inject": lambda a: board.inject(a["evse"], a["symptom"], a.get("value")),
            "clear": lambda a: board.clear(a["evse"], a["symptom"]),
            "snapshot": lambda a: msgspec.to_builtins(board.snapshot(a["evse"])),
            "true_energy_wh": lambda a: board.true_energy_wh(a["evse"]),
            "trace": lambda a: msgspec.to_builtins(board.trace[a.get("from", 0) :]),
        }

    def carry_out(self, line: bytes) -> dict[str, Any]:
        """The answer to one line."""
        try:
            asked = msgspec.json.decode(line, type=dict[str, Any])
            return {"ok": True, "result": self._command(asked.pop("do", None))(asked)}
        except KeyError as missing:
            return {"ok": False, "error": f"the command lacks {missing}"}
        except (ValueError, TypeError, HalError) as error:
            return {"ok": False, "error": str(error)}

    def _command(self, name: object) -> Callable[[dict[str, Any]], object]:
        command = self._commands.get(name) if isinstance(name, str) else None
        if command is None:
            raise ControlError(f"no command {name!r}; there are {', '.join(sorted(self._commands))}")
        return command

    def _plug_in(self, asked: dict[str, Any]) -> None:
        car = msgspec.convert(asked.get("car", {}), VehicleSpec)
        self._board.plug_in(asked["evse"], car, cable_a=asked.get("cable_a", 32.0))


@contextlib.asynccontextmanager
async def serving(control: Control, path: Path) -> AsyncIterator[None]:
    """Serve commands on a Unix socket that only this user may open."""

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                writer.write(msgspec.json.encode(control.carry_out(line)) + b"\n")
                await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(attend, str(path), limit=1 << 20)
    path.chmod(0o600)  # noqa: ASYNC240 - a local file, once
    try:
        yield
    finally:
        server.close()
