"""A serial line within the event loop: bytes in, bytes out, and news of its end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Final

import serial

from hal.errors import HalGoneError

CHUNK: Final = 4096


class SerialLine:
    """An open serial device. `on_bytes` gets what comes in; `on_lost` is called once when the device is gone.

    Raises `HalGoneError` when the device cannot be opened.
    """

    def __init__(
        self, path: str, baudrate: int, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]
    ) -> None:
        try:
            self._device = serial.Serial(path, baudrate, timeout=0, exclusive=True)
        except (OSError, ValueError) as error:  # pyserial's own error is an OSError
            raise HalGoneError(f"{path}: {error}; is the device there, and may this user open it?") from error
        self._path = path
        self._on_bytes = on_bytes
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._device.fileno(), self._readable)

    def write(self, data: bytes) -> None:
        """Send. Raises `HalGoneError` when the line takes nothing."""
        if not self._device.is_open:
            raise HalGoneError(f"{self._path}: the line is closed")
        try:
            sent = os.write(self._device.fileno(), data)
        except OSError as error:
            self._end(str(error))
            raise HalGoneError(f"{self._path}: {error}") from error
        if sent != len(data):
            raise HalGoneError(f"{self._path}: the line is jammed; is the other side powered?")

    def close(self) -> None:
        """Release the device; nobody is told."""
        if self._device.is_open:
            self._loop.remove_reader(self._device.fileno())
            self._device.close()

    def _readable(self) -> None:
        try:
            data = os.read(self._device.fileno(), CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(str(error))
            return
        if data:
            self._on_bytes(data)
        else:
            self._end("end of file")

    def _end(self, why: str) -> None:
        self.close()
        self._on_lost(f"{self._path}: {why}")
