"""The board of `serial_mcu` at a Unix socket instead of a serial line.

The kernel hands on what a serial line, a pty too, has heard in a worker thread of ordinary priority. A socket's reader
is woken by who writes: what is timed through one is the HAL alone.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hal.boards import mcu_frames as frames
from hal.boards.serial_mcu import Options, SerialMcuBoard

ENTRY_POINTS = "[evse.boards]\nsocket_mcu = tests.benchmarks.peers.socket_board:open_board\n"


class SocketLine:
    """`hal.serial_line.SerialLine`, at a socket of type SEQPACKET."""

    def __init__(self, path: str, on_bytes: Callable[[bytes], None]) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.connect(path)
        self._on_bytes = on_bytes
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    def write(self, data: bytes) -> None:
        """Send."""
        self._socket.send(data)

    def close(self) -> None:
        """Hang up."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        self._on_bytes(os.read(self._socket.fileno(), 4096))


class SocketMcuBoard(SerialMcuBoard):
    """`SerialMcuBoard` in all else."""

    def _open(self) -> None:
        self._splitter = frames.Splitter()
        self._line: Any = SocketLine(self._options.device, self._received)


def open_board(options: Mapping[str, Any]) -> SocketMcuBoard:
    """The entry point."""
    return SocketMcuBoard(msgspec.convert(options, Options))
