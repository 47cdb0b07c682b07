"""Boards by name: the entry-point group `evse.boards`, so that a maker adds one without touching this project.

An entry point is a function `open_board(options: Mapping[str, object]) -> Board` that builds a raw board, not started.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Final

from hal.board import Board
from hal.types import HalError

GROUP: Final = "evse.boards"


def build_board(name: str, options: Mapping[str, object]) -> Board:
    """Build the raw board of this name. Raises `HalError` for an unknown name or one that cannot be loaded."""
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in found:
        raise HalError(f"board {name!r} is unknown; installed are: {', '.join(sorted(found)) or 'none'}")
    try:
        factory = found[name].load()
    except (ImportError, AttributeError) as error:
        raise HalError(f"board {name!r} cannot be loaded: {error}; install its package again") from error
    board: Board = factory(options)
    return board
