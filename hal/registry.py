"""Boards by name: the entry-point group `evse.boards`, so that a maker adds one without touching this project.

An entry point is a function `open_board(options: Mapping[str, object]) -> Board` that builds a raw board, not started.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from hal.board import Board
from hal.errors import HalError
from hal.ownership import check_api

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "evse.boards"
OWN: Final = frozenset({"gpio", "modbus_io", "rapi", "serial_mcu"})  # in hal.boards, found without that search
BENCHES: Final = "evse.benches"  # a board's simulated counterpart: `bench(run_suite) -> Report`, see sim.benches


def names() -> list[str]:
    """The boards that are installed."""
    return sorted(_installed(GROUP))


def build_board(name: str, options: Mapping[str, object]) -> Board:
    """Build the raw board of this name.

    Raises `HalError` for an unknown name, one that cannot be loaded, and one that was written for another API.
    """
    try:
        factory = import_module(f"hal.boards.{name}").open_board if name in OWN else _found(name).load()
    except (ImportError, AttributeError) as error:
        raise HalError(f"board {name!r} cannot be loaded: {error}; install its package again") from error
    board: Board = factory(options)
    check_api(board.info)
    return board


def simulated_bench(name: str) -> Callable[[Any], Any] | None:
    """What runs a suite on this board's simulated counterpart; None where it has none."""
    found = _installed(BENCHES)
    if name not in found:
        return None
    bench: Callable[[Any], Any] = found[name].load()
    return bench


def _found(name: str) -> EntryPoint:
    found = _installed(GROUP)
    if name not in found:
        raise HalError(f"board {name!r} is unknown; installed are: {', '.join(sorted(found)) or 'none'}")
    return found[name]


def _installed(group: str) -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # with zipfile and email: an agent beside its hardware needs none

    return {entry.name: entry for entry in entry_points(group=group)}
