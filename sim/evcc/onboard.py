"""The battery of a simulated car on a simulated board, as its messages see it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final

from hal.errors import HalError
from sim.board import SimBoard
from sim.vehicle import Vehicle

MAINS_V: Final = 230.0
HEADROOM_V: Final = 30.0  # above a full battery's voltage: what its resistance takes at a high current


class OnBoard:
    """`sim.evcc.plan.Battery` of the car that hangs on an EVSE of the board."""

    def __init__(self, board: SimBoard, evse: int, vehicle: Vehicle, *, dc: bool = False) -> None:
        self._board = board
        self._evse = evse
        self.vehicle = vehicle
        self._dc = dc
        self._ready = False
        self._limit_a = 0.0

    @property
    def soc_pct(self) -> float:
        """State of charge."""
        return self.vehicle.soc_pct

    @property
    def voltage_v(self) -> float:
        """Its battery's, without load; or what its charger is made for."""
        return self.vehicle.spec.battery.open_v(self.soc_pct) if self._dc else MAINS_V

    @property
    def charge_v(self) -> float:
        """Enough to drive its current through the battery's resistance."""
        return self.vehicle.spec.battery.full_v + HEADROOM_V if self._dc else MAINS_V

    @property
    def max_current_a(self) -> float:
        """What its charger takes from each phase, or its battery at this state of charge."""
        return self.vehicle.appetite_a if self._dc else self.vehicle.spec.max_current_a

    @property
    def greedy(self) -> bool:
        """Whether it asks for all that its battery takes, whatever the charger can give."""
        return self.vehicle.ignores_pilot

    @property
    def full(self) -> bool:
        """Whether it wants no more, or has been told to pause."""
        return not self.vehicle.wants_energy

    @property
    def resting(self) -> bool:
        """Whether it has been told to pause."""
        return self.vehicle.paused

    @property
    def lacks_wh(self) -> float:
        """What has to flow until it is as full as its driver wants it."""
        return self.vehicle.lacks_wh

    def connect(self, on: bool) -> None:
        """Close or open the contactor between inlet and battery."""
        if self._dc:
            self._do(lambda: self._board.ev_dc_contactor(self._evse, on))

    def ready(self, on: bool) -> None:
        """Close S2, or open it."""
        self._ready = on
        self._agree()

    def limited_to(self, current_a: float) -> None:
        """Draw no more than this."""
        self._limit_a = current_a
        self._agree()

    def _agree(self) -> None:
        self._do(lambda: self._board.car_agrees(self._evse, ready=self._ready, limit_a=self._limit_a))

    def _do(self, what: Callable[[], None]) -> None:
        with contextlib.suppress(HalError):  # the driver has pulled the plug
            what()
