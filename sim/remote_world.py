"""The simulated hardware in another process (`evse sim hardware`), as the process with the agent sees it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from hal.errors import HalError
from hal.remote import RemoteBoard
from sim.commands import COMMANDS, Command, CommandError
from sim.control import LINE_MAX_BYTES
from sim.state import Physics
from sim.world import Follower, WorldSpec

HAL_SOCKET: Final = "hal.sock"  # within the state directory, as the next two
CONTROL_SOCKET: Final = "hardware.sock"
LOG_NAME: Final = "hardware.log"
START_S: Final = 20.0  # our policy: a loaded machine takes its time to start an interpreter
KNOCK_S: Final = 0.05
NAMES: Final[Mapping[type[Command], str]] = {kind: name for name, kind in COMMANDS.items()}

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class RemoteWorld:
    """The same as `sim.world.World`, kept in a process that is started when none lives, and survives this one."""

    def __init__(self, spec: WorldSpec, options: Mapping[str, Any], state_dir: Path) -> None:
        self.followers: list[Follower] = []
        self._spec = spec
        self._options = options
        self._state_dir = state_dir
        self._lines: Connection | None = None
        self._turn = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None
        self._board: RemoteBoard | None = None

    async def power_up(self) -> RemoteBoard:
        """The mains are there: returns the guarded board. Raises `HalError`."""
        if self._lines is None:
            await self._connect()
        await self._ask({"do": "power", "on": True})
        if self._board is None:
            board = RemoteBoard(self._state_dir / HAL_SOCKET)
            await board.start()
            self._board = board
        return self._board

    async def power_down(self) -> None:
        """The mains are cut."""
        await self._let_go()
        await self._ask({"do": "power", "on": False})

    @property
    def near(self) -> None:
        """The board is in the other process."""

    async def play(self, command: Command) -> None:
        """Have a command carried out. Raises `CommandError`, `HalError`."""
        arguments = msgspec.to_builtins(command)
        await self._ask({"do": "control", "command": NAMES[type(command)], "arguments": arguments})

    async def physics(self) -> Physics:
        """The truth at this moment. Raises `HalError`."""
        return msgspec.convert(await self._ask({"do": "physics"}), Physics)

    def save(self) -> None:
        """Nothing is kept in this process."""

    async def leave(self) -> None:
        """This process ends; the hardware lives on."""
        await self._let_go()
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])
        if self._lines is not None:
            self._lines[1].close()
            self._lines = None

    async def close(self) -> None:
        """Power down in order, process and all."""
        await self._let_go()
        if self._lines is not None:
            await self._ask({"do": "stop"})
            await self._lines[0].read()  # until it is gone
        await self.leave()

    async def _let_go(self) -> None:
        if self._board is not None:
            board, self._board = self._board, None
            await board.close()

    async def _connect(self) -> None:
        """Find the hardware's process, or start one. Raises `HalError`."""
        self._lines = await self._knock()
        if self._lines is None:
            _start_process(self._state_dir, self._options)
            self._lines = await self._wait_for_process()
        info = await self._ask({"do": "info"})
        if info["spec"] != json.loads(msgspec.json.encode(self._spec)):
            raise HalError(
                f"other hardware lives in {self._state_dir}, as process {info['pid']}:"
                " end it, or give another state directory"
            )
        following = await self._knock()
        if following is not None:
            self._following = asyncio.create_task(self._follow(following), name="hardware's story")

    async def _wait_for_process(self) -> Connection:
        try:
            async with asyncio.timeout(START_S):
                while True:
                    connection = await self._knock()
                    if connection is not None:
                        return connection
                    await asyncio.sleep(KNOCK_S)
        except TimeoutError:
            log = self._state_dir / LOG_NAME
            raise HalError(f"the hardware's process has not come up within {START_S:g} s; see {log}") from None

    async def _knock(self) -> Connection | None:
        try:
            return await asyncio.open_unix_connection(str(self._state_dir / CONTROL_SOCKET), limit=LINE_MAX_BYTES)
        except (FileNotFoundError, ConnectionRefusedError):
            return None

    async def _ask(self, asked: Mapping[str, Any]) -> Any:
        if self._lines is None:
            raise HalError("the hardware's process is not connected; power it up first")
        reader, writer = self._lines
        async with self._turn:
            writer.write(msgspec.json.encode(asked) + b"\n")
            try:
                line = await reader.readline()
            except ConnectionError:
                line = b""
        if not line:
            raise HalError(f"the hardware's process is gone; see {self._state_dir / LOG_NAME}")
        answer = msgspec.json.decode(line, type=dict[str, Any])
        if answer["ok"]:
            return answer["result"]
        if "problem" in answer:
            raise CommandError(answer["argument"], answer["problem"])
        raise HalError(answer["error"])

    async def _follow(self, connection: Connection) -> None:
        reader, writer = connection
        try:
            writer.write(b'{"do": "follow"}\n')
            await reader.readline()
            while line := await reader.readline():
                told = msgspec.json.decode(line, type=dict[str, Any])
                for follower in tuple(self.followers):
                    follower(told["kind"], told["facts"])
        except ConnectionError:
            pass  # the next question finds out, and says so
        finally:
            writer.close()


def _start_process(state_dir: Path, options: Mapping[str, Any]) -> None:
    """Start the hardware's process, in a session of its own: what ends this one's terminal does not end it."""
    paths = ("--socket", state_dir / HAL_SOCKET, "--control", state_dir / CONTROL_SOCKET, "--state-dir", state_dir)
    with (state_dir / LOG_NAME).open("ab") as log:
        subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            [sys.executable, "-m", "agent.cli", "sim", "hardware", *map(str, paths), "--options", json.dumps(options)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
