"""What is done to simulated hardware in another process: one JSON object a line, each answered.

`{"do": "plug_in", "evse": 1, "car": {...}}` is answered by `{"ok": true, "result": ...}` or
`{"ok": false, "error": "..."}`. `{"do": "control", "command": "plug_in", "arguments": {...}}` carries the commands of
`sim.commands`. After `{"do": "follow"}` the connection tells, line by line, what happens.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from hal.errors import HalError
from sim.commands import CommandError, parse
from sim.vehicle import VehicleSpec
from sim.world import World

LINE_MAX_BYTES: Final = 1 << 20  # our policy
UNREAD_MAX_BYTES: Final = 1 << 20  # our policy: a follower that reads no more is let go


class ControlError(ValueError):
    """A line that asks for nothing known."""


class Control:
    """Carries lines out on a world. `power` switches its mains; `stop` ends its process."""

    def __init__(self, world: World, power: Callable[[bool], Awaitable[None]], stop: Callable[[], None]) -> None:
        self._world = world
        self._looks: Mapping[str, Callable[[dict[str, Any]], object]] = {
            "plug_in": self._plug_in,
            "plug_out": lambda a: world.board.plug_out(a["evse"], graceful=a.get("graceful", True)),
            "present_token": lambda a: world.board.present_token(
                a["token"], a.get("kind", "ISO14443"), a.get("evse", 1)
            ),
            "ev_pause": lambda a: world.board.ev_pause(a["evse"]),
            "ev_resume": lambda a: world.board.ev_resume(a["evse"]),
            "inject": lambda a: world.board.inject(a["evse"], a["symptom"], a.get("value")),
            "clear": lambda a: world.board.clear(a["evse"], a["symptom"]),
            "snapshot": lambda a: msgspec.to_builtins(world.board.snapshot(a["evse"])),
            "true_energy_wh": lambda a: world.board.true_energy_wh(a["evse"]),
            "trace": lambda a: msgspec.to_builtins(world.board.trace[a.get("from", 0) :]),
            "info": lambda _: {"pid": os.getpid(), "spec": msgspec.to_builtins(world.spec)},
            "follow": lambda _: None,
            "stop": lambda _: stop(),
        }
        self._deeds: Mapping[str, Callable[[dict[str, Any]], Awaitable[object]]] = {
            "control": lambda a: world.play(parse(a["command"], a.get("arguments", {}))),
            "physics": lambda _: world.physics(),
            "power": lambda a: power(a["on"]),
        }

    async def carry_out(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The answer to one line."""
        try:
            return {"ok": True, "result": msgspec.to_builtins(await self._result(asked))}
        except KeyError as missing:
            return {"ok": False, "error": f"the line lacks {missing}"}
        except CommandError as error:
            return {"ok": False, "error": str(error), "argument": error.argument, "problem": error.problem}
        except (ValueError, TypeError, HalError) as error:
            return {"ok": False, "error": str(error)}

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's lines, and tell it what happens once it follows."""
        following = contextlib.ExitStack()
        with contextlib.suppress(ConnectionError), following:
            while line := await reader.readline():
                try:
                    asked = msgspec.json.decode(line, type=dict[str, Any])
                except msgspec.DecodeError as error:
                    asked, answer = {}, {"ok": False, "error": f"no JSON object: {error}"}
                else:
                    answer = await self.carry_out(asked)
                _write(writer, answer)
                if asked.get("do") == "follow":
                    following.enter_context(self._following(writer))
                await writer.drain()
        writer.close()

    async def _result(self, asked: dict[str, Any]) -> object:
        name = str(asked.get("do"))
        if name in self._looks:
            return self._looks[name](asked)
        if name in self._deeds:
            return await self._deeds[name](asked)
        known = ", ".join((*self._looks, *self._deeds))
        raise ControlError(f"there is nothing to do called {name!r}; there are {known}")

    @contextlib.contextmanager
    def _following(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        def tell(kind: str, facts: Mapping[str, Any]) -> None:
            if writer.transport.get_write_buffer_size() > UNREAD_MAX_BYTES:
                writer.transport.abort()
            elif not writer.is_closing():
                _write(writer, {"kind": kind, "facts": facts})

        self._world.followers.append(tell)
        try:
            yield
        finally:
            self._world.followers.remove(tell)

    def _plug_in(self, asked: dict[str, Any]) -> None:
        car = msgspec.convert(asked.get("car", {}), VehicleSpec)
        self._world.board.plug_in(asked["evse"], car, cable_a=asked.get("cable_a", 32.0))


def _write(writer: asyncio.StreamWriter, message: Mapping[str, Any]) -> None:
    writer.write(msgspec.json.encode(message) + b"\n")


@contextlib.asynccontextmanager
async def serving(control: Control, path: Path) -> AsyncIterator[None]:
    """Serve lines on a Unix socket that only this user may open; whoever is connected at the end is let go."""
    attending: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(control.attend(reader, writer))
        attending[task] = writer
        task.add_done_callback(attending.pop)

    server = await asyncio.start_unix_server(connected, str(path), limit=LINE_MAX_BYTES)
    path.chmod(0o600)  # noqa: ASYNC240 - a local file, once
    try:
        yield
    finally:
        server.close()
        for writer in attending.values():
            writer.close()
        await asyncio.gather(*attending)
        path.unlink(missing_ok=True)  # noqa: ASYNC240 - as above; Python 3.13 and later have done it already
