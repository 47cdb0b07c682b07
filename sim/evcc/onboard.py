"""The battery of a simulated car on a simulated board, as its messages see it."""

from __future__ import annotations

import contextlib

from hal.errors import HalError
from sim.board import SimBoard
from sim.vehicle import Vehicle


class OnBoard:
    """`sim.evcc.plan.Battery` of the car that hangs on an EVSE of the board."""

    def __init__(self, board: SimBoard, evse: int, vehicle: Vehicle, voltage_v: float = 230.0) -> None:
        self._board = board
        self._evse = evse
        self._vehicle = vehicle
        self.voltage_v = voltage_v
        self._ready = False
        self._limit_a = 0.0

    @property
    def soc_pct(self) -> float:
        """State of charge."""
        return self._vehicle.soc_pct

    @property
    def max_current_a(self) -> float:
        """What its charger takes from each phase."""
        return self._vehicle.spec.max_current_a

    @property
    def full(self) -> bool:
        """Whether it wants no more, or has been told to pause."""
        return not self._vehicle.wants_energy

    def ready(self, on: bool) -> None:
        """Close S2, or open it."""
        self._ready = on
        self._agree()

    def limited_to(self, current_a: float) -> None:
        """Draw no more than this."""
        self._limit_a = current_a
        self._agree()

    def _agree(self) -> None:
        with contextlib.suppress(HalError):  # the driver has pulled the plug
            self._board.car_agrees(self._evse, ready=self._ready, limit_a=self._limit_a)
