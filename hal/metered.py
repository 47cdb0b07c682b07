"""A raw board with meters that are not part of it: for whoever tries both as the configuration has them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

from hal.board import Board, EvseHardware, Meter
from hal.types import BoardInfo, Stamped


class MeteredBoard:
    """`hal.board.Board`: `raw`, whose EVSEs have these meters. Each of `also_close` is awaited after the board."""

    def __init__(
        self, raw: Board, meters: Mapping[int, Meter], also_close: Sequence[Callable[[], Awaitable[None]]] = ()
    ) -> None:
        self._raw = raw
        self._meters = meters
        self._also_close = also_close

    @property
    def info(self) -> BoardInfo:
        """The raw board's."""
        return self._raw.info

    @property
    def evses(self) -> Mapping[int, EvseHardware]:
        """The raw board's EVSEs with their meters."""
        return {number: self._metered(number, evse) for number, evse in self._raw.evses.items()}

    def events(self) -> AsyncIterator[Stamped]:
        """The raw board's."""
        return self._raw.events()

    async def start(self) -> None:
        """Start the raw board; a meter's bus connects when it is read."""
        await self._raw.start()

    async def close(self) -> None:
        """Close the raw board, then the buses."""
        await self._raw.close()
        for close in self._also_close:
            await close()

    def _metered(self, number: int, evse: EvseHardware) -> EvseHardware:
        meter = self._meters.get(number)
        return evse if meter is None else cast("EvseHardware", _MeteredEvse(evse, meter))


class _MeteredEvse:
    """An EVSE in all but its meter; a port that the board does not know stays unknown."""

    def __init__(self, evse: EvseHardware, meter: Meter) -> None:
        self._evse = evse
        self.meter = meter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._evse, name)
