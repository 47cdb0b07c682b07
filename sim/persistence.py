"""What outlives the simulated hardware: registers, cars, cables and symptoms, in a file of the state directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from hal.errors import HalError

FILE_NAME: Final = "hardware.json"


class Memory:
    """Keeps the newest `sim.board.SimBoard.dump`. A reader finds the old state or the new one, never half of one.

    What `save` was given survives the death of this process; what was there at a `sync`, the death of the machine.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._saved = b""

    def load(self) -> dict[str, Any] | None:
        """What was saved last; None the first time. Raises `HalError` naming file and remedy."""
        try:
            self._saved = self.path.read_bytes()
            state: dict[str, Any] = msgspec.json.decode(self._saved, type=dict[str, Any])
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise HalError(f"{self.path} cannot be read: {error}; remove it to begin with new hardware") from error
        return state

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep this instead. Raises `HalError`."""
        text = msgspec.json.encode(state)
        if text == self._saved:
            return
        draft = self.path.with_suffix(".new")
        try:
            draft.write_bytes(text)
            draft.replace(self.path)
        except OSError as error:
            raise HalError(f"{self.path} cannot be written: {error}; give another state directory") from error
        self._saved = text

    def sync(self) -> None:
        """Bring what is saved onto the disk. May take a while; may run in a thread of its own."""
        for path, flags in ((self.path, os.O_RDONLY), (self.path.parent, os.O_RDONLY | os.O_DIRECTORY)):
            try:
                fd = os.open(path, flags)
            except FileNotFoundError:
                return  # nothing to keep yet
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
