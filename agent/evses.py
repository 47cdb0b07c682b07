"""What the configuration and the board together say of the EVSEs: their kinds, what limits them, what they share."""

from __future__ import annotations

from agent.config import Config, Evse
from agent.core.dc_limits import mains_a
from agent.core.limits import LimitInput, LimitSource
from agent.runtime.site import Site
from hal.board import Board
from hal.types import EvseCapabilities


def check(config: Config, board: Board) -> None:
    """Raise ValueError where the configuration names EVSEs that the board does not have, or has of another kind."""
    missing = [evse.id for evse in config.evse if evse.id not in board.evses]
    if missing:
        raise ValueError(
            f"the configuration names EVSE {missing}, but the board {board.info.model} has {sorted(board.evses)}"
        )
    for evse in config.evse:
        found = "AC" if board.evses[evse.id].capabilities.dc is None else "DC"
        if evse.kind != found:
            raise ValueError(f'EVSE {evse.id} is {found} on the board {board.info.model}; set evse.kind = "{found}"')


def board_limit(wiring_a: float, can: EvseCapabilities) -> LimitInput:
    """What wiring and board bear: an AC outlet's current, a DC output's current and power."""
    if can.dc is None:
        return LimitInput(LimitSource.BOARD, min(wiring_a, can.max_current_a))
    return LimitInput(LimitSource.BOARD, min(wiring_a, can.dc.max_current_a), power_w=can.dc.max_power_w)


def site(config: Config, board: Board) -> Site:
    """The fuse that all share."""
    max_a = {evse.id: _mains_a(evse, board.evses[evse.id].capabilities) for evse in config.evse}
    made = Site(config.site.sharing, max_a, {evse.id: evse.priority for evse in config.evse})
    made.limit(LimitSource.SITE_FUSE, config.site.fuse_a)
    return made


def _mains_a(evse: Evse, can: EvseCapabilities) -> float:
    """What an EVSE takes from each phase at most."""
    return evse.wiring_a if can.dc is None else mains_a(can.dc, can.phases)
